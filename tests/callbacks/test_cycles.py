"""Rates and momenta that change at every step, against the formulas of the papers."""

import math

import numpy as np
import pytest

from cthulhu import callbacks, layers, models, optimizers
from cthulhu.optimizers import schedules

X = np.ones((8, 1), "float32")
Y = np.zeros((8, 1), "float32")
STEPS = 4  # in an epoch of batches of 2


def net(optimizer=None):
    model = models.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(optimizers.SGD(1.0) if optimizer is None else optimizer, "mse")
    return model


class Watch(callbacks.Callback):
    """Reads hyperparameters after each batch."""

    def __init__(self, *names):
        self.names, self.seen = names, []

    def on_batch_end(self, batch, logs=None):
        held = [float(getattr(self.model.optimizer, name)) for name in self.names]
        self.seen.append(held if len(held) > 1 else held[0])


def follow(callback, model=None, epochs=2, names=("lr",), **how):
    """What hyperparameters are after each batch."""
    watch = Watch(*names)
    model = net() if model is None else model
    how = {"batch_size": 2, "verbose": 0, **how}
    model.fit(X, Y, epochs=epochs, callbacks=[callback, watch], **how)
    return watch.seen


def cosine(first, last, part):
    return last + (first - last) * (1 + math.cos(math.pi * part)) / 2


@pytest.mark.parametrize("ahead", [1, "auto", 3])
def test_a_schedule_is_followed_at_every_step(ahead):
    seen = follow(
        callbacks.StepScheduler(lr=lambda step: 1.0 / (step + 1)),
        steps_per_execution=ahead,
    )

    assert [1 / n for n in range(1, 9)] == pytest.approx(seen)


def test_one_cycle_rises_and_falls_and_momentum_does_the_opposite():
    one = callbacks.OneCycle(
        1.0, pct_start=0.25, div_factor=10, final_div_factor=100, base_momentum=0.8
    )
    seen = follow(one, epochs=2, names=("lr", "momentum"))

    rate = [cosine(0.1, 1.0, i / 2) for i in range(2)]  # 0.1, 0.55
    rate += [cosine(1.0, 0.001, i / 6) for i in range(6)]
    momentum = [cosine(0.95, 0.8, i / 2) for i in range(2)]
    momentum += [cosine(0.8, 0.95, i / 6) for i in range(6)]
    assert [0.55, 0.875] == pytest.approx(seen[1])
    assert rate == pytest.approx([r for r, _ in seen], rel=1e-5)
    assert momentum == pytest.approx([m for _, m in seen], rel=1e-6)


def test_one_cycle_turns_the_first_beta_of_adam():
    seen = follow(callbacks.OneCycle(1.0), net(optimizers.Adam()), 1, ("beta_1",))

    assert seen[:2] == pytest.approx([0.95, 0.85])  # int(0.3 * 4) steps to the top


def test_one_cycle_can_leave_the_momentum_alone():
    one = callbacks.OneCycle(1.0, max_momentum=None)
    seen = follow(one, net(optimizers.RMSprop(rho=0.5)), 1, ("lr", "rho"))

    assert [0.04, 0.5] == pytest.approx(seen[0])


def test_one_cycle_may_be_shorter_than_the_run():
    seen = follow(callbacks.OneCycle(1.0, total_steps=4, final_div_factor=10))

    assert [0.004] * 4 == pytest.approx(seen[4:])  # 1 / 25 / 10, and there it stays


def test_a_warm_up_ends_at_the_rate_of_the_optimizer_and_leaves_it_to_others():
    halve = callbacks.LearningRateScheduler(lambda epoch: 1.0 if epoch < 2 else 0.5)
    watch = Watch("lr")
    net_ = net()
    net_.fit(
        X, Y, 2, 3, verbose=0, callbacks=[halve, callbacks.WarmUp(1.5, 0.1), watch]
    )

    rise = [0.1 + 0.9 * i / 6 for i in range(7)]
    assert [*rise, 1.0, 0.5, 0.5, 0.5, 0.5] == pytest.approx(watch.seen)


def test_cosine_annealing_falls_over_all_epochs():
    seen = follow(callbacks.CosineAnnealing(min_lr=0.2))

    assert [cosine(1.0, 0.2, i / 8) for i in range(8)] == pytest.approx(seen)


def test_cosine_annealing_may_warm_up_first():
    seen = follow(callbacks.CosineAnnealing(warmup=0.5), epochs=2)

    expected = [0.0, 0.5, *(cosine(1.0, 0.0, i / 6) for i in range(6))]
    assert expected == pytest.approx(seen, abs=1e-7)


def test_sgdr_springs_up_again_after_one_and_after_two_epochs_more():
    seen = follow(callbacks.SGDR(period=1, m_mul=0.5), epochs=4)

    expected = [cosine(1.0, 0.0, i / 4) for i in range(4)]
    expected += [0.5 * cosine(1.0, 0.0, i / 8) for i in range(8)]
    expected += [0.25 * cosine(1.0, 0.0, i / 16) for i in range(4)]
    assert expected == pytest.approx(seen, abs=1e-6)


def test_the_rate_that_the_last_step_used_is_in_the_logs():
    model = net()
    history = model.fit(
        X, Y, 2, 2, verbose=0, callbacks=[callbacks.CosineAnnealing()]
    ).history

    expected = [cosine(1, 0, 3 / 8), cosine(1, 0, 7 / 8)]
    assert expected == pytest.approx([float(lr) for lr in history["lr"]], rel=1e-5)


def test_the_names_are_announced():
    stop = callbacks.EarlyStopping("momentum", mode="min", patience=9)
    follow([callbacks.OneCycle(1.0), stop])

    assert stop.best == pytest.approx(0.85, abs=0.01)


def test_a_run_that_begins_later_begins_at_its_step():
    cosines = callbacks.CosineAnnealing()
    seen = follow(cosines, epochs=3, initial_epoch=2)

    assert [cosine(1, 0, i / 12) for i in range(8, 12)] == pytest.approx(seen, rel=1e-5)


def test_a_second_fit_begins_anew_and_compiles_nothing():
    one, model = callbacks.OneCycle(1.0), net()
    first = follow(one, model)
    setter = one._setter
    second = follow(one, model)

    assert first == second
    assert setter is one._setter
    assert () == model.optimizer.companions


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.OneCycle(1.0),
        lambda: callbacks.WarmUp(2),
        lambda: callbacks.CosineAnnealing(0.75),
    ],
)
def test_a_run_that_is_continued_goes_on_at_its_step(make):
    whole = follow(make(), epochs=3)

    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.states = one.state_dict()
            self.model.stop_training = epoch == 1

    one, model, stop = make(), net(), Stop()
    begun = follow([one, stop], model, epochs=3)
    again = make()
    again.load_state_dict(stop.states)
    rest = follow(again, model, epochs=3, initial_epoch=2)

    assert 8 == stop.states["step"]
    assert whole == begun + rest


def test_nothing_stays_attached_after_an_exception():
    class Raise(callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model = net()
    with pytest.raises(KeyboardInterrupt):
        follow([callbacks.OneCycle(1.0), Raise()], model)

    assert () == model.optimizer.companions


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.OneCycle(0),
        lambda: callbacks.OneCycle("1"),
        lambda: callbacks.OneCycle(1.0, pct_start=1.0),
        lambda: callbacks.OneCycle(1.0, div_factor=-1),
        lambda: callbacks.OneCycle(1.0, base_momentum=0.9, max_momentum=0.8),
        lambda: callbacks.OneCycle(1.0, total_steps=0),
        lambda: callbacks.WarmUp(0),
        lambda: callbacks.WarmUp(initial_lr=-1),
        lambda: callbacks.CosineAnnealing(0),
        lambda: callbacks.CosineAnnealing(t_mul=0.5),
        lambda: callbacks.CosineAnnealing(min_lr=math.nan),
        lambda: callbacks.SGDR(-1),
        lambda: callbacks.StepScheduler(),
    ],
)
def test_arguments_out_of_range_are_refused(make):
    with pytest.raises(ValueError):
        make()


def test_a_schedule_that_is_a_number_is_refused():
    with pytest.raises(TypeError, match="`lr` of StepScheduler cannot be called"):
        callbacks.StepScheduler(lr=0.1)


@pytest.mark.parametrize(
    "callback, optimizer, words",
    [
        (callbacks.OneCycle(1.0), optimizers.RMSprop(), "`max_momentum=None`"),
        (
            callbacks.WarmUp(1),
            optimizers.SGD(schedules.CosineDecay(1.0, 10)),
            "instead of a schedule",
        ),
        (
            callbacks.StepScheduler(beta_9=lambda step: 0.5),
            optimizers.SGD(),
            "`beta_9`, which the optimizer does not have",
        ),
        (callbacks.CosineAnnealing(min_lr=0.2), optimizers.SGD(0.1), "no way to go"),
    ],
)
def test_what_cannot_work_is_refused_before_the_first_step(callback, optimizer, words):
    model = net(optimizer)
    before = model.get_weights()
    with pytest.raises(ValueError, match=words):
        follow(callback, model)

    assert np.array_equal(before, model.get_weights())
    assert 0 == int(model.optimizer.iterations)


def test_batches_of_unknown_number_ask_for_their_number():
    def forever():
        while True:
            yield X[:2], Y[:2]

    model, one = net(), callbacks.OneCycle(1.0)
    one.set_model(model)
    one.set_params({"epochs": 3, "steps": None})
    with pytest.raises(ValueError, match="Give `steps_per_epoch` to `fit`"):
        one.on_train_begin({})

    model.fit(forever(), steps_per_epoch=4, verbose=0, callbacks=[one])
    assert 4 == one.step
