"""The layers of Keras 1: numbers by hand, and old names."""

import warnings

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.keras.layers import Deconvolution2D, Embedding, Merge, merge
from cthulhu.layers import Dense, Highway, Input, MaxoutDense
from cthulhu.models import Model, Sequential, model_from_json


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


@pytest.mark.parametrize(
    "arguments, result",
    [
        ({}, [4, 6]),
        ({"mode": "sum"}, [4, 6]),
        ({"mode": "mul"}, [3, 8]),
        ({"mode": "ave"}, [2, 3]),
        ({"mode": "max"}, [3, 4]),
        ({"mode": "concat"}, [1, 2, 3, 4]),
        ({"mode": "dot"}, [11]),
        ({"mode": "cos", "dot_axes": 1}, [11 / np.sqrt(5 * 25)]),
        ({"mode": lambda x: x[0] - 2 * x[1], "output_shape": (2,)}, [-5, -6]),
        ({"mode": lambda x, k: k * x[1], "arguments": {"k": 2}}, [6, 8]),
    ],
)
@pytest.mark.parametrize("way", [merge, lambda x, **given: Merge(**given)(x)])
def test_merge_joins_in_each_mode(way, arguments, result):
    inputs = [Input((2,)), Input((2,))]
    model = Model(inputs, way(inputs, **arguments))
    found = model.predict([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    np.testing.assert_allclose(found, [result], rtol=1e-5)


def test_merge_joins_along_the_axis_that_is_given_and_takes_a_name():
    inputs = [Input((2, 3)), Input((4, 3))]
    joined = merge(inputs, mode="concat", concat_axis=1, name="both")
    assert joined.shape == (None, 6, 3)
    assert Model(inputs, joined).layers[-1].name == "both"


def test_the_function_merge_is_still_the_module():
    from cthulhu.keras.layers.merge import Add, add  # noqa: PLC0415

    assert (merge.Add, merge.add) == (Add, add)


def test_merge_refuses_unknown_modes_and_models():
    with pytest.raises(ValueError, match="concat"):
        merge([Input((2,)), Input((2,))], mode="concatt")
    with pytest.raises(TypeError, match=r"merge\(\[left.output, right.output\]"):
        Merge([Sequential(), Sequential()], mode="sum")


@pytest.mark.parametrize(
    "old, new", [("th", "channels_first"), ("tf", "channels_last")]
)
def test_dim_ordering_is_the_data_format(old, new):
    before = K.image_data_format()
    try:
        K.set_image_dim_ordering(old)
        assert (K.image_dim_ordering(), K.image_data_format()) == (old, new)
    finally:
        K.set_image_data_format(before)
    with pytest.raises(ValueError, match='"th" \\(channels first\\)'):
        K.set_image_dim_ordering("theano")


def test_dropout_of_an_embedding_is_a_layer_today():
    with pytest.raises(TypeError, match=r"SpatialDropout1D\(rate\)` after the layer"):
        Embedding(20, 8, dropout=0.2)


def test_show_accuracy_is_a_metric_today():
    model = Sequential([Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    for method in (model.fit, model.evaluate):
        with pytest.raises(TypeError, match=r'`metrics=\["accuracy"\]` to `compile`'):
            method(np.zeros((2, 1)), np.zeros((2, 1)), show_accuracy=True)


@pytest.mark.parametrize(
    "shape, padding",
    [
        ((None, 14, 14, 3), (1, 1)),  # 5 * 2 + 3 = 13 and one more
        ((None, 13, 14, 3), (0, 1)),
        ((None, 13, 13, 3), None),
    ],
)
@pytest.mark.parametrize("by_name", [True, False])
def test_the_output_shape_of_a_deconvolution_chooses_its_padding(
    shape, padding, by_name
):
    given = {"output_shape": shape} if by_name else {}
    layer = Deconvolution2D(
        3, 3, 3, *([] if by_name else [shape]), **given, subsample=(2, 2)
    )
    assert layer(Input((6, 6, 1))).shape == shape
    assert layer.output_padding == padding
    assert (
        Deconvolution2D.from_config(layer.get_config())(Input((6, 6, 1))).shape == shape
    )


def test_an_output_shape_out_of_reach_is_told_with_both_shapes():
    layer = Deconvolution2D(
        3, 3, 3, output_shape=(None, 20, 20, 3), subsample=(2, 2), name="up"
    )
    with pytest.warns(UserWarning, match=r"`up`.*20, 20, 3.*\(None, 13, 13, 3\)"):
        assert layer(Input((6, 6, 1))).shape == (None, 13, 13, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = Deconvolution2D(
            3, 3, 3, output_shape=(None, 13, 13, 3), subsample=(2, 2)
        )
        layer(Input((None, None, 1)))  # not known, so nothing to tell
