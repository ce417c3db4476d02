"""What demand is expected, and how good the expectation was."""

from __future__ import annotations

from django.db import models

from forecasting.querysets.forecasts import ForecastAccuracyQuerySet, ProductDemandForecastQuerySet
from inventory.models import Product, Store


class ForecastRun(models.Model):
    """One run of the forecast over many series, with what it was run on. Written by the forecasting service."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        PARTIAL = "partial", "Done with failures"
        FAILED = "failed", "Failed"

    forecast_date = models.DateField(help_text="First day that is forecast.")
    horizon_days = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.RUNNING)
    parameters = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    code_version = models.CharField(max_length=64, blank=True)
    series_total = models.PositiveIntegerField(default=0)
    series_done = models.PositiveIntegerField(default=0)
    series_failed = models.PositiveIntegerField(default=0)
    failures = models.JSONField(default=list)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "forecast_runs"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Forecast of {self.forecast_date} ({self.get_status_display()})"


class ProductDemandForecast(models.Model):
    """One product's forecast in one store, made on one day for one horizon (PA-5).

    Written by the forecasting service; a rerun on the same day replaces the row in one step. ``*_forecast``
    columns are total units over the horizon by model (empty: that model was not run). ``daily`` holds
    ``{"mean": [...], "quantiles": {"0.1": [...], ...}, "intervals": {"0.8": [lower, upper], ...}}`` with one number of
    units per day of the horizon, beside the ``reason`` for what is served and the models' ``rank`` in the backtest, and
    ``protection`` the quantiles of demand summed over the lead time plus review, which replenishment uses. Where people
    overrode the forecast, these are with the override, and ``baseline`` in both holds what the engine said.
    ``backtest_errors`` packs the engine's errors (see ``forecasting.calc.error_bytes``), from which the intervals of
    totals are made.
    """

    run = models.ForeignKey(ForecastRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="forecasts")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="forecasts")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="forecasts")
    forecast_date = models.DateField(help_text="First day that is forecast.")
    forecast_period = models.PositiveSmallIntegerField("horizon (days)")
    linear_forecast = models.FloatField(null=True, blank=True)
    seasonal_forecast = models.FloatField(null=True, blank=True)
    arima_forecast = models.FloatField(null=True, blank=True)
    lstm_forecast = models.FloatField(null=True, blank=True)
    ensemble_forecast = models.FloatField(null=True, blank=True, help_text="What is served: units over the horizon.")
    confidence_interval_lower = models.FloatField(null=True, blank=True)
    confidence_interval_upper = models.FloatField(null=True, blank=True)
    forecast_accuracy_score = models.FloatField(
        null=True, blank=True, help_text="100 × (1 - backtest WAPE), not under 0; empty: could not be measured."
    )
    model = models.CharField(max_length=32, help_text="The model that the backtest chose.")
    historical_data_points = models.PositiveIntegerField(default=0)
    daily = models.JSONField(default=dict)
    protection = models.JSONField(default=dict)
    backtest_errors = models.BinaryField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = ProductDemandForecastQuerySet.as_manager()

    class Meta:
        db_table = "product_demand_forecasts"
        ordering = ["-forecast_date", "store", "product"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "store", "forecast_date", "forecast_period"], name="forecast_once_a_day"
            )
        ]
        indexes = [
            # A store's newest forecasts, for its pages and for replenishment.
            models.Index(fields=["store", "forecast_date"], name="forecast_by_store_date"),
            # The list of all stores, newest first, and the home page's newest day and its number of forecasts.
            models.Index(fields=["forecast_date"], name="forecast_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} @ {self.store_id} from {self.forecast_date}"


class ForecastAccuracy(models.Model):
    """How well one model did on one series in the backtest of one day."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="forecast_accuracy")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="forecast_accuracy")
    model = models.CharField(max_length=32)
    forecast_date = models.DateField()
    wape = models.FloatField(null=True, blank=True)
    mase = models.FloatField(null=True, blank=True)
    bias = models.FloatField(null=True, blank=True)
    coverage_80 = models.FloatField(null=True, blank=True)
    points = models.PositiveIntegerField(default=0)
    is_chosen = models.BooleanField(default=False)

    objects = ForecastAccuracyQuerySet.as_manager()

    class Meta:
        db_table = "forecast_accuracy"
        verbose_name_plural = "forecast accuracy"
        constraints = [
            models.UniqueConstraint(
                fields=["product", "store", "model", "forecast_date"], name="forecast_accuracy_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} for {self.product_id} @ {self.store_id}"
