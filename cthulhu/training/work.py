"""How much work a traced computation is, roughly and without asking the compiler."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def operations(jaxpr: Any) -> float:
    """Multiplications and additions of all products of matrices, loops unrolled.

    Convolutions do not count: on a CPU they share the cores by themselves.

    Args:
        jaxpr: What `jax.jit(f).trace(...)` has as `jaxpr`; the body of a loop whose
            length is not known counts once.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> product = jax.jit(jnp.matmul).trace(jnp.ones((2, 3)), jnp.ones((3, 4)))
        >>> operations(product.jaxpr)
        48.0
    """
    total = 0.0
    for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        inner = sum(map(operations, _inside(equation.params.values())))
        total += inner * equation.params.get("length", 1)
        if equation.primitive.name == "dot_general":
            (summed, _), _ = equation.params["dimension_numbers"]
            shape = equation.invars[0].aval.shape
            terms = math.prod(shape[axis] for axis in summed)
            total += 2.0 * terms * equation.outvars[0].aval.size
    return total


def _inside(params: Any) -> Iterator[Any]:
    for param in params:
        if hasattr(param, "eqns") or hasattr(param, "jaxpr"):
            yield param
        elif isinstance(param, (tuple, list)):
            yield from _inside(param)
