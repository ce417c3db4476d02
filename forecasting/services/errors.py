"""Why a forecast that somebody asked for cannot be made. What is unknown or badly given raises what it raises everywhere."""

from __future__ import annotations


class InsufficientHistory(Exception):
    """Fewer than 7 days since the product's first sale in the store."""

    def __init__(self, days: int) -> None:
        super().__init__("Insufficient historical data")
        self.days = days

    @property
    def explanation(self) -> str:
        return f"There are {self.days} days since the first sale here; a forecast needs 7."


class ModelUnavailable(Exception):
    """A model that was asked for by name cannot answer here; no other one answers in its place."""

    def __init__(self, model: str, why: str) -> None:
        super().__init__(f"The model “{model}” is not available: {why}")
        self.model = model
