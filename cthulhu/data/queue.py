"""Workers that prepare items ahead of the one who uses them: threads or processes.

Order is kept, an exception reaches the consumer after the items before it and with the
worker's traceback, and `stop` leaves no worker behind.  What an item means is
`batches`'s business.

Processes are spawned, never forked: this process runs the threads of JAX, and the copy
that a fork makes of their locks can wait forever.  So data for processes must be
picklable, and a script that asks for them needs `if __name__ == "__main__":`.
"""

import concurrent.futures as futures
import inspect
import itertools
import multiprocessing
import pickle
import queue
import random
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np

from cthulhu import errors

# Seconds after which an item is given up and made by the consumer itself.
PATIENCE = 30

_END = object()


class _Inline:
    """No workers: an item is made when it is asked for."""

    def submit(self, function: Callable, *args: Any) -> futures.Future:
        future = futures.Future()
        future.result = lambda timeout=None: function(*args)
        return future

    def close(self) -> None:
        pass


class _Threads:
    """Daemon threads, so that one that hangs does not keep the program from ending."""

    def __init__(self, workers: int):
        self._tasks = queue.SimpleQueue()
        self._workers = workers
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, function: Callable, *args: Any) -> futures.Future:
        future = futures.Future()
        self._tasks.put((future, function, args))
        return future

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, function, args = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function(*args))
            except BaseException as problem:  # handed to the consumer
                future.set_exception(problem)
            del task, future, function, args  # the batch is the consumer's now

    def close(self) -> None:
        while not self._tasks.empty():
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is not None:
                task[0].cancel()
        for _ in range(self._workers):
            self._tasks.put(None)


class _Processes:
    """Spawned processes that each hold a copy of one object."""

    def __init__(self, workers: int, pickled: bytes):
        self._pool = futures.ProcessPoolExecutor(
            workers,
            multiprocessing.get_context("spawn"),
            initializer=_receive,
            initargs=(pickled, random.randrange(2**31)),
        )

    def submit(self, function: Callable, *args: Any) -> futures.Future:
        return self._pool.submit(_call, function, *args)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


_held: Any = None


def _receive(pickled: bytes, seed: int) -> None:
    global _held
    _held = pickle.loads(pickled)
    np.random.seed((seed + (multiprocessing.current_process().ident or 0)) % 2**32)


def _call(function: Callable, *args: Any) -> Any:
    return function(_held, *args)


def _item(sequence: Any, index: int) -> Any:
    return sequence[index]


def ahead(
    submit: Callable[[Any], futures.Future], tasks: Iterable, size: int
) -> Iterator[tuple[Any, futures.Future]]:
    """Each task and its future, in order; up to `size` later ones are worked on."""
    pending: deque = deque()
    for task in tasks:
        pending.append((task, submit(task)))
        if len(pending) > size:
            yield pending.popleft()
    yield from pending


class SequenceEnqueuer:
    """Base of the two classes that prepare items ahead.

    Args:
        sequence: What gives the items.
        use_multiprocessing: Processes instead of threads.
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False):
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self.workers = 0
        self.max_queue_size = 10
        self._pool: Any = None

    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._pool is not None

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Start the workers.

        Args:
            workers: Their number; 0 makes each item when it is asked for.
            max_queue_size: How many items are prepared ahead, at most.
        """
        self.workers = workers
        self.max_queue_size = max(1, max_queue_size) if workers else 0
        self._pool = self._start_pool()

    def _start_pool(self) -> Any:
        return _Threads(self.workers) if self.workers else _Inline()

    def stop(self, timeout: float | None = None) -> None:
        """End the workers; items that are not used yet are dropped."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def get(self) -> Iterator[Any]:
        """The items, in order."""
        raise NotImplementedError


class OrderedEnqueuer(SequenceEnqueuer):
    """Prepares the batches of a `Sequence` ahead, pass after pass.

    Args:
        sequence: A `Sequence`.
        use_multiprocessing: Processes instead of threads; a sequence that cannot be
            pickled stays in threads, with a warning.
        shuffle: Whether each pass takes the batches in a new random order; or a
            function that gives the order of n batches.
    """

    def __init__(
        self,
        sequence: Any,
        use_multiprocessing: bool = False,
        shuffle: bool | Callable[[int], Iterable[int]] = False,
    ):
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle
        self._pickled: bytes | None = None
        if shuffle is True:  # drawn here: in another thread it would not be repeatable
            self.shuffle = np.random.default_rng(np.random.randint(2**31)).permutation

    def _start_pool(self) -> Any:
        if not self.use_multiprocessing or not self.workers:
            return super()._start_pool()
        try:
            self._pickled = pickle.dumps(self.sequence)
        except Exception as problem:  # whatever the user's class raises
            warnings.warn(
                errors.message(
                    "`use_multiprocessing=True` has no effect: a "
                    f"`{type(self.sequence).__name__}` cannot be sent to another "
                    "process "
                    f"({problem}). Threads are used",
                    fix="Define its class at the top of a module, and let it open "
                    "files "
                    "in `__getitem__`",
                ),
                stacklevel=2,
            )
            self.use_multiprocessing = False
            return super()._start_pool()
        return _Processes(self.workers, self._pickled)

    def one_pass(self) -> Iterator[Any]:
        """The batches of one pass, in order or shuffled."""
        self._renew_copies()
        numbers = range(len(self.sequence))
        order = self.shuffle(len(numbers)) if callable(self.shuffle) else numbers
        for index, future in ahead(self._submit, map(int, order), self.max_queue_size):
            item = self._result(index, future)
            if item is not None:
                yield item

    def _renew_copies(self) -> None:
        # The workers' copies are of the last pass; `on_epoch_end` may have changed it.
        if isinstance(self._pool, _Processes):
            pickled = pickle.dumps(self.sequence)
            if pickled != self._pickled:
                self._pool.close()
                self._pickled = pickled
                self._pool = _Processes(self.workers, pickled)

    def _submit(self, index: int) -> futures.Future:
        if isinstance(self._pool, _Processes):
            return self._pool.submit(_item, index)
        return self._pool.submit(_item, self.sequence, index)

    def _result(self, index: int, future: futures.Future) -> Any:
        try:
            return future.result(PATIENCE)
        except BrokenProcessPool as problem:
            raise RuntimeError(
                errors.message(
                    "A worker process of `use_multiprocessing=True` could not start, "
                    "or "
                    "died",
                    fix="Put the code that starts training under `if __name__ == "
                    '"__main__":` and the class of the data at the top of a module; or '
                    "leave `use_multiprocessing` out",
                )
            ) from problem
        except TimeoutError:
            if future.done():  # raised by the data itself
                raise
            warnings.warn(
                f"The input {index} could not be retrieved. "
                "It could be because a worker has died.",
                UserWarning,
                stacklevel=3,
            )
            return self.sequence[index]

    def get(self) -> Iterator[Any]:
        """The batches, pass after pass without end; `on_epoch_end` after each pass."""
        while self.is_running():
            last = None
            for item in self.one_pass():
                if last is not None:
                    yield last
                last = item
            if last is None:
                return
            self.sequence.on_epoch_end()  # every batch is made, none of the next pass
            yield last

    def join_end_of_epoch(self) -> None:
        """Return at once: `on_epoch_end` precedes the last batch of a pass."""


class GeneratorEnqueuer(SequenceEnqueuer):
    """Reads an iterator ahead.

    Args:
        sequence: The iterator; with several workers it must be safe to call from
            several threads.
        use_multiprocessing: A running generator cannot be sent to another process: one
            thread is used instead, with a warning.
        wait_time: Not used any more.
        random_seed: Not used any more.

    Raises:
        RuntimeError: While reading, if several workers use a plain generator.
    """

    def __init__(
        self,
        sequence: Iterator[Any],
        use_multiprocessing: bool = False,
        wait_time: float | None = None,
        random_seed: int | None = None,
    ):
        super().__init__(sequence, use_multiprocessing)
        if use_multiprocessing:
            warnings.warn(
                errors.message(
                    "`use_multiprocessing=True` has no effect on a generator, which "
                    "cannot be sent to another process. One thread is used",
                    fix="Use a `Sequence`",
                ),
                stacklevel=2,
            )

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        super().start(
            min(workers, 1) if self.use_multiprocessing else workers, max_queue_size
        )

    def get(self) -> Iterator[Any]:
        """The items of the iterator, until it ends."""
        submit = self._pool.submit
        tasks = ahead(
            lambda _: submit(next, self.sequence, _END),
            itertools.count(),
            self.max_queue_size,
        )
        for _, future in tasks:
            try:
                item = future.result()
            except futures.CancelledError:  # stopped meanwhile
                return
            except ValueError as problem:
                if "generator already executing" not in str(problem):
                    raise
                raise RuntimeError(
                    errors.message(
                        "The generator is not thread-safe: it was called by several "
                        f"of the {self.workers} workers at once",
                        fix="Use `workers=1`, or a `Sequence`",
                    )
                ) from problem
            if item is _END:
                if self.workers > 1:
                    yield from _before_the_end(tasks, self.max_queue_size)
                return
            if item is not None:
                yield item


def _before_the_end(tasks, size: int) -> Iterator[Any]:
    # With several workers one may see the end before another has made its last item.
    for _, future in itertools.islice(tasks, size):
        item = future.result()
        if item is not _END and item is not None:
            yield item


def is_generator(data: Any) -> bool:
    """Whether `data` is a plain generator, which only one thread at a time may call."""
    return inspect.isgenerator(data)
