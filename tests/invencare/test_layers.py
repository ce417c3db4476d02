"""Imports run one way, and the web process starts without the numeric stack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What a page or an API answer must never need: hundreds of megabytes, and not there on a light Lambda function.
HEAVY = ("numpy", "pandas", "duckdb", "sklearn", "scipy", "boto3", "lightgbm", "torch")
# As on a machine without them. (openpyxl takes numpy where it finds it, so that looking whether it is loaded
# would blame us for a library's taste.)
START_THE_SITE = f"""
import sys
sys.modules.update(dict.fromkeys({HEAVY!r}))
import invencare.wsgi
from django.contrib import admin
from django.urls import get_resolver
from invencare.celery import app
admin.autodiscover()
get_resolver().url_patterns
app.loader.import_default_modules()  # every app's tasks
print("started")
"""


def test_the_web_process_starts_without_any_numeric_library(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", START_THE_SITE],
        cwd=ROOT,
        env={**os.environ, "INVENCARE_VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "started\n"), run.stderr


def test_the_statistical_tier_loads_numpy_and_nothing_else() -> None:
    code = """
import sys
import numpy
before = set(sys.modules)
import forecasting.calc.panel
added = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(sorted(added - {"numpy"}))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stdout) == (0, "['forecasting']\n"), run.stderr


def test_the_nightly_run_loads_no_learning_library_before_it_learns(tmp_path: Path) -> None:
    code = (
        "import sys, django; django.setup(); import insights.services.nightly, forecasting.services.files.forecast; "
        "print(sorted({'lightgbm', 'torch', 'sklearn'} & set(sys.modules)))"
    )
    environment = {"INVENCARE_VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "invencare.settings"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr


@pytest.mark.skipif(
    shutil.which("lint-imports", path=str(Path(sys.executable).parent)) is None,
    reason="needs import-linter: install the extra “lint”",
)
def test_the_import_contracts_hold() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_app_packages_are_empty() -> None:
    for app in ("invencare", "inventory", "analytics", "forecasting", "insights"):
        assert (ROOT / app / "__init__.py").read_text() == ""
