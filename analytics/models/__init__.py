from analytics.models.metrics import (
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    MetricsState,
    ProductDailyMetrics,
    StoreDailyMetrics,
)
from analytics.models.performance import ProductPerformance

__all__ = [
    "CategoryDailyMetrics",
    "CompanyDailyMetrics",
    "MetricsState",
    "ProductDailyMetrics",
    "ProductPerformance",
    "StoreDailyMetrics",
]
