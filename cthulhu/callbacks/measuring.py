"""Callbacks that measure a run: its time and a budget of it, its speed, its memory.

Where the seconds go is `timing`'s knowledge; how many operations a step has, the
model's.
"""

import datetime
import os
import sys
import time
from collections import defaultdict
from typing import Any

import jax

from cthulhu import errors
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.durations import seconds_of
from cthulhu.callbacks.timing import DATA, STEPS, VALIDATION, Times, since


class Timer(Callback):
    """Stop training once a budget of time is used up.

    Args:
        duration: The budget: seconds, a `timedelta`, or a text like `"90min"`,
            `"1h30min"` or `"00:12:00:00"` (days, hours, minutes, seconds); None only
            measures.  A run that is continued goes on with what is left of it.
        interval: `"batch"` stops after the batch in which it is used up, `"epoch"`
            after the epoch.
        report: Whether to put the seconds of each epoch, validation included, into its
            logs as `seconds`.
        verbose: 1 prints when training stops.

    Raises:
        ValueError: for a budget or an interval that is none.

    Example:
        >>> model.fit(x, y, epochs=1000, callbacks=[Timer("2h")])
    """

    clock = staticmethod(time.monotonic)

    def __init__(
        self,
        duration: str | float | datetime.timedelta | None = None,
        interval: str = "batch",
        report: bool = False,
        verbose: int = 0,
    ):
        if interval not in ("batch", "epoch"):
            raise ValueError(
                errors.message(
                    "`interval` of `Timer` cannot be used",
                    repr(interval),
                    '"batch" or "epoch"',
                )
            )
        self.duration = duration
        self.budget = (
            None if duration is None else seconds_of(duration, "duration", "Timer")
        )
        self.interval = interval
        self.report = report
        self.verbose = verbose
        self._before = 0.0  # seconds until the clock was started
        self._started: float | None = None
        self._epoch_began = 0.0

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """What the logs of an epoch get."""
        return ("seconds",) if self.report else ()

    @property
    def idle_hooks(self) -> tuple[str, ...]:
        """Batches matter only if the budget is looked at after each."""
        looks = self.interval == "batch" and self.budget is not None
        return () if looks else ("on_train_batch_end",)

    def elapsed(self) -> float:
        """Seconds of training so far."""
        if self._started is None:
            return self._before
        return self._before + self.clock() - self._started

    def remaining(self) -> float | None:
        """Seconds that are left, 0 or more; None without a budget."""
        return None if self.budget is None else max(0.0, self.budget - self.elapsed())

    def on_train_begin(self, logs=None):
        if self._begins_anew():
            self._before = 0.0
        self._started = self.clock()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_began = self.clock()

    def on_batch_end(self, batch, logs=None):
        self._look()

    def on_epoch_end(self, epoch, logs=None):
        if self.report and logs is not None:
            logs["seconds"] = self.clock() - self._epoch_began
        self._look()

    def on_train_end(self, logs=None):
        self._before, self._started = self.elapsed(), None

    def on_exception(self, exception):
        self.on_train_end()

    def state_dict(self) -> dict[str, Any]:
        """The seconds that were used."""
        return {"elapsed": self.elapsed()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with what is left of the budget."""
        self._before = state["elapsed"]
        self._continues = True

    def _look(self) -> None:
        if self.budget is None or self.model.stop_training:
            return
        if self.elapsed() >= self.budget:
            self.model.stop_training = True
            if self.verbose > 0:
                print(f"\nTime is up: {self.elapsed():.0f} of {self.budget:.0f} s")


class Throughput(Callback):
    """Report how fast training is, and what it waits for.

    The logs of an epoch get `samples_per_second` and `steps_per_second`, of training
    without validation; `flops_per_second`, of floating-point operations as XLA counts
    them for a step; and `share_steps`, `share_data`, `share_validation` and
    `share_callbacks`: how much of the epoch's time goes into waiting for each, 0 to 1.

    Callbacks that come later in the list are not in the shares of an epoch.  XLA counts
    a loop, such as that of a recurrent layer, as one pass through it.

    Args:
        flops: Whether to count operations, for which the step is traced once more, at
            the end of the first epoch.
        shares: Whether to report shares.

    Example:
        >>> model.fit(x, y, callbacks=[Throughput(), CSVLogger("log.csv")])
    """

    def __init__(self, flops: bool = True, shares: bool = True):
        self.flops = flops
        self.shares = shares
        self._start: dict = {}
        self._rows = self._steps = self._largest = 0
        self._counted: dict[int, float] = {}

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """What the logs of an epoch get."""
        flops = ("flops_per_second",) if self._counts_flops() else ()
        shares = ("steps", "data", "validation", "callbacks") if self.shares else ()
        rates = ("samples_per_second", "steps_per_second")
        return *rates, *flops, *(f"share_{name}" for name in shares)

    def _counts_flops(self) -> bool:
        return self.flops and hasattr(self.model, "step_flops")

    def on_train_begin(self, logs=None):
        self._counted = {}

    def on_epoch_begin(self, epoch, logs=None):
        if self.times is None:
            self.times = Times()
        self._start = self.times.now()
        self._rows = self._steps = self._largest = 0

    def on_batch_end(self, batch, logs=None):
        size = (logs or {}).get("size", 0)
        self._rows += size
        self._steps += 1
        if size > self._largest:
            self._largest = size

    def on_epoch_end(self, epoch, logs=None):
        if logs is None:
            return
        spent = since(self.times.now(), self._start)
        whole = max(sum(spent.values()), 1e-9)
        seconds = max(whole - spent.get(VALIDATION, 0.0), 1e-9)
        logs["samples_per_second"] = self._rows * self._rows_each() / seconds
        logs["steps_per_second"] = self._steps / seconds
        if self._counts_flops():
            logs["flops_per_second"] = self._operations() / seconds
        if self.shares:
            for name in (STEPS, DATA, VALIDATION):
                logs[f"share_{name}"] = spent.get(name, 0.0) / whole
            # the account of a callback is its place in the list
            own = sum(spent[place] for place in spent if isinstance(place, int))
            logs["share_callbacks"] = own / whole

    def _rows_each(self) -> int:
        """Rows behind one of `size`: a step on all rows has the size 1."""
        params = self.params or {}
        if params.get("steps") and params.get("samples"):
            return params["samples"] if params.get("batch_size") is None else 1
        return 1

    def _operations(self) -> float:
        """Those of the epoch; smaller batches count by their rows."""
        rows = self._largest * self._rows_each()
        if not rows:
            return 0.0
        if rows not in self._counted:
            self._counted[rows] = self.model.step_flops(rows)
        return self._counted[rows] * self._rows / self._largest


class DeviceStats(Callback):
    """Report how much memory the devices and the process use, after each epoch.

    The logs of an epoch get `device_0_bytes`, `device_1_bytes` and so on, and
    `device_0_peak_bytes` for a device that knows its highest use so far.  For one that
    keeps no books, such as a CPU, it is the arrays that are alive.  `host_bytes` is the
    memory in which the process resides, where the system tells.

    Example:
        >>> model.fit(x, y, callbacks=[DeviceStats(), CSVLogger("log.csv")])
    """

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """What the logs of an epoch get."""
        return tuple(_memory())

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs.update(_memory())


def _memory() -> dict[str, int]:
    found = {}
    alive: dict[Any, int] | None = None
    for i, device in enumerate(jax.local_devices()):
        stats = device.memory_stats() or {}
        if "bytes_in_use" in stats:
            found[f"device_{i}_bytes"] = int(stats["bytes_in_use"])
        else:
            alive = _alive() if alive is None else alive
            found[f"device_{i}_bytes"] = alive[device]
        if "peak_bytes_in_use" in stats:
            found[f"device_{i}_peak_bytes"] = int(stats["peak_bytes_in_use"])
    resident = _resident_bytes()
    if resident is not None:
        found["host_bytes"] = resident
    return found


def _alive() -> dict[Any, int]:
    """Bytes of the arrays on each device."""
    sums: dict[Any, int] = defaultdict(int)
    for array in jax.live_arrays():
        shape = array.sharding.shard_shape(array.shape)
        size = array.dtype.itemsize
        for extent in shape:
            size *= extent
        for device in array.sharding.addressable_devices:
            sums[device] += size
    return sums


def _resident_bytes() -> int | None:
    if sys.platform.startswith("linux"):
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None
