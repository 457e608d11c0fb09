"""Event files: the records that TensorBoard reads, in the order in which they came.

The framing and the messages are the tensorboard package's own, without TensorFlow.
What the records say is `summaries`' business, and when, the callbacks'.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cthulhu import errors

FLUSH = 20.0  # seconds that a record may wait in a buffer for those who look on


def need_tensorboard(who: str) -> None:
    """Refuse to go on where the tensorboard package is not installed.

    Raises:
        ImportError: with the extra that brings it.
    """
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        raise errors.missing_extra("tensorboard", "tensorboard", f"`{who}`") from None


class EventFile:
    """An event file of one run, open for writing.

    Args:
        folder: The run's folder; made if it is missing.
        place: What `place()` told of a file that is to be continued: its name and its
            length.  What was written to it later is cut off.  None: a new file.
    """

    def __init__(self, folder: str | os.PathLike, place: tuple[str, int] | None = None):
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._event, self._summary, self._value = Event, Summary, Summary.Value
        self._flushed = time.time()
        continued = place is not None and self._cut(*place)
        self._file = open(self.path, "ab") if continued else self._new_file()
        self._writer = RecordWriter(self._file)
        if not continued:
            self._write(file_version="brain.Event:2")
            self.flush()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write numbers of one moment by their tags."""
        value = self._value
        self.summary(
            step, [value(tag=tag, simple_value=v) for tag, v in values.items()]
        )

    def summary(self, step: int, values: Iterable[Any]) -> None:
        """Write what `summaries` made, all of one moment."""
        self._write(step=step, summary=self._summary(value=values))

    def graph(self, definition: Any) -> None:
        """Write a `GraphDef`."""
        self._write(graph_def=definition.SerializeToString())

    def flush(self) -> None:
        """Let those who read the file see all of it."""
        self._writer.flush()
        self._flushed = time.time()

    def close(self) -> None:
        """Write what is left, and close the file."""
        self._writer.close()

    def place(self) -> tuple[str, int]:
        """Name and length of the file as of now, to continue it from here."""
        self.flush()
        return self.path.name, self.path.stat().st_size

    def _write(self, **fields: Any) -> None:
        now = time.time()
        event = self._event(wall_time=now, **fields)
        self._writer.write(event.SerializeToString())
        if now - self._flushed > FLUSH:
            self.flush()

    def _cut(self, name: str, size: int) -> bool:
        """Whether the file is there to be continued; it then has `size` bytes."""
        self.path = self.folder / name
        if not self.path.is_file() or self.path.stat().st_size < size:
            return False
        os.truncate(self.path, size)
        return True

    def _new_file(self) -> Any:
        start = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}"
        number = 0
        while True:
            self.path = self.folder / f"{start}.{os.getpid()}.{number}"
            try:
                return open(self.path, "xb")
            except FileExistsError:
                number += 1
