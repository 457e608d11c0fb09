"""Symbols and nodes: calls recorded now, computed later by `replay`.

`op` makes a function of arrays accept symbols too.  A node keeps what was called with
what; its shapes come from tracing the call abstractly.  What the functions compute is
`backend`'s business, and how layers are chained into models is `models`'.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu.core.naming import unique_name
from cthulhu.core.scope import Scope, current_scope
from cthulhu.core.variable import Variable

# A dimension that is not known yet stands in as two sizes, in two traces; what differs
# between the results is unknown there too.  They survive five halvings.  Where the
# first pair is too small for a call (for a wide window), the second is tried.
STAND_INS = (240, 480, 15360, 30720)

Shape = tuple[int | None, ...]


class Symbol:
    """A tensor without values: a shape with None where unknown, and a dtype.

    Args:
        shape: Sizes, None where unknown.
        dtype: Name of the dtype.
        name: Any string; default `"symbol_1"` and so on.
        node: The call that makes it, None for a placeholder.

    Attributes:
        mask: Symbol of the mask that travels beside it, or None.
    """

    is_symbol = True
    __array_priority__ = 1000

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: Any = "float32",
        name: str | None = None,
        node: Node | None = None,
    ):
        self.shape: Shape = tuple(shape)
        self.dtype = np.dtype(jax.dtypes.canonicalize_dtype(dtype))
        self.name = unique_name("symbol") if name is None else name
        self.node = node
        self.mask: Symbol | None = None
        self.history: tuple[Any, int, int] | None = None
        self.source: Any = None  # the metric that computes it

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def _keras_shape(self) -> Shape:
        return self.shape

    @property
    def _keras_history(self) -> tuple[Any, int, int]:
        if self.history is None:
            raise AttributeError("_keras_history")
        return self.history

    @property
    def _uses_learning_phase(self) -> bool:
        return any(differs(node) for node in _ancestors(self))

    def get_shape(self) -> Shape:
        """The shape, under the name that old code asks for."""
        return self.shape

    def __repr__(self) -> str:
        return f"<Symbol {self.name!r} shape={self.shape} dtype={self.dtype}>"

    def __bool__(self) -> bool:
        raise TypeError(
            f"`{self.name}` is a symbol: it has a shape {self.shape} but no values, so "
            "it is neither true nor false. Use K.switch, or compare shapes."
        )

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError(
            f"`{self.name}` is a symbol of shape {self.shape} without values: NumPy "
            "cannot compute with it. Use the function of the same name in "
            "`cthulhu.backend`, or wrap the computation in a Lambda layer."
        )

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"`{self.name}` of shape {self.shape} has no known length.")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Symbol:
        return _getitem(self, index)


class Node:
    """One recorded call.

    Args:
        function: What computes the results from (args, kwargs) with arrays in place of
            symbols.
        args: Positional arguments; symbols and variables may stand anywhere in them.
        kwargs: Arguments by name, likewise.
        layer: The layer called, None for a plain function.

    Attributes:
        outputs: Its results, with symbols where there are arrays at run time.
        symbols: The symbols among `args` and `kwargs`, in order.
        sizes: What stood in for sizes that are not known, when it was last traced.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        layer: Any = None,
    ):
        self.function = function
        self.layer = layer
        leaves, self.structure = jax.tree.flatten((args, kwargs), is_leaf=_is_none)
        self.leaves = leaves
        self.symbols = [leaf for leaf in leaves if is_symbolic(leaf)]
        self.outputs: Any = None
        self.sizes: dict[tuple[Symbol, int], int] = {}

    def arguments(self, values: Mapping[Symbol, Any]) -> tuple[tuple, dict]:
        """Arguments with `values` in place of symbols."""
        leaves = [values[x] if is_symbolic(x) else x for x in self.leaves]
        return jax.tree.unflatten(self.structure, leaves)

    def compute(self, values: dict[Symbol, Any]) -> None:
        """Compute the results and put them into `values`, masks included."""
        args, kwargs = self.arguments(values)
        results = self.function(*args, **kwargs)
        symbols = jax.tree.leaves(self.outputs)
        found = jax.tree.leaves(results)
        for symbol, result in zip(symbols, found, strict=True):
            values[symbol] = _as_value(result)


def _is_none(leaf: Any) -> bool:
    return leaf is None


def is_symbolic(x: Any) -> bool:
    """Whether `x` is a symbol."""
    return isinstance(x, Symbol)


def any_symbolic(tree: Any) -> bool:
    """Whether a symbol stands anywhere in nested lists, tuples and dicts."""
    if isinstance(tree, (list, tuple)):
        return any(any_symbolic(x) for x in tree)
    if isinstance(tree, dict):
        return any(any_symbolic(x) for x in tree.values())
    return isinstance(tree, Symbol)


def infer(node: Node, scope: Callable[[], Scope] = Scope) -> Any:
    """Results of a node as `jax.ShapeDtypeStruct`s, with None for unknown sizes.

    The call is traced once where all sizes are known, else once per stand-in.  Where
    stand-ins are too small for the call, larger ones are tried; where they do not go
    with the other arguments (a weight fixes a size that the symbol leaves open), sizes
    that occur among them.

    Args:
        node: The recorded call.
        scope: Makes the scope to trace it in.
    """
    gaps = [
        (symbol, axis)
        for symbol in dict.fromkeys(node.symbols)
        for axis, size in enumerate(symbol.shape)
        if size is None
    ]

    trace = functools.partial(_trace, node, scope)
    if not gaps:
        return trace({})
    small, large = STAND_INS[:2], STAND_INS[2:]
    guesses = ((*small, fixed) for fixed in _guesses(node, gaps))
    refused: Exception | None = None
    for first, second, fixed in itertools.chain([(*small, {}), (*large, {})], guesses):
        sizes, others = (dict.fromkeys(gaps, n) | fixed for n in (first, second))
        try:
            results = trace(sizes), trace(others)
        except (TypeError, ValueError) as error:
            refused = refused or error
            continue
        node.sizes = sizes
        return jax.tree.map(_merge, *results)
    assert refused is not None
    raise refused


def _trace(
    node: Node,
    scope: Callable[[], Scope],
    sizes: Mapping[tuple[Symbol, int], int],
    how: Callable[..., Any] = jax.eval_shape,
) -> Any:
    specs = [
        jax.ShapeDtypeStruct(
            tuple(sizes.get((symbol, i), d) for i, d in enumerate(symbol.shape)),
            symbol.dtype,
        )
        for symbol in node.symbols
    ]

    def call(arrays: list[Any]) -> Any:
        with scope():
            args, kwargs = node.arguments(dict(zip(node.symbols, arrays, strict=True)))
            return jax.tree.map(_as_value, node.function(*args, **kwargs))

    try:
        return how(call, specs)
    except Exception as error:  # the last lines should be about the user's own code
        notes = getattr(error, "__notes__", [])
        notes[:] = [note for note in notes if "JAX has removed" not in note]
        raise


def differs(node: Node) -> bool:
    """Whether a call computes something else in training than it does otherwise."""
    if node is LEARNING_PHASE.node:
        return True
    programs = [
        _trace(node, functools.partial(Scope, training=training), node.sizes, _program)
        for training in (False, True)
    ]
    return programs[0] != programs[1]


def _program(function: Callable[..., Any], specs: list[Any]) -> str:
    """A computation as a text, without the addresses of objects in it."""
    return re.sub(r"0x[0-9a-f]+", "", str(jax.make_jaxpr(function)(specs)))


def depends(symbol: Symbol, others: Iterable[Symbol]) -> bool:
    """Whether any of `others` is needed to compute a symbol, or is that itself."""
    wanted = set(others)
    return symbol in wanted or any(
        source in wanted for node in _ancestors(symbol) for source in node.symbols
    )


def _ancestors(symbol: Symbol) -> Iterator[Node]:
    """The call that makes a symbol, and those it needs; each once."""
    seen: set[Node | None] = {None}
    stack = [symbol.node]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            stack += [source.node for source in node.symbols]


def _guesses(node: Node, gaps: list[tuple[Symbol, int]]) -> Iterable[dict]:
    """Sizes for some of the gaps, the fewest gaps first; a hundred at most.

    None for layers: what they say about a shape that does not fit is worth more.
    """
    if node.layer is not None:
        return ()
    shapes = [getattr(leaf, "shape", ()) for leaf in node.leaves]
    known = dict.fromkeys(d for shape in shapes for d in shape if isinstance(d, int))
    guesses = (
        dict(zip(some, sizes, strict=True))
        for count in range(1, len(gaps) + 1)
        for some in itertools.combinations(gaps, count)
        for sizes in itertools.product(known, repeat=count)
    )
    return itertools.islice(guesses, 100)


class Spec:
    """Shape (None where unknown) and dtype of one result."""

    def __init__(self, shape: Shape, dtype: Any):
        self.shape, self.dtype = shape, dtype


def _merge(one: Any, other: Any) -> Spec:
    if len(one.shape) != len(other.shape):
        raise ValueError(
            "The rank of a result depends on a size that is not known yet: "
            f"{one.shape} with {STAND_INS[0]} for it, {other.shape} with "
            f"{STAND_INS[1]}."
        )
    shape = tuple(
        a if a == b else None for a, b in zip(one.shape, other.shape, strict=True)
    )
    return Spec(shape, one.dtype)


def _as_value(x: Any) -> Any:
    return x.value if isinstance(x, Variable) else x


def record(function: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
    """Record a call on symbols; returns its results as symbols."""
    node = Node(function, args, kwargs)
    name = getattr(function, "__name__", "op").strip("_<>")

    def symbol(spec: Any) -> Symbol:
        return Symbol(spec.shape, spec.dtype, unique_name(name), node)

    node.outputs = jax.tree.map(symbol, infer(node))
    return node.outputs


def op(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of arrays accept symbols and variables too.

    With a symbol among the arguments (nested ones included) the call is recorded;
    otherwise variables give way to their arrays and the function runs at once.

    Example:
        >>> square = op(lambda x: x * x)
        >>> square(Symbol((None, 3))).shape
        (None, 3)
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args) or (kwargs and any_symbolic(kwargs)):
            return record(compute, args, kwargs)
        return compute(*args, **kwargs)

    @functools.wraps(function)
    def compute(*args: Any, **kwargs: Any) -> Any:
        args = tuple(unwrap(x) for x in args)
        return function(*args, **{k: unwrap(v) for k, v in kwargs.items()})

    return wrapper


def unwrap(x: Any) -> Any:
    """Arrays in place of variables, in nested lists and tuples too."""
    if isinstance(x, Variable):
        return x.value
    if type(x) in (list, tuple):
        return type(x)(unwrap(y) for y in x)
    return x


def replay(outputs: Any, feeds: Mapping[Symbol, Any]) -> Any:
    """Compute recorded calls as a pure function, in the current scope.

    Args:
        outputs: Nested symbols (anything else stands for itself).
        feeds: Arrays of placeholders, or of any symbol on the way.

    Returns:
        `outputs` with arrays in place of symbols.

    Raises:
        ValueError: A placeholder is needed and not fed.
    """
    values: dict[Symbol, Any] = dict(feeds)
    evaluate(jax.tree.leaves(outputs), values)
    return jax.tree.map(lambda x: values[x] if is_symbolic(x) else unwrap(x), outputs)


def evaluate(symbols: Iterable[Any], values: dict[Symbol, Any]) -> None:
    """Compute what is missing for `symbols` and put it into `values`."""
    for node in needed(symbols, values):
        if node is LEARNING_PHASE.node:
            values[LEARNING_PHASE] = np.int32(current_scope().training)
        else:
            node.compute(values)


def needed(symbols: Iterable[Any], known: Mapping[Symbol, Any]) -> list[Node]:
    """Nodes to compute for `symbols`, each after those that it needs.

    Args:
        symbols: What is wanted.
        known: Symbols whose values are there already.
    """
    order: dict[Node, None] = {}
    stack: list[tuple[Any, bool]] = [(x, False) for x in symbols][::-1]
    while stack:
        item, done = stack.pop()
        if done:
            order[item] = None
            continue
        if not is_symbolic(item) or item in known:
            continue
        node = item.node
        if node is None:
            raise ValueError(
                f"`{item.name}` of shape {item.shape} has no value: it is an input "
                "that was not fed. Is the graph disconnected? Give every input that "
                "the outputs depend on."
            )
        if node not in order:
            stack.append((node, True))
            stack.extend((symbol, False) for symbol in reversed(node.symbols))
    return list(order)


# Whether the graph runs for training: fed by the scope that it is replayed in.
LEARNING_PHASE = Symbol((), "int32", "learning_phase")
LEARNING_PHASE.node = Node(lambda: current_scope().training, (), {})
LEARNING_PHASE.node.outputs = LEARNING_PHASE


@op
def _getitem(x: Any, index: Any) -> Any:
    return jnp.asarray(x)[index]


def _operator(function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    recorded = op(function)

    def method(self: Symbol, other: Any) -> Any:
        return recorded(other, self) if swapped else recorded(self, other)

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    _function = getattr(operator, _name)
    setattr(Symbol, f"__{_name}__", _operator(_function, swapped=False))
    setattr(Symbol, f"__r{_name}__", _operator(_function, swapped=True))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Symbol, f"__{_name}__", _operator(getattr(operator, _name), swapped=False))
for _name in ("neg", "abs"):
    setattr(Symbol, f"__{_name}__", op(getattr(operator, _name)))
