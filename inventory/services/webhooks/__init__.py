"""Alerts to other programs: planned into a table of pending messages, signed, sent by a job, tried again."""

from inventory.services.webhooks.endpoints import secret_of, sign
from inventory.services.webhooks.planning import plan_deliveries
from inventory.services.webhooks.sending import retry_deliveries, send_due

__all__ = ["plan_deliveries", "retry_deliveries", "secret_of", "send_due", "sign"]
