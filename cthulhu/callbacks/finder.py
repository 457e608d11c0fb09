"""LearningRateFinder: try all rates between two, once, before training.

The rate rises inside the compiled step.  What is made of the rate that was found, one
cycle for one, is `cycles`' business.
"""

import math
import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import errors
from cthulhu.callbacks.cycles import Stepwise, above, is_number, out_of_range
from cthulhu.callbacks.instep import steps_in_epoch


class LearningRateFinder(Stepwise):
    """The learning rate range test: let the rate rise step by step and watch the loss.

    At step i of n the rate is `min_lr (max_lr / min_lr) ^ (i / (n - 1))`; a `decay` of
    the optimizer rests.  The test ends after n steps, or once the loss is no number, or
    its running mean is `divergence` times the best one.  Then weights, optimizer state,
    rate and all are what they were before, to the bit, however the test ends.

    Args:
        min_lr: Float above 0, the rate of the first step.
        max_lr: Float above `min_lr`, the rate of the last step.
        steps: Integer, 3 or more, steps of the test; None: as many as `fit` makes.
        smoothing: Float, 0 or more and below 1, weight of the past in the running mean
            of the loss (corrected for its beginning); 0: the loss itself.
        divergence: Float above 1, how many times the best mean ends the test; None:
            only a loss that is no number does.

    Attributes:
        lrs: List of the rates that were tried.
        losses: List of the losses of the batches at these rates.
        smoothed: List of the running means of the losses.
        suggestion: Float, the rate at which the mean falls fastest, or None if it never
            fell; somewhat more, up to a tenth of the rate of the lowest loss, is usual
            for `max_lr` of `OneCycle`.

    Raises:
        ValueError: for an argument out of range; when training begins, if `fit` makes
            fewer steps than the test needs, or the rate follows a schedule.

    Example:
        >>> finder = LearningRateFinder(1e-4, 10.0)
        >>> history = model.fit(x, y, epochs=50, verbose=0, callbacks=[finder])
        >>> figure = finder.plot("rates.png")
        >>> finder.lrs[0], model.optimizer.iterations.numpy()
        (0.0001, array(0, dtype=int32))

    See: Smith, Cyclical learning rates for training neural networks, 2017, section 3.3.
    """

    adds_logs = ("lr",)

    def __init__(
        self,
        min_lr: float = 1e-7,
        max_lr: float = 10.0,
        steps: int | None = None,
        smoothing: float = 0.98,
        divergence: float | None = 4.0,
    ):
        who = type(self)
        above(who, min_lr=min_lr)
        if not is_number(max_lr) or max_lr <= min_lr:
            raise out_of_range(who, "max_lr", max_lr, f"a number above {min_lr:g}")
        if steps is not None:
            errors.check_whole("steps", steps, 3, who.__name__)
        if not is_number(smoothing) or not 0 <= smoothing < 1:
            raise out_of_range(
                who, "smoothing", smoothing, "a number of at least 0 and below 1"
            )
        if divergence is not None and not (is_number(divergence) and divergence > 1):
            raise out_of_range(who, "divergence", divergence, "a number above 1")
        self.min_lr, self.max_lr, self.steps = min_lr, max_lr, steps
        self.smoothing, self.divergence = smoothing, divergence
        self._before: list[tuple[Any, np.ndarray]] | None = None
        self._reset()

    def _reset(self) -> None:
        self.lrs: list[float] = []
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self._mean = 0.0

    # How the rate rises

    def _names(self) -> list[str]:
        decays = hasattr(getattr(self.model, "optimizer", None), "decay")
        return ["lr", "decay"] if decays else ["lr"]

    def _depends_on(self) -> Any:
        return self._length()

    def _functions(self) -> dict[str, Any]:
        last = self._length() - 1
        span = math.log(self.max_lr / self.min_lr)

        def rate(step: Any, now: Any) -> Any:
            return self.min_lr * jnp.exp(span * jnp.minimum(step / last, 1.0))

        rest = {name: lambda step, now: now * 0.0 for name in self._names()[1:]}
        return {"lr": rate, **rest}

    def _length(self) -> int:
        params = self.params or {}
        steps = steps_in_epoch(params)
        there = None if steps is None else steps * params.get("epochs", 1)
        if self.steps is None and there is None:
            raise ValueError(
                errors.message(
                    "LearningRateFinder does not know how many steps there are",
                    "batches from an iterator of unknown length",
                    fix="Give `steps` to the callback or `steps_per_epoch` to `fit`",
                )
            )
        needed = self.steps or 3
        if there is not None and there < needed:
            raise ValueError(
                errors.message(
                    "This `fit` is too short for the test of LearningRateFinder",
                    f"{there} steps",
                    f"{needed} at least",
                    f"Give `epochs={-(-needed // (steps or 1))}`, or a smaller "
                    "`batch_size`",
                )
            )
        return self.steps or there or needed

    # Hooks

    def on_train_begin(self, logs=None):
        self._reset()
        self._last = self._length() - 1
        self._remember()
        super().on_train_begin(logs)
        self._counts = False
        self._setter.step.assign(0)  # whatever epoch comes first

    def on_batch_end(self, batch, logs=None):
        i, last = len(self.lrs), self._last
        loss = float((logs or {}).get("loss", math.nan))
        self.lrs.append(self.min_lr * (self.max_lr / self.min_lr) ** (i / last))
        self.losses.append(loss)
        self._mean = self.smoothing * self._mean + (1 - self.smoothing) * loss
        mean = self._mean / (1 - self.smoothing ** (i + 1))
        self.smoothed.append(mean)
        best = min(self.smoothed, key=lambda x: math.inf if math.isnan(x) else x)
        limit = math.inf if self.divergence is None else self.divergence * best
        diverged = not math.isfinite(loss) or (best > 0 and mean > limit)
        if diverged or i == last:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None and self.lrs:
            logs["lr"] = self.lrs[-1]

    def on_train_end(self, logs=None):
        self._restore()
        super().on_train_end(logs)

    def on_exception(self, exception):
        self._restore()
        super().on_exception(exception)

    def _remember(self) -> None:
        optimizer = self.model.optimizer
        held = dict.fromkeys([*self.model.weights, *optimizer.variables])
        self._before = [(variable, variable.numpy()) for variable in held]

    def _restore(self) -> None:
        for variable, array in self._before or ():
            variable.assign(jax.device_put(array, variable.value.sharding))
        self._before = None

    # What came of it

    @property
    def suggestion(self) -> float | None:
        """The rate at which the running mean falls fastest over the log of the rate.

        The slope at a rate is that of the straight line through the means of about a
        tenth of the test around it, and only rates below that of the lowest mean count.
        """
        means = np.array(self.smoothed)[np.isfinite(self.smoothed)]
        reach = max(1, len(means) // 20)
        if len(means) < 2 * reach + 1:
            return None
        # least squares on rates whose logs have equal distances
        steps = np.arange(-reach, reach + 1)
        slopes = np.correlate(means, steps, mode="valid") / np.square(steps).sum()
        slopes = slopes[: max(0, np.argmin(means) - reach + 1)]
        if not len(slopes) or slopes.min() >= 0:
            return None
        return self.lrs[int(np.argmin(slopes)) + reach]

    def plot(self, path: str | os.PathLike | None = None) -> Any:
        """Draw loss against rate, with the suggestion.

        Args:
            path: File to write, in the format of its ending; None: only the figure.

        Returns:
            The figure of matplotlib.

        Raises:
            errors.MissingExtra: matplotlib is not installed.
            ValueError: there was no test yet.
        """
        if not self.lrs:
            raise ValueError(
                errors.message(
                    "LearningRateFinder has nothing to draw",
                    fix="Run the test first: `model.fit(x, y, callbacks=[finder])`",
                )
            )
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise errors.missing_extra(
                "matplotlib", "plot", "drawing the rates"
            ) from None
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        axes.plot(self.lrs, self.losses, color="0.8", label="loss of the batch")
        axes.plot(self.lrs, self.smoothed, label="running mean")
        found = self.suggestion
        if found is not None:
            axes.axvline(found, color="C1", label=f"suggestion: {found:.2g}")
        low, high = np.nanmin(self.smoothed), self.smoothed[0]
        if np.isfinite([low, high]).all() and high > low:
            margin = 0.2 * (high - low)
            axes.set_ylim(low - margin, high + 3 * margin)
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
        axes.legend()
        if path is not None:
            figure.savefig(path)
        return figure
