"""One login per role, for the demo alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from inventory.models import Store, StoreMembership


@dataclass(frozen=True)
class DemoLogin:
    """A user of the demo: the name, the role's group, and what the role is for."""

    username: str
    role: str
    task: str


DEMO_LOGINS = (
    DemoLogin("viewer", "Viewer", "looks at every store"),
    DemoLogin("manager", "Store manager", "runs one store: counts, adjusts, receives"),
    DemoLogin("buyer", "Buyer", "decides recommendations and orders"),
    DemoLogin("analyst", "Analyst", "imports sales, runs the analyses"),
    DemoLogin("admin", "Administrator", "does everything"),
)


def demo_password() -> str:
    """The password of every demo login: the setting ``DEMO_PASSWORD``, documented in docs/demo.md."""
    return str(settings.DEMO_PASSWORD)


def login_lines() -> list[str]:
    """One line per login, for a terminal."""
    return [f"{login.username:<8} {demo_password():<16} {login.role}: {login.task}" for login in DEMO_LOGINS]


def refuse_in_production() -> None:
    """The demo's passwords are printed in its documentation: never in production."""
    if settings.IS_PRODUCTION:
        raise PermissionDenied("The demo has documented passwords: it is not made where INVENCARE_ENV is production.")


@transaction.atomic
def create_demo_logins(*, managed_store_code: str) -> list[str]:
    """Make the logins that are not there and return their names; a user that exists is left as it is.

    All are staff; the administrator is a superuser as well; the store manager works in the one store.
    """
    refuse_in_production()
    known = set(
        User.objects.filter(username__in=[login.username for login in DEMO_LOGINS]).values_list("username", flat=True)
    )
    missing = [login for login in DEMO_LOGINS if login.username not in known]
    # One hash for all: the password is one and documented, and five slow hashes would cost two seconds.
    password = make_password(demo_password())
    for login in missing:
        is_administrator = login.role == "Administrator"
        user = User.objects.create(
            username=login.username,
            password=password,
            email=f"{login.username}@invencare.example",
            is_staff=True,
            is_superuser=is_administrator,
        )
        user.groups.add(Group.objects.get(name=login.role))
        if login.role == "Store manager":
            StoreMembership.objects.create(user=user, store=Store.objects.get(code=managed_store_code))
    return [login.username for login in missing]
