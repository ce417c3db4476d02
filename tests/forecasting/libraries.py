"""Skips, with the reason, for tests of models whose library is an extra."""

from __future__ import annotations

import pytest

from forecasting.calc.boosting import boosting_is_installed
from forecasting.calc.recurrent_training import neural_is_installed


def needs_boosting() -> None:
    if not boosting_is_installed():
        pytest.skip("the extra “boosting” is not installed, or cannot be loaded")


def needs_neural() -> None:
    if not neural_is_installed():
        pytest.skip("the extra “neural” (PyTorch) is not installed, or cannot be loaded")
