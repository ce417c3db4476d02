"""``{% chart data id="…" title="…" %}``: a Chart.js chart with the same figures as a table under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("admin/parts/chart.html")
def chart(data: Mapping[str, Any], *, id: str, title: str, overlay_url: str = "") -> dict[str, Any]:
    """Draw ``{"x_title", "y_title", "labels", "series": [{"label", "values", "colour", "kind"}]}``.

    ``kind`` is ``line`` or ``bar`` and ``colour`` primary, accent, warning or danger. A series with
    ``"axis": "right"`` is drawn on an axis of its own, named ``y_right_title``. ``overlay_url`` answers with
    ``{"labels", "series"}`` that are added when the page is open.
    """
    return {
        "chart": data,
        "id": id,
        "data_id": f"{id}-data",
        "title": title,
        "overlay_url": overlay_url,
        "rows": list(_rows(data)),
    }


def _rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = [series["values"] for series in data["series"]]
    return [
        {"label": label, "cells": [_cell(values[i]) if i < len(values) else "" for values in columns]}
        for i, label in enumerate(data["labels"])
    ]


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
