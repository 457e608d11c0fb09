"""EventWriter: a callback that writes event files, at steps that go on.

Opening, continuing and closing files, and counting epochs over several runs, for all
callbacks that write for TensorBoard.  What they write is their own business.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from cthulhu import errors
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.monitored import LogNames
from cthulhu.callbacks.paths import check_writable
from cthulhu.callbacks.tensorboard.events import EventFile, need_tensorboard


class EventWriter(Callback):
    """Base of the callbacks that write for TensorBoard.

    The step of an epoch is its number, unless something was written at that step by an
    earlier `fit`: then steps go on from there.  Files are complete after each epoch,
    closed however training ends, and continued by `load_state_dict` where they were.

    Args:
        log_dir: Folder for the files; made if it is missing.
    """

    adds_logs = ()
    state_names = ("_epochs",)

    def __init__(self, log_dir: str | os.PathLike = "./logs"):
        self.log_dir = log_dir
        self._epochs = (0, 0)  # what is added to an epoch's number; the next step
        self._places: dict[str, tuple[str, int]] = {}  # of files to be continued
        self._files: dict[str, EventFile] = {}
        self._folder = Path(log_dir)
        self._starts = False

    def check_logs(self, known: LogNames) -> None:
        """Refuse a folder that cannot be written to, before the first step."""
        who = type(self).__name__
        need_tensorboard(who)
        folder = os.fspath(self.log_dir)
        if "://" in folder:
            raise ValueError(
                errors.message(
                    f"{who} writes to folders of this machine only",
                    repr(folder),
                    "a path",
                )
            )
        check_writable(os.path.join(folder, "events"), who)

    def on_train_begin(self, logs=None):
        self._folder = Path(self.log_dir).absolute()
        if self._begins_anew():
            self._places = {}
        self._starts = True

    def on_epoch_begin(self, epoch, logs=None):
        if self._starts:
            self._starts = False
            following = self._epochs[1]
            self._epochs = max(0, following - epoch), following
            self.check_data()

    def check_data(self) -> None:
        """Called once before the first step, when validation data are known."""

    def on_epoch_end(self, epoch, logs=None):
        step = epoch + self._epochs[0]
        self._epochs = self._epochs[0], step + 1
        self.write_epoch(epoch, step, logs or {})
        for file in self._files.values():
            file.flush()

    def write_epoch(self, epoch: int, step: int, logs: dict[str, Any]) -> None:
        """Write what an epoch gave; its number in this `fit`, and its step."""

    def on_train_end(self, logs=None):
        self._close()

    def on_exception(self, exception):
        with contextlib.suppress(OSError):  # a full disk has been told already
            self._close()

    def _close(self) -> None:
        files, self._files = self._files, {}
        with contextlib.ExitStack() as closing:
            for run, file in files.items():
                closing.callback(file.close)
                self._places[run] = file.place()

    def state_dict(self) -> dict[str, Any]:
        """The steps that were written, and the files with their lengths."""
        places = {run: file.place() for run, file in self._files.items()}
        return super().state_dict() | {"_places": {**self._places, **places}}

    def run_folder(self, run: str) -> Path:
        """Where the files of a run are: "train", "validation", or "" above both."""
        return self._folder / run

    def file(self, run: str) -> EventFile:
        """The open file of a run."""
        if run not in self._files:
            folder = self.run_folder(run)
            self._files[run] = EventFile(folder, self._places.get(run))
        return self._files[run]
