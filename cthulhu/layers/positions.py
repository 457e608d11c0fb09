"""Positions in a sequence: what tells attention the order of the steps."""

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer


class SinePositionEncoding(Layer):
    """Waves of many lengths, one pattern for each step; to be added to the inputs.

    Feature 2i of step t is `sin(t / max_wavelength ** (2i / features))`, feature 2i + 1
    the cosine of the same.

    Args:
        max_wavelength: The longest wave, over 2 pi, in steps.

    Call arguments:
        start_index: The number of the first step.

    Shapes:
        `(batch, ..., steps, features)`; the output has the input's, the same for all
        samples.

    Example:
        >>> x = Input((10, 16))
        >>> x = Add()([x, SinePositionEncoding()(x)])

    See: Vaswani et al., Attention is all you need, 2017, section 3.5.
    """

    def __init__(self, max_wavelength: float = 10000, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.max_wavelength = max_wavelength
        self._of_rows = False  # whether the batch has an axis beside that of the steps

    def build(self, input_shape):
        self._of_rows = len(input_shape) > 2
        super().build(input_shape)

    def _itself_keeps_rows_apart(self):
        return self._of_rows and super()._itself_keeps_rows_apart()

    def call(self, inputs, start_index=0):
        steps, features = inputs.shape[-2:]
        exponents = K.cast(2 * (K.arange(features) // 2), "float32") / features
        rates = K.pow(1.0 / self.max_wavelength, exponents)
        times = K.cast(K.arange(steps) + start_index, "float32")
        angles = K.expand_dims(times) * rates
        even = K.cast(K.equal(K.arange(features) % 2, 0), "float32")
        waves = K.sin(angles) * even + K.cos(angles) * (1.0 - even)
        return K.broadcast_to(K.cast(waves, K.dtype(inputs)), inputs.shape)

    def compute_output_shape(self, input_shape):
        return input_shape


class RotaryEmbedding(Layer):
    """Turn pairs of features by angles that grow with the step.

    Scores of queries and keys that were turned so depend on their distance alone.
    Feature i is paired with feature i + features / 2; at step t the pair is turned by
    `t / scaling_factor / max_wavelength ** (2i / features)`.

    Args:
        max_wavelength: The longest wave, over 2 pi, in steps.
        scaling_factor: By what the steps are divided, to stretch what was learned to
            longer sequences.
        sequence_axis: The axis of the steps.
        feature_axis: The axis of the features, of even size.

    Call arguments:
        start_index: The number of the first step.

    Shapes:
        Any, such as `(batch, steps, heads, size)`; the output has the input's.

    Example:
        >>> query = RotaryEmbedding()(Input((10, 2, 8)))

    See: Su et al., RoFormer, 2021, equation 34.
    """

    def __init__(
        self,
        max_wavelength: float = 10000,
        scaling_factor: float = 1.0,
        sequence_axis: int = 1,
        feature_axis: int = -1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.max_wavelength = max_wavelength
        self.scaling_factor = scaling_factor
        self.sequence_axis = sequence_axis
        self.feature_axis = feature_axis

    def build(self, input_shape):
        rank = len(input_shape)
        time, feature = (
            shapes.positive_axes(self, axis, rank)[0]
            for axis in (self.sequence_axis, self.feature_axis)
        )
        size = input_shape[feature]
        if time == feature or size is None or size % 2:
            raise errors.wrong_shape(
                self.name,
                tuple(input_shape),
                f"an axis of steps, {self.sequence_axis}, and another of features, "
                f"{self.feature_axis}, of even size",
            )
        self.built = True

    def call(self, inputs, start_index=0):
        rank = K.ndim(inputs)
        time, feature = self.sequence_axis % rank, self.feature_axis % rank
        size, steps = inputs.shape[feature], inputs.shape[time]
        exponents = K.cast(K.arange(0, size, 2), "float32") / size
        rates = K.pow(1.0 / self.max_wavelength, exponents)
        times = K.cast(K.arange(steps) + start_index, "float32") / self.scaling_factor
        angles = K.expand_dims(times) * rates
        if feature < time:
            angles = K.transpose(angles)
        shape = [1] * rank
        shape[time], shape[feature] = steps, size // 2
        angles = K.reshape(angles, shape)
        sine, cosine = (K.cast(f(angles), K.dtype(inputs)) for f in (K.sin, K.cos))
        halves = [slice(None)] * feature
        first = inputs[(*halves, slice(None, size // 2))]
        second = inputs[(*halves, slice(size // 2, None))]
        turned = [first * cosine - second * sine, second * cosine + first * sine]
        return K.concatenate(turned, axis=feature)

    def compute_output_shape(self, input_shape):
        return input_shape
