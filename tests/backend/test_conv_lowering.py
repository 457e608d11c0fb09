"""The convolution of CPUs and its gradients beside those of XLA, for all shapes."""

import unittest.mock

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cthulhu.backend import conv_lowering as lowering


@st.composite
def convolutions(draw):
    """Arrays and arguments: any rank, window, stride, dilation, groups and padding."""
    rank = draw(st.integers(1, 3))

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    window, strides, dilation = each(1, 3), each(1, 3), each(1, 2)
    pads = [(draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(rank)]
    sizes = tuple(
        max((k - 1) * d + 1 - before - after, 1) + more
        for k, d, (before, after), more in zip(
            window, dilation, pads, each(0, 4), strict=True
        )
    )
    groups = draw(st.integers(1, 3))
    channels, filters = draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    numbers = np.random.default_rng(draw(st.integers(0, 9)))
    x = numbers.normal(size=(draw(st.integers(1, 2)), *sizes, groups * channels))
    kernel = numbers.normal(size=(*window, channels, filters))
    return x, kernel, (strides, pads, dilation, groups)


def both(function, other, *arrays):
    """Values and gradients of two functions of the same arrays, in float64."""
    with jax.enable_x64(True):
        y, gradients = jax.vjp(jax.jit(function), *arrays)
        same, expected = jax.vjp(jax.jit(other), *arrays)
        assert y.shape == same.shape
        dy = np.random.default_rng(0).normal(size=y.shape)
        return (y, *gradients(dy)), (same, *expected(dy))


@settings(max_examples=25, deadline=None)
@given(convolutions(), st.sampled_from([0, lowering.FEW]))
def test_value_and_gradients_are_those_of_xla(case, few):
    x, kernel, how = case

    with unittest.mock.patch.object(lowering, "FEW", few):
        ours, theirs = both(
            lambda x, k: lowering.convolve(x, k, *how),
            lambda x, k: lowering._xla(x, k, *how),
            x,
            kernel,
        )

    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("samples", [0, 63, 64, 70])
def test_the_samples_of_a_large_batch_are_all_in_the_gradient(samples):
    x = np.ones((samples, 3, 16))
    kernel = np.ones((2, 16, 20))

    with jax.enable_x64(True):
        gradient = jax.grad(
            lambda k: lowering.convolve(x, k, (1,), [(0, 0)], (1,)).sum()
        )(kernel)

    # each entry of the kernel meets two steps of each sample
    assert np.array_equal(np.full((2, 16, 20), 2.0 * samples), gradient)


@settings(max_examples=15, deadline=None)
@given(convolutions())
def test_channels_alone_are_as_many_groups(case):
    x, kernel, (strides, pads, dilation, _) = case
    channels = x.shape[-1]
    kernel = np.resize(kernel, (*kernel.shape[:-2], channels, 2))

    ours, theirs = both(
        lambda x, k: lowering.convolve_channels(x, k, strides, pads, dilation),
        lambda x, k: lowering._xla(
            x, k.reshape(*k.shape[:-2], 1, -1), strides, pads, dilation, channels
        ),
        x,
        kernel,
    )

    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("groups", [1, 2])
def test_gradients_are_the_slopes_of_small_differences(groups):
    numbers = np.random.default_rng(3)
    x = numbers.normal(size=(2, 7, 6, 4))
    kernel = numbers.normal(size=(3, 2, 4 // groups, 6))
    weight = numbers.normal(size=(2, 4, 3, 6))

    def total(x, kernel):
        y = lowering.convolve(x, kernel, (2, 2), [(1, 1), (0, 1)], (1, 2), groups)
        return (y * weight).sum()

    with jax.enable_x64(True):
        gradients = jax.grad(total, (0, 1))(x, kernel)
        for i, (array, gradient) in enumerate(zip((x, kernel), gradients, strict=True)):
            way = numbers.normal(size=array.shape)
            ends = [[x, kernel], [x, kernel]]
            ends[0][i], ends[1][i] = array + 1e-6 * way, array - 1e-6 * way
            slope = (total(*ends[0]) - total(*ends[1])) / 2e-6
            assert float((gradient * way).sum()) == pytest.approx(float(slope), 1e-6)


def test_a_gradient_has_gradients():
    x = np.ones((1, 3, 1))
    kernel = np.array([[[2.0]], [[3.0]]])

    def total(x, kernel):
        y = lowering.convolve(x, kernel, (1,), [(0, 0)], (1,))
        return (y**2).sum() / 2

    # y = (5, 5); d total / dx = (2 * 5, 3 * 5 + 2 * 5, 3 * 5), whose sum is 5 * 10;
    # and by the kernel (a, b) of x = 1: sum = 2 (a + b) ** 2, slopes 4 (a + b) = 20
    with jax.enable_x64(True):
        slopes = jax.grad(lambda k: jax.grad(total)(x, k).sum())(kernel)

    assert [20.0, 20.0] == slopes.ravel().tolist()


def test_layers_of_equal_shapes_are_traced_and_differentiated_once():
    x, kernel = np.ones((11, 13, 13, 5)), np.ones((3, 3, 5, 5))
    pads = [(1, 1), (1, 1)]

    def net(x, kernel):
        for _ in range(3):
            x = lowering.convolve(x, kernel, (1, 1), pads, (1, 1))
        return x.sum()

    with unittest.mock.patch.object(lowering, "_xla", wraps=lowering._xla) as computed:
        jax.make_jaxpr(net)(x, kernel)
        forward = computed.call_count
        jax.make_jaxpr(jax.grad(net, (0, 1)))(x, kernel)
        both = computed.call_count

    assert 1 == forward
    # Value and two gradients of one layer, not of three.
    assert both - forward <= 3
