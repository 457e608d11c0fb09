"""Names that nobody else has: `dense_1`, `dense_2`, and so on."""

from __future__ import annotations

import re
from collections import Counter

_counts: Counter[str] = Counter()


def uid(prefix: str = "") -> int:
    """How many names with `prefix` there are, this one included."""
    _counts[prefix] += 1
    return _counts[prefix]


def unique_name(prefix: str) -> str:
    """`prefix` with the next free number, as in `dense_1`."""
    return f"{prefix}_{uid(prefix)}"


def reset_uids() -> None:
    """Begin counting at 1 again."""
    _counts.clear()


def to_snake_case(name: str) -> str:
    """`MaxPooling2D` -> `max_pooling2d`, as Keras names its layers."""
    words = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    snake = re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
    return "private" + snake if snake.startswith("_") else snake
