"""The hyper-parameters of a run, as far as the run itself knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cthulhu import errors


def hparams_of(
    model: Any, params: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, bool | float | str]:
    """Optimizer, loss, batch size, epochs; what is given comes on top.

    Args:
        model: The model that is trained.
        params: What the loop told of the run.
        given: Further ones by name.

    Raises:
        TypeError: One of `given` is no number, string or bool.
    """
    found: dict[str, Any] = {}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        found["optimizer"] = type(optimizer).__name__
        config = getattr(optimizer, "get_config", dict)()
        found |= {k: v for k, v in config.items() if _plain(v) is not None}
    loss = getattr(model, "loss", None)
    loss = getattr(loss, "__name__", loss)
    if isinstance(loss, str):
        found["loss"] = loss
    for name in ("batch_size", "epochs", "samples"):
        if params.get(name) is not None:
            found[name] = params[name]
    for name, value in given.items():
        if _plain(value) is None:
            raise TypeError(
                errors.message(
                    f"The hyper-parameter `{name}` of TensorBoard cannot be written",
                    repr(value),
                    "a number, a string or a bool",
                )
            )
    return {name: _plain(value) for name, value in (found | dict(given)).items()}


def _plain(value: Any) -> Any:
    """A value as hparams take it; None if they do not.

    A float32 gets the fewest digits that tell it, so 0.01 stays 0.01.
    """
    if isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biu":
        return value.item()
    if isinstance(value, (float, np.floating)):
        short = float(str(np.float32(value)))
        return short if np.float32(short) == value else float(value)
    return None
