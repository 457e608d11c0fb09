"""Layers that normalize each sample by itself, in training and outside alike.

What looks at a whole batch stands in `normalization`, what scales the weights of
another layer in `spectral`.
"""

from cthulhu import backend as K
from cthulhu import constraints, errors, initializers, regularizers
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class SampleNormalization(Layer):
    """What these layers have in common: axes, and a learned scale and shift.

    `gamma * normalized(x) + beta`; computed in float32 at least.

    Args:
        axis: The axis of the features, or several; `gamma` and `beta` have their shape.
        epsilon: Added to the variance, so that it is never zero.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`; not needed before a linear layer or a relu.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`.
        beta_regularizer: Penalty on `beta`.
        gamma_regularizer: Penalty on `gamma`.
        beta_constraint: Projection of `beta` after each update.
        gamma_constraint: Projection of `gamma` after each update.

    Shapes:
        Any; the output has the input's.
    """

    scale_name = "gamma"

    def __init__(
        self,
        axis=-1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def _positive_axes(self, rank):
        return shapes.positive_axes(self, self.axis, rank)

    def build(self, input_shape):
        axes = self._positive_axes(len(input_shape))
        shape = tuple(input_shape[axis] for axis in axes)
        if None in shape or 0 in axes:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot normalize over axis {self.axis}",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected="axes of known size, the batch axis not among them",
                )
            )
        self.input_spec = InputSpec(
            ndim=len(input_shape), axes=dict(zip(axes, shape, strict=True))
        )
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name=self.scale_name,
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.built = True

    def normalized(self, inputs, axes):
        """The inputs with mean 0 and variance 1, before scale and shift.

        Args:
            inputs: An array.
            axes: The axes of the features, counted from 0.
        """
        raise NotImplementedError

    def call(self, inputs):
        rank = K.ndim(inputs)
        axes = self._positive_axes(rank)
        output = self.normalized(inputs, axes)
        shape = [inputs.shape[axis] if axis in axes else 1 for axis in range(rank)]
        gamma = K.reshape(self.gamma, shape) if self.scale else None
        beta = K.reshape(self.beta, shape) if self.center else None
        output = K.scale_and_shift(output, gamma, beta)
        return K.cast(output, K.dtype(inputs))

    def compute_output_shape(self, input_shape):
        self._positive_axes(len(input_shape))
        return input_shape


class LayerNormalization(SampleNormalization):
    """Normalize the features of each sample, and at each place, by themselves.

    `gamma * (x - mean) / sqrt(variance + epsilon) + beta`, with mean and variance over
    the axes of the features.  The arguments are those of `SampleNormalization`.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(LayerNormalization())

    See: Ba, Kiros and Hinton, Layer normalization, 2016, equation 4.
    """

    def normalized(self, inputs, axes):
        return K.standardize(inputs, axes, self.epsilon)


class GroupNormalization(SampleNormalization):
    """Normalize each sample in groups of its features.

    `gamma * (x - mean) / sqrt(variance + epsilon) + beta`, with mean and variance over
    all places and the features of a group.

    Args:
        groups: Number of groups; it divides the number of features.  1 is a
            normalization of the whole sample; -1: each feature is a group.
        axis: The axis of the features.

    The other arguments are those of `SampleNormalization`.

    Shapes:
        `(batch, ..., features)`; the output has the input's.

    Example:
        >>> model.add(GroupNormalization(groups=8))

    See: Wu and He, Group normalization, 2018, equation 7.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        super().__init__(
            axis,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.groups = groups if groups == -1 else shapes.size(self, "groups", groups)

    def build(self, input_shape):
        super().build(input_shape)
        (axis,) = self._positive_axes(len(input_shape))
        features = input_shape[axis]
        if features % self.groups:  # -1 divides any number
            self.built = False
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot group its features evenly",
                    received=f"`groups={self.groups}` and inputs of shape "
                    f"{tuple(input_shape)}",
                    expected=f"a number of groups that divides {features}",
                )
            )

    def normalized(self, inputs, axes):
        (axis,) = axes
        shape = list(inputs.shape)
        groups = shape[axis] if self.groups == -1 else self.groups
        shape[axis : axis + 1] = [groups, shape[axis] // groups]
        others = [place for place in range(1, len(shape)) if place != axis]
        grouped = K.standardize(K.reshape(inputs, shape), others, self.epsilon)
        return K.reshape(grouped, inputs.shape)


class InstanceNormalization(GroupNormalization):
    """Normalize each feature of each sample by itself, over all places.

    It is a `GroupNormalization` in which each feature is a group.

    Args:
        axis: The axis of the features.

    The other arguments are those of `SampleNormalization`.

    Shapes:
        `(batch, ..., features)`; the output has the input's.

    Example:
        >>> model.add(InstanceNormalization())

    See: Ulyanov et al., Instance normalization: the missing ingredient for fast
    stylization, 2016.
    """

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        **kwargs,
    ):
        super().__init__(
            -1,
            axis,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )


class RMSNormalization(SampleNormalization):
    """Divide by the root of the mean square of the features, and scale.

    `scale * x / sqrt(mean(x ** 2) + epsilon)`; computed in float32 at least.

    Args:
        axis: The axis of the features, or several; the weight `scale` has their shape.
        epsilon: Added to the mean square, so that it is never zero.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(RMSNormalization())

    See: Zhang and Sennrich, Root mean square layer normalization, 2019, equation 4.
    """

    scale_name = "scale"

    def __init__(self, axis=-1, epsilon: float = 1e-6, **kwargs):
        super().__init__(axis, epsilon, center=False, **kwargs)

    def normalized(self, inputs, axes):
        return K.standardize(inputs, axes, self.epsilon, center=False)


class UnitNormalization(Layer):
    """Divide each sample by its Euclidean length, so that its length is 1.

    Args:
        axis: The axis, or axes, along which the length is taken.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> UnitNormalization()(np.array([[3.0, 4.0]]))  # [[0.6, 0.8]]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis

    def call(self, inputs):
        axes = shapes.positive_axes(self, self.axis, K.ndim(inputs))
        return K.l2_normalize(inputs, axis=axes)

    def compute_output_shape(self, input_shape):
        shapes.positive_axes(self, self.axis, len(input_shape))
        return input_shape
