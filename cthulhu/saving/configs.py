"""Model configurations: from JSON to models, those of older versions included.

Names resolve in the registry only; nothing that a file names is imported, and nothing
it holds is run.  Old argument names are `vocabulary`'s business; here are the shapes
that whole configurations had: a `Sequential` as a bare list, nodes without arguments,
    merge
modes, penalties named without a class.
"""

import json
from collections.abc import Mapping
from typing import Any

from cthulhu import errors, vocabulary
from cthulhu.core import registry
from cthulhu.saving import hdf5

# How deep dicts and lists may be nested.  A model in a model costs eight levels.
DEPTH = 160


def to_json(value: Any, **kwargs: Any) -> str:
    """A JSON text; functions become names, objects their class name and config."""
    return json.dumps(value, default=_plain, **kwargs)


def _plain(value: Any) -> Any:
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__name__"):
        return value.__name__
    raise TypeError(
        errors.message(
            "A configuration cannot be written as JSON",
            received=repr(value)[:80],
            expected="numbers, texts, functions with names, objects with `get_config`",
        )
    )


def parse(text: str) -> Any:
    """What a JSON text says.

    Raises:
        DamagedFile: If it is not JSON.
        RefusedFile: If it is nested too deep.
    """
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise hdf5.DamagedFile(
            errors.message(f"The configuration is not valid JSON: {problem}")
        ) from problem
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value, DEPTH)
    return value


def _check_depth(value: Any, left: int) -> None:
    if left < 0:
        raise _too_deep()
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list):
        return
    for part in value:
        _check_depth(part, left - 1)


def _too_deep() -> hdf5.RefusedFile:
    return hdf5.RefusedFile(
        errors.message(
            "The configuration was not loaded: it is nested too deep",
            expected=f"at most {DEPTH} levels",
        )
    )


def model_from_config(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
) -> Any:
    """A model from its configuration.

    Args:
        config: A dict with `class_name` and `config`, of any version of Keras.
        custom_objects: The user's own classes and functions by name.  Under the name of
            a `Lambda` layer: the function it shall have.
        safe_mode: Whether Python code in the configuration is refused.

    Raises:
        TypeError: If `config` is a list.
        ValueError: If it names something unknown, or holds code.
    """
    if isinstance(config, list):
        raise TypeError(
            errors.message(
                "`model_from_config` got a list",
                expected="a dict with `class_name` and `config`",
                fix="Is it the config of a `Sequential`? Use `Sequential.from_config`",
            )
        )
    custom = dict(custom_objects or {})
    with registry.custom_object_scope(custom):
        return registry.deserialize("layer", modern(config, custom, safe_mode), custom)


def model_from_json(
    json_string: str,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
) -> Any:
    """A model from what `to_json` gave: its layers without their weights.

    Args:
        json_string: The text.
        custom_objects: The user's own classes and functions by name.
        safe_mode: Whether Python code in the configuration is refused.

    Example:
        >>> twin = model_from_json(model.to_json())  # doctest: +SKIP
    """
    return model_from_config(parse(json_string), custom_objects, safe_mode)


def modern(
    config: Any, custom_objects: Mapping[str, Any], safe_mode: bool = True
) -> Any:
    """A configuration of any version in today's shape; what came is left as it is."""
    if isinstance(config, list):
        return [modern(part, custom_objects, safe_mode) for part in config]
    if not isinstance(config, Mapping):
        return config
    config = {
        key: modern(_classed(key, part), custom_objects, safe_mode)
        for key, part in config.items()
    }
    if "inbound_nodes" in config:
        config["inbound_nodes"] = [_node(node) for node in config["inbound_nodes"]]
    name = config.get("class_name")
    if name is None or "config" not in config:
        return config
    if not isinstance(name, str):
        raise hdf5.RefusedFile(
            errors.message("The config was not loaded: a `class_name` is no name")
        )
    standard = name if name in custom_objects else vocabulary.canonical(name)
    if standard in _SHAPES:
        config.update(_SHAPES[standard](config["config"], custom_objects, safe_mode))
    return config


def _classed(key: str, value: Any) -> Any:
    """Penalties and constraints of Keras 1: a name beside the arguments."""
    is_one = key.endswith(("_regularizer", "_constraint")) and isinstance(value, dict)
    if not is_one or "name" not in value or "class_name" in value:
        return value
    rest = {name: part for name, part in value.items() if name != "name"}
    return {"class_name": value["name"], "config": rest}


def _node(node: Any) -> Any:
    """A node's sources with their call arguments, which Keras 1 did not have."""
    if not isinstance(node, list):
        return node
    return [
        [*source, {}] if isinstance(source, list) and len(source) == 3 else source
        for source in node
    ]


def _sequential(config: Any, custom_objects, safe_mode) -> dict:
    return {"config": {"layers": config}} if isinstance(config, list) else {}


_MERGES = {
    "sum": ("Add", {}),
    "mul": ("Multiply", {}),
    "ave": ("Average", {}),
    "max": ("Maximum", {}),
    "concat": ("Concatenate", {"concat_axis": "axis"}),
    "dot": ("Dot", {"dot_axes": "axes"}),
}


def _merge(config: Any, custom_objects, safe_mode) -> dict:
    """One layer for all ways of merging, as Keras 1 had it."""
    mode = config.get("mode")
    if mode not in _MERGES:
        raise ValueError(
            errors.message(
                f"The `Merge` layer `{config.get('name')}` cannot be loaded",
                received=f"mode={mode!r:.60}",
                expected="one of " + ", ".join(f'"{known}"' for known in _MERGES),
                fix="Build the model in code, and load its weights",
            )
        )
    name, arguments = _MERGES[mode]
    kept = {new: config[old] for old, new in arguments.items() if old in config}
    return {"class_name": name, "config": {"name": config.get("name"), **kept}}


def _lambda(config: Any, custom_objects, safe_mode) -> dict:
    """A function given for the layer by its name, or its code if that is trusted."""
    config = dict(config)
    given = custom_objects.get(config.get("name", ""))
    if callable(given) and not isinstance(given, type):
        return {"config": {**config, "function": given, "function_type": "function"}}
    if not safe_mode:
        found = registry.find("layer", "Lambda", custom_objects)
        made = found.from_config(config, dict(custom_objects), safe_mode=False)
        # Functions instead of code: what builds the model stays in safe mode.
        config.update(function=made.function, function_type="function")
        if config.get("output_shape_type", "raw") != "raw":
            config.update(output_shape=made._output_shape, output_shape_type="raw")
        if config.get("mask") is not None:
            config["mask"] = made.mask
    return {"config": config}


_SHAPES = {"Sequential": _sequential, "Merge": _merge, "Lambda": _lambda}
