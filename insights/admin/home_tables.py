"""The tables of the home page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from insights.admin.home_cards import change, list_url, percent
from insights.services.dashboard import Dashboard, ProductSales
from insights.services.matrix import ABC, XYZ
from inventory.models import Store

SHOWN_STORES = 20
ABC_NAMES = {"A": "A: the first 80 %", "B": "B: the next 15 %", "C": "C: the rest", "": "Nothing sold"}
XYZ_NAMES = {"X": "X: steady", "Y": "Y: uneven", "Z": "Z: erratic", "": "Unknown"}
HEALTH_NAMES = {"in_stock": "In stock", "above_minimum": "Above the minimum", "not_overstocked": "Not overstocked"}


def top_rows(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    return _product_rows(board, board.sales.top, store)


def bottom_rows(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    return _product_rows(board, board.sales.bottom, store)


def _product_rows(board: Dashboard, rows: Iterable[ProductSales], store: Store | None) -> list[dict[str, Any]]:
    query = f"?store={store.code}" if store else ""
    return [
        {
            "product": board.products[row.product_id],
            "url": reverse("product-page", args=[row.product_id]) + query,
            "units": row.units,
            "money": row.money,
            "in_stock_units": row.in_stock_units,
        }
        for row in rows
        if row.product_id in board.products
    ]


def store_rows(board: Dashboard, address: QueryDict) -> list[dict[str, Any]]:
    """Stores beside each other, each in its own currency, with the address of this page for that store alone."""
    rows = []
    for group in board.sales.stores[:SHOWN_STORES]:
        chosen = address.copy()
        chosen["store"] = board.stores[group.key].code
        rows.append(
            {
                "store": board.stores[group.key],
                "url": f"?{chosen.urlencode()}",
                "units": group.units,
                "money": group.money,
                "change": change(group.money, group.money_before),
            }
        )
    return rows


def health_rows(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    """The parts of the score, each with the list of what costs it points."""
    filters = {"in_stock": "out", "above_minimum": "low", "not_overstocked": "over"}
    health = board.stock.health
    return [
        {
            "name": HEALTH_NAMES[part.name],
            "points": part.points,
            "of": part.of,
            "share": percent(round(part.points * 10), round(part.of * 10)),
            "why": part.why,
            "url": list_url("inventory_stocklevel", store, stock_status=filters[part.name]),
        }
        for part in (health.parts if health else ())
    ]


def matrix_columns() -> list[str]:
    return [XYZ_NAMES[xyz] for xyz in XYZ]


def matrix_rows(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    """The ABC-XYZ matrix, each cell with the list that shows exactly it; none before the first night."""
    if not board.matrix.total:
        return []
    return [
        {
            "name": ABC_NAMES[abc],
            "cells": [
                {
                    "name": f"{ABC_NAMES[abc]}, {XYZ_NAMES[xyz]}",
                    "count": board.matrix.counts.get((abc, xyz), 0),
                    "url": list_url("analytics_productclass", store, abc_class=abc or "none", xyz_class=xyz or "none"),
                }
                for xyz in XYZ
            ],
        }
        for abc in ABC
    ]
