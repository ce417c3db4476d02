"""How good forecasts were: in the backtest of each series, and once the days that they spoke of were over."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from forecasting.querysets.accuracy import (
    ForecastAccuracyHistoryQuerySet,
    ForecastAccuracyQuerySet,
    ForecastLiveAccuracyQuerySet,
)
from inventory.models import Product, Store


class ForecastAccuracy(models.Model):
    """How well one model did on one series in that series' newest backtest.

    One row per series and model, replaced by every night's forecast and never added to: the table does not grow with
    time. Error = demand - forecast: a bias above 0 is too low a forecast. Intervals and pinball loss are measured for
    what is served alone (``ensemble``). Empty: could not be measured.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="forecast_accuracy")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="forecast_accuracy")
    model = models.CharField(max_length=32)
    forecast_date = models.DateField(help_text="First day that the forecast of this backtest forecasts.")
    wape = models.FloatField("WAPE", null=True, blank=True)
    mase = models.FloatField("MASE", null=True, blank=True)
    rmsse = models.FloatField("RMSSE", null=True, blank=True)
    bias = models.FloatField(null=True, blank=True)
    pinball = models.FloatField("pinball loss (units)", null=True, blank=True)
    coverage_80 = models.FloatField("80 % interval held", null=True, blank=True)
    coverage_95 = models.FloatField("95 % interval held", null=True, blank=True)
    points = models.PositiveIntegerField(default=0, help_text="Days, over all origins, that were measured.")
    demand_units = models.FloatField(default=0, help_text="Demand of the measured days: what the WAPE is divided by.")
    rank = models.PositiveSmallIntegerField(default=0, help_text="1 had the least error; 0 could not be measured.")
    is_chosen = models.BooleanField("served", default=False)

    objects = ForecastAccuracyQuerySet.as_manager()

    class Meta:
        db_table = "forecast_accuracy"
        verbose_name_plural = "forecast accuracy"
        constraints = [
            models.UniqueConstraint(fields=["store", "product", "model"], name="forecast_accuracy_once"),
        ]
        indexes = [
            # The sums of one night's backtests into the history, and what no longer has a new one.
            models.Index(fields=["forecast_date"], name="forecast_accuracy_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.model} for {self.product_id} @ {self.store_id}"


class ErrorSums(models.Model):
    """Sums over measured days, from which every measure follows for any group of series: sums add up, ratios do not.

    A *point* is one day of one series forecast from one day; days out of stock are no points. Error = demand - forecast.
    Scaled errors are over the series' own mean change: from a week before (MASE) or, squared, from a day before (RMSSE).
    """

    points = models.PositiveIntegerField(default=0)
    actual_units = models.FloatField(default=0)
    absolute_error = models.FloatField(default=0)
    signed_error = models.FloatField(default=0)
    squared_error = models.FloatField(default=0)
    scaled_points = models.PositiveIntegerField(default=0, help_text="Points of series whose scale is known.")
    scaled_absolute_error = models.FloatField(default=0)
    scaled_squared_error = models.FloatField(default=0)
    band_points = models.PositiveIntegerField(default=0, help_text="Points with quantiles and intervals.")
    pinball_loss = models.FloatField(default=0, help_text="Sum over the points of the mean over the levels, in units.")
    inside_80 = models.PositiveIntegerField(default=0)
    inside_95 = models.PositiveIntegerField(default=0)
    naive_points = models.PositiveIntegerField(default=0, help_text="Points for which the seasonal naive is known.")
    beside_naive_actual_units = models.FloatField(default=0, help_text="Demand of those points.")
    naive_absolute_error = models.FloatField(default=0)
    beside_naive_absolute_error = models.FloatField(default=0, help_text="Of what was served, on those points.")
    overridden_points = models.PositiveIntegerField(default=0, help_text="Points that a person had overridden.")
    overridden_absolute_error = models.FloatField(default=0)
    overridden_signed_error = models.FloatField(default=0)
    baseline_absolute_error = models.FloatField(default=0, help_text="Of the forecast before the override.")

    class Meta:
        abstract = True


class ForecastLiveAccuracy(ErrorSums):
    """What came of one series' forecasts in one calendar week, seen from so many weeks ahead.

    A week's forecast is the first that was made in it (Monday's, where every night has one), and speaks for its first
    seven days as one week ahead, for the next seven as two, and so on. Each row is worked out wholly from the forecasts and
    the daily sales, so that measuring a week again replaces it. ``model_errors`` packs the errors of every model on the same
    days, served or not (``forecasting.calc.model_bytes``). Written by ``forecasting.services.live_accuracy``.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="live_accuracy")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="live_accuracy")
    week = models.DateField(help_text="The Monday of the measured week.")
    weeks_ahead = models.PositiveSmallIntegerField(help_text="1: forecast 1 to 7 days before; 2: 8 to 14 days …")
    model = models.CharField("served model", max_length=32)
    measured_through = models.DateField(help_text="Last day of the week that was over.")
    censored_points = models.PositiveIntegerField(default=0, help_text="Days left out: demand unknown, no stock.")
    model_errors = models.BinaryField(null=True, blank=True)

    objects = ForecastLiveAccuracyQuerySet.as_manager()

    class Meta:
        db_table = "forecast_live_accuracy"
        verbose_name_plural = "forecast live accuracy"
        constraints = [
            models.UniqueConstraint(
                fields=["store", "product", "week", "weeks_ahead"], name="forecast_live_accuracy_once"
            ),
        ]
        indexes = [
            # Sums of the last weeks over all series, one distance at a time; and forgetting old weeks.
            models.Index(fields=["week", "weeks_ahead"], name="forecast_live_by_week"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} @ {self.store_id}, week of {self.week}, {self.weeks_ahead} ahead"


class ForecastAccuracyHistory(ErrorSums):
    """The errors of one day's backtests, or of one week's forecasts, summed per store, category and model.

    What the leaderboard over time is made of: it stays when the series' own rows are replaced. Backtests are summed when
    a night's run ends (``day``: the first day forecast; ``weeks_ahead`` 0), live errors per week (``day``: its Monday): of what
    was served, by the served model, and of every model on all series that it had a path for.
    """

    class Kind(models.TextChoices):
        BACKTEST = "backtest", "Backtest"
        LIVE = "live", "Live"
        MODELS = "models", "Live, every model"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    day = models.DateField()
    weeks_ahead = models.PositiveSmallIntegerField(default=0)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="forecast_accuracy_history")
    category = models.CharField(max_length=100, blank=True)
    model = models.CharField(max_length=32)
    series = models.PositiveIntegerField(default=0)
    series_served = models.PositiveIntegerField(default=0, help_text="Series for which this model is served.")

    objects = ForecastAccuracyHistoryQuerySet.as_manager()

    class Meta:
        db_table = "forecast_accuracy_history"
        verbose_name_plural = "forecast accuracy over time"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "day", "weeks_ahead", "store", "category", "model"],
                name="forecast_accuracy_history_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="backtest", weeks_ahead=0) | Q(kind__in=["live", "models"], weeks_ahead__gte=1),
                name="forecast_accuracy_history_weeks",
                violation_error_message="A backtest has no weeks ahead, a live measurement at least one.",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_kind_display()} of {self.model} @ {self.store_id}, {self.category or 'no category'}, {self.day}"
        )
