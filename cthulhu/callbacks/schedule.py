"""Callbacks that set the learning rate between epochs.

A schedule that is a formula of the step belongs into the optimizer, as its `lr`.
"""

import inspect
import numbers
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import config, errors, vocabulary
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.monitored import (
    LogNames,
    Monitor,
    listed,
    patience_of,
    say,
)


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of every epoch.

    The rate stands as `lr` in the logs of the epoch's end: that of the epoch's last
    update, before any callback of the epoch's end set another.

    Args:
        schedule: Function of the epoch (from 0), or of the epoch and the present rate,
            that returns the new rate: a finite float, NumPy's included.  Which of the
            two it is, its signature tells.  An error of its own says for which epoch.
        verbose: 1 prints the rate.

    Raises:
        TypeError: for a schedule that is no function of one or two arguments.
        ValueError: for a result that is no float (an int is none: it is what `1 // 10`
            gives), and for an optimizer without `lr`.

    Example:
        >>> LearningRateScheduler(lambda epoch, lr: lr * 0.5 if epoch % 10 == 9 else lr)
    """

    def __init__(self, schedule: Callable, verbose: int = 0):
        if not callable(schedule) or not (_takes(schedule, 1) or _takes(schedule, 2)):
            raise TypeError(
                errors.message(
                    "`schedule` of LearningRateScheduler cannot be called",
                    repr(schedule),
                    "a function of the epoch that returns the rate",
                    "For a fixed rate, give it to the optimizer"
                    if isinstance(schedule, numbers.Real)
                    else None,
                )
            )
        self.schedule = schedule
        self.verbose = verbose

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """The rate, in every generation that told it."""
        return ("lr",) if self._logs_rate() else ()

    def check_logs(self, known: LogNames) -> None:
        """Refuse an optimizer without a rate that can be set, before the first step."""
        _check_rate(self.model.optimizer, "LearningRateScheduler")

    def on_epoch_begin(self, epoch, logs=None):
        _check_rate(self.model.optimizer, "LearningRateScheduler")
        lr = self._scheduled(epoch)
        K.set_value(self.model.optimizer.lr, lr)
        if self.verbose > 0:
            say("sets_rate", epoch, rate=lr)

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None and self._logs_rate():
            logs.setdefault("lr", _rate_for_logs(self.model.optimizer))

    def _logs_rate(self) -> bool:
        return vocabulary.quirk("schedule_logs_rate", config.generation())

    def _scheduled(self, epoch: int) -> Any:
        """What the schedule says for an epoch, a finite float."""
        knows_rate = vocabulary.quirk("schedule_knows_rate", config.generation())
        arguments: list[Any] = [epoch]
        if _takes(self.schedule, 2) and (knows_rate or not _takes(self.schedule, 1)):
            arguments.append(float(K.get_value(self.model.optimizer.lr)))
        try:
            lr = self.schedule(*arguments)
        except Exception as error:
            error.add_note(
                f"In `schedule` of LearningRateScheduler, for epoch {epoch}."
            )
            raise
        if not _is_float(lr) or not np.isfinite(lr):
            raise ValueError(
                errors.message(
                    'The output of the "schedule" function should be float',
                    received=f"{lr!r} for epoch {epoch}, in LearningRateScheduler",
                    expected="a finite float",
                    fix=f"Return `float(...)` or, here, {float(lr)}"
                    if isinstance(lr, numbers.Integral) and not isinstance(lr, bool)
                    else None,
                )
            )
        return lr


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
        who = "ReduceLROnPlateau"
        if errors.check_number("factor", factor, 0, of=who) >= 1.0:
            raise ValueError(
                errors.message(
                    "ReduceLROnPlateau does not support a factor >= 1.0",
                    received=factor,
                    expected="what the rate is multiplied by, from 0 to below 1",
                )
            )
        self.monitor = monitor
        self.factor = factor
        self.patience = errors.check_number("patience", patience, 0, of=who)
        self.verbose = verbose
        min_delta = _renamed(kwargs).get("min_delta", min_delta)
        self.min_delta = errors.check_number("min_delta", min_delta, of=who)
        self.cooldown = errors.check_whole("cooldown", cooldown, 0, who)
        self.min_lr = errors.check_number("min_lr", min_lr, 0, of=who)
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
        """Refuse a `monitor` that nothing reports, and a rate that cannot be set."""
        self._monitor.check(known, self.model)
        _check_rate(self.model.optimizer, "ReduceLROnPlateau")

    def on_train_begin(self, logs=None):
        self._monitor.need_direction(self.model)
        if self._begins_anew():
            self._reset()

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        logs.setdefault("lr", _rate_for_logs(self.model.optimizer))
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
            say("reduces_rate", epoch, rate=new_lr)
        self.cooldown_counter = self.cooldown
        self.wait = patience_of(0)  # the extra epoch is sat out before the first only


def _check_rate(optimizer: Any, who: str) -> None:
    """Refuse an optimizer whose rate cannot be set."""
    if not hasattr(optimizer, "lr"):
        raise ValueError('Optimizer must have a "lr" attribute.')
    schedule = getattr(optimizer, "__dict__", {}).get("learning_rate")
    if callable(schedule):
        raise ValueError(
            errors.message(
                f"{who} cannot set the rate, since a schedule of the optimizer does",
                received=repr(schedule),
                fix="Give the optimizer a number, or leave the callback out",
            )
        )


def _rate_for_logs(optimizer: Any) -> float:
    """The rate as a plain float, which JSON takes and which prints as it was given.

    It is the shortest decimal that the optimizer stores as this: 0.1, where the float
    nearest to its number would be 0.10000000149011612.
    """
    return float(str(K.get_value(optimizer.lr)))


def _renamed(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments of older generations under today's names, with a warning."""
    found = {}
    for old, value in kwargs.items():
        new = vocabulary.translate("ReduceLROnPlateau", {old: value})
        if old in new:
            raise TypeError(f"`ReduceLROnPlateau` got an unexpected argument `{old}`.")
        found.update(new)
        if vocabulary.quirk("warns_of_epsilon", config.generation()):
            warnings.warn(
                f"`{old}` argument is deprecated and will be removed, "
                f"use `{', '.join(new)}` instead.",
                UserWarning,
                stacklevel=3,
            )
    return found


def _takes(schedule: Callable, count: int) -> bool:
    """Whether a schedule can be called with so many arguments."""
    try:
        inspect.signature(schedule).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # has no signature to read: the epoch is always right
        return count == 1
    return True


def _is_float(value: Any) -> bool:
    if isinstance(value, str) or value is None:
        return False
    array = np.asarray(value)
    return array.ndim == 0 and array.dtype.kind == "f"
