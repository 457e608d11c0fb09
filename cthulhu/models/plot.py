"""Pictures of models: boxes for layers, arrows for what flows between them.

The graph is pydot's, and Graphviz's program `dot` draws it; the extra `plot` brings the
first, the system the second.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import Any

from cthulhu import errors
from cthulhu.layers.input import InputLayer
from cthulhu.layers.wrappers import Wrapper
from cthulhu.models.network import Network, parents

# Endings of pictures that a notebook shows by itself.
_SHOWN = ("png", "jpg", "jpeg", "gif", "svg")


def plot_model(
    model: Any,
    to_file: str | os.PathLike = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
) -> Any:
    """Draw the layers of a model into a file.

    Args:
        model: A model that is built.
        to_file: Path; its ending tells the format: `.png`, `.svg`, `.pdf` or another
            that Graphviz knows.
        show_shapes: Whether boxes tell the shapes of inputs and outputs.
        show_layer_names: Whether boxes tell the layers' names.
        rankdir: "TB" from top to bottom, "LR" from left to right.
        expand_nested: Whether the layers of models inside the model are shown.
        dpi: Dots per inch.

    Returns:
        In a notebook the picture; else None.

    Raises:
        ImportError: pydot is not installed.
        OSError: Graphviz's `dot` is not installed.
        ValueError: The model is not built, or the ending names no format.

    Example:
        >>> plot_model(model, "model.svg", show_shapes=True)  # doctest: +SKIP
    """
    dot = model_to_dot(
        model, show_shapes, show_layer_names, rankdir, expand_nested, dpi
    )
    path = os.fspath(to_file)
    ending = os.path.splitext(path)[1][1:].lower() or "png"
    if ending not in dot.formats:
        raise ValueError(
            errors.message(
                f"`plot_model` cannot write `{path}`",
                f"the ending `.{ending}`",
                "one like `.png`, `.svg` or `.pdf`",
            )
        )
    if shutil.which("dot") is None:
        raise OSError(
            errors.message(
                "`plot_model` needs Graphviz's program `dot`, which was not found",
                fix="Install Graphviz (https://www.graphviz.org/; most systems have a "
                "package `graphviz`) and see that `dot` is on the PATH",
            )
        )
    dot.write(path, format=ending)
    return _shown(path, ending)


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    subgraph: bool = False,
) -> Any:
    """Make the graph of a model for Graphviz; the arguments are those of `plot_model`.

    Args:
        model: A model that is built.
        show_shapes: Whether boxes tell shapes.
        show_layer_names: Whether boxes tell names.
        rankdir: "TB" or "LR".
        expand_nested: Whether models inside the model are opened.
        dpi: Dots per inch.
        subgraph: Whether to return a part for another graph.

    Returns:
        A `pydot.Dot`, or a `pydot.Cluster` if `subgraph`.

    Raises:
        ImportError: pydot is not installed.
        ValueError: The model is not built.
    """
    pydot = _pydot()
    if not model.built:
        raise ValueError(
            errors.message(
                f"`{model.name}` has not been built, so its graph is not known",
                fix="Give the first layer an `input_shape`, call `build`, or `fit` on "
                "some data",
            )
        )
    if subgraph:
        dot = pydot.Cluster(graph_name=_id(model), style="dashed")
        dot.set("label", _quoted(model.name))
        dot.set("labeljust", "l")
    else:
        dot = pydot.Dot(graph_type="digraph")
        dot.set("rankdir", rankdir)
        dot.set("concentrate", "true")
        dot.set("dpi", str(dpi))
        dot.set_node_defaults(shape="record", fontname="Helvetica")
    options = (show_shapes, show_layer_names, rankdir, expand_nested, dpi)
    layers = model._layers
    for layer in layers:
        if expand_nested and _inside(layer) is not None:
            dot.add_subgraph(model_to_dot(_inside(layer), *options, subgraph=True))
        else:
            label = _label(layer, show_shapes, show_layer_names)
            dot.add_node(pydot.Node(_id(layer), label=label))
    for source, target in _edges(model):
        if expand_nested:
            source, target = _end(source, -1), _end(target, 0)
        if source is not target:
            dot.add_edge(pydot.Edge(_id(source), _id(target)))
    return dot


def _pydot() -> Any:
    try:
        import pydot
    except ImportError:
        raise errors.missing_extra("pydot", "plot", "Drawing a model") from None
    return pydot


def _shown(path: str, ending: str) -> Any:
    if ending not in _SHOWN:
        return None
    try:
        from IPython import display
    except ImportError:
        return None
    if ending == "svg":
        return display.SVG(path)
    return display.Image(filename=path, format=ending)


def _inside(layer: Any) -> Any:
    """The model that a layer is or wraps, None if none."""
    inner = layer.layer if isinstance(layer, Wrapper) else layer
    return inner if isinstance(inner, Network) and inner._layers else None


def _edges(model: Any) -> list[tuple[Any, Any]]:
    """Pairs of layers that follow each other in a model."""
    if not model._is_graph:
        return []
    return list(
        dict.fromkeys(
            (symbol.history[0], call.layer)
            for call in model._calls[::-1]
            if not isinstance(call.layer, InputLayer)
            for symbol in parents(call)
        )
    )


def _end(layer: Any, which: int) -> Any:
    """The first (0) or last (-1) layer of a model inside the model; else the layer."""
    inner = _inside(layer)
    return layer if inner is None else _end(inner._layers[which], which)


def _id(layer: Any) -> str:
    return str(id(layer))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _label(layer: Any, show_shapes: bool, show_layer_names: bool) -> str:
    """A record label: name and class, and beside them the shapes if asked for."""
    name, kind = layer.name, type(layer).__name__
    if isinstance(layer, Wrapper):
        name = f"{name}({layer.layer.name})"
        kind = f"{kind}({type(layer.layer).__name__})"
    label = _escaped(f"{name}: {kind}" if show_layer_names else kind)
    if show_shapes:
        shapes = [_shape(layer, what) for what in ("input_shape", "output_shape")]
        label += "\\n|{input:|output:}|{{" + "}|{".join(shapes) + "}}"
    return f'"{label}"'


def _shape(layer: Any, what: str) -> str:
    return _escaped(str(getattr(layer, what, "multiple")))


def _escaped(text: str) -> str:
    """Text with the signs that mean something in a record's label made plain."""
    return re.sub(r'([\\{}|<>"])', r"\\\1", text)
