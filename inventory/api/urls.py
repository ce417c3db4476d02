"""The paths of the ledger's API. Without a slash at the end, as the contracts in SPEC name them."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from inventory.api.views.alerts import AlertPreferenceViewSet, AlertViewSet
from inventory.api.views.calendar import CalendarView
from inventory.api.views.catalogue import ProductViewSet, StoreViewSet, SupplierItemViewSet, SupplierViewSet
from inventory.api.views.events import StockEventViewSet
from inventory.api.views.purchasing import PurchaseOrderViewSet
from inventory.api.views.sales import SalesFileViewSet, SalesHistoryViewSet, SalesSummaryViewSet
from inventory.api.views.stock import StockViewSet, TransactionViewSet
from inventory.api.views.transfers import TransferViewSet
from inventory.api.views.uploads import SalesUploadViewSet

router = SimpleRouter(trailing_slash=False)
router.register("stores", StoreViewSet)
router.register("suppliers", SupplierViewSet)
router.register("products", ProductViewSet)
router.register("supplier-items", SupplierItemViewSet)
router.register("stock", StockViewSet)
router.register("transactions", TransactionViewSet)
router.register("events", StockEventViewSet)
router.register("sales-data/files", SalesFileViewSet)
router.register("purchase-orders", PurchaseOrderViewSet)
router.register("transfers", TransferViewSet)
router.register("alerts", AlertViewSet)

urlpatterns = [
    path("calendar/<str:token>.ics", CalendarView.as_view(), name="calendar-feed"),
    path(
        "alerts/preferences",
        AlertPreferenceViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="alert-preferences",
    ),
    *router.urls,
    path("sales-data/upload", SalesUploadViewSet.as_view({"post": "create"}), name="sales-upload"),
    path("sales-data/summary", SalesSummaryViewSet.as_view({"get": "list"}), name="sales-summary"),
    # Last: a SKU may be any word that is none of the above.
    path("sales-data/<path:product_id>", SalesHistoryViewSet.as_view({"get": "list"}), name="sales-history"),
]
