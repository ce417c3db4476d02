"""How many transfers and excess wait for a decision, for the home page."""

from __future__ import annotations

from insights.models import ExcessRecommendation, TransferRecommendation
from inventory.models import Store
from inventory.querysets.scope import StoreScope


def waiting_moves(*, scope: StoreScope, store: Store | None) -> dict[str, int]:
    """Pending ``transfers`` that people of the scope decide and pending ``excess``; of one store where one is given.

    Two queries.
    """
    transfers = TransferRecommendation.objects.decided_by(scope).pending()
    excess = ExcessRecommendation.objects.decided_by(scope).pending()
    if store is not None:
        transfers, excess = transfers.filter(from_store=store), excess.filter(store=store)
    return {"transfers": transfers.count(), "excess": excess.count()}
