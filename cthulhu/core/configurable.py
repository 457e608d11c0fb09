"""Configurable: an object that remembers how it was made.

`get_config`, `from_config`, `repr`, cloning and the translation of old arguments come
from this one place.  Which old argument became which stands in `vocabulary`.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from cthulhu import errors, vocabulary
from cthulhu.core import registry


class Remembering(type):
    """Metaclass: translates old argument names, checks and remembers the arguments."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        parameters, open_ended = signature(cls)
        for base in cls.__mro__[:-1]:
            args, kwargs = vocabulary.gather(base.__name__, args, kwargs)
        if any(name not in parameters for name in kwargs):
            for base in cls.__mro__[:-1]:
                kwargs = vocabulary.translate(base.__name__, kwargs)
            if not open_ended:
                check_names(cls.__name__, kwargs, parameters)
        new: Any = cls.__new__
        self = new(cls, *args, **kwargs)
        if isinstance(self, cls):
            object.__setattr__(self, "_arguments", bind(cls, args, kwargs))
            self.__init__(*args, **kwargs)
            self._check_made()
        return self


class Configurable(metaclass=Remembering):
    """Base of everything that has a config.

    A constructor stores each argument as the attribute of the same name; what it made
    of it (a function for a name, an object for a config) may stand there as well.

    Example:
        >>> class Scale(Configurable):
        ...     def __init__(self, factor=2.0):
        ...         self.factor = factor
        >>> Scale(3.0).get_config()
        {'factor': 3.0}
    """

    _arguments: dict[str, Any] = {}

    def _check_made(self) -> None:
        """Called after the constructors: may refuse an object that is half made."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data: `from_config` makes a twin."""
        arguments = self.__dict__.get("_arguments", {})
        names = [name for name in signature(type(self))[0] if name in arguments]
        names += [name for name in arguments if name not in names]
        return {
            name: registry.plain(getattr(self, name, arguments[name])) for name in names
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make an object from what `get_config` gave.

        Args:
            config: Its arguments by name.
            custom_objects: Classes and functions of your own by name.
        """
        with registry.custom_object_scope(custom_objects or {}):
            return cls(**config)

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self._arguments.items())
        return f"{type(self).__name__}({shown})"


@functools.cache
def signature(cls: type) -> tuple[dict[str, inspect.Parameter], bool]:
    """All arguments that `cls(...)` takes by name, own ones first, and whether others.

    A constructor with `**kwargs` hands them on, so the bases' arguments count too;
    unless its class says `open_ended = True`: then they are for something else.
    """
    parameters: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if "__init__" not in base.__dict__ or base is object:
            continue
        own = list(inspect.signature(base.__init__).parameters.values())[1:]
        hands_on = any(p.kind is p.VAR_KEYWORD for p in own)
        for parameter in own:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                parameters.setdefault(parameter.name, parameter)
        if not hands_on:
            return parameters, False
        if base.__dict__.get("open_ended"):
            return parameters, True
    return parameters, True


def bind(cls: type, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, defaults of `cls`'s own constructor filled in."""
    own = inspect.signature(cls.__init__).parameters
    names = [p for p in list(own.values())[1:] if p.kind is not p.VAR_KEYWORD]
    bound = {p.name: p.default for p in names if p.default is not p.empty}
    bound.update(zip((p.name for p in names), args, strict=False))
    bound.update(kwargs)
    return bound


def check_names(owner: str, kwargs: dict[str, Any], known: Any) -> None:
    """Refuse an argument that `owner` does not take, naming the nearest that it does.

    Raises:
        TypeError: A name in `kwargs` is not in `known`.
    """
    for name in kwargs:
        if name not in known:
            near = vocabulary.guess(name, list(known))
            raise TypeError(
                errors.message(
                    f"`{owner}` got an unexpected argument `{name}`",
                    expected=None
                    if near
                    else "one of " + ", ".join(f"`{k}`" for k in known),
                    fix=errors.did_you_mean(near) if near else None,
                )
            )
