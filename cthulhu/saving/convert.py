"""Weights as older versions and other backends stored them, put in today's order.

One function per kind of layer; a layer that is not named here never changed.  Facts:
Keras 1 stored convolution kernels with the channels first where the data had them
first, and one kernel per gate of a recurrent layer; Theano's convolutions turn the
kernel over.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cthulhu import errors

Weights = list[np.ndarray]


def preprocess_weights_for_loading(
    layer: Any,
    weights: Sequence[np.ndarray],
    original_keras_version: str | None = None,
    original_backend: str | None = None,
    reshape: bool = False,
) -> Weights:
    """Arrays of one layer in the order and layout that the layer has today.

    Args:
        layer: The layer they are for, built.
        weights: What was stored, in order.
        original_keras_version: The version of Keras that stored them; None if the file
            does not say, which means 2.
        original_backend: "tensorflow", "theano" or "cntk", or None if the file does
            not say.
        reshape: Whether a kernel of another shape but the same size is reshaped.

    Raises:
        ValueError: If `reshape` is set and the sizes differ.
    """
    arrays = list(weights)
    version, backend = original_keras_version, original_backend
    kind = type(layer).__name__
    inner = _inner_layers(layer)
    if inner is not None:
        return _nested(inner, arrays, version, backend)
    if (version or "2").split(".")[0] == "1" and kind in _FROM_1:
        arrays = _FROM_1[kind](layer, arrays)
    if kind in _GATES and len(arrays) == 3:
        arrays = _cudnn(layer, arrays)
    if kind in _CONVOLUTIONS and arrays:
        kernels = 2 if kind == "ConvLSTM2D" else 1
        if backend == "theano":
            arrays[:kernels] = [_turned(kernel) for kernel in arrays[:kernels]]
        arrays[0] = _kernel(layer, arrays[0], reshape)
    return arrays


_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")


def _kernel(layer, kernel, reshape) -> np.ndarray:
    shape = tuple(layer.weights[0].shape)
    if kernel.shape == shape:
        return kernel
    if reshape:
        if kernel.size != np.prod(shape):
            raise ValueError(
                errors.message(
                    f"The kernel of `{layer.name}` cannot be reshaped: it has shape "
                    f"{shape}, but the saved weight has shape {kernel.shape}",
                    expected=f"{np.prod(shape)} numbers",
                )
            )
        return kernel.reshape(shape)
    if kernel.ndim == 4 and kernel.transpose(3, 2, 0, 1).shape == shape:
        return kernel.transpose(3, 2, 0, 1)
    return kernel


def _turned(kernel: np.ndarray) -> np.ndarray:
    """The kernel turned over in all its spatial axes (all but the last two)."""
    return np.flip(kernel, tuple(range(kernel.ndim - 2)))


# cuDNN's layout of gates

_GATES = {"LSTM": 4, "CuDNNLSTM": 4, "GRU": 3, "CuDNNGRU": 3}


def _cudnn(layer, arrays):
    """To or from cuDNN's layout, which the shape of the bias gives away.

    There each gate's kernel has the numbers of its transposed matrix row by row, and
    the inputs have a bias of their own.
    """
    kind = type(layer).__name__
    gates, wanted = _GATES[kind], kind.startswith("CuDNN")
    kernel, recurrent, bias = arrays
    units = recurrent.shape[0]
    if wanted == (bias.shape == (2 * gates * units,)):
        return arrays
    if kind == "GRU" and not layer.reset_after or bias.shape == (3 * units,):
        raise ValueError(
            errors.message(
                f"`{layer.name}` ({kind}) cannot use weights of the other kind of GRU",
                f"a bias of shape {bias.shape}",
                "the weights of a `CuDNNGRU` for `GRU(reset_after=True)` alone, and "
                "the other way round",
            )
        )
    if wanted:
        kernel = _by_gate(kernel, gates, lambda k: k.T.reshape(k.shape))
        bias = bias.ravel() if gates == 3 else np.tile(bias / 2, 2)
    else:
        kernel = _by_gate(kernel, gates, lambda k: k.reshape(k.shape[::-1]).T)
        bias = bias.reshape(2, -1) if gates == 3 else sum(np.split(bias, 2))
    return [kernel, _by_gate(recurrent, gates, np.transpose), bias]


def _by_gate(kernel, gates, function):
    return np.hstack([function(part) for part in np.hsplit(kernel, gates)])


# Layers that hold layers


def _inner_layers(layer) -> list[tuple[Any, list[Any]]] | None:
    """Inner layers with those of their variables that come next, in stored order."""
    kind = type(layer).__name__
    if kind == "Bidirectional":
        return [
            (part, part.weights) for part in (layer.forward_layer, layer.backward_layer)
        ]
    if kind == "TimeDistributed":
        return [(layer.layer, layer.layer.weights)]
    if not hasattr(layer, "layers"):
        return None
    # A model stores what is trained of all its layers, then the rest of them.
    trained = [(part, list(part.trainable_weights)) for part in layer.layers]
    seen = {id(variable) for _, variables in trained for variable in variables}
    rest = [
        (part, [v for v in part.weights if id(v) not in seen]) for part in layer.layers
    ]
    return [(part, variables) for part, variables in trained + rest if variables]


def _nested(inner, arrays, version, backend) -> Weights:
    new: Weights = []
    shares = _shares(inner, len(arrays))
    for (part, _), share in zip(inner, shares, strict=True):
        new += preprocess_weights_for_loading(part, arrays[:share], version, backend)
        arrays = arrays[share:]
    return new + arrays


def _shares(inner, count: int) -> list[int]:
    """How many stored arrays belong to each inner layer."""
    today = [len(variables) for _, variables in inner]
    if sum(today) == count or not inner:
        return today
    # Stored by gates: more arrays than today, in equal shares.
    return [count // len(inner)] * len(inner)


# From Keras 1


def state_from_1(
    arrays: Weights, named: Sequence[tuple[Any, list[str]]], backend: str | None = None
) -> Weights:
    """The state of an optimizer of Keras 1, in the order of today's weights.

    It had one array per weight in each of its parts, sorted by the weights' names.

    Args:
        arrays: What was stored.
        named: Each layer with the names under which its weights were stored.
        backend: The backend that stored them.
    """
    trained = [pair for layer, names in named for pair in _trained_parts(layer, names)]
    order = sorted(name for _, names in trained for name in names)
    head = [array for array in arrays if array.ndim == 0]
    slots = arrays[len(head) :]
    if not order or len(slots) % len(order):
        return arrays
    new = head
    for start in range(0, len(slots), len(order)):
        by_name = dict(zip(order, slots[start : start + len(order)], strict=True))
        for layer, names in trained:
            part = [by_name[name] for name in names]
            new = new + preprocess_weights_for_loading(layer, part, "1", backend)
    return new


def _trained_parts(layer: Any, names: list[str]) -> list[tuple[Any, list[str]]]:
    """Layers without inner layers, with the names of their weights that are trained."""
    inner = _inner_layers(layer)
    if inner is None:
        if not layer.trainable_weights:
            return []
        whole = len(names) != len(layer.weights)  # stored by gates
        return [(layer, names if whole else names[: len(layer.trainable_weights)])]
    found = []
    for (part, variables), share in zip(inner, _shares(inner, len(names)), strict=True):
        mine, names = names[:share], names[share:]
        trained = {id(variable) for variable in part.trainable_weights}
        if any(id(variable) in trained for variable in variables):
            found += _trained_parts(part, mine)
    return found


def _conv1d(layer, arrays):
    kernel = arrays[0]
    length = layer.kernel_size[0]
    if kernel.ndim == 4:
        if kernel.shape[:2] != (length, 1):  # before 1.2: (filters, input, length, 1)
            kernel = kernel.transpose(2, 3, 1, 0)
        kernel = kernel[:, 0]
    return [kernel, *arrays[1:]]


def _channels_last(rank: int) -> Callable:
    def convert(layer, arrays):
        if layer.data_format != "channels_first":
            return arrays
        # (filters, channels, ...) to (..., channels, filters)
        return [arrays[0].transpose(*range(2, rank + 2), 1, 0), *arrays[1:]]

    return convert


def _conv2d_transpose(layer, arrays):
    # Today: (rows, columns, filters, channels).
    order = (0, 1, 3, 2) if layer.data_format == "channels_last" else (2, 3, 0, 1)
    return [arrays[0].transpose(order), *arrays[1:]]


def _gates(order: Sequence[int]) -> Callable:
    """Three arrays for each gate, one gate after the other, joined in `order`."""

    def convert(layer, arrays):
        if len(arrays) != 3 * len(order):
            return arrays
        return [
            np.concatenate([arrays[3 * gate + part] for gate in order], axis=-1)
            for part in range(3)
        ]

    return convert


def _conv_lstm(layer, arrays):
    if len(arrays) == 12 and layer.data_format == "channels_first":
        arrays = [_window_first(layer, a) if a.ndim == 4 else a for a in arrays]
    return _gates((0, 2, 1, 3))(layer, arrays)


def _window_first(layer, kernel):
    """(filters, channels, rows, columns) turned round, unless it is already."""
    turned = kernel.transpose(2, 3, 1, 0)
    done = kernel.shape[:2] == tuple(layer.kernel_size) != kernel.shape[2:]
    return kernel if done else turned


_FROM_1: dict[str, Callable[[Any, Weights], Weights]] = {
    "Conv1D": _conv1d,
    "Conv2D": _channels_last(2),
    "Conv3D": _channels_last(3),
    "Conv2DTranspose": _conv2d_transpose,
    "GRU": _gates((0, 1, 2)),
    "LSTM": _gates((0, 2, 1, 3)),  # stored i, c, f, o; today i, f, c, o
    "ConvLSTM2D": _conv_lstm,
}
