"""Constraints: what is done to a weight after each update of an optimizer."""

from cthulhu import backend as K
from cthulhu.core import Configurable, registry
from cthulhu.vocabulary import face

# In each class `axis` is the axis, or list of axes, that a norm is taken over: 0 for
# the weights into each unit of a Dense layer, [0, 1, 2] for each filter of a Conv2D.


class Constraint(Configurable):
    """Base class: an object called with a weight returns what it becomes."""

    def __call__(self, w):
        return w


def _norms(w, axis):
    return K.sqrt(K.sum(K.square(w), axis=axis, keepdims=True))


@registry.register("constraint", "max_norm", "maxnorm")
class MaxNorm(Constraint):
    """Norms not above a value.

    Args:
        max_value: Largest norm, above 0.
        axis: Axis or list of axes that norms are taken over.

    Example:
        >>> w = MaxNorm(1.0)(np.array([[3.0], [4.0]]))  # a norm of 5
        >>> [round(x, 4) for x in w[:, 0].tolist()]
        [0.6, 0.8]

    See: Srivastava et al., Dropout, 2014, section 5.1.
    """

    def __init__(self, max_value=2, axis=0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        return w * (K.clip(norms, 0, self.max_value) / (K.epsilon() + norms))


@registry.register("constraint", "non_neg", "nonneg")
class NonNeg(Constraint):
    """No weight below 0.

    Example:
        >>> NonNeg()(np.array([2.0, 3.0])).tolist()
        [2.0, 3.0]
    """

    def __call__(self, w):
        return w * K.cast(K.greater_equal(w, 0.0), K.dtype(w))


@registry.register("constraint", "unit_norm", "unitnorm")
class UnitNorm(Constraint):
    """Norms of 1.

    Args:
        axis: Axis or list of axes that norms are taken over.

    Example:
        >>> w = UnitNorm()(np.array([[6.0], [8.0]]))
        >>> [round(x, 4) for x in w[:, 0].tolist()]
        [0.6, 0.8]
    """

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (K.epsilon() + _norms(w, self.axis))


@registry.register("constraint", "min_max_norm")
class MinMaxNorm(Constraint):
    """Norms between two values.

    Args:
        min_value: Smallest norm, 0 or more.
        max_value: Largest norm.
        rate: How far towards the bound each update moves a norm that is out of it, from
            0 to 1 (all the way).
        axis: Axis or list of axes that norms are taken over.

    Example:
        >>> w = MinMaxNorm(10.0, 20.0)(np.array([[3.0], [4.0]]))  # a norm of 5
        >>> [round(x, 4) for x in w[:, 0].tolist()]
        [6.0, 8.0]
    """

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value, self.max_value = min_value, max_value
        self.rate, self.axis = rate, axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        inside = K.clip(norms, self.min_value, self.max_value)
        desired = self.rate * inside + (1 - self.rate) * norms
        return w * (desired / (K.epsilon() + norms))


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm


def serialize(constraint):
    """Class and config of a constraint; the name of a function."""
    return registry.serialize(constraint)


def deserialize(config, custom_objects=None):
    """The constraint of a name or config.

    Args:
        config: Its name, or `{"class_name", "config"}`.
        custom_objects: Classes and functions of your own by name, looked through first.

    Raises:
        ValueError: no constraint has it.
    """
    return registry.get("constraint", config, custom_objects)


def get(identifier):
    """The constraint that `identifier` stands for.

    Args:
        identifier: None, a name, a config, or a function of a weight.

    Raises:
        ValueError: an unknown name, or no name at all.
    """
    if not (identifier is None or callable(identifier)) and not isinstance(
        identifier, (str, dict)
    ):
        raise ValueError(
            f"Could not interpret constraint identifier: {identifier!r}. Expected "
            "None, a name, a config or a function."
        )
    return registry.get("constraint", identifier)


__getattr__, __dir__ = face(__name__)
