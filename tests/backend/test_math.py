"""Products, reductions, and functions of single numbers."""

import jax
import numpy as np
import pytest

from cthulhu import backend as K


@pytest.fixture
def x():
    return np.random.rand(4, 2, 3).astype("float32") - 0.5


def test_dot_sums_over_the_last_axis_and_the_last_but_one(x):
    y = np.random.rand(5, 3, 7).astype("float32")

    assert np.allclose(np.dot(x, y), K.dot(x, y), atol=1e-6)
    assert (4, 2, 5, 7) == K.dot(x, y).shape
    assert (None, 5, 7) == K.int_shape(K.dot(K.placeholder((None, 3)), y))


@pytest.mark.parametrize("shape", [(5, 20), (2, 600, 20), (1200, 20)])
def test_the_gradients_of_a_product_with_a_matrix(shape):
    x = np.random.rand(*shape)
    y, g = np.random.rand(20, 18), np.random.rand(*shape[:-1], 18)

    product, vjp = jax.vjp(K.dot, x.astype("float32"), y.astype("float32"))
    by_x, by_y = vjp(g.astype("float32"))

    assert np.allclose(x @ y, product, atol=1e-5)
    assert np.allclose(g @ y.T, by_x, atol=1e-5)
    assert np.allclose(x.reshape(-1, 20).T @ g.reshape(-1, 18), by_y, rtol=1e-4)


@pytest.mark.parametrize(
    "x_shape, y_shape, axes, equation",
    [
        ((7, 3, 4, 5), (7, 2, 3, 4), (2, 3), "bmkn,bpqk->bmnpq"),
        ((7, 3, 4), (7, 4, 5), None, "bmk,bkn->bmn"),
        ((7, 4, 3), (7, 3, 5), (2, 1), "bmk,bkn->bmn"),
        ((7, 4), (7, 3, 4), (1, 2), "bk,bmk->bm"),
        ((7, 3, 4), (7, 4), -1, "bmk,bk->bm"),
    ],
)
def test_batch_dot_keeps_the_other_axes_in_order(x_shape, y_shape, axes, equation):
    x, y = np.random.rand(*x_shape), np.random.rand(*y_shape)

    expected = np.einsum(equation, x, y)

    assert np.allclose(expected, K.batch_dot(x, y, axes), atol=1e-5)
    symbols = [K.placeholder((None, *shape[1:])) for shape in (x_shape, y_shape)]
    assert (None, *expected.shape[1:]) == K.int_shape(K.batch_dot(*symbols, axes))


def test_batch_dot_of_two_vectors_keeps_an_axis_of_one():
    assert [[11.0]] == K.eval(K.batch_dot([[1.0, 2.0]], [[3.0, 4.0]], 1)).tolist()


@pytest.mark.parametrize(
    "shapes, axes, words",
    [
        (((2,), (2, 3)), None, "rank < 2"),
        (((2, 3), (4, 3)), 1, "different batch sizes"),
        (((2, 3), (2, 3)), 0, "axis 0"),
        (((2, 3), (2, 4)), 1, "3 and 4"),
        (((2, 3, 4), (2, 3, 4)), ((1, 2), (1, 2)), "Multiple target dimensions"),
    ],
)
def test_batch_dot_says_what_does_not_fit(shapes, axes, words):
    with pytest.raises(ValueError, match=words):
        K.batch_dot(*(np.ones(shape) for shape in shapes), axes)


@pytest.mark.parametrize("name", ["max", "min", "sum", "prod", "mean", "var", "std"])
@pytest.mark.parametrize("axis, keepdims", [(None, False), (1, True), ([1, -1], False)])
def test_reductions_are_those_of_numpy(x, name, axis, keepdims):
    expected = getattr(np, name)(
        x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims
    )

    assert np.allclose(expected, getattr(K, name)(x, axis, keepdims), atol=1e-6)


def test_truth_values_are_averaged_as_numbers():
    assert 0.25 == float(K.mean(np.array([True, False, False, False])))
    assert bool(K.any([0.0, 2.0])) and not bool(K.all([0.0, 2.0]))


def test_bounds_of_clip():
    x = [-2.0, 0.5, 3.0]

    assert [0, 0.5, 1] == K.eval(K.clip(x, 0, 1)).tolist()
    assert [-2, 0.5, 1] == K.eval(K.clip(x, None, 1)).tolist()
    assert [2, 2, 2] == K.eval(K.clip(x, 2, 1)).tolist()
    assert [-1, 0, 1] == K.eval(K.clip(x, [-1.0, -1.0, 0.0], [0.0, 0.0, 1.0])).tolist()


def test_the_gradient_of_clip_is_1_on_its_bounds_too():
    slope = jax.grad(lambda x: K.sum(K.clip(x, 0.0, 1.0)))(
        np.array([-1.0, 0, 0.5, 1, 2])
    )

    assert [0, 1, 1, 1, 0] == slope.tolist()


def test_the_square_root_is_0_below_0_and_has_a_finite_gradient():
    x = np.array([-1.0, 0.0, 4.0])

    assert [0, 0, 2] == K.eval(K.sqrt(x)).tolist()
    assert [0, 0, 0.25] == jax.grad(lambda x: K.sum(K.sqrt(x)))(x).tolist()


def test_logsumexp_does_not_overflow():
    assert 1e4 == float(K.logsumexp(K.variable([1e4, 1e-4])))


def test_comparisons_and_halves():
    assert [True, False] == K.eval(K.greater_equal([1, 2], [1, 3])).tolist()
    assert [0, 2, 2] == K.eval(K.round([0.5, 1.5, 2.5])).tolist()
    assert [1, 2] == K.eval(K.minimum([1, 5], 2)).tolist()
