"""Activations that are layers of their own because they have weights or settings."""

from cthulhu import activations, constraints, errors, initializers, regularizers
from cthulhu import backend as K
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class Elementwise(Layer):
    """What these layers have in common: masks and shapes pass through."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape):
        return input_shape


class LeakyReLU(Elementwise):
    """`x` where it is positive, `alpha * x` elsewhere.

    Args:
        alpha: Slope of the negative side, 0 or more.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> LeakyReLU(0.5)(np.array([[-2.0, 3.0]])).tolist()
        [[-1.0, 3.0]]

    See: Maas et al., Rectifier nonlinearities improve neural network acoustic models,
    2013.
    """

    def __init__(self, alpha: float = 0.3, **kwargs):
        super().__init__(**kwargs)
        self.alpha = _rounded(alpha)

    def call(self, inputs):
        return K.relu(inputs, alpha=self.alpha)


class PReLU(Elementwise):
    """`x` where it is positive, `alpha * x` elsewhere, with a learned `alpha`.

    Args:
        alpha_initializer: Initializer of `alpha`.
        alpha_regularizer: Penalty on `alpha`.
        alpha_constraint: Projection of `alpha` after each update.
        shared_axes: Axes along which one `alpha` is shared, counted with the batch
            axis: `[1, 2]` behind a two-dimensional convolution gives one per channel.

    Shapes:
        `(batch, ...)`; the output has the input's, `alpha` that of a sample.

    Example:
        >>> PReLU("ones")(np.array([[-2.0, 3.0]])).tolist()  # a slope of 1
        [[-2.0, 3.0]]

    See: He et al., Delving deep into rectifiers, 2015, section 2.1.
    """

    def __init__(
        self,
        alpha_initializer="zeros",
        alpha_regularizer=None,
        alpha_constraint=None,
        shared_axes=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if shared_axes is not None and not isinstance(shared_axes, (list, tuple)):
            shared_axes = [shared_axes]
        self.shared_axes = shared_axes

    def build(self, input_shape):
        shared = self.shared_axes or ()
        shape = tuple(
            1 if axis in shared else size
            for axis, size in enumerate(input_shape)
            if axis > 0
        )
        if None in shape:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot make its `alpha`",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected="known sizes on all axes but the first",
                    fix="Name the axes of unknown size in `shared_axes`",
                )
            )
        self.alpha = self.add_weight(
            name="alpha",
            shape=shape,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        fixed = {axis: size for axis, size in enumerate(shape, 1) if axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=fixed)
        self.built = True

    def call(self, inputs):
        return K.relu(inputs) - self.alpha * K.relu(-inputs)


class ELU(Elementwise):
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Args:
        alpha: Minus the value that very negative inputs give.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> ELU()(np.array([[0.0, 2.0]])).tolist()
        [[0.0, 2.0]]

    See: Clevert et al., Fast and accurate deep network learning by exponential linear
    units (ELUs), 2016.
    """

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = _rounded(alpha)

    def call(self, inputs):
        return K.elu(inputs, self.alpha)


class ThresholdedReLU(Elementwise):
    """`x` where it is larger than `theta`, 0 elsewhere.

    Args:
        theta: The threshold, 0 or more.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> ThresholdedReLU(theta=1.0)(np.array([[0.5, 2.0]])).tolist()
        [[0.0, 2.0]]

    See: Konda et al., Zero-bias autoencoders and the benefits of co-adapting features,
    2015.
    """

    def __init__(self, theta: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.theta = _rounded(theta)

    def call(self, inputs):
        return inputs * K.cast(K.greater(inputs, self.theta), K.dtype(inputs))


class Softmax(Elementwise):
    """Exponentials along an axis, divided by their sum.

    Args:
        axis: The axis that sums to 1, counted with the batch axis; or several, that do
            so together.

    Call arguments:
        mask: Where inputs count: True, or not 0; it has as many axes as the inputs, of
            their size or 1.  Others get 0.  A mask of steps, which has fewer axes,
            passes through.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> Softmax()(np.zeros((1, 4))).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs, mask=None):
        if mask is not None and K.ndim(mask) == K.ndim(inputs):
            mask = K.cast(self._checked(mask, inputs), "bool")
            least = -1e9 if K.dtype(inputs) in ("float32", "float64") else -3e4
            inputs = K.switch(mask, inputs, K.ones_like(inputs) * least)
        else:
            mask = None
        axes = shapes.positive_axes(self, self.axis, K.ndim(inputs))
        if len(axes) == 1:
            output = activations.softmax(inputs, axis=axes[0])
        else:
            output = K.exp(inputs - K.logsumexp(inputs, axis=axes, keepdims=True))
        return output if mask is None else output * K.cast(mask, K.dtype(output))

    def _checked(self, mask, inputs):
        """The mask, if it goes with the inputs."""
        sizes = zip(K.int_shape(mask), K.int_shape(inputs), strict=True)
        if any(own not in (1, other) for own, other in sizes):
            raise errors.wrong_shape(
                f"mask` of `{self.name}",
                K.int_shape(mask),
                f"{K.int_shape(inputs)}, or 1 in its place",
            )
        return K.broadcast_to(mask, inputs.shape)

    def run(self, inputs, masks, kwargs):
        # A mask for this call alone is not passed on.
        outputs, mask = super().run(inputs, masks, kwargs)
        return outputs, masks if kwargs.get("mask") is not None else mask


class ReLU(Elementwise):
    """Rectified linear unit with all its settings.

    `max_value` where `x >= max_value`, `x` where `threshold <= x < max_value`,
    `negative_slope * (x - threshold)` below.

    Args:
        max_value: Largest output, 0 or more; None: no limit.
        negative_slope: Slope below the threshold, 0 or more.
        threshold: Where the linear part begins.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> ReLU(max_value=1.0)(np.array([[-2.0, 0.5, 3.0]])).tolist()
        [[0.0, 0.5, 1.0]]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for argument, value in [
            ("max_value", max_value),
            ("negative_slope", negative_slope),
        ]:
            if value is not None and value < 0.0:
                raise ValueError(
                    errors.message(
                        f"`{self.name}` cannot use a negative `{argument}`",
                        received=repr(value),
                        expected="0 or more",
                    )
                )
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def call(self, inputs):
        return K.relu(
            inputs,
            alpha=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )


def _rounded(value) -> float:
    """The number as `floatx` can hold it, which is what Keras writes into configs."""
    return float(K.cast_to_floatx(value))
