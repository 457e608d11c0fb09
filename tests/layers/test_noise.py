"""Noise layers: mean and spread of what they add, and rest outside training."""

import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import layers
from cthulhu.core import Scope, make_key


@pytest.mark.parametrize(
    "layer, start, mean, stddev",
    [
        (layers.GaussianNoise(0.5), 0.0, 0.0, 0.5),
        (layers.GaussianDropout(0.2), 2.0, 2.0, 2 * np.sqrt(0.2 / 0.8)),
    ],
)
def test_noise_has_its_mean_and_spread(layer, start, mean, stddev):
    x = jnp.full((200, 100), start)
    with Scope(training=True, key=make_key(0)):
        noisy = np.asarray(layer(x))

    assert noisy.mean() == pytest.approx(mean, abs=0.02)
    assert noisy.std() == pytest.approx(stddev, rel=0.02)
    np.testing.assert_array_equal(layer(x), x)


def test_alpha_dropout_keeps_mean_and_spread():
    x = jnp.asarray(np.random.RandomState(0).normal(size=(300, 100)))
    with Scope(training=True, key=make_key(0)):
        noisy = np.asarray(layers.AlphaDropout(0.3)(x))

    assert noisy.mean() == pytest.approx(0.0, abs=0.02)
    assert noisy.std() == pytest.approx(1.0, rel=0.02)
    values, counts = np.unique(noisy, return_counts=True)
    assert counts.max() / noisy.size == pytest.approx(0.3, abs=0.01)
