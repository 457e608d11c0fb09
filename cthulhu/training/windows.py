"""Rows that stay in NumPy and go to the device window by window.

On a CPU, copying a large array to the device costs more than an epoch of a small model:
fresh pages are faulted in one by one.  A window is small enough for its memory to be
used again, and lies in cache when its steps come.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import jax
import numpy as np

from cthulhu import distribution
from cthulhu.training.feed import Piece, RowFeed
from cthulhu.training.step import Slice

WINDOW_BYTES = 8 * 2**20
ALIGNMENT = 64  # what XLA asks of memory that it uses without copying it


class WindowFeed(RowFeed):
    """Rows in batches, placed on the device a window at a time.

    All windows have one shape (the last one starts earlier), so that one compilation
    serves them.  Arguments are those of `RowFeed`.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        leaves = jax.tree.leaves(self.given)
        nbytes = sum(x.nbytes for x in leaves) * self.batch_size // self.rows
        self.per_window = max(1, min(WINDOW_BYTES // max(1, nbytes), self.full))
        self.window_rows = self.per_window * self.batch_size
        self.windows: OrderedDict[int, tuple[Any, Any]] = OrderedDict()
        self.spare: list[Any] = []

    def _keep_order(self, order: np.ndarray) -> None:
        self.order = order

    def begin(self, epoch: int) -> None:
        super().begin(epoch)
        self.spare += [buffers for _, buffers in self.windows.values() if buffers]
        self.windows.clear()

    def piece(self, i: int, most: int) -> Piece:
        place = i % self.per_round
        number = place // self.per_window
        if number not in self.windows:
            self.windows[number] = self._window(number)
        left = self.per_round - place if place == self.full else self.full - place
        count = min(most, (number + 1) * self.per_window - place, left, self.steps - i)
        return Piece(self.windows[number][0], self._slice(place), count)

    def rest_piece(self) -> Piece | None:
        if not self.rest or self.steps < self.per_round:
            return None
        payload, _ = self._window(self.full // self.per_window)
        return Piece(payload, self._slice(self.full), 1)

    def release(self, i: int) -> None:
        wanted = i % self.per_round // self.per_window
        while self.windows and next(iter(self.windows)) != wanted:
            _, (_, buffers) = self.windows.popitem(last=False)
            if buffers:
                self.spare.append(buffers)

    def _start(self, number: int) -> int:
        return min(number * self.window_rows, self.rows - self.window_rows)

    def _slice(self, place: int) -> Slice:
        size = self.rest if place == self.full else self.batch_size
        start = self._start(place // self.per_window)
        return Slice("rows", size, place * self.batch_size - start, size)

    def _window(self, number: int) -> tuple[Any, Any]:
        start = self._start(number)
        stop = start + self.window_rows
        if self.order is None:
            part = jax.tree.map(lambda x: x[start:stop], self.given)
            return distribution.place(part), None
        buffers = self.spare.pop() if self.spare else self._buffers()
        order = self.order[start:stop]
        jax.tree.map(
            lambda x, out: np.take(x, order, axis=0, out=out, mode="clip"),
            self.given,
            buffers,
        )
        return distribution.place(buffers), buffers

    def _buffers(self) -> Any:
        return jax.tree.map(
            lambda x: _aligned((self.window_rows, *x.shape[1:]), x.dtype), self.given
        )


def _aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An empty array that the device can use where it lies."""
    nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(nbytes + ALIGNMENT, np.uint8)
    offset = -memory.ctypes.data % ALIGNMENT
    return memory[offset : offset + nbytes].view(dtype).reshape(shape)


def suits(rows: Any, batch_size: int | None) -> bool:
    """Whether windows pay: on a CPU, for rows in memory that are no small matter."""
    return (
        batch_size is not None
        and rows.rows >= batch_size
        and rows.nbytes > WINDOW_BYTES
        and jax.default_backend() == "cpu"
        and all(
            isinstance(x, np.ndarray)
            for x in jax.tree.leaves((rows.xs, rows.ys, rows.sws))
        )
    )
