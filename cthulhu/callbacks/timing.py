"""Where the seconds of a run go: steps, data, validation, and each callback.

Every moment belongs to one account, so that the accounts add up to the whole.  Who
turns from one to the next is the loop, the feeds and the list of callbacks.
"""

import contextlib
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from cthulhu import errors

STEPS, DATA, VALIDATION, OTHER = "steps", "data", "validation", "other"

# A callback that takes more than this share of an epoch is one that somebody should
# know of; epochs are looked at together until they have lasted so many seconds.
SHARE = 0.1
WORTH_A_LOOK = 1.0


class Times:
    """Seconds by account, of which one runs at a time.

    Args:
        clock: Gives the present time in seconds.

    Attributes:
        seconds: Dict from account to seconds, without those of the account that runs
            since it began to.
        account: The one that runs.

    Example:
        >>> ticks = iter([0.0, 2.0, 5.0, 6.0])
        >>> times = Times(lambda: next(ticks))
        >>> with times.on("steps"):
        ...     pass
        >>> times.now()
        {'other': 3.0, 'steps': 3.0}
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        self.clock = clock
        self.seconds: dict[Hashable, float] = defaultdict(float, {OTHER: 0.0})
        self.account: Hashable = OTHER
        self.since = clock()

    def turn(self, account: Hashable) -> Hashable:
        """Let an account run from now on; returns the one that ran."""
        now = self.clock()
        before = self.account
        self.seconds[before] += now - self.since
        self.account, self.since = account, now
        return before

    @contextlib.contextmanager
    def on(self, account: Hashable) -> Iterator[None]:
        """Let an account run meanwhile."""
        before = self.turn(account)
        try:
            yield
        finally:
            self.turn(before)

    def call(
        self, hooks: Iterable[tuple[Callable, Hashable]], batch: int, logs: dict
    ) -> None:
        """Call hooks of a batch, each on its account; `on` costs more than they do."""
        clock, seconds = self.clock, self.seconds
        before, now = self.account, clock()
        seconds[before] += now - self.since
        for hook, account in hooks:
            self.account, self.since = account, now
            hook(batch, logs)
            now = clock()
            seconds[account] += now - self.since
        self.account, self.since = before, now

    def now(self) -> dict[Hashable, float]:
        """Seconds by account up to this moment."""
        self.turn(self.account)
        return dict(self.seconds)


def since(now: dict, before: dict) -> dict[Hashable, float]:
    """Seconds by account between two moments."""
    return {account: now[account] - before.get(account, 0.0) for account in now}


class CostWatch:
    """Names callbacks that take much of an epoch, each of them once.

    Args:
        names: What the callbacks are called; their accounts are their places in it.
    """

    def __init__(self, names: Sequence[str]):
        self.names = names
        self.told: set[int] = set()
        self.start: dict[Hashable, float] | None = None
        self.first = self.batches = 0

    def begin(self, times: Times, epoch: int) -> None:
        """An epoch begins."""
        if self.start is None:
            self.start, self.first, self.batches = times.now(), epoch, 0

    def end(self, times: Times, epoch: int, batches: int) -> None:
        """An epoch of so many batches is over: warn if there is a reason to."""
        spent = since(times.now(), self.start or {})
        whole = sum(spent.values())
        self.batches += batches
        if whole < WORTH_A_LOOK:
            return
        self.start = None
        slow = [
            (spent.get(i, 0.0), i)
            for i in range(len(self.names))
            if spent.get(i, 0.0) > SHARE * whole and i not in self.told
        ]
        if not slow:
            return
        self.told.update(i for _, i in slow)
        when = f"epoch {epoch + 1}"
        if epoch != self.first:
            when = f"epochs {self.first + 1} to {epoch + 1}"
        parts = [
            f"`{self.names[i]}` took {seconds / whole:.0%} of {when}, "
            f"{1e3 * seconds / max(1, self.batches):.3g} ms a batch"
            for seconds, i in sorted(slow, reverse=True)
        ]
        warnings.warn(
            errors.message(
                "; ".join(parts),
                expected=f"at most {SHARE:.0%} of {whole:.3g} s",
                fix="Let it do less, or less often. `history.timing` has the seconds "
                "of the whole run",
            ),
            RuntimeWarning,
            stacklevel=4,
        )
