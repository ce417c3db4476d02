"""The dashboard (PA-8, AD-1): every number of one period of one store, or of all stores that the reader may see.

The home page, the API and the callable function read it from here. It reads sums over days and the derived tables,
never the ledger, with a constant number of queries; heavy parts are kept until their sources change.
"""

from __future__ import annotations

from insights.services.dashboard.ahead import ForecastAhead
from insights.services.dashboard.attention import NightlyState, Pending
from insights.services.dashboard.board import Dashboard, build_dashboard, newest_sales_day
from insights.services.dashboard.periods import DAYS_OF, Period
from insights.services.dashboard.sales import DaySales, Group, Money, ProductSales, Sales, SalesTotals
from insights.services.dashboard.stock import StockTotals

__all__ = [
    "DAYS_OF",
    "Dashboard",
    "DaySales",
    "ForecastAhead",
    "Group",
    "Money",
    "NightlyState",
    "Pending",
    "Period",
    "ProductSales",
    "Sales",
    "SalesTotals",
    "StockTotals",
    "build_dashboard",
    "newest_sales_day",
]
