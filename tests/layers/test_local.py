"""Locally connected layers: how kernels are kept."""

import numpy as np
import pytest

from cthulhu import layers


@pytest.mark.parametrize("implementation", [2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_local_kernels_are_dense_ones_with_gaps(implementation, data_format):
    """Each output is a sum over all inputs, of which a window counts."""
    layer = layers.LocallyConnected2D(
        2,
        (2, 3),
        strides=(1, 2),
        padding="same",
        data_format=data_format,
        implementation=implementation,
        use_bias=False,
    )
    x = np.random.RandomState(0).normal(size=(2, 3, 4, 2)).astype("float32")
    output = np.asarray(layer(x))
    (kernel,) = layer.get_weights()
    first = data_format == "channels_first"
    sizes, positions = ((4, 2), (4, 1)) if first else ((3, 4), (3, 2))
    inputs, outputs = x.shape[1:], output.shape[1:]
    dense = np.zeros((*inputs, *outputs))
    entries = []
    for out in np.ndindex(*outputs):
        for into in np.ndindex(*inputs):
            at, place = (out[1:], into[1:]) if first else (out[:2], into[:2])
            # same: 2 rows, one after; 3 columns with stride 2, from pads
            starts = [
                at[0],
                2 * at[1] - max((positions[1] - 1) * 2 + 3 - sizes[1], 0) // 2,
            ]
            if all(
                0 <= p - s < k for p, s, k in zip(place, starts, (2, 3), strict=True)
            ):
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
