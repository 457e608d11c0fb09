"""Network: layers chained into a graph, from input symbols to output symbols.

It finds the layers between inputs and outputs, puts them in Keras's order, runs them
and writes and reads their config.  Training is the business of `training`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from cthulhu import errors
from cthulhu.core import (
    Node,
    Symbol,
    Variable,
    current_scope,
    depends,
    is_symbolic,
    needed,
    registry,
    replay,
)
from cthulhu.layers.base import Layer
from cthulhu.layers.call import Call
from cthulhu.layers.input import InputLayer
from cthulhu.layers.keeping import assign_all
from cthulhu.metrics import Metric


class Network(Layer):
    """A graph of layers that is a layer itself.

    Args:
        inputs: A symbol or a list of symbols, as `Input` makes them.
        outputs: A symbol or a list of symbols computed from them.
        name: Unique name.
        trainable: Whether training changes any weights in it.

    Raises:
        ValueError: Outputs need an input that is not given, two layers share a name, or
            something is no symbol.
    """

    _is_graph = False
    input_readers: list[list[Layer]] = []  # layers that each input goes to

    def __init__(self, inputs=None, outputs=None, name=None, trainable=True, **kwargs):
        if inputs is None and outputs is None:
            super().__init__(name=name, trainable=trainable, **kwargs)
            self._extra_losses: list[Symbol] = []
            self._extra_metrics: list[tuple[Symbol, Any]] = []
            self.input_names: list[str] | None = None
            self.output_names: list[str] = []
            # inputs that data are given for: not those that hold values themselves
            self._feed_inputs: list[Symbol] | None = None
            self._feed_input_names: list[str] | None = None
            self._output_specs: list[Any] = []
            return
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._extra_losses = []
        self._extra_metrics = []
        self._connect(inputs, outputs)

    # The graph

    def _connect(self, inputs: Any, outputs: Any) -> None:
        self.inputs = _symbols(inputs, "inputs")
        self.outputs = _symbols(outputs, "outputs")
        self._single = not isinstance(outputs, (list, tuple))
        doubles = len(set(self.inputs)) != len(self.inputs)
        if doubles:
            raise ValueError(
                errors.message(
                    "The list of inputs of a model has an element twice",
                    str(self.inputs),
                    "each input once",
                )
            )
        for symbol in self.inputs:
            if symbol.history is None:  # of `K.placeholder`
                InputLayer(input_tensor=symbol, batch_input_shape=symbol.shape)
            elif not isinstance(symbol.history[0], InputLayer):
                raise ValueError(
                    errors.message(
                        "The inputs of a model must come from `Input`",
                        f"`{symbol.name}`, an output of the layer "
                        f"`{symbol.history[0].name}`",
                        fix="Call the layers after it on an `Input` of its own, "
                        f"`Input({symbol.shape[1:]})`",
                    )
                )
        try:
            self._order = needed(self.outputs, dict.fromkeys(self.inputs))
        except ValueError as error:
            raise ValueError(
                errors.message(
                    f"Graph disconnected: {error}",
                    "inputs " + ", ".join(f"`{s.name}`" for s in self.inputs),
                )
            ) from None
        self.input_layers = [symbol.history[0] for symbol in self.inputs]
        self._layers, self._calls, self._depths = _sorted_layers(
            self.inputs, self.outputs, self.input_layers
        )
        self._check_unique_names()
        self.output_layers = [s.history[0] for s in self.outputs if s.history]
        self.input_names = [layer.name for layer in self.input_layers]
        self.output_names = _numbered(
            [s.history[0].name if s.history else s.name for s in self.outputs]
        )
        self._feed_inputs = [x for x in self.inputs if x.history[0].is_placeholder]
        self._feed_input_names = [x.history[0].name for x in self._feed_inputs]
        self._output_specs = self.outputs
        self._is_graph = True
        self.built = True
        own = set(self._calls)
        self.input_readers = [
            [node.layer for node in symbol.history[0]._outbound_nodes if node in own]
            for symbol in self._feed_inputs
        ]
        node = Call(self, [], [], {})
        node.input_tensors, node.output_tensors = self.inputs, self.outputs
        node.output_masks = [symbol.mask for symbol in self.outputs]
        self._own_node = node

    def _check_unique_names(self) -> None:
        seen: dict[str, Layer] = {}
        for layer in self._layers:
            if seen.setdefault(layer.name, layer) is not layer:
                raise ValueError(
                    errors.message(
                        f"Two layers of the model are named `{layer.name}`",
                        expected="a name of its own for each layer",
                        fix="Give one of them another `name=`",
                    )
                )

    @property
    def layers(self) -> list[Layer]:
        """The layers, in Keras's order: by depth, then by when they were met."""
        return list(self._layers)

    @property
    def _layers_by_depth(self) -> dict[int, list[Layer]]:
        return self._by_depth(self._layers)

    @property
    def _nodes_by_depth(self) -> dict[int, list[Call]]:
        return self._by_depth(self._calls)

    def _by_depth(self, things: list[Any]) -> dict[int, list[Any]]:
        """Layers or calls by their distance from the outputs, the largest first."""
        found: dict[int, list[Any]] = {}
        for thing in sorted(things, key=lambda one: -self._depths[one]):
            found.setdefault(self._depths[thing], []).append(thing)
        return found

    @property
    def _input_layers(self) -> list[Layer]:
        return self.input_layers

    @property
    def _output_layers(self) -> list[Layer]:
        return self.output_layers

    @property
    def uses_learning_phase(self) -> bool:
        """Whether any output is computed in another way in training."""
        return any(output._uses_learning_phase for output in self.outputs)

    @property
    def input_dtypes(self) -> list[Any] | None:
        """Dtypes that data are cast to, None where not known."""
        if self._feed_inputs is None:
            return None
        return [symbol.dtype for symbol in self._feed_inputs]

    @property
    def input_shapes(self) -> list[tuple] | None:
        """Shapes of the inputs that data are given for, None where not known."""
        if not self._is_graph:
            return None
        return [symbol.shape for symbol in self._feed_inputs]

    @property
    def output_shapes(self) -> list[tuple]:
        """Shapes of the outputs."""
        return [tuple(spec.shape) for spec in self._output_specs]

    @property
    def _fixed_batch_size(self) -> int | None:
        if not self._is_graph:
            return None
        return self.inputs[0].shape[0] if self.inputs else None

    @property
    def input(self) -> Any:
        if not self._is_graph:
            return super().input
        return self.inputs[0] if len(self.inputs) == 1 else self.inputs

    @property
    def output(self) -> Any:
        if not self._is_graph:
            return super().output
        return self.outputs[0] if len(self.outputs) == 1 else self.outputs

    @property
    def input_shape(self) -> Any:
        if not self._is_graph:
            return super().input_shape
        shapes = [symbol.shape for symbol in self.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        if not self._is_graph:
            if self._output_specs:
                shapes = self.output_shapes
                return shapes[0] if len(shapes) == 1 else shapes
            return super().output_shape
        shapes = [symbol.shape for symbol in self.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def input_spec(self) -> Any:
        return None

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        pass

    # Running

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Compute the outputs from the inputs."""
        if not self._is_graph:
            raise NotImplementedError(
                errors.message(
                    f"`{type(self).__name__}` does not say what it computes",
                    fix="Define `call(self, inputs)`, or give `inputs` and `outputs`",
                )
            )
        return self.run(inputs, mask, {})[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Masks of the outputs."""
        if not self._is_graph:
            return None
        return self.run(inputs, mask, {})[1]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shapes of the outputs for shapes of the inputs."""
        if not self._is_graph:
            return super().compute_output_shape(input_shape)
        return super().compute_output_shape(input_shape)

    def run(self, inputs: Any, masks: Any, kwargs: dict[str, Any]) -> Any:
        """Compute outputs and masks from arrays, in the current scope."""
        if not self._is_graph:
            return super().run(inputs, masks, kwargs)
        arrays = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        symbols = self.inputs
        if len(arrays) != len(symbols):
            symbols = self._feed_inputs
        if len(arrays) != len(symbols):
            raise ValueError(
                errors.message(
                    f"`{self.name}` was called with another number of inputs",
                    str(len(arrays)),
                    f"{len(self.inputs)}: "
                    + ", ".join(f"`{n}`" for n in self.input_names),
                )
            )
        held = [symbol for symbol in self.inputs if symbol not in symbols]
        mask = kwargs.get("mask", masks)
        known = mask if isinstance(mask, (list, tuple)) else [mask] * len(arrays)
        values = dict(zip(symbols, arrays, strict=True))
        values.update(zip(held, replay(held, {}), strict=True))
        mask_of = dict(zip(symbols, known, strict=True))
        scope = current_scope()
        asked, before = kwargs.get("training"), scope.training
        if isinstance(asked, (bool, int)) and hasattr(scope, "losses"):
            scope.training = bool(asked)
        try:
            for node in self._order:
                run_node(node, values, mask_of)
            self._run_extras(values, mask_of)
        finally:
            if hasattr(scope, "losses"):
                scope.training = before
        outputs = [values[symbol] for symbol in self.outputs]
        out_masks = [mask_of.get(symbol) for symbol in self.outputs]
        if len(outputs) == 1:
            return outputs[0], out_masks[0]
        return outputs, out_masks

    def _run_extras(self, values: dict[Symbol, Any], mask_of: dict) -> None:
        scope = current_scope()
        if not hasattr(scope, "losses"):
            return
        extras = [*self._extra_losses, *(s for s, _ in self._extra_metrics)]
        for node in needed(extras, values):
            run_node(node, values, mask_of)
        for symbol in self._extra_losses:
            scope.losses.append(values[symbol])
        for symbol, metric in self._extra_metrics:
            if metric is not None:
                metric.update_state(values[symbol])

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        if self._is_graph:
            given = losses if isinstance(losses, (list, tuple)) else [losses]
            symbols = [loss for loss in given if is_symbolic(loss)]
            self._extra_losses += symbols
            losses = [loss for loss in given if not is_symbolic(loss)]
        super().add_loss(losses, inputs)

    def add_metric(self, value: Any, name: str | None = None, **kwargs: Any) -> None:
        if not is_symbolic(value):
            super().add_metric(value, name, **kwargs)
        elif value.source is not None:  # computed, and counted, by a metric object
            self._track(value.source)
            self._extra_metrics.append((value, None))
        else:
            metric = self._mean(name or value.name)
            self._extra_metrics.append((value, metric))

    def _itself_keeps_rows_apart(self) -> bool:
        if not super()._itself_keeps_rows_apart() or not self._is_graph:
            return False
        leaves = [leaf for node in self._order for leaf in node.leaves]
        return (
            all(isinstance(node, Call) for node in self._order)
            and all(is_symbolic(x) or not hasattr(x, "shape") for x in leaves)
            and all(len(x.shape) > 1 for x in leaves if is_symbolic(x))
            and len(self._feed_inputs) == len(self.inputs)  # the others are variables
        )

    def _own_calls(self) -> list[Call]:
        return [node for node in self._order if isinstance(node, Call)]

    @property
    def losses(self) -> list[Any]:
        if not self._is_graph:
            return super().losses
        penalties = [penalty() for penalty in self.penalties]
        calls = [loss for call in self._own_calls() for loss in call.losses]
        return [*penalties, *calls, *self._extra_losses]

    def _losses_below(self) -> list[tuple[Any, list[Any] | None]]:
        # Calls of the layers of a graph are its own, and told by `losses`.
        return self._call_losses if self._is_graph else super()._losses_below()

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Penalties that depend on any of `inputs` (None: those on weights)."""
        found = super().get_losses_for(inputs)
        if inputs is None or not self._is_graph:
            return found
        wanted = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        own = [loss for call in self._own_calls() for loss in call.losses]
        return found + [
            loss for loss in [*own, *self._extra_losses] if depends(loss, wanted)
        ]

    @property
    def updates(self) -> list[Any]:
        if not self.trainable and not self.stateful:
            return []
        if not self._is_graph:
            return [u for layer in self._layers for u in layer.updates]
        inside = {id(x) for call in self._own_calls() for x in call.input_tensors}
        return [
            update
            for layer in self._layers
            if layer.trainable or layer.stateful
            for update, at in layer._call_updates
            if at is None or any(id(x) in inside for x in at)
        ]

    # Weights

    def get_weights(self) -> list[np.ndarray]:
        """NumPy copies of all weights, layer by layer."""
        return [w.numpy() for w in self._weights_by_layer()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights from arrays, layer by layer as `get_weights` gives them.

        Raises:
            ValueError: Another number of arrays, or an array of another shape; no
                weight is changed then.
        """
        assign_all(self, self._weights_by_layer(), weights)

    def _weights_by_layer(self) -> list[Variable]:
        own = [*self._trainable_weights, *self._non_trainable_weights]
        return own + [w for layer in self._layers for w in layer.weights]

    @property
    def state_updates(self) -> list[Any]:
        """Updates of stateful layers, which happen in predicting as well."""
        return [u for la in self.layers_below() if la.stateful for u in la.updates]

    @property
    def stateful(self) -> bool:
        """Whether any layer keeps state between batches."""
        return any(layer.stateful for layer in self._layers)

    @stateful.setter
    def stateful(self, value: bool) -> None:
        pass

    def reset_states(self) -> None:
        """Let stateful layers forget."""
        for layer in self._layers:
            if hasattr(layer, "reset_states") and layer.stateful:
                layer.reset_states()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or else at that place.

        Args:
            name: Name of the layer.
            index: Place in `layers`, from 0; it goes before the name.

        Raises:
            ValueError: No such layer; the nearest name is given.
        """
        if index is not None:
            if not -len(self._layers) <= index < len(self._layers):
                raise ValueError(
                    errors.message(
                        f"`{self.name}` has no layer {index}",
                        expected=f"an index below {len(self._layers)}",
                    )
                )
            return self._layers[index]
        if name is None:
            raise ValueError("Provide either a layer name or layer index.")
        for layer in self._layers:
            if layer.name == name:
                return layer
        raise errors.unknown_name("layer", name, [la.name for la in self._layers])

    # Config

    def get_config(self) -> dict[str, Any]:
        """Layers and how they are connected, as plain data."""
        if not self._is_graph:
            raise NotImplementedError(
                errors.message(
                    f"`{type(self).__name__}` is defined by Python code, so it has no "
                    "config",
                    fix="Save its weights with `save_weights`, or build it from "
                    "layers with `Model(inputs, outputs)`",
                )
            )
        numbers = _node_numbers(self._calls)
        layers = []
        for layer in self._layers:
            calls = [n for n in layer._inbound_nodes if n in numbers]
            layers.append(
                {
                    "name": layer.name,
                    "class_name": type(layer).__name__,
                    "config": layer.get_config(),
                    "inbound_nodes": [
                        self._call_config(node, numbers)
                        for node in calls
                        if node.input_tensors and not isinstance(layer, InputLayer)
                    ],
                }
            )

        def place(symbol: Symbol) -> list[Any]:
            layer, index, tensor = self._origin(symbol)
            return [layer.name, numbers[layer._inbound_nodes[index]], tensor]

        return {
            "name": self.name,
            "layers": layers,
            "input_layers": [place(symbol) for symbol in self.inputs],
            "output_layers": [place(symbol) for symbol in self.outputs],
        }

    def _origin(self, symbol: Symbol) -> tuple[Layer, int, int]:
        if symbol.history is None:
            raise ValueError(
                errors.message(
                    f"`{self.name}` computes `{symbol.name}` outside of any layer, "
                    "which a config cannot hold",
                    fix="Put the computation into a Lambda layer",
                )
            )
        return symbol.history

    def _call_config(self, node: Call, numbers: dict[Any, int]) -> list[Any]:
        kwargs = {
            k: registry.plain(v) for k, v in node.call_kwargs.items() if v is not None
        }
        config = []
        for symbol in node.input_tensors:
            layer, index, tensor = self._origin(symbol)
            number = numbers[layer._inbound_nodes[index]]
            config.append([layer.name, number, tensor, kwargs])
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make a model from what `get_config` gave, with new weights.

        Args:
            config: Its name, layers and how they are connected.
            custom_objects: Classes and functions of your own by name.
        """
        with registry.custom_object_scope(custom_objects or {}):
            return _from_config(cls, config)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Layer) and "name" not in self.__dict__:
            raise RuntimeError(
                errors.message(
                    f"`{type(self).__name__}` was given a layer before it was made",
                    fix="Begin its `__init__` with `super().__init__()`",
                )
            )
        if self.__dict__.get("_is_graph") and not isinstance(value, Metric):
            object.__setattr__(self, name, value)  # its layers are those of the graph
        else:
            super().__setattr__(name, value)


def run_node(node: Node, values: dict[Symbol, Any], mask_of: dict[Symbol, Any]) -> None:
    """Compute one recorded call; masks travel beside the values."""
    if not isinstance(node, Call) or not node.output_tensors:
        node.compute(values)
        return
    (inputs, _), kwargs = node.arguments(_Found(values, mask_of))
    masks: Any = [mask_of.get(symbol) for symbol in node.input_tensors]
    if not isinstance(inputs, (list, tuple)):
        masks = masks[0]
    losses = getattr(current_scope(), "losses", [])
    before = len(losses)
    outputs, out_masks = node.layer.run(inputs, masks, kwargs)
    results = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    given = out_masks if isinstance(out_masks, (list, tuple)) else [out_masks]
    for i, (symbol, result) in enumerate(
        zip(node.output_tensors, results, strict=True)
    ):
        values[symbol] = result
        mask = given[i] if i < len(given) else None
        mask_of[symbol] = mask
        if symbol.mask is not None and mask is not None:
            values[symbol.mask] = mask
    values.update(zip(node.losses, losses[before:], strict=False))


class _Found(dict):
    """Values of symbols, with nothing for masks that did not come."""

    def __init__(self, values: dict[Symbol, Any], mask_of: dict[Symbol, Any]):
        super().__init__()
        self.values_, self.mask_of = values, mask_of

    def __missing__(self, symbol: Symbol) -> Any:
        return self.values_.get(symbol)


def _symbols(given: Any, what: str) -> list[Symbol]:
    found = list(given) if isinstance(given, (list, tuple)) else [given]
    for one in found:
        if not is_symbolic(one):
            raise ValueError(
                errors.message(
                    f"The {what} of a model must be symbols",
                    _described(one),
                    "what `Input(...)` makes, or what layers make of it",
                    _symbols_advice(one),
                )
            )
    return found


def _described(thing: Any) -> str:
    if hasattr(thing, "shape") and not isinstance(thing, Layer):
        return f"an array of shape {tuple(thing.shape)}"
    return f"{thing!r} of type {type(thing).__name__}"


def _symbols_advice(thing: Any) -> str | None:
    if isinstance(thing, Layer):
        return f"Call the layer on a symbol, and give what it makes: `{thing.name}(x)`"
    if thing is None:
        return "Give both: `Model(inputs, outputs)`"
    if hasattr(thing, "shape"):
        return "Data go to `fit` and `predict`"
    return None


def parents(node: Node) -> list[Symbol]:
    """Symbols made by layers that a call depends on, through plain functions too."""
    symbols = node.input_tensors if isinstance(node, Call) else node.symbols
    found: list[Symbol] = []
    extra = [s for s in node.symbols if s.history is not None and s not in symbols]
    for symbol in [*symbols, *extra]:
        if not is_symbolic(symbol):
            continue
        if symbol.history is not None:
            found.append(symbol)
        elif symbol.node is not None and not isinstance(symbol.node, Call):
            found += parents(symbol.node)
    return found


def get_source_inputs(
    tensor: Any, layer: Layer | None = None, node_index: int | None = None
) -> list[Any]:
    """The inputs that a symbol is computed from, each once.

    Args:
        tensor: The symbol; anything else stands for itself.
        layer: The layer that made it; only with `node_index`.
        node_index: The number of its call.

    Example:
        >>> x = Input((3,))
        >>> get_source_inputs(Dense(2)(x)) == [x]
        True
    """
    if not is_symbolic(tensor):
        return tensor
    node = tensor.node
    if layer is not None and node_index is not None:
        node = layer._inbound_nodes[node_index]
    made_by = tensor.history[0] if tensor.history else None
    if node is None or isinstance(made_by, InputLayer):
        return [tensor]
    found = [get_source_inputs(symbol) for symbol in parents(node)]
    return list(dict.fromkeys(symbol for symbols in found for symbol in symbols))


def call_of(symbol: Symbol) -> Call:
    layer, index, _ = symbol.history  # type: ignore[misc]
    return layer._inbound_nodes[index]


def _sorted_layers(
    inputs: Iterable[Symbol], outputs: Iterable[Symbol], input_layers: list[Layer]
) -> tuple[list[Layer], list[Call], dict[Any, int]]:
    """Layers by decreasing depth, their calls each after those it needs, all depths.

    The depth of a call is its distance from the outputs, that of a layer the largest of
    its calls; ties go to the layer met first on the way back from the outputs.
    """
    ends = {call_of(symbol) for symbol in inputs}
    met: dict[Layer, int] = {}
    finished: dict[Call, None] = {}
    for output in outputs:
        starts = [output] if output.history else parents(output.node)
        for start in starts:
            _walk(call_of(start), ends, met, finished)
    depths: dict[Call, int] = {}
    layer_depths: dict[Layer, int] = {}
    for call in reversed(finished):
        depth = max(depths.get(call, 0), layer_depths.get(call.layer, 0))
        depths[call] = layer_depths[call.layer] = depth
        if call not in ends:
            for symbol in parents(call):
                parent = call_of(symbol)
                depths[parent] = max(depth + 1, depths.get(parent, 0))
    for layer in input_layers:  # an input that nothing depends on counts as well
        met.setdefault(layer, len(met))
        layer_depths.setdefault(layer, 0)
        finished.setdefault(layer._inbound_nodes[0], None)
        depths.setdefault(layer._inbound_nodes[0], 0)
    layers = sorted(layer_depths, key=lambda la: (-layer_depths[la], met[la]))
    return layers, list(finished), {**layer_depths, **depths}


def _walk(
    call: Call, ends: set[Call], met: dict[Layer, int], finished: dict[Call, None]
) -> None:
    stack: list[tuple[Call, bool]] = [(call, False)]
    while stack:
        item, done = stack.pop()
        if done:
            finished.setdefault(item, None)
            continue
        if item in finished:
            continue
        met.setdefault(item.layer, len(met))
        stack.append((item, True))
        if item not in ends:
            above = [call_of(symbol) for symbol in parents(item)]
            stack.extend((parent, False) for parent in reversed(above))


def _node_numbers(calls: Iterable[Call]) -> dict[Call, int]:
    """The number that each call has among the kept calls of its layer."""
    kept = set(calls)
    numbers = {}
    for call in kept:
        own = [node for node in call.layer._inbound_nodes if node in kept]
        first = _first_number(call.layer)
        numbers.update({node: i for i, node in enumerate(own, first)})
    return numbers


def _first_number(layer: Layer) -> int:
    """In a config the making of a model counts as the first call of it."""
    return int(isinstance(layer, Network))


def _numbered(names: list[str]) -> list[str]:
    """Names of outputs, told apart where a layer makes several."""
    counts: dict[str, int] = {}
    result = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        result.append(name if counts[name] == 1 else f"{name}_{counts[name] - 1}")
    return result


def _from_config(cls: type, config: dict[str, Any]) -> Any:
    layers: dict[str, Layer] = {}
    waiting: list[tuple[Layer, int, Any]] = []
    made: dict[tuple[str, int], Call] = {}
    for entry in config["layers"]:
        layer = registry.deserialize(
            "layer", {"class_name": entry["class_name"], "config": entry["config"]}
        )
        name = entry.get("name", layer.name)
        layer.name = name
        layers[name] = layer
        if isinstance(layer, InputLayer):
            made[name, 0] = layer._inbound_nodes[0]
        first = _first_number(layer)
        for number, call in enumerate(entry["inbound_nodes"], first):
            waiting.append((layer, number, call))
    while waiting:
        left = []
        for layer, number, call in waiting:
            parts = [call] if call and isinstance(call[0], str) else call
            sources = [made.get((part[0], part[1])) for part in parts]
            if any(source is None for source in sources):
                left.append((layer, number, call))
                continue
            symbols = [
                source.output_tensors[part[2]]
                for source, part in zip(sources, parts, strict=True)
            ]
            kwargs = parts[0][3] if parts and len(parts[0]) > 3 else {}
            layer(symbols[0] if len(symbols) == 1 else symbols, **kwargs)
            made[layer.name, number] = layer._inbound_nodes[-1]
        if len(left) == len(waiting):
            names = sorted({layer.name for layer, _, _ in left})
            raise ValueError(
                errors.message(
                    "The config of a model connects layers to ones that are not there",
                    "no inputs for " + ", ".join(f"`{n}`" for n in names),
                )
            )
        waiting = left

    def find(places: Any) -> Any:
        single = bool(places) and isinstance(places[0], str)
        symbols = [
            made[place[0], place[1]].output_tensors[place[2]]
            for place in ([places] if single else places)
        ]
        return symbols[0] if single else symbols

    return cls(
        inputs=find(config["input_layers"]),
        outputs=find(config["output_layers"]),
        name=config.get("name"),
    )
