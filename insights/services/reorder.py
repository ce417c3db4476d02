"""Recommendations for many products of one store (PA-7), written beside people who decide at the same time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q

from analytics.services.products import require_known_products
from insights.calc.replenishment.config import PolicyConfig
from insights.frames.reorder import load_reorder_frame
from insights.models import ReorderRecommendation
from insights.services.policy.company import company_policy
from insights.services.policy.inputs import order_inputs
from insights.services.policy.planning import Planned, plan_products
from insights.services.policy.proposals import proposal
from invencare.lib.upsert import insert_values, upsert
from inventory.models import Store

Status = ReorderRecommendation.Status
COLUMNS = tuple(field.attname for field in ReorderRecommendation._meta.concrete_fields if not field.primary_key)
# What a person read before deciding: when one of these changes, the page that they see is out of date.
SHOWN_FIELDS = ("recommended_order_quantity", "supplier_id", "unit_cost", "urgency_level")


@dataclass(frozen=True)
class Recommended:
    """What one call did, by product id: written or refreshed, left to people's decisions, and rows expired.

    ``planned`` holds every product's order, those that need none as well.
    """

    written: list[int] = field(default_factory=list)
    decided: list[int] = field(default_factory=list)
    expired: int = 0
    planned: dict[int, Planned] = field(default_factory=dict, compare=False, repr=False)


@transaction.atomic
def recommend(
    *,
    store: Store,
    product_ids: Sequence[int],
    recommendation_date: date,
    now: datetime,
    config: PolicyConfig | None = None,
    forecast_date: date | None = None,
    put_off: Collection[int] = (),
) -> Recommended:
    """Write the day's recommendation of every product that needs an order, from the day's forecast and the stock now.

    All products go through the policy at once (``insights.calc.replenishment``), each as if it were alone; what rows share, a
    supplier's minimum order, is decided afterwards (``insights.services.joint_orders``). ``config`` is the company's where
    it is left out, ``forecast_date`` the day itself. Products that are ``put_off`` are planned, and their rows left alone. A product that needs no order still gets a row where somebody has to know
    why: a minimum that cannot be kept, goods on order of what is no longer sold.

    Pending rows of the day are refreshed and rows that a person decided are left alone: the rows are locked in
    primary-key order before anything is read, so that a decision, and the order that it makes, comes before or
    after, never between. Pending rows of earlier days expire, and the day's own where nothing is needed any more. A
    product that has a row of a later day is left out: an old day run again changes nothing that is newer. Two calls
    that both add a product's first row of a day end with an ``IntegrityError`` for one of them, who finds the row
    when called again.
    """
    ids = sorted(set(product_ids))
    left_alone = frozenset(put_off)
    known = _lock_rows(store, [pk for pk in ids if pk not in left_alone], recommendation_date)
    frame = load_reorder_frame(
        store_id=store.pk, product_ids=ids, recommendation_date=recommendation_date, forecast_date=forecast_date
    )
    require_known_products(ids, frame.products)
    config = config or company_policy()
    planned = plan_products(order_inputs(frame, ids, today=recommendation_date), config)
    written = []
    for product_id, plan in planned.items():
        if product_id in known.closed | left_alone or not plan.is_worth_a_row:
            continue
        row = proposal(frame, product_id, plan, config=config, today=recommendation_date)
        row.store_id, row.updated_at = store.pk, now
        row.version = _next_version(known.of_today.get(product_id), row)
        written.append(row)
    _write(written, known)
    stale = known.pending_ids - {
        known.of_today[row.product_id].pk for row in written if row.product_id in known.of_today
    }
    return Recommended(
        written=[row.product_id for row in written],
        decided=sorted(known.decided),
        expired=expire(stale, now=now),
        planned=planned,
    )


def expire(recommendation_ids: Iterable[int], *, now: datetime) -> int:
    """Expire those of the rows that are still pending; the number of them."""
    ids = list(recommendation_ids)
    if not ids:
        return 0
    pending = ReorderRecommendation.objects.pending().filter(pk__in=ids)
    return pending.update(status=Status.EXPIRED, version=F("version") + 1, updated_at=now)


@dataclass(frozen=True)
class _KnownRows:
    """The rows of some products as they were when they were locked, by product id where not said otherwise.

    ``pending_ids`` are primary keys of the day's and of earlier days' pending rows; ``closed`` are the products
    that get no row: a person decided today's, or there is a row of a later day.
    """

    of_today: dict[int, ReorderRecommendation]
    decided: frozenset[int]
    closed: frozenset[int]
    pending_ids: frozenset[int]


def _lock_rows(store: Store, product_ids: Sequence[int], day: date) -> _KnownRows:
    """Lock the rows that may change, and those of the day and later that must not; dossiers stay in the database."""
    candidates = ReorderRecommendation.objects.filter(store=store, product_id__in=product_ids).filter(
        Q(status=Status.PENDING) | Q(recommendation_date__gte=day)
    )
    rows = list(candidates.select_for_update().order_by("pk").defer("dossier", "notes"))
    of_today = {row.product_id: row for row in rows if row.recommendation_date == day}
    decided = {product_id for product_id, row in of_today.items() if row.status in {Status.APPROVED, Status.REJECTED}}
    return _KnownRows(
        of_today=of_today,
        decided=frozenset(decided),
        closed=frozenset(decided | {row.product_id for row in rows if row.recommendation_date > day}),
        pending_ids=frozenset(row.pk for row in rows if row.is_pending and row.recommendation_date <= day),
    )


def _write(rows: Sequence[ReorderRecommendation], known: _KnownRows) -> None:
    """Replace the rows that are there (locked, and not decided) and insert the others.

    Inserts do not replace: a row that came in the meantime is not known to be undecided.
    """
    new = ([getattr(row, column) for column in COLUMNS] for row in rows if row.product_id not in known.of_today)
    insert_values(ReorderRecommendation, COLUMNS, new)
    upsert([row for row in rows if row.product_id in known.of_today], key=("product", "store", "recommendation_date"))


def _next_version(known: ReorderRecommendation | None, row: ReorderRecommendation) -> int:
    """One more where the reader's page is out of date; the same where a rerun came to the same answer."""
    if known is None:
        return 1
    is_same = known.status == Status.PENDING and all(
        getattr(known, name) == getattr(row, name) for name in SHOWN_FIELDS
    )
    return known.version if is_same else known.version + 1
