"""The exceptions of the house, and the one wording of their messages.

    Exception
    ├── ValueError        a value that cannot be used
    │   ├── UnknownName   a name that nothing answers to
    │   ├── ShapeMismatch an array or a weight of the wrong shape
    │   └── DataError     rows, labels or batches that do not fit the model
    ├── RuntimeError
    │   └── NotReady      a method called before what it needs (`fit` before `compile`)
    └── ImportError
        └── MissingExtra  an optional library that is not installed

Every message says what happened, what came, what was expected and what to do, in that
order, with names in backticks.  Where the values are known, the room that knows them
raises; this room only words it.
"""

import contextlib
import math
import numbers
import operator
from collections.abc import Iterable, Iterator

from cthulhu import vocabulary


class UnknownName(ValueError):
    """A name that nothing answers to."""


class ShapeMismatch(ValueError):
    """An array or a weight of the wrong shape."""


class DataError(ValueError):
    """Rows, labels or batches that do not fit the model."""


class NotReady(RuntimeError):
    """A method was called before what it needs."""


class MissingExtra(ImportError):
    """An optional library is not installed."""


def message(
    happened: str,
    received: object = None,
    expected: object = None,
    fix: str | None = None,
) -> str:
    """Word a message: what happened, what came, what was expected, what to do.

    Args:
        happened: A sentence, without its full stop or with it.
        received: What came, shown with `str`; None leaves the clause out.
        expected: What would have been right; None leaves it out.
        fix: A sentence that tells what to do; None leaves it out.

    Example:
        >>> message("`dense_1` cannot be built", (3,), "rank 2", "Add an axis")
        '`dense_1` cannot be built. Received: (3,). Expected: rank 2. Add an axis.'
    """
    parts = [happened[:1].upper() + happened[1:]]
    if received is not None:
        parts.append(f"Received: {received}")
    if expected is not None:
        parts.append(f"Expected: {expected}")
    if fix is not None:
        parts.append(fix)
    return " ".join(part if part[-1:] in ".?!" else part + "." for part in parts)


def unknown_name(
    kind: str, name: object, candidates: Iterable[str], fix: str | None = None
) -> UnknownName:
    """The error for a name that nothing answers to, with the nearest there is.

    Args:
        kind: What the name should have named: "loss", "metric", "layer argument".
        name: What came.
        candidates: All names there are; the first twelve are shown if none is near.
        fix: What else may help, said last.

    Example:
        >>> str(unknown_name("loss", "msee", ["mse", "mae"]))
        'Unknown loss `msee`. Did you mean `mse`?'
    """
    names = sorted(str(candidate) for candidate in candidates)
    nearest = vocabulary.guess(str(name), names)
    if nearest:
        hint = did_you_mean(nearest)
        fix = f"{hint} {fix}" if fix else hint
        return UnknownName(message(f"Unknown {kind} `{name}`", fix=fix))
    shown = ", ".join(f"`{candidate}`" for candidate in names[:12])
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return UnknownName(
        message(f"Unknown {kind} `{name}`", None, f"one of {shown}{more}", fix)
    )


def did_you_mean(name: str) -> str:
    """The question that every guess ends with."""
    return f"Did you mean `{name}`?"


def wrong_shape(
    who: str, received: object, expected: object, fix: str | None = None
) -> ShapeMismatch:
    """The error for a shape that does not fit.

    Args:
        who: The layer or argument, without backticks.
        received: The shape that came, a tuple.
        expected: The shape, rank or axis that was expected, a tuple or a phrase.
        fix: What to do.
    """
    return ShapeMismatch(message(f"`{who}` got a wrong shape", received, expected, fix))


def given_shape(shape: tuple) -> str:
    """The shape of data as a user may have given them: (n,) is read as (n, 1).

    Example:
        >>> given_shape((64, 1)), given_shape((64, 2))
        ('(64,) or (64, 1)', '(64, 2)')
    """
    shape = tuple(shape)
    column = len(shape) == 2 and shape[1] == 1
    return f"{shape[:1]} or {shape}" if column else str(shape)


def check_whole(name: str, value: object, least: int, of: str | None = None) -> int:
    """`value` as an int of at least `least`.

    Args:
        name: The argument's name, for the message.
        value: What came.
        least: The smallest number that is right.
        of: Whose argument it is: "Dense".

    Raises:
        TypeError: Not a whole number; True, "3" and 3.0 are none.
        ValueError: A smaller number.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is not None and number >= least:
        return number
    expected = f"a whole number of at least {least}"
    whose = f" of `{of}`" if of else ""
    happened = f"`{name}`{whose} cannot be used"
    if number is not None:
        raise ValueError(message(happened, repr(value), expected))
    fix = None
    if isinstance(value, float):
        fix = "Divide with `//`, or round with `int(...)`"
    elif isinstance(value, str) and value.strip().lstrip("-").isdigit():
        fix = f"Write {value.strip()} without quotation marks"
    raise TypeError(message(happened, repr(value), expected, fix))


def check_number(
    name: str,
    value: object,
    least: float = -math.inf,
    below: float = math.inf,
    of: str | None = None,
) -> float:
    """`value` itself, if it is a real number of at least `least` and below `below`.

    Infinity is below infinity here: it means "never" where a number is waited for.

    Args:
        name: The argument's name, for the message.
        value: What came; NumPy's numbers are numbers, True and "3" are none.
        least: The smallest number that is right.
        below: The smallest number that is too large.
        of: Whose argument it is: "EarlyStopping".

    Raises:
        TypeError: Not a number.
        ValueError: NaN, or a number out of range.
    """
    expected = "a number"
    if least > -math.inf:
        expected += f" of at least {least:g}"
    if below < math.inf:
        expected += f"{' and' if least > -math.inf else ''} below {below:g}"
    whose = f" of `{of}`" if of else ""
    happened = f"`{name}`{whose} cannot be used"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(message(happened, repr(value), expected))
    number = float(value)
    if not least <= number or (below < math.inf and not number < below):
        raise ValueError(message(happened, repr(value), expected))
    return value  # type: ignore[return-value]


@contextlib.contextmanager
def within(what: str) -> Iterator[None]:
    """Let errors of this tree say where they were met: "In `validation_data`: ..."

    Args:
        what: The argument or thing that was being looked at, with its backticks.
    """
    try:
        yield
    except (UnknownName, ShapeMismatch, DataError) as error:
        error.args = (f"In {what}: {error}",)
        raise


def missing_extra(library: str, extra: str, purpose: str) -> MissingExtra:
    """The error for an optional library, naming the extra that brings it.

    Args:
        library: The name under which it is imported.
        extra: The extra of this package.
        purpose: What it was needed for: "`plot_model`".
    """
    return MissingExtra(
        message(
            f"{purpose} needs the library `{library}`, which is not installed",
            fix=f"Install it with: pip install 'cthulhu[{extra}]'",
        )
    )


__getattr__, __dir__ = vocabulary.face(__name__)
