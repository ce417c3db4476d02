"""The company itself: its letterhead, and the words of its e-mails to suppliers."""

from __future__ import annotations

from string import Template

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

MAIL_WORDS = ("order", "supplier", "store", "store_code", "lines", "units", "total", "expected", "company", "buyer")
"""What the subject and the body of an order's e-mail may name, each with a $ before it."""

SUBJECT = "Purchase order $order for $store"
BODY = """Dear $supplier,

please deliver the $units units of the attached order $order to $store ($store_code), if you can by $expected.

Kind regards
$buyer
$company
"""


def validate_mail_text(text: str) -> None:
    """Refuse a word that no order has, and a $ that names nothing ($$ is a plain $)."""
    template = Template(text)
    if not template.is_valid():
        raise ValidationError("A $ stands before a word such as $order; write $$ for a plain $.")
    unknown = sorted(set(template.get_identifiers()) - set(MAIL_WORDS))
    if unknown:
        known = " ".join(f"${word}" for word in MAIL_WORDS)
        raise ValidationError(f"${unknown[0]} is not known; use {known}.")


class Company(models.Model):
    """The one company of this site, as its suppliers read it. Written by buyers and administrators; one row or none."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True, help_text="Head office or invoices; each store has its own.")
    email = models.EmailField(blank=True, help_text="Where suppliers' answers go; empty: to the sender.")
    phone = models.CharField(max_length=50, blank=True)
    tax_number = models.CharField(max_length=50, blank=True)
    order_mail_subject = models.CharField(
        "subject of an order's e-mail", max_length=200, default=SUBJECT, validators=[validate_mail_text]
    )
    order_mail_body = models.TextField(
        "text of an order's e-mail",
        default=BODY,
        validators=[validate_mail_text],
        help_text=f"Words that are filled in: {' '.join(f'${word}' for word in MAIL_WORDS)}.",
    )

    class Meta:
        db_table = "companies"
        verbose_name_plural = "company"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="company_is_one")]

    def __str__(self) -> str:
        return self.name or "Company"


def our_company() -> Company:
    """The company's row, or one with the defaults while nobody has written it."""
    return Company.objects.first() or Company()
