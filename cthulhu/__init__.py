"""Deep learning with the classic Keras interface, on JAX, in two vocabularies.

Rooms are loaded when they are first touched: `import cthulhu` costs little, and
`cthulhu.callbacks.Callback` works without a second import.
"""

import importlib
import pkgutil

from cthulhu import vocabulary

__version__ = "0.1.0"

# What the package offers at its top, and the room that holds it.
_HELD_BY = {"Input": "layers", "Model": "models", "Sequential": "models"}
_ROOMS = {module.name for module in pkgutil.iter_modules(__path__)}


def __getattr__(name):
    if name == "__all__":  # asked for by `import *`
        return _said()
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    standard = vocabulary.canonical(name)
    if standard in _HELD_BY:
        room = importlib.import_module(f"{__name__}.{_HELD_BY[standard]}")
        return getattr(room, standard)
    if standard in _ROOMS and not name.startswith("_"):
        return importlib.import_module(f"{__name__}.{standard}")
    raise vocabulary.no_attribute(__name__, name, _said())


def __dir__():
    return sorted({*(name for name in globals() if name.startswith("__")), *_said()})


def _said():
    """The public names, in every tongue."""
    return sorted({*_HELD_BY, *vocabulary.spellings(_HELD_BY), *_ROOMS})
