"""Embedding: lookup, masks and fixed lengths."""

import numpy as np
import pytest

from cthulhu import layers
from cthulhu.core import Scope
from cthulhu.layers import Input


def test_rows_are_looked_up():
    layer = layers.Embedding(3, 2, weights=[[[0, 0], [1, 2], [3, 4]]])
    np.testing.assert_array_equal(layer(np.array([[2, 1]])), [[[3, 4], [1, 2]]])
    assert layer.batch_input_shape == (None, None)


def test_zero_is_masked_when_asked():
    with Scope() as scope:
        output = layers.Embedding(3, 2, mask_zero=True)(np.array([[1, 0]]))
        np.testing.assert_array_equal(scope.mask_of(output), [[True, False]])


def test_a_fixed_length_is_checked():
    layer = layers.Embedding(3, 2, input_length=4)
    assert layer.batch_input_shape == (None, 4)
    assert layer.compute_output_shape((None, None)) == (None, 4, 2)
    with pytest.raises(ValueError, match=r"input_length=4"):
        layer.compute_output_shape((None, 5))
    with pytest.raises(ValueError, match=r"\(None, 5\)"):
        layer(Input((5,)))
