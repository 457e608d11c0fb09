"""A weight that no gradient comes back to is told of before anything is trained."""

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.layers import Dense, Input, Lambda
from cthulhu.models import Model

X = np.ones((4, 3), "float32")


def test_a_loss_through_an_operation_without_a_gradient_is_refused():
    x = Input((3,))
    y = Lambda(lambda x: K.cast(K.argmax(x), "float32")[:, None])(Dense(2, name="d")(x))
    model = Model(x, y)
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="`None` for gradient.*`d/kernel`, `d/bias`"):
        model.fit(X, X[:, :1], verbose=0)
    assert all(
        np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)
    )
    assert model.evaluate(X, X[:, :1], verbose=0) >= 0


def test_a_weight_that_the_loss_does_not_see_is_frozen_to_train_the_others():
    x = Input((3,))
    model = Model(x, [Dense(1, name="seen")(x), Dense(1, name="unseen")(x)])
    model.compile("sgd", ["mse", None])
    with pytest.raises(ValueError, match="depend on `unseen/kernel`, `unseen/bias`"):
        model.train_on_batch(X, X[:, :1])
    model.get_layer("unseen").trainable = False
    model.compile("sgd", ["mse", None])
    model.train_on_batch(X, X[:, :1])


def test_a_gradient_of_zeros_is_a_gradient():
    x = Input((3,))
    model = Model(x, Lambda(lambda x: K.relu(x - 9))(Dense(1)(x)))
    model.compile("sgd", "mse")
    model.train_on_batch(0 * X, X[:, :1])
