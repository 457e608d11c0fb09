"""A run is measured: its time, its speed, its memory."""

import jax
import numpy as np
import pytest

from cthulhu import callbacks, layers, models
from cthulhu.callbacks.timing import Times


class Clock:
    def __init__(self):
        self.time = 50.0

    def __call__(self):
        return self.time

    def spend(self, seconds):
        """A hook that takes so long."""
        return lambda *args: setattr(self, "time", self.time + seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(stub, clock):
    """Three batches of a second an epoch, two rows each; then a second of validation.

    Returns the logs of the epochs.
    """

    def run(*watching, epochs=3):
        work = callbacks.LambdaCallback(
            on_batch_begin=clock.spend(1), on_test_batch_begin=clock.spend(1)
        )
        seen = []
        see = callbacks.LambdaCallback(on_epoch_end=lambda e, logs: seen.append(logs))
        together = callbacks.CallbackList([work, *watching, see])
        together.times = Times(clock)
        together.set_model(stub.Model())
        together.set_params(stub.params(epochs))
        stub.run(together, epochs, validation=True)
        return seen

    return run


def timer(clock, *args, **kwargs):
    one = callbacks.Timer(*args, **kwargs)
    one.clock = clock
    return one


@pytest.mark.parametrize(
    "interval, budget, batches, epochs",
    [
        # An epoch takes 4 seconds, the last of them for validation.
        ("batch", 6, 5, 2),
        ("batch", 5.5, 5, 2),
        ("batch", "4s", 3, 1),
        ("epoch", 6, 6, 2),
        ("epoch", 8, 6, 2),
        ("epoch", 8.1, 9, 3),
        ("batch", 99, 9, 3),
    ],
)
def test_training_stops_when_time_is_up(interval, budget, batches, epochs, run, clock):
    steps = []
    count = callbacks.LambdaCallback(on_batch_end=lambda b, logs: steps.append(b))

    logs = run(timer(clock, budget, interval), count)

    assert (len(steps), len(logs)) == (batches, epochs)


def test_the_timer_tells_what_is_used_and_what_is_left(run, clock, capsys):
    one = timer(clock, "1min", report=True, verbose=1)
    assert [logs["seconds"] for logs in run(one)] == [4, 4, 4]

    clock.spend(100)()
    assert (one.elapsed(), one.remaining()) == (12, 48)
    run(one)  # another fit has a budget of its own
    assert one.elapsed() == 12 and capsys.readouterr().out == ""
    run(timer(clock, 2, verbose=1))
    assert capsys.readouterr().out == "\nTime is up: 2 of 2 s\n"


def test_a_run_that_is_continued_has_the_rest_of_the_budget(run, clock):
    first = timer(clock, 14)
    run(first)
    second = timer(clock, 14)
    second.load_state_dict(first.state_dict())

    assert len(run(second)) == 1 and second.elapsed() == 14


def test_a_timer_without_a_budget_only_measures(run, clock):
    one = timer(clock)

    assert len(run(one)) == 3
    assert one.elapsed() == 12 and one.remaining() is None


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"duration": "soon"}, "`duration` of `Timer`"),
        ({"duration": 1, "interval": "step"}, '"batch" or "epoch"'),
    ],
)
def test_what_is_no_budget_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        callbacks.Timer(**arguments)


def test_rates_and_shares_by_the_clock(run, clock, stub):
    stub.Model.step_flops = lambda self, rows: 1000.0 * rows
    try:
        logs = run(callbacks.Throughput())[1]
    finally:
        del stub.Model.step_flops

    # 4 seconds are the callback's: here nobody says that validation runs.
    assert logs["samples_per_second"] == 1.5 and logs["steps_per_second"] == 0.75
    assert logs["flops_per_second"] == 1500
    assert logs["share_callbacks"] == 1 and logs["share_steps"] == 0


def test_validation_does_not_slow_training_down(clock, stub):
    throughput = callbacks.Throughput(flops=False)
    together = callbacks.CallbackList([throughput])
    together.times = Times(clock)
    together.set_model(stub.Model())
    together.on_train_begin({})
    together.on_epoch_begin(0, {})
    with together.times.on("steps"):
        clock.spend(3)()
    with together.times.on("data"):
        clock.spend(1)()
    together.on_train_batch_end(0, {"size": 12})
    with together.times.on("validation"):
        clock.spend(4)()
    together.on_epoch_end(0, logs := {})

    assert logs == {
        "samples_per_second": 3,
        "steps_per_second": 0.25,
        "share_steps": 0.375,
        "share_data": 0.125,
        "share_validation": 0.5,
        "share_callbacks": 0,
    }


def dense(rows, inputs, units):
    one = models.Sequential([layers.Dense(units, input_dim=inputs, use_bias=False)])
    one.compile("sgd", "mse")
    return one, np.zeros((rows, inputs), "f4"), np.zeros((rows, units), "f4")


def test_operations_of_a_step_are_those_of_its_products():
    one, x, y = dense(96, 200, 100)
    one.fit(x, y, batch_size=64, verbose=0)

    # x W and x^T g: two operations for each of 64 * 200 * 100 products, twice; the
    # rest is a few for each of the 200 * 100 weights and 64 * 100 outputs.
    products = 4 * 64 * 200 * 100
    assert products < one.step_flops(64) < products + 5 * (200 * 100 + 64 * 100)
    assert one.step_flops(32) < 0.6 * one.step_flops(64)


def test_operations_are_not_known_before_training():
    one, _, _ = dense(8, 2, 1)

    with pytest.raises(RuntimeError, match="Call `fit` or `train_on_batch` first"):
        one.step_flops()


@pytest.mark.parametrize(
    "how", [{"batch_size": 8}, {"steps_per_epoch": 3}, {"batch_size": 5}]
)
def test_throughput_of_a_real_fit(how):
    one, x, y = dense(24, 3, 2)
    throughput = callbacks.Throughput()
    history = one.fit(
        x,
        y,
        verbose=0,
        epochs=2,
        validation_data=(x, y),
        callbacks=[
            throughput,
            callbacks.EarlyStopping("samples_per_second", mode="max"),
        ],
        **how,
    ).history

    assert {*throughput.adds_logs, "loss", "val_loss"} == set(history)
    shares = [history[name][1] for name in throughput.adds_logs if "share" in name]
    assert 0 < sum(shares) <= 1 and all(share >= 0 for share in shares)
    rows, steps = {8: (24, 3), 5: (24, 5)}.get(how.get("batch_size"), (72, 3))
    ratio = history["samples_per_second"][1] / history["steps_per_second"][1]
    assert ratio == pytest.approx(rows / steps)
    each = history["flops_per_second"][1] / history["samples_per_second"][1]
    size = how.get("batch_size", 24)
    assert each == pytest.approx(one.step_flops(size) / size)


def test_memory_is_that_of_the_arrays_that_are_alive():
    one, x, y = dense(8, 2, 1)
    stats = callbacks.DeviceStats()
    device = jax.local_devices()[0]
    before = one.fit(x, y, verbose=0, callbacks=[stats]).history
    held = jax.device_put(np.zeros(10**6, "f4"), device)
    after = one.fit(x, y, verbose=0, callbacks=[stats]).history

    assert set(before) == {"loss", *stats.adds_logs}
    more = after["device_0_bytes"][0] - before["device_0_bytes"][0]
    assert 0 <= more - held.nbytes < 10**5
    resident = before.get("host_bytes", [10**9])[0]
    assert 10**7 < resident < 10**11
