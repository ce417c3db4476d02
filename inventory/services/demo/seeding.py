"""Making the demo, once, and finishing one that was cut short.

The ledger cannot be emptied, so nothing is undone: the marker row says which demo a database holds, the seed makes
the same movements again, and their keys tell which of them are there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import numpy as np
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from inventory.calc.simulation.config import FULL, DemoConfig
from inventory.calc.simulation.events import Kind
from inventory.calc.simulation.simulate import Simulation, simulate
from inventory.models import Alert, InventoryTransaction, Product, Store, Supplier
from inventory.services.demo.catalogue import find_ids, write_catalogue
from inventory.services.demo.keys import movement_key
from inventory.services.demo.logins import create_demo_logins, refuse_in_production
from inventory.services.demo.marker import Marker, complete_marker, create_marker, read_marker
from inventory.services.demo.movements import batch_ends, movements_of_batch
from inventory.services.demo.orders import write_orders
from inventory.services.demo.truth import read_fingerprint, write_truth
from inventory.services.errors import Conflict
from inventory.services.lead_times import measure_suppliers
from inventory.services.ledger import record_movements
from inventory.services.stockouts import close_days

SOURCE = "demo"
ANOTHER_DATABASE = "set DATABASE_URL, or INVENCARE_VAR_DIR for another folder"
Progress = Callable[[int, int], None]  # movements in the ledger, of all


class Outcome(StrEnum):
    SEEDED = "seeded"
    COMPLETED = "completed"  # an earlier run had been cut short
    TRUTH_WRITTEN = "truth written"  # the files were lost, or about another database's demo
    THERE = "there"  # nothing to do


@dataclass(frozen=True)
class Seeded:
    """What a run found or did; ``movements_added`` by this run."""

    outcome: Outcome
    config: DemoConfig
    today: date
    movements_added: int


def seed_demo(
    *,
    now: datetime,
    config: DemoConfig | None = None,
    today: date | None = None,
    progress: Progress | None = None,
) -> Seeded:
    """Fill an empty database with the demo whose last day is the day before ``today``; safe to run again.

    Without ``config`` and ``today`` it takes what the database holds, else the full demo and the UTC day of ``now``
    (its stores' clocks are never behind UTC, so yesterday is over everywhere). Raises ``Conflict`` for a database
    with other data or another demo, ``PermissionDenied`` in production, ``ValidationError`` for a future ``today``.
    """
    refuse_in_production()
    if today and today > now.date():
        raise ValidationError({"today": f"The demo ends before today: {today} is in the future."})
    marker = read_marker()
    if marker is None:
        _refuse_other_data()
        marker, simulation = _begin(config or FULL, today or now.date(), now=now)
        return _complete(marker, simulation, Outcome.SEEDED, now=now, progress=progress or _silently)
    _refuse_another_demo(marker, config, today)
    if not marker.is_complete:
        return _complete(marker, _simulate_again(marker), Outcome.COMPLETED, now=now, progress=progress or _silently)
    if read_fingerprint() != marker.fingerprint:
        write_truth(_simulate_again(marker), today=marker.today)
        return Seeded(Outcome.TRUTH_WRITTEN, marker.config, marker.today, movements_added=0)
    return Seeded(Outcome.THERE, marker.config, marker.today, movements_added=0)


def simulate_marked() -> Simulation:
    """The complete demo that this database holds, drawn again. Raises ``Conflict`` where there is none."""
    marker = read_marker()
    if marker is None or not marker.is_complete:
        raise Conflict("This database holds no complete demo: run manage.py seed_demo.")
    return _simulate_again(marker)


def _simulate(config: DemoConfig, today: date) -> Simulation:
    return simulate(config, np.random.default_rng(config.seed), last_day=today - timedelta(days=1))


def _simulate_again(marker: Marker) -> Simulation:
    """The marked demo. Raises ``Conflict`` if this program or its NumPy draws other numbers than the one that began."""
    simulation = _simulate(marker.config, marker.today)
    if simulation.fingerprint() != marker.fingerprint:
        raise Conflict(
            "The demo was begun by another version of the simulation, which draws other numbers, and cannot be "
            f"finished or explained by this one. Begin again: {ANOTHER_DATABASE}."
        )
    return simulation


def _begin(config: DemoConfig, today: date, *, now: datetime) -> tuple[Marker, Simulation]:
    """Everything but the movements, and the marker: one transaction, so that a demo is marked or not begun."""
    simulation = _simulate(config, today)
    marker = Marker(config, today, simulation.fingerprint(), started_at=now, is_complete=False)
    try:
        _write_beginning(marker, simulation)
    except IntegrityError as error:
        raise Conflict("Somebody else is filling this database: look again when they are done.") from error
    return marker, simulation


@transaction.atomic
def _write_beginning(marker: Marker, simulation: Simulation) -> None:
    create_marker(marker, rows=len(simulation.events), first_day=simulation.first_day, last_day=simulation.last_day)
    ids = write_catalogue(simulation)
    write_orders(simulation, ids)
    create_demo_logins(managed_store_code=simulation.catalogue.stores[0].code)


def _complete(marker: Marker, simulation: Simulation, outcome: Outcome, *, now: datetime, progress: Progress) -> Seeded:
    """Record the movements that are missing, close the days, write the truth, and say in the marker that all is there."""
    added = _record(simulation, now=now, progress=progress)
    close_days(through=simulation.last_day, now=now)
    measure_suppliers(now=now)
    # What opened and closed while the past was replayed is news to nobody.
    Alert.objects.filter(closed_at__gte=marker.started_at).delete()
    write_truth(simulation, today=marker.today)
    _complete_marker(simulation, now=now)
    return Seeded(outcome, marker.config, marker.today, added)


def _record(simulation: Simulation, *, now: datetime, progress: Progress) -> int:
    """Bring the movements that are missing into the ledger, batch by batch; returns how many."""
    ids = find_ids(simulation)
    ends, added = batch_ends(simulation), 0
    for end in ends[_recorded_batches(simulation, ends) :]:
        recorded = record_movements(movements_of_batch(simulation, ids, end=end), source=SOURCE, now=now)
        added += recorded.added
        progress(end, len(simulation.events))
    return added


def _recorded_batches(simulation: Simulation, ends: list[int]) -> int:
    """How many batches are in the ledger: a batch is in it wholly or not, and they went in by their order."""
    seed = simulation.config.seed

    def is_missing(end: int) -> bool:
        return not InventoryTransaction.objects.filter(idempotency_key=movement_key(seed, end - 1)).exists()

    return bisect_left(ends, True, key=is_missing)


def _complete_marker(simulation: Simulation, *, now: datetime) -> None:
    events = simulation.events
    is_sale = events.kind == Kind.SALE
    is_trade = is_sale | (events.kind == Kind.RETURN)
    complete_marker(
        rows=len(events),
        units=int(-events.change[is_sale].sum()),
        revenue_cents=int(-(events.change * events.price_cents)[is_trade].sum()),
        now=now,
    )


def _refuse_other_data() -> None:
    found = [
        f"{count:,} {model._meta.verbose_name_plural}"
        for model in (Store, Supplier, Product)
        if (count := model.objects.count())
    ]
    if found:
        raise Conflict(
            f"This database holds other data ({', '.join(found)}), which the demo would mix with. "
            f"Give it an empty one: {ANOTHER_DATABASE}."
        )


def _refuse_another_demo(marker: Marker, config: DemoConfig | None, today: date | None) -> None:
    is_same = config in (None, marker.config) and today in (None, marker.today)
    if not is_same:
        raise Conflict(
            f"This database holds the demo of seed {marker.config.seed} with {marker.config.days} days before "
            f"{marker.today}; another one needs an empty database: {ANOTHER_DATABASE}."
        )


def _silently(done: int, total: int) -> None:
    """Nobody watches."""
