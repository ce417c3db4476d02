"""The report of recommendations: orders, transfers and excess in one table, and their sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db.models import Count, F, Q, Sum

from insights.models import ExcessRecommendation, ReorderRecommendation, TransferRecommendation
from insights.services.reports.tables import counted, read
from inventory.querysets.scope import StoreScope

ORDER, TRANSFER, EXCESS = KINDS = ("order", "transfer", "excess")
RECOMMENDATION_COLUMNS = (
    "kind",
    "id",
    "recommendation_date",
    "store_id",
    "to_store_id",
    "product_id",
    "product_name",
    "category",
    "supplier_id",
    "action",
    "units",
    "unit_cost",
    "value",
    "money",
    "currency",
    "urgency_level",
    "stockout_probability",
    "on_hand_units",
    "on_order_units",
    "status",
    "notes",
)


@dataclass(frozen=True)
class RecommendationReport:
    """``lines``: tuples of ``RECOMMENDATION_COLUMNS``, read as they are asked for. ``value`` is units at cost; ``money`` is
    the margin at risk of an order, the net gain of a transfer, what is at stake of an excess."""

    count: int
    sums: list[dict[str, Any]]
    lines: Iterator[tuple[Any, ...]]


def inventory_recommendations(
    *,
    scope: StoreScope,
    kinds: Sequence[str] = KINDS,
    status: str = "pending",
    store_code: str = "",
    category: str = "",
) -> RecommendationReport:
    """The recommendations of a status (empty: of all) that the scope sees; of a transfer, where either end is in it."""
    chosen = [_TABLES[kind] for kind in KINDS if kind in kinds]
    tables = [(table, table.rows(scope, status=status, store_code=store_code, category=category)) for table in chosen]
    return RecommendationReport(
        count=sum(counted(rows) for _, rows in tables),
        sums=[total for table, rows in tables for total in table.sums(rows)],
        lines=chain.from_iterable(table.lines(rows) for table, rows in tables),
    )


@dataclass(frozen=True)
class _Table:
    """One kind: where its columns are. ``group`` tells its sums apart; ``columns`` are look-ups, in the report's order."""

    kind: str
    model: Any
    money: str
    store: str
    group: str
    units: str
    columns: dict[str, str]
    other_store: str = ""

    def rows(self, scope: StoreScope, *, status: str, store_code: str, category: str) -> Any:
        rows = self.model.objects.visible_to(scope)
        rows = rows.filter(status=status) if status else rows
        rows = rows.filter(product__category=category) if category else rows
        if store_code:
            either = Q(**{f"{self.store}__code": store_code})
            rows = rows.filter(either | Q(**{f"{self.other_store}__code": store_code}) if self.other_store else either)
        return rows

    def sums(self, rows: Any) -> list[dict[str, Any]]:
        currency = f"{self.store}__currency"
        groups = ("code", self.group) if self.group else ("code",)
        found = rows.order_by(*([self.group] if self.group else []), currency).values(
            *groups[1:], code=F(currency)
        )  # fmt: skip
        found = found.annotate(
            rows=Count("pk"),
            unit_sum=Sum(self.units),
            value=Sum(F(self.units) * F("unit_cost")),
            all_money=Sum(self.money),
        )
        return [
            {
                "kind": self.kind,
                "group": row[self.group] if self.group else "move",
                "currency": row["code"],
                "recommendations": row["rows"],
                "units": row["unit_sum"],
                "value": round(row["value"], 2),
                "money": round(row["all_money"], 2),
            }
            for row in found
        ]

    def lines(self, rows: Any) -> Iterator[tuple[Any, ...]]:
        look_ups = [name for name in self.columns.values() if name]
        shown = rows.order_by(f"-{self.money}", "pk").values_list(*look_ups)
        for values in read(shown):
            yield self._line(dict(zip(look_ups, values, strict=True)))

    def _line(self, found: dict[str, Any]) -> tuple[Any, ...]:
        row: dict[str, Any] = {name: found[look_up] if look_up else None for name, look_up in self.columns.items()}
        row["kind"] = self.kind
        row["value"] = round(row["units"] * row["unit_cost"], 2)
        row["action"] = row.get("action") or {ORDER: "order", TRANSFER: "move"}.get(self.kind)
        return tuple(row.get(name) for name in RECOMMENDATION_COLUMNS)


def _columns(store: str, units: str, money: str, **own: str) -> dict[str, str]:
    return {
        "id": "pk",
        "recommendation_date": "recommendation_date",
        "store_id": f"{store}__code",
        "product_id": "product__sku",
        "product_name": "product__name",
        "category": "product__category",
        "units": units,
        "unit_cost": "unit_cost",
        "money": money,
        "currency": f"{store}__currency",
        "status": "status",
        "notes": "notes",
        **own,
    }


_TABLES = {
    ORDER: _Table(
        kind=ORDER,
        model=ReorderRecommendation,
        money="money_at_risk",
        store="store",
        group="urgency_level",
        units="recommended_order_quantity",
        columns=_columns(
            "store",
            "recommended_order_quantity",
            "money_at_risk",
            supplier_id="supplier__code",
            urgency_level="urgency_level",
            stockout_probability="stockout_probability",
            on_hand_units="current_stock",
            on_order_units="on_order_units",
        ),
    ),
    TRANSFER: _Table(
        kind=TRANSFER,
        model=TransferRecommendation,
        money="net_gain",
        store="from_store",
        other_store="to_store",
        group="",
        units="recommended_quantity",
        columns=_columns(
            "from_store",
            "recommended_quantity",
            "net_gain",
            to_store_id="to_store__code",
            stockout_probability="stockout_probability",
            on_hand_units="sender_stock",
        ),
    ),
    EXCESS: _Table(
        kind=EXCESS,
        model=ExcessRecommendation,
        money="value_at_stake",
        store="store",
        group="action",
        units="recommended_quantity",
        columns=_columns(
            "store",
            "recommended_quantity",
            "value_at_stake",
            action="action",
            on_hand_units="current_stock",
            on_order_units="on_order_units",
        ),
    ),
}
