"""Backtest errors of one series as few bytes: 13 origins × 28 days take 750 of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Floats, Ints

HEADER = struct.Struct("<HHf")  # origins, horizon, scale
SMALLEST = 1e-30


@dataclass(frozen=True)
class BacktestErrors:
    """``errors`` O × H in units (demand less forecast, NaN unknown); ``before`` (O): days from the origin to the end."""

    errors: Floats
    before: Ints


def pack_errors(errors: Floats, before: Ints) -> bytes:
    """Half floats of error / largest error (three digits), after a header. ``before`` is at most 65,535."""
    largest = float(np.nanmax(np.abs(errors), initial=0.0))
    scale = max(largest, SMALLEST) if np.isfinite(largest) else 1.0
    header = HEADER.pack(*errors.shape, scale)
    return header + before.astype("<u2").tobytes() + (errors / np.float32(scale)).astype("<f2").tobytes()


def unpack_errors(packed: bytes) -> BacktestErrors:
    """What ``pack_errors`` packed. Raises ``ValueError`` for bytes that are none."""
    if len(packed) < HEADER.size:
        raise ValueError("no backtest errors: too few bytes")
    origins, horizon, scale = HEADER.unpack_from(packed)
    start = HEADER.size + 2 * origins
    if len(packed) != start + 2 * origins * horizon:
        raise ValueError("no backtest errors: the length does not fit the header")
    before = np.frombuffer(packed, "<u2", origins, HEADER.size).astype(np.int64)
    errors = np.frombuffer(packed, "<f2", origins * horizon, start).astype(np.float32) * np.float32(scale)
    return BacktestErrors(errors.reshape(origins, horizon), before)
