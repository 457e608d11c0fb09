"""Convolution layers of every rank.

`Conv` says it once; `Conv1D`, `Conv2D` and `Conv3D` are its cases.  How a convolution
is computed fast is the backend's business.  Other kinds are in `transposed`,
`separable` and `local`; padding, cropping and upsampling in `resizing`.
"""

from typing import ClassVar

from cthulhu import activations, constraints, errors, initializers, regularizers
from cthulhu import backend as K
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class Conv(Layer):
    """Convolution over `rank` axes: `activation(conv(inputs, kernel) + bias)`.

    Args:
        filters: Number of filters, the channels of the output.
        kernel_size: Size of the window along each axis: an integer or `rank` of them.
        strides: Distance of the window's positions along each axis.
        padding: `"valid"`: the window stays inside; `"same"`: the inputs are padded
            with zeros so that a stride of 1 keeps the size.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.
        dilation_rate: Distance of the window's elements; not together with strides.
        activation: Name or function applied to the result; None: nothing is applied.
        use_bias: Whether a bias per filter is added.
        kernel_initializer: Initializer of the kernel, of shape
            `(*kernel_size, channels / groups, filters)`.
        bias_initializer: Initializer of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.
        groups: Into how many parts channels and filters are cut; each part of the
            filters sees its part of the channels only, and the kernel has so many
            times fewer channels.  It divides both.

    Shapes:
        `(batch, *sizes, channels)` to `(batch, *new_sizes, filters)`; with
        `data_format="channels_first"` the channels come behind the batch axis.
    """

    rank: int
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    default_data_format: ClassVar[str | None] = None
    newer_arguments: ClassVar[tuple[str, ...]] = ("groups",)
    can_group = True

    def __init__(
        self,
        filters: int,
        kernel_size,
        strides=1,
        padding: str = "valid",
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
        groups: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        rank = self.rank
        if filters is not None:  # which a DepthwiseConv2D does without
            filters = shapes.size(self, "filters", filters)
        self.filters = filters
        self.kernel_size = shapes.normalize_tuple(kernel_size, rank, "kernel_size")
        self.strides = shapes.normalize_tuple(strides, rank, "strides")
        self.padding = shapes.normalize_padding(padding, self.paddings)
        self.data_format = K.normalize_data_format(
            data_format or self.default_data_format
        )
        self.dilation_rate = shapes.normalize_tuple(
            dilation_rate, rank, "dilation_rate"
        )
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.groups = shapes.size(self, "groups", groups)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._check_arguments()

    def _check_arguments(self):
        if self.padding not in self.paddings:
            raise ValueError(
                errors.message(
                    f"`{self.name}` ({type(self).__name__}) cannot pad that way",
                    received=f"`padding={self.padding!r}`",
                    expected=" or ".join(f'"{name}"' for name in self.paddings),
                )
            )
        if self.padding == "causal" and self.data_format != "channels_last":
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot pad causally with the channels first",
                    received=f"`data_format={self.data_format!r}`",
                    expected='"channels_last"',
                )
            )

        if self.groups > 1 and (not self.can_group or self.filters % self.groups):
            raise ValueError(
                errors.message(
                    f"`{self.name}` ({type(self).__name__}) cannot be cut into groups",
                    received=f"`groups={self.groups}` and `filters={self.filters}`",
                    expected="a number of groups that divides the filters"
                    if self.can_group
                    else "`groups=1`",
                )
            )

    def _input_channels(self, input_shape):
        """How many channels come in; an error if that is unknown."""
        shapes.check_strides(self)
        axis = shapes.channels_axis(self.data_format)
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot make its kernel",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected=f"a known number of channels in axis {axis}",
                    fix="Give it in `input_shape`, or check `data_format`",
                )
            )
        if channels % self.groups:
            raise errors.wrong_shape(
                self.name,
                tuple(input_shape),
                f"channels, in axis {axis}, that `groups={self.groups}` divides",
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=self._kernel_shape(channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._add_bias((self.filters,))
        self.built = True

    def _kernel_shape(self, channels):
        return (*self.kernel_size, channels // self.groups, self.filters)

    def _add_bias(self, shape):
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=shape,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def convolve(self, inputs):
        """The convolution itself, without bias and activation."""
        convolve = (K.conv1d, K.conv2d, K.conv3d)[self.rank - 1]
        return convolve(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
            groups=self.groups,
        )

    def call(self, inputs):
        shapes.check_room(self, inputs, "kernel_size")
        outputs = self.convolve(inputs)
        if self.use_bias:
            outputs = K.bias_add(outputs, self.bias, data_format=self.data_format)
        return self.activation(outputs)

    def compute_output_shape(self, input_shape):
        sizes = [
            shapes.conv_output_length(size, window, self.padding, stride, dilation)
            for size, window, stride, dilation in zip(
                shapes.spatial(input_shape, self.data_format),
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                strict=True,
            )
        ]
        return shapes.with_channels(
            input_shape[0], sizes, self.filters, self.data_format
        )


class Conv1D(Conv):
    """Convolution over the steps of a sequence; see `Conv` for the arguments.

    `padding="causal"` pads in front only, so that no step sees later ones.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, filters)`.

    Example:
        >>> model.add(Conv1D(64, 3, padding="causal", input_shape=(None, 8)))

    See: van den Oord et al., WaveNet, 2016, section 2.1, for causal padding.
    """

    rank = 1
    paddings = ("valid", "same", "causal")
    default_data_format = "channels_last"


class Conv2D(Conv):
    """Convolution over images; see `Conv` for the arguments.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, new_rows, new_cols, filters)`.

    Example:
        >>> model.add(Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)))

    See: LeCun et al., Gradient-based learning applied to document recognition, 1998.
    """

    rank = 2


class Conv3D(Conv):
    """Convolution over volumes; see `Conv` for the arguments.

    Shapes:
        `(batch, dim1, dim2, dim3, channels)` to
        `(batch, new_dim1, new_dim2, new_dim3, filters)`.
    """

    rank = 3
