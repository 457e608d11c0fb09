"""What neural networks add to arithmetic: activations, losses, biases, phases.

Normalisation, convolution, pooling and loops over time have files of their own.
"""

import weakref

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import config
from cthulhu.backend.math import clip
from cthulhu.backend.normalization import scale_and_shift
from cthulhu.backend.platform import once
from cthulhu.backend.tensor import (
    as_array,
    by_layout,
    int_shape,
    ndim,
    normalize_axis,
    normalize_data_format,
)
from cthulhu.core import (
    LEARNING_PHASE,
    any_symbolic,
    current_scope,
    inside_scope,
    is_symbolic,
    op,
)

# Training or not.

_fixed_phase = None


def learning_phase():
    """1 in training, 0 else: of the current call, as set, or a symbol of it.

    Inside a call of a model it is a Python int.  Outside it is what
    `set_learning_phase` fixed, or else a symbol that can be computed with and be
    fed to a `function`.
    """
    if inside_scope():
        return int(current_scope().training)
    return LEARNING_PHASE if _fixed_phase is None else _fixed_phase


def set_learning_phase(value):
    """Fix the phase outside calls of models: 0 (test) or 1 (training).

    Raises:
        ValueError: any other value.
    """
    global _fixed_phase
    if value not in (0, 1):
        raise ValueError(f"Expected learning phase to be 0 or 1. Received: {value!r}.")
    _fixed_phase = int(value)


def forget_learning_phase():
    """Undo `set_learning_phase`."""
    global _fixed_phase
    _fixed_phase = None


class learning_phase_scope:
    """`with learning_phase_scope(1):` fixes the phase inside the block.

    Args:
        value: 1 for training, 0 else.
    """

    def __init__(self, value):
        self.value = value

    def __enter__(self):
        self.before = _fixed_phase
        set_learning_phase(self.value)

    def __exit__(self, *_):
        global _fixed_phase
        _fixed_phase = self.before


def in_train_phase(x, alt, training=None):
    """`x` in training, `alt` else; either may be a function without arguments.

    Args:
        x: Array, variable or symbol, or a function that gives one.
        alt: The same, for all other times.
        training: A bool, 0 or 1, a tensor of one; None: the current phase.
    """
    if training is None:
        training = learning_phase()
    if training is LEARNING_PHASE:
        x, alt = _called(x), _called(alt)
        return _by_phase(x, alt) if any_symbolic((x, alt)) else alt
    if is_symbolic(training) or isinstance(training, jax.core.Tracer):
        return switch(training, x, alt)
    return _called(x if np.asarray(training).item() else alt)


def in_test_phase(x, alt, training=None):
    """`x` outside training, `alt` in training."""
    return in_train_phase(alt, x, training=training)


def _called(x):
    return x() if callable(x) else x


@op
def _by_phase(x, alt):
    return as_array(x if current_scope().training else alt)


def switch(condition, then_expression, else_expression):
    """One of two expressions, entry by entry.

    Args:
        condition: A scalar, or a tensor with the first axes of the expressions.
        then_expression: Where it is true: a tensor, or a function that returns one.
        else_expression: Where it is false.

    Raises:
        ValueError: `condition` has more axes than the expressions.
    """
    scalar = ndim(condition) == 0
    if any_symbolic((condition, then_expression, else_expression)) or not scalar:
        return _select(condition, _called(then_expression), _called(else_expression))
    condition = as_array(condition) != 0
    if not isinstance(condition, jax.core.Tracer):
        return _called(then_expression if bool(condition) else else_expression)
    if callable(then_expression) or callable(else_expression):
        branches = (
            lambda: as_array(_called(then_expression)),
            lambda: as_array(_called(else_expression)),
        )
        return jax.lax.cond(condition, *branches)
    return _select(condition, then_expression, else_expression)


@op
def _select(condition, then_expression, else_expression):
    condition = as_array(condition) != 0
    x, alt = as_array(then_expression), as_array(else_expression)
    if condition.ndim > x.ndim:
        raise ValueError(
            "Rank of `condition` should be less than or equal to rank of "
            "`then_expression` and `else_expression`. Received shapes "
            f"{condition.shape}, {x.shape} and {alt.shape}."
        )
    condition = condition.reshape(condition.shape + (1,) * (x.ndim - condition.ndim))
    return jnp.where(condition, x, alt)


# Activations.


class _Origins:
    """The logits behind the outputs of softmax and sigmoid, while a step is traced.

    A cross-entropy of such an output is computed from the logits, as TensorFlow does:
    it neither saturates nor costs a logarithm of what was just exponentiated.
    """

    def __init__(self):
        self._notes = {}

    def note(self, output, kind, logits):
        if isinstance(output, jax.core.Tracer):
            key = id(output)
            reference = weakref.ref(output, lambda _: self._notes.pop(key, None))
            self._notes[key] = (reference, kind, logits)
        return output

    def logits(self, output, kind):
        reference, found, logits = self._notes.get(id(output), (None, None, None))
        return logits if reference and reference() is output and found == kind else None


_origins = _Origins()


@op
def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    """The rectified linear unit.

    `x` from `threshold` on, at most `max_value`; `alpha * (x - threshold)` below.

    Example:
        >>> relu(np.array([-2.0, 3.0])).tolist()
        [0.0, 3.0]
    """
    x = as_array(x)
    if threshold == 0 and max_value is None:
        return _relu(x) if alpha == 0 else jnp.where(x > 0, x, alpha * x)
    below = jax.nn.relu(threshold - x)
    x = x * (x > threshold).astype(x.dtype) if threshold else jax.nn.relu(x)
    if max_value is not None:
        x = clip(x, 0.0, float(max_value))
    return x if alpha == 0 else x - alpha * below


@jax.jit
def _relu(x):
    return once(jax.nn.relu(x))


@op
def elu(x, alpha=1.0):
    """`x` above 0, `alpha * (exp(x) - 1)` else."""
    x = as_array(x)
    below = jnp.expm1(jnp.where(x > 0, 0.0, x))
    return jnp.where(x > 0, x, alpha * below)


@op
def softmax(x, axis=-1):
    """`exp(x) / sum(exp(x))` along an axis.

    Example:
        >>> softmax(np.zeros((1, 2))).tolist()
        [[0.5, 0.5]]
    """
    x = as_array(x)
    return _origins.note(jax.nn.softmax(x, axis), ("softmax", axis % x.ndim), x)


@op
def softplus(x):
    """`log(exp(x) + 1)`."""
    return jax.nn.softplus(as_array(x))


@op
def softsign(x):
    """`x / (abs(x) + 1)`.

    Example:
        >>> softsign(np.array([3.0])).tolist()
        [0.75]
    """
    return jax.nn.soft_sign(as_array(x))


@op
def sigmoid(x):
    """`1 / (1 + exp(-x))`.

    Example:
        >>> sigmoid(np.array([0.0])).tolist()
        [0.5]
    """
    x = as_array(x)
    return _origins.note(jax.nn.sigmoid(x), "sigmoid", x)


@op
def hard_sigmoid(x):
    """`0.2 * x + 0.5`, kept between 0 and 1.

    Example:
        >>> hard_sigmoid(np.array([-3.0, 0.0, 3.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    return clip(0.2 * as_array(x) + 0.5, 0.0, 1.0)


@op
def tanh(x):
    """The hyperbolic tangent."""
    return jnp.tanh(as_array(x))


@op
def l2_normalize(x, axis=None):
    """`x` divided by its Euclidean norm along `axis` (which counts as 1e-6 or more).

    Example:
        >>> [round(v, 4) for v in l2_normalize(np.array([3.0, 4.0]), axis=0).tolist()]
        [0.6, 0.8]
    """
    x = as_array(x)
    squares = jnp.sum(jnp.square(x), normalize_axis(axis), keepdims=True)
    return x * jax.lax.rsqrt(jnp.maximum(squares, 1e-12))


# Losses of single predictions.


def _inner_probability(output):
    return clip(output, config.epsilon(), 1.0 - config.epsilon())


@op
def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`-sum(target * log(output))` along `axis`, the classes.

    Args:
        target: Probabilities of the classes, one-hot as a rule.
        output: Predicted probabilities, scaled to a sum of 1; or logits.
        from_logits: Whether `output` are logits (before softmax).
        axis: Where the classes are.

    Returns:
        A tensor without that axis.
    """
    target, output = as_array(target), as_array(output)
    axis = axis % output.ndim
    logits = output if from_logits else _origins.logits(output, ("softmax", axis))
    if logits is not None:
        log_probability = jax.nn.log_softmax(logits, axis)
    else:
        output = output / jnp.sum(output, axis, keepdims=True)
        log_probability = jnp.log(_inner_probability(output))
    return -jnp.sum(target * log_probability, axis)


@op
def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`-log(output[target])`, for classes as whole numbers.

    Args:
        target: Classes counted from 0; their shape is that of `output` without `axis`,
            or has as many entries.
        output: Predicted probabilities, or logits.
        from_logits: Whether `output` are logits (before softmax).
        axis: Where the classes are.

    Returns:
        A tensor of the shape of `output` without `axis`.
    """
    target, output = as_array(target), as_array(output)
    axis = axis % output.ndim
    logits = output if from_logits else _origins.logits(output, ("softmax", axis))
    if logits is None:
        logits = jnp.log(_inner_probability(output))
    log_probability = jnp.moveaxis(jax.nn.log_softmax(logits, axis), axis, -1)
    target = target.astype("int32").reshape(log_probability.shape[:-1])
    return -jnp.take_along_axis(log_probability, target[..., None], -1)[..., 0]


@op
def binary_crossentropy(target, output, from_logits=False):
    """`-target * log(output) - (1 - target) * log(1 - output)`, entry by entry.

    Args:
        target: Numbers from 0 to 1.
        output: Predicted probabilities, or logits.
        from_logits: Whether `output` are logits (before sigmoid).
    """
    target, output = as_array(target), as_array(output)
    logits = output if from_logits else _origins.logits(output, "sigmoid")
    if logits is not None:
        return jax.nn.relu(logits) - logits * target + _log1p_exp_minus_abs(logits)
    output = _inner_probability(output)
    epsilon = config.epsilon()
    return -(
        target * jnp.log(output + epsilon)
        + (1.0 - target) * jnp.log(1.0 - output + epsilon)
    )


def _log1p_exp_minus_abs(x):
    return jnp.log1p(jnp.exp(-jnp.where(x >= 0, x, -x)))


@op
def in_top_k(predictions, targets, k):
    """Whether fewer than `k` classes are predicted above the target class.

    Args:
        predictions: Tensor `(samples, classes)`.
        targets: Classes, `(samples,)`.
        k: How many classes count as the top; classes tied with the last of them too.

    Example:
        >>> in_top_k(np.array([[0.1, 0.5, 0.4]]), np.array([2]), 2).tolist()
        [True]
    """
    predictions = as_array(predictions)
    targets = as_array(targets).astype("int32")
    own = jnp.take_along_axis(predictions, targets[:, None], axis=1)
    above = jnp.sum(predictions > own, axis=1)
    return (above < k) & jnp.isfinite(own[:, 0])


# Biases.


def bias_add(x, bias, data_format=None):
    """`x` plus a bias for each channel, or for each entry of a sample.

    Raises:
        ValueError: unknown `data_format`, or a bias that has neither one axis nor one
            less than `x`.

    Example:
        >>> bias_add(np.array([[1.0, 2.0]]), np.array([10.0, 20.0])).tolist()
        [[11.0, 22.0]]
    """
    data_format = normalize_data_format(data_format)
    bias_shape = int_shape(bias)
    if len(bias_shape) not in (1, ndim(x) - 1):
        raise ValueError(
            f"Unexpected bias dimensions {len(bias_shape)}, expect to be 1 or "
            f"{ndim(x) - 1} dimensions for a tensor of shape {int_shape(x)}."
        )
    return _bias_add(x, bias, data_format)


@op
def _bias_add(x, bias, data_format):
    x, bias = as_array(x), as_array(bias)
    if 3 <= x.ndim <= 5:
        shape = bias.shape if bias.ndim > 1 else (1,) * (x.ndim - 2) + bias.shape
        bias = bias.reshape(by_layout((1, *shape), data_format))
    if jnp.broadcast_shapes(x.shape, bias.shape) != x.shape:
        return x + bias
    return scale_and_shift(x, None, bias)


@op
def stop_gradient(variables):
    """The same values, as constants to differentiation; lists give lists."""
    if isinstance(variables, (list, tuple)):
        return [jax.lax.stop_gradient(as_array(x)) for x in variables]
    return jax.lax.stop_gradient(as_array(variables))
