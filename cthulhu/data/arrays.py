"""Everything a user may pass as rows, made into lists of arrays that agree.

Which slot an array belongs to, what an array may hold, and that all have the same
number of rows is decided here.  Weights of rows are `weights`'s business, batches that
come one by one are `batches`'s, and ranks and feature sizes are the model's.
"""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import jax
import numpy as np

from cthulhu import config, core, errors, vocabulary
from cthulhu.data.hdf5 import HDF5Matrix

# Arrays without NaN: a second `fit` on one need not read it all again.
_searched: WeakValueDictionary[int, np.ndarray] = WeakValueDictionary()

Batch = tuple[list, list, list]

# Beyond this many bytes only the first part of an array is searched for NaN.
NAN_SEARCH_BYTES = 1 << 29
SEARCH_BYTES = 1 << 24  # in one go


def signature(batch: Batch) -> tuple:
    """What batches must share to be stacked: the shape and dtype of each slot."""
    return tuple(
        tuple(None if a is None else (tuple(a.shape), str(a.dtype)) for a in slot)
        for slot in batch
    )


@dataclass
class Rows:
    """Inputs, targets and sample weights that have rows in common.

    Args:
        xs: One array per input, each with the same number of rows.
        ys: One array per output, or empty; None for an output without a target.
        sws: One array of weights per output, or empty; None where all weigh the same.
    """

    xs: list
    ys: list
    sws: list

    @property
    def empty(self) -> bool:
        """Whether the model has no inputs and no targets."""
        return self._first is None

    @property
    def rows(self) -> int:
        """The number of rows; 1 where the model has no inputs and no targets."""
        return 1 if self._first is None else int(self._first.shape[0])

    @property
    def _first(self) -> Any:
        for array in (*self.xs, *self.ys):
            if array is not None:
                return array
        return None

    @property
    def nbytes(self) -> int:
        """The bytes of all slots together."""
        arrays = [a for a in (*self.xs, *self.ys, *self.sws) if a is not None]
        return sum(int(np.prod(a.shape)) * np.dtype(a.dtype).itemsize for a in arrays)

    def take(self, index: slice | np.ndarray) -> Batch:
        """The rows at `index` (a slice, or row numbers in any order) as a batch."""
        return self._map(lambda array: read_rows(array, index))

    def split(self, at: int) -> tuple["Rows", "Rows"]:
        """The rows before number `at`, and the others, as two of the same kind."""
        return (
            type(self)(*self._map(lambda array: _part(array, 0, at))),
            type(self)(*self._map(lambda array: _part(array, at, self.rows))),
        )

    def _map(self, function) -> Batch:
        xs, ys, sws = (
            [None if array is None else function(array) for array in slot]
            for slot in (self.xs, self.ys, self.sws)
        )
        return xs, ys, sws


class Arrays(Rows):
    """Rows that are in memory: each slot is a NumPy or a JAX array."""


class RowSource(Rows):
    """Rows of which some are read from a file when they are asked for.

    A slot is a NumPy array, an `h5py.Dataset` or an `HDF5Matrix`.  Reading is fastest
    in order; row numbers in any order are read sorted.
    """


class RowSlice:
    """Rows `start` to `stop` of something in a file, which stay there."""

    def __init__(self, source: Any, start: int, stop: int):
        self.source, self.start, self.stop = source, start, stop
        self.shape = (stop - start, *source.shape[1:])
        self.dtype = source.dtype

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, key: slice | Sequence[int]) -> np.ndarray:
        if isinstance(key, slice):
            first, last, _ = key.indices(len(self))
            return self.source[first + self.start : last + self.start]
        return self.source[[row + self.start for row in key]]


def _part(array, start, stop):
    if is_in_memory(array):
        return array[start:stop]
    return RowSlice(array, start, stop)


def is_in_memory(array: Any) -> bool:
    """Whether `array` is a NumPy or a JAX array."""
    return isinstance(array, (np.ndarray, jax.Array))


def read_rows(source: Any, index: slice | np.ndarray) -> Any:
    """The rows of `source` at `index`; a file is asked in order, once for each row.

    What is read from a file gets a second axis if it has rows only.
    """
    if is_in_memory(source):
        return source[index]
    if isinstance(index, slice):
        first, last, _ = index.indices(int(source.shape[0]))
        return column(to_array(source[first:last]))
    index = np.asarray(index)
    wanted, back = np.unique(index, return_inverse=True)
    if len(wanted) and wanted[-1] - wanted[0] + 1 == len(wanted):
        rows = source[int(wanted[0]) : int(wanted[-1]) + 1]
    else:
        rows = source[wanted.tolist()]
    return column(to_array(rows)[back])


def labels(names: Sequence[str] | None, count: int, what: str) -> list[str]:
    """What messages call the arrays of a kind: `x` or `y`, by name if there are more.

    Args:
        names: Names of the inputs or outputs, None if not known.
        count: How many arrays there are.
        what: "input" or "target".
    """
    if count == 1:
        return ["`x`" if what == "input" else "`y`"]
    if names is None or len(names) != count:
        names = [f"{what}_{i + 1}" for i in range(count)]
    return [f"{what} `{name}`" for name in names]


def to_array(value: Any, name: str = "data") -> Any:
    """One array from an array, tensor, table or nested list.

    Arrays of JAX and NumPy stay as they are, but float64 becomes `config.floatx()`, and
    bytes are put into the order of this machine; tensors of other libraries, DataFrames
    and Series, sparse matrices, numbers and nested lists become NumPy arrays.

    Args:
        value: What came.
        name: What to call it in messages; a plain name gets backticks.

    Raises:
        DataError: If `value` holds text or objects, or lists of unequal lengths.
    """
    if isinstance(value, jax.Array):
        return value
    name = _quoted(name)
    array = value if isinstance(value, np.ndarray) else _numpy(value, name)
    if array.dtype.kind in "OUSMmc" or array.dtype.names:
        raise _no_numbers(array, value, name)
    if array.dtype.kind == "f" and array.dtype.itemsize > _float_size():
        array = array.astype("float64" if _float_size() == 8 else "float32")
    elif not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return np.asarray(array)  # of a matrix, the array that it is


def _quoted(name: str) -> str:
    return name if "`" in name else f"`{name}`"


def _no_numbers(array: np.ndarray, value: Any, name: str) -> errors.DataError:
    """The error for text, dates, objects or complex numbers, with what helps."""
    received = f"dtype `{array.dtype}`"
    example = array.reshape(-1)[0] if array.size else None
    if isinstance(example, np.generic):
        example = example.item()
    columns = getattr(value, "columns", None)
    if array.dtype.kind == "O" and columns is not None:  # of a table
        kinds = [np.asarray(value[column]).dtype.kind for column in columns]
        bad = [c for c, kind in zip(columns, kinds, strict=True) if kind not in "biuf"]
        shown = ", ".join(f"`{column}`" for column in bad[:8]) or "several kinds"
        received = f"a table with {shown} among its columns"
        example = value[bad[0]].iloc[0] if bad else None
    if example is not None and not isinstance(example, np.ndarray):
        received += f", for example {example!r:.40}"
    if isinstance(example, np.ndarray):
        fix = "Put the arrays into one with `np.stack(...)`"
    elif isinstance(example, str):
        fix = (
            "Turn text into numbers first: `.astype('float32')` where it is digits, a "
            "number for each word or class where it is not"
        )
    elif array.dtype.kind == "c":
        fix = "Give real and imaginary parts as two features, or `np.abs(...)` of it"
    else:
        fix = "Convert it first, for example with `.astype('float32')`"
    return errors.DataError(
        errors.message(
            f"{name} is not an array of numbers", received, "numbers or booleans", fix
        )
    )


def _float_size() -> int:
    # Data is not shrunk to half floats: large values would become infinite.
    return 8 if config.floatx() == "float64" else 4


def _numpy(value, name) -> np.ndarray:
    if hasattr(value, "detach"):  # a PyTorch tensor, possibly on a device
        value = value.detach().cpu()
    for method in ("to_numpy", "numpy", "toarray"):
        if callable(getattr(value, method, None)):
            return np.asarray(getattr(value, method)())
    try:
        return np.asarray(value)
    except ValueError as problem:
        raise errors.DataError(
            errors.message(
                f"{name} is a nested list whose parts have different lengths",
                fix="Pad them to one length",
            )
        ) from problem


def column(array: Any) -> Any:
    """`array`, with an axis added if it has rows only: (n,) becomes (n, 1)."""
    return array[:, None] if array.ndim == 1 else array


def is_rows(value: Any) -> bool:
    """Whether `value` is data with rows, rather than something that gives batches."""
    if isinstance(value, (np.ndarray, jax.Array, list, tuple, Mapping, int, float)):
        return True
    return hasattr(value, "shape")


def is_lazy(value: Any) -> bool:
    """Whether `value` is an array in a file, or a part of one."""
    if is_in_memory(value):
        return False
    return isinstance(value, (RowSlice, HDF5Matrix)) or core.is_a(value, "h5py.Dataset")


def slots(data: Any, names: Sequence[str] | None, what: str) -> list:
    """One array per name from an array, a list of arrays or a dict by name.

    Args:
        data: What the user passed; None gives None for each name.
        names: The names of the model's inputs or outputs; None if they are not known
            yet, and any number is right.
        what: "input" or "target", for the messages.

    Returns:
        A list of arrays (or things read by slices, or None), one axis added to those
        that have rows only.

    Raises:
        DataError: For a missing name, a wrong number of arrays, an empty array or one
            that does not hold numbers.
    """
    if names is not None and not names:
        if data is None or (hasattr(data, "__len__") and len(data) == 0):
            return []
        raise errors.DataError(
            errors.message(
                f"{what.capitalize()} data was passed, but the model has no {what}s",
                fix="Give `compile` a loss" if what == "target" else None,
            )
        )
    if data is None:
        return [None] * len(names or [])
    parts = _by_name(data, names, what) if isinstance(data, Mapping) else None
    if parts is None:
        parts = _in_order(data, names, what)
    known = labels(names, len(parts), what)
    return [_checked(part, name, what) for part, name in zip(parts, known, strict=True)]


def _by_name(data: Mapping, names: Sequence[str] | None, what: str) -> list:
    if names is None:
        return list(data.values())
    for name in names:
        if name not in data:
            spare = [str(key) for key in data if key not in names]
            guess = vocabulary.guess(name, spare)
            raise errors.DataError(
                errors.message(
                    f"No {what} data for `{name}`",
                    received="the keys " + ", ".join(f"`{key}`" for key in data),
                    expected="the keys " + ", ".join(f"`{key}`" for key in names),
                    fix=f"Is `{guess}` meant to be `{name}`?" if guess else None,
                )
            )
    return [data[name] for name in names]


def _in_order(data: Any, names: Sequence[str] | None, what: str) -> list:
    if not isinstance(data, (list, tuple)):
        parts = [data]
    elif any(_is_number(part) for part in data):
        parts = [data]  # a column of numbers
    elif all(isinstance(part, (list, tuple)) for part in data):
        # Lists of lists: as many as there are slots, or the rows of the only one.
        parts = [data] if names and len(names) == 1 and len(data) != 1 else list(data)
    else:
        parts = list(data)
    if names is not None and len(parts) != len(names):
        raise errors.DataError(
            errors.message(
                f"The model has {len(names)} {what}{'s' * (len(names) != 1)}, but a "
                f"list of {len(parts)} array{'s' * (len(parts) != 1)} was passed",
                received=[getattr(part, "shape", type(part).__name__) for part in parts]
                if len(parts) < 9
                else None,
                expected="one array for each of "
                + ", ".join(f"`{name}`" for name in names),
                fix=_other_number(data, what) if len(names) == 1 else None,
            )
        )
    return parts


def _other_number(data: Any, what: str) -> str:
    if isinstance(data, tuple) and what == "input" and len(data) in (2, 3):
        return "Targets are an argument of their own: `fit(x, y)`"
    return "If the list holds the rows of one array, pass `np.asarray(...)` of it"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, str, np.generic)) or value is ...


def _checked(part: Any, name: str, what: str) -> Any:
    if part is None:
        if what == "input":
            raise errors.DataError(
                errors.message(f"{name} got no data: None was passed for it")
            )
        return None
    if core.is_symbolic(part):
        raise errors.DataError(
            errors.message(
                f"{name} is a symbol, which has no values",
                expected="an array with rows",
            )
        )
    array = part if is_lazy(part) else to_array(part, name)
    if len(array.shape) == 0:
        raise errors.DataError(
            errors.message(
                f"{name} is a single number",
                received=repr(part)[:40],
                expected="an array with rows",
            )
        )
    if array.shape[0] == 0:
        raise errors.DataError(
            errors.message(
                f"{name} is an empty array",
                received=f"shape {tuple(array.shape)}",
                expected="at least one row",
            )
        )
    return column(array) if is_in_memory(array) else array


def check_rows(batch: Batch, named: Callable[[Batch], Mapping[str, Any]]) -> None:
    """Raise unless all arrays (None aside) have the same number of rows.

    Args:
        batch: The arrays.
        named: Gives them by what to call them in the message.
    """
    if len({a.shape[0] for slot in batch for a in slot if a is not None}) > 1:
        found = named(batch).items()
        counts = {name: int(a.shape[0]) for name, a in found if a is not None}
        raise errors.DataError(
            errors.message(
                "The arrays have different numbers of rows",
                received=", ".join(f"{name} has {n}" for name, n in counts.items()),
                expected="the same number for all",
                fix="Row i of each belongs to sample i: were some dropped from one "
                "array only?",
            )
        )


def check_nan(array: Any, name: str) -> None:
    """Raise if an array in memory holds NaN (in its first `NAN_SEARCH_BYTES` bytes).

    Infinities pass.  Batches of generators are not checked, so a model that is meant
    to see NaN can be given them that way.  An array that was found to be clean is not
    read again, so NaN written into it later are not found.
    """
    if isinstance(array, jax.Array) and np.dtype(array.dtype).kind == "f":
        if array.devices() <= set(jax.devices("cpu")) or np.isnan(array.sum()):
            array = np.asarray(array)
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return
    bytes_per_row = max(1, array.nbytes // max(1, len(array)))
    part = array[: max(1, NAN_SEARCH_BYTES // bytes_per_row)]
    if _searched.get(id(array)) is array or not part.size:
        return
    if not np.isnan(_least(part)):
        _searched[id(array)] = array
        return
    row = int(np.argwhere(np.isnan(part))[0][0])
    raise errors.DataError(
        errors.message(
            f"{_quoted(name)} contains NaN, first in row {row}",
            expected="numbers",
            fix="Replace missing values first, for example with `np.nan_to_num`; if "
            "the "
            "model is meant to see NaN, pass batches from a generator",
        )
    )


def _least(array: np.ndarray) -> Any:
    """The smallest value, NaN if any is; cores share what is larger than a cache."""
    if array.nbytes < 2 * SEARCH_BYTES:
        return array.min()
    parts = np.array_split(array, -(-array.nbytes // SEARCH_BYTES))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.min(list(pool.map(np.min, filter(len, parts))))


def check_batch_size(batch_size: Any, default: int = 32) -> int:
    """`batch_size` as an int of at least 1; `default` for None.

    Raises:
        DataError: For 0, a negative number, a boolean or anything but an integer.
    """
    if batch_size is None:
        return default
    right = isinstance(batch_size, (int, np.integer)) and not isinstance(
        batch_size, bool
    )
    if not right or batch_size < 1:
        raise errors.DataError(
            errors.message(
                "`batch_size` cannot be used",
                received=repr(batch_size),
                expected="a whole number of at least 1",
            )
        )
    return int(batch_size)


def check_steps(steps: Any, name: str = "steps") -> int | None:
    """A number of batches as an int of at least 1; None for None.

    A fraction is rounded up, since old scripts divide rows by batch size; a last batch
    that is not full counts as well.

    Args:
        steps: The number, or None.
        name: What it is called, for messages.

    Raises:
        TypeError: No number.
        ValueError: Less than 1.
    """
    if isinstance(steps, (float, np.floating)) and np.isfinite(steps):
        steps = math.ceil(steps)
    return None if steps is None else errors.check_whole(name, steps, 1)


def split_validation(data: Rows, validation_split: float) -> tuple[Rows, Rows]:
    """The rows to train on and, from the end, those to validate on.

    Args:
        data: All rows, before any shuffling.
        validation_split: The share of validation rows, above 0 and below 1; of n rows
            the first int(n * (1 - validation_split)) are trained on.

    Raises:
        DataError: If one of the two parts would be empty.

    Example:
        >>> data = Arrays([np.zeros((5, 2))], [], [])
        >>> train, validation = split_validation(data, 0.5)
        >>> train.rows, validation.rows
        (2, 3)
    """
    if not isinstance(validation_split, (int, float)) or not 0 < validation_split < 1:
        raise errors.DataError(
            errors.message(
                "`validation_split` cannot be used",
                received=repr(validation_split),
                expected="a number above 0 and below 1",
            )
        )
    at = int(data.rows * (1.0 - validation_split))
    if not 0 < at < data.rows:
        raise errors.DataError(
            errors.message(
                f"`validation_split={validation_split}` leaves no rows to "
                f"{'train' if at == 0 else 'validate'} on",
                received=f"{data.rows} row{'s' * (data.rows != 1)}",
                fix="Pass more rows, or `validation_data`",
            )
        )
    return data.split(at)
