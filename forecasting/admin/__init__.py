from forecasting.admin import forecasts as forecasts
