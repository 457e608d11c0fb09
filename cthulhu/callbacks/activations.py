"""ActivationStatistics: what the layers of a model put out for given data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cthulhu import errors
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.statistics import Batches, predict

KINDS = ("mean", "std", "zeros", "dead")


class ActivationStatistics(Callback):
    """Report the outputs of layers on given data at the end of each epoch.

    For each layer four numbers stand in the logs: `activation_mean/<layer>` and
    `activation_std/<layer>` over all elements of its output; `activation_zeros/<layer>`
    is the share of elements that are exactly 0, and `activation_dead/<layer>` the share
    of units (places along the last axis) that are 0 for all of the data.

    Args:
        data: Inputs: an array, or a list of them for several inputs.  A few hundred
            rows tell enough.
        layers: Names of layers, or one; None: all but inputs.
        batch_size: Integer, about how many rows are computed at once.
        period: Integer, epochs from one report to the next.

    Raises:
        ValueError: for data without rows; when training begins, for data that do not
            fit, or an unknown layer.
        NotImplementedError: when training begins, for a model that is defined by Python
            code, without a graph of layers.

    Example:
        >>> model.fit(x, y, epochs=5, callbacks=[ActivationStatistics(x[:256])])

    See: Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010, section 3; Maas et al., Rectifier nonlinearities improve
    neural network acoustic models, 2013.
    """

    def __init__(
        self,
        data: Any,
        layers: str | Sequence[str] | None = None,
        batch_size: int = 32,
        period: int = 1,
    ):
        who = type(self).__name__
        self.batch_size = errors.check_whole("batch_size", batch_size, 1, who)
        self.period = errors.check_whole("period", period, 1, who)
        self.layers = [layers] if isinstance(layers, str) else layers
        self.data = data
        self._batches = Batches(data, batch_size)
        self._probe: Any = None

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """The names that are reported."""
        names = self.probe.output_names
        return tuple(f"activation_{kind}/{name}" for name in names for kind in KINDS)

    @property
    def probe(self) -> Any:
        """A model of the same inputs that gives the outputs of the layers."""
        if self._probe is None:
            self._probe = self.model.probe(self.layers)
        return self._probe

    def set_model(self, model):
        if model is not self.model:
            self._probe = None
        super().set_model(model)

    def on_train_begin(self, logs=None):
        self._batches.try_on(self.probe)

    def on_epoch_end(self, epoch, logs=None):
        if logs is None or (epoch + 1) % self.period:
            return
        found = [Seen() for _ in self.probe.output_names]
        for batch in self._batches:
            outputs = predict(self.probe, batch)
            outputs = outputs if isinstance(outputs, list) else [outputs]
            for seen, output in zip(found, outputs, strict=True):
                seen.add(np.asarray(output))
        for name, seen in zip(self.probe.output_names, found, strict=True):
            values = (seen.mean, seen.std, seen.zeros / seen.count, seen.dead)
            for kind, value in zip(KINDS, values, strict=True):
                logs[f"activation_{kind}/{name}"] = value


class Seen:
    """Statistics of arrays that come one after the other.

    Attributes:
        count: Elements so far.
        mean: Their mean.
        zeros: How many of them are 0.
    """

    def __init__(self):
        self.count = self.zeros = 0
        self.mean = self._squares = 0.0
        self._alive: Any = False

    def add(self, array: np.ndarray) -> None:
        """Take in another array, whose last axis is that of the units."""
        values = array.astype(np.float64)
        count, mean = values.size, float(values.mean())
        # sums of squares about the mean of each part: Chan et al., 1979
        shift, total = mean - self.mean, self.count + count
        self._squares += float(np.square(values - mean).sum())
        self._squares += shift**2 * self.count * count / total
        self.mean += shift * count / total
        self.count = total
        alive = values != 0
        self.zeros += int(count - alive.sum())
        self._alive = self._alive | alive.reshape(-1, array.shape[-1]).any(axis=0)

    @property
    def std(self) -> float:
        """The standard deviation of the elements."""
        return float(np.sqrt(self._squares / self.count))

    @property
    def dead(self) -> float:
        """The share of units that were never anything but 0."""
        return float(1.0 - np.mean(self._alive))
