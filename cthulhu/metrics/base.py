"""What a metric is: state, an update, a result; and sums and means of values.

State lives in Variables only, so a metric works inside a compiled step and outside
alike.  Which formulas there are is the business of `functions`, `means` and
`confusion`; how a name becomes a metric, that of `lookup`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from cthulhu import backend as K
from cthulhu import errors, initializers
from cthulhu.core import (
    Configurable,
    Variable,
    any_symbolic,
    current_scope,
    inside_scope,
    naming,
    op,
    registry,
)
from cthulhu.losses import (
    broadcast_weights,
    get,
    squeeze_or_expand_dimensions,
    tensor,
)


def variables_of(thing: Any) -> list[Variable]:
    """The Variables among the attributes of `thing`, in the order they were set."""
    return [value for value in vars(thing).values() if isinstance(value, Variable)]


class Metric(Configurable):
    """A number that is gathered over batches.

    A subclass makes its state in `__init__` with `add_weight`, changes it in
    `update_state(y_true, y_pred, sample_weight=None)` and computes a value from it in
    `result()`.

    Args:
        name: Key in logs; default the class's name in snake case and a number.
        dtype: Name of the dtype of the state; default `floatx`.

    Attributes:
        direction: `"min"` or `"max"`, which values are better; None: nobody knows.

    Example:
        >>> class Largest(Metric):
        ...     direction = "min"
        ...     def __init__(self, name="largest", dtype=None):
        ...         super().__init__(name, dtype)
        ...         self.largest = self.add_weight("largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         error = K.max(K.abs(y_true - y_pred))
        ...         self.largest.assign(K.maximum(self.largest, error))
        ...     def result(self):
        ...         return self.largest.value
    """

    stateful = True
    direction: str | None = None

    def __init__(self, name: str | None = None, dtype: str | None = None):
        self.name = name or naming.unique_name(
            naming.to_snake_case(type(self).__name__)
        )
        self.dtype = dtype or K.floatx()
        self.built = True
        self._state: list[Variable] = []
        self._initial: dict[Variable, np.ndarray] = {}

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...] = (),
        initializer: Any = "zeros",
        dtype: str | None = None,
    ) -> Variable:
        """A new Variable of this metric's state; `reset_states` gives back its start.

        Args:
            name: What it holds.
            shape: Sizes of its axes.
            initializer: Name, config or function of a shape; None means zeros.
            dtype: Name of its dtype; default the metric's.
        """
        # Kept off the device: a step may give its buffers away.
        initial = np.asarray(initializers.get(initializer or "zeros")(shape))
        variable = Variable(initial, dtype or self.dtype, name, trainable=False)
        self._state.append(variable)
        self._initial[variable] = initial
        return variable

    def cast(self, x: Any) -> Any:
        """Anything array-like as a tensor of this metric's dtype."""
        return K.cast(tensor(x), jax.dtypes.canonicalize_dtype(self.dtype).name)

    @property
    def variables(self) -> list[Variable]:
        """All Variables of the state, those set as plain attributes too."""
        return list(dict.fromkeys([*self._state, *variables_of(self)]))

    @property
    def weights(self) -> list[Variable]:
        """Another name for `variables`, as layers have it."""
        return self.variables

    def get_weights(self) -> list[np.ndarray]:
        """The state as NumPy arrays."""
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights: list[Any]) -> None:
        """Replace the state by arrays in the order of `variables`."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def reset_states(self) -> None:
        """Forget everything seen: each Variable goes back to its start."""
        for variable in self.variables:
            zeros = np.zeros(variable.shape, variable.dtype)
            variable.assign(self._initial.get(variable, zeros))

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take one batch into account; written by subclasses."""
        raise NotImplementedError(f"`{type(self).__name__}` has no `update_state`.")

    def result(self) -> Any:
        """The value for everything seen so far; written by subclasses."""
        raise NotImplementedError(f"`{type(self).__name__}` has no `result`.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take one batch into account and give the value so far.

        Called on symbols, it is recorded: each run of the graph is one batch.
        """
        if any_symbolic(args) or any_symbolic(kwargs):
            symbol = op(self._value)(*args, **kwargs)
            symbol.source = self
            return symbol
        return self._value(*args, **kwargs)

    def _value(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        value = self.result()
        if inside_scope():
            current_scope().set_source(value, self)
        return value


class Reduction:
    """How a metric gathers values."""

    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    WEIGHTED_MEAN = "weighted_mean"


class Reduce(Metric):
    """A sum or a mean of values.

    Args:
        reduction: One of `Reduction`: the sum of weighted values, that divided by how
            many values there are, or divided by the sum of the weights.
        name, dtype: As for `Metric`.
    """

    def __init__(self, reduction, name, dtype=None):
        super().__init__(name=name, dtype=dtype)
        known = Reduction.SUM, Reduction.SUM_OVER_BATCH_SIZE, Reduction.WEIGHTED_MEAN
        if reduction not in known:
            raise errors.unknown_name("reduction", reduction, known)
        self.reduction = reduction
        self.total = self.add_weight("total")
        if reduction != Reduction.SUM:
            self.count = self.add_weight("count")

    def update_state(self, values, sample_weight=None):
        """Add a batch.

        Args:
            values: Any shape.
            sample_weight: None, a number, or an array that spreads over `values`.
        """
        values = self.cast(values)
        weights = K.ones_like(values)
        if sample_weight is not None:
            weights = self.cast(sample_weight)
            values, _, weights = squeeze_or_expand_dimensions(values, None, weights)
            weights = broadcast_weights(values, weights)
            values = values * weights
        updates = [K.update_add(self.total, K.sum(values))]
        if self.reduction == Reduction.SUM:
            return updates
        if self.reduction == Reduction.SUM_OVER_BATCH_SIZE:
            weights = K.ones_like(values)
        return [*updates, K.update_add(self.count, K.sum(weights))]

    def result(self):
        if self.reduction == Reduction.SUM:
            return K.identity(self.total)
        return self.total / self.count


@registry.register("metric")
class Sum(Reduce):
    """The (weighted) sum of everything seen.

    Example:
        >>> float(Sum()([1, 3, 5, 7]))
        16.0
    """

    def __init__(self, name="sum", dtype=None):
        super().__init__(Reduction.SUM, name, dtype)


@registry.register("metric")
class Mean(Reduce):
    """The (weighted) mean of everything seen.

    Example:
        >>> float(Mean()([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]))
        2.0
    """

    def __init__(self, name="mean", dtype=None):
        super().__init__(Reduction.WEIGHTED_MEAN, name, dtype)


class MeanMetricWrapper(Mean):
    """The mean of `fn(y_true, y_pred, **kwargs)` over all samples.

    Args:
        fn: A function that gives one number per sample (or a single number).
        name, dtype: As for `Metric`.
        **kwargs: Passed on to `fn`.
    """

    open_ended = True

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ):
        if isinstance(fn, str):
            fn = get_function(fn)
        super().__init__(name=name or getattr(fn, "__name__", None), dtype=dtype)
        self.fn = fn
        self.fn_kwargs = kwargs

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch; a last axis of size one may be missing on either side."""
        y_pred, y_true = squeeze_or_expand_dimensions(
            self.cast(y_pred), self.cast(y_true)
        )
        values = self.fn(y_true, y_pred, **self.fn_kwargs)
        return super().update_state(values, sample_weight)

    def get_config(self):
        config = {"name": self.name, "dtype": self.dtype, **self.fn_kwargs}
        # The named cases know their function; a bare wrapper must say it.
        bare = type(self) is MeanMetricWrapper
        return {"fn": registry.serialize(self.fn), **config} if bare else config


def get_function(name: str) -> Callable[..., Any]:
    """The function of a metric (or else of a loss) by name."""
    try:
        return registry.get("metric", name)
    except ValueError:
        return get(name)
