"""The outline of a model: its layers as boxes, and from which box their inputs come.

Plain data for those who draw it in their own way; `plot` draws with Graphviz itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax

from cthulhu.core import Node, Symbol, Variable
from cthulhu.layers.call import Call
from cthulhu.layers.input import InputLayer


class Box(NamedTuple):
    """One call of a layer or of a plain function.

    Attributes:
        name: Unique; behind the names of the models that it is inside: "model_1/dense".
        kind: The layer's class, or the function's name.
        inputs: For each input the name of the box that makes it, and which of its
            outputs that is.
        shapes: Shapes of its outputs, None where a size is not known.
        dtypes: Dtypes of its outputs.
        layer: The layer, or None.
        weights: The layer's weights by names of their own: "kernel".
        shared: Name of the layer's first box, where this is a further call of it.
    """

    name: str
    kind: str
    inputs: list[tuple[str, int]]
    shapes: list[tuple]
    dtypes: list[Any]
    layer: Any = None
    weights: dict[str, Variable] = {}
    shared: str | None = None


def outline(model: Any) -> list[Box]:
    """The boxes of a model, each after those that it takes its inputs from.

    Models inside the model are opened.  Of a model that is defined by Python code only
    the layers are known, not what flows between them.

    Args:
        model: A model that is built.

    Example:
        >>> x = Input((3,))
        >>> [box.name for box in outline(Model(x, Dense(2, name="two")(x)))][1:]
        ['two']
    """
    return _Drawing().draw(model)


class _Drawing:
    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.taken: set[str] = set()
        self.first: dict[Any, str] = {}  # layer -> name of its first box
        self.source: dict[Symbol, tuple[str, int]] = {}

    def draw(self, model: Any) -> list[Box]:
        if not getattr(model, "_is_graph", False):
            self._loose(model, "")
            return self.boxes
        for symbol in model.inputs:
            self._add(symbol.history[0].name, symbol.history[0], [], [symbol])
        self._inside(model, "")
        return self.boxes

    def _inside(self, model: Any, scope: str) -> None:
        for node in model._order:
            layer = node.layer if isinstance(node, Call) else None
            if isinstance(layer, InputLayer):
                continue  # holds a value itself, or was drawn
            if getattr(layer, "_is_graph", False):
                self._open(node, scope)
            elif layer is not None:
                self._add(scope + layer.name, layer, _feeds(node), node.output_tensors)
            else:
                outputs = jax.tree.leaves(node.outputs)
                kind = getattr(node.function, "__name__", "function").strip("_<>")
                self._add(scope + kind, None, node.symbols, outputs, kind)

    def _open(self, node: Call, scope: str) -> None:
        inner = node.layer
        name = self._unique(scope + inner.name)
        outside = dict(self.source)  # a shared model is drawn again for each call
        for symbol, fed in zip(inner.inputs, node.input_tensors, strict=False):
            if fed in outside:
                self.source[symbol] = outside[fed]
        self._inside(inner, f"{name}/")
        made = [self.source.get(symbol) for symbol in inner.outputs]
        self.source = outside
        for symbol, of in zip(node.output_tensors, made, strict=True):
            if of is not None:
                self.source[symbol] = of

    def _loose(self, model: Any, scope: str) -> None:
        for layer in model._layers:
            if getattr(layer, "_is_graph", False):
                self._inside(layer, f"{self._unique(scope + layer.name)}/")
            elif layer._layers and not layer._trainable_weights:
                self._loose(layer, f"{self._unique(scope + layer.name)}/")
            else:
                self._add(scope + layer.name, layer, [], [])

    def _add(
        self,
        name: str,
        layer: Any,
        inputs: list[Any],
        outputs: list[Any],
        kind: str | None = None,
    ) -> None:
        name = self._unique(name)
        shared = self.first.setdefault(layer, name) if layer is not None else name
        self.boxes.append(
            Box(
                name,
                kind or type(layer).__name__,
                [self.source[s] for s in inputs if s in self.source],
                [tuple(symbol.shape) for symbol in outputs],
                [symbol.dtype for symbol in outputs],
                layer,
                dict(_named_weights(layer)) if layer is not None else {},
                None if shared == name else shared,
            )
        )
        self.source.update({s: (name, i) for i, s in enumerate(outputs)})

    def _unique(self, name: str) -> str:
        number, found = 0, name
        while found in self.taken:
            number += 1
            found = f"{name}_{number}"
        self.taken.add(found)
        return found


def _feeds(node: Node) -> list[Symbol]:
    """All symbols that go into a call, those in its further arguments too."""
    first = list(getattr(node, "input_tensors", []))
    return first + [symbol for symbol in node.symbols if symbol not in first]


def _named_weights(layer: Any) -> Iterator[tuple[str, Variable]]:
    taken: set[str] = set()
    for weight in layer.weights:
        name = found = weight.name.removeprefix(f"{layer.name}/")
        number = 0
        while found in taken:
            number += 1
            found = f"{name}_{number}"
        taken.add(found)
        yield found, weight
