"""What a day was expected to be, from the days before it alone, and how far it lies from that.

Many series at once: S series × T days, each weekday compared with itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analytics.calc.outliers import MAD_TO_SD

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
WEEK = 7
LEAST_PEERS = 5


@dataclass(frozen=True)
class WatchConfig:
    """``day_bound`` and ``week_bound``: deviations beyond which a day, or a week, is anomalous; ``silence_bound``: the same where nothing at all came in, which chance
    does more seldom.

    ``least_days`` known days come before any verdict, and a day of whom less than ``least_units`` were expected has none.
    ``level_rate`` and ``weekday_rate`` are the shares of a day's error that the level and the weekday's pattern
    take over; ``scale_rate`` that of the scale. ``clip``: deviations of a day that are learned from; ``shift_days`` days beyond
    it in a row, on one side, are a new usual, and the level goes there by ``shift_rate``.
    ``dispersion`` κ: variance of daily units = mean + κ mean², the shape of the noise whatever its size. ``least_noise`` and
    ``least_week_noise``: nobody's day or week is taken for steadier than this share of its level, so that a few per cent are
    no anomaly however regular a big store is.
    """

    day_bound: float = 3.5
    week_bound: float = 4.0
    silence_bound: float = 2.5
    least_days: int = 56
    least_units: float = 3.0
    level_rate: float = 0.15
    weekday_rate: float = 0.1
    scale_rate: float = 0.03
    clip: float = 2.5
    shift_days: int = 3
    shift_rate: float = 0.5
    dispersion: float = 0.02
    least_noise: float = 0.05
    least_week_noise: float = 0.03
    weeks_before: int = 4


@dataclass(frozen=True)
class Watched:
    """All S × T in the series' own measure (units, money, lines); NaN where a day had no verdict.

    ``expected`` and the bounds ``lower`` and ``upper`` of a usual day; ``deviations``: how far the day lies from expected, in
    usual errors of a day. The same of the week that ends with the day, per day of it and with the weekdays evened out.
    """

    expected: Floats
    lower: Floats
    upper: Floats
    deviations: Floats
    week_actual: Floats
    week_expected: Floats
    week_lower: Floats
    week_upper: Floats
    week_deviations: Floats


def watch(
    values: Floats,
    *,
    unit_value: Floats,
    first_weekday: int,
    groups: Ints | None = None,
    config: WatchConfig | None = None,
) -> Watched:
    """Judge every day by the days before it: changing the future changes no verdict of the past.

    ``values`` S × T, NaN for days not to be learned from nor judged (before the first, closed, holidays); negative ones
    (more returned than sold) count as 0. ``unit_value`` (S, above 0): what one unit is in the measure of the
    series, 1 for units, the mean price for money. ``first_weekday`` is that of column 0. ``groups`` (S): series of one group are
    peers, such as stores of a company: where there are five, a week is held against theirs too.

    Days are seen through g(u) = 2/√κ asinh √(κu), the transform that makes a negative binomial's noise even (a square root
    for few units, a logarithm for many). Level, weekdays and scale follow by exponential smoothing whose errors are clipped, so
    that an odd day moves them little (Gelper, Fried and Croux 2010, “Robust forecasting with exponential and Holt-Winters
    smoothing”); at first they are plain means. The scale is at least that of Poisson noise. A week is held against the
    four before it, weekdays taken out and less what its peers' middle one changed (a season is everybody's), by the usual
    spread of that very difference in the past.

    Worked: 10 units every day have deviations of 0; a day of 30 then lies 4.3 Poisson deviations above, for κ = 0.02.
    Raises ``ValueError`` for a unit value that is not above 0 or does not fit.
    """
    config = config or WatchConfig()
    if unit_value.shape != (len(values),) or not (unit_value > 0).all():
        raise ValueError("unit_value: give one number above 0 for each series")
    units = np.where(np.isnan(values), np.nan, np.maximum(values, 0.0)) / unit_value[:, None]
    seen = transform(units, config.dispersion)
    followed = _follow(seen, first_weekday, config)
    week = _weeks(seen - followed.weekday, groups, config)
    reach = config.day_bound * followed.scale
    value = unit_value[:, None]
    return Watched(
        expected=untransform(followed.expected, config.dispersion) * value,
        lower=untransform(followed.expected - reach, config.dispersion) * value,
        upper=untransform(followed.expected + reach, config.dispersion) * value,
        deviations=(seen - followed.expected) / followed.scale,
        week_actual=untransform(week.actual, config.dispersion) * value,
        week_expected=untransform(week.usual, config.dispersion) * value,
        week_lower=untransform(week.usual - config.week_bound * week.scale, config.dispersion) * value,
        week_upper=untransform(week.usual + config.week_bound * week.scale, config.dispersion) * value,
        week_deviations=week.deviations,
    )


def transform(units: Floats, dispersion: float) -> Floats:
    """g(u) = 2/√κ asinh √(κu): noise of variance u + κu² gets a variance of about 1."""
    seen: Floats = 2 / np.sqrt(dispersion) * np.arcsinh(np.sqrt(dispersion * units))
    return seen


def untransform(seen: Floats, dispersion: float) -> Floats:
    """The units that ``transform`` shows as ``seen``; what lies under 0 is 0."""
    units: Floats = np.sinh(np.sqrt(dispersion) * np.maximum(seen, 0.0) / 2) ** 2 / dispersion
    return units


@dataclass(frozen=True)
class _Followed:
    """S × T: what was expected and with which scale (NaN without a verdict), and each day's weekday effect then."""

    expected: Floats
    scale: Floats
    weekday: Floats


def _follow(seen: Floats, first_weekday: int, config: WatchConfig) -> _Followed:
    series, days = seen.shape
    level, scale = np.zeros(series), np.zeros(series)
    weekday, of_weekday = np.zeros((series, WEEK)), np.zeros((series, WEEK))
    count, run, side = np.zeros(series), np.zeros(series), np.zeros(series)
    expected, scales, effects = (np.full(seen.shape, np.nan) for _ in range(3))
    for day in range(days):
        place = (first_weekday + day) % WEEK
        known = np.isfinite(seen[:, day])
        guess = level + weekday[:, place]
        floor = least_scale(guess, config.dispersion, config.least_noise)
        usual = np.maximum(scale, floor)
        effects[:, day] = weekday[:, place]
        may_judge = (count >= config.least_days) & (untransform(guess, config.dispersion) >= config.least_units)
        expected[:, day] = np.where(may_judge, guess, np.nan)
        scales[:, day] = np.where(may_judge, usual, np.nan)

        error = np.where(known, seen[:, day] - guess, 0.0)
        error = np.where(count == 0, np.where(known, seen[:, day], 0.0), error)
        is_young = count < 2 * WEEK
        clipped = np.where(is_young, error, np.clip(error, -config.clip * usual, config.clip * usual))
        now_side = np.where(np.abs(error) > config.clip * usual, np.sign(error), 0.0)
        run = np.where(known, np.where(now_side == 0, 0.0, np.where(now_side == side, run + 1, 1.0)), run)
        side = np.where(known, now_side, side)
        count += known
        of_weekday[:, place] += known
        rate = np.maximum(config.level_rate, 1 / np.maximum(count, 1))
        has_shifted = (run >= config.shift_days) & ~is_young
        level += known * np.where(has_shifted, config.shift_rate * error, rate * clipped)
        own_rate = np.maximum(config.weekday_rate, 1 / np.maximum(of_weekday[:, place], 1))
        after = np.where(known & (count > WEEK) & ~has_shifted, own_rate * (1 - rate) * clipped, 0.0)
        weekday[:, place] += after
        weekday -= weekday.mean(axis=1, keepdims=True) * (count > WEEK)[:, None]
        learned = known & (count > WEEK)
        own_scale = np.maximum(config.scale_rate, 1 / np.maximum(count - WEEK, 1))
        size = np.minimum(np.abs(error), np.where(is_young, np.inf, config.clip * usual)) * MEAN_TO_SD
        scale += np.where(learned, own_scale * (size - scale), 0.0)
    return _Followed(expected, scales, effects)


MEAN_TO_SD = 1.2533
"""The standard deviation of normal values over their mean absolute deviation."""


def least_scale(seen: Floats, dispersion: float, noise: float) -> Floats:
    """The standard deviation in g of Poisson noise and a relative one of ``noise`` together: √((1 + noise² u) / (1 + κu))."""
    units = untransform(seen, dispersion)
    scale: Floats = np.sqrt((1 + noise**2 * units) / (1 + dispersion * units))
    return scale


@dataclass(frozen=True)
class _Weeks:
    actual: Floats
    usual: Floats
    scale: Floats
    deviations: Floats


def _weeks(flat: Floats, groups: Ints | None, config: WatchConfig) -> _Weeks:
    """Mean of the last seven days against the median of the four weeks before, by the spread of that in the past."""
    before = WEEK * config.weeks_before
    nothing = np.full(flat.shape, np.nan)
    if flat.shape[1] < before + WEEK:
        return _Weeks(nothing, nothing, nothing, nothing)
    actual, usual = nothing.copy(), nothing.copy()
    last = sliding_window_view(flat[:, before:], WEEK, axis=1)
    earlier = sliding_window_view(flat[:, :-WEEK], before, axis=1)
    actual[:, before + WEEK - 1 :] = _known_mean(last, least=5)
    usual[:, before + WEEK - 1 :] = _known_median(earlier, least=before // 2)
    expected = usual + _of_peers(actual - usual, groups)
    difference = actual - expected
    chance = least_scale(expected, config.dispersion, 0.0) * np.sqrt(1 / WEEK + np.pi / 2 / before)
    own_noise = config.least_week_noise * np.sqrt(untransform(expected, config.dispersion))
    relative = least_scale(expected, config.dispersion, 0.0) * own_noise
    scale = np.maximum(_past_scale(difference, least=8 * WEEK), np.hypot(chance, relative))
    enough = untransform(expected, config.dispersion) >= config.least_units
    return _Weeks(actual, expected, scale, np.where(enough, difference / scale, np.nan))


def _of_peers(difference: Floats, groups: Ints | None) -> Floats:
    """The median difference of each series' group and day; 0 where fewer than five of it are known."""
    common = np.zeros(difference.shape)
    for group in np.unique(groups) if groups is not None else ():
        rows = np.flatnonzero(groups == group)
        enough = np.isfinite(difference[rows]).sum(axis=0) >= LEAST_PEERS
        common[np.ix_(rows, enough)] = np.nanmedian(difference[np.ix_(rows, enough)], axis=0)
    return common


def _known_mean(windows: Floats, *, least: int) -> Floats:
    known = np.isfinite(windows)
    count = known.sum(axis=-1)
    return np.where(count >= least, np.where(known, windows, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)


def _known_median(windows: Floats, *, least: int) -> Floats:
    enough = np.isfinite(windows).sum(axis=-1) >= least
    medians = np.full(enough.shape, np.nan)
    medians[enough] = np.nanmedian(windows[enough], axis=-1)
    return medians


def _past_scale(difference: Floats, *, least: int) -> Floats:
    """Of each day, the robust scale of the differences up to a week before it (their sign is either), growing with time."""
    scale = np.full(difference.shape, np.nan)
    for day in range(least, difference.shape[1]):
        past = np.abs(difference[:, max(day - 26 * WEEK, 0) : day - WEEK + 1])
        known = np.isfinite(past).sum(axis=1)
        enough = known >= least - WEEK
        if enough.any():
            scale[enough, day] = MAD_TO_SD * np.nanmedian(past[enough], axis=1)
    return scale


def alerts(watched: Watched, config: WatchConfig | None = None) -> Bools:
    """S × T: days beyond the bound, and days on which the week first went beyond its own."""
    config = config or WatchConfig()
    return odd_days(watched, config) | odd_weeks(watched, config)


def odd_days(watched: Watched, config: WatchConfig) -> Bools:
    with np.errstate(invalid="ignore"):
        odd: Bools = np.abs(watched.deviations) > config.day_bound
    return odd


def odd_weeks(watched: Watched, config: WatchConfig) -> Bools:
    """The first day of each stretch beyond the bound; a stretch that was left for less than a week goes on."""
    with np.errstate(invalid="ignore"):
        beyond = np.abs(watched.week_deviations) > config.week_bound
    padded = np.pad(beyond, ((0, 0), (WEEK, 0)))
    of_late = sliding_window_view(padded, WEEK, axis=1)[:, :-1].any(axis=-1)
    odd: Bools = beyond & ~of_late
    return odd
