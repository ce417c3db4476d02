from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from django.db.models import Exists, OuterRef, Prefetch, Q

from inventory.querysets.scope import StoreScope, StoreScopedQuerySet


class CalendarEventQuerySet(StoreScopedQuerySet):
    """Events name their stores, or a country, or neither: then they are everybody's."""

    def active(self) -> Self:
        return self.filter(is_active=True)

    def known_by(self, instant: datetime | None) -> Self:
        """Those that were on the calendar before that time (None: all). Public holidays that were loaded later count too:
        everybody knew them. What a row said before it was changed is not kept: it counts as it is now."""
        return self if instant is None else self.filter(Q(created_at__lt=instant) | Q(source_key__isnull=False))

    def between(self, first_day: date, last_day: date) -> Self:
        """Those that touch these days, both included."""
        return self.filter(first_day__lte=last_day, last_day__gte=first_day)

    def visible_to(self, scope: StoreScope) -> Self:
        if scope.all_stores:
            return self.all()
        if not scope.store_ids:
            return self.none()
        return self._touching(pk__in=sorted(scope.store_ids))

    def at(self, *stores: Any) -> Self:
        """Those that are held in any of these stores (objects or primary keys)."""
        return self._touching(pk__in=[getattr(store, "pk", store) for store in stores])

    def with_places_and_products(self, scope: StoreScope) -> Self:
        """With the products and, of the stores, those of the scope: who reads an event learns no other store's name."""
        stores = self.model._meta.get_field("stores").remote_field.model.objects.visible_to(scope)
        return self.prefetch_related(Prefetch("stores", queryset=stores), "products")

    def _touching(self, **own: Any) -> Self:
        stores = self.model._meta.get_field("stores").remote_field.model.objects.filter(**own)
        through = self.model.stores.through.objects.filter(calendarevent_id=OuterRef("pk"))
        chosen = through.filter(store_id__in=stores.values("pk"))
        national = stores.filter(country=OuterRef("country"))
        regional = national.filter(region=OuterRef("region"))
        in_country = ~Q(country="") & ((Q(region="") & Exists(national)) | Exists(regional))
        return self.filter(Exists(chosen) | in_country | (Q(country="") & ~Exists(through)))


class PlannedPriceQuerySet(StoreScopedQuerySet):
    """Plans of chosen stores, and of all stores (without one), which everybody sees."""

    def between(self, first_day: date, last_day: date) -> Self:
        still = Q(last_day__isnull=True) | Q(last_day__gte=first_day)
        return self.filter(still, first_day__lte=last_day)

    def known_by(self, instant: datetime | None) -> Self:
        """Those that were made before that time; None: all."""
        return self if instant is None else self.filter(created_at__lt=instant)

    def visible_to(self, scope: StoreScope) -> Self:
        if scope.all_stores:
            return self.all()
        if not scope.store_ids:
            return self.none()
        return self.filter(Q(store__isnull=True) | Q(store_id__in=sorted(scope.store_ids)))
