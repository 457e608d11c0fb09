"""What single arguments of `fit` and its sisters mean, and which are refused."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from cthulhu import config, errors, vocabulary
from cthulhu.callbacks.output import shows_bars
from cthulhu.core import check_names
from cthulhu.training.feed import BatchFeed, RowFeed


def speaks_old(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method take its arguments under their old names, and name wrong ones."""
    known = inspect.signature(method).parameters

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs.keys() <= known.keys():
            kwargs = vocabulary.translate(method.__name__, kwargs)
            check_names(method.__name__, kwargs, [n for n in known if n != "self"])
        return method(self, *args, **kwargs)

    return wrapper


class ByDefault(int):
    """A default of Keras's that gives way to a setting, as one that was given does not.

    In a signature it is the number that it is there.
    """


EPOCHS = ByDefault(1)
VERBOSE = ByDefault(1)


def asked_epochs(epochs: Any) -> Any:
    """Where nobody said how many: what the generation of Keras trained."""
    if epochs is EPOCHS:
        return vocabulary.quirk("default_epochs", config.generation())
    return epochs


def asked_verbose(verbose: Any) -> int:
    """Where nobody said how much to print: what the output can show."""
    if verbose is VERBOSE or verbose == "auto":
        return 1 if shows_bars() else 2
    if isinstance(verbose, str):
        raise ValueError(
            errors.message(
                "`verbose` cannot be used", repr(verbose), '0, 1, 2 or "auto"'
            )
        )
    return int(verbose or 0)


_PARAMS = ("batch_size", "epochs", "steps", "samples", "verbose", "do_validation")


def in_order(**params: Any) -> dict[str, Any]:
    """Params of a run in the order in which callbacks have always found them."""
    known = {name: params.pop(name) for name in _PARAMS if name in params}
    return known | params


def block_length(given: Any) -> int | None:
    if given is None or given == "auto":
        return None
    if not isinstance(given, int) or given < 1:
        raise ValueError(
            errors.message(
                "`steps_per_execution` cannot be used",
                repr(given),
                '"auto", or a whole number from 1 on',
            )
        )
    return given


def check_length(feed: RowFeed | BatchFeed, what: str, argument: str) -> None:
    if isinstance(feed, BatchFeed) and feed.steps is None and feed.source.endless:
        raise ValueError(
            errors.message(
                f"A generator does not tell where it ends, so {what} has no length",
                fix=f"Give `{argument}`",
            )
        )


def due_epochs(freq: Any) -> Callable[[int], bool]:
    """Whether an epoch (counted from 0) is one to validate in.

    Raises:
        ValueError: Neither a number from 1 on nor a collection.
    """
    if isinstance(freq, (int, np.integer)) and not isinstance(freq, bool):
        if freq < 1:
            raise ValueError(
                errors.message(
                    "`validation_freq` can not be less than 1",
                    repr(freq),
                    "a whole number from 1 on, or a list of epochs",
                    "To leave validation out, give no validation data",
                )
            )
        return lambda epoch: (epoch + 1) % freq == 0
    if isinstance(freq, (list, tuple, set, range)):
        return lambda epoch: epoch + 1 in freq
    raise ValueError(
        errors.message(
            "`validation_freq` cannot be used",
            f"{freq!r} of type {type(freq).__name__}",
            "a whole number from 1 on, or a list, tuple or set of epochs",
        )
    )


def unpack(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
