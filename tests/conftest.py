"""What every test shares: the cast, the engine markers, and a flush that the append-only triggers allow."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import caches
from django.db import connection
from django.test import TransactionTestCase, override_settings

from insights.services.roles import create_roles
from inventory.services.ledger_guard import install_triggers, remove_triggers
from tests.cast import Cast, make_cast

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev"


def _why_no_redis() -> str | None:
    if find_spec("redis") is None:
        return "needs the Python package redis: install the extra “redis”"
    port = int(os.environ.get("TEST_REDIS_PORT", "6379"))
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return None
    except OSError:
        return f"needs a Redis server on 127.0.0.1:{port}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    on_mariadb = os.environ.get("DATABASE_URL", "").startswith("mysql")
    reasons = {
        "mariadb": None if on_mariadb else "needs MariaDB: set DATABASE_URL=mysql://…",
        "redis": _why_no_redis(),
        "shared_data": None if SHARED_DATA.is_dir() else "needs the shared data folder beside the checkout",
    }
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _nothing_kept_in_the_process() -> None:
    """A rolled-back ledger gives the same ids to other rows, by which sums are kept."""
    caches["process"].clear()


@pytest.fixture(scope="session", autouse=True)
def _flush_without_triggers() -> Iterator[None]:
    """Transactional tests empty the tables at their end, which the ledger's triggers refuse: lift them for it."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(self: Any) -> None:
        remove_triggers(connection)
        try:
            flush(self)
        finally:
            install_triggers(connection)

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]
    yield
    TransactionTestCase._fixture_teardown = flush  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """The cast has six people: a real password hash would cost each test more than all else."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    if not Group.objects.exists():  # a transactional test before this one emptied the tables
        create_roles(apps)
    return make_cast()


@pytest.fixture
def shared_data() -> Path:
    return SHARED_DATA
