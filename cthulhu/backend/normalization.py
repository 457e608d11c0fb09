"""Scaling to a mean of 0 and a variance of 1: by a batch, by given numbers, by an axis.

The weights and moving averages are the layers' business.
"""

import builtins
import functools
import math

import jax
import jax.numpy as jnp

from cthulhu.backend.platform import once
from cthulhu.backend.reduction import sums
from cthulhu.backend.tensor import as_array, normalize_axis
from cthulhu.core import op


def _beside_channels(parameter, x, axes):
    """`parameter` in a shape that broadcasts over `axes` of `x`."""
    if parameter is None:
        return None
    shape = [1 if axis in axes else n for axis, n in enumerate(x.shape)]
    parameter = as_array(parameter)
    return parameter.reshape(shape) if parameter.ndim != x.ndim else parameter


def _normalized(x, mean, variance, beta, gamma, epsilon):
    scale = jax.lax.rsqrt(variance + epsilon)
    if gamma is not None:
        scale = scale * gamma
    shift = -mean * scale if beta is None else beta - mean * scale
    return x * scale + shift


@op
def normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    """Normalise by the batch's own mean and variance.

    Args:
        x: A tensor.
        gamma: Scale, or None.
        beta: Shift, or None.
        reduction_axes: Axes over which statistics are taken.
        epsilon: Added to the variance.

    Returns:
        `(normalised x, mean, variance)`.  For images with the channels last, the
        variance is the unbiased one (divided by n - 1), as TensorFlow's fused operation
        gives it; `x` is normalised by the other in any case.

    See: Ioffe and Szegedy, Batch Normalization, 2015.
    """
    x = as_array(x)
    axes = tuple(sorted(int(a) % builtins.max(x.ndim, 1) for a in reduction_axes))
    parameters = (_beside_channels(p, x, axes) for p in (gamma, beta))
    return _in_training(axes, float(epsilon), x, *parameters)


# A jit of its own, here and in `conv_lowering`: layers of the same shapes are traced,
# differentiated and lowered once.  XLA takes the calls away before it does anything.
@functools.partial(jax.jit, static_argnums=(0, 1))
def _in_training(axes, epsilon, x, gamma, beta):
    if not jnp.issubdtype(x.dtype, jnp.floating):
        x = x.astype(jnp.float32)
    x = x.astype(jnp.result_type(*(a for a in (x, gamma, beta) if a is not None)))
    channels = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
    if all(p is None or p.shape == channels for p in (gamma, beta)):
        normed, mean, variance = _by_batch(axes, epsilon, x, gamma, beta)
    else:
        normed, mean, variance = _by_batch(axes, epsilon, x, None, None)
        normed = normed if gamma is None else normed * gamma
        normed = normed if beta is None else normed + beta
    if x.ndim == 4 and axes == (0, 1, 2):
        rows = x.size // x.shape[-1]
        variance = variance * (rows / builtins.max(rows - 1, 1))
    return normed, jnp.squeeze(mean, axes), jnp.squeeze(variance, axes)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _by_batch(axes, epsilon, x, gamma, beta) -> tuple[jax.Array, jax.Array, jax.Array]:
    """`(normalised x, mean, variance)`, all with all axes."""
    mean, variance = _moments(x, axes)
    normed = _normalized(x, mean, variance, beta, gamma, epsilon).astype(x.dtype)
    return normed, mean.astype(x.dtype), variance.astype(x.dtype)


def _by_batch_forward(axes, epsilon, x, gamma, beta):
    mean, variance = _moments(x, axes)
    normed = _normalized(x, mean, variance, beta, gamma, epsilon).astype(x.dtype)
    outputs = normed, mean.astype(x.dtype), variance.astype(x.dtype)
    return outputs, (x, mean, variance, gamma, beta)


def _by_batch_backward(axes, epsilon, saved, gradients):
    x, mean, variance, gamma, beta = saved
    by_normed, by_mean, by_variance = (g.astype(mean.dtype) for g in gradients)
    count = _count(x, axes)
    centered = x - mean
    by_shift, by_scale = (
        jnp.expand_dims(total, axes)
        for total in sums([by_normed, by_normed * centered], axes)
    )
    inverse = jax.lax.rsqrt(variance + epsilon)
    scale = inverse if gamma is None else inverse * gamma
    slope = 2 * by_variance - scale * inverse**2 * by_scale
    by_x = by_normed * scale + centered * (slope / count)
    by_x = by_x + (by_mean - scale * by_shift) / count
    return (
        once(by_x.astype(x.dtype)),
        None if gamma is None else (by_scale * inverse).astype(gamma.dtype),
        None if beta is None else by_shift.astype(beta.dtype),
    )


_by_batch.defvjp(_by_batch_forward, _by_batch_backward)


def _moments(x, axes):
    """Mean and variance in one pass: from sums of distances to a number nearby.

    It is the mean of the first rows, a 32nd of all, so that its square distance from
    the mean is at most 31 variances, and no more than five bits cancel.

    See: Chan, Golub and LeVeque, Algorithms for computing the sample variance, 1983.
    """
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    count = _count(x, axes)
    first = x
    if axes:
        rows = math.ceil(x.shape[axes[0]] / 32)
        first = jax.lax.slice_in_dim(x, 0, rows, axis=axes[0])
    near = jnp.expand_dims(sums([first], axes)[0], axes) / _count(first, axes)
    near = jax.lax.stop_gradient(near)
    distance = x - near
    total, squares = (
        jnp.expand_dims(total, axes)
        for total in sums([distance, jnp.square(distance)], axes)
    )
    distance = total / count
    variance = jnp.maximum(squares / count - jnp.square(distance), 0.0)
    return near + distance, variance


def _count(x, axes):
    """How many entries a sum over `axes` has."""
    return builtins.max(math.prod(x.shape[axis] for axis in axes), 1)


@op
def scale_and_shift(x, scale=None, shift=None):
    """`x * scale + shift`, with gradients that go through `x` once.

    Args:
        x: A tensor.
        scale: A tensor that broadcasts to the shape of `x`, or None.
        shift: Likewise.
    """
    x = as_array(x)
    return _scaled(x, *(None if p is None else _fit(p, x) for p in (scale, shift)))


def _fit(parameter, x):
    parameter = as_array(parameter)
    return parameter.reshape((1,) * (x.ndim - parameter.ndim) + parameter.shape)


@jax.custom_vjp
def _scaled(x, scale, shift) -> jax.Array:
    x = x if scale is None else x * scale
    return x if shift is None else x + shift


def _scaled_forward(x, scale, shift):
    like = jnp.zeros((0,), x.dtype)
    return _scaled(x, scale, shift), (like if scale is None else x, scale, shift)


def _scaled_backward(saved, gradient):
    x, scale, shift = saved
    by_x = gradient if scale is None else gradient * scale
    by_scale = None if scale is None else gradient * x
    if scale is not None and shift is not None and scale.shape == shift.shape:
        by_scale, by_shift = _summed([by_scale, gradient], scale)
    else:
        by_scale = None if scale is None else _summed([by_scale], scale)[0]
        by_shift = None if shift is None else _summed([gradient], shift)[0]
    return (
        by_x.astype(x.dtype),
        None if scale is None else by_scale.astype(scale.dtype),
        None if shift is None else by_shift.astype(shift.dtype),
    )


def _summed(arrays, like):
    """Sums of arrays over the axes that `like` was broadcast along."""
    pairs = enumerate(zip(like.shape, arrays[0].shape, strict=True))
    axes = tuple(axis for axis, (one, many) in pairs if one < many)
    return [jnp.expand_dims(total, axes) for total in sums(arrays, axes)]


_scaled.defvjp(_scaled_forward, _scaled_backward)


@op
def standardize(x, axis, epsilon=1e-3, center=True):
    """`(x - mean) / sqrt(variance + epsilon)`, in float32 at least.

    Args:
        x: A tensor.
        axis: The axis or axes over which mean and variance are taken.
        epsilon: Added to the variance.
        center: Whether the mean is subtracted; else the variance is a mean of squares.
    """
    x = as_array(x)
    x = x.astype(jnp.promote_types(x.dtype, "float32"))
    axes = normalize_axis(axis)
    if center:
        x = x - jnp.mean(x, axes, keepdims=True)
    variance = jnp.mean(jnp.square(x), axes, keepdims=True)
    return x * jax.lax.rsqrt(variance + epsilon)


@op
def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    """`(x - mean) / sqrt(var + epsilon) * gamma + beta`.

    Args:
        x: A tensor.
        mean: One number per channel, or a tensor that broadcasts.
        var: The variance, likewise.
        beta: Shift, likewise, or None.
        gamma: Scale, likewise, or None.
        axis: Where the channels are.
        epsilon: Added to the variance.
    """
    x = as_array(x)
    others = tuple(a for a in range(x.ndim) if a != axis % x.ndim)

    def fit(parameter):
        if parameter is not None and as_array(parameter).ndim == 1:
            return _beside_channels(parameter, x, others)
        return None if parameter is None else as_array(parameter)

    return _normalized(x, fit(mean), fit(var), fit(beta), fit(gamma), epsilon)
