"""Layers that are trained only from some epoch on: by arithmetic on two weights."""

import numpy as np
import pytest

from cthulhu import callbacks, layers, models, optimizers
from cthulhu.callbacks import StagedUnfreezing

X = np.ones((4, 1), "float32")
Y = np.zeros((4, 1), "float32")
LR, MOMENTUM = 0.01, 0.5


def net(optimizer=None):
    """y = b (a x), with a = b = 1."""
    model = models.Sequential(
        [
            layers.Dense(1, use_bias=False, input_shape=(1,), name="a"),
            layers.Dense(1, use_bias=False, name="b"),
        ]
    )
    model.compile(optimizer or optimizers.SGD(LR, MOMENTUM), "mse", ["mae"])
    model.set_weights([np.ones((1, 1))] * 2)
    return model


class Watch(callbacks.Callback):
    """Notes both weights after each batch."""

    def __init__(self):
        self.seen = []

    def on_batch_end(self, batch, logs=None):
        self.seen.append([float(w[0, 0]) for w in self.model.get_weights()])


def fit(model, *told, epochs=3, **how):
    how = {"batch_size": 2, "verbose": 0, **how}
    return model.fit(X, Y, epochs=epochs, callbacks=list(told), **how).history


def by_hand(stages, epochs=3):
    """Both weights after each step; loss (a b)^2, batches of two alike."""
    weights, speeds, seen = [1.0, 1.0], [0.0, 0.0], []
    for step in range(2 * epochs):
        a, b = weights
        for i, slope in enumerate([2 * a * b * b, 2 * a * a * b]):
            if step // 2 >= stages[i]:
                speeds[i] = MOMENTUM * speeds[i] - LR * slope
                weights[i] += speeds[i]
        seen.append(list(weights))
    return np.array(seen)


@pytest.mark.parametrize("ahead", [1, "auto", 2])
def test_a_layer_rests_until_its_epoch_and_others_keep_their_momentum(ahead):
    watch, model = Watch(), net()
    fit(model, StagedUnfreezing({1: "a"}), watch, steps_per_execution=ahead)

    assert by_hand([1, 0]) == pytest.approx(np.array(watch.seen), rel=1e-5)
    assert 6 == int(model.optimizer.iterations)


def test_stages_in_any_order_by_name_or_by_layer():
    watch, model = Watch(), net()
    fit(model, StagedUnfreezing({2: [model.layers[0]], 0: ["b"]}), watch)

    assert by_hand([2, 0]) == pytest.approx(np.array(watch.seen), rel=1e-5)
    assert all(layer.trainable for layer in model.layers)


def test_metrics_and_logs_go_on():
    history = fit(net(), StagedUnfreezing({1: "a"}), epochs=2)

    assert {"loss", "mae"} == set(history)
    before = np.array([[1.0, 1.0], *by_hand([1, 0], 2)])[:-1]
    errors = before.prod(axis=1)
    assert [errors[:2].mean(), errors[2:].mean()] == pytest.approx(
        history["mae"], rel=1e-5
    )


def test_a_run_that_begins_later_begins_in_its_stage():
    watch = Watch()
    fit(net(), StagedUnfreezing({1: "a", 2: "b"}), watch, initial_epoch=1)

    assert all(b == 1.0 for _, b in watch.seen[:2])
    assert watch.seen[0][0] < 1.0
    assert watch.seen[2][1] < 1.0


def test_the_moments_of_adam_stay_with_their_weights():
    model = net(optimizers.Adam(0.1))
    seen = []

    class Slots(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            held = self.model.optimizer.weights
            seen.append({w.name.rpartition("/")[2]: float(w.value.sum()) for w in held})

    unfreeze = StagedUnfreezing({1: "a"})
    fit(model, unfreeze, Slots(), epochs=2, batch_size=4)

    # one update an epoch: m is a tenth of the gradient 2 b, then 0.9 of that and more
    assert 0.2 == pytest.approx(seen[0]["m_0"])
    a, b = 1.0, 0.9  # the first step of Adam is the rate
    assert 0.1 * 2 * a * b * b == pytest.approx(seen[1]["m_0"], rel=1e-4)
    assert 0.9 * 0.2 + 0.1 * 2 * b == pytest.approx(seen[1]["m_1"], rel=1e-4)
    names = [w.name for w in model.optimizer.weights]
    assert len(names) == len(set(names))


def test_statistics_of_a_frozen_layer_rest_too():
    model = models.Sequential(
        [
            layers.BatchNormalization(
                center=False, scale=False, momentum=0.5, input_shape=(1,), name="norm"
            ),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    seen = []

    class Note(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(float(self.model.layers[0].moving_mean.numpy()[0]))

    fit(model, StagedUnfreezing({1: "norm"}), Note(), epochs=2)

    assert [0.0, 0.75] == seen  # 1 is the mean of each of two batches


def test_what_comes_is_printed(capsys):
    fit(net(), StagedUnfreezing({1: ["a"]}, verbose=1), epochs=2)

    assert "\nStagedUnfreezing trains `a` from here on.\n" == capsys.readouterr().out


def test_a_name_that_the_model_does_not_have_is_refused_before_the_first_step():
    model = net()
    with pytest.raises(
        ValueError, match="In `stages` of StagedUnfreezing: Unknown layer `block`"
    ):
        fit(model, StagedUnfreezing({1: "block"}))

    assert 0 == int(model.optimizer.iterations)


@pytest.mark.parametrize(
    "stages, error",
    [
        ({}, ValueError),
        (["a"], TypeError),
        ({-1: "a"}, ValueError),
        ({"a": 1}, TypeError),
        ({1: [3]}, TypeError),
        ({1: "a", 2: "a"}, ValueError),
    ],
)
def test_what_names_no_stages_is_refused(stages, error):
    with pytest.raises(error):
        StagedUnfreezing(stages)
