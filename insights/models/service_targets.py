"""How well the shelf is to serve each class of products."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

LOWEST, HIGHEST = 0.5, 0.9999


class ServiceTarget(models.Model):
    """The fill rate of one cell of the ABC × XYZ matrix. Administrators and buyers edit it; orders aim at it from the next run on.

    ABC is the product's place in its store's revenue, XYZ how steady its demand is; either may be empty (not classed yet). A
    cell without a row has the default (``insights.calc.replenishment.service_classes``).
    """

    class Abc(models.TextChoices):
        A = "A", "A · most revenue"
        B = "B", "B · middling"
        C = "C", "C · least revenue"

    class Xyz(models.TextChoices):
        X = "X", "X · steady"
        Y = "Y", "Y · varying"
        Z = "Z", "Z · hard to forecast"

    abc_class = models.CharField("ABC class", max_length=1, choices=Abc.choices, blank=True)
    xyz_class = models.CharField("XYZ class", max_length=1, choices=Xyz.choices, blank=True)
    fill_rate = models.FloatField(
        validators=[MinValueValidator(LOWEST), MaxValueValidator(HIGHEST)],
        help_text="Share of what is asked for that the shelf serves at once, 0.5 to 0.9999.",
    )

    class Meta:
        db_table = "service_targets"
        ordering = ["abc_class", "xyz_class"]
        constraints = [
            models.UniqueConstraint(
                fields=["abc_class", "xyz_class"],
                name="service_target_once",
                violation_error_message="This class has a target already: change that one.",
            ),
            models.CheckConstraint(
                condition=Q(fill_rate__gte=LOWEST, fill_rate__lte=HIGHEST),
                name="service_target_is_a_rate",
                violation_error_message="A fill rate lies between 0.5 and 0.9999.",
            ),
            models.CheckConstraint(
                condition=~Q(abc_class="") | Q(xyz_class=""),
                name="service_target_xyz_needs_abc",
                violation_error_message="Give the ABC class as well: products without one have a single target.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'not classed'}: {self.fill_rate:.2%}"

    @property
    def name(self) -> str:
        """As the policy calls the class: AX, A, or empty."""
        return self.abc_class + self.xyz_class
