"""Weights of older versions and other backends, in today's order."""

from types import SimpleNamespace

import numpy as np
import pytest

from cthulhu.saving import preprocess_weights_for_loading as preprocess


def layer(kind, *shapes, **attributes):
    """Something with the class name and the weights of a layer."""
    variables = [SimpleNamespace(shape=shape) for shape in shapes]
    made = type(kind, (SimpleNamespace,), {})
    return made(
        name=kind.lower(), weights=variables, trainable_weights=variables, **attributes
    )


def count(*shape):
    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


def test_a_dense_layer_never_changed():
    arrays = [count(3, 2), count(2)]
    got = preprocess(layer("Dense", (3, 2), (2,)), arrays, "1")
    assert got[0] is arrays[0] and got[1] is arrays[1]


def test_channels_first_kernels_of_keras_1_are_turned_round():
    conv = layer("Conv2D", (3, 2, 4, 5), data_format="channels_first")
    kernel = preprocess(conv, [count(5, 4, 3, 2)], "1.2.2")[0]
    assert kernel.shape == (3, 2, 4, 5)
    assert kernel[2, 1, 3, 4] == count(5, 4, 3, 2)[4, 3, 2, 1]
    same = preprocess(conv, [count(3, 2, 4, 5)], "2.1.6")[0]
    np.testing.assert_array_equal(same, count(3, 2, 4, 5))


def test_kernels_of_a_backend_that_turns_them_over():
    conv = layer("Conv2D", (2, 2, 1, 1), data_format="channels_last")
    kernel = preprocess(conv, [count(2, 2, 1, 1)], "2.0.0", "theano")[0]
    assert kernel[:, :, 0, 0].tolist() == [[3, 2], [1, 0]]


def test_one_dimensional_kernels_had_an_axis_more():
    conv = layer("Conv1D", (3, 2, 4), kernel_size=(3,), filters=4)
    assert preprocess(conv, [count(3, 1, 2, 4)], "1")[0].shape == (3, 2, 4)
    assert preprocess(conv, [count(4, 2, 3, 1)], "1")[0].shape == (3, 2, 4)


def test_gates_are_joined_in_todays_order():
    lstm = layer("LSTM", (3, 8), (2, 8), (8,))
    gates = []
    for gate in range(4):  # i, c, f, o
        gates += [np.full(shape, gate) for shape in ((3, 2), (2, 2), (2,))]
    kernel, recurrent, bias = preprocess(lstm, gates, "1")
    assert bias.tolist() == [0, 0, 2, 2, 1, 1, 3, 3]
    assert kernel.shape == (3, 8) and recurrent.shape == (2, 8)


def test_a_kernel_can_be_reshaped_if_its_size_fits():
    conv = layer("Conv2D", (1, 1, 2, 3))
    got = preprocess(conv, [count(2, 3), count(3)], "2.3.1", reshape=True)
    assert got[0].shape == (1, 1, 2, 3)
    with pytest.raises(ValueError, match="7 numbers|6 numbers"):
        preprocess(conv, [count(7)], "2.3.1", reshape=True)


def test_layers_inside_a_model_are_converted_one_by_one():
    conv = layer("Conv2D", (3, 2, 4, 5), data_format="channels_first")
    norm = layer("BatchNormalization", (5,), (5,), (5,), (5,))
    norm.trainable_weights = norm.weights[:2]
    inner = layer("Sequential", layers=[conv, norm])
    stored = [count(5, 4, 3, 2), *(np.full(5, i) for i in range(4))]
    got = preprocess(inner, stored, "1")
    assert got[0].shape == (3, 2, 4, 5)
    assert [a[0] for a in got[1:]] == [0, 1, 2, 3]


def test_the_two_directions_of_a_wrapper_are_converted():
    half = [layer("LSTM", (3, 8), (2, 8), (8,)) for _ in range(2)]
    both = layer("Bidirectional", forward_layer=half[0], backward_layer=half[1])
    gates = [np.zeros(s) for _ in range(8) for s in ((3, 2), (2, 2), (2,))]
    assert [a.shape for a in preprocess(both, gates, "1")] == [
        (3, 8),
        (2, 8),
        (8,),
    ] * 2
