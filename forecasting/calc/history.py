"""One chunk of a panel as the engine works on it: time first, cleaned, in whole seasons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.contract import Panel

HALF = 0.5
WHOLE_TOLERANCE = 1e-4


PROMOTION = "promotion"


@dataclass(frozen=True)
class EffectDays:
    """An effect of the panel, time first: ``periods`` (n, ascending) and ``strength`` (n × S)."""

    name: str
    periods: Ints
    strength: Floats


@dataclass(frozen=True)
class History:
    """Arrays are T × S (time first), float32; T is a multiple of ``season``: the front is filled up with unknown periods.

    ``demand`` is 0 where unknown and ``known`` is 1 or 0. ``first`` (S) is the first known period, T for none.
    ``repaired`` (S): how many values were infinite or negative; ``whole`` (S): demand is in whole units; ``groups`` (S) are
    numbered from 0 without gaps. ``effects`` are what is known ahead, promotions among them. ``demand`` is divided by what was
    ``given`` ((T + D) × S or None). ``first_day`` is the day of period 0 since 1970-01-01, None where the month's days do not count.
    """

    demand: Floats
    known: Floats
    season: int
    year: int
    first: Ints
    repaired: Ints
    whole: Bools
    groups: Ints
    effects: tuple[EffectDays, ...] = ()
    given: Floats | None = None
    first_day: int | None = None

    @property
    def periods(self) -> int:
        return int(self.demand.shape[0])

    @property
    def series(self) -> int:
        return int(self.demand.shape[1])

    @cached_property
    def by_season(self) -> tuple[Floats, Floats]:
        """Demand and known periods summed over each season (weeks of days): T / season × S each."""
        shape = (self.periods // self.season, self.season, self.series)
        return self.demand.reshape(shape).sum(axis=1), self.known.reshape(shape).sum(axis=1)


def short_season(panel: Panel) -> int:
    """The season within the year; 1 where there is none, as for weeks."""
    has_one = panel.season > 1 and (panel.year == 0 or panel.season < panel.year)
    return panel.season if has_one else 1


def clean(panel: Panel, ahead: int) -> History:
    """Make a chunk's history. Infinite demand is unknown, negative is 0; demand is divided by what was given."""
    season = short_season(panel)
    raw = np.asarray(panel.demand, dtype=np.float32)
    infinite, negative = np.isinf(raw), raw < 0
    share = None if panel.in_stock is None else np.asarray(panel.in_stock, dtype=np.float32)
    demand = _uncensored(np.where(infinite, np.nan, np.maximum(raw, 0.0)), share)
    missing = -raw.shape[1] % season + (season if raw.shape[1] < season else 0)
    demand = np.concatenate([np.full((missing, raw.shape[0]), np.nan, np.float32), demand.T])
    whole = _whole_numbers(demand)
    given = _given(panel, missing, ahead)
    if given is not None:
        was = given[: len(demand)]
        demand = np.where(was > 0, demand / np.where(was > 0, was, 1), np.float32(np.nan))
    known = np.isfinite(demand)
    groups = (
        np.zeros(raw.shape[0], np.int64) if panel.groups is None else np.unique(panel.groups, return_inverse=True)[1]
    )
    return History(
        demand=np.where(known, demand, np.float32(0)),
        known=known.astype(np.float32),
        season=season,
        year=panel.year,
        first=np.where(known.any(axis=0), known.argmax(axis=0), len(demand)).astype(np.int64),
        repaired=(infinite | (np.isfinite(raw) & negative)).sum(axis=1).astype(np.int64),
        whole=whole,
        groups=groups.astype(np.int64),
        effects=_effects(panel, missing, ahead),
        given=given,
        first_day=None if panel.first_day is None else panel.first_day - missing,
    )


def _whole_numbers(demand: Floats) -> Bools:
    """Series whose demand is counted in whole units: (T × S) to S."""
    whole: Bools = np.nanmax(np.abs(demand - np.rint(demand)), axis=0, initial=0.0) < WHOLE_TOLERANCE
    return whole


def _uncensored(demand: Floats, in_stock: Floats | None) -> Floats:
    """Demand of a period that was in stock for a share of at least a half, as if for all of it; unknown below.

    Worked: 6 sold in three quarters of the day: 8.
    """
    if in_stock is None:
        return demand
    share = np.where(np.isfinite(in_stock), np.clip(in_stock, 0.0, 1.0), 1.0).astype(np.float32)
    return np.where(share >= HALF, demand / np.maximum(share, HALF), np.nan).astype(np.float32)


def _effects(panel: Panel, missing: int, ahead: int) -> tuple[EffectDays, ...]:
    """The panel's effects within its periods and ``ahead``, and its promotions as one more, where they are known ahead."""
    end = panel.demand.shape[1] + ahead
    made = []
    for effect in panel.effects:
        inside = (effect.periods >= 0) & (effect.periods < end)
        strength = np.asarray(effect.strength, dtype=np.float32).T[inside]
        if strength.any():
            made.append(EffectDays(effect.name, effect.periods[inside].astype(np.int64) + missing, strength))
    promotion = _promotion(panel, missing, ahead)
    return (*made, promotion) if promotion else tuple(made)


def _promotion(panel: Panel, missing: int, ahead: int) -> EffectDays | None:
    """None where the panel says nothing about the horizon: what is not known ahead is no help.

    Periods after the last that is known have the series' usual share of promotions.
    """
    series, periods = panel.demand.shape
    if panel.promotion is None or panel.promotion.shape[1] <= periods:
        return None
    flags = np.nan_to_num(np.asarray(panel.promotion, dtype=np.float32)).T[: periods + ahead]
    beyond = np.broadcast_to(flags.mean(axis=0), (periods + ahead - len(flags), series))
    strength = np.concatenate([flags, beyond])
    days = np.flatnonzero(strength.any(axis=1))
    return EffectDays(PROMOTION, days + missing, strength[days]) if days.size else None


def _given(panel: Panel, missing: int, ahead: int) -> Floats | None:
    """What was given, 1 before the first column and past the last (or where it is no number)."""
    if panel.given is None:
        return None
    series, periods = panel.demand.shape
    known = np.asarray(panel.given, dtype=np.float32).T[: periods + ahead]
    known = np.where(np.isfinite(known), np.maximum(known, 0), np.float32(1))
    front, back = (np.ones((count, series), np.float32) for count in (missing, periods + ahead - len(known)))
    return np.concatenate([front, known, back])
