"""Random arrays: bits from a key, and the distributions made of them.

Keys come from the current scope (`core.scope`), so that a step can be computed again
bit by bit.  Initial weights are drawn by `initializers`.

Args:
    key: Two words of uint32.
    x: Array, variable or symbol.
    shape: Sizes of the axes.
    mean: Mean of the distribution.
    stddev: Its standard deviation, 0 or more.
    dtype: Name of the dtype; None: `floatx()`.
    name: Any string, for the variable's name.
    seed: Whole number that fixes the draw; None: the scope's next one.
"""

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import config
from cthulhu.backend.tensor import as_array, static_shape, variable
from cthulhu.core import current_scope, draw_seed, op

# Bits for a (128, 512) mask in a compiled loop on two CPU cores, microseconds: jax's
# threefry 320, rbg 560, threefry at 16 bits packed two to a word 140, the hash below
# 11.  So JAX keys (threefry folds) name the streams, and the hash fills them: a ratio
# of 29, and rates are exact to 2**-32.


def random_bits(key, shape):
    """Uniform uint32 numbers: a keyed hash of the position of each entry.

    Three rounds of multiply and shift (the constants of C. Wellons' `triple32`, whose
    bias is at the level of chance), with both words of the key stirred in between.
    """
    words = jax.random.key_data(key).astype("uint32").reshape(-1)
    first, second = words[0], words[1]
    x = jax.lax.iota("uint32", int(np.prod(shape, dtype=int))).reshape(shape)
    x = x ^ first
    x = (x ^ (x >> 17)) * np.uint32(0xED5AD4BB)
    x = x ^ second
    x = (x ^ (x >> 11)) * np.uint32(0xAC4C1B51)
    x = x + first
    x = (x ^ (x >> 15)) * np.uint32(0x31848BAB)
    return x ^ (x >> 14)


def random_mask(key, probability, shape):
    """Booleans that are True with a probability from 0 to 1."""
    if isinstance(probability, (int, float)):
        if probability >= 1:
            return jnp.ones(shape, bool)
        threshold = np.uint32(min(round(probability * 2**32), 2**32 - 1))
        return random_bits(key, shape) < threshold
    return unit_uniform(key, shape) < as_array(probability)


def unit_uniform(key, shape, dtype="float32"):
    """Numbers from 0 up to but without 1, in steps of 2**-24."""
    return ((random_bits(key, shape) >> 8).astype("float32") * 2.0**-24).astype(dtype)


def _inner_uniform(key, shape):
    # Strictly between 0 and 1, so that inverse distribution functions stay finite.
    return (random_bits(key, shape) >> 8).astype("float32") * 2.0**-24 + 2.0**-25


def standard_normal(key, shape, bound=None):
    """Standard normal numbers, only those within `bound` of 0 if it is given."""
    uniform = 2.0 * _inner_uniform(key, shape) - 1.0
    if bound is not None:
        uniform = uniform * jax.scipy.special.erf(bound * 2**-0.5)
    x = np.float32(2**0.5) * jax.lax.erf_inv(uniform)
    return x if bound is None else jnp.clip(x, -bound, bound)


def scope_key(seed=None):
    """A key of the current scope that nobody else gets; `seed` is folded in."""
    return current_scope().next_key(seed)


def _dtype(dtype):
    return config.floatx() if dtype is None else dtype


def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal numbers of a mean and a standard deviation."""
    return _normal(shape, mean, stddev, _dtype(dtype), seed)


@op
def _normal(shape, mean, stddev, dtype, seed, bound=None):
    x = standard_normal(scope_key(seed), static_shape(shape), bound)
    return (x * as_array(stddev) + as_array(mean)).astype(dtype)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal numbers, without those more than two standard deviations off."""
    return _normal(shape, mean, stddev, _dtype(dtype), seed, 2.0)


def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Uniform numbers from `minval` up to but without `maxval`."""
    return _uniform(shape, minval, maxval, _dtype(dtype), seed)


@op
def _uniform(shape, minval, maxval, dtype, seed):
    x = unit_uniform(scope_key(seed), static_shape(shape))
    low, high = as_array(minval), as_array(maxval)
    if jnp.issubdtype(np.dtype(dtype), jnp.integer):
        return (low + jnp.floor(x * (high - low)).astype(dtype)).astype(dtype)
    return (x * (high - low) + low).astype(dtype)


def random_binomial(shape, p=0.0, dtype=None, seed=None):
    """Ones with probability `p`, zeros else."""
    return _binomial(shape, p, _dtype(dtype), seed)


@op
def _binomial(shape, p, dtype, seed):
    return random_mask(scope_key(seed), p, static_shape(shape)).astype(dtype)


def random_uniform_variable(shape, low, high, dtype=None, name=None, seed=None):
    """A variable of uniform numbers from `low` to `high`."""
    rng = np.random.RandomState(draw_seed() if seed is None else seed)
    return variable(rng.uniform(low, high, static_shape(shape)), dtype, name)


def random_normal_variable(shape, mean, scale, dtype=None, name=None, seed=None):
    """A variable of normal numbers of a mean and a standard deviation `scale`."""
    rng = np.random.RandomState(draw_seed() if seed is None else seed)
    return variable(rng.normal(mean, scale, static_shape(shape)), dtype, name)


def dropout(x, level, noise_shape=None, seed=None):
    """Entries set to 0 at random, the others divided by `1 - level`.

    Args:
        level: Share of entries to drop, from 0 up to but without 1.
        noise_shape: Shape of the random mask, which is broadcast to that of `x`; None
            or a size of None: that of `x`.
        seed: Folded into the key of the current scope.

    Raises:
        ValueError: `level` is out of range.

    See: Srivastava et al., Dropout, 2014.
    """
    if isinstance(level, (int, float)) and not 0 <= level < 1:
        raise ValueError(
            f"`level` of dropout is {level}, expected a share from 0 up to but "
            "without 1."
        )
    return _dropout(x, level, noise_shape, seed)


@op
def _dropout(x, level, noise_shape, seed):
    x = as_array(x)
    if isinstance(level, (int, float)) and level == 0:
        return x
    shape = x.shape
    if noise_shape is not None:
        shape = tuple(
            n if m is None else int(m) for n, m in zip(shape, noise_shape, strict=True)
        )
    keep = 1.0 - level
    mask = random_mask(scope_key(seed), keep, shape)
    return jnp.where(mask, x * (1.0 / keep), jnp.zeros((), x.dtype)).astype(x.dtype)
