"""Callbacks that end training: nothing improves any more, or the loss is no number."""

import math
from typing import Any

import numpy as np

from cthulhu import errors
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.monitored import (
    LogNames,
    Monitor,
    epoch_number,
    listed,
    patience_of,
)


class EarlyStopping(Callback):
    """Stop training once a monitored quantity has stopped improving.

    An epoch improves if its value is better than the best so far by more than
    `min_delta`.

    Args:
        monitor: Name of a quantity in `logs`; `acc` and `accuracy` mean the same.
        min_delta: Smallest change that counts as better, in the quantity's own unit.
        patience: Epochs without improvement after which training stops; 0 and 1 both
            stop at the first.  Epochs that do not report the quantity (those without
            validation) do not count.
        verbose: 1 prints when training stops and when weights are restored.
        mode: `"min"`, `"max"`, or `"auto"`: the metric's own direction.
        baseline: A value that has to be passed; until it is, no epoch improves.
        restore_best_weights: Whether the model ends with the weights of its best epoch
            instead of its last, however training ends, by an exception or Ctrl-C too;
            of all epochs, those short of the baseline included.
        start_from_epoch: First epoch (from 0) that is looked at; none before it stops
            training, counts for `patience` or is a best one.
        check_finite: Stop at once if the value is NaN or infinite; otherwise that is an
            epoch without improvement.
        stopping_threshold: Stop at once if the value is as good as this or better.
        divergence_threshold: Stop at once if the value is worse than this.

    Attributes:
        stopped_epoch: The epoch (from 0) that stopped training; 0 if none did.
        alarm: What stopped it, a phrase, if that was not `patience`; else None.

    Raises:
        ValueError: when training begins, if nothing reports `monitor`, if nobody knows
            its direction and `mode` does not tell, or if `stopping_threshold` is worse
            than `divergence_threshold`, so that every value would stop training.
        TypeError: for an argument that is no number.

    Example:
        >>> model.fit(x, y, validation_split=0.2, epochs=50,
        ...           callbacks=[EarlyStopping(patience=3, restore_best_weights=True)])
        >>> EarlyStopping("val_acc", patience=5, stopping_threshold=0.99)

    See: Prechelt, Early stopping - but when?, 1998.
    """

    adds_logs = ()
    state_names = (
        "wait",
        "stopped_epoch",
        "alarm",
        "best",
        "best_weights",
        "_best_value",
        "_best_is_last",
    )

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
        check_finite: bool = False,
        stopping_threshold: float | None = None,
        divergence_threshold: float | None = None,
    ):
        self.monitor = monitor
        self.patience = errors.check_number("patience", patience, 0, of="EarlyStopping")
        self.verbose = verbose
        self.baseline = _checked("baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = errors.check_whole(
            "start_from_epoch", start_from_epoch, 0, "EarlyStopping"
        )
        self.check_finite = check_finite
        self.stopping_threshold = _checked("stopping_threshold", stopping_threshold)
        self.divergence_threshold = _checked(
            "divergence_threshold", divergence_threshold
        )
        self._monitor = Monitor(monitor, mode, "EarlyStopping")
        self.monitor_op = self._monitor.better
        # Signed, so that a value improves where monitor_op(value - min_delta, best).
        min_delta = errors.check_number("min_delta", min_delta, of="EarlyStopping")
        self.min_delta = min_delta if self.monitor_op is np.greater else -min_delta
        self._reset()

    def _aim(self) -> None:
        """Settle a direction that the constructor could not know."""
        if self.monitor_op is None:
            self._monitor.need_direction(self.model)
            self.monitor_op = self._monitor.better
            if self.monitor_op is np.greater:
                self.min_delta *= -1
        good, bad = self.stopping_threshold, self.divergence_threshold
        if good is not None and bad is not None and self._monitor.better(bad, good):
            raise ValueError(
                errors.message(
                    "EarlyStopping would stop at every value: `stopping_threshold` is "
                    "worse than `divergence_threshold`",
                    received=f"{good} and {bad} for `{self.monitor}`",
                )
            )

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.alarm: str | None = None
        self.best = self._monitor.worst if self.baseline is None else self.baseline
        self.best_weights = None
        self._best_value = self._monitor.worst  # of `best_weights`, baseline or not
        self._best_is_last = True  # the model has them now

    def check_logs(self, known: LogNames) -> None:
        """Refuse a `monitor` that this run will never report."""
        self._monitor.check(known, self.model)
        self._aim()

    def on_train_begin(self, logs=None):
        self._aim()
        if self._begins_anew():
            self._reset()

    def on_epoch_end(self, epoch, logs=None):
        current = self.get_monitor_value(logs or {})
        if current is None or epoch < self.start_from_epoch:
            self._best_is_last = False
            return
        improves = self.monitor_op(current - self.min_delta, self.best)
        if self.restore_best_weights:
            self._remember(current, improves)
        if improves:
            self.best = current
            self.wait = 0
        else:
            self.wait += 1
        self.alarm = self._alarm(current)
        if self.alarm or (not improves and self.wait >= patience_of(self.patience)):
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self._restore()

    def on_train_end(self, logs=None):
        self._restore()
        if (self.stopped_epoch > 0 or self.alarm) and self.verbose > 0:
            why = f", {self.alarm}" if self.alarm else ""
            print(f"Epoch {epoch_number(self.stopped_epoch):05d}: early stopping{why}")

    def on_exception(self, exception):
        if self.best_weights is not None:
            self._best_is_last = False  # whatever the epoch that was cut short has done
            self._restore()

    def _alarm(self, current: Any) -> str | None:
        """Why an epoch with this value stops training at once, if it does."""
        good, bad = self.stopping_threshold, self.divergence_threshold
        worse = self._monitor.worse
        if self.check_finite and not np.isfinite(current):
            return f"`{self.monitor}` is {current}"
        if good is not None and not np.isnan(current) and not worse(current, good):
            return f"`{self.monitor}` reached {good}"
        if bad is not None and worse(current, bad):
            return f"`{self.monitor}` is worse than {bad}"
        return None

    def get_monitor_value(self, logs: dict[str, Any]) -> Any:
        """The monitored value of an epoch, or None with a warning."""
        return self._monitor.value(
            logs,
            f"Early stopping conditioned on metric `{self.monitor}` which is not "
            f"available. Available metrics are: {listed(logs)}",
        )

    def _remember(self, current: Any, improves: bool) -> None:
        value = current - self.min_delta
        self._best_is_last = bool(improves or self.monitor_op(value, self._best_value))
        if self._best_is_last:
            self._best_value = current
            self.best_weights = self.model.get_weights()

    def _restore(self) -> None:
        """Put the best weights back, unless the model has them."""
        if self.best_weights is None or self._best_is_last:
            return
        if self.verbose > 0:
            print("Restoring model weights from the end of the best epoch")
        self.model.set_weights(self.best_weights)
        self._best_is_last = True


class TerminateOnNaN(Callback):
    """Stop training as soon as a batch's loss is NaN or infinite.

    The epoch is still reported, with the loss that it has.

    Args:
        raise_error: Whether to end the run by an error instead.

    Raises:
        RuntimeError: for such a loss, if `raise_error`; the model is then as it was
            after that batch.

    Example:
        >>> model.fit(x, y, callbacks=[TerminateOnNaN()])
    """

    def __init__(self, raise_error: bool = False):
        self.raise_error = raise_error

    def on_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(
                    errors.message(
                        f"The loss of batch {batch} is no finite number",
                        received=loss,
                        fix="Look for odd values in the data, or lower the rate",
                    )
                )
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


def _checked(name: str, value: Any) -> Any:
    """A number, or None; refused at once if it cannot be compared."""
    if value is None:
        return None
    return errors.check_number(name, value, of="EarlyStopping")
