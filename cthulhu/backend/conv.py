"""Convolutions in one, two and three dimensions.

This is about arguments.  How a convolution is computed fast, on which machine, is the
business of `conv_lowering`; pooling has a file of its own.

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

from cthulhu.backend.conv_lowering import convolve, convolve_channels, transposed
from cthulhu.backend.tensor import as_array, int_shape, normalize_data_format
from cthulhu.backend.windows import (
    PADDINGS,
    as_layout,
    channels_last,
    check_padding,
    pads_of,
    per_axis,
    shifted,
)
from cthulhu.core import op


@op
def _conv(
    x, kernel, strides, padding, data_format, dilation, depthwise=False, groups=1
):
    x, kernel = as_array(x), as_array(kernel)
    x, kernel = (a.astype(jnp.result_type(x, kernel)) for a in (x, kernel))
    x = channels_last(x, data_format)
    rank = x.ndim - 2
    strides, dilation = per_axis(strides, rank), per_axis(dilation, rank)
    pads = pads_of(x.shape[1:-1], kernel.shape[:rank], strides, padding, dilation)
    if depthwise:
        y = convolve_channels(x, kernel, strides, pads, dilation)
    else:
        y = convolve(x, kernel, strides, pads, dilation, groups)
    return as_layout(y, data_format)


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
    padding = check_padding(padding, PADDINGS)
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
    padding = check_padding(padding)
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
    padding = check_padding(padding, PADDINGS)
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
    padding = check_padding(padding)
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
    x = channels_last(x, data_format)
    rank = x.ndim - 2
    strides, dilation = per_axis(strides, rank), per_axis(dilation, rank)
    sizes = output_shape[1:-1] if data_format == "channels_last" else output_shape[2:]
    sizes = tuple(int(size) for size in sizes)
    pads = pads_of(sizes, kernel.shape[:rank], strides, padding, dilation)
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
    return as_layout(y, data_format)


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
    padding = check_padding(padding)
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
    x = channels_last(x, layout)
    strides = per_axis(strides, rank)
    parts = list(shifted(x, tuple(kernel_size), strides, (1,) * rank))
    patches = jnp.stack(parts, axis=-1 if layout == "channels_first" else -2)
    patches = patches.reshape(x.shape[0], math.prod(output_shape), -1)
    y = jnp.einsum("nlf,lfo->nlo", patches, as_array(kernel))
    return as_layout(y.reshape(x.shape[0], *output_shape, y.shape[-1]), layout)
