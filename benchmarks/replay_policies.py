"""The policies that a replay compares: ours, ours with a plainer forecast, and the rules that shops use."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

from benchmarks.replay import Case, Policy, Situation
from forecasting.calc.boosting import boosting_is_installed, train_boosting
from forecasting.calc.config import GRADIENT_BOOSTING
from forecasting.calc.panel import ExtraCandidate, ForecastConfig, Panel, backtest_origins, days_ahead, forecast_panel
from forecasting.calc.sales_history import History
from insights.calc.replenishment.arrays import Floats
from insights.calc.replenishment.censoring import HALF, uncensored_demand
from insights.calc.replenishment.config import COST, PolicyConfig
from insights.calc.replenishment.demand import DemandSums
from insights.calc.replenishment.plan import plan_orders
from insights.calc.replenishment.rows import Rows

# Of the sums that the policy reads: finer than what the nightly forecast stores.
LEVELS = (0.01, 0.025, *np.round(np.arange(0.05, 0.96, 0.05), 2).tolist(), 0.975, 0.99, 0.995)
YEAR_DAYS, WEEK_DAYS = 364, 7
AVERAGE_WEEKS = 13
ORIGINS = 8
Forecast = Callable[[Situation], DemandSums]


def policies(case: Case) -> dict[str, Policy]:
    """By name, ``default`` first. None is tuned to the case."""
    average = Averages(case)
    ahead = case.lead_time + 1
    covers = {f"cover_{ahead + more}_periods": order_up_to_cover(average, ahead + more) for more in range(3)}
    heuristics = {f"heuristic_{days}_days": heuristic(case, average, days) for days in (7, 10, 14)}
    return {
        "default": ours(case, engine(case)),
        "moving_average_13_weeks": ours(case, average.sums),
        **covers,
        "min_max": min_max(case, average),
        "z_sigma_sqrt_l": z_sigma_sqrt_l(case, average),
        **heuristics,
    }


def ours(case: Case, forecast: Forecast) -> Policy:
    """The product's order policy by cost, on a forecast's sums."""
    config = PolicyConfig(goal=COST)

    def policy(situation: Situation) -> Floats:
        return plan_orders(_rows(case, situation, forecast(situation)), config).quantity

    return policy


def engine(case: Case) -> Forecast:
    """The product's forecasting engine, run anew on all that is known; periods that ran out of stock are no plain zeros.

    As at night: gradient boosting is trained anew on all series where its library is installed, and has a part in the
    ensemble as far as the backtest gives it one.
    """
    days = case.period_days
    lengths = case.lead_time + 2

    def forecast(situation: Situation) -> DemandSums:
        demand, in_stock = uncensored_demand(
            situation.demand, situation.in_stock, around=AVERAGE_WEEKS * WEEK_DAYS // days
        )
        year = YEAR_DAYS // days
        panel = Panel(demand=demand, season=WEEK_DAYS if days == 1 else year, year=year, in_stock=in_stock)
        asked = [np.full(len(demand), length, dtype=np.int64) for length in range(1, lengths + 1)]
        config = ForecastConfig(horizon=lengths, sum_levels=LEVELS, minimum_history=1)
        trees = _trees(panel, config, asked, days) if boosting_is_installed() else []
        found = forecast_panel(panel, config, sum_periods=asked, extra=trees)
        return _sums(
            case,
            np.stack([one.mean for one in found.sums], axis=1),
            np.stack([one.quantiles for one in found.sums], axis=1),
            known=found.is_forecast,
        )

    return forecast


def _trees(panel: Panel, config: ForecastConfig, asked: list[Any], period_days: int) -> list[ExtraCandidate]:
    """The trees of today and of the backtest's origins; none where the panel is too short for them."""
    in_stock = np.ones_like(panel.demand) if panel.in_stock is None else panel.in_stock
    known = in_stock >= HALF
    history = History(
        demand=np.where(known, panel.demand / np.where(known, in_stock, 1.0), np.nan),
        first_day=0,
        period_days=period_days,
        season=panel.season,
        in_stock=in_stock,
    )
    origins, ahead = backtest_origins(panel, config), days_ahead(config, asked)
    trained = train_boosting(history, origins, ahead)
    return [ExtraCandidate(GRADIENT_BOOSTING, trained.paths(history, origins, ahead))] if trained.is_trained else []


def _sums(case: Case, mean: Floats, quantiles: Floats, known: Floats) -> DemandSums:
    series, lengths = mean.shape
    return DemandSums(
        periods=np.broadcast_to(np.arange(1.0, lengths + 1), (series, lengths)),
        levels=np.array(LEVELS),
        quantiles=np.where(known[:, None, None], quantiles, np.nan),
        mean=np.where(known[:, None], mean, np.nan),
        whole=_is_whole(case),
    )


def _is_whole(case: Case) -> Floats:
    return np.nanmax(np.abs(case.history - np.rint(case.history)), axis=1, initial=0.0) < 1e-4


def _rows(case: Case, situation: Situation, demand: DemandSums) -> Rows:
    series = len(case.series)
    zeros, ones = np.zeros(series), np.ones(series)
    due = situation.due if case.lead_time else np.zeros((series, 1))
    return Rows(
        demand=demand,
        fallback_units=zeros,
        on_hand=situation.on_hand,
        committed=zeros,
        arrivals=due,
        arrival_periods=np.broadcast_to(np.arange(float(due.shape[1])), due.shape),
        # An order without lead time is there for the next period: as good as at once.
        lead_times=np.full((series, 1), max(float(case.lead_time), 1e-6)),
        review_periods=ones,
        minimum_units=zeros,
        maximum_units=zeros,
        shelf_life_periods=zeros,
        pack_size=ones,
        minimum_order=zeros,
        unit_cost=ones,
        margin=ones * case.lost_sale_cost,
        goodwill=zeros,
        holding=ones * case.holding_cost,
        salvage=ones,
        abc_xyz=np.full(series, ""),
        supplier=np.zeros(series, dtype=np.int64),
        discontinued=np.zeros(series, dtype=bool),
    )


class Averages:
    """The mean of the last 13 weeks without the season, put back into the season; with the errors that it made before.

    The season is the panel's: total demand of a period over the mean of the year around it, a year before. Without a year of
    history and 13 weeks more it is 1.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.window = AVERAGE_WEEKS * WEEK_DAYS // case.period_days
        self.year = YEAR_DAYS // case.period_days
        self.lengths = case.lead_time + 2

    def known(self, situation: Situation) -> Floats:
        """Demand, NaN where the period ran out."""
        return np.where(situation.in_stock >= HALF, situation.demand, np.nan)

    def path(self, demand: Floats, ahead: int) -> Floats:
        """S × ``ahead`` expected units."""
        index = self._index(demand, ahead)
        recent = demand[:, -self.window :]
        factors = index[-ahead - recent.shape[1] : -ahead]
        level = _mean(np.where(factors > 0, recent / np.where(factors > 0, factors, 1.0), np.nan))
        return level[:, None] * index[-ahead:]

    def _index(self, demand: Floats, ahead: int) -> Floats:
        periods = demand.shape[1]
        index = np.ones(periods + ahead)
        if periods < self.year + self.window:
            return index
        total = _mean(demand.T)
        for period in range(periods - self.window, periods + ahead):
            ago = period - self.year * (1 + (period - self.year >= periods))
            if ago >= 0:
                around = total[max(ago - self.year // 2, 0) : min(ago + self.year // 2 + 1, periods)]
                near = total[max(ago - 1, 0) : ago + 2]
                index[period] = near.mean() / around.mean() if around.mean() > 0 else 1.0
        return index

    def total(self, situation: Situation, periods: int) -> Floats:
        return self.path(self.known(situation), periods).sum(axis=1)

    def level(self, situation: Situation) -> Floats:
        """Plain mean of the last 13 weeks, per period."""
        return _mean(self.known(situation)[:, -self.window :])

    def sums(self, situation: Situation) -> DemandSums:
        """Sums with the quantiles of the errors at past origins, in units of √mean, over all series."""
        demand = self.known(situation)
        mean = np.cumsum(self.path(demand, self.lengths), axis=1)
        quantiles = np.empty((*mean.shape, len(LEVELS)))
        errors = self._errors(demand)
        for length in range(self.lengths):
            scores = np.quantile(errors[length], LEVELS) if len(errors[length]) else _normal_scores()
            root = np.sqrt(np.maximum(mean[:, [length]], 0.05))
            quantiles[:, length] = np.maximum(mean[:, [length]] + root * scores, 0)
        return _sums(self.case, mean, quantiles, known=np.isfinite(mean).all(axis=1))

    def _errors(self, demand: Floats) -> list[Floats]:
        found: list[list[Floats]] = [[] for _ in range(self.lengths)]
        for origin in range(demand.shape[1] - self.lengths - ORIGINS + 1, demand.shape[1] - self.lengths + 1):
            if origin <= self.window:
                continue
            mean = np.cumsum(self.path(demand[:, :origin], self.lengths), axis=1)
            came = np.cumsum(demand[:, origin : origin + self.lengths], axis=1)
            standard = (came - mean) / np.sqrt(np.maximum(mean, 0.05))
            for length in range(self.lengths):
                found[length].append(standard[np.isfinite(standard[:, length]), length])
        return [np.concatenate(parts) if parts else np.zeros(0) for parts in found]


def order_up_to_cover(average: Averages, periods: int) -> Policy:
    """Position up to the seasonal average's demand of so many periods."""
    return lambda situation: _up_to(average.total(situation, periods), situation)


def min_max(case: Case, average: Averages) -> Policy:
    """Set once, from the first order: at or under 1.5 lead times and a period of demand, up to two periods more."""
    levels: dict[str, Floats] = {}

    def policy(situation: Situation) -> Floats:
        if not levels:
            mean = average.level(situation)
            levels["minimum"] = mean * (1.5 * case.lead_time + 1)
            levels["maximum"] = levels["minimum"] + 2 * mean
        position = situation.on_hand + situation.due.sum(axis=1)
        return np.where(position <= levels["minimum"], _up_to(levels["maximum"], situation), 0.0)

    return policy


def z_sigma_sqrt_l(case: Case, average: Averages) -> Policy:
    """μ (L + 1) + z σ √(L + 1) of the last 26 weeks, z of the critical ratio."""
    z = NormalDist().inv_cdf(case.lost_sale_cost / (case.lost_sale_cost + case.holding_cost))
    periods = case.lead_time + 1

    def policy(situation: Situation) -> Floats:
        recent = average.known(situation)[:, -2 * average.window :]
        mean = _mean(recent)
        sd = np.sqrt(_mean((recent - mean[:, None]) ** 2))
        return _up_to(mean * periods + z * sd * np.sqrt(periods), situation)

    return policy


def heuristic(case: Case, average: Averages, days: int) -> Policy:
    """The original's target: minimum + daily demand × 7, 10 or 14 days; the minimum is what sells in the lead time."""
    periods = case.lead_time + days / case.period_days
    return lambda situation: _up_to(average.level(situation) * periods, situation)


def _up_to(target: Floats, situation: Situation) -> Floats:
    position = situation.on_hand + situation.due.sum(axis=1)
    return np.maximum(np.rint(np.nan_to_num(target) - position), 0.0)


def _mean(values: Floats) -> Floats:
    """Of the known values of each row; 0 for none."""
    known = np.isfinite(values)
    mean: Floats = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return mean


def _normal_scores() -> Floats:
    return np.array([NormalDist().inv_cdf(level) for level in LEVELS])
