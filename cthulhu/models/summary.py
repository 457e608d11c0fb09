"""The table that `summary()` prints: layers, shapes, numbers of weights.

The text is that of Keras 2.3.1, to the character.  What a layer's shape is, and which
weights are trained, is asked of the model and its layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from cthulhu.layers.input import InputLayer
from cthulhu.models.network import call_of, parents

CHAIN = ("Layer (type)", "Output Shape", "Param #")
GRAPH = (*CHAIN, "Connected to")


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
) -> None:
    """Print the layers of a model, their output shapes and numbers of weights.

    Args:
        model: A model that is built.
        line_length: Characters in a line; default 65, or 98 with a fourth column that
            tells what each layer is connected to, where layers branch or are shared.
        positions: Where each column ends: shares of the line if the last is at most 1,
            else characters.  Default `[.45, .85, 1.]` or `[.33, .55, .67, 1.]`.
        print_fn: Called with each line; default `print`.

    Example:
        >>> print_summary(model, print_fn=lines.append)  # doctest: +SKIP
    """
    out = print if print_fn is None else print_fn
    simple = is_chain(model)
    heads = CHAIN if simple else GRAPH
    width = line_length or (65 if simple else 98)
    ends = positions or ([0.45, 0.85, 1.0] if simple else [0.33, 0.55, 0.67, 1.0])
    if ends[-1] <= 1:
        ends = [int(width * end) for end in ends]

    out(f'Model: "{model.name}"')
    out("_" * width)
    out(_row(heads, ends))
    out("=" * width)
    for layer in model.layers:
        if layer is not model.layers[0]:
            out("_" * width)
        sources = [] if simple else _connections(model, layer) or [""]
        out(_row([*_fields(layer), *sources[:1]], ends))
        for source in sources[1:]:
            out(_row(["", "", "", source], ends))
    out("=" * width)

    trainable = count_params(_trained(model))
    total = count_params(model.weights)
    out(f"Total params: {total:,}")
    out(f"Trainable params: {trainable:,}")
    out(f"Non-trainable params: {total - trainable:,}")
    out("_" * width)


def count_params(weights: Iterable[Any]) -> int:
    """Number of scalars in some weights; one that comes twice counts once.

    Args:
        weights: Variables.

    Example:
        >>> kernel = Variable(np.zeros((784, 10)))
        >>> count_params([kernel, kernel])
        7840
    """
    return sum({id(weight): int(weight.size) for weight in weights}.values())


def is_chain(model: Any) -> bool:
    """Whether a model's layers can be shown one below the other without more words.

    So it is for a `Sequential`, for a graph without branches in which no layer is used
    twice, and for a model whose `call` is Python code, where nothing else is known.
    """
    if type(model).__name__ == "Sequential" or not model._is_graph:
        return True
    calls = model._calls
    sources = [[call_of(symbol) for symbol in _inputs(call)] for call in calls]
    used = list(chain(*sources))
    return (
        all(len(found) <= 1 for found in sources)
        and sum(not found for found in sources) == 1
        and len(used) == len(set(used))
        and len(calls) == len({call.layer for call in calls})
    )


def _trained(model: Any) -> list[Any]:
    """What `fit` changes: as of `compile`, with a warning where that is past."""
    if not getattr(model, "_is_compiled", False):
        return model.trainable_weights
    weights = model._collected_trainable_weights
    model._check_trained(weights)
    return weights


def _row(fields: Sequence[Any], ends: Sequence[int]) -> str:
    """Fields from left to right, each cut and filled up to the end of its column."""
    line = ""
    for i, (field, end) in enumerate(zip(fields, ends, strict=False)):
        start = line[:-1] + " " if i else ""
        line = f"{start}{field}"[:end].ljust(end)
    return line


def _fields(layer: Any) -> list[Any]:
    try:
        shape = layer.output_shape
    except AttributeError:
        shape = "multiple"
    return [f"{layer.name} ({type(layer).__name__})", shape, layer.count_params()]


def _connections(model: Any, layer: Any) -> list[str]:
    """Where the inputs of a layer come from, as `layer[call][output]`."""
    calls = [node for node in layer._inbound_nodes if node in model._calls]
    origins = [symbol.history for call in calls for symbol in _inputs(call)]
    # Keras counts the making of a model as the first call of it.
    return [
        f"{source.name}[{call + getattr(source, '_is_graph', False)}][{output}]"
        for source, call, output in origins
    ]


def _inputs(call: Any) -> list[Any]:
    return [] if isinstance(call.layer, InputLayer) else parents(call)
