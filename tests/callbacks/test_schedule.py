"""Learning rates between epochs, by a function or when nothing improves."""

import functools

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks


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
    ],
)
def test_the_signature_tells_what_a_schedule_takes(schedule, stub):
    scheduler = callbacks.LearningRateScheduler(schedule)

    assert rates(scheduler, stub.Model(1.0), [0]) == [0.5]


@pytest.mark.parametrize("lr", [2, np.int64(2)])
def test_whole_numbers_are_rates_too(lr, stub):
    scheduler = callbacks.LearningRateScheduler(lambda epoch: lr)

    assert rates(scheduler, stub.Model(), [0]) == [2.0]


@pytest.mark.parametrize("lr", [None, "0.1", True, [0.1]])
def test_what_is_no_number_is_refused(lr, stub):
    scheduler = callbacks.LearningRateScheduler(lambda epoch: lr)

    with pytest.raises(ValueError, match='output of the "schedule" .* be float. Rec'):
        rates(scheduler, stub.Model(), [0])


def test_an_error_inside_a_schedule_is_not_hidden(stub):
    def schedule(epoch, lr):
        return epoch + "x"

    with pytest.raises(TypeError, match="unsupported operand"):
        rates(callbacks.LearningRateScheduler(schedule), stub.Model(), [0])


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
