from __future__ import annotations

from inventory.querysets.scope import StoreScopedQuerySet


class SalesFileQuerySet(StoreScopedQuerySet):
    """Files of one store; a file that spans stores (``store`` empty) is for those who see every store."""
