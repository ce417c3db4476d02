"""Holidays and named events as plans of the global models: what is on, day by day, and what its like did long before.

The statistical tier multiplies its forecasts by learned uplifts. Trees and networks learn their own answer from these
columns. They must not depend on the origin, since a training sample has thousands of them: the uplift of a day is therefore
learned from occurrences that were over so long before it that every origin from which the day is forecast had seen them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.contract import Effect
from forecasting.calc.protection import LONGEST_DAYS

# Place of the day around a public holiday, by the days from it; the highest counts where two meet.
AROUND = {-2: 1.0, -1: 2.0, 1: 3.0, 0: 4.0}
WEEKS_BEFORE = 4
LEAST_WEEKS = 2
# Units of usual demand, without an uplift, that are added to what an effect's past shows: little is learned from little.
PRIOR_UNITS = 10.0
MOST_UPLIFT = 10.0


@dataclass(frozen=True)
class EventPlans:
    """All S × (T + ahead), float32. ``holiday``: 0, or the place around a public holiday (``AROUND``); ``event``: how many named
    events and promotions are on; ``event_uplift``: what earlier occurrences of all that is on made of usual demand,
    multiplied; 1 where nothing is on, NaN where something is on that is new."""

    holiday: Floats
    event: Floats
    event_uplift: Floats


def event_plans(effects: Sequence[Effect], demand: Floats, ahead: int) -> EventPlans | None:
    """The plans of ``effects`` (columns as of ``demand``, S × T, NaN unknown); None where nothing is ever on.

    Worked: a fair sold 30 where 4 Mondays before it had 10 each, and is held again a year later: (30 + 10) / (10 + 10) = 2.
    """
    if not any(effect.strength.any() for effect in effects):
        return None
    series, periods = demand.shape
    holiday, event = (np.zeros((series, periods + ahead), np.float32) for _ in range(2))
    uplift = np.ones((series, periods + ahead), np.float32)
    on = _anything_on(effects, series, periods)
    usual = _Usual(np.where(on, np.nan, demand))
    for effect in effects:
        inside = (effect.periods >= 0) & (effect.periods < periods + ahead)
        days, strength = effect.periods[inside], effect.strength[:, inside]
        here = strength > 0
        if effect.days_from_holiday is None:
            event[:, days] += here
        else:
            holiday[:, days] = np.maximum(holiday[:, days], here * np.float32(AROUND[effect.days_from_holiday]))
        learned = _learned(demand, usual, days, here)
        uplift[:, days] *= np.where(here, learned, np.float32(1))
    return EventPlans(holiday, event, uplift)


def _anything_on(effects: Sequence[Effect], series: int, periods: int) -> Bools:
    on = np.zeros((series, periods), dtype=bool)
    for effect in effects:
        past = (effect.periods >= 0) & (effect.periods < periods)
        on[:, effect.periods[past]] |= effect.strength[:, past] > 0
    return on


class _Usual:
    """Mean plain demand of the same weekday in the four weeks before a day, of each series; NaN under two of them."""

    def __init__(self, plain: Floats) -> None:
        self.plain = plain

    def before(self, day: int) -> Floats:
        weeks = np.arange(day - 7 * WEEKS_BEFORE, day, 7)
        found = self.plain[:, weeks[weeks >= 0]]
        known = np.isfinite(found)
        count = known.sum(axis=1)
        mean = np.where(known, found, 0.0).sum(axis=1) / np.maximum(count, 1)
        return np.where(count >= LEAST_WEEKS, mean, np.nan)


def _learned(demand: Floats, usual: _Usual, days: Ints, here: Bools) -> Floats:
    """The uplift of each of the effect's days (n), from its days at least ``LONGEST_DAYS`` before: (Σ demand + prior) /
    (Σ usual + prior) over all series that it concerns; NaN where there are none."""
    periods = demand.shape[1]
    sold, expected = np.zeros(len(days)), np.zeros(len(days))
    for place in np.flatnonzero(days < periods):
        day = int(days[place])
        before = usual.before(day)
        telling = here[:, place] & np.isfinite(before) & np.isfinite(demand[:, day])
        sold[place], expected[place] = demand[telling, day].sum(), before[telling].sum()
    sums = [np.concatenate([[0.0], np.cumsum(part)]) for part in (sold, expected)]
    seen = np.searchsorted(days, days - LONGEST_DAYS, side="right")
    total_sold, total_expected = (part[seen] for part in sums)
    known = total_expected > 0
    raised = (total_sold + PRIOR_UNITS) / (total_expected + PRIOR_UNITS)
    learned: Floats = np.where(known, np.minimum(raised, MOST_UPLIFT), np.nan).astype(np.float32)
    return learned
