"""Which of the newest days, and weeks, were not as their past made one expect (SP-7), written in one step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from analytics.calc.anomalies import WatchConfig, Watched, odd_days, odd_weeks, watch
from analytics.calc.peers import who_stands_out
from analytics.frames.watched_days import Series, WatchedDays, load_watched_days
from analytics.models import Anomaly
from invencare.lib.upsert import upsert_values
from inventory.models import Store
from inventory.services.locking import in_chunks

HISTORY_DAYS = 189
EXAMINED_DAYS = 3
"""Late sales change the newest days: they are examined again on the next two."""
KEPT_DAYS = 400
LEAST_LINES = 5.0
"""Sale lines that a day must expect before none at all is silence: of fewer, chance leaves out every hundredth day."""
PRICE_DAYS = 56
METRICS: Mapping[str, tuple[str, ...]] = {
    "company": ("revenue", "units"),
    "category": ("revenue", "units"),
    "store": ("revenue", "units", "transactions", "returns"),
    "product": ("units",),
}
COLUMNS = (
    "business_date level store_id product_id category currency scope_key metric kind actual expected lower upper "
    "deviations money money_size stands_out updated_at"
).split()
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class SpecialDays:
    """Days that are not as others and known to be so: neither learned from nor judged.

    ``of_store``: closed days and holidays by store id. The figures over all stores leave out a day that is special in
    half of the active stores.
    """

    of_store: Mapping[int, Collection[date]] = field(default_factory=dict)

    def of_most(self, active_stores: int) -> set[date]:
        counts: dict[date, int] = {}
        for days in self.of_store.values():
            for day in set(days):
                counts[day] = counts.get(day, 0) + 1
        return {day for day, count in counts.items() if 2 * count >= active_stores}


@transaction.atomic
def refresh_anomalies(*, last_day: date, special: SpecialDays, now: datetime, config: WatchConfig | None = None) -> int:
    """Examine the three days up to ``last_day``; the number of anomalies. Reads the daily metrics, which must be up to date.

    Updates what is there, drops what is none any more and nobody dismissed, and forgets what is over 400 days old. The
    number of queries does not grow with the series.
    """
    config = config or WatchConfig()
    active = Store.objects.filter(is_active=True).count()
    rows: list[list[Any]] = []
    silent: set[tuple[int, date]] = set()
    for watched in load_watched_days(last_day=last_day, days=HISTORY_DAYS):
        unknown = _unknown_days(watched, special, active)
        if watched.level == "store":
            rows += _silent_rows(watched, unknown, config, now, silent)
        for metric in METRICS[watched.level]:
            rows += _odd_rows(watched, metric, unknown, config, now, silent)
    _replace(rows, last_day)
    return len(rows)


def _replace(rows: list[list[Any]], last_day: date) -> None:
    names = ("business_date", "level", "scope_key", "metric", "kind")
    places = [COLUMNS.index(name) for name in names]
    kept = {tuple(row[place] for place in places) for row in rows}
    examined = Anomaly.objects.between(last_day - timedelta(days=EXAMINED_DAYS - 1), last_day)
    stale = [pk for pk, *key in examined.open().values_list("pk", *names) if tuple(key) not in kept]
    for some in in_chunks(stale):
        Anomaly.objects.filter(pk__in=some).delete()
    Anomaly.objects.filter(business_date__lt=last_day - timedelta(days=KEPT_DAYS)).delete()
    upsert_values(Anomaly, COLUMNS, rows, key=names)


def _unknown_days(watched: WatchedDays, special: SpecialDays, active_stores: int) -> Bools:
    """S × T: the days that are special to the series."""
    days = [watched.first_day + timedelta(days=i) for i in range(watched.units.shape[1])]
    if watched.level != "store":
        common = special.of_most(active_stores)
        return np.tile(np.array([day in common for day in days]), (len(watched.series), 1))
    own = [set(special.of_store.get(series.store_id or 0, ())) for series in watched.series]
    return np.array([[day in known for day in days] for known in own])


def _values(watched: WatchedDays, metric: str) -> Floats:
    return {
        "units": watched.units,
        "revenue": watched.revenue,
        "transactions": watched.transactions,
        "returns": watched.returned_units,
    }[metric]


def _odd_rows(
    watched: WatchedDays,
    metric: str,
    unknown: Bools,
    config: WatchConfig,
    now: datetime,
    silent: set[tuple[int, date]],
) -> Iterator[list[Any]]:
    values = np.where(unknown, np.nan, _values(watched, metric))
    price = _price(watched)
    unit_value = np.where(np.isfinite(price) & (price > 0), price, 1.0) if metric == "revenue" else np.ones(len(price))
    groups = _groups(watched)
    judged = watch(
        values, unit_value=unit_value, first_weekday=watched.first_day.weekday(), groups=groups, config=config
    )
    worth = _worth(watched, metric, price)
    for kind, odd in ((Anomaly.Kind.DAY, odd_days(judged, config)), (Anomaly.Kind.WEEK, odd_weeks(judged, config))):
        for row, column in _newest(odd):
            series, day = watched.series[row], watched.first_day + timedelta(days=column)
            if (series.store_id, day) in silent:
                continue  # told once, as silence
            outs = _stands_out(watched, judged, row, column) if kind == Anomaly.Kind.DAY else None
            figures = _figures(kind, judged, values, row, column, unit_value[row], config)
            yield _row(series, day, metric, kind, figures, worth[row], now, stands_out=outs)


def _silent_rows(
    watched: WatchedDays, unknown: Bools, config: WatchConfig, now: datetime, silent: set[tuple[int, date]]
) -> list[list[Any]]:
    """Stores of which no line came in on a day that expected some: sales that are missing, not bad ones."""
    lines = np.where(unknown, np.nan, watched.transactions)
    ones = np.ones(len(lines))
    weekday = watched.first_day.weekday()
    config = replace(config, least_units=LEAST_LINES)
    judged = watch(lines, unit_value=ones, first_weekday=weekday, config=config)
    with np.errstate(invalid="ignore"):
        nothing = (lines == 0) & (judged.deviations < -config.silence_bound)
    price = _price(watched)
    money = np.where(unknown, np.nan, watched.revenue)
    unit_value = np.where(np.isfinite(price) & (price > 0), price, 1.0)
    revenue = watch(money, unit_value=unit_value, first_weekday=weekday, config=config)
    rows = []
    for row, column in _newest(nothing):
        series, day = watched.series[row], watched.first_day + timedelta(days=column)
        silent.add((series.store_id or 0, day))
        of_money = bool(np.isfinite(revenue.expected[row, column]))
        found, metric = (revenue, "revenue") if of_money else (judged, "transactions")
        figures = _figures(Anomaly.Kind.SILENT, found, np.zeros_like(lines), row, column, 1.0, config)
        worth = 1.0 if of_money else _worth(watched, "transactions", price)[row]
        rows.append(_row(series, day, metric, Anomaly.Kind.SILENT, figures, worth, now))
    return rows


def _newest(odd: Bools) -> Iterator[tuple[int, int]]:
    """Places (series, day) of the examined days."""
    first = odd.shape[1] - EXAMINED_DAYS
    for row, column in np.argwhere(odd[:, first:]).tolist():
        yield row, column + first


def _figures(
    kind: str, judged: Watched, values: Floats, row: int, column: int, unit_value: float, config: WatchConfig
) -> tuple[float, float, float, float, float]:
    """Actual, expected, lower, upper and deviations."""
    if kind == Anomaly.Kind.WEEK:
        columns = (
            judged.week_actual,
            judged.week_expected,
            judged.week_lower,
            judged.week_upper,
            judged.week_deviations,
        )
    else:
        columns = (values, judged.expected, judged.lower, judged.upper, judged.deviations)
    actual, expected, lower, upper, deviations = (round(float(column_[row, column]), 4) for column_ in columns)
    return actual, expected, lower, upper, deviations


def _row(
    series: Series,
    day: date,
    metric: str,
    kind: str,
    figures: tuple[float, float, float, float, float],
    worth: float,
    now: datetime,
    *,
    stands_out: bool | None = None,
) -> list[Any]:
    actual, expected, lower, upper, deviations = figures
    days = 7 if kind == Anomaly.Kind.WEEK else 1
    money = round(days * (actual - expected) * worth, 2) if np.isfinite(worth) else None
    size = abs(money) if money is not None else 0.0
    whose = [series.store_id, series.product_id, series.category, series.currency, series.key]
    return [
        *(day, series.level, *whose, metric, str(kind)),
        *(actual, expected, lower, upper, deviations, money, size, stands_out, now),
    ]


def _price(watched: WatchedDays) -> Floats:
    """Mean revenue of a net unit over the last eight weeks; NaN where nothing was sold."""
    revenue, units = (np.nansum(part[:, -PRICE_DAYS:], axis=1) for part in (watched.revenue, watched.units))
    return np.where((units > 0) & (revenue > 0), revenue / np.where(units > 0, units, 1.0), np.nan)


def _worth(watched: WatchedDays, metric: str, price: Floats) -> Floats:
    """Money of one of the metric: a unit's price, a line's revenue; what comes back is money that goes."""
    if metric == "revenue":
        return np.ones(len(price))
    if metric == "transactions":
        lines = np.nansum(watched.transactions[:, -PRICE_DAYS:], axis=1)
        revenue = np.nansum(watched.revenue[:, -PRICE_DAYS:], axis=1)
        return np.where(lines > 0, revenue / np.where(lines > 0, lines, 1.0), np.nan)
    return -price if metric == "returns" else price


def _groups(watched: WatchedDays) -> NDArray[np.int64]:
    """Peers: series of one level and currency."""
    currencies = sorted({series.currency for series in watched.series})
    return np.array([currencies.index(series.currency) for series in watched.series], dtype=np.int64)


def _stands_out(watched: WatchedDays, judged: Watched, row: int, column: int) -> bool | None:
    if watched.level != "store":
        return None
    return who_stands_out(judged.deviations[:, column], row)
