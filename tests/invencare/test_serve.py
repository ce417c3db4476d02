"""What a fresh checkout can do at once, and what ``manage.py serve`` refuses before anything starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invencare.refusals import LOCAL_SECRET_KEY


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_the_public_default_secret_is_served_to_no_other_machine(settings: Any, tmp_path: Path, host: str) -> None:
    settings.SECRET_KEY, settings.VAR_DIR = LOCAL_SECRET_KEY, tmp_path
    with pytest.raises(CommandError, match="Set SECRET_KEY"):
        call_command("serve", "--host", host)
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_a_clear_message(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=str(port)):
            call_command("serve", "--port", str(port))


def test_the_first_command_of_a_clean_checkout_finds_its_database_folder(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "manage.py", "showmigrations", "inventory"],
        env=environment | {"INVENCARE_VAR_DIR": str(tmp_path / "new" / "var")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, "0001_initial" in done.stdout) == (0, True), done.stderr[-500:]
