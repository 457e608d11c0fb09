"""H5Dict: a file, group or dict in which names stand for texts, arrays and groups.

Keras kept its models in one; scripts that read them so still do.  How models are
written here is `model`'s and `weights`' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cthulhu import errors
from cthulhu.core import Later, is_a

if TYPE_CHECKING:
    import h5py
else:
    h5py = Later("h5py")

# More does not fit into the header of a group, where attributes are kept.
HEADER_BYTES = 64512


class H5Dict:
    """Names to texts, lists of texts, arrays, and groups, in HDF5 or in a dict.

    An array is a dataset; anything else an attribute.  Asking for a name that is not
    there makes a group of that name.

    Args:
        path: Path of a file, an `h5py.Group`, or a dict to keep everything in.
        mode: `"r"` to read, `"w"` to begin anew, `"a"` to add.

    Raises:
        TypeError: `path` is something else.

    Example:
        >>> found = {}
        >>> with H5Dict(found, "w") as file:
        ...     file["layer"]["names"] = [b"kernel", b"bias"]
        >>> found
        {'layer': {'names': [b'kernel', b'bias']}}
    """

    def __init__(self, path: Any, mode: str = "a"):
        self.read_only = mode == "r"
        self._opened = isinstance(path, str | Path)
        if not self.is_supported_type(path):
            raise TypeError(
                errors.message(
                    "`H5Dict` cannot keep anything there",
                    f"{path!r} of type {type(path).__name__}",
                    "a path, an `h5py.Group` or a dict",
                )
            )
        self.data = h5py.File(path, mode) if self._opened else path
        if isinstance(path, dict) and mode == "w":
            path.clear()

    @staticmethod
    def is_supported_type(path: Any) -> bool:
        """Whether an `H5Dict` can be made on `path`."""
        return isinstance(path, str | Path | dict) or is_a(path, "h5py.Group")

    def __setitem__(self, name: str, value: Any) -> None:
        self._check_writable()
        if isinstance(self.data, dict):
            self.data[name] = value
        elif name in self.data:
            raise KeyError(f"There is a group or an array of the name `{name}`.")
        elif isinstance(value, (np.ndarray, np.generic)):
            self.data.create_dataset(name, data=value)
        elif isinstance(value, (list, tuple)):
            self._write_list(name, value)
        else:
            self.data.attrs[name] = value

    def _write_list(self, name: str, values: Any) -> None:
        encoded = [x.encode() if isinstance(x, str) else x for x in values]
        array = np.asarray(encoded)
        if array.itemsize > HEADER_BYTES:
            raise RuntimeError(
                errors.message(
                    f"A text of `{name}` is too long for an attribute",
                    f"{array.itemsize} bytes",
                    f"{HEADER_BYTES} at most",
                )
            )
        parts = -(-array.nbytes // HEADER_BYTES)
        if parts <= 1:
            self.data.attrs[name] = array
            return
        rows = HEADER_BYTES // array.itemsize
        for i, start in enumerate(range(0, len(array), rows)):
            self.data.attrs[f"{name}{i}"] = array[start : start + rows]

    def __getitem__(self, name: str) -> Any:
        if isinstance(self.data, dict):
            return self._group_or(self.data[name]) if name in self else self._new(name)
        if name in self.data.attrs:
            value = self.data.attrs[name]
            texts = isinstance(value, np.ndarray) and value.dtype.kind == "S"
            return value.tolist() if texts else value
        if name in self.data:
            found = self.data[name]
            return found[()] if is_a(found, "h5py.Dataset") else self._group(found)
        if f"{name}0" in self.data.attrs:
            return [text.decode() for text in self._parts(name)]
        return self._new(name)

    def _parts(self, name: str) -> Iterator[bytes]:
        number = 0
        while f"{name}{number}" in self.data.attrs:
            yield from self.data.attrs[f"{name}{number}"]
            number += 1

    def _new(self, name: str) -> H5Dict:
        self._check_writable()
        if isinstance(self.data, dict):
            return self._group(self.data.setdefault(name, {}))
        return self._group(self.data.create_group(name))

    def _group_or(self, value: Any) -> Any:
        return self._group(value) if isinstance(value, dict) else value

    def _group(self, data: Any) -> H5Dict:
        group = H5Dict(data)
        group.read_only = self.read_only
        return group

    def _check_writable(self) -> None:
        if self.read_only:
            raise ValueError("This `H5Dict` was opened for reading only.")

    def __contains__(self, name: str) -> bool:
        if isinstance(self.data, dict):
            return name in self.data
        return name in self.data or name in self.data.attrs

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def get(self, name: str, default: Any = None) -> Any:
        """What stands under a name, `default` if nothing does."""
        return self[name] if name in self else default

    def close(self) -> None:
        """Write everything; close the file if it was opened here."""
        if is_a(self.data, "h5py.Group"):
            self.data.file.flush()
            if self._opened:
                self.data.close()

    def __enter__(self) -> H5Dict:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
