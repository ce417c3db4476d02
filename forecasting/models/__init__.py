from forecasting.models.accuracy import ForecastAccuracy, ForecastAccuracyHistory, ForecastLiveAccuracy
from forecasting.models.forecasts import ForecastRun, ProductDemandForecast

__all__ = [
    "ForecastAccuracy",
    "ForecastAccuracyHistory",
    "ForecastLiveAccuracy",
    "ForecastRun",
    "ProductDemandForecast",
]
