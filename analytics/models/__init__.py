from analytics.models.classes import ClassMove, CompanyClass, ProductClass
from analytics.models.metrics import (
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    MetricsState,
    ProductDailyMetrics,
    StoreDailyMetrics,
)
from analytics.models.performance import ProductPerformance
from analytics.models.trends import SalesTrend

__all__ = [
    "CategoryDailyMetrics",
    "ClassMove",
    "CompanyClass",
    "CompanyDailyMetrics",
    "MetricsState",
    "ProductClass",
    "ProductDailyMetrics",
    "ProductPerformance",
    "SalesTrend",
    "StoreDailyMetrics",
]
