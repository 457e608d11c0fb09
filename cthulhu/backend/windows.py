"""Windows over arrays: padding and its words, layouts, and what lies under a window.

What is done with the windows is `conv`'s, `conv_lowering`'s and `pooling`'s business.
"""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

PADDINGS = ("valid", "same", "causal")


def per_axis(value, rank):
    return tuple(int(v) for v in np.broadcast_to(value, (rank,)))


def check_padding(padding, allowed=PADDINGS[:2]):
    padding = str(padding).lower()
    if padding not in allowed:
        raise ValueError(f"Invalid padding: {padding!r}. Expected one of {allowed}.")
    return padding


def pads_of(sizes, windows, strides, padding, dilation):
    """How many entries to add before and after each spatial axis."""
    pads = []
    for size, window, stride, step in zip(
        sizes, windows, strides, dilation, strict=True
    ):
        reach = (window - 1) * step
        if padding == "valid":
            pads.append((0, 0))
        elif padding == "causal":
            pads.append((reach, 0))
        else:
            total = max((math.ceil(size / stride) - 1) * stride + reach + 1 - size, 0)
            pads.append((total // 2, total - total // 2))
    return pads


def channels_last(x, data_format):
    return x if data_format == "channels_last" else jnp.moveaxis(x, 1, -1)


def as_layout(x, data_format):
    return x if data_format == "channels_last" else jnp.moveaxis(x, -1, 1)


def shifted(x, window, strides, dilation, behind=1):
    """For each place in the window, the entries of `x` under it.

    The axes are samples, space, and as many as `behind` says.
    """
    rest = x.shape[x.ndim - behind :]
    sizes = x.shape[1:-behind]
    lengths = [
        (size - (k - 1) * d - 1) // s + 1
        for size, k, s, d in zip(sizes, window, strides, dilation, strict=True)
    ]
    for place in itertools.product(*(range(k) for k in window)):
        start = [p * d for p, d in zip(place, dilation, strict=True)]
        stop = [
            b + (n - 1) * s + 1 for b, n, s in zip(start, lengths, strides, strict=True)
        ]
        yield jax.lax.slice(
            x,
            (0, *start, *(0 for _ in rest)),
            (x.shape[0], *stop, *rest),
            (1, *strides, *(1 for _ in rest)),
        )


def padded(x, pads, value=0.0):
    """`x` with some entries more before and after each spatial axis."""
    if not any(before or after for before, after in pads):
        return x
    return jnp.pad(x, [(0, 0), *pads, (0, 0)], constant_values=value)
