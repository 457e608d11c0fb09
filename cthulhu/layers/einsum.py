"""EinsumDense: a dense connection whose axes an equation of letters names."""

import math

import numpy as np

from cthulhu import activations, constraints, errors, initializers, regularizers
from cthulhu import backend as K
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class EinsumDense(Layer):
    """Multiply inputs and a kernel as an equation says, and add a bias.

    `activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: The axes of inputs, kernel and output, a letter each:
            `"ab,bc->ac"` is a `Dense` layer.  `...` may stand at the beginning or at
            the end of inputs and output, for axes that are left as they are.
        output_shape: Sizes of the output's axes, without the batch and without those
            that `...` stands for; None where the inputs' size is kept.
        activation: Name or function applied to the result; None: nothing is applied.
        bias_axes: Letters of the output's axes along which the bias varies; None: no
            bias is added.
        kernel_initializer: Initializer of the kernel.  What is scaled by fans counts
            the axes that are summed as inputs and the kernel's others as outputs.
        bias_initializer: Initializer of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Shapes:
        As the equation says: `"abc,cde->abde"` takes `(batch, steps, features)` to
        `(batch, steps, d, e)`.

    Example:
        >>> EinsumDense("abc,cd->abd", (None, 8), bias_axes="d")(Input((5, 16))).shape
        (None, 5, 8)
    """

    def __init__(
        self,
        equation: str,
        output_shape,
        activation=None,
        bias_axes: str | None = None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.equation = equation
        if isinstance(output_shape, int):
            output_shape = (output_shape,)
        self.partial_output_shape = tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        self._letters = self._parsed()

    def _parsed(self):
        """The letters of inputs, kernel and output, `...` among them."""
        try:
            sides, output = self.equation.replace(" ", "").split("->")
            inputs, kernel = sides.split(",")
            bare = [side.replace("...", "") for side in (inputs, kernel, output)]
            elided = [side.partition("...")[::2] for side in (inputs, output)]
            right = (
                all(side.isalpha() and len(set(side)) == len(side) for side in bare)
                and kernel == bare[1]
                and ("..." in inputs) == ("..." in output)
                and ("..." not in inputs or any(not all(pair) for pair in elided))
                and set(bare[2]) <= {*bare[0], *bare[1]}
                and set(self.bias_axes or "") <= set(bare[2])
            )
        except (AttributeError, ValueError):
            right = False
        if not right:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot use its equation",
                    f"`equation={self.equation!r}`, `bias_axes={self.bias_axes!r}`",
                    'letters for inputs, kernel and output, as in "ab,bc->ac" or '
                    '"...b,bc->...c", and axes of the output for the bias',
                )
            )
        return inputs, kernel, output

    def _sizes(self, input_shape):
        """The size of each letter, and the sizes that `...` stands for."""
        inputs, kernel, output = self._letters
        before, dots, after = inputs.partition("...")
        count = len(input_shape) - len(before + after)
        if count < 0 or (count and not dots):
            raise errors.wrong_shape(
                self.name,
                tuple(input_shape),
                f"an axis for each letter of `{inputs}`",
                "Reshape the inputs, or write the equation for this rank",
            )
        elided = tuple(input_shape[len(before) : len(before) + count])
        known = (*input_shape[: len(before)], *input_shape[len(before) + count :])
        sizes = dict(zip(before + after, known, strict=True))
        named = output.replace("...", "")
        named = named if output.startswith("...") else named[1:]
        if len(named) != len(self.partial_output_shape):
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot tell the sizes of its output",
                    f"`output_shape={self.partial_output_shape}`",
                    f"a size for each of `{named}`",
                )
            )
        for letter, size in zip(named, self.partial_output_shape, strict=True):
            if size is not None and sizes.get(letter, size) not in (size, None):
                raise errors.wrong_shape(
                    self.name,
                    tuple(input_shape),
                    f"the size {size} for `{letter}`, as `output_shape` has it",
                )
            sizes[letter] = sizes.get(letter) if size is None else size
        if any(sizes.get(letter) is None for letter in kernel):
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot make its kernel `{kernel}`",
                    f"inputs of shape {tuple(input_shape)} and "
                    f"`output_shape={self.partial_output_shape}`",
                    "known sizes of all its axes",
                )
            )
        return sizes, elided

    def build(self, input_shape):
        sizes, elided = self._sizes(input_shape)
        _, kernel, output = self._letters
        self.kernel = self.add_weight(
            name="kernel",
            shape=tuple(sizes[letter] for letter in kernel),
            initializer=self._kernel_initializer(),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.bias_axes is not None:
            named = output.replace("...", "")
            named = named[min(named.index(letter) for letter in self.bias_axes) :]
            shape = [
                sizes[letter] if letter in self.bias_axes else 1 for letter in named
            ]
            after = [1] * (len(elided) if output.endswith("...") else 0)
            self.bias = self.add_weight(
                name="bias",
                shape=(*shape, *after),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        axes = {}
        if not elided or output.startswith("..."):
            inputs = self._letters[0].replace("...", "")
            axes = {
                place - len(inputs): sizes[letter]
                for place, letter in enumerate(inputs)
                if letter in kernel
            }
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)
        self.built = True

    def _kernel_initializer(self):
        """Draws the matrix of all summed axes by all others, where fans matter."""
        inputs, kernel, output = self._letters
        summed = [axis for axis, letter in enumerate(kernel) if letter not in output]
        others = [axis for axis, letter in enumerate(kernel) if letter not in inputs]
        scaled = isinstance(self.kernel_initializer, initializers.VarianceScaling)
        if not scaled or len(summed) + len(others) < len(kernel):
            return self.kernel_initializer
        order = summed + others

        def as_matrix(shape, dtype=None):
            rows = math.prod(shape[axis] for axis in summed)
            columns = math.prod(shape[axis] for axis in others)
            matrix = np.asarray(self.kernel_initializer((rows, columns), dtype=dtype))
            apart = matrix.reshape([shape[axis] for axis in order])
            return apart.transpose(np.argsort(order))

        return as_matrix

    def _itself_keeps_rows_apart(self):
        inputs, kernel, output = self._letters
        alone = inputs[0] == output[0] and inputs[0] not in kernel
        return alone and super()._itself_keeps_rows_apart()

    def call(self, inputs):
        output = self._product(inputs)
        if self.bias is not None:
            output = K.scale_and_shift(output, shift=self.bias)
        return self.activation(output)

    def _product(self, inputs):
        """The tensors' product; that of two matrices where it is one."""
        given, kernel, output = self._letters
        kept = "".join(letter for letter in given if letter not in kernel)
        summed, new = given.removeprefix(kept), output.removeprefix(kept)
        if "." in given or kept + summed != given or summed + new != kernel:
            return K.einsum(self.equation, inputs, self.kernel)
        shape, sizes = inputs.shape, self.kernel.shape
        rows = K.reshape(inputs, (*shape[: len(kept)], -1))
        matrix = K.reshape(self.kernel, (math.prod(sizes[: len(summed)]), -1))
        return K.reshape(
            K.dot(rows, matrix), (*shape[: len(kept)], *sizes[len(summed) :])
        )

    def compute_output_shape(self, input_shape):
        sizes, elided = self._sizes(input_shape)
        before, _, after = self._letters[2].partition("...")
        named = [[sizes[letter] for letter in part] for part in (before, after)]
        if "..." not in self._letters[2]:
            elided = ()
        return (*named[0], *elided, *named[1])

    def compute_mask(self, inputs, mask=None):
        # It is one of the first axes, which the output may not have.
        known, output = self._letters[0], self._letters[2]
        if mask is None or known.startswith("...") or known[:2] == output[:2]:
            return mask
        return None

    def get_config(self):
        return {**super().get_config(), "output_shape": self.partial_output_shape}
