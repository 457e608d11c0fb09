"""Attention layers: masks, calls, what is seen."""

import numpy as np

from cthulhu import layers
from cthulhu.layers import Input
from cthulhu.models import Model, load_model

X = np.random.RandomState(0).normal(size=(2, 5, 4)).astype("float32")


def test_masks_of_embeddings_reach_the_weights_and_the_output():
    words = Input((5,), dtype="int32")
    vectors = layers.Embedding(9, 4, mask_zero=True)(words)
    output, weights = layers.MultiHeadAttention(2, 3)(
        vectors, vectors, return_attention_scores=True
    )
    assert output.mask.shape == (None, 5)
    assert weights.mask is None

    found = Model(words, weights).predict(np.array([[1, 2, 3, 0, 0]]))

    np.testing.assert_array_equal(found[0, :, :3, 3:], 0)
    np.testing.assert_allclose(found[0, :, :3].sum(-1), 1, rtol=1e-5)


def test_an_attention_mask_may_be_an_input_of_a_model(tmp_path):
    x, mask = Input((5, 4)), Input((5, 5), dtype="bool")
    attention = layers.MultiHeadAttention(2, 3)
    model = Model([x, mask], attention(x, x, attention_mask=mask))
    only_itself = np.broadcast_to(np.eye(5, dtype=bool), (2, 5, 5))

    found = model.predict([X, only_itself])

    kernels = attention.get_weights()  # query, key, value, output: a kernel, a bias
    value = np.einsum("btf,fnh->btnh", X, kernels[4]) + kernels[5]
    expected = np.einsum("btnh,nhf->btf", value, kernels[6]) + kernels[7]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    model.save(tmp_path / "model.h5")
    again = load_model(tmp_path / "model.h5", compile=False)
    np.testing.assert_array_equal(again.predict([X, only_itself]), found)


def test_a_causal_layer_does_not_see_what_comes_later():
    layer = layers.GroupedQueryAttention(3, 4, 2)
    changed = X.copy()
    changed[:, 3:] += 1.0
    one, other = (np.asarray(layer(x, x, use_causal_mask=True)) for x in (X, changed))
    np.testing.assert_array_equal(one[:, :3], other[:, :3])
    assert (one[:, 3:] != other[:, 3:]).all()


def test_a_call_is_kept_with_its_arguments():
    x = Input((5, 4))
    model = Model(x, layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True))
    twin = Model.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
