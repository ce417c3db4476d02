"""The kinds of rows that people decide, and what differs between them: who decides, what it commits, what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import User

from insights.models import Decision
from inventory.calc.packs import PackRule
from inventory.querysets.scope import StoreScope

if TYPE_CHECKING:
    from insights.services.decisions.judging import Verdict

SINGLY = PackRule()


class Kind:
    """One kind of recommendation. Each has the columns of a decision's life; ``row.store`` is the store that decides.

    ``link`` is the decision's foreign key to the row, ``quantity_column`` what was recommended, ``store_path`` the column
    of the store that decides, ``shown`` the facts that are kept with a decision.
    """

    model: ClassVar[Any]
    link: ClassVar[str]
    quantity_column: ClassVar[str] = "recommended_quantity"
    store_path: ClassVar[str] = "store"
    related: ClassVar[tuple[str, ...]] = ("store", "product")
    shown: ClassVar[tuple[str, ...]]

    def recommended(self, row: Any) -> int:
        return int(getattr(row, self.quantity_column))

    def words(self, row: Any) -> str:
        """The row in a few words."""
        return f"{row.product.sku} for {row.store.code}"

    def rules(self, rows: Sequence[Any]) -> Mapping[int, PackRule]:
        """In which steps each row's quantity can be decided."""
        return {row.pk: SINGLY for row in rows}

    def check_approval(self, row: Any, units: int, *, scope: StoreScope) -> None:
        """Raise ``ValidationError`` (by field) or ``PermissionDenied`` where this cannot be approved at all."""

    def value(self, row: Any, units: int) -> Decimal:
        """The money that approving ``units`` commits, which limits are about."""
        return Decimal(row.unit_cost * units)

    def carry_out(self, verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope) -> None:
        """Do what the approvals say, and note on the rows what came of it; inside the decision's transaction."""
        raise NotImplementedError

    def facts(self, row: Any) -> dict[str, Any]:
        """What was on the page: plain JSON."""
        values = {name: getattr(row, name) for name in self.shown}
        plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}
        return {
            "version": row.version,
            "recommendation_date": row.recommendation_date.isoformat(),
            **plain,
            "dossier": row.dossier,
        }


def row_id(decision: Decision) -> int:
    """The key of what was decided."""
    return int(
        decision.recommendation_id or decision.transfer_recommendation_id or decision.excess_recommendation_id or 0
    )
