"""What the pages of orders and transfers share: one page, buttons that post to steps, no editing past them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ScopedModelAdmin
from inventory.admin.steps import tell_outcome
from inventory.services.access import scope_of_user

Step = Callable[[HttpRequest, dict[str, Any]], str]


class DocumentAdmin(ScopedModelAdmin):
    """A document's list, and its page with the buttons that ``steps`` names: permission, and what to do and say.

    A step is given what every service call takes: the document's id, actor, clock and the version that was shown.
    """

    steps: ClassVar[dict[str, tuple[str, str]]]  # the button's name → permission, method
    downloads: ClassVar[tuple[str, ...]] = ()  # names of methods ``<name>_view(request, document_id)``
    related: ClassVar[tuple[str, ...]]
    id_argument: ClassVar[str]
    paginator = BoundedPaginator
    actions = None

    def page_of(self, request: HttpRequest, document: Any) -> dict[str, Any]:
        """What the page's template shows."""
        raise NotImplementedError

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Documents are cancelled, never deleted."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            *(
                path(f"<int:document_id>/{step}/", view(self._step_view(step)), name=f"{name}_{step}")
                for step in self.steps
            ),
            *(
                path(f"<int:document_id>/{step}/", view(getattr(self, f"{step}_view")), name=f"{name}_{step}")
                for step in self.downloads
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one document; its buttons post to the steps."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        document = self.document(request, int(object_id) if object_id.isdecimal() else 0)
        return self._show(request, document, extra_context=extra_context)

    def document(self, request: HttpRequest, document_id: int) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        visible: Any = self.model._default_manager
        found = visible.visible_to(scope_of_user(request.user)).select_related(*self.related).filter(pk=document_id)
        document = found.first()
        if document is None:
            raise Http404(f"There is no such {self.opts.verbose_name} in your stores.")
        return document

    def page_address(self, document: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[document.pk])

    def add_page(self, request: HttpRequest, **context: Any) -> HttpResponse:
        """The page on which a draft is typed."""
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/inventory/{self.opts.model_name}/add_form.html", whole)

    def _step_view(self, name: str) -> Callable[..., HttpResponse]:
        permission, method = self.steps[name]

        def view(request: HttpRequest, document_id: int) -> HttpResponse:
            return self._step(request, document_id, permission, getattr(self, method))

        return view

    def _step(self, request: HttpRequest, document_id: int, permission: str, step: Step) -> HttpResponse:
        """One POST of a button: rights, the service call, and back to the page."""
        document = self.document(request, document_id)
        page = HttpResponseRedirect(self.page_address(document))
        if request.method != "POST":  # the address that a refused form leaves in the browser
            return page
        if not request.user.has_perm(permission):
            raise PermissionDenied
        version = request.POST.get("version", "")
        who = {
            self.id_argument: document.pk,
            "actor": request.user,
            "now": clock.now(),
            "version": int(version) if version.isdecimal() else None,
        }
        if tell_outcome(request, lambda: step(request, who)):
            return page
        return self._show(request, self.document(request, document_id))

    def _show(self, request: HttpRequest, document: Any, *, extra_context: Any = None) -> HttpResponse:
        """The page; after a refusal with what was typed, so that nobody types a delivery twice."""
        context = {
            **self.admin_site.each_context(request),
            **self.page_of(request, document),
            "notes": [line for line in document.notes.splitlines() if line],
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, f"admin/inventory/{self.opts.model_name}/change_form.html", context)


def without_version(who: dict[str, Any]) -> dict[str, Any]:
    """For steps that record a fact, whatever was on the page."""
    return {name: value for name, value in who.items() if name != "version"}
