"""What is measured: data, first weights, and the rows of the table.

How an engine does it stands in the engine's own file.
"""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

import nets
import numpy as np

QUICK = bool(os.environ.get("QUICK"))
ROWS = 6_000 if QUICK else 60_000
CALLS = 50  # of a small call, in one repetition
REPETITIONS = 3 if QUICK else 5
MORE = 3  # times as many of what takes a tenth of a second
COLD_REPETITIONS = 1 if QUICK else 2
BATCH = 128
SMALL_BATCH = 32
STEPS = -(-ROWS // BATCH)
MLP_STEPS = STEPS // 5  # each takes long enough to be timed
EPOCHS = 3  # of the fits that are validated,
HELD_OUT = ROWS // 6  # on so many rows
WIDTHS = {"softmax": (784, 10), "mlp": (784, 512, 512, 10)}
DROPOUT = 0.2
# The optimizer of all engines: RMSprop as Keras has it.
RATE, RHO, EPSILON = 0.001, 0.9, 1e-7
COMPARED = 10  # batches whose losses must agree,
TOLERANCE = 1e-3  # so well,
# at a rate that keeps rules together which differ in where epsilon stands.
COMPARED_RATE = 2e-5

OURS = "ours"
HAND = "JAX by hand"
KERAS = {f"Keras 3 {name}": name for name in ("jax", "tensorflow", "torch")}
PLAIN = "PyTorch by hand"
COMPILED = "PyTorch compiled"
ENGINES = (OURS, HAND, *KERAS, PLAIN, COMPILED)
PEERS = (*KERAS, PLAIN, COMPILED)


class Bound(NamedTuple):
    """What a row must show: time at most `most` × that of the fastest reference.

    Attributes:
        most: The factor.
        engines: References in the same row; or
        row: a row, whose `ours` is the reference.
    """

    most: float
    engines: tuple[str, ...] = ()
    row: str = ""


class Workload(NamedTuple):
    """A row of the table.

    Attributes:
        name: How rows are told apart.
        title: What the table says.
        unit: "µs" or "ms" or "s", or "MB".
        parts: Steps or calls in a repetition; the time is that of one.
        bounds: What it must show.
        only: Engines that have it.
        repetitions: How often it is repeated.
    """

    name: str
    title: str
    unit: str
    parts: int
    bounds: tuple[Bound, ...] = ()
    only: tuple[str, ...] = (OURS, HAND, *KERAS, PLAIN)
    repetitions: int = REPETITIONS * MORE


FRAMEWORKS = (OURS, *KERAS)
WORKLOADS = (
    Workload(
        "fit",
        "fit 784-10, a step",
        "µs",
        STEPS,
        (Bound(1.15, (HAND,)), Bound(0.5, tuple(KERAS))),
    ),
    Workload(
        "history",
        "  with LossHistory",
        "µs",
        STEPS,
        (Bound(1.05, row="fit"),),
        FRAMEWORKS,
    ),
    Workload(
        "weights",
        "  reading weights every batch",
        "µs",
        STEPS,
        (Bound(1.3, row="weights, 1"),),
        FRAMEWORKS,
    ),
    Workload(
        "weights, 1",
        "  the same, steps_per_execution=1",
        "µs",
        STEPS,
        only=(OURS,),
    ),
    Workload(
        "tensorboard",
        '  with TensorBoard(update_freq="batch")',
        "µs",
        STEPS,
        (Bound(1.5, row="fit"),),
        FRAMEWORKS,
    ),
    Workload("mlp", "fit 784-512-512-10, a step", "µs", MLP_STEPS, (Bound(1, PEERS),)),
    Workload(
        "validated",
        f"  {EPOCHS} epochs of {ROWS:,} rows, validated; one",
        "ms",
        EPOCHS,
        (Bound(1, tuple(KERAS)),),
        FRAMEWORKS,
        REPETITIONS,
    ),
    Workload(
        "watched",
        "  the same with CSV, checkpoint, TensorBoard and others",
        "ms",
        EPOCHS,
        # of an epoch of about a second: that of few rows is too short
        (() if QUICK else (Bound(1.1, row="validated"),)) + (Bound(1, tuple(KERAS)),),
        FRAMEWORKS,
        REPETITIONS,
    ),
    Workload(
        "predict one",
        "predict, 1 row",
        "µs",
        CALLS,
        # libraries alone: a bare call of JAX takes as long as several of PyTorch's
        (Bound(3, (HAND,)), Bound(1, tuple(KERAS))),
    ),
    Workload(
        "train on batch",
        f"train_on_batch, {SMALL_BATCH} rows",
        "µs",
        CALLS,
        (Bound(3, (HAND,)), Bound(1, PEERS)),
    ),
    Workload("evaluate", f"evaluate, {ROWS:,} rows", "ms", 1, (Bound(1, PEERS),)),
    Workload("predict", f"predict, {ROWS:,} rows", "ms", 1, (Bound(1, PEERS),)),
)


def rows_of(net: nets.Net) -> list[Workload]:
    """What is measured of a net: training, and predictions of one row and of more."""

    def row(part, title, parts):
        bounds = (Bound(1, PEERS),)
        name, engines = f"{net.name} {part}", (OURS, *PEERS)
        return Workload(name, title, "ms", parts, bounds, engines, REPETITIONS)

    rows = [
        row("train", f"{net.title}, a step of {net.batch}", net.steps),
        row("1", "  prediction, 1 row", net.calls),
        row(f"{nets.ASKED}", f"  prediction, {nets.ASKED} rows", nets.LARGE_CALLS),
    ]
    if net.many:
        title = f"  prediction, {net.many:,} rows by {net.batch}"
        rows.append(row("many", title, 1))
    return rows


def first_of(net: nets.Net) -> Workload:
    """From the start of a process to the end of the first step."""
    title = f"{net.title}, a process to its first step"
    bounds = (Bound(1.5, PEERS),)
    return Workload(f"{net.name} first", title, "s", 1, bounds, (OURS, *PEERS))


def memory_of(row: Workload) -> Workload:
    """The most memory that the process of a `first_of` had after some more steps."""
    bounds = (Bound(1.2, (PLAIN,)),)
    return Workload(f"{row.name}: memory", "  its most memory", "MB", 1, bounds)


WORKLOADS += tuple(row for net in nets.NETS for row in rows_of(net))
COLD = Workload(
    "cold",
    "a cold process, one epoch",
    "s",
    1,
    (Bound(1, tuple(KERAS)),),
    (OURS, *KERAS),
)


FIRSTS = tuple(first_of(net) for net in nets.NETS)


@functools.cache
def all_data() -> tuple[np.ndarray, np.ndarray]:
    """Random rows and one-hot labels."""
    draw = np.random.default_rng(0)
    x = draw.random((ROWS, 784), dtype=np.float32)
    return x, np.eye(10, dtype=np.float32)[draw.integers(0, 10, ROWS)]


def data(workload: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The rows of a workload."""
    x, y = all_data()
    rows = MLP_STEPS * BATCH if workload == "mlp" else ROWS
    return x[:rows], y[:rows]


def weights(model: str) -> list[np.ndarray]:
    """First weights of a model: a kernel and a bias for each layer."""
    draw = np.random.default_rng(1)
    found: list[np.ndarray] = []
    widths = WIDTHS[model]
    for rows, columns in zip(widths, widths[1:], strict=False):
        limit = np.sqrt(6 / (rows + columns))
        found.append(draw.uniform(-limit, limit, (rows, columns)).astype(np.float32))
        found.append(np.zeros(columns, np.float32))
    return found


def batches(of):
    """The batches of one epoch: slices of rows, or of an order of rows."""
    return [of[start : start + BATCH] for start in range(0, len(of), BATCH)]


def model_of(workload: str) -> str:
    """Which model a workload trains or asks."""
    net = net_of(workload)
    if net:
        return net.name
    return "mlp" if workload in ("mlp", "validated", "watched") else "softmax"


def net_of(workload: str) -> nets.Net | None:
    """The net that a workload trains or asks, if it is one."""
    found = nets.find(workload)
    return found and found[0]
