"""Embeddings for the projector: points, their labels, and the file that names both.

The points are text files, since the projector reads others with TensorFlow only.
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cthulhu import errors

CONFIG = "projector_config.pbtxt"


class Projector:
    """Which layers are shown, for which data, with which labels.

    Args:
        layer_names: Names of layers, or one; None: all `Embedding` layers.
        metadata: File of labels, or a dict of files by layer.
        data: Inputs whose outputs are shown; None: the layers' own weights.
    """

    def __init__(self, layer_names: Any, metadata: Any, data: Any):
        self.layer_names = layer_names
        self.metadata = metadata
        self.data = data
        self._layers: list[Any] = []
        self._labels: dict[str, Path] = {}
        self._probe: Any = None

    def check(self, model: Any, folder: Path) -> None:
        """Find the layers, try the data and count the labels, before training.

        Raises:
            ValueError: Something does not fit.
            FileNotFoundError: A file of labels is missing.
        """
        self._layers = self._find(model)
        names = [layer.name for layer in self._layers]
        if self.data is None:
            points = {la.name: len(self._table(la).numpy()) for la in self._layers}
        else:
            xs = self._inputs()
            self._probe = model.probe(names)
            with errors.within("`embeddings_data` of TensorBoard"):
                next(self._probe.output_batches(_rows(xs)))
            points = dict.fromkeys(names, len(xs[0]))
        self._labels = {}
        for name, given in self._metadata(names).items():
            path = _located(given, folder)
            _check_labels(name, path, points[name])
            self._labels[name] = path

    def write(self, model: Any, folder: Path, batch_size: int) -> None:
        """Write the points of this moment and the projector's config."""
        from google.protobuf import text_format
        from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

        folder.mkdir(parents=True, exist_ok=True)
        config = ProjectorConfig()
        for name, points in self._points(batch_size):
            file = f"projector_{_file_name(name)}.tsv"
            text = io.StringIO()
            np.savetxt(text, points, fmt="%.7g", delimiter="\t")
            _replace(folder / file, text.getvalue())
            shown = config.embeddings.add(tensor_name=name, tensor_path=file)
            shown.tensor_shape.extend(points.shape)
            if name in self._labels:
                shown.metadata_path = _beside(self._labels[name], folder, name)
        _replace(folder / CONFIG, text_format.MessageToString(config))

    def _points(self, batch_size: int) -> list[tuple[str, np.ndarray]]:
        if self.data is None:
            return [(la.name, self._table(la).numpy()) for la in self._layers]
        parts = list(self._probe.output_batches(self._inputs(), batch_size))
        return [
            (layer.name, np.concatenate([p[i].reshape(len(p[i]), -1) for p in parts]))
            for i, layer in enumerate(self._layers)
        ]

    def _inputs(self) -> list[np.ndarray]:
        several = isinstance(self.data, (list, tuple)) and np.ndim(self.data[0]) > 0
        given = self.data if several else [self.data]
        return [np.asarray(x) for x in given]

    def _find(self, model: Any) -> list[Any]:
        layers = {layer.name: layer for layer in model.layers}
        names = self.layer_names
        if isinstance(names, str):
            names = [names]
        for name in names or ():
            if name not in layers:
                with errors.within("`embeddings_layer_names` of TensorBoard"):
                    raise errors.unknown_name("layer", name, layers)
        found = [layers[n] for n in names or layers if names or _embeds(layers[n])]
        if not found:
            raise ValueError(
                errors.message(
                    f"`{model.name}` has no `Embedding` layer for TensorBoard to show",
                    fix="Name layers in `embeddings_layer_names` and give "
                    "`embeddings_data`, or leave `embeddings_freq` at 0",
                )
            )
        return found

    def _table(self, layer: Any) -> Any:
        """The weight whose rows are points."""
        if not _embeds(layer):
            raise ValueError(
                errors.message(
                    f"TensorBoard cannot show `{layer.name}` without data: it is no "
                    "`Embedding` layer",
                    "embeddings_data=None",
                    fix="Give `embeddings_data`, the inputs whose outputs are shown",
                )
            )
        return layer.weights[0]

    def _metadata(self, names: list[str]) -> dict[str, Any]:
        given = self.metadata
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            return dict.fromkeys(names, given)
        for name in given:
            if name not in names:
                with errors.within("`embeddings_metadata` of TensorBoard"):
                    raise errors.unknown_name("layer", name, names)
        return dict(given)


def _embeds(layer: Any) -> bool:
    return any(cls.__name__ == "Embedding" for cls in type(layer).__mro__)


def _rows(xs: list[np.ndarray]) -> list[np.ndarray]:
    """The first rows of each input; refuses none, and different numbers of them."""
    rows = {len(x) if x.ndim else 0 for x in xs}
    if len(rows) != 1 or 0 in rows:
        raise errors.DataError(
            errors.message(
                "The data have no rows to show, or inputs of different lengths",
                ", ".join(str(x.shape) for x in xs),
                "arrays of the same number of rows, at least one",
            )
        )
    return [x[:32] for x in xs]


def _located(given: Any, folder: Path) -> Path:
    """A file of labels: in the log folder, or else where any path is."""
    inside = folder / os.fspath(given)
    path = inside if inside.is_file() else Path(given)
    if not path.is_file():
        raise FileNotFoundError(
            errors.message(
                f"TensorBoard finds no `embeddings_metadata` at `{given}`",
                expected="a text file with a label for each point, one a line",
            )
        )
    return path.absolute()


def _check_labels(name: str, path: Path, points: int) -> None:
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if line.strip("\r\n")]
    titles = int(bool(lines) and "\t" in lines[0])
    if len(lines) - titles < points:
        raise ValueError(
            errors.message(
                f"`embeddings_metadata` has too few labels for layer `{name}`",
                f"{len(lines) - titles} lines in `{path}`"
                + " below the line of titles" * titles,
                f"{points}, one for each point",
            )
        )


def _beside(path: Path, folder: Path, name: str) -> str:
    """A file as the projector takes it: it reads nothing outside of its folder."""
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    copy = f"projector_{_file_name(name)}_{path.name}"
    shutil.copyfile(path, folder / copy)
    return copy


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.\-]", "_", name)


def _replace(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
