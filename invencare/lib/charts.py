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


def chart_data(
    *,
    labels: Sequence[str],
    series: Sequence[dict[str, Any]],
    y_title: str,
    x_title: str = "Business day",
    y_right_title: str = "",
) -> dict[str, Any]:
    """The whole chart; the titles of the axes name their units."""
    return {
        "labels": list(labels),
        "series": list(series),
        "x_title": x_title,
        "y_title": y_title,
        "y_right_title": y_right_title,
    }
