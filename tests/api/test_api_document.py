"""The OpenAPI document is the one that is committed, and its page needs no other host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from tests.api.conftest import machine, person
from tests.cast import Cast

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def test_committed_document_is_what_the_code_says() -> None:
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS
    validate_schema(schema)
    written = OpenApiYamlRenderer().render(schema, renderer_context={}).decode()
    assert written == COMMITTED.read_text(encoding="utf-8"), (
        "The API changed: run `manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml`, "
        "read the difference as a caller would, and commit it."
    )


def test_every_refusal_in_the_document_is_the_envelope() -> None:
    document = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert {"401", "403", "429", "500"} <= set(refusals), (method, path)
            for answer in refusals.values():
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


@pytest.mark.parametrize("path", ["/api/v1/schema/", "/api/v1/docs/"])
def test_document_is_for_who_is_logged_in(path: str, cast: Cast) -> None:
    assert APIClient().get(path).status_code in {302, 401}
    assert person(cast.outsider).get(path).status_code == 200


def test_key_may_read_the_document(cast: Cast) -> None:
    response = machine(cast.viewer, ["catalogue:read"]).get("/api/v1/schema/")
    assert response.status_code == 200
    assert yaml.safe_load(response.content)["info"]["title"] == "InvenCare API"


def test_page_comes_from_this_host_alone(cast: Cast) -> None:
    page = person(cast.viewer).get("/api/v1/docs/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//[^\"]*", page) == []
    assert re.findall(r"https?://(?!testserver)[\w.-]+", page) == []
