"""One mail a day and person with what is new, most money at stake first, as much as the person wants.

A digest's row is claimed, with the causes in it, before the mail leaves (ADR 0024): of two workers one sends it, and
a cause is mailed to a person at most once. A cause that closed and came back within ``SAME_CAUSE_DAYS`` is the same one.
A mail that the server refused is tried again; one whose process died is not, because nobody knows whether it left: its
alerts are on the alerts' page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from inventory.models import Alert, AlertDelivery, AlertDigest, AlertPreference
from inventory.models.company import our_company
from inventory.services.alert_preferences import alert_scope_of, preference_of

SAME_CAUSE_DAYS = 7
MOST_ATTEMPTS = 3
MAIL_TIMEOUT_SECONDS = 10
Status = AlertDigest.Status


@dataclass(frozen=True)
class Digest:
    """What one person is told: ``alerts`` are new to them; of all that is open, ``open_count`` and ``more_new``."""

    user: User
    day: date
    alerts: Sequence[Alert]
    more_new: int
    open_count: int

    @property
    def money(self) -> dict[str, Decimal]:
        """At stake in what is listed, by currency."""
        sums: dict[str, Decimal] = {}
        for alert in self.alerts:
            if alert.money:
                sums[alert.currency] = sums.get(alert.currency, Decimal(0)) + alert.money
        return dict(sorted(sums.items()))


def send_due_digests(*, now: datetime) -> int:
    """Mail everybody whose hour has come and who has had none today; the number of mails. Safe to run at any time."""
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    return sum(_send(user, local.date(), now) for user in _people_due(local))


def new_for(user: User, *, preference: AlertPreference, day: date, now: datetime) -> Digest:
    """What is open and awake in the stores that the person wants, is nobody else's, and was not mailed to them."""
    rows = Alert.objects.visible_to(alert_scope_of(user, preference)).open().awake(now)
    rows = rows.filter(Q(assigned_to__isnull=True) | Q(assigned_to=user))
    told = AlertDelivery.objects.filter(user=user)
    lately = told.filter(sent_at__gt=now - timedelta(days=SAME_CAUSE_DAYS)).values("cause_key")
    new = rows.exclude(pk__in=told.values("alert_id")).exclude(cause_key__in=lately)
    listed = list(new.worst_first().select_related("store", "product")[: preference.most_alerts])
    return Digest(user, day, listed, more_new=new.count() - len(listed), open_count=rows.count())


def digest_message(digest: Digest) -> EmailMultiAlternatives:
    """Text and HTML that say the same. Addresses are whole where ``SITE_ADDRESS`` is set, else left out."""
    company = our_company()
    address = settings.SITE_ADDRESS.rstrip("/")
    context = {
        "digest": digest,
        "company": company.name,
        "list_url": f"{address}{reverse('admin:inventory_alert_changelist')}" if address else "",
        "preferences_url": f"{address}{reverse('admin:inventory_alert_preferences')}" if address else "",
        "lines": [
            {
                "alert": alert,
                "url": f"{address}{reverse('admin:inventory_alert_change', args=[alert.pk])}" if address else "",
            }
            for alert in digest.alerts
        ],
    }
    message = EmailMultiAlternatives(
        subject=render_to_string("mail/alert_digest_subject.txt", context).strip(),
        body=render_to_string("mail/alert_digest.txt", context),
        to=[digest.user.email],
        reply_to=[company.email] if company.email else None,
        connection=get_connection(timeout=MAIL_TIMEOUT_SECONDS),
    )
    message.attach_alternative(render_to_string("mail/alert_digest.html", context), "text/html")
    return message


def _people_due(local: datetime) -> Iterable[User]:
    """Active staff with an address whose hour is past, who want a digest and have not had today's."""
    people = User.objects.filter(is_active=True, is_staff=True).exclude(email="").order_by("pk")
    wants = Q(alert_preference__wants_digest=True, alert_preference__digest_hour__lte=local.hour)
    by_default = Q(alert_preference__isnull=True) if local.hour >= AlertPreference.HOUR else Q(pk__in=[])
    had = AlertDigest.objects.filter(day=local.date()).exclude(status=Status.FAILED, attempts__lt=MOST_ATTEMPTS)
    due = people.filter(wants | by_default).exclude(pk__in=had.values("user_id"))
    return [user for user in due if user.has_perm("inventory.view_alert")]


def _send(user: User, day: date, now: datetime) -> bool:
    claimed = _claim(user, day, now)
    if claimed is None:
        return False
    row, digest = claimed
    try:
        digest_message(digest).send()
    except OSError as error:  # every SMTP and socket failure: the mail did not leave
        _give_back(row, f"{type(error).__name__}: {error}")
        return False
    AlertDigest.objects.filter(pk=row.pk).update(status=Status.SENT)
    return True


@transaction.atomic
def _claim(user: User, day: date, now: datetime) -> tuple[AlertDigest, Digest] | None:
    """The day's row with the causes that go into the mail; None where another has it, or nothing is new."""
    row = _claimed_row(user, day, now)
    if row is None:
        return None
    digest = new_for(user, preference=preference_of(user), day=day, now=now)
    if not digest.alerts:
        AlertDigest.objects.filter(pk=row.pk).update(status=Status.NOTHING_NEW)
        return None
    AlertDelivery.objects.bulk_create(
        AlertDelivery(user=user, alert=alert, digest=row, cause_key=alert.cause_key, sent_at=now)
        for alert in digest.alerts
    )
    return row, digest


def _claimed_row(user: User, day: date, now: datetime) -> AlertDigest | None:
    failed = AlertDigest.objects.filter(user=user, day=day, status=Status.FAILED, attempts__lt=MOST_ATTEMPTS)
    row = failed.first()
    if row is not None:
        again = failed.filter(pk=row.pk, attempts=row.attempts)
        taken = again.update(status=Status.SENDING, attempts=row.attempts + 1, problem="", sent_at=now)
        return row if taken else None
    try:
        with transaction.atomic():
            return AlertDigest.objects.create(user=user, day=day, sent_at=now)
    except IntegrityError:  # another worker has today's
        return None


@transaction.atomic
def _give_back(row: AlertDigest, problem: str) -> None:
    """The mail did not leave: its causes have not been told."""
    AlertDelivery.objects.filter(digest=row).delete()
    AlertDigest.objects.filter(pk=row.pk).update(status=Status.FAILED, problem=problem[:300])
