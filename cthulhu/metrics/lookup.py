"""From what a user writes in `metrics=[...]` to a metric object.

Names, functions, classes, configs and the stateful objects of older code all end as a
`Metric`.  Which output a metric belongs to is `training`'s business.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from cthulhu import backend as K
from cthulhu import errors, losses
from cthulhu.core import Variable, naming, registry
from cthulhu.metrics import functions
from cthulhu.metrics.base import MeanMetricWrapper, Metric, variables_of

# Which function a short name means: for one probability, for class numbers, for rows.
_SHORT = {
    "accuracy": (
        functions.binary_accuracy,
        functions.sparse_categorical_accuracy,
        functions.categorical_accuracy,
    ),
    "crossentropy": (
        losses.binary_crossentropy,
        losses.sparse_categorical_crossentropy,
        losses.categorical_crossentropy,
    ),
}
_SHORT["acc"], _SHORT["ce"] = _SHORT["accuracy"], _SHORT["crossentropy"]


def serialize(metric):
    """The name of a metric function, or the config of a metric object."""
    return registry.serialize(metric)


def deserialize(config, custom_objects=None):
    """The metric of a name or config.

    Args:
        config: Its name, or `{"class_name", "config"}`.
        custom_objects: Classes and functions of your own by name, looked through first.
    """
    return registry.deserialize("metric", config, custom_objects)


def get(identifier):
    """The metric function or object of a name, config, function or object.

    Raises:
        ValueError: No such metric (the message has the nearest name), or not a metric.

    Example:
        >>> get("categorical_accuracy").__name__
        'categorical_accuracy'
    """
    return registry.get("metric", identifier)


def resolve(
    identifier: Any, loss: Any = None, output_shape: Sequence[int | None] | None = None
) -> Metric:
    """The metric object for one entry of `metrics=[...]`.

    `"accuracy"`, `"acc"`, `"crossentropy"` and `"ce"` depend on the output: binary if
    its last axis is 1 or the loss is binary crossentropy, of class numbers if the loss
    is the sparse one, else of one-hot rows.

    Args:
        identifier: A name, a function, a metric object or class, a config, or an object
            of older code (`stateful`, called with targets and predictions, with
            `reset_states`).
        loss: The output's loss in any form, or None.
        output_shape: The output's shape, None where it varies.

    Returns:
        A metric; its `name` is the string that was given, the function's name or the
        object's own.

    Raises:
        ValueError: No such metric.
    """
    if isinstance(identifier, Metric):
        return identifier
    found = identifier
    if isinstance(identifier, str):
        short = identifier in _SHORT and identifier not in registry.get_custom_objects()
        found = _by_output(identifier, loss, output_shape) if short else get(identifier)
        if isinstance(found, Metric):
            found.name = identifier
    elif not callable(identifier) or isinstance(identifier, type):
        found = get(identifier)
    if isinstance(found, Metric):
        return found
    name = identifier if isinstance(identifier, str) else _name_of(found)
    if getattr(found, "stateful", False):
        return StatefulMetric(found, name)
    if not callable(found):
        raise errors.unknown_name("metric", identifier, registry.names("metric"))
    return MeanMetricWrapper(found, name=name)


def _by_output(name: str, loss: Any, shape: Sequence[int | None] | None) -> Callable:
    binary, sparse, one_hot = _SHORT[name]
    function = None if loss is None else losses.function_of(loss)
    if (shape and shape[-1] == 1) or function is losses.binary_crossentropy:
        return binary
    return sparse if function is losses.sparse_categorical_crossentropy else one_hot


def _name_of(found: Any) -> str:
    if isinstance(found, functools.partial):
        return _name_of(found.func)
    return (
        getattr(found, "name", None)
        or getattr(found, "__name__", None)
        or naming.to_snake_case(type(found).__name__)
    )


class StatefulMetric(Metric):
    """A metric around an object of older code, which gives its value when called.

    Args:
        target: Called with targets and predictions, gives the value since its
            `reset_states()`; its Variables are its attributes or its `weights`.
        name: Key in logs.
    """

    def __init__(self, target: Any, name: str | None = None):
        super().__init__(name=name)
        self.target = target
        self.latest = self.add_weight("latest")

    @property
    def variables(self) -> list[Variable]:
        own = [
            *(getattr(self.target, "weights", None) or ()),
            *variables_of(self.target),
        ]
        return list(dict.fromkeys([self.latest, *own]))

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Call the object; it knows nothing of weights."""
        value = self.target(losses.tensor(y_true), losses.tensor(y_pred))
        return [K.update(self.latest, value)]

    def result(self):
        return K.identity(self.latest)

    def reset_states(self) -> None:
        """Let the object forget, in its own way."""
        self.target.reset_states()
        self.latest.assign(0.0)


def clone_metric(metric):
    """A fresh metric like `metric`, without state; functions stand for themselves."""
    if isinstance(metric, Metric):
        return type(metric).from_config(metric.get_config())
    return metric


def clone_metrics(metrics):
    """`clone_metric` for each in a list or dict; None for None."""
    if metrics is None:
        return None
    if isinstance(metrics, dict):
        return {key: clone_metric(metric) for key, metric in metrics.items()}
    return [clone_metric(metric) for metric in metrics]
