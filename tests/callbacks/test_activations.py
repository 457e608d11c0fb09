"""Statistics of the outputs of layers, against NumPy and by counting."""

import numpy as np
import pytest

from cthulhu import callbacks, layers, models
from cthulhu.callbacks import ActivationStatistics

X = np.array([[1.0], [2.0], [-3.0], [4.0], [-5.0]], "float32")


def net():
    """Four units a x with ReLU, then their sum."""
    model = models.Sequential(
        [
            layers.Dense(
                4, activation="relu", use_bias=False, input_shape=(1,), name="four"
            ),
            layers.Dense(1, use_bias=False, name="sum"),
        ]
    )
    model.compile("sgd", "mse")
    model.optimizer.lr = 0.0
    model.set_weights([np.array([[1.0, 2.0, -1.0, 0.0]]), np.ones((4, 1))])
    return model


def fit(*told, **how):
    how = {"verbose": 0, **how}
    return net().fit(X, X, callbacks=list(told), **how).history


FOUR = np.maximum(X * [1.0, 2.0, -1.0, 0.0], 0)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_the_statistics_are_those_of_all_the_data(batch_size):
    history = fit(ActivationStatistics(X, batch_size=batch_size), epochs=2)

    assert [FOUR.mean()] * 2 == pytest.approx(history["activation_mean/four"])
    assert [FOUR.std()] * 2 == pytest.approx(history["activation_std/four"])
    # 3 of 5 rows light the first two units, 2 the third, none the last
    assert [12 / 20] * 2 == pytest.approx(history["activation_zeros/four"])
    assert [1 / 4] * 2 == history["activation_dead/four"]
    total = FOUR.sum(axis=1)
    assert [total.mean()] * 2 == pytest.approx(history["activation_mean/sum"])
    assert [0.0] * 2 == history["activation_dead/sum"]


def test_some_layers_now_and_then():
    history = fit(ActivationStatistics(X, "four", period=2), epochs=4)

    assert 2 == len(history["activation_mean/four"])
    assert "activation_mean/sum" not in history


def test_images_have_their_units_on_the_last_axis():
    model = models.Sequential(
        [layers.Conv2D(2, 1, use_bias=False, input_shape=(2, 2, 1)), layers.Flatten()]
    )
    model.compile("sgd", "mse")
    model.set_weights([np.array([1.0, 0.0]).reshape(1, 1, 1, 2)])
    model.optimizer.lr = 0.0
    x = np.arange(8, dtype="float32").reshape(2, 2, 2, 1)
    history = model.fit(
        x, np.zeros((2, 8)), verbose=0, callbacks=[ActivationStatistics(x)]
    ).history
    name = model.layers[0].name

    assert [1.75] == history[f"activation_mean/{name}"]  # (0 + ... + 7) / 16
    assert [9 / 16] == history[f"activation_zeros/{name}"]
    assert [0.5] == history[f"activation_dead/{name}"]


def test_looking_on_changes_nothing():
    class Two(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.optimizer.lr = 0.01

    models_ = [net(), net()]
    for model, told in zip(models_, ([ActivationStatistics(X)], []), strict=True):
        model.fit(X, X, epochs=3, verbose=0, shuffle=False, callbacks=[*told, Two()])

    assert np.array_equal(*(m.get_weights()[0] for m in models_))


def test_the_names_are_announced():
    stop = callbacks.EarlyStopping("activation_dead/four", mode="min")
    fit(ActivationStatistics(X), stop)

    assert 0.25 == stop.best


@pytest.mark.parametrize("data", [np.zeros((0, 1)), 3.0])
def test_data_without_rows_are_refused(data):
    with pytest.raises(ValueError, match="cannot be put into batches"):
        ActivationStatistics(data)


def test_data_that_do_not_fit_are_refused_before_the_first_step():
    with pytest.raises(ValueError, match="`data` of a callback"):
        fit(ActivationStatistics(np.zeros((2, 3))))


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="five"):
        fit(ActivationStatistics(X, ["five"]))


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"period": 0}])
def test_numbers_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError):
        ActivationStatistics(X, **arguments)
