"""Companions: what is attached to an optimizer takes part in each of its steps."""

import numpy as np

from cthulhu.core import Variable
from cthulhu.optimizers import SGD, Companion


class Halving(Companion):
    """Halves the rate before each step, and notes when there was an update."""

    def __init__(self):
        self.happened = []

    def before(self, optimizer, grads, variables):
        optimizer.learning_rate.assign(optimizer.learning_rate.value / 2)
        return grads

    def after(self, optimizer, variables, happened):
        self.happened.append((bool(happened), float(variables[0].value)))


class Twice(Companion):
    """Doubles the gradients."""

    def before(self, optimizer, grads, variables):
        return [2.0 * grad for grad in grads]


def test_a_companion_sets_the_rate_before_the_step_and_sees_the_weights_after():
    optimizer, weight, companion = SGD(1.0), Variable(8.0), Halving()
    optimizer.attach(companion)
    for _ in range(2):
        optimizer.apply_gradients([(np.float32(4.0), weight)])

    assert [(True, 6.0), (True, 5.0)] == companion.happened  # 8 - 4 / 2, 6 - 4 / 4
    assert 0.25 == float(optimizer.lr)


def test_while_gradients_are_added_up_nothing_has_happened():
    optimizer, weight = SGD(2.0, gradient_accumulation_steps=2), Variable(8.0)
    companion = Halving()
    optimizer.attach(companion)
    for _ in range(2):
        optimizer.apply_gradients([(np.float32(4.0), weight)])

    assert [(False, 8.0), (True, 6.0)] == companion.happened  # at a rate of 2 / 4


def test_gradients_go_through_companions_in_order_before_clipping():
    optimizer, weight = SGD(1.0, clipvalue=3.0), Variable(10.0)
    optimizer.attach(Twice())
    optimizer.attach(Twice())
    optimizer.apply_gradients([(np.float32(0.5), weight)])
    assert 8.0 == float(weight.value)  # 0.5 * 2 * 2

    optimizer.apply_gradients([(np.float32(1.0), weight)])
    assert 5.0 == float(weight.value)  # 4, cut to 3


def test_attaching_twice_is_attaching_once_and_detaching_undoes_it():
    optimizer, companion = SGD(1.0), Twice()
    before = optimizer.structure([])
    optimizer.attach(companion)
    optimizer.attach(companion)
    assert (companion,) == optimizer.companions
    assert before != optimizer.structure([])

    optimizer.detach(companion)
    optimizer.detach(companion)
    assert () == optimizer.companions
    assert before == optimizer.structure([])
