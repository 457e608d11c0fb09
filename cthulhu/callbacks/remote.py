"""RemoteMonitor: tell a server about every epoch, without waiting for it.

What a server does with the events is its own business; the two meet on the wire only.
"""

import importlib
import json
import math
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from cthulhu import config, errors, vocabulary
from cthulhu.callbacks.base import Callback

UNREACHABLE = "could not be reached"
NO_ROOM = "was too slow"
NO_TIME = "had not answered when training ended"
GONE = "closed the connection"


class Dropped(NamedTuple):
    """An event that the server did not get, as far as anybody knows."""

    epoch: int  # from 0
    reason: str  # what the server did: "could not be reached", "answered 500"


class RemoteMonitor(Callback):
    """Post the results of every epoch to a server.

    The event is a dict of `epoch` (from 0) and the epoch's logs.  A thread sends one
    after the other, so that no server ever holds training up.  Events for a server
    that cannot be reached wait, and are sent in order once it can; where there is no
    room to wait, the oldest is dropped.  Any other failure drops the event at once.
    What was dropped is told in one warning when training ends.

    Args:
        root: Address of the server, with `http://` or `https://`.
        path: Path below it that takes the events.
        field: Name of the form's field with the event as JSON; not used with
            `send_as_json`.
        headers: Dict of further HTTP headers.
        send_as_json: Send the event itself as `application/json` (NaN and infinity as
            null) instead of a form.
        timeout: Seconds that one request may take to connect, and to be answered.
        farewell: Seconds that the end of training waits for events not yet sent.
        capacity: Number of events that may wait, 1 or more.

    Attributes:
        dropped: List of `(epoch, reason)`, one for each event of this run that the
            server did not get.

    Raises:
        ValueError: for an address that is none, or a time or number out of range.
        TypeError: at the end of an epoch, for a value in `logs` that JSON cannot hold.

    Example:
        >>> monitor = RemoteMonitor("http://localhost:9000")
        >>> model.fit(x, y, callbacks=[monitor])  # doctest: +SKIP
    """

    adds_logs = ()

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
        timeout: float = 5.0,
        farewell: float = 5.0,
        capacity: int = 32,
    ):
        self.root = _checked_root(root)
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json
        self.timeout = _checked_seconds("timeout", timeout)
        self.farewell = _checked_seconds("farewell", farewell)
        self.capacity = errors.check_whole("capacity", capacity, 1, "RemoteMonitor")
        self.dropped: list[Dropped] = []
        self._sent = 0
        self._sender: _Sender | None = None

    def on_train_begin(self, logs=None):
        if self._begins_anew():
            self.dropped, self._sent = [], 0

    def on_epoch_end(self, epoch, logs=None):
        event = {"epoch": epoch} | _plain(logs or {})
        if self.send_as_json:
            body = {"json": _finite(event)}
            json.dumps(event)  # an odd value is found out here, not in the thread
        else:
            body = {"data": {self.field: json.dumps(event)}}
        if self._sender is None:
            self._sender = _Sender(self._post, self.capacity)
        self._sender.put(epoch, body)

    def on_train_end(self, logs=None):
        sender, self._sender = self._sender, None
        if sender is None:
            return
        self.dropped += sender.close(self.farewell)
        self._sent += sender.sent
        if self.dropped:
            warnings.warn(self._account(), UserWarning, stacklevel=3)

    def on_exception(self, exception):
        self.on_train_end()

    def state_dict(self) -> dict[str, Any]:
        """What was dropped so far, and how many events were not."""
        return {"dropped": [list(drop) for drop in self.dropped], "_sent": self._sent}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on counting from there."""
        dropped = [Dropped(*drop) for drop in state["dropped"]]
        super().load_state_dict({**state, "dropped": dropped})

    def _post(self, body: dict[str, Any]) -> str | None:
        """Send one event; returns why the server did not take it, or None."""
        # Loaded by the thread: it takes longer than all of this room.
        requests = importlib.import_module("requests")
        url, headers = self.root + self.path, self.headers
        if headers is None:
            headers = vocabulary.quirk("remote_headers", config.generation())
        try:
            answer = requests.post(url, headers=headers, timeout=self.timeout, **body)
        except requests.exceptions.ReadTimeout:
            return f"did not answer in {self.timeout:g} s"
        except requests.exceptions.ConnectionError as error:
            return UNREACHABLE if _never_connected(error) else GONE
        except Exception as error:  # of the address or a header: one event less
            return f"was not asked: {type(error).__name__}: {error}"
        return None if answer.status_code < 400 else f"answered {answer.status_code}"

    def _account(self) -> str:
        """The one sentence about everything that was dropped."""
        reasons = Counter(drop.reason for drop in self.dropped)
        if not self._sent and set(reasons) == {UNREACHABLE}:
            return f"Warning: could not reach RemoteMonitor root server at {self.root}"
        total = len(self.dropped) + self._sent
        told = ", ".join(f"{count}x {reason}" for reason, count in reasons.items())
        return (
            f"RemoteMonitor dropped {len(self.dropped)} of {total} events, because the "
            f"server at {self.root} {told}."
        )


class _Sender:
    """A thread that sends what it is given, in order, for as long as a run takes."""

    def __init__(self, post: Callable[[dict], str | None], capacity: int):
        self.sent = 0
        self._post, self._capacity = post, capacity
        self._dropped: list[Dropped] = []
        self._waiting: deque[tuple[int, dict]] = deque()
        self._under_way: int | None = None  # the epoch whose event is being sent
        self._away = False  # the server could not be reached when last tried
        self._due = self._closing = self._done = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, epoch: int, body: dict) -> None:
        """Take an event; the oldest makes room where there is none."""
        with self._changed:
            self._waiting.append((epoch, body))
            self._make_room()
            self._due = True
            self._changed.notify_all()

    def close(self, seconds: float) -> list[Dropped]:
        """Wait a little for what is still to be sent; returns what never was."""
        with self._changed:
            self._due = self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._done, seconds)
            self._done = True  # whatever happens later is not counted
            if self._under_way is not None:
                self._dropped.append(Dropped(self._under_way, NO_TIME))
            why = UNREACHABLE if self._away else NO_TIME
            self._dropped += [Dropped(epoch, why) for epoch, _ in self._waiting]
            self._waiting.clear()
            return self._dropped

    def _make_room(self) -> None:
        while len(self._waiting) > self._capacity:
            epoch, _ = self._waiting.popleft()
            self._dropped.append(Dropped(epoch, UNREACHABLE if self._away else NO_ROOM))

    def _run(self) -> None:
        """Send what waits, each time something is due, until the run is over."""
        while not self._done:
            with self._changed:
                self._changed.wait_for(lambda: self._due)
                self._due, last = False, self._closing
            self._send_waiting()
            with self._changed:
                self._done = self._done or last
                self._changed.notify_all()

    def _send_waiting(self) -> None:
        """Send events until none is left, or the server cannot be reached."""
        while self._waiting:
            with self._changed:
                if not self._waiting or self._done:
                    return
                epoch, body = self._waiting.popleft()
                self._under_way = epoch
            reason = self._post(body)
            with self._changed:
                if self._done:
                    return
                self._under_way = None
                self._away = reason == UNREACHABLE
                if self._away:
                    self._waiting.appendleft((epoch, body))
                    self._make_room()
                    return
                if reason is None:
                    self.sent += 1
                else:
                    self._dropped.append(Dropped(epoch, reason))


def _never_connected(error: Exception) -> bool:
    """Whether a request failed before anything was sent, so that it may be repeated."""
    library = importlib.import_module("urllib3.exceptions")
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(cause, (library.NewConnectionError, library.ConnectTimeoutError))


def _plain(value: Any) -> Any:
    """A value as JSON knows it: NumPy's and other arrays' numbers, or lists of them."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind == "V":  # bfloat16 and its like
            array = array.astype(np.float32)
        return array.item() if array.size == 1 else array.tolist()
    return value


def _finite(value: Any) -> Any:
    """A value in which null stands for every number that JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _checked_root(root: Any) -> str:
    if isinstance(root, str) and root.lower().startswith(("http://", "https://")):
        return root
    raise ValueError(
        errors.message(
            "`root` of RemoteMonitor is no address of a server",
            repr(root),
            "text that begins with http:// or https://",
            f"Did you mean `http://{root}`?" if isinstance(root, str) else None,
        )
    )


def _checked_seconds(name: str, value: Any) -> float:
    number = not isinstance(value, bool) and isinstance(value, (int, float))
    if number and 0 < value < math.inf:
        return float(value)
    raise ValueError(
        errors.message(
            f"`{name}` of RemoteMonitor cannot be used",
            repr(value),
            "a number of seconds above 0",
        )
    )
