from __future__ import annotations

from inventory.querysets.scope import StoreScopedQuerySet


class DemandForecastTotalQuerySet(StoreScopedQuerySet):
    """Totals over stores have no store: only who sees every store sees them."""
