"""Metrics: numbers by hand, state in and out of compiled steps, configs."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import core, metrics


def golden(name):
    path = Path(__file__).parents[1] / "golden" / name
    return json.loads(path.read_text("utf-8"))["cases"]


GOLDEN, OBJECTS = golden("losses.json"), golden("metric_objects.json")
# What a class needs besides its defaults.
ARGUMENTS = {
    "MeanIoU": {"num_classes": 2},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}
CLASSES = sorted(
    name
    for name in core.registry.names("metric")
    if isinstance(core.registry.find("metric", name), type)
)


def make(cls, **kwargs):
    return getattr(metrics, cls)(**ARGUMENTS.get(cls, {}), **kwargs)


def close(found, wanted, tolerance=1e-6):
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("name", sorted(n for n in GOLDEN if n.startswith("metric/")))
def test_functions_give_the_numbers_of_real_keras(name):
    case = GOLDEN[name]
    function = metrics.get(case["name"])
    close(function(case["y_true"], case["y_pred"], **case["kwargs"]), case["output"])


ACTIVATIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_give_the_numbers_of_real_keras(name):
    case = OBJECTS[name]
    y_pred = np.array(case["x"])
    weights = iter(case["weights"])
    for activation, kernel, bias in zip(case["layers"], weights, weights, strict=True):
        y_pred = ACTIVATIONS[activation](y_pred @ np.array(kernel) + np.array(bias))
    for config, value in zip(case["metrics"], case["value"], strict=True):
        metric = metrics.resolve(config)
        for start in range(0, len(y_pred), 4):  # in batches of 4, as Keras did
            batch = slice(start, start + 4)
            metric.update_state(case["y"][batch], y_pred[batch])
        close(metric.result(), value)


# ------------------------------------------------------------------ state


def test_a_mean_runs_over_batches_until_it_is_reset():
    mean = metrics.Mean()
    close(mean([1.0, 3.0]), 2.0)
    close(mean(8.0), 4.0)
    mean.reset_states()
    close(mean(5.0), 5.0)


def test_a_sum_weighs_its_values():
    total = metrics.Sum()
    close(total([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]), 4.0)
    close(total([[1], [5]], sample_weight=[1, 0.2]), 6.0)  # weights get an axis
    close(total([1, 5], sample_weight=[[1], [0.2]]), 8.0)  # weights lose one
    close(total([1, 2], sample_weight=0.5), 9.5)


def test_a_weight_counts_for_each_value_that_it_spreads_over():
    mean = metrics.Mean()
    close(mean(np.ones((2, 3, 4), "f"), sample_weight=[1.0, 3.0]), 1.0)
    close(mean.count, 12.0 + 36.0)


def test_a_mean_of_nothing_is_not_a_number():
    assert np.isnan(metrics.Mean().result())


def test_a_mean_over_the_batch_size_counts_values_whatever_their_weights():
    mean = metrics.Reduce("sum_over_batch_size", "mean")
    close(mean([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]), 1.0)


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="Did you mean `sum`"):
        metrics.Reduce("summ", "mean")


def test_what_an_update_returns_can_be_evaluated():
    mean = metrics.Mean()
    updates = mean.update_state([2.0, 4.0])
    assert [float(K.eval(update)) for update in updates] == [6.0, 2.0]
    assert K.eval(mean.result()) == 3.0


def test_a_metric_takes_variables_arrays_and_lists():
    target, prediction = [[0.0, 2.0]], [[1.0, 4.0]]
    for kind in (list, np.array, jax.numpy.asarray, core.Variable):
        close(metrics.MeanSquaredError()(kind(target), kind(prediction)), 2.5)


def inputs_for(name):
    y_true = np.float32([[0, 1], [1, 0], [0, 1], [1, 0]])
    y_pred = np.float32([[0.1, 0.9], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]])
    if name.startswith("Sparse"):
        y_true = y_true.argmax(-1)
    if name == "MeanIoU":
        y_true, y_pred = y_true.argmax(-1), y_pred.argmax(-1)
    return y_true, y_pred


@pytest.mark.parametrize("name", CLASSES)
def test_a_compiled_step_gives_what_a_plain_call_gives(name):
    plain, compiled = make(name), make(name)
    arguments = inputs_for(name)
    if name in ("Mean", "Sum"):
        arguments = arguments[1:]

    @jax.jit
    def step(state, *arguments):
        with core.Scope(dict(zip(compiled.variables, state, strict=True))) as scope:
            compiled.update_state(*arguments)
            assert not scope.strangers
            state = [scope.values[v] for v in compiled.variables]
            return state, compiled.result()

    state = [v.value for v in compiled.variables]
    for _ in range(2):
        plain.update_state(*arguments)
        state, result = step(state, *arguments)
    close(result, np.asarray(plain.result()))
    close(compiled.variables[0], np.zeros(compiled.variables[0].shape))
    assert any(np.any(np.asarray(v)) for v in plain.variables)
    plain.reset_states()
    assert not any(np.any(np.asarray(v)) for v in plain.variables)


@pytest.mark.parametrize("name", CLASSES)
def test_a_metric_comes_back_from_its_config_without_its_state(name):
    one = make(name, name="mine")
    one.set_weights([np.ones(v.shape) for v in one.variables])
    two = metrics.clone_metric(one)
    three = metrics.deserialize(json.loads(json.dumps(metrics.serialize(one))))
    for other in (two, three):
        assert type(other) is type(one)
        assert other.get_config() == one.get_config()
        assert other.name == "mine"
        assert len(other.weights) == len(one.weights)
        assert not any(np.any(np.asarray(v)) for v in other.variables)


def test_names_are_the_functions_or_counted():
    core.naming.reset_uids()
    assert metrics.MeanSquaredError().name == "mean_squared_error"
    assert [metrics.AUC().name, metrics.AUC().name] == ["auc_1", "auc_2"]
    assert metrics.SensitivityAtSpecificity(0.5).name == "sensitivity_at_specificity_1"


def test_a_metric_of_another_dtype_says_so_in_its_config():
    assert metrics.Mean(dtype="float64").get_config() == {
        "name": "mean",
        "dtype": "float64",
    }
    close(metrics.Sum(dtype="float64")(100, sample_weight=0.5), 50.0)


class Largest(metrics.Metric):
    """The largest error seen; one Variable by `add_weight`, one set plainly."""

    direction = "min"

    def __init__(self, scale=1.0, name="largest", dtype=None):
        super().__init__(name, dtype)
        self.scale = scale
        self.largest = self.add_weight("largest", initializer="ones")
        self.calls = core.Variable(0, "int32")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.calls.assign(self.calls + 1)
        error = K.max(K.abs(y_true - y_pred)) * self.scale
        self.largest.assign(K.maximum(self.largest, error))

    def result(self):
        return K.identity(self.largest)


def test_a_metric_of_the_users_own():
    metric = Largest(scale=2.0)
    close(metric(np.zeros(2, "f"), np.float32([0.1, 0.2])), 1.0)
    close(metric(np.zeros(2, "f"), np.float32([0.1, -3.0])), 6.0)
    assert len(metric.variables) == 2 and int(metric.calls) == 2
    metric.reset_states()
    assert (float(metric.largest), int(metric.calls)) == (1.0, 0)
    assert metrics.clone_metric(metric).scale == 2.0
    metric.set_weights([4.0, 3])
    assert [float(w) for w in metric.get_weights()] == [4.0, 3.0]


def test_a_metric_without_formulas_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="update_state"):
        metrics.Metric("mine")(1.0)


# ------------------------------------------------------------------ means


@pytest.mark.parametrize(
    ("metric", "y_true", "y_pred", "value"),
    [
        (metrics.Accuracy(), [1, 2, 3, 4], [0, 2, 3, 4], 0.75),
        (metrics.BinaryAccuracy(), [1, 1, 0, 0], [0.98, 1, 0, 0.6], 0.75),
        (metrics.BinaryAccuracy(threshold=0.7), [[1], [0]], [[0.6], [0.8]], 0.0),
        (metrics.BinaryAccuracy(), [1, 0], [[0.9], [0.1]], 1.0),  # a missing axis
        (
            metrics.CategoricalAccuracy(),
            [[0, 0, 1], [0, 1, 0]],
            [[0.1, 0.9, 0.8], [0, 0.9, 0]],
            0.5,
        ),
        (
            metrics.SparseCategoricalAccuracy(),
            [[2], [1]],
            [[0.1, 0.9, 0.8], [0, 0.9, 0]],
            0.5,
        ),
        (
            metrics.TopKCategoricalAccuracy(k=2),
            [[0, 1, 0], [1, 0, 0]],
            [[0.3, 0.2, 0.1], [0.1, 0.2, 0.7]],
            0.5,
        ),
        (
            metrics.SparseTopKCategoricalAccuracy(k=2),
            [1, 0],
            [[0.3, 0.2, 0.1], [0.1, 0.2, 0.7]],
            0.5,
        ),
        (metrics.RootMeanSquaredError(), [2, 4, 6], [1, 3, 2], np.sqrt(6.0)),
        (metrics.CosineSimilarity(), [[3.0, 4.0]], [[4.0, 3.0]], 0.96),
        (metrics.KLDivergence(), [[0.5, 0.5]], [[0.25, 0.75]], 0.143841),
        (metrics.Hinge(), [-1.0, 1.0, 1.0], [0.6, -0.7, -0.5], 1.6),
        (metrics.MeanAbsolutePercentageError(), [[2.0]], [[3.0]], 50.0),
        (metrics.SparseCategoricalCrossentropy(axis=0), [1], [[0.5], [0.5]], 0.693147),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_means_by_hand(metric, y_true, y_pred, value):
    metric.reset_states()
    close(metric(y_true, y_pred), value)


def test_an_accuracy_weighs_samples():
    metric = metrics.CategoricalAccuracy()
    close(metric(np.eye(2), np.eye(2)[::-1], [0.5, 0.2]), 0.0)
    close(metric(np.eye(2), np.eye(2), [[0.5], [0.2]]), 0.5)


# ------------------------------------------------------------------ confusion


@pytest.mark.parametrize(
    ("name", "value", "weighted"),
    [
        ("TruePositives", 2.0, 7.0),
        ("FalsePositives", 1.0, 1.0),
        ("TrueNegatives", 0.0, 0.0),
        ("FalseNegatives", 1.0, 2.0),
        ("Precision", 2 / 3, 7 / 8),
        ("Recall", 2 / 3, 7 / 9),
    ],
)
def test_the_four_kinds_and_their_shares(name, value, weighted):
    y_true, y_pred = [0, 1, 1, 1], [1, 0, 1, 1]
    close(make(name)(y_true, y_pred), value)
    close(make(name)(y_true, y_pred, [1, 2, 3, 4]), weighted)


def test_thresholds_give_one_value_each():
    metric = metrics.TruePositives(thresholds=[0.9, 0.15, 0.5])
    close(metric([1, 1, 0], [0.2, 0.6, 0.95]), [0.0, 2.0, 1.0])
    close(metrics.Precision(thresholds=[0.5, 0.99])([1, 0], [0.7, 0.9]), [0.5, 0.0])


def test_a_prediction_on_the_threshold_is_negative():
    close(metrics.TruePositives()([1], [0.5]), 0.0)


@pytest.mark.parametrize("thresholds", [-0.1, [0.5, 1.1], [None]])
def test_thresholds_outside_zero_and_one_are_refused(thresholds):
    with pytest.raises(ValueError, match="from 0 to 1"):
        metrics.TruePositives(thresholds=thresholds)


def test_top_k_makes_the_largest_positive():
    y_true, y_pred = [[0, 1, 1, 0]], [[0.2, 0.3, 0.05, 0.4]]
    close(metrics.Precision(top_k=2)(y_true, y_pred), 0.5)
    close(metrics.Recall(top_k=2)(y_true, y_pred), 0.5)
    close(metrics.Recall(top_k=3, thresholds=0.25)(y_true, y_pred), 0.5)


def test_one_class_alone_can_be_counted():
    y_true, y_pred = [[1, 0], [1, 1], [0, 1]], [[0.9, 0.9], [0.1, 0.9], [0.9, 0.1]]
    close(metrics.Precision(class_id=1)(y_true, y_pred), 0.5)
    close(metrics.Recall(class_id=0)(y_true, y_pred), 0.5)
    close(metrics.Recall(class_id=0)(y_true, y_pred, [3.0, 1.0, 1.0]), 0.75)


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\).*\(2, 3\)"):
        metrics.Precision()([0, 1], np.zeros((2, 3)))


RANKED = [0, 0, 0, 1, 1], [0.1, 0.3, 0.6, 0.4, 0.9]  # 5 of the 6 pairs are in order


def test_the_area_under_roc_is_the_share_of_pairs_in_order():
    close(metrics.AUC(num_thresholds=1001)(*RANKED), 5 / 6)


def test_the_ends_of_strips_hold_the_area_between_them():
    for curve in ("ROC", "PR"):
        low, middle, high = (
            float(metrics.AUC(20, curve, method)(*RANKED))
            for method in ("minoring", "interpolation", "majoring")
        )
        assert low <= middle <= high


@pytest.mark.parametrize(
    ("curve", "method", "value"),
    [
        # counts at 0 - e, 0.5, 1 + e: tp 7 4 0, fp 3 0 0, fn 0 3 7, tn 0 3 3
        ("ROC", "interpolation", 0.5 * (4 / 7 + 1) * 1),
        ("ROC", "majoring", 1.0),
        ("ROC", "minoring", 4 / 7),
        ("PR", "majoring", 3 / 7 * 1.0 + 4 / 7 * 1.0),
        ("PR", "minoring", 3 / 7 * 0.7),
        (
            "pr",
            "interpolation",
            # slope 1/2, start 2: (3 + 2 log(10/4)) / 2 / 7; then precision 1
            (0.5 * (3 + 2 * np.log(2.5)) + 4) / 7,
        ),
    ],
)
def test_areas_of_three_thresholds_by_hand(curve, method, value):
    metric = metrics.AUC(3, curve, method)
    close(metric([0, 0, 1, 1], [0, 0.5, 0.3, 0.9], [1, 2, 3, 4]), value, 1e-5)


def test_an_area_has_given_thresholds():
    metric = metrics.AUC(thresholds=[0.7, 0.2])
    assert metric.num_thresholds == 4
    assert metric.get_config()["thresholds"] == [0.2, 0.7]
    assert metric.get_config()["curve"] == "ROC"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_thresholds": 1}, "2 or more"),
        ({"curve": "RO"}, "Did you mean `ROC`"),
        ({"summation_method": "minor"}, "AUC summation method"),
        ({"thresholds": [2.0]}, "from 0 to 1"),
    ],
)
def test_areas_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.AUC(**arguments)


def test_one_rate_at_another():
    y_pred = [0.0, 0.1, 0.2, 0.3, 0.4, 0.01, 0.02, 0.25, 0.26, 0.26]
    y_true = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    weight = list(range(1, 11))
    close(metrics.SpecificityAtSensitivity(0.4)(y_true, y_pred), 0.6)
    close(metrics.SensitivityAtSpecificity(0.4)(y_true, y_pred, weight), 0.675)


def test_rates_outside_zero_and_one_are_refused():
    with pytest.raises(ValueError, match="`specificity`"):
        metrics.SensitivityAtSpecificity(-1)
    with pytest.raises(ValueError, match="`num_thresholds` -1"):
        metrics.SpecificityAtSensitivity(0.4, num_thresholds=-1)


def test_intersection_over_union_by_hand():
    metric = metrics.MeanIoU(num_classes=3)  # class 2 never occurs
    close(metric([0, 0, 1, 1], [0, 1, 0, 1]), 1 / 3)
    metric.reset_states()
    # of weight .3 right and .5 wrong for class 0, .1 right for class 1
    close(metric([0, 0, 1, 1], [0, 1, 0, 1], [0.3, 0.2, 0.4, 0.1]), (3 / 9 + 1 / 7) / 2)
