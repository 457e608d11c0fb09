"""`predict` of a single batch takes the shortest way, and gives what the loop gives."""

import numpy as np
import pytest

from cthulhu.keras.callbacks import Callback
from cthulhu.keras.layers import Dense, Input
from cthulhu.keras.models import Model, Sequential

KERNEL = np.arange(6, dtype="float32").reshape(3, 2)


def doubling():
    model = Sequential([Dense(2, use_bias=False, input_shape=(3,))])
    model.set_weights([KERNEL])
    return model


@pytest.mark.parametrize(
    "how", [{}, {"batch_size": 4}, {"steps": 1}, {"batch_size": 9}]
)
def test_one_batch_gives_the_product_of_its_rows(how):
    x = np.eye(4, 3, dtype="float32")

    out = doubling().predict(x, verbose=0, **how)

    np.testing.assert_array_equal(out, x @ KERNEL)


def test_no_feed_is_made_for_one_batch_and_one_is_for_two(monkeypatch):
    made = []
    model = doubling()
    whole = model._feed
    monkeypatch.setattr(model, "_feed", lambda *a: made.append(a) or whole(*a))

    model.predict(np.ones((4, 3)), batch_size=4, verbose=0)
    assert not made
    model.predict(np.ones((5, 3)), batch_size=4, verbose=0)
    assert 1 == len(made)


def test_who_listens_to_one_batch_is_told():
    heard = []

    class Listener(Callback):
        def on_predict_batch_end(self, batch, logs=None):
            heard.append((batch, logs["outputs"][0].tolist()))

    doubling().predict(np.eye(1, 3), callbacks=[Listener()], verbose=0)

    assert [(0, [[0.0, 1.0]])] == heard


def test_nan_go_through_to_the_outputs_of_their_rows():
    x = np.zeros((2, 3))
    x[1, 0] = np.nan

    out = doubling().predict(x, verbose=0)

    assert [[False, False], [True, True]] == np.isnan(out).tolist()


def test_a_fixed_batch_size_is_checked_for_one_batch_too():
    x = Input(batch_shape=(2, 3))
    model = Model(x, Dense(1)(x))

    assert (2, 1) == model.predict(np.ones((2, 3)), verbose=0).shape
    with pytest.raises(ValueError, match="fixed batch size of 2.*1 rows"):
        model.predict(np.ones((1, 3)), verbose=0)
