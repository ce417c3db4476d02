"""Least squares with classical or clustered errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LeastSquares:
    """``coefficients`` and their ``errors`` (K), ``r2`` of the variance around the mean, ``residuals`` (N)."""

    coefficients: Floats
    errors: Floats
    r2: float
    residuals: Floats


def least_squares(X: Floats, y: Floats, *, clusters: Ints | None = None) -> LeastSquares:
    """Fit y ≈ X·β. With ``clusters`` (N codes) errors may correlate within a cluster (Liang & Zeger, with the small-sample
    factor G/(G−1)·(N−1)/(N−K)); otherwise they are independent with one variance.

    Raises ``ValueError`` where columns are linearly dependent or rows are too few.
    Worked: X = (1, 0), (1, 1), (1, 2), y = 1, 3, 5: coefficients 1 and 2, errors 0, R² 1.
    """
    count, width = X.shape
    if count < width or np.linalg.matrix_rank(X) < width:
        raise ValueError("the columns are linearly dependent, or there are fewer rows than columns")
    gram = np.asarray(np.linalg.inv(X.T @ X), dtype=np.float64)
    beta = gram @ (X.T @ y)
    residuals = y - X @ beta
    if clusters is None:
        variance = gram * float(residuals @ residuals) / max(count - width, 1)
    else:
        variance = _clustered(X, residuals, clusters, gram)
    total = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - float(residuals @ residuals) / total if total > 0 else 0.0
    return LeastSquares(beta, np.sqrt(np.maximum(np.diag(variance), 0)), r2, residuals)


def _clustered(X: Floats, residuals: Floats, clusters: Ints, gram: Floats) -> Floats:
    names, code = np.unique(clusters, return_inverse=True)
    groups, (count, width) = len(names), X.shape
    if groups < 2:
        raise ValueError("clustered errors need two clusters or more")
    scores = np.column_stack([np.bincount(code, weights=column * residuals, minlength=groups) for column in X.T])
    factor = groups / (groups - 1) * (count - 1) / max(count - width, 1)
    return np.asarray(gram @ (scores.T @ scores) @ gram * factor)
