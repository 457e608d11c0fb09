"""Which formula a platform gets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu.backend import platform


@pytest.mark.parametrize("cpu_alone", [True, False])
def test_a_cpu_gets_its_formula_at_once_or_when_it_is_compiled_for(
    monkeypatch, cpu_alone
):
    monkeypatch.setattr(platform, "on_cpu", lambda: cpu_alone)

    y = platform.by_platform(jnp.ones(2), cpu=lambda x: x + 1, default=lambda x: x - 1)

    assert [2.0, 2.0] == y.tolist()


def test_what_is_computed_once_has_the_same_numbers_and_slopes():
    x = jnp.array([0.0, -0.0, 1e-30, -3.0, 1e30, -jnp.inf, jnp.inf, jnp.nan])

    assert np.array_equal(x, platform.once(x), equal_nan=True)
    assert [1.0] * 8 == jax.grad(lambda x: platform.once(x).sum())(x).tolist()
    assert [5] == platform.once(jnp.array([5])).tolist()


def test_what_a_product_and_a_loop_use_is_computed_once():
    def both(x, y):
        kept = platform.once(jnp.abs(x) + y)
        return kept @ x, jnp.sin(kept.T)

    x = jnp.ones((128, 128))
    program = jax.jit(both).lower(x, jnp.ones(128)).compile().as_text()

    assert 1 == program.count(" abs(")


def test_what_stands_apart_takes_in_nothing_and_hands_its_gradient_on():
    def flattened(x):
        return x.reshape(len(x), -1)

    def product(x, kernel):
        return platform.apart(flattened, jnp.maximum(x[:, ::2], x[:, 1::2])) @ kernel

    x = jnp.arange(2 * 4 * 3.0).reshape(2, 4, 3)
    kernel = jnp.arange(6.0)[:, None]
    # the rows of each sample that win are its second and fourth
    won = np.asarray(x)[:, 1::2].reshape(2, 6)
    slope = np.zeros((2, 4, 3))
    slope[:, 1::2] = np.arange(6.0).reshape(2, 3)
    program = jax.jit(product).lower(x, kernel).compile().as_text()

    assert (won @ np.arange(6.0)).tolist() == product(x, kernel)[:, 0].tolist()
    assert np.array_equal(slope, jax.grad(lambda x: product(x, kernel).sum())(x))
    assert " call(" in program
