from forecasting.models.forecasts import ForecastAccuracy, ForecastRun, ProductDemandForecast
from forecasting.models.trained import TrainedModel

__all__ = ["ForecastAccuracy", "ForecastRun", "ProductDemandForecast", "TrainedModel"]
