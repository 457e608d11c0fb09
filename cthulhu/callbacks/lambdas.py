"""LambdaCallback: a callback made of functions."""

import inspect
from collections.abc import Callable
from typing import Any

from cthulhu import errors
from cthulhu.callbacks.base import HOOKS, Callback


class LambdaCallback(Callback):
    """A callback made of functions, one for each hook that is of interest.

    Args:
        on_epoch_begin: Called with `(epoch, logs)`, by position, as all are.
        on_epoch_end: Called with `(epoch, logs)`.
        on_batch_begin: Called with `(batch, logs)`.
        on_batch_end: Called with `(batch, logs)`.
        on_train_begin: Called with `(logs)`.
        on_train_end: Called with `(logs)`.
        **kwargs: Any other hook of `Callback`, or other attributes of this object.

    Raises:
        ValueError: for a name that begins like a hook and is none.
        TypeError: for a hook that is no function, or one that cannot be called with
            what the hook is given.

    Example:
        >>> LambdaCallback(on_batch_begin=lambda batch, logs: print(batch))
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_batch_begin: Callable | None = None,
        on_batch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        **kwargs: Any,
    ):
        for name in kwargs:
            if name.startswith("on_") and name not in HOOKS:
                raise errors.unknown_name("hook of LambdaCallback", name, HOOKS)
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            **kwargs,
        }
        given = {name: value for name, value in hooks.items() if value is not None}
        for name, value in given.items():
            if name in HOOKS and not callable(value):
                raise TypeError(
                    errors.message(
                        f"`{name}` of LambdaCallback cannot be called",
                        repr(value),
                        "a function",
                    )
                )
            if name in HOOKS:
                _check_arguments(name, value)
        self.__dict__.update(given)


def _check_arguments(hook: str, function: Callable) -> None:
    """Refuse a function that cannot be called with what its hook is given."""
    _, *given = inspect.signature(getattr(Callback, hook)).parameters
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # has none to read
        return
    try:
        signature.bind(*given)
    except TypeError:
        arguments = ", ".join(given)
        raise TypeError(
            errors.message(
                f"`{hook}` of LambdaCallback cannot be called with what it is given",
                f"a function of `{signature}`",
                f"a function of `({arguments})`, by position",
                f"Write `{hook}=lambda {arguments}: ...`",
            )
        ) from None
