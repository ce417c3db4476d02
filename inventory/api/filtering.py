"""Query strings are checked like bodies: a parameter or an ordering that does not exist is refused by name."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend, OrderingFilter, SearchFilter
from rest_framework.request import Request

from inventory.api.strict import shown


class KnownParameters(BaseFilterBackend):
    """Refuse a parameter that nothing reads: a mistyped filter would answer with every row."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        unknown = set(request.query_params) - _known_to(view)
        if unknown:
            raise ValidationError({shown(name): ["Unknown parameter."] for name in sorted(unknown)})
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[Any]:
        return []


class WhitelistOrdering(OrderingFilter):
    """Order by the view's ``ordering_fields`` alone, with the primary key as the last word."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        ordering = super().get_ordering(request, queryset, view)
        return [*ordering, "pk"] if request.query_params.get(self.ordering_param) and ordering else ordering

    def get_valid_fields(self, queryset: QuerySet[Any], view: Any, context: Any = None) -> list[tuple[str, str]]:
        return [(field, field) for field in getattr(view, "ordering_fields", None) or ()]

    def remove_invalid_fields(self, queryset: QuerySet[Any], fields: Any, view: Any, request: Request) -> list[str]:
        allowed = [name for name, _ in self.get_valid_fields(queryset, view)]
        wrong = [field for field in fields if field.removeprefix("-") not in allowed]
        if wrong:
            choices = ", ".join(allowed) or "nothing"
            raise ValidationError({self.ordering_param: [f"{shown(wrong[0])}: this list can be ordered by {choices}."]})
        return list(fields)

    def get_schema_operation_parameters(self, view: Any) -> list[Any]:
        allowed = [name for name, _ in self.get_valid_fields(view.queryset, view)]
        if not allowed:
            return []
        choices = [sign + name for name in allowed for sign in ("", "-")]
        return [
            {
                "name": self.ordering_param,
                "required": False,
                "in": "query",
                "description": f"Fields, separated by commas, with - for descending: {', '.join(choices)}.",
                "schema": {"type": "string"},
            }
        ]


def _known_to(view: Any) -> frozenset[str]:
    known = set(getattr(view.paginator, "parameters", ()))
    if filterset := getattr(view, "filterset_class", None):
        known |= set(filterset.base_filters)
    if getattr(view, "search_fields", None):
        known.add(SearchFilter.search_param)
    if getattr(view, "ordering_fields", None):
        known.add(OrderingFilter.ordering_param)
    return frozenset(known)
