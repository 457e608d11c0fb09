"""Penalties on weights or outputs that are added to the loss."""

import numbers

from cthulhu import backend as K
from cthulhu import errors
from cthulhu.core import Configurable, registry
from cthulhu.vocabulary import face

_regularizer = registry.register("regularizer")


class Regularizer(Configurable):
    """Base class: an object called with a tensor returns a scalar penalty."""

    def __call__(self, x):
        return 0.0


@_regularizer
class L1L2(Regularizer):
    """`l1 * sum(abs(x)) + l2 * sum(x ** 2)`.

    Args:
        l1: Factor of the absolute values, 0 or more.
        l2: Factor of the squares, 0 or more.

    Example:
        >>> float(L1L2(l1=0.5)([1.0, -3.0]))
        2.0
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = float(l1)
        self.l2 = float(l2)

    def __call__(self, x):
        penalty = 0.0
        if self.l1:
            penalty = penalty + self.l1 * K.sum(K.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * K.sum(K.square(x))
        return penalty


@_regularizer
def l1(l=0.01):  # noqa: E741 - the name that Keras gave it
    """`L1L2` with the factor `l` for absolute values.

    Example:
        >>> float(l1(0.5)([1.0, -3.0]))
        2.0
    """
    return L1L2(l1=l)


@_regularizer
def l2(l=0.01):  # noqa: E741 - the name that Keras gave it
    """`L1L2` with the factor `l` for squares.

    Example:
        >>> float(l2(0.5)([1.0, -3.0]))
        5.0
    """
    return L1L2(l2=l)


@registry.register("regularizer", "l1l2")
def l1_l2(l1=0.01, l2=0.01):
    """`L1L2` with both factors.

    Example:
        >>> Dense(3, kernel_regularizer=l1_l2(l1=0.01, l2=0.001))
    """
    return L1L2(l1=l1, l2=l2)


def serialize(regularizer):
    """Class and config of a regularizer; the name of a function."""
    return registry.serialize(regularizer)


def deserialize(config, custom_objects=None):
    """The regularizer of a name or config.

    Args:
        config: Its name, or `{"class_name", "config"}`.
        custom_objects: Classes and functions of your own by name, looked through first.

    Raises:
        ValueError: no regularizer has it.
    """
    return _made(registry.get("regularizer", config, custom_objects))


def get(identifier):
    """The regularizer that `identifier` stands for.

    Args:
        identifier: None, a name, a config, or a function of a tensor.

    Raises:
        ValueError: an unknown name, or no name at all.
    """
    if identifier is None or callable(identifier):
        return identifier() if isinstance(identifier, type) else _made(identifier)
    if not isinstance(identifier, (str, dict)):
        raise ValueError(
            errors.message(
                "Could not interpret regularizer identifier",
                repr(identifier),
                "None, a name, a config or a function",
                f"For a penalty of that strength, give `l2({identifier})`"
                if isinstance(identifier, numbers.Real)
                and not isinstance(identifier, bool)
                else None,
            )
        )
    return deserialize(identifier)


def _made(found):
    # A name such as "l2" finds the function that makes the regularizer.
    return found() if found in (l1, l2, l1_l2) else found


__getattr__, __dir__ = face(__name__)
