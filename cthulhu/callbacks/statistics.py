"""Moving statistics of normalisation layers, computed anew by a pass over data.

A layer counts as one that has them if it has `moving_mean`, `moving_variance` and a
`momentum`, and is trainable.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.callbacks.base import Callback
from cthulhu.core import Variable

_NAMES = ("moving_mean", "moving_variance")


class Batches:
    """Inputs of a model in batches whose sizes differ by one at most.

    Args:
        data: An array, or a list of them with as many rows each.
        batch_size: About how many rows a batch has.

    Raises:
        ValueError: There are no rows, or not as many in each.
    """

    def __init__(self, data: Any, batch_size: int):
        several = isinstance(data, (list, tuple)) and all(
            hasattr(one, "shape") for one in data
        )
        self.arrays = [np.asarray(one) for one in (data if several else [data])]
        rows = {array.shape[0] if array.ndim else 0 for array in self.arrays}
        self.rows = rows.pop() if len(rows) == 1 else 0
        if self.rows < 1:
            raise ValueError(
                errors.message(
                    "`data` of a callback cannot be put into batches",
                    f"arrays of shape {[array.shape for array in self.arrays]}",
                    "an array, or a list of arrays, with as many rows each",
                )
            )
        self.count = -(-self.rows // batch_size)

    def __iter__(self) -> Iterator[Any]:
        ends = np.linspace(0, self.rows, self.count + 1).astype(int)
        for first, last in zip(ends[:-1], ends[1:], strict=True):
            batch = [array[first:last] for array in self.arrays]
            yield batch if len(batch) > 1 else batch[0]

    def try_on(self, model: Any) -> None:
        """Let a model predict the first batch, to see that the data fit."""
        with errors.within("`data` of a callback"):
            predict(model, next(iter(self)))


def _moving_layers(model: Any) -> list[Any]:
    return [
        layer
        for layer in model.layers_below()
        if all(isinstance(getattr(layer, name, None), Variable) for name in _NAMES)
        and layer.trainable
        and 0 <= getattr(layer, "momentum", 1) < 1
    ]


def moving_statistics(model: Any) -> list[Variable]:
    """The variables of a model that hold moving statistics and change in training."""
    return [getattr(layer, n) for layer in _moving_layers(model) for n in _NAMES]


def recompute(model: Any, batches: Batches) -> None:
    """Set moving statistics to the means, over rows, of those of the batches.

    The model runs as in training, dropout included.  Its other weights stay.
    """
    moving = {
        getattr(layer, name): layer.momentum
        for layer in _moving_layers(model)
        for name in _NAMES
    }
    before = [(w, w.value) for w in model.weights if not w.trainable]
    sums = {variable: np.zeros(variable.shape) for variable in moving}
    rows, done = 0, False
    try:
        with K.learning_phase_scope(1):
            for batch in batches:
                for variable in moving:  # from zero a batch leaves its part alone
                    variable.assign(np.zeros(variable.shape))
                predict(model, batch)
                size = rows_of(batch)
                rows += size
                for variable, momentum in moving.items():
                    part = variable.numpy().astype(float) / (1 - momentum)
                    sums[variable] += size * part
        done = True
    finally:
        for weight, array in before:
            new = done and weight in sums
            weight.assign(sums[weight] / rows if new else array)


def rows_of(batch: Any) -> int:
    """Rows of a batch."""
    return len(batch[0] if isinstance(batch, list) else batch)


def predict(model: Any, batch: Any) -> Any:
    """What a model makes of a batch, without drawing from NumPy's generator."""
    # With somebody who listens every call has the same random key.
    return model.predict(batch, batch_size=rows_of(batch), callbacks=[Callback()])
