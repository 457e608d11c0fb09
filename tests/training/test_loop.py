"""Whoever looks, writes, stops or raises finds the world of exactly that batch.

Runs that compute ahead are compared with runs that never do: same hooks in the same
order, same logs, bit-identical weights.
"""

import numpy as np
import optax
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cthulhu import backend as K
from cthulhu.callbacks import Callback
from cthulhu.layers import BatchNormalization, Dense, Dropout
from cthulhu.models import Sequential
from cthulhu.training import loop, windows
from cthulhu.training.step import key_data

ROWS, FEATURES, BATCH = 75, 4, 8  # nine batches of 8 and one of 3
STEPS = 10
RANDOM = np.random.RandomState(0)
X = RANDOM.rand(ROWS, FEATURES).astype("float32")
Y = RANDOM.rand(ROWS, 2).astype("float32")


class Planned(Exception):
    """Raised by a callback on purpose."""


class Actor(Callback):
    """Does what a script says at given hooks, and writes down all it hears."""

    def __init__(self, script):
        super().__init__()
        self.script = script
        self.heard = []

    def act(self, hook, epoch, batch, logs):
        told = {k: v for k, v in logs.items()}
        self.heard.append((hook, epoch, batch, tuple(sorted(told.items()))))
        action = self.script.get((hook, epoch, batch))
        model = self.model
        if action == "look":
            self.heard.append([w.tobytes() for w in model.get_weights()])
        elif action == "rate":
            self.heard.append(float(K.get_value(model.optimizer.lr)))
            model.optimizer.lr = 0.5 * float(K.get_value(model.optimizer.lr))
        elif action == "write":
            model.set_weights([0.5 * w for w in model.get_weights()])
        elif action == "evaluate":
            self.heard.append(model.evaluate(X[:20], Y[:20], verbose=0))
        elif action == "predict":
            self.heard.append(model.predict(X[:5]).tobytes())
        elif action == "train":
            self.heard.append(model.train_on_batch(X[:5], Y[:5]))
        elif action == "stop":
            model.stop_training = True
        elif action == "raise":
            raise Planned(hook, epoch, batch)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self.act("epoch_begin", epoch, 0, logs)

    def on_epoch_end(self, epoch, logs=None):
        self.act("epoch_end", epoch, 0, logs)

    def on_batch_begin(self, batch, logs=None):
        self.act("batch_begin", self.epoch, batch, logs)

    def on_batch_end(self, batch, logs=None):
        self.act("batch_end", self.epoch, batch, logs)


@pytest.fixture(scope="module")
def model():
    np.random.seed(3)
    made = Sequential(
        [
            Dense(5, activation="tanh", input_dim=FEATURES),
            BatchNormalization(),
            Dropout(0.3),
            Dense(2),
        ]
    )
    made.compile("adam", "mse", metrics=["mae"])
    made.fit(X, Y, batch_size=BATCH, verbose=0)
    made.start = made.get_weights(), made.optimizer.get_weights()
    return made


def batches():
    while True:
        for i in range(0, ROWS, BATCH):
            yield X[i : i + BATCH], Y[i : i + BATCH]


def run(model, script, length, epochs=3, generator=False, validation=True, bytes_=None):
    """Train from the same start; what was heard, the history, the final bits."""
    np.random.seed(11)
    weights, state = model.start
    model.set_weights(weights)
    model.optimizer.set_weights(state)
    model.optimizer.lr = 0.01
    model._step_number = 0
    model._batch_key = key_data(5)
    actor = Actor(script)
    arguments = {"epochs": epochs, "verbose": 0, "callbacks": [actor]}
    if validation:
        arguments["validation_data"] = (X[:20], Y[:20])
    if generator:
        arguments.update(x=batches(), steps_per_epoch=STEPS)
    else:
        arguments.update(x=X, y=Y, batch_size=BATCH)
    raised = None
    before = windows.WINDOW_BYTES
    windows.WINDOW_BYTES = bytes_ or before
    try:
        model.fit(steps_per_execution=length, **arguments)
    except Planned as error:
        raised = error.args
    finally:
        windows.WINDOW_BYTES = before
    return {
        "heard": actor.heard,
        "raised": raised,
        "history": model.history.history,
        "weights": [w.tobytes() for w in model.get_weights()],
        "optimizer": [w.tobytes() for w in model.optimizer.get_weights()],
        "steps": int(K.get_value(model.optimizer.iterations)),
    }


PLACES = st.tuples(
    st.sampled_from(["batch_begin", "batch_end"]),
    st.integers(0, 2),
    st.integers(0, STEPS - 1),
) | st.tuples(
    st.sampled_from(["epoch_begin", "epoch_end"]), st.integers(0, 2), st.just(0)
)
GENTLE = ["look", "rate", "write", "evaluate", "predict", "train"]
ACTIONS = st.sampled_from([*GENTLE, *GENTLE, "stop", "raise"])
SCRIPTS = st.dictionaries(PLACES, ACTIONS, max_size=8)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    script=SCRIPTS,
    length=st.sampled_from(["auto", 2, 3, 7, 100]),
    generator=st.booleans(),
    validation=st.booleans(),
    window=st.sampled_from([None, 500]),  # 500 bytes: two batches
)
def test_computing_ahead_changes_nothing_that_anybody_can_see(
    model, script, length, generator, validation, window
):
    options = {"generator": generator, "validation": validation, "bytes_": window}
    step_by_step = run(model, script, 1, **options)

    ahead = run(model, script, length, **options)

    assert step_by_step == ahead


def test_no_more_steps_are_kept_than_batch_ends_were_heard(model):
    script = {("batch_end", 1, 4): "raise"}

    result = run(model, script, "auto")

    ends = [h for h in result["heard"] if h[0] == "batch_end"]
    start = int(model.start[1][0])
    assert len(ends) == STEPS + 5
    assert result["steps"] - start == STEPS + 5
    assert result["raised"] == ("batch_end", 1, 4)


def test_a_stop_in_the_middle_of_a_block_keeps_the_steps_up_to_it(model):
    result = run(model, {("batch_end", 0, 2): "stop"}, 100, validation=False)

    assert result["steps"] - int(model.start[1][0]) == 3


def test_a_look_every_third_batch_ends_blocks_there(model, monkeypatch):
    monkeypatch.setattr(loop, "LATENESS", 1e9)  # blocks grow however slow the machine
    counts = []
    original = loop.Run._compute

    def counting(self, start, piece, number, count):
        counts.append(count)
        return original(self, start, piece, number, count)

    script = {("batch_end", e, b): "look" for e in range(3) for b in (2, 5, 8)}
    model._program("train").length = 1  # or it begins with what earlier runs learned
    loop.Run._compute = counting
    try:
        run(model, script, "auto", validation=False)
    finally:
        loop.Run._compute = original

    assert sum(counts) <= 3 * STEPS + 6  # hardly a step is computed twice


@pytest.mark.parametrize(("patience", "ahead"), [(1e9, 2), (0.0, 1)])
def test_a_step_that_takes_longer_than_a_hook_may_wait_is_not_computed_ahead(
    model, monkeypatch, patience, ahead
):
    monkeypatch.setattr(loop, "LATENESS", patience)  # any step is short, or long
    under_way, dispatch = [], loop.Run._dispatch

    def counting(self, i, start):
        block = dispatch(self, i, start)
        under_way.append(block.stop)
        return block

    monkeypatch.setattr(loop.Run, "_dispatch", counting)
    found = []

    class Watcher(Callback):
        def on_batch_end(self, batch, logs=None):
            found.append(sum(stop > batch for stop in under_way))

    model._program("train").length = 1
    model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[Watcher()])

    # blocks with steps that no hook has heard of yet, the one at hand among them
    assert max(found[1:-1]) == ahead


def test_the_learning_rate_set_in_a_hook_counts_from_the_next_step_on():
    model = Sequential([Dense(1, use_bias=False, input_dim=1)])
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((1, 1))])
    x, y = np.ones((6, 1), "float32"), np.ones((6, 1), "float32")

    class Rates(Callback):
        def on_batch_begin(self, batch, logs=None):
            self.model.optimizer.lr = [0.5, 0.0, 0.25][batch]

    model.fit(x, y, batch_size=2, verbose=0, shuffle=False, callbacks=[Rates()])

    # w <- w + lr * 2 * (1 - w): 0 -> 1 with 0.5, stays with 0, stays at 1
    np.testing.assert_allclose(model.get_weights()[0], [[1.0]], rtol=1e-6)


def test_weights_that_a_hook_reads_are_those_after_exactly_that_many_steps():
    model = Sequential([Dense(1, use_bias=False, input_dim=1)])
    model.compile(optax.sgd(0.25), "mse")
    model.set_weights([np.zeros((1, 1))])
    seen = []

    class Reader(Callback):
        def on_batch_end(self, batch, logs=None):
            if batch in (3, 8):
                seen.append(float(self.model.get_weights()[0][0, 0]))

    x = np.ones((20, 1), "float32")
    model.fit(
        x, x, batch_size=2, verbose=0, callbacks=[Reader()], steps_per_execution=100
    )

    # each step halves the distance to 1: after n steps w = 1 - 2**-n
    assert seen == [1 - 2**-4, 1 - 2**-9]


def test_a_realtime_callback_hears_each_step_before_the_next_is_computed(model):
    class Clock(Callback):
        realtime = True

    lengths = []
    original = loop.Run._compute

    def counting(self, start, piece, number, count):
        lengths.append(count)
        return original(self, start, piece, number, count)

    loop.Run._compute = counting
    try:
        model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[Clock()])
    finally:
        loop.Run._compute = original

    assert set(lengths) <= {0, 1}  # 0: compiling for the smaller last batch


def test_each_step_of_each_epoch_draws_its_own_dropout_mask():
    model = Sequential([Dropout(0.5, input_shape=(64,))])
    model.compile("sgd", "mse")
    masks = []

    class Masks(Callback):
        def on_batch_end(self, batch, logs=None):
            masks.append(logs["loss"])

    x = np.ones((6, 64), "float32")
    model.fit(x, 0 * x, batch_size=2, epochs=3, verbose=0, callbacks=[Masks()])

    # the loss is 4 times the share of the 128 values that were kept
    assert len(set(masks)) > 5
    assert all(1.0 < loss < 3.0 for loss in masks)


def test_looks_into_a_block_compute_each_of_its_steps_once_more(monkeypatch):
    model = Sequential([Dense(1, use_bias=False, input_dim=1)])
    model.compile(optax.sgd(0.25), "mse")
    model.set_weights([np.zeros((1, 1))])
    computed, weights = [], []
    original = loop.Run._compute

    def counting(self, start, piece, number, count):
        computed.append(count)
        return original(self, start, piece, number, count)

    monkeypatch.setattr(loop.Run, "_compute", counting)

    class Reader(Callback):
        def on_batch_end(self, batch, logs=None):
            weights.append(float(self.model.get_weights()[0][0, 0]))

    x = np.ones((40, 1), "float32")
    model.fit(
        x, x, batch_size=2, verbose=0, callbacks=[Reader()], steps_per_execution=20
    )

    assert weights == pytest.approx([1 - 2.0**-n for n in range(1, 21)])
    # a block of 20, and 19 looks into it; the last is at its end
    assert [20, *[1] * 19] == computed


@pytest.mark.parametrize("generator", [False, True])
def test_a_state_too_large_for_two_copies_trains_the_same(
    model, monkeypatch, generator
):
    script = {
        ("batch_end", 0, 3): "look",
        ("batch_begin", 1, 5): "write",
        ("batch_end", 1, 7): "rate",
        ("epoch_end", 1, 0): "evaluate",
        ("batch_end", 2, 4): "stop",
    }
    usual = run(model, script, "auto", generator=generator)
    monkeypatch.setattr("cthulhu.training.trainer.needs_donation", lambda _: True)

    frugal = run(model, script, "auto", generator=generator)

    # another compiled program: the same up to rounding
    assert usual["steps"] == frugal["steps"]
    for one, other in zip(usual["weights"], frugal["weights"], strict=True):
        np.testing.assert_allclose(
            np.frombuffer(one, "float32"), np.frombuffer(other, "float32"), 1e-4, 1e-6
        )


def test_a_fit_inside_a_hook_adds_its_steps_to_those_of_the_outer_one():
    model = Sequential([Dense(1, use_bias=False, input_dim=1)])
    model.compile(optax.sgd(0.25), "mse")
    model.set_weights([np.zeros((1, 1))])
    x = np.ones((8, 1), "float32")

    class Inner(Callback):
        def on_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.fit(x[:2], x[:2], epochs=3, batch_size=2, verbose=0)

    model.fit(x, x, batch_size=2, verbose=0, callbacks=[Inner()])

    # each step halves the distance to 1; 4 outer and 3 inner ones
    assert float(model.get_weights()[0][0, 0]) == 1 - 2**-7
