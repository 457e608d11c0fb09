"""Where arrays live: the devices there are, and putting arrays on them.

How a step is spread over several devices is not decided here.
"""

from typing import Any

import jax

from cthulhu import vocabulary


def device_count() -> int:
    """The number of devices that this process can use."""
    return jax.local_device_count()


def place(array: Any, device: jax.Device | None = None) -> jax.Array:
    """Put an array, or a tree of them, on a device.

    Args:
        array: A NumPy or JAX array, or lists and dicts of them.
        device: Where to; the default device if None.

    Example:
        >>> import numpy as np
        >>> place(np.zeros(3)).shape
        (3,)
    """
    return jax.device_put(array, device)


__getattr__, __dir__ = vocabulary.face(__name__)
