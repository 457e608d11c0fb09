"""InputSpec and shapes: what a layer asks of its inputs, and what users say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import current_scope
from cthulhu.core.graph import STAND_INS


class InputSpec:
    """What a layer asks of one of its inputs; None where it does not mind.

    Args:
        dtype: Name of the dtype.
        shape: Shape, None for sizes that may be anything.
        ndim: Rank.
        max_ndim: Largest rank.
        min_ndim: Smallest rank.
        axes: Sizes of single axes, as in `{-1: 784}`.
    """

    def __init__(
        self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None
    ):
        self.dtype = dtype
        self.shape = shape
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = axes or {}

    def __repr__(self) -> str:
        shown = (f"{k}={v}" for k, v in vars(self).items() if v not in (None, {}))
        return f"InputSpec({', '.join(shown)})"

    def problem(self, shape: Sequence[int | None], dtype: str) -> str | None:
        """What is wrong with an input of this shape and dtype; None if nothing."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={rank}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={rank}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={dtype}"
        for axis, size in self.axes.items():
            if size is not None and shape[int(axis)] not in (size, None):
                return (
                    f"expected axis {axis} of the input to have size {size}, but got "
                    f"shape {tuple(shape)}"
                )
        for expected, size in zip(self.shape or (), shape, strict=False):
            if None not in (expected, size) and expected != size:
                return f"expected shape={self.shape}, found shape={tuple(shape)}"
        return None


def seen_shape(x: Any) -> tuple:
    """The shape of an input, None for what only stands in for a size not known yet."""
    shape = tuple(K.int_shape(x))
    if getattr(current_scope(), "inferring", False):
        return tuple(None if size in STAND_INS else size for size in shape)
    return shape


def checked_shape(shape: Any, argument: str, owner: str) -> tuple[int | None, ...]:
    """A shape as a tuple of numbers and None.

    Raises:
        ValueError: Something else is in it.
    """
    try:
        if isinstance(shape, str):
            raise TypeError
        return tuple(
            None if size is None else errors.check_whole(argument, size, 1)
            for size in shape
        )
    except (TypeError, ValueError):
        raise ValueError(
            errors.message(
                f"`{argument}` of `{owner}` cannot be used",
                repr(shape),
                "whole numbers from 1 on, and None for sizes that vary, as in "
                "(28, 28, 1)",
            )
        ) from None


def batch_input_shape(kwargs: dict[str, Any], owner: str) -> tuple | None:
    if kwargs.get("batch_input_shape") is not None:
        shape = kwargs["batch_input_shape"]
        return checked_shape(shape, "batch_input_shape", owner)
    shape = kwargs.get("input_shape")
    if shape is None and kwargs.get("input_dim") is not None:
        length = kwargs.get("input_length", Ellipsis)
        dim = kwargs["input_dim"]
        shape = (dim,) if length is Ellipsis else (length, dim)
    if shape is None:
        return None
    shape = (shape,) if isinstance(shape, (int, np.integer)) else shape
    argument = "input_shape" if kwargs.get("input_shape") is not None else "input_dim"
    return (kwargs.get("batch_size"), *checked_shape(shape, argument, owner))
