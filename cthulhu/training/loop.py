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
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from cthulhu.backend.platform import on_cpu
from cthulhu.callbacks.timing import DATA, STEPS, Times
from cthulhu.core import Variable, allocator
from cthulhu.training.feed import BatchFeed, Piece, RowFeed
from cthulhu.training.payload import fetch
from cthulhu.training.step import Program
from cthulhu.training.threads import THREADS, Threads, share, worth_it

# Hooks are heard this many seconds late at most (blocks are kept half as long, since
# one block is under way while the hooks of another are delivered).
LATENESS = 0.05
GROWTH = 4


class Block:
    """Steps that were dispatched in one call.

    Attributes:
        first: Number of the first step in the pass.
        count: How many there are.
        piece: Their batches; None for a single batch.
        made: Waits for what is computed of them without knowing their state; None if
            all is computed at once.
        start: State before them.
        looked: The last step of them before which somebody looked, and the state there.
        end: State after them; None until all of them is under way.
        report: What they report.
    """

    def __init__(self, first: int, count: int, piece: Piece | None = None):
        self.first = first
        self.count = count
        self.piece = piece
        self.made: Callable[[], Any] | None = None
        self.start: Any = None
        self.looked: tuple[int, Any] | None = None
        self.end: Any = None
        self.report: Any = None
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
        steps = float("inf") if self.feed.steps is None else self.feed.steps
        self.parted = program.parted(steps)
        self.group = 1
        if isinstance(self.feed, RowFeed) and not self.feed.whole:
            if self.fixed_length != 1:  # or most of what is passed forward is in vain
                batches = min(self.feed.full, self.feed.steps)
                size = self.feed.batch_size
                self.group = program.together(size, batches, self.parted)
            self.group = self.feed.group_by(self.group)
        self.capacity = max(program.capacity(self.parted), self.group)
        self.current: Block | None = None
        self.coming: deque[Block] = deque()
        self.threads: Threads | None = None
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
        self._forget()
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
        """Compute the block that begins with step `i`, and begin those that follow."""
        start = self.state if last is None else last.end
        room = self._room(i)
        block = self.coming.popleft() if self.coming else self._dispatch(i, start)
        self.current = block
        last = self.coming[-1] if self.coming else block
        while len(self.coming) < room and self._has(last.stop):
            last = self._dispatch(last.stop, last.end)
            self.coming.append(last)
        if block.end is None:
            self._conclude(block, start)
        self.state = block.end
        block.wait()
        allocator.watch_memory()
        self._adapt(block)
        self.feed.release(block.first)
        return block

    def _room(self, i: int) -> int:
        """How many blocks to begin before hooks of that from step `i` are delivered."""
        if not self.ahead or self.fixed_length == 1:
            return 0
        # On a CPU little is gained where steps are long, and two want memory twice.
        if on_cpu() and self.program.step_time >= LATENESS:
            return 0
        if self.threads is None and self.parted:
            left = float("inf") if self.feed.steps is None else self.feed.steps - i
            if worth_it(self.program.mean_time, self.length, left):
                self.threads = Threads(self.program.forward_block)
        return 1 if self.threads is None else THREADS + 1

    def _has(self, i: int) -> bool:
        # asking a feed of batches may wait for one: not while hooks are due
        if isinstance(self.feed, BatchFeed) and i >= self.feed.pulled:
            return False
        return self.feed.has(i)

    def _dispatch(self, i: int, start: Any) -> Block:
        """Begin a block; on a thread, what does not need its state."""
        batch = self.feed.only_batch()
        if batch is not None:  # no loop is compiled for a single step
            block = Block(i, 1)
            block.start = None if self.frugal else start
            end, report = self._compute_one(start, batch, self.number + i)
            block.end, block.report = end, report
            return block
        with self.times.on(DATA):
            piece = self.feed.piece(i, min(self._wanted(i), self.capacity))
        fresh = self._fresh(piece)
        if fresh is False and self.early is not None:
            self.early.join()  # the program that is needed now may be under way there
            self.early = None
        block = Block(i, piece.count, piece)
        if self.threads is not None:
            args, how = self._call(piece, self.number + i, piece.count)
            block.made = self.threads.call(self._kind(piece), args, how)
        else:
            self._conclude(block, start)
        if fresh:
            block.dispatched = float("inf")  # its time is that of a compilation
        return block

    def _conclude(self, block: Block, start: Any) -> None:
        """Compute what of a block is left to compute when its state is known."""
        assert block.piece is not None
        number = self.number + block.first
        block.start = None if self.frugal else start
        if block.made is None:
            done = self._compute(start, block.piece, number, block.count)
        else:
            args, how = self._call(block.piece, number, block.count)
            done = self.program.block(start, *args, made=block.made(), **how)
        block.end, block.report = done

    def _compute(self, start: Any, piece: Piece, number: int, count: int) -> Any:
        """States after steps, and their reports."""
        if self.frugal:
            return self._compute_one(start, self._batch(piece), number)
        args, how = self._call(piece, number, count)
        made = self.program.forward_block(*args, **how) if self.parted else None
        return self.program.block(start, *args, made=made, **how)

    def _call(
        self, piece: Piece, number: int, count: int
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What compiled steps take of a piece."""
        where = piece.where
        numbers = [where.offset, where.stride, number, count, where.lead]
        how = {
            "form": where.form,
            "size": where.size,
            "group": where.group,
            "capacity": self.capacity,
        }
        return (self.fixed, piece.payload, self.key, np.array(numbers, np.int32)), how

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
        return fetch(where.form, piece.payload, where.offset, where.size)

    def _fresh(self, piece: Piece) -> bool:
        """Whether nothing was compiled yet for pieces like this; now something is."""
        kind = self._kind(piece)
        fresh = kind not in self.program.kinds
        self.program.kinds.add(kind)
        return fresh

    def _kind(self, piece: Piece) -> tuple[Any, ...]:
        """Equal for pieces that one compilation serves."""
        leaves = [(x.shape, x.dtype) for x in jax.tree.leaves(piece.payload)]
        where = piece.where
        how = (where.form, where.size, where.group, self.capacity, self.parted)
        return (*how, *leaves)

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
        if self.threads is not None and self.feed.steps is not None:
            steps = share(self.feed.steps - i, self.program.mean_time)
            return max(self.group, min(self.length, steps))
        return max(self.group, self.length)

    def _adapt(self, block: Block) -> None:
        now = time.perf_counter()
        since = max(block.dispatched, self.ready_at)
        self.ready_at = now
        if since == float("inf"):
            return
        self.program.took(now - since, block.count)
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
        at, state = block.looked or (block.first, block.start)
        while at < self.position:  # a piece may hold fewer batches than the block had
            piece = self.feed.piece(at, self.position - at)
            state, _ = self._compute(state, piece, self.number + at, piece.count)
            at += piece.count
        block.looked = at, state
        return state

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
            self._forget()

    def stop_here(self) -> None:
        """Forget what was computed beyond `position`."""
        self.state = self.state_here()
        self._forget()

    def close_threads(self) -> None:
        """Wait for what threads compute, and let them go."""
        if self.threads is not None:
            self.threads.close()
            self.threads = None

    def _forget(self) -> None:
        self.current = None
        self.coming.clear()

    def finish(self) -> dict[Variable, Any]:
        """End the run; returns what the carried variables hold as of `position`."""
        state = self.state_here() if not self.settled else self.given
        if self.settled:  # a hook wrote, and raised
            state = tuple(v._array for v in self.program.carried)
        self._forget()
        self.state = jax.block_until_ready(state)  # the feed may take back its memory
        values = dict(zip(self.program.carried, state, strict=True))
        for variable, lender in self.lent:
            variable.lender = lender
            if lender is not None:
                lender.write(variable)
            if variable in values:
                variable.put(values[variable])
        return values


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
    try:
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
    finally:
        run.close_threads()
    return i
