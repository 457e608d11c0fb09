"""Helpers from the insides of Keras 2 that scripts came to import.

Nothing in the house uses them; what the house has anyway is offered under Keras's name.
Old names of arguments and classes are `vocabulary`'s business, not this room's.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import config, errors, losses, vocabulary
from cthulhu.data.weights import weigh
from cthulhu.layers.functions_as_data import func_dump as func_dump
from cthulhu.layers.functions_as_data import func_load as func_load
from cthulhu.layers.shapes import conv_input_length as conv_input_length
from cthulhu.layers.shapes import conv_output_length as conv_output_length
from cthulhu.layers.shapes import deconv_length as deconv_length
from cthulhu.layers.shapes import normalize_padding as normalize_padding
from cthulhu.layers.shapes import normalize_tuple as normalize_tuple


def to_list(x: Any, allow_tuple: bool = False) -> list:
    """`x` itself if it is a list, else a list of it alone.

    Args:
        x: Anything.
        allow_tuple: Whether a tuple becomes the list of its items.

    Example:
        >>> to_list(3), to_list([3]), to_list((1, 2), allow_tuple=True)
        ([3], [3], [1, 2])
    """
    if isinstance(x, list):
        return x
    return list(x) if allow_tuple and isinstance(x, tuple) else [x]


def unpack_singleton(x: Sequence) -> Any:
    """The only item of a sequence of one; any other sequence itself.

    Example:
        >>> unpack_singleton([3]), unpack_singleton([3, 4])
        (3, [3, 4])
    """
    return x[0] if len(x) == 1 else x


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """Rows of an array, or of each array of a list; None stays None.

    Args:
        arrays: An array, or a list of arrays and Nones.
        start: The first row, or a list or array of rows.
        stop: The row after the last; None: to the end.

    Example:
        >>> slice_arrays([[1, 2, 3], None], 0, 2)
        [[1, 2], None]
    """
    if isinstance(arrays, list):
        return [None if x is None else _rows(x, start, stop) for x in arrays]
    return [None] if arrays is None else _rows(arrays, start, stop)


def _rows(array, start, stop):
    if hasattr(start, "__len__"):
        return array[start.tolist() if hasattr(start, "tolist") else start]
    return array[start:stop]


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """First row and row after the last of each batch.

    Args:
        size: Number of rows.
        batch_size: Rows in a batch, 1 or more.

    Example:
        >>> make_batches(5, 2)
        [(0, 2), (2, 4), (4, 5)]
    """
    firsts = range(0, size, batch_size)
    return [(first, min(size, first + batch_size)) for first in firsts]


def has_arg(fn: Callable, name: str, accept_all: bool = False) -> bool:
    """Whether a function takes an argument by its name.

    Args:
        fn: A function, method or class.
        name: Name of the argument.
        accept_all: What to answer where `fn` takes any name (`**kwargs`).

    Example:
        >>> has_arg(lambda x: x, "x"), has_arg(pow, "x", accept_all=True)
        (True, False)
    """
    parameters = inspect.signature(fn).parameters
    if name in parameters:
        by_name = (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        )
        return parameters[name].kind in by_name
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return accept_all and open_ended


def object_list_uid(object_list: Any) -> str:
    """One text that tells the objects of a list apart from any others."""
    return ", ".join(str(abs(id(x))) for x in to_list(object_list))


def is_all_none(iterable_or_element: Any) -> bool:
    """Whether there is nothing but None."""
    return all(x is None for x in to_list(iterable_or_element, allow_tuple=True))


def weighted_masked_objective(fn: Callable | None) -> Callable | None:
    """A loss of (y_true, y_pred) as a mean over samples with weights and a mask.

    mean(fn * mask / mean(mask) * weights / mean(weights != 0))

    Args:
        fn: A loss that returns a number for each sample, or each sample and step.
    """
    if fn is None:
        return None

    def weighted(y_true, y_pred, weights, mask=None):
        score = fn(y_true, y_pred)
        if mask is not None:
            mask = K.cast(mask, K.floatx())
            score = score * mask / (K.mean(mask) + K.epsilon())
        if weights is not None:
            extra = list(range(K.ndim(weights), K.ndim(score)))
            score = K.mean(score, axis=extra) * weights if extra else score * weights
            score = score / K.mean(K.cast(K.not_equal(weights, 0), K.floatx()))
        return K.mean(score)

    return weighted


def check_array_length_consistency(
    inputs: Any, targets: Any, weights: Any = None
) -> None:
    """Check that inputs, targets and weights have as many rows.

    Args:
        inputs: An array, or a list of arrays; None counts as an array without rows.
        targets: The same.
        weights: The same; not compared with the inputs.

    Raises:
        ValueError: Numbers of rows that differ.
    """
    counts = {
        name: [0 if x is None else len(x) for x in to_list(given)]
        for name, given in (
            ("inputs", inputs),
            ("targets", targets),
            ("weights", weights),
        )
    }
    for names in (("inputs", "targets"), ("targets", "weights")):
        if len({count for name in names for count in counts[name]}) > 1:
            raise ValueError(
                errors.message(
                    "Arrays should have the same number of rows",
                    ", ".join(f"{name} with {counts[name]}" for name in names),
                )
            )


def check_loss_and_target_compatibility(
    targets: Sequence[Any], loss_fns: Sequence[Any], output_shapes: Sequence[Any]
) -> None:
    """Check that targets fit their losses; see `losses.check_labels`.

    Args:
        targets: An array or None for each output.
        loss_fns: A loss or None for each output.
        output_shapes: Shapes of the outputs, None where sizes vary.

    Raises:
        ValueError: Targets of another shape, or class numbers for one-hot rows.
    """
    for y, loss, shape in zip(targets, loss_fns, output_shapes, strict=True):
        if y is not None and loss is not None:
            losses.check_labels(loss, y, shape)


def standardize_weights(
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
    class_weight: dict | None = None,
    sample_weight_mode: str | None = None,
) -> np.ndarray:
    """What each sample weighs, or with `"temporal"` each step of each sample.

    Args:
        y: The targets.
        sample_weight: Weights of samples; multiplied with those of their classes.
        class_weight: Weight by class.
        sample_weight_mode: None or `"temporal"`.

    Raises:
        ValueError: A shape that does not fit, or a class without a weight.

    Example:
        >>> standardize_weights(np.array([0, 1]), class_weight={0: 1.0, 1: 3.0})
        array([1., 3.], dtype=float32)
    """
    weights = weigh(y, sample_weight, class_weight, sample_weight_mode)
    if weights is None:
        rank = 1 if sample_weight_mode is None else 2
        weights = np.ones(y.shape[:rank], config.floatx())
    return weights


__getattr__, __dir__ = vocabulary.face(__name__)
