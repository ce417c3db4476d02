"""What goes into the engine and what comes out: many series at once, arrays in, arrays out.

Shapes: S series, T known periods, H periods of the horizon, M models, C candidates, O backtest origins, Q levels.
A *period* is a day, a week or a month. An *origin* o is a number of known columns: column o is the first forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.calc.arrays import Bools, Floats, Ints

AS_WEIGHTED, DRAWN_TO_PLAIN, PLAIN_IS_BEST, UNTESTED, AS_ASKED, WITHIN_CHANCE = range(6)
# Why a series is served what it is; ``PanelForecast.reason`` is a place in it.
REASONS = (
    "The weighted models did at least as well as the plain ones.",
    "The weighted models lost to a plain one and were drawn to it until they did not.",
    "A plain model did best.",
    "Too little history for a test: weighted as the other series are.",
    "Asked for by name, and not held against the plain models.",
    "A plain model did better here by no more than chance explains: weighted as the panel's backtest has it.",
)


@dataclass(frozen=True)
class Effect:
    """Something that recurs, is known ahead and moves demand: a holiday, a named event, a promotion.

    ``periods`` (n, ascending) are its columns, past ones and those past the end of the panel; ``strength`` is S × n, 0 (not
    for this series) to 1. All occurrences share one uplift, learned at each origin from those before it.
    ``days_from_holiday``: of a day around a public holiday, how many days from it it lies (0 the holiday); else None.
    """

    name: str
    periods: Ints
    strength: Floats
    days_from_holiday: int | None = None


@dataclass(frozen=True)
class Panel:
    """Demand of S series over the same T periods, and what is known beside it. All arrays may be float32 or float64.

    - ``demand``: S × T units; NaN where unknown (before the first sale, out of stock). Infinite values count as
      unknown and negative ones (returns) as 0; how many there were is in ``PanelForecast.repaired``.
    - ``season``: periods of the short season, 7 for days. 1 for none. A ``season`` that is not shorter than ``year``
      (52 for weeks) means that there is no short season and that the yearly one is meant.
    - ``phase``: place of the first column in the season, 0 to season - 1. The statistical models count from the end and
      do not need it; models from outside may.
    - ``year``: periods of a year that keep the weekday: 364 for days, 52 for weeks, 12 for months, 0 for none.
    - ``groups``: S whole numbers, e.g. the category: the series that share strength when they are short.
    - ``in_stock``: S × T share of the period in stock, 0 to 1; ``demand`` is then what was sold. Means are Σ sold / Σ share; a
      period's own demand is sold / share from a half on, and unknown below.
    - ``promotion``: S × (T + H), 0 or 1 (or a strength), known ahead. Without columns for the horizon it is not used.
    - ``price``: S × (T + H) or S × T, above 0; NaN unknown. Not used by the statistical models.
    - ``effects``: what recurs and is known ahead, beside promotions.
    - ``given``: S × (T + D), demand as a multiple of the usual where somebody said so; 1 for all else, 0 for nothing to
      sell. Used as it is: what is served is multiplied by it, and past demand divided (unknown where it is 0).
    - ``first_day``: days since 1970-01-01 of column 0, for the days of the month; None: not days, or not known.
    """

    demand: Floats
    season: int = 7
    phase: int = 0
    year: int = 364
    groups: Ints | None = None
    in_stock: Floats | None = None
    promotion: Floats | None = None
    price: Floats | None = None
    effects: tuple[Effect, ...] = ()
    given: Floats | None = None
    first_day: int | None = None


@dataclass(frozen=True)
class ExtraCandidate:
    """Paths of a model from outside (boosting), which take part in the backtest, the gate and the weights.

    ``paths`` is S × (O + 1) × days ahead in units: from each of ``backtest_origins(...)`` with nothing but the columns
    before it, and last from T. Days ahead is ``days_ahead(config, sum_periods)``. NaN: this series is not answered.
    """

    model: str
    paths: Floats


@dataclass(frozen=True)
class Accuracy:
    """One model's backtest, one number per series; NaN where it could not be measured. Error = demand - forecast.

    ``demand`` is Σ demand of the ``points``, so that groups of series can be summed. WAPE Σ|error| / Σ demand, bias Σ error / Σ demand, MASE and RMSSE against the in-sample change over a season and
    over a period, over all origins and periods of the horizon. ``coverage_80``, ``coverage_95`` and ``pinball`` (mean
    over the levels, in units) are those of what is served, measured on origins that did not calibrate them.
    """

    model: str
    demand: Floats
    wape: Floats
    mase: Floats
    rmsse: Floats
    bias: Floats
    coverage_80: Floats
    coverage_95: Floats
    pinball: Floats
    points: Ints


@dataclass(frozen=True)
class DemandSum:
    """Demand summed over the first ``periods`` (S): mean (S), quantiles (S × sum levels), whether errors made them."""

    periods: Ints
    mean: Floats
    quantiles: Floats
    from_backtest: Bools


@dataclass(frozen=True)
class PanelForecast:
    """Forecasts of S series over H periods. Rows with ``is_forecast`` False (too little history) mean nothing.

    - ``sold_mean`` (S): units sold per period with sales data; ``demand_mean`` (S): the same, corrected for stock-outs.
    - ``mean`` and ``median`` S × H; ``quantiles`` S × H × ``config.levels``: at least 0, never crossing; whole numbers
      for slow movers whose history is whole numbers.
    - ``intervals`` S × H × ``config.interval_levels`` × 2: lower and upper bounds that cover the level's share of what
      comes. A slow mover's lower bound is 0 and takes nothing away, so its upper bound is a lower quantile than 1 - α/2.
    - ``models``: the M names; ``model_paths`` S × M × H; ``chosen`` (S): place in ``models`` of what is served, the
      ensemble or, where it lost on its own backtest, a plainer model; ``reason`` (S): place in ``REASONS``;
      ``rank`` S × M: 1 is the model with the least backtest error, 0 where it could not be measured.
    - ``periods``: T, from which ``origins`` count back.
    - ``candidates``: the C names; ``weights`` S × C of the ensemble.
    - ``accuracy``: M rows. ``scales`` S × 2: the history's mean |change over a season| and mean squared change over a
      period, by which later errors are scaled (MASE, RMSSE); NaN: it never changed. ``origins`` (O) and ``backtest_paths``
      S × O × H: what would have been served then.
    - ``backtest_errors`` S × O × H: demand less what would have been served then by weights and a gate that had not seen
      the origin; NaN unknown.
    - ``effects``: the names of what was learned about, and ``uplifts`` S × effects: its multiple of usual demand, 1 for
      none; ``calendar`` S × H: what effects, days of the month and given multiples make of each period.
    - ``horizon``: the sum over H; ``sums``: those asked for.
    """

    is_forecast: Bools
    history_periods: Ints
    known_periods: Ints
    repaired: Ints
    sold_mean: Floats
    demand_mean: Floats
    mean: Floats
    median: Floats
    quantiles: Floats
    intervals: Floats
    models: tuple[str, ...]
    model_paths: Floats
    chosen: Ints
    reason: Ints
    rank: Ints
    candidates: tuple[str, ...]
    weights: Floats
    accuracy: tuple[Accuracy, ...]
    scales: Floats
    periods: int
    origins: Ints
    backtest_paths: Floats
    backtest_errors: Floats
    effects: tuple[str, ...]
    uplifts: Floats
    calendar: Floats
    horizon: DemandSum
    sums: tuple[DemandSum, ...]
