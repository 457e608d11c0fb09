"""A model beside a model: the same inputs and weights, with other outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cthulhu import errors
from cthulhu.layers.input import InputLayer


def tapped(model: Any, names: Iterable[str] | None = None) -> list[Any]:
    """The symbols that layers of a model make, in the order of its layers.

    Args:
        model: A model.
        names: Names of layers; None: all but inputs.  A layer that is called several
            times has a symbol for each call.

    Raises:
        ValueError: An unknown name.
        NotImplementedError: The model is defined by Python code.
    """
    if not model._is_graph:
        raise NotImplementedError(
            errors.message(
                f"`{type(model).__name__}` is defined by Python code, so the outputs "
                "of its layers are not known",
                fix="Build it from layers with `Model(inputs, outputs)`",
            )
        )
    if names is None:
        layers = [la for la in model._layers if not isinstance(la, InputLayer)]
    else:
        layers = [model.get_layer(name) for name in names]
    calls = set(model._calls)
    return [
        symbol
        for layer in layers
        for call in layer._inbound_nodes
        if call in calls
        for symbol in call.output_tensors
    ]
