"""A dataset in an HDF5 file as an array that is read in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from cthulhu.core import Later

if TYPE_CHECKING:
    import h5py
else:
    h5py = Later("h5py")


class HDF5Matrix:
    """Rows of a dataset in an HDF5 file, used in place of a NumPy array.

    Args:
        datapath: The path of the file; it is opened for reading, once for each path.
        dataset: The name of the dataset in it.
        start: The first row to use.
        end: The row after the last one to use; None for all.
        normalizer: A function that every part is passed through when it is read.

    Example:
        >>> x = HDF5Matrix("train.h5", "images", end=50_000)  # doctest: +SKIP
        >>> model.fit(x, y, shuffle="batch")  # doctest: +SKIP
    """

    refs: dict[Any, h5py.File] = {}

    def __init__(
        self,
        datapath: Any,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        if not self.refs.get(datapath):  # never opened, or closed since
            self.refs[datapath] = h5py.File(datapath, "r")
        self.data: Any = self.refs[datapath][dataset]
        self.start = start
        self.end = self.data.shape[0] if end is None else end
        self.normalizer = normalizer
        first = self._read(slice(start, start + 1))
        self._row_shape, self._dtype = first.shape[1:], first.dtype

    def _read(self, index) -> np.ndarray:
        rows = self.data[index]
        return self.normalizer(rows) if self.normalizer else rows

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: int | slice | Iterable[int]) -> np.ndarray:
        """Rows by number, slice or increasing row numbers; none may be negative.

        Raises:
            IndexError: For a row that is not there.
            TypeError: For anything else.
        """
        if isinstance(key, slice):
            first = key.start or 0
            last = len(self) if key.stop is None else key.stop
            self._check(first, last - 1)
            return self._read(slice(first + self.start, last + self.start, key.step))
        if isinstance(key, (int, np.integer)):
            self._check(key, key)
            row = int(key) + self.start
            return self._read(slice(row, row + 1))[0]
        rows = [int(row) for row in key]
        if rows:
            self._check(min(rows), max(rows))
        return self._read([row + self.start for row in rows])

    def _check(self, first, last):
        if first < 0 or last >= len(self):
            raise IndexError(
                f"Rows {first} to {last} were asked for, of a matrix with rows 0 to "
                f"{len(self) - 1}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, after the normalizer."""
        return (len(self), *self._row_shape)

    @property
    def dtype(self) -> np.dtype:
        """The dtype, after the normalizer."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape))
