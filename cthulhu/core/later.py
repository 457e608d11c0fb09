"""Libraries that not every program needs, loaded when something of them is.

What every program needs is imported as usual.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


class Later:
    """Stands for a library until something of it is asked for; `Later("h5py").File`.

    Args:
        name: What would be imported.
    """

    def __init__(self, name: str):
        self._library = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._library), name)


def is_a(value: Any, kind: str) -> bool:
    """Whether a value is of a class like "h5py.File", without loading its library.

    Nothing is of a class of a library that nobody has loaded.

    Args:
        value: Anything.
        kind: The class, with the library that it is a name of.

    Example:
        >>> is_a(1.0, "builtins.float"), is_a(1.0, "nobody_has_loaded.this")
        (True, False)
    """
    library, _, name = kind.rpartition(".")
    return isinstance(value, getattr(sys.modules.get(library), name, ()))
