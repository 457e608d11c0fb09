"""Weights of layers and optimizers in HDF5 groups: written, found again, compared.

Layers are matched in order or by name.  Nothing is read before its size was compared
with the model's, and nothing is assigned before everything was read, so a file that
does not fit leaves the model as it was.  Layouts of older versions are `convert`'s
business.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cthulhu import errors
from cthulhu.saving import convert, hdf5

if TYPE_CHECKING:
    import h5py

# The version of Keras whose layout is written, and the backend whose kernels it has.
KERAS_VERSION = "2.3.1"
BACKEND = "tensorflow"


def write_versions(group: h5py.Group) -> None:
    """Say which layout the group has, where Keras looks for it."""
    hdf5.write_text(group, "backend", BACKEND)
    hdf5.write_text(group, "keras_version", KERAS_VERSION)


def save_weights_to_hdf5_group(group: h5py.Group, layers: Sequence[Any]) -> None:
    """Write the weights of layers into a group."""
    hdf5.write_names(group, "layer_names", [layer.name for layer in layers])
    write_versions(group)
    for layer in layers:
        _check_name(layer.name)
        place = group.require_group(layer.name)
        write_variables(place, layer.weights, _versions_text(KERAS_VERSION, BACKEND))


def _check_name(name: str) -> None:
    if any(part in ("", ".", "..") for part in name.split("/")) or "\0" in name:
        raise ValueError(
            errors.message(
                f"A layer named `{name}` cannot be saved",
                expected='a name whose parts are not empty, "." or ".."',
            )
        )


def write_variables(
    group: h5py.Group, variables: Sequence[Any], context: str = ""
) -> None:
    """Write variables with their names, and a checksum that covers `context` too."""
    names = _unique(
        [str(getattr(v, "name", "") or f"param_{i}") for i, v in enumerate(variables)]
    )
    arrays = [np.asarray(variable) for variable in variables]
    hdf5.write_names(group, "weight_names", names)
    for name, array in zip(names, arrays, strict=True):
        hdf5.write_array(group, name, array)
    pairs = list(zip(names, arrays, strict=True))
    hdf5.write_text(group, hdf5.DIGEST, hdf5.digest(context, pairs))


def _versions_text(version: str, backend: str | None) -> str:
    return f"{version} {backend}"


def _unique(names: Sequence[str]) -> list[str]:
    """The names, with a number at the end of those that came before."""
    taken: set[str] = set()
    unique = []
    for name in names:
        number, new = 1, name
        while new in taken:
            number += 1
            new = f"{name}_{number}"
        taken.add(new)
        unique.append(new)
    return unique


class Stored:
    """The weights of several layers in a group, by layer name.

    Args:
        group: A group with `layer_names`, or a file of a whole model.

    Raises:
        ValueError: If it is neither.
    """

    def __init__(self, group: h5py.Group):
        if hdf5.read_names(group, "layer_names") is None and "model_weights" in group:
            group = hdf5.child(group, "model_weights")
        names = hdf5.read_names(group, "layer_names")
        if names is None:
            raise ValueError(
                errors.message(
                    "There are no weights of layers in the file",
                    expected="a file that `save_weights` or `save` wrote",
                )
            )
        self.group = group
        self.layer_names = names
        self.version = hdf5.read_text(group, "keras_version", "1") or "1"
        self.backend = hdf5.read_text(group, "backend")
        for name in names:  # also those that no layer will ask for
            hdf5.child(group, name)

    def weight_names(self, layer_name: str) -> list[str]:
        """The names of a layer's arrays, in order."""
        group = hdf5.child(self.group, layer_name)
        return hdf5.read_names(group, "weight_names") or []

    def read(
        self, layer_name: str, wanted: Sequence[Any], what: str
    ) -> list[np.ndarray]:
        """The arrays of a layer, unless they are far larger than those wanted."""
        group = hdf5.child(self.group, layer_name)
        context = _versions_text(self.version, self.backend)
        return read_arrays(group, self.weight_names(layer_name), wanted, what, context)


def read_arrays(
    group: h5py.Group,
    names: Sequence[str],
    wanted: Sequence[Any],
    what: str,
    context: str = "",
) -> list[np.ndarray]:
    """Arrays of a group by name.

    Args:
        group: Where they are.
        names: Which to read.
        wanted: The variables they are for; arrays of more than twice their size in all
            (a layout that is converted may repeat something) are not read.
        what: Whose they are, for the messages.
        context: What the checksum covers besides.

    Raises:
        ValueError: If they are too large.
        RefusedFile, DamagedFile: See `hdf5`.
    """
    found = [hdf5.dataset(group, name) for name in names]
    size = sum(int(np.prod(d.shape, dtype=object)) for d in found)
    room = 2 * sum(int(np.prod(v.shape)) for v in wanted) + 1024
    if size > room:
        raise ValueError(
            errors.message(
                f"{what} has shape {_shapes(wanted)}, but the saved weights have shape "
                f"{_shapes(found)}",
                fix="They were not read; build the model that was saved",
            )
        )
    arrays = [hdf5.read_array(d) for d in found]
    hdf5.verify(group, hdf5.digest(context, list(zip(names, arrays, strict=True))))
    return arrays


def _shapes(arrays: Sequence[Any]) -> str:
    shown = ", ".join(str(tuple(array.shape)) for array in arrays[:6])
    return shown + ", ..." * (len(arrays) > 6)


def load_weights_from_hdf5_group(
    f: h5py.Group, layers: Sequence[Any], reshape: bool = False
) -> None:
    """Set the weights of layers from stored ones, first to first.

    Args:
        f: The group, or the file of a whole model.
        layers: The layers; those without weights do not count.
        reshape: Whether a kernel of another shape but the same size is reshaped.

    Raises:
        ValueError: If numbers of layers, numbers of weights or shapes differ; then no
            weight has changed.
    """
    stored = Stored(f)
    layers = [layer for layer in layers if layer.weights]
    names = [name for name in stored.layer_names if stored.weight_names(name)]
    if len(names) != len(layers):
        raise ValueError(
            errors.message(
                f"Cannot load weights of {len(names)} layers into a model with "
                f"{len(layers)} layers",
                received="weights of " + _listed(names),
                expected="weights of " + _listed([layer.name for layer in layers]),
                fix="Build the same model, or load with `by_name=True`",
            )
        )
    new: list[tuple[Any, np.ndarray]] = []
    for layer, name in zip(layers, names, strict=True):
        new += _fitted(stored, name, layer, reshape)
    for variable, array in new:
        variable.assign(array)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name[:60]}`" for name in names[:12]) or "no layer"
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def load_weights_from_hdf5_group_by_name(
    f: h5py.Group,
    layers: Sequence[Any],
    skip_mismatch: bool = False,
    reshape: bool = False,
) -> None:
    """Set the weights of those layers whose names are among the stored ones.

    Args:
        f: The group, or the file of a whole model.
        layers: The layers.
        skip_mismatch: Whether a layer that does not fit keeps its weights, with a
            warning, instead of an error.
        reshape: Whether a kernel of another shape but the same size is reshaped.

    Raises:
        ValueError: If a number of weights or a shape differs; then no weight has
            changed.
    """
    stored = Stored(f)
    new: list[tuple[Any, np.ndarray]] = []
    for name in stored.layer_names:
        for layer in layers:
            if layer.name != name:
                continue
            try:
                new += _fitted(stored, name, layer, reshape)
            except Mismatch as problem:
                if not skip_mismatch:
                    raise
                warnings.warn(
                    f"Skipping loading of weights for layer `{name}` "
                    f"due to mismatch of its weights: {problem}",
                    UserWarning,
                    stacklevel=4,
                )
    for variable, array in new:
        variable.assign(array)


class Mismatch(ValueError):
    """Stored weights that do not fit a layer."""


def _fitted(
    stored: Stored, name: str, layer: Any, reshape: bool
) -> list[tuple[Any, np.ndarray]]:
    """Variables of a layer with the arrays they get."""
    what = f"Layer `{layer.name}`"
    if name != layer.name:
        what += f" (`{name}` in the file)"
    variables = layer.weights
    try:
        arrays = stored.read(name, variables, what)
        arrays = convert.preprocess_weights_for_loading(
            layer, arrays, stored.version, stored.backend, reshape=reshape
        )
    except (hdf5.RefusedFile, hdf5.DamagedFile):
        raise
    except ValueError as problem:
        raise Mismatch(str(problem)) from problem
    if len(arrays) != len(variables):
        raise Mismatch(
            errors.message(
                f"{what} expects {len(variables)} weights, but the saved weights have "
                f"{len(arrays)} arrays"
            )
        )
    for variable, array in zip(variables, arrays, strict=True):
        if tuple(variable.shape) != array.shape:
            raise Mismatch(
                errors.message(
                    f"{what}: `{variable.name}` has shape {tuple(variable.shape)}, but "
                    f"the saved weight has shape {array.shape}",
                    fix=_likely_fix(tuple(variable.shape), array.shape),
                )
            )
    return list(zip(variables, arrays, strict=True))


def _likely_fix(shape: tuple, saved: tuple) -> str:
    if np.prod(shape) == np.prod(saved):
        return "Load with `reshape=True` if the order of the numbers is the same"
    return (
        "Build the layer as it was saved, or leave out what does not fit with "
        "`by_name=True, skip_mismatch=True`"
    )


def write_optimizer(group: h5py.Group, optimizer: Any) -> None:
    """Write the state of an optimizer, if it has one yet."""
    if optimizer.weights:
        write_variables(group.create_group("optimizer_weights"), optimizer.weights)


def load_optimizer(file: h5py.Group, optimizer: Any, layers: Sequence[Any]) -> None:
    """Set the state of an optimizer that was built for its model.

    Args:
        file: The file of the model.
        optimizer: The optimizer.
        layers: The layers of the model.

    Raises:
        ValueError: If the state belongs to another optimizer or model.
    """
    group = hdf5.child(file, "optimizer_weights")
    names = hdf5.read_names(group, "weight_names") or []
    what = f"The state of the optimizer `{type(optimizer).__name__}`"
    try:
        arrays = read_arrays(group, names, optimizer.weights, what)
        stored = Stored(file)
        if stored.version.split(".")[0] == "1":
            arrays = convert.state_from_1(
                arrays, _named(stored, layers), stored.backend
            )
        optimizer.set_weights(arrays)
    except (hdf5.RefusedFile, hdf5.DamagedFile):
        raise
    except ValueError as problem:
        raise ValueError(
            errors.message(
                f"{what} does not fit the one that was saved: {problem}",
                fix="Load with `compile=False` and compile the model, which starts "
                "with "
                "a fresh optimizer",
            )
        ) from problem


def _named(stored: Stored, layers: Sequence[Any]) -> list[tuple[Any, list[str]]]:
    """Layers that have weights, with the names that these have in a file."""
    names = [stored.weight_names(name) for name in stored.layer_names]
    layers = [layer for layer in layers if layer.weights]
    return list(zip(layers, [part for part in names if part], strict=True))
