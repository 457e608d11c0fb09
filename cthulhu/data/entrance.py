"""One entrance for data: from anything a user passes to what the loop takes."""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from cthulhu import errors
from cthulhu.data import arrays
from cthulhu.data.arrays import Arrays, RowSource
from cthulhu.data.batches import (
    Batches,
    IterableBatches,
    IteratorBatches,
    Reader,
    SequenceBatches,
)
from cthulhu.data.hdf5 import HDF5Matrix
from cthulhu.data.sequence import is_sequence

# Files up to this size are read into memory at once.
LOAD_BYTES = 1 << 28


def adapt(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str | Callable[[int], Iterable[int]] = False,
    workers: int = 1,
    use_multiprocessing: bool = False,
    max_queue_size: int = 10,
    class_weight: Any = None,
    sample_weight_modes: Sequence[str | None] | None = None,
    targets: bool = True,
    check_nan: bool = True,
) -> Arrays | RowSource | Batches:
    """Adapt data of any kind to rows in memory, rows in a file, or batches.

    Args:
        x: Arrays (NumPy, JAX, pandas, nested lists, tensors), a list of them or a dict
            by input name; datasets in HDF5 files; a generator, a `Sequence` or any
            iterable that gives batches `x`, `(x, y)` or `(x, y, sample_weight)`.
        y: Targets, like `x`; None if `x` gives batches.
        sample_weight: Weights of rows, like `y`.
        input_names: Names of the model's inputs; None if not known yet.
        output_names: Names of the outputs that have targets; empty for none.
        batch_size: Checked here, used by the loop.
        steps: Batches in an epoch, for data that gives batches.
        shuffle: For a `Sequence`: whether its batches come in random order, or a
            function that gives the order of n batches.
        workers: Threads or processes that prepare batches; 0 for none.
        use_multiprocessing: Processes instead of threads, for a `Sequence`.
        max_queue_size: Batches prepared ahead, at most.
        class_weight: Weight by class, for the only output or by output name.
        sample_weight_modes: "temporal" or None for each output.
        targets: False reads the inputs only, as `predict` needs.
        check_nan: Whether arrays are searched for NaN.

    Returns:
        `Arrays` (rows in memory), `RowSource` (rows read from files) or `Batches`.
        One-dimensional arrays become columns (n, 1); float64 becomes `config.floatx()`.

    Raises:
        DataError: For data that does not fit, see `arrays`, `batches` and `weights`.
        TypeError: For something that is not data.

    Example:
        >>> data = adapt([[1.0], [2.0]], [0, 1], input_names=["x"], output_names=["y"])
        >>> data.rows, data.ys[0].shape
        (2, (2, 1))
    """
    arrays.check_batch_size(batch_size)
    steps = arrays.check_steps(steps)
    errors.check_whole("workers", workers, 0)
    read = Reader(
        None if input_names is None else list(input_names),
        None if output_names is None else list(output_names),
        class_weight,
        None if sample_weight_modes is None else list(sample_weight_modes),
        targets,
    )
    if x is None and input_names is not None and not input_names:
        return _rows(read, x, y, sample_weight, check_nan)
    if x is None:
        raise errors.DataError(
            errors.message(
                "There is no data: `x` is None",
                expected="arrays, a generator, a `Sequence` or an iterable of batches",
            )
        )
    if not is_sequence(x) and arrays.is_rows(x):
        return _rows(read, x, y, sample_weight, check_nan)
    if isinstance(x, (str, bytes, os.PathLike)) or not _gives_batches(x):
        raise _no_data(x)
    _check_alone(x, y, sample_weight)
    settings = (read, steps, workers, use_multiprocessing, max_queue_size)
    if is_sequence(x):
        order = shuffle if callable(shuffle) else bool(shuffle)
        batches = SequenceBatches(x, *settings, shuffle=order)
        batches.length()
        return batches
    if isinstance(x, Iterator):
        return IteratorBatches(x, *settings)
    return IterableBatches(x, *settings)


def _gives_batches(x: Any) -> bool:
    return is_sequence(x) or isinstance(x, Iterable)


def _no_data(x: Any) -> TypeError:
    fix = None
    if isinstance(x, (str, bytes, os.PathLike)):
        fix = "Read the file first, for example with `np.load` or `pandas.read_csv`"
    elif inspect.isfunction(x):
        fix = f"Call the function: `{x.__name__}()`"
    return TypeError(
        errors.message(
            "`x` is not data",
            received=f"{x!r:.60} of type {type(x).__name__}",
            expected="arrays, a generator, a `Sequence` or an iterable of batches",
            fix=fix,
        )
    )


def _rows(read: Reader, x, y, sample_weight, check_nan) -> Arrays | RowSource:
    xs, ys, sws = read.assemble(x, y, sample_weight)
    arrays.check_rows((xs, ys, sws), read.named)
    rows = Arrays(xs, ys, sws)
    lazy = [a for a in (*xs, *ys) if a is not None and arrays.is_lazy(a)]
    # A normalizer may be random, so what went through one is read anew each time.
    changing = any(isinstance(a, HDF5Matrix) and a.normalizer for a in lazy)
    if lazy and (changing or rows.nbytes > LOAD_BYTES):
        return RowSource(xs, ys, sws)
    if lazy:
        rows = Arrays(*rows.take(slice(None)))
    if check_nan:
        named = read.named((rows.xs, rows.ys, [None] * len(ys)))
        for name, array in named.items():
            arrays.check_nan(array, name)
    return rows


def _check_alone(x, y, sample_weight) -> None:
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise errors.DataError(
                errors.message(
                    f"`{name}` cannot be passed together with data that gives batches",
                    received=f"`x` is a `{type(x).__name__}`",
                    fix="Let it give tuples (x, y) or (x, y, sample_weight)",
                )
            )
