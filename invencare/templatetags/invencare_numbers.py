"""Measures as people read them; what could not be measured is empty, so that ``|default:`` can say so."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def percent(share: object) -> str:
    """0.1234: 12.3 %."""
    return f"{100 * share:.1f} %" if isinstance(share, int | float) else ""


@register.filter
def signed_percent(share: object) -> str:
    """-0.05: −5.0 %, with a real minus sign."""
    return f"{100 * share:+.1f} %".replace("-", "−") if isinstance(share, int | float) else ""


@register.filter
def ratio(value: object) -> str:
    """1.234: 1.23."""
    return f"{value:.2f}" if isinstance(value, int | float) else ""


@register.filter
def model_name(name: str) -> str:
    """``weekday_mean``: weekday mean; abbreviations stay capital."""
    return {"arima": "ARIMA", "lstm": "LSTM"}.get(name, name.replace("_", " "))
