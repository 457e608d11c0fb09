"""Layers that change the size of images and the like: padding, cropping, repeating.

Each kind says it once for every rank; the classes with a number are its cases.
"""

from typing import ClassVar

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers import shapes
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import InputSpec


class Resizing(Layer):
    """What these layers have in common: the channels stay, the other axes change."""

    rank: int
    default_data_format: ClassVar[str | None] = None

    def _set_data_format(self, data_format):
        self.data_format = K.normalize_data_format(
            data_format or self.default_data_format
        )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _new_sizes(self, sizes):
        """The new size of each axis; the old ones are known."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape):
        sizes = self._new_sizes(shapes.spatial(input_shape, self.data_format))
        channels = input_shape[shapes.channels_axis(self.data_format)]
        return shapes.with_channels(input_shape[0], sizes, channels, self.data_format)

    def _pairs(self, value, argument):
        """One pair for each axis, from any of the forms that a user may give."""
        if isinstance(value, int) and value >= 0:
            return ((value, value),) * self.rank
        if self.rank == 1:
            return (shapes.normalize_tuple(value, 2, argument, least=0),)
        if not hasattr(value, "__len__") or len(value) != self.rank:
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot use its `{argument}`",
                    received=repr(value),
                    expected=f"an integer, or {self.rank} integers or pairs of them",
                )
            )
        return tuple(shapes.normalize_tuple(pair, 2, argument, 0) for pair in value)

    def _simple_config(self, config, argument):
        """Keras writes one pair, and no data format, for the one-dimensional case."""
        if self.rank == 1:
            config[argument] = getattr(self, argument)[0]
            if self.data_format == self.default_data_format:
                config.pop("data_format", None)
        return config


class ZeroPadding(Resizing):
    """Add zeros around the inputs.

    Args:
        padding: How many on each side: an integer; one integer per axis; or a pair
            `(before, after)` per axis.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.

    Shapes:
        `(batch, *sizes, channels)` to `(batch, *larger_sizes, channels)`.
    """

    def __init__(self, padding=1, data_format: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.padding = self._pairs(padding, "padding")
        self._set_data_format(data_format)

    def call(self, inputs):
        if self.rank == 1:
            first = self.data_format == "channels_first"
            x = K.permute_dimensions(inputs, (0, 2, 1)) if first else inputs
            x = K.temporal_padding(x, self.padding[0])
            return K.permute_dimensions(x, (0, 2, 1)) if first else x
        pad = K.spatial_2d_padding if self.rank == 2 else K.spatial_3d_padding
        return pad(inputs, padding=self.padding, data_format=self.data_format)

    def _new_sizes(self, sizes):
        return [
            None if size is None else size + sum(pair)
            for size, pair in zip(sizes, self.padding, strict=True)
        ]

    def get_config(self):
        return self._simple_config(super().get_config(), "padding")


class ZeroPadding1D(ZeroPadding):
    """Add zero steps before and after a sequence; see `ZeroPadding`.

    Shapes:
        `(batch, steps, channels)` to `(batch, before + steps + after, channels)`.

    Example:
        >>> ZeroPadding1D(2)(Input((5, 3))).shape
        (None, 9, 3)
    """

    rank = 1
    default_data_format = "channels_last"


class ZeroPadding2D(ZeroPadding):
    """Add rows and columns of zeros around images; see `ZeroPadding`.

    Example:
        >>> ZeroPadding2D((1, 2))(Input((4, 4, 1))).shape
        (None, 6, 8, 1)
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Add zeros around volumes; see `ZeroPadding`.

    Example:
        >>> ZeroPadding3D(1)(Input((2, 2, 2, 1))).shape
        (None, 4, 4, 4, 1)
    """

    rank = 3


class Cropping(Resizing):
    """Cut off the edges of the inputs.

    Args:
        cropping: How much on each side: an integer; one integer per axis; or a pair
            `(before, after)` per axis.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.

    Shapes:
        `(batch, *sizes, channels)` to `(batch, *smaller_sizes, channels)`.
    """

    def __init__(self, cropping=1, data_format: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.cropping = self._pairs(cropping, "cropping")
        self._set_data_format(data_format)

    def call(self, inputs):
        shapes.check_room(self, inputs, "cropping", least=0)
        kept = [slice(before, -after or None) for before, after in self.cropping]
        whole = slice(None)
        return inputs[shapes.with_channels(whole, kept, whole, self.data_format)]

    def _new_sizes(self, sizes):
        return [
            None if size is None else size - sum(pair)
            for size, pair in zip(sizes, self.cropping, strict=True)
        ]

    def get_config(self):
        return self._simple_config(super().get_config(), "cropping")


class Cropping1D(Cropping):
    """Cut off steps before and after a sequence; see `Cropping`.

    Shapes:
        `(batch, steps, channels)` to `(batch, steps - before - after, channels)`.

    Example:
        >>> Cropping1D((1, 2))(Input((5, 3))).shape
        (None, 2, 3)
    """

    rank = 1
    default_data_format = "channels_last"


class Cropping2D(Cropping):
    """Cut off rows and columns of images; by default none; see `Cropping`.

    Example:
        >>> Cropping2D(1)(Input((4, 6, 1))).shape
        (None, 2, 4, 1)
    """

    rank = 2

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """Cut off the edges of volumes; see `Cropping`.

    Example:
        >>> Cropping3D(1)(Input((4, 4, 4, 1))).shape
        (None, 2, 2, 2, 1)
    """

    rank = 3


class UpSampling(Resizing):
    """Repeat each element along each axis.

    Args:
        size: How often: an integer or one per axis.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.

    Shapes:
        `(batch, *sizes, channels)` to `(batch, *multiplied_sizes, channels)`.
    """

    def __init__(self, size=2, data_format: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.size = shapes.normalize_tuple(size, self.rank, "size")
        self._set_data_format(data_format)

    def _new_sizes(self, sizes):
        return [
            None if size is None else size * factor
            for size, factor in zip(sizes, self.size, strict=True)
        ]


class UpSampling1D(UpSampling):
    """Repeat each step of a sequence; see `UpSampling`.

    Shapes:
        `(batch, steps, channels)` to `(batch, size * steps, channels)`.

    Example:
        >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]])).tolist()
        [[[1.0], [1.0], [2.0], [2.0]]]
    """

    rank = 1
    default_data_format = "channels_last"

    def call(self, inputs):
        axis = 2 if self.data_format == "channels_first" else 1
        return K.repeat_elements(inputs, self.size[0], axis=axis)

    def get_config(self):
        return self._simple_config(super().get_config(), "size")


class UpSampling2D(UpSampling):
    """Enlarge images.

    Args:
        size: The factors of rows and columns: an integer or two.
        data_format: `"channels_last"` or `"channels_first"`; None: the configured one.
        interpolation: `"nearest"` repeats pixels, `"bilinear"` goes between them.

    Shapes:
        `(batch, rows, cols, channels)` to
        `(batch, size[0] * rows, size[1] * cols, channels)`.

    Example:
        >>> UpSampling2D((2, 3))(Input((4, 4, 1))).shape
        (None, 8, 12, 1)
    """

    rank = 2

    def __init__(
        self, size=2, data_format=None, interpolation: str = "nearest", **kwargs
    ):
        super().__init__(size, data_format, **kwargs)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(
                errors.message(
                    f"`{self.name}` cannot use its `interpolation`",
                    received=repr(interpolation),
                    expected='"nearest" or "bilinear"',
                )
            )
        self.interpolation = interpolation

    def call(self, inputs):
        return K.resize_images(
            inputs, *self.size, self.data_format, interpolation=self.interpolation
        )


class UpSampling3D(UpSampling):
    """Enlarge volumes by repeating voxels; see `UpSampling`.

    Example:
        >>> UpSampling3D(2)(Input((2, 2, 2, 1))).shape
        (None, 4, 4, 4, 1)
    """

    rank = 3

    def call(self, inputs):
        return K.resize_volumes(inputs, *self.size, self.data_format)
