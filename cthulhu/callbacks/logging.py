"""Keepers of results: epoch averages, the history that `fit` returns, a CSV file.

The progress bar is `progress`'s business.
"""

import csv
import io
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from cthulhu import errors
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.monitored import LogNames
from cthulhu.callbacks.paths import check_writable

ABSENT = "NA"


class BaseLogger(Callback):
    """Average what batches report over an epoch; `fit` puts it before all others.

    `logs[name]` at an epoch's end is the sum of `value * size` over the batches,
    divided by the sum of `size`; for a stateful metric it is the last value.

    Args:
        stateful_metrics: Names of the metrics that run since the epoch began and are
            reported as they are.
    """

    adds_logs = ()
    state_names = ("seen", "totals")

    def __init__(self, stateful_metrics: Iterable[str] | None = None):
        self.stateful_metrics = set(stateful_metrics or ())
        self.seen = 0
        self.totals: dict[str, Any] = {}

    def on_epoch_begin(self, epoch, logs=None):
        self.seen = 0
        self.totals = {}

    def on_batch_end(self, batch, logs=None):
        if logs is None:
            return
        size = logs.get("size", 0)
        self.seen += size
        totals = self.totals
        for name in self.params["metrics"]:
            if name in logs:
                value = logs[name]
                if name in self.stateful_metrics:
                    totals[name] = value
                else:
                    if not isinstance(value, float):  # float32 would lose digits
                        value = np.float64(value)
                    totals[name] = totals.get(name, 0.0) + value * size

    def on_epoch_end(self, epoch, logs=None):
        if logs is None:
            return
        for name in self.params["metrics"]:
            if name in self.totals:
                total = self.totals[name]
                stateful = name in self.stateful_metrics
                logs[name] = total if stateful else total / max(self.seen, 1)


class History(Callback):
    """Record what every epoch reports; `fit` returns it.

    Attributes:
        epoch: Numbers of the epochs, from 0.
        history: Dict of lists, one value an epoch; shorter for a name that is absent
            in some epochs.
        timing: Seconds of the whole run, once it is over: `total`; `steps` (their
            compilation included) and `data` that were waited for; `validation`;
            `callbacks`, a dict by their names; and `other`.

    Example:
        >>> past = model.fit(x, y, epochs=2, verbose=0)
        >>> past.epoch, sorted(past.history)
        ([0, 1], ['accuracy', 'loss'])
    """

    adds_logs = ()
    state_names = ("epoch", "history")

    def __init__(self):
        self.timing: dict[str, Any] = {}
        self.epoch: list[int] = []
        self.history: dict[str, list] = {}

    def on_train_begin(self, logs=None):
        if self._begins_anew():
            self.epoch = []
            self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class CSVLogger(Callback):
    """Write one line of results per epoch to a CSV file.

    The columns are `epoch` (from 0) and, sorted, every name that is known when training
    begins or reported by the first epoch; what an epoch does not report is `NA`.  Lines
    end as in Excel's dialect.  The file is complete after every epoch, whatever happens
    then.

    Args:
        filename: Path of the file; missing folders are made.
        separator: One character between two columns.
        append: True goes on with a file that exists, in its columns if it has a header;
            False starts it afresh.

    Raises:
        ValueError: for a `separator` of more or less than one character.
        OSError: when training begins, if the file cannot be written.

    Example:
        >>> model.fit(x, y, callbacks=[CSVLogger("runs/log.csv")])
    """

    adds_logs = ()

    def __init__(
        self, filename: str | os.PathLike, separator: str = ",", append: bool = False
    ):
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(
                errors.message(
                    "`separator` of `CSVLogger` cannot be used",
                    repr(separator),
                    "one character, like ',' or '\\t'",
                )
            )
        self.filename = filename
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self._path: Path | None = None  # fixed when training begins
        self._known: tuple[str, ...] = ()
        self._size: int | None = None  # bytes written, to continue a killed run
        self._dropped: set[str] = set()

    def check_logs(self, known: LogNames) -> None:
        """Remember the names that become columns; refuse a path nobody can write."""
        check_writable(self.filename, "CSVLogger")
        self._known = known.names

    def on_train_begin(self, logs=None):
        path = self._path = Path(self.filename).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._dropped = set()
        if not self._begins_anew() and self._size is not None and path.exists():
            os.truncate(path, self._size)  # lines of epochs that will be run again
            return
        self.keys = None
        if self.append and path.exists():
            self.keys = self._columns_of(path)
        else:
            path.write_bytes(b"")

    def on_epoch_end(self, epoch, logs=None):
        logs = {name: value for name, value in (logs or {}).items() if name != "epoch"}
        if self._path is None:
            self.on_train_begin()
        rows = []
        if self.keys is None:
            self.keys = sorted({*self._known, *logs} - {"epoch"})
            if not self._path.exists() or not self._path.stat().st_size:
                rows.append(["epoch", *self.keys])
        self._tell_of_dropped(logs)
        rows.append([epoch, *(_cell(logs.get(key, ABSENT)) for key in self.keys)])
        self._write(rows)

    def on_train_end(self, logs=None):
        self._path, self._known = None, ()

    def on_exception(self, exception):
        self.on_train_end()

    def state_dict(self) -> dict[str, Any]:
        """The columns and the length of the file."""
        return {"keys": self.keys, "_size": self._size}

    def _write(self, rows: list[list]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.sep).writerows(rows)
        size = self._path.stat().st_size if self._path.exists() else 0
        try:
            with open(self._path, "a", newline="", encoding="utf-8") as file:
                file.write(text.getvalue())
        except OSError:  # a full disk, say: no half of a line stays
            if self._path.exists():
                os.truncate(self._path, size)
            raise
        self._size = self._path.stat().st_size

    def _columns_of(self, path: Path) -> list[str] | None:
        """The columns of a file that is gone on with; None if it has no header."""
        with open(path, newline="", encoding="utf-8") as file:
            header = next(csv.reader(file, delimiter=self.sep), [])
        return header[1:] if header[:1] == ["epoch"] else None

    def _tell_of_dropped(self, logs: dict[str, Any]) -> None:
        dropped = set(logs) - set(self.keys) - self._dropped
        if dropped:
            self._dropped |= dropped
            names = ", ".join(f"`{name}`" for name in sorted(dropped))
            warnings.warn(
                f"CSVLogger leaves out {names}: the columns of `{self.filename}` were "
                "fixed before. A callback that adds names can say so in `adds_logs`.",
                RuntimeWarning,
                stacklevel=3,
            )


def _cell(value: Any) -> Any:
    """A value as it stands in a cell: scalars and strings themselves, others a list."""
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'
