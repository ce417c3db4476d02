"""Codes of a file to rows of the database: looked up a batch at a time, made where asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models

from inventory.calc.reading.cells import Memo, Problem
from inventory.models import Customer, Product, Store
from inventory.querysets.scope import StoreScope
from inventory.services.locking import in_chunks, retried

CACHED_CODES = 200_000
NOT_MADE = Problem("could not be made: it differs from a code that exists in nothing that this database tells apart")


@dataclass(slots=True)
class StoreRef:
    """A store of the file. ``pk`` is empty until it is made; ``moments`` is the memo of its zone's instants."""

    code: str
    zone: ZoneInfo
    pk: int | None = None
    moments: Memo | None = None


@dataclass(slots=True)
class ProductRef:
    code: str
    pk: int | None = None
    name: str = ""
    category: str = ""
    price: Decimal | None = None


@dataclass(slots=True)
class CustomerRef:
    code: str
    pk: int | None = None
    first_seen: date | None = None


@dataclass
class Catalogue:
    """What the import knows of stores, products and customers so far. One per import; call ``learn`` per batch."""

    scope: StoreScope
    create_missing: bool
    time_zone: str = ""
    stores: dict[Any, StoreRef | Problem] = field(default_factory=dict)
    products: dict[Any, ProductRef | Problem] = field(default_factory=dict)
    customers: dict[Any, CustomerRef | Problem | None] = field(default_factory=dict)
    made_stores: int = 0
    made_products: int = 0
    made_customers: int = 0

    def learn_stores(self, cells: set[Any], code_of: Callable[[Any], str]) -> None:
        def known(codes: list[str]) -> dict[str, StoreRef]:
            rows = Store.objects.filter(code__in=codes).values_list("pk", "code", "time_zone")
            return {
                code: StoreRef(code=code, zone=ZoneInfo(zone), pk=pk)
                for pk, code, zone in rows
                # Another store's existence is not told to those who may not see it.
                if self.scope.allows(pk)
            }

        may_make = self.create_missing and self.scope.all_stores
        zone = ZoneInfo(self.time_zone or settings.TIME_ZONE)
        reason = "is not a known store" if self.scope.all_stores else "is not one of your stores"
        self._learn(
            self.stores, cells, code_of, known, lambda code: StoreRef(code, zone) if may_make else Problem(reason)
        )

    def learn_products(self, cells: set[Any], code_of: Callable[[Any], str]) -> None:
        def known(codes: list[str]) -> dict[str, ProductRef]:
            rows = Product.objects.filter(sku__in=codes).values_list("pk", "sku")
            return {sku: ProductRef(sku, pk) for pk, sku in rows}

        unknown = Problem("is not a known product")
        self._learn(
            self.products, cells, code_of, known, lambda code: ProductRef(code) if self.create_missing else unknown
        )

    def learn_customers(self, cells: set[Any], code_of: Callable[[Any], str]) -> None:
        def known(codes: list[str]) -> dict[str, CustomerRef]:
            rows = Customer.objects.filter(code__in=codes).values_list("pk", "code", "first_seen")
            return {code: CustomerRef(code, pk, first_seen) for pk, code, first_seen in rows}

        self._learn(self.customers, cells, code_of, known, CustomerRef)

    def make_stores(self, wanted: Iterable[StoreRef]) -> None:
        new = {ref.code: ref for ref in wanted}
        rows = [Store(code=code, name=code, time_zone=str(ref.zone)) for code, ref in sorted(new.items())]
        self.made_stores += self._make(Store, "code", new, rows)

    def make_products(self, wanted: Iterable[ProductRef]) -> None:
        new = {ref.code: ref for ref in wanted}
        rows = [
            Product(
                sku=code, name=ref.name or code, category=ref.category, price=max(ref.price or Decimal(0), Decimal(0))
            )
            for code, ref in sorted(new.items())
        ]
        self.made_products += self._make(Product, "sku", new, rows)

    def make_customers(self, wanted: Iterable[CustomerRef]) -> None:
        new = {ref.code: ref for ref in wanted}
        rows = [Customer(code=code, first_seen=ref.first_seen) for code, ref in sorted(new.items())]
        self.made_customers += self._make(Customer, "code", new, rows)

    @staticmethod
    def note_first_seen(earlier: dict[int, date]) -> None:
        """Move ``first_seen`` of known customers back to these days; never forward, whoever else writes it."""
        by_day: dict[date, list[int]] = {}
        for pk, day in earlier.items():
            by_day.setdefault(day, []).append(pk)
        for day, pks in sorted(by_day.items()):
            later = models.Q(first_seen__gt=day) | models.Q(first_seen__isnull=True)
            for some in in_chunks(sorted(pks)):
                Customer.objects.filter(later, pk__in=some).update(first_seen=day)

    @staticmethod
    def _learn(
        memo: dict[Any, Any],
        cells: set[Any],
        code_of: Callable[[Any], str],
        known: Callable[[list[str]], dict[str, Any]],
        otherwise: Callable[[str], Any],
    ) -> None:
        """Fill ``memo`` for cells not in it yet: the known row, or what stands for an unknown code."""
        if len(memo) > CACHED_CODES:
            memo.clear()
        codes: dict[Any, str] = {}
        for cell in cells.difference(memo):
            try:
                codes[cell] = code_of(cell)
            except ValueError as error:
                memo[cell] = Problem(str(error))
        found: dict[str, Any] = {}
        for some in in_chunks(sorted({code for code in codes.values() if code})):
            found |= known(some)
        for cell, code in codes.items():
            if not code:
                memo[cell] = None
                continue
            if code not in found:
                found[code] = otherwise(code)
            memo[cell] = found[code]

    @staticmethod
    def _make(model: type[models.Model], code_field: str, new: dict[str, Any], rows: list[Any]) -> int:
        """Insert what nobody else has inserted meanwhile, and give every ref its primary key; the number of new refs.

        In code order and outside of the ledger's transaction, so that two imports at once wait for each other at
        most, and neither ends without a row that the other began.
        """
        if not rows:
            return 0
        manager = model._default_manager
        retried(lambda: manager.bulk_create(rows, ignore_conflicts=True, batch_size=500))
        for some in in_chunks(new):
            for pk, code in manager.filter(**{f"{code_field}__in": some}).values_list("pk", code_field):
                if code in new:
                    new[code].pk = pk
        return sum(ref.pk is not None for ref in new.values())
