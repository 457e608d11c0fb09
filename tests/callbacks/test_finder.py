"""The learning rate range test: rates by its formula, and nothing left behind."""

import math
import sys

import numpy as np
import pytest

from cthulhu import callbacks, errors, layers, models, optimizers
from cthulhu.callbacks import LearningRateFinder

X = np.ones((24, 1), "float32")
Y = np.zeros((24, 1), "float32")


def net(optimizer=None):
    model = models.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(optimizer or optimizers.SGD(0.5, momentum=0.5, decay=0.1), "mse")
    model.set_weights([np.ones((1, 1))])
    model.optimizer.build(model.trainable_weights)
    return model


def state(model):
    held = [*model.weights, *model.optimizer.variables]
    return [variable.numpy().tobytes() for variable in held]


def find(finder, model=None, **how):
    how = {"batch_size": 2, "verbose": 0, **how}
    (model or net()).fit(X, Y, callbacks=[finder], **how)
    return finder


@pytest.mark.parametrize("ahead", [1, "auto", 5])
def test_the_rate_rises_by_the_same_factor_at_each_step(ahead):
    model = net(optimizers.SGD(0.5))
    finder = LearningRateFinder(1e-4, 0.1024, smoothing=0, steps=11)
    find(finder, model, steps_per_execution=ahead)

    assert [1e-4 * 2**i for i in range(11)] == pytest.approx(finder.lrs)
    # mse of w against 0: loss w^2, gradient 2 w, so that w becomes w (1 - 2 lr)
    weight, losses = 1.0, []
    for lr in finder.lrs:
        losses.append(weight**2)
        weight *= 1 - 2 * lr
    assert losses == pytest.approx(finder.losses, rel=1e-5)
    assert finder.losses == pytest.approx(finder.smoothed)


def test_the_running_mean_is_corrected_for_its_beginning():
    finder = find(LearningRateFinder(1e-4, 0.1, smoothing=0.5), net())

    a, b, c = finder.losses[:3]
    expected = [a, (a + 2 * b) / 3, (a + 2 * b + 4 * c) / 7]
    assert expected == pytest.approx(finder.smoothed[:3])


def test_a_decay_of_the_optimizer_rests():
    plain = find(LearningRateFinder(1e-3, 0.1), net(optimizers.SGD(0.5)))
    decayed = find(LearningRateFinder(1e-3, 0.1), net(optimizers.SGD(0.5, decay=9.0)))

    assert plain.losses == decayed.losses


@pytest.mark.parametrize("optimizer", ["adam", None])
@pytest.mark.parametrize("ahead", [1, "auto"])
def test_afterwards_all_is_as_before_to_the_bit(optimizer, ahead):
    model = net(optimizer)
    model.fit(X, Y, verbose=0)
    before = state(model)
    finder = find(LearningRateFinder(1e-3, 10.0), model, steps_per_execution=ahead)

    assert before == state(model)
    assert finder.lrs
    assert () == model.optimizer.companions


def test_training_after_the_test_is_training_without_it():
    with_, without = net(), net()
    find(LearningRateFinder(1e-3, 10.0), with_)
    for model in (with_, without):
        model.fit(X, Y, 2, 2, verbose=0, shuffle=False)

    assert state(with_) == state(without)


def test_an_exception_leaves_nothing_behind():
    class Raise(callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            if batch == 4:
                raise RuntimeError("in the middle")

    model = net()
    before = state(model)
    with pytest.raises(RuntimeError, match="in the middle"):
        model.fit(X, Y, 2, verbose=0, callbacks=[LearningRateFinder(), Raise()])

    assert before == state(model)
    assert () == model.optimizer.companions


def test_the_test_ends_where_the_loss_grows():
    finder = LearningRateFinder(1e-2, 1e4, smoothing=0)
    find(finder, net(optimizers.SGD(0.5)))

    bests = np.minimum.accumulate(finder.losses)
    grown = [loss > 4 * best for loss, best in zip(finder.losses, bests, strict=True)]
    assert len(grown) < 12
    assert [False] * (len(grown) - 1) + [True] == grown
    assert finder.suggestion in finder.lrs


def test_the_test_ends_where_the_loss_is_no_number():
    finder = LearningRateFinder(1.0, 1e30, divergence=None)
    find(finder, net(optimizers.SGD(0.5)))

    assert not math.isfinite(finder.losses[-1])
    assert all(map(math.isfinite, finder.losses[:-1]))


def test_the_test_may_end_before_the_run_does():
    finder = find(LearningRateFinder(1e-4, 1e-3, steps=5), epochs=3)

    assert 5 == len(finder.lrs)
    assert pytest.approx(1e-3) == finder.lrs[-1]


def test_the_suggestion_is_where_the_loss_falls_fastest():
    finder = LearningRateFinder()
    assert finder.suggestion is None

    finder.lrs = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    finder.smoothed = [4.0, 3.9, 2.0, 1.0, 9.0]  # over two steps: -2, -2.9, 7
    assert 1e-2 == finder.suggestion

    finder.smoothed = [4.0, 1.0, 2.0, 3.0, 9.0]  # lowest before it could fall twice
    assert 1e-3 == finder.suggestion

    finder.smoothed = [1.0, 2.0, 3.0, 4.0, math.nan]
    assert finder.suggestion is None


def test_one_lucky_batch_is_no_suggestion():
    finder = LearningRateFinder()
    finder.lrs = [10 ** (i / 10 - 6) for i in range(80)]
    finder.smoothed = [3.0 - 0.05 * max(0, i - 40) for i in range(80)]
    finder.smoothed[10] -= 0.2  # a dip, steeper than the slope that begins at 40

    assert finder.lrs.index(finder.suggestion) >= 44


def test_the_picture_is_a_file(tmp_path):
    finder = find(LearningRateFinder(1e-3, 10.0))
    finder.plot(tmp_path / "rates.png")

    assert b"\x89PNG" == (tmp_path / "rates.png").read_bytes()[:4]


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="nothing to draw"):
        LearningRateFinder().plot()


def test_a_missing_matplotlib_names_the_extra(monkeypatch):
    finder = find(LearningRateFinder(1e-3, 0.1))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(errors.MissingExtra, match=r"cthulhu\[plot\]"):
        finder.plot()


def test_a_run_that_is_too_short_says_how_long_it_must_be():
    model = net()
    before = state(model)
    with pytest.raises(ValueError, match="Give `epochs=9`"):
        find(LearningRateFinder(steps=100), model)

    assert before == state(model)


def test_a_rate_that_follows_a_schedule_is_refused():
    model = net(optimizers.SGD(lambda step: 0.1))
    with pytest.raises(ValueError, match="instead of a schedule"):
        find(LearningRateFinder(), model)


@pytest.mark.parametrize(
    "arguments",
    [
        {"min_lr": 0},
        {"min_lr": 1.0, "max_lr": 1.0},
        {"max_lr": math.inf},
        {"steps": 2},
        {"smoothing": 1.0},
        {"divergence": 1.0},
    ],
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError):
        LearningRateFinder(**arguments)
