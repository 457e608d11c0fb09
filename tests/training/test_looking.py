"""Gradients and outputs for given data, without an effect on the model."""

import numpy as np
import pytest

from cthulhu.keras.layers import BatchNormalization, Dense, Dropout, SimpleRNN
from cthulhu.keras.models import Sequential

# Of (w·x + b - y)² with w = b = 1 the gradient is 2(x + 1 - y)·(x, 1):
# for x = 1, 2, 3 and y = 0 that is (4, 4), (12, 6), (24, 8).
X = np.array([[1.0], [2.0], [3.0]])
Y = np.zeros((3, 1))


@pytest.fixture(scope="module")
def model():
    ones = {"kernel_initializer": "ones", "bias_initializer": "ones"}
    model = Sequential([Dense(1, input_dim=1, **ones), Dropout(0.5)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("batch_size", [2, 3, 32])
def test_the_gradient_is_that_of_the_mean_over_all_rows(model, batch_size):
    kernel, bias = model.loss_gradients(X, Y, batch_size=batch_size)

    np.testing.assert_allclose([[40 / 3]], kernel, 1e-6)
    np.testing.assert_allclose([18 / 3], bias, 1e-6)


def test_rows_have_weights(model):
    kernel, bias = model.loss_gradients(X, Y, np.array([0.0, 3.0, 0.0]))

    np.testing.assert_allclose([[3 * 12 / 3]], kernel, 1e-6)
    np.testing.assert_allclose([3 * 6 / 3], bias, 1e-6)


def test_nothing_is_trained_kept_or_drawn():
    model = Sequential([Dense(2, input_dim=1), BatchNormalization(), Dense(1)])
    model.compile("adam", "mse")
    before = model.get_weights()
    np.random.seed(0)
    expected = np.random.randint(1000)
    np.random.seed(0)

    model.loss_gradients(X, Y)
    parts = list(model.output_batches(X, 2))

    assert expected == np.random.randint(1000)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [(2, 1), (1, 1)] == [output.shape for (output,) in parts]
    np.testing.assert_allclose(
        model.predict(X), np.concatenate([output for (output,) in parts]), 1e-6
    )


def test_stateful_layers_do_not_notice():
    ones = {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
    model = Sequential(
        [
            SimpleRNN(
                1,
                stateful=True,
                activation=None,
                batch_input_shape=(2, 1, 1),
                **ones,
            )
        ]
    )
    x = np.ones((5, 1, 1))
    parts = list(model.output_batches(x))

    assert [[[1.0], [1.0]]] * 2 == [output.tolist() for (output,) in parts]
    assert [[1.0], [1.0]] == model.predict(x[:2], batch_size=2).tolist()


def test_it_needs_a_loss_and_rows_that_fit(model):
    with pytest.raises(RuntimeError, match="compile"):
        Sequential([Dense(1, input_dim=1)]).loss_gradients(X, Y)
    with pytest.raises(ValueError, match="do not fit"):
        model.loss_gradients(np.ones((3, 2)), Y)
