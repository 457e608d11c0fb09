"""Normalization: statistics, updates, frozen layers."""

import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import layers
from cthulhu.core import Scope
from cthulhu.layers import Input
from cthulhu.models import Sequential

X = np.array([[0.0], [2.0], [4.0], [6.0]], "float32")  # mean 3, variance 5


def moved(layer, training=True, frozen=None):
    layer.build((None, 1))
    layer.built = True
    with Scope(training=training, frozen=frozen) as scope:
        output = layer(jnp.asarray(X))
    values = [
        float(scope.values.get(w, w.value)[0])
        for w in (layer.moving_mean, layer.moving_variance)
    ]
    return np.asarray(output)[:, 0], values


def test_training_normalizes_by_the_batch_and_moves_the_averages():
    output, (mean, variance) = moved(layers.BatchNormalization(momentum=0.9))

    np.testing.assert_allclose(output, (X[:, 0] - 3) / np.sqrt(5.001), rtol=1e-5)
    assert mean == pytest.approx(0.1 * 3)
    assert variance == pytest.approx(0.9 * 1 + 0.1 * 5 * 4 / (4 - 1.001))


def test_outside_training_the_averages_stand():
    output, averages = moved(layers.BatchNormalization(), training=False)
    np.testing.assert_allclose(output, X[:, 0] / np.sqrt(1.001), rtol=1e-5)
    assert averages == [0.0, 1.0]


def test_arrays_outside_any_model_leave_the_averages_alone():
    layer = layers.BatchNormalization()
    output = layer(X)
    np.testing.assert_allclose(output, X / np.sqrt(1.001), rtol=1e-5)
    assert float(layer.moving_mean.value[0]) == 0.0


def test_a_frozen_layer_does_not_move():
    layer = layers.BatchNormalization(trainable=False)
    assert moved(layer)[1] == [0.0, 1.0]
    assert layer.updates == []


def test_updates_name_the_two_averages():
    layer = layers.BatchNormalization()
    layer(Input((3,)))
    assert set(layer.updates) == {layer.moving_mean, layer.moving_variance}


def test_an_unknown_number_of_features_is_refused():
    with pytest.raises(ValueError, match="a known size of axis 1"):
        layers.BatchNormalization(axis=1)(Input((None, 3)))


def test_layer_normalization_looks_at_one_sample():
    x = np.array([[1.0, 3.0], [10.0, 30.0]], "float32")
    output = layers.LayerNormalization(epsilon=1e-9)(x)
    np.testing.assert_allclose(output, [[-1, 1], [-1, 1]], rtol=1e-5)


def test_layer_normalization_over_two_axes_scales_each_element():
    x = np.random.RandomState(0).normal(size=(2, 3, 4)).astype("float32")
    layer = layers.LayerNormalization(axis=(1, 2), beta_initializer="ones")
    output = np.asarray(layer(x))

    assert layer.gamma.shape == (3, 4)
    np.testing.assert_allclose(output.mean((1, 2)), 1, atol=1e-5)
    np.testing.assert_allclose(output.std((1, 2)), 1, atol=2e-3)


def test_updates_of_a_layer_inside_are_told_once():
    inner = Sequential([layers.BatchNormalization(input_shape=(3,))])
    outer = layers.TimeDistributed(inner)
    outer(Input((4, 3)))
    assert len(outer.updates) == 2
