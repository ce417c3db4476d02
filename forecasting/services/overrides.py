"""What people know better: overrides are added and withdrawn, and laid over the engine's forecasts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef

from forecasting.calc.overrides import Correction, corrected, corrected_sum, quantile_moved
from forecasting.calc.protection import LONGEST_DAYS
from forecasting.models import ForecastOverride, ProductDemandForecast
from forecasting.services.as_of import as_of
from invencare.lib import clock
from inventory.models import Product, Store
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.people import name_of, require_store

DECIMALS = 4
BASELINE = "baseline"
MOST_UNITS = 1_000_000.0
MOST_FACTOR = 100.0
LONGEST_OVERRIDE_DAYS = 366
SERVED_FIELDS = (
    "daily",
    "protection",
    "ensemble_forecast",
    "confidence_interval_lower",
    "confidence_interval_upper",
)


@transaction.atomic
def add_override(
    *,
    product: Product,
    store: Store,
    first_day: date,
    last_day: date,
    action: str,
    amount: float,
    reason: str,
    actor: Any,
    now: datetime,
    scope: StoreScope | None = None,
) -> ForecastOverride:
    """Correct the forecast of some days, and lay it over the newest forecast at once.

    Raises ``PermissionDenied`` for a store that is not the actor's, ``ValidationError`` for days that are over or too
    many, an amount out of bounds and a missing reason.
    """
    require_store(store.pk, actor=actor, scope=scope)
    override = ForecastOverride(
        product=product,
        store=store,
        first_day=first_day,
        last_day=last_day,
        action=action,
        amount=amount,
        reason=reason.strip(),
        created_by=actor,
        created_by_name=name_of(actor),
        created_at=now,
    )
    _check(override, today=clock.business_date(now, store.zone))
    override.save(force_insert=True)
    _renew(override)
    return override


@transaction.atomic
def withdraw_override(
    *, override_id: int, reason: str, actor: Any, now: datetime, scope: StoreScope | None = None
) -> ForecastOverride:
    """Take an override back; it stays as a record. Raises ``Conflict`` for one that was withdrawn before.

    Raises ``PermissionDenied`` for a store that is not the actor's and ``ValidationError`` without a reason.
    """
    override: ForecastOverride = ForecastOverride.objects.select_related("product", "store").get(pk=override_id)
    require_store(override.store_id, actor=actor, scope=scope)
    why = reason.strip()
    if not why or len(why) > 500:
        raise ValidationError({"reason": "Say in up to 500 characters why it is withdrawn."})
    withdrawn = (
        ForecastOverride.objects.active()
        .filter(pk=override_id)
        .update(withdrawn_by=actor, withdrawn_by_name=name_of(actor), withdrawn_at=now, withdrawal_reason=why)
    )
    if not withdrawn:
        override.refresh_from_db()
        raise Conflict(f"{override.withdrawn_by_name} has withdrawn this override already.")
    override.refresh_from_db()
    _renew(override)
    return override


def lay_over(
    rows: Iterable[ProductDemandForecast], overrides: Iterable[ForecastOverride]
) -> list[ProductDemandForecast]:
    """Lay the overrides over rows that are not saved yet, or again over saved ones; the rows that changed.

    What the engine said is kept in the row as ``baseline``, so that it can be measured which did better, and so that
    laying over again begins from it.
    """
    of_series: dict[tuple[int, int], list[ForecastOverride]] = {}
    for override in sorted(overrides, key=lambda one: one.pk):
        of_series.setdefault((override.product_id, override.store_id), []).append(override)
    changed = []
    for row in rows:
        own = of_series.get((row.product_id, row.store_id), [])
        inside = [one for one in own if _correction(one, row) is not None]
        if inside or BASELINE in row.daily:
            _restore(row)
            if inside:
                _correct(row, inside)
            changed.append(row)
    return changed


def load_overrides(
    *, store_id: int, product_ids: Sequence[int], first_day: date, known_by: datetime | None = None
) -> list[ForecastOverride]:
    """The overrides in force (now, or at ``known_by``) on the days from ``first_day`` on that any sum looks at. One query."""
    last_day = first_day + timedelta(days=LONGEST_DAYS - 1)
    rows = ForecastOverride.objects.in_force_at(known_by).filter(store_id=store_id, product_id__in=product_ids)
    return list(rows.between(first_day, last_day).order_by("pk"))


@transaction.atomic
def lay_over_day(forecast_date: date, *, now: datetime) -> int:
    """Lay the overrides over all forecasts of a day that have any, or had: one that came while the night was at work
    is in no chunk. Over a past day, those that were in force when it began. The number of rows. Constant queries; the rows
    are few."""
    last_day = forecast_date + timedelta(days=LONGEST_DAYS - 1)
    every = ForecastOverride.objects.between(forecast_date, last_day)
    live = [one for one in every.select_related("store") if _was_in_force(one, forecast_date, now)]
    has_one = every.filter(store_id=OuterRef("store_id"), product_id=OuterRef("product_id"))
    rows = ProductDemandForecast.objects.filter(Exists(has_one), forecast_date=forecast_date).defer(
        "backtest_errors", "model_paths"
    )
    changed = lay_over(rows.select_for_update().order_by("pk"), live)
    ProductDemandForecast.objects.bulk_update(changed, SERVED_FIELDS, batch_size=200)
    return len(changed)


def _renew(override: ForecastOverride) -> None:
    """Lay what is in force over the series' newest forecast, of every horizon."""
    rows = ProductDemandForecast.objects.filter(product_id=override.product_id, store_id=override.store_id)
    newest = rows.order_by("-forecast_date").values_list("forecast_date", flat=True).first()
    if newest is None:
        return
    locked = (
        rows.filter(forecast_date=newest).defer("backtest_errors", "model_paths").select_for_update().order_by("pk")
    )
    live = load_overrides(store_id=override.store_id, product_ids=[override.product_id], first_day=newest)
    for row in lay_over(locked, live):
        row.save(update_fields=SERVED_FIELDS)


def _was_in_force(override: ForecastOverride, forecast_date: date, now: datetime) -> bool:
    """As ``in_force_at``, by the day's beginning in the override's own store."""
    known_by = as_of(store=override.store, forecast_date=forecast_date, now=now)
    if known_by is None:
        return override.is_active
    is_still = override.withdrawn_at is None or override.withdrawn_at >= known_by
    return override.created_at < known_by and is_still


def _check(override: ForecastOverride, *, today: date) -> None:
    errors: dict[str, str] = {}
    limit = MOST_FACTOR if override.action == ForecastOverride.Action.MULTIPLY else MOST_UNITS
    if not math.isfinite(override.amount) or abs(override.amount) > limit:
        errors["amount"] = f"Give a number up to {limit:,.0f}."
    if override.last_day < today:
        errors["last_day"] = "These days are over."
    elif override.last_day - override.first_day >= timedelta(LONGEST_OVERRIDE_DAYS):
        errors["last_day"] = f"An override lasts {LONGEST_OVERRIDE_DAYS} days at most."
    if not override.reason:
        errors["reason"] = "Say why: the reason is kept with the override."
    if errors:
        raise ValidationError(errors)
    override.full_clean(exclude=["created_by", "product", "store"])


def _correction(override: ForecastOverride, row: ProductDemandForecast) -> Correction | None:
    """The override in days of the forecast; None where no sum of it looks that far, or the days are over."""
    first = (override.first_day - row.forecast_date).days
    last = (override.last_day - row.forecast_date).days
    if last < 0 or first >= LONGEST_DAYS:
        return None
    return Correction(max(first, 0), last, override.action, override.amount)


def _restore(row: ProductDemandForecast) -> None:
    """Make the row what the engine said."""
    if BASELINE not in row.daily:
        return
    daily, protection = dict(row.daily), dict(row.protection)
    engine, sums = daily.pop(BASELINE), protection.pop(BASELINE, {})
    daily.pop("overrides", None)
    total = engine.pop("total")
    row.daily = {**daily, **engine}
    row.protection = {**protection, **sums}
    row.ensemble_forecast, row.confidence_interval_lower, row.confidence_interval_upper = total


def _correct(row: ProductDemandForecast, overrides: Sequence[ForecastOverride]) -> None:
    corrections = [correction for one in overrides if (correction := _correction(one, row))]
    daily, mean = row.daily, row.daily["mean"]
    total = [row.ensemble_forecast, row.confidence_interval_lower, row.confidence_interval_upper]
    kept = {name: daily[name] for name in ("mean", "quantiles", "intervals") if name in daily}
    path = corrected(mean, corrections)
    is_whole = all(float(unit).is_integer() for units in daily.get("quantiles", {}).values() for unit in units)
    row.daily = {
        **daily,
        "mean": _listed(path),
        "quantiles": {
            level: _moved(units, float(level), mean, path, is_whole)
            for level, units in daily.get("quantiles", {}).items()
        },
        "intervals": {
            level: [
                _moved(units, (1 + sign * float(level)) / 2, mean, path, is_whole)
                for sign, units in zip((-1, 1), bounds, strict=True)
            ]
            for level, bounds in daily.get("intervals", {}).items()
        },
        "overrides": [one.pk for one in overrides],
        BASELINE: {**kept, "total": total},
    }
    units = sum(path) - sum(mean) + (row.ensemble_forecast or 0.0)
    row.ensemble_forecast = round(units, DECIMALS)
    for name, level, bound in zip(SERVED_FIELDS[3:], (0.025, 0.975), total[1:], strict=True):
        if bound is not None and total[0] is not None:
            setattr(row, name, round(quantile_moved(bound, level, mean=total[0], to=units), DECIMALS))
    row.protection = _corrected_protection(row.protection, mean, corrections)


def _corrected_protection(
    protection: dict[str, Any], mean: list[float], corrections: Sequence[Correction]
) -> dict[str, Any]:
    """The sums over the protection interval and the lead time, with what they were as ``baseline``."""
    if not protection:
        return protection
    made = {**protection, **_corrected_sum(protection, mean, corrections)}
    if "lead_time" in protection:
        made["lead_time"] = {
            **protection["lead_time"],
            **_corrected_sum(protection["lead_time"], mean, corrections),
        }
    kept = {name: protection[name] for name in ("mean", "quantiles", "lead_time") if name in protection}
    return {**made, BASELINE: kept}


def _corrected_sum(part: dict[str, Any], mean: list[float], corrections: Sequence[Correction]) -> dict[str, Any]:
    total = float(part["mean"])
    to = corrected_sum(mean, total, int(part["days"]), corrections)
    return {
        "mean": round(to, DECIMALS),
        "quantiles": {
            level: round(quantile_moved(units, float(level), mean=total, to=to), DECIMALS)
            for level, units in part.get("quantiles", {}).items()
        },
    }


def _moved(units: list[float], level: float, mean: list[float], path: list[float], is_whole: bool) -> list[float]:  # noqa: FBT001  as read from the row
    return _listed(
        quantile_moved(unit, level, mean=before, to=after, is_whole=is_whole)
        for unit, before, after in zip(units, mean, path, strict=True)
    )


def _listed(values: Iterable[float]) -> list[float]:
    return [round(value, DECIMALS) for value in values]
