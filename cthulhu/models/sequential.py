"""Sequential: layers one after the other."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from cthulhu import config, errors
from cthulhu.core import naming, registry
from cthulhu.layers.base import Layer
from cthulhu.layers.input import Input, InputLayer
from cthulhu.layers.spec import checked_shape
from cthulhu.models.model import Model


class Sequential(Model):
    """A model of layers one after the other.

    Args:
        layers: Layers to begin with.
        name: Unique name; default `"sequential_1"` and so on.

    Raises:
        TypeError: Something added is no layer, or has several outputs.

    Example:
        >>> model = Sequential([Dense(32, activation="relu", input_dim=784)])
        >>> model.add(Dense(10, activation="softmax"))
        >>> model.output_shape
        (None, 10)
    """

    def __init__(self, layers=None, name=None):
        super().__init__(name=name or naming.unique_name("sequential"))
        self.inputs: list[Any] | None = None
        self.outputs: list[Any] | None = None
        self._build_input_shape: Any = None
        if isinstance(layers, Layer):
            raise TypeError(
                errors.message(
                    "The layers of a Sequential model come as a list",
                    f"the layer `{layers.name}` alone",
                    fix=f"Write `{type(self).__name__}([...])`",
                )
            )
        for layer in layers or []:
            self.add(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers that were added, without the input layer made for them."""
        if self._layers and isinstance(self._layers[0], InputLayer):
            return self._layers[1:]
        return list(self._layers)

    def add(self, layer: Layer) -> None:
        """Put a layer on top.

        Args:
            layer: The layer; the first may tell `input_shape`, otherwise the model is
                built by its first data.

        Raises:
            TypeError: Not a layer, or one with several outputs.
        """
        if not isinstance(layer, Layer):
            hint = None
            if isinstance(layer, type) and issubclass(layer, Layer):
                hint = f"Write `{layer.__name__}(...)`: this is the class, not a layer"
            raise TypeError(
                errors.message(
                    "The added layer must be an instance of class Layer",
                    f"{layer!r} of type {type(layer).__name__}",
                    fix=hint,
                )
            )
        self._programs = {}
        if not self._layers:
            symbol = self._first(layer)
        elif self.outputs:
            symbol = layer(self.outputs[0])
        else:
            symbol = None
        if symbol is None:
            self._layers.append(layer)
            self.built = False
            return
        if isinstance(symbol, list):
            raise TypeError(
                errors.message(
                    "All layers in a Sequential model should have a single output",
                    f"`{layer.name}` with {len(symbol)}",
                    fix="Use the functional interface: `Model(inputs, outputs)`",
                )
            )
        inputs = self.inputs or [self._source]
        self._link(inputs, [symbol])

    def _first(self, layer: Layer) -> Any:
        if isinstance(layer, InputLayer):
            self._source = layer.symbol
            return layer.symbol
        inner = layer
        while isinstance(inner, Model):
            if not inner.layers:
                raise ValueError("Cannot add an empty model to a `Sequential` model.")
            inner = inner.layers[0]
        shape = getattr(inner, "batch_input_shape", None)
        if shape is None:
            return None
        self._source = Input(
            batch_shape=shape, dtype=inner.dtype, name=f"{layer.name}_input"
        )
        return layer(self._source)

    def _link(self, inputs: list[Any], outputs: list[Any]) -> None:
        self._is_graph = False
        self._connect(inputs, outputs[0])

    def pop(self) -> None:
        """Take the last layer away.

        Raises:
            TypeError: There is none.
        """
        if not self.layers:
            raise TypeError("There are no layers in the model.")
        self._programs = {}
        gone = self._layers.pop()
        if not self.layers:
            self._layers.clear()
            self.inputs = self.outputs = None
            self.built = self._is_graph = False
        elif self.outputs:
            node = next(n for n in gone._inbound_nodes if self.outputs[0].node is n)
            below = self.layers[-1]
            below._outbound_nodes = [n for n in below._outbound_nodes if n is not node]
            assert self.inputs is not None
            self._link(self.inputs, node.input_tensors)

    def build(self, input_shape: Any = None) -> None:
        """Build the weights for an input shape with its batch size.

        Args:
            input_shape: Tuple such as `(None, 784)`; not needed where the first layer
                told its own.
        """
        if self.inputs or input_shape is None:
            return
        self._build_input_shape = checked_shape(input_shape, "input_shape", self.name)
        self._grow(
            Input(
                batch_shape=self._build_input_shape,
                dtype=config.floatx(),
                name=f"{self.name}_input",
            )
        )

    def build_from(self, xs: list[Any]) -> None:
        """Build the weights for inputs of the shapes of `xs`."""
        if not self.layers:
            raise ValueError(
                errors.message(f"`{self.name}` has no layers", fix="`add` some first")
            )
        if len(xs) != 1:
            raise ValueError(
                errors.message(
                    f"`{self.name}` is a chain of layers with one input",
                    f"{len(xs)} arrays",
                )
            )
        self.build((None, *xs[0].shape[1:]))

    def _grow(self, source: Any) -> None:
        symbol = source
        for layer in self._layers:
            symbol = layer(symbol)
        self._link([source], [symbol])

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Compute the output from the input."""
        if not self._is_graph:
            self.build((None, *inputs.shape[1:]))
        return super().call(inputs, mask)

    def _build(self, inputs: Any) -> None:
        if not self._is_graph:
            shape = inputs[0].shape if isinstance(inputs, list) else inputs.shape
            self.build((None, *shape[1:]))

    def predict_proba(self, x, batch_size=32, verbose=0) -> np.ndarray:
        """Compute the outputs as probabilities; warns where they are none.

        Args:
            x: Inputs, as in `fit`.
            batch_size: Rows in a batch.
            verbose: 0 silent, 1 a progress bar.
        """
        probabilities = self.predict(x, batch_size, verbose)
        if probabilities.min() < 0.0 or probabilities.max() > 1.0:
            warnings.warn(
                "Network returning invalid probability values. The last layer might "
                "not normalize predictions into probabilities (like softmax or "
                "sigmoid would).",
                UserWarning,
                stacklevel=2,
            )
        return probabilities

    def predict_classes(self, x, batch_size=32, verbose=0) -> np.ndarray:
        """Compute the number of the likeliest class of each row.

        Args:
            x: Inputs, as in `fit`.
            batch_size: Rows in a batch.
            verbose: 0 silent, 1 a progress bar.
        """
        probabilities = self.predict(x, batch_size, verbose)
        if probabilities.shape[-1] > 1:
            return probabilities.argmax(axis=-1)
        return (probabilities > 0.5).astype("int32")

    def get_config(self) -> dict[str, Any]:
        layers = [
            {"class_name": type(layer).__name__, "config": layer.get_config()}
            for layer in self.layers
        ]
        first = self._layers[0] if self._layers else None
        if isinstance(first, InputLayer) and layers and not self._build_input_shape:
            if "batch_input_shape" not in layers[0]["config"]:
                # It was added by hand, and nothing else tells the shape.
                layers.insert(0, registry.serialize(first))
        found: dict[str, Any] = {"name": self.name, "layers": layers}
        if self._build_input_shape is not None:
            found["build_input_shape"] = self._build_input_shape
        return found

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        if isinstance(config, list):  # as it was before 2.2
            config = {"layers": config}
        with registry.custom_object_scope(custom_objects or {}):
            model = cls(name=config.get("name"))
            for entry in config["layers"]:
                model.add(registry.deserialize("layer", entry))
        if not model.inputs and config.get("build_input_shape"):
            model.build(config["build_input_shape"])
        return model
