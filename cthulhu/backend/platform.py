"""What a computation will run on, where one formula is fast here and another there.

Which formulas those are is the business of whoever has them.
"""

import jax
import jax.numpy as jnp

try:
    from jax.experimental.xla_metadata import set_xla_metadata as _told
except ImportError:  # an older JAX, where `apart` makes nothing faster
    _told = None


def on_cpu():
    """Whether things are computed on a CPU, unless somebody puts them elsewhere."""
    return jax.default_backend() == "cpu"


def by_platform(*args, cpu, default):
    """`cpu(*args)` on a CPU, `default(*args)` on other devices.

    Where a CPU is what there is, that is settled at once: tracing and differentiating
    both takes a third of the time that a convolutional net needs to its first step.
    """
    if on_cpu():
        return cpu(*args)
    return jax.lax.platform_dependent(*args, cpu=cpu, default=default)


@jax.custom_jvp
def once(x):
    """`x`, which a CPU computes and keeps, once, if a convolution or product uses it.

    XLA puts what is made of one array into each loop that uses it, with what that was
    made of, through a whole stack of residual blocks; and takes barriers away before.
    What is made of two arrays it keeps where not all users can take it in.  So this is
    the larger one of `x` and of something that is never larger.  Best at the end of
    what is cheap: what a convolution does not use itself is put into loops again.
    """
    if not on_cpu() or not jnp.issubdtype(x.dtype, jnp.floating):
        return x
    return jnp.maximum(x, x - 1)


once.defjvp(lambda primals, tangents: (once(*primals), *tangents))


def apart(function, *args):
    """`function(*args)`, into which a CPU puts nothing of what made the arguments.

    It takes some microseconds.  A reshape of what is computed is worth them: XLA would
    compute it in the new shape, one number after the other, with divisions for the
    place of each in the old one.
    """
    if _told is None or not on_cpu():
        return function(*args)
    with _told(inlineable="false"):
        return jax.jit(function)(*args)
