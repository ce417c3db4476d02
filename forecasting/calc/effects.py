"""What recurs and is known ahead: how much holidays, events, promotions and days of the month move demand.

A multiplicative regression, shrunk at three stages. The usual demand of a period is the mean of the same weekday in the
three weeks on either side, without periods on which anything is on; it is known at an origin as far as the origin lets it.
An effect's uplift is demand over usual demand: first over the panel, then for each group, then for each series, each drawn
to the stage before it by as much as chance could have made it. Chance is measured: the panel's own daily noise, counted
once per occurrence, so that one warm day with thousands of units is one observation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.history import EffectDays, History

SEASONS_AROUND = 3
LEAST_NEIGHBOURS = 2
# How many times its own squared error an effect of the whole panel must show before anything of it is believed.
LEAST_EVIDENCE = 4.0
LEAST_MONTH_EVIDENCE = 5.0  # there are thirty-one days of the month: some look special by chance
LEAST_DAY_NOISE = 0.02
DAY_NOISE_UNKNOWN = 0.1
LEAST_NOISE_DAYS = 20
LEAST_MONTHS = 4
LAST_DAYS = 5
MOST_UPLIFT = 10.0
SMALL = 1e-9


@dataclass(frozen=True)
class Calendar:
    """As seen from one origin: ``uplifts`` (effects × S), and ``month`` ((T + D) factors by the day of the month)."""

    uplifts: Floats
    month: Floats | None


class CalendarEffects:
    """What is on when, and the calendar as seen from any origin. ``None`` stands for a panel on which nothing is on."""

    def __init__(self, history: History, ahead: int) -> None:
        self.history = history
        self.ahead = ahead
        self.reach = SEASONS_AROUND * history.season
        self.on = np.zeros((history.periods + ahead, history.series), np.int8)
        for effect in history.effects:
            self.on[effect.periods] += effect.strength > 0
        self.plain = history.known * (self.on[: history.periods] == 0)
        self.plain_units = history.demand * self.plain
        self.usual = usual_demand(self.plain_units, self.plain, history.season)
        telling = (self.plain > 0) & np.isfinite(self.usual)
        self.sold = np.where(telling, self.plain_units, 0)
        self.expected = np.where(telling, self.usual, 0)
        self.month_days = _month_days(history, ahead)
        self.settled: dict[int, tuple[int, int, Floats]] = {}

    @classmethod
    def of(cls, history: History, ahead: int) -> CalendarEffects | None:
        has_days = history.first_day is not None and history.season > 1
        return cls(history, ahead) if history.effects or has_days else None

    def at(self, origin: int, dispersion: Floats) -> Calendar:
        """What was known at ``origin``. ``dispersion`` (S): variance over mean."""
        start = max(origin - self.reach, 0)
        early = max(start - self.reach, 0)
        recent = usual_demand(self.plain_units[early:origin], self.plain[early:origin], self.history.season)
        seen = _Seen(
            self, origin, start, recent[start - early :], (1 / np.maximum(dispersion, SMALL)).astype(np.float32)
        )
        noise, ratio = seen.day_noise()
        uplifts = np.ones((len(self.history.effects), self.history.series), np.float32)
        unseen = []
        for place, effect in enumerate(self.history.effects):
            learned = self._settled(place, origin)
            if learned is not None:
                uplifts[place] = learned
                continue
            cells = seen.cells(effect, alone=True)
            if cells is None:
                unseen.append(place)
            else:
                uplifts[place] = _shrunk(cells, noise, self.history.groups)
                self._settle(place, origin, uplifts[place])
        for place in unseen:  # never on alone: judged by what the others leave
            cells = seen.cells(self.history.effects[place], alone=False, others=self._factors(uplifts, origin))
            if cells is not None:
                uplifts[place] = _shrunk(cells, noise, self.history.groups)
        return Calendar(uplifts, self._month(ratio, noise))

    def _settled(self, place: int, origin: int) -> Floats | None:
        """What an earlier origin learned, where the effect was not on since and its neighbourhood was over by then."""
        if place not in self.settled:
            return None
        seen, then, uplift = self.settled[place]
        periods = self.history.effects[place].periods
        is_same = then <= origin and np.searchsorted(periods, origin) == seen and periods[seen - 1] < then - self.reach
        return uplift if is_same else None

    def _settle(self, place: int, origin: int, uplift: Floats) -> None:
        seen = int(np.searchsorted(self.history.effects[place].periods, origin))
        self.settled[place] = (seen, origin, uplift)

    def factors(self, calendar: Calendar, periods: Ints) -> Floats:
        """What the effects make of ``periods``: n × S."""
        factor = np.ones((len(periods), self.history.series), np.float32)
        for uplift, effect in zip(calendar.uplifts, self.history.effects, strict=True):
            place = np.searchsorted(effect.periods, periods)
            here = (place < len(effect.periods)) & (
                effect.periods[np.minimum(place, len(effect.periods) - 1)] == periods
            )
            factor[here] *= 1 + (uplift - 1) * effect.strength[place[here]]
        return factor

    def days_on(self, origin: int) -> Ints:
        """The periods before ``origin`` on which any effect is on."""
        days: Ints = np.unique(
            np.concatenate([effect.periods for effect in self.history.effects] or [np.zeros(0, int)])
        )
        return days[days < origin]

    def _factors(self, uplifts: Floats, origin: int) -> Floats:
        return self.factors(Calendar(uplifts, None), np.arange(origin))

    def _month(self, ratio: Floats, noise: float) -> Floats | None:
        """A factor for each period by its day of the month: (Σ p r / Σ p - 1) × (1 - 5 / z²) + 1, over the panel.

        ``ratio`` is (demand, expected) of the panel per period before the origin, plain days alone.
        """
        if self.month_days is None:
            return None
        sold, expected = ratio
        days = self.month_days[: len(sold)]
        known = expected > 0
        weight = np.where(known, 1 / (noise**2 + 1 / np.where(known, expected, 1.0)), 0.0)
        size = int(self.month_days.max(initial=0)) + 1
        total = np.bincount(days, weight, size)
        mean = np.bincount(days, weight * sold / np.where(known, expected, 1.0), size) / np.maximum(total, SMALL)
        seen = np.bincount(days, known, size) >= LEAST_MONTHS
        evidence = (mean - 1) ** 2 * total
        share = np.where(seen, np.maximum(1 - LEAST_MONTH_EVIDENCE / np.maximum(evidence, SMALL), 0), 0)
        factor = 1 + (mean - 1) * share
        if not share.any():
            return None
        month: Floats = factor[self.month_days].astype(np.float32)
        return month


def usual_demand(units: Floats, known: Floats, season: int) -> Floats:
    """Mean of the known demand of the same weekday in the three seasons before and after (T × S); NaN under two of them.

    Worked, season 1: 4, 6, 9, 8: the third has 4, 6 and 8 around it: 6.
    """
    total, count = np.zeros_like(units), np.zeros_like(known)
    for lag in range(season, SEASONS_AROUND * season + 1, season):
        if lag < len(units):
            for part, values in ((total, units), (count, known)):
                part[lag:] += values[:-lag]
                part[:-lag] += values[lag:]
    return np.where(count >= LEAST_NEIGHBOURS, total / np.maximum(count, 1), np.float32(np.nan))


@dataclass(frozen=True)
class _Cells:
    """Demand and usual demand of an effect's past: n × S, weighted by the effect's strength; 0 where nothing is known."""

    sold: Floats
    expected: Floats


class _Seen:
    """The history as it was at an origin. ``recent`` is the usual demand from ``start`` on, without the origin's future."""

    def __init__(self, effects: CalendarEffects, origin: int, start: int, recent: Floats, weight: Floats) -> None:
        self.effects, self.origin, self.start = effects, origin, start
        self.recent, self.weight = recent, weight

    def usual(self, periods: Ints) -> Floats:
        usual = self.effects.usual[periods]
        late = periods >= self.start
        usual[late] = self.recent[periods[late] - self.start]
        return usual

    def cells(self, effect: EffectDays, *, alone: bool, others: Floats | None = None) -> _Cells | None:
        """What the effect's past tells; None without any. ``alone``: only where nothing else is on."""
        before = effect.periods < self.origin
        periods, strength = effect.periods[before], effect.strength[before]
        usual = self.usual(periods)
        if others is not None:
            usual = usual * others[periods]
        telling = np.isfinite(usual) & (self.effects.history.known[periods] > 0) & (strength > 0)
        if alone:
            telling &= self.effects.on[periods] == 1
        expected = np.where(telling, usual * strength, 0)
        if not expected.any():
            return None
        sold = np.where(telling, self.effects.history.demand[periods] * strength, 0)
        return _Cells(sold * self.weight, expected * self.weight)

    def day_noise(self) -> tuple[float, Floats]:
        """How much the whole panel's day varies beyond what single sales explain (a share), and its (demand, expected)."""
        late = slice(self.start, self.origin)
        telling = (self.effects.plain[late] > 0) & np.isfinite(self.recent)
        sold, expected = (
            np.concatenate([early[: self.start] @ self.weight, np.where(telling, lately, 0) @ self.weight])
            for early, lately in (
                (self.effects.sold, self.effects.plain_units[late]),
                (self.effects.expected, self.recent),
            )
        )
        known = expected > 0
        if known.sum() < LEAST_NOISE_DAYS:
            return DAY_NOISE_UNKNOWN, np.stack([sold, expected])
        away = sold[known] / expected[known] - 1
        spread = 1.4826 * float(np.median(np.abs(away)))
        noise = max(spread**2 - float(np.median(1 / expected[known])), LEAST_DAY_NOISE**2)
        return float(np.sqrt(noise)), np.stack([sold, expected])


def _shrunk(cells: _Cells, noise: float, groups: Ints) -> Floats:
    """Uplift of each series (S): the panel's, the group's and its own, each as far as it shows more than chance.

    ``cells`` are in units of the series' dispersion, so that the chance variance of sold / expected is u / expected.
    """
    sold, expected = cells.sold.sum(axis=1), cells.expected.sum(axis=1)
    days = expected > 0
    weight = 1 / (noise**2 + 1 / expected[days])
    panel = float((weight * sold[days] / expected[days]).sum() / weight.sum())
    evidence = (panel - 1) ** 2 * float(weight.sum())
    panel = 1 + (panel - 1) * max(1 - LEAST_EVIDENCE / max(evidence, SMALL), 0.0)
    own_sold, own_expected = cells.sold.sum(axis=0), cells.expected.sum(axis=0)
    centre = np.full(len(own_sold), panel)
    number = int(groups.max(initial=0)) + 1
    if number > 1:
        group_sold, group_expected = (
            np.bincount(groups, part, number).astype(np.float64) for part in (own_sold, own_expected)
        )
        # A group's days share the weather as the panel's do.
        shared = noise**2 / max(int(days.sum()), 1)
        centre = _drawn(group_sold, group_expected, np.full(number, panel), shared)[groups]
    uplift: Floats = np.clip(_drawn(own_sold, own_expected, centre, 0.0), 0.0, MOST_UPLIFT).astype(np.float32)
    return uplift


def _drawn(sold: Floats, expected: Floats, centre: Floats, shared: float) -> Floats:
    """sold / expected drawn to ``centre``: by τ² / (τ² + chance), τ² being how much the members differ beyond chance.

    Careful: τ² counts only from two standard errors over what chance alone would show. Members without evidence get the
    centre.
    """
    some = expected > SMALL
    if some.sum() < 2:
        return centre
    safe = np.where(some, expected, 1.0)
    away = np.where(some, sold / safe - centre, 0.0)
    chance = np.maximum(centre, LEAST_DAY_NOISE) / safe + shared
    weight = np.where(some, 1 / chance, 0.0)
    weight = np.minimum(weight, np.quantile(weight[some], 0.9))
    share = weight / weight.sum()
    by_chance = float((chance * share)[some].sum()) * (1 + 2 * np.sqrt(2 * float((share**2).sum())))
    spread = max(float((away**2 * share).sum()) - by_chance, 0.0)
    drawn: Floats = np.maximum(centre + away * spread / (spread + chance), 0.0)
    return drawn


def _month_days(history: History, ahead: int) -> Ints | None:
    """The place of each period in its month: 0 to 4 for the last to the fifth last day, 4 + d for day d."""
    if history.first_day is None:
        return None
    days = np.arange(history.periods + ahead) + history.first_day
    dates = days.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    day = (dates - month.astype("datetime64[D]")).astype(np.int64) + 1
    to_end = ((month + 1).astype("datetime64[D]") - dates).astype(np.int64) - 1
    places: Ints = np.where(to_end < LAST_DAYS, to_end, LAST_DAYS - 1 + day)
    return places


def is_on(effects: CalendarEffects | None, periods: int) -> Bools | None:
    """Whether anything is on (T × S); None where nothing ever is."""
    if effects is None or not effects.history.effects:
        return None
    on: Bools = effects.on[:periods] > 0
    return on
