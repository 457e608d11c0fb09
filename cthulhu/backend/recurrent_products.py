"""A loop over time whose step is a product with a kernel and a function: its gradient.

`rnn_of_products` gives what `rnn` gives, with a way back of its own.  Which layers may
use it is theirs to know; loops over any step are in `recurrence`.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_derivatives import CustomVJPPrimal, SymbolicZero

from cthulhu.backend.recurrence import keeping, time_first, where_kept
from cthulhu.backend.tensor import as_array
from cthulhu.core import op

_WIDE = 1024  # entries side by side in a sum of rows: narrow ones take thrice as long


@op
def rnn_of_products(
    finish,
    projected,
    initial_states,
    kernel,
    bias=None,
    go_backwards=False,
    mask=None,
    unroll=False,
    apart=False,
    time_major=False,
    multiply=None,
    prefetch=False,
    activate=None,
):
    """Run over time a step that multiplies its first state by a kernel.

    With `product = states[0] @ kernel + bias`, the step is
    `finish(projected[:, t] + product, states)`, and its output is the first of the new
    states.  The results are those of `rnn`; but the gradients of kernel and bias are
    one product over all steps instead of one in each, and a step keeps its sums and its
    states only: the rest of it is computed again on the way back.

    Args:
        finish: `finish(sums, states) -> (output, new_states)`, a function of its
            arguments alone: nothing else that it uses gets a gradient.
        projected: Tensor `(samples, time, ..., width)`.
        initial_states: List of tensors `(samples, ..., size)`, one per state.
        kernel: Tensor `(size, width)`, or what `multiply` takes.
        bias: Tensor `(width,)`; None: nothing is added.
        go_backwards: As of `rnn`; so are `mask` and `unroll`.
        apart: Whether `finish` gets the pair `(projected[:, t], product)` in place of
            the sum.
        time_major: Whether `projected` is `(time, samples, ..., width)`.
        multiply: What multiplies, a function `(state, kernel) -> product`, linear in
            both; None: a matrix product.
        prefetch: Whether a step finds its row in a buffer of its own, to which it was
            fetched by the step before.  A step that takes its row into several parts is
            slow on a CPU if it finds the row among the others.
        activate: Two functions: what is applied to the sums before `finish` gets them,
            and its slope at each of them, from its result.  The result is kept for the
            way back in place of the sums.  Not with `apart`; None: nothing is applied.

    Returns:
        `(last_output, outputs, new_states)`, as `rnn`.
    """
    keep = keeping(mask)
    ways = (bool(way) for way in (go_backwards, unroll, apart, prefetch))
    how = _How(finish, multiply, activate, *ways)
    projected = as_array(projected) if time_major else time_first(projected)
    states = tuple(as_array(state) for state in initial_states)
    kernel = as_array(kernel)
    bias = None if bias is None else as_array(bias)
    if not apart:
        projected = projected.astype(jnp.result_type(projected, states[0], kernel))

    results: Any = _loop(how, projected, keep, states, kernel, bias)
    outputs, states = results
    last = states[0]
    if keep is not None:  # an output is zero before the first step that counts
        order = jnp.flip(keep, 0) if go_backwards else keep
        begun = jnp.cumsum(order, 0) > 0
        outputs = where_kept(begun, outputs, jnp.zeros_like(outputs))
        last = where_kept(begun[-1], last, jnp.zeros_like(last))
    return last, jnp.swapaxes(outputs, 0, 1), list(states)


class _How(NamedTuple):
    """What the loop is told that is no array; see `rnn_of_products`."""

    finish: Callable
    multiply: Callable | None
    activate: tuple[Callable, Callable] | None
    go_backwards: bool
    unroll: bool
    apart: bool
    prefetch: bool

    def advance(self, sums, states, keep):
        """The states after a step."""
        _, new = self.finish(sums, list(states))
        new = [
            as_array(n).astype(old.dtype) for n, old in zip(new, states, strict=True)
        ]
        if keep is not None:
            new = [where_kept(keep, n, old) for n, old in zip(new, states, strict=True)]
        return tuple(new)

    def scan(self, step, start, rows, xs, backwards, prefetch):
        """A loop that replaces some of its rows, where they are in memory.

        Returns what the rows became, what the last step carried, and the outputs.  A
        row that was just read is near; one elsewhere, a CPU would have to fetch before
        it writes it, which takes longer than to compute it.

        Args:
            step: `step(carry, row, x) -> (carry, new_row, output)`.
            start: What the first step carries.
            rows: Nested arrays, time first.
            xs: Nested arrays, time first, that stay as they are.
            backwards: Whether to begin at the end.
            prefetch: See `rnn_of_products`.
        """
        length = len(jax.tree.leaves((rows, xs))[0])
        prefetch = prefetch and not self.unroll

        def get(rows, t):
            arrays = (rows, xs)
            return jax.tree.map(lambda x: _index(x, t), arrays)

        def one(carry, t):
            carry, rows, now = carry
            carry, row, out = step(carry, *(now if prefetch else get(rows, t)))
            rows = jax.tree.map(lambda x, new: _replace(x, new, t), rows, row)
            if prefetch:
                after = jnp.maximum(t, 1) - 1, jnp.minimum(t + 1, length - 1)
                now = get(rows, after[0] if backwards else after[1])
            return (carry, rows, now), out

        now = get(rows, length - 1 if backwards else 0) if prefetch else None
        (last, rows, _), out = jax.lax.scan(
            one,
            (start, rows, now),
            jnp.arange(length, dtype="uint32"),  # need no look whether they are below 0
            reverse=backwards,
            unroll=max(1, length) if self.unroll else 1,
        )
        return rows, last, out


def _index(x, t):
    return jax.lax.dynamic_index_in_dim(x, t, keepdims=False)


def _replace(x, row, t):
    return jax.lax.dynamic_update_index_in_dim(x, row.astype(x.dtype), t, 0)


def _run(how, projected, keep, states, kernel, bias, keeps=True):
    """Outputs in the order of the steps, last states, and the way to each step.

    The latter: the sums of each step (the product alone, if they are apart; what
    `activate` made of them, if there is one) and the states before it, in the order of
    `projected`.  Only if it `keeps` them: who goes no way back need not write them.
    """

    def step(states, row, now):
        x, keep = now
        x = row if x is None else x
        if how.multiply is None:
            sums = states[0] @ kernel
        else:
            sums = as_array(how.multiply(states[0], kernel))
        if bias is not None:
            sums = sums + bias
        if how.apart:
            return how.advance((x, sums), states, keep), None, (sums, states)
        sums = x + sums
        if how.activate is not None:
            sums = as_array(how.activate[0](sums))
        kept = None if row is None else sums
        return how.advance(sums, states, keep), kept, (None, states)

    replaces = keeps and not how.apart
    rows, x = (projected, None) if replaces else (None, projected)
    rows, last, (products, before) = how.scan(
        step, states, rows, (x, keep), how.go_backwards, how.prefetch
    )
    firsts = jnp.flip(before[0], 0) if how.go_backwards else before[0]
    outputs = jnp.concatenate([firsts[1:], last[0][None]])
    return outputs, last, (products if how.apart else rows, before)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _loop(how, projected, keep, states, kernel, bias):
    return _run(how, projected, keep, states, kernel, bias, keeps=False)[:2]


def _forward(how, *primals):
    projected, keep, states, kernel, bias = jax.tree.map(
        lambda primal: primal.value,
        primals,
        is_leaf=lambda node: isinstance(node, CustomVJPPrimal),
    )
    outputs, last, way = _run(how, projected, keep, states, kernel, bias)
    xs = projected if how.apart else None
    return (outputs, last), (way, xs, keep, kernel, bias)


def _backward(how, kept, gradients):
    (sums, before), xs, keep, kernel, bias = kept
    of_outputs, of_last = gradients
    if isinstance(of_outputs, SymbolicZero):
        of_outputs = None
    elif how.go_backwards:
        of_outputs = jnp.flip(of_outputs, 0)
    of_last = tuple(
        jnp.zeros_like(state[0]) if isinstance(gradient, SymbolicZero) else gradient
        for gradient, state in zip(of_last, before, strict=True)
    )
    by_state, by_kernel = _turned(how.multiply, before[0], kernel)

    def step(of_states, row, now):
        x, sums = row
        states, keep, of_output = now
        if of_output is not None:
            of_states = (of_states[0] + of_output, *of_states[1:])
        _, back = jax.vjp(
            lambda sums, states: how.advance(sums, states, keep),
            (x, sums) if how.apart else sums,
            states,
        )
        of_sums, of_before = back(of_states)
        if how.activate is not None:
            of_sums = of_sums * how.activate[1](sums)
        of_product = of_sums[1] if how.apart else of_sums
        of_before = (of_before[0] + by_state(of_product), *of_before[1:])
        return of_before, of_sums if how.apart else (None, of_sums), None

    (of_projected, of_products), of_states, _ = how.scan(
        step,
        of_last,
        (xs, sums),
        (before, keep, of_outputs),
        not how.go_backwards,
        # kept values are taken into parts too: see `prefetch`
        how.prefetch or how.activate is not None,
    )
    if not how.apart:
        of_projected = of_products
    of_bias = None
    if bias is not None:  # a product: XLA is slow to sum so many rows
        rows = of_products.reshape(-1, len(bias))
        beside = math.gcd(len(rows), max(1, _WIDE // len(bias)))
        rows = rows.reshape(-1, beside * len(bias))
        totals = jnp.ones(len(rows), rows.dtype) @ rows
        of_bias = totals.reshape(beside, -1).sum(0)
    return of_projected, None, of_states, by_kernel(of_products), of_bias


def _turned(multiply, states, kernel):
    """The gradients of a product, as functions of its own gradient.

    The first is that of one step's state, the second that of the kernel over all steps.

    Args:
        multiply: See `rnn_of_products`.
        states: The first states before all steps.
        kernel: The kernel.
    """
    if multiply is None:
        turned = kernel.T  # once, and not in each step

        def by_kernel(gradient):
            rows = gradient.reshape(-1, kernel.shape[1])
            return states.reshape(-1, kernel.shape[0]).T @ rows

        return lambda gradient: gradient @ turned, by_kernel

    def product(state, kernel):
        return as_array(multiply(state, kernel))

    def by_state(gradient):
        zeros = jnp.zeros_like(states[0])
        return jax.vjp(lambda state: product(state, kernel), zeros)[1](gradient)[0]

    def by_all(gradient):
        every = states.reshape(-1, *states.shape[2:])
        back = jax.vjp(lambda kernel: product(every, kernel), kernel)[1]
        return back(gradient.reshape(-1, *gradient.shape[2:]))[0]

    return by_state, by_all


_loop.defvjp(_forward, _backward, symbolic_zeros=True)
