"""Which feed suits which data."""

from __future__ import annotations

from typing import Any

import jax

from cthulhu import data
from cthulhu.training import windows
from cthulhu.training.feed import (
    RESIDENT_BYTES,
    BatchFeed,
    InPlaceFeed,
    RowFeed,
    RowReader,
)


def feed_for(
    source: Any,
    batch_size: int | None,
    steps: int | None,
    shuffle: Any = False,
    seed: int = 0,
    ahead: bool = True,
) -> RowFeed | BatchFeed:
    """The feed for what `data.adapt` gave."""
    if isinstance(source, data.Arrays) and windows.suits(source, batch_size):
        leaves = jax.tree.leaves((source.xs, source.ys, source.sws))
        in_place = shuffle and InPlaceFeed.suits(leaves)
        kind = InPlaceFeed if in_place else windows.WindowFeed
        return kind(source, batch_size, shuffle, seed, steps)
    if isinstance(source, data.Arrays) and source.nbytes <= RESIDENT_BYTES:
        return RowFeed(source, batch_size, shuffle, seed, steps)
    if isinstance(source, data.Rows):
        size = source.rows if batch_size is None else batch_size
        return BatchFeed(RowReader(source, size, shuffle, seed), steps, ahead)
    return BatchFeed(source, steps, ahead)
