"""A thread that works on items ahead of the one who uses them."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any


class ReadAhead:
    """Runs an iterable in a thread of its own, some items ahead of its consumer.

    Args:
        iterable: What gives the items; run in the thread from beginning to end.
        size: How many finished items may wait.

    An exception of the iterable is raised in the consumer after the items before it.
    Use it as a context manager, or call `close`; both end the thread.

    Example:
        >>> with ReadAhead(range(3)) as items:
        ...     list(items)
        [0, 1, 2]
    """

    def __init__(self, iterable: Iterable[Any], size: int = 2):
        self._ready: queue.Queue = queue.Queue(max(1, size))
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(iterable,), daemon=True)
        self._thread.start()

    def _run(self, iterable) -> None:
        items = iter(iterable)
        try:
            for item in items:
                if not self._put((item, None)):
                    return
            self._put((None, StopIteration()))
        except BaseException as problem:  # handed to the consumer
            self._put((None, problem))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    def _put(self, entry) -> bool:
        while not self._closed.is_set():
            try:
                self._ready.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._closed.is_set():
            raise StopIteration
        item, problem = self._ready.get()
        if problem is not None:
            self.close()
            raise problem
        return item

    def close(self) -> None:
        """Stop reading; what waits is dropped.  Returns when the thread has ended, or
        after a second if the iterable is busy."""
        self._closed.set()
        while not self._ready.empty():
            try:
                self._ready.get_nowait()
            except queue.Empty:
                break
        if self._thread is not threading.current_thread():
            self._thread.join(1)

    def __enter__(self) -> "ReadAhead":
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()
