"""Kernels of convolutions from one layout to another, for weights from elsewhere.

Theano turned its kernels around before it slid them, and old models may have been
trained with the other `data_format`.  Reading files is `weights`' business.
"""

from typing import Any

import numpy as np

from cthulhu import errors

_TURNED = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")


def convert_kernel(kernel: Any) -> np.ndarray:
    """A kernel turned around along its spatial axes; twice is the kernel again.

    Args:
        kernel: Array of shape (*window, inputs, filters), with 1 to 3 window axes.

    Raises:
        ValueError: Another rank.

    Example:
        >>> convert_kernel([[[1]], [[2]]]).ravel()
        array([2, 1])
    """
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError(
            errors.message(
                "This is not the kernel of a convolution",
                f"shape {kernel.shape}",
                "3 to 5 axes: those of the window, inputs and filters",
            )
        )
    return np.flip(kernel, tuple(range(kernel.ndim - 2))).copy()


def convert_all_kernels_in_model(model: Any) -> None:
    """Turn the kernels of a model's convolutions around, as Theano wants them or back.

    Args:
        model: Its own layers are changed; models inside it are not looked into.
    """
    for layer in model.layers:
        if type(layer).__name__ in _TURNED:
            layer.kernel.assign(convert_kernel(layer.kernel.numpy()))


def convert_dense_weights_data_format(
    dense: Any,
    previous_feature_map_shape: tuple[int, int, int],
    target_data_format: str = "channels_first",
) -> None:
    """Reorder the kernel of a Dense layer behind a Flatten for another `data_format`.

    Args:
        dense: The layer, with a bias.
        previous_feature_map_shape: Shape before the Flatten, without the batch axis, in
            the new format.
        target_data_format: `"channels_first"` or `"channels_last"`: the new one.

    Raises:
        ValueError: Another format, or a shape that does not fit the kernel.
    """
    shape = tuple(previous_feature_map_shape)
    formats = {
        "channels_first": ((1, 2, 0), (2, 0, 1)),
        "channels_last": ((2, 0, 1), (1, 2, 0)),
    }
    if target_data_format not in formats:
        raise errors.unknown_name("data_format", target_data_format, formats)
    old, new = formats[target_data_format]
    kernel, bias = dense.get_weights()
    if len(shape) != 3 or np.prod(shape) != len(kernel):
        raise errors.ShapeMismatch(
            errors.message(
                f"The kernel of `{dense.name}` does not follow such a feature map",
                f"`previous_feature_map_shape={shape}`",
                f"3 sizes whose product is {len(kernel)}",
            )
        )
    maps = kernel.reshape(*(shape[axis] for axis in old), -1)
    dense.set_weights([maps.transpose(*new, 3).reshape(kernel.shape), bias])
