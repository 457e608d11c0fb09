"""The layers of Keras 1: numbers by hand, and old names."""

import numpy as np
import pytest

from cthulhu.layers import Highway, Input, MaxoutDense
from cthulhu.models import Model, model_from_json


def outputs(layer, x):
    inputs = Input((len(x[0]),))
    return Model(inputs, layer(inputs)).predict(np.array(x, "float32"))


def test_maxout_takes_the_largest_of_its_linear_layers():
    kernel = [[[1.0], [0.0]], [[0.0], [2.0]]]  # x0 and 2 * x1
    layer = MaxoutDense(1, nb_feature=2, weights=[kernel, [[0.0], [1.0]]])
    assert outputs(layer, [[5, 1], [0, 4]]).tolist() == [[5], [9]]


def test_maxout_without_a_bias():
    layer = MaxoutDense(1, 2, use_bias=False, weights=[[[[1.0]], [[-1.0]]]])
    assert outputs(layer, [[3], [-4]]).tolist() == [[3], [4]]


def test_a_highway_mixes_its_input_with_a_dense_layer():
    zeros, half = np.zeros((1, 1)), [0.0]  # sigmoid(0) = 1/2
    layer = Highway(weights=[[[3.0]], zeros, [1.0], half], activation="relu")
    # relu(3x + 1) / 2 + x / 2
    assert outputs(layer, [[1], [-1]]).tolist() == [[2.5], [-0.5]]


def test_a_highway_begins_with_carrying_biases_of_one():
    layer = Highway(input_dim=2)
    outputs(layer, [[0, 0]])
    assert [w.name.split("/")[1] for w in layer.weights] == ["W", "W_carry", "b"] + [
        "b_carry"
    ]
    assert layer.get_weights()[3].tolist() == [1, 1]


@pytest.mark.parametrize(
    "layer",
    [
        lambda: MaxoutDense(output_dim=3, W_regularizer="l2", bias=False, init="ones"),
        lambda: Highway(b_constraint="nonneg", init="zero", activation="tanh"),
    ],
)
def test_old_words_make_today_s_config(layer):
    x = Input((2,))
    model = Model(x, layer()(x))
    twin = model_from_json(model.to_json())
    assert twin.layers[1].get_config() == model.layers[1].get_config()
    assert not {"init", "bias", "W_regularizer"} & set(twin.layers[1].get_config())
