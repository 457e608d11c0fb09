"""Callbacks that set the learning rate between epochs.

A schedule that is a formula of the step belongs into the optimizer, as its `lr`.
"""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import errors, vocabulary
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.monitored import (
    LogNames,
    Monitor,
    checked_patience,
    epoch_number,
    listed,
    patience_of,
)


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of every epoch.

    The rate stands as `lr` in the logs of the epoch's end.

    Args:
        schedule: Function of the epoch (from 0), or of the epoch and the present rate,
            that returns the new rate: a number, NumPy's included.  Which of the two it
            is, its signature tells.
        verbose: 1 prints the rate.

    Raises:
        TypeError: for a schedule that is no function.
        ValueError: for a result that is no number, and for an optimizer without `lr`.

    Example:
        >>> LearningRateScheduler(lambda epoch, lr: lr * 0.5 if epoch % 10 == 9 else lr)
    """

    adds_logs = ("lr",)

    def __init__(self, schedule: Callable, verbose: int = 0):
        if not callable(schedule):
            raise TypeError(
                errors.message(
                    "`schedule` of LearningRateScheduler cannot be called",
                    repr(schedule),
                    "a function of the epoch that returns the rate",
                    "For a fixed rate, give it to the optimizer"
                    if _is_number(schedule)
                    else None,
                )
            )
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch, logs=None):
        if not hasattr(self.model.optimizer, "lr"):
            raise ValueError('Optimizer must have a "lr" attribute.')
        if _takes_two(self.schedule):
            lr = self.schedule(epoch, float(K.get_value(self.model.optimizer.lr)))
        else:
            lr = self.schedule(epoch)
        if not _is_number(lr):
            raise ValueError(
                errors.message(
                    'The output of the "schedule" function should be float',
                    received=f"{lr!r} for epoch {epoch}",
                )
            )
        K.set_value(self.model.optimizer.lr, lr)
        if self.verbose > 0:
            print(
                f"\nEpoch {epoch_number(epoch):05d}: LearningRateScheduler setting "
                f"learning rate to {lr}."
            )

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["lr"] = K.get_value(self.model.optimizer.lr)


class ReduceLROnPlateau(Callback):
    """Reduce the learning rate once a monitored quantity has stopped improving.

    The new rate is `max(lr * factor, min_lr)`.  The rate of the epoch, before a
    reduction, stands as `lr` in its logs.

    Args:
        monitor: Name of a quantity in `logs`; `acc` and `accuracy` mean the same.  In a
            run without validation a name of validation makes it idle, with a warning.
        factor: What the rate is multiplied by, below 1.
        patience: Epochs without improvement after which the rate is reduced.
        verbose: 1 prints each reduction.
        mode: `"min"`, `"max"`, or `"auto"`: the metric's own direction.
        min_delta: Smallest change that counts as better, in the quantity's own unit.
        cooldown: Epochs after a reduction in which no epoch counts as one without
            improvement.
        min_lr: Lower bound of the rate.

    Raises:
        ValueError: for a factor of 1 or more; when training begins, if nothing reports
            `monitor` or nobody knows its direction.
        TypeError: for an argument that no generation knows.

    Example:
        >>> ReduceLROnPlateau(factor=0.2, patience=5, min_lr=1e-5)
    """

    adds_logs = ("lr",)
    state_names = ("wait", "best", "cooldown_counter")
    # Without validation nothing is missed: the rate stays as it was given.
    may_idle = True

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        **kwargs: Any,
    ):
        if factor >= 1.0:
            raise ValueError(
                errors.message(
                    "ReduceLROnPlateau does not support a factor >= 1.0",
                    received=factor,
                )
            )
        self.monitor = monitor
        self.factor = factor
        self.patience = checked_patience(patience, "ReduceLROnPlateau")
        self.verbose = verbose
        self.min_delta = _renamed(kwargs).get("min_delta", min_delta)
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._monitor = Monitor(
            monitor,
            mode,
            "ReduceLROnPlateau",
            "Learning Rate Plateau Reducing",
            self.may_idle,
        )
        self.mode = mode if mode in ("min", "max") else "auto"
        self._reset()

    def _reset(self) -> None:
        self.best = self._monitor.worst
        self.cooldown_counter = 0
        self.wait = 0

    def monitor_op(self, current: Any, best: Any) -> bool:
        """Whether a value improves on the best one."""
        sign = 1 if self._monitor.better is np.greater else -1
        return bool(self._monitor.better(current, best + sign * self.min_delta))

    def in_cooldown(self) -> bool:
        """Whether epochs do not count at present."""
        return self.cooldown_counter > 0

    def check_logs(self, known: LogNames) -> None:
        """Refuse a `monitor` that this run will never report."""
        self._monitor.check(known, self.model)

    def on_train_begin(self, logs=None):
        self._monitor.need_direction(self.model)
        if self._begins_anew():
            self._reset()

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        logs["lr"] = K.get_value(self.model.optimizer.lr)
        current = self._monitor.value(
            logs,
            f"Reduce LR on plateau conditioned on metric `{self.monitor}` which is not "
            f"available. Available metrics are: {listed(logs)}",
        )
        if current is None:
            return
        counts = not self.in_cooldown()
        if not counts:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.monitor_op(current, self.best):
            self.best = current
            self.wait = 0
        elif counts:
            self.wait += 1
            if self.wait >= patience_of(self.patience):
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        lr = K.get_value(self.model.optimizer.lr)
        new_lr = max(float(lr) * self.factor, self.min_lr)
        # Compared as the optimizer stores it: a rate at its bound stays silent.
        if not np.asarray(new_lr, np.asarray(lr).dtype) < lr:
            return
        K.set_value(self.model.optimizer.lr, new_lr)
        if self.verbose > 0:
            print(
                f"\nEpoch {epoch_number(epoch):05d}: ReduceLROnPlateau reducing "
                f"learning rate to {new_lr}."
            )
        self.cooldown_counter = self.cooldown
        self.wait = 0


def _renamed(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments of older generations under today's names, with a warning."""
    found = {}
    for old, value in kwargs.items():
        new = vocabulary.translate("ReduceLROnPlateau", {old: value})
        if old in new:
            raise TypeError(f"`ReduceLROnPlateau` got an unexpected argument `{old}`.")
        found.update(new)
        warnings.warn(
            f"`{old}` argument is deprecated and will be removed, "
            f"use `{', '.join(new)}` instead.",
            UserWarning,
            stacklevel=3,
        )
    return found


def _takes_two(schedule: Callable) -> bool:
    """Whether a schedule takes the present rate beside the epoch."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except (TypeError, ValueError):  # takes one; or has no signature to read
        return False
    return True


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        return False
    array = np.asarray(value)
    return array.ndim == 0 and array.dtype.kind in "fiu"
