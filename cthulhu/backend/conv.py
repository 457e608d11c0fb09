"""Convolutions and pooling, in one, two and three dimensions.

This is about arguments, padding and layouts.  How a convolution is computed fast, on
which machine, is the business of `conv_lowering`.

Args:
    x: Array, variable or symbol.
    depthwise_kernel: `(*window, channels, multiplier)`.
    pointwise_kernel: `(*ones, channels * multiplier, filters)`.
    strides: Distance of the window's positions, along each axis or one for all.
    padding: `"valid"` or `"same"`.
    data_format: `"channels_last"` or `"channels_first"`; None: the configured one.
    dilation_rate: Distance of the window's entries.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu.backend.conv_lowering import (
    convolve,
    convolve_channels,
    padded,
    shifted,
    transposed,
)
from cthulhu.backend.platform import by_platform
from cthulhu.backend.tensor import as_array, int_shape, normalize_data_format
from cthulhu.core import op

_PADDINGS = ("valid", "same", "causal")


def _per_axis(value, rank):
    return tuple(int(v) for v in np.broadcast_to(value, (rank,)))


def _check_padding(padding, allowed=_PADDINGS[:2]):
    padding = str(padding).lower()
    if padding not in allowed:
        raise ValueError(f"Invalid padding: {padding!r}. Expected one of {allowed}.")
    return padding


def _pads(sizes, windows, strides, padding, dilation):
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


def _channels_last(x, data_format):
    return x if data_format == "channels_last" else jnp.moveaxis(x, 1, -1)


def _as_layout(x, data_format):
    return x if data_format == "channels_last" else jnp.moveaxis(x, -1, 1)


@op
def _conv(
    x, kernel, strides, padding, data_format, dilation, depthwise=False, groups=1
):
    x, kernel = as_array(x), as_array(kernel)
    x, kernel = (a.astype(jnp.result_type(x, kernel)) for a in (x, kernel))
    x = _channels_last(x, data_format)
    rank = x.ndim - 2
    strides, dilation = _per_axis(strides, rank), _per_axis(dilation, rank)
    pads = _pads(x.shape[1:-1], kernel.shape[:rank], strides, padding, dilation)
    if depthwise:
        y = convolve_channels(x, kernel, strides, pads, dilation)
    else:
        y = convolve(x, kernel, strides, pads, dilation, groups)
    return _as_layout(y, data_format)


def conv1d(
    x,
    kernel,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
    groups=1,
):
    """Convolution over time.

    Args:
        x: Tensor `(samples, steps, channels)`, or as `data_format` says.
        kernel: Tensor `(window, channels / groups, filters)`.
        strides: Steps from one window to the next.
        padding: `"valid"`, `"same"`, or `"causal"`: zeros before the first step only.
        data_format: `"channels_last"`, `"channels_first"`; None: the default.
        dilation_rate: Steps from one entry of the window to the next.
        groups: Into how many parts channels and filters are cut; each part of the
            filters sees its part of the channels only.

    Raises:
        ValueError: unknown `padding` or `data_format`.
    """
    data_format = normalize_data_format(data_format)
    padding = _check_padding(padding, _PADDINGS)
    if padding == "causal" and data_format != "channels_last":
        raise ValueError(
            "When using causal padding in `conv1d`, `data_format` must be "
            f'"channels_last" (temporal data). Received: {data_format!r}.'
        )
    return _conv(x, kernel, strides, padding, data_format, dilation_rate, groups=groups)


def conv2d(
    x,
    kernel,
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
    groups=1,
):
    """Convolution over rows and columns, kernel `(rows, columns, channels, filters)`.

    The other arguments are those of `conv1d`, without causal padding.
    """
    data_format = normalize_data_format(data_format)
    padding = _check_padding(padding)
    return _conv(x, kernel, strides, padding, data_format, dilation_rate, groups=groups)


def conv3d(
    x,
    kernel,
    strides=(1, 1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1, 1),
    groups=1,
):
    """Convolution over three axes, kernel `(three sizes..., channels, filters)`.

    The other arguments are those of `conv1d`, without causal padding.
    """
    return conv2d(x, kernel, strides, padding, data_format, dilation_rate, groups)


def depthwise_conv1d(
    x,
    depthwise_kernel,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
):
    """Convolution over time of each channel alone.

    The kernel is `(window, channels, multiplier)`.  Output channel `c * multiplier + m`
    comes from channel c.
    """
    data_format = normalize_data_format(data_format)
    padding = _check_padding(padding, _PADDINGS)
    return _conv(
        x, depthwise_kernel, strides, padding, data_format, dilation_rate, True
    )


def depthwise_conv2d(
    x,
    depthwise_kernel,
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
):
    """Convolution of each channel alone.

    The kernel is `(rows, columns, channels, multiplier)`.  Output
    channel `c * multiplier + m` comes from channel c.
    """
    data_format = normalize_data_format(data_format)
    padding = _check_padding(padding)
    return _conv(
        x, depthwise_kernel, strides, padding, data_format, dilation_rate, True
    )


def separable_conv2d(
    x,
    depthwise_kernel,
    pointwise_kernel,
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
):
    """`depthwise_conv2d`, then a convolution with a window of one entry."""
    x = depthwise_conv2d(
        x, depthwise_kernel, strides, padding, data_format, dilation_rate
    )
    return conv2d(x, pointwise_kernel, data_format=data_format)


def separable_conv1d(
    x,
    depthwise_kernel,
    pointwise_kernel,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
):
    """Convolution over time of each channel alone, then of all channels per step."""
    x = depthwise_conv1d(
        x, depthwise_kernel, strides, padding, data_format, dilation_rate
    )
    return conv1d(x, pointwise_kernel, data_format=data_format)


@op
def _conv_transpose(x, kernel, output_shape, strides, padding, data_format, dilation):
    x, kernel = as_array(x), as_array(kernel)
    x = _channels_last(x, data_format)
    rank = x.ndim - 2
    strides, dilation = _per_axis(strides, rank), _per_axis(dilation, rank)
    sizes = output_shape[1:-1] if data_format == "channels_last" else output_shape[2:]
    sizes = tuple(int(size) for size in sizes)
    pads = _pads(sizes, kernel.shape[:rank], strides, padding, dilation)
    wide = jax.ShapeDtypeStruct((x.shape[0], *sizes, kernel.shape[-2]), x.dtype)

    made = jax.eval_shape(
        lambda y: convolve(y, kernel, strides, pads, dilation), wide
    ).shape
    if made != x.shape:
        raise ValueError(
            f"A transposed convolution cannot give {sizes} from {x.shape[1:-1]}: with "
            f"strides {strides} and {padding!r} padding that output belongs to an "
            f"input of {made[1:-1]}. Check `output_shape`."
        )
    y = transposed(x, kernel, sizes, strides, pads, dilation)
    return _as_layout(y, data_format)


def conv1d_transpose(
    x,
    kernel,
    output_shape,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
):
    """The transpose of `conv1d`; arguments as in `conv2d_transpose`."""
    return conv2d_transpose(
        x, kernel, output_shape, strides, padding, data_format, dilation_rate
    )


def conv2d_transpose(
    x,
    kernel,
    output_shape,
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
):
    """The transpose (gradient) of `conv2d`, often called deconvolution.

    Args:
        x: Tensor of images.
        kernel: Tensor `(rows, columns, filters, channels)`.
        output_shape: Shape of the result; its number of samples may be None.
        strides, padding, data_format, dilation_rate: Of the convolution that it
            transposes.

    Raises:
        ValueError: `output_shape` does not go with the others.
    """
    data_format = normalize_data_format(data_format)
    padding = _check_padding(padding)
    return _conv_transpose(
        x, kernel, output_shape, strides, padding, data_format, dilation_rate
    )


def conv3d_transpose(
    x,
    kernel,
    output_shape,
    strides=(1, 1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1, 1),
):
    """The transpose of `conv3d`; arguments as in `conv2d_transpose`."""
    return conv2d_transpose(
        x, kernel, output_shape, strides, padding, data_format, dilation_rate
    )


# Pooling.


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
    padding = _check_padding(padding)
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
    x = _channels_last(as_array(x), data_format)
    rank = x.ndim - 2
    window, strides = _per_axis(window, rank), _per_axis(strides, rank)
    sizes = x.shape[1:-1]
    pads = _pads(sizes, window, strides, padding, (1,) * rank)
    tiles = window == strides and not any(
        size % k for size, k in zip(sizes, window, strict=True)
    )
    pool = _pool_tiles if tiles else _pool_windows
    return _as_layout(pool(x, window, strides, pads, mode), data_format)


def _pool_tiles(x, window, strides, pads, mode):
    split = [x.shape[0]]
    for size, k in zip(x.shape[1:-1], window, strict=True):
        split += [size // k, k]
    tiles = x.reshape(*split, x.shape[-1])
    axes = tuple(range(2, 2 * len(window) + 1, 2))
    return jnp.max(tiles, axes) if mode == "max" else jnp.mean(tiles, axes)


def _pool_windows(x, window, strides, pads, mode):
    lowest = (
        -jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).min
    )
    start, combine = (lowest, jnp.maximum) if mode == "max" else (0, jnp.add)

    def by_slices(x):
        parts = shifted(padded(x, pads, start), window, strides, (1,) * len(window))
        total = next(parts)
        for part in parts:
            total = combine(total, part)
        return total

    def by_xla(x):
        return jax.lax.reduce_window(
            x,
            np.asarray(start, x.dtype)[()],
            jax.lax.max if mode == "max" else jax.lax.add,
            (1, *window, 1),
            (1, *strides, 1),
            [(0, 0), *pads, (0, 0)],
        )

    total = by_platform(x, cpu=by_slices, default=by_xla)
    if mode == "max":
        return total
    return total / _entries(x.shape[1:-1], window, strides, pads).astype(total.dtype)


def _entries(sizes, window, strides, pads):
    """How many entries each window has that are not padding, with axes for the rest."""
    count = np.ones(())
    for size, k, s, (before, after) in zip(sizes, window, strides, pads, strict=True):
        starts = np.arange(0, size + before + after - k + 1, s) - before
        inside = np.minimum(starts + k, size) - np.maximum(starts, 0)
        count = np.multiply.outer(count, inside)
    return count[..., None]


# Kernels of their own at every place.


def local_conv1d(inputs, kernel, kernel_size, strides, data_format=None):
    """As `conv1d`, with a kernel of its own for each output step.

    Args:
        inputs: Tensor `(samples, steps, channels)`.
        kernel: Tensor `(output steps, window * channels, filters)`.
        kernel_size: Tuple of the size of the window.
        strides: Tuple of the steps from one window to the next.
        data_format: As in `conv1d`.
    """
    data_format = normalize_data_format(data_format)
    length = int_shape(kernel)[0]
    return _local(inputs, kernel, kernel_size, strides, (length,), data_format)


def local_conv2d(inputs, kernel, kernel_size, strides, output_shape, data_format=None):
    """As `conv2d`, with a kernel of its own for each output pixel.

    Args:
        inputs: Tensor of images.
        kernel: Tensor `(output rows * columns, rows * columns * channels, filters)`.
        kernel_size: Size of the window.
        strides: Steps from one window to the next.
        output_shape: `(output rows, output columns)`.
        data_format: As in `conv1d`.
    """
    data_format = normalize_data_format(data_format)
    return _local(inputs, kernel, kernel_size, strides, output_shape, data_format)


@op
def _local(inputs, kernel, kernel_size, strides, output_shape, data_format):
    rank = len(output_shape)
    x = as_array(inputs)
    # One-dimensional inputs have their channels last whatever the format, as in Keras.
    layout = data_format if rank > 1 else "channels_last"
    x = _channels_last(x, layout)
    strides = _per_axis(strides, rank)
    parts = list(shifted(x, tuple(kernel_size), strides, (1,) * rank))
    patches = jnp.stack(parts, axis=-1 if layout == "channels_first" else -2)
    patches = patches.reshape(x.shape[0], math.prod(output_shape), -1)
    y = jnp.einsum("nlf,lfo->nlo", patches, as_array(kernel))
    return _as_layout(y.reshape(x.shape[0], *output_shape, y.shape[-1]), layout)
