"""What is proposed for stock that lies in the wrong place: move it, or stop ordering it, or mark it down."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from insights.models.recommendations import OPEN_STATUSES, ReorderRecommendation
from insights.querysets.moves import ExcessRecommendationQuerySet, TransferRecommendationQuerySet
from inventory.models import Product, StockTransferLine, Store


class Proposal(models.Model):
    """What every proposal about stock has that is there already: its life is that of ``ReorderRecommendation``.

    Written by the nightly run while pending, never touched by it once a person decided. ``dossier`` keeps every input
    and step, so that the quantity can be recomputed and explained from the row alone. Money is in the store's currency.
    """

    Status = ReorderRecommendation.Status

    recommendation_date = models.DateField()
    recommended_quantity = models.PositiveIntegerField("recommended (units)")
    approved_quantity = models.PositiveIntegerField(null=True, blank=True)
    proposed_quantity = models.PositiveIntegerField(null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    proposed_by_name = models.CharField(max_length=150, blank=True)
    snoozed_until = models.DateField(null=True, blank=True, help_text="The day on which it is pending again.")
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    status = models.CharField(
        max_length=16, choices=ReorderRecommendation.Status.choices, default=ReorderRecommendation.Status.PENDING
    )
    version = models.PositiveIntegerField(default=1)
    notes = models.TextField(blank=True)
    dossier = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(recommended_quantity__gt=0), name="%(class)s_of_something"),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(approved_quantity__isnull=False, approved_quantity__gt=0),
                name="%(class)s_approved_has_quantity",
            ),
            models.CheckConstraint(
                condition=~Q(status="proposed")
                | (Q(proposed_quantity__isnull=False, proposed_quantity__gt=0) & ~Q(proposed_by_name="")),
                name="%(class)s_proposed_has_proposer",
                violation_error_message="A proposal has a quantity and somebody who proposed it.",
            ),
            models.CheckConstraint(
                condition=~Q(status="snoozed") | Q(snoozed_until__isnull=False),
                name="%(class)s_snoozed_has_day",
                violation_error_message="A snoozed recommendation has a day on which it comes back.",
            ),
        ]

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING

    @property
    def is_open(self) -> bool:
        """Whether somebody may still decide it."""
        return self.status in OPEN_STATUSES


class TransferRecommendation(Proposal):
    """One proposal to move one product from one store to another: one row per product, both stores and day.

    ``gain`` is the expected margin that the receiver would lose without it and the holding that ends at the sender,
    ``loss`` what the sender may miss, ``cost`` of the move; ``net_gain`` is what is left. The sending store's people
    decide, since it is their stock.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    from_store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    to_store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    sender_stock = models.BigIntegerField("sender on hand (units)")
    receiver_stock = models.BigIntegerField("receiver on hand (units)")
    transfer_days = models.PositiveSmallIntegerField(help_text="Until it arrives.")
    supplier_days = models.PositiveSmallIntegerField(help_text="Until an order from the supplier would arrive.")
    gain = models.DecimalField(max_digits=16, decimal_places=2)
    loss = models.DecimalField(max_digits=16, decimal_places=2)
    cost = models.DecimalField(max_digits=16, decimal_places=2)
    net_gain = models.DecimalField(max_digits=16, decimal_places=2)
    stockout_probability = models.FloatField(
        help_text="That the receiver runs out before a supplier's order arrives, without the move."
    )
    stock_transfer_line = models.ForeignKey(
        StockTransferLine, on_delete=models.SET_NULL, null=True, blank=True, related_name="recommendations"
    )

    objects = TransferRecommendationQuerySet.as_manager()

    class Meta(Proposal.Meta):
        db_table = "transfer_recommendations"
        ordering = ["-net_gain", "id"]
        permissions = [("decide_transferrecommendation", "Can approve, reject and snooze transfers of own stock")]
        constraints = [
            *Proposal.Meta.constraints,
            models.UniqueConstraint(
                fields=["product", "from_store", "to_store", "recommendation_date"],
                name="transfer_recommendation_once_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(from_store=F("to_store")), name="transfer_recommendation_between_two_stores"
            ),
        ]
        indexes = [
            # The list: pending rows, the largest gain first.
            models.Index(fields=["status", "-net_gain"], name="transfer_proposal_best"),
            # The API's list of every status; the same for one store of either end.
            models.Index(fields=["-net_gain"], name="transfer_proposal_any_best"),
            models.Index(fields=["from_store", "status", "-net_gain"], name="transfer_proposal_leaving"),
            models.Index(fields=["to_store", "status", "-net_gain"], name="transfer_proposal_coming"),
            # Which snoozed rows come back today.
            models.Index(fields=["status", "snoozed_until"], name="transfer_proposal_comes_back"),
        ]

    def __str__(self) -> str:
        return f"{self.recommended_quantity} × {self.product} from {self.from_store.code} to {self.to_store.code}"

    @property
    def store(self) -> Store:
        """The store whose people decide, and whose time zone and currency hold: the sender."""
        return self.from_store

    @property
    def store_id(self) -> Any:
        return self.from_store_id


class ExcessRecommendation(Proposal):
    """One product of which a store has more than it will want: one row per product, store and day.

    Approving "stop ordering" stops orders until ``stop_until``; "move" approves the transfers that are proposed from
    here; "mark down" is kept as decided for whoever sets prices. ``value_at_stake`` is the money that waiting costs:
    holding until it has sold, and what would be wasted.
    """

    class Action(models.TextChoices):
        STOP_ORDERING = "stop_ordering", "Stop ordering"
        MOVE = "move", "Move"
        MARK_DOWN = "mark_down", "Mark down"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=16, choices=Action.choices)
    current_stock = models.BigIntegerField("on hand (units)")
    on_order_units = models.BigIntegerField(default=0)
    wanted_units = models.PositiveIntegerField(help_text="What the store wants at most.")
    tied_up_value = models.DecimalField(max_digits=18, decimal_places=2, help_text="Of the excess, at cost.")
    value_at_stake = models.DecimalField(max_digits=18, decimal_places=2)
    weeks_of_cover = models.FloatField(null=True, blank=True, help_text="Empty: it does not sell.")
    stop_until = models.DateField(null=True, blank=True, help_text="The day on which orders are looked at again.")
    mark_down_to = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)

    objects = ExcessRecommendationQuerySet.as_manager()

    class Meta(Proposal.Meta):
        db_table = "excess_recommendations"
        ordering = ["-value_at_stake", "id"]
        permissions = [("decide_excessrecommendation", "Can approve, reject and snooze excess recommendations")]
        constraints = [
            *Proposal.Meta.constraints,
            models.UniqueConstraint(
                fields=["product", "store", "recommendation_date"], name="excess_recommendation_once_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(action="stop_ordering") | Q(stop_until__isnull=False),
                name="excess_recommendation_stop_has_end",
            ),
            models.CheckConstraint(
                condition=~Q(action="mark_down") | Q(mark_down_to__isnull=False),
                name="excess_recommendation_mark_down_has_price",
            ),
        ]
        indexes = [
            # The list: pending rows, the most money first, for all stores and for one.
            models.Index(fields=["status", "-value_at_stake"], name="excess_most_at_stake"),
            models.Index(fields=["store", "status", "-value_at_stake"], name="excess_at_stake_here"),
            # The API's list of every status.
            models.Index(fields=["-value_at_stake"], name="excess_any_at_stake"),
            # Which snoozed rows come back today.
            models.Index(fields=["status", "snoozed_until"], name="excess_comes_back"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.recommended_quantity} × {self.product} at {self.store.code}"
