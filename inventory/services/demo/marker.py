"""The run row by which a database knows that it holds a demo, which one, and how far it got.

The demo comes in like one big sales file, so its run row is one: the checksum is fixed, the mapping says what was
simulated. It is written in the transaction that makes the catalogue, before the first movement.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from inventory.calc.simulation.config import DemoConfig
from inventory.models import SalesFile
from inventory.services.demo.money import money

CHECKSUM = "demo"


@dataclass(frozen=True)
class Marker:
    """What the database says of the demo in it."""

    config: DemoConfig
    today: date
    fingerprint: str
    started_at: datetime
    is_complete: bool


def read_marker() -> Marker | None:
    row = SalesFile.objects.filter(checksum=CHECKSUM).first()
    if row is None:
        return None
    return Marker(
        config=DemoConfig(**row.mapping["config"]),
        today=date.fromisoformat(row.mapping["today"]),
        fingerprint=row.mapping["fingerprint"],
        started_at=row.started_at,
        is_complete=row.status == SalesFile.Status.DONE,
    )


def create_marker(marker: Marker, *, rows: int, first_day: date, last_day: date) -> None:
    """Raises ``IntegrityError`` where there is one already."""
    SalesFile.objects.create(
        name=f"Demo, seed {marker.config.seed}",
        checksum=CHECKSUM,
        status=SalesFile.Status.RUNNING,
        mapping={
            "config": asdict(marker.config),
            "today": marker.today.isoformat(),
            "fingerprint": marker.fingerprint,
        },
        rows_read=rows,
        first_date=first_day,
        last_date=last_day,
        started_at=marker.started_at,
    )


def complete_marker(*, rows: int, units: int, revenue_cents: int, now: datetime) -> None:
    SalesFile.objects.filter(checksum=CHECKSUM).update(
        status=SalesFile.Status.DONE, rows_added=rows, units=units, revenue=money(revenue_cents), finished_at=now
    )
