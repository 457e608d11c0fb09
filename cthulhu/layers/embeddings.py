"""Embedding: a table of vectors, looked up by whole numbers."""

import numpy as np

from cthulhu import backend as K
from cthulhu import constraints, errors, initializers, regularizers
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class Embedding(Layer):
    """Replace each whole number by a row of a trainable table.

    Args:
        input_dim: Number of rows, 1 + the largest index that occurs.
        output_dim: Length of a row.
        embeddings_initializer: Initializer of the table.
        embeddings_regularizer: Penalty on the table.
        activity_regularizer: Penalty on the output.
        embeddings_constraint: Projection of the table after each update.
        mask_zero: Whether the index 0 marks a missing step (the output is then masked
            where the input is 0, and 0 must not be used as a real index).
        input_length: Length of the sequences when it is fixed; needed for a `Flatten`
            and a `Dense` after this layer.  A tuple for inputs of more axes.

    Shapes:
        `(batch, steps)` of integers to `(batch, steps, output_dim)`.

    Example:
        >>> model.add(Embedding(1000, 64, input_length=10))  # output: (None, 10, 64)

    See: Gal and Ghahramani, A theoretically grounded application of dropout in
    recurrent neural networks, 2016.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        activity_regularizer=None,
        embeddings_constraint=None,
        mask_zero: bool = False,
        input_length=None,
        **kwargs,
    ):
        if "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
            kwargs["input_shape"] = _as_tuple(input_length or None)
        super().__init__(**kwargs)
        self.input_dim = shapes.size(self, "input_dim", input_dim)
        self.output_dim = shapes.size(self, "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.input_length = input_length
        if input_length is not None:
            self.input_spec = InputSpec(shape=(None, *_as_tuple(input_length)))

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            dtype=self.dtype,
        )
        self.built = True

    def call(self, inputs):
        if K.dtype(inputs) != "int32":
            inputs = K.cast(inputs, "int32")
        return K.gather(self.embeddings, inputs)

    def check_data(self, array, name):
        low, high = array.min(), array.max()
        if low < 0 or high >= self.input_dim:
            raise errors.DataError(
                errors.message(
                    f"{name} has indices that the table of `{self.name}` does not have",
                    f"numbers from {low:g} to {high:g}",
                    f"0 to {self.input_dim - 1}, as `input_dim={self.input_dim}`",
                    "Give the layer `input_dim` = 1 + the largest index, or change the "
                    "data",
                )
            )
        if array.dtype.kind == "f" and (array[:1000] != np.floor(array[:1000])).any():
            raise errors.DataError(
                errors.message(
                    f"{name} has fractions, but `{self.name}` looks up whole numbers",
                    f"dtype {array.dtype}",
                    f"indices from 0 to {self.input_dim - 1}",
                )
            )

    def compute_mask(self, inputs, mask=None):
        if not self.mask_zero:
            return None
        return K.not_equal(inputs, 0)

    def compute_output_shape(self, input_shape):
        batch, *steps = input_shape
        if self.input_length is not None:
            lengths = _as_tuple(self.input_length)
            fits = len(lengths) == len(steps) and all(
                a is None or b is None or a == b
                for a, b in zip(lengths, steps, strict=True)
            )
            if not fits:
                raise ValueError(
                    errors.message(
                        f"`{self.name}` got sequences of another length",
                        received=f"inputs of shape {tuple(input_shape)}",
                        expected=f"`input_length={self.input_length}`",
                        fix="Drop `input_length`, or cut and pad the sequences to it",
                    )
                )
            steps = [b if a is None else a for a, b in zip(lengths, steps, strict=True)]
        return (batch, *steps, self.output_dim)


def _as_tuple(length):
    return tuple(length) if isinstance(length, (list, tuple)) else (length,)
