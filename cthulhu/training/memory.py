"""How much memory there is, and whether two copies of a state fit."""

from __future__ import annotations

from collections.abc import Iterable

import jax

from cthulhu.core import Variable, allocator

# Looking back needs the state at the start of a block and one under way besides the
# result; this share of the memory may go to them.
SHARE = 0.5


def device_bytes() -> int:
    """Memory of the default device in bytes."""
    stats = jax.devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"])
    return allocator.system_bytes()


def needs_donation(variables: Iterable[Variable]) -> bool:
    """Whether a step must give its buffers to the next, for want of room."""
    state = sum(v.size * v.dtype.itemsize for v in variables)
    return 3 * state > SHARE * device_bytes()
