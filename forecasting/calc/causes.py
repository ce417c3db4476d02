"""Why a series is forecast badly: named causes from facts, each with its numbers. Plain Python, a few series at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance

from forecasting.calc.error_sums import ErrorSums, measures_of

SHORT_DAYS = 56  # under eight weeks a series leans on the others
BEFORE_DAYS = 56  # what the measured days are held against
UNKNOWN_SHARE = 0.2
ADI_LIMIT, CV2_LIMIT = 1.32, 0.49  # Syntetos and Boylan's classes
SHIFT_RATIO, SHIFT_DEVIATIONS, SHIFT_DAYS = 1.5, 3.0, 14
SPIKE_SHARE = 0.3
PROMOTION_RATIO = 1.3
LEAST_PLAIN_DAYS = 3
PRICE_CHANGE = 0.1
ONE_SIDED = 0.6
CHANCE_RATIO = 1.25
HINDSIGHT_RATIO = 1.1


@dataclass(frozen=True)
class Day:
    """``demand`` in units, None where it is not known (no stock); ``price`` of a unit, None where nothing was sold.

    ``is_promoted``: something sold on promotion; ``is_planned``: the calendar had a promotion for the day before it began.
    """

    demand: float | None
    is_promoted: bool = False
    is_planned: bool = False
    price: float | None = None


@dataclass(frozen=True)
class SeriesFacts:
    """``before`` and ``measured`` are days, oldest first; ``history_days`` since the first sale; ``sums`` of the errors
    on the measured days."""

    before: Sequence[Day]
    measured: Sequence[Day]
    history_days: int
    sums: ErrorSums


@dataclass(frozen=True)
class Cause:
    """``code`` for programs, ``text`` for people, ``numbers`` behind it (units, days, shares 0 to 1)."""

    code: str
    text: str
    numbers: dict[str, float]


def causes_of(facts: SeriesFacts) -> list[Cause]:
    """What speaks for itself in the facts, in the order in which one should look; "unknown" where nothing does.

    Several may hold at once; they are observations beside the error, not shares of it. Without a measured error: none.
    """
    if not facts.sums.points or not facts.sums.absolute_error:
        return []
    found = [cause for rule in RULES for cause in rule(facts)]
    return found or [Cause("unknown", "Nothing in the facts explains it.", {})]


def _short_history(facts: SeriesFacts) -> Iterator[Cause]:
    if facts.history_days < SHORT_DAYS:
        text = f"Sold for {facts.history_days} days only: it is forecast by what its category and store do."
        yield Cause("short_history", text, {"history_days": facts.history_days})


def _out_of_stock(facts: SeriesFacts) -> Iterator[Cause]:
    days = [*facts.before[-BEFORE_DAYS:], *facts.measured]
    unknown = sum(day.demand is None for day in days)
    if days and unknown / len(days) >= UNKNOWN_SHARE:
        text = f"Out of stock on {unknown} of the last {len(days)} days: what would have sold is not known."
        yield Cause("out_of_stock", text, {"days": len(days), "unknown_days": unknown, "share": unknown / len(days)})


def _override(facts: SeriesFacts) -> Iterator[Cause]:
    measures = measures_of(facts.sums)
    if measures.override_value_added is not None and measures.override_value_added < 0:
        worse = facts.sums.overridden_absolute_error - facts.sums.baseline_absolute_error
        text = f"Overridden on {measures.overridden_points} days, which made the error {worse:,.0f} units larger."
        numbers = {"overridden_days": measures.overridden_points, "added_error_units": worse}
        yield Cause("override_harmed", text, numbers)


def _promotion(facts: SeriesFacts) -> Iterator[Cause]:
    """A promotion that moved demand, and whether the forecast could know of it: from the calendar, not from what was sold."""
    promoted = _known(day for day in facts.measured if day.is_promoted)
    plain = _known(day for day in facts.measured if not day.is_promoted and not day.is_planned)
    before = sum(day.is_promoted for day in facts.before[-BEFORE_DAYS:])
    if not promoted or len(plain) < LEAST_PLAIN_DAYS or fmean(plain) <= 0:
        return
    ratio = fmean(promoted) / fmean(plain)
    rare_before = before / BEFORE_DAYS < len(promoted) / len(facts.measured) / 2
    if ratio >= PROMOTION_RATIO and rare_before:
        planned = sum(day.is_promoted and day.is_planned and day.demand is not None for day in facts.measured)
        text = (
            f"Under promotion on {len(promoted)} of {len(facts.measured)} days, at {ratio:.1f} × the other days' demand, "
            f"and on {before} of the {BEFORE_DAYS} days before. {_whether_planned(planned, len(promoted))}"
        )
        numbers = {"promoted_days": len(promoted), "planned_days": planned, "ratio": ratio}
        yield Cause("promotion", text, {**numbers, "promoted_days_before": before})


def _whether_planned(planned: int, promoted: int) -> str:
    if planned == promoted:
        return "The calendar had it: what it brings was misjudged; an uplift can be given."
    unknown = f"Only {planned} of these days were" if planned else "None of these days was"
    return f"{unknown} on the calendar: planned there, the forecast knows it ahead."


def _promotion_not_held(facts: SeriesFacts) -> Iterator[Cause]:
    """The calendar promised a promotion, and nothing sold on one."""
    planned = [day for day in facts.measured if day.is_planned]
    idle, sold = _known(day for day in planned if not day.is_promoted), [day for day in planned if day.is_promoted]
    plain = _known(day for day in facts.measured if not day.is_promoted and not day.is_planned)
    if sold or not idle or len(plain) < LEAST_PLAIN_DAYS or fmean(plain) <= 0:
        return
    ratio = fmean(idle) / fmean(plain)
    if ratio < PROMOTION_RATIO:
        text = (
            f"The calendar has a promotion on {len(idle)} of {len(facts.measured)} days, but nothing sold on promotion then, "
            f"and demand was {ratio:.1f} × the other days'."
        )
        yield Cause("promotion_not_held", text, {"planned_days": len(idle), "ratio": ratio})


def _price(facts: SeriesFacts) -> Iterator[Cause]:
    now, then = _prices(facts.measured), _prices(facts.before[-BEFORE_DAYS:])
    if now and then and fmean(then) > 0:
        change = fmean(now) / fmean(then) - 1
        if abs(change) >= PRICE_CHANGE:
            text = f"The price {'rose' if change > 0 else 'fell'} by {abs(change):.0%}."
            yield Cause("price_change", text, {"price_before": fmean(then), "price": fmean(now), "change": change})


def _spike(facts: SeriesFacts) -> Iterator[Cause]:
    known = _known(facts.measured)
    if len(known) < 4 or facts.sums.points > len(facts.measured):  # a backtest's errors are of other days, too
        return
    highest = max(known)
    usual = fmean(sorted(known)[:-1])
    share = (highest - usual) / facts.sums.absolute_error
    if share >= SPIKE_SHARE and highest > 3 * max(usual, 1):
        text = f"One day of {highest:,.0f} units, where {usual:,.1f} are usual: {min(share, 1):.0%} of the error."
        yield Cause("spike", text, {"units": highest, "usual_units": usual, "share": min(share, 1)})


def _level_shift(facts: SeriesFacts) -> Iterator[Cause]:
    now, then = _known(facts.measured), _known(facts.before[-BEFORE_DAYS:])
    if min(len(now), len(then)) < SHIFT_DAYS or not fmean(then):
        return
    ratio = fmean(now) / fmean(then)
    deviation = math.sqrt(pvariance(now) / len(now) + pvariance(then) / len(then))
    is_sure = abs(fmean(now) - fmean(then)) > SHIFT_DEVIATIONS * deviation
    if is_sure and not 1 / SHIFT_RATIO < ratio < SHIFT_RATIO:
        text = f"Demand went from {fmean(then):,.1f} to {fmean(now):,.1f} units a day."
        yield Cause("level_shift", text, {"units_before": fmean(then), "units": fmean(now), "ratio": ratio})


def _bias(facts: SeriesFacts) -> Iterator[Cause]:
    share = facts.sums.signed_error / facts.sums.absolute_error
    if abs(share) >= ONE_SIDED:
        side = "low" if share > 0 else "high"
        units = abs(facts.sums.signed_error)
        text = f"Forecast too {side}, by {units:,.0f} units: {abs(share):.0%} of the error is on that side."
        yield Cause(f"biased_{side}", text, {"units": units, "share": abs(share)})


def _naive(facts: SeriesFacts) -> Iterator[Cause]:
    value_added = measures_of(facts.sums).value_added
    if value_added is not None and value_added < 0:
        text = f"Last week repeated would have done better: the forecast's error is {-value_added:.0%} larger."
        yield Cause("worse_than_naive", text, {"value_added": value_added})


def _demand_class(facts: SeriesFacts) -> Iterator[Cause]:
    known = _known([*facts.before, *facts.measured])
    sold = [units for units in known if units > 0]
    if not sold:
        return
    interval, variation = len(known) / len(sold), pvariance(sold) / fmean(sold) ** 2
    name = {(True, False): "intermittent", (True, True): "lumpy", (False, True): "erratic"}.get(
        (interval > ADI_LIMIT, variation > CV2_LIMIT)
    )
    if name:
        text = f"{name.title()} demand: a sale every {interval:.1f} days, quantities that vary by {math.sqrt(variation):.0%}."
        yield Cause(name, text, {"days_between_sales": interval, "squared_variation": variation})


def _chance(facts: SeriesFacts) -> Iterator[Cause]:
    """What no forecast takes away: mean |error| of a Poisson of mean m is about √(2 m / π); where demand scatters more
    than that, what a level that is right in hindsight would have erred."""
    mean = facts.sums.actual_units / facts.sums.points
    error = facts.sums.absolute_error / facts.sums.points
    floor = math.sqrt(2 * mean / math.pi)
    known = _known(facts.measured)
    if mean >= 1 and error <= CHANCE_RATIO * floor:
        text = f"Mostly chance: {error:,.1f} units a day, where demand of {mean:,.1f} a day scatters by {floor:,.1f}."
        yield Cause("chance", text, {"error_units_per_day": error, "chance_units_per_day": floor})
    elif len(known) >= SHIFT_DAYS:
        hindsight = fmean(abs(units - fmean(known)) for units in known)
        if error <= HINDSIGHT_RATIO * hindsight:
            text = f"Demand scatters: {error:,.1f} units a day; the right level in hindsight errs {hindsight:,.1f}."
            yield Cause("scatter", text, {"error_units_per_day": error, "hindsight_units_per_day": hindsight})


RULES: tuple[Callable[[SeriesFacts], Iterator[Cause]], ...] = (
    _short_history,
    _out_of_stock,
    _override,
    _promotion,
    _promotion_not_held,
    _price,
    _spike,
    _level_shift,
    _bias,
    _naive,
    _demand_class,
    _chance,
)


def _known(days: Iterable[Day]) -> list[float]:
    return [day.demand for day in days if day.demand is not None]


def _prices(days: Sequence[Day]) -> list[float]:
    return [day.price for day in days if day.price is not None]
