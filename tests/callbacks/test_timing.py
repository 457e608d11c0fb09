"""Every second of a run belongs to somebody, and who takes many is named."""

import time
import warnings

import numpy as np
import pytest

from cthulhu import callbacks, layers, models
from cthulhu.callbacks.timing import Times


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time

    def spend(self, seconds):
        """A hook that takes so long."""
        return lambda *args: setattr(self, "time", self.time + seconds)


@pytest.fixture
def clock():
    return Clock()


def listed(clock, *watching):
    together = callbacks.CallbackList(list(watching))
    together.times = Times(clock)
    return together


def test_accounts_take_turns_and_add_up(clock):
    times = Times(clock)

    clock.spend(1)()
    with times.on("steps"):
        clock.spend(2)()
        with times.on("data"):
            clock.spend(4)()
        clock.spend(8)()
    clock.spend(16)()

    assert times.now() == {"other": 17, "steps": 10, "data": 4}


def test_each_callback_has_an_account_of_its_own(clock, stub):
    quick = callbacks.LambdaCallback(on_batch_end=clock.spend(1))
    slow = callbacks.LambdaCallback(
        on_batch_begin=clock.spend(2), on_epoch_end=clock.spend(8)
    )
    together = listed(clock, quick, callbacks.Callback(), slow)
    together.set_model(stub.Model())
    together.set_params(stub.params())
    stub.run(together, epochs=2, batches=3)

    clock.spend(100)()

    # Two epochs: 3 x 1, and 3 x 2 + 8.
    found = {"LambdaCallback": 6, "Callback": 0, "LambdaCallback#2": 28}
    assert together.timing() == {
        "total": 134,
        "steps": 0,
        "data": 0,
        "validation": 0,
        "other": 100,
        "callbacks": found,
    }


def test_an_evaluation_within_a_hook_is_the_cost_of_that_callback(clock):
    inner = callbacks.LambdaCallback(on_test_batch_end=clock.spend(3))
    together = listed(clock, inner)
    outer = callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: together.on_test_batch_end(0, {})
    )
    together.append(outer)

    together.on_train_batch_end(0, {})

    assert list(together.timing()["callbacks"].values()) == [3, 0]


def epoch(together, clock, number, seconds):
    """An epoch of four batches, so many seconds long beside the hooks."""
    together.on_epoch_begin(number, {})
    for batch in range(4):
        clock.spend(seconds / 4)()
        together.on_train_batch_end(batch, {})
    together.on_epoch_end(number, {})


def test_a_callback_that_takes_more_than_a_tenth_of_an_epoch_is_named_once(clock):
    slow = callbacks.LambdaCallback(on_batch_end=clock.spend(0.5))
    quick = callbacks.LambdaCallback(on_epoch_end=clock.spend(0.3))
    together = listed(clock, slow, quick)
    together.on_train_begin({})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        epoch(together, clock, 0, 18.0)  # 2.0 of 20.3
    with pytest.warns(RuntimeWarning) as told:
        epoch(together, clock, 1, 5.7)  # 2.0 and 0.3 of 8.0
        epoch(together, clock, 2, 5.7)

    assert [
        "`LambdaCallback` took 25% of epoch 2, 500 ms a batch. "
        "Expected: at most 10% of 8 s."
    ] == [str(one.message).partition(" Let it")[0] for one in told]


def test_short_epochs_are_looked_at_together(clock):
    together = listed(clock, callbacks.LambdaCallback(on_epoch_end=clock.spend(0.25)))
    together.on_train_begin({})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        epoch(together, clock, 0, 0.25)
    with pytest.warns(RuntimeWarning) as told:
        epoch(together, clock, 1, 0.25)  # now it is a whole second, of eight batches

    assert str(told[0].message).startswith(
        "`LambdaCallback` took 50% of epochs 1 to 2, 62.5 ms a batch. Expected: at "
        "most 10% of 1 s."
    )


def model():
    one = models.Sequential([layers.Dense(1, input_dim=2)])
    one.compile("sgd", "mse")
    return one


def test_fit_tells_where_its_seconds_went():
    x = np.zeros((12, 2), "float32")

    def batches():
        while True:
            time.sleep(0.01)
            yield x[:4], x[:4, :1]

    slow = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(0.02))
    also = callbacks.LambdaCallback(on_test_batch_end=lambda b, logs: time.sleep(0.03))
    timing = (
        model()
        .fit(
            batches(),
            steps_per_epoch=3,
            epochs=2,
            validation_data=(x, x[:, :1]),
            callbacks=[slow, also],
            verbose=0,
            workers=0,
        )
        .timing
    )

    assert timing["data"] >= 5 * 0.01  # the first is read before training begins
    assert timing["steps"] > 0 and timing["validation"] > 0
    names = ["BaseLogger", "LambdaCallback", "LambdaCallback#2", "History"]
    assert names == list(timing["callbacks"])
    assert timing["callbacks"]["LambdaCallback"] >= 2 * 0.02
    assert timing["callbacks"]["LambdaCallback#2"] >= 2 * 0.03
    parts = [timing[name] for name in ("steps", "data", "validation", "other")]
    whole = sum(parts) + sum(timing["callbacks"].values())
    assert timing["total"] == pytest.approx(whole)


def test_a_run_that_fails_tells_it_too():
    one = model()
    x = np.zeros((4, 2))
    failing = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        one.fit(x, x[:, :1], verbose=0, callbacks=[failing])

    assert one.history.timing["callbacks"]["LambdaCallback"] > 0


def test_the_end_of_the_bar_counts_with_the_bar():
    together = callbacks.CallbackList([])
    bar = callbacks.ProgbarLogger()
    ticks = iter(range(100))
    for callback in (bar, callbacks.Callback(), bar.ending()):
        together.append(callback)
    together.times = Times(lambda: next(ticks))

    together.on_epoch_end(0, {})

    assert list(together.timing()["callbacks"].items()) == [
        ("ProgbarLogger", 2.0),
        ("Callback", 1.0),
    ]
