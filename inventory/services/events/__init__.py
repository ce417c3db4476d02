"""The one intake of stock events: streams, REST and the generator hand in, one service applies."""

from inventory.services.events.intake import Intake, take_in
from inventory.services.events.sender import EventResult, Sender, latest_instant, store_of_stream

__all__ = ["EventResult", "Intake", "Sender", "latest_instant", "store_of_stream", "take_in"]
