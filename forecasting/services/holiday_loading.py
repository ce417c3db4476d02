"""Public holidays from the library “holidays”, kept as calendar events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from forecasting.models import CalendarEvent
from inventory.models import Store

YEARS_BACK = 3  # what the forecast learns from
MOST_YEARS = 20
LANGUAGE = "en_US"


@dataclass(frozen=True)
class Loaded:
    """How many holidays were added and how many were there, and of which countries (with regions) they are."""

    added: int
    known: int
    places: tuple[str, ...]

    def sentence(self) -> str:
        if not self.places:
            return "No store has a country yet: set it on the store's page, then load again."
        return f"{self.added} holidays added, {self.known} were there ({', '.join(self.places)})."


def usual_years(today: date) -> tuple[int, int]:
    """The years that the forecast looks at: three past ones, this one and the next."""
    return today.year - YEARS_BACK, today.year + 1


def load_for_stores(*, first_year: int, last_year: int, now: datetime) -> Loaded:
    """Load the holidays of every active store's country and region."""
    stores = Store.objects.active().exclude(country="").order_by("country", "region")
    return load_holidays(
        places=list(stores.values_list("country", "region").distinct()),
        first_year=first_year,
        last_year=last_year,
        now=now,
    )


@transaction.atomic
def load_holidays(*, places: Iterable[tuple[str, str]], first_year: int, last_year: int, now: datetime) -> Loaded:
    """Add the holidays of (country, region) that are not there yet; those that are stay as people left them.

    A region has its own holidays beside its country's: they are two sets of events, so that what is learned about
    a national holiday is shared. Raises ``ValidationError`` for years the wrong way round, too many of them, and a
    country or region that the library does not know.
    """
    if not first_year <= last_year < first_year + MOST_YEARS:
        raise ValidationError({"last_year": f"The last year is the first or up to {MOST_YEARS - 1} later."})
    years = range(first_year, last_year + 1)
    wanted: dict[str, CalendarEvent] = {}
    named = sorted(set(places))
    for country, region in named:
        national = _holidays(country, "", years)
        own = {day: name for day, name in _holidays(country, region, years).items() if national.get(day) != name}
        for where, days in (("", national), (region, own if region else {})):
            for day, name in days.items():
                event = _event(country, where, day, name, now)
                wanted[str(event.source_key)] = event
    there = set(CalendarEvent.objects.filter(source_key__startswith="holidays:").values_list("source_key", flat=True))
    missing = [event for key, event in sorted(wanted.items()) if key not in there]
    CalendarEvent.objects.bulk_create(missing, batch_size=500)
    shown = tuple("-".join(filter(None, place)) for place in named)
    return Loaded(len(missing), len(wanted) - len(missing), shown)


def _holidays(country: str, region: str, years: range) -> dict[date, str]:
    """Names by day, in English where the library has it. A day in lieu is called “(observed)” and is an event of its own."""
    import holidays  # a third of a second, which no web page needs

    if country not in holidays.list_supported_countries():
        raise ValidationError({"country": f"No public holidays are known for “{country}”."})
    known = holidays.list_supported_countries(include_aliases=True)[country]
    if region and region not in known:
        raise ValidationError(
            {"region": f"“{region}” is no region of {country}; known are: {', '.join(known) or 'none'}."}
        )
    found = holidays.country_holidays(country, subdiv=region or None, years=years, language=LANGUAGE)
    return {day: name[:100] for day, name in found.items()}


def _event(country: str, region: str, day: date, name: str, now: datetime) -> CalendarEvent:
    return CalendarEvent(
        name=name,
        kind=CalendarEvent.Kind.HOLIDAY,
        first_day=day,
        last_day=day,
        country=country,
        region=region,
        source_key=f"holidays:{country}:{region}:{day.isoformat()}:{name}"[:200],
        created_by_name="public holidays",
        created_at=now,
        updated_at=now,
    )
