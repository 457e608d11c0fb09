"""Lengths of time as people write them: "10min", a timedelta, seconds."""

import datetime
import math
import numbers
import re
from typing import Any

from cthulhu import errors

_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*")
_COLONS = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+):(\d+)")


def seconds_of(duration: Any, name: str, who: str) -> float:
    """Seconds of a duration.

    Args:
        duration: A `datetime.timedelta`; a number of seconds; or a text: numbers with
            units ("90s", "10min", "1h30min", "1.5 days") or "days:hours:minutes:
            seconds", of which the first two may be absent.
        name: The argument's name, for the message.
        who: Whose argument it is.

    Raises:
        ValueError: Nothing of the kind, or a length that is not above zero.

    Example:
        >>> seconds_of("1h30min", "duration", "Timer")
        5400.0
        >>> seconds_of("00:01:00:01", "duration", "Timer")
        3601.0
    """
    seconds = _seconds(duration)
    if seconds is None or not 0 < seconds < math.inf:
        raise ValueError(
            errors.message(
                f"`{name}` of `{who}` is no length of time",
                repr(duration),
                'a `timedelta`, or a text like "10min", "1h30min" or "00:12:00:00"',
            )
        )
    return seconds


def _seconds(duration: Any) -> float | None:
    if isinstance(duration, datetime.timedelta):
        return duration.total_seconds()
    if isinstance(duration, numbers.Real) and not isinstance(duration, bool):
        return float(duration)
    if not isinstance(duration, str):
        return None
    text = duration.strip().lower()
    if colons := _COLONS.fullmatch(text):
        days, hours, minutes, seconds = (int(part or 0) for part in colons.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text) or not all(unit in _UNITS for _, unit in parts):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
