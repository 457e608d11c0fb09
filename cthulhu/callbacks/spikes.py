"""SpikeDetection: a loss that leaps far above those before it, and what to do then.

Losses are looked at batch by batch; the model only once an epoch, and at a spike.
"""

import bisect
import math
import numbers
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.callbacks.base import Callback

ACTIONS = ("warn", "stop", "restore")


class SpikeDetection(Callback):
    """Notice a batch whose loss leaps far above those before it, and act.

    With the median `m` and the quartiles `q1` and `q3` of the last losses, a loss is a
    spike if

        loss > m + max(factor * (q3 - q1), min_delta)

    and if it is NaN or infinite.  Losses are compared once `warmup` of them are known.
    Batches that spike one after the other are one spike, and are told once, unless each
    is gone back from.  Spikes count among the last losses, unless they are not finite:
    a loss that stays high is the new normal after half a window.

    Args:
        factor: How many interquartile ranges above the median is too much; in normally
            distributed losses, 6 is 8 standard deviations.
        window: How many losses to remember, 4 or more.
        warmup: How many losses to wait for, at most `window`; default a quarter of it.
        min_delta: Smallest rise that counts, in the loss's own unit.
        action: `"warn"`; `"stop"`: end training after that batch; or `"restore"`: put
            weights and optimizer back as they were at the beginning of the epoch, or of
            the one before if that was bad already, lower the rate, and go on with the
            batches after this one.
        lr_factor: What `"restore"` multiplies the rate by, above 0 and at most 1.
        max_restores: How often to restore in a run; after that, training stops.

    Attributes:
        spikes: List of a tuple `(epoch, batch, loss)` for each spike, both from 0.

    Raises:
        ValueError: for arguments that cannot be used; for `"restore"` with a rate that
            cannot be set.

    Example:
        >>> model.fit(x, y, callbacks=[SpikeDetection(action="restore")])

    See: Tukey, Exploratory data analysis, 1977, for fences in interquartile ranges.
    """

    adds_logs = ()
    state_names = ("spikes", "restores", "_losses", "_spiking", "_good")

    def __init__(
        self,
        factor: float = 6.0,
        window: int = 64,
        warmup: int | None = None,
        min_delta: float = 0.0,
        action: str = "warn",
        lr_factor: float = 0.5,
        max_restores: int = 3,
    ):
        who = "SpikeDetection"
        if action not in ACTIONS:
            raise ValueError(
                errors.message(
                    f"`action` of `{who}` cannot be used",
                    repr(action),
                    " or ".join(f'"{name}"' for name in ACTIONS),
                )
            )
        self.factor = _checked("factor", factor, "a number above 0", lambda x: x > 0)
        self.window = errors.check_whole("window", window, 4, who)
        if warmup is None:
            warmup = max(4, self.window // 4)
        self.warmup = errors.check_whole("warmup", warmup, 1, who)
        most = f"at most `window`, {window}"
        _checked("warmup", warmup, most, lambda x: x <= window)
        self.min_delta = _checked("min_delta", min_delta, "0 or more", lambda x: x >= 0)
        self.action = action
        self.lr_factor = _checked(
            "lr_factor", lr_factor, "above 0 and at most 1", lambda x: 0 < x <= 1
        )
        self.max_restores = errors.check_whole("max_restores", max_restores, 0, who)
        self._epoch = 0
        self._fresh: tuple[list, list] | None = None  # no loss of it is known yet
        self._reset()

    def _reset(self) -> None:
        self.spikes: list[tuple[int, int, float]] = []
        self.restores = 0
        self._spiking = False
        self._losses = []
        self._good: tuple[list, list] | None = None  # weights, and of the optimizer

    @property
    def _losses(self) -> list[float]:
        return list(self._last)

    @_losses.setter
    def _losses(self, losses: list[float]) -> None:
        self._last = deque(losses, maxlen=self.window)
        self._sorted = sorted(losses)

    def on_train_begin(self, logs=None):
        if self._begins_anew():
            self._reset()
        if self.action == "restore" and not hasattr(self.model.optimizer, "lr"):
            raise ValueError('Optimizer must have a "lr" attribute.')

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        if self.action == "restore":
            optimizer = self.model.optimizer
            self._fresh = self.model.get_weights(), optimizer.get_weights()

    def on_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        loss = float(loss)
        limit = self._limit()
        # of NaN no comparison holds
        spikes = not math.isfinite(loss) or (limit is not None and loss > limit)
        if spikes and (not self._spiking or self.action == "restore"):
            self.spikes.append((self._epoch, batch, loss))
            self._act(batch, loss, limit)
        elif self._fresh is not None:
            self._good, self._fresh = self._fresh, None
        self._spiking = spikes
        if math.isfinite(loss):
            self._remember(loss)

    def on_train_end(self, logs=None):
        self._good = self._fresh = None

    def on_exception(self, exception):
        self.on_train_end()

    def _limit(self) -> float | None:
        """What a loss may be; None while too few are known."""
        known = self._sorted
        if len(known) < self.warmup:
            return None
        middle = _quantile(known, 0.5)
        spread = _quantile(known, 0.75) - _quantile(known, 0.25)
        # equal losses differ by their rounding at least
        least = max(self.min_delta, 1e-5 * abs(middle))
        return middle + max(self.factor * spread, least)

    def _remember(self, loss: float) -> None:
        if len(self._last) == self.window:
            del self._sorted[bisect.bisect_left(self._sorted, self._last[0])]
        self._last.append(loss)
        bisect.insort(self._sorted, loss)

    def _act(self, batch: int, loss: float, limit: float | None) -> None:
        happened = f"The loss of batch {batch} in epoch {self._epoch + 1} is a spike"
        expected = None if limit is None else f"at most {limit:.4g}"
        done = None
        if self.action == "stop":
            self.model.stop_training = True
            done = "Training stops"
        elif self.action == "restore":
            done = self._go_back()
        warnings.warn(
            errors.message(happened, f"{loss:.4g}", expected, done),
            RuntimeWarning,
            stacklevel=3,
        )

    def _go_back(self) -> str:
        """Restore the last good state and lower the rate; tells what was done."""
        if self._good is None or self.restores >= self.max_restores:
            self.model.stop_training = True
            if self._good is None:
                return "Training stops: there is no good state to go back to"
            return f"Training stops: it was restored {self.restores} times before"
        optimizer = self.model.optimizer
        rate = float(K.get_value(optimizer.lr)) * self.lr_factor
        weights, slots = self._good
        self.model.set_weights(weights)
        optimizer.set_weights(slots)
        K.set_value(optimizer.lr, rate)
        self._fresh = None
        self.restores += 1
        return f"The last good state is restored, the rate is {rate:g}"


def _quantile(known: list[float], share: float) -> float:
    """A quantile of sorted numbers, between neighbours by their distance."""
    place = share * (len(known) - 1)
    low = int(place)
    high = min(low + 1, len(known) - 1)
    return known[low] + (place - low) * (known[high] - known[low])


def _checked(name: str, value: Any, expected: str, holds: Callable) -> Any:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not holds(value):
        raise ValueError(
            errors.message(
                f"`{name}` of `SpikeDetection` cannot be used", repr(value), expected
            )
        )
    return value
