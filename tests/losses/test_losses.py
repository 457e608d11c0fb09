"""Losses: formulas, weights, reductions, names, and labels that do not fit."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import core, losses
from cthulhu.layers import Dense
from cthulhu.models import Sequential

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "losses.json").read_text("utf-8")
)["cases"]
FUNCTIONS = sorted(name for name in GOLDEN if name.startswith("loss/"))
OBJECTS = sorted(name for name in GOLDEN if name.startswith("loss_object/"))


def close(found, wanted, tolerance=2e-6):
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_their_gradients_give_the_numbers_of_real_keras(name):
    case = GOLDEN[name]
    function = losses.get(case["name"])
    y_true, y_pred = (np.float32(case[key]) for key in ("y_true", "y_pred"))

    def loss(prediction):
        return function(y_true, prediction, **case["kwargs"])

    close(loss(y_pred), case["output"])
    gradient = jax.jit(jax.grad(lambda p: loss(p).sum()))(y_pred)
    close(gradient, case["grad_y_pred"], tolerance=1e-5)


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_give_the_numbers_of_real_keras(name):
    case = GOLDEN[name]
    cls = getattr(losses, case["class_name"])
    close(
        cls(**case["kwargs"])(case["y_true"], case["y_pred"], case["sample_weight"]),
        case["output"],
    )


def test_a_mean_of_squares_by_hand():
    close(losses.mse([[1.0, 9.0], [2.0, 5.0]], [[4.0, 8.0], [12.0, 3.0]]), [5.0, 52.0])


def test_whole_numbers_are_computed_as_floats():
    close(losses.mae(np.array([[1, 2]]), np.array([[2, 5]])), [2.0])
    close(losses.binary_crossentropy([[1, 0]], [[1, 0]]), [0.0], tolerance=1e-6)


def test_hinge_takes_zero_and_one_for_minus_one_and_one():
    signs = losses.hinge([[-1.0, 1.0]], [[0.5, 0.5]])
    bits = losses.hinge([[0.0, 1.0]], [[0.5, 0.5]])
    close(signs, [1.0])
    close(bits, [1.0])


def test_label_smoothing_spreads_over_the_last_axis_of_sequences_too():
    y_true, y_pred = np.eye(4, dtype="float32")[None], np.full((1, 4, 4), 0.25, "f")
    found = losses.categorical_crossentropy(y_true, y_pred, label_smoothing=0.4)
    close(found, np.full((1, 4), np.log(4.0)))


def test_the_loss_of_a_softmax_does_not_saturate_in_a_compiled_step():
    logits = np.float32([[0.0, 200.0]])

    @jax.jit
    def step(z):
        return losses.categorical_crossentropy(np.float32([[1.0, 0.0]]), K.softmax(z))

    close(step(logits), [200.0])


def test_losses_of_symbols_are_recorded():
    symbol = core.Symbol((None, 3))
    for function in (
        losses.mse,
        losses.hinge,
        losses.categorical_crossentropy,
        losses.kullback_leibler_divergence,
    ):
        assert function(symbol, symbol).shape == (None,)
    assert losses.MeanSquaredError()(symbol, symbol * 2.0).shape == ()


def test_variables_are_read_through_the_scope():
    weight = core.Variable([[1.0, 1.0]])
    with core.Scope({weight: np.float32([[3.0, 3.0]])}):
        close(losses.mse([[1.0, 1.0]], weight), [4.0])


# ------------------------------------------------------------------ weights

Y_TRUE, Y_PRED = [[1.0, 9.0], [2.0, 5.0]], [[4.0, 8.0], [12.0, 3.0]]  # mse 5 and 52


@pytest.mark.parametrize(
    ("reduction", "weight", "value"),
    [
        ("sum_over_batch_size", None, 28.5),
        ("auto", None, 28.5),
        ("sum", None, 57.0),
        ("none", None, [5.0, 52.0]),
        ("sum_over_batch_size", [1.0, 0.0], 2.5),  # divided by 2, not by 1
        ("sum_over_batch_size", [[1.2], [0.5]], 16.0),
        ("sum", 2.0, 114.0),
        ("none", [2.0, 1.0], [10.0, 52.0]),
    ],
)
def test_weights_and_reductions(reduction, weight, value):
    loss = losses.MeanSquaredError(reduction=reduction)
    close(loss(Y_TRUE, Y_PRED, weight), value)


def test_weights_of_samples_spread_over_timesteps():
    values = np.ones((2, 3), "float32")
    close(losses.compute_weighted_loss(values, [1.0, 3.0], "sum"), 12.0)


def test_one_number_for_a_batch_is_weighed_as_if_each_sample_had_it():
    close(losses.compute_weighted_loss(np.float32(2.0), [1.0, 3.0]), 4.0)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        losses.MeanSquaredError()(Y_TRUE, Y_PRED, [1.0, 2.0, 3.0])


def test_an_unknown_reduction_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `none`"):
        losses.MeanSquaredError(reduction="nome")


# ------------------------------------------------------------------ names


@pytest.mark.parametrize("name", ["mse", "MSE", "mean_squared_error"])
def test_one_function_has_several_names(name):
    assert losses.get(name) is losses.mean_squared_error


def test_every_class_comes_back_from_its_config():
    for name in core.registry.names("loss"):
        found = core.registry.find("loss", name)
        if isinstance(found, type):
            one = found(name="mine", reduction="sum")
            two = losses.deserialize(losses.serialize(one))
            assert type(two) is found
            assert two.get_config() == one.get_config()
            assert (two.name, two.reduction) == ("mine", "sum")


def test_arguments_of_a_loss_are_in_its_config():
    assert losses.Huber(delta=0.5).get_config() == {
        "reduction": "sum_over_batch_size",
        "name": "huber_loss",
        "delta": 0.5,
    }


def test_a_bare_wrapper_comes_back_from_its_config():
    one = losses.LossFunctionWrapper(losses.huber_loss, "sum", "mine", delta=2.0)
    two = losses.LossFunctionWrapper.from_config(one.get_config())
    assert two.fn is losses.huber_loss
    close(two([[0.0]], [[4.0]]), 6.0)  # 2 * (4 - 1)


def test_a_loss_of_the_users_own():
    class Distance(losses.Loss):
        def __init__(self, power=1, name="distance"):
            super().__init__(name=name)
            self.power = power

        def call(self, y_true, y_pred):
            return K.mean(K.abs(y_pred - y_true) ** self.power, axis=-1)

    loss = Distance(power=2)
    close(loss(np.zeros((1, 2), "f"), np.float32([[3.0, 1.0]])), 5.0)
    with core.registry.custom_object_scope({"Distance": Distance}):
        assert losses.get(losses.serialize(loss)).power == 2


def test_a_loss_without_a_call_says_so():
    with pytest.raises(NotImplementedError, match="write it"):
        losses.Loss()([0.0], [0.0])


def test_an_unknown_loss_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `huber_loss`"):
        losses.get("huber_los")


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        losses.categorical_crossentropy,
        losses.CategoricalCrossentropy(),
        losses.LossFunctionWrapper(losses.categorical_crossentropy),
    ],
)
def test_categorical_crossentropy_is_known_in_any_form(loss):
    assert losses.is_categorical_crossentropy(loss)


def test_other_losses_are_not_categorical_crossentropy():
    for loss in (None, "mse", losses.SparseCategoricalCrossentropy(), object()):
        assert not losses.is_categorical_crossentropy(loss)


# ------------------------------------------------------------------ bad labels

BAD = {
    "class numbers for one-hot": (
        "categorical_crossentropy",
        np.array([0, 1, 2]),
        (None, 3),
        "output `head`.*class numbers.*sparse_categorical_crossentropy",
    ),
    "class numbers in a column": (
        losses.CategoricalCrossentropy(),
        np.array([[0], [1]]),
        (None, 3),
        r"\(2, 1\).*sparse_categorical_crossentropy",
    ),
    "class numbers of timesteps": (
        losses.categorical_crossentropy,
        np.zeros((2, 5), int),
        (None, 5, 3),
        "sparse_categorical_crossentropy",
    ),
    "one-hot for class numbers": (
        "sparse_categorical_crossentropy",
        np.eye(3),
        (None, 3),
        "one-hot.*Use the loss `categorical_crossentropy`",
    ),
    "a class too many": (
        losses.SparseCategoricalCrossentropy(),
        np.array([0, 3]),
        (None, 3),
        "from 0 to 3.*0 to 2, as the output has 3 classes",
    ),
    "a class below 0": (
        "sparse_categorical_crossentropy",
        np.array([[-1], [1]]),
        (None, 3),
        "from -1 to 1",
    ),
    "half a class": (
        "sparse_categorical_crossentropy",
        np.array([0.5, 1.0]),
        (None, 3),
        "fraction",
    ),
    "too few classes": (
        "categorical_crossentropy",
        np.zeros((4, 2)),
        (None, 3),
        r"\(4, 2\).*targets to have the same shape as the output, \(None, 3\)",
    ),
    "too many columns": ("mse", np.zeros((4, 2)), (None, 1), r"`mean_squared_error`"),
    "a row for a table": ("mae", np.zeros(4), (None, 3), r"\(4,\).*\(None, 3\)"),
    "other columns": (
        losses.BinaryCrossentropy(),
        np.zeros((4, 2)),
        (None, 3),
        "binary_crossentropy",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_labels_that_do_not_fit_are_refused(case):
    loss, y, output_shape, message = BAD[case]
    with pytest.raises(ValueError, match="(?s)" + message):
        losses.check_labels(loss, y, output_shape, "head")


@pytest.mark.parametrize(
    ("loss", "y", "output_shape"),
    [
        ("mse", np.zeros(4), (None, 1)),
        ("mse", np.zeros((4, 1)), (None,)),
        ("mse", np.zeros((4, 7, 2)), (None, None, 2)),
        ("categorical_crossentropy", np.eye(3), (None, 3)),
        ("categorical_crossentropy", np.zeros((2, 1, 3)), (2, None, 3)),
        ("sparse_categorical_crossentropy", np.array([0, 2]), (None, 3)),
        ("sparse_categorical_crossentropy", np.array([[0.0], [2.0]]), (None, 3)),
        ("sparse_categorical_crossentropy", np.zeros((2, 5, 1)), (None, 5, 3)),
        ("sparse_categorical_crossentropy", np.zeros((0,), int), (None, 3)),
        (
            losses.LossFunctionWrapper(losses.sparse_categorical_crossentropy, axis=1),
            np.zeros((2, 1, 4, 5)),
            (None, 3, 4, 5),
        ),
        (lambda t, p: p, np.zeros((4, 9)), (None, 3)),
        (None, np.zeros(4), (None, 3)),
        ("mse", None, (None, 3)),
    ],
)
def test_labels_that_fit_are_let_through(loss, y, output_shape):
    losses.check_labels(loss, y, output_shape)


def test_what_cannot_be_a_loss_is_refused():
    with pytest.raises(ValueError, match="Could not interpret the loss"):
        losses.get(5)


def test_a_loss_that_takes_other_arguments_is_refused_when_the_model_is_compiled():
    def lonely(y_true):
        return y_true

    model = Sequential([Dense(1, input_dim=3)])
    with pytest.raises(TypeError, match=r"`lonely`.*`lonely\(y_true\)`.*y_pred\)`"):
        model.compile("sgd", lonely)
    # Further arguments with defaults, and any number of them, are well.
    model.compile("sgd", lambda t, p, power=2: K.mean((t - p) ** power))
    model.compile("sgd", lambda *both: K.mean(both[0] - both[1]))


def test_a_loss_that_gives_nothing_is_refused_by_name():
    def forgetful(y_true, y_pred):
        K.mean(y_true - y_pred)

    model = Sequential([Dense(1, input_dim=3)])
    model.compile("sgd", forgetful)
    with pytest.raises(TypeError, match="`forgetful` gave None.*`return`"):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
