"""Layers without weights that do the same to every element: nothing, or a rescaling.

Activations that are layers stand in `advanced_activations`.
"""

import numpy as np

from cthulhu import backend as K
from cthulhu.layers.base import Layer


class Identity(Layer):
    """Give the inputs back as they are.

    Shapes:
        Any; the output has the input's.

    Example:
        >>> widens = False
        >>> shortcut = Conv2D(32, 1) if widens else Identity()
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape


class Rescaling(Layer):
    """Multiply by a number and add another: `inputs * scale + offset`.

    Args:
        scale: The factor, or one for each feature of the last axis.
        offset: What is added, likewise.

    Shapes:
        Any; the output has the input's, and the layer's dtype.

    Example:
        >>> model.add(Rescaling(1 / 127.5, offset=-1, input_shape=(28, 28, 1)))
    """

    def __init__(self, scale, offset=0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.scale = scale
        self.offset = offset

    def call(self, inputs):
        scale, offset = (
            K.cast(np.asarray(x), self.dtype) for x in (self.scale, self.offset)
        )
        return K.cast(inputs, self.dtype) * scale + offset

    def compute_output_shape(self, input_shape):
        return input_shape
