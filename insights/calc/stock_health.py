"""How healthy the stock is: a score from 0 to 100 that is the sum of its parts."""

from __future__ import annotations

from dataclasses import dataclass

POINTS = {"in_stock": 50.0, "above_minimum": 30.0, "not_overstocked": 20.0}


@dataclass(frozen=True)
class HealthPart:
    """``points`` of at most ``of``, and the facts that gave them."""

    name: str
    points: float
    of: float
    why: str


@dataclass(frozen=True)
class StockHealth:
    """``score`` is the sum of the parts' points, 0 to 100."""

    score: float
    parts: tuple[HealthPart, ...]


def stock_health(*, levels: int, out_of_stock: int, low: int, overstocked: int) -> StockHealth | None:
    """The health of ``levels`` stock levels (products on sale × stores); None without any.

    ``out_of_stock`` levels have nothing, ``low`` have something and no more than their minimum, ``overstocked`` 90 % of
    their maximum or more; no level is in two of them. 50 points are for the share that is in stock, because a customer
    leaves without the product; 30 for the share of those in stock that is above the minimum; 20 for the share of all
    that is not overstocked. All out of stock is 20 points and no more: nothing there ties money up. ``ValueError``
    where the counts cannot be.

    >>> stock_health(levels=100, out_of_stock=10, low=18, overstocked=5).score
    88.0
    """
    counts = {"out_of_stock": out_of_stock, "low": low, "overstocked": overstocked}
    wrong = [name for name, count in counts.items() if count < 0]
    if levels < 0 or wrong or sum(counts.values()) > levels:
        raise ValueError(
            f"{', '.join(wrong) or 'the counts'}: each is 0 or more, together no more than {levels} levels."
        )
    if levels == 0:
        return None
    in_stock = levels - out_of_stock
    parts = (
        _part("in_stock", in_stock, levels, f"{in_stock:,} of {levels:,} stock levels are in stock"),
        _part(
            "above_minimum", in_stock - low, in_stock, f"{in_stock - low:,} of the {in_stock:,} are above their minimum"
        ),
        _part("not_overstocked", levels - overstocked, levels, f"{overstocked:,} of {levels:,} are overstocked"),
    )
    return StockHealth(score=round(sum(part.points for part in parts), 1), parts=parts)


def _part(name: str, good: int, of: int, why: str) -> HealthPart:
    most = POINTS[name]
    return HealthPart(name=name, points=round(most * good / of, 1) if of else 0.0, of=most, why=why)
