"""Codes that differ in case or in one emoji are different codes, on every engine; searching ignores case."""

from __future__ import annotations

import pytest

from inventory.models import Product

pytestmark = pytest.mark.django_db


def test_codes_are_compared_to_the_letter_and_searched_without_case() -> None:
    for sku in ["85123A", "85123a", "SKU-🍣", "SKU-🍺", "Ä1", "A1"]:
        Product.objects.create(sku=sku, name="x")
    assert Product.objects.get(sku="85123a").sku == "85123a"
    assert Product.objects.get(sku="SKU-🍺").sku == "SKU-🍺"
    assert Product.objects.filter(sku__icontains="85123a").count() == 2
    assert Product.objects.filter(sku__istartswith="sku-").count() == 2
    assert Product.objects.filter(sku__iexact="85123A").count() == 2
    assert Product.objects.filter(sku__in=["a1", "A1"]).count() == 1
