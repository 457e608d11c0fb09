"""Windows of rows hold the same batches as rows that are on the device as a whole."""

import numpy as np
import pytest

from cthulhu import data
from cthulhu.training import windows
from cthulhu.training.feed import RowFeed
from cthulhu.training.step import fetch

X = np.arange(75 * 4, dtype="float32").reshape(75, 4)
ROWS = data.Arrays([X], [X[:, :1].astype("int32")], [None])


def batch(piece, n):
    where = piece.where
    at = where.offset + n * where.stride
    xs, ys, _ = fetch(where.form, piece.payload, at, where.size)
    return np.asarray(xs[0]), np.asarray(ys[0])


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


def test_all_windows_have_one_shape_so_that_one_compilation_serves_them(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_BYTES", 500)
    feed = windows.WindowFeed(ROWS, 8)
    feed.begin(0)

    shapes = {feed.piece(i, 9).payload[0][0].shape for i in range(10)}

    # 8 rows of 4 floats and an integer are 160 bytes: 3 batches in 500
    assert shapes == {(24, 4)}
