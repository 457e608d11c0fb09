"""Spectral normalization: the norm of a kernel."""

import numpy as np
import pytest

from cthulhu import layers
from cthulhu.core import Scope


def test_spectral_normalization_comes_to_a_largest_stretch_of_1():
    layer = layers.SpectralNormalization(layers.Dense(3), power_iterations=30)
    x = np.zeros((1, 5), "float32")
    layer.build(x.shape)
    with Scope(training=True) as scope:
        layer(x)
    kernel = np.asarray(scope.values[layer.layer.kernel])
    assert np.linalg.norm(kernel, 2) == pytest.approx(1, rel=1e-5)
    with Scope(training=False) as scope:
        layer(x)
    assert layer.layer.kernel not in scope.values
