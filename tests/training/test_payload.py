"""Rows are gathered from where they lie, from the first to the last of them."""

import mmap

import jax
import numpy as np
import pytest

from cthulhu import data
from cthulhu.training import feed, feeds, windows
from cthulhu.training.feed import InPlaceFeed, RowFeed
from cthulhu.training.payload import fetch, gather, in_place


def beginning_at(place, shape, dtype="float32"):
    """The numbers 0, 1, 2, ... in an array that begins so many bytes past 64."""
    numbers = np.arange(np.prod(shape)).astype(dtype)
    memory = np.empty(numbers.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + place
    array = memory[start : start + numbers.nbytes].view(dtype).reshape(shape)
    array[:] = numbers.reshape(shape)
    return array


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32"])
@pytest.mark.parametrize("place", [0, 4, 16, 60])
@pytest.mark.parametrize("shape", [(99,), (99, 1), (99, 3), (99, 17), (99, 5, 13)])
def test_every_row_is_found_wherever_an_array_begins(shape, place, dtype):
    array = beginning_at(place, shape, dtype)
    index = np.random.default_rng(0).permutation(99).astype(np.int32)

    found = jax.jit(gather)(jax.device_put(in_place(array)), index)

    np.testing.assert_array_equal(array[index], found)


def test_nothing_but_the_first_row_is_copied():
    array = beginning_at(16, (1000, 20))

    entries, first, missing = in_place(array)

    # 16 bytes past 64, the next place is 48 bytes, or 12 numbers, further
    assert 12 == missing and 0 == entries.ctypes.data % 64
    assert np.shares_memory(array, entries) and 19_988 == entries.size
    assert (1, 20) == first.shape and not np.shares_memory(array, first)


def in_a_file(folder):
    np.save(folder / "x.npy", np.zeros((9, 4), "float32"))
    return np.asarray(np.load(folder / "x.npy", mmap_mode="r"))


@pytest.mark.parametrize(
    "make",
    [
        lambda _: np.zeros((9, 4)),  # 64 bits, which a device makes 32 of
        lambda _: np.zeros((9, 4), "float32", order="F"),
        lambda _: np.zeros((9, 4), "float32")[:, :2],
        lambda _: np.zeros((0, 4), "float32"),
        lambda _: np.zeros((9, 0), "float32"),
        lambda _: beginning_at(60, (1, 40)),  # a part of its only row is missing
        lambda _: np.zeros(41, "uint8")[1:].view("float32"),
        lambda _: np.frombuffer(mmap.mmap(-1, 64), "float32"),
        in_a_file,
    ],
    ids=["64 bits", "turned", "cut", "none", "empty", "one", "odd", "mapped", "file"],
)
def test_what_cannot_be_used_where_it_lies_is_refused(make, tmp_path):
    assert in_place(make(tmp_path)) is None


X = beginning_at(16, (75, 4))
ROWS = data.Arrays([X], [X[:, :1].astype("int32")], [None])


def batches(rows, epochs=2):
    for epoch in range(epochs):
        rows.begin(epoch)
        i = 0
        while rows.has(i):
            piece = rows.piece(i, 5)
            where = piece.where
            for n in range(piece.count):
                at = where.offset + n * where.stride
                xs, ys, _ = fetch(where.form, piece.payload, at, where.size)
                yield np.asarray(xs[0]), np.asarray(ys[0])
            i += piece.count


@pytest.mark.parametrize("shuffle", [True, "batch"])
@pytest.mark.parametrize("steps", [None, 4, 23])
@pytest.mark.parametrize("placed_bytes", [0, 500])
def test_batches_are_those_of_resident_rows(monkeypatch, shuffle, steps, placed_bytes):
    monkeypatch.setattr(feed, "PLACED_BYTES", placed_bytes)
    found = list(batches(InPlaceFeed(ROWS, 8, shuffle, 3, steps)))
    expected = list(batches(RowFeed(ROWS, 8, shuffle, 3, steps)))

    assert len(found) == 2 * (steps or 10)
    for (x, y), (own_x, own_y) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own_x, x)
        np.testing.assert_array_equal(own_y, y)


@pytest.mark.parametrize("placed_bytes", [0, 500])
def test_rows_that_change_between_epochs_change_with_their_labels(
    monkeypatch, placed_bytes
):
    monkeypatch.setattr(feed, "PLACED_BYTES", placed_bytes)
    x, y = X.copy(), X[:, :1].copy()
    rows = InPlaceFeed(data.Arrays([x], [y], [None]), 75, True)
    seen = []
    for xs, ys in batches(rows):
        seen.append((xs, ys))
        x += 1000
        y += 1000

    (first, _), (then, labels) = seen
    assert [0, 1000] == [first.min(), then.min()]
    np.testing.assert_array_equal(then[:, :1], labels)


def test_rows_changed_before_the_first_step_have_the_labels_of_then(monkeypatch):
    monkeypatch.setattr(feed, "PLACED_BYTES", 500)  # the labels are placed
    x, y = X.copy(), X[:, :1].copy()
    rows = InPlaceFeed(data.Arrays([x], [y], [None]), 75, True)
    rows.begin(0)
    x += 1000
    y += 1000

    piece = rows.piece(0, 1)
    (xs,), (ys,), _ = fetch("ordered", piece.payload, 0, 75)

    assert [1000, 1000] == [np.asarray(xs).min(), np.asarray(ys).min()]


@pytest.mark.parametrize(
    "shuffle, dtype, kind",
    [
        (True, "float32", InPlaceFeed),
        ("batch", "float32", InPlaceFeed),
        (False, "float32", windows.WindowFeed),
        (True, "float64", windows.WindowFeed),
    ],
)
def test_large_arrays_lie_if_they_are_shuffled(monkeypatch, shuffle, dtype, kind):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 500)
    monkeypatch.setattr(feed, "PLACED_BYTES", 500)
    rows = data.Arrays([X.astype(dtype)], [X[:, :1]], [None])

    assert kind is type(feeds.feed_for(rows, 8, None, shuffle))
