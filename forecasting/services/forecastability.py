"""The XYZ class of every series that is forecast, kept where the ABC classes are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from analytics.models import ProductClass
from analytics.services.classes import XyzClass, keep_xyz
from forecasting.calc.arrays import Floats
from forecasting.calc.forecastability import forecastability
from forecasting.calc.panel import PanelForecast

DECIMALS = 4


def classify_series(
    panel: PanelForecast, demand: Floats, product_ids: Sequence[int], *, store_id: int, forecast_date: date
) -> None:
    """``demand`` is S × T as the panel had it. A series with a newer class keeps it. See ``keep_xyz`` for the queries."""
    errors = np.where(panel.is_forecast[:, None, None], panel.backtest_errors, np.nan)
    found = forecastability(errors=errors, origins=panel.origins, demand=demand)
    classes = {
        product_id: XyzClass(
            xyz_class=xyz,
            week_error=round(error, DECIMALS) if xyz else None,
            error_basis=_basis(from_backtest=from_backtest) if xyz else "",
            error_weeks=weeks if xyz else 0,
        )
        for product_id, xyz, error, from_backtest, weeks in zip(
            product_ids,
            found.classes,
            found.error.tolist(),
            found.from_backtest.tolist(),
            found.weeks.tolist(),
            strict=True,
        )
    }
    keep_xyz(classes, store_id=store_id, forecast_date=forecast_date)


def _basis(*, from_backtest: bool) -> str:
    return ProductClass.Basis.BACKTEST if from_backtest else ProductClass.Basis.VARIABILITY
