"""Pooling layers of every rank: the largest or the mean value of each window.

`Pooling` and `GlobalPooling` say it once; the other classes are their cases.
"""

from typing import ClassVar

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class Pooling(Layer):
    """Reduce each window of `pool_size` to one value per channel.

    Args:
        pool_size: Size of the window along each axis: an integer or `rank` of them.
        strides: Distance of the windows; None: `pool_size`, so that none overlap.
        padding: `"valid"`: only whole windows; `"same"`: those at the edges too.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.

    Shapes:
        `(batch, *sizes, channels)` to `(batch, *new_sizes, channels)`; with
        `data_format="channels_first"` the channels come behind the batch axis.
    """

    rank: int
    pool_mode: str  # "max" or "avg"
    default_data_format: ClassVar[str | None] = None

    def __init__(
        self,
        pool_size=2,
        strides=None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        rank = self.rank
        strides = pool_size if strides is None else strides
        self.pool_size = shapes.normalize_tuple(pool_size, rank, "pool_size")
        self.strides = shapes.normalize_tuple(strides, rank, "strides")
        self.padding = shapes.normalize_padding(padding, ("valid", "same"))
        if self.padding == "causal":
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot pad that way",
                    received='`padding="causal"`',
                    expected='"valid" or "same"',
                )
            )
        self.data_format = K.normalize_data_format(
            data_format or self.default_data_format
        )
        self.input_spec = InputSpec(ndim=rank + 2)

    def call(self, inputs):
        shapes.check_room(self, inputs, "pool_size")
        if self.rank == 3:
            return self._pool(K.pool3d, inputs, self.pool_size, self.strides)
        if self.rank == 2:
            return self._pool(K.pool2d, inputs, self.pool_size, self.strides)
        axis = 3 if self.data_format == "channels_first" else 2
        rows = K.expand_dims(inputs, axis)
        rows = self._pool(K.pool2d, rows, (*self.pool_size, 1), (*self.strides, 1))
        return K.squeeze(rows, axis)

    def _pool(self, pool, inputs, pool_size, strides):
        return pool(
            inputs,
            pool_size,
            strides=strides,
            padding=self.padding,
            data_format=self.data_format,
            pool_mode=self.pool_mode,
        )

    def compute_output_shape(self, input_shape):
        sizes = [
            shapes.conv_output_length(size, window, self.padding, stride)
            for size, window, stride in zip(
                shapes.spatial(input_shape, self.data_format),
                self.pool_size,
                self.strides,
                strict=True,
            )
        ]
        channels = input_shape[shapes.channels_axis(self.data_format)]
        return shapes.with_channels(input_shape[0], sizes, channels, self.data_format)


class MaxPooling1D(Pooling):
    """The largest value of each window of a sequence; see `Pooling`.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, channels)`.

    Example:
        >>> model.add(MaxPooling1D(2))
    """

    rank = 1
    pool_mode = "max"
    default_data_format = "channels_last"


class MaxPooling2D(Pooling):
    """The largest value of each window of an image; see `Pooling`.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, new_rows, new_cols, channels)`.

    Example:
        >>> model.add(MaxPooling2D((2, 2)))
    """

    rank = 2
    pool_mode = "max"


class MaxPooling3D(Pooling):
    """The largest value of each window of a volume; see `Pooling`.

    Shapes:
        `(batch, dim1, dim2, dim3, channels)` to the same rank.

    Example:
        >>> MaxPooling3D()(Input((4, 4, 4, 2))).shape
        (None, 2, 2, 2, 2)
    """

    rank = 3
    pool_mode = "max"


class AveragePooling1D(MaxPooling1D):
    """The mean of each window of a sequence; see `Pooling`.

    Shapes:
        `(batch, steps, channels)` to `(batch, new_steps, channels)`.

    Example:
        >>> AveragePooling1D()(Input((6, 2))).shape
        (None, 3, 2)
    """

    pool_mode = "avg"


class AveragePooling2D(MaxPooling2D):
    """The mean of each window of an image; see `Pooling`.

    Padding counts for nothing: a window at the edge is the mean of what it covers.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, new_rows, new_cols, channels)`.

    Example:
        >>> AveragePooling2D()(np.ones((1, 4, 6, 3))).shape
        (1, 2, 3, 3)
    """

    pool_mode = "avg"


class AveragePooling3D(MaxPooling3D):
    """The mean of each window of a volume; see `Pooling`.

    Shapes:
        `(batch, dim1, dim2, dim3, channels)` to the same rank.

    Example:
        >>> AveragePooling3D()(Input((4, 4, 4, 2))).shape
        (None, 2, 2, 2, 2)
    """

    pool_mode = "avg"


class GlobalPooling(Layer):
    """Reduce each channel to one value.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.
        keepdims: Whether the axes that were reduced stay, with a size of 1.

    Shapes:
        `(batch, *sizes, channels)` to `(batch, channels)`.
    """

    rank: int
    default_data_format: ClassVar[str | None] = None
    newer_arguments = ("keepdims",)

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs
    ):
        super().__init__(**kwargs)
        self.keepdims = keepdims
        self.data_format = K.normalize_data_format(
            data_format or self.default_data_format
        )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _axes(self):
        first = 2 if self.data_format == "channels_first" else 1
        return list(range(first, first + self.rank))

    def compute_output_shape(self, input_shape):
        channels = input_shape[shapes.channels_axis(self.data_format)]
        if not self.keepdims:
            return (input_shape[0], channels)
        ones = [1] * self.rank
        return shapes.with_channels(input_shape[0], ones, channels, self.data_format)


class GlobalMaxPooling(GlobalPooling):
    """The largest value of each channel; see `GlobalPooling`."""

    def call(self, inputs):
        return K.max(inputs, axis=self._axes(), keepdims=self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel; see `GlobalPooling`."""

    def call(self, inputs):
        return K.mean(inputs, axis=self._axes(), keepdims=self.keepdims)


class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest value of each channel over all steps of a sequence.

    Shapes:
        `(batch, steps, channels)` to `(batch, channels)`.

    Example:
        >>> GlobalMaxPooling1D()(np.array([[[1.0], [4.0], [2.0]]])).tolist()
        [[4.0]]
    """

    rank = 1
    default_data_format = "channels_last"


class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest value of each channel over all pixels.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, channels)`.

    Example:
        >>> GlobalMaxPooling2D()(Input((4, 4, 3))).shape
        (None, 3)
    """

    rank = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest value of each channel over all voxels.

    Shapes:
        `(batch, dim1, dim2, dim3, channels)` to `(batch, channels)`.

    Example:
        >>> GlobalMaxPooling3D()(Input((4, 4, 4, 3))).shape
        (None, 3)
    """

    rank = 3


class GlobalAveragePooling1D(GlobalAveragePooling):
    """The mean of each channel over the steps of a sequence that are not masked.

    Shapes:
        `(batch, steps, channels)` to `(batch, channels)`.

    Example:
        >>> GlobalAveragePooling1D()(np.array([[[1.0], [5.0]]])).tolist()
        [[3.0]]
    """

    rank = 1
    default_data_format = "channels_last"

    def __init__(self, data_format: str | None = None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        axis = self._axes()[0]
        channels = shapes.channels_axis(self.data_format)
        weights = K.expand_dims(K.cast(mask, K.dtype(inputs)), channels)
        total = K.sum(inputs * weights, axis=axis, keepdims=self.keepdims)
        count = K.sum(weights, axis=axis, keepdims=self.keepdims)
        return total / K.maximum(count, 1.0)  # without any step the mean is 0

    def compute_mask(self, inputs, mask=None):
        return None


class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of each channel over all pixels.

    Shapes:
        `(batch, rows, cols, channels)` to `(batch, channels)`.

    Example:
        >>> model.add(GlobalAveragePooling2D())

    See: Lin et al., Network in network, 2014, section 3.2.
    """

    rank = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of each channel over all voxels.

    Shapes:
        `(batch, dim1, dim2, dim3, channels)` to `(batch, channels)`.

    Example:
        >>> GlobalAveragePooling3D()(Input((4, 4, 4, 3))).shape
        (None, 3)
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalAvgPool1D = GlobalMaxPooling1D, GlobalAveragePooling1D
GlobalMaxPool2D, GlobalAvgPool2D = GlobalMaxPooling2D, GlobalAveragePooling2D
GlobalMaxPool3D, GlobalAvgPool3D = GlobalMaxPooling3D, GlobalAveragePooling3D
