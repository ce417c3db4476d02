from forecasting.admin import accuracy as accuracy
from forecasting.admin import forecasts as forecasts
