"""From what a user writes to a metric object."""

import functools

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import core, losses, metrics

BINARY, SPARSE, ROWS = (
    metrics.binary_accuracy,
    metrics.sparse_categorical_accuracy,
    metrics.categorical_accuracy,
)


@pytest.mark.parametrize(
    ("loss", "shape", "function"),
    [
        ("mse", (None, 1), BINARY),
        ("binary_crossentropy", (None, 4), BINARY),
        (losses.BinaryCrossentropy(), (None, 4), BINARY),
        ("sparse_categorical_crossentropy", (None, 4), SPARSE),
        (losses.SparseCategoricalCrossentropy(), (None, 4), SPARSE),
        (
            losses.LossFunctionWrapper(losses.sparse_categorical_crossentropy),
            (None, 4),
            SPARSE,
        ),
        ("categorical_crossentropy", (None, 4), ROWS),
        (lambda t, p: p, (None, 4), ROWS),
        (None, None, ROWS),
    ],
)
@pytest.mark.parametrize("name", ["acc", "accuracy"])
def test_accuracy_depends_on_the_output(name, loss, shape, function):
    metric = metrics.resolve(name, loss, shape)
    assert metric.fn is function
    assert metric.name == name


def test_crossentropy_depends_on_the_output():
    assert metrics.resolve("ce", "mse", (None, 1)).fn is losses.binary_crossentropy
    assert (
        metrics.resolve("crossentropy", "mse", (None, 3)).fn
        is losses.categorical_crossentropy
    )


def test_the_users_spelling_is_the_name():
    for name in ("mse", "MSE", "mean_squared_error", "AUC", "TruePositives"):
        assert metrics.resolve(name).name == name
    assert metrics.resolve(metrics.mse).name == "mean_squared_error"
    assert metrics.resolve("mse").fn is losses.mean_squared_error


def test_objects_stand_for_themselves_and_classes_are_made():
    metric = metrics.Precision(name="p")
    assert metrics.resolve(metric) is metric
    assert isinstance(metrics.resolve(metrics.Recall), metrics.Recall)
    found = metrics.resolve({"class_name": "AUC", "config": {"num_thresholds": 7}})
    assert found.num_thresholds == 7


def test_a_function_of_the_users_own_is_averaged():
    def span(y_true, y_pred):
        return K.max(y_pred) - K.min(y_pred)  # one number a batch

    metric = metrics.resolve(span)
    assert metric.name == "span"
    metric.update_state([0.0, 0.0], [1.0, 3.0])
    metric.update_state([0.0, 0.0], [1.0, 5.0], [1.0, 1.0])
    np.testing.assert_allclose(metric.result(), (2 + 2 * 4) / 3)
    assert metrics.resolve(lambda t, p: p).name == "<lambda>"


def test_a_function_with_arguments_filled_in_has_its_name():
    top = functools.partial(metrics.top_k_categorical_accuracy, k=2)
    assert metrics.resolve(top).name == "top_k_categorical_accuracy"


def test_a_custom_object_is_found_by_name():
    def acc(y_true, y_pred):
        return y_pred

    with core.registry.custom_object_scope({"acc": acc}):
        assert metrics.resolve("acc").fn is acc


def test_an_unknown_metric_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `categorical_accuracy`"):
        metrics.resolve("categorical_acuracy")
    with pytest.raises(ValueError, match="Could not interpret the metric"):
        metrics.get(5)


class Hits:
    """A stateful metric as older code writes it."""

    stateful = True
    name = "hits"

    def __init__(self):
        self.count = K.variable(0, dtype="int32")

    def reset_states(self):
        K.set_value(self.count, 0)

    def __call__(self, y_true, y_pred):
        hits = K.sum(K.cast(K.equal(y_true, K.round(y_pred)), "int32"))
        before = self.count * 1
        K.update_add(self.count, hits)
        return before + hits


def test_a_stateful_object_of_older_code_keeps_its_own_state():
    metric = metrics.resolve(Hits())
    assert metric.name == "hits"
    assert len(metric.variables) == 2
    assert float(metric([1.0, 0.0], [0.9, 0.8])) == 1.0
    assert float(metric([1.0, 0.0], [0.9, 0.2])) == 3.0
    metric.reset_states()
    assert float(metric([1.0], [0.9])) == 1.0


def test_lists_and_dicts_of_metrics_are_cloned():
    mean = metrics.Mean()
    mean(3.0)
    listed = metrics.clone_metrics([mean, "acc"])
    assert listed[0] is not mean and float(listed[0].total) == 0.0
    assert listed[1] == "acc"
    assert list(metrics.clone_metrics({"a": mean})) == ["a"]
    assert metrics.clone_metrics(None) is None


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("head_loss", "min"),
        ("val_acc_loss", "min"),
        ("acc", "max"),
        ("val_accuracy", "max"),
        ("val_head_acc", "max"),
        ("acc_1", "max"),
        ("val_auc", "max"),
        ("val_auc_3", "max"),
        ("precision_1", "max"),
        ("val_fmeasure", "max"),
        ("f1_score", "max"),
        ("mse", "min"),
        ("MSE", "min"),
        ("val_mean_absolute_error", "min"),
        ("root_mean_squared_error", "min"),
        ("false_positives_2", "min"),
        ("true_negatives", "max"),
        ("cosine_proximity", "max"),
        ("sensitivity_at_specificity_1", "max"),
        ("mean_io_u_1", "max"),
        ("AUC", "max"),
        ("TruePositives", "max"),
        ("top_k_categorical_accuracy", "max"),
        ("kullback_leibler_divergence", "min"),
        ("myacc", "max"),
        ("lr", None),
        ("mean", None),
        ("temperature", None),
        ("", None),
    ],
)
def test_directions(name, way):
    assert metrics.direction(name) == way


def test_a_metric_may_tell_its_own_direction():
    class Speed(metrics.Metric):
        direction = "max"

    assert metrics.direction("val_speed") is None
    assert metrics.direction("val_speed", [Speed("speed")]) == "max"
    assert metrics.direction("head_speed", [Speed("speed")]) == "max"
    with core.registry.custom_object_scope({"Speed": Speed}):
        assert metrics.direction("val_speed_1") == "max"
