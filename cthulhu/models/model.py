"""Model: a network that can be trained, saved and shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax

from cthulhu import errors, saving
from cthulhu.core import Symbol, infer
from cthulhu.layers.call import Call, TryingScope
from cthulhu.models.network import Network
from cthulhu.models.outline import Box, outline
from cthulhu.models.plot import plot_model
from cthulhu.models.probe import tapped
from cthulhu.models.summary import print_summary
from cthulhu.training import Trainer


class Model(Trainer, Network):
    """Layers from inputs to outputs, or a class with a `call`, that can be trained.

    Three ways to make one: `Model(inputs, outputs)` from symbols; a subclass that makes
    layers in `__init__` and uses them in `call(inputs)`; `Sequential`, a plain chain.

    Args:
        inputs: A symbol or a list of symbols, as `Input` makes them.
        outputs: A symbol or a list of symbols computed from them.
        name: Unique name.
        trainable: Whether training changes any weights in it.

    Raises:
        ValueError: Outputs need an input that is not given, two layers share a name, or
            something is no symbol.

    Example:
        >>> x = Input((784,))
        >>> model = Model(x, Dense(10, activation="softmax")(x))
        >>> model.output_shape
        (None, 10)
    """

    def build_from(self, xs: list[Any]) -> None:
        """Build the weights for inputs of the shapes and dtypes of `xs`."""
        symbols = [
            Symbol((None, *x.shape[1:]), x.dtype, f"input_{i + 1}")
            for i, x in enumerate(xs)
        ]
        node = Call(self, symbols[0] if len(symbols) == 1 else symbols, None, {})
        outputs, _, _ = infer(node, TryingScope)
        self._output_specs = jax.tree.leaves(outputs)
        count = len(self._output_specs)
        self.output_names = [f"output_{i + 1}" for i in range(count)]
        self._feed_inputs = symbols
        self.built = True

    def _set_inputs(self, inputs: Any, outputs: Any = None, training: Any = None):
        """Build the model for these inputs: arrays, or symbols."""
        if getattr(self, "inputs", None):
            raise ValueError(
                errors.message(f"The inputs of `{self.name}` are set already")
            )
        given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if not self._is_graph:
            self.build_from(given)
        elif given != self._own_node.input_tensors:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot be put on other inputs",
                    fix="Call it on them, or use `clone_model(model, input_tensors)`",
                )
            )
        else:
            self.inputs = given

    def build(self, input_shape: Any) -> None:
        """Build the weights for an input shape with its batch size, or a list."""
        if self._is_graph:
            return
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        self.build_from([Symbol(shape, self.dtype, "shape") for shape in shapes])

    def _build(self, inputs: Any) -> None:
        self.built = True  # a subclass makes its weights while it is called

    # Saving

    def save(
        self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True
    ) -> None:
        """Write layers, weights, compile arguments and optimizer state to a file.

        Args:
            filepath: Path, open file or HDF5 group.
            overwrite: Whether a file of that name may be replaced without asking.
            include_optimizer: Whether the optimizer's state is written as well.
        """
        saving.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write all weights to an HDF5 file.

        Args:
            filepath: Path, open file or HDF5 group.
            overwrite: Whether a file of that name may be replaced without asking.
        """
        saving.save_weights(self, filepath, overwrite)

    def load_weights(
        self,
        filepath: Any,
        by_name: bool = False,
        skip_mismatch: bool = False,
        reshape: bool = False,
    ) -> None:
        """Read weights from an HDF5 file.

        Args:
            filepath: Path, open file or HDF5 group.
            by_name: Whether layers are matched by name instead of by order.
            skip_mismatch: Whether layers of another shape are left out (by name only).
            reshape: Whether weights may be reshaped to fit.

        Raises:
            ValueError: The file does not fit; no weight is changed then.
        """
        if not self.built:
            raise ValueError(
                errors.message(
                    f"`{self.name}` is not built yet, so it has no weights to load",
                    fix="Give the first layer an `input_shape`, or call "
                    "`build(input_shape)` first",
                )
            )
        saving.load_weights(
            self,
            filepath,
            by_name=by_name,
            skip_mismatch=skip_mismatch,
            reshape=reshape,
        )

    def to_json(self, **kwargs: Any) -> str:
        """The model without its weights as JSON; `kwargs` go to `json.dumps`."""
        return saving.model_to_json(self, **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """The model without its weights as YAML; `kwargs` go to `yaml.safe_dump`.

        Plain data only, and read as such: YAML of old loaders could run code.

        Raises:
            ImportError: PyYAML is not installed.
        """
        return saving.model_to_yaml(self, **kwargs)

    # Looking

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn=None
    ) -> None:
        """Print a table of the layers, their shapes and numbers of weights.

        Args:
            line_length: Characters in a line, default 65 (98 where layers branch).
            positions: Where columns end, as shares of the line or in characters.
            print_fn: Called with each line instead of `print`.

        Raises:
            ValueError: The model is not built yet.
        """
        if not self.built:
            raise ValueError(
                errors.message(
                    f"`{self.name}` has not been built, so its weights are not known",
                    fix="Give the first layer an `input_shape`, call `build`, or "
                    "`fit` on some data",
                )
            )
        print_summary(
            self, line_length=line_length, positions=positions, print_fn=print_fn
        )

    def outline(self) -> list[Box]:
        """The layers as boxes that know where their inputs come from.

        For those who draw the model in their own way; models inside it are opened.
        """
        return outline(self)

    def probe(self, layers: Iterable[str] | None = None) -> Model:
        """A model with the same inputs and weights that gives what layers make of them.

        Args:
            layers: Names of layers; None: all but inputs.  Its `output_names` tell
                which output is whose.

        Raises:
            ValueError: An unknown name; the nearest is given.
            NotImplementedError: The model is defined by Python code.

        Example:
            >>> model.probe(["dense_1"]).predict(x)  # doctest: +SKIP
        """
        outputs = tapped(self, layers)
        return Model(self.inputs, outputs, name=f"{self.name}_probe")

    def plot(self, to_file: str = "model.png", **kwargs: Any) -> Any:
        """Draw the graph of layers into a file; see `plot_model`."""
        return plot_model(self, to_file=to_file, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copy = saving.model_from_bytes(saving.model_to_bytes(self))
        memo[id(self)] = copy
        return copy

    def __reduce__(self) -> Any:
        return saving.model_from_bytes, (saving.model_to_bytes(self),)
