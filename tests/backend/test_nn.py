"""Activations, cross-entropies, biases, and what depends on the phase."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.core import LEARNING_PHASE, Scope


@pytest.fixture(autouse=True)
def no_fixed_phase():
    yield
    K.clear_session()


def test_the_phase_inside_a_scope_is_that_of_the_scope():
    for training in (False, True):
        with Scope(training=training):
            assert int(training) == K.learning_phase()
            assert training == (K.in_train_phase("train", "test") == "train")


def test_the_phase_outside_is_a_symbol_unless_it_was_set():
    assert K.learning_phase() is LEARNING_PHASE
    with K.learning_phase_scope(1):
        assert 1 == K.learning_phase()
    K.set_learning_phase(0)
    assert 0 == K.learning_phase()
    with pytest.raises(ValueError, match="0 or 1"):
        K.set_learning_phase(2)


def test_a_graph_follows_the_phase_that_it_is_run_in():
    x = K.placeholder((None,))
    y = K.in_train_phase(lambda: x * 2, x)
    f = K.function([x, K.learning_phase()], [y])

    assert [2.0] == f([[1.0], 1])[0].tolist()
    assert [1.0] == f([[1.0], 0])[0].tolist()


def test_switch_takes_scalars_rows_and_functions():
    assert 1.0 == float(K.switch(K.constant(True), lambda: 1.0, lambda: 2.0))
    rows = K.switch([True, False], np.ones((2, 2)), np.zeros((2, 2)))
    assert [[1, 1], [0, 0]] == K.eval(rows).tolist()
    chosen = jax.jit(lambda c: K.switch(c, lambda: 1.0, lambda: 2.0))
    assert 2.0 == float(chosen(False))
    with pytest.raises(ValueError, match="Rank of `condition`"):
        K.switch(np.ones((2, 2)), np.ones(2), np.ones(2))


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("max_value", [None, 0.0, 5.0])
@pytest.mark.parametrize("threshold", [0.0, 0.8])
def test_relu_in_all_its_forms(alpha, max_value, threshold):
    x = np.linspace(-3, 9, 25).astype("float32")
    above = np.clip(x * (x >= threshold), 0, np.inf if max_value is None else max_value)
    expected = above + alpha * (x - threshold) * (x < threshold)

    assert np.allclose(expected, K.relu(x, alpha, max_value, threshold), atol=1e-6)


def test_the_slope_of_relu_at_0_is_0():
    assert 0 == float(jax.grad(K.relu)(0.0))
    assert 0.5 == float(jax.grad(lambda x: K.relu(x, alpha=0.5))(0.0))


def test_cross_entropies_of_probabilities():
    p = np.array([[0.2, 0.8]], "float32")

    assert np.allclose(-np.log(0.8), K.categorical_crossentropy([[0.0, 1.0]], p))
    assert np.allclose(-np.log(0.8), K.sparse_categorical_crossentropy([1], p))
    assert np.allclose(
        [[-np.log(0.8), -np.log(0.8)]], K.binary_crossentropy([[0.0, 1.0]], p), 1e-5
    )


def test_probabilities_that_do_not_sum_to_one_are_scaled():
    loss = K.categorical_crossentropy([[0.0, 1.0]], [[1.0, 3.0]])

    assert np.allclose(-np.log(0.75), loss)


def test_classes_on_another_axis():
    logits = np.random.randn(2, 3, 4).astype("float32")
    target = np.random.randint(0, 3, (2, 4))

    one_hot = np.moveaxis(np.eye(3)[target], -1, 1)
    dense = K.categorical_crossentropy(one_hot, logits, from_logits=True, axis=1)
    sparse = K.sparse_categorical_crossentropy(target, logits, True, axis=1)

    assert (2, 4) == sparse.shape
    assert np.allclose(dense, sparse, atol=1e-6)


@pytest.mark.parametrize(
    "activation, loss",
    [(K.softmax, K.categorical_crossentropy), (K.sigmoid, K.binary_crossentropy)],
)
def test_a_saturated_output_still_has_a_gradient_while_a_step_is_traced(
    activation, loss
):
    def total(x):
        return K.sum(loss(np.array([[1.0, 0.0]], "float32"), activation(x)))

    wrong = jnp.array([[-100.0, 100.0]])

    assert np.allclose(200, jax.jit(total)(wrong))
    assert np.allclose([[-1, 1]], jax.jit(jax.grad(total))(wrong))


def test_the_logits_behind_an_output_are_forgotten_with_it():
    from cthulhu.backend.nn import _origins

    jax.jit(lambda x: K.softmax(x))(np.ones((1, 2)))

    assert not _origins._notes


def test_the_top_k_include_ties():
    p = [[0.1, 0.5, 0.4], [0.4, 0.4, 0.2]]

    assert [True, True] == K.eval(K.in_top_k(p, [1, 1], 1)).tolist()
    assert [False, False] == K.eval(K.in_top_k(p, [0, 2], 2)).tolist()


def test_biases_in_both_layouts():
    x, bias = np.zeros((1, 4, 2, 3)), np.arange(4.0)

    assert np.allclose(bias, K.bias_add(x, bias, "channels_first")[0, :, 1, 2])
    assert np.allclose(bias[:3], K.bias_add(x, bias[:3])[0, 1, 1])
    with pytest.raises(ValueError, match="Unexpected bias dimensions 2"):
        K.bias_add(x, np.ones((2, 2)))


@pytest.mark.parametrize("shape", [(4,), (3, 4)])
def test_gradients_of_biases_are_sums_over_what_they_were_added_to(shape):
    x = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    bias = np.zeros(shape)

    by_x, by_bias = jax.grad(lambda *a: K.sum(K.bias_add(*a) * x), (0, 1))(x, bias)

    assert np.array_equal(x, by_x)
    # entries 0, 4, ..., 20 of the first channel: 60; those of one step: i and i + 12
    expected = [60.0, 66.0, 72.0, 78.0] if len(shape) == 1 else 2 * x[0] + 12
    assert np.array_equal(expected, by_bias)


def test_a_unit_vector():
    assert np.allclose([[0.6, 0.8]], K.l2_normalize([[3.0, 4.0]], axis=-1))
