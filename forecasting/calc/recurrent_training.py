"""Training of the recurrent network, by PyTorch; the only module that imports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.recurrent_network import Network, standardised

if TYPE_CHECKING:
    from types import ModuleType


class NeuralMissingError(ImportError):
    """PyTorch is not installed, or cannot be loaded here."""


@dataclass(frozen=True)
class RecurrentConfig:
    """``windows`` (series, origin) pairs are drawn once and gone through ``epochs`` times: that bounds the time, and
    ``most_rows`` the memory, whatever the panel. Days ahead over ``longest_trained`` are walked on to, not trained.
    """

    past_weeks: int = 8
    hidden: int = 32
    windows: int = 8_000
    windows_per_series: int = 24
    fewest_windows: int = 100
    most_rows: int = 300_000
    longest_trained: int = 91
    epochs: int = 5
    batch: int = 128
    learning_rate: float = 0.005
    most_gradient: float = 1.0
    refits: int = 2
    tweedie_power: float = 1.3
    weight_power: float = 0.5
    most_multiple: float = 5.0
    heaviest_level: float = 50.0
    training_weeks: int = 104
    seed: int = 3


@dataclass(frozen=True)
class Windows:
    """N windows to learn from: ``past`` N × L × E inputs, ``ahead`` N × H × F features (NaN: unknown), ``multiple`` N × H
    demand over level, ``weight`` N × H (0: not to be learned); ``feature_mean`` and ``feature_deviation`` F, of the known.
    """

    past: Floats
    ahead: Floats
    multiple: Floats
    weight: Floats
    feature_mean: Floats
    feature_deviation: Floats

    def batch(self, chosen: Ints) -> tuple[Floats, Floats, Floats, Floats]:
        ahead = standardised(self.ahead[chosen], self.feature_mean, self.feature_deviation)
        return self.past[chosen], ahead, self.multiple[chosen], self.weight[chosen]


def load_torch() -> ModuleType:
    try:
        import torch  # the extra "neural", and seconds to import
    except (ImportError, OSError) as error:
        raise NeuralMissingError(f"lstm needs PyTorch, the extra “neural” of this package: {error}") from error
    module: ModuleType = torch
    return module


def neural_is_installed() -> bool:
    try:
        load_torch()
    except NeuralMissingError:
        return False
    return True


def train_network(windows: Windows, config: RecurrentConfig, random: np.random.Generator) -> Network:
    """Adam over shuffled batches, on one thread: the same seed gives the same network."""
    torch = load_torch()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            parts = _parts(torch, windows.past.shape[2], windows.ahead.shape[2], config.hidden)
            _learn(torch, parts, windows, config, random)
    finally:
        torch.set_num_threads(threads)
    encoder, decoder, output = (_as_arrays(part) for part in parts)
    return Network(
        encoder_input=encoder["weight_ih_l0"],
        encoder_hidden=encoder["weight_hh_l0"],
        encoder_bias=encoder["bias_ih_l0"] + encoder["bias_hh_l0"],
        decoder_input=decoder["weight_ih_l0"],
        decoder_hidden=decoder["weight_hh_l0"],
        decoder_bias=decoder["bias_ih_l0"] + decoder["bias_hh_l0"],
        output=output["weight"][0],
        output_bias=output["bias"],
        feature_mean=windows.feature_mean,
        feature_deviation=windows.feature_deviation,
    )


def _parts(torch: Any, past_inputs: int, inputs: int, hidden: int) -> tuple[Any, Any, Any]:
    encoder = torch.nn.LSTM(past_inputs, hidden, batch_first=True)
    decoder = torch.nn.LSTM(inputs, hidden, batch_first=True)
    output = torch.nn.Linear(hidden, 1)
    with torch.no_grad():
        output.bias.fill_(float(np.log(np.e - 1)))  # softplus of it is 1: demand is at its level
    return encoder, decoder, output


def _learn(
    torch: Any,
    parts: tuple[Any, Any, Any],
    windows: Windows,
    config: RecurrentConfig,
    random: np.random.Generator,
) -> None:
    encoder, decoder, output = parts
    parameters = [one for part in parts for one in part.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=config.learning_rate)
    batches = config.epochs * -(-len(windows.past) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=config.learning_rate, total_steps=batches)
    power = config.tweedie_power
    for _ in range(config.epochs):
        order = random.permutation(len(windows.past))
        for first in range(0, len(order), config.batch):
            chosen = order[first : first + config.batch]
            past, ahead, y, w = (torch.from_numpy(part) for part in windows.batch(chosen))
            _, state = encoder(past)
            walked, _ = decoder(ahead, state)
            mu = torch.nn.functional.softplus(output(walked)[..., 0]) + 1e-4
            loss = (w * (mu ** (2 - power) / (2 - power) - y * mu ** (1 - power) / (1 - power))).sum() / w.sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, config.most_gradient)
            optimiser.step()
            schedule.step()


def _as_arrays(part: Any) -> dict[str, Floats]:
    return {name: values.detach().numpy().astype(np.float32) for name, values in part.state_dict().items()}
