"""What a service refuses, apart from bad input (``ValidationError``) and missing rights (``PermissionDenied``)."""

from __future__ import annotations


class Conflict(Exception):
    """The row is no longer what the caller saw: somebody else decided, or its state forbids the step."""
