"""Payloads: what a block of steps is given, and how a compiled step finds its batch.

Rows that are large stay where they lie in the user's memory, if a CPU can use them
there.  It can use an array without copying it if that begins at a multiple of 64 bytes,
which those of NumPy seldom do.  So it is given what lies behind the first such place;
and the first rows, of which a part lies before, by themselves.  Which data come in
which form is the business of the feeds.
"""

from __future__ import annotations

import math
import mmap
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

ALIGNMENT = 64  # bytes


class Slice(NamedTuple):
    """Where the batches of a block lie in its payload.

    Attributes:
        form: "rows" in a line, "ordered" rows, found by their numbers, "shifted" rows,
            which begin so many elements behind the start of an array, or "stacked"
            batches.
        size: Rows in a batch.
        offset: First row, or first batch of a stack.
        stride: From one batch to the next: rows, or batches.
        group: Batches that are passed forward in one go.
        lead: Batches of the first group, at `offset`, that are not meant.
    """

    form: str
    size: int
    offset: int
    stride: int
    group: int = 1
    lead: int = 0


def fetch(form: str, payload: Any, at: Any, size: int) -> Any:
    """One batch of a payload, inside the compiled loop."""
    if form == "stacked":
        return jax.tree.map(
            lambda x: jax.lax.dynamic_index_in_dim(x, at, keepdims=False), payload
        )
    if form == "rows":
        return jax.tree.map(
            lambda x: jax.lax.dynamic_slice_in_dim(x, at, size), payload
        )
    if form == "shifted":
        arrays, shifts = payload

        def slide(x: Any, shift: Any) -> Any:
            width = x[0].size
            flat = jax.lax.dynamic_slice_in_dim(
                x.reshape(-1), shift + at * width, size * width
            )
            return flat.reshape(size, *x.shape[1:])

        return jax.tree.map(slide, arrays, shifts)
    arrays, order = payload
    index = jax.lax.dynamic_slice_in_dim(order, at, size)
    return jax.tree.map(
        lambda rows: gather(rows, index),
        arrays,
        is_leaf=lambda x: isinstance(x, InPlace),
    )


class InPlace(NamedTuple):
    """Rows of an array without a copy of them.

    Attributes:
        entries: All numbers of the array in one line, but for those before the place.
        first: The rows that may not be whole there, in the shape of rows.
        missing: How many numbers are before the place.
    """

    entries: Any
    first: Any
    missing: Any


def in_place(array: np.ndarray) -> InPlace | None:
    """The rows of an array, if a CPU can use them where they lie; else None."""
    missing, odd = divmod(-array.ctypes.data % ALIGNMENT, array.itemsize)
    width = math.prod(array.shape[1:])
    if (
        odd
        or not array.flags.c_contiguous
        or not 0 < width <= array.size - missing
        or array.size > np.iinfo(np.int32).max
        or array.dtype != jax.dtypes.canonicalize_dtype(array.dtype)
        or _in_a_file(array)
    ):
        return None
    most = -(-(ALIGNMENT // array.itemsize - 1) // width)
    first = array[: max(1, most)].copy()
    return InPlace(array.reshape(-1)[missing:], first, np.int32(missing))


def _in_a_file(array: Any) -> bool:
    """Whether reading may have to wait for a disk."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return isinstance(getattr(array, "obj", array), mmap.mmap)


def gather(rows: Any, index: Any) -> Any:
    """Some rows of an array, or of one that is `InPlace`, by their numbers."""
    if not isinstance(rows, InPlace):
        return rows.at[index].get(mode="promise_in_bounds")
    entries, first, missing = rows
    shape = first.shape[1:]
    width = math.prod(shape)
    how = jax.lax.GatherDimensionNumbers(
        offset_dims=(1,), collapsed_slice_dims=(), start_index_map=(0,)
    )
    starts = (index * width - missing)[:, None]
    found = jax.lax.gather(entries, starts, how, (width,), mode="promise_in_bounds")
    early = index < len(first)
    known = first.reshape(-1, width)
    known = known if len(first) == 1 else known[jnp.where(early, index, 0)]
    found = jnp.where(early[:, None], known, found)
    return found.reshape(-1, *shape)
