"""Single convolutions as a training step has them, inside a compiled loop.

What the choices of `cthulhu/backend/conv_lowering.py` rest on: milliseconds of a value
and of both gradients, with the lowering of the library ("ours"), the kernel's gradient
as a single sum ("one sum"), and XLA's operation and its gradients ("xla").

    python benchmarks/convolution.py             all shapes, some minutes
    python benchmarks/convolution.py resnet      those whose name has this word

Found on two cores that others used too, so only numbers of one line are comparable:
milliseconds by the library / by XLA, and in brackets as one sum.

| shape | value | by x | by kernel |
|---|---|---|---|
| mnist 1 | 0.8 / 5.4 | 8.4 / 21.6 | 5.0 / 77.9 (5.0) |
| mnist 2 | 20.8 / 20.3 | 22.2 / 145 | 38.2 / 7500 (39.2) |
| resnet 3 to 16 | 2.5 / 5.9 | 8.2 / 33.7 | 6.2 / 154 (5.6) |
| resnet 16 | 7.4 / 9.9 | 7.8 / 132 | 14.3 / 904 (16.2) |
| resnet 16 to 32, strided | 2.9 / 3.5 | 10.7 / 93.6 | 7.2 / 684 (7.8) |
| resnet 32 | 5.2 / 5.0 | 4.3 / 204 | 7.9 / 1158 (10.5) |
| resnet 64 | 4.4 / 3.6 | 4.9 / 27.5 | 6.1 / 778 |
| resnet short, strided | 1.8 / 1.8 | 1.7 / 4.6 | 2.5 / 65.8 |
| wide 256 | 43.0 / 41.7 | 41.1 / 405 | 44.5 / 19018 |
| large kernel 5 | 9.6 / 9.0 | 10.3 / 468 | 18.2 / 1951 |
| dilated 32 | 12.5 / 13.1 | 12.1 / 372 | 19.2 / 2527 (22.2) |
| grouped 64 in 4 | 10.0 / 10.0 | 8.2 / 86.9 | 8.7 / 649 (10.4) |
| pointwise 128 | 10.8 / 8.5 | 11.1 / 23.1 | 19.9 / 2454 |
| 1D narrow, dilated | 1.4 / 1.5 | 1.3 / 11.1 | 1.6 / 80.6 |
| alone 32 | 36.0 / 397 | 38.4 / 45.8 | 65.2 / 7111 |

The same with nothing beside it:

| shape | value | by x | by kernel |
|---|---|---|---|
| few samples 64 | 15.2 / 12.5 | 13.3 / 87.7 | 21.1 / 4621 (20.8) |
| large kernel 7 | 4.6 / 3.4 | 12.0 / 24.2 | 4.9 / 609 (4.9) |
| 1D text 50 | 7.3 / 5.2 | 7.7 / 43.6 | 8.9 / 986 (9.0) |
| 1D text 250 | 28.1 / 23.5 | 23.8 / 214 | 36.0 / 12803 (35.2) |
| 3D 16 | 37.7 / 42.4 | 35.9 / 160 | 43.3 / 552 (42.3) |
| alone 128 | 15.0 / 227 | 6.6 / 3.2 | 18.4 / 25539 |
| alone 128, strided | 12.9 / 92.7 | 3.3 / 2.2 | 5.0 / 7108 |
| 1D alone 128 | 4.0 / 80.8 | 2.2 / 1.4 | 5.1 / 2902 |

With many channels alone XLA's gradient in x is the faster one inside a loop, and takes
a hundred times as long outside of one.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import backend as K
from cthulhu.backend import conv_lowering
from cthulhu.core import jit

REPETITIONS, STEPS = 5, 2
SLOW = 1.0  # seconds: what takes longer is measured once


class Shape(NamedTuple):
    """A convolution with the same sizes along each axis, and "same" padding.

    Attributes:
        name: What the table says.
        samples: Samples in a batch.
        sizes: Sizes of the spatial axes.
        channels: Channels of an input.
        filters: Channels of an output; 0: each channel alone.
        window: Size of the window along each axis.
        stride: Steps between windows along each axis.
        dilation: Steps between entries of a window along each axis.
        groups: Parts of channels and filters.
    """

    name: str
    samples: int
    sizes: tuple[int, ...]
    channels: int
    filters: int
    window: int = 3
    stride: int = 1
    dilation: int = 1
    groups: int = 1


SHAPES = (
    Shape("mnist 1", 128, (28, 28), 1, 32),
    Shape("mnist 2", 128, (26, 26), 32, 64),
    Shape("resnet 3 to 16", 128, (32, 32), 3, 16),
    Shape("resnet 16", 128, (32, 32), 16, 16),
    Shape("resnet 16 to 32, strided", 128, (32, 32), 16, 32, stride=2),
    Shape("resnet 32", 128, (16, 16), 32, 32),
    Shape("resnet 32 to 64, strided", 128, (16, 16), 32, 64, stride=2),
    Shape("resnet 64", 128, (8, 8), 64, 64),
    Shape("resnet short, strided", 128, (32, 32), 16, 32, window=1, stride=2),
    Shape("wide 256", 32, (14, 14), 256, 256),
    Shape("few samples 64", 8, (56, 56), 64, 64),
    Shape("large kernel 7", 32, (56, 56), 3, 64, window=7, stride=2),
    Shape("large kernel 5", 32, (28, 28), 32, 32, window=5),
    Shape("dilated 32", 64, (32, 32), 32, 32, dilation=2),
    Shape("grouped 64 in 4", 64, (16, 16), 64, 64, groups=4),
    Shape("pointwise 128", 128, (16, 16), 128, 128, window=1),
    Shape("1D text 50", 32, (400,), 50, 250),
    Shape("1D text 250", 32, (400,), 250, 250),
    Shape("1D narrow, dilated", 32, (1024,), 16, 16, dilation=4),
    Shape("3D 16", 8, (16, 16, 16), 16, 16),
    Shape("alone 32", 128, (32, 32), 32, 0),
    Shape("alone 128", 128, (16, 16), 128, 0),
    Shape("alone 128, strided", 128, (16, 16), 128, 0, stride=2),
    Shape("1D alone 128", 32, (400,), 128, 0),
)


def ours(shape, x, kernel):
    """By the library."""
    rank = len(shape.sizes)
    alone = {1: K.depthwise_conv1d, 2: K.depthwise_conv2d}
    convolve = {1: K.conv1d, 2: K.conv2d, 3: K.conv3d}
    how = ((shape.stride,) * rank, "same", "channels_last", (shape.dilation,) * rank)
    if not shape.filters:
        return alone[rank](x, kernel, *how)
    return convolve[rank](x, kernel, *how, groups=shape.groups)


def xla(shape, x, kernel):
    """By XLA's operation and its gradients."""
    rank, channels = len(shape.sizes), shape.channels
    if not shape.filters:
        kernel = kernel.reshape(*kernel.shape[:-2], 1, channels)
    space = "DHW"[-rank:]
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        (shape.stride,) * rank,
        "SAME",
        rhs_dilation=(shape.dilation,) * rank,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        feature_group_count=shape.groups if shape.filters else channels,
    )


def loop(function, arrays):
    """`function` of the arrays, again and again; each round needs the one before."""

    def again(_, state):
        arrays, result = state
        result = function(*arrays)
        first = jax.tree.leaves(result)[0].ravel()[0]
        return [a.at[(0,) * a.ndim].add(1e-30 * first) for a in arrays], result

    shapes = jax.eval_shape(function, *arrays)
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
    run = jit(lambda n, a: jax.lax.fori_loop(0, n, again, (a, zeros))[1])
    return lambda: jax.block_until_ready(run(STEPS, arrays))


def milliseconds(function) -> float:
    """The median of some repetitions, for one step."""
    function()
    found = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
        if sum(found) > SLOW:
            break
    return statistics.median(found) / STEPS * 1e3


def measure(convolve, shape, x, kernel, parts=(0, 1, 2)) -> list[float]:
    """Times of the value, of the gradient in `x`, and of that in the kernel."""

    def value(x, kernel, dy):
        del dy
        return convolve(shape, x, kernel)

    def by_x(x, kernel, dy):
        return jax.vjp(lambda x: value(x, kernel, dy), x)[1](dy)[0]

    def by_kernel(x, kernel, dy):
        return jax.vjp(lambda k: value(x, k, dy), kernel)[1](dy)[0]

    dy = jnp.ones(jax.eval_shape(value, x, kernel, None).shape)
    functions = [(value, by_x, by_kernel)[i] for i in parts]
    return [milliseconds(loop(f, [x, kernel, dy])) for f in functions]


def show(label, found) -> None:
    """A line of the table."""
    print(f"{label:<34}" + "".join(f"{ms:>10}" for ms in found), flush=True)


def main() -> None:
    """Measure, and print a line for each shape and lowering."""
    words = sys.argv[1:]
    draw = np.random.default_rng(0)
    pieces = conv_lowering.PIECES
    show("ms in a loop", ["value", "by x", "by kernel"])
    for shape in SHAPES:
        if words and not any(word in shape.name for word in words):
            continue
        x = draw.random((shape.samples, *shape.sizes, shape.channels), np.float32)
        window = (shape.window,) * len(shape.sizes)
        behind = (shape.channels // shape.groups, shape.filters or 1)
        arrays = jnp.asarray(x), jnp.asarray(draw.random((*window, *behind), "float32"))
        found = measure(ours, shape, *arrays)
        show(f"{shape.name}, ours", [f"{ms:.1f}" for ms in found])
        if shape.filters and shape.window > 1:
            conv_lowering.PIECES = 1
            found = measure(ours, shape, *arrays, parts=(2,))
            conv_lowering.PIECES = pieces
            show(f"{shape.name}, one sum", ["", "", f"{found[0]:.1f}"])
        found = measure(xla, shape, *arrays)
        show(f"{shape.name}, xla", [f"{ms:.1f}" for ms in found])


if __name__ == "__main__":
    main()
