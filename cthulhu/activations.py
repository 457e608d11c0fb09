"""Activation functions, found by name: `activations.get("relu")`.

Layers with weights or settings of their own that activate are `layers`' business.
"""

import math
import warnings

from cthulhu import backend as K
from cthulhu.core import registry
from cthulhu.vocabulary import face

_activation = registry.register("activation")

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


@_activation
def softmax(x, axis=-1):
    """`exp(x) / sum(exp(x))` along an axis: positive numbers with the sum 1.

    Raises:
        ValueError: `x` has one axis only.

    Example:
        >>> softmax(np.zeros((1, 4), "float32")).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """
    if K.ndim(x) < 2:
        raise ValueError(
            "Cannot apply softmax to a tensor that is 1D. Received a tensor of shape "
            f"{K.int_shape(x)}, expected (samples, ...)."
        )
    return K.softmax(x, axis)


@_activation
def elu(x, alpha=1.0):
    """`x` above 0, `alpha * (exp(x) - 1)` else.

    Example:
        >>> [round(y, 4) for y in elu(np.array([-1.0, 2.0])).tolist()]  # exp(-1) - 1
        [-0.6321, 2.0]

    See: Clevert et al., Exponential Linear Units, 2015.
    """
    return K.elu(x, alpha)


@_activation
def selu(x):
    """`scale * elu(x, alpha)` with the two constants that keep mean 0 and variance 1.

    Goes with `lecun_normal` weights and `AlphaDropout`.

    Example:
        >>> [round(y, 4) for y in selu(np.array([-1.0, 1.0])).tolist()]
        [-1.1113, 1.0507]

    See: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """
    return K.elu(x, _SELU_ALPHA) * _SELU_SCALE


@_activation
def softplus(x):
    """`log(exp(x) + 1)`.

    Example:
        >>> [round(y, 4) for y in softplus(np.array([0.0])).tolist()]  # log(2)
        [0.6931]
    """
    return K.softplus(x)


@_activation
def softsign(x):
    """`x / (abs(x) + 1)`.

    Example:
        >>> softsign(np.array([-1.0, 3.0])).tolist()
        [-0.5, 0.75]
    """
    return K.softsign(x)


@_activation
def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    """`max(x, 0)`, unless asked for more.

    Args:
        x: A tensor.
        alpha: Slope below `threshold`, as in `alpha * (x - threshold)`.
        max_value: Largest value, None for no bound.
        threshold: Where `x` begins to pass.

    Example:
        >>> relu(np.array([-2.0, 3.0])).tolist()
        [0.0, 3.0]
        >>> relu(np.array([-2.0, 9.0]), alpha=0.5, max_value=6).tolist()
        [-1.0, 6.0]
    """
    return K.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


@_activation
def tanh(x):
    """The hyperbolic tangent.

    Example:
        >>> tanh(np.array([0.0])).tolist()
        [0.0]
    """
    return K.tanh(x)


@_activation
def sigmoid(x):
    """`1 / (1 + exp(-x))`.

    Example:
        >>> sigmoid(np.array([0.0])).tolist()
        [0.5]
    """
    return K.sigmoid(x)


@_activation
def hard_sigmoid(x):
    """0 below -2.5, 1 above 2.5, `0.2 * x + 0.5` between.

    Example:
        >>> hard_sigmoid(np.array([-3.0, 0.0, 3.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    return K.hard_sigmoid(x)


@_activation
def exponential(x):
    """`exp(x)`.

    Example:
        >>> exponential(np.array([0.0])).tolist()
        [1.0]
    """
    return K.exp(x)


@_activation
def linear(x):
    """`x` itself."""
    return x


@_activation
def gelu(x, approximate=False):
    """`x` times the normal distribution function of `x`.

    Args:
        x: A tensor.
        approximate: Whether to use the approximation by tanh.

    See: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
    """
    if approximate:
        inner = (x + 0.044715 * K.pow(x, 3)) * math.sqrt(2 / math.pi)
        return 0.5 * x * (1.0 + K.tanh(inner))
    return 0.5 * x * (1.0 + K.erf(x * math.sqrt(0.5)))


@registry.register("activation", "silu")
def swish(x):
    """`x * sigmoid(x)`.

    Example:
        >>> [round(y, 4) for y in swish(np.array([0.0, 2.0])).tolist()]  # 2 sigmoid(2)
        [0.0, 1.7616]

    See: Ramachandran et al., Searching for Activation Functions, 2017.
    """
    return x * K.sigmoid(x)


silu = swish


@_activation
def mish(x):
    """`x * tanh(softplus(x))`.

    See: Misra, Mish, 2019.
    """
    return x * K.tanh(K.softplus(x))


def serialize(activation):
    """The name of a function; class and config of an object."""
    return registry.serialize(activation)


def deserialize(name, custom_objects=None):
    """The activation of a name or config.

    Args:
        name: Its name, or `{"class_name", "config"}`.
        custom_objects: Classes and functions of your own by name, looked through first.

    Raises:
        ValueError: no activation has it.
    """
    return registry.get("activation", name, custom_objects)


def get(identifier):
    """The activation function that `identifier` stands for.

    Args:
        identifier: None (`linear`), a name, a config or a function.

    Raises:
        ValueError: an unknown name, or no name at all.

    Example:
        >>> get("relu") is relu, get(None) is linear
        (True, True)
    """
    if identifier is None:
        return linear
    if callable(identifier):
        if hasattr(identifier, "call") and hasattr(identifier, "build"):
            warnings.warn(
                "Do not pass a layer instance (such as "
                f"{type(identifier).__name__}) as the activation argument of another "
                "layer. Advanced activation layers are layers like any other.",
                stacklevel=2,
            )
        return identifier
    if not isinstance(identifier, (str, dict)):
        raise ValueError(
            f"Could not interpret activation function identifier: {identifier!r}. "
            "Expected None, a name, a config or a function."
        )
    return deserialize(identifier)


__getattr__, __dir__ = face(__name__)
