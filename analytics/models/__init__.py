from analytics.models.metrics import (
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    MetricsState,
    ProductDailyMetrics,
    StoreDailyMetrics,
)
from analytics.models.performance import ProductPerformance
from analytics.models.stock_sums import ProductStock, StoreStock
from analytics.models.trends import SalesTrend

__all__ = [
    "CategoryDailyMetrics",
    "CompanyDailyMetrics",
    "MetricsState",
    "ProductDailyMetrics",
    "ProductPerformance",
    "ProductStock",
    "SalesTrend",
    "StoreDailyMetrics",
    "StoreStock",
]
