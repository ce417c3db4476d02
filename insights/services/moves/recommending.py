"""The night's moves, written beside people who decide at the same time. Safe to run twice, or two at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import F, Q

from insights.calc.replenishment.places import MovesConfig
from insights.frames.company import load_company_frame
from insights.models import AnalysisRun, ExcessRecommendation, ReorderRecommendation, TransferRecommendation
from insights.services.moves.planning import plan_rows
from invencare.lib.isolation import isolated
from invencare.lib.upsert import upsert
from inventory.models import StockLevel, Store
from inventory.services.locking import in_one_transaction, retried

logger = logging.getLogger(__name__)

PLACES_AT_ONCE = 4_000
TRANSFER_KEY = ("product", "from_store", "to_store", "recommendation_date")
EXCESS_KEY = ("product", "store", "recommendation_date")
# What a person read before deciding: when one of these changes, the page that they see is out of date.
SHOWN_FIELDS = {
    TransferRecommendation: ("recommended_quantity", "net_gain", "unit_cost"),
    ExcessRecommendation: ("action", "recommended_quantity", "mark_down_to", "stop_until"),
}
Status = ReorderRecommendation.Status
DECIDED = [Status.APPROVED, Status.REJECTED]


@dataclass
class Moved:
    """What one night wrote: rows of both kinds, rows expired, and products that could not be done, with the reason."""

    transfers: int = 0
    excess: int = 0
    expired: int = 0
    failed: dict[int, str] = field(default_factory=dict)


def moves_config() -> MovesConfig:
    """The company's choices, from the settings."""
    return MovesConfig(
        transfer_days=float(settings.TRANSFER_DAYS),
        fixed_cost=settings.TRANSFER_FIXED_COST,
        unit_cost=settings.TRANSFER_UNIT_COST,
        least_net_gain=settings.TRANSFER_LEAST_GAIN,
        least_excess_cost=settings.EXCESS_LEAST_COST,
        patience_days=float(settings.EXCESS_PATIENCE_DAYS),
    )


def newest_day() -> date | None:
    """The day that the newest completed nightly run recommended for; None before the first."""
    run = AnalysisRun.objects.completed().filter(kind=AnalysisRun.Kind.NIGHTLY).order_by("-business_date").first()
    return run.business_date + timedelta(days=1) if run else None


def recommend_moves(*, day: date, now: datetime) -> Moved:
    """Write the day's transfers and excess for the whole company, some products at a time.

    Pending rows of the day are refreshed, rows that a person decided are left alone, pending rows that the day does not confirm
    expire. What a person rejected, and excess that a person approved, is not proposed again for ``MOVES_QUIET_DAYS``.
    A product that cannot be done is named and stops no other.
    """
    config, done = moves_config(), Moved()
    product_ids = list(StockLevel.objects.order_by("product_id").values_list("product_id", flat=True).distinct())
    at_once = max(PLACES_AT_ONCE // max(Store.objects.filter(is_active=True).count(), 1), 1)
    for start in range(0, len(product_ids), at_once):
        some = product_ids[start : start + at_once]
        step = partial(_recommend, day=day, now=now, config=config, done=done)
        errors = retried(partial(isolated, step, some))
        done.failed |= {product_id: f"{type(error).__name__}: {error}"[:300] for product_id, error in errors.items()}
    if done.failed:
        logger.warning("moves of %d products could not be worked out: %s", len(done.failed), done.failed)
    return done


@in_one_transaction
def _recommend(product_ids: Sequence[int], *, day: date, now: datetime, config: MovesConfig, done: Moved) -> None:
    # Excess first, as a decision does that approves the transfers of an excess: two never wait in a ring.
    known_excess = _known(ExcessRecommendation, product_ids, day)
    known_transfers = _known(TransferRecommendation, product_ids, day)
    frame = load_company_frame(product_ids=product_ids, recommendation_date=day)
    transfers, excess = plan_rows(frame, day=day, config=config)
    done.transfers += _write(transfers, known_transfers, now=now)
    done.excess += _write(excess, known_excess, now=now)
    done.expired += sum(_expire(own, now=now) for own in (known_transfers, known_excess))


@dataclass
class _Known:
    """Rows as they were when they were locked. ``closed``: keys that get no row; ``stale``: pending rows not confirmed yet."""

    model: Any
    key: tuple[str, ...]
    of_today: dict[tuple[int, ...], Any]
    closed: set[tuple[int, ...]]
    stale: set[int]

    def key_of(self, row: Any) -> tuple[int, ...]:
        return tuple(getattr(row, f"{name}_id") for name in self.key[:-1])


def _known(model: Any, product_ids: Sequence[int], day: date) -> _Known:
    """Lock what may change, and what must not, in primary-key order; dossiers stay in the database."""
    key = TRANSFER_KEY if model is TransferRecommendation else EXCESS_KEY
    quiet_from = day - timedelta(days=settings.MOVES_QUIET_DAYS)
    candidates = model.objects.filter(product__in=product_ids).filter(
        Q(status__in=[Status.PENDING, Status.PROPOSED, Status.SNOOZED])
        | Q(recommendation_date__gte=day)
        | Q(status__in=DECIDED, recommendation_date__gt=quiet_from)
    )
    known = _Known(model, key, {}, set(), set())
    for row in candidates.select_for_update().order_by("pk").defer("dossier", "notes"):
        own = known.key_of(row)
        if row.recommendation_date == day:
            known.of_today[own] = row
        if row.is_pending and row.recommendation_date <= day:
            known.stale.add(row.pk)
        if _closes(row, day):
            known.closed.add(own)
    return known


def _closes(row: Any, day: date) -> bool:
    """Whether this row keeps the night from writing one of its key: decided, put off, waiting, or newer.

    A transfer that was approved on an earlier day is on its way, which the stock says: another may be needed.
    """
    if row.status == Status.APPROVED:
        return isinstance(row, ExcessRecommendation) or row.recommendation_date >= day
    is_put_off = row.status == Status.SNOOZED and row.snoozed_until > day
    return row.status in (Status.REJECTED, Status.PROPOSED) or is_put_off or row.recommendation_date > day


def _write(rows: Sequence[Any], known: _Known, *, now: datetime) -> int:
    """Replace the day's undecided rows and insert the others; what is confirmed is not stale. The number of rows."""
    fresh: list[Any] = []
    replaced: list[Any] = []
    for row in rows:
        own = known.key_of(row)
        if own in known.closed:
            continue
        before = known.of_today.get(own)
        row.updated_at, row.version = now, _next_version(before, row)
        (fresh if before is None else replaced).append(row)
        if before is not None:
            known.stale.discard(before.pk)
    known.model.objects.bulk_create(fresh, batch_size=500)
    upsert(replaced, key=known.key)
    return len(fresh) + len(replaced)


def _next_version(before: Any, row: Any) -> int:
    """One more where the reader's page is out of date; the same where a rerun came to the same answer."""
    if before is None:
        return 1
    shown = SHOWN_FIELDS[type(row)]
    is_same = before.status == Status.PENDING and all(getattr(before, name) == getattr(row, name) for name in shown)
    return int(before.version if is_same else before.version + 1)


def _expire(known: _Known, *, now: datetime) -> int:
    pending = known.model.objects.pending().filter(pk__in=known.stale)
    return int(pending.update(status=Status.EXPIRED, version=F("version") + 1, updated_at=now))
