"""The functions inside `Lambda` layers as plain data, and back.

What a config says about a function, and which function a config means.  A name is
enough for a function that has one; a lambda expression has none, so its byte code is
written the way Keras writes it.  Byte code that comes back is run only if the caller
says so, or if it is the very code of a function that lives in this process: then no
foreign code is involved.  When a `Lambda` may be loaded is the layer's business.
"""

import base64
import builtins
import json
import marshal
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import registry

# Functions of this process that were written into a config, by name and by code.
_by_name: weakref.WeakValueDictionary = weakref.WeakValueDictionary()
_by_code: weakref.WeakValueDictionary = weakref.WeakValueDictionary()
_ambiguous: set[str] = set()  # names of several things whose code cannot be written


def func_dump(function: Callable) -> tuple[str, tuple | None, tuple | None]:
    """The code, defaults and closure of a function, as Keras writes them.

    Args:
        function: A Python function (not a builtin, not a callable object).

    Returns:
        `(code, defaults, closure)`: the marshalled byte code in base64, and the
        values of the default arguments and of the closure's cells (or None).
    """
    code = base64.b64encode(marshal.dumps(function.__code__)).decode("ascii")
    closure = function.__closure__
    return (
        code,
        function.__defaults__,
        tuple(cell.cell_contents for cell in closure) if closure else None,
    )


def func_load(
    code: str | list | tuple,
    defaults: tuple | None = None,
    closure: tuple | None = None,
    globs: dict | None = None,
) -> Callable:
    """The function that `func_dump` wrote.  This trusts the data: it is code.

    Args:
        code: The marshalled code in base64, or the whole `(code, defaults, closure)`;
            also the marshalled code as text, which Keras wrote before 2.1.2.
        defaults: Values of the default arguments.
        closure: Values of the closure's cells.
        globs: The names the function sees as globals.

    Raises:
        ValueError: If the byte code is not of this version of Python.
    """
    if isinstance(code, (list, tuple)):
        code, defaults, closure = code
    try:
        unpacked = marshal.loads(_code_bytes(code))
    except (ValueError, EOFError, TypeError, AttributeError) as problem:
        raise ValueError(
            errors.message(
                "The byte code of a `Lambda` layer's function cannot be read",
                fix="It was probably written by another version of Python; define "
                "the function again and give it by name in `custom_objects`",
            )
        ) from problem
    cells = tuple(types.CellType(value) for value in closure or ()) or None
    defaults = tuple(defaults) if defaults else None
    return types.FunctionType(unpacked, globs or {}, None, defaults, cells)


def _code_bytes(code: str) -> bytes:
    try:
        return base64.b64decode("".join(code.split()).encode("ascii"), validate=True)
    except ValueError:  # not base64: each character is a byte
        return code.encode("raw_unicode_escape")


def _fingerprint(dumped: Any) -> str:
    """A key for dumped code: the same before and after a journey through JSON."""
    return json.dumps(dumped, default=lambda value: f"{type(value)} at {id(value)}")


def to_data(function: Callable) -> tuple[str | list, str]:
    """What a config says about `function`: `(data, "function" or "lambda")`."""
    name = getattr(function, "__name__", type(function).__name__)
    is_python = isinstance(function, types.FunctionType)
    if not (is_python and name == "<lambda>"):
        if _known_as(name, function):
            return name, "function"
        if not is_python:
            _ambiguous.add(name)
            return name, "function"
    # A lambda, or one of two living functions of one name: its code tells it apart.
    dumped = list(func_dump(function))
    _by_code[_fingerprint(dumped)] = function
    return dumped, "lambda"


def _known_as(name: str, function: Callable) -> bool:
    """Whether the name stands for this function and no other that lives here."""
    try:
        return _by_name.setdefault(name, function) is function
    except TypeError:  # some compiled functions cannot be referred to weakly
        return False


def from_data(
    data: Any,
    kind: str,
    where: str,
    custom_objects: dict | None = None,
    safe_mode: bool = True,
) -> Callable:
    """The function that `data`, of the given kind, stands for.

    Args:
        data: What `to_data` gave, possibly after a journey through a file.
        kind: `"function"` (a name) or `"lambda"` (code).
        where: What the function belongs to, for the messages.
        custom_objects: Functions by name, searched first.
        safe_mode: Whether code that is not of this process is refused.

    Raises:
        ValueError: If a name is unknown, or code is refused.
    """
    if callable(data):
        return data
    if kind == "function":
        own = {name: f for name, f in _by_name.items() if name not in _ambiguous}
        known = {**own, **registry.get_custom_objects(), **(custom_objects or {})}
        if data not in known:
            raise ValueError(
                errors.message(
                    f"{where} uses the function `{data}`, which is not known here",
                    fix=f"Pass `custom_objects={{{data!r}: {data}}}`",
                )
            )
        return known[data]
    if kind != "lambda":
        raise TypeError(
            errors.message(
                f"{where} has a function of an unknown type",
                received=repr(kind),
                expected='"function" or "lambda"',
            )
        )
    function = _by_code.get(_fingerprint(list(data)))
    if function is not None:
        return function
    if safe_mode:
        raise ValueError(
            errors.message(
                f"{where} holds Python code, which was not run: code from a file can "
                "do anything that you can do",
                fix="If you trust its source, load with `safe_mode=False`; or define "
                "the function by name and give it in `custom_objects`",
            )
        )
    # A lambda's globals are not in its code; these are the usual ones.
    usual = {"K": K, "np": np, "__builtins__": builtins}
    return func_load(data, globs=usual | (custom_objects or {}))
