"""Nets of several kinds that all engines train and ask: sizes, data, first weights.

How they are built stands in `keras_nets.py`, `torch_nets.py` and `torch_sequences.py`,
one function for each under the name that it has here.  A new net is a row of `NETS` and
a builder for Keras's words and for PyTorch.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

MOMENTUM = 0.9


class Net(NamedTuple):
    """A net, and how it is trained: categorical cross-entropy, batches of random rows.

    Attributes:
        name: The first word of its rows, and the name of its builders.
        title: What the table says.
        shape: Shape of an input row.
        classes: Number of classes.
        batch: Rows of a training step.
        steps: Training steps in a repetition.
        calls: Calls with one row in a repetition.
        vocabulary: Inputs are integers below it; None: they are numbers from 0 to 1.
        rule: "sgd" (with momentum) or "adam".
        rate: Learning rate.
        many: Rows of a prediction in batches; 0: none is measured.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    classes: int
    batch: int
    steps: int
    calls: int
    vocabulary: int | None = None
    rule: str = "sgd"
    rate: float = 0.01
    many: int = 0

    def batches(self, part: str) -> Iterator[int]:
        """How many batches each repetition trains on: at "first" a single one."""
        return itertools.chain(
            [1] if part == "first" else [], itertools.repeat(self.steps)
        )


NETS = (
    Net("mnist", "MNIST CNN 32C3-64C3-P2-128-10", (28, 28, 1), 10, 128, 12, 30),
    Net("resnet", "CIFAR ResNet-20", (32, 32, 3), 10, 128, 3, 10),
    Net("xception", "small Xception, 32×32", (32, 32, 3), 10, 128, 3, 10),
    Net("text", "text, 3 × Conv1D 250", (400,), 2, 32, 4, 10, vocabulary=5000),
    Net("imdb", "IMDB, LSTM 128", (80,), 2, 32, 10, 20, 20_000, "adam", 0.001, 1000),
    Net("gru", "GRU 64 both ways", (100,), 2, 32, 10, 20, 5000, "adam", 0.001),
    Net("stack", "2 × LSTM 128", (80,), 2, 32, 6, 20, 5000, "adam", 0.001),
    Net("block", "transformer block", (128,), 2, 32, 6, 20, 5000, rate=0.001, many=500),
    Net("video", "ConvLSTM2D, 10 frames 32×32", (10, 32, 32, 1), 4, 8, 4, 10),
)
ASKED = 128  # rows of a large call
LARGE_CALLS = 4  # in a repetition


def find(workload: str) -> tuple[Net, str] | None:
    """The net and the part of a row like "mnist train"; None for other rows."""
    name, _, part = workload.partition(" ")
    net = named(name)
    return (net, part) if net else None


def named(name: str) -> Net | None:
    """The net of that name; None if there is none."""
    return next((net for net in NETS if net.name == name), None)


@functools.cache
def data(net: Net, batches: int) -> tuple[np.ndarray, np.ndarray]:
    """Random rows and one-hot labels."""
    draw = np.random.default_rng(0)
    rows = max(batches * net.batch, ASKED, net.many)
    if net.vocabulary:
        x = draw.integers(0, net.vocabulary, (rows, *net.shape)).astype(np.int32)
    else:
        x = draw.random((rows, *net.shape), dtype=np.float32)
    labels = draw.integers(0, net.classes, rows)
    return x, np.eye(net.classes, dtype=np.float32)[labels]


def first(layer: str, index: int, role: str, shape: tuple[int, ...]) -> np.ndarray:
    """The first value of a layer's weight, the same for every engine.

    Args:
        layer: Name of the layer.
        index: Which of its weights, in Keras's order.
        role: What Keras calls the weight; zeros and ones follow from it.
        shape: The shape that it has in Keras.
    """
    if role in ("gamma", "moving_variance"):
        return np.ones(shape, np.float32)
    if role in ("beta", "moving_mean") or "bias" in role:
        return np.zeros(shape, np.float32)
    draw = np.random.default_rng([zlib.crc32(layer.encode()), index])
    window = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return draw.uniform(-limit, limit, shape).astype(np.float32)
