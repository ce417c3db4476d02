"""What demand is expected, and the runs that said so."""

from __future__ import annotations

from django.db import models

from forecasting.querysets.forecasts import ForecastRunQuerySet, ProductDemandForecastQuerySet
from inventory.models import Product, Store


class ForecastRun(models.Model):
    """One run of the forecast over many series, with what it was run on. Written by ``forecasting.services.runs``.

    Counts grow as chunks are committed. A series with fewer than 7 days of history is *skipped*: neither done nor failed.
    """

    class Kind(models.TextChoices):
        NIGHTLY = "nightly", "Nightly analysis"
        FORECAST = "forecast", "Forecast alone"
        BACKFILL = "backfill", "Past day, as of then"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        PARTIAL = "partial", "Done with failures"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.NIGHTLY)
    forecast_date = models.DateField(help_text="First day that is forecast.")
    horizon_days = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.RUNNING)
    parameters = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    code_version = models.CharField(max_length=64, blank=True)
    series_total = models.PositiveIntegerField(default=0)
    series_done = models.PositiveIntegerField(default=0)
    series_failed = models.PositiveIntegerField(default=0)
    series_skipped = models.PositiveIntegerField(default=0, help_text="Too little history for a forecast.")
    failures = models.JSONField(default=list)
    measures_from = models.DateField(
        null=True, blank=True, help_text="First day whose sales are compared with what had been forecast of it."
    )
    measured_through = models.DateField(
        null=True, blank=True, help_text="Last day that was compared; empty until the run has ended."
    )
    started_at = models.DateTimeField()
    progressed_at = models.DateTimeField(null=True, blank=True, help_text="When the last chunk was committed.")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ForecastRunQuerySet.as_manager()

    class Meta:
        db_table = "forecast_runs"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Forecast of {self.forecast_date} ({self.get_status_display()})"

    @property
    def series_behind(self) -> int:
        """Series that are through: done, skipped or failed."""
        return self.series_done + self.series_skipped + self.series_failed

    @property
    def progress(self) -> float:
        """Share of the series that are through, 0 to 1."""
        if self.finished_at is not None or not self.series_total:
            return 1.0
        return min(self.series_behind / self.series_total, 1.0)

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken up to the last chunk; empty before the first."""
        end = self.finished_at or self.progressed_at
        return None if end is None else (end - self.started_at).total_seconds()


class ProductDemandForecast(models.Model):
    """One product's forecast in one store, made on one day for one horizon (PA-5).

    Written by the forecasting service; a rerun on the same day replaces the row in one step. ``*_forecast``
    columns are total units over the horizon by model (empty: that model was not run). ``daily`` holds
    ``{"mean": [...], "quantiles": {"0.1": [...], ...}, "intervals": {"0.8": [lower, upper], ...}}`` with one number of
    units per day of the horizon, beside ``effects`` (what the calendar had and made of each day), the ``reason`` for what is served, the models' ``rank`` in the backtest, and what
    the forecast will be measured against: ``naive`` (the seasonal naive's path; null where it had none) and ``scales``
    (the series' mean change from a week before, and mean squared change from a day before; null: none). ``protection``
    holds the quantiles of demand summed over the lead time plus review, which replenishment uses. Where people
    overrode the forecast, these are with the override, and ``baseline`` in both holds what the engine said.
    ``sold_mean`` and ``demand_mean`` stand side by side: how much days without stock hid. ``backtest_errors`` packs the
    engine's errors (see ``forecasting.calc.error_bytes``), from which the intervals of totals are made; ``model_paths`` packs every model's own path (``forecasting.calc.model_bytes``), to be measured when
    its days are over.
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
    sold_mean = models.FloatField(
        "sold (units per day)", null=True, blank=True, help_text="Mean of the history as it was sold, in stock or not."
    )
    demand_mean = models.FloatField(
        "demand (units per day)",
        null=True,
        blank=True,
        help_text="The same per day in stock: units sold over time in stock, without what people gave as a multiple.",
    )
    daily = models.JSONField(default=dict)
    protection = models.JSONField(default=dict)
    backtest_errors = models.BinaryField(null=True, blank=True)
    model_paths = models.BinaryField(null=True, blank=True)
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
        return f"{self.product} @ {self.store} from {self.forecast_date}"
