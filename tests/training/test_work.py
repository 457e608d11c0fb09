"""The operations of products, counted by hand."""

import jax
import jax.numpy as jnp

from cthulhu.training.work import calls_python, largest, operations


def count(function, *shapes):
    work = operations(jax.jit(function).trace(*map(jnp.ones, shapes)).jaxpr)
    return work.products or work.convolutions


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


def test_a_convolution_has_two_operations_for_each_term():
    def convolve(x, kernel):
        return jax.lax.conv_general_dilated(x, kernel, (1,), "SAME")

    def grouped(x, kernel):
        return jax.lax.conv_general_dilated(
            x, kernel, (1,), "VALID", feature_group_count=2
        )

    # 3 filters of 2 channels and a window of 3, at 8 places of 5 samples
    assert 5 * 8 * 3 * 2 * 2 * 3 == count(convolve, (5, 2, 8), (3, 2, 3))
    # 4 filters of one channel each, at 6 places
    assert 5 * 6 * 4 * 2 * 1 * 3 == count(grouped, (5, 2, 8), (4, 1, 3))


def test_what_is_neither_is_free():
    assert 0 == count(lambda x: jnp.exp(x) + x * x, (5, 5))


def test_functions_of_python_are_found_within_loops():
    def ask(x):
        return jax.pure_callback(lambda x: x, x, x)

    def loop(x):
        return jax.lax.fori_loop(0, 3, lambda i, x: ask(x), x)

    assert calls_python(jax.jit(loop).trace(jnp.ones(2)).jaxpr)
    assert not calls_python(jax.jit(jnp.tanh).trace(jnp.ones(2)).jaxpr)


def test_the_largest_array_is_found_wherever_it_is_made():
    def loop(x):
        wide = jax.jit(lambda x: jnp.outer(x, x))  # 5 by 5 numbers of 4 bytes
        return jax.lax.scan(lambda h, _: (wide(h)[0], None), x, None, length=7)[0]

    assert 100 == largest(jax.jit(loop).trace(jnp.ones(5)).jaxpr)
    assert 40 == largest(jax.jit(jnp.concatenate).trace([jnp.ones(5)] * 2).jaxpr)


def test_random_keys_have_a_size():
    def draw(seed):
        return jax.random.uniform(jax.random.key(seed), (100,))

    assert 400 <= largest(jax.jit(draw).trace(0).jaxpr) <= 1600
