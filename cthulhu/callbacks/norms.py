"""GradientNorm and WeightNorm: how long gradients and weights are, as vectors.

The norm of the gradients is computed inside the compiled step, that of the weights when
an epoch ends.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cthulhu import optimizers
from cthulhu.callbacks.base import Callback
from cthulhu.callbacks.instep import InStep
from cthulhu.core import Variable


class GradientNorm(InStep):
    """Report the L2 norm of the gradients, before any clipping.

    `grad_norm` in the logs of a batch is the root of the sum of all squares of that
    batch's gradients; at an epoch's end it is the mean over the batches.  It comes out
    of the compiled step and costs nothing else.

    Args:
        per_layer: Whether each layer with weights that are trained is reported, too, as
            `grad_norm/<name of the layer>`.

    Raises:
        TypeError: when training begins, for an optimizer that takes no companions.

    Example:
        >>> history = model.fit(x, y, callbacks=[GradientNorm()])
        >>> history.history["grad_norm"]
    """

    def __init__(self, per_layer: bool = False):
        self.per_layer = per_layer
        self._norms: _Norms | None = None
        self._made_for: Any = None
        self._sums: dict[str, float] = {}
        self._batches = 0

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """The names that are reported."""
        return tuple(_names("grad_norm", self.model, self.per_layer))

    def on_train_begin(self, logs=None):
        key = [*map(id, self.model.weights), *self.adds_logs]
        if self._norms is None or key != self._made_for:
            layers = _layers(self.model) if self.per_layer else {}
            self._norms, self._made_for = _Norms(layers), key
        self.attach(self._norms)

    def on_epoch_begin(self, epoch, logs=None):
        self._sums, self._batches = dict.fromkeys(self.adds_logs, 0.0), 0

    def on_batch_end(self, batch, logs=None):
        self._batches += 1
        for name in self._sums:
            self._sums[name] += (logs or {}).get(name, math.nan)

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None and self._batches:
            logs.update({n: s / self._batches for n, s in self._sums.items()})


class _Norm:
    """A number that a step reports: the last norm."""

    def __init__(self, name: str):
        self.name = name
        self.value = Variable(0.0, "float32", name, trainable=False)
        self.variables = [self.value]

    def result(self) -> Any:
        return self.value.value

    def reset_states(self) -> None:
        self.value.assign(0.0)


class _Norms(optimizers.Companion):
    def __init__(self, layers: dict[Variable, str]):
        self.layers = layers
        self.whole = _Norm("grad_norm")
        names = dict.fromkeys(layers.values())
        self.parts = {name: _Norm(f"grad_norm/{name}") for name in names}
        self.metrics = [self.whole, *self.parts.values()]

    def before(self, optimizer, grads, variables):
        squares = list(map(_square, grads))
        self.whole.value.assign(jnp.sqrt(_sum(squares)))
        for name, norm in self.parts.items():
            own = [
                square
                for square, variable in zip(squares, variables, strict=True)
                if self.layers.get(variable) == name
            ]
            norm.value.assign(jnp.sqrt(_sum(own)))
        return grads


class WeightNorm(Callback):
    """Report the L2 norm of the trainable weights at the end of each epoch.

    `weight_norm` in the logs is the root of the sum of all their squares.

    Args:
        per_layer: Whether each layer with trainable weights is reported, too, as
            `weight_norm/<name of the layer>`.

    Example:
        >>> model.fit(x, y, callbacks=[WeightNorm(per_layer=True)])
    """

    def __init__(self, per_layer: bool = False):
        self.per_layer = per_layer

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """The names that are reported."""
        return tuple(_names("weight_norm", self.model, self.per_layer))

    def on_epoch_end(self, epoch, logs=None):
        if logs is None:
            return
        weights = list(self.model.trainable_weights)
        squares = [float(s) for s in _squares([w.value for w in weights])]
        logs["weight_norm"] = math.sqrt(sum(squares))
        if self.per_layer:
            layers = _layers(self.model)
            for name in dict.fromkeys(layers.values()):
                own = [
                    square
                    for square, weight in zip(squares, weights, strict=True)
                    if layers.get(weight) == name
                ]
                logs[f"weight_norm/{name}"] = math.sqrt(sum(own))


def _square(array: Any) -> Any:
    return jnp.sum(jnp.square(array.astype(jnp.float32)))


@jax.jit
def _squares(arrays: Sequence[Any]) -> list[Any]:
    return [_square(array) for array in arrays]


def _sum(squares: Iterable[Any]) -> Any:
    return sum(squares, jnp.zeros((), jnp.float32))


def _layers(model: Any) -> dict[Variable, str]:
    """The layer, directly in the model, that each trainable weight belongs to."""
    found: dict[Variable, str] = {}
    for layer in model.layers:
        for weight in layer.trainable_weights:
            found.setdefault(weight, layer.name)
    return found


def _names(whole: str, model: Any, per_layer: bool) -> list[str]:
    layers = _layers(model).values() if per_layer else ()
    return [whole, *dict.fromkeys(f"{whole}/{layer}" for layer in layers)]
