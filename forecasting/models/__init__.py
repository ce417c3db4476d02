from forecasting.models.forecasts import ForecastAccuracy, ForecastRun, ProductDemandForecast

__all__ = ["ForecastAccuracy", "ForecastRun", "ProductDemandForecast"]
