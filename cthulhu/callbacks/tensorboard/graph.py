"""The graph of a model as TensorBoard draws it: each layer is a scope that opens.

In the scope stand the layer's weights and the layer itself, joined.  What a model
consists of, `model.outline()` tells.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np


def graph_def(model: Any) -> Any:
    """A `GraphDef` of a model.

    Args:
        model: Something whose `outline()` gives boxes.
    """
    from tensorboard.compat.proto.graph_pb2 import GraphDef
    from tensorboard.compat.proto.versions_pb2 import VersionDef

    graph = GraphDef(versions=VersionDef(producer=22))
    boxes = model.outline()
    scope = {box.name: _scope(box.name) for box in boxes}
    kind = {box.name: _word(box.kind) for box in boxes}
    for box in boxes:
        home = scope[box.shared or box.name]
        inputs = [f"{scope[of]}/{kind[of]}" + f":{i}" * bool(i) for of, i in box.inputs]
        for name, weight in box.weights.items():
            path = f"{home}/{_scope(name)}"
            inputs.append(path)
            if box.shared is None:
                node = graph.node.add(name=path, op="VariableV2")
                _describe(node, [weight.shape], weight.dtype)
        node = graph.node.add(
            name=f"{scope[box.name]}/{kind[box.name]}", op=_op(box), input=inputs
        )
        _describe(node, box.shapes, box.dtypes[0] if box.dtypes else None)
        for name, value in _settings(box.layer).items():
            node.attr[name].s = value.encode()
    return graph


def _op(box: Any) -> str:
    return "Placeholder" if box.kind == "InputLayer" else box.kind


def _scope(name: str) -> str:
    """A name with nothing in it that means something in a graph."""
    return "/".join(_word(part) for part in name.split("/") if part)


def _word(name: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_.\-]", "_", name)
    return word if re.match(r"[A-Za-z0-9.]", word) else f".{word}"


def _describe(node: Any, shapes: list[tuple], dtype: Any) -> None:
    for shape in shapes:
        dims = node.attr["_output_shapes"].list.shape.add()
        for size in shape:
            dims.dim.add(size=-1 if size is None else int(size))
    if dtype is not None:
        node.attr["dtype"].type = _dtype(dtype)


def _dtype(dtype: Any) -> int:
    from tensorboard.compat.tensorflow_stub import dtypes

    try:
        return dtypes.as_dtype(np.dtype(dtype).name).as_datatype_enum
    except TypeError:  # one that TensorFlow does not have
        return 0


def _settings(layer: Any) -> dict[str, str]:
    """The arguments of a layer that a person can read at a glance."""
    if layer is None:
        return {}
    try:
        config = layer.get_config()
    except NotImplementedError:
        return {}
    plain = (str, int, float, bool, tuple, list)
    return {
        name: str(value)
        for name, value in config.items()
        if name not in ("name", "dtype", "trainable")
        and isinstance(value, plain)
        and len(str(value)) <= 200
    }
