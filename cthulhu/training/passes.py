"""Passes: what goes over the data beside or after training, and what it reports to.

`Validation` is what a fit validates on; `Bar` the progress bar of a single pass.
"""

from __future__ import annotations

from collections.abc import Callable

from cthulhu import callbacks as hooks
from cthulhu.training.feed import BatchFeed, RowFeed


class Validation:
    """What a fit validates on, and in batches of which size.

    Args:
        make: Gives the feed; called with the rows of the last training batch, since
            rows beside training batches are validated in batches of that size.
    """

    def __init__(self, make: Callable[[int], RowFeed | BatchFeed]):
        self.make = make
        self.size: int | None = None
        self.made: RowFeed | BatchFeed | None = None

    def feed(self, last: int) -> RowFeed | BatchFeed:
        """The feed after an epoch whose last batch had `last` rows."""
        if self.made is None or self.size != last:
            self.made, self.size = self.make(last), last
        return self.made

    def close(self) -> None:
        """Nobody will ask again."""
        if self.made is not None:
            self.made.close()


class Bar:
    """The progress bar of `evaluate` and `predict`: rows where known, else batches."""

    def __init__(self, feed: RowFeed | BatchFeed, verbose: int):
        self.by_rows = isinstance(feed, RowFeed) and not feed.whole
        target = feed.rows if isinstance(feed, RowFeed) and self.by_rows else feed.steps
        self.bar = hooks.Progbar(target) if verbose == 1 else None
        self.done = 0

    def tick(self, rows: int) -> None:
        """Another batch of so many rows is done."""
        if self.bar is not None:
            self.done += rows if self.by_rows else 1
            self.bar.update(self.done)

    def finish(self) -> None:
        """End the line of a bar that did not know its end."""
        if self.bar is not None and self.bar.target is None:
            self.bar.finish()
