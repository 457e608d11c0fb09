"""What is frozen counts as of `compile`; frozen layers keep their statistics."""

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.layers import BatchNormalization, Dense, Dropout
from cthulhu.models import Sequential

X = np.arange(8, dtype="float32").reshape(4, 2)


def test_moving_averages_of_a_frozen_model_inside_another_stay():
    inner = Sequential([BatchNormalization(input_shape=(2,))])
    inner.trainable = False
    outer = Sequential([inner, Dense(1)])
    outer.compile("sgd", "mse")
    outer.train_on_batch(X, X[:, :1])

    np.testing.assert_array_equal(inner.get_weights()[2], [0.0, 0.0])


def test_moving_averages_follow_the_batch_with_the_momentum():
    model = Sequential([BatchNormalization(momentum=0.5, input_shape=(2,))])
    model.compile("sgd", "mse")
    model.train_on_batch(X, X)

    # half of the mean of the columns 0 2 4 6 and 1 3 5 7
    np.testing.assert_allclose(model.get_weights()[2], [1.5, 2.0])


def test_freezing_after_compile_waits_for_the_next_compile():
    layer = BatchNormalization(momentum=0.5, input_shape=(2,))
    model = Sequential([layer])
    model.compile("sgd", "mse")
    layer.trainable = False
    with pytest.warns(UserWarning, match="Discrepancy"):
        model.train_on_batch(X, X)

    np.testing.assert_allclose(layer.get_weights()[2], [1.5, 2.0])


def test_a_learning_phase_that_was_set_holds_in_predict():
    model = Sequential([Dropout(0.5, input_shape=(64,))])
    ones = np.ones((4, 64), "float32")
    np.testing.assert_array_equal(model.predict(ones), ones)
    with K.learning_phase_scope(1):
        dropped = model.predict(ones)

    assert set(np.unique(dropped)) == {0.0, 2.0}
