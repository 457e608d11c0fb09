"""CuDNNGRU and CuDNNLSTM: the plain layers, with weights in another order."""

import numpy as np
import pytest

from cthulhu import layers
from cthulhu.saving import preprocess_weights_for_loading

X = np.random.RandomState(0).normal(size=(2, 5, 4)).astype("float32")


@pytest.mark.parametrize("ours, cudnn", [("LSTM", "CuDNNLSTM"), ("GRU", "CuDNNGRU")])
def test_cudnns_weights_are_those_of_the_plain_layer_in_another_order(ours, cudnn):
    plain = getattr(layers, ours)(3, **({"reset_after": True} if ours == "GRU" else {}))
    plain.build((None, 5, 4))
    other = getattr(layers, cudnn)(3)
    other.build((None, 5, 4))
    random = np.random.RandomState(0)
    kernel, recurrent, bias = (
        random.normal(size=w.shape).astype("float32") for w in plain.weights
    )

    def row_by_row(matrix):  # each gate's transposed matrix, its numbers in a row
        gates = np.split(matrix, matrix.shape[1] // 3, axis=1)
        return np.hstack([gate.T.reshape(gate.shape) for gate in gates])

    plain.set_weights([kernel, recurrent, bias])
    split = bias.ravel() if ours == "GRU" else np.concatenate([bias - 1, bias * 0 + 1])
    other.set_weights([row_by_row(kernel), row_by_row(recurrent), split])
    expected = plain(X)
    np.testing.assert_allclose(other(X), expected, rtol=1e-5, atol=1e-6)
    # and so they are exchanged between files
    other.set_weights(preprocess_weights_for_loading(other, plain.get_weights()))
    np.testing.assert_allclose(other(X), expected, rtol=1e-5, atol=1e-6)
    plain.set_weights(preprocess_weights_for_loading(plain, other.get_weights()))
    np.testing.assert_allclose(plain(X), expected, rtol=1e-5, atol=1e-6)


def test_weights_of_the_other_kind_of_gru_are_refused():
    plain = layers.GRU(3, name="ear")
    plain.build((None, 5, 4))
    other = layers.CuDNNGRU(3)
    other.build((None, 5, 4))
    with pytest.raises(ValueError, match=r"`ear` \(GRU\).*\(18,\).*reset_after=True"):
        preprocess_weights_for_loading(plain, other.get_weights())
