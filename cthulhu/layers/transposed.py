"""Transposed convolutions: the way back from a convolution's output to its input.

The convolutions themselves are in `convolutional`.
"""

import warnings

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.convolutional import Conv


class ConvTranspose(Conv):
    """Spread each input over a window, times the kernel, and add up what overlaps.

    Args:
        output_padding: Size to add at the end of each axis, smaller than the stride;
            None: the output is as long as the stride says.
        target_shape: Shape that the output shall have, with or without the batch axis:
            chooses `output_padding` when the layer is built, or warns that none fits.

    The other arguments are those of `Conv`; the kernel has the shape
    `(*kernel_size, filters, channels)`.

    Shapes:
        `(batch, *sizes, channels)` to `(batch, *larger_sizes, filters)`.

    See: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016.
    """

    can_group = False
    newer_arguments = ("target_shape",)

    def __init__(
        self,
        filters: int,
        kernel_size,
        strides=1,
        padding: str = "valid",
        output_padding=None,
        data_format: str | None = None,
        dilation_rate=1,
        activation=None,
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        target_shape=None,
        **kwargs,
    ):
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.output_padding = output_padding
        if output_padding is not None:
            self.output_padding = shapes.normalize_tuple(
                output_padding, self.rank, "output_padding", least=0
            )
            pairs = zip(self.strides, self.output_padding, strict=True)
            if any(pad >= stride for stride, pad in pairs):
                raise ValueError(
                    errors.message(
                        f"`{self.name}` cannot pad its output by a stride or more",
                        received=f"`output_padding={self.output_padding}` and "
                        f"`strides={self.strides}`",
                        expected="smaller paddings than strides",
                    )
                )

        self.target_shape = target_shape

    def build(self, input_shape):
        if self.target_shape is not None:
            self._aim(input_shape)
        super().build(input_shape)

    def _aim(self, input_shape):
        """Choose the output padding that leads to `target_shape`, or warn."""
        wanted = tuple(self.target_shape)
        if len(wanted) == self.rank + 1:
            wanted = (None, *wanted)
        made = self.compute_output_shape(input_shape)
        if _agree(wanted, made):
            return
        before, self.output_padding = self.output_padding, (0,) * self.rank
        least = self.compute_output_shape(input_shape)
        if len(wanted) == len(made):
            ends = (shapes.spatial(s, self.data_format) for s in (wanted, least))
            self.output_padding = tuple(
                0 if None in pair else pair[0] - pair[1]
                for pair in zip(*ends, strict=True)
            )
            pairs = zip(self.output_padding, self.strides, strict=True)
            if all(0 <= pad < stride for pad, stride in pairs) and _agree(
                wanted, self.compute_output_shape(input_shape)
            ):
                return
        self.output_padding = before
        warnings.warn(
            errors.message(
                f"The output of `{self.name}` has another shape than was asked for",
                f"the shape {tuple(self.target_shape)}; what comes out is {made}",
                fix="Change `strides` or `kernel_size`, or leave the shape out",
            ),
            UserWarning,
            stacklevel=2,
        )

    def _kernel_shape(self, channels):
        return (*self.kernel_size, self.filters, channels)

    def convolve(self, inputs):
        transpose = (K.conv1d_transpose, K.conv2d_transpose, K.conv3d_transpose)
        return transpose[self.rank - 1](
            inputs,
            self.kernel,
            self.compute_output_shape(inputs.shape),
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )

    def compute_output_shape(self, input_shape):
        sizes = [
            shapes.deconv_length(size, stride, window, self.padding, pad, dilation)
            for size, stride, window, pad, dilation in zip(
                shapes.spatial(input_shape, self.data_format),
                self.strides,
                self.kernel_size,
                self.output_padding or [None] * self.rank,
                self.dilation_rate,
                strict=True,
            )
        ]
        return shapes.with_channels(
            input_shape[0], sizes, self.filters, self.data_format
        )


def _agree(one, other):
    """Whether two shapes are the same, but for the batch and sizes not known."""
    pairs = zip(one[1:], other[1:], strict=False)
    return len(one) == len(other) and all(i == j or None in (i, j) for i, j in pairs)


class Conv1DTranspose(ConvTranspose):
    """Transposed convolution over the steps of a sequence; see `ConvTranspose`.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, filters)`.

    Example:
        >>> Conv1DTranspose(16, 3, strides=2, padding="same")(Input((5, 8))).shape
        (None, 10, 16)
    """

    rank = 1
    default_data_format = "channels_last"


class Conv2DTranspose(ConvTranspose):
    """Transposed convolution over images; see `ConvTranspose` for the arguments.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, new_rows, new_cols, filters)`.

    Example:
        >>> model.add(Conv2DTranspose(16, 3, strides=2, padding="same"))
    """

    rank = 2


class Conv3DTranspose(ConvTranspose):
    """Transposed convolution over volumes; see `ConvTranspose` for the arguments.

    Shapes:
        `(batch, dim1, dim2, dim3, channels)` to the same rank.

    Example:
        >>> Conv3DTranspose(4, 2, strides=2)(Input((3, 4, 5, 1))).shape
        (None, 6, 8, 10, 4)
    """

    rank = 3
    newer_arguments = ("dilation_rate",)
