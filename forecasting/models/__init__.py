from forecasting.models.calendar import CalendarEvent, PlannedPrice
from forecasting.models.forecasts import ForecastAccuracy, ForecastRun, ProductDemandForecast
from forecasting.models.overrides import ForecastOverride
from forecasting.models.totals import DemandForecastTotal

__all__ = [
    "CalendarEvent",
    "DemandForecastTotal",
    "ForecastAccuracy",
    "ForecastOverride",
    "ForecastRun",
    "PlannedPrice",
    "ProductDemandForecast",
]
