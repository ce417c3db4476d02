from forecasting.admin import accuracy as accuracy
from forecasting.admin import calendar as calendar
from forecasting.admin import forecasts as forecasts
from forecasting.admin import overrides as overrides
from forecasting.admin import totals as totals
from forecasting.admin import trained_models as trained_models
