"""The progress bar: what `fit` prints while it runs, character for character.

`Progbar` draws one bar; `ProgbarLogger` feeds it from the hooks of training.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from cthulhu import config, errors, vocabulary
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.output import Screen, put


class Progbar:
    """A progress bar on standard output.

    Args:
        target: Number of steps expected; None if unknown.
        width: Width of the bar in characters.
        verbose: 0 silent, 1 a bar that is redrawn, 2 one line when the target is met.
        interval: Seconds between two drawings, at least.
        stateful_metrics: Names whose values are shown as they are; all others are
            averaged over the steps.

    Example:
        >>> bar = Progbar(3)
        >>> for step in range(3):
        ...     bar.update(step + 1, [("loss", 0.5)])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
    ):
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.stateful_metrics = set(stateful_metrics or ())
        self._plain = vocabulary.quirk("plain_bar", config.generation())
        self._screen = Screen(redraws=self._plain)
        self._seen = 0
        self._values: dict[str, list] = {}  # name -> [sum, number of steps]
        self._start = time.time()
        self._last_update = 0.0

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        force: bool = False,
    ) -> None:
        """Move the bar to step `current` and take the values of the last steps in.

        Args:
            current: Steps so far.
            values: Pairs of a name and its value in the last step.
            force: Draw the bar, however short a time ago that was done last.
        """
        steps = current - self._seen
        self._seen = current
        sums = self._values
        for name, value in values or ():
            if name in self.stateful_metrics:
                sums[name] = [value, 1]
            elif name in sums:
                entry = sums[name]
                entry[0] += value * steps
                entry[1] += steps
            else:  # without steps, what comes at the end of an epoch counts once
                sums[name] = [value * (steps or 1), steps or 1]

        now = time.time()
        done = self.target is not None and current >= self.target
        if self.verbose == 1:
            force = force or (done and not self._plain)
            if force or now - self._last_update >= self.interval:
                self._draw(current, now)
                self._last_update = now
        elif self.verbose == 2 and done:
            dash = "" if self._plain else " - "
            put(f"{dash}{now - self._start:.0f}s{self._summary()}\n")

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Move the bar on by `n` steps."""
        self.update(self._seen + n, values)

    def finish(self, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Draw the bar a last time; an unknown target is known now."""
        if self.target is None:
            self.target = self._seen
        self.update(self._seen, values, force=True)

    def _draw(self, current: int, now: float) -> None:
        text = self._bar(current) + self._timing(current, now) + self._summary()
        self._screen.draw(text, self.target is not None and current >= self.target)

    def _bar(self, current: int) -> str:
        if self.target is None:
            return f"{current:7d}/Unknown"
        filled = int(self.width * (current / self.target)) if self.target else 0
        bar = "=" * filled
        if filled and current < self.target:
            bar = bar[:-1] + ">"
        digits = len(str(self.target))
        return f"{current:{digits}d}/{self.target} [{bar:.<{self.width}}]"

    def _timing(self, current: int, now: float) -> str:
        elapsed = now - self._start
        each = elapsed / current if current else 0.0
        if self.target is not None and current < self.target:
            left = each * (self.target - current)
            return f" - ETA: {f'{int(left)}s' if self._plain else _remaining(left)}"
        if self._plain:
            return f" - {int(elapsed)}s"
        if each >= 1:
            speed = f"{each:.0f}s/step"
        elif each >= 1e-3:
            speed = f"{each * 1e3:.0f}ms/step"
        else:
            speed = f"{each * 1e6:.0f}us/step"
        return f" - {elapsed:.0f}s {speed}"

    def _summary(self) -> str:
        return "".join(
            f" - {name}: {self._shown(np.mean(total / max(1, steps)))}"
            for name, (total, steps) in self._values.items()
        )

    def _shown(self, value: float) -> str:
        # A line of verbose=2 has always shown negative numbers in exponent form.
        size = abs(value) if self.verbose == 1 else value
        return f"{value:.4f}" if size > 1e-3 else f"{value:.4e}"


def _remaining(seconds: float) -> str:
    minutes = int(seconds % 3600 // 60)
    if seconds > 3600:
        return f"{int(seconds // 3600)}:{minutes:02d}:{int(seconds % 60):02d}"
    if seconds > 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{int(seconds)}s"


class ProgbarLogger(Callback):
    """Print the progress of training to standard output.

    `fit` makes one unless `verbose=0`.  While an epoch runs, a name shows its mean over
    the samples so far or, if it is stateful, its last value.  In the end each name
    shows what the epoch reports, as it stands in the history; numbers that callbacks
    put into `logs` come last.

    Args:
        count_mode: `"samples"` or `"steps"`: what the bar counts.
        stateful_metrics: Names of metrics shown as they are; all others are averaged.

    Raises:
        ValueError: for another `count_mode`.
    """

    adds_logs = ()

    def __init__(
        self,
        count_mode: str = "samples",
        stateful_metrics: Iterable[str] | None = None,
    ):
        if count_mode not in ("samples", "steps"):
            raise ValueError(
                errors.message(
                    f"Unknown `count_mode`: {count_mode}",
                    expected='"samples" or "steps"',
                )
            )
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = set(stateful_metrics or ())
        self.verbose = 0
        self._ends_bars = True

    @property
    def idle_hooks(self) -> tuple[str, ...]:
        """Without output there is nothing to do for a batch."""
        silent = not (self.params or {}).get("verbose", self.verbose)
        return () if not silent else ("on_train_batch_begin", "on_train_batch_end")

    def ending(self) -> Callback:
        """A callback for the place behind all others, which ends this one's bars.

        So they have what callbacks in between put into `logs`.
        """
        self._ends_bars = False
        return _Ending(self)

    def on_train_begin(self, logs=None):
        self.verbose = self.params["verbose"]
        self.epochs = self.params["epochs"]

    def on_epoch_begin(self, epoch, logs=None):
        self.seen = 0
        self._samples = 0
        self._totals: dict[str, Any] = {}  # name -> sum over samples
        self.target = self.params.get("steps" if self.use_steps else "samples")
        if self.verbose:
            put(f"Epoch {epoch + 1}/{self.epochs}\n")
            self.progbar = Progbar(
                self.target,
                verbose=self.verbose,
                stateful_metrics=self.params["metrics"],  # averaged here
            )

    def on_batch_end(self, batch, logs=None):
        if not self.verbose:
            return
        size = logs.get("size", 0)
        self.seen += 1 if self.use_steps else size
        self._samples += size
        values = [
            (name, self._so_far(name, logs[name], size))
            for name in self.params["metrics"]
            if name in logs
        ]
        if self.target is None or self.seen < self.target:
            self.progbar.update(self.seen, values)

    def on_epoch_end(self, epoch, logs=None):
        if self._ends_bars:
            self.end_bar(logs or {})

    def end_bar(self, logs: Mapping[str, Any]) -> None:
        """Draw an epoch's bar a last time, with what the epoch reports."""
        if not self.verbose:
            return
        names = [name for name in self.params["metrics"] if name in logs]
        names += [n for n in logs if n not in names and _is_number(logs[n])]
        values = [(name, logs[name]) for name in names]
        self.progbar.stateful_metrics.update(names)
        if self.target is None:
            self.progbar.finish(values)
        else:
            self.progbar.update(self.seen, values, force=self.seen >= self.target)

    def _so_far(self, name: str, value: Any, size: int) -> Any:
        """What a name shows after another batch of so many samples."""
        if name in self.stateful_metrics:
            return value
        total = self._totals[name] = self._totals.get(name, 0.0) + value * size
        return total / max(self._samples, 1)


class _Ending(Callback):
    """The end of the bars of a `ProgbarLogger`, at another place of the list."""

    adds_logs = ()

    def __init__(self, logger: ProgbarLogger):
        self.logger = self.part_of = logger

    def on_epoch_end(self, epoch, logs=None):
        self.logger.end_bar(logs or {})


def _is_number(value: Any) -> bool:
    return not isinstance(value, (str, bytes)) and (
        np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf"
    )
