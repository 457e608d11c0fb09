"""Sums over rows beside those of NumPy, and their gradients."""

import jax
import numpy as np
import pytest

from cthulhu.backend.reduction import sums


@pytest.mark.parametrize(
    "shape",
    [(64, 3), (7, 3), (37, 1), (5, 6, 4, 2), (2, 40, 3), (4096, 3), (64, 0), (0, 8)],
)
@pytest.mark.parametrize("count", [1, 2])
def test_sums_over_leading_axes(shape, count):
    arrays = np.random.default_rng(0).integers(-99, 99, (2, *shape)).astype("float32")
    for axes in (
        tuple(range(len(shape) - 1)),
        (0,),
        tuple(range(len(shape))),
        (),
        (1,),
    ):
        found = jax.jit(lambda *a, axes=axes: sums(a, axes))(*arrays[:count])

        for array, total in zip(arrays, found, strict=False):
            np.testing.assert_array_equal(array.sum(axes), total)


def test_halves_are_summed_in_float32():
    (total,) = sums([np.ones((4096, 2), "float16")], (0,))

    assert "float32" == total.dtype
    assert [4096.0, 4096.0] == total.tolist()  # in float16 steps are 4 from 4096 on


def test_gradients_of_sums_are_ones_and_those_of_squares_have_gradients():
    x = np.arange(128.0).reshape(64, 2)

    def squares(x):
        return sums([x * x], (0,))[0].sum()

    assert np.array_equal(2 * x, jax.grad(squares)(x))
    second = jax.grad(lambda x: (jax.grad(squares)(x) * x).sum())(x)
    assert np.array_equal(4 * x, second)
