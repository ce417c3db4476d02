"""The recurrent network's arithmetic in NumPy: what PyTorch trained answers without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Floats

CLIP = 4.0


@dataclass(frozen=True)
class Network:
    """The weights, with PyTorch's gates (input, forget, cell, output) below each other. F features, E past inputs, K hidden.

    ``encoder_input`` 4K × E, ``decoder_input`` 4K × F, ``…_hidden`` 4K × K, ``…_bias`` 4K, ``output`` K,
    ``output_bias`` 1; ``feature_mean`` and ``feature_deviation`` F.
    """

    encoder_input: Floats
    encoder_hidden: Floats
    encoder_bias: Floats
    decoder_input: Floats
    decoder_hidden: Floats
    decoder_bias: Floats
    output: Floats
    output_bias: Floats
    feature_mean: Floats
    feature_deviation: Floats

    def multiples(self, past: Floats, ahead: Floats) -> Floats:
        """N × H multiples of the level from N × L × E past inputs and N × H × F standardised features."""
        hidden = np.zeros((len(past), len(self.output)), np.float32)
        cell = hidden
        for place in range(past.shape[1]):
            gates = past[:, place] @ self.encoder_input.T + hidden @ self.encoder_hidden.T + self.encoder_bias
            hidden, cell = _step(gates, cell)
        answer = np.empty(ahead.shape[:2], np.float32)
        for place in range(ahead.shape[1]):
            gates = ahead[:, place] @ self.decoder_input.T + hidden @ self.decoder_hidden.T + self.decoder_bias
            hidden, cell = _step(gates, cell)
            answer[:, place] = np.logaddexp(0, hidden @ self.output + self.output_bias)
        return answer


def standardised(rows: Floats, mean: Floats, deviation: Floats) -> Floats:
    """What is unknown counts as usual."""
    scaled = np.nan_to_num((rows - mean) / deviation, nan=0.0)
    return np.clip(scaled, -CLIP, CLIP).astype(np.float32)


def _step(gates: Floats, cell: Floats) -> tuple[Floats, Floats]:
    """One step of the LSTM: c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c')."""
    taken, kept, new, shown = np.split(gates, 4, axis=1)
    cell = _sigmoid(kept) * cell + _sigmoid(taken) * np.tanh(new)
    return _sigmoid(shown) * np.tanh(cell), cell


def _sigmoid(values: Floats) -> Floats:
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result
