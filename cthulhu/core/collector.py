"""JAX, loaded without a search for garbage in what was just loaded.

More than eighty thousand objects come with its modules, and nearly all of them stay.
Python searches two hundred times while they arrive, for objects that hold one another
and nobody else does; that is a sixth of the time that it takes to load them.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Make no search for garbage meanwhile, and take what is there for old after it."""
    if not gc.isenabled():  # the user's own choice
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # what users froze stays so
            gc.freeze()
            gc.unfreeze()  # into the oldest generation, unseen
        gc.enable()


with paused():
    import jax.numpy  # noqa: F401 - for all rooms
