"""Convolutions with a kernel of their own at each position.

Those that share one kernel are in `convolutional`.
"""

import math

import numpy as np

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.convolutional import Conv


class LocallyConnected(Conv):
    """Like `Conv`, but nothing is shared: each position has its own kernel and bias.

    Args:
        padding: `"valid"`, or `"same"` with `implementation` 2 or 3.
        implementation: How the kernel is kept, and so the shape of that weight; what
            is computed is the same.  1: `(positions, window * channels, filters)`.
            2: from each input to each output,
            `(*sizes, channels, *new_sizes, filters)`, of which only what is within a
            window counts (with `data_format="channels_first"` the channels and the
            filters come before the sizes).  3: the numbers of 2 that count, in a row,
            sorted by output and then by input.

    The other arguments are those of `Conv`, without `dilation_rate` and `groups`.

    Shapes:
        `(batch, *sizes, channels)`, the sizes known, to `(batch, *new_sizes, filters)`.
    """

    can_group = False
    newer_arguments = ("implementation",)

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
        implementation: int = 1,
        **kwargs,
    ):
        self.implementation = implementation
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

    def _check_arguments(self):
        if self.implementation not in (1, 2, 3):
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot keep its kernel that way",
                    received=f"`implementation={self.implementation!r}`",
                    expected="1, 2 or 3",
                )
            )
        self.paddings = ("valid",) if self.implementation == 1 else ("valid", "same")
        super()._check_arguments()

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
        self.kernel = self.add_weight(
            name="kernel",
            shape=self._make_kernel(channels, input_shape),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._add_bias((*self.positions, self.filters))
        self.built = True

    def _make_kernel(self, channels, input_shape):
        """The shape of the weight, and where in it the numbers of a window are."""
        sizes = shapes.spatial(input_shape, self.data_format)
        inputs, outputs = (
            shapes.with_channels(None, inner, depth, self.data_format)[1:]
            for inner, depth in ((sizes, channels), (self.positions, self.filters))
        )
        count, window = math.prod(self.positions), math.prod(self.kernel_size)
        if self.implementation == 1:
            self._places = None
            return count, window * channels, self.filters
        out_index, in_index, inside = self._connections(sizes, channels)
        if self.implementation == 2:
            places, shape = in_index * math.prod(outputs) + out_index, inputs + outputs
        else:
            keys = out_index * math.prod(inputs) + in_index
            wanted = np.unique(keys[inside])
            places, shape = np.searchsorted(wanted, keys), wanted.shape
        # What lies outside of the inputs is behind the end, where a 0 is put.
        self._places = np.where(inside, places, math.prod(shape))
        return shape

    def _connections(self, sizes, channels):
        """For all `(positions, window * channels, filters)`: from where, to where.

        Returns:
            The index of the output and of the input among all, both of one sample laid
            flat, and whether the input is there at all.
        """
        starts = [before for before, _ in self._pads(sizes)]
        positions = np.indices(self.positions).reshape(self.rank, -1, 1)
        window = np.indices(self.kernel_size).reshape(self.rank, 1, -1)
        by_axis = (-1, 1, 1)
        strides = np.reshape(self.strides, by_axis)
        at = positions * strides + window - np.reshape(starts, by_axis)
        inside = ((at >= 0) & (at < np.reshape(sizes, by_axis))).all(0)
        flat = np.ravel_multi_index(np.where(inside, at, 0), sizes)
        outputs = np.arange(len(flat))
        depth, filters = np.arange(channels), np.arange(self.filters)
        if self.data_format == "channels_first":
            index = flat[:, None, :] + depth[:, None] * math.prod(sizes)
            inside = np.broadcast_to(inside[:, None, :], index.shape)
            outputs = outputs[:, None, None] + filters * len(flat)
        else:
            index = flat[:, :, None] * channels + depth
            inside = np.broadcast_to(inside[:, :, None], index.shape)
            outputs = outputs[:, None, None] * self.filters + filters
        index, inside = (x.reshape(len(flat), -1, 1) for x in (index, inside))
        shape = np.broadcast_shapes(index.shape, outputs.shape)
        return (np.broadcast_to(x, shape) for x in (outputs, index, inside))

    def _pads(self, sizes):
        """How many zeros to put before and after each axis."""
        pads = []
        for size, window, stride, count in zip(
            sizes, self.kernel_size, self.strides, self.positions, strict=True
        ):
            total = max((count - 1) * stride + window - size, 0)
            pads.append((total // 2, total - total // 2))
        return tuple(pads)

    def _kernel_by_position(self):
        """The kernel as `(positions, window * channels, filters)`."""
        if self._places is None:
            return self.kernel
        numbers = K.flatten(self.kernel)
        numbers = K.concatenate([numbers, K.zeros_like(numbers[:1])])
        return K.gather(numbers, self._places)


class LocallyConnected1D(LocallyConnected):
    """A kernel of its own for each step of a sequence; see `LocallyConnected`.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, filters)`.

    Example:
        >>> LocallyConnected1D(6, 3)(Input((10, 4))).shape
        (None, 8, 6)
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
        (pad,) = self._pads(inputs.shape[1:-1])
        return K.local_conv1d(
            K.temporal_padding(inputs, pad),
            self._kernel_by_position(),
            self.kernel_size,
            self.strides,
            self.data_format,
        )

    def get_config(self):
        config = super().get_config()
        config.pop("data_format", None)
        return config


class LocallyConnected2D(LocallyConnected):
    """A kernel of its own for each pixel; see `LocallyConnected`.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, new_rows, new_cols, filters)`.

    Example:
        >>> LocallyConnected2D(6, 3)(Input((8, 8, 2))).shape
        (None, 6, 6, 6)

    See: Taigman et al., DeepFace, 2014, section 3.
    """

    rank = 2

    def convolve(self, inputs):
        pads = self._pads(shapes.spatial(inputs.shape, self.data_format))
        return K.local_conv2d(
            K.spatial_2d_padding(inputs, pads, self.data_format),
            self._kernel_by_position(),
            self.kernel_size,
            self.strides,
            self.positions,
            self.data_format,
        )
