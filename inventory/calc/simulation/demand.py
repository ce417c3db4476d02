"""What customers want, whether or not it is on the shelf: the true demand and everything that shapes it.

The true mean of one series on one day is

    rate = base × store × affinity × week × season × trend × life × (price / reference)^-elasticity × display × spike

Arrays are indexed [store, product, day]; prices and promotions are the same in every store: [product, day].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from inventory.calc.simulation.catalogue import Catalogue
from inventory.calc.simulation.config import DemoConfig

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WEEKEND_WEEK = np.array([0.86, 0.84, 0.90, 0.97, 1.16, 1.38, 0.89])  # Monday first; the mean is 1
WORKING_WEEK = np.array([1.12, 1.08, 1.06, 1.05, 1.03, 0.98, 0.68])
SPIKE_FACTOR = 9.0
DISPERSION = 14.0  # of the negative binomial: variance = mean + mean² / DISPERSION
STORE_DAY_NOISE = 0.05  # log deviation of a store's whole day: weather, street works


@dataclass(frozen=True)
class Promotion:
    """One offer in every store; ``display_lift`` is the demand it adds beyond what the lower price adds."""

    product: int
    first_day: int
    last_day: int
    discount: float
    display_lift: float


@dataclass(frozen=True)
class Spike:
    store: int
    product: int
    day: int
    factor: float


@dataclass(frozen=True)
class Demand:
    """The planted demand. ``rate`` is the true mean, ``units`` what was wanted on the day."""

    rate: FloatArray  # [S, P, T] units a day
    units: IntArray  # [S, P, T]
    price_cents: IntArray  # [P, T] charged
    list_price_cents: IntArray  # [P, T] without the offers
    is_promotion: BoolArray  # [P, T]
    baseline: FloatArray  # [S, P, T] rate at the reference price, without offer and spike
    week_factor: FloatArray  # [category, 7], Monday first
    season_factor: FloatArray  # [category, T]
    promotions: tuple[Promotion, ...]
    spike: Spike
    silent_store: int
    silent_day: int


def draw_demand(config: DemoConfig, catalogue: Catalogue, *, first_day: date, rng: np.random.Generator) -> Demand:
    """The demand of every series and day; the slow movers come in rare lumps, the others about every day."""
    dates = [first_day + timedelta(days=day) for day in range(config.days)]
    elasticity = np.array([product.elasticity for product in catalogue.products])
    reference = np.array([product.price_cents for product in catalogue.products])
    week, season = _week_factors(catalogue), _season_factors(catalogue, dates)
    promotions = _draw_promotions(config, catalogue, rng)
    list_price = _draw_list_prices(config, reference, rng)
    price_cents, is_promotion, lift = _with_promotions(list_price, promotions)
    baseline = _baseline(config, catalogue, dates, week, season, rng)
    spike = _place_spike(config, catalogue, baseline)
    rate = baseline * (price_cents / reference[:, None]) ** -elasticity[:, None] * lift
    rate[spike.store, spike.product, spike.day] *= spike.factor
    return Demand(
        rate=rate,
        units=_draw_units(rate, catalogue, rng),
        price_cents=price_cents,
        list_price_cents=list_price,
        is_promotion=is_promotion,
        baseline=baseline,
        week_factor=week,
        season_factor=season,
        promotions=promotions,
        spike=spike,
        silent_store=0,
        silent_day=config.day_index(config.silent_days_before_end),
    )


def _week_factors(catalogue: Catalogue) -> FloatArray:
    return np.array([WEEKEND_WEEK if category.weekend else WORKING_WEEK for category in catalogue.categories])


def _season_factors(catalogue: Catalogue, dates: list[date]) -> FloatArray:
    """One cosine a year: 1 + amplitude × cos(2π (day of year - peak) / 365.25)."""
    day_of_year = np.array([day.timetuple().tm_yday for day in dates])
    peak = np.array([category.season_peak for category in catalogue.categories])
    amplitude = np.array([category.season_amplitude for category in catalogue.categories])
    return np.asarray(1 + amplitude[:, None] * np.cos(2 * np.pi * (day_of_year - peak[:, None]) / 365.25))


def _baseline(
    config: DemoConfig,
    catalogue: Catalogue,
    dates: list[date],
    week: FloatArray,
    season: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    category = np.array([product.category for product in catalogue.products])
    base = np.array([product.demand_per_day for product in catalogue.products])
    size = np.array([store.size for store in catalogue.stores])
    affinity = rng.lognormal(0, 0.2, (len(size), len(base)))
    weekday = np.array([day.weekday() for day in dates])
    shape = week[:, weekday][category] * season[category] * _trend(config, catalogue) * _life(config, catalogue)
    return np.asarray((size[:, None] * affinity * base)[:, :, None] * shape)


def _trend(config: DemoConfig, catalogue: Catalogue) -> FloatArray:
    """exp(log(1 + trend a year) × years), so that a trend of 0.45 is 45 % more after a year."""
    yearly = np.array([product.trend_per_year for product in catalogue.products])
    return np.asarray(np.exp(np.log1p(yearly)[:, None] * np.arange(config.days) / 365.25))


def _life(config: DemoConfig, catalogue: Catalogue) -> FloatArray:
    """0 before a launch and after a death; a new product needs about two weeks to be found by its buyers."""
    life = np.ones((len(catalogue.products), config.days))
    day = np.arange(config.days)
    since_launch = day - config.day_index(config.launch_days_before_end)
    for index, product in enumerate(catalogue.products):
        if product.kind == "new":
            life[index] = np.where(since_launch < 0, 0.0, 1 - 0.7 * np.exp(-np.maximum(since_launch, 0) / 7))
        elif product.kind == "dead":
            life[index] = day <= config.day_index(config.dead_days_before_end)
    return life


def _draw_list_prices(config: DemoConfig, reference: IntArray, rng: np.random.Generator) -> IntArray:
    """The reference price, then a change of 4 to 14 % up or down every five months or so, rounded to 5 cents."""
    prices = np.repeat(reference[:, None], config.days, axis=1)
    for product in range(len(reference)):
        changes = 1 + rng.poisson(config.days / 150)
        for day in np.sort(rng.integers(10, config.days, changes)):
            factor = 1 + rng.uniform(0.04, 0.14) * rng.choice([-1, 1])
            prices[product, day:] = max(5, 5 * round(reference[product] * factor / 5))
    return prices


def _draw_promotions(config: DemoConfig, catalogue: Catalogue, rng: np.random.Generator) -> tuple[Promotion, ...]:
    """About three offers a year for what moves, one or two weeks long; none for slow, new and dead products."""
    promotions = []
    for index, product in enumerate(catalogue.products):
        if product.kind in ("slow", "new", "dead"):
            continue
        first_day = int(rng.integers(5, 120))
        while first_day < config.days:
            length = int(rng.choice([7, 7, 14]))
            discount, lift = float(rng.choice([0.15, 0.2, 0.25, 0.3])), float(rng.uniform(1.05, 1.4))
            last_day = min(first_day + length, config.days) - 1
            promotions.append(Promotion(index, first_day, last_day, discount, round(lift, 3)))
            first_day += length + int(rng.integers(70, 160))
    return tuple(promotions)


def _with_promotions(list_price: IntArray, promotions: tuple[Promotion, ...]) -> tuple[IntArray, BoolArray, FloatArray]:
    """The prices charged, the offer flags, and the demand factor of the displays, all [P, T]."""
    price, lift = list_price.copy(), np.ones(list_price.shape)
    flags = np.zeros(list_price.shape, dtype=bool)
    for offer in promotions:
        days = (offer.product, slice(offer.first_day, offer.last_day + 1))
        price[days] = np.maximum(1, np.rint(list_price[days] * (1 - offer.discount)))
        flags[days] = True
        lift[days] = offer.display_lift
    return price, flags, lift


def _place_spike(config: DemoConfig, catalogue: Catalogue, baseline: FloatArray) -> Spike:
    """In the second store, for the steady product that sells nearest to 6 a day there: large against its own past."""
    day = config.day_index(config.spike_days_before_end)
    distance = np.abs(baseline[1, :, day] - 6)
    is_steady = np.array([product.kind == "steady" for product in catalogue.products])
    return Spike(store=1, product=int(np.argmin(np.where(is_steady, distance, np.inf))), day=day, factor=SPIKE_FACTOR)


def _draw_units(rate: FloatArray, catalogue: Catalogue, rng: np.random.Generator) -> IntArray:
    """Negative binomial days; a slow mover sells on a Poisson number of occasions, of 1 unit or now and then 3."""
    stores, _, days = rate.shape
    street = np.exp(rng.normal(0, STORE_DAY_NOISE, (stores, 1, days)) - STORE_DAY_NOISE**2 / 2)
    units = rng.poisson(rate * street * rng.gamma(DISPERSION, 1 / DISPERSION, rate.shape))
    slow = [index for index, product in enumerate(catalogue.products) if product.kind == "slow"]
    mean_size = 1.4  # of an occasion: 0.8 × 1 + 0.2 × 3
    occasions = rng.poisson(rate[:, slow] / mean_size)
    units[:, slow] = occasions + 2 * rng.binomial(occasions, 0.2)
    return np.asarray(units)
