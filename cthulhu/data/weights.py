"""What each sample weighs: `sample_weight`, `class_weight` and the two together.

The rules are those of Keras 2.3.1.  What a loss does with weights is `losses`'
business.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cthulhu import config, errors, vocabulary
from cthulhu.data import arrays


def by_output(weight: Any, output_names: Sequence[str] | None, what: str) -> list:
    """One weight argument per output.

    Args:
        weight: None, the weight of the only output, a list in the order of the outputs,
            or a dict by their names; outputs left out of a dict get None.
        output_names: The names of the outputs.
        what: "sample_weight" or "class_weight", for the messages.

    Raises:
        DataError: For a list of another length, or a key that is no output's name.
        TypeError: If the model has several outputs and `weight` is neither list nor
            dict.
    """
    names = list(output_names or [])
    if weight is None or (
        isinstance(weight, (list, tuple, Mapping)) and not len(weight)
    ):
        return [None] * len(names)
    if len(names) == 1:
        if isinstance(weight, Mapping) and names[0] in weight:
            return [weight[names[0]]]
        alone = isinstance(weight, (list, tuple)) and len(weight) == 1
        if alone and (weight[0] is None or np.ndim(weight[0]) > 0):
            return list(weight)
        return [weight]
    if isinstance(weight, list):
        if len(weight) != len(names):
            raise errors.DataError(
                errors.message(
                    f"`{what}` does not fit the model's outputs",
                    received=f"a list of {len(weight)}",
                    expected=f"one for each of the {len(names)} outputs",
                )
            )
        return list(weight)
    if isinstance(weight, Mapping):
        for key in weight:
            if key not in names:
                raise errors.unknown_name(f"output in `{what}`", key, names)
        return [weight.get(name) for name in names]
    raise TypeError(
        errors.message(
            f"`{what}` must say which output it is for: the model has {len(names)}",
            received=f"a {type(weight).__name__}",
            expected="a list in their order, or a dict by their names",
        )
    )


def weigh(
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping | None = None,
    mode: str | None = None,
    name: str = "target",
) -> np.ndarray | None:
    """The weights of the samples of one output, or None if all weigh the same.

    Args:
        y: The targets, (n, ...); None if the output has none.
        sample_weight: One weight per row, (n,), or with `mode="temporal"` per row and
            step, (n, steps).
        class_weight: Weight by class; `y` holds class numbers, (n,) or (n, 1), or
            one-hot rows.  The two kinds of weight are multiplied.
        mode: None or "temporal".
        name: The output, for the messages.

    Raises:
        DataError: For a shape that does not fit, or a class without a weight.

    Example:
        >>> weigh(np.array([[0], [1]]), class_weight={0: 1.0, 1: 3.0})
        array([1., 3.], dtype=float32)
    """
    if mode not in (None, "temporal"):
        guess = vocabulary.guess(str(mode), ["temporal"])
        raise errors.DataError(
            errors.message(
                f"Unknown `sample_weight_mode` for `{name}`",
                received=repr(mode),
                expected='None or "temporal"',
                fix=errors.did_you_mean(guess) if guess else None,
            )
        )
    if sample_weight is None and class_weight is None:
        if mode == "temporal" and y is not None:
            _check_temporal(y, name)
        return None
    if y is None:
        raise errors.DataError(
            errors.message(f"Weights were passed for `{name}`, which has no targets")
        )
    weights = None
    if sample_weight is not None:
        weights = _check_sample_weight(sample_weight, y, mode, name)
    if class_weight is not None:
        of_class = _class_weights(y, class_weight, name)
        if weights is None:
            return of_class
        weights = weights * of_class.reshape(of_class.shape + (1,) * (weights.ndim - 1))
    return weights


def _check_temporal(y, name):
    if len(y.shape) < 3:
        raise errors.DataError(
            errors.message(
                f'`sample_weight_mode="temporal"` needs targets with steps for '
                f"`{name}`",
                received=f"targets of shape {tuple(y.shape)}",
                expected="shape (rows, steps, ...), rank 3 or more",
            )
        )


def _check_sample_weight(sample_weight, y, mode, name) -> np.ndarray:
    weights = arrays.to_array(sample_weight, f"`sample_weight` of `{name}`")
    rank = 1 if mode is None else 2
    if mode == "temporal":
        _check_temporal(y, name)
    if weights.ndim != rank:
        raise errors.DataError(
            errors.message(
                f"`sample_weight` of `{name}` has the wrong rank",
                received=f"shape {tuple(weights.shape)}",
                expected="one weight per row, shape (rows,)"
                if mode is None
                else "one weight per row and step, shape (rows, steps)",
                fix="For a weight per step, `compile` with "
                '`sample_weight_mode="temporal"`'
                if mode is None
                else None,
            )
        )
    if tuple(y.shape[:rank]) != tuple(weights.shape):
        raise errors.DataError(
            errors.message(
                f"`sample_weight` of `{name}` does not fit its targets",
                received=f"shape {tuple(weights.shape)}",
                expected=f"shape {tuple(y.shape[:rank])}",
            )
        )
    arrays.check_nan(weights, f"`sample_weight` of `{name}`")
    return weights if weights.dtype.kind == "f" else weights.astype(config.floatx())


def _class_weights(y, class_weight: Mapping, name: str) -> np.ndarray:
    if len(y.shape) > 2:
        raise errors.DataError(
            errors.message(
                f"`class_weight` cannot be used for `{name}`",
                received=f"targets of shape {tuple(y.shape)}",
                expected="class numbers, or one-hot rows of rank 2",
                fix="Pass `sample_weight`",
            )
        )
    y = np.asarray(y[: len(y)])
    classes = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    present, position = np.unique(classes, return_inverse=True)
    if not isinstance(class_weight, Mapping):
        raise errors.DataError(
            errors.message(
                f"`class_weight` of `{name}` cannot be read",
                received=f"{class_weight!r:.60}",
                expected="a dict of class numbers to weights, like {0: 1.0, 1: 2.5}",
                fix="Compute them, for example with scikit-learn's "
                '`compute_class_weight("balanced", classes=classes, y=y)`, and give '
                "`dict(zip(classes, weights))`"
                if isinstance(class_weight, str)
                else None,
            )
        )
    try:
        table = {float(key): value for key, value in class_weight.items()}
    except (TypeError, ValueError):
        raise errors.DataError(
            errors.message(
                f"`class_weight` of `{name}` has keys that are no class numbers",
                received="the keys " + ", ".join(map(repr, class_weight)),
                expected="the class numbers of the targets: "
                + ", ".join(str(_plain(c)) for c in present[:8]),
            )
        ) from None
    missing = [_plain(c) for c in present if float(c) not in table]
    if missing:
        raise errors.DataError(
            errors.message(
                f"`class_weight` has no weight for class "
                f"{', '.join(map(str, missing[:8]))} of `{name}`",
                received="weights for " + ", ".join(map(str, class_weight)),
                expected="a weight for every class in the data",
            )
        )
    weights = np.array([table[float(c)] for c in present], dtype=config.floatx())
    return weights[position.reshape(-1)]


def _plain(number) -> int | float:
    return int(number) if float(number).is_integer() else float(number)
