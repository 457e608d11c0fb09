"""Model configurations as YAML: the text that `to_yaml` of Keras 1 and 2 wrote.

The loaders of those days ran code that the text named (CVE-2021-37678).  Here a text is
data and nothing else: tags that would make Python objects are refused, tuples aside.
What a configuration means is `configs`' business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cthulhu import errors
from cthulhu.saving import configs, hdf5
from cthulhu.saving.model import model_to_json

# Parts of a configuration, counted where they are used: one text may name a part and
# use it many times, so that a short text stands for a huge one.
PARTS = 1_000_000


def model_to_yaml(model: Any, **kwargs: Any) -> str:
    """The configuration of a model as YAML; `kwargs` go to `yaml.safe_dump`.

    Raises:
        ImportError: PyYAML is not installed.
    """
    config = json.loads(model_to_json(model))
    return _yaml().safe_dump(config, **{"default_flow_style": None, **kwargs})


def model_from_yaml(
    yaml_string: str,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
) -> Any:
    """A model from what `to_yaml` gave: its layers without their weights.

    Args:
        yaml_string: The text.
        custom_objects: The user's own classes and functions by name.
        safe_mode: Whether Python code in the configuration is refused.

    Raises:
        ValueError: It is not YAML, names something unknown, or holds code or Python
            objects.
        ImportError: PyYAML is not installed.

    Example:
        >>> twin = model_from_yaml(model.to_yaml())  # doctest: +SKIP
    """
    return configs.model_from_config(parse(yaml_string), custom_objects, safe_mode)


def parse(text: str) -> Any:
    """What a YAML text says.

    Raises:
        DamagedFile: If it is not YAML.
        RefusedFile: If it makes Python objects, or is too deep or too large.
    """
    yaml = _yaml()

    class Reader(yaml.SafeLoader):
        """The safe loader, and the tuples that Keras wrote."""

    Reader.add_constructor("tag:yaml.org,2002:python/tuple", Reader.construct_yaml_seq)
    try:
        value = Reader(text).get_single_data()
    except yaml.constructor.ConstructorError as problem:
        raise hdf5.RefusedFile(
            errors.message(
                "The configuration was not loaded: it makes Python objects, or is no "
                f"plain data: {problem.problem}",
                fix="If you trust it, write it anew without them",
            )
        ) from problem
    except yaml.YAMLError as problem:
        raise hdf5.DamagedFile(
            errors.message(f"The configuration is not valid YAML: {problem}")
        ) from problem
    except RecursionError:
        raise _too_large() from None
    return _tree(value, [PARTS], configs.DEPTH)


def _tree(value: Any, left: list[int], depth: int) -> Any:
    """A copy in which no part is shared."""
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise _too_large()
    if isinstance(value, Mapping):
        return {key: _tree(part, left, depth - 1) for key, part in value.items()}
    if isinstance(value, list):
        return [_tree(part, left, depth - 1) for part in value]
    return value


def _too_large() -> hdf5.RefusedFile:
    return hdf5.RefusedFile(
        errors.message(
            "The configuration was not loaded: it is nested too deep or too large",
            expected=f"at most {configs.DEPTH} levels and {PARTS} parts",
        )
    )


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise errors.missing_extra("PyYAML", "yaml", "Models as YAML") from None
    return yaml
