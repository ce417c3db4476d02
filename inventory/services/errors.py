"""What a service refuses, apart from bad input (``ValidationError``) and missing rights (``PermissionDenied``)."""

from __future__ import annotations


class Conflict(Exception):
    """The row is no longer what the caller saw: somebody else decided, or its state forbids the step."""


class Unknown(Exception):
    """A row that the caller named is not there, or is not theirs to see; ``fields`` says which input named it."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__("; ".join(message for messages in fields.values() for message in messages))
        self.fields = fields
