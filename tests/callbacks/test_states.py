"""What callbacks remember can be stored, and a run that was killed goes on with it."""

import inspect
import json
import os

import numpy as np
import pytest

from cthulhu import callbacks, layers, models
from cthulhu.callbacks.timing import Times

LOSSES = [5.0, 4.0, 4.5, 3.0, 3.5, 3.6, 3.7, 3.8]


def constant(*args):
    return 0.5


# Every public class, and how one is made.
MADE = {
    "BaseLogger": lambda: callbacks.BaseLogger(),
    "Callback": lambda: callbacks.Callback(),
    "CosineAnnealing": lambda: callbacks.CosineAnnealing(),
    "CSVLogger": lambda: callbacks.CSVLogger("log.csv"),
    "DeviceStats": lambda: callbacks.DeviceStats(),
    "EarlyStopping": lambda: callbacks.EarlyStopping(
        "loss", patience=3, restore_best_weights=True
    ),
    "EMA": lambda: callbacks.EMA(),
    "GradientAccumulationScheduler": (
        lambda: callbacks.GradientAccumulationScheduler({0: 2})
    ),
    "GradientNorm": lambda: callbacks.GradientNorm(),
    "History": lambda: callbacks.History(),
    "LambdaCallback": lambda: callbacks.LambdaCallback(),
    "LearningRateScheduler": lambda: callbacks.LearningRateScheduler(constant),
    "ModelCheckpoint": lambda: callbacks.ModelCheckpoint(
        "m{epoch}.h5", "loss", keep=2, latest=True
    ),
    "OneCycle": lambda: callbacks.OneCycle(0.1),
    "ProgbarLogger": lambda: callbacks.ProgbarLogger(),
    "ReduceLROnPlateau": lambda: callbacks.ReduceLROnPlateau(
        "loss", factor=0.5, patience=2, cooldown=1
    ),
    "SGDR": lambda: callbacks.SGDR(2),
    "SpikeDetection": lambda: callbacks.SpikeDetection(warmup=4, window=4),
    "StepScheduler": lambda: callbacks.StepScheduler(lr=lambda step: 0.1),
    "SWA": lambda: callbacks.SWA(0),
    "TerminateOnNaN": lambda: callbacks.TerminateOnNaN(),
    "Throughput": lambda: callbacks.Throughput(flops=False),
    "Timer": lambda: callbacks.Timer("1h"),
    "WarmUp": lambda: callbacks.WarmUp(),
    "WeightNorm": lambda: callbacks.WeightNorm(),
}
# Those with tests of their own states: they need a server, data or names of layers; and
# a range test, which always begins anew.
ELSEWHERE = {"RemoteMonitor", "MLflowLogger", "WandbLogger", "TensorBoard"}
SECONDS = {"elapsed", "_seconds_since_last_save"}
ELSEWHERE |= {"ActivationStatistics", "StagedUnfreezing", "PredictionLogger"}
ELSEWHERE |= {"LearningRateFinder"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def stored(state):
    """A state after it was written as JSON with arrays beside it, and read again."""
    arrays = []

    def away(value):
        if isinstance(value, np.ndarray):
            arrays.append(value.copy())
            return {"array": len(arrays) - 1}
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(f"{value!r} is neither plain nor an array")

    def back(found):
        return arrays[found["array"]] if found.keys() == {"array"} else found

    return json.loads(json.dumps(state, default=away), object_hook=back)


def same(one, other):
    """Whether two states hold the same; a list and a tuple may."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(np.array_equal(one, other, equal_nan=isinstance(one, float)))


def test_every_callback_is_in_one_of_the_tables():
    public = {
        name
        for name, value in vars(callbacks).items()
        if inspect.isclass(value) and issubclass(value, callbacks.Callback)
    }

    assert public - set(MADE) - ELSEWHERE == set()


@pytest.mark.parametrize("name", MADE)
def test_a_state_can_be_stored_and_is_taken_over(name):
    model = models.Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    x = np.ones((8, 2), "float32")

    def state_at(hook, callback):
        """Its state when it has heard a hook of a fit."""
        found = {}
        take = callbacks.LambdaCallback(
            **{hook: lambda *args: found or found.update(stored(callback.state_dict()))}
        )
        model.fit(x, x[:, :1], verbose=0, callbacks=[callback, take], batch_size=1)
        # seconds go on while we look
        return {k: v for k, v in found.items() if k not in SECONDS}

    before = state_at("on_epoch_end", MADE[name]())
    fresh = MADE[name]()
    fresh.load_state_dict(stored({**fresh.state_dict(), **before}))

    assert same(state_at("on_train_begin", fresh), before)


def begin(stub, model, clock, state=None):
    names = "BaseLogger EarlyStopping ReduceLROnPlateau SpikeDetection ModelCheckpoint"
    watching = [MADE[name]() for name in [*names.split(), "CSVLogger", "History"]]
    timer = callbacks.Timer(35.0, "epoch")
    checkpoint = callbacks.ModelCheckpoint("t{epoch}-{batch}.h5", save_freq="7s")
    second = callbacks.ModelCheckpoint("p{epoch}.h5", period=2)
    for timed in (timer, checkpoint, second, *watching):
        timed.clock = clock
    together = callbacks.CallbackList([*watching, timer, checkpoint, second])
    together.times = Times(clock)
    together.set_model(model)
    together.set_params(stub.params(len(LOSSES), ["loss"]))
    if state is not None:
        together.load_state_dict(stored(state))
    together.on_train_begin({})
    return together


def epochs(together, start, stop, clock):
    """Epochs of two batches of a second each, and three seconds after them."""
    model = together.model
    for epoch in range(start, stop):
        together.on_epoch_begin(epoch, {})
        for batch, part in enumerate((0.5, 1.5)):
            clock.time += 1
            model.weight = 10.0 * epoch + batch
            logs = {"batch": batch, "size": 4, "loss": part * LOSSES[epoch]}
            together.on_train_batch_end(batch, logs)
        clock.time += 3
        together.on_epoch_end(epoch, {})
        if model.stop_training:
            break
    return epoch


class Clock:
    def __init__(self, time):
        self.time = time

    def __call__(self):
        return self.time


def outcome(together, last):
    """All that can be seen of a run that is over."""
    together.on_train_end({})
    model = together.model
    files = {}
    for name in sorted(os.listdir()):
        with open(name) as file:
            files[name] = os.readlink(name) if os.path.islink(name) else file.read()
    rate = float(np.asarray(model.optimizer.lr.value))
    return last, model.weight, rate, files, together.state_dict()


@pytest.mark.parametrize("killed", range(1, 7))
@pytest.mark.filterwarnings("ignore:The loss of batch")
def test_a_run_that_is_killed_and_continued_ends_as_one_that_was_not(
    killed, stub, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path_of(tmp_path, "whole"))
    clock = Clock(0.0)
    whole = begin(stub, stub.Model(), clock)
    expected = outcome(whole, epochs(whole, 0, len(LOSSES), clock))

    monkeypatch.chdir(tmp_path_of(tmp_path, "killed"))
    clock = Clock(0.0)
    first = begin(stub, stub.Model(), clock)
    epochs(first, 0, killed, clock)
    state, model = first.state_dict(), first.model
    clock = Clock(9000.0)  # of another process
    second = begin(stub, model, clock, state)
    found = outcome(second, epochs(second, killed, len(LOSSES), clock))

    # 35 seconds are used up after seven epochs of five; patience would stop there too
    assert expected[0] == found[0] == 6
    assert found[1:4] == expected[1:4]
    for name, state in expected[4].items():
        assert same(found[4][name], state), (name, found[4][name], state)
    # 3.0 of epoch 4 is the best, 3.5 the next; two epochs on the rate is halved, once
    assert expected[4]["History"]["history"]["loss"] == LOSSES[:7]
    assert [value for _, value in expected[4]["ModelCheckpoint"]["saved"]] == [
        3.0,
        3.5,
        3.7,
    ]
    assert expected[1] == 31.0 and expected[2] == 0.5


def tmp_path_of(folder, name):
    inner = folder / name
    inner.mkdir()
    return inner
