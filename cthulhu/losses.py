"""Losses: how wrong predictions are, as functions and as classes found by name.

A function takes targets and predictions and gives one number per sample (the last axis
is averaged or summed); a class also weighs samples and reduces them to one number.
Whether labels fit a loss is checked here too (`check_labels`).  Penalties on weights
are `regularizers`' business, and weighing several outputs is `training`'s.

Args:
    y_true: Targets, of the shape that the function's rule gives for `y_pred`.
    y_pred: Predictions; the first axis is that of the samples.
    axis: Axis of the features or classes.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import errors, vocabulary
from cthulhu.core import Configurable, registry


class Reduction:
    """How a batch of losses becomes one number.

    Attributes:
        NONE: It does not; one loss for each sample.
        SUM: Their sum.
        SUM_OVER_BATCH_SIZE: Their sum divided by how many there are.
        AUTO: The usual choice, `SUM_OVER_BATCH_SIZE`.
    """

    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    AUTO = "auto"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Every reduction there is."""
        return cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE, cls.AUTO

    @classmethod
    def validate(cls, key: str) -> None:
        """Raise ValueError unless `key` is a reduction."""
        if key not in cls.all():
            raise errors.unknown_name("reduction", key, cls.all())


# ---------------------------------------------------------------------- weighing


def tensor(x: Any) -> Any:
    """`x` as something K computes with; lists and NumPy arrays become arrays."""
    return x if K.is_tensor(x) or K.is_variable(x) else K.constant(x)


def _floats(x: Any) -> Any:
    x = tensor(x)
    return x if "float" in K.dtype(x) else K.cast(x, K.floatx())


def _pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as tensors, targets in the dtype of the predictions."""
    y_pred = _floats(y_pred)
    return K.cast(tensor(y_true), K.dtype(y_pred)), y_pred


def squeeze_or_expand_dimensions(y_pred, y_true=None, sample_weight=None):
    """Make ranks equal where they differ by a last axis of size one.

    Args:
        y_pred: Predictions.
        y_true: Targets, or None.
        sample_weight: Weights, or None; scalars stay scalars.

    Returns:
        `(y_pred, y_true)`, and `sample_weight` as a third if it was given.
    """
    if y_true is not None:
        surplus = K.ndim(y_pred) - K.ndim(y_true)
        if surplus == 1 and K.int_shape(y_pred)[-1] == 1:
            y_pred = K.squeeze(y_pred, -1)
        elif surplus == -1 and K.int_shape(y_true)[-1] == 1:
            y_true = K.squeeze(y_true, -1)
    if sample_weight is None:
        return y_pred, y_true

    rank, weight_rank = K.ndim(y_pred), K.ndim(sample_weight)
    if weight_rank == 1 and rank == 0:
        # One number for the whole batch, as many functions of users give.
        y_pred = y_pred * K.ones_like(sample_weight)
    elif weight_rank and weight_rank - rank == 1:
        sample_weight = K.squeeze(sample_weight, -1)
    elif weight_rank and rank - weight_rank == 1:
        sample_weight = K.expand_dims(sample_weight, -1)
    return y_pred, y_true, sample_weight


def broadcast_weights(values, sample_weight):
    """`sample_weight` in the shape of `values`; its axes are the first of theirs.

    Raises:
        ValueError: An axis of the weights is neither 1 nor as long as that of `values`.
    """
    shape, weight_shape = K.int_shape(values), K.int_shape(sample_weight)
    if len(weight_shape) > len(shape) or any(
        None not in (have, want) and have not in (1, want)
        for have, want in zip(weight_shape, shape, strict=False)
    ):
        raise errors.ShapeMismatch(
            errors.message(
                "Incompatible shapes: sample weights cannot be spread over the values",
                received=f"`sample_weight` of shape {weight_shape}",
                expected=f"the shape of the values, {shape}, or its first axes",
                fix="Give one weight for each sample (or for each timestep).",
            )
        )
    for axis in range(len(weight_shape), len(shape)):
        sample_weight = K.expand_dims(sample_weight, axis)
    return sample_weight * K.ones_like(values)


def reduce_weighted_loss(weighted_losses, reduction=Reduction.SUM_OVER_BATCH_SIZE):
    """One number from weighted losses, or the losses themselves for `"none"`.

    Args:
        weighted_losses: One number per sample, weighted.
        reduction: One of `Reduction`.
    """
    if reduction == Reduction.NONE:
        return weighted_losses
    if reduction == Reduction.SUM:
        return K.sum(weighted_losses)
    return K.mean(weighted_losses)


def compute_weighted_loss(
    losses, sample_weight=None, reduction=Reduction.SUM_OVER_BATCH_SIZE, name=None
):
    """Losses times weights, reduced.

    Args:
        losses: Shape (samples, ...).
        sample_weight: None, a number, or an array of the shape of `losses`, of its
            first axes, or with one more last axis of size one.
        reduction: One of `Reduction`. The mean divides by how many losses there are,
            whatever their weights.
        name: Ignored; accepted as Keras does.

    Returns:
        A scalar, or an array like `losses` for `"none"`, in the dtype of `losses`.

    Raises:
        ValueError: Unknown reduction, or weights that do not fit.
    """
    Reduction.validate(reduction)
    losses = tensor(losses)
    dtype = K.dtype(losses)
    losses = K.cast(losses, K.floatx())
    if sample_weight is not None:
        weight = K.cast(tensor(sample_weight), K.floatx())
        losses, _, weight = squeeze_or_expand_dimensions(losses, None, weight)
        losses = losses * broadcast_weights(losses, weight)
    return K.cast(reduce_weighted_loss(losses, reduction), dtype)


# ---------------------------------------------------------------------- functions


@registry.register("loss", "mse", "MSE")
def mean_squared_error(y_true, y_pred):
    """Mean of the squares: `mean((y_pred - y_true)**2)` over the last axis.

    Example:
        >>> mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).tolist()  # (1 + 9) / 2
        [5.0]
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return K.mean(K.square(y_pred - y_true), axis=-1)


@registry.register("loss", "mae", "MAE")
def mean_absolute_error(y_true, y_pred):
    """Mean distance: `mean(|y_pred - y_true|)` over the last axis.

    Example:
        >>> mean_absolute_error([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
        [2.0]
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return K.mean(K.abs(y_pred - y_true), axis=-1)


@registry.register("loss", "mape", "MAPE")
def mean_absolute_percentage_error(y_true, y_pred):
    """Mean distance in per cent of the target: `100 * mean(|(t - p) / t|)`.

    Example:
        >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 6.0]]).tolist()
        [50.0]
    """
    y_true, y_pred = _pair(y_true, y_pred)
    size = K.clip(K.abs(y_true), K.epsilon(), None)
    return 100.0 * K.mean(K.abs((y_true - y_pred) / size), axis=-1)


@registry.register("loss", "msle", "MSLE")
def mean_squared_logarithmic_error(y_true, y_pred):
    """Mean square of `log(p + 1) - log(t + 1)`; negative values count as 0.

    Example:
        >>> error = mean_squared_logarithmic_error([[0.0]], [[np.e - 1]])  # log(e) ** 2
        >>> round(float(error[0]), 4)
        1.0
    """
    y_true, y_pred = _pair(y_true, y_pred)
    predicted = K.log(K.clip(y_pred, K.epsilon(), None) + 1.0)
    wanted = K.log(K.clip(y_true, K.epsilon(), None) + 1.0)
    return K.mean(K.square(predicted - wanted), axis=-1)


def _signs(y_true):
    """Labels -1 and 1; a batch of nothing but 0 and 1 is translated."""
    binary = K.all(K.equal(K.square(y_true), y_true))
    return K.switch(binary, 2.0 * y_true - 1.0, y_true)


@registry.register("loss")
def squared_hinge(y_true, y_pred):
    """`mean(max(1 - t * p, 0)**2)`; labels are -1 and 1, or 0 and 1.

    Example:
        >>> squared_hinge([[1.0, -1.0]], [[0.5, 0.5]]).tolist()  # (0.25 + 2.25) / 2
        [1.25]
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return K.mean(K.square(K.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), axis=-1)


@registry.register("loss")
def hinge(y_true, y_pred):
    """`mean(max(1 - t * p, 0))`; labels are -1 and 1, or 0 and 1.

    Example:
        >>> hinge([[1.0, -1.0]], [[0.5, 0.5]]).tolist()  # (0.5 + 1.5) / 2
        [1.0]
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return K.mean(K.maximum(1.0 - _signs(y_true) * y_pred, 0.0), axis=-1)


@registry.register("loss")
def categorical_hinge(y_true, y_pred):
    """How far the best wrong class comes within 1 of the right one (labels one-hot).

    `max(0, max((1 - t) * p) - sum(t * p) + 1)` over the last axis.

    Example:
        >>> loss = categorical_hinge([[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.125]])
        >>> loss.tolist()  # 1 - 0.5 + 0.25
        [0.75]
    """
    y_true, y_pred = _pair(y_true, y_pred)
    right = K.sum(y_true * y_pred, axis=-1)
    wrong = K.max((1.0 - y_true) * y_pred, axis=-1)
    return K.maximum(0.0, wrong - right + 1.0)


@registry.register("loss")
def logcosh(y_true, y_pred):
    """`mean(log(cosh(p - t)))`: a square near 0, a straight line far from it.

    Example:
        >>> round(float(logcosh([[0.0]], [[10.0]])[0]), 3)  # 10 - log(2)
        9.307
    """
    y_true, y_pred = _pair(y_true, y_pred)
    error = y_pred - y_true
    # log(cosh(x)) without overflow: cosh(x) = exp(x) * (1 + exp(-2x)) / 2
    return K.mean(error + K.softplus(-2.0 * error) - float(np.log(2.0)), axis=-1)


@registry.register("loss")
def huber_loss(y_true, y_pred, delta=1.0):
    """A square up to `delta`, a straight line beyond; one value for each element.

    With `e = |p - t|`: `0.5 * e**2` up to `delta`, then `delta * (e - 0.5 * delta)`.

    Example:
        >>> huber_loss([[0.0, 0.0]], [[0.5, 3.0]]).tolist()  # 0.5 ** 2 / 2, 3 - 1 / 2
        [[0.125, 2.5]]

    See: Huber, Robust estimation of a location parameter, 1964.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    size = K.abs(y_pred - y_true)
    quadratic = K.minimum(size, delta)
    return 0.5 * K.square(quadratic) + delta * (size - quadratic)


@registry.register("loss")
def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0):
    """`-sum(t * log(p))` over the last axis: one-hot targets against probabilities.

    Args:
        y_true: One-hot (or soft) targets, shape (samples, ..., classes).
        y_pred: Probabilities of the same shape; scaled to sum to one, then kept
            `epsilon` away from 0 and 1.
        from_logits: Whether `y_pred` are logits instead.
        label_smoothing: Share of each target spread evenly over the classes, 0 to 1.

    Returns:
        Shape (samples, ...).

    Example:
        >>> loss = categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        >>> round(float(loss[0]), 4)  # log(2)
        0.6931
    """
    y_true, y_pred = _pair(y_true, y_pred)
    if label_smoothing:
        classes = K.int_shape(y_true)[-1]
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / classes
    return K.categorical_crossentropy(y_true, y_pred, from_logits=from_logits)


@registry.register("loss")
def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, axis=-1):
    """`-log(p[t])`: integer targets against probabilities.

    Args:
        y_true: Classes counted from 0, shape (samples, ...) or with a last axis of 1.
        y_pred: Probabilities, shape (samples, ..., classes).
        from_logits: Whether `y_pred` are logits instead.
        axis: Axis of the classes.

    Returns:
        Shape (samples, ...).

    Example:
        >>> loss = sparse_categorical_crossentropy([[1]], [[0.5, 0.5]])
        >>> round(float(loss[0]), 4)  # log(2)
        0.6931
    """
    return K.sparse_categorical_crossentropy(
        tensor(y_true), _floats(y_pred), from_logits=from_logits, axis=axis
    )


@registry.register("loss")
def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0):
    """`-mean(t * log(p) + (1 - t) * log(1 - p))` over the last axis.

    Args:
        y_true: Targets 0 and 1, or between.
        y_pred: Probabilities of the same shape.
        from_logits: Whether `y_pred` are logits instead.
        label_smoothing: How far targets are drawn to 0.5, 0 (not at all) to 1.

    Example:
        >>> round(float(binary_crossentropy([[1.0]], [[0.5]])[0]), 4)  # log(2)
        0.6931
    """
    y_true, y_pred = _pair(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return K.mean(
        K.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=-1
    )


@registry.register("loss", "kld", "KLD")
def kullback_leibler_divergence(y_true, y_pred):
    """`sum(t * log(t / p))` over the last axis; both are kept within epsilon and 1.

    Example:
        >>> loss = kullback_leibler_divergence([[0.5, 0.5]], [[0.25, 0.75]])
        >>> round(float(loss[0]), 4)  # (log(2) + log(2 / 3)) / 2
        0.1438
    """
    y_true, y_pred = _pair(y_true, y_pred)
    y_true = K.clip(y_true, K.epsilon(), 1.0)
    y_pred = K.clip(y_pred, K.epsilon(), 1.0)
    return K.sum(y_true * K.log(y_true / y_pred), axis=-1)


@registry.register("loss")
def poisson(y_true, y_pred):
    """`mean(p - t * log(p))`: counts against predicted rates.

    Example:
        >>> round(float(poisson([[2.0]], [[1.0]])[0]), 4)  # 1 - 2 log(1)
        1.0
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return K.mean(y_pred - y_true * K.log(y_pred + K.epsilon()), axis=-1)


@registry.register("loss", "cosine", "cosine_similarity")
def cosine_proximity(y_true, y_pred, axis=-1):
    """Minus the cosine of the angle between target and prediction: -1 is best.

    Example:
        >>> cosine_proximity([[1.0, 0.0]], [[3.0, 0.0]]).tolist()
        [-1.0]
    """
    y_true, y_pred = _pair(y_true, y_pred)
    y_true = K.l2_normalize(y_true, axis=axis)
    y_pred = K.l2_normalize(y_pred, axis=axis)
    return -K.sum(y_true * y_pred, axis=axis)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_similarity = cosine_proximity


# ---------------------------------------------------------------------- classes


class Loss(Configurable):
    """A loss that weighs samples and reduces them to one number.

    A subclass gives `call(y_true, y_pred)`, one loss for each sample.

    Args:
        reduction: One of `Reduction`; default the mean over the batch.
        name: Any string, or None.

    Example:
        >>> class Distance(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return K.mean(K.abs(y_pred - y_true), axis=-1)
        >>> model.compile("sgd", loss=Distance())
    """

    def __init__(self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name=None):
        Reduction.validate(reduction)
        self.reduction, self.name = reduction, name

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The reduced loss; for weights and shapes see `compute_weighted_loss`."""
        values = self.call(y_true, y_pred)
        if values is None:
            raise TypeError(
                errors.message(
                    f"The loss `{self.name or type(self).__name__}` gave None",
                    expected="one loss for each sample",
                    fix="Does the function end with `return`?",
                )
            )
        return compute_weighted_loss(values, sample_weight, self.reduction)

    def call(self, y_true, y_pred):
        """One loss for each sample; written by subclasses."""
        raise NotImplementedError(
            f"`{type(self).__name__}` has no `call(y_true, y_pred)`: write it, and let "
            "it return one loss for each sample."
        )


class LossFunctionWrapper(Loss):
    """A loss object around `fn(y_true, y_pred, **kwargs)`.

    Args:
        fn: The function, or its name.
        reduction: One of `Reduction`.
        name: Any string, or None.
        **kwargs: Passed on to `fn`.
    """

    open_ended = True

    def __init__(
        self, fn, reduction=Reduction.SUM_OVER_BATCH_SIZE, name=None, **kwargs
    ):
        super().__init__(reduction=reduction, name=name)
        self.fn = get(fn)
        self.fn_kwargs = kwargs
        _check_arguments(self.fn, kwargs)

    def call(self, y_true, y_pred):
        return self.fn(y_true, y_pred, **self.fn_kwargs)

    def get_config(self):
        config = {"reduction": self.reduction, "name": self.name, **self.fn_kwargs}
        # The named cases below know their function; a bare wrapper must say it.
        bare = type(self) is LossFunctionWrapper
        return {"fn": serialize(self.fn), **config} if bare else config


def _check_arguments(function: Any, kwargs: Mapping[str, Any]) -> None:
    """Refuse a loss function that cannot be called with targets and predictions."""
    try:
        arguments = inspect.signature(function)
    except (TypeError, ValueError):  # made elsewhere than in Python: it tells nothing
        return
    try:
        arguments.bind("y_true", "y_pred", **kwargs)
    except TypeError as error:
        name = getattr(function, "__name__", None) or type(function).__name__
        raise TypeError(
            errors.message(
                f"The loss `{name}` cannot be called with targets and predictions: "
                f"{error}",
                f"`{name}{arguments}`",
                f"`{name}(y_true, y_pred)`",
            )
        ) from None


@registry.register("loss")
class MeanSquaredError(LossFunctionWrapper):
    """`mean_squared_error`, weighted and reduced.

    Example:
        >>> float(MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]))
        5.0
    """

    def __init__(
        self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="mean_squared_error"
    ):
        super().__init__(mean_squared_error, reduction, name)


@registry.register("loss")
class MeanAbsoluteError(LossFunctionWrapper):
    """`mean_absolute_error`, weighted and reduced."""

    def __init__(
        self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="mean_absolute_error"
    ):
        super().__init__(mean_absolute_error, reduction, name)


@registry.register("loss")
class MeanAbsolutePercentageError(LossFunctionWrapper):
    """`mean_absolute_percentage_error`, weighted and reduced."""

    def __init__(
        self,
        reduction=Reduction.SUM_OVER_BATCH_SIZE,
        name="mean_absolute_percentage_error",
    ):
        super().__init__(mean_absolute_percentage_error, reduction, name)


@registry.register("loss")
class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """`mean_squared_logarithmic_error`, weighted and reduced."""

    def __init__(
        self,
        reduction=Reduction.SUM_OVER_BATCH_SIZE,
        name="mean_squared_logarithmic_error",
    ):
        super().__init__(mean_squared_logarithmic_error, reduction, name)


@registry.register("loss")
class BinaryCrossentropy(LossFunctionWrapper):
    """`binary_crossentropy`, weighted and reduced.

    Args:
        from_logits: Whether predictions are logits, not probabilities.
        label_smoothing: How far targets are drawn to 0.5, 0 to 1.
        reduction, name: As for `Loss`.
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0,
        reduction=Reduction.SUM_OVER_BATCH_SIZE,
        name="binary_crossentropy",
    ):
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
        self.from_logits = from_logits


@registry.register("loss")
class CategoricalCrossentropy(LossFunctionWrapper):
    """`categorical_crossentropy` (one-hot targets), weighted and reduced.

    Args:
        from_logits: Whether predictions are logits, not probabilities.
        label_smoothing: Share of each target spread over all classes, 0 to 1.
        reduction, name: As for `Loss`.

    Example:
        >>> model.compile("sgd", CategoricalCrossentropy(label_smoothing=0.1))
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0,
        reduction=Reduction.SUM_OVER_BATCH_SIZE,
        name="categorical_crossentropy",
    ):
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@registry.register("loss")
class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """`sparse_categorical_crossentropy` (integer targets), weighted and reduced.

    Args:
        from_logits: Whether predictions are logits, not probabilities.
        reduction, name: As for `Loss`.
    """

    def __init__(
        self,
        from_logits=False,
        reduction=Reduction.SUM_OVER_BATCH_SIZE,
        name="sparse_categorical_crossentropy",
    ):
        super().__init__(
            sparse_categorical_crossentropy, reduction, name, from_logits=from_logits
        )


@registry.register("loss")
class Hinge(LossFunctionWrapper):
    """`hinge`, weighted and reduced."""

    def __init__(self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="hinge"):
        super().__init__(hinge, reduction, name)


@registry.register("loss")
class SquaredHinge(LossFunctionWrapper):
    """`squared_hinge`, weighted and reduced."""

    def __init__(self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="squared_hinge"):
        super().__init__(squared_hinge, reduction, name)


@registry.register("loss")
class CategoricalHinge(LossFunctionWrapper):
    """`categorical_hinge` (one-hot targets), weighted and reduced."""

    def __init__(
        self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="categorical_hinge"
    ):
        super().__init__(categorical_hinge, reduction, name)


@registry.register("loss")
class Poisson(LossFunctionWrapper):
    """`poisson`, weighted and reduced."""

    def __init__(self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="poisson"):
        super().__init__(poisson, reduction, name)


@registry.register("loss")
class LogCosh(LossFunctionWrapper):
    """`logcosh`, weighted and reduced."""

    def __init__(self, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="logcosh"):
        super().__init__(logcosh, reduction, name)


@registry.register("loss")
class KLDivergence(LossFunctionWrapper):
    """`kullback_leibler_divergence`, weighted and reduced."""

    def __init__(
        self,
        reduction=Reduction.SUM_OVER_BATCH_SIZE,
        name="kullback_leibler_divergence",
    ):
        super().__init__(kullback_leibler_divergence, reduction, name)


@registry.register("loss")
class Huber(LossFunctionWrapper):
    """`huber_loss`, weighted and reduced.

    Args:
        delta: Where the square turns into a straight line, in the unit of the target.
        reduction, name: As for `Loss`.

    Example:
        >>> float(Huber(delta=2.0)([[0.0]], [[3.0]]))  # 2 (3 - 2 / 2)
        4.0
    """

    def __init__(
        self, delta=1.0, reduction=Reduction.SUM_OVER_BATCH_SIZE, name="huber_loss"
    ):
        super().__init__(huber_loss, reduction, name, delta=delta)


@registry.register("loss")
class CosineSimilarity(LossFunctionWrapper):
    """`cosine_proximity`, weighted and reduced.

    Args:
        axis: Axis along which targets and predictions are vectors.
        reduction, name: As for `Loss`.
    """

    def __init__(
        self,
        axis=-1,
        reduction=Reduction.SUM_OVER_BATCH_SIZE,
        name="cosine_similarity",
    ):
        super().__init__(cosine_proximity, reduction, name, axis=axis)


# ---------------------------------------------------------------------- by name


def serialize(loss):
    """The name of a loss function, or the config of a loss object."""
    return registry.serialize(loss)


def deserialize(name, custom_objects=None):
    """The loss of a name or config.

    Args:
        name: Its name, or `{"class_name", "config"}`.
        custom_objects: Classes and functions of your own by name, looked through first.
    """
    return registry.deserialize("loss", name, custom_objects)


def get(identifier):
    """The loss of a name, config, function or object; None for None.

    Raises:
        ValueError: No such loss (the message has the nearest name), or not a loss.

    Example:
        >>> get("mse") is mean_squared_error
        True
    """
    return registry.get("loss", identifier)


def function_of(loss: Any) -> Callable[..., Any] | None:
    """The function behind a loss given in any form, or None if there is none."""
    if isinstance(loss, str | Mapping):
        loss = get(loss)
    if isinstance(loss, LossFunctionWrapper):
        return loss.fn
    return loss if hasattr(loss, "__name__") else None


def is_categorical_crossentropy(loss):
    """Whether `loss`, in any form, is `categorical_crossentropy`."""
    function = None if loss is None else function_of(loss)
    return getattr(function, "__name__", None) == "categorical_crossentropy"


# ---------------------------------------------------------------------- bad labels

# These want targets in the very shape of the predictions.  Functions that a user wrote
# may want anything.
_ELEMENTWISE = frozenset(
    {
        mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_logarithmic_error,
        squared_hinge,
        hinge,
        categorical_hinge,
        logcosh,
        huber_loss,
        binary_crossentropy,
        kullback_leibler_divergence,
        poisson,
        cosine_proximity,
    }
)


def check_labels(
    loss: Any, y: Any, output_shape: Sequence[int | None], name: str | None = None
) -> None:
    """Raise unless targets fit a built-in loss; the losses of users are let through.

    Args:
        loss: A loss in any form.
        y: All targets of one output; looked at, not changed. Values are looked at only
            where that is cheap: integer labels in memory.
        output_shape: Shape of the output, None where it varies.
        name: Name of the output, for the message.

    Raises:
        ValueError: Class numbers where one-hot rows are wanted or the other way round,
            classes that the output does not have, or another shape than the output's.
    """
    function = None if loss is None else function_of(loss)
    shape = getattr(y, "shape", None)
    if function is None or shape is None or output_shape is None:
        return
    shape, output_shape = tuple(shape), tuple(output_shape)
    where = f" of output `{name}`" if name else ""
    if function is categorical_crossentropy:
        _check_one_hot(shape, output_shape, where)
    elif function is sparse_categorical_crossentropy:
        axis = getattr(loss, "fn_kwargs", {}).get("axis", -1)
        _check_classes(y, shape, output_shape, axis, where)
    elif function in _ELEMENTWISE and not _fits(shape, output_shape):
        raise _misfit(function.__name__, shape, output_shape, where)
    if function is binary_crossentropy and output_shape[-1:] == (1,):
        _check_binary(y, where)


def _same(shape, expected):
    return len(shape) == len(expected) and all(
        None in (have, want) or have == want
        for have, want in zip(shape[1:], expected[1:], strict=True)
    )


def _fits(shape, expected):
    """Equal but for the first axis, or for one last axis of size one."""
    return (
        _same(shape, expected)
        or _same((*shape, 1), expected)
        or _same(shape, (*expected, 1))
    )


def _misfit(loss, shape, output_shape, where):
    return errors.DataError(
        errors.message(
            f"Targets{where} do not fit the loss `{loss}`",
            received=f"an array of shape {errors.given_shape(shape)}",
            expected=f"targets to have the same shape as the output, {output_shape}",
            fix="Change the targets, or the number of units of the last layer.",
        )
    )


def _check_one_hot(shape, output_shape, where):
    if shape[-1:] == (1,) or _same(shape, output_shape[:-1]):
        raise errors.DataError(
            errors.message(
                f"You are passing a target array{where} of class numbers to the loss "
                "`categorical_crossentropy`",
                received=f"an array of shape {errors.given_shape(shape)}",
                expected=f"one-hot rows, {output_shape}",
                fix="Use the loss `sparse_categorical_crossentropy`, which takes class "
                "numbers, or turn them into rows with `to_categorical(y)`."
                if output_shape[-1:] != (1,)
                else "For two classes and one unit, use `sigmoid` and "
                "`binary_crossentropy`; for more, as many units as classes.",
            )
        )
    if not _same(shape, output_shape):
        raise _misfit("categorical_crossentropy", shape, output_shape, where)


def _in_memory(y):
    """Labels as numbers to look at; None where that would cost a lot."""
    if not (isinstance(y, np.ndarray) or K.is_tensor(y)):
        return None
    labels = np.asarray(y)
    return labels if labels.size and labels.dtype.kind in "iuf" else None


def _check_binary(y, where):
    labels = _in_memory(y)
    if labels is None or labels.dtype.kind == "f":  # soft labels may be anything
        return
    low, high = labels.min(), labels.max()
    if low < 0 or high > 1:
        raise errors.DataError(
            errors.message(
                f"Targets{where} do not fit the loss `binary_crossentropy`",
                received=f"whole numbers from {low} to {high}",
                expected="0 and 1",
                fix="For more than two classes use `softmax`, a unit for each class "
                "and `sparse_categorical_crossentropy`; for -1 and 1, `hinge`.",
            )
        )


def _check_classes(y, shape, output_shape, axis, where):
    axis %= len(output_shape)
    expected = output_shape[:axis] + output_shape[axis + 1 :]
    kept = (*output_shape[:axis], 1, *output_shape[axis + 1 :])
    if not (_fits(shape, expected) or _same(shape, kept)):
        rows = _same(shape, output_shape)
        raise errors.DataError(
            errors.message(
                f"Targets{where} do not fit the loss `sparse_categorical_crossentropy`",
                received=f"an array of shape {errors.given_shape(shape)}"
                + (", which looks one-hot" if rows else ""),
                expected=f"one class number each, {expected}",
                fix="Use the loss `categorical_crossentropy`, which takes one-hot "
                "rows, or turn them into numbers with `np.argmax(y, axis=-1)`."
                if rows
                else "Change the targets, or the shape of the output.",
            )
        )
    classes = output_shape[axis]
    labels = _in_memory(y)
    if classes is None or labels is None:
        return
    low, high = labels.min(), labels.max()
    if low < 0 or high >= classes:
        raise errors.DataError(
            errors.message(
                f"Targets{where} name classes that the output does not have",
                received=f"class numbers from {low:g} to {high:g}",
                expected=f"0 to {classes - 1}, as the output has {classes} "
                + ("class" if classes == 1 else "classes"),
                fix="Count classes from 0, or give the last layer more units.",
            )
        )
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.trunc(labels)):
        raise errors.DataError(
            errors.message(
                f"Targets{where} do not fit the loss `sparse_categorical_crossentropy`",
                received="numbers with a fraction",
                expected="whole class numbers",
                fix="Use `mse` or another loss of real numbers, or round the targets.",
            )
        )


__getattr__, __dir__ = vocabulary.face(__name__)
