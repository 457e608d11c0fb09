"""Kernels in other layouts: what comes out of the model stays the same."""

import numpy as np
import pytest

from cthulhu.layers import Conv2D, ConvLSTM2D, Dense, Flatten
from cthulhu.models import Sequential
from cthulhu.saving import (
    convert_all_kernels_in_model,
    convert_dense_weights_data_format,
    convert_kernel,
    preprocess_weights_for_loading,
)


def test_a_kernel_is_turned_along_its_window_only():
    kernel = np.arange(8).reshape(2, 2, 1, 2)
    assert convert_kernel(kernel).ravel().tolist() == [6, 7, 4, 5, 2, 3, 0, 1]
    assert np.array_equal(convert_kernel(convert_kernel(kernel)), kernel)
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        convert_kernel(np.zeros((2, 2)))


def test_all_kernels_of_a_model_are_turned():
    model = Sequential([Conv2D(1, (1, 2), input_shape=(1, 3, 1)), Flatten()])
    model.layers[0].set_weights([np.array([1.0, 10.0]).reshape(1, 2, 1, 1), [0.0]])
    image = np.array([1.0, 2.0, 3.0]).reshape(1, 1, 3, 1)
    assert model.predict(image).tolist() == [[21, 32]]
    convert_all_kernels_in_model(model)
    assert model.predict(image).tolist() == [[12, 23]]


@pytest.mark.parametrize("to", ["channels_first", "channels_last"])
def test_a_dense_layer_follows_a_map_of_the_other_format(to):
    last, first = (2, 3, 4), (4, 2, 3)
    before, after = (first, last) if to == "channels_last" else (last, first)
    images = np.random.rand(5, *before).astype("float32")
    turned = images.transpose((0, 2, 3, 1) if to == "channels_last" else (0, 3, 1, 2))
    model = Sequential([Flatten(), Dense(2, name="head")])
    expected = model.predict(images)
    convert_dense_weights_data_format(model.layers[1], after, to)
    twin = Sequential([Flatten(), Dense(2)])
    twin.build((None, *after))
    twin.set_weights(model.get_weights())
    assert np.allclose(twin.predict(turned), expected, atol=1e-6)


def test_what_does_not_fit_is_said():
    model = Sequential([Flatten(input_shape=(2, 3, 4)), Dense(2, name="head")])
    head = model.layers[1]
    with pytest.raises(ValueError, match="channels_middle"):
        convert_dense_weights_data_format(head, (2, 3, 4), "channels_middle")
    with pytest.raises(ValueError, match="`head`.*product is 24"):
        convert_dense_weights_data_format(head, (2, 3, 5))


@pytest.mark.parametrize("stored", ["window first", "filters first"])
def test_gates_of_a_convolutional_lstm_are_joined_whatever_comes_first(stored):
    layer = ConvLSTM2D(5, (3, 2), data_format="channels_first")
    layer.build((None, 4, 6, 8, 8))  # kernels of shape (3, 2, 6 or 5, 20)
    today = layer.get_weights()
    parts = [np.split(array, 4, axis=-1) for array in today]
    gates = [[part[gate] for part in parts] for gate in (0, 2, 1, 3)]  # i, c, f, o
    if stored == "filters first":
        gates = [
            [x.transpose(3, 2, 0, 1) if x.ndim == 4 else x for x in gate]
            for gate in gates
        ]
    old = [array for gate in gates for array in gate]
    found = preprocess_weights_for_loading(layer, old, "1")
    assert all(np.array_equal(a, b) for a, b in zip(found, today, strict=True))
