"""``{% chart data id="…" title="…" %}``: a Chart.js chart with the same figures as a table under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.inclusion_tag("admin/parts/chart.html")
def chart(data: Mapping[str, Any], *, id: str, title: str, overlay_url: str = "") -> dict[str, Any]:
    """Draw what ``invencare.lib.charts`` makes. A series with ``"axis": "right"`` is drawn on an axis of its own, named
    ``y_right_title``. ``overlay_url`` answers with ``{"labels", "series"}`` that are added when the page is open.
    """
    columns = [column for series in data["series"] for column in _columns(series)]
    return {
        "chart": data,
        "id": id,
        "data_id": f"{id}-data",
        "title": title,
        "overlay_url": overlay_url,
        "headings": [heading for heading, _ in columns],
        "rows": _rows(data["labels"], [values for _, values in columns]),
    }


def _columns(series: Mapping[str, Any]) -> list[tuple[str, Sequence[Any]]]:
    """A series as columns of the table: a band as its two bounds, marks by their words."""
    label = series["label"]
    if "lower" in series:
        return [(f"{label}, from", series["lower"]), (f"{label}, to", series["values"])]
    return [(label, series.get("texts", series["values"]))]


def _rows(labels: Sequence[str], columns: Sequence[Sequence[Any]]) -> SafeString:
    """The table's rows. Not in the template: hundreds of cells would take most of the time of a page."""
    return format_html_join("", '<tr><th scope="row">{}</th>{}</tr>', _cells(labels, columns))


def _cells(labels: Sequence[str], columns: Sequence[Sequence[Any]]) -> Iterator[tuple[str, SafeString]]:
    for i, label in enumerate(labels):
        texts = [_cell(values[i]) if i < len(values) else "" for values in columns]
        yield label, format_html_join("", '<td class="ic-number">{}</td>', ((text,) for text in texts))


def _cell(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
