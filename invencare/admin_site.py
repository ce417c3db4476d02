"""How the admin looks: the ``UNFOLD`` setting. Everything is served by the site itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static


def _static(path: str) -> Any:
    """A callable, because static files have no address before the apps are loaded."""

    def address(request: HttpRequest) -> str:
        return static(path)

    return address


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "InvenCare",
    "SITE_HEADER": "InvenCare",
    "SITE_SUBHEADER": "Stock, forecasts, orders",
    "SITE_SYMBOL": "inventory_2",
    "SITE_URL": None,  # the admin is the site: there is nothing to return to
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _static("invencare/favicon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "DASHBOARD_CALLBACK": "insights.admin.home.dashboard",
    "ENVIRONMENT": "insights.admin.home.environment_badge",
    "STYLES": [_static("invencare/admin.css")],
    "SCRIPTS": [_static("invencare/charts.js")],
    "COLORS": {
        "primary": {
            "50": "oklch(98% .014 180)",
            "100": "oklch(95% .05 181)",
            "200": "oklch(91% .09 180)",
            "300": "oklch(85% .12 181)",
            "400": "oklch(77% .13 182)",
            "500": "oklch(66% .12 183)",
            "600": "oklch(53% .1 185)",
            "700": "oklch(46% .085 186)",
            "800": "oklch(40% .07 188)",
            "900": "oklch(35% .06 188)",
            "950": "oklch(25% .045 190)",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "insights.admin.navigation.sidebar",
    },
}
