"""A loss that leaps is noticed, and training goes on from before it."""

import warnings

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks, layers, models, optimizers


@pytest.fixture
def watch(stub):
    """Report losses batch by batch; returns the places of the spikes."""

    def watch(spikes, losses):
        spikes.set_model(stub.Model())
        spikes.on_train_begin({})
        spikes.on_epoch_begin(0, {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for batch, loss in enumerate(losses):
                spikes.on_batch_end(batch, {"loss": loss})
        return [batch for _, batch, _ in spikes.spikes]

    return watch


def detection(**arguments):
    return callbacks.SpikeDetection(**{"warmup": 5, "window": 5, **arguments})


@pytest.mark.parametrize(
    "losses, places",
    [
        # Of 1 to 5 the median is 3, the quartiles are 2 and 4: at most 3 + 6 * 2.
        ([1, 2, 3, 4, 5, 15], []),
        ([1, 2, 3, 4, 5, 15.1], [5]),
        ([5, 3, 1, 4, 2, 15.1], [5]),  # in any order
        ([1, 2, 3, 4, 15.1], []),  # too few are known
        ([-1, -2, -3, -4, -5, 9, 9.1], [6]),  # at most -3 + 6 * 2, twice
        ([1, 1, 1, 1, 1, 1.00001, 1.0001], [6]),  # equal ones differ by rounding
        ([1, 2, 3, 4, 5, np.nan, 3, np.inf], [5, 7]),
        ([np.nan], [0]),  # whatever is known
        ([1, 2, 3, 4, 5, 50, 60, np.nan, 3, 50], [5]),  # one spike; see below
        # High losses are usual after a while: 4, 5, 50, 60, 3 have quartiles 4, 50.
    ],
)
def test_what_is_a_spike(losses, places, watch):
    assert watch(detection(), losses) == places


def test_a_rise_can_be_asked_to_have_a_least_size(watch):
    losses = [1, 1, 1, 1, 1, 1.5, 1.6]

    assert watch(detection(min_delta=0.5), losses) == [6]


def test_a_window_forgets_as_it_goes_on(watch):
    spikes = detection(window=6, warmup=6)
    watch(spikes, np.arange(100.0))

    assert spikes._losses == [94, 95, 96, 97, 98, 99] == spikes._sorted


def test_a_spike_is_warned_about_once_with_its_limit(stub):
    spikes = detection()
    spikes.set_model(stub.Model())
    spikes.on_train_begin({})
    spikes.on_epoch_begin(2, {})
    for batch, loss in enumerate([1, 2, 3, 4, 5]):
        spikes.on_batch_end(batch, {"loss": loss})

    with pytest.warns(RuntimeWarning) as told:
        for batch, loss in ((5, 40), (6, 300)):
            spikes.on_batch_end(batch, {"loss": loss})

    assert [
        "The loss of batch 5 in epoch 3 is a spike. Received: 40. Expected: at most 15."
    ] == [str(one.message) for one in told]
    assert not spikes.model.stop_training


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"action": "skip"}, '"warn" or "stop" or "restore"'),
        ({"factor": 0}, "`factor` .* above 0"),
        ({"factor": "6"}, "`factor` .* above 0"),
        ({"window": 3}, "`window` .* at least 4"),
        ({"warmup": 9, "window": 8}, "`warmup` .* at most `window`, 8"),
        ({"lr_factor": 1.5}, "`lr_factor` .* at most 1"),
        ({"min_delta": -1}, "`min_delta` .* 0 or more"),
        ({"max_restores": -1}, "`max_restores` .* at least 0"),
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        callbacks.SpikeDetection(**arguments)


# y = w x with x = 1: the loss of a target t is (w - t)^2, and a step without momentum
# is w <- w - 2 rate (w - t).  With w = 1 and targets of 1 nothing happens.
def model(weight=0.0):
    one = models.Sequential([layers.Dense(1, input_dim=1, use_bias=False)])
    one.compile(optimizers.SGD(0.25, momentum=0.5), "mse")
    one.set_weights([np.full((1, 1), weight, "float32")])
    return one


def data(*targets):
    y = np.array(targets, "float32")[:, None]
    return np.ones_like(y), y


def fit(one, spikes, targets, **arguments):
    arguments = {"batch_size": 1, "shuffle": False, "verbose": 0, **arguments}
    with pytest.warns(RuntimeWarning, match="is a spike") as told:
        history = one.fit(*data(*targets), callbacks=[spikes], **arguments)
    return history, [str(warned.message) for warned in told]


@pytest.mark.parametrize("ahead", ["auto", 1, 3])
def test_training_goes_back_and_on_with_a_lower_rate(ahead):
    one = model(weight=1.0)
    spikes = detection(action="restore", min_delta=10)
    targets = [1, 1, 1, 1, 1, 1, 100, 2, 2]
    _, told = fit(one, spikes, targets, steps_per_execution=ahead)

    # Restored to w = 1 without momentum, at a rate of 0.125, for the last two steps:
    # w = 1 + 0.25 * 1 = 1.25; with momentum 1.25 + 0.5 * 0.25 + 0.25 * 0.75 = 1.5625.
    assert one.get_weights()[0].item() == 1.5625
    assert K.get_value(one.optimizer.lr) == 0.125
    assert spikes.spikes == [(0, 6, 99.0**2)] and spikes.restores == 1
    assert "The last good state is restored, the rate is 0.125." in told[0]


def test_a_state_that_was_bad_when_the_epoch_began_is_not_gone_back_to():
    one = model(weight=1.0)
    spikes = detection(action="restore")

    def spoil(epoch, logs):
        if epoch == 0:
            one.set_weights([np.full((1, 1), np.nan, "float32")])

    spoiling = callbacks.LambdaCallback(on_epoch_end=spoil)
    with pytest.warns(RuntimeWarning, match="batch 0 in epoch 2 .* is restored"):
        one.fit(
            *data(1, 1, 1, 1, 1),
            batch_size=1,
            epochs=2,
            verbose=0,
            callbacks=[spikes, spoiling],
        )

    assert one.get_weights()[0].item() == 1.0


def test_a_spike_that_goes_on_is_gone_back_from_again():
    one = model(weight=1.0)
    spikes = detection(action="restore", min_delta=10)
    _, told = fit(one, spikes, [1, 1, 1, 1, 1, 1, 100, 100, 2])

    assert [batch for _, batch, _ in spikes.spikes] == [6, 7] and len(told) == 2
    assert one.get_weights()[0].item() == 1 + 2 * 0.25 / 4  # a quarter of the rate


def test_a_bad_state_is_not_taken_for_good_while_a_spike_goes_on():
    one = model(weight=1.0)
    spikes = detection(action="restore", min_delta=10, max_restores=9)

    def spoil(epoch, logs):
        one.set_weights([np.full((1, 1), np.nan, "float32")])

    spoiling = callbacks.LambdaCallback(on_epoch_end=spoil)
    with pytest.warns(RuntimeWarning, match="is restored"):
        one.fit(
            *data(1, 1, 1, 1, 1, 100),
            batch_size=1,
            epochs=3,
            shuffle=False,
            verbose=0,
            callbacks=[spikes, spoiling, callbacks.TerminateOnNaN()],
        )

    # The last batch, and then the first, whose NaN then ends the training.
    assert [place[:2] for place in spikes.spikes][:2] == [(0, 5), (1, 0)]
    assert spikes._good is None and spikes.restores == 2


def test_where_nothing_is_good_training_stops():
    one = model(weight=np.nan)
    history, told = fit(one, detection(action="restore"), [1, 1, 1], epochs=5)

    assert history.epoch == [0]
    assert "Training stops: there is no good state to go back to." in told[0]


def test_after_so_many_times_training_stops():
    one = model(weight=1.0)
    spikes = detection(action="restore", max_restores=1)
    targets = [1, 1, 1, 1, 1, 1, 100, 1, 100, 1, 1]
    _, told = fit(one, spikes, targets)

    assert [batch for _, batch, _ in spikes.spikes] == [6, 8]
    assert "Training stops: it was restored 1 times before." in told[1]


@pytest.mark.parametrize("ahead", ["auto", 1])
def test_training_can_stop_at_a_spike(ahead):
    one = model(weight=1.0)
    seen = []
    count = callbacks.LambdaCallback(on_batch_end=lambda b, logs: seen.append(b))
    with pytest.warns(RuntimeWarning, match="Training stops"):
        one.fit(
            *data(1, 1, 1, 1, 1, 1, 100, 2, 2),
            batch_size=1,
            shuffle=False,
            verbose=0,
            callbacks=[detection(action="stop"), count],
            steps_per_execution=ahead,
        )

    # w = 1 + 2 * 0.25 * 99
    assert one.get_weights()[0].item() == 50.5 and seen[-1] == 6
