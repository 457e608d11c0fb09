"""Making arrays and variables, reading and writing them, and changing their shape.

Every function takes arrays of JAX or NumPy, numbers, nested lists, variables and
symbols.  What is computed with the numbers is the business of `math`, `nn`, `conv` and
`recurrence`; drawing them at random is `random`'s; graphs are `graph`'s.

Args:
    x: Array, variable, symbol, number or nested list.
    shape: Sizes of the axes.
    dtype: Name of a dtype; None: `floatx()`, or that of what is given.
    name: Any string, for a variable's name; without effect on arrays.
    axis: Axis, from the end if negative.
    axes: Axis, or several.
    pattern: The old axes in their new order.
    padding: Numbers of zeros before and after each axis, as in the default.
    data_format: `"channels_last"` or `"channels_first"`; None: the configured one.
    depth_factor: How many times the depth is taken, a whole number.
    height_factor: How many times the rows are taken, a whole number.
    width_factor: How many times the columns are taken, a whole number.
    indices: Whole numbers from 0.
    step: Distance of two numbers.
"""

import builtins

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import config, errors
from cthulhu.backend.platform import apart
from cthulhu.core import Variable, current_scope, is_symbolic, op

epsilon = config.epsilon
set_epsilon = config.set_epsilon
floatx = config.floatx
image_data_format = config.image_data_format
set_image_data_format = config.set_image_data_format

# A dtype of 64 bits that is asked for by name is given, whatever JAX's default width.
if hasattr(jax.config, "jax_explicit_x64_dtypes"):
    jax.config.update("jax_explicit_x64_dtypes", "allow")
_WIDE_AT_START = jax.config.jax_enable_x64


# Python's own functions, under the names that Keras has for them.
py_all, py_any, py_sum, py_slice = (
    builtins.all,
    builtins.any,
    builtins.sum,
    builtins.slice,
)


def image_dim_ordering():
    """`image_data_format()` in the words of Keras 1: `"tf"` (channels last) or `"th"`.

    Example:
        >>> image_dim_ordering()
        'tf'
    """
    return {"channels_last": "tf", "channels_first": "th"}[image_data_format()]


def set_image_dim_ordering(dim_ordering):
    """`set_image_data_format` in the words of Keras 1.

    Args:
        dim_ordering: `"tf"` (rows, columns, channels) or `"th"` (channels first).

    Raises:
        ValueError: for any other name.

    Example:
        >>> set_image_dim_ordering("th")
        >>> image_data_format()
        'channels_first'
    """
    layouts = {"tf": "channels_last", "th": "channels_first"}
    if dim_ordering not in layouts:
        raise ValueError(
            errors.message(
                "`dim_ordering` cannot be used",
                repr(dim_ordering),
                '"tf" (channels last) or "th" (channels first)',
            )
        )
    set_image_data_format(layouts[dim_ordering])


def backend():
    """The name of the engine, `"jax"`."""
    return "jax"


def set_floatx(floatx):
    """Choose the float type of new weights and data, as `config.set_floatx` does.

    `"float64"` also lets JAX compute with 64 bits by default.

    Raises:
        ValueError: `floatx` is no name of a float type.
    """
    config.set_floatx(floatx)
    jax.config.update("jax_enable_x64", _WIDE_AT_START or floatx == "float64")


def cast_to_floatx(x):
    """The NumPy array `x` in the default float type."""
    return np.asarray(x, dtype=config.floatx())


def normalize_data_format(value):
    """`value`, or the default layout of images if it is None.

    Raises:
        ValueError: neither `"channels_last"` nor `"channels_first"`.
    """
    data_format = config.image_data_format() if value is None else str(value).lower()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            "The `data_format` argument must be one of "
            f'"channels_first", "channels_last". Received: {value!r}.'
        )
    return data_format


def as_array(x, dtype=None):
    """A JAX array (or tracer) of anything; floats in lists become floatx."""
    if isinstance(x, Variable):
        x = x.value
    elif isinstance(x, Update):
        return as_array(x[1], dtype)
    if not isinstance(x, jax.Array):
        if hasattr(x, "tocoo"):
            x = x.toarray()
        if dtype is None and isinstance(x, (list, tuple)):
            x = jnp.asarray(_unwrapped(x))
            return x.astype(config.floatx()) if x.dtype.kind == "f" else x
        return jnp.asarray(x, dtype=dtype)
    return x if dtype is None else x.astype(dtype)


def _unwrapped(nested):
    if isinstance(nested, (list, tuple)):
        return [_unwrapped(item) for item in nested]
    return nested.value if isinstance(nested, Variable) else nested


def on_host(*values):
    """Whether all are sizes known while tracing: NumPy or Python whole numbers.

    Arithmetic on what `shape` returns stays in NumPy, so that it can be a shape again.
    """
    return builtins.all(
        isinstance(v, (int, np.integer))
        or (isinstance(v, np.ndarray) and v.ndim <= 1 and v.dtype.kind == "i")
        for v in values
    ) and builtins.any(isinstance(v, (np.ndarray, np.integer)) for v in values)


def static_shape(shape):
    """A shape as a tuple of Python ints, from a tuple, list, array or single number."""
    if isinstance(shape, (jax.Array, Variable)):
        shape = np.asarray(shape)
    return tuple(int(size) for size in np.atleast_1d(np.asarray(shape, dtype=object)))


def normalize_axis(axis):
    """An axis, or several as a tuple, as NumPy wants them."""
    if isinstance(axis, (list, tuple, np.ndarray)):
        return tuple(int(a) for a in axis)
    return axis if axis is None else int(axis)


# Variables and constants.


def variable(value, dtype=None, name=None, constraint=None):
    """A variable that holds `value`.

    Args:
        value: Array, number, nested list, or a sparse matrix of SciPy (stored dense).
        dtype: Name of its dtype; default `floatx()`.
        name: Any string.
        constraint: Function applied to it after each update of an optimizer.

    Raises:
        TypeError: no such dtype.

    Example:
        >>> from cthulhu import backend as K
        >>> K.eval(K.variable([1, 2]))
        array([1., 2.], dtype=float32)
    """
    dtype = _dtype(dtype)
    if isinstance(value, (jax.Array, Variable)):
        return Variable(as_array(value, dtype), None, name, constraint=constraint)
    if hasattr(value, "tocoo"):
        value = value.toarray()
    value = jnp.asarray(np.array(value, dtype=dtype), dtype=dtype)
    return Variable(value, None, name, constraint=constraint)


def _dtype(dtype):
    return np.dtype(jnp.dtype(config.floatx() if dtype is None else dtype))


def constant(value, dtype=None, shape=None, name=None):
    """An array of `value`, repeated to `shape` if that is given; default floatx.

    Example:
        >>> constant(2.0, shape=(2,)).tolist()
        [2.0, 2.0]
    """
    value = as_array(value, _dtype(dtype))
    if shape is None:
        return value
    shape = static_shape(shape)
    if value.size == 1 or value.size != np.prod(shape, dtype=int):
        return jnp.broadcast_to(value, shape)
    return value.reshape(shape)


def _filled(fill, shape, dtype, name):
    dtype = _dtype(dtype)
    shape = static_shape(shape) if np.ndim(shape) else (int(shape),)
    if not current_scope().makes_variables or not np.prod(shape, dtype=int):
        return jnp.full(shape, fill, dtype)
    return variable(np.full(shape, fill, dtype), dtype, name)


def zeros(shape, dtype=None, name=None):
    """A variable full of zeros; within a call of a model a plain array.

    Example:
        >>> get_value(zeros((2,))).tolist()
        [0.0, 0.0]
    """
    return _filled(0, shape, dtype, name)


def ones(shape, dtype=None, name=None):
    """A variable full of ones; within a call of a model a plain array.

    Example:
        >>> get_value(ones((2,))).tolist()
        [1.0, 1.0]
    """
    return _filled(1, shape, dtype, name)


def eye(size, dtype=None, name=None):
    """The identity matrix of `size` rows, or of `(rows, columns)`.

    Example:
        >>> get_value(eye(2)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    rows, columns = size if isinstance(size, (list, tuple)) else (size, size)
    return jnp.eye(int(rows), int(columns), dtype=_dtype(dtype))


@op
def zeros_like(x, dtype=None, name=None):
    """Zeros of the shape of `x`; dtype: that of `x`, or `floatx()` if it counts."""
    return _full_like(0, x, dtype)


@op
def ones_like(x, dtype=None, name=None):
    """Ones of the shape of `x`; dtype: that of `x`, or `floatx()` if it counts."""
    return _full_like(1, x, dtype)


def _full_like(number, x, dtype):
    x = as_array(x)
    if dtype is None and jnp.issubdtype(x.dtype, jnp.floating):
        dtype = x.dtype
    return jnp.full(x.shape, number, _dtype(dtype))


@op
def identity(x, name=None):
    """The same values."""
    return as_array(x)


# What a tensor is.


def is_variable(x):
    """Whether `x` is a variable."""
    return isinstance(x, Variable)


def is_tensor(x):
    """Whether `x` is an array of JAX, a variable or a symbol (not NumPy's arrays)."""
    return isinstance(x, (jax.Array, Variable)) or is_symbolic(x)


def is_keras_tensor(x):
    """Whether `x` is the output of a layer, or an `Input`.

    Raises:
        ValueError: `x` is no tensor at all.
    """
    if not is_tensor(x):
        raise ValueError(
            f"Unexpectedly found an instance of type `{type(x)}`. "
            "Expected a symbolic tensor instance, from `Input` or a layer."
        )
    return getattr(x, "_keras_history", None) is not None


def is_sparse(tensor):
    """False: there are no sparse tensors here; sparse matrices are stored dense."""
    return False


def to_dense(tensor):
    """`tensor` itself, as every tensor is dense."""
    return tensor


def int_shape(x):
    """The shape as a tuple, None where a size is not known yet.

    Example:
        >>> int_shape(Input((3,)))
        (None, 3)
    """
    shape = x.shape if hasattr(x, "shape") else np.shape(x)
    return None if shape is None else tuple(shape)


get_variable_shape = int_shape


@op
def shape(x):
    """The shape as an array; inside a call a NumPy one, so that it can size others."""
    return np.array(np.shape(x), dtype="int32")


def ndim(x):
    """The number of axes.

    Example:
        >>> ndim(np.zeros((2, 3)))
        2
    """
    return len(int_shape(x))


@op
def size(x, name=None):
    """The number of entries."""
    return np.int32(np.prod(np.shape(x), dtype=int))


def dtype(x):
    """The name of the dtype, as in `"float32"`."""
    return np.dtype(x.dtype).name if hasattr(x, "dtype") else as_array(x).dtype.name


def count_params(x):
    """The number of entries, as a Python int."""
    return int(np.prod(int_shape(x), dtype=int))


# Reading and writing.


def get_value(x):
    """A NumPy copy of the values of `x`; a NumPy number where it is a single one."""
    return np.array(as_array(x))[()]


def batch_get_value(ops):
    """NumPy copies of several variables' values."""
    return [get_value(x) for x in ops]


def set_value(x, value):
    """Let variable `x` hold `value`, of the same shape.

    Example:
        >>> weight = variable([1.0, 2.0])
        >>> set_value(weight, [3.0, 4.0])
        >>> get_value(weight).tolist()
        [3.0, 4.0]
    """
    x.assign(np.asarray(value) if isinstance(value, (list, tuple)) else value)


def batch_set_value(tuples):
    """`set_value` for each pair `(variable, value)`."""
    for x, value in tuples:
        set_value(x, value)


class Update(tuple):
    """A write: the pair `(variable, value)`, which is done unless a symbol is in it.

    A layer gives it to `add_update`, and `function` takes it among its `updates`.
    """

    def __new__(cls, variable, value):
        update = super().__new__(cls, (variable, value))
        update.previous = variable.value
        if not is_symbolic(value):
            variable.assign(as_array(value, variable.dtype))
        return update

    @property
    def shape(self):
        return self[0].shape

    @property
    def dtype(self):
        return self[0].dtype

    def numpy(self):
        """A NumPy copy of what the variable holds."""
        return self[0].numpy()

    def __jax_array__(self):
        return as_array(self[1])

    def revert(self):
        """Take the write back."""
        self[0].assign(self.previous)


def update(x, new_x):
    """Let variable `x` hold `new_x`."""
    return Update(x, new_x)


def update_add(x, increment):
    """Add `increment` to variable `x`."""
    return Update(x, _plus(x, increment))


def update_sub(x, decrement):
    """Take `decrement` from variable `x`."""
    return Update(x, _plus(x, decrement, -1))


def moving_average_update(x, value, momentum):
    """Move variable `x` towards `value`: `x * momentum + value * (1 - momentum)`."""
    return Update(x, _towards(x, value, momentum))


@op
def _plus(x, increment, sign=1):
    x = as_array(x)
    return x + (sign * as_array(increment)).astype(x.dtype)


@op
def _towards(x, value, momentum):
    x = as_array(x)
    rate = 1.0 - as_array(momentum).astype(x.dtype)
    return x - (x - as_array(value).astype(x.dtype)) * rate


# Shapes.


@op
def cast(x, dtype):
    """`x` in another dtype.

    Example:
        >>> cast(np.array([1.5]), "int32").tolist()
        [1]
    """
    return np.asarray(x, dtype) if on_host(x) and dtype in _INTS else as_array(x, dtype)


_INTS = ("int32", "int64")


@op
def reshape(x, shape):
    """The same values in another shape, of which one size may be -1.

    Example:
        >>> reshape(np.zeros((2, 3)), (3, -1)).shape
        (3, 2)
    """
    shape = [-1 if size is None else int(size) for size in shape]
    return jnp.reshape(as_array(x), shape)


@op
def permute_dimensions(x, pattern):
    """The axes in another order.

    Example:
        >>> permute_dimensions(np.zeros((2, 3, 4)), (2, 0, 1)).shape
        (4, 2, 3)
    """
    return jnp.transpose(as_array(x), tuple(pattern))


@op
def transpose(x):
    """The axes in reverse order.

    Example:
        >>> transpose(np.zeros((2, 3))).shape
        (3, 2)
    """
    return jnp.transpose(as_array(x))


@op
def flatten(x):
    """One axis in place of all.

    Example:
        >>> flatten(np.zeros((2, 3))).shape
        (6,)
    """
    return jnp.reshape(as_array(x), (-1,))


@op
def batch_flatten(x):
    """One axis in place of all but the first.

    Example:
        >>> batch_flatten(np.zeros((2, 3, 4))).shape
        (2, 12)
    """
    x = as_array(x)
    if sum(size > 1 for size in x.shape[1:]) <= 1:
        return _rows_of(x)
    return apart(_rows_of, x)


def _rows_of(x):
    return jnp.reshape(x, (x.shape[0], int(np.prod(x.shape[1:], dtype=int))))


@op
def expand_dims(x, axis=-1):
    """A new axis of size 1 at `axis`.

    Example:
        >>> expand_dims(np.zeros((2, 3)), axis=1).shape
        (2, 1, 3)
    """
    return jnp.expand_dims(as_array(x), axis)


@op
def squeeze(x, axis):
    """Without axis `axis`, of size 1.

    Example:
        >>> squeeze(np.zeros((2, 1, 3)), axis=1).shape
        (2, 3)
    """
    return jnp.squeeze(as_array(x), normalize_axis(axis))


@op
def concatenate(tensors, axis=-1):
    """The tensors one after the other along an axis.

    Example:
        >>> concatenate([np.array([1, 2]), np.array([3])]).tolist()
        [1, 2, 3]
    """
    if on_host(*tensors):
        return np.concatenate(tensors, axis)
    return jnp.concatenate([as_array(x) for x in tensors], axis)


@op
def stack(x, axis=0):
    """The tensors beside each other along a new axis.

    Example:
        >>> stack([np.array([1, 2]), np.array([3, 4])]).tolist()
        [[1, 2], [3, 4]]
    """
    if on_host(*x):
        return np.stack(x, axis)
    return jnp.stack([as_array(item) for item in x], axis)


@op
def repeat(x, n):
    """`(samples, features)` -> `(samples, n, features)`.

    Example:
        >>> repeat(np.zeros((2, 3)), 4).shape
        (2, 4, 3)
    """
    x = as_array(x)
    if x.ndim != 2:
        raise ValueError(
            f"`repeat` received a tensor of shape {x.shape}, expected two axes. "
            "Use `repeat_elements` or `tile` for others."
        )
    return jnp.repeat(x[:, None, :], int(n), axis=1)


@op
def repeat_elements(x, rep, axis):
    """Each slice along `axis` `rep` times, one after the other.

    Example:
        >>> repeat_elements(np.array([1, 2]), 2, axis=0).tolist()
        [1, 1, 2, 2]
    """
    return jnp.repeat(as_array(x), int(rep), axis=axis)


@op
def broadcast_to(x, shape):
    """`x` repeated along its axes of size 1, and along new ones before them."""
    return jnp.broadcast_to(as_array(x), static_shape(shape))


@op
def tile(x, n):
    """`x` `n` times along each axis; a single `n` is for the last axis.

    Example:
        >>> tile(np.array([1, 2]), 2).tolist()
        [1, 2, 1, 2]
    """
    x = as_array(x)
    times = static_shape(n)
    if len(times) > x.ndim:
        raise NotImplementedError(
            f"`tile` received {len(times)} numbers for a tensor of {x.ndim} axes."
        )
    return jnp.tile(x, (1,) * (x.ndim - len(times)) + times)


@op
def split(x, count, axis=-1):
    """A list of `count` parts of equal size along an axis.

    Example:
        >>> [part.tolist() for part in split(np.arange(4), 2)]
        [[0, 1], [2, 3]]
    """
    return jnp.split(as_array(x), count, axis=axis)


@op
def reverse(x, axes):
    """The entries in reverse order along one axis or several.

    Example:
        >>> reverse(np.array([1, 2, 3]), 0).tolist()
        [3, 2, 1]
    """
    return jnp.flip(as_array(x), normalize_axis(axes))


def slice(x, start, size):
    """The part of `x` of shape `size` that begins at `start`; -1 means up to the end.

    Raises:
        ValueError: `start` or `size` does not have a number for each axis.
    """
    lengths = [len(start), len(size)]
    if lengths != [ndim(x)] * 2:
        raise ValueError(
            f"`slice` received {lengths[0]} starts and {lengths[1]} sizes for a tensor "
            f"of {ndim(x)} axes. The dimension and the size of indices should match."
        )
    return _slice(x, start, size)


@op
def _slice(x, start, size):
    x = as_array(x)
    size = static_shape(size)
    if isinstance(start, jax.core.Tracer) or builtins.any(
        isinstance(s, jax.core.Tracer) for s in start
    ):
        return jax.lax.dynamic_slice(x, list(start), size)
    ends = [None if n == -1 else int(s) + n for s, n in zip(start, size, strict=True)]
    return x[tuple(builtins.slice(int(s), e) for s, e in zip(start, ends, strict=True))]


@op
def gather(reference, indices):
    """Rows of `reference`: shape `indices.shape + reference.shape[1:]`.

    A row that is not there is NaN.

    Example:
        >>> gather(np.array([10, 20, 30]), [2, 0]).tolist()
        [30, 10]
    """
    if on_host(reference, indices):
        return np.take(reference, indices, axis=0)
    indices = as_array(indices)
    if indices.dtype.kind not in "iu":
        indices = indices.astype("int32")
    return jnp.take(as_array(reference), indices, axis=0)


@op
def one_hot(indices, num_classes):
    """A last axis of `num_classes` with 1 at the index and 0 elsewhere.

    Example:
        >>> one_hot(np.array([2, 0]), 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    indices = as_array(indices)
    if indices.dtype.kind == "f":
        indices = indices.astype("int32")
    return jax.nn.one_hot(indices, int(num_classes), dtype=config.floatx())


def arange(start, stop=None, step=1, dtype="int32"):
    """The numbers from `start` up to but without `stop`; one argument is `stop`.

    Example:
        >>> arange(1, 7, 2).tolist()
        [1, 3, 5]
    """
    start, stop, step = (
        np.asarray(n).item() if hasattr(n, "dtype") or is_variable(n) else n
        for n in (start, stop, step)
    )
    return jnp.asarray(np.arange(start, stop, step), dtype=_dtype(dtype))


def pad(x, pattern):
    """Zeros around `x`: `(before, after)` for each axis."""
    return jnp.pad(as_array(x), [tuple(int(n) for n in pair) for pair in pattern])


def by_layout(channels_last, data_format):
    """What is listed as (batch, spatial..., channels) in the order of a layout."""
    if data_format == "channels_last":
        return tuple(channels_last)
    batch, *spatial, channels = channels_last
    return (batch, channels, *spatial)


@op
def temporal_padding(x, padding=(1, 1)):
    """Zeros before and after along axis 1 of `(samples, steps, features)`.

    Example:
        >>> temporal_padding(np.zeros((1, 3, 2)), (1, 2)).shape
        (1, 6, 2)
    """
    return pad(x, [(0, 0), padding, (0, 0)])


def spatial_2d_padding(x, padding=((1, 1), (1, 1)), data_format=None):
    """Zeros around the rows and columns of images.

    Example:
        >>> spatial_2d_padding(np.zeros((1, 3, 3, 1)), ((1, 1), (0, 2))).shape
        (1, 5, 5, 1)
    """
    return _spatial_padding(x, padding, normalize_data_format(data_format))


def spatial_3d_padding(x, padding=((1, 1), (1, 1), (1, 1)), data_format=None):
    """Zeros around the three spatial axes of volumes."""
    return _spatial_padding(x, padding, normalize_data_format(data_format))


@op
def _spatial_padding(x, padding, data_format):
    return pad(x, by_layout([(0, 0), *padding, (0, 0)], data_format))


def resize_images(x, height_factor, width_factor, data_format, interpolation="nearest"):
    """Images made larger by whole factors.

    Args:
        interpolation: `"nearest"` repeats pixels, `"bilinear"` blends neighbours (the
            corner of a pixel is its place, as in TensorFlow 1).

    Raises:
        ValueError: unknown `data_format` or `interpolation`.
    """
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(
            f'`interpolation` is {interpolation!r}, expected "nearest" or "bilinear".'
        )
    factors = (height_factor, width_factor)
    return _resize(x, factors, normalize_data_format(data_format), interpolation)


def resize_volumes(x, depth_factor, height_factor, width_factor, data_format):
    """Volumes made larger by whole factors, by repetition.

    Raises:
        ValueError: unknown `data_format`.
    """
    factors = (depth_factor, height_factor, width_factor)
    return _resize(x, factors, normalize_data_format(data_format), "nearest")


@op
def _resize(x, factors, data_format, interpolation):
    x = as_array(x)
    first = 1 if data_format == "channels_last" else 2
    for axis, factor in enumerate(factors, start=first):
        if interpolation == "nearest":
            x = jnp.repeat(x, int(factor), axis=axis)
        else:
            place = np.arange(x.shape[axis] * int(factor)) / factor
            low = place.astype(int)
            high = np.minimum(low + 1, x.shape[axis] - 1)
            part = (place - low).reshape([-1] + [1] * (x.ndim - axis - 1))
            below, above = (jnp.take(x, rows, axis=axis) for rows in (low, high))
            x = below + (above - below) * part.astype(x.dtype)
    return x


def current_training():
    """Whether the current scope is one of training."""
    return bool(current_scope().training)
