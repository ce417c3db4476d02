"""Which night's figures are the newest."""

from __future__ import annotations

from datetime import date

from django.db.models import Max

from analytics.models import CompanyClass, ProductPerformance


def newest_night() -> date | None:
    """The last day that a whole night analysed; None before the first.

    The company's classes are written when a night ends. Performance that somebody asks for in between may be of a later
    day, and of one product alone. Where nothing was ever sold, the newest performance is all there is to go by.
    """
    day: date | None = CompanyClass.objects.aggregate(day=Max("abc_on"))["day"]
    return day or ProductPerformance.objects.filter(period_type="monthly").aggregate(day=Max("analysis_date"))["day"]
