"""What a module offers, and how it answers to the names of the other tongues.

A name is public by the way it is written in the module's source, `X as X` among its
imports; the module itself, full of what it works with, does not tell.
"""

import ast
import functools
import sys
from collections.abc import Callable, Iterable
from types import ModuleType

from cthulhu.vocabulary import history
from cthulhu.vocabulary.speak import canonical, guess, spellings


def public_names(source: str) -> tuple[str, ...]:
    """The names that a module offers: `__all__`, else `X as X`, `def`, `class`, `X =`.

    Names with an underscore in front are among them, imports from the package itself
    (its rooms) are not.

    Args:
        source: Text of the module.

    Example:
        >>> public_names("import re\\nfrom math import pi as pi\\nE, _F = 2, 3")
        ('pi', 'E', '_F')
    """
    names: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module != "cthulhu":
            names += [alias.asname for alias in node.names if alias.asname]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                inner = target.elts if isinstance(target, ast.Tuple) else [target]
                named = [n.id for n in inner if isinstance(n, ast.Name)]
                if named == ["__all__"]:
                    return tuple(ast.literal_eval(node.value))
                names += named
    return tuple(dict.fromkeys(names))


@functools.cache
def _in_source(module_name: str) -> tuple[str, ...] | None:
    loader = getattr(sys.modules[module_name].__spec__, "loader", None)
    source = loader.get_source(module_name) if loader else None
    return public_names(source) if source else None


def _offered(module_name: str) -> list[str]:
    names = _in_source(module_name)
    if names is None:  # without a source: all but the modules it works with
        found = vars(sys.modules[module_name]).items()
        names = [name for name, thing in found if not isinstance(thing, ModuleType)]
    return [name for name in names if not name.startswith("_")]


def face(module_name: str, called: Callable | None = None) -> tuple[Callable, Callable]:
    """Hooks that let a module answer to the names of the other tongues.

    Used as the last line of a room: `__getattr__, __dir__ = vocabulary.face(__name__)`.
    `dir` and `from room import *` give the room's public names in every tongue.

    Args:
        module_name: The module, as it stands in `sys.modules`.
        called: What a call of the module calls, where its name was a function's before.

    Raises:
        AttributeError: by the first hook, for a name that is nothing; it names the
            nearest.
    """

    if called is not None:
        _answer_calls(module_name, called)

    def __getattr__(name: str):
        if name == "__all__":  # asked for by `import *`
            return said()
        found = vars(sys.modules[module_name])
        standard = canonical(name)
        if standard != name and standard in found:
            return found[standard]
        raise no_attribute(module_name, name, () if name.startswith("_") else said())

    def __dir__() -> list[str]:
        return sorted({*filter(_is_dunder, vars(sys.modules[module_name])), *said()})

    def said() -> list[str]:
        names = _offered(module_name)
        return sorted({*names, *spellings(names)})

    return __getattr__, __dir__


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _answer_calls(module_name: str, function: Callable) -> None:
    class CallableModule(ModuleType):
        @functools.wraps(function)
        def __call__(self, *args, **kwargs):
            return function(*args, **kwargs)

    sys.modules[module_name].__class__ = CallableModule


def no_attribute(module: str, name: str, candidates: Iterable[str]) -> AttributeError:
    """The error for a name that a module does not have, with the nearest it has.

    For what Keras has there and Cthulhu has not, with what to use instead.

    Args:
        module: Name of the module.
        name: The name that it lacks.
        candidates: The names that it has.
    """
    lack = f"Module `{module}` has no name `{name}`"
    instead = _instead(f"{module}.{name}")
    if instead:
        return AttributeError(f"{lack}: it is not part of Cthulhu. {instead}")
    nearest = None if name.startswith("_") else guess(name, candidates)
    hint = f" Did you mean `{nearest}`?" if nearest else ""
    return AttributeError(f"{lack}.{hint}")


def absent(module: str) -> ImportError:
    """The error for a module that Keras has and Cthulhu has not.

    It is no `ModuleNotFoundError`: `from cthulhu.keras import datasets` would put a
    message of its own in the place of that.

    Args:
        module: Name of the module; it has a row in `history.ABSENT`.

    Example:
        >>> absent("cthulhu.keras.datasets").name
        'cthulhu.keras.datasets'
    """
    lack = f"There is no module `{module}`: it is not part of Cthulhu."
    return ImportError(f"{lack} {_instead(module)}", name=module)


def _instead(path: str) -> str | None:
    """What to use in place of what Keras has at a path, if there is nothing here."""
    below = path.removeprefix("cthulhu.").removeprefix("keras.")
    return history.ABSENT.get(below)
