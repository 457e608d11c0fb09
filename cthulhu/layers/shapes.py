"""Sizes of layers, windows, strides and outputs: checks, and the arithmetic."""

import operator
from collections.abc import Sequence

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.layers.base import Layer
from cthulhu.layers.spec import seen_shape


def size(layer: Layer, name: str, value) -> int:
    """`value` as a whole number of at least 1.

    Args:
        layer: Whose argument it is.
        name: The argument's name.
        value: What came.

    Raises:
        TypeError: Not a whole number.
        ValueError: Less than 1.
    """
    return errors.check_whole(name, value, 1, type(layer).__name__)


def rate(layer: Layer, name: str, value) -> float:
    """`value` if it is a share, from 0 to 1.

    Raises:
        ValueError: It is something else.
    """
    number = isinstance(value, (int, float)) or hasattr(value, "__float__")
    if not number or not 0.0 <= value <= 1.0:
        hint = number and 2.0 <= value <= 100.0
        raise ValueError(
            errors.message(
                f"`{name}` of `{type(layer).__name__}` cannot be used",
                repr(value),
                "a share from 0 to 1",
                f"Write {value / 100:g} for {value:g} percent" if hint else None,
            )
        )
    return value


def positive_axes(layer: Layer, axis, rank: int) -> list[int]:
    """One axis, or several, counted from 0 and in order.

    Args:
        layer: Whose argument `axis` is.
        axis: An integer or several; negative from the end.
        rank: How many axes the inputs have.

    Raises:
        ValueError: There is no such axis, or it is named twice.
    """
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    whole = all(hasattr(a, "__index__") and -rank <= a < rank for a in axes)
    positive = sorted(a % rank for a in axes) if whole else []
    if not positive or len(set(positive)) != len(positive):
        raise ValueError(
            errors.message(
                f"`axis` of `{layer.name}` ({type(layer).__name__}) cannot be used",
                f"`axis={axis!r}` for inputs of rank {rank}",
                f"an integer from {-rank} to {rank - 1}, or several different ones",
            )
        )
    return positive


def check_room(layer: Layer, inputs, window: str, least: int = 1) -> None:
    """Refuse inputs that leave a layer too little output along some axis.

    Args:
        layer: A layer whose `compute_output_shape` can be relied on.
        inputs: What came.
        window: Name of the attribute that the inputs are too small for.
        least: The smallest size of an output.

    Raises:
        ValueError: The window does not fit into the inputs.
    """
    shape = seen_shape(inputs)
    output = layer.compute_output_shape(shape)
    fix = None
    if not _has_room(output, least):
        fix = _other_format(layer, shape, least)
    elif None in shape:
        # What stands in for an unknown size may be too small: a larger one is tried.
        output = layer.compute_output_shape(tuple(K.int_shape(inputs)))
    check_output(layer, shape, output, window, least, fix)


def _has_room(output, least: int) -> bool:
    return all(length is None or length >= least for length in output[1:])


def _other_format(layer: Layer, shape, least: int) -> str | None:
    """What to do if the inputs fit with their channels at the other end."""
    if getattr(layer, "data_format", None) == "channels_last":
        other, end = "channels_first", "first"
        turned, move = (shape[0], *shape[2:], shape[1]), "x, 1, -1"
    elif getattr(layer, "data_format", None) == "channels_first":
        other, end = "channels_last", "last"
        turned, move = (shape[0], shape[-1], *shape[1:-1]), "x, -1, 1"
    else:
        return None
    if not _has_room(layer.compute_output_shape(turned), least):
        return None
    return (
        f'Do the channels come {end} here? Give `data_format="{other}"`, or move them '
        f"with `np.moveaxis({move})`"
    )


def check_output(
    layer: Layer, shape, output, window: str, least: int = 1, fix: str | None = None
) -> None:
    """Refuse an output that is too small along some axis; see `check_room`.

    Args:
        layer: The layer, or one with a `cell` that has the window.
        shape: The shape of the inputs.
        output: The shape of the output.
        window: Name of the attribute that the inputs are too small for.
        least: The smallest size of an output.
        fix: What to do; None: what always helps.
    """
    if not _has_room(output, least):
        owner = getattr(layer, "cell", layer)
        last = getattr(owner, "data_format", None) != "channels_first"
        where = "(batch, ..., channels)" if last else "(batch, channels, ...)"
        cause = f"`{window}={getattr(owner, window)}`"
        dilation = getattr(owner, "dilation_rate", (1,))
        if max(dilation) > 1:
            cause += f", `dilation_rate={dilation}`"
        raise errors.ShapeMismatch(
            errors.message(
                f"The inputs of `{layer.name}` ({type(layer).__name__}) are too small "
                "for it",
                f"inputs of shape {shape} and {cause}",
                f"inputs {where} that are at least as large as the window",
                fix
                or f"Give larger inputs, make `{window}` smaller, or pool less before",
            )
        )


def check_strides(layer: Layer) -> None:
    """Refuse strides together with dilation.

    Raises:
        ValueError: Both are larger than 1.
    """
    owner = getattr(layer, "cell", layer)
    if max(owner.strides) > 1 and max(owner.dilation_rate) > 1:
        raise ValueError(
            errors.message(
                f"`{layer.name}` can stride or dilate, not both",
                received=f"`strides={owner.strides}` and "
                f"`dilation_rate={owner.dilation_rate}`",
                expected="one of them to be 1",
            )
        )


def normalize_tuple(value, n: int, name: str, least: int = 1) -> tuple[int, ...]:
    """`n` whole numbers of one number, or of a sequence of `n`.

    Args:
        value: An integer, which is repeated, or a sequence of `n` integers.
        n: How many there must be.
        name: The argument's name, for the message.
        least: The smallest number that is right.

    Raises:
        ValueError: If `value` is neither.

    Example:
        >>> normalize_tuple(3, 2, "kernel_size")
        (3, 3)
    """
    try:
        values = (value,) * n if hasattr(value, "__index__") else tuple(value)
        whole = (int(v) if v == int(v) else None for v in values)  # 2.0 will do
        numbers = tuple(operator.index(v) for v in whole)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != n or min(numbers) < least:
        raise ValueError(
            errors.message(
                f"The argument `{name}` cannot be used",
                received=repr(value),
                expected=f"a whole number of at least {least}, or {n} of them",
            )
        )
    return numbers


def normalize_padding(
    value: str, offered: Sequence[str] = ("valid", "same", "causal")
) -> str:
    """The name of a padding in small letters: `valid`, `same` or `causal`.

    Args:
        value: What came.
        offered: The paddings that the layer has, for the message.

    Raises:
        ValueError: If it is none of them.
    """
    padding = value.lower() if isinstance(value, str) else value
    if padding not in ("valid", "same", "causal"):
        *others, last = (f'"{name}"' for name in offered)
        raise ValueError(
            errors.message(
                "The argument `padding` cannot be used",
                received=repr(value),
                expected=f"{', '.join(others)} or {last}" if others else last,
            )
        )
    return padding


def conv_output_length(
    input_length: int | None,
    filter_size: int,
    padding: str,
    stride: int,
    dilation: int = 1,
) -> int | None:
    """How many positions a window takes along an axis.

    Args:
        input_length: Size of the axis; None if unknown.
        filter_size: Size of the window.
        padding: `"valid"`, `"same"`, `"causal"` or `"full"`.
        stride: Distance of positions.
        dilation: Distance of the window's elements.

    Raises:
        AssertionError: Another padding.

    Example:
        >>> conv_output_length(28, 3, "valid", 1)
        26
    """
    if input_length is None:
        return None
    reach = (filter_size - 1) * dilation
    assert padding in ("valid", "same", "causal", "full"), padding
    extra = {"same": 0, "causal": 0, "valid": -reach, "full": reach}[padding]
    return (input_length + extra + stride - 1) // stride


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """The smallest axis along which a window takes so many positions.

    Args:
        output_length: Number of positions; None if unknown.
        filter_size: Size of the window.
        padding: `"valid"`, `"same"` or `"full"`.
        stride: Distance of positions.
    """
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None,
    dilation: int = 1,
) -> int | None:
    """The size of an axis behind a transposed convolution.

    Args:
        dim_size: Size of the axis before; None if unknown.
        stride_size: Stride of the convolution that is transposed.
        kernel_size: Size of its window.
        padding: `"valid"`, `"same"` or `"full"`.
        output_padding: Size to add on one side; None: the size is inferred.
        dilation: Distance of the window's elements.
    """
    if dim_size is None:
        return None
    kernel_size = (kernel_size - 1) * dilation + 1
    if output_padding is not None:
        pad = {"same": kernel_size // 2, "valid": 0, "full": kernel_size - 1}[padding]
        return (dim_size - 1) * stride_size + kernel_size - 2 * pad + output_padding
    extra = {
        "valid": max(kernel_size - stride_size, 0),
        "same": 0,
        "full": -(stride_size + kernel_size - 2),
    }[padding]
    return dim_size * stride_size + extra


def spatial(shape, data_format: str) -> tuple:
    """The sizes between the batch axis and the channels."""
    return tuple(shape[2:] if data_format == "channels_first" else shape[1:-1])


def with_channels(batch, sizes, channels, data_format: str) -> tuple:
    """The shape of a batch from its spatial sizes and its channels."""
    if data_format == "channels_first":
        return (batch, channels, *sizes)
    return (batch, *sizes, channels)


def channels_axis(data_format: str) -> int:
    """Where the channels are: 1 or -1."""
    return 1 if data_format == "channels_first" else -1
