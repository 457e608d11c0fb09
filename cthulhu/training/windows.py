"""Rows that stay in NumPy and go to the device window by window.

On a CPU, copying a large array to the device costs more than an epoch of a small model:
fresh pages are faulted in one by one.  A window is small enough for its memory to be
used again, and lies in cache when its steps come.
"""

from __future__ import annotations

import functools
import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from cthulhu import distribution
from cthulhu.training.feed import Piece, RowFeed, in_groups
from cthulhu.training.payload import ALIGNMENT, Slice

WINDOW_BYTES = 8 * 2**20
KEPT = 4  # windows whose memory is kept for the next feed

_Spec = jax.ShapeDtypeStruct

# Memory of the last feed: fresh memory costs a page fault every 4096 bytes.
_kept: deque[Any] = deque(maxlen=KEPT)


class WindowFeed(RowFeed):
    """Rows in batches, placed on the device a window at a time.

    All windows have one shape (the last one starts earlier), so that one compilation
    serves them.  While steps run on one window, a thread gathers the next; rows in
    their own order are used where they lie.  Shuffled rows come like this if the device
    cannot gather them from where they are.  Arguments are those of `RowFeed`.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        leaves = jax.tree.leaves(self.given)
        nbytes = sum(x.nbytes for x in leaves) * self.batch_size // self.rows
        self.fitting = max(1, min(WINDOW_BYTES // max(1, nbytes), self.full))
        # by the round through the rows, and the place in it
        self.windows: dict[tuple[int, int], Future[tuple[Any, Any]]] = {}
        self.spare: list[Any] = []

    @property
    def per_window(self) -> int:
        """Batches in a window: as many whole groups as fit."""
        return self.fitting - self.fitting % self.group

    @property
    def window_rows(self) -> int:
        """Rows in a window."""
        return self.per_window * self.batch_size

    @functools.cached_property
    def _gatherer(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "windows")

    def _keep_order(self, order: np.ndarray) -> None:
        self.order = order

    def begin(self, epoch: int) -> None:
        self._retire()
        super().begin(epoch)

    def piece(self, i: int, most: int) -> Piece:
        place = i % self.per_round
        in_window = self.per_window - place % self.per_window
        payload, _ = self._window(i).result()
        after = i + min(in_window, self.per_round - place)
        if self.has(after):
            self._window(after)
        where, left = self._slice(place)
        count = min(most, in_window, left, self.steps - i)
        return Piece(payload, where, in_groups(count, where))

    def group_by(self, count: int) -> int:
        before = self.per_window
        # two groups at least: the last may begin in the one before
        super().group_by(max(1, min(count, self.fitting // 2)))
        if self.per_window != before:
            self._retire()
            self.spare.clear()  # of another size
        return self.group

    def rest_piece(self) -> Piece | None:
        if not self.rest or self.steps < self.per_round:
            return None
        first = self.piece(0, 1)  # of the same shape
        return Piece(first.payload, self._slice(self.full)[0], 1)

    def release(self, i: int) -> None:
        # blocks that are under way read later ones
        for key in [key for key in self.windows if key < self._key(i)]:
            self._take_back(self.windows.pop(key))

    def close(self) -> None:
        if "_gatherer" in self.__dict__:
            self.__dict__.pop("_gatherer").shutdown()
            self._retire()
            _kept.extend(self.spare)
            self.spare = []

    def _retire(self) -> None:
        while self.windows:
            self._take_back(self.windows.popitem()[1])

    def _take_back(self, window: Future[tuple[Any, Any]]) -> None:
        _, buffers = window.result()
        if buffers is not None:
            self.spare.append(buffers)

    def _start(self, number: int) -> int:
        return min(number * self.window_rows, self.rows - self.window_rows)

    def _slice(self, place: int) -> tuple[Slice, int]:
        form = "shifted" if self.order is None else "rows"
        return self._where(place, form, self._start(place // self.per_window))

    def _key(self, i: int) -> tuple[int, int]:
        """Round and number of the window that holds batch `i`."""
        whole, place = divmod(i, self.per_round)
        return whole, place // self.per_window

    def _window(self, i: int) -> Future[tuple[Any, Any]]:
        """What the device gets, and the memory in which it lies; under way at least."""
        key = self._key(i)
        if key not in self.windows:
            self.windows[key] = self._begin_window(self._start(key[1]))
        return self.windows[key]

    def _begin_window(self, start: int) -> Future[tuple[Any, Any]]:
        if self.order is not None:
            return self._gatherer.submit(self._gather, start)
        views = [self._view(x, start) for x in jax.tree.leaves(self.given)]
        if None in views:
            return self._gatherer.submit(self._copy, start)
        done: Future[tuple[Any, Any]] = Future()
        done.set_result((self._payload(views), None))
        return done

    def _gather(self, start: int) -> tuple[Any, Any]:
        buffers = self.spare.pop() if self.spare else self._memory()
        order = self.order[start : start + self.window_rows]
        jax.tree.map(
            lambda x, out: np.take(x, order, axis=0, out=out, mode="clip"),
            self.given,
            buffers,
        )
        return distribution.place(buffers), buffers

    def _view(self, array: np.ndarray, start: int) -> tuple[Any, np.int32] | None:
        if array.dtype != jax.dtypes.canonicalize_dtype(array.dtype):
            return None  # each block would convert it anew
        return aligned_view(array, start, start + self.window_rows)

    def _copy(self, start: int) -> tuple[Any, Any]:
        buffers = self.spare.pop() if self.spare else self._memory()

        def put(x: np.ndarray, out: np.ndarray) -> tuple[Any, np.int32]:
            view = self._view(x, start)
            if view is not None:
                return view
            out[: self.window_rows] = x[start : start + self.window_rows]
            return out, np.int32(0)

        pairs = zip(*map(jax.tree.leaves, (self.given, buffers)), strict=True)
        return distribution.place(self._payload([put(*p) for p in pairs])), buffers

    def _payload(self, found: list[Any]) -> Any:
        """Arrays, and how far behind their starts the rows begin."""
        tree = jax.tree.structure(self.given)
        arrays, shifts = map(tree.unflatten, zip(*found, strict=True))
        return arrays, shifts

    def _memory(self) -> Any:
        """Arrays for the rows of a window."""
        specs = jax.tree.map(self._spec, self.given)
        while _kept:
            kept = _kept.pop()
            if jax.tree.map(lambda x: _Spec(x.shape, x.dtype), kept) == specs:
                return kept
        return jax.tree.map(lambda spec: _aligned(spec.shape, spec.dtype), specs)

    def _spec(self, x: np.ndarray) -> jax.ShapeDtypeStruct:
        """What a window of an array is; in their own order, as large as a view."""
        if self.order is None:
            return _Spec(_with_room(x, self.window_rows), x.dtype)
        return _Spec((self.window_rows, *x.shape[1:]), x.dtype)


def aligned_view(
    array: np.ndarray, start: int, stop: int
) -> tuple[Any, np.int32] | None:
    """Rows `start` to `stop` where they lie, if a device can use them there.

    Returns:
        A view of some more rows, for what is shifted, and how many elements behind its
        start the rows begin; what else is in it is of no interest.  None if the rows
        are too close to an end of the array, or it is no one piece of memory.
    """
    width = math.prod(array.shape[1:])
    shape = _with_room(array, stop - start)
    count = math.prod(shape)
    if not array.flags.c_contiguous:
        return None
    behind = (array.ctypes.data + start * width * array.itemsize) % ALIGNMENT
    shift, odd = divmod(behind, array.itemsize)
    first = start * width - shift
    if odd or first < 0 or first + count > array.size:
        return None
    return array.reshape(-1)[first : first + count].reshape(shape), np.int32(shift)


def _with_room(array: np.ndarray, rows: int) -> tuple[int, ...]:
    width = math.prod(array.shape[1:])
    return (rows + -(-(ALIGNMENT // array.itemsize - 1) // width), *array.shape[1:])


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
