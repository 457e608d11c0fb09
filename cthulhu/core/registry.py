"""Names to objects and back: the one table that configs and strings resolve in.

A closed world: a name finds what was registered here or was handed over as a custom
object, and nothing else; no module is imported and no attribute looked up by name.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from cthulhu import errors, vocabulary

_tables: dict[str, dict[str, Any]] = {}
_custom: dict[str, Any] = {}
_scopes = threading.local()


def register(kind: str, *names: str) -> Callable[[Any], Any]:
    """Decorator: enter a class or function under its own name and `names`.

    Args:
        kind: "activation", "initializer", "regularizer", "constraint", "loss",
            "metric", "optimizer", "layer" and so on.
        names: Further names, such as "mse" and "MSE".
    """

    def enter(thing: Any) -> Any:
        table = _tables.setdefault(kind, {})
        for name in (thing.__name__, *names):
            table[name] = thing
        return thing

    return enter


def names(kind: str) -> list[str]:
    """All names of a kind, custom objects included."""
    return [*_tables.get(kind, {}), *get_custom_objects()]


def find(
    kind: str,
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    fix: str | None = None,
) -> Any:
    """What `name` stands for.

    Raises:
        ValueError: Nothing of that name; the nearest is named.
    """
    table = _tables.get(kind, {})
    for place in (custom_objects or {}, *reversed(_open_scopes()), _custom, table):
        if name in place:
            return place[name]
    standard = vocabulary.canonical(name)
    if standard in table:
        return table[standard]
    raise errors.unknown_name(kind, name, names(kind), fix)


def get(
    kind: str, identifier: Any, custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Resolve what a user may write for an object.

    Args:
        kind: Which table a name is looked up in.
        identifier: None, a name, a config `{"class_name", "config"}`, a class, an
            instance or a function.
        custom_objects: Names of the user's own, which come first.

    Raises:
        ValueError: Unknown name, or something that cannot be one.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        found = find(kind, identifier, custom_objects)
        return found() if isinstance(found, type) else found
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        return deserialize(kind, identifier, custom_objects)
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier) or hasattr(identifier, "get_config"):
        return identifier
    raise ValueError(
        errors.message(
            f"Could not interpret the {kind}",
            f"{identifier!r} of type {type(identifier).__name__}",
            "a name, a function, an object or a config with `class_name`",
        )
    )


def deserialize(
    kind: str, config: Any, custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Make an object from its config, or find a function by its name.

    Raises:
        ValueError: Unknown name, or a config of another shape.
    """
    if isinstance(config, str):
        return find(kind, config, custom_objects)
    if not isinstance(config, Mapping) or "class_name" not in config:
        raise ValueError(
            errors.message(
                f"Improper config of a {kind}",
                repr(config)[:200],
                "a dict with `class_name` and `config`",
            )
        )
    own, arguments, fix = config["class_name"], config.get("config", {}), None
    if arguments:
        fix = f"If it is your own, give it in `custom_objects={{{own!r}: {own}}}`"
    found = find(kind, own, custom_objects, fix)
    with custom_object_scope(custom_objects or {}):
        if hasattr(found, "from_config"):
            return found.from_config(dict(arguments))
        return found(**arguments)


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Resolve a name or a config among objects that are given.

    Args:
        identifier: A name, a config `{"class_name", "config"}`, or a function.
        module_objects: Classes and functions by name, such as `globals()`.
        custom_objects: More of them, which come first.
        printable_module_name: What it is, for messages.

    Raises:
        ValueError: Unknown name, or something that cannot be one.
    """
    given = {**(module_objects or {}), **(custom_objects or {})}
    return get(printable_module_name, identifier, given)


def serialize(thing: Any) -> Any:
    """Plain data for an object: a function's name, an object's class and config."""
    if thing is None:
        return None
    if hasattr(thing, "get_config"):
        return {"class_name": type(thing).__name__, "config": thing.get_config()}
    if hasattr(thing, "__name__"):
        return thing.__name__
    raise ValueError(
        errors.message(
            "Cannot be written as a config",
            repr(thing),
            "a function with a name, or an object with `get_config`",
        )
    )


def plain(value: Any) -> Any:
    """Numbers, strings, lists and dicts in place of arrays, functions and objects."""
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        return type(value)([plain(x) for x in value])
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, np.dtype):
        return value.name
    if getattr(value, "is_variable", False):
        value = np.asarray(value)
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.ndim == 0:
            return array.item()
        return {"type": "ndarray", "value": array.tolist()}
    return serialize(value)


def get_custom_objects() -> dict[str, Any]:
    """All custom objects in force: the global ones and those of open scopes.

    Outside any scope this is the global table itself, to which one may add.
    """
    scopes = _open_scopes()
    if not scopes:
        return _custom
    merged = dict(_custom)
    for scope in scopes:
        merged.update(scope)
    return merged


@contextlib.contextmanager
def custom_object_scope(*objects: Mapping[str, Any]) -> Iterator[None]:
    """Let names stand for the user's own classes and functions inside a `with` block.

    Example:
        >>> with custom_object_scope({"Mine": int}):
        ...     find("layer", "Mine")
        <class 'int'>
    """
    scopes = _open_scopes()
    scopes.append({k: v for table in objects for k, v in table.items()})
    try:
        yield
    finally:
        scopes.pop()


def _open_scopes() -> list[dict[str, Any]]:
    try:
        return _scopes.open
    except AttributeError:
        _scopes.open = []
        return _scopes.open
