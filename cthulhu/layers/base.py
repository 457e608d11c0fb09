"""Layer, the base of all layers; Input and InputSpec.

What every layer does alike: taking its common arguments, being built from a first
input, being called on symbols (recorded) or arrays (computed), keeping weights,
penalties and updates.  What a layer computes stands in its own class, and how layers
are chained into models is the business of `models`.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import backend as K
from cthulhu import config, constraints, errors, initializers
from cthulhu.core import (
    Configurable,
    Node,
    Scope,
    Symbol,
    Variable,
    any_symbolic,
    check_names,
    current_scope,
    infer,
    inside_scope,
    is_symbolic,
    naming,
    registry,
)
from cthulhu.core.graph import STAND_INS
from cthulhu.metrics import Mean, Metric
from cthulhu.vocabulary import guess

COMMON_ARGUMENTS = (
    "name",
    "trainable",
    "dtype",
    "input_shape",
    "batch_input_shape",
    "batch_size",
    "weights",
    "input_dtype",
    "input_dim",
    "input_length",
    "sparse",
)


class InputSpec:
    """What a layer asks of one of its inputs; None where it does not mind.

    Args:
        dtype: Name of the dtype.
        shape: Shape, None for sizes that may be anything.
        ndim: Rank.
        max_ndim: Largest rank.
        min_ndim: Smallest rank.
        axes: Sizes of single axes, as in `{-1: 784}`.
    """

    def __init__(
        self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None
    ):
        self.dtype = dtype
        self.shape = shape
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = axes or {}

    def __repr__(self) -> str:
        shown = (f"{k}={v}" for k, v in vars(self).items() if v not in (None, {}))
        return f"InputSpec({', '.join(shown)})"

    def problem(self, shape: Sequence[int | None], dtype: str) -> str | None:
        """What is wrong with an input of this shape and dtype; None if nothing."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={rank}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={rank}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={dtype}"
        for axis, size in self.axes.items():
            if size is not None and shape[int(axis)] not in (size, None):
                return (
                    f"expected axis {axis} of the input to have size {size}, but got "
                    f"shape {tuple(shape)}"
                )
        for expected, size in zip(self.shape or (), shape, strict=False):
            if None not in (expected, size) and expected != size:
                return f"expected shape={self.shape}, found shape={tuple(shape)}"
        return None


class Call(Node):
    """A layer called on symbols: a node that knows the layers around it."""

    def __init__(self, layer: Layer, inputs: Any, masks: Any, kwargs: dict[str, Any]):
        super().__init__(_run(layer), (inputs, masks), kwargs, layer=layer)
        self.input_tensors = _as_list(inputs)
        self.call_kwargs = kwargs
        self.output_tensors: list[Symbol] = []
        self.output_masks: list[Symbol | None] = []
        self.losses: list[Symbol] = []

    @property
    def outbound_layer(self) -> Layer:
        return self.layer

    def _origins(self) -> list[tuple[Any, int, int]]:
        if isinstance(self.layer, InputLayer):
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


def _run(layer: Layer) -> Any:
    """The function that a call of `layer` is at run time: also masks and penalties."""

    def run(inputs: Any, masks: Any, **kwargs: Any) -> tuple[Any, Any, list[Any]]:
        penalties = getattr(current_scope(), "losses", [])
        before = len(penalties)
        outputs, out_masks = layer.run(inputs, masks, kwargs)
        return outputs, out_masks, list(penalties[before:])

    return run


class Layer(Configurable):
    """Base of all layers.

    A subclass stores its arguments in `__init__`, makes its weights in
    `build(input_shape)` and computes in `call(inputs)`; `call` may also take `mask` and
    `training`.  A subclass that gives out a mask overrides `compute_mask`.

    Args:
        name: Unique name; default the class's in snake case and a number.
        trainable: Whether training changes the weights; counts as of `compile`.
        dtype: Name of the dtype of weights and inputs; default `floatx`.
        input_shape: Shape of one sample, for the first layer of a model.
        batch_input_shape: The same with the batch size before it.
        batch_size: Fixed number of samples in a batch.
        weights: List of arrays to begin with.
        input_dim: Short for `input_shape=(input_dim,)`.
        input_length: With `input_dim`: short for `(input_length, input_dim)`.

    Raises:
        TypeError: An argument that no layer takes; the nearest is named.

    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight("factor", (), initializer="ones")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith(__name__.partition(".")[0] + "."):
            registry.register("layer")(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Layer:
        self = super().__new__(cls)
        start = {
            "_layers": [],
            "_metrics": [],
            "_trainable_weights": [],
            "_non_trainable_weights": [],
            "_penalties": [],
            "_call_losses": [],
            "_call_updates": [],
            "_inbound_nodes": [],
            "_outbound_nodes": [],
            "_built": False,
            "_initial_weights": None,
            "input_spec": None,
            "supports_masking": False,
            "stateful": False,
            "trainable": True,
            "activity_regularizer": None,
        }
        for name, value in start.items():
            object.__setattr__(self, name, value)
        return self

    def __init__(self, **kwargs: Any):
        check_names(
            type(self).__name__,
            kwargs,
            dict.fromkeys([*_own_arguments(type(self)), *COMMON_ARGUMENTS]),
        )
        name = kwargs.get("name")
        prefix = naming.to_snake_case(type(self).__name__)
        self.name = name or naming.unique_name(prefix)
        self.trainable = kwargs.get("trainable", True)
        self.dtype = kwargs.get("dtype") or kwargs.get("input_dtype") or config.floatx()
        shape = _batch_input_shape(kwargs, type(self).__name__)
        if shape is not None:
            self.batch_input_shape = shape
        self._initial_weights = kwargs.get("weights")

    def _check_made(self) -> None:
        if "name" not in self.__dict__:
            raise errors.NotReady(
                errors.message(
                    f"`{type(self).__name__}` is half made: its `__init__` did not "
                    "call that of its base class",
                    fix="Begin it with `super().__init__(**kwargs)`",
                )
            )

    # What a subclass overrides

    def build(self, input_shape: Any) -> None:
        """Make the weights; `input_shape` is a tuple, or a list of them."""
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Compute the outputs from the inputs."""
        return inputs

    def check_data(self, array: np.ndarray, name: str) -> None:
        """Refuse data whose values cannot be right, before anything is trained.

        Only the layers that inputs of a model go to are asked.

        Args:
            array: All rows of an input, or those of a batch.
            name: What to call it in the message.

        Raises:
            ValueError: They cannot be right.
        """

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output, given that of the input (None: no mask).

        Raises:
            TypeError: A mask came, and the layer does not support masking.
        """
        if self.supports_masking:
            return mask
        if any(m is not None for m in _as_list(mask)):
            raise TypeError(
                errors.message(
                    f"Layer `{self.name}` does not support masking, but was passed an "
                    "input mask",
                    fix="Set `supports_masking = True` and take `mask` in `call`, or "
                    "put the layer where no mask arrives",
                )
            )
        return None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for a shape (or list of shapes) of the input."""
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        symbols = [Symbol(shape, self.dtype, "shape") for shape in shapes]
        inputs = symbols if isinstance(input_shape, list) else symbols[0]
        if not self.built:
            self._build(inputs)
        outputs = infer(Call(self, inputs, None, {}))[0]
        return jax.tree.map(lambda spec: tuple(spec.shape), outputs)

    # Calling

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        inputs = [*inputs] if isinstance(inputs, list) else inputs
        symbolic = any_symbolic(inputs) or any_symbolic(kwargs)
        if not symbolic:
            inputs = jax.tree.map(_as_array, inputs)
        self._check_tensors(inputs)
        if not self.built:
            self.assert_input_compatibility(inputs)
            self._build(inputs)
        self.assert_input_compatibility(inputs)
        if symbolic:
            return self._record(inputs, kwargs)
        scope = current_scope()
        masks = _same_structure(inputs, scope.mask_of)
        outputs, out_masks = self.run(inputs, masks, kwargs)
        for output, mask in zip(_as_list(outputs), _as_list(out_masks), strict=False):
            scope.set_mask(output, mask)
        return outputs

    def run(self, inputs: Any, masks: Any, kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Compute outputs and masks from arrays, in the current scope."""
        masks = None if all(m is None for m in _as_list(masks)) else masks
        kwargs = dict(kwargs)
        accepted = call_arguments(type(self))
        if masks is not None and "mask" in accepted:
            kwargs.setdefault("mask", masks)
        scope = current_scope()
        before = scope.training
        if "training" in accepted and inside_scope():
            asked = kwargs.get("training")
            kwargs["training"] = before if asked is None else asked
            if isinstance(asked, (bool, int)):
                scope.training = bool(asked)  # what is called inside obeys as well
        try:
            outputs = self.call(inputs, **kwargs)
        except Exception as error:
            if f"`{self.name}`" not in str(error):
                error.add_note(self._where(inputs, error))
            raise
        finally:
            if inside_scope():
                scope.training = before
        if outputs is None:
            raise TypeError(
                errors.message(
                    f"`call` of the layer `{self.name}` ({type(self).__name__}) gave "
                    "None",
                    expected="what it computed",
                    fix="Does it end with `return`?",
                )
            )
        outputs = jax.tree.map(_unwrap, outputs)
        if isinstance(outputs, tuple):
            outputs = list(outputs)
        if self.activity_regularizer is not None:
            for output in _as_list(outputs):
                self.add_loss(self.activity_regularizer(output), inputs=True)
        out_masks = self.compute_mask(inputs, kwargs.get("mask", masks))
        if isinstance(outputs, list) and not isinstance(out_masks, (list, tuple)):
            out_masks = [out_masks] * len(outputs)
        return outputs, out_masks

    def _where(self, inputs: Any, error: Exception) -> str:
        """A line for an error out of `call`: in which layer, on what."""
        shapes = [seen_shape(x) for x in _as_list(inputs) if hasattr(x, "shape")]
        shown = " and ".join(map(str, shapes)) or "nothing"
        said = f"In the layer `{self.name}` ({type(self).__name__}), called on {shown}."
        if getattr(error, "__notes__", None):
            return said  # the layer inside has said the rest
        if any(re.search(rf"\b{size}\b", str(error)) for size in STAND_INS):
            said += f" {STAND_INS[0]} stands for a size that is not known yet."
        if isinstance(error, jax.errors.TracerBoolConversionError):
            said += " `if` cannot look at values here: use `K.switch`."
        elif isinstance(error, jax.errors.TracerArrayConversionError):
            said += " NumPy cannot compute here: use the functions of `backend`."
        return said

    def _record(self, inputs: Any, kwargs: dict[str, Any]) -> Any:
        masks = _same_structure(inputs, lambda x: getattr(x, "mask", None))
        node = Call(self, inputs, masks, kwargs)
        traces: list[_InferenceScope] = []
        specs = infer(node, functools.partial(_InferenceScope, traces))
        index = len(self._inbound_nodes)
        prefix = f"{self.name}/{index}" if index else self.name
        node.outputs = jax.tree.map(
            lambda spec: Symbol(spec.shape, spec.dtype, prefix, node), specs
        )
        outputs, out_masks, losses = node.outputs
        node.output_tensors = _as_list(outputs)
        node.output_masks = _as_list(out_masks) or [None] * len(node.output_tensors)
        node.losses = losses
        for i, symbol in enumerate(node.output_tensors):
            symbol.history = (self, index, i)
            symbol.mask = node.output_masks[i] if i < len(node.output_masks) else None
        self._inbound_nodes.append(node)
        for layer in node.inbound_layers:
            layer._outbound_nodes.append(node)
        self._call_losses += [(loss, node.input_tensors) for loss in losses]
        self._call_updates += [
            (variable, node.input_tensors) for variable in traces[0].updated
        ]
        return outputs

    def _check_tensors(self, inputs: Any) -> None:
        for x in _as_list(inputs) if inputs is not None else [None]:
            if isinstance(x, Layer) or not hasattr(x, "shape"):
                raise ValueError(
                    errors.message(
                        f"Layer `{self.name}` was called with an input that is not a "
                        "tensor",
                        f"{x!r} of type {type(x).__name__}",
                        "a symbol (as `Input` makes), an array or a variable",
                        "Call that layer first, and pass on what it gives"
                        if isinstance(x, Layer)
                        else None,
                    )
                )

    def _build(self, inputs: Any) -> None:
        shapes = [tuple(K.int_shape(x)) for x in _as_list(inputs)]
        many = isinstance(inputs, (list, tuple)) and len(shapes) != 1
        self.build(shapes if many else shapes[0])
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Check inputs against `input_spec`.

        Raises:
            ValueError: Wrong number of inputs, rank, size or dtype.
        """
        specs = self.input_spec
        if not specs:
            return
        specs = list(specs) if isinstance(specs, (list, tuple)) else [specs]
        inputs = _as_list(inputs)
        if len(inputs) != len(specs):
            raise ValueError(
                errors.message(
                    f"Layer `{self.name}` expects {len(specs)} inputs",
                    f"{len(inputs)} inputs of shapes "
                    f"{[tuple(K.int_shape(x)) for x in inputs]}",
                )
            )
        for i, (x, spec) in enumerate(zip(inputs, specs, strict=True)):
            shape = seen_shape(x)
            problem = spec and spec.problem(shape, str(x.dtype))
            if problem:
                raise errors.ShapeMismatch(
                    errors.message(
                        f"Input {i} is incompatible with layer {self.name}: {problem}",
                        f"an input of shape {shape}",
                        fix=self._advice(spec, shape),
                    )
                )

    def _advice(self, spec: InputSpec, shape: tuple) -> str | None:
        if spec.axes and -1 in spec.axes and len(shape) > 1:
            return (
                f"`{self.name}` was built for {spec.axes[-1]} features in its last "
                "axis. Reshape the input, or make the layer anew for this one"
            )
        least, most = spec.min_ndim or spec.ndim, spec.max_ndim or spec.ndim
        if least is not None and len(shape) < least:
            if len(shape) == 1:
                return "One sample alone? Make it a batch of one: `x[None]`"
            if len(shape) == least - 1:
                return (
                    "Is an axis missing? Add one with `x[..., None]` or a Reshape layer"
                )
            return f"Give samples of {least - 1} axes, or put a Reshape layer before it"
        if most is not None and len(shape) > most:
            return "Put a Flatten or Reshape layer before it"
        return None

    # Weights

    def add_weight(
        self,
        name=None,
        shape=None,
        dtype=None,
        initializer=None,
        regularizer=None,
        trainable=True,
        constraint=None,
    ) -> Variable:
        """Make a weight and keep it.

        Args:
            name: Name of the weight within the layer.
            shape: Its shape, default a scalar.
            dtype: Name of its dtype, default the layer's.
            initializer: Name, config or function of `(shape, dtype)`; default
                `"glorot_uniform"`.
            regularizer: Function of the weight that gives a penalty, or None.
            trainable: Whether training changes it.
            constraint: Function of the weight, applied after each update, or None.

        Returns:
            The variable.
        """
        if not isinstance(name, str) and name is not None:
            name, shape = shape if isinstance(shape, str) else None, name
        shape = () if shape is None else tuple(shape)
        if not all(isinstance(d, (int, np.integer)) and d >= 0 for d in shape):
            raise ValueError(
                errors.message(
                    f"Layer `{self.name}` cannot make its weight `{name}`",
                    f"shape {shape}",
                    "whole numbers of at least 0",
                    "Are the layer's arguments, `units` or `filters` for instance, "
                    "whole numbers, and the sizes of its input known?",
                )
            )
        dtype = dtype or self.dtype or config.floatx()
        initializer = initializers.get(initializer or "glorot_uniform")
        with jax.ensure_compile_time_eval():  # numbers, even while a call is traced
            start = initializer(shape, dtype=dtype)
        weight = Variable(
            start,
            dtype=dtype,
            name=f"{self.name}/{name or 'weight'}",
            trainable=trainable,
            constraint=constraints.get(constraint),
        )
        if regularizer is not None:
            self._penalties.append(functools.partial(regularizer, weight))
        weight.kept = True
        self._keep(weight)
        return weight

    def _keep(self, weight: Variable) -> None:
        own = self._trainable_weights
        if not weight.trainable:
            own = self._non_trainable_weights
        if not any(weight is known for known in own):
            own.append(weight)

    @property
    def built(self) -> bool:
        """Whether the weights are there."""
        return self._built

    @built.setter
    def built(self, value: bool) -> None:
        self._built = value

    @property
    def trainable_weights(self) -> list[Variable]:
        """Variables that training changes: none while `trainable` is False."""
        if not self.trainable:
            return []
        own = list(self._trainable_weights)
        return own + [w for layer in self._layers for w in layer.trainable_weights]

    @trainable_weights.setter
    def trainable_weights(self, weights: list[Variable]) -> None:
        self._trainable_weights = weights
        self._non_trainable_weights = _without(self._non_trainable_weights, weights)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Variables that training leaves alone, moving averages for instance."""
        own = list(self._non_trainable_weights)
        if not self.trainable:
            own = list(self._trainable_weights) + own
            return own + [w for layer in self._layers for w in layer.weights]
        return own + [w for layer in self._layers for w in layer.non_trainable_weights]

    @non_trainable_weights.setter
    def non_trainable_weights(self, weights: list[Variable]) -> None:
        self._non_trainable_weights = weights
        self._trainable_weights = _without(self._trainable_weights, weights)

    @property
    def weights(self) -> list[Variable]:
        """All variables, the trainable ones first."""
        return self.trainable_weights + self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """NumPy copies of all weights, in the order of `weights`."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights from arrays in the order of `weights`.

        Raises:
            ValueError: Another number of arrays, or an array of another shape; no
                weight is changed then.
        """
        assign_all(self, self.weights, weights)

    def count_params(self) -> int:
        """Number of scalars in all weights.

        Raises:
            RuntimeError: The layer is not built yet.
        """
        if not self.built:
            raise errors.NotReady(
                errors.message(
                    f"`count_params` was called on `{self.name}`, which is not built "
                    "yet",
                    fix="Call it on data, or `build(batch_input_shape)`, first",
                )
            )
        return sum(variable.size for variable in self.weights)

    # Penalties, updates, metrics

    def layers_below(self) -> Iterator[Layer]:
        """This layer and all layers kept in it, each once."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer
                stack.extend(reversed(layer._layers))

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add penalties to what training minimises.

        Args:
            losses: One or a list of: what `call` computed, a symbol, or a function
                without arguments that computes it from weights.
            inputs: What it was computed from; kept for `get_losses_for`.

        Raises:
            ValueError: An array from outside of `call`: it depends on no weight.
        """
        at = None if inputs is None else _as_list(inputs)
        for loss in _as_list(losses):
            if callable(loss):
                self._penalties.append(loss)
            elif is_symbolic(loss):
                self._call_losses.append((loss, at))
            elif inside_scope():
                current_scope().losses.append(loss)  # type: ignore[union-attr]
            elif isinstance(loss, (int, float)):
                if at is None:
                    self._penalties.append(functools.partial(float, loss))
                else:
                    self._call_losses.append((loss, at))
            elif inputs is None:
                raise ValueError(
                    errors.message(
                        f"`{self.name}.add_loss` got an array, which no longer depends "
                        "on any weight",
                        f"shape {jnp.shape(loss)}",
                        "what `call` computed, a symbol, or a function of no arguments",
                        "Pass `lambda: ...` around the computation",
                    )
                )

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Count writes of `call` among the updates: they happen in training alone.

        Args:
            updates: One or a list of what `K.update` and its kin gave, or pairs
                `(variable, new value)`.
            inputs: What they were computed from; kept for `get_updates_for`.
        """
        pair = isinstance(updates, tuple) and len(updates) == 2
        scope = current_scope()
        for update in [updates] if pair else _as_list(updates):
            if not isinstance(update, tuple):
                at = None if inputs is None else _as_list(inputs)
                self._call_updates.append((update, at))
                continue
            done = isinstance(update, K.Update)
            frozen = (
                not self.trainable if scope.frozen is None else self in scope.frozen
            )
            training = scope.training or not inside_scope()
            wanted = self.stateful or (training and not frozen)
            if not wanted:
                if done:
                    update.revert()
            elif not done:
                update = K.Update(*update)
            if isinstance(scope, _InferenceScope):
                scope.updated.append(update[0])

    def add_metric(self, value: Any, name: str | None = None, **_: Any) -> None:
        """Report the mean of `value` over an epoch under `name` in the logs."""
        source = current_scope().source_of(value) if inside_scope() else None
        if source is not None:  # what a metric of the layer computed, and counts itself
            if not any(source is metric for metric in self._metrics):
                self._metrics.append(source)
            self._named(source.name)
            return
        if name is None:
            raise ValueError(
                errors.message(
                    f"`{self.name}.add_metric` got a value without a name",
                    fix="Give `name=`, or what a metric object computed",
                )
            )
        self._mean(name).update_state(value)

    def _named(self, name: str) -> list[Metric]:
        """The metric of that name in a list, or an empty one."""
        found = [metric for metric in self._metrics if metric.name == name]
        if len(found) > 1:
            raise ValueError(
                errors.message(
                    f"`{self.name}` has {len(found)} metrics of the name `{name}`",
                    expected="a name of its own for each metric",
                )
            )
        return found

    def _mean(self, name: str) -> Metric:
        found = self._named(name)
        if not found:
            with jax.ensure_compile_time_eval():  # made while a call is tried
                found = [Mean(name=name)]
            self._metrics += found
        return found[0]

    @property
    def metrics(self) -> list[Metric]:
        """Metrics that this layer and those inside it report."""
        below = [m for layer in self._layers for m in layer.metrics]
        return list(self._metrics) + below

    @property
    def penalties(self) -> list[Any]:
        """Functions without arguments that compute the penalties on weights."""
        return [p for layer in self.layers_below() for p in layer._penalties]

    @property
    def losses(self) -> list[Any]:
        """Penalties: numbers for those on weights, symbols for those on outputs."""
        return [p() for p in self.penalties] + [loss for loss, _ in self._call_losses]

    @property
    def updates(self) -> list[Any]:
        """Variables that calls in training update, once per call."""
        if not self.trainable and not self.stateful:
            return []
        return [update for update, _ in self._call_updates]

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Updates that a call on `inputs` makes (None: those of no call)."""
        if not self.trainable and not self.stateful:
            return []
        return [u for u, at in self._call_updates if _concerns(inputs, at)]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Penalties that a call on `inputs` adds (None: those on weights)."""
        if inputs is None:
            return [penalty() for penalty in self.penalties]
        return [loss for loss, at in self._call_losses if _concerns(inputs, at)]

    # Nodes

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
        return _unpack(self._node(node_index, "input").input_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """Output symbol(s) of the call with that number."""
        return _unpack(self._node(node_index, "output").output_tensors)

    def get_input_shape_at(self, node_index: int) -> Any:
        """Input shape(s) of the call with that number."""
        return _unpack(self._node(node_index, "input shape").input_shapes)

    def get_output_shape_at(self, node_index: int) -> Any:
        """Output shape(s) of the call with that number."""
        return _unpack(self._node(node_index, "output shape").output_shapes)

    def get_input_mask_at(self, node_index: int) -> Any:
        """Input mask(s) of the call with that number."""
        return _unpack(self._node(node_index, "input mask").input_masks)

    def get_output_mask_at(self, node_index: int) -> Any:
        """Output mask(s) of the call with that number."""
        return _unpack(self._node(node_index, "output mask").output_masks)

    @property
    def input(self) -> Any:
        """Input symbol(s), if the layer was called once."""
        return _unpack(self._only_node("input").input_tensors)

    @property
    def output(self) -> Any:
        """Output symbol(s), if the layer was called once."""
        return _unpack(self._only_node("output").output_tensors)

    @property
    def input_mask(self) -> Any:
        """Mask(s) of the input, if the layer was called once."""
        return _unpack(self._only_node("input").input_masks)

    @property
    def output_mask(self) -> Any:
        """Mask(s) of the output, if the layer was called once."""
        return _unpack(self._only_node("output").output_masks)

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
        return _unpack(shapes[0])

    # Config

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data: `from_config` makes a twin."""
        config = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "batch_input_shape"):
            config["batch_input_shape"] = self.batch_input_shape
        config["dtype"] = self.dtype
        arguments = self.__dict__.get("_arguments", {})
        for name in _own_arguments(type(self)):
            if name in arguments:
                config[name] = registry.plain(getattr(self, name, arguments[name]))
        return config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def __getattr__(self, name: str) -> Any:
        if hasattr(type(self), name):  # a property that failed: let it say why
            return object.__getattribute__(self, name)
        raise NoAttribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and not value.kept:
            self._keep(value)  # one that a user's layer made with `K.variable`
        for thing in value if isinstance(value, (list, tuple)) else [value]:
            self._track(thing)
        if isinstance(value, dict):
            for thing in value.values():
                self._track(thing)
        object.__setattr__(self, name, value)

    def _track(self, thing: Any) -> None:
        if isinstance(thing, Layer):
            if not any(thing is layer for layer in self._layers):
                self._layers.append(thing)
        elif isinstance(thing, Metric):
            if not any(thing is metric for metric in self._metrics):
                self._metrics.append(thing)

    def __deepcopy__(self, memo: dict[int, Any]) -> Layer:
        copy = type(self).from_config(self.get_config())
        memo[id(self)] = copy
        return copy


class NoAttribute(AttributeError):
    """A name that a layer does not have; the nearest it has is found when shown.

    Args:
        owner: The layer.
        name: The name.
    """

    def __init__(self, owner: Layer, name: str):
        super().__init__(name=name, obj=None)  # else Python would guess as well
        self.owner = owner

    def __str__(self) -> str:
        names = {*dir(type(self.owner)), *self.owner.__dict__}
        public = sorted(name for name in names if not name.startswith("_"))
        nearest = None if self.name.startswith("_") else guess(self.name, public)
        hint = f". {errors.did_you_mean(nearest)}" if nearest else ""
        return (
            f"{type(self.owner).__name__!r} object has no attribute {self.name!r}{hint}"
        )


class TryingScope(Scope):
    """Scope of a call that is only tried, on stand-ins for sizes not known yet."""

    inferring = True


class _InferenceScope(TryingScope):
    """Scope of shape inference: as in training, and it notes who updates what."""

    def __init__(self, traces: list[_InferenceScope]):
        super().__init__(training=True)
        self.updated: list[Variable] = []
        traces.append(self)


class InputLayer(Layer):
    """Where data enter a model.

    Args:
        input_shape: Shape of one sample.
        batch_size: Number of samples in a batch, None for any.
        batch_input_shape: Both in one.
        dtype: Name of the dtype; data are cast to it.
        input_tensor: A symbol or variable to use instead of a placeholder.
        sparse: Taken for old code's sake; data are dense here.
        name: Unique name.
    """

    def __init__(
        self,
        input_shape=None,
        batch_size=None,
        batch_input_shape=None,
        dtype=None,
        input_tensor=None,
        sparse=False,
        name=None,
    ):
        super().__init__(name=name or naming.unique_name("input"), trainable=False)
        self.trainable = False
        self.built = True
        self.sparse = sparse
        if input_shape is not None and batch_input_shape is not None:
            raise ValueError(
                "Only one of `input_shape` and `batch_input_shape` may be given."
            )
        if batch_input_shape is None and input_shape is not None:
            batch_input_shape = (batch_size, *input_shape)
        if batch_input_shape is None and input_tensor is not None:
            batch_input_shape = K.int_shape(input_tensor)
        if batch_input_shape is None:
            raise ValueError(
                f"`{self.name}` needs `input_shape` or `batch_input_shape`."
            )
        self.batch_input_shape = checked_shape(batch_input_shape, "shape", self.name)
        self.supports_masking = True
        self.is_placeholder = input_tensor is None or (
            is_symbolic(input_tensor) and input_tensor.node is None
        )
        self.dtype = dtype or (
            config.floatx() if input_tensor is None else str(input_tensor.dtype)
        )
        if input_tensor is None:
            symbol = Symbol(self.batch_input_shape, self.dtype, self.name)
        elif is_symbolic(input_tensor):
            symbol = input_tensor
        else:
            node = Node(lambda x: x, (input_tensor,), {})
            symbol = Symbol(self.batch_input_shape, self.dtype, self.name, node)
            node.outputs = symbol
        node = Call(self, [], [], {})
        symbol.history = (self, 0, 0)
        node.input_tensors = node.output_tensors = [symbol]
        node.output_masks = [None]
        node.outputs = symbol, None, []
        self._inbound_nodes.append(node)

    @property
    def symbol(self) -> Symbol:
        """The placeholder itself."""
        return self._inbound_nodes[0].output_tensors[0]

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def Input(
    shape=None, batch_shape=None, name=None, dtype=None, sparse=False, tensor=None
) -> Symbol:
    """A placeholder with which a functional model begins.

    Args:
        shape: Shape of one sample, None for sizes that vary.
        batch_shape: The same with the batch size before it.
        name: Unique name; data may be given by it.
        dtype: Name of the dtype, default `floatx`.
        sparse: Taken for old code's sake.
        tensor: A symbol or variable to use instead.

    Raises:
        ValueError: Neither `shape` nor `batch_shape`.

    Example:
        >>> Input((784,)).shape
        (None, 784)
    """
    if shape is None and batch_shape is None and tensor is None:
        raise ValueError(
            errors.message(
                "`Input` got no shape",
                fix="Give `shape=(784,)` (without the batch size) or "
                "`batch_shape=(32, 784)`",
            )
        )
    if isinstance(shape, (int, np.integer)):
        shape = (shape,)
    if batch_shape is None and shape is not None:
        batch_shape = (None, *shape)
    layer = InputLayer(
        batch_input_shape=batch_shape,
        name=name,
        dtype=dtype,
        sparse=sparse,
        input_tensor=tensor,
    )
    return layer.symbol


@functools.cache
def call_arguments(cls: type) -> frozenset[str]:
    """Names of the arguments that the `call` of a class takes."""
    parameters = inspect.signature(cls.call).parameters.values()  # type: ignore[attr-defined]
    names = {p.name for p in parameters}
    return frozenset(names - {"self"})


@functools.cache
def _own_arguments(cls: type) -> tuple[str, ...]:
    """Arguments that the constructors of `cls` and its bases name, in order."""
    names: list[str] = []
    for base in cls.__mro__:
        if base is Layer:
            break
        if "__init__" in base.__dict__:
            own = list(inspect.signature(base.__init__).parameters.values())[1:]
            kinds = inspect.Parameter
            names += [
                p.name
                for p in own
                if p.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)
                and p.name not in names
                and p.name not in ("name", "trainable", "dtype", "weights")
            ]
    return tuple(names)


def assign_all(layer: Layer, variables: list[Variable], weights: Any) -> None:
    """Set variables from arrays: all of them, or none if anything is wrong.

    Args:
        layer: The layer or model they belong to, for messages.
        variables: What to set.
        weights: An array for each.

    Raises:
        ValueError: Another number of arrays, an array of another shape, or no numbers.
    """
    count = len(weights) if hasattr(weights, "__len__") else None
    if count != len(variables):
        shown = ", ".join(f"`{v.name}` {v.shape}" for v in variables[:6])
        fix = None
        if not variables and not layer.built:
            fix = "It is not built: give it an input shape, or call it on data, first"
        raise ValueError(
            errors.message(
                f"You called `set_weights(weights)` on `{layer.name}` with "
                + (f"a list of {count} arrays" if count is not None else f"{weights}"),
                expected=f"{len(variables)}: {shown or 'it has no weights'}"
                + ", ..." * (len(variables) > 6),
                fix=fix,
            )
        )
    arrays = [np.asarray(w) for w in weights]
    for variable, array in zip(variables, arrays, strict=True):
        if array.dtype.kind not in "biufcV":  # V: bfloat16
            raise TypeError(
                errors.message(
                    f"`{variable.name}` of `{layer.name}` cannot take what was given",
                    f"an array of dtype `{array.dtype}`",
                    "numbers",
                )
            )
        if variable.shape != array.shape:
            raise errors.ShapeMismatch(
                errors.message(
                    f"`{variable.name}` of `{layer.name}` cannot take the weight given "
                    "for it",
                    f"shape {array.shape}",
                    f"shape {variable.shape}",
                    "Are they the weights of another layer, or in another order?",
                )
            )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def seen_shape(x: Any) -> tuple:
    """The shape of an input, None for what only stands in for a size not known yet."""
    shape = tuple(K.int_shape(x))
    if getattr(current_scope(), "inferring", False):
        return tuple(None if size in STAND_INS else size for size in shape)
    return shape


def checked_shape(shape: Any, argument: str, owner: str) -> tuple[int | None, ...]:
    """A shape as a tuple of numbers and None.

    Raises:
        ValueError: Something else is in it.
    """
    try:
        if isinstance(shape, str):
            raise TypeError
        return tuple(
            None if size is None else errors.check_whole(argument, size, 1)
            for size in shape
        )
    except (TypeError, ValueError):
        raise ValueError(
            errors.message(
                f"`{argument}` of `{owner}` cannot be used",
                repr(shape),
                "whole numbers from 1 on, and None for sizes that vary, as in "
                "(28, 28, 1)",
            )
        ) from None


def _batch_input_shape(kwargs: dict[str, Any], owner: str) -> tuple | None:
    if kwargs.get("batch_input_shape") is not None:
        shape = kwargs["batch_input_shape"]
        return checked_shape(shape, "batch_input_shape", owner)
    shape = kwargs.get("input_shape")
    if shape is None and kwargs.get("input_dim") is not None:
        length = kwargs.get("input_length", Ellipsis)
        dim = kwargs["input_dim"]
        shape = (dim,) if length is Ellipsis else (length, dim)
    if shape is None:
        return None
    shape = (shape,) if isinstance(shape, (int, np.integer)) else shape
    argument = "input_shape" if kwargs.get("input_shape") is not None else "input_dim"
    return (kwargs.get("batch_size"), *checked_shape(shape, argument, owner))


def _as_list(x: Any) -> list[Any]:
    if x is None:
        return []
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _without(things: list[Any], others: list[Any]) -> list[Any]:
    return [x for x in things if not any(x is other for other in others)]


def _unpack(x: list[Any]) -> Any:
    return x[0] if len(x) == 1 else x


def _same_structure(inputs: Any, function: Any) -> Any:
    if isinstance(inputs, (list, tuple)):
        return [function(x) for x in inputs]
    return function(inputs)


def _concerns(inputs: Any, at: list[Any] | None) -> bool:
    """Whether a call at `at` is one on any of `inputs`; None is no call at all."""
    if inputs is None or at is None:
        return inputs is at
    return any(x is y for x in _as_list(inputs) for y in at)


def _as_array(x: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic, float, int)):
        array = np.asarray(x)
        kind = config.floatx() if array.dtype.kind == "f" else array.dtype
        return jnp.asarray(array, dtype=jax.dtypes.canonicalize_dtype(kind))
    return x


def _unwrap(x: Any) -> Any:
    return x.value if isinstance(x, Variable) else x
