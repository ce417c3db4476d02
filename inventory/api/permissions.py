"""Who may do what: the model permission of the action, and for a key the scope that lets it through."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from inventory.api.actors import key_of
from inventory.services.api_keys import key_may, scopes_that_allow


class ScopedModelPermissions(BasePermission):
    """The view's ``permissions_by_action`` names one permission per action; an action without one is closed.

    Which rows are seen is not decided here: ``get_queryset`` shows the actor's stores alone.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if view.action in {None, "metadata"}:  # a method that this path does not have: 405 follows
            return True
        needed = view.permissions_by_action.get(view.action)
        if needed is None:
            return False
        key = key_of(request)
        if key is not None and not key_may(key, needed):
            raise PermissionDenied(f"This API key needs the scope {' or '.join(scopes_that_allow(needed))}.")
        if not request.user.has_perm(needed):
            raise PermissionDenied(f"This needs the permission {needed}.")
        return True
