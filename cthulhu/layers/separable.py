"""Convolutions of each channel by itself, alone or with a mixing of channels after it.

The plain convolutions are in `convolutional`.
"""

from cthulhu import backend as K
from cthulhu import constraints, initializers, regularizers
from cthulhu.layers import shapes
from cthulhu.layers.convolutional import Conv


class SeparableConv(Conv):
    """Convolve each channel by itself, then mix the channels at each position.

    Args:
        depth_multiplier: How many filters each channel gets in the first part.
        depthwise_initializer: Initializer of the first kernel,
            `(*kernel_size, channels, depth_multiplier)`.
        pointwise_initializer: Initializer of the second,
            `(1, ..., depth_multiplier * channels, filters)`.
        depthwise_regularizer: Penalty on the first kernel.
        pointwise_regularizer: Penalty on the second.
        depthwise_constraint: Projection of the first after each update.
        pointwise_constraint: Projection of the second after each update.

    The other arguments are those of `Conv`.

    Shapes:
        As `Conv`.

    See: Chollet, Xception: deep learning with depthwise separable convolutions, 2017.
    """

    can_group = False

    def __init__(
        self,
        filters: int,
        kernel_size,
        strides=1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate=1,
        depth_multiplier: int = 1,
        activation=None,
        use_bias: bool = True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
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
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = shapes.size(self, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.pointwise_kernel = self.add_weight(
            name="pointwise_kernel",
            shape=(*[1] * self.rank, self.depth_multiplier * channels, self.filters),
            initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self._add_bias((self.filters,))
        self.built = True

    def convolve(self, inputs):
        convolve = K.separable_conv1d if self.rank == 1 else K.separable_conv2d
        return convolve(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            data_format=self.data_format,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
        )


class SeparableConv1D(SeparableConv):
    """Separable convolution over the steps of a sequence; see `SeparableConv`.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, filters)`.

    Example:
        >>> SeparableConv1D(16, 3, padding="causal")(Input((10, 8))).shape
        (None, 10, 16)
    """

    rank = 1
    paddings = ("valid", "same", "causal")
    default_data_format = "channels_last"


class SeparableConv2D(SeparableConv):
    """Separable convolution over images; see `SeparableConv`.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, new_rows, new_cols, filters)`.

    Example:
        >>> SeparableConv2D(16, 3)(Input((10, 10, 8))).shape
        (None, 8, 8, 16)
    """

    rank = 2


class DepthwiseConv(Conv):
    """Convolve each channel by itself.

    Args:
        depth_multiplier: How many filters each channel gets.
        depthwise_initializer: Initializer of the kernel,
            `(*kernel_size, channels, depth_multiplier)`.
        depthwise_regularizer: Penalty on the kernel.
        depthwise_constraint: Projection of the kernel after each update.

    The other arguments are those of `Conv`, without `filters`.

    Shapes:
        `(batch, *sizes, channels)` to
        `(batch, *new_sizes, channels * depth_multiplier)`.

    See: Howard et al., MobileNets, 2017, section 3.1.
    """

    can_group = False

    def __init__(
        self,
        kernel_size,
        strides=1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate=1,
        activation=None,
        use_bias: bool = True,
        depthwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(
            None,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = shapes.size(self, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self._add_bias((channels * self.depth_multiplier,))
        self.built = True

    def convolve(self, inputs):
        convolve = K.depthwise_conv1d if self.rank == 1 else K.depthwise_conv2d
        return convolve(
            inputs,
            self.depthwise_kernel,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )

    def compute_output_shape(self, input_shape):
        channels = input_shape[shapes.channels_axis(self.data_format)]
        filters = None if channels is None else channels * self.depth_multiplier
        output = super().compute_output_shape(input_shape)
        sizes = shapes.spatial(output, self.data_format)
        return shapes.with_channels(output[0], sizes, filters, self.data_format)


class DepthwiseConv1D(DepthwiseConv):
    """Convolve each channel of a sequence by itself; see `DepthwiseConv`.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, channels * depth_multiplier)`.

    Example:
        >>> DepthwiseConv1D(3, padding="causal")(Input((10, 8))).shape
        (None, 10, 8)
    """

    rank = 1
    paddings = ("valid", "same", "causal")
    default_data_format = "channels_last"


class DepthwiseConv2D(DepthwiseConv):
    """Convolve each channel of images by itself; see `DepthwiseConv`.

    Shapes:
        `(batch, rows, cols, channels)` to
        `(batch, new_rows, new_cols, channels * depth_multiplier)`.

    Example:
        >>> DepthwiseConv2D(3, depth_multiplier=2)(Input((10, 10, 8))).shape
        (None, 8, 8, 16)
    """

    rank = 2
