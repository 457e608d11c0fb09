"""Metrics made of true and false positives and negatives, at one or many thresholds.

A prediction is positive if it is above a threshold.  Means of hits per sample are
`means`' business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum
from typing import Any

import jax
import numpy as np

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import Variable, registry
from cthulhu.losses import broadcast_weights, squeeze_or_expand_dimensions, tensor
from cthulhu.metrics.base import Metric

# Where predictions outside the top k go, and the threshold that still excludes them.
NEG_INF = -1e10


class ConfusionMatrix(Enum):
    """The four things that a cut prediction can be."""

    TRUE_POSITIVES = "tp"
    FALSE_POSITIVES = "fp"
    TRUE_NEGATIVES = "tn"
    FALSE_NEGATIVES = "fn"


class AUCCurve(StrEnum):
    """Curves that an area can be under: receiver operating, precision-recall."""

    ROC = "ROC"
    PR = "PR"

    @staticmethod
    def from_str(key: str) -> AUCCurve:
        """The curve of a name, as in `"ROC"` or `"pr"`."""
        return _member(AUCCurve, "AUC curve", key)


class AUCSummationMethod(StrEnum):
    """Heights of the strips under a curve: the mean, the larger or the smaller end."""

    INTERPOLATION = "interpolation"
    MAJORING = "majoring"
    MINORING = "minoring"

    @staticmethod
    def from_str(key: str) -> AUCSummationMethod:
        """The method of a name, as in `"majoring"` or `"Majoring"`."""
        return _member(AUCSummationMethod, "AUC summation method", key)


def _member(kind: Any, words: str, key: Any) -> Any:
    if isinstance(key, kind):
        return key
    for member in kind:
        if member.value.lower() == str(key).lower():
            return member
    raise errors.unknown_name(words, key, [member.value for member in kind])


def assert_thresholds_range(thresholds: Sequence[Any]) -> None:
    """Raise ValueError unless all thresholds are in [0, 1]."""
    wrong = [t for t in thresholds if t is None or not 0 <= t <= 1]
    if wrong:
        raise ValueError(
            errors.message(
                "Thresholds cut probabilities",
                received=", ".join(map(str, wrong)),
                expected="numbers from 0 to 1",
            )
        )


def parse_init_thresholds(thresholds: Any, default_threshold: float = 0.5) -> list:
    """A list of thresholds from a number, a list or None."""
    if thresholds is None:
        return [default_threshold]
    single = np.ndim(thresholds) == 0
    listed = [thresholds] if single else list(thresholds)
    assert_thresholds_range(listed)
    return listed


def filter_top_k(x: Any, k: int) -> Any:
    """`x` with all but the `k` largest of the last axis set to `NEG_INF`."""
    _, places = jax.lax.top_k(x, k)
    among = K.sum(K.one_hot(places, x.shape[-1]), axis=-2)
    return x * among + NEG_INF * (1.0 - among)


def ratio(part: Any, whole: Any) -> Any:
    """`part / whole`, and 0 where `whole` is not above 0."""
    return K.switch(K.greater(whole, 0), part / whole, K.zeros_like(whole))


def update_confusion_matrix_variables(
    variables_to_update: Mapping[ConfusionMatrix, Variable],
    y_true: Any,
    y_pred: Any,
    thresholds: Any = 0.5,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> list[Any]:
    """Add the weights of a batch to what is counted at each threshold.

    Args:
        variables_to_update: Variable of shape (thresholds,) for each kind counted.
        y_true: Targets; all but 0 is true.
        y_pred: Predictions of the same shape; above a threshold is positive.
        thresholds: A number or a list.
        top_k: Only the `top_k` largest of the last axis can be positive.
        class_id: Only this entry of the last axis counts.
        sample_weight: None, a number or an array that spreads over predictions.

    Returns:
        The updates done.

    Raises:
        ValueError: A key is no `ConfusionMatrix`, or shapes do not fit.
    """
    wrong = [key for key in variables_to_update if key not in list(ConfusionMatrix)]
    if wrong or not variables_to_update:
        raise ValueError(
            errors.message(
                "Confusion matrices count four things",
                received=f"keys {wrong}",
                expected=f"at least one of {list(ConfusionMatrix)}",
            )
        )
    y_true = K.cast(tensor(y_true), K.floatx())
    y_pred = K.cast(tensor(y_pred), K.floatx())
    y_pred, y_true = squeeze_or_expand_dimensions(y_pred, y_true)
    weights = None
    if sample_weight is not None:
        weights = K.cast(tensor(sample_weight), K.floatx())
        y_pred, _, weights = squeeze_or_expand_dimensions(y_pred, None, weights)
    if top_k is not None:
        y_pred = filter_top_k(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    if weights is None:
        weights = K.ones_like(y_pred)
    elif class_id is not None and K.ndim(weights) == K.ndim(y_pred) + 1:
        every_class = K.int_shape(weights)[-1] == 1
        weights = weights[..., 0 if every_class else class_id]
    if K.int_shape(y_true) != K.int_shape(y_pred):
        raise errors.ShapeMismatch(
            errors.message(
                "Targets and predictions do not fit each other",
                received=f"shapes {K.int_shape(y_true)} and {K.int_shape(y_pred)}",
                expected="equal shapes",
            )
        )

    weights = K.reshape(broadcast_weights(y_pred, weights), (1, -1))
    label = K.not_equal(K.reshape(y_true, (1, -1)), 0)
    cuts = K.constant(thresholds, shape=(np.size(thresholds), 1))
    positive = K.greater(K.reshape(y_pred, (1, -1)), cuts)

    none = K.zeros_like(weights)
    of_true, of_false = (
        K.switch(label, weights, none),
        K.switch(label, none, weights),
    )
    counts = {
        ConfusionMatrix.TRUE_POSITIVES: (of_true, none),
        ConfusionMatrix.FALSE_POSITIVES: (of_false, none),
        ConfusionMatrix.TRUE_NEGATIVES: (none, of_false),
        ConfusionMatrix.FALSE_NEGATIVES: (none, of_true),
    }
    return [
        K.update_add(variable, K.sum(K.switch(positive, *counts[kind]), axis=1))
        for kind, variable in variables_to_update.items()
    ]


class _ThresholdMetric(Metric):
    """A metric that counts some of the four at each of its `thresholds`."""

    counted: tuple[ConfusionMatrix, ...] = tuple(ConfusionMatrix)
    thresholds: Sequence[float]
    top_k: int | None = None
    class_id: int | None = None

    def _count(self) -> None:
        shape = (len(self.thresholds),)
        self._counts = {
            kind: self.add_weight(kind.name.lower(), shape) for kind in self.counted
        }

    def update_state(self, y_true, y_pred, sample_weight=None):
        return update_confusion_matrix_variables(
            self._counts,
            y_true,
            y_pred,
            thresholds=self.thresholds,
            top_k=self.top_k,
            class_id=self.class_id,
            sample_weight=sample_weight,
        )

    def _single(self, values: Any) -> Any:
        return values[0] if len(self.thresholds) == 1 else values

    @property
    def true_positives(self) -> Variable:
        return self._counts[ConfusionMatrix.TRUE_POSITIVES]

    @property
    def false_positives(self) -> Variable:
        return self._counts[ConfusionMatrix.FALSE_POSITIVES]

    @property
    def true_negatives(self) -> Variable:
        return self._counts[ConfusionMatrix.TRUE_NEGATIVES]

    @property
    def false_negatives(self) -> Variable:
        return self._counts[ConfusionMatrix.FALSE_NEGATIVES]


class _Count(_ThresholdMetric):
    """How many (or of what weight) are of one of the four kinds.

    Args:
        thresholds: A number or a list in [0, 1]; default 0.5. One value for each.
        name, dtype: As for `Metric`.
    """

    def __init__(self, thresholds=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = parse_init_thresholds(thresholds)
        self._count()

    @property
    def accumulator(self) -> Variable:
        """The Variable that counts."""
        return self._counts[self.counted[0]]

    def result(self):
        return self._single(K.identity(self.accumulator))

    def get_config(self):
        return {**super().get_config(), "thresholds": self.init_thresholds}


@registry.register("metric")
class TruePositives(_Count):
    """How many ones are found: targets 1 with predictions above the threshold.

    Args:
        thresholds: A number or a list in [0, 1]; default 0.5. One value for each.
        name, dtype: As for `Metric`.

    Example:
        >>> float(TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        2.0
    """

    direction = "max"
    counted = (ConfusionMatrix.TRUE_POSITIVES,)


@registry.register("metric")
class FalsePositives(_Count):
    """How many zeros are taken for ones: targets 0, predictions above the threshold.

    Args:
        thresholds: A number or a list in [0, 1]; default 0.5. One value for each.
        name, dtype: As for `Metric`.

    Example:
        >>> float(FalsePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        1.0
    """

    direction = "min"
    counted = (ConfusionMatrix.FALSE_POSITIVES,)


@registry.register("metric")
class TrueNegatives(_Count):
    """How many zeros are found: targets 0, predictions not above the threshold.

    Args:
        thresholds: A number or a list in [0, 1]; default 0.5. One value for each.
        name, dtype: As for `Metric`.

    Example:
        >>> float(TrueNegatives()([0, 0, 1], [0, 1, 1]))
        1.0
    """

    direction = "max"
    counted = (ConfusionMatrix.TRUE_NEGATIVES,)


@registry.register("metric")
class FalseNegatives(_Count):
    """How many ones are missed: targets 1, predictions not above the threshold.

    Args:
        thresholds: A number or a list in [0, 1]; default 0.5. One value for each.
        name, dtype: As for `Metric`.

    Example:
        >>> float(FalseNegatives()([0, 1, 1, 1], [1, 0, 1, 1]))
        1.0
    """

    direction = "min"
    counted = (ConfusionMatrix.FALSE_NEGATIVES,)


class _Share(_ThresholdMetric):
    """True positives as a share of them and of one other kind.

    Args:
        thresholds: A number or a list in [0, 1], one value for each; default 0.5, or no
            threshold with `top_k`.
        top_k: Only the `top_k` largest predictions of a sample count as positive.
        class_id: Only this entry of the last axis counts.
        name, dtype: As for `Metric`.
    """

    direction = "max"

    def __init__(
        self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None
    ):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self.thresholds = parse_init_thresholds(
            thresholds, 0.5 if top_k is None else NEG_INF
        )
        self._count()

    def result(self):
        hits, others = (self._counts[kind].value for kind in self.counted)
        return self._single(ratio(hits, hits + others))

    def get_config(self):
        return {**super().get_config(), "thresholds": self.init_thresholds}


@registry.register("metric")
class Precision(_Share):
    """What share of the positive predictions is right: `tp / (tp + fp)`.

    Args:
        thresholds: A number or a list in [0, 1], one value for each; default 0.5, or no
            threshold with `top_k`.
        top_k: Only the `top_k` largest predictions of a sample count as positive.
        class_id: Only this entry of the last axis counts.
        name, dtype: As for `Metric`.

    Example:
        >>> round(float(Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 2)
        0.67
    """

    counted = (ConfusionMatrix.TRUE_POSITIVES, ConfusionMatrix.FALSE_POSITIVES)


@registry.register("metric")
class Recall(_Share):
    """What share of the targets 1 is found: `tp / (tp + fn)`.

    Args:
        thresholds: A number or a list in [0, 1], one value for each; default 0.5, or no
            threshold with `top_k`.
        top_k: Only the `top_k` largest predictions of a sample count as positive.
        class_id: Only this entry of the last axis counts.
        name, dtype: As for `Metric`.

    Example:
        >>> float(Recall()([0, 1, 1], [1, 0, 1]))
        0.5
    """

    counted = (ConfusionMatrix.TRUE_POSITIVES, ConfusionMatrix.FALSE_NEGATIVES)


class SensitivitySpecificityBase(_ThresholdMetric):
    """One rate at the threshold where another comes nearest to a given value.

    Args:
        value: The given value, 0 to 1.
        num_thresholds: How many thresholds are tried, evenly from 0 to 1.
        name, dtype: As for `Metric`.
    """

    direction = "max"

    def __init__(self, value, num_thresholds=200, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        if num_thresholds <= 0:
            raise ValueError(
                errors.message(
                    "No threshold to try",
                    received=f"`num_thresholds` {num_thresholds}",
                    expected="1 or more",
                )
            )
        self.value = value
        self.num_thresholds = num_thresholds
        self.thresholds = (
            [0.5]
            if num_thresholds == 1
            else [i / (num_thresholds - 1) for i in range(num_thresholds)]
        )
        self._count()

    def _rates(self) -> tuple[Any, Any]:
        """Sensitivity and specificity at each threshold."""
        hits, rejects = self.true_positives.value, self.true_negatives.value
        return (
            ratio(hits, hits + self.false_negatives),
            ratio(rejects, rejects + self.false_positives),
        )

    def _at(self, wanted: Any, given: Any) -> Any:
        return wanted[K.argmin(K.abs(given - self.value), axis=0)]


def _check_rate(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(
            errors.message(
                f"`{name}` is a share", received=value, expected="a number from 0 to 1"
            )
        )
    return value


@registry.register("metric")
class SensitivityAtSpecificity(SensitivitySpecificityBase):
    """The sensitivity `tp / (tp + fn)` where the specificity is nearest to a given one.

    Args:
        specificity: `tn / (tn + fp)` that is wanted, 0 to 1.
        num_thresholds: How many thresholds are tried, evenly from 0 to 1.
        name, dtype: As for `Metric`.
    """

    def __init__(self, specificity, num_thresholds=200, name=None, dtype=None):
        self.specificity = _check_rate("specificity", specificity)
        super().__init__(specificity, num_thresholds, name, dtype)

    def result(self):
        sensitivity, specificity = self._rates()
        return self._at(sensitivity, specificity)


@registry.register("metric")
class SpecificityAtSensitivity(SensitivitySpecificityBase):
    """The specificity `tn / (tn + fp)` where the sensitivity is nearest to a given one.

    Args:
        sensitivity: `tp / (tp + fn)` that is wanted, 0 to 1.
        num_thresholds: How many thresholds are tried, evenly from 0 to 1.
        name, dtype: As for `Metric`.
    """

    def __init__(self, sensitivity, num_thresholds=200, name=None, dtype=None):
        self.sensitivity = _check_rate("sensitivity", sensitivity)
        super().__init__(sensitivity, num_thresholds, name, dtype)

    def result(self):
        sensitivity, specificity = self._rates()
        return self._at(specificity, sensitivity)


@registry.register("metric")
class AUC(_ThresholdMetric):
    """The area under a curve of rates over thresholds, as a sum of strips.

    Args:
        num_thresholds: How many thresholds, evenly from 0 to 1; 2 or more. More of them
            come nearer to the true area.
        curve: `"ROC"` (true over false positive rate), `"PR"` (precision over recall).
        summation_method: `"interpolation"` (the mean of both ends of a strip; for PR
            the positives are interpolated, not their ratio), `"majoring"` or
            `"minoring"` (the larger or the smaller end).
        name, dtype: As for `Metric`.
        thresholds: Thresholds in [0, 1] in place of even ones; both ends are added.

    Example:
        >>> float(AUC()([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9]))
        1.0

    See: Davis and Goadrich, The relationship between precision-recall and ROC curves,
    2006, section 4.
    """

    direction = "max"

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        name=None,
        dtype=None,
        thresholds=None,
    ):
        if thresholds is not None:
            inner = sorted(float(t) for t in thresholds)
            assert_thresholds_range(inner)
        elif num_thresholds <= 1:
            raise ValueError(
                errors.message(
                    "An area needs two thresholds",
                    received=f"`num_thresholds` {num_thresholds}",
                    expected="2 or more",
                )
            )
        else:
            inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
        self.num_thresholds = len(inner) + 2
        # A little beyond both ends, for predictions of exactly 0 and 1.
        self.thresholds = [0.0 - K.epsilon(), *inner, 1.0 + K.epsilon()]
        self.curve = AUCCurve.from_str(curve)
        self.summation_method = AUCSummationMethod.from_str(summation_method)
        super().__init__(name=name, dtype=dtype)
        self._count()

    def result(self):
        hits, false_alarms = self.true_positives.value, self.false_positives.value
        recall = ratio(hits, hits + self.false_negatives)
        if self.curve is AUCCurve.ROC:
            x, y = ratio(false_alarms, false_alarms + self.true_negatives), recall
        elif self.summation_method is AUCSummationMethod.INTERPOLATION:
            return self.interpolate_pr_auc()
        else:
            x, y = recall, ratio(hits, hits + false_alarms)
        left, right = y[:-1], y[1:]
        if self.summation_method is AUCSummationMethod.INTERPOLATION:
            heights = (left + right) / 2.0
        elif self.summation_method is AUCSummationMethod.MINORING:
            heights = K.minimum(left, right)
        else:
            heights = K.maximum(left, right)
        return K.sum((x[:-1] - x[1:]) * heights)

    def interpolate_pr_auc(self):
        """The area under precision over recall where positives are interpolated.

        Between two thresholds true positives T and all positives P are taken to grow in
        proportion: T = a + s P. The strip's area is then the integral of T / P dT, that
        is s (dT + a log(P_left / P_right)), over the number of targets 1.
        """
        hits = self.true_positives.value
        positives = hits + self.false_positives
        gained = hits[:-1] - hits[1:]
        slope = ratio(gained, K.maximum(positives[:-1] - positives[1:], 0))
        start = hits[1:] - slope * positives[1:]
        # Without positives at the right end the precision of the strip is constant.
        growth = K.switch(
            K.greater(positives[1:], 0),
            positives[:-1] / positives[1:],
            K.ones_like(gained),
        )
        growth = K.switch(K.greater(positives[:-1], 0), growth, K.ones_like(gained))
        area = slope * (gained + start * K.log(growth))
        return K.sum(ratio(area, hits[1:] + self.false_negatives.value[1:]))

    def get_config(self):
        return {
            **super().get_config(),
            "curve": self.curve.value,
            "summation_method": self.summation_method.value,
            "thresholds": self.thresholds[1:-1],
        }


@registry.register("metric")
class MeanIoU(Metric):
    """The mean over classes of intersection over union, from class numbers.

    `tp / (tp + fp + fn)` of each class that occurs, averaged.

    Args:
        num_classes: How many classes there are; targets and predictions are class
            numbers from 0.
        name, dtype: As for `Metric`.

    Example:
        >>> float(MeanIoU(2)([0, 0, 1, 1], [0, 1, 0, 1]))  # doctest: +ELLIPSIS
        0.333...
    """

    direction = "max"

    def __init__(self, num_classes, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.total_cm = self.add_weight(
            "total_confusion_matrix", (num_classes, num_classes)
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        rows, columns = (
            K.one_hot(K.cast(K.reshape(tensor(y), (-1,)), "int32"), self.num_classes)
            for y in (y_true, y_pred)
        )
        if sample_weight is not None:
            y_pred = tensor(y_pred)
            weights = self.cast(sample_weight)
            y_pred, _, weights = squeeze_or_expand_dimensions(y_pred, None, weights)
            weights = broadcast_weights(self.cast(y_pred), weights)
            rows = rows * K.reshape(weights, (-1, 1))
        # Accelerators round factors unless told not to; weights may be fractions.
        pairs = jax.numpy.matmul(rows.T, columns, precision="highest")
        return [K.update_add(self.total_cm, pairs)]

    def result(self):
        counts = self.total_cm.value
        both = K.sum(counts * K.eye(self.num_classes), axis=0)
        either = K.sum(counts, axis=0) + K.sum(counts, axis=1) - both
        occurs = K.cast(K.greater(either, 0), K.floatx())
        return ratio(K.sum(ratio(both, either)), K.sum(occurs))
