"""What every admin page of the site has in common: store scope, read-only facts, lists that never count millions.

The scope is that of ``inventory.services.access``, the same that the API uses. It holds for lists, single pages,
foreign-key choices, filters, autocompletes, inlines and actions, because all of them read ``get_queryset``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import ShowFacets
from django.core.paginator import Paginator
from django.db.models import Field, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter

from inventory.models import Product
from inventory.querysets.scope import StoreScope
from inventory.services.access import scope_of_user

COUNTED_ROWS = 10_000
"""Lists of ledger size are counted, and can be paged through, up to this many rows; filters go further."""

SEARCHED_PRODUCTS = 500
"""The most products that a search in a list of ledger size follows."""


def visible_rows(queryset: QuerySet[Any], scope: StoreScope, store_lookup: str | None = None) -> QuerySet[Any]:
    """The rows of ``queryset`` that the scope opens; a model that belongs to no store is open to all.

    ``store_lookup`` names the path to the store's id for a model whose queryset has no ``visible_to``.
    """
    if store_lookup is not None:
        return queryset if scope.all_stores else queryset.filter(**{f"{store_lookup}__in": sorted(scope.store_ids)})
    if hasattr(queryset, "visible_to"):
        visible: QuerySet[Any] = queryset.visible_to(scope)
        return visible
    return queryset


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts ``COUNTED_ROWS`` rows at most, so that a list over millions opens as fast as one over thousands."""

    template_name = "admin/inventory/bounded_pagination.html"

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:COUNTED_ROWS].count())

    @property
    def is_bounded(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count >= COUNTED_ROWS


class ScopedFilter(RelatedDropdownFilter):
    """A drop-down filter on a foreign key that offers only the rows of the reader's stores."""

    def has_output(self) -> bool:
        """Also with one choice: Django would drop the filter, and a link to another store's rows would show one's own."""
        return True

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        rows = visible_rows(field.remote_field.model._default_manager.all(), scope_of_user(request.user))
        return [(row.pk, str(row)) for row in rows]


class ScopedChoices:
    """Foreign-key and many-to-many choices limited to the stores of whoever fills in the form.

    It limits what the form accepts as well as what it offers: another store's id is an invalid choice.
    """

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _choices(self, db_field: Field[Any, Any], request: HttpRequest) -> QuerySet[Any]:
        remote: Any = db_field.remote_field
        return visible_rows(remote.model._default_manager.all(), scope_of_user(request.user))


class ScopedInline(ScopedChoices, TabularInline):
    """Rows of a parent page; the parent's page has checked the scope of the parent."""

    extra = 0
    show_change_link = True


class ReadOnlyInline(ScopedInline):
    """Facts shown on a parent's page that nobody edits there."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ScopedModelAdmin(ScopedChoices, ModelAdmin):
    """A model's admin that shows and changes only the rows of the user's stores.

    Set ``store_lookup`` for a model that belongs to a store but whose queryset has no ``visible_to``; set
    ``paginator = BoundedPaginator`` for a table of ledger size. ``filled_by`` says in an empty list what brings rows.
    """

    filled_by: ClassVar[str] = ""
    store_lookup: ClassVar[str | None] = None
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # one count per filter value: as many scans of the table
    list_per_page = 50
    list_max_show_all = 200
    list_filter_submit = True
    list_fullwidth = True
    warn_unsaved_form = True
    compressed_fields = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.visible(request, super().get_queryset(request))

    def visible(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``rows`` that the user may see: the one place where a page's scope is decided."""
        return visible_rows(rows, scope_of_user(request.user), self.store_lookup)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_view_permission(request, obj)) and self.in_scope(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and self.in_scope(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and self.in_scope(request, obj)

    def in_scope(self, request: HttpRequest, obj: Model | None) -> bool:
        """Whether the user's stores include the row's; asked once per row and request."""
        scope = scope_of_user(request.user)
        if obj is None or obj.pk is None or scope.all_stores:
            return True
        known: dict[tuple[str, Any], bool] = request.__dict__.setdefault("_rows_in_scope", {})
        key = (obj._meta.label, obj.pk)
        if key not in known:
            known[key] = self.visible(request, self.model._default_manager.filter(pk=obj.pk)).exists()
        return known[key]


class ReadOnlyAdmin(ScopedModelAdmin):
    """Facts that services alone write: shown to those who may view them, changed by nobody in the admin."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LedgerSizedAdmin(ReadOnlyAdmin):
    """A list over millions of rows, each of one store and one product.

    Stores and products come by two queries of their own, not by a join: with it, MariaDB reads the few stores
    first and then sorts every row of the table to find the newest 50. The search looks products up first, too.
    """

    paginator = BoundedPaginator
    list_select_related = ()
    search_fields = ["product__sku"]
    search_help_text = "SKU or product name"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("store", "product")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Product.objects.filter(Q(sku__icontains=term) | Q(name__icontains=term)).values_list("pk", flat=True)
        return queryset.filter(product_id__in=list(found[:SEARCHED_PRODUCTS])), False
