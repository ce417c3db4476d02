"""The ABC-XYZ matrix: how much of the assortment earns how much, and how well it can be forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.models import ProductClass
from inventory.models import Store
from inventory.querysets.scope import StoreScope

ABC = ("A", "B", "C", "")
XYZ = ("X", "Y", "Z", "")


@dataclass(frozen=True)
class Matrix:
    """``counts`` of products in stores by (ABC, XYZ); an empty class (nothing sold; too little known) is one of its own."""

    counts: Mapping[tuple[str, str], int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def row(self, abc: str) -> Sequence[int]:
        return [self.counts.get((abc, xyz), 0) for xyz in XYZ]

    def column(self, xyz: str) -> Sequence[int]:
        return [self.counts.get((abc, xyz), 0) for abc in ABC]


def abc_xyz_matrix(*, scope: StoreScope, store: Store | None = None) -> Matrix:
    """Of one store, or of all that the reader may see. One query, answered from an index alone."""
    classes = ProductClass.objects.visible_to(scope)
    if store is not None:
        classes = classes.at(store)
    return Matrix({(cell["abc_class"], cell["xyz_class"]): cell["products"] for cell in classes.cells()})
