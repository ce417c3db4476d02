"""Classes of the products of a store, kept with every change of class.

The night's performance tells the ABC classes, every forecast the XYZ class: each writes its own columns of the
row, so that neither sets the other's back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from analytics.models import ClassMove, ProductClass
from invencare.lib.upsert import upsert_values
from inventory.services.locking import in_chunks

ABC_COLUMNS = {ClassMove.Scheme.ABC: "abc_class", ClassMove.Scheme.MARGIN: "margin_class"}
XYZ_COLUMNS = {ClassMove.Scheme.XYZ: "xyz_class"}


@dataclass(frozen=True)
class AbcClasses:
    """By revenue and by margin, as ``analytics.calc.abc`` gives them; empty for none."""

    abc_class: str
    margin_class: str


@dataclass(frozen=True)
class XyzClass:
    """The class, the error of weeks that it follows from (None: not known), what that was measured on, and on how many."""

    xyz_class: str
    week_error: float | None = None
    error_basis: str = ""
    error_weeks: int = 0


def keep_abc(classes: Mapping[int, AbcClasses], *, store_id: int, last_day: date) -> int:
    """Write the ABC classes by product id; the number of moves. Call within a transaction. Three queries, and one more
    where products move; for a day that is classified again one more to take its moves back. A newer day's classes stay.
    """
    rows = {pk: vars(found) for pk, found in classes.items()}
    return _keep(rows, ABC_COLUMNS, store_id=store_id, on=last_day, dated="abc_on")


def keep_xyz(classes: Mapping[int, XyzClass], *, store_id: int, forecast_date: date) -> int:
    """Write the XYZ classes by product id, as ``keep_abc`` writes its own."""
    rows = {pk: vars(found) for pk, found in classes.items()}
    return _keep(rows, XYZ_COLUMNS, store_id=store_id, on=forecast_date, dated="xyz_on")


def _keep(
    rows: Mapping[int, Mapping[str, Any]],
    columns: Mapping[ClassMove.Scheme, str],
    *,
    store_id: int,
    on: date,
    dated: str,
) -> int:
    known = _known(rows, [dated, *columns.values()], store_id=store_id)
    newer = {pk for pk, row in known.items() if row[dated] is not None and row[dated] > on}
    rows = {pk: row for pk, row in rows.items() if pk not in newer}
    if not rows:
        return 0
    before = {pk: row for pk, row in known.items() if row[dated] is not None}
    _take_back(before, rows, columns, store_id=store_id, on=on)
    names = list(next(iter(rows.values())))
    upsert_values(
        ProductClass,
        ["store_id", "product_id", dated, *names],
        [[store_id, pk, on, *(row[name] for name in names)] for pk, row in sorted(rows.items())],
        key=("store", "product"),
    )
    moves = [
        ClassMove(
            store_id=store_id,
            product_id=pk,
            scheme=scheme,
            moved_on=on,
            from_class=before[pk][column],
            to_class=rows[pk][column],
        )
        for pk in sorted(rows.keys() & before.keys())
        for scheme, column in columns.items()
        if before[pk][column] != rows[pk][column]
    ]
    ClassMove.objects.bulk_create(moves, batch_size=500)
    return len(moves)


def _known(product_ids: Any, columns: list[str], *, store_id: int) -> dict[int, dict[str, Any]]:
    rows = ProductClass.objects.filter(store_id=store_id, product_id__in=list(product_ids))
    return {row["product_id"]: row for row in rows.order_by().values("product_id", *columns)}


def _take_back(
    before: dict[int, dict[str, Any]], product_ids: Any, columns: Mapping[Any, str], *, store_id: int, on: date
) -> None:
    """Undo the moves of a day that is classified again: what a product moves from is what it was the day before.

    Deleted by primary key, which waits for nobody's inserts.
    """
    done = list(
        ClassMove.objects.filter(
            moved_on=on, store_id=store_id, product_id__in=list(product_ids), scheme__in=list(columns)
        ).order_by("pk")
    )
    for move in done:
        before[move.product_id][columns[ClassMove.Scheme(move.scheme)]] = move.from_class
    for ids in in_chunks(move.pk for move in done):
        ClassMove.objects.filter(pk__in=ids).delete()
