"""How many batches make one update, by epoch: by hand on one weight."""

import numpy as np
import pytest

from cthulhu import callbacks, layers, models, optimizers
from cthulhu.callbacks import GradientAccumulationScheduler

X = np.ones((4, 1), "float32")
Y = np.array([[0.0], [1.0], [2.0], [3.0]], "float32")


def net(optimizer=None):
    model = models.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(optimizer or optimizers.SGD(0.25), "mse")
    model.set_weights([np.ones((1, 1))])
    return model


class Watch(callbacks.Callback):
    """Notes the weight after each batch."""

    def __init__(self):
        self.seen = []

    def on_batch_end(self, batch, logs=None):
        self.seen.append(float(self.model.get_weights()[0][0, 0]))


def train(model, *told, epochs=3, **how):
    how = {"batch_size": 1, "verbose": 0, "shuffle": False, **how}
    model.fit(X, Y, epochs=epochs, callbacks=list(told), **how)


@pytest.mark.parametrize("ahead", [1, "auto", 3])
def test_the_number_of_batches_changes_with_the_epoch(ahead):
    watch, model = Watch(), net()
    schedule = GradientAccumulationScheduler({1: 2, 2: 4})
    train(model, schedule, watch, steps_per_execution=ahead)

    # loss (w - y)^2: a batch moves w to (w + y) / 2, two of them by their mean
    expected = [0.5, 0.75, 1.375, 2.1875]
    w = expected[-1]
    expected += [w, (w + 0.5) / 2, (w + 0.5) / 2, ((w + 0.5) / 2 + 2.5) / 2]
    w = expected[-1]
    expected += [w, w, w, (w + 1.5) / 2]
    assert expected == pytest.approx(watch.seen)
    assert 4 == model.optimizer.gradient_accumulation_steps
    assert 4 + 2 + 1 == int(model.optimizer.iterations)


def test_gradients_that_wait_when_fewer_are_to_wait_weigh_alike():
    watch = Watch()
    schedule = GradientAccumulationScheduler({0: 3, 1: 1})
    train(net(), schedule, watch, epochs=2)

    # three make an update, at a mean of 1: nothing moves; then y = 3 and 0 are two
    assert [1.0, 1.0, 1.0, 1.0, (1.0 + 1.5) / 2] == pytest.approx(watch.seen[:5])


def test_moments_are_kept_when_gradients_begin_to_wait():
    plain, later = net(optimizers.Adam(0.1)), net(optimizers.Adam(0.1))
    train(plain, epochs=2)
    train(later, epochs=1)
    train(later, GradientAccumulationScheduler({0: 1}), epochs=1)

    assert plain.get_weights()[0] == pytest.approx(later.get_weights()[0], rel=1e-6)
    names = [w.name.rpartition("/")[2] for w in later.optimizer.weights]
    assert ["batches", "gradient_sum_0"] == names[-2:]


def test_the_file_of_such_a_model_has_its_optimizer(tmp_path):
    path, model = str(tmp_path / "model.h5"), net(optimizers.Adam(0.1))
    train(model, GradientAccumulationScheduler({0: 3}), epochs=1)
    model.save(path)
    again = models.load_model(path)
    train(model, epochs=2)
    train(again, epochs=2)

    assert 3 == again.optimizer.gradient_accumulation_steps
    assert model.get_weights()[0] == again.get_weights()[0]


@pytest.mark.parametrize(
    "scheduling, error",
    [
        ({}, ValueError),
        (4, TypeError),
        ({-1: 2}, ValueError),
        ({0: 0}, ValueError),
        ({0.5: 2}, TypeError),
        ({0: "2"}, TypeError),
    ],
)
def test_what_is_no_schedule_is_refused(scheduling, error):
    with pytest.raises(error):
        GradientAccumulationScheduler(scheduling)


def test_an_optimizer_that_cannot_add_up_is_refused():
    schedule = GradientAccumulationScheduler({0: 2})
    schedule.set_model(type("Model", (), {"optimizer": object()})())
    with pytest.raises(TypeError, match="an optimizer of type object"):
        schedule.on_train_begin({})
