"""Reports as bounded tables (FM-4): what is forecast, and what is recommended. Rows come as they are read."""

from insights.services.reports.forecasts import FORECAST_COLUMNS, ForecastReport, forecast_summary
from insights.services.reports.recommendations import (
    KINDS,
    RECOMMENDATION_COLUMNS,
    RecommendationReport,
    inventory_recommendations,
)
from insights.services.reports.tables import MOST_FILE_ROWS, MOST_JSON_ROWS, check_size

__all__ = [
    "FORECAST_COLUMNS",
    "KINDS",
    "MOST_FILE_ROWS",
    "MOST_JSON_ROWS",
    "RECOMMENDATION_COLUMNS",
    "ForecastReport",
    "RecommendationReport",
    "check_size",
    "forecast_summary",
    "inventory_recommendations",
]
