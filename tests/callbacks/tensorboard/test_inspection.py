"""Histograms and pictures of what is inside a model."""

import numpy as np
import pytest
from tensorboard.util.tensor_util import make_ndarray

from cthulhu.callbacks import TensorBoard
from cthulhu.keras.layers import Activation, Dense, Input
from cthulhu.keras.models import Model, Sequential

X = np.array([[1.0], [2.0], [3.0]])
Y = np.zeros((3, 1))


@pytest.fixture(scope="module")
def model():
    model = Sequential(
        [
            Dense(1, input_dim=1, kernel_initializer="ones", name="a"),
            Activation("relu", name="b"),
        ]
    )
    model.compile("sgd", "mse")
    model.optimizer.lr = 0.0
    return model


def seen(model, folder, events, validation_data=None, epochs=1, **arguments):
    """Histograms (least, largest, count) and names of pictures, by step and tag."""
    board = TensorBoard(folder, write_graph=False, hparams=False, **arguments)
    model.fit(
        X,
        Y,
        epochs=epochs,
        validation_data=validation_data,
        callbacks=[board],
        verbose=0,
    )
    histograms, images = {}, []
    for event in events(folder / "train"):
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "histograms":
                rows = make_ndarray(value.tensor)
                summed = rows[0, 0], rows[-1, 1], rows[:, 2].sum()
                histograms[event.step, value.tag] = summed
            elif value.metadata.plugin_data.plugin_name == "images":
                images.append((event.step, value.tag))
    return histograms, images


def test_weights_outputs_and_gradients_have_histograms(model, tmp_path, events):
    found, images = seen(
        model, tmp_path, events, (X, Y), histogram_freq=1, write_grads=True
    )

    # the outputs are 1, 2 and 3; the gradient of the mean of (w·x + b)² is
    # 2 (1 + 4 + 9) / 3 for w and 2 (1 + 2 + 3) / 3 for b
    assert {
        (0, "a/kernel_0"): (0.5, 1.5, 1),
        (0, "a/bias_0"): (-0.5, 0.5, 1),
        (0, "a_out"): (1, 3, 3),
        (0, "b_out"): (1, 3, 3),
        (0, "a/kernel_0_grad"): pytest.approx((28 / 3 - 0.5, 28 / 3 + 0.5, 1)),
        (0, "a/bias_0_grad"): pytest.approx((3.5, 4.5, 1)),
    } == found
    assert [] == images


def test_batches_count_together(model, tmp_path, events):
    found, _ = seen(model, tmp_path, events, (X, Y), histogram_freq=1, batch_size=2)

    assert (1, 3, 3) == found[0, "b_out"]


def test_without_validation_arrays_the_weights_alone_are_seen(model, tmp_path, events):
    found, _ = seen(model, tmp_path, events, histogram_freq=2, epochs=3)

    assert {(e, f"a/{w}_0") for e in (0, 2) for w in ("kernel", "bias")} == set(found)


@pytest.mark.parametrize(("freq", "steps"), [(0, [0, 1, 2]), (2, [0, 2])])
def test_pictures_come_with_histograms_or_each_epoch(
    model, tmp_path, events, freq, steps
):
    _, images = seen(
        model, tmp_path, events, histogram_freq=freq, write_images=True, epochs=3
    )

    assert [(s, f"a/{w}_0/image") for s in steps for w in ("kernel", "bias")] == images


def test_gradients_that_would_never_be_written_are_told(model, tmp_path, events):
    with pytest.warns(RuntimeWarning, match="needs `histogram_freq`"):
        seen(model, tmp_path, events, write_grads=True)


def test_several_inputs_and_outputs_are_told_apart(tmp_path, events):
    x, y = Input((1,)), Input((1,))
    one = Dense(1, kernel_initializer="ones", name="one")(x)
    two = Dense(1, kernel_initializer="ones", name="two")(y)
    model = Model([x, y], [one, two])
    model.compile("sgd", "mse")
    model.optimizer.lr = 0.0
    board = TensorBoard(tmp_path, 1, write_grads=True)
    model.fit(
        [X, 2 * X],
        [Y, Y],
        validation_data=([X, 2 * X], [Y, Y]),
        callbacks=[board],
        verbose=0,
    )
    found = {
        value.tag: make_ndarray(value.tensor)
        for event in events(tmp_path / "train")
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "histograms"
    }

    assert (2, 6) == (found["two_out"][0, 0], found["two_out"][-1, 1])
    # 2 (4 + 16 + 36) / 3, in the middle of its bar
    assert pytest.approx(112 / 3) == found["two/kernel_0_grad"][0, :2].mean()


def test_a_model_made_by_code_shows_its_weights(tmp_path, events):
    class Code(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(1, kernel_initializer="ones", name="d")

        def call(self, inputs):
            return self.dense(inputs)

    model = Code()
    model.compile("sgd", "mse")
    found, _ = seen(model, tmp_path, events, (X, Y), histogram_freq=1, write_grads=True)

    assert {"kernel_0", "bias_0", "kernel_0_grad", "bias_0_grad"} == {
        tag.split("/")[-1] for _, tag in found
    }
