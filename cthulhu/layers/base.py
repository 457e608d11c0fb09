"""Layer, the base of all layers.

What every layer does alike: taking its common arguments, being built from a first
input, being called on symbols (recorded) or arrays (computed).  What it keeps stands in
`keeping`, what its calls were in `call`, what it asks of inputs in `spec`.  What a
layer computes stands in its own class, and how layers are chained into models is the
business of `models`.
"""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import backend as K
from cthulhu import config, errors
from cthulhu.core import (
    Symbol,
    Variable,
    any_symbolic,
    check_names,
    current_scope,
    infer,
    inside_scope,
    naming,
    registry,
)
from cthulhu.core.configurable import signature
from cthulhu.core.graph import STAND_INS
from cthulhu.layers.call import Call, Called, InferenceScope, as_list
from cthulhu.layers.keeping import Keeper
from cthulhu.layers.spec import InputSpec, batch_input_shape, seen_shape
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


class Layer(Called, Keeper):
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
        shape = batch_input_shape(kwargs, type(self).__name__)
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
        if any(m is not None for m in as_list(mask)):
            raise TypeError(
                errors.message(
                    f"Layer `{self.name}` does not support masking, but was passed an "
                    "input mask",
                    fix="Put a layer that takes masks here, or let none arrive "
                    "(`mask_zero=False` of an Embedding, no Masking). A layer of your "
                    "own takes them with `supports_masking = True` and `mask` in "
                    "`call`",
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
        if not inside_scope():
            self._forget_computed_losses()
        scope = current_scope()
        masks = _same_structure(inputs, scope.mask_of)
        outputs, out_masks = self.run(inputs, masks, kwargs)
        for output, mask in zip(as_list(outputs), as_list(out_masks), strict=False):
            scope.set_mask(output, mask)
        return outputs

    def run(self, inputs: Any, masks: Any, kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Compute outputs and masks from arrays, in the current scope."""
        masks = None if all(m is None for m in as_list(masks)) else masks
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
            for output in as_list(outputs):
                self.add_loss(self.activity_regularizer(output), inputs=inputs)
        out_masks = self.compute_mask(inputs, kwargs.get("mask", masks))
        if isinstance(outputs, list) and not isinstance(out_masks, (list, tuple)):
            out_masks = [out_masks] * len(outputs)
        return outputs, out_masks

    def _where(self, inputs: Any, error: Exception) -> str:
        """A line for an error out of `call`: in which layer, on what."""
        shapes = [seen_shape(x) for x in as_list(inputs) if hasattr(x, "shape")]
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
        traces: list[InferenceScope] = []
        specs = infer(node, functools.partial(InferenceScope, traces))
        index = len(self._inbound_nodes)
        prefix = f"{self.name}/{index}" if index else self.name
        node.outputs = jax.tree.map(
            lambda spec: Symbol(spec.shape, spec.dtype, prefix, node), specs
        )
        outputs, out_masks, losses = node.outputs
        node.output_tensors = as_list(outputs)
        node.output_masks = as_list(out_masks) or [None] * len(node.output_tensors)
        node.losses = losses
        for i, symbol in enumerate(node.output_tensors):
            symbol.history = (self, index, i)
            symbol.mask = node.output_masks[i] if i < len(node.output_masks) else None
        self._inbound_nodes.append(node)
        for layer in node.inbound_layers:
            layer._outbound_nodes.append(node)
        self._call_losses += [(loss, node.input_tensors) for loss in losses]
        self._call_updates += [
            (variable, node.input_tensors) for variable in traces[-1].updated
        ]
        return outputs

    def _check_tensors(self, inputs: Any) -> None:
        for x in as_list(inputs) if inputs is not None else [None]:
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
        shapes = [tuple(K.int_shape(x)) for x in as_list(inputs)]
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
        inputs = as_list(inputs)
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

    # Config

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data: `from_config` makes a twin."""
        config = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "batch_input_shape"):
            config["batch_input_shape"] = self.batch_input_shape
        config["dtype"] = self.dtype
        arguments = self.__dict__.get("_arguments", {})
        newer = _newer_arguments(type(self))
        for name in _own_arguments(type(self)):
            if name not in arguments:
                continue
            if name not in newer or arguments[name] != newer[name]:
                config[name] = registry.plain(getattr(self, name, arguments[name]))
        return config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def __getattr__(self, name: str) -> Any:
        if hasattr(type(self), name):  # a property that failed: let it say why
            return object.__getattribute__(self, name)
        raise NoAttribute(self, name)

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


@functools.cache
def _newer_arguments(cls: type) -> dict[str, Any]:
    """Defaults of the arguments that Keras 2.3.1 does not know, of `cls` and bases."""
    parameters = signature(cls)[0]
    names = {n for base in cls.__mro__ for n in vars(base).get("newer_arguments", ())}
    return {name: parameters[name].default for name in names if name in parameters}


def _same_structure(inputs: Any, function: Any) -> Any:
    if isinstance(inputs, (list, tuple)):
        return [function(x) for x in inputs]
    return function(inputs)


def _as_array(x: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic, float, int)):
        array = np.asarray(x)
        kind = config.floatx() if array.dtype.kind == "f" else array.dtype
        return jnp.asarray(array, dtype=jax.dtypes.canonicalize_dtype(kind))
    return x


def _unwrap(x: Any) -> Any:
    return x.value if isinstance(x, Variable) else x
