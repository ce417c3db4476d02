"""The OpenAPI document: what drf-spectacular cannot see by itself."""

from __future__ import annotations

from typing import Any

METHODS_WITH_BODY = frozenset({"post", "put", "patch"})

ERROR = {
    "type": "object",
    "description": "What went wrong. Every refusal has this form.",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields", "id"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "For programs, such as `invalid` or `conflict`."},
                "message": {"type": "string", "description": "For people."},
                "fields": {
                    "type": "object",
                    "description": "Messages by field or parameter; nested ones as `movements.2.quantity`.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
                "id": {"type": "string", "description": "The request's id: give it when you report the error."},
            },
        }
    },
}

ALWAYS = {
    "401": "No valid session or API key.",
    "403": "The actor or the key may not do this.",
    "429": "Too many requests; see the header Retry-After.",
    "500": "Something went wrong on our side; the error's id is in the log.",
}
REFUSED = {"400": "A field or parameter is wrong: it is named."}
WITH_PATH = {"404": "No such row among those that the actor may see."}
WITH_BODY = {
    "404": "A row that the body names is not among those that the actor may see.",
    "409": "Somebody else was first, or the row's state does not allow this.",
    "413": "The body is too large.",
    "415": "The body has a wrong content type.",
}
WITH_KEY = {"422": "This Idempotency-Key was used for another request."}


def bases_without_words() -> list[type]:
    """Classes whose docstrings speak to us, not to callers."""
    # Both import views and serializers, which read the settings that name this function.
    from drf_spectacular.plumbing import get_lib_doc_excludes

    from inventory.api import strict
    from inventory.api.serializers.catalogue import CatalogueSerializer
    from inventory.api.views.base import ApiViewSet
    from inventory.api.views.catalogue import CatalogueViewSet

    ours = [strict.StrictSerializer, strict.StrictModelSerializer, strict.OutputSerializer]
    theirs: list[type] = get_lib_doc_excludes()  # type: ignore[no-untyped-call]
    return [*theirs, *ours, CatalogueSerializer, ApiViewSet, CatalogueViewSet]


def add_errors(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """Give every operation the refusals that it can answer with, in the one envelope."""
    result["components"]["schemas"]["Error"] = ERROR
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status, why in sorted(_refusals(path, method, operation).items()):
                operation["responses"].setdefault(status, _error_response(why))
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def close_requests(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """Unknown fields are refused, so the document says that there are none."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    return result


def _refusals(path: str, method: str, operation: dict[str, Any]) -> dict[str, str]:
    parameters = operation.get("parameters", [])
    refusals = dict(ALWAYS)
    if method in METHODS_WITH_BODY:
        refusals |= REFUSED | WITH_BODY
    if any(parameter["in"] == "query" for parameter in parameters):
        refusals |= REFUSED
    if "{" in path:
        refusals |= WITH_PATH
    if method == "delete":
        refusals["409"] = "The row has history, which is kept."
    if any(parameter["in"] == "header" for parameter in parameters):
        refusals |= WITH_KEY
    return refusals


def _error_response(why: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": why, "content": {"application/json": {"schema": schema}}}
