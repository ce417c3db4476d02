from inventory.models.access import ApiKey, IdempotentRequest
from inventory.models.alerts import Alert, AlertDelivery, AlertDigest, AlertPreference
from inventory.models.calendar_feeds import CalendarFeed
from inventory.models.catalogue import Product, Supplier, SupplierItem
from inventory.models.company import Company
from inventory.models.customers import Customer
from inventory.models.events import StockEvent, StockEventStep
from inventory.models.intake import SalesFile
from inventory.models.places import Store, StoreMembership
from inventory.models.purchasing import PurchaseOrder, PurchaseOrderLine, Receipt
from inventory.models.stock import DailySales, InventoryTransaction, SalesDayChange, StockLevel
from inventory.models.streams import StreamShard
from inventory.models.transfers import StockTransfer, StockTransferLine, TransferReceipt
from inventory.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Alert",
    "AlertDelivery",
    "AlertDigest",
    "AlertPreference",
    "ApiKey",
    "CalendarFeed",
    "Company",
    "Customer",
    "DailySales",
    "IdempotentRequest",
    "InventoryTransaction",
    "Product",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "Receipt",
    "SalesDayChange",
    "SalesFile",
    "StockEvent",
    "StockEventStep",
    "StockLevel",
    "StockTransfer",
    "StockTransferLine",
    "Store",
    "StoreMembership",
    "StreamShard",
    "Supplier",
    "SupplierItem",
    "TransferReceipt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
