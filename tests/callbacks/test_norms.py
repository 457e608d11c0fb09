"""Norms of gradients and weights, by arithmetic on models of a few weights."""

import math

import numpy as np
import pytest

from cthulhu import callbacks, layers, models, optimizers
from cthulhu.callbacks import GradientNorm, WeightNorm


def net(**how):
    """y = b (a x), with a = 3 and b = 4."""
    model = models.Sequential(
        [
            layers.Dense(1, use_bias=False, input_shape=(1,), name="a"),
            layers.Dense(1, use_bias=False, name="b"),
        ]
    )
    model.compile(optimizers.SGD(0.0, **how), "mse")
    model.set_weights([np.full((1, 1), 3.0), np.full((1, 1), 4.0)])
    return model


X = np.array([[0.5], [0.5], [1.0], [1.0]], "float32")
Y = np.array([[5.0], [5.0], [12.0], [12.5]], "float32")
# of the first batch: 2 (6 - 5) = 2, times 4 * 0.5 and 3 * 0.5; of the second
# the mean of 0 and 2 (12 - 12.5) = -1, so that -0.5 times 4 and 3
FIRST, SECOND = (4.0, 3.0), (2.0, 1.5)


class Watch(callbacks.Callback):
    """Notes the logs of batches."""

    def __init__(self):
        self.seen = []

    def on_batch_end(self, batch, logs=None):
        self.seen.append({n: v for n, v in logs.items() if n.startswith("grad")})


def fit(model, *told, **how):
    how = {"batch_size": 2, "verbose": 0, "shuffle": False, **how}
    return model.fit(X, Y, callbacks=list(told), **how).history


@pytest.mark.parametrize("ahead", [1, "auto", 2])
def test_the_norm_of_the_gradients_of_each_batch_and_its_mean(ahead):
    watch = Watch()
    history = fit(net(), GradientNorm(), watch, epochs=2, steps_per_execution=ahead)

    assert [{"grad_norm": 5.0}, {"grad_norm": 2.5}] * 2 == watch.seen
    assert [3.75, 3.75] == history["grad_norm"]


def test_each_layer_by_itself():
    watch = Watch()
    history = fit(net(), watch, GradientNorm(per_layer=True))

    expected = {"grad_norm": 5.0, "grad_norm/a": 4.0, "grad_norm/b": 3.0}
    assert expected == watch.seen[0]
    assert [3.0] == history["grad_norm/a"]
    assert [2.25] == history["grad_norm/b"]


def test_the_norm_is_that_before_clipping():
    history = fit(net(clipnorm=0.1), GradientNorm())

    assert [3.75] == history["grad_norm"]


def test_frozen_layers_have_no_gradient():
    model = net()
    model.layers[0].trainable = False
    model.compile(optimizers.SGD(0.0), "mse")
    history = fit(model, GradientNorm(per_layer=True), WeightNorm(per_layer=True))

    assert [2.25] == history["grad_norm"] == history["grad_norm/b"]
    assert [4.0] == history["weight_norm"]
    assert {"grad_norm/a", "weight_norm/a"}.isdisjoint(history)


def test_the_norm_of_the_weights_at_the_end_of_an_epoch():
    history = fit(net(), WeightNorm(per_layer=True), epochs=2)

    assert [5.0, 5.0] == history["weight_norm"]
    assert [3.0, 3.0] == history["weight_norm/a"]
    assert [4.0, 4.0] == history["weight_norm/b"]


def test_norms_change_nothing_and_nothing_stays():
    with_, without = net(), net()
    for model in (with_, without):
        model.optimizer.lr = 0.01
    fit(with_, GradientNorm(True), WeightNorm(), epochs=3)
    fit(without, epochs=3)

    assert with_.get_weights() == without.get_weights()
    assert () == with_.optimizer.companions


def test_the_names_are_announced():
    stop = callbacks.EarlyStopping("grad_norm/a", mode="min")
    fit(net(), GradientNorm(True), stop)
    assert 3.0 == stop.best

    with pytest.raises(ValueError, match="Did you mean `grad_norm`"):
        fit(net(), GradientNorm(), callbacks.EarlyStopping("grad_nrom", mode="min"))


def test_a_norm_that_is_no_number_says_so():
    model = net()
    model.set_weights([np.full((1, 1), math.inf), np.ones((1, 1))])
    history = fit(model, GradientNorm())

    assert not math.isfinite(history["grad_norm"][0])
