"""How much work a traced computation is, roughly and without asking the compiler."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple


class Work(NamedTuple):
    """Multiplications and additions, loops unrolled.

    Attributes:
        products: Those of products of matrices.
        convolutions: Those of convolutions.
    """

    products: float
    convolutions: float


def operations(jaxpr: Any) -> Work:
    """The work of a computation, as far as it is products and convolutions.

    Args:
        jaxpr: What `jax.jit(f).trace(...)` has as `jaxpr`; the body of a loop whose
            length is not known counts once.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> product = jax.jit(jnp.matmul).trace(jnp.ones((2, 3)), jnp.ones((3, 4)))
        >>> operations(product.jaxpr)
        Work(products=48.0, convolutions=0.0)
    """
    products = convolutions = 0.0
    for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        times = equation.params.get("length", 1)
        for inner in map(operations, _inside(equation.params.values())):
            products += times * inner.products
            convolutions += times * inner.convolutions
        if equation.primitive.name == "dot_general":
            (summed, _), _ = equation.params["dimension_numbers"]
            shape = equation.invars[0].aval.shape
            terms = math.prod(shape[axis] for axis in summed)
            products += 2.0 * terms * equation.outvars[0].aval.size
        elif equation.primitive.name == "conv_general_dilated":
            kernel = equation.invars[1].aval
            filters = equation.params["dimension_numbers"].rhs_spec[0]
            terms = kernel.size // kernel.shape[filters]
            convolutions += 2.0 * terms * equation.outvars[0].aval.size
    return Work(products, convolutions)


def largest(jaxpr: Any) -> int:
    """Bytes of the largest array that a computation makes on its way.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> outer = jax.jit(lambda x: jnp.outer(x, x).sum()).trace(jnp.ones(10))
        >>> largest(outer.jaxpr)
        400
    """
    found = 0
    for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        made = [v.aval.size * v.aval.dtype.itemsize for v in equation.outvars]
        inside = map(largest, _inside(equation.params.values()))
        found = max([found, *made, *inside])
    return found


def calls_python(jaxpr: Any) -> bool:
    """Whether a computation calls functions of Python while it runs."""
    return any(
        equation.primitive.name == "pure_callback"
        or any(map(calls_python, _inside(equation.params.values())))
        for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns
    )


def _inside(params: Any) -> Iterator[Any]:
    for param in params:
        if hasattr(param, "eqns") or hasattr(param, "jaxpr"):
            yield param
        elif isinstance(param, (tuple, list)):
            yield from _inside(param)
