"""Attention: weights by hand, masks, shared heads; gradients by differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from cthulhu import backend as K
from cthulhu.backend import attention
from cthulhu.core import Scope


@pytest.fixture(autouse=True, params=[1, 1000])
def both_ways(request, monkeypatch):
    """Each way that attention is computed on a CPU, whatever the number of steps."""
    monkeypatch.setattr(attention, "LONG", request.param)


def drawn(*shapes, dtype="float32"):
    random = np.random.RandomState(0)
    return [jnp.asarray(random.normal(size=shape), dtype) for shape in shapes]


def plainly(query, key, value, mask, scale):
    """Head by head, as the paper's equation 1 has it."""
    output = np.zeros((*query.shape[:3], value.shape[-1]))
    for b, t, h in np.ndindex(*query.shape[:3]):
        shared = h // (query.shape[2] // key.shape[2])
        scores = key[b, :, shared] @ query[b, t, h] * scale
        weights = np.where(mask[b, t], np.exp(scores - scores.max()), 0)
        output[b, t, h] = weights / weights.sum() @ value[b, :, shared]
    return output


def test_two_equal_keys_share_the_weight():
    query = jnp.ones((1, 1, 1, 4))
    key = jnp.ones((1, 2, 1, 4))
    value = jnp.asarray([[[[1.0]], [[3.0]]]])
    output, weights = K.dot_product_attention(query, key, value, return_weights=True)
    np.testing.assert_allclose(output, [[[[2.0]]]])
    np.testing.assert_allclose(weights, [[[[0.5, 0.5]]]])


def test_scores_are_divided_by_the_root_of_the_size():
    query, key = jnp.full((1, 1, 1, 4), 2.0), jnp.zeros((1, 2, 1, 4)).at[0, 1].set(1.0)
    _, weights = K.dot_product_attention(query, key, key, return_weights=True)
    # 2 * 4 / sqrt(4) = 4 more for the second key
    np.testing.assert_allclose(weights[0, 0, 0, 1], 1 / (1 + np.exp(-4)), rtol=1e-6)


@pytest.mark.parametrize("value_size", [3, 2])  # the second is no device's own
def test_heads_masks_and_windows_are_those_of_the_paper(value_size):
    query, key, value = drawn((2, 4, 4, 3), (2, 5, 2, 3), (2, 5, 2, value_size))
    mask = np.ones((2, 4, 5), bool)
    mask[0, :, 3:] = mask[1, 2, 1] = False
    near = np.abs(np.arange(4)[:, None] - np.arange(5)) < 3
    past = np.arange(4)[:, None] >= np.arange(5)

    output = K.dot_product_attention(
        query, key, value, mask=mask[:, None], is_causal=True, window=3
    )

    expected = plainly(
        *map(np.asarray, (query, key, value)), mask & near & past, 3**-0.5
    )
    np.testing.assert_allclose(output, expected, rtol=2e-5, atol=1e-6)


def test_a_query_that_may_look_nowhere_gets_the_mean():
    query, key, value = drawn((1, 1, 1, 3), (1, 4, 1, 3), (1, 4, 1, 3))
    output = K.dot_product_attention(query, key, value, mask=jnp.zeros((1, 1, 1, 4)))
    np.testing.assert_allclose(output[0, 0], value.mean((0, 1)), rtol=1e-5)


def test_half_precision_adds_its_scores_up_in_single():
    query, key, value = drawn((1, 3, 2, 64), (1, 300, 2, 64), (1, 300, 2, 64))
    exact = K.dot_product_attention(query, key, value)
    half = K.dot_product_attention(*(x.astype("bfloat16") for x in (query, key, value)))
    assert half.dtype == jnp.bfloat16
    np.testing.assert_allclose(half.astype("float32"), exact, atol=0.02)


def test_weights_are_dropped_in_training_alone():
    query, key = drawn((1, 50, 1, 2), (1, 80, 1, 2))
    value = jnp.ones((1, 80, 1, 2))

    def attend(training):
        with Scope(training=training, key=jax.random.key(0)):
            return K.dot_product_attention(query, key, value, dropout=0.25)

    np.testing.assert_allclose(attend(False), 1, rtol=1e-5)
    sums = np.asarray(attend(True))[0, :, 0, 0]
    assert sums.std() > 0.01
    assert abs(sums.mean() - 1) < 4 * sums.std() / 50**0.5


def test_shapes_that_do_not_go_together_are_refused():
    query, key = jnp.ones((1, 2, 3, 4)), jnp.ones((1, 2, 2, 4))
    with pytest.raises(ValueError, match=r"query \(1, 2, 3, 4\), key \(1, 2, 2, 4\)"):
        K.dot_product_attention(query, key, key)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"is_causal": True},
        {"mask": np.array([[[[1, 1, 0, 1, 1]]]]), "scale": 0.3, "window": 2},
        {"bias": np.linspace(-1, 1, 20).reshape(1, 1, 4, 5), "return_weights": True},
    ],
)
def test_gradients_of_attention_are_those_of_differences(how):
    with jax.enable_x64():
        shapes = (1, 4, 2, 3), (1, 5, 1, 3), (1, 5, 1, 3)
        check_grads(
            lambda *x: K.dot_product_attention(*x, **how),
            drawn(*shapes, dtype="float64"),
            order=1,
            modes=["rev"],
        )
