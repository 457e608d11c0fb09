"""What somebody does wrong at the keyboard is told in words, and trains nothing."""

import copy

import numpy as np
import pytest

from cthulhu.layers import Dense, InputLayer
from cthulhu.models import Model, Sequential, load_model

X = np.random.RandomState(0).rand(40, 8).astype("float32")
CLASSES = np.arange(40) % 3
Y = np.eye(3)[CLASSES]


def made(loss="categorical_crossentropy", metrics=("accuracy",)):
    model = Sequential(
        [Dense(4, input_dim=8), Dense(3, activation="softmax", name="out")]
    )
    model.compile("sgd", loss, list(metrics))
    return model


def batches(count, broken_at=None, wrong_at=None):
    for i in range(count):
        if i == broken_at:
            raise KeyError("the reader broke")
        yield X[:20, : 5 if i == wrong_at else 8], Y[:20]


def assert_told(words, fit, error=ValueError):
    model = made()
    before = model.get_weights()
    with pytest.raises(error, match=words):
        fit(model)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert int(model.optimizer.iterations.numpy()) == 0


@pytest.mark.parametrize(
    "words, arguments",
    [
        (r"build the model for `input_shape=\(5,\)`", {"x": X[:, :5]}),
        ("Flatten the rows", {"x": X[..., None]}),
        ("different numbers of rows", {"y": Y[:3]}),
        ("sparse_categorical_crossentropy", {"y": CLASSES}),
        (r"array of shape \(40,\) or \(40, 1\)\.", {"y": CLASSES}),
        (r"array with shape \(40,\) or \(40, 1\)\.", {"x": X[:, 0]}),
        ("contains NaN, first in row 0", {"x": np.full_like(X, np.nan)}),
        ("not an array of numbers", {"x": np.full((40, 8), "a")}),
        ("There is no data", {"x": None}),
        ("There are no targets", {"y": None}),
        ("empty array", {"x": X[:0], "y": Y[:0]}),
        ("`batch_size` cannot be used. Received: 0", {"batch_size": 0}),
        ('True, False or "batch"', {"shuffle": "btch"}),
        ("a dict of class numbers", {"class_weight": [1, 2, 3]}),
        ("scikit-learn's `compute_class_weight", {"class_weight": "balanced"}),
        ("In `validation_data`.*do not fit", {"validation_data": (X[:, :3], Y)}),
        ("contains NaN", {"validation_data": (X * np.nan, Y)}),
        ("Give `validation_steps`", {"validation_data": batches(9)}),
        ("Give `steps_per_epoch`", {"x": batches(9), "y": None}),
    ],
)
def test_data_that_do_not_fit(words, arguments):
    assert_told(words, lambda m: m.fit(**{"x": X, "y": Y, "verbose": 0, **arguments}))


def test_a_number_of_epochs_is_whole():
    assert_told("a whole number", lambda m: m.fit(X, Y, epochs=2.5), TypeError)


def test_a_sample_alone_is_no_batch():
    assert_told(r"`x\[None\]`", lambda m: m.predict(X[0]))


def test_a_misspelt_metric_is_guessed_as_what_is_usually_meant():
    with pytest.raises(ValueError, match="Did you mean `accuracy`"):
        made(metrics=["acuracy"])
    with pytest.raises(ValueError, match="Did you mean `TruePositives`"):
        made(metrics=["TruePositive"])
    with pytest.raises(TypeError, match=r"Write `metrics=\['accuracy'\]`"):
        Sequential([Dense(1, input_dim=8)]).compile("sgd", "mse", metrics="accuracy")


def test_without_a_loss_there_is_nothing_to_fit():
    model = Sequential([Dense(1, input_dim=8)])
    model.compile("sgd")
    with pytest.raises(ValueError, match="Give `compile` a loss"):
        model.fit(X, CLASSES)


@pytest.mark.parametrize("units", [-3, 2.0, "3", None])
def test_a_size_that_is_none(units):
    with pytest.raises((ValueError, TypeError), match="whole number"):
        Sequential([Dense(units, input_dim=8, name="d")])


def test_a_model_without_layers():
    model = Sequential(name="bare")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="`bare` has no layers"):
        model.fit(X, Y)


def test_a_class_of_models_that_is_half_written():
    class Silent(Model):
        pass

    class Hasty(Model):
        def __init__(self):
            self.layer = Dense(3)

    model = Silent()
    model.compile("sgd", "mse")
    with pytest.raises(NotImplementedError, match=r"Define `call\(self, inputs\)`"):
        model.fit(X, Y)
    with pytest.raises(RuntimeError, match=r"`super\(\).__init__\(\)`"):
        Hasty()


def test_batches_before_a_broken_one_are_kept():
    model = made()
    with pytest.raises(KeyError, match="the reader broke"):
        model.fit(batches(99, broken_at=7), steps_per_epoch=5, epochs=3, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 7


def test_a_later_batch_of_another_shape_is_told():
    model = made()
    with pytest.raises(ValueError, match=r"shape \(20, 5\)"):
        model.fit(batches(99, wrong_at=3), steps_per_epoch=5, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 3


def labelled(labels):
    while True:
        yield X[:20], labels[:20]


@pytest.mark.parametrize(
    "words, labels",
    [
        ("sparse_categorical_crossentropy", CLASSES),
        ("the same shape", np.eye(4)[CLASSES]),
    ],
)
def test_labels_that_come_in_batches_fit_the_loss_too(words, labels):
    assert_told(words, lambda m: m.fit(labelled(labels), steps_per_epoch=3, verbose=0))


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_a_generator_is_not_followed_for_ever(method):
    assert_told("Give `steps`", lambda m: getattr(m, method)(labelled(Y)))


def test_a_copy_of_a_model_has_its_weights():
    model = made()
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert twin.layers[0].kernel is not model.layers[0].kernel
    assert twin.train_on_batch(X, Y) == model.train_on_batch(X, Y)


def test_a_chain_with_an_input_layer_comes_back_from_its_file(tmp_path):
    model = Sequential([InputLayer((8,)), Dense(2)])
    model.save(tmp_path / "model.h5")
    with pytest.warns(UserWarning, match="not compiled"):
        twin = load_model(tmp_path / "model.h5")
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .*absent"):
        made().save(tmp_path / "absent" / "model.h5")
