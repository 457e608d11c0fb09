"""Blocks that need no state are computed beside each other, and nobody can tell."""

import os
import subprocess
import sys
import threading
import time

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cthulhu import backend as K
from cthulhu.callbacks import Callback
from cthulhu.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Lambda,
    Layer,
)
from cthulhu.models import Model, Sequential
from cthulhu.training import loop, single, step, threads

X = np.arange(1003, dtype="float32")[:, None] / 8


@pytest.fixture(scope="module", autouse=True)
def eager():
    """Threads for blocks of any length; returns whether each run had some."""
    made = []

    class Noted(threads.Threads):
        def __init__(self, function):
            made.append(function)
            super().__init__(function)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "worth_it", lambda *_: True)
        patch.setattr(loop, "Threads", Noted)
        patch.setattr(step, "worth_parting", lambda *_: True)
        yield made


def doubling():
    model = Sequential([Dense(1, use_bias=False, input_dim=1)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.set_weights([np.full((1, 1), 2.0)])
    return model


class Heard(Callback):
    def __init__(self):
        super().__init__()
        self.batches = []

    def on_predict_batch_end(self, batch, logs=None):
        self.batches.append((batch, *logs["outputs"][0][:, 0]))

    def on_test_batch_end(self, batch, logs=None):
        self.batches.append((batch, logs["loss"], logs["mae"]))


def test_convolutions_share_the_cores_by_themselves(eager):
    convolution = Conv2D(32, 3, input_shape=(12, 12, 16))
    model = Sequential([convolution, Flatten(), Dense(1)])
    eager.clear()

    # a row takes 10 * 10 * 32 * 16 * 9 * 2 operations, and 3200 * 2 of the product
    model.predict(np.ones((40, 12, 12, 16), "float32"), batch_size=2)

    assert not eager


def test_outputs_come_in_the_order_of_rows(eager):
    eager.clear()
    heard = Heard()

    outputs = doubling().predict(X, batch_size=8, callbacks=[heard])

    assert eager
    np.testing.assert_array_equal(2 * X, outputs)
    assert list(range(126)) == [batch for batch, *_ in heard.batches]
    assert (125, 250.0, 250.25, 250.5) == heard.batches[125]  # rows 1000 to 1002


def test_hooks_hear_the_loss_of_their_batch_and_metrics_up_to_it(eager):
    eager.clear()
    heard = Heard()
    y = X + 1  # 2 x is off by x - 1

    loss, mae = doubling().evaluate(X, y, batch_size=8, verbose=0, callbacks=[heard])

    assert eager
    off = X.astype("float64") - 1
    np.testing.assert_allclose([np.mean(off**2), np.mean(abs(off))], [loss, mae], 1e-6)
    for i in (0, 1, 77, 125):
        batch, until = off[8 * i : 8 * i + 8], off[: 8 * i + 8]
        wanted = (i, np.mean(batch**2), np.mean(abs(until)))
        np.testing.assert_allclose(wanted, heard.batches[i], 1e-6)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 200), st.integers(1, 40), st.booleans(), st.sampled_from([1, 2, 9])
)
def test_a_pass_gives_the_bits_of_one_step_at_a_time(rows, size, by_batch, length):
    class Clock(Callback):
        realtime = True

    model = model_of_two
    x, y = X[:rows] / 100, np.sin(X[:rows])

    def source(*arrays):
        if not by_batch:
            return {"x": arrays[0], "batch_size": size} | dict(
                zip("y", arrays[1:], strict=False)
            )
        parts = [tuple(a[i : i + size] for a in arrays) for i in range(0, rows, size)]
        batches = (part if len(part) > 1 else part[0] for part in parts)
        return {"x": batches, "steps": len(parts)}

    for mode in ("predict", "test"):
        if program := model._program(mode):
            program.length = length
    told = [
        (
            model.predict(**source(x), callbacks=callbacks),
            model.evaluate(**source(x, y), verbose=0, callbacks=callbacks),
        )
        for callbacks in ([Clock()], [Heard()])
    ]

    np.testing.assert_array_equal(told[0][0], told[1][0])
    assert told[0][1] == told[1][1]


model_of_two = Sequential([Dense(5, activation="tanh", input_dim=1), Dense(1)])
model_of_two.compile("sgd", "mse", metrics=["mae"])


def test_a_step_that_leaves_a_state_waits_for_the_one_before(eager):
    model = Sequential([LSTM(3, stateful=True, batch_input_shape=(2, 1, 1))])
    model.compile("sgd", "mse")
    x = X[:40, None] / 100
    eager.clear()

    together = model.predict(x, batch_size=2)
    model.reset_states()
    alone = [model.predict_on_batch(x[i : i + 2]) for i in range(0, 40, 2)]

    assert not eager
    np.testing.assert_allclose(np.concatenate(alone), together, rtol=1e-6)


class Counting(Layer):
    def call(self, inputs):
        self.add_metric(K.max(inputs), name="largest", aggregation="mean")
        return inputs


def test_what_a_layer_reports_is_counted_step_by_step(eager):
    model = Sequential([Counting(input_shape=(1,))])
    model.compile("sgd", "mse")
    eager.clear()

    _, largest = model.evaluate(X[:80], X[:80], batch_size=8, verbose=0)

    assert not eager
    assert largest == np.mean(X[7:80:8])


def test_statistics_that_a_test_moves_are_moved_step_by_step(eager):
    K.set_learning_phase(1)
    try:
        model = Sequential([BatchNormalization(momentum=0.5, input_shape=(1,))])
        model.compile("sgd", "mse")
        eager.clear()
        model.predict(X[:16], batch_size=8)
    finally:
        K.clear_session()

    assert not eager
    means = np.mean(X[:8]), np.mean(X[8:16])
    # halfway from 0 to the first mean, then to the second
    np.testing.assert_allclose(
        means[0] / 4 + means[1] / 2, K.get_value(model.layers[0].moving_mean)[0], 1e-6
    )


@pytest.mark.parametrize("call", ["predict", "evaluate"])
def test_what_a_layer_prints_comes_in_the_order_of_batches(eager, call):
    printed = []

    def noting(x):
        jax.debug.callback(lambda first: printed.append(float(first)), x[0, 0])
        return x

    model = Sequential([Lambda(noting, input_shape=(1,))])
    model.compile("sgd", "mse")
    eager.clear()
    args = (X,) if call == "predict" else (X, X)

    getattr(model, call)(*args, batch_size=8, verbose=0)
    jax.effects_barrier()

    assert not eager
    assert printed == list(X[::8, 0])


def test_functions_of_python_within_a_step_are_called_on_one_thread(eager):
    callers = []

    def same(x):
        callers.append(threading.get_ident())
        return x

    def asking(x):
        return jax.pure_callback(same, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    model = Sequential([Lambda(asking, input_shape=(1,)), Dense(1)])
    eager.clear()

    model.predict(X, batch_size=8)

    assert not eager
    assert callers


@pytest.mark.parametrize("call", ["predict", "evaluate"])
def test_an_error_in_a_hook_leaves_no_thread(eager, call):
    class Failing(Heard):
        def on_predict_batch_end(self, batch, logs=None):
            if batch == 70:
                raise RuntimeError("seventy")

        on_test_batch_end = on_predict_batch_end

    args = (X,) if call == "predict" else (X, X)
    model = doubling()
    getattr(model, call)(*args, batch_size=8, verbose=0)  # how long a step takes
    eager.clear()

    with pytest.raises(RuntimeError, match="seventy"):
        getattr(model, call)(*args, batch_size=8, verbose=0, callbacks=[Failing()])

    assert eager
    assert not [t.name for t in threading.enumerate() if t.name.startswith("blocks")]


def test_threads_compute_on_the_device_that_was_asked_for(eager):
    model = doubling()
    devices = []

    class Noting(threads.Threads):
        def call(self, kind, args, how):
            wait = super().call(kind, args, how)

            def noted():
                seen = wait()
                devices.append(seen[0].devices())
                return seen

            return noted

    eager.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Threads", Noting)
        with jax.default_device(jax.devices()[1]):
            outputs = model.predict(X, batch_size=8)

    np.testing.assert_array_equal(2 * X, outputs)
    assert devices and all(found == {jax.devices()[1]} for found in devices)


@pytest.mark.parametrize(
    "step_time, length, left, wanted",
    [
        (0.0001, 10, 100, True),  # blocks of 1 ms, and 10 ms to go
        (0.0001, 4, 100, False),  # blocks of 0.4 ms
        (0.0001, 10, 40, False),  # 4 ms to go
        (0.01, 1, 1, True),
        (0.01, 1, float("inf"), True),  # who knows how many
        (float("inf"), 1, 100, False),  # nothing was measured yet
    ],
)
def test_threads_are_worth_their_making_for_blocks_and_passes_long_enough(
    monkeypatch, step_time, length, left, wanted
):
    monkeypatch.setattr(threads, "THREADS", 2)

    assert wanted == threads.worth_it(step_time, length, left)


@pytest.mark.parametrize(
    "work, steps, wanted",
    [
        (2e8, 100, True),  # as many as it takes
        (2e8, 99, False),  # 1.98e10 in a pass
        (9e6, 1e6, False),  # less than the metrics cost
        (2e8, float("inf"), True),
    ],
)
def test_tests_long_enough_are_worth_to_be_parted(monkeypatch, work, steps, wanted):
    monkeypatch.setattr(threads, "THREADS", 2)

    assert wanted == threads.worth_parting(work, steps)


def test_one_core_has_no_use_for_threads(monkeypatch):
    monkeypatch.setattr(threads, "THREADS", 1)

    assert not threads.worth_it(0.01, 10, 100)
    assert not threads.worth_parting(2e8, 1000)
    assert 64 == threads.part_size(64)


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="only Linux ties a process to cores"
)
def test_a_process_that_is_tied_to_one_core_has_one_thread():
    script = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from cthulhu.training import threads
print(threads.cores(), threads.THREADS)
"""
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["1", "1"]


def test_threads_share_what_is_left_of_a_pass(monkeypatch):
    monkeypatch.setattr(threads, "THREADS", 2)

    assert 5 == threads.share(9, 0.01)
    assert 50 == threads.share(9, 0.00001)  # or a block is over before it began


# A batch in parts


@pytest.fixture
def parts(monkeypatch):
    """Batches of any work are computed in parts; returns the rows of each."""
    sizes = []

    class Noted(threads.Threads):
        def call(self, kind, args, how=None):
            sizes.append(len(args[2][0][0]))
            return super().call(kind, args, how or {})

    monkeypatch.setattr(threads, "THREADS", 3)
    monkeypatch.setattr(single, "WORTH_DIVIDING", 1)
    monkeypatch.setattr(single, "Threads", Noted)
    return sizes


def two_outputs():
    x = Input((5, 2))
    states = LSTM(3, return_sequences=True)(x)
    return Model(x, [Dense(2)(states), LSTM(4)(states)])


@pytest.mark.parametrize("rows, size", [(30, 10), (31, 11), (32, 11), (25, 9)])
def test_parts_of_one_size_make_a_batch(parts, rows, size):
    model = two_outputs()
    x = np.random.RandomState(0).normal(size=(rows, 5, 2)).astype("float32")

    outputs = model.predict_on_batch(x)

    assert parts == [size] * 3
    for i in (0, 9, 10, 19, rows - 2, rows - 1):  # alone
        one = model.predict_on_batch(x[i : i + 1])
        assert [(rows, 5, 2), (rows, 4)] == [y.shape for y in outputs]
        np.testing.assert_allclose(one[0][0], outputs[0][i], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(one[1][0], outputs[1][i], rtol=1e-5, atol=1e-6)


def test_predict_of_one_batch_is_computed_in_parts_too(parts):
    outputs = doubling().predict(X[:40], batch_size=64)

    assert parts == [14] * 3
    np.testing.assert_array_equal(2 * X[:40], outputs)


@pytest.mark.parametrize(
    "make, rows",
    [
        (doubling, 21),  # parts of 8 rows are the smallest
        (lambda: Sequential([Dense(1, input_dim=1), Lambda(lambda x: x - 1)]), 40),
        (lambda: Sequential([Dense(1, batch_input_shape=(40, 1))]), 40),
        (lambda: Sequential([Dense(1, input_dim=1), BatchNormalization()]), 40),
    ],
)
def test_a_batch_whose_rows_may_matter_to_each_other_is_computed_whole(
    parts, make, rows
):
    make().predict_on_batch(X[:rows])

    assert parts == []


def test_a_prediction_that_draws_is_computed_whole(parts):
    K.set_learning_phase(1)
    try:
        Sequential([Dense(1, input_dim=1), Dropout(0.5)]).predict_on_batch(X[:40])
    finally:
        K.clear_session()

    assert parts == []


def test_little_work_is_done_by_one_thread(parts, monkeypatch):
    # 2 operations for each of 40 rows
    for enough, wanted in ((80, 3), (81, 0)):
        parts.clear()
        monkeypatch.setattr(single, "WORTH_DIVIDING", enough)
        doubling().predict_on_batch(X[:40])

        assert wanted == len(parts)


def test_threads_take_64_bits_where_the_caller_does():
    with jax.enable_x64(True):
        pool = threads.Threads(jax.jit(lambda x: x / 3))
        try:
            third = pool.call("ones", (np.ones(2),))()
        finally:
            pool.close()

    assert np.asarray(third).tolist() == [1 / 3, 1 / 3]  # to the last bit


@pytest.mark.parametrize("look_for", [jax.debug_nans, jax.debug_infs])
def test_what_is_watched_on_this_thread_is_computed_on_it(monkeypatch, look_for):
    monkeypatch.setattr(threads, "THREADS", 2)
    assert threads.worth_it(1.0, 10, 100) and 500 == threads.part_size(1000)

    with look_for(True):
        assert not threads.worth_it(1.0, 10, 100)
        assert 1000 == threads.part_size(1000)


def test_a_metric_may_look_at_what_a_layer_kept():
    class Keeping(Dense):
        def call(self, inputs):
            self.kept = super().call(inputs)
            return self.kept

    layer = Keeping(1, use_bias=False, kernel_initializer="ones", input_shape=(2,))
    model = Sequential([layer])
    model.compile("sgd", "mse", metrics=[lambda true, _: K.mean(layer.kept) - true])

    loss, difference = model.evaluate(np.array([[1, 2]]), np.array([5]), verbose=0)

    assert (4, -2) == (loss, difference)  # 1 + 2 is 3


class Coming:
    """An array that is there when it is looked at for the n-th time."""

    def __init__(self, n):
        self.left = n

    def is_ready(self):
        self.left -= 1
        return self.left <= 0


def test_a_result_that_comes_soon_is_awaited_awake(monkeypatch):
    monkeypatch.setattr(threads, "THREADS", 2)
    monkeypatch.setattr(threads, "AWAKE", 60)
    array = Coming(5)
    threads.wait_awake(array)
    assert array.left == 0


def test_nobody_stays_awake_for_what_does_not_come(monkeypatch):
    monkeypatch.setattr(threads, "THREADS", 2)
    array = Coming(float("inf"))
    began = time.perf_counter()
    threads.wait_awake(array)
    assert threads.AWAKE <= time.perf_counter() - began < 1


def test_one_core_alone_is_left_to_those_who_compute(monkeypatch):
    monkeypatch.setattr(threads, "THREADS", 1)
    array = Coming(5)
    threads.wait_awake(array)
    assert array.left == 5


def test_single_steps_are_awaited_awake_once_they_were_seen_to_be_short(monkeypatch):
    awaited = []
    monkeypatch.setattr(step, "wait_awake", awaited.append)
    model = doubling()
    assert model.predict_on_batch(X[:2]).tolist() == [[0.0], [0.25]]
    assert awaited == []  # the first one was compiled
    for usual, times in ((1e-4, 1), (1e-2, 1), (1e-4, 2)):
        model._programs["predict"][0].single_time = usual
        assert model.predict_on_batch(X[:2]).tolist() == [[0.0], [0.25]]
        assert len(awaited) == times
