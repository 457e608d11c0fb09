"""ModelCheckpoint: save the model while it trains.

When to save and under which name; what is in the file is the model's business.
"""

import os
import string
from collections.abc import Callable
from typing import Any

from cthulhu import errors, vocabulary
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.monitored import LogNames, Monitor, epoch_number, listed, lookup
from cthulhu.callbacks.paths import check_writable


class ModelCheckpoint(Callback):
    """Save the model, or its weights, after every epoch or only when it is the best.

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
        save_freq: `"epoch"`, or a number of batches between two saves; `logs` are then
            those of a batch, and `{batch}` (from 1) may stand in `filepath`.
        initial_value_threshold: A value of `monitor` that the first save has to beat.

    Raises:
        ValueError: when training begins, if nothing will ever report `monitor` or a
            name in `filepath`, or if nobody knows the direction of `monitor`.

    Example:
        >>> model.fit(x, y, validation_split=0.2, epochs=20,
        ...           callbacks=[ModelCheckpoint("best.hdf5", save_best_only=True)])
    """

    adds_logs = ()
    state_names = ("best", "epochs_since_last_save", "_batches_since_last_save")

    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(
                errors.message(
                    "Unknown `save_freq`",
                    received=repr(save_freq),
                    expected='"epoch" or a number of batches',
                )
            )
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = period
        self.save_freq = save_freq
        self.initial_value_threshold = initial_value_threshold
        self._monitor = Monitor(monitor, mode, "ModelCheckpoint")
        self.monitor_op = self._monitor.better
        self._known: LogNames | None = None
        self._epoch = 0
        self._reset()

    def _reset(self) -> None:
        start = self.initial_value_threshold
        self.best = self._monitor.worst if start is None else start
        self.epochs_since_last_save = 0
        self._batches_since_last_save = 0

    @property
    def idle_hooks(self) -> tuple[str, ...]:
        """Batches matter only where they are counted."""
        return ("on_train_batch_end",) if self.save_freq == "epoch" else ()

    def check_logs(self, known: LogNames) -> None:
        """Refuse a `filepath` or `monitor` that cannot work, before the first step."""
        self._known = known
        counters = self._counters(0, 0)
        for name in self._fields():
            if not name or name.isdigit():
                raise ValueError(self._no_template("a field without a name in it"))
            if name not in counters:
                known.require(name, "ModelCheckpoint", "in its `filepath` the name")
        try:
            self.filepath.format(**{**dict.fromkeys(self._fields(), 0.5), **counters})
        except (
            ValueError
        ) as error:  # of the format: `{loss:02d}`, but a loss is a float
            raise ValueError(self._no_template(str(error))) from None
        except (TypeError, LookupError, AttributeError):
            pass  # `{loss[0]}` or the like, of a value nobody knows yet
        check_writable(self.filepath, "ModelCheckpoint")
        if self.save_best_only:
            self._monitor.check(known, self.model)

    def on_train_begin(self, logs=None):
        if self.save_best_only and self.monitor_op is None:
            self._monitor.need_direction(self.model)
            self.monitor_op = self._monitor.better
        if self._begins_anew():
            self._reset()
        if "{" not in os.path.dirname(self.filepath):
            _make_folder(self.filepath)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_batch_end(self, batch, logs=None):
        if self.save_freq == "epoch":
            return
        self._batches_since_last_save += 1
        if self._batches_since_last_save >= self.save_freq:
            self._batches_since_last_save = 0
            path = self._path(self._epoch, batch, logs or {})
            if path is not None:
                self._consider(self._epoch, path, logs or {})

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        self.epochs_since_last_save += 1
        if self.save_freq != "epoch" or self.epochs_since_last_save < self.period:
            return
        path = self._path(epoch, 0, logs)
        if path is not None:
            self.epochs_since_last_save = 0
            self._consider(epoch, path, logs)

    def _consider(self, epoch: int, path: str, logs: dict[str, Any]) -> None:
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            self._save(path)
            return
        current = self._monitor.value(
            logs, f"Can save best model only with {self.monitor} available, skipping."
        )
        if current is None:
            return
        if not self.monitor_op(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {self.best:0.5f}")
            return
        self._say(
            epoch,
            f"{self.monitor} improved from {self.best:0.5f} to {current:0.5f}, "
            f"saving model to {path}",
        )
        self.best = current
        self._save(path)

    def _save(self, path: str) -> None:
        _make_folder(path)
        save: Callable = (
            self.model.save_weights if self.save_weights_only else self.model.save
        )
        save(path, overwrite=True)

    def _say(self, epoch: int, what: str) -> None:
        if self.verbose > 0:
            print(f"\nEpoch {epoch_number(epoch):05d}: {what}")

    def _fields(self) -> list[str]:
        """The names in `filepath`, without formats and indices."""
        try:
            parts = list(string.Formatter().parse(self.filepath))
        except ValueError as error:
            raise ValueError(self._no_template(str(error))) from None
        return [_stem(field) for _, field, _, _ in parts if field is not None]

    def _no_template(self, problem: str) -> str:
        return errors.message(
            "The `filepath` of ModelCheckpoint cannot be filled in",
            f"{self.filepath!r}: {problem}",
            "names of the logs with a format, like "
            '"weights.{epoch:02d}-{val_loss:.2f}.hdf5"',
        )

    def _counters(self, epoch: int, batch: int) -> dict[str, int]:
        counters = {"epoch": epoch_number(epoch)}
        if self.save_freq != "epoch":
            counters["batch"] = batch + 1
        return counters

    def _path(self, epoch: int, batch: int, logs: dict[str, Any]) -> str | None:
        """The file's name, or None if an announced name is absent in this epoch.

        Raises:
            KeyError: for a name that was not announced either.
        """
        values = {**logs, **self._counters(epoch, batch)}
        for name in self._fields():
            if name not in values:
                value = lookup(logs, name)
                if value is None:
                    return self._no_path(name, logs)
                values[name] = value
        return self.filepath.format(**values)

    def _no_path(self, name: str, logs: dict[str, Any]) -> None:
        if self._known is not None and self._known.have(name):
            return None  # an epoch without validation, say
        nearest = vocabulary.guess(name, [*logs, "epoch"])
        raise KeyError(
            errors.message(
                f"ModelCheckpoint cannot name its file: `{name}` is not in the logs",
                received=listed(logs),
                fix=errors.did_you_mean(nearest) if nearest else None,
            )
        )


def _stem(field: str) -> str:
    return field.partition(".")[0].partition("[")[0]


def _make_folder(path: str) -> None:
    folder = os.path.dirname(path)
    if folder and "://" not in path:
        os.makedirs(folder, exist_ok=True)
