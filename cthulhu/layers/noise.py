"""Layers that disturb their inputs while training, and do nothing otherwise."""

import math
from collections.abc import Sequence

from cthulhu import backend as K
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer


class GaussianNoise(Layer):
    """Add normally distributed noise of mean 0 while training.

    Args:
        stddev: Standard deviation of the noise, 0 or more, in the inputs' unit.
        seed: Integer that makes this layer's noise its own.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(GaussianNoise(0.1, input_shape=(8,)))
    """

    newer_arguments = ("seed",)

    def __init__(self, stddev: float, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.stddev = stddev
        self.seed = seed

    def call(self, inputs, training=None):
        def noised():
            noise = K.random_normal(
                inputs.shape,
                mean=0.0,
                stddev=self.stddev,
                dtype=K.dtype(inputs),
                seed=self.seed,
            )
            return inputs + noise

        return K.in_train_phase(noised, inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape


class GaussianDropout(Layer):
    """Multiply by normally distributed noise of mean 1 while training.

    The noise has the variance that dropout with the same rate has: `rate / (1 - rate)`.

    Args:
        rate: Rate of the dropout it stands for, 0 to 1; nothing happens at 0 and 1.
        seed: Integer that makes this layer's noise its own.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(GaussianDropout(0.5))

    See: Srivastava et al., Dropout: a simple way to prevent neural networks from
    overfitting, 2014, section 10.
    """

    newer_arguments = ("seed",)

    def __init__(self, rate: float, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.rate = shapes.rate(self, "rate", rate)
        self.seed = seed

    def call(self, inputs, training=None):
        if not 0.0 < self.rate < 1.0:
            return inputs

        def noised():
            stddev = math.sqrt(self.rate / (1.0 - self.rate))
            noise = K.random_normal(
                inputs.shape,
                mean=1.0,
                stddev=stddev,
                dtype=K.dtype(inputs),
                seed=self.seed,
            )
            return inputs * noise

        return K.in_train_phase(noised, inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape


class AlphaDropout(Layer):
    """Dropout that keeps mean and variance, for networks of `selu` units.

    Dropped inputs are set to the value that `selu` takes for very negative inputs,
    and the result is scaled and shifted to the mean and variance it had.

    Args:
        rate: Fraction of the inputs to drop, 0 to 1; nothing happens at 0 and 1.
        noise_shape: Shape of the random pattern; None: the input's.
        seed: Integer that makes this layer's patterns its own.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> model.add(AlphaDropout(0.5))

    See: Klambauer et al., Self-normalizing neural networks, 2017, section 3.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int] | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.rate = shapes.rate(self, "rate", rate)
        self.noise_shape = noise_shape
        self.seed = seed

    def call(self, inputs, training=None):
        if not 0.0 < self.rate < 1.0:
            return inputs

        def dropped():
            limit = -1.6732632423543772848 * 1.0507009873554804934  # -alpha * scale
            shape = self.noise_shape or inputs.shape
            drawn = K.random_uniform(shape, seed=self.seed)
            kept = K.cast(K.greater_equal(drawn, self.rate), K.dtype(inputs))
            a = ((1 - self.rate) * (1 + self.rate * limit**2)) ** -0.5
            b = -a * limit * self.rate
            return a * (inputs * kept + limit * (1 - kept)) + b

        return K.in_train_phase(dropped, inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape
