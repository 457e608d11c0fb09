"""HDF5 files as Keras lays them out, read with distrust.

Groups, attributes and datasets; names that are too long for one attribute; checksums.
A file is somebody else's: links, data outside the file, and everything that is not a
plain array of numbers or a text is refused before it is read.  What the groups mean is
`weights`'s and `model`'s business.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cthulhu import errors, vocabulary
from cthulhu.core import Later, is_a

if TYPE_CHECKING:
    import h5py
else:
    h5py = Later("h5py")

# An attribute larger than this does not fit into an object's header.
HEADER_LIMIT = 64512

# No attribute of a model is this large; a file that says so is not read.
ATTRIBUTE_LIMIT = 1 << 28

# gzip, shuffle, fletcher32, szip, nbit, scale-offset, lzf: none loads a plug-in.
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}

DIGEST = "sha256"


class RefusedFile(ValueError):
    """A file holds something that is never loaded."""


class DamagedFile(ValueError):
    """What a file holds is not what was written."""


def is_group(place: Any) -> bool:
    """Whether `place` is an open HDF5 file or group."""
    return is_a(place, "h5py.Group")


def image(fill: Callable[[h5py.File], Any], size: int = 0) -> memoryview:
    """The bytes of an HDF5 file that `fill` puts content into, made in memory.

    Args:
        fill: Called with the open file.
        size: About how many bytes it will have, so that memory is taken at once.
    """
    block = max(1 << 16, size)
    with h5py.File(
        "image", "w", driver="core", backing_store=False, block_size=block
    ) as file:
        fill(file)
        file.flush()
        return memoryview(file.id.get_file_image())


def save_to_binary_h5py(save_function: Callable[[h5py.File], Any], stream: Any) -> Any:
    """Call `save_function` with an HDF5 file and write its bytes to a binary stream.

    Returns:
        What `save_function` returned.
    """
    returned = []
    stream.write(bytes(image(lambda file: returned.append(save_function(file)))))
    return returned[0]


def load_from_binary_h5py(
    load_function: Callable[[h5py.File], Any], stream: Any
) -> Any:
    """Call `load_function` with the HDF5 file whose bytes a binary stream gives.

    Returns:
        What `load_function` returned.
    """
    with opened(stream) as file:
        return load_function(file)


@contextlib.contextmanager
def opened(place: Any) -> Iterator[h5py.Group]:
    """Open a file for reading: a path, bytes, a binary stream, or an open group."""
    if is_group(place):
        yield place
        return
    if isinstance(place, (str, os.PathLike)):
        _check_file(os.fspath(place))
        source: Any = place
    else:
        source = io.BytesIO(place if isinstance(place, bytes) else place.read())
    try:
        locking = {} if source is not place else {"locking": "best-effort"}
        file = h5py.File(source, "r", **locking)
    except OSError as problem:
        raise type(problem)(
            errors.message(
                f"{_shown(place)} cannot be read as an HDF5 file: {problem}",
                fix="It is of another kind, or was cut off",
            )
        ) from problem
    with file:
        yield file


def _check_file(path: str) -> None:
    if os.path.isfile(path):
        return
    if os.path.isdir(path):
        raise IsADirectoryError(
            errors.message(
                f"`{path}` is a folder",
                expected="an HDF5 file, as `model.save` writes",
                fix="Models that TensorFlow saved as folders cannot be read: save them "
                'there again, under a name that ends in ".h5"',
            )
        )
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(folder):
        fix = f"There is no folder `{folder}`"
    else:
        nearest = vocabulary.guess(name, os.listdir(folder))
        fix = errors.did_you_mean(nearest) if nearest else f"Looked in `{folder}`"
    raise FileNotFoundError(errors.message(f"There is no file `{path}`", fix=fix))


def _shown(place) -> str:
    named = isinstance(place, (str, os.PathLike))
    return f"`{os.fspath(place)}`" if named else "What was passed"


# Writing


def write_text(group: h5py.Group, name: str, text: str) -> None:
    """Store an ASCII text as an attribute.

    Old h5py versions give such a text to Keras as bytes, which it decodes; one that is
    marked as UTF-8 they would give as `str`, which it cannot.
    """
    group.attrs.create(name, text, dtype=h5py.string_dtype("ascii"))


def write_names(group: h5py.Group, name: str, values: Sequence[str]) -> None:
    """Store a list of names as an attribute, or as several if they are too long.

    Raises:
        ValueError: If one name alone is too long.
    """
    encoded = [value.encode("utf8") for value in values]
    for value in encoded:
        if len(value) > HEADER_LIMIT:
            raise ValueError(
                errors.message(
                    f"A name is too long to be saved: `{value[:40].decode('utf8')}...`",
                    received=f"{len(value)} bytes",
                    expected=f"at most {HEADER_LIMIT}",
                )
            )
    array = np.asarray(encoded)
    if array.nbytes <= HEADER_LIMIT:
        group.attrs[name] = array
        return
    per_part = max(1, HEADER_LIMIT // array.itemsize)
    for number, start in enumerate(range(0, len(array), per_part)):
        group.attrs[f"{name}{number}"] = array[start : start + per_part]


def write_array(group: h5py.Group, name: str, array: np.ndarray) -> None:
    """Store an array under a name, whose slashes make groups.

    Raises:
        ValueError: If a part of the name is empty or "."; a layer's name is then to be
            changed.
    """
    _check_path(name, "cannot be saved", ValueError)
    group.create_dataset(name, data=array)


# Reading


def read_text(group: h5py.Group, name: str, default: str | None = None) -> str | None:
    """A text attribute; `default` if there is none."""
    if name not in group.attrs:
        return default
    value = _attribute(group, name)
    if isinstance(value, bytes):
        return value.decode("utf8")
    if isinstance(value, str):
        return value
    raise _refused(group, f"attribute `{name}`", "it is not a text")


def read_names(group: h5py.Group, name: str) -> list[str] | None:
    """A list of names, joined if it was stored in parts; None if there is none."""
    if name in group.attrs:
        return _decoded(group, name)
    if f"{name}0" not in group.attrs:
        return None
    names: list[str] = []
    number = 0
    while f"{name}{number}" in group.attrs:
        names += _decoded(group, f"{name}{number}")
        number += 1
    return names


def _decoded(group, name) -> list[str]:
    values = np.asarray(_attribute(group, name))
    if values.ndim != 1:
        raise _refused(group, f"attribute `{name}`", "it is not a list")
    if not values.size:  # an empty list was stored as numbers
        return []
    texts = [v.decode("utf8") if isinstance(v, bytes) else v for v in values.tolist()]
    if not all(isinstance(text, str) for text in texts):
        raise _refused(group, f"attribute `{name}`", "it is not a list of names")
    return texts


def _attribute(group, name):
    stored = group.attrs.get_id(name)
    if math.prod(stored.shape) * stored.dtype.itemsize > ATTRIBUTE_LIMIT:
        raise _refused(group, f"attribute `{name}`", "it is too large")
    text = h5py.check_string_dtype(stored.dtype) is not None
    if not text and stored.dtype.kind not in "SUfiub":
        raise _refused(group, f"attribute `{name}`", "it is neither text nor numbers")
    return group.attrs[name]


def child(group: h5py.Group, path: str) -> h5py.Group:
    """The group at `path`, reached through plain links only.

    Raises:
        RefusedFile: If a link on the way leads elsewhere.
        DamagedFile: If there is no such group.
    """
    found = _walk(group, path)
    if not isinstance(found, h5py.Group):
        raise _refused(group, f"`{path}`", "it is not a group")
    return found


def dataset(group: h5py.Group, path: str) -> h5py.Dataset:
    """The dataset at `path`, if it is a plain array of numbers inside this file.

    Nothing of it is read.

    Raises:
        RefusedFile: If it is a link, keeps its data elsewhere, needs a plug-in, or
            holds anything but numbers.
        DamagedFile: If there is none.
    """
    found = _walk(group, path)
    if not isinstance(found, h5py.Dataset):
        raise _refused(group, f"`{path}`", "it is not an array")
    if found.is_virtual:
        raise _refused(group, f"`{path}`", "its data is in other files")
    if found.external:
        raise _refused(group, f"`{path}`", "its data is in another file")
    kind, size = found.dtype.kind, found.dtype.itemsize
    if kind not in "fiub" or size > 8 or found.shape is None:
        raise _refused(
            group, f"`{path}`", f"it holds `{found.dtype}`, not an array of numbers"
        )
    properties = found.id.get_create_plist()
    for number in range(properties.get_nfilters()):
        code = properties.get_filter(number)[0]
        if code not in _FILTERS:
            raise _refused(group, f"`{path}`", f"it needs the HDF5 plug-in {code}")
    return found


def _walk(group, path):
    _check_path(path, "is no place in a file", RefusedFile)
    for part in path.split("/"):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        if link is None:
            raise DamagedFile(
                errors.message(
                    f"The file has no `{path}` in `{getattr(group, 'name', '/')}`",
                    fix="It was cut off, or is not a file of weights",
                )
            )
        if type(link) is not h5py.HardLink:
            raise _refused(group, f"`{path}`", f"`{part}` is a link to another place")
        group = group[part]
    return group


def _check_path(path: str, problem: str, error: type[Exception]) -> None:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise error(
            errors.message(
                f"The name `{path[:80]}` {problem}",
                expected='parts that are not empty, "." or ".."',
            )
        )


def _refused(group, what, why) -> RefusedFile:
    return RefusedFile(
        errors.message(
            f"The {what} in `{group.name}` was not loaded: {why}",
            fix="No version of Keras writes this; do not trust the file",
        )
    )


def read_array(found: h5py.Dataset) -> np.ndarray:
    """All of a dataset, in the byte order of this machine."""
    array = np.asarray(found[()])
    return array.astype(array.dtype.newbyteorder("="), copy=False)


# Checksums


def digest(context: str, arrays: Sequence[tuple[str, np.ndarray]]) -> str:
    """The SHA-256 of named arrays, the same on every machine.

    Args:
        context: A text that belongs to them.
        arrays: Pairs of a name and an array.
    """
    checksum = hashlib.sha256(context.encode())
    for name, array in arrays:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        checksum.update(f"\n{name} {little.dtype.str} {array.shape}\n".encode())
        checksum.update(little.data if little.ndim else little.tobytes())
    return checksum.hexdigest()


def verify(group: h5py.Group, checksum: str) -> None:
    """Compare with the digest that was stored with the group, if there is one.

    Raises:
        DamagedFile: If they differ.
    """
    stored = read_text(group, DIGEST)
    if stored is not None and stored != checksum:
        raise DamagedFile(
            errors.message(
                f"`{group.name}` is not what was saved: its checksum differs",
                received=checksum[:16] + "...",
                expected=stored[:16] + "...",
                fix="The file was damaged, or changed by another program; if the "
                "change "
                f"was meant, delete the attribute `{DIGEST}` of that group",
            )
        )
