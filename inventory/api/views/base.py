"""What every view of the API does the same way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import models
from rest_framework.exceptions import AuthenticationFailed, NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from inventory.api.actors import scope_of
from inventory.services.errors import Unknown

Row = TypeVar("Row", bound=models.Model)

DEFAULT_DAYS = 28


class ThrottledFirst(APIView):
    """Counts refused requests as well: whoever tries keys or paths without a right meets the throttle too."""

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            super().check_throttles(request)
            raise

    def check_permissions(self, request: Request) -> None:
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Done already, before the permissions."""


class ApiViewSet(ThrottledFirst, GenericViewSet[Any]):
    """Rows of the actor's stores; another store's row is not there (404). Permissions are named per action."""

    permissions_by_action: ClassVar[Mapping[str, str]]
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> models.QuerySet[Any]:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return queryset.visible_to(scope_of(self.request)) if hasattr(queryset, "visible_to") else queryset

    def read_body(self, serializer_class: type[BaseSerializer[Any]]) -> Any:
        """The validated body of an action."""
        return self._validated(serializer_class, self.request.data)

    def read_query(self, serializer_class: type[BaseSerializer[Any]]) -> Any:
        """The validated query string of an action that is no list."""
        return self._validated(serializer_class, self.request.query_params.dict())

    def _validated(self, serializer_class: type[BaseSerializer[Any]], data: Any) -> Any:
        serializer = serializer_class(data=data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class PatchMixin:
    """Change some fields of a row; there is no PUT, because most of the row is not the caller's to set."""

    def partial_update(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(self.get_serializer(self.get_object()).data)


class UnknownPath(ThrottledFirst):
    """Every path under ``/api/`` that does not exist, for every method."""

    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is no such path in the API. Paths have no slash at their end.")


def known_row(queryset: models.QuerySet[Row], *, field: str, **look_up: str) -> Row:
    """The row that the input ``field`` names; ``Unknown`` (404) when it is not among the rows of ``queryset``."""
    row = queryset.filter(**look_up).first()
    if row is None:
        (value,) = look_up.values()
        raise Unknown({field: [f"There is no “{value}” here."]})
    return row


def period(query: Mapping[str, Any], *, today: date) -> tuple[date, date]:
    """The days asked for, both included; 28 days where the first is left open, up to today where the last is."""
    last: date = query.get("date_to") or today
    try:
        first: date = query.get("date_from") or last - timedelta(days=DEFAULT_DAYS - 1)
    except OverflowError as error:
        raise ValidationError({"date_to": ["There is no calendar that early."]}) from error
    return first, last
