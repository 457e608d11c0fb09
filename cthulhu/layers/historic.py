"""Layers of Keras 1 that nobody builds anew, kept so that old scripts run."""

from cthulhu import activations, constraints, initializers, regularizers
from cthulhu import backend as K
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


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
