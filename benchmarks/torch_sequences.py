"""The nets for sequences in PyTorch, with the same first weights; others: `torch_nets`.

PyTorch's recurrent layers have two biases where an LSTM of Keras has one: the second is
left at zero.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch_nets import dense, fill


def words(vocabulary, size=128):
    """A vector for each word."""
    part = nn.Embedding(vocabulary, size)
    fill(part.weight, "words", 0, "embeddings", (vocabulary, size))
    return part


def turned(value: np.ndarray) -> np.ndarray:
    """A kernel as PyTorch has it."""
    return value.reshape(-1, value.shape[-1]).T


def reset_first(value: np.ndarray) -> np.ndarray:
    """Gates of a GRU as PyTorch orders them: reset, update, candidate."""
    z, r, h = np.split(value, 3, axis=-1)
    return turned(np.concatenate([r, z, h], axis=-1))


def lstm(layer, inside, units):
    """A long short-term memory with the first weights of a layer."""
    part = nn.LSTM(inside, units, batch_first=True)
    fill(part.weight_ih_l0, layer, 0, "kernel", (inside, 4 * units), turned)
    fill(part.weight_hh_l0, layer, 1, "recurrent", (units, 4 * units), turned)
    nn.init.zeros_(part.bias_ih_l0)
    nn.init.zeros_(part.bias_hh_l0)
    part.bias_hh_l0.requires_grad_(False)
    return part


class Imdb(nn.Module):
    """Words, long short-term memories, the last state."""

    def __init__(self, vocabulary, layers):
        super().__init__()
        self.words = words(vocabulary)
        self.lstms = nn.ModuleList(lstm(layer, 128, 128) for layer in layers)
        self.dense = dense("dense", 128, 2)

    def forward(self, x):
        x = self.words(x)
        for part in self.lstms:
            x, _ = part(x)
        return self.dense(x[:, -1])


class Gru(nn.Module):
    """Words, gated units both ways, the last state of each."""

    def __init__(self):
        super().__init__()
        self.words = words(5000)
        self.gru = nn.GRU(128, 64, batch_first=True, bidirectional=True)
        for i, ending in enumerate(("l0", "l0_reverse")):
            for j, (role, shape) in enumerate(
                [("kernel", (128, 192)), ("recurrent", (64, 192))]
            ):
                own = getattr(self.gru, f"weight_{'ih' if j == 0 else 'hh'}_{ending}")
                fill(own, "both", 3 * i + j, role, shape, reset_first)
            nn.init.zeros_(getattr(self.gru, f"bias_ih_{ending}"))
            nn.init.zeros_(getattr(self.gru, f"bias_hh_{ending}"))
        self.dense = dense("dense", 128, 2)

    def forward(self, x):
        _, last = self.gru(self.words(x))
        return self.dense(torch.cat([last[0], last[1]], 1))


class Block(nn.Module):
    """Words, an encoder's layer, the mean of all positions."""

    def __init__(self):
        super().__init__()
        self.words = words(5000)
        self.layer = nn.TransformerEncoderLayer(
            128, 4, 512, dropout=0.0, batch_first=True, layer_norm_eps=1e-3
        )
        attention = self.layer.self_attn
        with torch.no_grad():
            for i, rows in enumerate(attention.in_proj_weight.split(128)):
                fill(rows, "attention", 2 * i, "kernel", (128, 4, 32), inwards)
        fill(attention.out_proj.weight, "attention", 6, "kernel", (4, 32, 128), turned)
        nn.init.zeros_(attention.in_proj_bias)
        nn.init.zeros_(attention.out_proj.bias)
        self.layer.linear1 = dense("inner", 128, 512)
        self.layer.linear2 = dense("outer", 512, 128)
        self.dense = dense("dense", 128, 2)

    def forward(self, x):
        return self.dense(self.layer(self.words(x)).mean(1))


def inwards(value: np.ndarray) -> np.ndarray:
    """(features, heads, size) to (heads × size, features)."""
    return value.reshape(value.shape[0], -1).T


BUILDERS = {
    "imdb": lambda: Imdb(20_000, ["lstm"]),
    "stack": lambda: Imdb(5000, ["lstm1", "lstm2"]),
    "gru": Gru,
    "block": Block,
}
