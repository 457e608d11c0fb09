"""Graphs of symbols: placeholders, functions, gradients, and Keras's session words.

Recording and replaying are `core`'s; here are their names in K.
"""

import contextlib
import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import config
from cthulhu.backend.nn import forget_learning_phase, learning_phase
from cthulhu.backend.tensor import Update, as_array
from cthulhu.core import (
    LEARNING_PHASE,
    Scope,
    Symbol,
    Variable,
    current_scope,
    draw_seed,
    inside_scope,
    is_symbolic,
    jit,
    make_key,
    naming,
    op,
    replay,
)


def placeholder(shape=None, ndim=None, dtype=None, sparse=False, name=None):
    """A symbol to be fed.

    Args:
        shape: Sizes, None where unknown.
        ndim: Number of axes, if no shape is given.
        dtype: Name of the dtype; default `floatx()`.
        sparse: Accepted; tensors are dense here.
        name: Any string.

    Raises:
        ValueError: neither `shape` nor `ndim`.
    """
    if shape is None:
        if ndim is None:
            raise ValueError("A placeholder needs `shape` or `ndim`. Received neither.")
        shape = (None,) * ndim
    elif not isinstance(shape, (list, tuple)):
        shape = (shape,)
    return Symbol(shape, config.floatx() if dtype is None else dtype, name)


def is_placeholder(x):
    """Whether `x` is a symbol that must be fed."""
    return is_symbolic(x) and x.node is None


def eval(x):
    """The values of `x` as a NumPy array.

    Raises:
        ValueError: `x` depends on a placeholder: use `function`.
    """
    if isinstance(x, Update):
        return function([], [], updates=[x])([]) or x.numpy()
    if is_symbolic(x):
        return function([], [x])([])[0]
    return np.array(as_array(x)) if not isinstance(x, np.ndarray) else x


class Function:
    """A graph as a function: `f([arrays of inputs]) -> [NumPy arrays of outputs]`.

    It is compiled for each set of input shapes, and for training and test.
    """

    def __init__(self, inputs, outputs, updates=(), name=None):
        self.single = not isinstance(outputs, (list, tuple))
        self.inputs = list(inputs)
        self.outputs = [outputs] if self.single else list(outputs)
        self.updates = [_pair(update) for update in updates or ()]
        self.name = name
        self._variables = []
        self._run = jit(self._traced, static_argnums=0)

    def __call__(self, inputs):
        if not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        if len(inputs) != len(self.inputs):
            raise ValueError(
                f"A function of {len(self.inputs)} inputs was called with "
                f"{len(inputs)}: give a list with one array for each."
            )
        training, arrays = bool(_fixed_training()), []
        for symbol, value in zip(self.inputs, inputs, strict=True):
            if symbol is LEARNING_PHASE:
                training = bool(np.asarray(value))
            elif is_symbolic(symbol):
                arrays.append(_fitting(symbol, value))
        key = make_key(draw_seed())
        while True:
            before = [v.value for v in self._variables]
            found = []
            call = functools.partial(self._traced, training, found=found)
            if not self._variables:
                jax.eval_shape(call, before, arrays, key)
            if not set(found) - set(self._variables):
                break
            self._variables = list(dict.fromkeys([*self._variables, *found]))
        outputs, written = self._run(training, before, arrays, key)
        for variable, value in zip(self._variables, written, strict=True):
            if value is not None:
                variable.assign(value)
        outputs = [np.asarray(x) for x in outputs]
        return outputs[0] if self.single else outputs

    def _traced(self, training, values, arrays, key, found=None):
        known = dict(zip(self._variables, values, strict=True))
        symbols = [s for s in self.inputs if is_symbolic(s) and s is not LEARNING_PHASE]
        with Scope(known, training=training, key=key) as scope:
            wanted = [self.outputs, [new for _, new in self.updates]]
            outputs, news = replay(wanted, dict(zip(symbols, arrays, strict=True)))
            outputs = [as_array(x) for x in outputs]
            for (variable, _), new in zip(self.updates, news, strict=True):
                scope.write(variable, as_array(new, variable.dtype))
        if found is not None:
            found += list(dict.fromkeys([*scope.strangers, *self._named()]))
        written = [
            None if scope.values.get(v) is before else scope.values.get(v)
            for v, before in known.items()
        ]
        return outputs, written

    def _named(self):
        variables = [v for v, _ in self.updates]
        return variables + [x for x in self.outputs if isinstance(x, Variable)]


def _fixed_training():
    phase = learning_phase()
    return 0 if is_symbolic(phase) else phase


def _pair(update):
    if not isinstance(update, (list, tuple)) or len(update) != 2:
        raise ValueError(
            f"An update is {update!r}, expected a pair `(variable, new value)`, or "
            "what `K.update` returns."
        )
    return tuple(update)


def _fitting(symbol, value):
    array = as_array(value, symbol.dtype)
    known = zip(array.shape, symbol.shape, strict=False)
    if array.ndim != len(symbol.shape) or any(
        size is not None and size != given for given, size in known
    ):
        raise ValueError(
            f"`{symbol.name}` was fed an array of shape {array.shape}, expected "
            f"{symbol.shape}."
        )
    return array


def function(inputs, outputs, updates=None, **kwargs):
    """Make a function of symbols.

    Args:
        inputs: List of placeholders (or any symbols); `learning_phase()` may be one.
        outputs: List of symbols and variables, or one of them.
        updates: Pairs `(variable, symbol of its new value)`, written at each call.
        kwargs: `name`, any string.

    Returns:
        A `Function`: called with a list of arrays it returns a list of NumPy arrays.

    Raises:
        ValueError: any other argument.

    Example:
        >>> from cthulhu import backend as K
        >>> x = K.placeholder((None, 2))
        >>> K.function([x], [K.sum(x, axis=1)])([[[1, 2]]])
        [array([3.], dtype=float32)]
    """
    unknown = set(kwargs) - {"name"}
    if unknown:
        raise ValueError(
            f"Invalid arguments of `function`: {sorted(unknown)}. They belong to "
            "sessions of TensorFlow, of which there are none here."
        )
    return Function(inputs, outputs, updates, **kwargs)


def gradients(loss, variables):
    """Gradients of the sum of `loss`.

    Args:
        loss: A symbol.
        variables: Symbols and variables that it depends on; a list or one.

    Returns:
        A list of symbols, None where `loss` does not depend on a symbol.

    Raises:
        ValueError: `loss` is no symbol, so nothing tells what it was computed from.
    """
    if not isinstance(variables, (list, tuple)):
        variables = [variables]
    if not is_symbolic(loss):
        raise ValueError(
            f"`gradients` received a loss of type {type(loss).__name__}, which is an "
            "array already. Expected a symbol: compute it from placeholders or from "
            "the inputs of a model."
        )
    behind = _behind(loss)
    cells = [v for v in variables if isinstance(v, Variable)]
    symbols = [v for v in variables if is_symbolic(v) and v in behind]
    inputs = [s for s in symbols if s.node is None]
    found = _slopes(loss, behind, inputs, cells)
    for symbol in symbols:
        # Each symbol on the way by itself: where it is fed, nothing behind it counts.
        if symbol.node is not None:
            found |= _slopes(loss, behind, [symbol], [])
    return [found.get(v) for v in variables]


def _slopes(loss, behind, symbols, cells):
    """Gradients of the sum of `loss`, by symbol and by variable."""
    leaves = [s for s in behind if s.node is None and s not in symbols]

    def compute(at, leaf_values):
        feeds = dict(zip(leaves, leaf_values, strict=True))
        outer = current_scope()
        values = dict(getattr(outer, "values", {}))
        key = outer.next_key() if inside_scope() else None

        def total(at, cell_values):
            known = values | dict(zip(cells, cell_values, strict=True))
            with Scope(known, outer.training, key, outer.frozen) as scope:
                result = replay(loss, feeds | dict(zip(symbols, at, strict=True)))
            for stranger in scope.strangers if inside_scope() else ():
                outer.strangers[stranger] = None
            return jnp.sum(as_array(result))

        return jax.grad(total, (0, 1))(list(at), [as_array(c) for c in cells])

    if not symbols and not cells:
        return {}
    of_symbols, of_cells = op(compute)(symbols, leaves)
    return dict(zip([*symbols, *cells], [*of_symbols, *of_cells], strict=True))


def _behind(symbol):
    """All symbols that `symbol` is computed from, itself included."""
    found, stack = {}, [symbol]
    while stack:
        item = stack.pop()
        if item not in found:
            found[item] = None
            stack.extend([] if item.node is None else item.node.symbols)
    return found


@op
def print_tensor(x, message=""):
    """`x` itself; prints `message` and its values whenever it is computed."""

    def show(values):
        sys.stdout.write(f"{message} {np.asarray(values)}\n")

    x = as_array(x)
    if isinstance(x, jax.core.Tracer):
        jax.debug.callback(show, x)
    else:
        show(x)
    return x


# Words of sessions and graphs: accepted, and done as far as they have a meaning here.


def get_uid(prefix=""):
    """How many names with `prefix` were asked for, this one included."""
    return naming.uid(prefix)


def reset_uids():
    """Begin to count names at 1 again."""
    naming.reset_uids()


def clear_session():
    """Begin to count names at 1 again and forget a fixed learning phase."""
    naming.reset_uids()
    forget_learning_phase()


@contextlib.contextmanager
def name_scope(name, *_, **__):
    """Accepted for old code; names of operations do not matter here."""
    yield name


@contextlib.contextmanager
def control_dependencies(control_inputs):
    """Accepted for old code; writes happen in the order of the program."""
    yield


def symbolic(func):
    """The function itself."""
    return func


def eager(func):
    """The function itself."""
    return func


def manual_variable_initialization(value):
    """Accepted for old code; variables always hold their initial values."""


def v1_variable_initialization():
    """Accepted for old code; variables always hold their initial values."""


def _no_session(name):
    raise RuntimeError(
        f"`{name}` is not available: there are no sessions here. Arrays have values at "
        "once; `K.function` and `K.eval` compute symbols."
    )


def get_session():
    """Raises RuntimeError: there are no sessions."""
    _no_session("get_session")


def set_session(session):
    """Raises RuntimeError: there are no sessions."""
    _no_session("set_session")


def get_graph():
    """None: graphs need no home."""
    return None
