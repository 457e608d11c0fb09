"""Pooling: the largest entry or the mean of each window.

On a CPU both are combinations of shifted slices, one loop over memory; their gradients
are written out likewise, since those of slices and of XLA's windows go through memory
once for each place in the window.
"""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu.backend.platform import by_platform
from cthulhu.backend.tensor import as_array, normalize_data_format
from cthulhu.backend.windows import (
    as_layout,
    channels_last,
    check_padding,
    padded,
    pads_of,
    per_axis,
    shifted,
)
from cthulhu.core import op


def pool2d(
    x, pool_size, strides=(1, 1), padding="valid", data_format=None, pool_mode="max"
):
    """The largest entry or the mean of each window of an image.

    Args:
        x: Tensor of images.
        pool_size: Size of the window on each spatial axis.
        strides: Steps from one window to the next, on each.
        padding: `"valid"` or `"same"`; what is added counts neither as an entry of the
            mean nor as the largest.
        data_format: `"channels_last"`, `"channels_first"`; None: the default.
        pool_mode: `"max"` or `"avg"`.

    Raises:
        ValueError: an unknown word for one of the last three.
    """
    data_format = normalize_data_format(data_format)
    padding = check_padding(padding)
    if pool_mode not in ("max", "avg"):
        raise ValueError(f"Invalid pool_mode: {pool_mode!r}. Expected 'max' or 'avg'.")
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x, pool_size, strides=(1, 1, 1), padding="valid", data_format=None, pool_mode="max"
):
    """`pool2d` for volumes, with three spatial axes."""
    return pool2d(x, pool_size, strides, padding, data_format, pool_mode)


@op
def _pool(x, window, strides, padding, data_format, mode):
    x = channels_last(as_array(x), data_format)
    rank = x.ndim - 2
    window, strides = per_axis(window, rank), per_axis(strides, rank)
    sizes = x.shape[1:-1]
    pads = tuple(pads_of(sizes, window, strides, padding, (1,) * rank))
    on_cpu = functools.partial(_largest if mode == "max" else _total, window, strides)
    total = by_platform(
        x,
        cpu=functools.partial(on_cpu, pads),
        default=functools.partial(_xla, window, strides, pads, mode),
    )
    if mode == "avg":
        total = total / _entries(sizes, window, strides, pads).astype(total.dtype)
    return as_layout(total, data_format)


def _lowest(dtype):
    floating = jnp.issubdtype(dtype, jnp.floating)
    return -jnp.inf if floating else jnp.iinfo(dtype).min


def _xla(window, strides, pads, mode, x):
    start, combine = (
        (_lowest(x.dtype), jax.lax.max) if mode == "max" else (0, jax.lax.add)
    )
    return jax.lax.reduce_window(
        x,
        np.asarray(start, x.dtype)[()],
        combine,
        (1, *window, 1),
        (1, *strides, 1),
        [(0, 0), *pads, (0, 0)],
    )


def _entries(sizes, window, strides, pads):
    """How many entries each window has that are not padding, with axes for the rest."""
    count = np.ones(())
    for size, k, s, (before, after) in zip(sizes, window, strides, pads, strict=True):
        starts = np.arange(0, size + before + after - k + 1, s) - before
        inside = np.minimum(starts + k, size) - np.maximum(starts, 0)
        count = np.multiply.outer(count, inside)
    return count[..., None]


def _parts(x, window, strides, pads, value):
    x = jax.lax.optimization_barrier(padded(x, pads, value))  # computed once
    return shifted(x, window, strides, (1,) * len(window))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _largest(window, strides, pads, x) -> jax.Array:
    parts = _parts(x, window, strides, pads, _lowest(x.dtype))
    return functools.reduce(jnp.maximum, parts)


def _largest_forward(window, strides, pads, x):
    places = math.prod(window)
    dtype = jnp.int8 if places <= 128 else jnp.int32
    first, *others = _parts(x, window, strides, pads, _lowest(x.dtype))
    best, place = first, jnp.zeros(first.shape, dtype)
    for i, part in enumerate(others, 1):
        place = jnp.where(part > best, jnp.asarray(i, dtype), place)
        best = jnp.maximum(best, part)
    return best, (place, jnp.zeros((0, *x.shape[1:-1])))


def _largest_backward(window, strides, pads, saved, dy):
    place, like = saved
    return (_spread(window, strides, pads, like.shape[1:], dy, place),)


_largest.defvjp(_largest_forward, _largest_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _total(window, strides, pads, x) -> jax.Array:
    return functools.reduce(jnp.add, _parts(x, window, strides, pads, 0))


def _total_forward(window, strides, pads, x):
    return _total(window, strides, pads, x), jnp.zeros((0, *x.shape[1:-1]))


def _total_backward(window, strides, pads, like, dy):
    return (_spread(window, strides, pads, like.shape[1:], dy, None),)


_total.defvjp(_total_forward, _total_backward)


def _spread(window, strides, pads, sizes, dy, place):
    """To each entry the gradients of the windows over it; with `place`, that won them.

    Entry `p` lies under windows `p // s`, `p // s - 1`, ..., at the places `p % s`,
    `p % s + s`, ... of them.  So entries have a shape `(..., p // s, p % s, ...)`, and
    each term is the gradients, shifted, times a pattern that repeats.
    """
    terms = [range(-(-k // s)) for k, s in zip(window, strides, strict=True)]
    lengths = [
        -(-(before + size) // s)
        for size, s, (before, _) in zip(sizes, strides, pads, strict=True)
    ]
    edges = [
        (len(ts) - 1, n - made)
        for ts, n, made in zip(terms, lengths, dy.shape[1:-1], strict=True)
    ]
    dy = _framed(dy, edges)
    if place is not None:
        place = _framed(place, edges)
    total = jnp.zeros((), dy.dtype)
    for term in itertools.product(*terms):
        starts = [len(ts) - 1 - t for t, ts in zip(term, terms, strict=True)]
        pattern = _pattern(term, window, strides)
        part = _repeatable(dy, starts, lengths)
        if place is None:
            total = total + part * (pattern >= 0).astype(dy.dtype)
        else:
            won = _repeatable(place, starts, lengths) == pattern.astype(place.dtype)
            total = total + jnp.where(won, part, jnp.zeros((), dy.dtype))
    shape = [n * s for n, s in zip(lengths, strides, strict=True)]
    total = total.reshape(dy.shape[0], *shape, dy.shape[-1])
    start = [before for before, _ in pads]
    stop = [b + size for b, size in zip(start, sizes, strict=True)]
    inside = [slice(b, e) for b, e in zip(start, stop, strict=True)]
    return total[(slice(None), *inside)]


def _framed(x, edges):
    """`x` with more entries around it, or less; computed once."""
    frame = [(0, 0, 0), *((*edge, 0) for edge in edges), (0, 0, 0)]
    return jax.lax.optimization_barrier(jax.lax.pad(x, jnp.zeros((), x.dtype), frame))


def _repeatable(x, starts, lengths):
    """A piece of `x` with an axis of one entry behind each axis of space."""
    inside = [slice(b, b + n) for b, n in zip(starts, lengths, strict=True)]
    x = x[(slice(None), *inside)]
    shape = [x.shape[0]]
    for n in lengths:
        shape += [n, 1]
    return x.reshape(*shape, x.shape[-1])


def _pattern(term, window, strides):
    """Which place of the window each entry of a stride is for that term; -1: none."""
    places = np.zeros((), np.int64)
    valid = np.ones((), bool)
    for t, k, s in zip(term, window, strides, strict=True):
        along = np.arange(s) + s * t
        places = np.add.outer(places * k, along)
        valid = np.logical_and.outer(valid, along < k)
    places = np.where(valid, places, -1)
    shape = [1]
    for s in strides:
        shape += [1, s]
    return places.reshape(*shape, 1)
