"""Whole models and their weights in files: save, load, pickle.

The file is Keras's: configuration and compile arguments as JSON attributes, weights and
optimizer state as arrays, with checksums that other readers do not see.  This module
knows the order of things; bytes on the disk are `write`'s business, the layout
`hdf5`'s, arrays `weights`'s, and configurations `configs`'s.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cthulhu import errors
from cthulhu.core import registry
from cthulhu.saving import configs, hdf5, weights, write

if TYPE_CHECKING:
    import h5py

# What opens paths that begin with "gs://": an object with `FileIO(name, mode)` and
# `file_exists(name)`, such as `tensorflow.python.lib.io.file_io`.
tf_file_io: Any = None


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
) -> None:
    """Save a model: configuration, weights, compile arguments, optimizer state.

    A file is replaced in one step: whatever happens, the old or the new one is there.

    Args:
        model: The model.
        filepath: A path, a binary stream, or an open `h5py.File` or group.
        overwrite: Whether a file is replaced without asking.
        include_optimizer: Whether compile arguments and optimizer state are saved too.

    Raises:
        OSError: If the file cannot be written; an older one is untouched.
        ValueError: If `filepath` is none of these.

    Example:
        >>> save_model(model, "model.h5")  # doctest: +SKIP
    """

    def fill(group: h5py.Group) -> None:
        _write_model(group, model, include_optimizer)

    _put(filepath, fill, overwrite, model)


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Load a model that `save_model` or any version of Keras 1 or 2 saved.

    Nothing in the file is run and no name in it is imported.

    Args:
        filepath: A path, a binary stream, or an open `h5py.File` or group.
        custom_objects: The user's own classes and functions by name.  Under the name of
            a `Lambda` layer: the function it shall have.
        compile: Whether the model is compiled as it was, with its optimizer's state.
        safe_mode: False runs Python code that `Lambda` layers in the file hold: only
            for files of whom you trust.

    Raises:
        ValueError: If there is no model in the file, it names something unknown or
            holds code.
        RefusedFile: If the file holds what no Keras writes.
        DamagedFile: If it is not what was saved.

    Example:
        >>> model = load_model("model.h5", {"my_loss": my_loss})  # doctest: +SKIP
    """
    custom = dict(custom_objects or {})
    with _take(filepath) as group:
        text = hdf5.read_text(group, "model_config")
        if text is None:
            raise ValueError(
                errors.message(
                    f"There is no model in {_called(filepath)}",
                    expected="what `save` wrote",
                    fix="If it holds weights only, build the model and use "
                    "`load_weights`",
                )
            )
        training = hdf5.read_text(group, "training_config")
        hdf5.verify(group, hdf5.digest(text + (training or ""), []))
        model = configs.model_from_config(configs.parse(text), custom, safe_mode)
        weights.load_weights_from_hdf5_group(
            hdf5.child(group, "model_weights"), model.layers
        )
        if compile:
            _compile(model, training, group, custom)
    return model


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Save the weights of a model's layers.

    Args:
        model: The model.
        filepath: A path, a binary stream, or an open `h5py.File` or group.
        overwrite: Whether a file is replaced without asking.

    Raises:
        OSError: If the file cannot be written; an older one is untouched.
    """

    def fill(group: h5py.Group) -> None:
        weights.save_weights_to_hdf5_group(group, model.layers)

    _put(filepath, fill, overwrite, model)


def load_weights(
    model: Any,
    filepath: Any,
    by_name: bool = False,
    skip_mismatch: bool = False,
    reshape: bool = False,
) -> None:
    """Load weights into a model of the same layers, or into layers of the same names.

    If anything does not fit, no weight is changed.

    Args:
        model: The model, built.
        filepath: What `save_weights` or `save` wrote.
        by_name: Whether layers are matched by name, and others left alone, instead of
            first to first.
        skip_mismatch: With `by_name`: whether a layer that does not fit is left alone,
            with a warning.
        reshape: Whether a kernel of another shape but the same size is reshaped.

    Raises:
        ValueError: If layers, numbers of weights or shapes do not fit.
        RefusedFile, DamagedFile: See `load_model`.
    """
    if skip_mismatch and not by_name:
        raise ValueError(
            errors.message("`skip_mismatch=True` works with `by_name=True` only")
        )
    with _take(filepath) as group:
        if by_name:
            weights.load_weights_from_hdf5_group_by_name(
                group, model.layers, skip_mismatch, reshape
            )
        else:
            weights.load_weights_from_hdf5_group(group, model.layers, reshape)


def model_to_json(model: Any, **kwargs: Any) -> str:
    """The configuration of a model as JSON; `kwargs` go to `json.dumps`."""
    config = {
        "class_name": type(model).__name__,
        "config": model.get_config(),
        "keras_version": weights.KERAS_VERSION,
        "backend": weights.BACKEND,
    }
    return configs.to_json(config, **kwargs)


def model_to_bytes(model: Any) -> bytes:
    """A model as the bytes of a file, for pickling."""
    return bytes(hdf5.image(lambda file: _write_model(file, model, True), _size(model)))


def model_from_bytes(data: bytes) -> Any:
    """The model that `model_to_bytes` wrote, code of its `Lambda` layers included.

    Whoever unpickles trusts the data: a pickle can run anything in any case.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The file holds no compile arguments")
        return load_model(data, safe_mode=False)


def _write_model(group: h5py.Group, model: Any, include_optimizer: bool) -> None:
    for name in ("model_weights", "optimizer_weights"):
        if name in group:
            del group[name]
    group.attrs.pop("training_config", None)
    weights.write_versions(group)
    text = configs.to_json(
        {"class_name": type(model).__name__, "config": model.get_config()}
    )
    hdf5.write_text(group, "model_config", text)
    weights.save_weights_to_hdf5_group(
        group.create_group("model_weights"), model.layers
    )
    training = None
    if include_optimizer and getattr(model, "optimizer", None):
        training = _training_config(model)
    if training is not None:
        hdf5.write_text(group, "training_config", training)
        weights.write_optimizer(group, model.optimizer)
    hdf5.write_text(group, hdf5.DIGEST, hdf5.digest(text + (training or ""), []))


_COMPILED = ("metrics", "weighted_metrics", "sample_weight_mode", "loss_weights")


def _training_config(model) -> str | None:
    arguments = model._compile_arguments
    try:
        optimizer = {
            "class_name": type(model.optimizer).__name__,
            "config": model.optimizer.get_config(),
        }
    except NotImplementedError as problem:
        warnings.warn(
            errors.message(
                f"The compile arguments and the optimizer are not saved: {problem}",
                fix="Compile the model after loading it",
            ),
            stacklevel=4,
        )
        return None
    return configs.to_json(
        {
            "optimizer_config": optimizer,
            "loss": arguments.get("loss"),
            **{name: arguments.get(name) for name in _COMPILED},
        }
    )


def _compile(model, text: str | None, group: h5py.Group, custom: dict) -> None:
    if text is None:
        warnings.warn(
            "The file holds no compile arguments: the model was not compiled. "
            "Compile it before training.",
            UserWarning,
            stacklevel=3,
        )
        return
    config = configs.modern(configs.parse(text), custom)
    with registry.custom_object_scope(custom):
        model.compile(
            optimizer=registry.deserialize(
                "optimizer", config["optimizer_config"], custom
            ),
            loss=_revived("loss", config.get("loss"), custom),
            metrics=_revived("metric", config.get("metrics"), custom),
            weighted_metrics=_revived("metric", config.get("weighted_metrics"), custom),
            loss_weights=config.get("loss_weights"),
            sample_weight_mode=config.get("sample_weight_mode"),
        )
    if "optimizer_weights" in group:
        model.optimizer.build(model.trainable_weights)
        weights.load_optimizer(group, model.optimizer, model.layers)


def _revived(kind: str, value: Any, custom: dict) -> Any:
    """Losses and metrics of a list or dict, as objects where configs were saved."""
    if isinstance(value, list):
        return [_revived(kind, part, custom) for part in value]
    if isinstance(value, Mapping):
        if "class_name" in value and "config" in value:
            return registry.deserialize(kind, value, custom)
        return {name: _revived(kind, part, custom) for name, part in value.items()}
    if isinstance(value, str):
        return custom.get(value, value)
    return value


# Places


def ask_to_proceed_with_overwrite(filepath: str) -> bool:
    """Ask on the console whether a file may be replaced."""
    answer = ""
    while answer not in ("y", "n"):
        try:
            answer = input(f"`{filepath}` exists already. Replace it? [y/n] ")
        except (EOFError, OSError, RuntimeError):  # there is no terminal
            raise FileExistsError(
                errors.message(
                    f"`{filepath}` exists already, and nobody can be asked whether to "
                    "replace it",
                    "`overwrite=False`, without a terminal",
                    fix="Give `overwrite=True`, or another name",
                )
            ) from None
        answer = answer.strip().lower()
    return answer == "y"


def _put(place: Any, fill: Callable[[Any], None], overwrite: bool, model: Any) -> None:
    if hdf5.is_group(place):
        fill(place)
        place.file.flush()
    elif isinstance(place, (str, os.PathLike)):
        path = os.fspath(place)
        remote = _remote(path)
        exists = remote.file_exists if remote else os.path.isfile
        if overwrite or not exists(path) or ask_to_proceed_with_overwrite(path):
            data = hdf5.image(fill, _size(model))
            if remote:
                with remote.FileIO(path, mode="wb") as file:
                    file.write(bytes(data))
            else:
                write.write_bytes(path, data)
    elif callable(getattr(place, "write", None)):
        place.write(bytes(hdf5.image(fill, _size(model))))
    else:
        raise _no_place(place)


def _take(place: Any) -> Any:
    """The place opened for reading, as a context manager."""
    if isinstance(place, (str, os.PathLike)):
        remote = _remote(os.fspath(place))
        if remote:
            with remote.FileIO(os.fspath(place), mode="rb") as file:
                return hdf5.opened(file.read())
    elif not (
        hdf5.is_group(place)
        or isinstance(place, bytes)
        or callable(getattr(place, "read", None))
    ):
        raise _no_place(place)
    return hdf5.opened(place)


def _called(place: Any) -> str:
    """What to call a place in a message."""
    name = os.fspath(place) if isinstance(place, (str, os.PathLike)) else None
    return f"the file `{name}`" if name else "the file"


def _remote(path: str) -> Any:
    """What opens this path if it is not on this machine, else None."""
    if not str(path).startswith("gs://"):
        return None
    if tf_file_io is None:
        raise ValueError(
            errors.message(
                f"`{path}` is not on this machine",
                fix="Set `saving.model.tf_file_io` to what opens such paths, for "
                "example TensorFlow's `file_io`",
            )
        )
    return tf_file_io


def _no_place(place: Any) -> ValueError:
    return ValueError(
        errors.message(
            "`filepath` cannot be used",
            received=f"a `{type(place).__name__}`",
            expected="a path, a binary stream, or an open `h5py.File` or group",
        )
    )


def _size(model: Any) -> int:
    """About how many bytes a file of the model will have."""
    variables = [v for layer in model.layers for v in layer.weights]
    return 3 * sum(v.size * v.dtype.itemsize for v in variables) + (1 << 18)
