"""Learning rates between epochs, by a function or when nothing improves."""

import functools
import json

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks, config, layers, models, optimizers


def rates(callback, model, losses):
    """The rate after each epoch."""
    callback.set_model(model)
    callback.on_train_begin({})
    seen = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, {"loss": loss})
        seen.append(float(K.get_value(model.optimizer.lr)))
    return seen


@pytest.mark.parametrize(
    "schedule",
    [
        lambda epoch: 0.5,
        lambda epoch, lr: lr * 0.5,
        lambda epoch, lr=9.0: lr * 0.5,
        lambda *args: args[1] * 0.5,
        functools.partial(lambda factor, epoch, lr: lr * factor, 0.5),
        lambda epoch: np.float32(0.5),
        lambda epoch: np.float64(0.5),
        lambda epoch: np.array(0.5),
        lambda epoch: K.constant(0.5),
    ],
)
def test_the_signature_tells_what_a_schedule_takes(schedule, stub):
    scheduler = callbacks.LearningRateScheduler(schedule)

    assert rates(scheduler, stub.Model(1.0), [0]) == [0.5]


@pytest.mark.parametrize(
    "lr", [None, "0.1", True, [0.1], 1 // 10, np.int64(2), np.nan, np.float32(np.inf)]
)
def test_what_is_no_finite_float_is_refused(lr, stub):
    scheduler = callbacks.LearningRateScheduler(lambda epoch: [0.5, lr][epoch])
    model = stub.Model()

    with pytest.raises(
        ValueError, match='output of the "schedule" .* be float'
    ) as told:
        rates(scheduler, model, [0, 0])

    assert f"Received: {lr!r} for epoch 1, in LearningRateScheduler." in str(told.value)
    assert float(K.get_value(model.optimizer.lr)) == 0.5


def test_a_whole_number_is_told_how_to_be_a_rate(stub):
    scheduler = callbacks.LearningRateScheduler(lambda epoch: 2)

    with pytest.raises(ValueError, match=r"Return `float\(...\)` or, here, 2.0."):
        rates(scheduler, stub.Model(), [0])


def test_an_error_inside_a_schedule_is_not_hidden_and_says_for_which_epoch(stub):
    def schedule(epoch, lr):
        return 0.1 if epoch < 3 else epoch + "x"

    with pytest.raises(TypeError, match="unsupported operand") as told:
        rates(callbacks.LearningRateScheduler(schedule), stub.Model(), [0] * 4)

    assert told.value.__notes__ == [
        "In `schedule` of LearningRateScheduler, for epoch 3."
    ]


@pytest.mark.parametrize("schedule", [0.1, None, lambda: 0.1, lambda a, b, c: 0.1])
def test_a_schedule_that_cannot_be_called_is_refused_at_once(schedule):
    with pytest.raises(TypeError, match="`schedule` of LearningRateScheduler cannot"):
        callbacks.LearningRateScheduler(schedule)


def test_a_builtin_without_a_signature_gets_the_epoch(stub):
    scheduler = callbacks.LearningRateScheduler(float)

    assert rates(scheduler, stub.Model(), [0, 0, 0]) == [0, 1, 2]


@pytest.mark.parametrize(
    "generation, expected, names",
    [
        # Only since 2.1 was a schedule told the present rate, since 2.3 is it logged.
        ("1", [9.0, 9.0], ()),
        ("2.1", [0.5, 0.25], ()),
        ("2.3", [0.5, 0.25], ("lr",)),
    ],
)
def test_the_first_generation_did_not_tell_the_rate(generation, expected, names, stub):
    config.set_generation(generation)
    scheduler = callbacks.LearningRateScheduler(lambda epoch, lr=18.0: lr * 0.5)
    logs = {"loss": 0.0}

    assert rates(scheduler, stub.Model(1.0), [0, 0]) == expected
    scheduler.on_epoch_end(1, logs)
    assert scheduler.adds_logs == names == tuple(logs)[1:]


def test_an_optimizer_without_a_rate_is_refused(stub):
    model = stub.Model()
    model.optimizer = object()

    with pytest.raises(ValueError, match='Optimizer must have a "lr" attribute'):
        rates(callbacks.LearningRateScheduler(lambda epoch: 0.1), model, [0])


@pytest.mark.parametrize(
    "cooldown, expected",
    [
        (0, [1, 0.5, 0.25, 0.125, 0.0625, 0.03125]),
        (1, [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
        (2, [1, 0.5, 0.5, 0.5, 0.25, 0.25]),
    ],
)
def test_a_cooldown_of_n_blocks_n_epochs(cooldown, expected, stub):
    reduce = callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, cooldown=cooldown)

    assert rates(reduce, stub.Model(1.0), [5.0] * 6) == expected


def test_an_improvement_counts_during_a_cooldown(stub):
    reduce = callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, cooldown=1)

    assert rates(reduce, stub.Model(1.0), [5, 5, 3, 4]) == [1, 0.5, 0.5, 0.25]


def test_the_bound_of_the_rate_is_said_once(stub, capsys):
    reduce = callbacks.ReduceLROnPlateau(
        "loss", 0.1, patience=1, min_lr=0.05, verbose=1
    )

    rates(reduce, stub.Model(0.2), [5.0] * 6)

    assert capsys.readouterr().out == (
        "\nEpoch 00002: ReduceLROnPlateau reducing learning rate to 0.05.\n"
    )


def test_a_factor_that_does_not_reduce_is_refused():
    with pytest.raises(ValueError, match="does not support a factor >= 1.0"):
        callbacks.ReduceLROnPlateau(factor=1.0)


def test_an_argument_of_old_is_understood_with_a_warning():
    with pytest.warns(UserWarning, match="`epsilon` argument is deprecated.*min_delta"):
        reduce = callbacks.ReduceLROnPlateau(epsilon=1e-13)

    assert reduce.min_delta == 1e-13
    assert not hasattr(reduce, "epsilon")


def test_an_argument_of_nobody_is_refused():
    with pytest.raises(TypeError, match="unexpected argument `patients`"):
        callbacks.ReduceLROnPlateau(patients=3)


@pytest.mark.parametrize(
    "callback",
    [
        callbacks.LearningRateScheduler(lambda epoch: 0.009),
        callbacks.ReduceLROnPlateau("loss"),
    ],
)
def test_the_rate_in_the_history_is_a_plain_float_as_it_was_given(callback):
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile(optimizers.SGD(0.009), "mse")

    history = model.fit(
        np.zeros((2, 1)), np.zeros((2, 1)), verbose=0, callbacks=[callback]
    ).history

    assert json.dumps(history["lr"]) == "[0.009]"
    json.dumps(history)
