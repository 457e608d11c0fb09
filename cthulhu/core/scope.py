"""Where reads and writes of variables go: the current scope.

Outside any call there is no scope and a variable is its own cell.  While a step is
traced a `Scope` stands between the code and the cells: it holds tracers, takes writes,
and collects losses, so that the step is a pure function of its state.  What a variable
is belongs to `variable`; what is computed belongs to the rooms above.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:
    from cthulhu.core.variable import Variable

_local = threading.local()

# Threefry: the same bits on every platform, and on CPUs faster than rbg (measured:
# 353 against 587 us for the bits of a (128, 512) mask inside a loop).
KEY_IMPLEMENTATION = "threefry2x32"


def make_key(seed: Any) -> jax.Array:
    """A random key from an integer, of the kind that the whole library uses."""
    return jax.random.key(seed, impl=KEY_IMPLEMENTATION)


def draw_seed() -> int:
    """A seed from NumPy's global generator, so that `np.random.seed` repeats a run."""
    return int(np.random.randint(0, 2**31 - 1))


class Scope:
    """Reads and writes of variables while something is computed.

    Args:
        values: Arrays of the variables at the start; the scope keeps its own copy of
            the mapping and puts writes there.
        training: Whether layers behave as in training (dropout on, batch statistics).
        key: Random key of this step, or None: a fixed one (shape inference, replays).
        frozen: Layers whose updates are left out; None: those not trainable now.

    Attributes:
        values: Current array of each variable known here.
        losses: Penalties that layers added, in order.
        strangers: Variables that were touched without being given in `values`.
        masks: Masks of arrays that were computed here, by identity.
        draws: How many random keys were given out.
        makes_variables: Whether K.zeros and its like make variables, or plain arrays.
    """

    makes_variables = False

    def __init__(
        self,
        values: Mapping[Variable, Any] | None = None,
        training: bool = False,
        key: jax.Array | None = None,
        frozen: Iterable[Any] | None = None,
    ):
        self.values: dict[Variable, Any] = dict(values or {})
        self.training = training
        self.key = key
        self.frozen = None if frozen is None else frozenset(frozen)
        self.losses: list[Any] = []
        self.strangers: dict[Variable, None] = {}
        self._masks: dict[int, tuple[Any, Any]] = {}
        self._sources: dict[int, tuple[Any, Any]] = {}
        self.draws = 0

    def __enter__(self) -> Scope:
        _stack().append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _stack().pop()

    def read(self, variable: Variable) -> Any:
        """The array that `variable` holds in this scope."""
        found = self.values.get(variable)
        if found is None:
            self.strangers[variable] = None
            found = variable.cell
        return found

    def write(self, variable: Variable, value: Any) -> None:
        """Let `variable` hold `value` from here on, in this scope alone."""
        if variable not in self.values:
            self.strangers[variable] = None
        self.values[variable] = value

    def next_key(self, seed: int | None = None) -> jax.Array:
        """A key that nobody else gets; `seed` (a layer's own) is folded in."""
        key = make_key(0) if self.key is None else self.key
        key = jax.random.fold_in(key, self.draws)
        self.draws += 1
        return key if seed is None else jax.random.fold_in(key, seed)

    def mask_of(self, array: Any) -> Any:
        """The mask that travels beside `array`, or None."""
        return self._masks.get(id(array), (None, None))[1]

    def set_mask(self, array: Any, mask: Any) -> None:
        """Let `mask` travel beside `array`, kept alive so that its id stays its own."""
        self._masks[id(array)] = (array, mask)

    def source_of(self, array: Any) -> Any:
        """The metric that computed `array`, or None."""
        return self._sources.get(id(array), (None, None))[1]

    def set_source(self, array: Any, source: Any) -> None:
        """Remember which metric computed `array`."""
        self._sources[id(array)] = (array, source)


class Outside:
    """The scope outside any call: cells themselves, keys from NumPy's generator."""

    training = False
    makes_variables = True
    key = None
    frozen: frozenset[Any] | None = None

    def next_key(self, seed: int | None = None) -> jax.Array:
        """A key from `seed`, or else from NumPy's global generator."""
        return make_key(draw_seed() if seed is None else seed)

    def mask_of(self, array: Any) -> None:
        """No masks travel outside a call."""
        return None

    def set_mask(self, array: Any, mask: Any) -> None:
        """No masks travel outside a call."""


OUTSIDE = Outside()


def _stack() -> list[Scope]:
    try:
        return _local.stack
    except AttributeError:
        _local.stack = []
        return _local.stack


def current_scope() -> Scope | Outside:
    """The innermost scope of this thread, or the one outside any call."""
    stack = _stack()
    return stack[-1] if stack else OUTSIDE


def inside_scope() -> bool:
    """Whether a scope stands between the code and the cells just now."""
    return bool(_stack())
