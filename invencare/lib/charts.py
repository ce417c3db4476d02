"""A chart as plain data: what ``charts.js`` draws and what ``{% chart %}`` also writes as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def chart_series(
    label: str,
    values: Sequence[float | None],
    *,
    colour: str = "primary",
    kind: str = "line",
    dashed: bool = False,
    stepped: bool = False,
    axis: str = "left",
) -> dict[str, Any]:
    """One line or bar of a chart; None is a gap. ``colour`` is primary, accent, warning, danger or muted."""
    return {
        "label": label,
        "values": list(values),
        "colour": colour,
        "kind": kind,
        "dashed": dashed,
        "stepped": stepped,
        "axis": axis,
    }


def chart_band(
    label: str,
    lower: Sequence[float | None],
    upper: Sequence[float | None],
    *,
    colour: str = "accent",
    strong: bool = False,
) -> dict[str, Any]:
    """The area between two lines, such as an interval, behind all lines. ``strong`` tells an inner one from an outer."""
    return {
        "label": label,
        "kind": "band",
        "values": list(upper),
        "lower": list(lower),
        "colour": colour,
        "strong": strong,
    }


def chart_marks(label: str, texts: Sequence[str | None], *, colour: str = "warning") -> dict[str, Any]:
    """Days marked from the top to the bottom of the chart, each with its words; None: not marked."""
    values = [None if text is None else 100 for text in texts]
    return {"label": label, "kind": "mark", "values": values, "texts": list(texts), "colour": colour, "axis": "percent"}


def chart_data(
    *,
    labels: Sequence[str],
    series: Sequence[dict[str, Any]],
    y_title: str,
    x_title: str = "Business day",
    y_right_title: str = "",
    lies: bool = False,
) -> dict[str, Any]:
    """The whole chart; the titles of the axes name their units. ``lies``: bars go from left to right, one label a row."""
    return {
        "labels": list(labels),
        "series": list(series),
        "x_title": x_title,
        "y_title": y_title,
        "y_right_title": y_right_title,
        "lies": lies,
    }
