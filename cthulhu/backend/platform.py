"""What a computation will run on, where one formula is fast here and another there.

Which formulas those are is the business of whoever has them.
"""

import jax


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
