"""Means and variances, what is scaled by them, and gradients beside differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from cthulhu import backend as K
from cthulhu.backend import normalization


def test_normalisation_in_training_and_the_unbiased_variance_of_images():
    x = np.random.randn(2, 3, 3, 4).astype("float32")

    y, mean, variance = K.normalize_batch_in_training(x, None, None, [0, 1, 2])

    assert np.allclose(x.mean((0, 1, 2)), mean, atol=1e-6)
    assert np.allclose(x.var((0, 1, 2), ddof=1), variance, atol=1e-5)
    assert np.allclose(0, K.mean(y, [0, 1, 2]), atol=1e-5)
    _, _, rows = K.normalize_batch_in_training(x[:, 0, 0], None, None, [0])
    assert np.allclose(x[:, 0, 0].var(0), rows, atol=1e-5)


def test_layers_of_equal_shapes_are_traced_once(monkeypatch):
    moments, traced = normalization._moments, []
    monkeypatch.setattr(
        normalization, "_moments", lambda *args: traced.append(args) or moments(*args)
    )

    def net(x):
        for _ in range(3):
            x, _, _ = K.normalize_batch_in_training(x, None, None, [0])
        return x

    jax.make_jaxpr(net)(np.ones((11, 13)))

    assert 1 == len(traced)


@pytest.mark.parametrize("axis", [1, -1])
def test_normalisation_by_given_statistics_on_any_axis(axis):
    x = np.random.rand(3, 2, 4)
    shape = [1, 1, 1]
    shape[axis] = x.shape[axis]
    mean, var, beta, gamma = (np.random.rand(x.shape[axis]) for _ in range(4))
    expected = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + 1e-3)
    expected = expected * gamma.reshape(shape) + beta.reshape(shape)

    y = K.batch_normalization(x, mean, var, beta, gamma, axis=axis)

    assert np.allclose(expected, y, atol=1e-5)


def test_gradients_of_normalization_are_those_of_differences():
    with jax.enable_x64():
        draw = np.random.default_rng(0)
        x, gamma, beta = (draw.normal(size=s) for s in ((3, 2, 4), (4,), (4,)))
        for function, arguments in [
            (lambda x: K.standardize(x, (1, 2)), (x,)),
            (lambda x: K.standardize(x, -1, center=False), (x,)),
            (lambda *a: K.normalize_batch_in_training(*a, [0, 1]), (x, gamma, beta)),
            (lambda x: K.l2_normalize(x, axis=(1, 2)), (x,)),
        ]:
            check_grads(function, arguments, order=1, modes=["rev"])


def test_standardized_numbers_keep_their_digits_far_from_zero():
    x = jnp.asarray([[10000.0, 10001.0, 10002.0]])
    np.testing.assert_allclose(
        K.standardize(x, -1, epsilon=0.0)[0], [-(1.5**0.5), 0, 1.5**0.5], rtol=1e-5
    )


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 3), (0,), ()])
def test_gradients_of_batch_statistics_are_those_of_differences(axes):
    draw = np.random.default_rng(0)
    x = draw.normal(3, 2, (3, 4, 2, 5))
    gamma, beta = draw.normal(
        size=(2, *(1 if a in axes else x.shape[a] for a in range(4)))
    )

    def outputs(x, gamma, beta):
        return K.normalize_batch_in_training(x, gamma, beta, axes)

    with jax.enable_x64(True):
        check_grads(outputs, (x, gamma, beta), order=1, modes=["rev"])


def test_a_scale_of_another_shape_than_the_statistics():
    x = np.random.default_rng(0).normal(size=(6, 4))
    gamma = np.arange(6.0).reshape(6, 1)

    y, mean, _ = K.normalize_batch_in_training(x, gamma, None, [0], epsilon=0.0)

    assert np.allclose((x - x.mean(0)) / x.std(0) * gamma, y, atol=1e-5)
    assert np.allclose(x.mean(0), mean, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
def test_the_variance_keeps_its_digits_far_from_zero(rows):
    draw = np.random.default_rng(0)
    x = (1000 + draw.normal(0, 0.1, (rows, 3))).astype("float32")

    _, mean, variance = K.normalize_batch_in_training(x, None, None, [0])

    exact = x.astype("float64")
    # In float32 the squares, a million, have steps of 1/16: six times the variance.
    np.testing.assert_allclose(variance, exact.var(0), rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(mean, exact.mean(0), rtol=1e-7)


def test_one_row_unlike_the_others_spoils_no_variance():
    x = np.full((128, 4, 4, 2), 5.0, "float32")
    x[0] = 1000.0

    _, mean, variance = K.normalize_batch_in_training(x, None, None, [0, 1, 2])

    share = 1 / 128
    assert np.allclose(5 + 995 * share, mean, rtol=1e-6)
    expected = 995**2 * share * (1 - share) * 2048 / 2047
    assert np.allclose(expected, variance, rtol=1e-5)


@pytest.mark.parametrize("shapes", [((4,), (4,)), ((3, 1), (4,)), (None, (3, 4))])
def test_scale_and_shift_and_their_gradients(shapes):
    with jax.enable_x64():
        x = np.random.randn(2, 3, 4)
        given = [None if shape is None else np.random.randn(*shape) for shape in shapes]
        scale, shift = given

        y = K.scale_and_shift(x, scale, shift)

        assert np.allclose(x * (1 if scale is None else scale) + shift, y)
        there = [p for p in given if p is not None]
        check_grads(
            lambda x, *p: K.scale_and_shift(x, *[None] * (2 - len(p)), *p),
            (x, *there),
            order=1,
            modes=["rev"],
        )
