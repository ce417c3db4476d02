"""The night's measurement of suppliers: lead times, fill rate and punctuality from the deliveries of a year.

It writes the measured columns of suppliers and of their items alone; what people stated stays as they entered it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from inventory.calc.lead_times import Measured, SupplierMeasures, measure_supplier
from inventory.frames.deliveries import load_delivered_lines, load_stated
from inventory.models import Supplier, SupplierItem

WINDOW = timedelta(days=365)
LEAST_DELIVERIES = 5
"""Orders with a delivery that it takes to say anything; under them the measured columns stay empty."""

_FIELDS = "measured_lead_time_days measured_lead_time_sd_days lead_time_observations observed_lead_times measured_at"


@dataclass(frozen=True)
class Measurement:
    """How many suppliers were looked at, and how many have deliveries enough."""

    suppliers: int
    measured: int


def measure_suppliers(*, now: datetime) -> Measurement:
    """Measure every supplier, each in a transaction of its own; a constant number of queries per supplier."""
    ids = list(Supplier.objects.order_by("pk").values_list("pk", flat=True))
    return Measurement(len(ids), sum(measure_one_supplier(supplier_id=pk, now=now) for pk in ids))


@transaction.atomic
def measure_one_supplier(*, supplier_id: int, now: datetime) -> bool:
    """Write what the supplier's last year says; whether it says enough. Running it again gives the same."""
    measures = measures_of(supplier_id=supplier_id, today=now.date())
    is_enough = measures is not None and measures.supplier.observations >= LEAST_DELIVERIES
    values = _columns(measures.supplier if measures else None, is_enough=is_enough, now=now)
    rates = {
        "fill_rate": measures.fill_rate if measures else None,
        "on_time_share": measures.on_time_share if measures else None,
    }
    Supplier.objects.filter(pk=supplier_id).update(**values, **rates)
    items = list(SupplierItem.objects.filter(supplier_id=supplier_id).order_by("pk"))
    for item in items:
        measured = measures.items.get(item.product_id) if measures else None
        for name, value in _columns(measured, is_enough=is_enough, now=now).items():
            setattr(item, name, value)
    SupplierItem.objects.bulk_update(items, _FIELDS.split(), batch_size=500)
    return is_enough


def measures_of(*, supplier_id: int, today: date, **narrower: Any) -> SupplierMeasures | None:
    """The measures from the deliveries of ``WINDOW`` up to ``today``; ``None`` where nothing came."""
    lines = load_delivered_lines(supplier_id=supplier_id, since=today - WINDOW, **narrower)
    return measure_supplier(lines, load_stated(supplier_id=supplier_id), today=today)


def _columns(measured: Measured | None, *, is_enough: bool, now: datetime) -> dict[str, Any]:
    shown = measured.lead_times if measured and is_enough else None
    return {
        "measured_lead_time_days": None if shown is None else _days(shown.mean),
        "measured_lead_time_sd_days": None if shown is None else _days(shown.sd),
        "lead_time_observations": measured.observations if measured else 0,
        "observed_lead_times": [] if shown is None else [list(pair) for pair in shown.in_whole_days()],
        "measured_at": now,
    }


def _days(days: float) -> Decimal:
    return Decimal(str(round(min(days, 9999.0), 2)))
