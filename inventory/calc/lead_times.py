"""What deliveries say of a supplier: lead times drawn to what was stated while there are few, fill, and punctuality.

Plain Python on purpose: a receipt's page and the light package need it, and a supplier has hundreds of deliveries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

STATED_WEIGHT = 5.0
"""What people stated counts as much as this many deliveries: after 5 it is half of what is said, after 45 a tenth."""

SUPPLIER_WEIGHT = 20.0
"""For one product, what its supplier usually does counts as much as this many of its own deliveries."""


@dataclass(frozen=True)
class LeadTimes:
    """A distribution of days: ascending ``days`` with their ``shares``, which add up to 1."""

    days: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def mean(self) -> float:
        return math.fsum(day * share for day, share in zip(self.days, self.shares, strict=True))

    @property
    def sd(self) -> float:
        mean = self.mean
        return math.sqrt(
            math.fsum((day - mean) ** 2 * share for day, share in zip(self.days, self.shares, strict=True))
        )

    def quantile(self, level: float) -> float:
        """The fewest days within which at least ``level`` (0 to 1) of the deliveries come."""
        if not 0 <= level <= 1:
            raise ValueError("a quantile's level lies between 0 and 1")
        reached = 0.0
        for day, share in zip(self.days, self.shares, strict=True):
            reached += share
            if reached >= level - 1e-9:
                return day
        return self.days[-1]

    def later(self, days: float) -> LeadTimes:
        """All of it ``days`` later (earlier with a minus), never under 0."""
        return _distribution((max(day + days, 0.0), share) for day, share in self.pairs())

    def in_whole_days(self) -> tuple[tuple[int, float], ...]:
        """Rounded to days, shares to four digits and adding up to 1: what an order policy plays through."""
        rounded = _distribution((float(math.floor(day + 0.5)), share) for day, share in self.pairs())
        shares = [round(share, 4) for share in rounded.shares]
        shares[shares.index(max(shares))] += 1 - math.fsum(shares)
        return tuple((int(day), round(share, 4)) for day, share in zip(rounded.days, shares, strict=True) if share > 0)

    def pairs(self) -> Iterable[tuple[float, float]]:
        return zip(self.days, self.shares, strict=True)


def around(mean: float, sd: float) -> LeadTimes:
    """Three points with this mean and deviation: mean - √3 sd, mean, mean + √3 sd with shares 1/6, 2/3, 1/6.

    (The three-point Gauss–Hermite rule, exact for a normal distribution's first five moments.) Days may be negative:
    it serves for delays too. Raises ``ValueError`` for a negative deviation or a number that is none.
    """
    if not (math.isfinite(mean) and math.isfinite(sd) and sd >= 0):
        raise ValueError("a lead time has a finite mean and a deviation of at least 0")
    spread = math.sqrt(3) * sd
    return _distribution([(mean - spread, 1 / 6), (mean, 2 / 3), (mean + spread, 1 / 6)])


def drawn_to(prior: LeadTimes, observed: Mapping[float, float], *, weight: float) -> LeadTimes:
    """The observations, with the prior counting as ``weight`` of them: a mixture, whose mean and deviation follow.

    ``observed`` maps days to how many deliveries took them (fractions for part deliveries). With n observations of mean
    x and a prior of mean m:  mean = (weight·m + n·x) / (weight + n), and the variance is that of the mixture, the
    distance of the means included. No observations give the prior. Example: stated 5 ± 0 with weight 5, and five
    deliveries of 9 days: mean 7, deviation 2.
    """
    total = math.fsum(observed.values())
    if weight < 0 or total < 0 or weight + total <= 0:
        raise ValueError("there is nothing to draw a lead time from")
    prior_share = weight / (weight + total)
    rows = [(day, share * prior_share) for day, share in prior.pairs()]
    rows += [(day, count / (weight + total)) for day, count in observed.items()]
    return _distribution(rows)


def _distribution(rows: Iterable[tuple[float, float]]) -> LeadTimes:
    """Ascending, the same day once, nothing without a share."""
    shares: dict[float, float] = {}
    for day, share in rows:
        if share > 0:
            key = round(day, 6)
            shares[key] = shares.get(key, 0.0) + share
    days = sorted(shares)
    return LeadTimes(tuple(days), tuple(shares[day] for day in days))


@dataclass(frozen=True)
class DeliveredLine:
    """One line of an order that was sent: what it wanted, and what came of it on which day.

    ``wanted_units`` leaves out what we gave up ourselves; ``is_over`` says that nothing more will come. ``arrivals``
    are days with units, in any order.
    """

    order_id: int
    product_id: int
    ordered_on: date
    expected_on: date | None
    wanted_units: int
    is_over: bool
    arrivals: tuple[tuple[date, int], ...]

    @property
    def arrived_units(self) -> int:
        return sum(units for _, units in self.arrivals)

    def is_on_time(self) -> bool:
        """Whether all that was wanted had come by the expected day."""
        in_time = sum(units for day, units in self.arrivals if self.expected_on is None or day <= self.expected_on)
        return in_time >= self.wanted_units

    def is_due(self, today: date) -> bool:
        return self.wanted_units > 0 and self.expected_on is not None and (self.is_over or self.expected_on < today)


@dataclass(frozen=True)
class StatedLeadTime:
    """What people entered for one product of a supplier, in days."""

    mean_days: float
    sd_days: float


@dataclass(frozen=True)
class Measured:
    """A lead time with how many deliveries are behind it."""

    lead_times: LeadTimes
    observations: int


@dataclass(frozen=True)
class SupplierMeasures:
    """What a supplier's lines say; ``None`` where nothing was due, or nothing is over."""

    supplier: Measured
    items: Mapping[int, Measured]  # by product id
    fill_rate: float | None
    on_time_share: float | None


def measure_supplier(
    lines: Sequence[DeliveredLine], stated: Mapping[int, StatedLeadTime], *, today: date
) -> SupplierMeasures | None:
    """Lead times of a supplier and of each of its products, fill rate and punctuality; ``None`` without a delivery.

    Counted in delays, days beyond what is stated for the product, so that products with different stated times
    can be put together. *Supplier:* each order is one observation, split over its arrivals by units (the lines of
    one order share a truck), drawn to no delay with the stated deviation by ``STATED_WEIGHT``. *Product:* each line is
    one observation, split over its arrivals, drawn to the supplier's delays by ``SUPPLIER_WEIGHT``. A product that is not on
    the supplier's list any more counts for the supplier with the mean of the others as its stated time.

    *Fill rate:* units that came (at most those wanted) of units wanted, over lines of which nothing more will come.
    *On time:* lines that had come in full by their expected day, of those that are over or past it.
    """
    came = [line for line in lines if line.arrived_units > 0]
    if not came:
        return None
    usual = _usual(stated)
    said = {line.product_id: stated.get(line.product_id, usual).mean_days for line in came}
    delays = drawn_to(
        around(0.0, usual.sd_days), _observed(came, said, by=lambda line: line.order_id), weight=STATED_WEIGHT
    )
    by_product: dict[int, list[DeliveredLine]] = {}
    for line in came:
        by_product.setdefault(line.product_id, []).append(line)
    items = {}
    for product_id, terms in stated.items():
        own = by_product.get(product_id, [])
        observed = _observed(own, said, by=id)
        lead_times = drawn_to(delays, observed, weight=SUPPLIER_WEIGHT).later(terms.mean_days)
        items[product_id] = Measured(lead_times, len(own))
    usual_said = math.fsum(said[line.product_id] for line in came) / len(came)
    return SupplierMeasures(
        supplier=Measured(delays.later(usual_said), len({line.order_id for line in came})),
        items=items,
        fill_rate=_fill_rate(lines),
        on_time_share=_on_time_share(lines, today),
    )


def _observed(
    lines: Iterable[DeliveredLine], stated_days: Mapping[int, float], *, by: Callable[[DeliveredLine], int]
) -> dict[float, float]:
    """Delays with how many observations had them: the lines of one key ``by`` are one, split over arrivals by units."""
    arrivals: dict[int, list[tuple[float, int]]] = {}
    for line in lines:
        for day, units in line.arrivals:
            delay = (day - line.ordered_on).days - stated_days[line.product_id]
            arrivals.setdefault(by(line), []).append((delay, units))
    observed: dict[float, float] = {}
    for parts in arrivals.values():
        total = sum(units for _, units in parts)
        for delay, units in parts:
            observed[delay] = observed.get(delay, 0.0) + units / total
    return observed


def _usual(stated: Mapping[int, StatedLeadTime]) -> StatedLeadTime:
    """The mean of the stated times, and the root of their mean variance; 0 where nothing is stated."""
    if not stated:
        return StatedLeadTime(0.0, 0.0)
    mean = math.fsum(said.mean_days for said in stated.values()) / len(stated)
    variance = math.fsum(said.sd_days**2 for said in stated.values()) / len(stated)
    return StatedLeadTime(mean, math.sqrt(variance))


def _fill_rate(lines: Iterable[DeliveredLine]) -> float | None:
    over = [line for line in lines if line.is_over and line.wanted_units > 0]
    wanted = sum(line.wanted_units for line in over)
    came = sum(min(line.arrived_units, line.wanted_units) for line in over)
    return came / wanted if wanted else None


def _on_time_share(lines: Iterable[DeliveredLine], today: date) -> float | None:
    due = [line for line in lines if line.is_due(today)]
    return sum(line.is_on_time() for line in due) / len(due) if due else None
