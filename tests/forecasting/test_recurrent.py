"""The recurrent network: its arithmetic, what it learns, and that it knows nothing ahead of its time."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from django.core.exceptions import ValidationError

from forecasting.calc.config import LSTM
from forecasting.calc.direct_features import DirectFeatures, OtherFeaturesError
from forecasting.calc.recurrent import Recurrent, train_recurrent
from forecasting.calc.recurrent_network import Network, standardised
from forecasting.calc.recurrent_training import (
    NeuralMissingError,
    RecurrentConfig,
    Windows,
    neural_is_installed,
    train_network,
)
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import History
from forecasting.calc.stored import read_recurrent, recurrent_document
from forecasting.services.files.forecast import forecast_file
from forecasting.services.files.options import FileOptions
from tests.forecasting.libraries import needs_neural

MONDAY = 19_723  # 2024-01-01
SMALL = RecurrentConfig(hidden=12, windows=1500, windows_per_series=150, epochs=4, batch=64, learning_rate=0.02)


def history(series: int = 6, periods: int = 300, *, seed: int = 1) -> History:
    random = np.random.default_rng(seed)
    weekly = 1 + 0.6 * np.sin(2 * np.pi * np.arange(periods) / 7)
    demand = random.poisson(random.uniform(3, 30, (series, 1)) * weekly).astype(float)
    demand[0, :150] = np.nan
    return History(demand, first_day=MONDAY, in_stock=np.ones((series, periods)))


def trained(panel: History, origins: list[int], periods: int = 28) -> Refitted:
    needs_neural()
    return train_recurrent(panel, np.array(origins), periods, SMALL)


def random_network(features: int, hidden: int = 3) -> Network:
    random = np.random.default_rng(5)

    def weights(*shape: int) -> np.ndarray:
        return random.normal(0, 0.5, shape).astype(np.float32)

    return Network(
        encoder_input=weights(4 * hidden, 4),
        encoder_hidden=weights(4 * hidden, hidden),
        encoder_bias=weights(4 * hidden),
        decoder_input=weights(4 * hidden, features),
        decoder_hidden=weights(4 * hidden, hidden),
        decoder_bias=weights(4 * hidden),
        output=weights(hidden),
        output_bias=weights(1),
        feature_mean=np.zeros(features, np.float32),
        feature_deviation=np.ones(features, np.float32),
    )


def slow_multiples(network: Network, past: np.ndarray, ahead: np.ndarray) -> list[float]:
    """One window, number by number, as the equations of an LSTM are written."""

    def sigmoid(value: float) -> float:
        return 1 / (1 + math.exp(-value))

    size = len(network.output)
    hidden, cell = [0.0] * size, [0.0] * size

    def step(inputs: np.ndarray, to_gates: np.ndarray, between: np.ndarray, bias: np.ndarray) -> None:
        gates = [
            sum(w * x for w, x in zip(to_gates[row], inputs, strict=True))
            + sum(w * h for w, h in zip(between[row], hidden, strict=True))
            + bias[row]
            for row in range(4 * size)
        ]
        for unit in range(size):
            taken, kept, new, shown = (gates[part * size + unit] for part in range(4))
            cell[unit] = sigmoid(kept) * cell[unit] + sigmoid(taken) * math.tanh(new)
            gates[unit] = sigmoid(shown) * math.tanh(cell[unit])
        hidden[:] = gates[:size]

    for inputs in past:
        step(inputs, network.encoder_input, network.encoder_hidden, network.encoder_bias)
    answers = []
    for inputs in ahead:
        step(inputs, network.decoder_input, network.decoder_hidden, network.decoder_bias)
        said = sum(w * h for w, h in zip(network.output, hidden, strict=True)) + network.output_bias[0]
        answers.append(math.log1p(math.exp(said)))
    return answers


def test_many_windows_at_once_are_answered_as_one_by_one() -> None:
    network, random = random_network(5), np.random.default_rng(6)
    past, ahead = (random.normal(size=(4, 9, width)).astype(np.float32) for width in (4, 5))
    answers = network.multiples(past, ahead)
    for place in range(4):
        np.testing.assert_allclose(answers[place], slow_multiples(network, past[place], ahead[place]), rtol=1e-5)


def test_what_is_unknown_counts_as_usual_and_nothing_is_far_out() -> None:
    rows = np.array([[np.nan, 1e9, 7.0]])
    assert standardised(rows, np.array([3.0, 0, 5]), np.array([2.0, 1, 4])).tolist() == [[0, 4, 0.5]]


def test_numpy_answers_what_pytorch_trained() -> None:
    needs_neural()
    import torch

    random = np.random.default_rng(2)
    windows = Windows(
        past=random.normal(size=(200, 14, 4)).astype(np.float32),
        ahead=random.normal(size=(200, 7, 5)).astype(np.float32),
        multiple=random.poisson(1, (200, 7)).astype(np.float32),
        weight=np.ones((200, 7), np.float32),
        feature_mean=np.zeros(5, np.float32),
        feature_deviation=np.ones(5, np.float32),
    )
    network = train_network(windows, SMALL, random)
    encoder, decoder = torch.nn.LSTM(4, 12, batch_first=True), torch.nn.LSTM(5, 12, batch_first=True)
    for part, name in ((encoder, "encoder"), (decoder, "decoder")):
        part.load_state_dict(
            {
                "weight_ih_l0": torch.from_numpy(getattr(network, f"{name}_input")),
                "weight_hh_l0": torch.from_numpy(getattr(network, f"{name}_hidden")),
                "bias_ih_l0": torch.from_numpy(getattr(network, f"{name}_bias")),
                "bias_hh_l0": torch.zeros(48),
            }
        )
    with torch.no_grad():
        _, state = encoder(torch.from_numpy(windows.past))
        walked, _ = decoder(
            torch.from_numpy(standardised(windows.ahead, network.feature_mean, network.feature_deviation)), state
        )
        said = walked @ torch.from_numpy(network.output) + torch.from_numpy(network.output_bias)
        expected = torch.nn.functional.softplus(said).numpy()
    answers = network.multiples(*windows.batch(np.arange(200))[:2])
    np.testing.assert_allclose(answers, expected, rtol=1e-4)


def test_a_steady_panel_is_forecast_steady() -> None:
    panel = History(np.full((8, 200), 10.0), first_day=MONDAY)
    paths = trained(panel, [120, 150]).paths(panel, np.array([120, 150]), 28)
    assert paths.shape == (8, 3, 28)
    np.testing.assert_allclose(paths, 10, rtol=0.05)


def test_the_weekly_pattern_is_learned_and_continued() -> None:
    week = np.array([2.0, 4, 6, 8, 10, 20, 1])
    panel = History(np.tile(week, (8, 40)), first_day=MONDAY)
    path = trained(panel, [200]).paths(panel, np.array([200]), 14)[:, -1]
    expected = np.tile(np.concatenate([week, week]), (8, 1))
    assert np.abs(path - expected).sum() / expected.sum() < 0.15


def test_a_planned_promotion_raises_the_forecast_of_its_day() -> None:
    random = np.random.default_rng(2)
    promotion = (random.random((20, 328)) < 0.15).astype(float)
    promotion[:, 300:] = 0
    promotion[:, 310] = 1
    panel = History(10.0 * (1 + promotion[:, :300]), first_day=MONDAY, promotion=promotion)
    path = trained(panel, [250]).paths(panel, np.array([250]), 28)[:, -1].mean(axis=0)
    assert path[10] == pytest.approx(20, rel=0.15)
    assert np.delete(path, 10).max() < 14


def test_changing_the_future_moves_no_path_from_an_earlier_origin() -> None:
    panel, origins = history(), [180, 210, 240, 270]
    later = panel.demand.copy()
    later[:, 240:] = 500
    changed = replace(panel, demand=later)
    before = trained(panel, origins).paths(panel, np.array(origins), 28)
    after = trained(changed, origins).paths(changed, np.array(origins), 28)
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert not np.array_equal(before[:, 4], after[:, 4])


def test_twice_the_same_panel_gives_twice_the_same_numbers_and_another_seed_others() -> None:
    panel = history()
    first, second = (trained(panel, [200]).paths(panel, np.array([200]), 28) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = train_recurrent(panel, np.array([200]), 28, replace(SMALL, seed=4)).paths(panel, np.array([200]), 28)
    assert not np.array_equal(first, other)


def test_training_leaves_the_processs_own_chance_and_threads_alone() -> None:
    needs_neural()
    import torch

    torch.manual_seed(1)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    trained(history(), [200])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_a_series_that_has_sold_nothing_yet_is_not_answered() -> None:
    panel = history()
    panel.demand[3, :220] = 0
    paths = trained(panel, [200, 240]).paths(panel, np.array([200, 240]), 28)
    assert np.isnan(paths[3, 0]).all()
    assert np.isfinite(paths[3, 1:]).all()


@pytest.mark.parametrize(
    "demand", [np.full((3, 10), 4.0), np.zeros((3, 400)), np.full((3, 400), np.nan), np.empty((0, 400))]
)
def test_too_little_nothing_sold_or_nothing_known_trains_no_model(demand: np.ndarray) -> None:
    panel = History(demand, first_day=MONDAY)
    network = trained(panel, [8])
    assert not network.is_trained
    assert np.isnan(network.paths(panel, np.array([8]), 28)).all()


def test_a_horizon_longer_than_was_trained_is_answered_to_its_end() -> None:
    panel = history()
    paths = trained(panel, [200], periods=7).paths(panel, np.array([200]), 400)
    assert np.isfinite(paths[:, -1]).all()
    assert paths[:, -1].max() < 5 * np.nanmax(panel.demand)


def test_a_stored_network_answers_the_same_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = history()
    network = trained(panel, [200, 240])
    document = json.loads(json.dumps(recurrent_document(network), allow_nan=False))
    monkeypatch.setitem(sys.modules, "torch", None)
    again = read_recurrent(document)
    paths = [one.paths(panel, np.array([200, 240]), 28) for one in (network, again)]
    np.testing.assert_array_equal(*paths)


def test_a_model_of_other_features_is_refused() -> None:
    panel = history()
    network = trained(panel, [200])
    network.final.feature_names_ = ["another"]
    with pytest.raises(OtherFeaturesError, match="other columns"):
        network.paths(panel, np.array([200]), 28)


def test_weeks_are_forecast_from_weeks() -> None:
    year = 50 + 20 * np.sin(2 * np.pi * np.arange(220) / 52)
    panel = History(np.tile(year[:208], (12, 1)), first_day=MONDAY, period_days=7, season=1)
    path = trained(panel, [170], periods=12).paths(panel, np.array([170]), 12)[:, -1]
    np.testing.assert_allclose(path, np.tile(year[208:], (12, 1)), rtol=0.15)


def test_without_pytorch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not neural_is_installed()
    with pytest.raises(NeuralMissingError, match="the extra “neural”"):
        train_recurrent(history(), np.array([200]), 28)
    with pytest.raises(NeuralMissingError, match="the extra “neural”"):
        Recurrent(SMALL).fit(DirectFeatures(history()), until=300, periods=28)


def file_of(panel: History, target: Path) -> Path:
    row, day = np.nonzero(np.isfinite(panel.demand))
    rows = {"series_id": row, "day": day, "quantity": panel.demand[row, day]}
    connection = duckdb.connect()
    connection.register("rows", rows)
    connection.execute(
        f"COPY (SELECT series_id, DATE '2024-01-01' + day::INTEGER AS date, quantity FROM rows) TO '{target}'"
    )
    return target


def served(target: Path) -> set[str]:
    return {model for (model,) in duckdb.execute(f"SELECT DISTINCT model FROM '{target}'").fetchall()}


def test_a_file_is_forecast_by_the_network_alone(tmp_path: Path) -> None:
    needs_neural()
    source = file_of(history(series=12), tmp_path / "in.csv")
    answers = []
    for jobs in (1, 2):
        target = tmp_path / f"out-{jobs}.csv"
        forecast_file(source=source, target=target, options=FileOptions(models=(LSTM,), jobs=jobs))
        answers.append(target.read_text())
    assert answers[0] == answers[1]
    assert LSTM in served(tmp_path / "out-1.csv") <= {LSTM, "seasonal_naive", "weekday_mean"}


def test_a_file_that_is_too_short_for_the_network_is_refused_by_name(tmp_path: Path) -> None:
    needs_neural()
    short = file_of(replace(history(), demand=np.full((2, 12), 3.0)), tmp_path / "short.csv")
    with pytest.raises(ValidationError, match="lstm: the histories are too short to train lstm on"):
        forecast_file(source=short, target=tmp_path / "out.csv", options=FileOptions(models=(LSTM,)))
    assert not (tmp_path / "out.csv").exists()
