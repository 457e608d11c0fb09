"""Sums over all rows of large arrays, as gradients and statistics need them.

XLA's sum over leading axes goes through memory column by column on a CPU, and once for
each sum.  Here several arrays are summed in one loop, a few rows at a time, and then
what comes of it.  Sums that users ask for are `math`'s business.
"""

import functools
import math

import jax
import jax.numpy as jnp

from cthulhu.backend.platform import by_platform

_BLOCK = 32  # rows in a first sum: they and their sums stay in the nearest cache


def sums(arrays, axes) -> tuple[jax.Array, ...]:
    """The sums of several arrays of one shape over the same axes, in float32 at least.

    Args:
        arrays: Sequence of arrays; what computes them is best not used elsewhere.
        axes: Tuple of axes from 0 on.

    Returns:
        A tuple of arrays without those axes.

    Example:
        >>> [total.tolist() for total in sums([np.ones((3, 2))], (0,))]
        [[3.0, 3.0]]
    """
    return _sums(tuple(axes), tuple(arrays))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _sums(axes, arrays) -> tuple[jax.Array, ...]:
    dtype = jnp.promote_types(jnp.result_type(*arrays), jnp.float32)
    arrays = tuple(array.astype(dtype) for array in arrays)
    plain = functools.partial(_plain, axes)
    shape = arrays[0].shape
    if axes != tuple(range(len(axes))) or not 0 < len(axes) < len(shape):
        return plain(*arrays)
    blocks, inside = _blocks(shape[: len(axes)])
    if math.prod(blocks[axis] for axis in inside) == 1:
        return plain(*arrays)
    in_blocks = functools.partial(_in_blocks, blocks, inside, len(axes))
    return by_platform(*arrays, cpu=in_blocks, default=plain)


def _forward(axes, arrays):
    return _sums(axes, arrays), arrays


def _backward(axes, arrays, totals):
    return (
        tuple(
            jnp.broadcast_to(jnp.expand_dims(total, axes), array.shape).astype(
                array.dtype
            )
            for array, total in zip(arrays, totals, strict=True)
        ),
    )


_sums.defvjp(_forward, _backward)


def _plain(axes, *arrays):
    return tuple(jnp.sum(array, axes) for array in arrays)


def _blocks(sizes):
    """A shape for the summed axes, and which of its axes are a block."""
    inside = [len(sizes) - 1]
    while inside[0] and math.prod(sizes[inside[0] - 1 :]) <= _BLOCK:
        inside.insert(0, inside[0] - 1)
    if 8 <= math.prod(sizes[axis] for axis in inside) <= _BLOCK:
        return sizes, inside  # the axes as they are: windows fuse without divisions
    rows = math.prod(sizes)
    block = next(k for k in range(_BLOCK, 0, -1) if rows % k == 0)
    return (rows // block, block), [1]


def _in_blocks(blocks, inside, count, *arrays) -> tuple[jax.Array, ...]:
    columns = arrays[0].shape[count:]
    arrays = [array.reshape(*blocks, *columns) for array in arrays]
    zeros = [jnp.zeros((), array.dtype) for array in arrays]

    def add(some, others):
        return [a + b for a, b in zip(some, others, strict=True)]

    totals = jax.lax.reduce(arrays, zeros, add, tuple(inside))
    # Or else XLA makes one sum of the two.
    totals = jax.lax.optimization_barrier(totals)
    outside = tuple(range(len(blocks) - len(inside)))
    rows = math.prod(totals[0].shape[: len(outside)])
    if len(totals) > 1 and rows > _BLOCK:  # of one array it would make one sum again
        return _sums(outside, totals)
    if len(totals) == 1 and rows <= _BLOCK:
        # of few rows it makes one loop after all, down each column: 160 us, not 10,
        # for (128, 512)
        flat = totals[0].reshape(rows, math.prod(columns))
        return ((jnp.ones(rows, flat.dtype) @ flat).reshape(columns),)
    return _plain(outside, *totals)
