"""Layers of Keras 1 that nobody builds anew, kept so that old scripts run."""

from collections.abc import Callable, Sequence
from typing import Any

from cthulhu import activations, constraints, errors, initializers, regularizers
from cthulhu import backend as K
from cthulhu.layers import merge as merging
from cthulhu.layers.base import Layer
from cthulhu.layers.core import Lambda
from cthulhu.layers.spec import InputSpec

_MERGES = {
    "sum": merging.Add,
    "mul": merging.Multiply,
    "ave": merging.Average,
    "max": merging.Maximum,
    "concat": merging.Concatenate,
    "dot": merging.Dot,
    "cos": merging.Dot,
}


def merge(
    inputs: Sequence[Any],
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """Make one of several inputs: `Merge(mode=mode, ...)(inputs)`.

    Args:
        inputs: A list of at least two.
        mode: As all others an argument of `Merge`.
        concat_axis: The axis of `"concat"`.
        dot_axes: The axes of `"dot"` and `"cos"`.
        output_shape: The shape of a sample, or a function; where `mode` is a function.
        output_mask: The mask, or a function; where `mode` is a function.
        arguments: Further arguments of the function.
        name: Name of the layer.

    Example:
        >>> merge([Input((8,)), Input((3,))], mode="concat").shape
        (None, 11)
    """
    layer = Merge(
        None, mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name
    )
    return layer([*inputs])


def Merge(  # noqa: N802 - the name of a class of Keras 1
    layers: Any = None,
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Layer:
    """The merge layer of today that does what Keras 1's `Merge` did.

    Args:
        layers: None: models below a layer are no more, it is called on their outputs.
        mode: `"sum"`, `"mul"`, `"ave"`, `"max"`, `"concat"`, `"dot"`, `"cos"`, or a
            function of the list of inputs.
        concat_axis: The axis of `"concat"`, counted with the batch axis.
        dot_axes: The axis to sum over in `"dot"` and `"cos"`, or one for each input.
        output_shape: The shape of a sample, or a function of the list of shapes; where
            `mode` is a function.
        output_mask: The mask, or a function of `(inputs, mask)`; likewise.
        arguments: Further arguments of the function, as a dict.
        name: Name of the layer.

    Raises:
        TypeError: `layers` were given.
        ValueError: An unknown `mode`.

    Example:
        >>> Merge(mode="dot", dot_axes=1)([Input((8,)), Input((8,))]).shape
        (None, 1)
    """
    if layers is not None:
        raise TypeError(
            errors.message(
                "`Merge` no longer takes the models whose outputs it merges",
                f"`layers` with {len(layers)} of them",
                "no `layers`, and a call on the outputs",
                "Write `merged = merge([left.output, right.output], mode=...)` and "
                "`Model([left.input, right.input], further_layers(merged))`",
            )
        )
    if callable(mode):
        return Lambda(mode, output_shape, output_mask, arguments, name=name)
    if mode not in _MERGES:
        raise errors.unknown_name("mode of `Merge`", mode, _MERGES)
    further: dict[str, Any] = {}
    if mode == "concat":
        further = {"axis": concat_axis}
    elif mode in ("dot", "cos"):
        further = {"axes": dot_axes, "normalize": mode == "cos"}
    return _MERGES[mode](name=name, **further)


class MaxoutDense(Layer):
    """The largest of several linear layers, unit by unit.

    max_i(inputs @ W[i] + b[i])

    Args:
        units: Number of units; at least 1.
        nb_feature: Number of linear layers to take the largest of; at least 1.
        kernel_initializer: Initializer of W, of shape `(nb_feature, features, units)`.
        kernel_regularizer: Penalty on W, added to the loss.
        bias_regularizer: Penalty on b, of shape `(nb_feature, units)`.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Projection of W after each update.
        bias_constraint: Projection of b after each update.
        use_bias: Whether b is added.

    Shapes:
        `(batch, features)` to `(batch, units)`.

    Example:
        >>> model.add(MaxoutDense(10, nb_feature=2, input_dim=784))

    See: Goodfellow et al., Maxout Networks, 2013.
    """

    def __init__(
        self,
        units: int,
        nb_feature: int = 4,
        kernel_initializer="glorot_uniform",
        weights=None,
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        use_bias: bool = True,
        **kwargs,
    ):
        super().__init__(weights=weights, **kwargs)
        self.units = units
        self.nb_feature = nb_feature
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_bias = use_bias
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape):
        features = input_shape[1]
        self.W = self.add_weight(
            name="W",
            shape=(self.nb_feature, features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.b = self.add_weight(
                name="b",
                shape=(self.nb_feature, self.units),
                initializer="zeros",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=2, axes={-1: features})
        self.built = True

    def call(self, inputs):
        outputs = K.dot(inputs, self.W)
        if self.use_bias:
            outputs = outputs + self.b
        return K.max(outputs, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)


class Highway(Layer):
    """A dense layer whose output is mixed with its input, in learnt shares.

    share = sigmoid(inputs @ W_carry + b_carry)
    share * activation(inputs @ W + b) + (1 - share) * inputs

    Args:
        kernel_initializer: Initializer of W and W_carry, `(features, features)`.
        activation: Name or function applied to the dense layer; None: none.
        kernel_regularizer: Penalty on W, added to the loss.
        bias_regularizer: Penalty on b, of shape `(features,)`.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Projection of W after each update.
        bias_constraint: Projection of b after each update.
        use_bias: Whether b and b_carry, which begins at 1, are added.

    Shapes:
        `(batch, features)` to the same.

    Example:
        >>> model.add(Highway(activation="relu", input_dim=784))

    See: Srivastava et al., Highway Networks, 2015.
    """

    def __init__(
        self,
        kernel_initializer="glorot_uniform",
        activation=None,
        weights=None,
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        use_bias: bool = True,
        **kwargs,
    ):
        super().__init__(weights=weights, **kwargs)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.activation = activations.get(activation)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_bias = use_bias
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape):
        features = input_shape[1]
        self.W = self.add_weight(
            name="W",
            shape=(features, features),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.W_carry = self.add_weight(
            name="W_carry",
            shape=(features, features),
            initializer=self.kernel_initializer,
        )
        if self.use_bias:
            self.b = self.add_weight(
                name="b",
                shape=(features,),
                initializer="zeros",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
            self.b_carry = self.add_weight(
                name="b_carry", shape=(features,), initializer="ones"
            )
        self.input_spec = InputSpec(ndim=2, axes={-1: features})
        self.built = True

    def call(self, inputs):
        share = K.dot(inputs, self.W_carry)
        found = K.dot(inputs, self.W)
        if self.use_bias:
            share, found = share + self.b_carry, found + self.b
        share = K.sigmoid(share)
        return share * self.activation(found) + (1 - share) * inputs

    def compute_output_shape(self, input_shape):
        return input_shape
