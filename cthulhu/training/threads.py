"""Threads that compute blocks beside each other, where none needs what another leaves.

A small step keeps one core busy: its products are too short to be shared.  Where steps
only look at the state, the other cores can compute other steps meanwhile.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import jax


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


THREADS = min(cores(), 4)  # each block that is under way wants its memory
# Seconds of steps in a block, and in what is left of a pass, from which threads pay:
# making them ready takes about one millisecond.
WORTH_A_THREAD = 0.0005
WORTH_ALL = 0.005
# Operations of a step, and of a pass, from which a test is worth to be computed in two
# parts, what needs no state and the metrics: the second takes 0.2 s more to compile.
WORTH_A_PART = 1e7
WORTH_PARTING = 2e10
FEW_STEPS = 4  # whose parts must have room in one block
# Operations of a batch, some 10 ms, from which its rows are divided among threads, and
# the fewest for each.
WORTH_DIVIDING = 1e9
FEW_ROWS = 8
# Seconds for which a result is awaited awake.  To put a thread to sleep and wake it
# takes some 50 microseconds, more than many a small model.
AWAKE = 0.0002


class Threads:
    """Calls one compiled function of several arguments at a time."""

    def __init__(self, function: Any):
        self.function = function
        self.ready: dict[Hashable, Callable[..., Any]] = {}
        self.pool = ThreadPoolExecutor(THREADS, "blocks")

    def call(
        self,
        kind: Hashable,
        args: tuple[Any, ...],
        how: Mapping[str, Any] = MappingProxyType({}),
    ) -> Callable[[], Any]:
        """Begin `function(*args, **how)`; returns what waits for its result.

        Args:
            kind: Equal where arguments have equal shapes and dtypes, and equal `how`.
            args: Arrays, and lists and dicts of them.
            how: Static arguments.
        """
        if _told("jax_enable_x64"):
            args = jax.device_put(args)  # a thread would make 32 bits of 64
        if kind not in self.ready:
            # A thread does not know what `with jax.default_device` and its like ask
            # for here, so what it calls is compiled here.
            self.ready[kind] = self.function.lower(*args, **how).compile()
        ready = self.ready[kind]
        return self.pool.submit(lambda: jax.block_until_ready(ready(*args))).result

    def close(self) -> None:
        """Wait for what is under way, and drop what is not."""
        self.pool.shutdown(cancel_futures=True)


def wait_awake(array: Any) -> None:
    """Wait for an array without going to sleep, but not for long."""
    if THREADS > 1:  # or nobody computes meanwhile
        until = time.perf_counter() + AWAKE
        while not array.is_ready() and time.perf_counter() < until:
            pass


def allowed() -> bool:
    """Whether there are several cores, and nothing is looked for on this thread."""
    return THREADS > 1 and not (_told("jax_debug_nans") or _told("jax_debug_infs"))


def _told(flag: str) -> Any:
    """What JAX was told, for this thread or for all."""
    return getattr(jax.config, flag)


def worth_parting(work: float, steps: float) -> bool:
    """Whether steps of so many operations pay to be computed in two parts."""
    return allowed() and work >= WORTH_A_PART and work * steps >= WORTH_PARTING


def share(left: int, step_time: float) -> int:
    """Steps of the next block of a pass, so that all threads end at the same time."""
    return max(-(-left // THREADS), math.ceil(WORTH_A_THREAD / step_time))


def part_size(rows: int) -> int:
    """Rows of each part of a batch that all threads compute together."""
    size = -(-rows // THREADS)
    return size if size >= FEW_ROWS and allowed() else rows


def worth_it(step_time: float, length: int, left: float) -> bool:
    """Whether threads make `left` more steps, in blocks of `length`, end sooner."""
    return (
        allowed()
        and WORTH_A_THREAD <= step_time * length < float("inf")
        and WORTH_ALL <= step_time * left
    )
