"""Keeper: what a layer keeps: weights, penalties, updates, metrics, other layers.

How a layer is called stands in `base`; what its calls were, in `call`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import backend as K
from cthulhu import config, constraints, errors, initializers
from cthulhu.core import (
    Configurable,
    Variable,
    current_scope,
    inside_scope,
    is_symbolic,
)
from cthulhu.layers.call import InferenceScope, as_list
from cthulhu.metrics import Mean, Metric


class Keeper(Configurable):
    """Keeps weights, penalties, updates, metrics and the layers inside."""

    name: str
    dtype: Any
    trainable: bool
    stateful: bool
    _layers: list[Any]
    _metrics: list[Metric]

    def add_weight(
        self,
        name=None,
        shape=None,
        dtype=None,
        initializer=None,
        regularizer=None,
        trainable=True,
        constraint=None,
    ) -> Variable:
        """Make a weight and keep it.

        Args:
            name: Name of the weight within the layer.
            shape: Its shape, default a scalar.
            dtype: Name of its dtype, default the layer's.
            initializer: Name, config or function of `(shape, dtype)`; default
                `"glorot_uniform"`.
            regularizer: Function of the weight that gives a penalty, or None.
            trainable: Whether training changes it.
            constraint: Function of the weight, applied after each update, or None.

        Returns:
            The variable.
        """
        if not isinstance(name, str) and name is not None:
            name, shape = shape if isinstance(shape, str) else None, name
        shape = () if shape is None else tuple(shape)
        if not all(isinstance(d, (int, np.integer)) and d >= 0 for d in shape):
            raise ValueError(
                errors.message(
                    f"Layer `{self.name}` cannot make its weight `{name}`",
                    f"shape {shape}",
                    "whole numbers of at least 0",
                    "Are the layer's arguments, `units` or `filters` for instance, "
                    "whole numbers, and the sizes of its input known?",
                )
            )
        dtype = dtype or self.dtype or config.floatx()
        initializer = initializers.get(initializer or "glorot_uniform")
        with jax.ensure_compile_time_eval():  # numbers, even while a call is traced
            start = initializer(shape, dtype=dtype)
        weight = Variable(
            start,
            dtype=dtype,
            name=f"{self.name}/{name or 'weight'}",
            trainable=trainable,
            constraint=constraints.get(constraint),
        )
        if regularizer is not None:
            self._penalties.append(functools.partial(regularizer, weight))
        weight.kept = True
        self._keep(weight)
        return weight

    def _keep(self, weight: Variable) -> None:
        own = self._trainable_weights
        if not weight.trainable:
            own = self._non_trainable_weights
        if not any(weight is known for known in own):
            own.append(weight)

    @property
    def built(self) -> bool:
        """Whether the weights are there."""
        return self._built

    @built.setter
    def built(self, value: bool) -> None:
        self._built = value

    @property
    def trainable_weights(self) -> list[Variable]:
        """Variables that training changes: none while `trainable` is False."""
        if not self.trainable:
            return []
        own = list(self._trainable_weights)
        return own + [w for layer in self._layers for w in layer.trainable_weights]

    @trainable_weights.setter
    def trainable_weights(self, weights: list[Variable]) -> None:
        self._trainable_weights = weights
        self._non_trainable_weights = _without(self._non_trainable_weights, weights)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Variables that training leaves alone, moving averages for instance."""
        own = list(self._non_trainable_weights)
        if not self.trainable:
            own = list(self._trainable_weights) + own
            return own + [w for layer in self._layers for w in layer.weights]
        return own + [w for layer in self._layers for w in layer.non_trainable_weights]

    @non_trainable_weights.setter
    def non_trainable_weights(self, weights: list[Variable]) -> None:
        self._non_trainable_weights = weights
        self._trainable_weights = _without(self._trainable_weights, weights)

    @property
    def weights(self) -> list[Variable]:
        """All variables, the trainable ones first."""
        return self.trainable_weights + self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """NumPy copies of all weights, in the order of `weights`."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights from arrays in the order of `weights`.

        Raises:
            ValueError: Another number of arrays, or an array of another shape; no
                weight is changed then.
        """
        assign_all(self, self.weights, weights)

    def count_params(self) -> int:
        """Number of scalars in all weights.

        Raises:
            RuntimeError: The layer is not built yet.
        """
        if not self.built:
            raise errors.NotReady(
                errors.message(
                    f"`count_params` was called on `{self.name}`, which is not built "
                    "yet",
                    fix="Call it on data, or `build(batch_input_shape)`, first",
                )
            )
        return sum(variable.size for variable in self.weights)

    # Penalties, updates, metrics

    def layers_below(self) -> Iterator[Any]:
        """This layer and all layers kept in it, each once."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer
                stack.extend(reversed(layer._layers))

    def keeps_rows_apart(self) -> bool:
        """Whether each row of the outputs is made of that row of the inputs alone.

        False where it is not known: classes and functions of users may do anything.
        """
        return all(layer._itself_keeps_rows_apart() for layer in self.layers_below())

    def _itself_keeps_rows_apart(self) -> bool:
        """What `keeps_rows_apart` tells, of this layer without those in it."""
        held = vars(self)
        named = [held[name] for name in held if name.endswith(("axis", "axes"))]
        axes = [x for some in named for x in as_list(some) if isinstance(x, int)]
        # No output is made of a model's loss, nor of what is in private lists: those
        # hold penalties and calls.
        public = [name for name in held if name[0] != "_" and name != "loss"]
        used = [x for name in public for x in as_list(held[name])]
        used += [held[name] for name in held if name[0] == "_"]
        called = [x for x in used if callable(x) or hasattr(x, "call")]
        return all(map(_is_own, [type(self), *called])) and all(
            axis == -1 or axis > 0 for axis in axes
        )

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add penalties to what training minimises.

        Args:
            losses: One or a list of: what `call` computed, a symbol, or a function
                without arguments that computes it from weights.
            inputs: What it was computed from; kept for `get_losses_for`.

        Raises:
            ValueError: An array from outside of `call`: it depends on no weight.
        """
        at = None if inputs is None else as_list(inputs)
        for loss in as_list(losses):
            if callable(loss):
                self._penalties.append(loss)
            elif is_symbolic(loss):
                self._call_losses.append((loss, at))
            elif inside_scope():
                current_scope().losses.append(loss)  # type: ignore[union-attr]
            elif isinstance(loss, (int, float)):
                if at is None:
                    self._penalties.append(functools.partial(float, loss))
                else:
                    self._call_losses.append((loss, at))
            elif inputs is None:
                raise ValueError(
                    errors.message(
                        f"`{self.name}.add_loss` got an array, which no longer depends "
                        "on any weight",
                        f"shape {jnp.shape(loss)}",
                        "what `call` computed, a symbol, or a function of no arguments",
                        "Pass `lambda: ...` around the computation",
                    )
                )
            else:  # of a call on arrays, outside of any model
                self._call_losses.append((loss, at))

    def _forget_computed_losses(self) -> None:
        """Leave those of symbols, which belong to calls that are kept."""
        kept = [
            pair for pair in self._call_losses if not isinstance(pair[0], jax.Array)
        ]
        self._call_losses = kept

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Count writes of `call` among the updates: they happen in training alone.

        Args:
            updates: One or a list of what `K.update` and its kin gave, or pairs
                `(variable, new value)`.
            inputs: What they were computed from; kept for `get_updates_for`.
        """
        pair = isinstance(updates, tuple) and len(updates) == 2
        scope = current_scope()
        for update in [updates] if pair else as_list(updates):
            if not isinstance(update, tuple):
                at = None if inputs is None else as_list(inputs)
                self._call_updates.append((update, at))
                continue
            done = isinstance(update, K.Update)
            frozen = (
                not self.trainable if scope.frozen is None else self in scope.frozen
            )
            training = scope.training or not inside_scope()
            wanted = self.stateful or (training and not frozen)
            if not wanted:
                if done:
                    update.revert()
            elif not done:
                update = K.Update(*update)
            if isinstance(scope, InferenceScope):
                scope.updated.append(update[0])

    def add_metric(self, value: Any, name: str | None = None, **_: Any) -> None:
        """Report the mean of `value` over an epoch under `name` in the logs."""
        source = current_scope().source_of(value) if inside_scope() else None
        if source is not None:  # what a metric of the layer computed, and counts itself
            if not any(source is metric for metric in self._metrics):
                self._metrics.append(source)
            self._named(source.name)
            return
        if name is None:
            raise ValueError(
                errors.message(
                    f"`{self.name}.add_metric` got a value without a name",
                    fix="Give `name=`, or what a metric object computed",
                )
            )
        self._mean(name).update_state(value)

    def _named(self, name: str) -> list[Metric]:
        """The metric of that name in a list, or an empty one."""
        found = [metric for metric in self._metrics if metric.name == name]
        if len(found) > 1:
            raise ValueError(
                errors.message(
                    f"`{self.name}` has {len(found)} metrics of the name `{name}`",
                    expected="a name of its own for each metric",
                )
            )
        return found

    def _mean(self, name: str) -> Metric:
        found = self._named(name)
        if not found:
            with jax.ensure_compile_time_eval():  # made while a call is tried
                found = [Mean(name=name)]
            self._metrics += found
        return found[0]

    @property
    def metrics(self) -> list[Metric]:
        """Metrics that this layer and those inside it report."""
        below = [m for layer in self._layers for m in layer.metrics]
        return list(self._metrics) + below

    @property
    def penalties(self) -> list[Any]:
        """Functions without arguments that compute the penalties on weights."""
        return [p for layer in self.layers_below() for p in layer._penalties]

    @property
    def losses(self) -> list[Any]:
        """Penalties: numbers for those on weights, symbols for those on outputs.

        Of calls on arrays, those of the last one.
        """
        calls = [loss for loss, _ in self._losses_below()]
        return [p() for p in self.penalties] + calls

    @property
    def updates(self) -> list[Any]:
        """Variables that calls in training update, once per call."""
        return [update for update, _ in self._updates_below()]

    def _updates_below(self) -> list[tuple[Any, list[Any] | None]]:
        """Updates of this layer and of those inside it, and what they come from."""
        found: list[tuple[Any, list[Any] | None]] = []
        for layer in self.layers_below():
            if not layer.trainable and not layer.stateful:
                continue
            inner = layer is not self  # what a call here did is in the own ones already
            for update, at in layer._call_updates:
                if not (inner and isinstance(update, Variable)):
                    found.append((update, at))
        return found

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Updates that a call on `inputs` makes (None: those of no call)."""
        return [u for u, at in self._updates_below() if _concerns(inputs, at)]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Penalties that a call on `inputs` adds (None: those on weights)."""
        if inputs is None:
            return [penalty() for penalty in self.penalties]
        return [loss for loss, at in self._losses_below() if _concerns(inputs, at)]

    def _losses_below(self) -> list[tuple[Any, list[Any] | None]]:
        """Penalties of calls, of layers inside too, and what they are of."""
        return [pair for layer in self.layers_below() for pair in layer._call_losses]

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and not value.kept:
            self._keep(value)  # one that a user's layer made with `K.variable`
        for thing in value if isinstance(value, (list, tuple)) else [value]:
            self._track(thing)
        if isinstance(value, dict):
            for thing in value.values():
                self._track(thing)
        object.__setattr__(self, name, value)

    def _track(self, thing: Any) -> None:
        if isinstance(thing, Keeper):
            if not any(thing is layer for layer in self._layers):
                self._layers.append(thing)
        elif isinstance(thing, Metric):
            if not any(thing is metric for metric in self._metrics):
                self._metrics.append(thing)


def assign_all(layer: Any, variables: list[Variable], weights: Any) -> None:
    """Set variables from arrays: all of them, or none if anything is wrong.

    Args:
        layer: The layer or model they belong to, for messages.
        variables: What to set.
        weights: An array for each.

    Raises:
        ValueError: Another number of arrays, an array of another shape, or no numbers.
    """
    count = len(weights) if hasattr(weights, "__len__") else None
    if count != len(variables):
        shown = ", ".join(f"`{v.name}` {v.shape}" for v in variables[:6])
        fix = None
        if not variables and not layer.built:
            fix = "It is not built: give it an input shape, or call it on data, first"
        raise ValueError(
            errors.message(
                f"You called `set_weights(weights)` on `{layer.name}` with "
                + (f"a list of {count} arrays" if count is not None else f"{weights}"),
                expected=f"{len(variables)}: {shown or 'it has no weights'}"
                + ", ..." * (len(variables) > 6),
                fix=fix,
            )
        )
    arrays = [np.asarray(w) for w in weights]
    for variable, array in zip(variables, arrays, strict=True):
        if array.dtype.kind not in "biufcV":  # V: bfloat16
            raise TypeError(
                errors.message(
                    f"`{variable.name}` of `{layer.name}` cannot take what was given",
                    f"an array of dtype `{array.dtype}`",
                    "numbers",
                )
            )
        if variable.shape != array.shape:
            raise errors.ShapeMismatch(
                errors.message(
                    f"`{variable.name}` of `{layer.name}` cannot take the weight given "
                    "for it",
                    f"shape {array.shape}",
                    f"shape {variable.shape}",
                    "Are they the weights of another layer, or in another order?",
                )
            )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _without(things: list[Any], others: list[Any]) -> list[Any]:
    return [x for x in things if not any(x is other for other in others)]


def _concerns(inputs: Any, at: list[Any] | None) -> bool:
    """Whether a call at `at` is one on any of `inputs`; None is no call at all."""
    if inputs is None or at is None:
        return inputs is at
    return any(x is y for x in as_list(inputs) for y in at)


def _is_own(thing: Any) -> bool:
    """Whether a function, class, or class of an object is the library's for layers."""
    thing = thing if hasattr(thing, "__qualname__") else type(thing)
    house = __name__.partition(".")[0] + "."
    if not thing.__module__.startswith(house):
        return False
    found: Any = sys.modules.get(thing.__module__)
    for name in thing.__qualname__.split("."):
        found = getattr(found, name, None)
    # another function may bear the name of one, by `functools.wraps`
    return found is thing and not thing.__module__.startswith(house + "backend.")
