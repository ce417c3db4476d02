"""`make run` as a newcomer does it: from a clean clone to a ready site, a login, Ctrl-C, and nothing left running.

Uses the standard library alone, because it runs before anything is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_SECONDS = 240
STOP_WITHIN_SECONDS = 30
LOGIN = re.compile(r"^\s+buyer\s+(?P<password>\S+)\s+Buyer:", re.MULTILINE)
# Settings of whoever runs this must not leak in: a newcomer has none.
OURS = re.compile(r"^(INVENCARE|CELERY|DATABASE_URL|DJANGO|SECRET_KEY|DEBUG|LOG_|PYTEST|MAKE|MFLAGS)")


class SmokeError(Exception):
    """What a newcomer would have run into."""


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="invencare-smoke-"))
    try:
        clone = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
        try_site(clone)
    except (SmokeError, urllib.error.HTTPError) as reason:
        print(f"FAILED: {reason} {getattr(reason, 'url', '')}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def try_site(clone: Path) -> None:
    port = free_port()
    log = clone.parent / "run.log"
    site = start(clone, port, log)
    try:
        seconds = wait_until_ready(f"http://127.0.0.1:{port}", site, log)
        print(f"first make run: ready after {seconds:.0f} s, packages included")
        log_in(f"http://127.0.0.1:{port}", password_in(log))
        print("the buyer of the printed logins is let in, and sees the recommendations")
    finally:
        stopped = stop(site)
    print(f"Ctrl-C: {stopped}")
    refuse_leftovers(clone, port)
    begun = time.monotonic()
    site = start(clone, port, log)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", site, log)
        print(f"second make run: ready after {time.monotonic() - begun:.0f} s")
    finally:
        stop(site)
    refuse_leftovers(clone, port)


def start(clone: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    return subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environment | {"PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a terminal of its own, so to speak: Ctrl-C goes to all of it
    )


def wait_until_ready(address: str, site: subprocess.Popen[bytes], log: Path) -> float:
    begun = time.monotonic()
    answer = "nothing"
    while time.monotonic() - begun < READY_WITHIN_SECONDS:
        if site.poll() is not None:
            raise SmokeError(f"make run ended with code {site.returncode}:\n{log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5) as response:
                answer = json.load(response)["status"]
            if answer == "ready":
                return time.monotonic() - begun
        except urllib.error.HTTPError as error:
            answer = error.read().decode()
        except OSError as error:
            answer = str(error)
        time.sleep(0.5)
    raise SmokeError(f"not ready after {READY_WITHIN_SECONDS} s: {answer}\n{log.read_text()[-3000:]}")


def password_in(log: Path) -> str:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        found = LOGIN.search(log.read_text())
        if found:
            return found["password"]
        time.sleep(0.5)
    raise SmokeError(f"no login of the buyer was printed:\n{log.read_text()[-3000:]}")


def log_in(address: str, password: str) -> None:
    cookies = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    login = f"{address}/admin/login/"
    browser.open(login, timeout=20).read()
    token = next((cookie.value for cookie in cookies if cookie.name == "csrftoken"), "") or ""
    form = {"username": "buyer", "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    request = urllib.request.Request(login, urllib.parse.urlencode(form).encode(), {"Referer": login})
    with browser.open(request, timeout=20) as page:
        if page.url != f"{address}/admin/":
            raise SmokeError(f"the login led to {page.url}")
    with browser.open(f"{address}/admin/insights/reorderrecommendation/", timeout=20) as page:
        if page.status != 200:
            raise SmokeError(f"the recommendations answered {page.status}")


def stop(site: subprocess.Popen[bytes]) -> str:
    begun = time.monotonic()
    if site.poll() is None:
        os.killpg(site.pid, signal.SIGINT)
    try:
        code = site.wait(STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(site.pid, signal.SIGKILL)
        raise SmokeError(f"Ctrl-C did not stop it within {STOP_WITHIN_SECONDS} s") from None
    return f"stopped after {time.monotonic() - begun:.1f} s with code {code}"


def refuse_leftovers(clone: Path, port: int) -> None:
    """Nobody still listens, and no process that works in the clone's folder is left."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SmokeError(f"something still listens on port {port}")
    left = [folder.name for folder in Path("/proc").iterdir() if folder.name.isdigit() and works_in(folder, clone)]
    if left:
        raise SmokeError(f"processes are left: {left}")


def works_in(process: Path, clone: Path) -> bool:
    try:
        return (process / "cwd").readlink() == clone
    except OSError:  # ended meanwhile, or another user's
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
