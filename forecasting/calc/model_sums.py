"""The errors of every model, added up over groups of series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.config import STORED_MODELS
from forecasting.calc.error_sums import SUM_NAMES
from forecasting.calc.model_bytes import ERROR_NAMES

# What all models that were measured on a row share: the same days, the same demand, the same naive.
SHARED_NAMES = (
    "points",
    "actual_units",
    "scaled_points",
    "naive_points",
    "beside_naive_actual_units",
    "naive_absolute_error",
)
BESIDE = slice(SHARED_NAMES.index("naive_points"), len(SHARED_NAMES))


def errors_array(packed: Sequence[bytes]) -> Floats:
    """N × ``STORED_MODELS`` × ``ERROR_NAMES`` of packed errors; NaN for models that had no path, or were not there yet."""
    size = len(STORED_MODELS) * len(ERROR_NAMES) * 4
    nothing = np.full(size // 4, np.nan, "<f4").tobytes()
    filled = b"".join(one + nothing[len(one) :] for one in packed)
    return np.frombuffer(filled, "<f4").reshape(len(packed), len(STORED_MODELS), len(ERROR_NAMES)).astype(np.float64)


def grouped_sums(group: Ints, groups: int, shared: Floats, errors: Floats) -> tuple[Ints, Floats]:
    """Series' rows and sums of each group and model: G × models, and G × models × ``SUM_NAMES``.

    ``group`` (N) is each row's group; ``shared`` N × ``SHARED_NAMES``; ``errors`` as of ``errors_array``. A model stands beside
    the naive only on rows where the naive is known on all days, since its errors are of all days.
    """
    measured = np.isfinite(errors[:, :, 0])
    columns = np.zeros((*measured.shape, len(SUM_NAMES)))
    for place, name in enumerate(ERROR_NAMES):
        columns[:, :, SUM_NAMES.index(name)] = errors[:, :, place]
    is_beside = shared[:, SHARED_NAMES.index("naive_points")] == shared[:, 0]
    own = shared.copy()
    own[~is_beside, BESIDE] = 0
    for place, name in enumerate(SHARED_NAMES):
        columns[:, :, SUM_NAMES.index(name)] = own[:, None, place]
    columns[:, :, SUM_NAMES.index("beside_naive_absolute_error")] = errors[:, :, 0] * is_beside[:, None]
    columns[~measured] = 0
    counts = np.zeros((groups, measured.shape[1]), np.int64)
    sums = np.zeros((groups, measured.shape[1], len(SUM_NAMES)))
    np.add.at(counts, group, measured)
    np.add.at(sums, group, columns)
    return counts, sums
