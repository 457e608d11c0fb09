"""Locally connected layers: how kernels are kept."""

import numpy as np
import pytest

from cthulhu import layers


@pytest.mark.parametrize("implementation", [2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_local_kernels_are_dense_ones_with_gaps(implementation, data_format):
    """Each output is a sum over all inputs, of which a window counts."""
    window, strides = (3, 2), (1, 2)
    layer = layers.LocallyConnected2D(
        2,
        window,
        strides=strides,
        padding="same",
        data_format=data_format,
        implementation=implementation,
        use_bias=False,
    )
    x = np.random.RandomState(0).normal(size=(2, 3, 5, 2)).astype("float32")
    output = np.asarray(layer(x))
    (kernel,) = layer.get_weights()
    first = data_format == "channels_first"
    # same: three rows need one zero before and one after; of an odd number of columns
    # the last window has one zero after
    pads = (1, 0)
    inputs, outputs = x.shape[1:], output.shape[1:]
    dense = np.zeros((*inputs, *outputs))
    entries = []
    for out in np.ndindex(*outputs):
        for into in np.ndindex(*inputs):
            at, place = (out[1:], into[1:]) if first else (out[:2], into[:2])
            steps = zip(place, at, strides, pads, window, strict=True)
            if all(0 <= p - (a * s - pad) < k for p, a, s, pad, k in steps):
                entries.append((*into, *out))
    if implementation == 2:
        assert kernel.shape == dense.shape
        for index in entries:
            dense[index] = kernel[index]
    else:  # sorted by output, then by input, as they were visited
        assert kernel.shape == (len(entries),)
        for index, number in zip(entries, kernel, strict=True):
            dense[index] = number
    expected = np.tensordot(x, dense, 3)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
