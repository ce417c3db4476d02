"""A real Chromium against the live server. Every page asserts that no request left for another host."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.browser.shop import open_shop
from tests.cast import PASSWORD, Cast

playwright_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: the extra “browser”")

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """One browser for all tests of this folder; Debian's, or the one that CHROMIUM names.

    Playwright's event loop lives in this thread as long as the browser does; the tests' own queries are not
    asynchronous, which Django is told here.
    """
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium: install Debian's package chromium, or set CHROMIUM to its path")
    with pytest.MonkeyPatch.context() as patch, playwright_api.sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """Call it for a page of its own session: ``open_page(viewport=PHONE, color_scheme="dark")``."""
    contexts: list[Any] = []
    elsewhere: list[str] = []
    broken: list[str] = []

    def note(request: Any) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            elsewhere.append(request.url)

    def opened(**options: Any) -> Any:
        context = chromium.new_context(**{"viewport": DESKTOP, "base_url": live_server.url, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", note)
        page.on("pageerror", lambda error: broken.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert elsewhere == []
    assert broken == []


@pytest.fixture
def log_in(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """``log_in(cast.buyer, viewport=PHONE)``: a page on the home page, logged in through the form."""

    def logged_in(user: User, **options: Any) -> Any:
        page = open_page(**options)
        page.goto("/admin/login/")
        page.get_by_label("Username").fill(user.get_username())
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("button[type=submit], input[type=submit]").first.click()
        page.wait_for_url("**/admin/")
        return page

    return logged_in


@pytest.fixture
def stocked(cast: Cast, transactional_db: None) -> Cast:
    """Two stores that sold for a month, a forecast, and two recommendations that wait."""
    open_shop(cast)
    return cast
