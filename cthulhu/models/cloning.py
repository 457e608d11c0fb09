"""Models made from models: the same layers with new weights.

What a configuration looks like, and reading one from a file, is `saving`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from cthulhu import errors
from cthulhu.core import Node, is_symbolic, needed, op
from cthulhu.layers.base import Layer
from cthulhu.layers.call import Call
from cthulhu.layers.input import Input, InputLayer
from cthulhu.models.model import Model
from cthulhu.models.sequential import Sequential
from cthulhu.saving import model_from_config as model_from_config
from cthulhu.saving import model_from_json as model_from_json
from cthulhu.saving import model_from_yaml as model_from_yaml


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
) -> Model:
    """Make a model of the same layers, with weights of its own.

    A layer that is used twice is used twice in the twin as well.  The twin is not
    compiled, and its weights begin anew: `twin.set_weights(model.get_weights())` makes
    them the same.

    Args:
        model: A `Sequential` or functional model.
        input_tensors: A symbol or a list of symbols to put the twin upon; default new
            ones like the model's.
        clone_function: Makes the twin of one layer; default from its config.  It may
            return the layer itself, which is shared then, weights and all.

    Raises:
        ValueError: Not a model, one defined by Python code, or another number of
            `input_tensors`.

    Example:
        >>> twin = clone_model(model)
        >>> twin.set_weights(model.get_weights())
    """
    if not isinstance(model, Model):
        raise ValueError(
            errors.message(
                "`clone_model` makes twins of models",
                f"{model!r} of type {type(model).__name__}",
                "a `Model` or a `Sequential`",
            )
        )
    twin_of = clone_function or _twin
    given = input_tensors
    if given is not None and not isinstance(given, (list, tuple)):
        given = [given]
    if isinstance(model, Sequential):
        return _clone_sequential(model, given, twin_of)
    return _clone_graph(model, given, twin_of)


def _twin(layer: Layer) -> Layer:
    if isinstance(layer, Model):
        return clone_model(layer)
    return type(layer).from_config(layer.get_config())


def _clone_sequential(
    model: Sequential, given: list[Any] | None, twin_of: Callable[[Layer], Layer]
) -> Sequential:
    twins = _Twins(twin_of)
    twin = Sequential(name=model.name)
    if given is not None:
        twin.add(_input_layer(model, *_checked(model, given, 1)))
    elif isinstance(model._layers[0] if model._layers else None, InputLayer):
        twin.add(_twin(model._layers[0]))
    for layer in model.layers:
        twin.add(twins[layer])
    return twin


def _input_layer(model: Model, source: Any) -> Layer:
    symbol = source if is_symbolic(source) else Input(tensor=source)
    layer = symbol.history[0] if symbol.history else InputLayer(input_tensor=symbol)
    if not isinstance(layer, InputLayer):
        raise ValueError(
            errors.message(
                f"`{model.name}` cannot be cloned onto the output of `{layer.name}`",
                expected="what `Input(...)` makes",
                fix="Clone it without `input_tensors`, and call the twin on the output",
            )
        )
    return layer


def _clone_graph(
    model: Model, given: list[Any] | None, twin_of: Callable[[Layer], Layer]
) -> Model:
    if not model._is_graph:
        raise ValueError(
            errors.message(
                f"`{model.name}` is defined by Python code, so it cannot be cloned",
                fix=f"Make another `{type(model).__name__}` as you made this one",
            )
        )
    if given is None:
        given = [_twin(layer).symbol for layer in model.input_layers]
    sources = [
        x if is_symbolic(x) else Input(tensor=x)
        for x in _checked(model, given, len(model.inputs))
    ]
    penalties = model._extra_losses
    reported = [(name, symbol) for name, symbol, _ in model._extra_metrics]
    wanted = [*model.outputs, *penalties, *(symbol for _, symbol in reported)]

    found = _Found(zip(model.inputs, sources, strict=True))
    twins = _Twins(twin_of)
    for node in needed(wanted, found):
        if node.symbols:  # else it is the same for any inputs
            found.note(node, _call_again(node, twins, found))

    outputs = [found[symbol] for symbol in model.outputs]
    single = len(outputs) == 1
    twin = Model(sources, outputs[0] if single else outputs, name=model.name)
    twin.trainable = model.trainable
    if penalties:
        twin.add_loss([found[symbol] for symbol in penalties])
    for name, symbol in reported:
        twin.add_metric(found[symbol], name)
    return twin


def _call_again(node: Node, twins: _Twins, found: _Found) -> Any:
    """Record a call once more, on other symbols; returns the new node's outputs."""
    args, kwargs = node.arguments(found)
    if not isinstance(node, Call):
        return op(node.function)(*args, **kwargs)
    layer = twins[node.layer]
    layer(args[0], **kwargs)
    return layer._inbound_nodes[-1].outputs


class _Found(dict):
    """The new symbol for each old one; a symbol that depends on no input stays."""

    def __missing__(self, symbol: Any) -> Any:
        return symbol

    def note(self, node: Node, outputs: Any) -> None:
        self.update(
            zip(jax.tree.leaves(node.outputs), jax.tree.leaves(outputs), strict=True)
        )


class _Twins(dict):
    """The twin of each layer, made when it is first asked for."""

    def __init__(self, twin_of: Callable[[Layer], Layer]):
        super().__init__()
        self.twin_of = twin_of

    def __missing__(self, layer: Layer) -> Layer:
        self[layer] = self.twin_of(layer)
        return self[layer]


def _checked(model: Model, given: list[Any], number: int) -> list[Any]:
    if len(given) != number:
        raise ValueError(
            errors.message(
                f"`{model.name}` cannot be cloned onto another number of inputs",
                f"{len(given)} `input_tensors`",
                str(number),
            )
        )
    return given
