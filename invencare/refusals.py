"""Settings so dangerous that nothing may start with them: not the web, not a worker, not a command.

System checks alone would not do: neither gunicorn nor an import of ``invencare.wsgi`` runs them. So the settings
module itself raises on these, and ``invencare.checks`` reports the same ones by the same ids.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

ENVIRONMENTS = ("local", "test", "production")
LOCAL_SECRET_KEY = "local-only-not-a-secret-never-used-in-production"  # noqa: S105  (its publicity is the point)
SHORTEST_SECRET = 50
FEWEST_DIFFERENT_CHARACTERS = 5


@dataclass(frozen=True)
class Refusal:
    """One reason not to start, with the way out."""

    id: str
    message: str
    hint: str


def find_refusals(*, environment: str, secret_key: str, debug: bool) -> list[Refusal]:
    """Every reason not to start with these settings; empty when they are safe."""
    if environment not in ENVIRONMENTS:
        return [
            Refusal(
                "invencare.E001",
                f"INVENCARE_ENV is “{environment}”, which is none of {', '.join(ENVIRONMENTS)}.",
                "Set INVENCARE_ENV=production on a server, or leave it out on a laptop.",
            )
        ]
    if environment != "production":
        return []
    return [*_secret_refusals(secret_key), *_debug_refusals(debug=debug)]


def refuse_to_start(*, environment: str, secret_key: str, debug: bool) -> None:
    """Raise ``ImproperlyConfigured`` naming every refusal; called at the end of the settings."""
    refusals = find_refusals(environment=environment, secret_key=secret_key, debug=debug)
    if refusals:
        raise ImproperlyConfigured(" ".join(f"({r.id}) {r.message} {r.hint}" for r in refusals))


def _secret_refusals(secret_key: str) -> list[Refusal]:
    hint = (
        "Set SECRET_KEY to a long random text of its own, for example from "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(64))'."
    )
    if secret_key == LOCAL_SECRET_KEY:
        return [Refusal("invencare.E002", "Production runs with the default SECRET_KEY, which everybody knows.", hint)]
    if len(secret_key) < SHORTEST_SECRET or len(set(secret_key)) < FEWEST_DIFFERENT_CHARACTERS:
        return [
            Refusal("invencare.E003", f"The SECRET_KEY is easy to guess: under {SHORTEST_SECRET} characters.", hint)
        ]
    return []


def _debug_refusals(*, debug: bool) -> list[Refusal]:
    if not debug:
        return []
    return [
        Refusal(
            "invencare.E004",
            "Production runs with DEBUG on: error pages would show settings and data to anybody.",
            "Remove DEBUG from the environment.",
        )
    ]
