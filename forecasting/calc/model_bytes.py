"""Every model's path of one series as few bytes, and what came of the paths: 12 models × 28 days take 690 bytes.

Reading errors needs no NumPy: the web process shows them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forecasting.calc.config import STORED_MODELS

if TYPE_CHECKING:
    from forecasting.calc.arrays import Floats

HEADER = struct.Struct("<BBf")  # models, horizon, scale
SMALLEST = 1e-30
# What is summed of each model's errors over the measured days; the days are those of the whole row.
ERROR_NAMES = ("absolute_error", "signed_error", "squared_error", "scaled_absolute_error", "scaled_squared_error")
Errors = dict[str, float]


def pack_paths(models: Sequence[str], paths: Floats) -> bytes:
    """M × H units as half floats of units / largest (three digits), after the models' places in ``STORED_MODELS``.

    Models without a path (NaN) are left out. H is at most 255. Raises ``ValueError`` for a model that is not stored.
    """
    import numpy as np  # this module is read by the web process, which packs nothing

    answered = np.flatnonzero(np.isfinite(paths).all(axis=1))
    codes = bytes(STORED_MODELS.index(models[row]) for row in answered.tolist())
    own = paths[answered]
    scale = max(float(np.abs(own).max(initial=0.0)), SMALLEST)
    return HEADER.pack(len(codes), paths.shape[1], scale) + codes + (own / np.float32(scale)).astype("<f2").tobytes()


def unpack_paths(packed: bytes, horizon: int) -> Floats:
    """Units, ``STORED_MODELS`` × ``horizon``: NaN for models that had none and for days past the path's end.

    Raises ``ValueError`` for bytes that are none.
    """
    import numpy as np  # see above

    if len(packed) < HEADER.size:
        raise ValueError("no model paths: too few bytes")
    count, days, scale = HEADER.unpack_from(packed)
    start = HEADER.size + count
    if len(packed) != start + 2 * count * days:
        raise ValueError("no model paths: the length does not fit the header")
    codes = np.frombuffer(packed, np.uint8, count, HEADER.size)
    paths = np.full((len(STORED_MODELS), horizon), np.nan, np.float32)
    units = np.frombuffer(packed, "<f2", count * days, start).astype(np.float32).reshape(count, days) * np.float32(
        scale
    )
    paths[codes, :days] = units[:, :horizon]
    return paths


def pack_errors_of_models(errors: Floats) -> bytes:
    """``STORED_MODELS`` × ``ERROR_NAMES`` sums as floats; NaN: the model had no path."""
    return errors.astype("<f4").tobytes()


def errors_of_models(packed: bytes) -> dict[str, Errors]:
    """By model the sums by name, of models that had a path. Bytes of fewer models (an older version's) are read as well.

    Raises ``ValueError`` for bytes that are none.
    """
    size = 4 * len(ERROR_NAMES)
    if len(packed) % size or len(packed) > size * len(STORED_MODELS):
        raise ValueError("no errors of models: the length fits no number of models")
    rows = struct.iter_unpack(f"<{len(ERROR_NAMES)}f", packed)
    found = {model: dict(zip(ERROR_NAMES, row, strict=True)) for model, row in zip(STORED_MODELS, rows, strict=False)}
    return {model: sums for model, sums in found.items() if sums["absolute_error"] == sums["absolute_error"]}
