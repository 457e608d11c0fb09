"""Feeds: data on the device, in the form that a block of steps takes.

A feed knows how many batches a pass has, how large each is, and hands out payloads that
cover a run of batches; what was handed out can be asked for again until it is released,
so that a run can go back.  What a user's data mean was settled by the `data` room.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from cthulhu import data, distribution
from cthulhu.callbacks.timing import DATA, Times
from cthulhu.training.payload import Slice, in_place

# Rows up to this size are placed on the device as a whole.
RESIDENT_BYTES = 4 * 2**30
PLACED_BYTES = 8 * 2**20  # and larger ones used where they lie, if possible
CHUNK_BYTES = 32 * 2**20
CHUNK_STEPS = 64
PULL_SECONDS = 0.02


class Piece(NamedTuple):
    """A run of batches on the device.

    Attributes:
        payload: Arrays that hold them.
        where: How to find the first.
        count: How many there are.
    """

    payload: Any
    where: Slice
    count: int


class RowFeed:
    """Rows that live on the device as a whole.

    Args:
        rows: The arrays.
        batch_size: Rows in a batch; None: all rows are one batch.
        shuffle: True (rows), "batch" (whole batches, the smaller last one stays last)
            or False.
        seed: Where the order of each epoch comes from.
        steps: Batches in a pass; default as many as cover the rows once.
    """

    def __init__(
        self,
        rows: data.Arrays,
        batch_size: int | None,
        shuffle: Any = False,
        seed: int = 0,
        steps: int | None = None,
    ):
        self.times = Times()
        self.rows = rows.rows
        self.whole = batch_size is None
        self.batch_size = self.rows if batch_size is None else batch_size
        self.given = (rows.xs, rows.ys, rows.sws)
        self.shuffle = shuffle
        self.seed = seed
        self.full, self.rest = divmod(self.rows, self.batch_size)
        self.per_round = self.full + bool(self.rest)
        self.steps = self.per_round if steps is None else steps
        self.order: Any = None
        self.group = 1

    def group_by(self, count: int) -> int:
        """Let so many batches be passed forward in one go, from the next piece on.

        Returns:
            How many will be.
        """
        self.group = count
        return count

    @functools.cached_property
    def arrays(self) -> Any:
        """The rows, on the device."""
        return distribution.place(self.given)

    def begin(self, epoch: int) -> None:
        """Draw the order of an epoch."""
        if not self.shuffle or self.whole:
            return
        draw = np.random.default_rng([self.seed, epoch])
        if self.shuffle == "batch":
            rows = np.arange(self.full * self.batch_size).reshape(self.full, -1)
            order = np.append(draw.permutation(rows), np.arange(rows.size, self.rows))
        else:
            order = draw.permutation(self.rows)
        self._keep_order(order)

    def _keep_order(self, order: np.ndarray) -> None:
        self.order = jax.device_put(order.astype(np.int32))

    def has(self, i: int) -> bool:
        """Whether there is a batch `i`."""
        return i < self.steps

    def size(self, i: int) -> int:
        """Rows in batch `i`; 1 where each step takes all rows."""
        if self.whole:
            return 1
        last = i % self.per_round == self.full
        return self.rest if last else self.batch_size

    def example(self) -> Any:
        """Shapes and dtypes of a batch."""
        size = self.batch_size if self.full else self.rows
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(
                (size, *x.shape[1:]), jax.dtypes.canonicalize_dtype(x.dtype)
            ),
            self.given,
        )

    def inputs(self) -> Any:
        """The inputs, for their shapes."""
        return self.given[0]

    def only_batch(self) -> Any:
        """The batch, where one holds all rows; None where it takes several."""
        if self.steps != 1 or self.per_round != 1:
            return None
        if self.order is None:
            return self.given
        order = np.asarray(self.order)
        return jax.tree.map(lambda x: x[order], self.given)

    def piece(self, i: int, most: int) -> Piece:
        """Batches from `i` on, at most `most`, all of one size."""
        form = "rows" if self.order is None else "ordered"
        payload = self.arrays if self.order is None else (self.arrays, self.order)
        if self.whole:
            where = Slice(form, self.rows, 0, 0)
            return Piece(payload, where, min(most, self.steps - i))
        where, left = self._where(i % self.per_round, form)
        return Piece(payload, where, in_groups(min(most, left, self.steps - i), where))

    def _where(self, place: int, form: str, start: int = 0) -> tuple[Slice, int]:
        """Where batch `place` lies behind row `start`, and how many follow like it.

        Which batches are passed forward together depends on their places alone, or
        results would depend on where blocks end.  Those behind the last whole group are
        in one that begins earlier.
        """
        if place == self.full:
            offset = place * self.batch_size - start
            return Slice(form, self.rest, offset, self.rest), 1
        group, first, left = self.group, place, self.full - place
        if group > 1:
            behind = self.full - self.full % group
            first = place - place % group if place < behind else self.full - group
            left = behind - place if place < behind else left
        offset = first * self.batch_size - start
        size = self.batch_size
        return Slice(form, size, offset, size, group, place - first), left

    def rest_piece(self) -> Piece | None:
        """The smaller last batch, to compile for it early; None if there is none."""
        if not self.rest or not self.full or self.steps < self.per_round:
            return None
        return self.piece(self.full, 1)

    def release(self, i: int) -> None:
        """Batches before `i` will not be asked for again."""

    def end(self) -> None:
        """The pass is over."""

    def close(self) -> None:
        """Nobody will ask again."""


def in_groups(count: int, where: Slice) -> int:
    """As many of `count` batches as end a group, if they reach beyond the first."""
    end = where.lead + count
    return end - end % where.group - where.lead if end > where.group else count


class InPlaceFeed(RowFeed):
    """Rows in an order of their own, gathered from where they lie in NumPy's memory.

    Arrays of a few megabytes are placed on the device, as those of a `RowFeed`, but
    anew for each epoch: who changes rows between two epochs changes all of them.
    Arguments are those of `RowFeed`.
    """

    @functools.cached_property
    def arrays(self) -> Any:
        """The rows, most of them where they were."""
        placed = jax.tree.map(lambda x: in_place(x) if large(x) else x, self.given)
        return distribution.place(placed)

    def begin(self, epoch: int) -> None:
        self.__dict__.pop("arrays", None)  # hooks may change them before the first step
        super().begin(epoch)

    @staticmethod
    def suits(arrays: Iterable[Any]) -> bool:
        """Whether all that is large can be used where it lies."""
        return all(in_place(x) is not None for x in arrays if large(x))


def large(array: Any) -> bool:
    """Whether to copy an array takes longer than some steps."""
    return array.nbytes > PLACED_BYTES


class BatchFeed:
    """Batches that come one by one, read ahead and stacked into blocks.

    Args:
        source: What yields batches.
        steps: Batches in a pass, None: until it ends.
        ahead: Whether to stack several batches; otherwise each goes alone.
    """

    def __init__(self, source: Any, steps: int | None, ahead: bool = True):
        self.times = Times()
        self.source = source
        self.steps = steps if steps is not None else source.steps
        self.fixed_steps = steps is not None
        self.ahead = ahead
        self.chunks: deque[tuple[int, int, list[int], Piece]] = deque()
        self.pending: Any = None
        self.iterator: Iterator[Any] | None = None
        self.pulled = 0
        self.ran_out = False
        self.want = 1
        self.early = False  # whether a batch was read before the pass began
        self.failure: Exception | None = None  # met behind batches that came well
        self.check: Callable[[Any], None] = lambda batch: None

    def begin(self, epoch: int) -> None:
        """Start a pass; an endless source goes on where it was."""
        if self.early:
            return
        self.chunks.clear()
        self.pulled = 0
        self.ran_out = False
        if not self.fixed_steps:
            self.steps = self.source.steps
        if self.iterator is None or not self.source.endless:
            self.iterator = iter(self.source)
            self.pending = None

    def has(self, i: int) -> bool:
        """Whether there is a batch `i`; reads it if need be."""
        if self.steps is not None and i >= self.steps:
            return False
        self._read(i)
        return i < self.pulled

    def size(self, i: int) -> int:
        """Rows in batch `i`."""
        first, _, sizes, _ = self._chunk(i)
        return sizes[i - first]

    def example(self) -> Any:
        """The first batch itself."""
        self._read(0)
        self.early = True
        if not self.chunks:
            raise ValueError(self.source.ran_out(0, self.steps))
        stack = self.chunks[0][3].payload
        return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), stack)

    def piece(self, i: int, most: int) -> Piece:
        """Batches from `i` on that lie in one stack, at most `most`."""
        self.want = most
        self.early = False
        first, count, _, piece = self._chunk(i)
        offset = i - first
        where = piece.where._replace(offset=offset)
        return Piece(piece.payload, where, min(most, count - offset))

    def rest_piece(self) -> None:
        """What comes last is not known before it comes."""

    def inputs(self) -> Any:
        """The inputs of the first batch, for their shapes."""
        return self.example()[0]

    def only_batch(self) -> None:
        """Whether there will be another is not known before it comes."""

    def release(self, i: int) -> None:
        """Batches before `i` will not be asked for again."""
        while self.chunks and self.chunks[0][0] + self.chunks[0][1] <= i:
            self.chunks.popleft()

    def end(self) -> None:
        """The pass is over."""
        self.source.on_epoch_end()

    def close(self) -> None:
        """Nobody will ask again."""
        self.iterator = None
        self.source.close()

    def _chunk(self, i: int) -> tuple[int, int, list[int], Piece]:
        self._read(i)
        for chunk in self.chunks:
            if chunk[0] <= i < chunk[0] + chunk[1]:
                return chunk
        raise IndexError(i)

    def _read(self, i: int) -> None:
        while self.pulled <= i and not self.ran_out:
            with self.times.on(DATA):
                self._pull()

    def _next(self) -> Any:
        if self.pending is not None:
            batch, self.pending = self.pending, None
            return batch
        assert self.iterator is not None
        return next(self.iterator, None)

    def _pull(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        batches: list[Any] = []
        most = self.want if self.ahead else 1
        deadline = time.perf_counter() + PULL_SECONDS
        kind: Any = None
        while len(batches) < most:
            if self.steps is not None and self.pulled + len(batches) >= self.steps:
                break
            try:
                batch = self._next()
                if batch is not None:
                    self.check(batch)
            except Exception as error:
                if not batches:
                    raise
                self.failure = error
                break
            if batch is None:
                self.ran_out = True
                break
            if not batches:
                kind = data.signature(batch)
                nbytes = sum(x.nbytes for x in jax.tree.leaves(batch))
                most = min(most, CHUNK_STEPS, max(1, CHUNK_BYTES // max(1, nbytes)))
            elif data.signature(batch) != kind:
                self.pending = batch
                break
            batches.append(batch)
            if time.perf_counter() > deadline:
                break
        if not batches:
            return
        count = len(batches)
        capacity = 1 if count == 1 else CHUNK_STEPS
        payload = distribution.place(_stacked(batches, capacity))
        sizes = [_rows(batch) for batch in batches]
        piece = Piece(payload, Slice("stacked", sizes[0], 0, 1), count)
        self.chunks.append((self.pulled, count, sizes, piece))
        self.pulled += count

    def warn_if_short(self, got: int) -> None:
        """Tell that the source ended before the steps that were asked for."""
        if self.steps is not None and got < self.steps and self.fixed_steps:
            warnings.warn(self.source.ran_out(got, self.steps), stacklevel=2)


def _rows(batch: Any) -> int:
    leaves = jax.tree.leaves(batch)
    return int(leaves[0].shape[0]) if leaves and leaves[0].ndim else 1


def _stacked(batches: list[Any], capacity: int) -> Any:
    """Batches one above the other, in arrays that have room for `capacity`."""
    if capacity == 1:
        return jax.tree.map(lambda x: np.asarray(x)[None], batches[0])

    def stack(*arrays: Any) -> np.ndarray:
        out = np.empty((capacity, *arrays[0].shape), arrays[0].dtype)
        for i, array in enumerate(arrays):
            out[i] = array
        out[len(arrays) :] = 0
        return out

    return jax.tree.map(stack, *batches)


class RowReader:
    """Rows that are read batch by batch, in the order that `RowFeed` draws too."""

    endless = False

    def __init__(self, rows: data.Rows, batch_size: int, shuffle: Any, seed: int):
        self.source = rows
        self.batch_size = batch_size
        self.shuffle, self.seed, self.epoch = shuffle, seed, 0
        self.steps = -(-rows.rows // batch_size)

    def __iter__(self) -> Iterator[Any]:
        draw = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        n, size = self.source.rows, self.batch_size
        full = n // size
        if self.shuffle is True:
            order = draw.permutation(n)
            parts = [np.sort(order[i : i + size]) for i in range(0, n, size)]
        else:
            starts = np.arange(full) * size
            if self.shuffle:
                starts = draw.permutation(starts)
            parts = [slice(int(s), int(s) + size) for s in starts]
            if n % size:
                parts.append(slice(full * size, n))
        self.reader = data.ReadAhead(self.source.take(part) for part in parts)
        return iter(self.reader)

    def ran_out(self, got: int, wanted: int | None = None) -> str:
        return f"The data ended after {got} batches; {wanted} were asked for."

    def on_epoch_end(self) -> None:
        pass

    def close(self) -> None:
        if hasattr(self, "reader"):
            self.reader.close()
