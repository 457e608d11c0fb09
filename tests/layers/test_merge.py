"""Merging layers: broadcasting, masks, and what they refuse."""

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import layers
from cthulhu.layers import Input


def test_functions_are_short_for_layers():
    a, b = np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])
    results = {
        "add": [4, 7],
        "subtract": [-2, 3],
        "multiply": [3, 10],
        "average": [2, 3.5],
        "maximum": [3, 5],
        "minimum": [1, 2],
        "concatenate": [1, 5, 3, 2],
    }
    for name, expected in results.items():
        np.testing.assert_array_equal(getattr(layers, name)([a, b]), [expected])
    np.testing.assert_array_equal(layers.dot([a, b], axes=1), [[13.0]])


def test_inputs_of_lower_rank_get_axes_behind_the_batch():
    a, b = np.ones((2, 3)), np.ones((2, 4, 3))
    assert layers.Add()([a, b]).shape == (2, 4, 3)
    shape = layers.Add().compute_output_shape([(None, 3), (2, 4, 1)])
    assert shape == (2, 4, 3)


@pytest.mark.parametrize(
    "layer, shapes, message",
    [
        (layers.Add(), [(3,)], "at least 2"),
        (layers.Subtract(), [(3,), (3,), (3,)], "exactly 2"),
        (layers.Multiply(), [(3,), (4,)], "broadcast"),
        (layers.Concatenate(), [(2, 3), (3, 3)], "same sizes on all other axes"),
        (layers.Dot(axes=1), [(3,), (4,)], "3 and 4"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(layer, shapes, message):
    with pytest.raises(ValueError, match=message):
        layer([Input(shape) for shape in shapes])


def test_a_built_layer_still_counts_its_inputs():
    layer = layers.Subtract()
    inputs = [Input((3,)) for _ in range(3)]
    layer(inputs[:2])
    with pytest.raises(ValueError, match="exactly 2"):
        layer(inputs)


def test_a_merge_layer_needs_a_list():
    with pytest.raises(ValueError, match="merges several inputs"):
        layers.Add()(Input((3,)))


def test_batch_sizes_must_agree():
    with pytest.raises(ValueError, match="different batch sizes"):
        layers.Add()([Input(batch_shape=(2, 3)), Input(batch_shape=(4, 3))])


def test_sums_keep_steps_that_all_masks_keep():
    x = np.zeros((1, 3, 2))
    masks = [np.array([[True, True, False]]), None, np.array([[True, False, True]])]
    mask = layers.Add().compute_mask([x, x, x], masks)
    np.testing.assert_array_equal(mask, [[True, False, False]])
    assert layers.Add().compute_mask([x, x], [None, None]) is None


def test_concatenated_masks_follow_the_axis():
    x, y = np.zeros((1, 2, 3)), np.zeros((1, 2, 3))
    mask = np.array([[True, False]])
    along_time = layers.Concatenate(axis=1).compute_mask([x, y], [mask, None])
    along_features = layers.Concatenate().compute_mask([x, y], [mask, None])

    np.testing.assert_array_equal(along_time, [[True, False, True, True]])
    np.testing.assert_array_equal(along_features, [[True, False]])


def test_masks_must_come_one_for_each_input():
    x = K.variable(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="one mask, or None"):
        layers.Add().compute_mask([x, x], [None])
    with pytest.raises(ValueError, match="one mask, or None"):
        layers.Add().compute_mask([x, x], x)


def test_dot_refuses_strange_axes():
    with pytest.raises(TypeError, match="an integer, or two of them"):
        layers.Dot(axes=1.5)
    with pytest.raises(ValueError, match="an integer, or two of them"):
        layers.Dot(axes=(1, 2, 3))
