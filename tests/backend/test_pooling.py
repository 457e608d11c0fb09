"""Pooling against windows that are written out, and its gradients."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cthulhu import backend as K
from cthulhu.backend import pooling


@pytest.mark.parametrize("size, stride", [(2, 2), (2, 3), (3, 2)])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("mode", ["max", "avg"])
def test_pooling_leaves_padding_out(size, stride, padding, mode):
    x = np.random.randn(1, 6, 8, 2)
    rows = -(-6 // stride) if padding == "same" else (6 - size) // stride + 1
    columns = -(-8 // stride) if padding == "same" else (8 - size) // stride + 1
    add = [0, 0]
    if padding == "same":
        add = [
            max((n - 1) * stride + size - total, 0) // 2
            for n, total in ((rows, 6), (columns, 8))
        ]
    expected = np.zeros((1, rows, columns, 2))
    for i, j in itertools.product(range(rows), range(columns)):
        top, left = i * stride - add[0], j * stride - add[1]
        part = x[:, max(top, 0) : top + size, max(left, 0) : left + size]
        expected[:, i, j] = part.max((1, 2)) if mode == "max" else part.mean((1, 2))

    y = K.pool2d(x, (size, size), (stride, stride), padding, pool_mode=mode)

    assert np.allclose(expected, y, atol=1e-6)


@st.composite
def pools(draw):
    """A shape, and how it is pooled: any rank, window, stride and padding."""
    rank = draw(st.integers(1, 3))
    window = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    strides = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    sizes = tuple(k + draw(st.integers(0, 4)) for k in window)
    padding = draw(st.sampled_from(["valid", "same"]))
    return (2, *sizes, 2), window, strides, padding


@settings(max_examples=25, deadline=None)
@given(pools(), st.sampled_from(["max", "avg"]))
def test_gradients_go_where_those_of_xla_go(case, mode):
    shape, window, strides, padding = case
    rank = len(window)
    pads = tuple(pooling.pads_of(shape[1:-1], window, strides, padding, (1,) * rank))
    draw = np.random.default_rng(0)
    x = draw.permutation(np.arange(np.prod(shape), dtype="float32")).reshape(shape)
    function = pooling._largest if mode == "max" else pooling._total

    y, back = jax.vjp(lambda x: function(window, strides, pads, x), x)
    expected, their_back = jax.vjp(
        lambda x: pooling._xla(window, strides, pads, mode, x), x
    )

    np.testing.assert_array_equal(expected, y)
    dy = draw.integers(-9, 9, y.shape).astype("float32")
    np.testing.assert_array_equal(their_back(dy)[0], back(dy)[0])


def test_of_equals_the_first_gets_the_gradient():
    x = np.array([2.0, 5.0, 5.0, 5.0, 1.0]).reshape(1, 5, 1, 1)

    dx = jax.grad(lambda x: K.sum(K.pool2d(x, (3, 1), (2, 1))))(x)

    # windows 2 5 5 and 5 5 1: the second's first is the third of all
    assert [0, 1, 1, 0, 0] == np.ravel(dx).tolist()


def test_a_gradient_of_pooling_has_gradients():
    def total(x):
        return K.sum(K.square(K.pool2d(x, (2, 1), (2, 1))))

    x = np.array([1.0, 3.0, 4.0, 2.0]).reshape(1, 4, 1, 1)

    # d total / dx = (0, 6, 8, 0); the slopes of its sum are 2 where x is the largest
    slopes = jax.grad(lambda x: jax.grad(total)(x).sum())(x)

    assert [0, 2, 2, 0] == np.ravel(slopes).tolist()
