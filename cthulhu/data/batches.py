"""Data that comes batch by batch: generators, `Sequence`s, loaders, any iterable.

One class each for what can be read again, for what runs on, and for `Sequence`s; all
give `(xs, ys, sws)`.  How workers read ahead is `queue`'s business; how many batches
make an epoch is the loop's.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cthulhu import errors
from cthulhu.data import arrays, queue, weights
from cthulhu.data.arrays import Batch


@dataclass
class Reader:
    """Turns what a source gives into a batch.

    Args:
        input_names: The names of the inputs, None if not known yet.
        output_names: The names of the outputs.
        class_weight: Weights by class, per output or for the only one.
        modes: "temporal" or None, one per output.
        targets: Whether targets are wanted; if not, only the inputs are read.
    """

    input_names: list[str] | None
    output_names: list[str] | None
    class_weight: Any = None
    modes: list[str | None] | None = None
    targets: bool = True

    def __call__(self, item: Any) -> Batch:
        x, y, sample_weight = self._parts(item)
        batch = self.assemble(x, y, sample_weight)
        arrays.check_rows(batch, self.named)
        return batch

    def _parts(self, item: Any) -> tuple:
        if not isinstance(item, (tuple, list)):
            return item, None, None
        if not self.targets and isinstance(item, list):
            # A list of inputs; loaders of other libraries mean [x, y] by it.
            if len(item) == len(self.input_names or item):
                return item, None, None
        if len(item) not in (1, 2, 3):
            raise errors.DataError(
                errors.message(
                    "A batch cannot be read",
                    received=f"a {type(item).__name__} of {len(item)}",
                    expected="(x,), (x, y) or (x, y, sample_weight)",
                )
            )
        return (*item, None, None)[:3]

    def assemble(self, x: Any, y: Any, sample_weight: Any) -> Batch:
        """The slots of a batch, or of all rows."""
        xs = arrays.slots(x, self.input_names, "input")
        if not self.targets:
            return xs, [], []
        if y is None and self.output_names:
            raise errors.DataError(
                errors.message(
                    "There are no targets to compare the outputs with",
                    expected="targets for "
                    + ", ".join(f"`{name}`" for name in self.output_names),
                    fix="Pass `y`, or batches of the form (x, y)",
                )
            )
        ys = arrays.slots(y, self.output_names, "target")
        names = self.output_names or [f"target_{i + 1}" for i in range(len(ys))]
        given = weights.by_output(sample_weight, names, "sample_weight")
        of_class = weights.by_output(self.class_weight, names, "class_weight")
        modes = self.modes or [None] * len(names)
        sws = [
            weights.weigh(*parts)
            for parts in zip(ys, given, of_class, modes, names, strict=True)
        ]
        return xs, ys, sws

    def named(self, batch: Batch) -> Mapping[str, Any]:
        """The arrays of a batch by what messages call them."""
        xs, ys, sws = batch
        inputs = arrays.labels(self.input_names, len(xs), "input")
        outputs = arrays.labels(self.output_names, len(ys), "target")
        weighted = [f"`sample_weight` of {name}" for name in outputs]
        named = dict(zip(inputs, xs, strict=True))
        named.update(zip(outputs, ys, strict=True))
        named.update(zip(weighted, sws, strict=True))
        return named


class Batches:
    """A source of batches that can be passed over, once for each epoch.

    Args:
        source: A generator, an iterable, or a `Sequence`.
        read: Function of what the source gives that makes a batch of it.
        steps: Batches in a pass; None if the source tells or ends.
        workers: Threads or processes that read ahead; 0: none does.
        use_multiprocessing: Whether they are processes.
        max_queue_size: Batches that may be read ahead, 1 or more.

    Attributes:
        steps: Batches in a pass, None if not known before it ends.
        samples: Rows in a pass, None if not known.
        endless: Whether iterating goes on where the last pass stopped; the loop then
            takes `steps` batches for an epoch.
    """

    samples: int | None = None
    endless = False

    def __init__(
        self,
        source: Any,
        read: Callable[[Any], Batch],
        steps: int | None = None,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ):
        self.source = source
        self.read = read
        self._steps = steps
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size
        self._enqueuers: list[Any] = []

    @property
    def steps(self) -> int | None:
        return self._steps

    def __iter__(self) -> Iterator[Batch]:
        raise NotImplementedError

    def _start(self, enqueuer: queue.SequenceEnqueuer, workers: int) -> None:
        enqueuer.start(workers, self._max_queue_size)
        self._enqueuers.append(enqueuer)

    def close(self) -> None:
        """End all workers.  Iterating again starts new ones."""
        while self._enqueuers:
            self._enqueuers.pop().stop()

    def on_epoch_end(self) -> None:
        """To be called after each pass."""

    def ran_out(self, got: int, wanted: int | None = None) -> str:
        """What to say when a pass gave `got` batches and the loop wanted more."""
        of = wanted or self.steps
        if not got:
            return errors.message(
                f"The data gave no batch, where {of or 'some'} were asked for",
                fix="A generator that was used before has nothing left: make a new one",
            )
        return errors.message(
            f"The data ran out after {got} of {of} batches of an epoch",
            fix="Nothing more is computed, and what was learnt is kept. Let the "
            "iterator give `steps_per_epoch * epochs` batches, or loop for ever",
        )

    def __enter__(self) -> "Batches":
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()


class IteratorBatches(Batches):
    """A generator or another iterator: read once, going on from epoch to epoch."""

    endless = True
    _stream: Iterator[Any] | None = None

    def _workers_for(self, source: Any) -> int:
        return min(self._workers, 1) if queue.is_generator(source) else self._workers

    def _read_ahead(self, source: Iterator[Any]) -> Iterator[Any]:
        enqueuer = queue.GeneratorEnqueuer(source, self._use_multiprocessing)
        self._start(enqueuer, self._workers_for(source))
        return enqueuer.get()

    def __iter__(self) -> Iterator[Batch]:
        if self._stream is None:
            self._stream = self._read_ahead(self.source)
        return map(self.read, self._stream)

    def close(self) -> None:
        super().close()
        self._stream = None


class IterableBatches(IteratorBatches):
    """Anything that can be iterated over again, such as a loader of another library.

    Without `steps` a pass is one iteration.  With `steps` passes follow one another
    without end, and the loop takes `steps` batches for an epoch.
    """

    @property
    def endless(self) -> bool:  # type: ignore[override]
        return self._steps is not None

    @property
    def steps(self) -> int | None:
        if self._steps is not None:
            return self._steps
        try:
            return len(self.source)
        except TypeError:  # also loaders that have a length in name only
            return None

    def _workers_for(self, source: Any) -> int:
        return min(self._workers, 1)

    def __iter__(self) -> Iterator[Batch]:
        if self.endless:
            if self._stream is None:
                self._stream = self._read_ahead(_again_and_again(self.source))
            return map(self.read, self._stream)
        super().close()
        return map(self.read, self._read_ahead(iter(self.source)))


def _again_and_again(source: Iterable[Any]) -> Iterator[Any]:
    for _ in itertools.count():
        empty = True
        for item in source:
            empty = False
            yield item
        if empty:
            return


class SequenceBatches(Batches):
    """A `Sequence`, its batches made by workers.

    Args:
        shuffle: Whether each pass takes the batches in a random order, or a function
            that gives the order of n batches.
    """

    def __init__(self, *args: Any, shuffle: Any = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._shuffle = shuffle
        self._stream: Iterator[Any] | None = None

    @property
    def endless(self) -> bool:  # type: ignore[override]
        return self._steps is not None

    @property
    def steps(self) -> int | None:
        return self.length() if self._steps is None else self._steps

    def length(self) -> int:
        """How many batches the sequence says it has.

        Raises:
            DataError: None at all.
            TypeError: Not a whole number.
        """
        try:
            number = len(self.source)
        except TypeError as problem:
            raise TypeError(
                errors.message(
                    f"`{type(self.source).__name__}.__len__` must give the number of "
                    "batches, a whole number",
                    fix="Round it up: `int(np.ceil(rows / batch_size))`",
                )
            ) from problem
        if number < 1:
            raise errors.DataError(
                errors.message(
                    f"The `{type(self.source).__name__}` has no batches",
                    f"`len(...)` is {number}",
                    "at least one",
                    "Is `batch_size` larger than the number of rows? Round up: "
                    "`int(np.ceil(rows / batch_size))`",
                )
            )
        return number

    def _enqueuer(self) -> queue.OrderedEnqueuer:
        if not self._enqueuers:
            made = queue.OrderedEnqueuer(
                self.source, self._use_multiprocessing, self._shuffle
            )
            self._start(made, self._workers)
        return self._enqueuers[0]

    def __iter__(self) -> Iterator[Batch]:
        if not self.endless:
            return map(self.read, self._enqueuer().one_pass())
        if self._stream is None:
            self._stream = self._enqueuer().get()
        return map(self.read, self._stream)

    def close(self) -> None:
        super().close()
        self._stream = None

    def on_epoch_end(self) -> None:
        """Tell the sequence, unless passes follow one another and it was told."""
        if not self.endless and hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()
