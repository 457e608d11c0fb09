"""ModelCheckpoint: save the model while it trains.

When to save and under which name; what is in the file is the model's business.
"""

import datetime
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from cthulhu import errors
from cthulhu.callbacks.base import Callback, in_any_order
from cthulhu.callbacks.durations import seconds_of
from cthulhu.callbacks.filenames import Template
from cthulhu.callbacks.monitored import LogNames, Monitor, epoch_number, say
from cthulhu.callbacks.paths import check_writable
from cthulhu.callbacks.rescue import Rescue
from cthulhu.callbacks.retention import check_link, point, retain


class ModelCheckpoint(Callback):
    """Save the model, or its weights, after every epoch or only when it is the best.

    A file is there whole or not at all: where a write fails, for want of room say, the
    error is raised, and the files that were written before stay as they are.

    Args:
        filepath: Where to save, with any ending; missing folders are made.  May contain
            `{epoch}` (from 1) and any key of `logs`, with a format:
            `"weights.{epoch:02d}-{val_loss:.2f}.hdf5"`.
        monitor: Name of a quantity in `logs`; `acc` and `accuracy` mean the same.
        verbose: 1 prints what is saved.
        save_best_only: Save only when `monitor` is better than it ever was.
        save_weights_only: `model.save_weights(filepath)` instead of
            `model.save(filepath)`.
        mode: `"min"`, `"max"`, or `"auto"`: the metric's own direction.
        period: Epochs between two saves.
        save_freq: `"epoch"`; a number of batches between two saves; or a length of
            time, as a `timedelta` or a text like `"10min"`.  Between epochs, `logs` are
            those of a batch, and `{batch}` (from 1) may stand in `filepath`.
        initial_value_threshold: A value of `monitor` that the first save has to beat.
        keep: How many files to keep: the best so many by `monitor`, and the last.
            Others that this run has written are removed.  None keeps all.
        latest: True keeps a symbolic link `latest`, with the ending of `filepath` and
            in its folder, that points to the file that was written last; or the path
            of the link.
        save_on_exception: True saves the model if training ends by an exception,
            Ctrl-C included, as `interrupted` with the ending of `filepath` and in its
            folder; or the path of that file.  `keep` does not count it.
        save_on_sigterm: The same if the process is told to end by SIGTERM: saves after
            the step that is under way, and then does what would have been done without
            this.  Only where training runs on the main thread.

    Attributes:
        best: The best value of `monitor` so far, with `save_best_only`.
        saved: Pairs of path and value of the files that were written and are kept, with
            `keep`, in the order of writing.

    Raises:
        ValueError: when training begins, if nothing will ever report `monitor` or a
            name in `filepath`, or if nobody knows the direction of `monitor`; at once,
            for arguments that contradict each other.

    Example:
        >>> model.fit(x, y, validation_split=0.2, epochs=20,
        ...           callbacks=[ModelCheckpoint("best.hdf5", save_best_only=True)])
        >>> ModelCheckpoint("runs/{epoch:03d}.h5", keep=3, latest=True,
        ...                 save_on_exception=True, save_on_sigterm=True)
    """

    adds_logs = ()
    state_names = (
        "best",
        "saved",
        "epochs_since_last_save",
        "_batches_since_last_save",
        "_seconds_since_last_save",
    )
    clock = staticmethod(time.monotonic)

    @in_any_order
    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
        save_freq: str | int | datetime.timedelta = "epoch",
        initial_value_threshold: float | None = None,
        keep: int | None = None,
        latest: bool | str | os.PathLike = False,
        save_on_exception: bool | str | os.PathLike = False,
        save_on_sigterm: bool | str | os.PathLike = False,
    ):
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = errors.check_whole("period", period, 1, "ModelCheckpoint")
        self.save_freq = save_freq
        self.every_batches, self.every_seconds = _often(save_freq)
        self.initial_value_threshold = initial_value_threshold
        self._template = Template(self.filepath, "ModelCheckpoint")
        self.latest = self._beside("latest", latest)
        self.save_on_exception = self._beside("interrupted", save_on_exception)
        self.save_on_sigterm = self._beside("interrupted", save_on_sigterm)
        self.keep = keep
        if keep is not None:
            self.keep = errors.check_whole("keep", keep, 1, "ModelCheckpoint")
        self._check_arguments()
        self._monitor = Monitor(monitor, mode, "ModelCheckpoint")
        self.monitor_op = self._monitor.better
        self._rescue = Rescue(
            self._save_apart,
            self.save_on_exception,
            self.save_on_sigterm,
            "ModelCheckpoint",
        )
        self._epoch = 0
        self._reset()

    def _beside(self, name: str, given: bool | str | os.PathLike) -> str | None:
        """The path of a file beside those of the template."""
        if given is None or isinstance(given, (bool, np.bool_)):
            path = os.path.join(self._template.folder, name + self._template.ending)
            return path if given else None
        return os.fspath(given)

    def _check_arguments(self) -> None:
        fixed = self._template.is_one_file
        if self.keep is not None and fixed:
            raise ValueError(
                errors.message(
                    "ModelCheckpoint has nothing to keep: all saves go to one file",
                    f"keep={self.keep} and filepath={self.filepath!r}",
                    fix='Put a field into the name: "weights.{epoch:02d}.h5"',
                )
            )
        own = os.path.abspath(self.filepath) if fixed else None
        for name in ("latest", "save_on_exception", "save_on_sigterm"):
            path = getattr(self, name)
            if path is not None and os.path.abspath(path) == own:
                raise ValueError(
                    errors.message(
                        f"`{name}` of ModelCheckpoint is `filepath` itself",
                        repr(path),
                        fix="Give one of them another name",
                    )
                )

    def _reset(self) -> None:
        start = self.initial_value_threshold
        self.best = self._monitor.worst if start is None else start
        self.saved: list[list] = []
        self.epochs_since_last_save = 0
        self._batches_since_last_save = 0
        self._seconds_since_last_save = 0.0

    @property
    def between_epochs(self) -> bool:
        """Whether batches decide when to save."""
        return self.every_batches is not None or self.every_seconds is not None

    @property
    def idle_hooks(self) -> tuple[str, ...]:
        """Batches matter only where they are counted, or where a signal may come."""
        if self.save_on_sigterm is not None:
            return ()
        tests = ("on_test_batch_end",)
        return tests if self.between_epochs else ("on_train_batch_end", *tests)

    @property
    def _seconds_since_last_save(self) -> float:
        return self.clock() - self._saved_at

    @_seconds_since_last_save.setter
    def _seconds_since_last_save(self, seconds: float) -> None:
        self._saved_at = self.clock() - seconds

    def check_logs(self, known: LogNames) -> None:
        """Refuse a `filepath` or `monitor` that cannot work, before the first step."""
        self._template.check(known, self._counters(0, 0))
        if self.between_epochs:
            used = [*self._template.names()]
            used += [self.monitor] if self.save_best_only else []
            for name in used:
                self._refuse_of_validation(name)
        for path in (self.filepath, self.save_on_exception, self.save_on_sigterm):
            if path is not None:
                check_writable(path, "ModelCheckpoint")
        if self.latest is not None:
            check_link(self.latest, "ModelCheckpoint")
        if self.save_best_only or self.keep is not None:
            self._monitor.check(known, self.model)

    def _refuse_of_validation(self, name: str) -> None:
        if name.startswith("val_"):
            raise ValueError(
                errors.message(
                    f"ModelCheckpoint would never save: the logs of a batch have no "
                    f"`{name}`",
                    f"save_freq={self.save_freq!r}",
                    fix=f'Use `{name.removeprefix("val_")}`, or `save_freq="epoch"`',
                )
            )

    def on_train_begin(self, logs=None):
        if self.save_best_only or self.keep is not None:
            self._monitor.need_direction(self.model)
            self.monitor_op = self._monitor.better
        if self._begins_anew():
            self._reset()
        if "{" not in os.path.dirname(self.filepath):
            _make_folder(self.filepath)
        self._rescue.begin()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_batch_end(self, batch, logs=None):
        if self.between_epochs:
            self._batches_since_last_save += 1
            if self._is_due():
                self._batches_since_last_save = 0
                self._seconds_since_last_save = 0.0
                self._consider(self._epoch, batch, logs or {})
        self._rescue.answer()

    def on_test_batch_end(self, batch, logs=None):
        self._rescue.answer()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs_since_last_save += 1
        if not self.between_epochs and self.epochs_since_last_save >= self.period:
            if self._consider(epoch, 0, logs or {}):
                self.epochs_since_last_save = 0
        self._rescue.answer()

    def on_train_end(self, logs=None):
        self._rescue.end()

    def on_exception(self, exception):
        self._rescue.fail()

    def _is_due(self) -> bool:
        if self.every_batches is not None:
            return self._batches_since_last_save >= self.every_batches
        return self._seconds_since_last_save >= self.every_seconds

    def _consider(self, epoch: int, batch: int, logs: dict[str, Any]) -> bool:
        """Save if it is worth it; False if this moment has no name for a file."""
        path = self._template.fill(logs, self._counters(epoch, batch))
        if path is None:
            return False
        if not self.save_best_only:
            self._say("saves", epoch, path=path)
            value = None
            if self.keep is not None:
                value = self._monitor.value(
                    logs, f"`{self.monitor}` is not available to tell the best file."
                )
            self._save_one_of_many(path, value)
            return True
        current = self._monitor.value(
            logs, f"Can save best model only with {self.monitor} available, skipping."
        )
        if current is None:
            return True
        words = {"monitor": self.monitor, "best": self.best}
        if not self.monitor_op(current, self.best):
            self._say("does_not_improve", epoch, **words)
            return True
        self._say("improves", epoch, current=current, path=path, **words)
        self._save_one_of_many(path, current)
        self.best = current
        return True

    def _save_one_of_many(self, path: str, value: Any) -> None:
        self._save(path)
        if self.keep is not None:
            sign = -1 if self._monitor.better is np.greater else 1
            self.saved = retain(self.saved, path, value, self.keep, sign)

    def _save_apart(self, path: str) -> None:
        self._say("saves", self._epoch, path=path)
        self._save(path)

    def _save(self, path: str) -> None:
        _make_folder(path)
        save: Callable = (
            self.model.save_weights if self.save_weights_only else self.model.save
        )
        save(path, overwrite=True)
        if self.latest is not None:
            self._link(path)

    def _link(self, path: str) -> None:
        try:
            point(self.latest, path)
        except OSError as error:
            warnings.warn(
                errors.message(
                    f"ModelCheckpoint cannot make the link `{self.latest}`", error
                ),
                RuntimeWarning,
                stacklevel=3,
            )
            self.latest = None

    def _say(self, what: str, epoch: int, **values: Any) -> None:
        if self.verbose > 0:
            say(what, epoch, **values)

    def _counters(self, epoch: int, batch: int) -> dict[str, int]:
        counters = {"epoch": epoch_number(epoch)}
        if self.between_epochs:
            counters["batch"] = batch + 1
        return counters


def _often(save_freq: Any) -> tuple[int | None, float | None]:
    """Batches and seconds between two saves; None for what does not count."""
    if isinstance(save_freq, str) and save_freq == "epoch":
        return None, None
    if isinstance(save_freq, (str, datetime.timedelta)):
        try:
            return None, seconds_of(save_freq, "save_freq", "ModelCheckpoint")
        except ValueError:
            raise ValueError(
                errors.message(
                    "Unknown `save_freq`",
                    received=repr(save_freq),
                    expected='"epoch", a number of batches, or a length of time like '
                    '"10min" or a `timedelta`',
                )
            ) from None
    return errors.check_whole("save_freq", save_freq, 1, "ModelCheckpoint"), None


def _make_folder(path: str) -> None:
    folder = os.path.dirname(path)
    if folder and "://" not in path:
        os.makedirs(folder, exist_ok=True)
