"""Initial values of weights, drawn on the host.

Calling an initializer with a shape gives an array.  Drawing in NumPy costs no
compilation, whatever the shape; keys of a step and dropout are `backend.random`'s.
"""

import math

import jax.numpy as jnp
import numpy as np

from cthulhu import backend as K
from cthulhu.core import Configurable, draw_seed, registry
from cthulhu.vocabulary import face

# The standard deviation of a standard normal cut off at two of them.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer(Configurable):
    """Base class: an object called with a shape (and dtype) returns an array."""

    def __call__(self, shape, dtype=None):
        raise NotImplementedError(
            f"`{type(self).__name__}` has no `__call__(shape, dtype=None)`."
        )

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """An initializer from its config; the `dtype` that tf.keras adds is dropped.

        Args:
            config: Its arguments by name.
            custom_objects: Classes and functions of your own by name.
        """
        config = {name: value for name, value in config.items() if name != "dtype"}
        return super().from_config(config, custom_objects)


def _array(values, dtype):
    dtype = np.dtype(jnp.dtype(K.floatx() if dtype is None else dtype))
    return jnp.asarray(np.asarray(values, dtype=dtype), dtype=dtype)


@registry.register("initializer", "zeros", "zero")
class Zeros(Initializer):
    """All 0.

    Example:
        >>> Zeros()((2,)).tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape, dtype=None):
        return _array(np.zeros(shape), dtype)


@registry.register("initializer", "ones", "one")
class Ones(Initializer):
    """All 1.

    Example:
        >>> Ones()((2,)).tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape, dtype=None):
        return _array(np.ones(shape), dtype)


@registry.register("initializer", "constant")
class Constant(Initializer):
    """All the same number.

    Args:
        value: That number, or an array of as many entries as the weight.

    Example:
        >>> Constant(0.5)((2,)).tolist()
        [0.5, 0.5]
    """

    def __init__(self, value=0):
        # A list, so that a config is what Keras writes and reads.
        self.value = np.asarray(value).tolist()

    def __call__(self, shape, dtype=None):
        value = np.asarray(self.value)
        if value.size > 1:
            return _array(value.reshape(shape), dtype)
        return _array(np.full(shape, value), dtype)


class RandomInitializer(Initializer):
    """Base of initializers that draw: `draw(rng, shape)` gives the values.

    With a `seed` the first call always gives the same values and each further call
    others; without one, NumPy's global generator decides.
    """

    def __call__(self, shape, dtype=None):
        if self.seed is None:
            seed = draw_seed()
        else:
            seed = self.seed + self.__dict__.get("_calls", 0)
            self._calls = self.__dict__.get("_calls", 0) + 1
        shape = tuple(int(size) for size in shape)
        return _array(self.draw(np.random.default_rng(seed), shape), dtype)

    def draw(self, rng, shape):
        """Values of `shape` from a NumPy generator."""
        raise NotImplementedError


def _normal(rng, shape, mean, stddev, bound=None):
    x = rng.standard_normal(shape, dtype="float32")
    if bound is not None:
        # Redrawing what lies outside leaves the distribution inside as it is.
        while (outside := np.abs(x) > bound).any():
            x[outside] = rng.standard_normal(int(outside.sum()), dtype="float32")
    return x * np.float32(stddev) + np.float32(mean)


def _uniform(rng, shape, low, high):
    return rng.random(shape, dtype="float32") * np.float32(high - low) + np.float32(low)


@registry.register("initializer", "random_normal", "normal")
class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean: Their mean.
        stddev: Their standard deviation, above 0.
        seed: An int for repeatable values, or None.

    Example:
        >>> Dense(3, kernel_initializer=RandomNormal(stddev=0.01, seed=7))
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def draw(self, rng, shape):
        return _normal(rng, shape, self.mean, self.stddev)


@registry.register("initializer", "random_uniform", "uniform")
class RandomUniform(RandomInitializer):
    """Uniform numbers.

    Args:
        minval: Lower bound.
        maxval: Upper bound.
        seed: An int for repeatable values, or None.

    Example:
        >>> bool((abs(RandomUniform(-0.1, 0.1)((100,))) <= 0.1).all())
        True
    """

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def draw(self, rng, shape):
        return _uniform(rng, shape, self.minval, self.maxval)


@registry.register("initializer", "truncated_normal")
class TruncatedNormal(RandomInitializer):
    """Normal numbers, without those more than two standard deviations off.

    Args:
        mean: Mean of the normal distribution.
        stddev: Its standard deviation before the cut, above 0.
        seed: An int for repeatable values, or None.

    Example:
        >>> bool((abs(TruncatedNormal(stddev=0.5)((100,))) <= 1.0).all())
        True
    """

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def draw(self, rng, shape):
        return _normal(rng, shape, self.mean, self.stddev, 2.0)


@registry.register("initializer", "variance_scaling")
class VarianceScaling(RandomInitializer):
    """Numbers with mean 0 and variance `scale / n`.

    Args:
        scale: Above 0.
        mode: What n counts: `"fan_in"` inputs of a unit, `"fan_out"` outputs,
            `"fan_avg"` their average.
        distribution: `"normal"` (cut off at two standard deviations) or `"uniform"`.
        seed: An int for repeatable values, or None.

    Raises:
        ValueError: an argument out of range.

    Example:
        >>> Dense(3, kernel_initializer=VarianceScaling(2.0, "fan_in", "normal"))
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="normal", seed=None):
        if scale <= 0:
            raise ValueError(f"`scale` must be a positive float. Got: {scale}.")
        self.scale, self.seed = scale, seed
        self.mode = _one_of("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        kinds = ("normal", "uniform", "truncated_normal", "untruncated_normal")
        self.distribution = _one_of("distribution", distribution, kinds)

    def draw(self, rng, shape):
        fan_in, fan_out = _compute_fans(shape)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _uniform(rng, shape, -limit, limit)
        if self.distribution == "untruncated_normal":
            return _normal(rng, shape, 0.0, math.sqrt(variance))
        return _normal(rng, shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, 2.0)


def _one_of(name, value, choices):
    value = str(value).lower()
    if value not in choices:
        raise ValueError(
            f"Invalid `{name}` argument: {value!r}. Expected one of {choices}."
        )
    return value


@registry.register("initializer", "orthogonal")
class Orthogonal(RandomInitializer):
    """An orthogonal matrix: its shorter side consists of orthonormal vectors.

    Weights of more than two axes are drawn as a matrix of their last axis against all
    others.

    Args:
        gain: Factor.
        seed: An int for repeatable values, or None.

    Example:
        >>> w = Orthogonal()((3, 3))
        >>> bool(abs(w.T @ w - np.eye(3)).max() < 1e-5)
        True

    See: Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks, 2013.
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain, self.seed = gain, seed

    def draw(self, rng, shape):
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diagonal(r))  # all orthogonal matrices equally likely
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


@registry.register("initializer", "identity")
class Identity(Initializer):
    """The identity matrix, with rows or columns of 0 where it is not square.

    Args:
        gain: Factor.

    Raises:
        ValueError: when called for anything but a matrix.

    Example:
        >>> Identity(gain=2.0)((2, 2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None):
        if len(shape) != 2:
            raise ValueError(
                "Identity matrix initializer can only be used for 2D matrices. "
                f"Received the shape {tuple(shape)}."
            )
        return _array(self.gain * np.eye(*shape), dtype)


@registry.register("initializer", "LecunUniform")
def lecun_uniform(seed=None):
    """Uniform within `sqrt(3 / fan_in)` of 0.

    See: LeCun et al., Efficient BackProp, 1998.
    """
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


@registry.register("initializer", "LecunNormal")
def lecun_normal(seed=None):
    """Truncated normal with the standard deviation `sqrt(1 / fan_in)`.

    See: LeCun et al., Efficient BackProp, 1998.
    """
    return VarianceScaling(1.0, "fan_in", "normal", seed)


@registry.register("initializer", "GlorotUniform")
def glorot_uniform(seed=None):
    """Uniform within `sqrt(6 / (fan_in + fan_out))` of 0; also named after Xavier.

    Example:
        >>> w = glorot_uniform(seed=1)((4, 2))  # within sqrt(6 / (4 + 2))
        >>> bool((abs(w) <= 1.0).all())
        True

    See: Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010.
    """
    return VarianceScaling(1.0, "fan_avg", "uniform", seed)


@registry.register("initializer", "GlorotNormal")
def glorot_normal(seed=None):
    """Truncated normal with the standard deviation `sqrt(2 / (fan_in + fan_out))`.

    See: Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010.
    """
    return VarianceScaling(1.0, "fan_avg", "normal", seed)


@registry.register("initializer", "HeUniform")
def he_uniform(seed=None):
    """Uniform within `sqrt(6 / fan_in)` of 0.

    See: He et al., Delving Deep into Rectifiers, 2015.
    """
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


@registry.register("initializer", "HeNormal")
def he_normal(seed=None):
    """Truncated normal with the standard deviation `sqrt(2 / fan_in)`.

    See: He et al., Delving Deep into Rectifiers, 2015.
    """
    return VarianceScaling(2.0, "fan_in", "normal", seed)


zero = zeros = Zeros
one = ones = Ones
constant = Constant
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal
identity = Identity
orthogonal = Orthogonal
LecunUniform, LecunNormal = lecun_uniform, lecun_normal
GlorotUniform, GlorotNormal = glorot_uniform, glorot_normal
HeUniform, HeNormal = he_uniform, he_normal

_MAKERS = (
    lecun_uniform,
    lecun_normal,
    glorot_uniform,
    glorot_normal,
    he_uniform,
    he_normal,
)


def _compute_fans(shape, data_format="channels_last"):
    """How many inputs and outputs each unit of a weight has.

    Two axes are those of a Dense kernel; three to five of a convolution's, of which the
    last two are channels and filters; else both are the square root of the size.
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) in (3, 4, 5):
        if data_format == "channels_first":
            window, (fan_out, fan_in) = shape[2:], shape[:2]
        else:
            window, (fan_in, fan_out) = shape[:-2], shape[-2:]
        field = math.prod(window)
        return fan_in * field, fan_out * field
    root = math.sqrt(math.prod(shape))
    return root, root


def serialize(initializer):
    """Class and config of an initializer; the name of a function."""
    return registry.serialize(initializer)


def deserialize(config, custom_objects=None):
    """The initializer of a name or config.

    Args:
        config: Its name, or `{"class_name", "config"}`.
        custom_objects: Classes and functions of your own by name, looked through first.

    Raises:
        ValueError: no initializer has it.
    """
    found = registry.get("initializer", config, custom_objects)
    return found() if found in _MAKERS else found


def get(identifier):
    """The initializer that `identifier` stands for.

    Args:
        identifier: None, a name, a config, or a function of shape and dtype.

    Raises:
        ValueError: an unknown name, or no name at all.

    Example:
        >>> type(get("he_normal")) is VarianceScaling
        True
    """
    if identifier is None or callable(identifier):
        maker = isinstance(identifier, type) or identifier in _MAKERS
        return identifier() if maker else identifier
    if not isinstance(identifier, (str, dict)):
        raise ValueError(
            f"Could not interpret initializer identifier: {identifier!r}. Expected a "
            "name, a config or a function."
        )
    return deserialize(identifier)


__getattr__, __dir__ = face(__name__)
