"""Arithmetic: elementwise functions, comparisons, reductions and products.

Functions with a name of their own in neural networks are `nn`'s business.

Args:
    x: Array, variable, symbol or number.
    y: The same; both are broadcast together.
    axis: Axis, from the end if negative. Where entries are reduced to one: an axis,
        several, or None for all.
    keepdims: Whether reduced axes stay, with size 1.
"""

import builtins

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import config
from cthulhu.backend.platform import on_cpu
from cthulhu.backend.tensor import as_array, int_shape, normalize_axis, on_host
from cthulhu.core import op

# Products.


# Columns of a second factor up to which its transpose is used on a CPU.
NARROW = 16


# Rows of a first factor from which on it is used for any second factor that narrows.
MANY = 1024


def _by_matrix(x, y):
    """The product with a matrix, as one of two matrices."""
    rows = x.reshape(-1, x.shape[-1])
    narrow = y.shape[1] <= NARROW or len(rows) >= MANY and y.shape[1] < y.shape[0]
    turned = narrow and x.dtype == y.dtype and on_cpu()
    product = _turned_dot if turned else jnp.matmul
    return product(rows, y).reshape(*x.shape[:-1], y.shape[1])


def _turned_dot(x, y):
    # On a CPU `x.T @ g`, the gradient of a narrow kernel, is slow: its wide
    # side is the output.  With the kernel transposed first (and a barrier, or XLA takes
    # it back) the gradient becomes `g.T @ x`: forward and backward of (128, 784) by
    # (784, 10) take 124 us instead of 257 inside a loop, and the gradient of a kernel
    # (512, 128) from 4096 rows takes 6 ms instead of 9.
    turned = jax.lax.optimization_barrier(y.T)
    return jax.lax.dot_general(x, turned, (((1,), (1,)), ((), ())))


@op
def dot(x, y):
    """The product over the last axis of `x` and the last but one of `y`.

    Shapes: `(..., n)` and `(..., n, m)` give `x.shape[:-1] + y.shape[:-2] + (m,)`.

    Example:
        >>> dot(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])).tolist()
        [[11.0]]
    """
    x, y = as_array(x), as_array(y)
    if x.ndim >= 2 == y.ndim and x.shape[-1] == y.shape[0]:
        return _by_matrix(x, y)
    if builtins.max(x.ndim, y.ndim) <= 2:
        return jnp.matmul(x, y)
    return jnp.tensordot(x, y, axes=(x.ndim - 1, builtins.max(y.ndim - 2, 0)))


@op
def einsum(equation, *operands):
    """The product of tensors, summed over the axes that the result does not name.

    Args:
        equation: A letter for each axis, `"ab,bc->ac"`; `...` for axes left as they
            are.
        operands: The tensors.

    Raises:
        ValueError: shapes that do not go with the equation.

    Example:
        >>> from cthulhu import backend as K
        >>> K.int_shape(K.einsum("bth,bsh->bts", K.ones((2, 3, 4)), K.ones((2, 5, 4))))
        (2, 3, 5)
    """
    return jnp.einsum(equation, *(as_array(x) for x in operands))


def batch_dot(x, y, axes=None):
    """For each sample, the product of `x` and `y` over one axis of each.

    Args:
        x: Tensor of two or more axes, the first of them the samples.
        y: Tensor of two or more axes, with as many samples.
        axes: The axis of each to sum over, as one int or a pair; default: the last of
            `x`, and of `y` the last but one (its last if it has two axes).

    Returns:
        A tensor of shape `(samples, other axes of x, other axes of y)`;
        `(samples, 1)` if there are none.

    Raises:
        ValueError: sizes or axes that do not go together.

    Example:
        >>> from cthulhu import backend as K
        >>> x = K.ones((2, 3, 4)); y = K.ones((2, 4, 5))
        >>> K.int_shape(K.batch_dot(x, y))
        (2, 3, 5)
    """
    x_shape, y_shape = int_shape(x), int_shape(y)
    x_ndim, y_ndim = len(x_shape), len(y_shape)
    shapes = f"Received inputs with shapes {x_shape} and {y_shape}"
    if builtins.min(x_ndim, y_ndim) < 2:
        raise ValueError(
            f"Can not do batch_dot on inputs with rank < 2. {shapes}. The first axis "
            "counts samples: add one with `expand_dims`."
        )
    if _differ(x_shape[0], y_shape[0]):
        raise ValueError(
            f"Can not do batch_dot on inputs with different batch sizes. {shapes}."
        )
    if axes is None:
        axes = (x_ndim - 1, y_ndim - 1 if y_ndim == 2 else y_ndim - 2)
    elif isinstance(axes, int):
        axes = (axes, axes)
    if builtins.any(isinstance(axis, (list, tuple)) for axis in axes):
        raise ValueError(
            "Multiple target dimensions are not supported. Expected: None, int, "
            f"(int, int). Provided: {axes}."
        )
    axes = tuple(
        axis + ndim if axis < 0 else axis
        for axis, ndim in zip(axes, (x_ndim, y_ndim), strict=True)
    )
    if 0 in axes:
        raise ValueError(
            "Can not perform batch_dot over axis 0. If your inputs are not batched, "
            "add a dummy batch dimension using `expand_dims(x, 0)`."
        )
    if _differ(x_shape[axes[0]], y_shape[axes[1]]):
        raise ValueError(
            f"Can not do batch_dot with axes={axes}. {shapes}: {x_shape[axes[0]]} and "
            f"{y_shape[axes[1]]} entries cannot be paired."
        )
    return _batch_dot(x, y, axes)


def _differ(size, other):
    return size is not None and other is not None and size != other


@op
def _batch_dot(x, y, axes):
    x, y = as_array(x), as_array(y)
    dtype = jnp.promote_types(x.dtype, y.dtype)
    x, y = x.astype(dtype), y.astype(dtype)
    result = jax.lax.dot_general(x, y, (((axes[0],), (axes[1],)), ((0,), (0,))))
    return result[:, None] if result.ndim == 1 else result


# Reductions.


def _as_number(x):
    x = as_array(x)
    return x.astype(config.floatx()) if x.dtype == bool else x


@op
def max(x, axis=None, keepdims=False):
    """The largest entry, over all axes or some.

    Example:
        >>> max(np.array([[1, 5], [3, 2]]), axis=0).tolist()
        [3, 5]
    """
    if on_host(x):
        return np.max(x, axis=axis, keepdims=keepdims)
    return jnp.max(as_array(x), normalize_axis(axis), keepdims=keepdims)


@op
def min(x, axis=None, keepdims=False):
    """The smallest entry, over all axes or some.

    Example:
        >>> min(np.array([[1, 5], [3, 2]]), axis=0).tolist()
        [1, 2]
    """
    if on_host(x):
        return np.min(x, axis=axis, keepdims=keepdims)
    return jnp.min(as_array(x), normalize_axis(axis), keepdims=keepdims)


@op
def sum(x, axis=None, keepdims=False):
    """The sum, over all axes or some.

    Example:
        >>> sum(np.array([[1, 5], [3, 2]]), axis=1, keepdims=True).tolist()
        [[6], [5]]
    """
    if on_host(x):
        return np.sum(x, axis=axis, keepdims=keepdims)
    return jnp.sum(as_array(x), normalize_axis(axis), keepdims=keepdims)


@op
def prod(x, axis=None, keepdims=False):
    """The product, over all axes or some.

    Example:
        >>> prod(np.array([2, 3, 4])).tolist()
        24
    """
    if isinstance(x, (list, tuple)) and on_host(*x):
        x = np.asarray(x)
    if on_host(x):
        return np.prod(x, axis=axis, keepdims=keepdims)
    return jnp.prod(as_array(x), normalize_axis(axis), keepdims=keepdims)


@op
def mean(x, axis=None, keepdims=False):
    """The mean, over all axes or some.

    Example:
        >>> mean(np.array([[1.0, 5.0], [3.0, 3.0]]), axis=1).tolist()
        [3.0, 3.0]
    """
    return jnp.mean(_as_number(x), normalize_axis(axis), keepdims=keepdims)


@op
def var(x, axis=None, keepdims=False):
    """The variance (of the whole population), over all axes or some.

    Example:
        >>> var(np.array([1.0, 5.0])).tolist()
        4.0
    """
    return jnp.var(_as_number(x), normalize_axis(axis), keepdims=keepdims)


@op
def std(x, axis=None, keepdims=False):
    """The standard deviation (of the whole population), over all axes or some.

    Example:
        >>> std(np.array([1.0, 5.0])).tolist()
        2.0
    """
    return jnp.std(_as_number(x), normalize_axis(axis), keepdims=keepdims)


@op
def any(x, axis=None, keepdims=False):
    """Whether any entry is true (not 0).

    Example:
        >>> any(np.array([[0, 0], [0, 2]]), axis=1).tolist()
        [False, True]
    """
    return jnp.any(as_array(x) != 0, normalize_axis(axis), keepdims=keepdims)


@op
def all(x, axis=None, keepdims=False):
    """Whether all entries are true (not 0).

    Example:
        >>> all(np.array([[1, 0], [1, 2]]), axis=1).tolist()
        [False, True]
    """
    return jnp.all(as_array(x) != 0, normalize_axis(axis), keepdims=keepdims)


@op
def argmax(x, axis=-1):
    """The index of the first largest entry along `axis`.

    Example:
        >>> argmax(np.array([[1, 5, 2]])).tolist()
        [1]
    """
    return jnp.argmax(as_array(x), axis)


@op
def argmin(x, axis=-1):
    """The index of the first smallest entry along `axis`.

    Example:
        >>> argmin(np.array([[4, 5, 2]])).tolist()
        [2]
    """
    return jnp.argmin(as_array(x), axis)


@op
def cumsum(x, axis=0):
    """Sums of all entries up to each along `axis`.

    Example:
        >>> cumsum(np.array([1, 2, 3])).tolist()
        [1, 3, 6]
    """
    return jnp.cumsum(as_array(x), axis)


@op
def cumprod(x, axis=0):
    """Products of all entries up to each along `axis`.

    Example:
        >>> cumprod(np.array([1, 2, 3])).tolist()
        [1, 2, 6]
    """
    return jnp.cumprod(as_array(x), axis)


@op
def logsumexp(x, axis=None, keepdims=False):
    """`log(sum(exp(x)))`, without overflow.

    Example:
        >>> f"{float(logsumexp(np.zeros(4))):.4f}"  # log(4)
        '1.3863'
    """
    return jax.nn.logsumexp(as_array(x), normalize_axis(axis), keepdims=keepdims)


# Entry by entry.


@op
def square(x):
    """`x * x`.

    Example:
        >>> square(np.array([-3.0])).tolist()
        [9.0]
    """
    return jnp.square(as_array(x))


@op
def abs(x):
    """The absolute value; its gradient at 0 is 0, where `jnp.abs` has 1.

    Example:
        >>> abs(np.array([-3.0])).tolist()
        [3.0]
    """
    x = as_array(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return jnp.abs(x)
    return x * jax.lax.stop_gradient(jnp.sign(x))


@op
def sqrt(x):
    """The square root; 0, with gradient 0, where `x` is not above 0.

    Example:
        >>> sqrt(np.array([9.0])).tolist()
        [3.0]
    """
    x = as_array(x)
    if x.dtype.kind != "f":
        x = x.astype(jnp.result_type(x, config.floatx()))
    zero, infinity = (np.asarray(n, x.dtype) for n in (0, np.inf))
    return jnp.sqrt(jax.lax.clamp(zero, x, infinity))


@op
def exp(x):
    """`e` to the power of `x`.

    Example:
        >>> exp(np.array([0.0])).tolist()
        [1.0]
    """
    return jnp.exp(as_array(x))


@op
def log(x):
    """The natural logarithm.

    Example:
        >>> log(np.array([1.0])).tolist()
        [0.0]
    """
    return jnp.log(as_array(x))


@op
def round(x):
    """The nearest whole number, the even one of two.

    Example:
        >>> round(np.array([0.5, 1.5, 2.6])).tolist()  # halves to the even number
        [0.0, 2.0, 3.0]
    """
    return jnp.round(as_array(x))


@op
def sign(x):
    """-1, 0 or 1.

    Example:
        >>> sign(np.array([-3.0, 0.0])).tolist()
        [-1.0, 0.0]
    """
    return jnp.sign(as_array(x))


@op
def pow(x, a):
    """`x` to the power of `a`.

    Example:
        >>> pow(np.array([3.0]), 2).tolist()
        [9.0]
    """
    return jnp.power(as_array(x), a if isinstance(a, (int, float)) else as_array(a))


@op
def sin(x):
    """The sine."""
    return jnp.sin(as_array(x))


@op
def cos(x):
    """The cosine."""
    return jnp.cos(as_array(x))


@op
def erf(x):
    """The error function, `2 / sqrt(pi)` times the integral of `exp(-t * t)` from 0."""
    return jax.lax.erf(as_array(x))


@op
def clip(x, min_value, max_value):
    """`x`, but not below `min_value` nor above `max_value`.

    Either may be None (no bound), a number or a tensor.  The gradient is 1 from bound
    to bound, both included.

    Example:
        >>> clip(np.array([-2.0, 0.5, 2.0]), 0.0, 1.0).tolist()
        [0.0, 0.5, 1.0]
    """
    numbers = (int, float)
    if isinstance(min_value, numbers) and isinstance(max_value, numbers):
        max_value = builtins.max(min_value, max_value)
    x = as_array(x)
    if max_value is not None:
        high = max_value if isinstance(max_value, numbers) else as_array(max_value)
        x = jnp.where(x > high, high, x)
    if min_value is not None:
        low = min_value if isinstance(min_value, numbers) else as_array(min_value)
        x = jnp.where(x < low, low, x)
    return x


@op
def equal(x, y):
    """Whether entries are equal.

    Example:
        >>> equal(np.array([1, 2]), np.array([1, 3])).tolist()
        [True, False]
    """
    return as_array(x) == as_array(y)


@op
def not_equal(x, y):
    """Whether entries differ."""
    return as_array(x) != as_array(y)


@op
def greater(x, y):
    """Whether `x > y`.

    Example:
        >>> greater(np.array([1, 2]), 1).tolist()
        [False, True]
    """
    return as_array(x) > as_array(y)


@op
def greater_equal(x, y):
    """Whether `x >= y`."""
    return as_array(x) >= as_array(y)


@op
def less(x, y):
    """Whether `x < y`."""
    return as_array(x) < as_array(y)


@op
def less_equal(x, y):
    """Whether `x <= y`."""
    return as_array(x) <= as_array(y)


@op
def maximum(x, y):
    """The larger of two entries.

    Example:
        >>> maximum(np.array([1, 4]), np.array([2, 3])).tolist()
        [2, 4]
    """
    return jnp.maximum(as_array(x), as_array(y))


@op
def minimum(x, y):
    """The smaller of two entries.

    Example:
        >>> minimum(np.array([1, 4]), np.array([2, 3])).tolist()
        [1, 3]
    """
    return jnp.minimum(as_array(x), as_array(y))
