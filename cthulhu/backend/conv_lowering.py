"""How a convolution is computed: the choices, in one place.

On a GPU or a TPU it is XLA's own operation and its gradients.  On a CPU XLA is fast
only for operations in one form (samples, then space, then channels; the kernel as
space, channels, filters): it brings others into that form where they stand by
themselves, but not inside a loop, where they then take a hundred times as long.  So
here the two gradients are written out in that form, as convolutions too.

| on a CPU | value | gradient in the kernel |
|---|---|---|
| a window of one entry | matrix product | matrix product |
| at most `FEW` terms in each sum | shifted products, added up | convolution |
| `NARROW`, a large batch | convolution | `PIECES` convolutions, added up |
| each channel alone | shifted products, added up | sums of shifted products |
| all others | convolution | convolution |

`benchmarks/convolution.py` measures what these choices rest on, and says what it found.
Padding words, layouts and arguments are the business of `conv`.
"""

import functools
import math

import jax
import jax.numpy as jnp

from cthulhu.backend.platform import by_platform
from cthulhu.backend.reduction import sums
from cthulhu.backend.windows import padded, shifted

_LETTERS = {1: "W", 2: "HW", 3: "DHW"}
FEW = 32  # so few terms of each sum are added up as they are
PIECES = 4  # of a batch, for gradients of kernels that are narrow
NARROW = range(16 * 16, 32 * 64 + 1)  # of so many channels times filters
_VECTOR = 16  # samples that a processor multiplies at once
_TOGETHER = 9  # sums in one loop: as many as the registers hold


def convolve(x, kernel, strides, pads, dilation, groups=1):
    """Convolve `(samples, *sizes, channels)` with `(*window, channels, filters)`.

    Args:
        x: Array.
        kernel: Array of the same dtype; with `groups` it has the channels of one group
            and the filters of all.
        strides: Tuple: distance of the window's positions along each axis.
        pads: List of pairs: zeros before and after each axis.
        dilation: Tuple: distance of the window's entries along each axis.
        groups: Into how many parts channels and filters are cut.
    """
    return _convolved(strides, tuple(pads), dilation, groups, x, kernel)


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3))  # see `normalization`
def _convolved(strides, pads, dilation, groups, x, kernel):
    on_cpu = functools.partial(_on_cpu, strides, pads, dilation, groups)
    elsewhere = functools.partial(
        _xla, strides=strides, pads=pads, dilation=dilation, groups=groups
    )
    return by_platform(x, kernel, cpu=on_cpu, default=elsewhere)


def transposed(y, kernel, sizes, strides, pads, dilation):
    """The transpose of `convolve` in `x`, for an `x` of these `sizes`."""
    on_cpu = functools.partial(_back, sizes, strides, tuple(pads), dilation, 1)
    x = jax.ShapeDtypeStruct((y.shape[0], *sizes, kernel.shape[-2]), y.dtype)

    def elsewhere(y, kernel):
        def forward(x):
            return _xla(x, kernel, strides, pads, dilation, 1)

        return jax.linear_transpose(forward, x)(y)[0]

    return by_platform(y, kernel, cpu=on_cpu, default=elsewhere)


def _xla(x, kernel, strides, pads, dilation, groups):
    spatial = _LETTERS[x.ndim - 2]
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        strides,
        pads,
        rhs_dilation=dilation,
        dimension_numbers=(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
        feature_group_count=groups,
    )


def _on_cpu(strides, pads, dilation, groups, x, kernel):
    if math.prod(kernel.shape[:-2]) == 1 and groups == 1:
        (x,) = shifted(padded(x, pads), kernel.shape[:-2], strides, dilation)
        return _mix(x, kernel.reshape(kernel.shape[-2:]))
    return _with_gradients(strides, pads, dilation, groups, x, kernel)


@jax.custom_vjp
def _mix(x, matrix) -> jax.Array:
    return jnp.matmul(x, matrix)


def _mix_forward(x, matrix):
    return jnp.matmul(x, matrix), (x, matrix)


def _mix_backward(saved, dy):
    x, matrix = saved
    # As matrices: of arrays with more axes XLA transposes one, and all that made it.
    rows, by_rows = (a.reshape(-1, a.shape[-1]) for a in (x, dy))
    return _mix(dy, matrix.T), jax.lax.dot_general(
        rows, by_rows, (((0,), (0,)), ((), ()))
    )


_mix.defvjp(_mix_forward, _mix_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2, 3))
def _with_gradients(strides, pads, dilation, groups, x, kernel) -> jax.Array:
    *window, channels, filters = kernel.shape
    if groups > 1 or math.prod(window) * channels > FEW:
        return _xla(x, kernel, strides, pads, dilation, groups)
    parts = [
        part[..., i : i + 1]
        for part in shifted(padded(x, pads), window, strides, dilation)
        for i in range(channels)
    ]
    rows = kernel.reshape(-1, filters)
    return functools.reduce(
        jnp.add, [p * row for p, row in zip(parts, rows, strict=True)]
    )


def _forward(strides, pads, dilation, groups, x, kernel):
    return _with_gradients(strides, pads, dilation, groups, x, kernel), (x, kernel)


def _backward(strides, pads, dilation, groups, saved, dy):
    x, kernel = saved
    dx = _back(x.shape[1:-1], strides, pads, dilation, groups, dy, kernel)
    window = kernel.shape[:-2]
    if groups == 1:
        return dx, _kernel_gradient(x, dy, window, strides, pads, dilation)
    parts = []
    for x_part, dy_part in zip(
        jnp.split(x, groups, -1), jnp.split(dy, groups, -1), strict=True
    ):
        parts.append(_kernel_gradient(x_part, dy_part, window, strides, pads, dilation))
    return dx, jnp.concatenate(parts, -1)


_with_gradients.defvjp(_forward, _backward)


def _back(sizes, strides, pads, dilation, groups, dy, kernel):
    """Gradient in `x`: a convolution of `dy`, spread out, with the turned kernel."""
    window, (channels, filters) = kernel.shape[:-2], kernel.shape[-2:]
    rank = len(window)
    edges = _edges(sizes, dy.shape[1:-1], window, strides, pads, dilation)
    kernel = jnp.flip(kernel, tuple(range(rank)))
    kernel = kernel.reshape(*window, channels, groups, filters // groups)
    kernel = jnp.moveaxis(kernel, rank, -1)  # (*window, groups, filters, channels)
    kernel = jnp.moveaxis(kernel, rank, -2)
    kernel = kernel.reshape(*window, filters // groups, groups * channels)
    if max(strides) > 1 or min(map(min, edges)) < 0:
        spread = [(*edge, s - 1) for edge, s in zip(edges, strides, strict=True)]
        zero = jnp.zeros((), dy.dtype)
        dy = jax.lax.pad(dy, zero, [(0, 0, 0), *spread, (0, 0, 0)])
        edges = [(0, 0)] * rank
    return convolve(dy, kernel, (1,) * rank, edges, dilation, groups)


def _edges(sizes, made, window, strides, pads, dilation):
    """What goes before and after a spread-out gradient; below 0 it is cut off."""
    edges = []
    for size, length, k, s, d, (before, _) in zip(
        sizes, made, window, strides, dilation, pads, strict=True
    ):
        reach = (k - 1) * d
        low = reach - before
        edges.append((low, size + reach - low - ((length - 1) * s + 1)))
    return edges


def _kernel_gradient(x, dy, window, strides, pads, dilation):
    """Gradient in the kernel: channels become samples, and samples channels."""
    rank = len(window)
    edges, cut = [], []
    for size, made, k, s, d, (before, _) in zip(
        x.shape[1:-1], dy.shape[1:-1], window, strides, dilation, pads, strict=True
    ):
        used = (k - 1) * d + (made - 1) * s + 1 - before  # entries of x, or less than 0
        edges.append((before + min(used, 0), max(used - size, 0)))
        cut.append(slice(0, max(min(used, size), 0)))
    x = x[(slice(None), *cut)]
    space = range(1, rank + 1)
    parts, step = [], max(_piece(x.shape[0], x.shape[-1] * dy.shape[-1]), 1)
    for start in range(0, max(x.shape[0], 1), step):
        some, by_some = (a[start : start + step] for a in (x, dy))
        some = some.transpose(rank + 1, *space, 0)
        by_some = by_some.transpose(*space, 0, rank + 1)
        parts.append(_xla(some, by_some, dilation, edges, strides, 1))
    return functools.reduce(jnp.add, parts).transpose(*space, 0, rank + 1)


def _piece(samples, numbers):
    """How many samples are summed in one operation, for so many numbers of a place.

    In a long sum for few numbers XLA's threads hinder each other; several such sums
    beside each other keep them all busy.
    """
    if numbers not in NARROW or samples < PIECES * _VECTOR:
        return samples
    return _VECTOR * math.ceil(samples / PIECES / _VECTOR)


def convolve_channels(x, kernel, strides, pads, dilation):
    """Convolve each channel alone: kernel `(*window, channels, multiplier)`."""
    return _channels_convolved(strides, tuple(pads), dilation, x, kernel)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _channels_convolved(strides, pads, dilation, x, kernel):
    window, (channels, multiplier) = kernel.shape[:-2], kernel.shape[-2:]
    on_cpu = functools.partial(_channels_on_cpu, strides, pads, dilation)

    def elsewhere(x, kernel):
        kernel = kernel.reshape(*window, 1, channels * multiplier)
        return _xla(x, kernel, strides, pads, dilation, channels)

    return by_platform(x, kernel, cpu=on_cpu, default=elsewhere)


def _alone(strides, pads, dilation, x, kernel):
    """A sum of shifted products: `(..., channels, multiplier)` of `(..., channels)`."""
    window, (channels, multiplier) = kernel.shape[:-2], kernel.shape[-2:]
    kernel = kernel.reshape(-1, channels, multiplier)
    parts = shifted(_shared(padded(x, pads)), window, strides, dilation)
    return sum(part[..., None] * kernel[i] for i, part in enumerate(parts))


def _shared(x):
    """`x`, which XLA does not take apart for each of its shifts before it fuses."""
    return jax.lax.optimization_barrier(x)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _channels_on_cpu(strides, pads, dilation, x, kernel) -> jax.Array:
    y = _alone(strides, pads, dilation, x, kernel)
    return y.reshape(*y.shape[:-2], -1)


def _channels_forward(strides, pads, dilation, x, kernel):
    return _channels_on_cpu(strides, pads, dilation, x, kernel), (x, kernel)


def _channels_backward(strides, pads, dilation, saved, dy):
    x, kernel = saved
    window = kernel.shape[:-2]
    dy = dy.reshape(*dy.shape[:-1], *kernel.shape[-2:])
    edges = _edges(x.shape[1:-1], dy.shape[1:-2], window, strides, pads, dilation)
    spread = [(*edge, s - 1) for edge, s in zip(edges, strides, strict=True)]
    wide = jax.lax.pad(
        dy, jnp.zeros((), dy.dtype), [(0, 0, 0), *spread, (0, 0, 0), (0, 0, 0)]
    )
    turned = jnp.flip(kernel, tuple(range(len(window))))
    turned = turned.reshape(-1, *kernel.shape[-2:])
    ones = (1,) * len(window)
    parts = [
        jnp.sum(part * turned[i], -1)
        for i, part in enumerate(shifted(_shared(wide), window, ones, dilation, 2))
    ]
    dx = sum(parts)

    parts = list(shifted(_shared(padded(x, pads)), window, strides, dilation))
    leading = tuple(range(dy.ndim - 2))
    totals = []
    for i in range(0, len(parts), _TOGETHER):
        some = [part[..., None] * dy for part in parts[i : i + _TOGETHER]]
        totals += sums(some, leading)
    return dx, jnp.stack(totals).reshape(kernel.shape).astype(kernel.dtype)


_channels_on_cpu.defvjp(_channels_forward, _channels_backward)
