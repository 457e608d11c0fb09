"""What of the logs is written, and how often: numbers, every so many samples."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from cthulhu import errors, vocabulary


def numbers_in(logs: Mapping[str, Any]) -> dict[str, float]:
    """What is a single number in logs, without what a batch is called."""
    return {
        name: value if isinstance(value, float) else float(np.asarray(value).item())
        for name, value in logs.items()
        if name not in ("batch", "size") and _is_number(value)
    }


def _is_number(value: Any) -> bool:
    if isinstance(value, numbers.Real):
        return True
    array = np.asarray(value)
    return array.size == 1 and array.dtype.kind in "fiub"


def frequency(given: Any) -> Any:
    """How many samples lie between two times when something is written, or "epoch".

    Raises:
        ValueError: Another word, or less than 1.
        TypeError: No whole number.
    """
    if isinstance(given, str) and given == "batch":
        return 1
    if isinstance(given, str) and given == "epoch":
        return given
    if isinstance(given, str):
        near = vocabulary.guess(given, ["epoch", "batch"])
        raise ValueError(
            errors.message(
                "`update_freq` of `TensorBoard` cannot be used",
                repr(given),
                '"epoch", "batch" or a number of samples',
                errors.did_you_mean(near) if near else None,
            )
        )
    return errors.check_whole("update_freq", given, 1, "TensorBoard")
