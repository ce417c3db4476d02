"""How often one actor may ask.

Counts live in Django's default cache. The in-memory cache counts per process, so that several workers together let
through as many times the rate; a shared cache (``CACHE_URL``) makes the rate exact. See docs/api.md.
"""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from inventory.api.actors import actor_id

ACTOR = "actor"
ANONYMOUS = "anonymous"


class ActorThrottle(SimpleRateThrottle):
    """``actor`` is the rate of a user or a key, ``anonymous`` that of an address without either."""

    scope = ACTOR

    def allow_request(self, request: Request, view: Any) -> bool:
        self.scope = ACTOR if request.user.is_authenticated else ANONYMOUS
        # Read now, not when the class was made, so that an overridden setting counts.
        rate = str(api_settings.DEFAULT_THROTTLE_RATES[self.scope])
        self.num_requests, self.duration = self.parse_rate(rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: Any) -> str:
        ident = actor_id(request) if self.scope == ACTOR else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}
