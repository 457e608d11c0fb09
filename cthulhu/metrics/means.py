"""Metrics that are the mean of a function over all samples, as classes.

Each is a function of `losses` or `functions` with a name; gathering is `base`'s
business.  All take `name` and `dtype`, as `Metric` does.
"""

from cthulhu import backend as K
from cthulhu import losses
from cthulhu.core import registry
from cthulhu.losses import squeeze_or_expand_dimensions
from cthulhu.metrics import functions
from cthulhu.metrics.base import Mean, MeanMetricWrapper


@registry.register("metric")
class Accuracy(MeanMetricWrapper):
    """How often prediction and target are equal.

    Example:
        >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
        0.75
    """

    direction = "max"

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(functions.accuracy, name, dtype)


@registry.register("metric")
class BinaryAccuracy(MeanMetricWrapper):
    """How often a probability, cut at a threshold, is the target 0 or 1.

    Args:
        name, dtype: As for `Metric`.
        threshold: Above it counts as 1; between 0 and 1.

    Example:
        >>> round(float(BinaryAccuracy(threshold=0.7)([0, 1, 1], [0.6, 0.6, 0.9])), 4)
        0.6667
    """

    direction = "max"

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        super().__init__(functions.binary_accuracy, name, dtype, threshold=threshold)


@registry.register("metric")
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the one of a one-hot target.

    Example:
        >>> float(CategoricalAccuracy()([[0, 1], [0, 1]], [[0.1, 0.9], [0.8, 0.2]]))
        0.5
    """

    direction = "max"

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(functions.categorical_accuracy, name, dtype)


@registry.register("metric")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the target's class number.

    Example:
        >>> float(SparseCategoricalAccuracy()([[1], [1]], [[0.1, 0.9], [0.8, 0.2]]))
        0.5
    """

    direction = "max"

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(functions.sparse_categorical_accuracy, name, dtype)


@registry.register("metric")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of a one-hot target is among the `k` largest predictions.

    Args:
        k: How many predictions count, 1 or more.
        name, dtype: As for `Metric`.

    Example:
        >>> float(TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.2, 0.3]]))
        1.0
    """

    direction = "max"

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(functions.top_k_categorical_accuracy, name, dtype, k=k)


@registry.register("metric")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the target's class number is among the `k` largest predictions.

    Args:
        k: How many predictions count, 1 or more.
        name, dtype: As for `Metric`.
    """

    direction = "max"

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None):
        super().__init__(functions.sparse_top_k_categorical_accuracy, name, dtype, k=k)


@registry.register("metric")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of `losses.mean_squared_error`."""

    direction = "min"

    def __init__(self, name="mean_squared_error", dtype=None):
        super().__init__(losses.mean_squared_error, name, dtype)


@registry.register("metric")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `losses.mean_absolute_error`.

    Example:
        >>> error = MeanAbsoluteError()
        >>> error.update_state([0.0], [1.0])
        >>> error.update_state([0.0], [3.0])
        >>> float(error.result())
        2.0
    """

    direction = "min"

    def __init__(self, name="mean_absolute_error", dtype=None):
        super().__init__(losses.mean_absolute_error, name, dtype)


@registry.register("metric")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `losses.mean_absolute_percentage_error`."""

    direction = "min"

    def __init__(self, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


@registry.register("metric")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `losses.mean_squared_logarithmic_error`."""

    direction = "min"

    def __init__(self, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


@registry.register("metric")
class RootMeanSquaredError(Mean):
    """The root of the mean of the squared errors of all elements seen.

    Example:
        >>> float(RootMeanSquaredError()([0.0, 0.0], [3.0, 3.0]))
        3.0
    """

    direction = "min"

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred, y_true = squeeze_or_expand_dimensions(
            self.cast(y_pred), self.cast(y_true)
        )
        return super().update_state(K.square(y_pred - y_true), sample_weight)

    def result(self):
        return K.sqrt(self.total / self.count)


@registry.register("metric")
class Hinge(MeanMetricWrapper):
    """The mean of `losses.hinge`."""

    direction = "min"

    def __init__(self, name="hinge", dtype=None):
        super().__init__(losses.hinge, name, dtype)


@registry.register("metric")
class SquaredHinge(MeanMetricWrapper):
    """The mean of `losses.squared_hinge`."""

    direction = "min"

    def __init__(self, name="squared_hinge", dtype=None):
        super().__init__(losses.squared_hinge, name, dtype)


@registry.register("metric")
class CategoricalHinge(MeanMetricWrapper):
    """The mean of `losses.categorical_hinge`."""

    direction = "min"

    def __init__(self, name="categorical_hinge", dtype=None):
        super().__init__(losses.categorical_hinge, name, dtype)


@registry.register("metric")
class LogCoshError(MeanMetricWrapper):
    """The mean of `losses.logcosh`."""

    direction = "min"

    def __init__(self, name="logcosh", dtype=None):
        super().__init__(losses.logcosh, name, dtype)


@registry.register("metric")
class Poisson(MeanMetricWrapper):
    """The mean of `losses.poisson`."""

    direction = "min"

    def __init__(self, name="poisson", dtype=None):
        super().__init__(losses.poisson, name, dtype)


@registry.register("metric")
class KLDivergence(MeanMetricWrapper):
    """The mean of `losses.kullback_leibler_divergence`."""

    direction = "min"

    def __init__(self, name="kullback_leibler_divergence", dtype=None):
        super().__init__(losses.kullback_leibler_divergence, name, dtype)


@registry.register("metric")
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between target and prediction: 1 is best.

    Args:
        name, dtype: As for `Metric`.
        axis: Axis along which targets and predictions are vectors.
    """

    direction = "max"

    def __init__(self, name="cosine_similarity", dtype=None, axis=-1):
        super().__init__(functions.cosine_proximity, name, dtype, axis=axis)


@registry.register("metric")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`.

    Args:
        name, dtype: As for `Metric`.
        from_logits: Whether predictions are logits, not probabilities.
        label_smoothing: How far targets are drawn to 0.5, 0 to 1.
    """

    direction = "min"

    def __init__(
        self,
        name="binary_crossentropy",
        dtype=None,
        from_logits=False,
        label_smoothing=0,
    ):
        super().__init__(
            losses.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@registry.register("metric")
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy` (one-hot targets).

    Args:
        name, dtype: As for `Metric`.
        from_logits: Whether predictions are logits, not probabilities.
        label_smoothing: Share of each target spread over all classes, 0 to 1.
    """

    direction = "min"

    def __init__(
        self,
        name="categorical_crossentropy",
        dtype=None,
        from_logits=False,
        label_smoothing=0,
    ):
        super().__init__(
            losses.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@registry.register("metric")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy` (class numbers).

    Args:
        name, dtype: As for `Metric`.
        from_logits: Whether predictions are logits, not probabilities.
        axis: Axis of the classes.
    """

    direction = "min"

    def __init__(
        self,
        name="sparse_categorical_crossentropy",
        dtype=None,
        from_logits=False,
        axis=-1,
    ):
        super().__init__(
            losses.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            axis=axis,
        )
