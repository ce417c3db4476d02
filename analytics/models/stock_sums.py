"""Stock now, added up: per store and per product over all stores."""

from __future__ import annotations

from django.db import models

from analytics.querysets.metrics import StoreStockQuerySet
from inventory.models import Product, Store


class StockSums(models.Model):
    """Levels of products on sale, by their state, and what lies there. Written by ``services.stock_sums`` alone.

    ``units`` counts what is there (missing units count as none), ``value`` is that at unit cost.
    """

    levels = models.PositiveIntegerField(default=0)
    out_of_stock = models.PositiveIntegerField(default=0)
    low = models.PositiveIntegerField(default=0)
    overstocked = models.PositiveIntegerField(default=0)
    units = models.BigIntegerField(default=0)
    value = models.DecimalField(max_digits=20, decimal_places=4, default=0)

    class Meta:
        abstract = True


class StoreStock(StockSums):
    """One store's stock in the store's currency."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="stock_sums")

    objects = StoreStockQuerySet.as_manager()

    class Meta:
        db_table = "store_stock"
        ordering = ["store"]

    def __str__(self) -> str:
        return f"Stock of {self.store}"


class ProductStock(StockSums):
    """One product's stock over all stores; ``value`` is in no currency where they trade in several."""

    product = models.OneToOneField(Product, on_delete=models.CASCADE, related_name="stock_sums")

    class Meta:
        db_table = "product_stock"
        ordering = ["product"]

    def __str__(self) -> str:
        return f"Stock of {self.product}"
