"""The loop: one pass over the data, and many; when hooks are heard, when it stops.

A `Run` computes ahead in blocks and keeps the books of where the world should be: a
hook that looks at a variable, writes one or stops finds the state of exactly its step,
computed again from the start of the block where need be.  What a step computes is
`step`'s business; what the arguments of `fit` mean is `trainer`'s.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from cthulhu.backend.platform import on_cpu
from cthulhu.callbacks.timing import DATA, STEPS, Times
from cthulhu.core import Variable, allocator
from cthulhu.training.feed import BatchFeed, Piece, RowFeed
from cthulhu.training.step import Program, Report, fetch

# Hooks are heard this many seconds late at most (blocks are kept half as long, since
# one block is under way while the hooks of another are delivered).
LATENESS = 0.05
GROWTH = 4


class Block:
    """Steps that were dispatched in one call."""

    def __init__(self, first: int, count: int, start: Any, end: Any, report: Report):
        self.first = first
        self.count = count
        self.start = start
        self.end = end
        self.report = report
        self.dispatched = time.perf_counter()
        self.rows: list[list[float]] | None = None
        self.arrays: Any = None

    def wait(self) -> None:
        """Fetch what the steps reported."""
        if self.report.scalars is not None:
            scalars = np.asarray(self.report.scalars)[: self.count]
            self.rows = scalars.astype(float).tolist()
        self.arrays = [np.asarray(x)[: self.count] for x in self.report.arrays]

    @property
    def stop(self) -> int:
        return self.first + self.count


class Run:
    """Steps of one program over one feed, computed ahead of those who listen.

    Args:
        program: The compiled steps.
        feed: Where batches come from.
        key: Words of the random key of the run.
        number: Number of its first step since the model was made.
        start: Arrays that variables begin with instead of those in their cells.
        length: Steps in a block; None: as many as take some 25 ms while nobody looks.
        ahead: Whether to dispatch a block before the hooks of the last are delivered.
        lend: Whether cells are watched: reads find the step that hooks are at.
        frugal: Give the buffers of each step to the next; no way back, no blocks.
        times: Where the seconds go that are waited for steps and data.
    """

    def __init__(
        self,
        program: Program,
        feed: RowFeed | BatchFeed,
        key: np.ndarray,
        number: int = 0,
        start: Mapping[Variable, Any] | None = None,
        length: int | None = None,
        ahead: bool = True,
        lend: bool = False,
        frugal: bool = False,
        times: Times | None = None,
    ):
        self.feed = feed
        self.times = feed.times = times or Times()
        self.key = key
        self.number = number
        self.fixed_length = 1 if frugal else length
        self.ahead = ahead and not frugal
        self.frugal = frugal
        self.lend = lend
        self.position = 0
        self.settled = False
        self.looked_at = 0
        self.distance: int | None = None
        self.ready_at = 0.0
        self.early: threading.Thread | None = None
        self.thread = threading.get_ident()
        self._take(program, start or {})

    def _take(self, program: Program, start: Mapping[Variable, Any]) -> None:
        """Compute the steps of `program` from here on."""
        self.program = program
        self.length = program.length
        self.capacity = program.capacity
        self.current: Block | None = None
        self.next: Block | None = None
        self.state = tuple(start[v] if v in start else v.cell for v in program.carried)
        self.fixed = tuple(v.cell for v in program.fixed)
        self._carried = frozenset(program.carried)
        # a run inside a hook of another gives back what it was lent, and says so
        self.lent = [(v, v.lender) for v in self.variables] if self.lend else []
        for variable, _ in self.lent:
            variable.lender = self

    def change(self, program: Program) -> None:
        """Go on with other steps; between two passes only."""
        before = self.program
        if program is before:
            return
        program.discover(lambda: before.example)
        self.finish()
        self._take(program, program.metric_start)

    @property
    def variables(self) -> list[Variable]:
        """Everything that the steps read or write."""
        return [*self.program.carried, *self.program.fixed]

    # Computing

    def begin(self, epoch: int, start: Mapping[Variable, Any]) -> None:
        """Start a pass: the feed anew, some variables (metrics) set to `start`."""
        state = self.state_here()
        with self.times.on(DATA):
            self.feed.begin(epoch)
        self.number += self.position
        self.position = self.looked_at = 0
        self.current = self.next = None
        self.state = tuple(
            start.get(v, a) for v, a in zip(self.program.carried, state, strict=True)
        )

    def result(self, i: int) -> tuple[list[float], Any]:
        """What step `i` reported; computes a block if it has not run yet."""
        block = self.current
        if block is None or i >= block.stop:
            with self.times.on(STEPS):
                block = self._advance(i, block)
        at = i - block.first
        rows = block.rows[at] if block.rows is not None else []
        return rows, [array[at] for array in block.arrays]

    def _advance(self, i: int, last: Block | None) -> Block:
        """Compute the block that begins with step `i`, and begin the next."""
        start = self.state if last is None else last.end
        self.current = block = self.next or self._dispatch(i, start)
        self.next = None
        self.state = block.end
        if self._overlaps() and self._has(block.stop):
            self.next = self._dispatch(block.stop, block.end)
        block.wait()
        allocator.watch_memory()
        self._adapt(block)
        self.feed.release(block.first)
        return block

    def _overlaps(self) -> bool:
        """Whether to begin the next block while hooks of this one are delivered."""
        if not self.ahead or self.fixed_length == 1:
            return False
        # On a CPU little is gained where steps are long, and two want memory twice.
        return not on_cpu() or self.program.step_time < LATENESS

    def _has(self, i: int) -> bool:
        # asking a feed of batches may wait for one: not while hooks are due
        if isinstance(self.feed, BatchFeed) and i >= self.feed.pulled:
            return False
        return self.feed.has(i)

    def _dispatch(self, i: int, start: Any) -> Block:
        batch = self.feed.only_batch()
        if batch is not None:  # no loop is compiled for a single step
            end, report = self._compute_one(start, batch, self.number + i)
            return Block(i, 1, None if self.frugal else start, end, report)
        with self.times.on(DATA):
            piece = self.feed.piece(i, min(self._wanted(i), self.capacity))
        fresh = self._fresh(piece)
        if fresh is False and self.early is not None:
            self.early.join()  # the program that is needed now may be under way there
            self.early = None
        end, report = self._compute(start, piece, self.number + i, piece.count)
        block = Block(i, piece.count, None if self.frugal else start, end, report)
        if fresh:
            block.dispatched = float("inf")  # its time is that of a compilation
        return block

    def _compute(self, start: Any, piece: Piece, number: int, count: int) -> Any:
        where = piece.where
        numbers = np.array([where.offset, where.stride, number, count], np.int32)
        if self.frugal:
            return self._compute_one(start, self._batch(piece), number)
        return self.program.advance(
            start,
            self.fixed,
            piece.payload,
            self.key,
            numbers,
            form=where.form,
            size=where.size,
            capacity=self.capacity,
        )

    def _compute_one(self, start: Any, batch: Any, number: int) -> Any:
        once = self.program.once_donated if self.frugal else self.program.once
        end, report = once(start, self.fixed, batch, self.key, np.int32(number))
        return end, jax.tree.map(lambda x: np.asarray(x)[None], report)

    def _batch(self, piece: Piece) -> Any:
        where = piece.where
        if where.form == "stacked":
            return jax.tree.map(lambda x: x[where.offset], piece.payload)
        rows = slice(where.offset, where.offset + where.size)
        if where.form == "rows":
            return jax.tree.map(lambda x: x[rows], piece.payload)
        if where.form == "shifted":
            return fetch(where.form, piece.payload, where.offset, where.size)
        arrays, order = piece.payload
        return jax.tree.map(lambda x: x[order[rows]], arrays)

    def _fresh(self, piece: Piece) -> bool:
        """Whether nothing was compiled yet for pieces like this; now something is."""
        where = piece.where
        shape = (where.form, where.size, _shapes(piece.payload), self.capacity)
        fresh = shape not in self.program.shapes
        self.program.shapes.add(shape)
        return fresh

    def compile_rest(self) -> None:
        """Compile for the smaller last batch, beside the first steps."""
        piece = self.feed.rest_piece()
        if piece is None or self.frugal or not self._fresh(piece):
            return

        def compile_it() -> None:
            # A run that follows may give away the arrays: then it compiles by itself.
            with contextlib.suppress(RuntimeError, ValueError):
                self._compute(self.state, piece, 0, 0)

        # no daemon: an interpreter that ends waits for the compiler
        self.early = threading.Thread(target=compile_it)
        self.early.start()

    # How far ahead

    def _wanted(self, i: int) -> int:
        if self.fixed_length is not None:
            return self.fixed_length
        if self.distance is not None:
            due = self.looked_at + self.distance
            if i < due:
                return min(self.length, due - i)
            if self.position < due:  # a block further ahead: the look after next
                return min(self.length, self.distance)
            self.distance = None  # nobody looked when it was due
        return self.length

    def _adapt(self, block: Block) -> None:
        now = time.perf_counter()
        since = max(block.dispatched, self.ready_at)
        self.ready_at = now
        if since == float("inf"):
            return
        self.program.step_time = (now - since) / block.count
        fitting = int(LATENESS / 2 / max(self.program.step_time, 1e-7))
        self.length = max(1, min(self.length * GROWTH, fitting, self.capacity))
        self.program.length = self.length  # the next run begins with it

    # Where the world should be

    def state_here(self) -> Any:
        """Values of the carried variables at `position`."""
        block = self.current
        if block is None:
            return self.state
        if self.position >= block.stop:
            return block.end
        if self.position == block.first:
            return block.start
        count = self.position - block.first
        piece = self.feed.piece(block.first, count)
        state, done = block.start, 0
        while True:  # a piece may hold fewer batches than the block had
            state, _ = self._compute(
                state, piece, self.number + block.first + done, piece.count
            )
            done += piece.count
            if done == count:
                return state
            piece = self.feed.piece(block.first + done, count - done)

    def read(self, variable: Variable) -> None:
        """A cell is about to be read."""
        if variable in self._carried:
            self._settle()

    def write(self, variable: Variable) -> None:
        """A cell is about to be written."""
        self._settle()

    def _settle(self) -> None:
        if self.settled or threading.get_ident() != self.thread:
            return
        self.settled = True
        state = self.state_here()
        self.given = state
        for variable, array in zip(self.program.carried, state, strict=True):
            variable.put(array)

    def heard(self) -> None:
        """A hook was delivered: take over what it wrote."""
        if not self.settled:
            return
        self.settled = False
        if self.position > 0 and self.feed.has(self.position):
            if self.position != self.looked_at:
                self.distance = self.position - self.looked_at
            self.looked_at = self.position
        state = tuple(v._array for v in self.program.carried)
        fixed = tuple(v._array for v in self.program.fixed)
        same = all(a is b for a, b in zip(state, self.given, strict=True))
        if not same or any(a is not b for a, b in zip(fixed, self.fixed, strict=True)):
            self.state, self.fixed = state, fixed
            self.current = self.next = None

    def stop_here(self) -> None:
        """Forget what was computed beyond `position`."""
        self.state = self.state_here()
        self.current = self.next = None

    def finish(self) -> dict[Variable, Any]:
        """End the run; returns what the carried variables hold as of `position`."""
        state = self.state_here() if not self.settled else self.given
        if self.settled:  # a hook wrote, and raised
            state = tuple(v._array for v in self.program.carried)
        self.current = self.next = None
        self.state = jax.block_until_ready(state)  # the feed may take back its memory
        values = dict(zip(self.program.carried, state, strict=True))
        for variable, lender in self.lent:
            variable.lender = lender
            if lender is not None:
                lender.write(variable)
            if variable in values:
                variable.put(values[variable])
        return values


def _shapes(payload: Any) -> tuple:
    return tuple(x.shape for x in jax.tree.leaves(payload))


def run_pass(
    run: Run,
    begin: Callable[[int, dict], None],
    end: Callable[[int, dict], None],
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """One pass over the data: training, validation and `evaluate` alike.

    Args:
        run: Computes the steps.
        begin: Heard before each batch, as `begin(i, {"batch", "size"})`.
        end: Heard after each batch with the same dict, results added.
        stopped: Whether to stop after the batch that was just heard.

    Returns:
        How many batches there were.
    """
    names, array_names = run.program.names, run.program.array_names
    i = 0
    while run.feed.has(i):
        logs: dict[str, Any] = {"batch": i, "size": run.feed.size(i)}
        run.position = i
        begin(i, logs)
        run.heard()
        numbers, arrays = run.result(i)
        run.position = i = i + 1
        logs.update(zip(names, numbers, strict=True))
        if run.program.mode == "predict":
            logs["outputs"] = arrays
        else:
            logs.update(zip(array_names, arrays, strict=True))
        end(i - 1, logs)
        run.heard()
        if stopped():
            run.stop_here()
            break
    return i
