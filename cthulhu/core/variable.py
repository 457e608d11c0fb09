"""Variable: a named cell that holds one array.

Weights, the state of optimizers and metrics, learning rates and step counters are all
variables.  Where a read or write goes while a step is traced is `scope`'s business.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import config
from cthulhu.core.naming import unique_name
from cthulhu.core.scope import current_scope, inside_scope


class Lender(Protocol):
    """Who holds the arrays of variables for the time being: a running `fit`."""

    def read(self, variable: Variable) -> None:
        """Told before a cell is read: put the array of this very moment there."""
        ...

    def write(self, variable: Variable) -> None:
        """Told before a cell is written: put arrays back, then look again."""
        ...


class Variable:
    """A named cell that holds one array of a fixed dtype.

    Args:
        value: Array, number, nested list, or another variable.
        dtype: Name of the dtype; default: that of `value`, `floatx` for Python floats.
        name: Any string; default `"variable_1"` and so on.
        trainable: Whether a gradient step changes it.
        constraint: Function of the new array, applied after each update, or None.

    Example:
        >>> v = Variable([1.0, 2.0], name="pair")
        >>> v.assign([3.0, 4.0])
        >>> float(v.value[0])
        3.0
    """

    __array_priority__ = 1000  # NumPy arrays leave `array * variable` to us
    is_variable = True

    def __init__(
        self,
        value: Any,
        dtype: Any = None,
        name: str | None = None,
        trainable: bool = True,
        constraint: Callable[[Any], Any] | None = None,
    ):
        if isinstance(value, Variable):
            value = value.cell
        self._array = to_array(value, dtype)
        self.name = unique_name("variable") if name is None else name
        self.trainable = trainable
        self.constraint = constraint
        self.lender: Lender | None = None
        self.kept = False  # whether a layer made it, and has it among its weights

    @property
    def cell(self) -> jax.Array:
        """The array in the cell itself, whatever scope is current."""
        if self.lender is not None:
            self.lender.read(self)
        return self._array

    @property
    def value(self) -> Any:
        """The array held here, as the current scope sees it."""
        if inside_scope():
            return current_scope().read(self)  # type: ignore[union-attr]
        return self.cell

    def assign(self, value: Any) -> None:
        """Replace the array; shape and dtype stay.

        Raises:
            ValueError: `value` has another shape.
        """
        if isinstance(value, Variable):
            value = value.value
        if inside_scope():
            value = jnp.asarray(value, dtype=self.dtype)
            self._check(value.shape)
            current_scope().write(self, value)  # type: ignore[union-attr]
        else:
            value = to_array(value, self.dtype)
            self._check(value.shape)
            if self.lender is not None:
                self.lender.write(self)
            self._array = value

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape != self.shape:
            raise ValueError(
                f"`{self.name}` cannot be set: received an array of shape {shape}, "
                f"expected {self.shape}. A variable keeps its shape; make a new one."
            )

    def put(self, array: jax.Array) -> None:
        """Place an array of the right shape and dtype in the cell, unasked."""
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def dtype(self) -> np.dtype:
        return self._array.dtype

    @property
    def size(self) -> int:
        return self._array.size

    def numpy(self) -> np.ndarray:
        """A NumPy copy of the array."""
        return np.array(self.value)

    def get_shape(self) -> tuple[int, ...]:
        """The shape, under the name that old code asks for."""
        return self.shape

    def __repr__(self) -> str:
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype}>"

    def __jax_array__(self) -> Any:
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.value, dtype=dtype)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"`{self.name}` is a scalar variable: it has no len().")
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        return self.value[index]

    def __iter__(self) -> Any:
        return iter(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value.item() if spec and not self.shape else str(self), spec)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__, lender=None)
        state["_array"] = np.asarray(self.cell)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._array = to_array(state["_array"])

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copy = Variable(self.cell, None, self.name, self.trainable, self.constraint)
        memo[id(self)] = copy
        return copy


def to_array(value: Any, dtype: Any = None) -> jax.Array:
    """A device array that shares no memory with `value`."""
    if isinstance(value, jax.Array):
        return value if dtype is None else value.astype(dtype)
    array = np.array(value)
    if dtype is None:
        plain = not hasattr(value, "dtype")
        dtype = config.floatx() if plain and array.dtype.kind == "f" else array.dtype
    array = array.astype(jax.dtypes.canonicalize_dtype(dtype), copy=False)
    with jax.ensure_compile_time_eval():  # a cell made during a trace is no tracer
        return jax.device_put(array)


def _binary(function: Callable[[Any, Any], Any], swapped: bool) -> Callable[..., Any]:
    def method(self: Variable, other: Any) -> Any:
        if getattr(other, "is_symbol", False):
            return NotImplemented  # a graph must remember the cell, not its array
        if isinstance(other, Variable):
            other = other.value
        return function(other, self.value) if swapped else function(self.value, other)

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    _function = getattr(operator, _name)
    setattr(Variable, f"__{_name}__", _binary(_function, swapped=False))
    setattr(Variable, f"__r{_name}__", _binary(_function, swapped=True))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Variable, f"__{_name}__", _binary(getattr(operator, _name), swapped=False))
Variable.__neg__ = lambda self: -self.value  # type: ignore[attr-defined]
Variable.__abs__ = lambda self: abs(self.value)  # type: ignore[attr-defined]
