"""The best price of a product, from its measured elasticity and what the caller says of today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from insights.models import DemandAnalysis, PriceElasticity
from inventory.services.errors import Conflict, Unknown

FIELD_OF = {"current price": "current_price", "current quantity": "current_quantity", "cost per unit": "cost_per_unit"}


@dataclass(frozen=True)
class PriceQuestion:
    """Money per unit, units per any period; shares of the price. ``uses_category`` where the product's own is refused."""

    current_price: float
    current_quantity: float
    cost_per_unit: float
    most_step: float = 0.20
    least_margin: float = 0.0
    ending: float | None = None
    uses_category: bool = False


def find_best_price(analysis: DemandAnalysis, *, product: Any, question: PriceQuestion) -> dict[str, Any]:
    """The answer as plain numbers. Raises ``Conflict`` with the reason where the elasticity cannot be told, and
    ``ValidationError`` naming the input that no price fits."""
    # Numeric: at the top it would load numpy into every web process.
    from insights.calc.pricing.optimum import Demand, PriceRules, best_price

    row = elasticity_for(analysis, product=product, uses_category=question.uses_category)
    own = analysis.elasticities.filter(product=product).first() or row
    demand = Demand(
        price=question.current_price,
        quantity=question.current_quantity,
        unit_cost=question.cost_per_unit,
        elasticity=float(row.elasticity or 0.0),
        error=float(row.standard_error or 0.0),
    )
    lowest, highest = own.lowest_price or question.current_price, own.highest_price or question.current_price
    rules = PriceRules(
        lowest=lowest,
        highest=highest,
        most_step=question.most_step,
        least_margin=question.least_margin,
        ending=question.ending,
    )
    try:
        answer = best_price(demand, rules)
    except ValueError as error:
        field = next((name for words, name in FIELD_OF.items() if words in str(error)), "current_price")
        raise ValidationError({field: str(error).capitalize() + "."}) from error
    return {
        "elasticity": row.elasticity,
        "standard_error": row.standard_error,
        "elasticity_of": "category" if row.product_id is None else "product",
        "current": _told(answer.current),
        "best": _told(answer.best),
        "profit_change": answer.best.profit - answer.current.profit,
        "chance_of_more_profit": answer.chance_of_more_profit,
        "free_optimum_price": answer.free_price,
        "lowest_allowed_price": answer.bounds[0],
        "highest_allowed_price": answer.bounds[1],
        "lowest_observed_price": lowest,
        "highest_observed_price": highest,
        "binding": answer.binding,
        "is_at_bound": bool(answer.binding),
    }


def elasticity_for(analysis: DemandAnalysis, *, product: Any, uses_category: bool) -> PriceElasticity:
    """The product's elasticity; its category's where that is asked for and the product's own was refused."""
    row = analysis.elasticities.filter(product=product).first()
    if row is None:
        raise Unknown({"product_id": ["This product was not sold in the days that were analysed."]})
    if row.elasticity is not None:
        return row
    category = analysis.elasticities.filter(product__isnull=True, category=row.category).first()
    if uses_category and category is not None and category.elasticity is not None:
        return category
    hint = ""
    if category is not None and category.elasticity is not None and not uses_category:
        hint = f" Its category’s is {category.elasticity:.2f}: send use_category=true to reckon with that."
    raise Conflict(f"The elasticity of {product.sku} cannot be told: {row.reason}.{hint}")


def _told(outcome: Any) -> dict[str, Any]:
    return {
        "price": outcome.price,
        "quantity": outcome.quantity,
        "quantity_lower": outcome.quantity_bounds[0],
        "quantity_upper": outcome.quantity_bounds[1],
        "revenue": outcome.revenue,
        "profit": outcome.profit,
        "profit_lower": outcome.profit_bounds[0],
        "profit_upper": outcome.profit_bounds[1],
    }
