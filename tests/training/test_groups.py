"""Small batches are passed forward in one go, and nobody can tell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cthulhu import backend as K
from cthulhu import data
from cthulhu.callbacks import Callback
from cthulhu.layers import (
    Add,
    Dense,
    Dropout,
    Embedding,
    GlobalMaxPooling1D,
    Input,
    Lambda,
    Masking,
    TimeDistributed,
)
from cthulhu.models import Model, Sequential
from cthulhu.training import loop, step, windows
from cthulhu.training.feed import Piece, RowFeed
from cthulhu.training.payload import Slice

X = np.arange(1003, dtype="float32")[:, None] / 8


def times(factor, **compiled):
    model = Sequential([Dense(1, use_bias=False, input_dim=1)])
    model.compile("sgd", "mse", **compiled)
    model.set_weights([np.full((1, 1), factor)])
    return model


def group(model, mode, rows, batches):
    """How many batches of so many rows go together."""
    program = model._programs[mode][0]
    return program.together(rows, batches, program.parted(batches))


class Heard(Callback):
    """What was told of each batch."""

    def __init__(self, realtime=False):
        super().__init__()
        self.realtime = realtime
        self.losses, self.outputs = [], []

    def on_test_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])

    def on_predict_batch_end(self, batch, logs=None):
        self.outputs.append(logs["outputs"][0])


@pytest.fixture
def passed(monkeypatch):
    """Rows of each piece that a run computed, and batches that went together."""
    found = []
    call = loop.Run._call

    def noted(self, piece, number, count):
        found.append((piece.where.size * count, piece.where.group))
        return call(self, piece, number, count)

    monkeypatch.setattr(loop.Run, "_call", noted)
    return found


def wheres(feed, *batches):
    return [feed.piece(i, 100)[1:] for i in batches]


def test_a_group_is_found_from_any_batch_in_it():
    feed = RowFeed(data.Arrays([np.zeros((43, 2), "f")], [], []), 4)  # 10 and a rest
    feed.group_by(4)

    assert wheres(feed, 0, 5, 8, 9, 10) == [
        (Slice("rows", 4, 0, 4, 4, 0), 8),
        (Slice("rows", 4, 16, 4, 4, 1), 3),
        (Slice("rows", 4, 24, 4, 4, 2), 2),  # the last four, of which two were met
        (Slice("rows", 4, 24, 4, 4, 3), 1),
        (Slice("rows", 3, 40, 3), 1),
    ]


def test_pieces_end_where_groups_do_unless_they_are_shorter():
    feed = RowFeed(data.Arrays([np.zeros((40, 2), "f")], [], []), 4)
    feed.group_by(4)

    assert [feed.piece(1, most).count for most in (1, 3, 4, 6, 7)] == [1, 3, 3, 3, 7]


def test_windows_are_as_large_as_whole_groups_allow(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 88)  # eleven batches of one row
    rows = np.zeros((23, 1), "float32")
    feed = windows.WindowFeed(data.Arrays([rows, rows], [], []), 1)
    found = {count: (feed.group_by(count), feed.per_window) for count in (4, 3, 9, 1)}
    assert found == {4: (4, 8), 3: (3, 9), 9: (5, 10), 1: (1, 11)}


def test_windows_hold_whole_groups(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 88)  # eleven batches of one row
    rows = np.arange(23, dtype="float32")[:, None]
    feed = windows.WindowFeed(data.Arrays([rows, rows], [], []), 1)
    feed.group_by(4)
    assert feed.per_window == 8

    for i in range(23):
        payload, where, _ = feed.piece(i, 100)
        assert isinstance(Piece(payload, where, 1), Piece)
        found = step.fetch(where.form, payload, where.offset, where.group * where.size)
        assert found[0][0][where.lead, 0] == i

    feed.close()


@pytest.mark.parametrize(
    ("rows", "batches", "together"),
    [
        (8, 1000, 64),  # 512 rows
        (100, 1000, 5),
        (300, 1000, 1),
        (8, 9, 4),  # two groups at least
        (8, 1, 1),
    ],
)
def test_batches_go_together_up_to_512_rows(rows, batches, together):
    model = times(2)
    model.predict(X, batch_size=8)
    model.evaluate(X, X, batch_size=8, verbose=0)

    assert group(model, "predict", rows, batches) == together
    assert group(model, "test", rows, batches) == together


def test_large_steps_go_alone():
    model = Sequential([Dense(1000, input_dim=1000), Dense(1)])
    model.predict(np.zeros((64, 1000), "float32"), batch_size=32)

    # 2 million operations a row, of which 20 million go together; 9 rows are no batch
    assert group(model, "predict", 32, 1000) == 1
    assert group(model, "predict", 2, 1000) == 4


@pytest.mark.parametrize(
    "layer",
    [
        Lambda(lambda x: x - x[:1]),
        Dense(1, activity_regularizer="l2"),
    ],
    ids=["rows that know each other", "a penalty on each batch"],
)
def test_what_depends_on_its_batch_goes_alone(layer):
    model = Sequential([layer, Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    model.evaluate(X, X, batch_size=8, verbose=0)

    assert group(model, "test", 8, 125) == 1


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_hooks_hear_what_each_batch_alone_gives(data):
    rows = data.draw(st.integers(1, 300), "rows")
    size = data.draw(st.sampled_from([1, 2, 3, 8, 30, 64]), "size")
    count = -(-rows // size)
    realtime = data.draw(st.booleans(), "realtime")
    steps = data.draw(st.none() | st.integers(1, 2 * count), "steps")
    x = X[:rows]
    order = [i % count for i in range(steps or count)]  # round and round
    parts = [x[i * size : (i + 1) * size] for i in order]
    losses = [np.mean((2 * part - 1) ** 2) for part in parts]

    heard = Heard(realtime)
    how = {"batch_size": size, "steps": steps, "callbacks": [heard]}
    found = times(2).predict(x, **how)
    np.testing.assert_array_equal(2 * np.concatenate(parts), found)
    for part, output in zip(parts, heard.outputs, strict=True):
        np.testing.assert_array_equal(2 * part, output)
    times(2).evaluate(x, np.ones_like(x), verbose=0, **how)
    np.testing.assert_allclose(losses, heard.losses, rtol=1e-6)


@pytest.mark.parametrize("length", [3, 7, 29, 61])
def test_not_one_bit_depends_on_where_blocks_end(length, monkeypatch):
    draw = np.random.default_rng(0)
    x = draw.standard_normal((1000, 2000)).astype("float32")
    y = draw.standard_normal((1000, 17)).astype("float32")
    model = Sequential([Dense(17, input_dim=2000)])
    model.compile("sgd", "mse", metrics=["mae"])
    whole = model.predict(x, batch_size=16)
    assert group(model, "predict", 16, 62) == 16  # 128,000 bytes a batch, of 2 MB
    once = Heard()
    values = model.evaluate(x, y, batch_size=16, verbose=0, callbacks=[once])

    monkeypatch.setattr(loop.Run, "_wanted", lambda self, i: length)
    found = model.predict(x, batch_size=16)
    np.testing.assert_array_equal(whole, found)
    again = Heard()
    assert values == model.evaluate(x, y, batch_size=16, verbose=0, callbacks=[again])
    assert once.losses == again.losses


def test_batches_go_alone_where_each_is_waited_for(passed):
    for realtime in (False, True):
        model = times(2)
        model.evaluate(X, X, batch_size=8, verbose=0, callbacks=[Heard(realtime)])
        assert {8 * 125 + 3} == {sum(rows for rows, _ in passed if rows)}
        assert (max(together for _, together in passed) > 1) != realtime
        passed.clear()


@pytest.mark.parametrize(("steps", "together"), [(1, 1), (5, 2), (40, 20), (500, 62)])
def test_few_steps_pass_few_rows_forward(passed, steps, together):
    times(2).predict(X, batch_size=8, steps=steps)
    assert together == max(together for _, together in passed)


def test_what_is_computed_apart_is_not_computed_together(passed, monkeypatch):
    monkeypatch.setattr(step, "worth_parting", lambda work, steps: steps > 200)
    for steps, alone in ((100, False), (300, True)):
        model = times(2)
        model.evaluate(X, X, batch_size=8, steps=steps, verbose=0)
        assert (max(together for _, together in passed) == 1) == alone
        passed.clear()


def test_wide_arrays_on_the_way_go_alone():
    model = Sequential([Embedding(9, 500, input_length=400), GlobalMaxPooling1D()])
    model.compile("sgd", "mse")
    model.predict(np.zeros((64, 400), "int32"), batch_size=8)

    # 800 KB a row: one batch is more than 2 MB
    assert group(model, "predict", 8, 1000) == 1
    assert group(model, "predict", 1, 1000) == 2


def test_a_loss_of_a_users_sees_each_batch_by_itself(passed):
    model = times(2)
    model.compile("sgd", lambda y, p: (p - K.mean(y)) ** 2)
    heard = Heard()
    model.evaluate(X[:40], X[:40], batch_size=8, verbose=0, callbacks=[heard])
    parts = X[:40].reshape(5, 8)
    expected = ((2 * parts - parts.mean(1, keepdims=True)) ** 2).mean(1)

    assert passed[0][1] == 2
    np.testing.assert_allclose(expected, heard.losses, rtol=1e-6)


def test_rows_without_entries_go_together():
    model = Sequential([TimeDistributed(Dense(8), input_shape=(None, 6))])
    assert model.predict(np.zeros((40, 0, 6), "f"), batch_size=4).shape == (40, 0, 8)


def test_losses_and_metrics_are_those_of_each_batch_with_masks_and_weights():
    inputs = Input((3, 2))
    hidden = Masking()(inputs)
    hidden = Dropout(0.5)(TimeDistributed(Dense(1, use_bias=False))(hidden))
    model = Model(inputs, hidden)
    model.compile("sgd", "mse", metrics=["mae"])
    model.set_weights([np.ones((2, 1))])
    x = np.arange(1, 1 + 40 * 6, dtype="float32").reshape(40, 3, 2) / 100
    x[::3, 1] = 0  # masked
    y = np.zeros((40, 3, 1), "float32")
    weight = np.arange(40) / 8
    heard = Heard()
    model.evaluate(
        x, y, sample_weight=weight, batch_size=4, verbose=0, callbacks=[heard]
    )
    assert group(model, "test", 4, 10) == 5

    parts = [slice(at, at + 4) for at in range(0, 40, 4)]
    alone = [model.test_on_batch(x[p], y[p], weight[p])[0] for p in parts]
    np.testing.assert_allclose(heard.losses, alone, rtol=1e-6)


def test_several_inputs_and_outputs_go_together():
    a, b = Input((1,), name="a"), Input((1,), name="b")
    total = Add(name="sum")([a, b])
    model = Model([a, b], [total, Dense(1, use_bias=False)(a)])
    model.compile("sgd", "mse")
    model.set_weights([np.full((1, 1), 5.0)])
    total, five = model.predict({"a": X, "b": 2 * X}, batch_size=10)
    assert group(model, "predict", 10, 100) == 50

    np.testing.assert_array_equal(3 * X, total)
    np.testing.assert_array_equal(5 * X, five)
    values = model.evaluate(
        {"a": X, "b": 2 * X}, [3 * X + 2, 5 * X - 1], batch_size=10, verbose=0
    )
    assert values == [5.0, 4.0, 1.0]


def test_rows_in_windows_go_together(passed, monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 4000)  # of inputs alone 100 batches
    for offset in (0, 1):  # windows that can be used where they lie, and others
        rows = np.zeros(1004, "float32")[offset:][:1003, None]
        rows[:] = X
        found = times(2).predict(rows, batch_size=10)
        np.testing.assert_array_equal(2 * X, found)
        loss = times(2).evaluate(rows, 2 * rows + 1, batch_size=10, verbose=0)
        assert loss == pytest.approx(1.0)
    assert {50, 25} == {together for _, together in passed if together > 1}
