"""Why a recommendation says what it says, and whether its row still comes to the same quantity by itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from insights.models import ReorderRecommendation
from insights.services.dossier import explain, recompute

ROWS_AT_ONCE = 200


class Command(BaseCommand):
    help = "Explain recommendations and recompute each from its own row. Exits 1 where one comes to another quantity."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("ids", nargs="*", type=int, default=[], metavar="ID", help="recommendations to explain")
        which.add_argument("--all", action="store_true", help="recompute every row; tell only those that differ")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = ReorderRecommendation.objects.order_by("pk").select_related("product", "store")
        if options["all"]:
            self._check_all(rows)
            return
        found = {row.pk: row for row in rows.filter(pk__in=options["ids"])}
        if missing := [str(pk) for pk in options["ids"] if pk not in found]:
            raise CommandError(f"There is no recommendation {', '.join(missing)}.")
        differing = [pk for pk in options["ids"] if not self._told(found[pk])]
        if differing:
            raise CommandError(f"Not the same quantity: {', '.join(map(str, differing))}.")

    def _told(self, row: ReorderRecommendation) -> bool:
        """Print one row; whether it comes to its quantity."""
        self.stdout.write(f"Recommendation {row.pk} of {row.recommendation_date}: {row}")
        for number, line in enumerate(explain(row.dossier), start=1):
            self.stdout.write(f"{number:3}. {line}")
        quantity, problem = _recomputed(row)
        if problem:
            self.stdout.write(f"It cannot be recomputed: {problem}.\n")
            return False
        is_same = quantity == row.recommended_order_quantity
        verdict = "the same" if is_same else f"not the {row.recommended_order_quantity:,} that are recommended"
        self.stdout.write(f"Recomputed from this row alone: {quantity:,} units, {verdict}.\n")
        return is_same

    def _check_all(self, rows: Any) -> None:
        same, without, differing = 0, 0, 0
        for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
            if not row.dossier.get("version"):
                without += 1
                continue
            quantity, problem = _recomputed(row)
            if not problem and quantity == row.recommended_order_quantity:
                same += 1
                continue
            differing += 1
            said = problem or f"{quantity:,} units instead of {row.recommended_order_quantity:,}"
            self.stderr.write(f"Recommendation {row.pk}, {row}: {said}")
        self.stdout.write(
            f"{same:,} rows come to their quantity, {differing:,} do not, {without:,} were made without a dossier."
        )
        if differing:
            raise CommandError(f"{differing:,} rows do not come to their quantity.")


def _recomputed(row: ReorderRecommendation) -> tuple[int, str]:
    """The quantity, or what is wrong with the dossier."""
    try:
        return recompute(row.dossier), ""
    except (ValueError, KeyError, TypeError) as error:
        return 0, f"{type(error).__name__}: {error}"
