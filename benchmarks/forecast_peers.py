"""The field's forecasters on the same histories: statsforecast's automatic models, and LightGBM global and direct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.forecast_scores import Answer

Floats = npt.NDArray[np.float64]
Peer = Callable[[Floats, int, int], Answer]

LEVELS = (80, 95)
WINDOWS = (1, 2, 4, 8, 13, 26, 52)
YEAR_WEEKS = 52
TRAINING_ORIGINS = 40
MOST_ROWS = 400_000
ROUNDS = 300


def statsforecast_peer(model: str) -> Peer:
    def answer(history: Floats, horizon: int, season: int) -> Answer:
        from statsforecast import models  # the peers' own environment, seconds to import

        class_ = getattr(models, model)
        # Weeks have no season within the year: the year itself is theirs, once two of it are known.
        if season == 1 and history.shape[1] >= 2 * YEAR_WEEKS:
            season = YEAR_WEEKS
        paths = [_one_series(class_(season_length=season), _started(row), horizon) for row in history]
        mean, bounds = np.stack([path for path, _ in paths]), np.stack([bound for _, bound in paths])
        return Answer(mean, mean, bounds)

    return answer


def _started(row: Floats) -> Floats:
    known = np.flatnonzero(np.isfinite(row))
    return np.nan_to_num(row[known[0] :]) if len(known) else np.zeros(1)


def _one_series(model: Any, row: Floats, horizon: int) -> tuple[Floats, Floats]:
    """A series that the model fails on is answered by its mean of the last eight weeks, as one would do by hand."""
    try:
        found = model.forecast(y=row, h=horizon, level=list(LEVELS))
        bounds = [found[f"{side}-{level}"] for level in LEVELS for side in ("lo", "hi")]
        mean, columns = np.asarray(found["mean"], dtype=float), np.stack(bounds, axis=1).astype(float)
    except Exception as error:  # noqa: BLE001  whatever the peer raises, the benchmark goes on and says so
        print(f"    {type(model).__name__} failed on a series of {len(row)}: {error}", flush=True)
        mean, columns = np.full(horizon, row[-56:].mean()), np.full((horizon, 2 * len(LEVELS)), row[-56:].mean())
    return np.maximum(np.nan_to_num(mean), 0.0), np.maximum(np.nan_to_num(columns), 0.0)


def lightgbm_peer(history: Floats, horizon: int, season: int) -> Answer:
    """One model for all series and days ahead: lags, rolling means, last year's week; five quantile models beside it."""
    import lightgbm

    random = np.random.default_rng(0)
    periods = history.shape[1]
    origins = [origin for k in range(TRAINING_ORIGINS) if (origin := periods - horizon - 7 * k) > 8 * season]
    parts = [_rows(history, origin, horizon, season) for origin in origins or [periods - horizon]]
    scale = np.concatenate([scale for _, scale in parts])
    target = np.concatenate([history[:, o : o + horizon].reshape(-1) for o in origins or [periods - horizon]]) / scale
    rows = np.concatenate([rows for rows, _ in parts])
    use = np.isfinite(target) & (random.random(len(target)) < MOST_ROWS / len(target))
    ahead, ahead_scale = _rows(history, periods, horizon, season)
    data = lightgbm.Dataset(rows[use], target[use], weight=np.minimum(scale[use], 50), free_raw_data=False)

    def fitted(**objective: Any) -> Floats:
        settings = {
            "learning_rate": 0.05,
            "num_leaves": 31,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.8,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "num_threads": 1,
            "verbosity": -1,
        }
        model = lightgbm.train(settings | objective, data, ROUNDS)
        units: Floats = np.maximum(model.predict(ahead, num_threads=1), 0.0) * ahead_scale
        return units.reshape(len(history), horizon)

    mean = fitted(objective="tweedie", tweedie_variance_power=1.3)
    median, *bounds = (fitted(objective="quantile", alpha=level) for level in (0.5, 0.1, 0.9, 0.025, 0.975))
    return Answer(mean, median, np.stack(bounds, axis=2))


def _rows(history: Floats, origin: int, horizon: int, season: int) -> tuple[Floats, Floats]:
    """Rows (series × periods ahead) × features, and the scale that the target is divided by."""
    series = len(history)
    sums = np.concatenate([np.zeros((series, 1)), np.cumsum(np.nan_to_num(history), axis=1)], axis=1)
    unit = 7 if season == 7 else 1

    def mean(weeks: int) -> Floats:
        first = max(origin - weeks * unit, 0)
        found: Floats = (sums[:, origin] - sums[:, first]) / max(origin - first, 1)
        return found

    means = {weeks: mean(weeks) for weeks in WINDOWS}
    scale = np.maximum((means[4] + means[13]) / 2, 0.05)
    blocks = []
    for step in range(horizon):
        target = origin + step
        lags = [target - season * (step // season + 1 + back) for back in range(8)]
        lagged = np.stack([history[:, lag] if lag >= 0 else np.full(series, np.nan) for lag in lags], axis=1)
        year = target - 52 * unit
        around = (
            (sums[:, year + unit // 2 + 1] - sums[:, year - unit // 2]) / unit
            if year > unit
            else np.full(series, np.nan)
        )
        known = np.isfinite(lagged)
        usual = np.where(known, lagged, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        columns = [
            np.full(series, step),
            np.full(series, target % season),
            np.full(series, target % (52 * unit)),
            *(means[weeks] / scale for weeks in WINDOWS),
            usual / scale,
            lagged[:, 0] / scale,
            lagged[:, 1] / scale,
            around / scale,
            np.log(scale),
        ]
        blocks.append(np.stack(columns, axis=1))
    rows = np.stack(blocks, axis=1).reshape(series * horizon, -1)
    return rows, np.repeat(scale, horizon)


PEERS: dict[str, Peer] = {
    "AutoETS": statsforecast_peer("AutoETS"),
    "AutoTheta": statsforecast_peer("AutoTheta"),
    "AutoCES": statsforecast_peer("AutoCES"),
    "LightGBM": lightgbm_peer,
}
# These look at one series at a time: on a sample they say what they would say on the whole panel.
LOCAL_PEERS = ("AutoETS", "AutoTheta", "AutoCES")
