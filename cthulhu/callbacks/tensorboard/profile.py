"""A record of some steps by JAX's profiler, kept where TensorBoard's plugin looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax

from cthulhu import errors


class Profile:
    """Which steps are recorded, and whether the profiler runs.

    Args:
        given: A step (from 1), first and last step in a tuple or as "10,20"; 0 or None
            for none.

    Raises:
        ValueError: Anything else.
    """

    def __init__(self, given: Any):
        self.first, self.last = _range(given)
        self.wanted = self.first > 0
        self.running = False

    def before(self, step: int, folder: Path) -> None:
        """A step is about to be made."""
        if step == self.first:
            folder.mkdir(parents=True, exist_ok=True)
            jax.profiler.start_trace(str(folder))
            self.running = True

    def after(self, step: int) -> None:
        """A step was made."""
        if step >= self.last:
            self.stop()

    def stop(self) -> None:
        """Write what was recorded, if anything was."""
        if self.running:
            self.running = False
            jax.profiler.stop_trace()


def _range(given: Any) -> tuple[int, int]:
    parts = given
    if isinstance(given, str):
        parts = [int(p) if p.strip().isdigit() else p for p in given.split(",")]
    if not isinstance(parts, (tuple, list)):
        parts = (parts or 0, parts or 0)
    whole = all(isinstance(p, int) and not isinstance(p, bool) for p in parts)
    if not whole or len(parts) != 2 or not 0 <= parts[0] <= parts[1]:
        raise ValueError(
            errors.message(
                "`profile_batch` of `TensorBoard` cannot be used",
                repr(given),
                "the number of a batch, from 1, or the first and the last: (10, 20)",
            )
        )
    return parts[0], parts[1]
