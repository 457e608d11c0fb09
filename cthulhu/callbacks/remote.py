"""RemoteMonitor: tell a server about every epoch, without waiting for it.

What a server does with the events is its own business; the two meet on the wire only.
"""

import contextlib
import importlib
import json
import math
import queue
import threading
import time
import warnings
from typing import Any

import numpy as np

from cthulhu.callbacks.base import Callback

WAITING = 32  # events that may wait for a slow server
FAREWELL = 5.0  # seconds to wait for it when training is over


class RemoteMonitor(Callback):
    """Post the results of every epoch to a server.

    The event is a dict of `epoch` (from 0) and the epoch's logs.  A thread sends it, so
    a slow server does not hold training up; what it cannot take is dropped, counted,
    and told once, when training ends, as are failures.

    Args:
        root: Address of the server.
        path: Path below it that takes the events.
        field: Name of the form's field with the event as JSON; not used with
            `send_as_json`.
        headers: Dict of further HTTP headers.
        send_as_json: Send the event itself as `application/json` (NaN and infinity as
            null) instead of a form.

    Example:
        >>> model.fit(x, y, callbacks=[RemoteMonitor("http://localhost:9000")])
    """

    adds_logs = ()

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ):
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json
        self._sender: _Sender | None = None

    def on_epoch_end(self, epoch, logs=None):
        event = {"epoch": epoch}
        event |= {name: _plain(value) for name, value in (logs or {}).items()}
        text = json.dumps(event)  # also where an odd value is found out
        if self.send_as_json:
            body = {"json": {name: _finite(value) for name, value in event.items()}}
        else:
            body = {"data": {self.field: text}}
        if self._sender is None:
            self._sender = _Sender(self.root + self.path, self.headers)
        self._sender.put(body)

    def on_train_end(self, logs=None):
        sender, self._sender = self._sender, None
        if sender is None:
            return
        dropped = sender.close()
        if sender.failures:
            self._warn("Warning: could not reach RemoteMonitor root server at ")
        if dropped:
            events = "event" if dropped == 1 else "events"
            self._warn(f"RemoteMonitor dropped {dropped} {events}: too slow was ")

    def on_exception(self, exception):
        self.on_train_end()

    def _warn(self, what: str) -> None:
        warnings.warn(what + self.root, UserWarning, stacklevel=3)


class _Sender:
    """A thread that posts what is put into its queue, one after the other."""

    def __init__(self, url: str, headers: dict[str, str] | None):
        self.url, self.headers = url, headers
        self.failures = 0  # events that could not be sent
        self.dropped = 0  # events for which there was no room
        self.waiting = 0  # events that were taken and are not known to be sent
        self.queue: queue.Queue = queue.Queue(WAITING)
        self.sent = threading.Semaphore(0)
        # Loaded with the first event: it takes longer than all of this room.
        self.requests = importlib.import_module("requests")
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, body: dict) -> None:
        """Take an event if there is room for it."""
        try:
            self.queue.put_nowait(body)
            self.waiting += 1
        except queue.Full:
            self.dropped += 1

    def close(self) -> int:
        """Wait a little for what is still to be sent; returns how many never were."""
        deadline = time.monotonic() + FAREWELL
        while self.waiting:
            if not self.sent.acquire(timeout=max(0.0, deadline - time.monotonic())):
                break
            self.waiting -= 1
        with contextlib.suppress(queue.Empty):  # the thread is busy with one before
            while True:
                self.queue.get_nowait()
        self.queue.put(None)
        return self.dropped + self.waiting

    def _run(self) -> None:
        while (body := self.queue.get()) is not None:
            try:
                self.requests.post(self.url, headers=self.headers, **body)
            except self.requests.exceptions.RequestException:
                self.failures += 1
            finally:
                self.sent.release()


def _plain(value: Any) -> Any:
    """A value as JSON knows it: NumPy's and other arrays' numbers, or lists of them."""
    if isinstance(value, np.generic) or hasattr(value, "__array__"):
        array = np.asarray(value)
        return array.item() if array.size == 1 else array.tolist()
    return value


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
