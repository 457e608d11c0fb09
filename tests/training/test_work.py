"""The operations of products, counted by hand."""

import jax
import jax.numpy as jnp

from cthulhu.training.work import operations


def count(function, *shapes):
    return operations(jax.jit(function).trace(*map(jnp.ones, shapes)).jaxpr)


def test_a_product_has_two_operations_for_each_term():
    assert 2 * 2 * 3 * 4 == count(jnp.matmul, (2, 3), (3, 4))
    assert 5 * 2 * 2 * 3 * 4 == count(jnp.matmul, (5, 2, 3), (5, 3, 4))


def test_loops_and_calls_count_as_often_as_they_run():
    def loop(x, kernel):
        inner = jax.jit(lambda x: jnp.tanh(x @ kernel))
        return jax.lax.scan(lambda h, _: (inner(h), None), x, None, length=7)[0]

    assert 7 * 2 * 2 * 3 * 3 == count(loop, (2, 3), (3, 3))


def test_branches_count_together_and_gradients_too():
    def either(x, kernel):
        return jax.lax.cond(x[0, 0] > 0, lambda: x @ kernel, lambda: -x @ kernel)

    def gradient(x, kernel):
        return jax.grad(lambda x, k: jnp.sum((x @ k) ** 2), (0, 1))(x, kernel)

    assert 2 * 2 * 2 * 3 * 3 == count(either, (2, 3), (3, 3))
    assert 3 * 2 * 2 * 3 * 4 == count(gradient, (2, 3), (3, 4))


def test_what_is_no_product_is_free():
    def convolve(x, kernel):
        return jax.lax.conv_general_dilated(x, kernel, (1,), "SAME")

    assert 0 == count(convolve, (1, 2, 8), (3, 2, 3))
    assert 0 == count(lambda x: jnp.exp(x) + x * x, (5, 5))
