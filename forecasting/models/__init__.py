from forecasting.models.accuracy import ForecastAccuracy, ForecastAccuracyHistory, ForecastLiveAccuracy
from forecasting.models.calendar import CalendarEvent, PlannedPrice
from forecasting.models.forecasts import ForecastRun, ProductDemandForecast
from forecasting.models.overrides import ForecastOverride
from forecasting.models.totals import DemandForecastTotal

__all__ = [
    "CalendarEvent",
    "DemandForecastTotal",
    "ForecastAccuracy",
    "ForecastAccuracyHistory",
    "ForecastLiveAccuracy",
    "ForecastOverride",
    "ForecastRun",
    "PlannedPrice",
    "ProductDemandForecast",
]
