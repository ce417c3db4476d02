from analytics.models.anomalies import Anomaly, AnomalyDecision
from analytics.models.classes import ClassMove, CompanyClass, ProductClass
from analytics.models.metrics import (
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    MetricsState,
    ProductDailyMetrics,
    StoreDailyMetrics,
)
from analytics.models.performance import IdleStock, ProductPerformance
from analytics.models.stock_sums import ProductStock, StoreStock
from analytics.models.trends import SalesTrend

__all__ = [
    "Anomaly",
    "AnomalyDecision",
    "CategoryDailyMetrics",
    "ClassMove",
    "CompanyClass",
    "CompanyDailyMetrics",
    "IdleStock",
    "MetricsState",
    "ProductClass",
    "ProductDailyMetrics",
    "ProductPerformance",
    "ProductStock",
    "SalesTrend",
    "StoreDailyMetrics",
    "StoreStock",
]
