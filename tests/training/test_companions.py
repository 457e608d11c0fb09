"""Steps that change while a fit runs: what callbacks attach to the optimizer."""

import numpy as np
import pytest

from cthulhu import callbacks, layers, models, optimizers
from cthulhu.core import Variable

X = np.ones((6, 1), "float32")
Y = np.zeros((6, 1), "float32")


class Count(optimizers.Companion):
    """Multiplies the rate by a half before each step, and reports it."""

    def __init__(self):
        self.metrics = [self]
        self.name, self.variables = "rate", []

    def before(self, optimizer, grads, variables):
        optimizer.learning_rate.assign(optimizer.learning_rate.value / 2)
        self.rate = optimizer.learning_rate
        return grads

    def result(self):
        return self.rate.value

    def reset_states(self):
        pass


class Between(callbacks.Callback):
    """Attaches a companion for some epochs; notes what batches report."""

    def __init__(self, companion, first, last):
        self.companion, self.first, self.last = companion, first, last
        self.rates = []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.first:
            self.model.optimizer.attach(self.companion)
        if epoch == self.last:
            self.model.optimizer.detach(self.companion)

    def on_batch_end(self, batch, logs=None):
        self.rates.append(logs.get("rate"))


@pytest.fixture
def model():
    model = models.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(optimizers.SGD(1.0), "mse")
    model.set_weights([np.ones((1, 1))])
    return model


@pytest.mark.parametrize("ahead", [1, "auto", 2])
def test_a_companion_takes_part_from_the_epoch_on_in_which_it_came(model, ahead):
    told = Between(Count(), 1, 2)
    model.optimizer.lr = 0.25
    model.fit(
        X, Y, 2, 3, verbose=0, callbacks=[told], shuffle=False,
        steps_per_execution=ahead,
    )  # fmt: skip

    assert [None] * 3 + [0.125, 0.0625, 0.03125] + [None] * 3 == told.rates
    # mse of w against 0: the gradient is 2 w, so that w becomes w (1 - 2 lr)
    each = [0.5] * 3 + [0.75, 0.875, 0.9375] + [0.9375] * 3
    assert np.prod(each) == pytest.approx(model.get_weights()[0][0, 0], rel=1e-6)


def test_what_a_companion_reports_begins_anew_when_it_comes(model):
    class Steps(optimizers.Companion):
        name = "rate"

        def __init__(self):
            self.metrics = [self]
            self.count = Variable(5.0, trainable=False)
            self.variables = [self.count]

        def before(self, optimizer, grads, variables):
            self.count.assign(self.count.value + 1)
            return grads

        def result(self):
            return self.count.value

        def reset_states(self):
            self.count.assign(0.0)

    told = Between(Steps(), 1, 3)
    model.fit(X, Y, 2, 3, verbose=0, callbacks=[told])

    assert [None] * 3 + [1.0, 2.0, 3.0] * 2 == told.rates


def test_steps_that_come_back_are_not_compiled_again(model, compilations):
    told = Between(Count(), 1, 2)
    model.fit(X, Y, 2, 3, verbose=0, callbacks=[told])
    with compilations() as names:
        model.fit(X, Y, 2, 3, verbose=0, callbacks=[told])

    assert [] == [name for name in names if "advance" in name or "single" in name]


def test_what_a_hook_sets_before_validation_is_validated(model):
    class Zero(callbacks.Callback):
        def on_test_begin(self, logs=None):
            self.model.set_weights([np.zeros((1, 1))])

    history = model.fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[Zero()])

    assert [0.0] == history.history["val_loss"]
    assert 0.0 == model.get_weights()[0][0, 0]


def test_what_a_hook_sets_before_predicting_is_predicted_with(model):
    class Three(callbacks.Callback):
        def on_predict_begin(self, logs=None):
            self.model.set_weights([np.full((1, 1), 3.0)])

    assert [[3.0]] * 6 == model.predict(X, callbacks=[Three()]).tolist()


def test_accumulation_is_compiled_once_for_all_numbers(model, compilations):
    schedule = callbacks.GradientAccumulationScheduler({0: 1, 1: 2, 2: 3})
    with compilations() as names:
        model.fit(X, Y, 2, 4, verbose=0, callbacks=[schedule])

    assert 1 == len([name for name in names if "advance" in name])
