"""ABC classes: what few products bring most of a store's, or the company's, revenue or margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

A_UP_TO = 0.80
B_UP_TO = 0.95
ROUNDING = 1e-9


@dataclass(frozen=True)
class Standing:
    """A product's place in its store: share of the revenue, the share of those before it, and the class.

    Shares are of the positive amounts and lie in 0–1. The class is empty where the product brought nothing.
    """

    share: float
    share_before: float
    abc_class: str


NOT_RANKED = Standing(share=0.0, share_before=1.0, abc_class="")


def rank(amounts: Mapping[int, float]) -> dict[int, Standing]:
    """The standing of every product (by id) from the revenues, or the margins, of one period.

    Products are taken in order of the amount, equal ones by id. A product is A while those before it bring less than
    80 % of the whole, B while less than 95 %, else C: the best one is always A. Products with an amount of 0 or
    less (nothing sold, only returns, sold at a loss) are not ranked; an empty store ranks nobody.

    Worked: 50, 30, 15, 5 have 0, 50, 80, 95 % before them and are A, A, B, C.
    """
    earners = sorted((item for item in amounts.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
    total = sum(amount for _, amount in earners)
    standings = dict.fromkeys(amounts, NOT_RANKED)
    before = 0.0
    for product_id, amount in earners:
        standings[product_id] = Standing(amount / total, before / total, _class(before / total))
        before += amount
    return standings


def _class(share_before: float) -> str:
    if share_before < A_UP_TO - ROUNDING:
        return "A"
    return "B" if share_before < B_UP_TO - ROUNDING else "C"
