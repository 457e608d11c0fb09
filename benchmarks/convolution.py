"""Single convolutions as a training step has them, inside a compiled loop.

What the choices of `cthulhu/backend/conv_lowering.py` rest on: milliseconds of a value
and of both gradients, with the lowering of the library and with that of XLA alone.

    python benchmarks/convolution.py             all shapes
    python benchmarks/convolution.py resnet      those whose name has this word
"""

from __future__ import annotations

import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import backend as K
from cthulhu.core import jit

REPETITIONS, STEPS = 5, 2
# name: samples, size, channels, filters (0: each channel alone), window, stride
SHAPES = {
    "mnist 1": (128, 28, 1, 32, 3, 1),
    "mnist 2": (128, 26, 32, 64, 3, 1),
    "resnet 16": (128, 32, 16, 16, 3, 1),
    "resnet 16 to 32": (128, 32, 16, 32, 3, 2),
    "resnet 32": (128, 16, 32, 32, 3, 1),
    "resnet 64": (128, 8, 64, 64, 3, 1),
    "xception 32 alone": (128, 32, 32, 0, 3, 1),
    "xception 128 alone": (128, 16, 128, 0, 3, 1),
    "xception pointwise": (128, 16, 128, 128, 1, 1),
}


def ours(filters, stride, x, kernel):
    """By the library."""
    convolve = K.conv2d if filters else K.depthwise_conv2d
    return convolve(x, kernel, (stride, stride), "same", "channels_last")


def xla(filters, stride, x, kernel):
    """By XLA's operation and its gradients."""
    channels = x.shape[-1]
    return jax.lax.conv_general_dilated(
        x,
        kernel if filters else kernel.reshape(*kernel.shape[:2], 1, channels),
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=1 if filters else channels,
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
    return statistics.median(found) / STEPS * 1e3


def measure(convolve, filters, stride, x, kernel) -> list[float]:
    """Times of the value, of the gradient in `x`, and of that in the kernel."""

    def value(x, kernel, dy):
        del dy
        return convolve(filters, stride, x, kernel)

    def by_x(x, kernel, dy):
        return jax.vjp(lambda x: value(x, kernel, dy), x)[1](dy)[0]

    def by_kernel(x, kernel, dy):
        return jax.vjp(lambda k: value(x, k, dy), kernel)[1](dy)[0]

    dy = jnp.ones(jax.eval_shape(value, x, kernel, None).shape)
    arrays = [x, kernel, dy]
    return [milliseconds(loop(f, arrays)) for f in (value, by_x, by_kernel)]


def main() -> None:
    """Measure, and print a line for each shape and lowering."""
    words = sys.argv[1:]
    draw = np.random.default_rng(0)
    print(f"{'ms in a loop':<22}{'value':>9}{'by x':>9}{'by kernel':>11}")
    for name, (samples, size, channels, filters, window, stride) in SHAPES.items():
        if words and not any(word in name for word in words):
            continue
        x = jnp.asarray(draw.random((samples, size, size, channels), np.float32))
        shape = (window, window, channels, filters or 1)
        kernel = jnp.asarray(draw.random(shape, np.float32))
        for convolve in (ours, xla):
            found = measure(convolve, filters, stride, x, kernel)
            label = f"{name}, {convolve.__name__}"
            print(f"{label:<22}" + "".join(f"{ms:10.1f}" for ms in found), flush=True)


if __name__ == "__main__":
    main()
