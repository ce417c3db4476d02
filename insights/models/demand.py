"""What is known of customers and prices: analyses by a task, read by pages and API."""

from __future__ import annotations

from django.db import models

from insights.querysets.demand import CustomerScoreQuerySet, DemandAnalysisQuerySet
from inventory.models import Customer, Product, Store


class DemandAnalysis(models.Model):
    """One analysis of the customers, or of the prices, of one currency as of the end of one day.

    Written by the tasks that train; the newest one done is what pages and API answer from. A second analysis of the same
    day replaces the first. ``results`` holds what is said of the whole: how good the segments are, what was held out and
    how well it was foretold, what was refused and why.
    """

    class Kind(models.TextChoices):
        CUSTOMERS = "customers", "Customers"
        PRICES = "prices", "Prices"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    as_of_date = models.DateField(help_text="Last day that was looked at.")
    first_date = models.DateField(help_text="First day that was looked at.")
    subjects = models.PositiveIntegerField("customers or products", default=0)
    results = models.JSONField(default=dict)
    code_version = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    objects = DemandAnalysisQuerySet.as_manager()

    class Meta:
        db_table = "demand_analyses"
        verbose_name_plural = "demand analyses"
        ordering = ["-as_of_date", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "currency", "as_of_date"], name="demand_analysis_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} in {self.currency} as of {self.as_of_date}"


class CustomerSegment(models.Model):
    """One segment of one analysis: for each number of segments that was tried, and for the rules of RFM.

    The customers' own rows name the segment of the way that is served (``is_served``) and of the rules.
    """

    class Method(models.TextChoices):
        K_MEANS = "k_means", "K-means"
        RFM_RULES = "rfm_rules", "RFM rules"

    analysis = models.ForeignKey(DemandAnalysis, on_delete=models.CASCADE, related_name="segments")
    method = models.CharField(max_length=16, choices=Method.choices)
    n_clusters = models.PositiveSmallIntegerField(help_text="0 for the rules.")
    position = models.PositiveSmallIntegerField(help_text="The best customers first.")
    name = models.CharField(max_length=100)
    is_served = models.BooleanField(default=False)
    customers = models.PositiveIntegerField()
    revenue = models.FloatField()
    revenue_share = models.FloatField()
    mean_recency_days = models.FloatField()
    mean_purchase_days = models.FloatField()
    mean_revenue = models.FloatField()
    median_recency_days = models.FloatField()
    median_purchase_days = models.FloatField()
    median_revenue = models.FloatField()
    scaled_centre = models.JSONField(default=list, help_text="What the next run is matched by.")

    class Meta:
        db_table = "customer_segments"
        ordering = ["analysis", "n_clusters", "position"]
        constraints = [
            models.UniqueConstraint(fields=["analysis", "n_clusters", "position"], name="customer_segment_once")
        ]

    def __str__(self) -> str:
        return self.name


class CustomerScore(models.Model):
    """What one analysis says of one customer. Money is in the analysis' currency; old rows are the history."""

    class Risk(models.TextChoices):
        UNKNOWN = "unknown", "Not scored"
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"
        CRITICAL = "critical", "Critical"

    analysis = models.ForeignKey(DemandAnalysis, on_delete=models.CASCADE, related_name="scores")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="scores")
    home_store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", help_text="Most purchases here.")
    last_purchase = models.DateField()
    recency_days = models.PositiveIntegerField("days since the last purchase")
    purchase_days = models.PositiveIntegerField()
    revenue = models.FloatField(help_text="Net of returns.")
    r_score = models.PositiveSmallIntegerField()
    f_score = models.PositiveSmallIntegerField()
    m_score = models.PositiveSmallIntegerField()
    segment = models.CharField(max_length=100)
    rfm_segment = models.CharField(max_length=32)
    clv = models.FloatField("lifetime value (12 months)", null=True)
    clv_lower = models.FloatField(null=True)
    clv_upper = models.FloatField(null=True)
    clv_parametric = models.FloatField(null=True)
    clv_forest = models.FloatField(null=True)
    value_if_stays = models.FloatField(null=True, help_text="Lifetime value of one who is certainly still a customer.")
    probability_alive = models.FloatField(null=True)
    expected_purchases = models.FloatField(null=True, help_text="In the next 12 months.")
    churn_probability = models.FloatField(null=True)
    churn_window_days = models.PositiveSmallIntegerField(null=True, help_text="The days in which no purchase is churn.")
    risk_level = models.CharField(max_length=16, choices=Risk.choices, default=Risk.UNKNOWN)
    money_at_stake = models.FloatField(null=True, help_text="Churn probability times the value of one who stays.")

    objects = CustomerScoreQuerySet.as_manager()

    class Meta:
        db_table = "customer_scores"
        ordering = ["-analysis", "-money_at_stake"]
        constraints = [models.UniqueConstraint(fields=["analysis", "customer"], name="customer_score_once")]
        indexes = [
            # The at-risk list of one analysis, most money first.
            models.Index(fields=["analysis", "-money_at_stake"], name="customer_score_at_stake"),
            # The pages of lifetime values and of churn, greatest first, and how many are at risk.
            models.Index(fields=["analysis", "-clv"], name="customer_score_by_value"),
            models.Index(fields=["analysis", "-churn_probability"], name="customer_score_by_churn"),
            # The list of one segment of one analysis.
            models.Index(fields=["analysis", "segment"], name="customer_score_by_segment"),
        ]

    def __str__(self) -> str:
        return str(self.customer)


class PriceElasticity(models.Model):
    """How demand of one product, or of one category, answers to its price, or why that cannot be told.

    −2 means that 1 % more price loses 2 % of the quantity. ``own_elasticity`` is the product's alone, ``elasticity`` is
    drawn to its category's. The verdict is elastic below −1 and inelastic above; otherwise ``reason`` says what is missing.
    """

    class Verdict(models.TextChoices):
        ELASTIC = "elastic", "Elastic"
        INELASTIC = "inelastic", "Inelastic"
        NOT_ENOUGH = "not_enough_price_variation", "Not enough price variation"
        REFUSED = "cannot_be_told", "Cannot be told"

    analysis = models.ForeignKey(DemandAnalysis, on_delete=models.CASCADE, related_name="elasticities")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True, related_name="elasticities")
    category = models.CharField(max_length=100, blank=True)
    verdict = models.CharField(max_length=32, choices=Verdict.choices)
    reason = models.CharField(max_length=200, blank=True)
    elasticity = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    lower = models.FloatField(null=True)
    upper = models.FloatField(null=True)
    own_elasticity = models.FloatField(null=True)
    own_standard_error = models.FloatField(null=True)
    r2 = models.FloatField(null=True)
    observations = models.PositiveIntegerField(default=0)
    distinct_prices = models.PositiveIntegerField(default=0)
    price_variation = models.FloatField(default=0)
    lowest_price = models.FloatField(null=True)
    highest_price = models.FloatField(null=True)
    mean_price = models.FloatField(null=True)
    units_per_day = models.FloatField(null=True, help_text="Of all stores, on days with stock.")
    products = models.PositiveIntegerField(default=1, help_text="Products behind a category's row.")

    class Meta:
        db_table = "price_elasticities"
        verbose_name_plural = "price elasticities"
        ordering = ["analysis", "category", "product"]
        constraints = [models.UniqueConstraint(fields=["analysis", "product"], name="price_elasticity_once")]
        indexes = [
            # A category's own row, and its products.
            models.Index(fields=["analysis", "category"], name="price_elasticity_category"),
        ]

    def __str__(self) -> str:
        return str(self.product or f"All of {self.category or 'no category'}")
