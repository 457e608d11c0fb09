"""Lengths of time are read as people write them."""

import datetime
import math

import numpy as np
import pytest

from cthulhu.callbacks.durations import seconds_of


@pytest.mark.parametrize(
    "written, seconds",
    [
        (90, 90),
        (np.float32(0.5), 0.5),
        (datetime.timedelta(minutes=2, seconds=1), 121),
        ("90s", 90),
        ("10min", 600),
        ("10 minutes", 600),
        ("1h30min", 5400),
        ("1h 30m 5s", 5405),
        (" 1.5 Days ", 129600),
        (".5h", 1800),
        ("02:03", 123),
        ("01:00:01", 3601),
        ("01:02:03:04", 86400 + 2 * 3600 + 3 * 60 + 4),
    ],
)
def test_a_length_of_time_in_seconds(written, seconds):
    assert seconds_of(written, "duration", "Timer") == seconds


@pytest.mark.parametrize(
    "written",
    ["10", "min", "10 parsecs", "10min!", "1:2:3:4:5", "", None, True, 0, -3, "0s"]
    + [math.inf, math.nan, datetime.timedelta(0), [10]],
)
def test_anything_else_is_refused_with_what_would_do(written):
    with pytest.raises(ValueError, match='`duration` of `Timer` .*like "10min"'):
        seconds_of(written, "duration", "Timer")
