"""What a person or a program sees when something failed that nobody foresaw: a number to quote, and no internals."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from invencare.lib.correlation import current_id


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with the error id under which the log has the traceback: the request's correlation id."""
    error_id = current_id()
    if request.path.startswith("/api/"):
        message = "Something failed on our side. Quote the error id to the operators."
        # The API's one envelope (inventory.api.errors), for what fails before a view is reached.
        error = {"code": "internal_error", "message": message, "fields": {}, "id": error_id}
        return JsonResponse({"error": error}, status=500)
    return render(request, "500.html", {"error_id": error_id}, status=500)
