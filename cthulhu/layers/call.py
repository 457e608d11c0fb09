"""Call: a layer called on symbols, with the layers around it.

Also the scopes in which a call is only tried, to learn shapes, and `Called`: what a
layer can tell about the calls made of it.
"""

from __future__ import annotations

from typing import Any

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import Node, Scope, Symbol, Variable, current_scope


def as_list(x: Any) -> list[Any]:
    """One thing or several, as a list; None is nothing."""
    if x is None:
        return []
    return list(x) if isinstance(x, (list, tuple)) else [x]


def unpack(x: list[Any]) -> Any:
    """The only thing in a list, or the list."""
    return x[0] if len(x) == 1 else x


class TryingScope(Scope):
    """Scope of a call that is only tried, on stand-ins for sizes not known yet."""

    inferring = True


class InferenceScope(TryingScope):
    """Scope of shape inference: as in training, and it notes who updates what."""

    def __init__(self, traces: list[InferenceScope]):
        super().__init__(training=True)
        self.updated: list[Variable] = []
        traces.append(self)


class Call(Node):
    """A layer called on symbols: a node that knows the layers around it."""

    def __init__(self, layer: Any, inputs: Any, masks: Any, kwargs: dict[str, Any]):
        super().__init__(_run(layer), (inputs, masks), kwargs, layer=layer)
        self.input_tensors = as_list(inputs)
        self.call_kwargs = kwargs
        self.output_tensors: list[Symbol] = []
        self.output_masks: list[Symbol | None] = []
        self.losses: list[Symbol] = []

    @property
    def outbound_layer(self) -> Any:
        return self.layer

    def _origins(self) -> list[tuple[Any, int, int]]:
        if self.input_tensors is self.output_tensors:  # where data enter a model
            return []
        return [x.history for x in self.input_tensors if getattr(x, "history", None)]

    @property
    def inbound_layers(self) -> list[Any]:
        return [origin[0] for origin in self._origins()]

    @property
    def node_indices(self) -> list[int]:
        return [origin[1] for origin in self._origins()]

    @property
    def tensor_indices(self) -> list[int]:
        return [origin[2] for origin in self._origins()]

    @property
    def input_masks(self) -> list[Symbol | None]:
        return [getattr(x, "mask", None) for x in self.input_tensors]

    @property
    def input_shapes(self) -> list[tuple]:
        return [K.int_shape(x) for x in self.input_tensors]

    @property
    def output_shapes(self) -> list[tuple]:
        return [x.shape for x in self.output_tensors]

    def get_config(self) -> dict[str, Any]:
        """Names of the layers around the call, and which of their results it takes."""
        return {
            "outbound_layer": self.layer.name,
            "inbound_layers": [layer.name for layer in self.inbound_layers],
            "node_indices": self.node_indices,
            "tensor_indices": self.tensor_indices,
        }


def _run(layer: Any) -> Any:
    """The function that a call of `layer` is at run time: also masks and penalties."""

    def run(inputs: Any, masks: Any, **kwargs: Any) -> tuple[Any, Any, list[Any]]:
        penalties = getattr(current_scope(), "losses", [])
        before = len(penalties)
        outputs, out_masks = layer.run(inputs, masks, kwargs)
        return outputs, out_masks, list(penalties[before:])

    return run


class Called:
    """What a layer knows about its calls on symbols: inputs, outputs, shapes, masks."""

    name: str
    _inbound_nodes: list[Call]
    _outbound_nodes: list[Call]

    def _node(self, index: int, what: str) -> Call:
        if not self._inbound_nodes:
            raise RuntimeError(
                errors.message(
                    f"Layer `{self.name}` has never been called, so it has no {what}"
                )
            )
        if not index < len(self._inbound_nodes):
            raise ValueError(
                errors.message(
                    f"Asked for the {what} of call {index} of layer `{self.name}`, "
                    f"which has been called {len(self._inbound_nodes)} times"
                )
            )
        return self._inbound_nodes[index]

    def _only_node(self, what: str) -> Call:
        if len(self._inbound_nodes) > 1 and what in ("input", "output"):
            raise AttributeError(
                errors.message(
                    f"Layer `{self.name}` has {len(self._inbound_nodes)} inbound "
                    f"nodes, so `layer.{what}` is ill-defined",
                    fix=f"Use `get_{what}_at(node_index)` instead",
                )
            )
        try:
            return self._node(0, what)
        except RuntimeError as error:
            raise AttributeError(str(error)) from None

    def get_input_at(self, node_index: int) -> Any:
        """Input symbol(s) of the call with that number."""
        return unpack(self._node(node_index, "input").input_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """Output symbol(s) of the call with that number."""
        return unpack(self._node(node_index, "output").output_tensors)

    def get_input_shape_at(self, node_index: int) -> Any:
        """Input shape(s) of the call with that number."""
        return unpack(self._node(node_index, "input shape").input_shapes)

    def get_output_shape_at(self, node_index: int) -> Any:
        """Output shape(s) of the call with that number."""
        return unpack(self._node(node_index, "output shape").output_shapes)

    def get_input_mask_at(self, node_index: int) -> Any:
        """Input mask(s) of the call with that number."""
        return unpack(self._node(node_index, "input mask").input_masks)

    def get_output_mask_at(self, node_index: int) -> Any:
        """Output mask(s) of the call with that number."""
        return unpack(self._node(node_index, "output mask").output_masks)

    @property
    def input(self) -> Any:
        """Input symbol(s), if the layer was called once."""
        return unpack(self._only_node("input").input_tensors)

    @property
    def output(self) -> Any:
        """Output symbol(s), if the layer was called once."""
        return unpack(self._only_node("output").output_tensors)

    @property
    def input_mask(self) -> Any:
        """Mask(s) of the input, if the layer was called once."""
        return unpack(self._only_node("input").input_masks)

    @property
    def output_mask(self) -> Any:
        """Mask(s) of the output, if the layer was called once."""
        return unpack(self._only_node("output").output_masks)

    @property
    def input_shape(self) -> Any:
        """Input shape(s), if all calls agree on them."""
        return self._agreed("input_shapes", "input shape")

    @property
    def output_shape(self) -> Any:
        """Output shape(s), if all calls agree on them."""
        return self._agreed("output_shapes", "output shape")

    def _agreed(self, attribute: str, what: str) -> Any:
        self._only_node(what)
        shapes = [getattr(node, attribute) for node in self._inbound_nodes]
        if any(shape != shapes[0] for shape in shapes):
            raise AttributeError(
                errors.message(
                    f"Layer `{self.name}` has several inbound nodes with different "
                    f"{what}s, so its {what} is ill-defined",
                    str(shapes),
                    fix=f"Use `get_{what.replace(' ', '_')}_at(node_index)` instead",
                )
            )
        return unpack(shapes[0])
