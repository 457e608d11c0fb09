"""Convolutions with a kernel of their own at each position.

Those that share one kernel are in `convolutional`.
"""

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.convolutional import Conv


class LocallyConnected(Conv):
    """Like `Conv`, but nothing is shared: each position has its own kernel and bias.

    The arguments are those of `Conv`, without `dilation_rate`; `padding` is "valid".

    Shapes:
        `(batch, *sizes, channels)`, the sizes known, to `(batch, *new_sizes, filters)`.
    """

    paddings = ("valid",)

    def __init__(
        self,
        filters: int,
        kernel_size,
        strides=1,
        padding: str = "valid",
        data_format: str | None = None,
        activation=None,
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
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

    def build(self, input_shape):
        if None in input_shape[1:]:
            raise ValueError(
                errors.message(
                    f"`{self.name}` has a kernel for each position",
                    received=f"inputs of shape {tuple(input_shape)}",
                    expected="known sizes on all axes but the first",
                    fix="Give a complete `input_shape` to the first layer",
                )
            )
        channels = self._input_channels(input_shape)
        output = self.compute_output_shape(input_shape)
        self.positions = shapes.spatial(output, self.data_format)
        count, window = 1, channels
        for axis in range(self.rank):
            count *= self.positions[axis]
            window *= self.kernel_size[axis]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(count, window, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._add_bias((*self.positions, self.filters))
        self.built = True


class LocallyConnected1D(LocallyConnected):
    """A kernel of its own for each step of a sequence; see `LocallyConnected`.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, filters)`.
    """

    rank = 1

    default_data_format = "channels_last"

    def _check_arguments(self):
        super()._check_arguments()
        if self.data_format != "channels_last":
            raise ValueError(
                errors.message(
                    f"`{self.name}` takes sequences with the channels last",
                    received=f"`data_format={self.data_format!r}`",
                    expected='"channels_last"',
                )
            )

    def convolve(self, inputs):
        return K.local_conv1d(
            inputs, self.kernel, self.kernel_size, self.strides, self.data_format
        )

    def get_config(self):
        config = super().get_config()
        config.pop("data_format", None)
        return config


class LocallyConnected2D(LocallyConnected):
    """A kernel of its own for each pixel; see `LocallyConnected`.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, new_rows, new_cols, filters)`.

    See: Taigman et al., DeepFace, 2014, section 3.
    """

    rank = 2

    def convolve(self, inputs):
        return K.local_conv2d(
            inputs,
            self.kernel,
            self.kernel_size,
            self.strides,
            self.positions,
            self.data_format,
        )
