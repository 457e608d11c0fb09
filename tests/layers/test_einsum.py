"""EinsumDense: initial values."""

import numpy as np

from cthulhu import layers


def test_fans_count_what_is_summed():
    layer = layers.EinsumDense("abc,cde->abde", (None, 40, 10))
    layer.build((None, 3, 100))
    # glorot: uniform up to sqrt(6 / (100 + 400)) = 0.1095
    assert 0.108 < np.abs(layer.get_weights()[0]).max() < 0.1096
