"""Windows of rows hold the same batches as rows that are on the device as a whole."""

import jax
import numpy as np
import pytest

from cthulhu import data
from cthulhu.training import windows
from cthulhu.training.feed import RowFeed
from cthulhu.training.payload import fetch

X = np.arange(75 * 4, dtype="float32").reshape(75, 4)
ROWS = data.Arrays([X], [X[:, :1].astype("int32")], [None])


def batch(piece, n):
    where = piece.where
    at = where.offset + n * where.stride
    xs, ys, _ = fetch(where.form, piece.payload, at, where.size)
    return np.asarray(xs[0]), np.asarray(ys[0])


def inputs(piece):
    where = piece.where
    return np.asarray(fetch(where.form, piece.payload, where.offset, where.size)[0][0])


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("steps", [None, 4, 23])
@pytest.mark.parametrize("window_bytes", [1, 500, 10_000])
def test_windows_hold_the_batches_of_resident_rows(
    monkeypatch, shuffle, steps, window_bytes
):
    monkeypatch.setattr(windows, "WINDOW_BYTES", window_bytes)
    resident = RowFeed(ROWS, 8, shuffle, 3, steps)
    feed = windows.WindowFeed(ROWS, 8, shuffle, 3, steps)
    for epoch in range(2):
        resident.begin(epoch)
        feed.begin(epoch)
        i = 0
        while feed.has(i):
            piece = feed.piece(i, 5)
            for n in range(piece.count):
                one, other = batch(piece, n), batch(resident.piece(i + n, 1), 0)
                np.testing.assert_array_equal(other[0], one[0])
                np.testing.assert_array_equal(other[1], one[1])
                assert feed.size(i + n) == len(one[0])
            i += piece.count
            feed.release(max(0, i - 7))
        assert i == (steps or 10)


def test_every_row_comes_once_an_epoch(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 500)
    feed = windows.WindowFeed(ROWS, 8, True, 3)
    feed.begin(0)

    firsts = np.concatenate([batch(feed.piece(i, 1), 0)[0][:, 0] for i in range(10)])

    np.testing.assert_array_equal(np.sort(firsts), np.arange(75) * 4)


@pytest.mark.parametrize("shuffle, room", [(True, 0), (False, 4)])
def test_all_windows_have_one_shape_so_that_one_compilation_serves_them(
    monkeypatch, shuffle, room
):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 500)
    feed = windows.WindowFeed(ROWS, 8, shuffle)
    feed.begin(0)

    payloads = [feed.piece(i, 9).payload for i in range(10)]

    # 8 rows of 4 floats and an integer are 160 bytes: 3 batches in 500;
    # a shift of 15 floats at most takes 4 rows more
    assert {(24 + room, 4)} == {jax.tree.leaves(p)[0].shape for p in payloads}


def test_rows_in_their_own_order_are_used_where_they_lie():
    memory = windows._aligned((100, 4), np.float32)
    memory[:] = np.arange(400).reshape(100, 4)
    rows = memory[3:]

    view, shift = windows.aligned_view(rows, 10, 20)

    assert np.shares_memory(view, memory)
    assert 4 == shift  # row 13 of the memory is 208 bytes in: 3 * 64 + 16
    np.testing.assert_array_equal(rows[10], view.reshape(-1)[shift : shift + 4])


@pytest.mark.parametrize("start, stop", [(0, 5), (92, 97)])
def test_rows_too_close_to_an_end_cannot_be_used_where_they_lie(start, stop):
    rows = windows._aligned((100, 4), np.float32)[3:]

    assert windows.aligned_view(rows, start, stop) is None


@pytest.mark.parametrize("kind", ["as it lies", "int64", "columns first"])
def test_what_a_device_cannot_use_as_it_lies_is_put_there(monkeypatch, kind):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 500)
    x = windows._aligned(X.shape, "int64" if kind == "int64" else "float32")
    x[:] = X
    x = np.asfortranarray(x) if kind == "columns first" else x
    feed = windows.WindowFeed(data.Arrays([x], [], []), 8)
    feed.begin(0)

    for i in range(10):
        piece = feed.piece(i, 1)

        # 500 bytes are 3 batches of 128: of the last window, the room lies behind
        # the end
        lies = kind == "as it lies" and i < 6
        assert isinstance(piece.payload[0][0][0], np.ndarray) == lies
        np.testing.assert_array_equal(X[8 * i : 8 * i + 8], inputs(piece))
    feed.close()


def test_the_memory_of_a_window_stays_its_own_while_later_rounds_are_read(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 500)
    x = np.asfortranarray(X)  # each window is copied
    feed = windows.WindowFeed(data.Arrays([x], [], []), 25, False, 0, steps=9)
    feed.begin(0)
    ahead = [feed.piece(i, 1) for i in range(5)]  # of three batches, twice

    feed.release(2)
    later = [feed.piece(i, 1) for i in range(5, 9)]

    for i, piece in enumerate([*ahead[2:], *later], 2):
        np.testing.assert_array_equal(X[i % 3 * 25 :][:25], inputs(piece))


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_next_feed_of_the_same_shape_gets_the_memory_of_the_last(
    monkeypatch, shuffle
):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 500)
    rows = data.Arrays([np.asfortranarray(X)], [], [])  # copied wherever it begins
    first = windows.WindowFeed(rows, 8, shuffle, 3)
    first.begin(0)
    first.piece(0, 1)
    first.close()
    place = {kept[0][0].ctypes.data for kept in windows._kept}
    second = windows.WindowFeed(rows, 8, shuffle, 4)
    second.begin(0)
    second.piece(0, 1)
    _, buffers = second.windows[0, 0].result()
    second.close()

    assert buffers[0][0].ctypes.data in place
