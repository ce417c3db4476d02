"""What a call of AWS ends with when it does not succeed: worth another try, or not."""

from __future__ import annotations


class Retryable(Exception):
    """Throttled, timed out, or the service is unwell: the same call may succeed later."""


class Terminal(Exception):
    """Wrong names, missing rights, bad input: the same call fails every time."""
