"""Sizes of windows, strides and outputs: the arithmetic that spatial layers share."""

from cthulhu import errors


def normalize_tuple(value, n: int, name: str) -> tuple[int, ...]:
    """`n` whole numbers of one number, or of a sequence of `n`.

    Args:
        value: An integer, which is repeated, or a sequence of `n` integers.
        n: How many there must be.
        name: The argument's name, for the message.

    Raises:
        ValueError: If `value` is neither.

    Example:
        >>> normalize_tuple(3, 2, "kernel_size")
        (3, 3)
    """
    values = (value,) * n if isinstance(value, int) else value
    try:
        numbers = tuple(int(v) for v in values)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != n:
        raise ValueError(
            errors.message(
                f"The argument `{name}` cannot be used",
                received=repr(value),
                expected=f"an integer, or {n} of them",
            )
        )
    return numbers


def normalize_padding(value: str) -> str:
    """The name of a padding in small letters: `valid`, `same` or `causal`.

    Raises:
        ValueError: If it is none of them.
    """
    padding = value.lower() if isinstance(value, str) else value
    if padding not in ("valid", "same", "causal"):
        raise ValueError(
            errors.message(
                "The argument `padding` cannot be used",
                received=repr(value),
                expected='"valid", "same" or "causal"',
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

    Example:
        >>> conv_output_length(28, 3, "valid", 1)
        26
    """
    if input_length is None:
        return None
    reach = (filter_size - 1) * dilation
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
