"""Loops over time or over the rows of a tensor: `rnn`, `map_fn`, `foldl`, `foldr`.

Args:
    fn: Function of a row, or of what came of the rows before and a row.
    elems: Tensor; its rows are taken along the first axis.
    initializer: What stands before the first row; None: the first row does.
    name: Without effect.
    dtype: Name of the dtype of the results; None: as they come.
"""

import jax
import jax.numpy as jnp

from cthulhu.backend.tensor import as_array
from cthulhu.core import op


@op
def rnn(
    step_function,
    inputs,
    initial_states,
    go_backwards=False,
    mask=None,
    constants=None,
    unroll=False,
    input_length=None,
):
    """Run a step over the time axis of a tensor.

    Args:
        step_function: `step(input, states) -> (output, new_states)` for one time step;
            `input` is `(samples, ...)`, `states` a list of the states and then the
            constants.
        inputs: Tensor `(samples, time, ...)`, or several in nested lists.
        initial_states: List of tensors, one per state.
        go_backwards: Whether to begin at the last step; outputs come in that order.
        mask: Tensor `(samples, time)` or `(samples, time, 1)`: where it is 0 the step
            is skipped, and output and states of the step before stay.
        constants: List of tensors handed to every step.
        unroll: Whether the loop is written out: longer to compile, at times faster.
        input_length: Number of steps; known here from the shape.

    Returns:
        `(last_output, outputs, new_states)`; outputs `(samples, time, ...)`.
    """
    constants = [as_array(c) for c in constants or []]
    outputs, states = _loop(
        lambda x, states: step_function(x, states + constants),
        jax.tree.map(time_first, inputs),
        [as_array(state) for state in initial_states],
        keeping(mask),
        go_backwards,
        unroll,
    )
    return outputs[-1], jnp.swapaxes(outputs, 0, 1), states


def _loop(step_function, xs, states, keep, go_backwards, unroll):
    """Outputs of all steps, time first, and the last states.

    Args:
        step_function: `step(x, states) -> (output, new_states)`.
        xs: Nested arrays, time first.
        states: List of arrays.
        keep: None, or a boolean array `(time, samples)`.
        go_backwards: Whether to begin at the last step.
        unroll: Whether the loop is written out.
    """

    def step(carry, now):
        states, before = carry
        x, keep = now
        output, new_states = step_function(x, list(states))
        output = as_array(output)
        new_states = [
            as_array(new).astype(old.dtype).reshape(old.shape)
            for new, old in zip(new_states, states, strict=True)
        ]
        if keep is not None:
            output = where_kept(keep, output, before.astype(output.dtype))
            new_states = [
                where_kept(keep, new, old)
                for new, old in zip(new_states, states, strict=True)
            ]
        carried = before if keep is None else output
        return (new_states, carried), output

    before = None
    if keep is not None:
        first = jax.tree.map(lambda x: x[0], xs)
        shape = jax.eval_shape(
            lambda x, s: as_array(step_function(x, s)[0]), first, states
        )
        before = jnp.zeros(shape.shape, shape.dtype)

    if unroll:
        length = jax.tree.leaves(xs)[0].shape[0]
        order = range(length - 1, -1, -1) if go_backwards else range(length)
        carry, outputs = (states, before), []
        for t in order:
            now = jax.tree.map(lambda x, t=t: x[t], (xs, keep))
            carry, output = step(carry, now)
            outputs.append(output)
        outputs = jnp.stack(outputs)
    else:
        carry, outputs = jax.lax.scan(
            step, (states, before), (xs, keep), reverse=bool(go_backwards)
        )
        if go_backwards:
            outputs = jnp.flip(outputs, 0)
    return outputs, list(carry[0])


def keeping(mask):
    """A mask as a boolean array `(time, samples)`; None stays None."""
    if mask is None:
        return None
    mask = as_array(mask) != 0
    return time_first(mask.reshape(mask.shape[:2]))


def time_first(x):
    """`(samples, time, ...)` as `(time, samples, ...)`."""
    return jnp.swapaxes(as_array(x), 0, 1)


def where_kept(keep, new, old):
    """`new` where `keep` is true, else `old`; `keep` has their first axes."""
    return jnp.where(keep.reshape(keep.shape + (1,) * (new.ndim - keep.ndim)), new, old)


@op
def map_fn(fn, elems, name=None, dtype=None):
    """`fn` of each row of `elems`, stacked; `dtype`: what to turn the results into.

    Example:
        >>> map_fn(lambda x: 2 * x, np.array([1, 2])).tolist()
        [2, 4]
    """

    def one(x):
        result = fn(x)
        return jax.tree.map(lambda y: as_array(y, dtype), result)

    return jax.lax.map(one, jax.tree.map(as_array, elems))


@op
def foldl(fn, elems, initializer=None, name=None):
    """`fn(...fn(fn(first, second), third)..., last)` over the rows of `elems`.

    Example:
        >>> int(foldl(lambda so_far, x: 10 * so_far + x, np.array([1, 2, 3])))
        123
    """
    return _fold(fn, as_array(elems), initializer)


@op
def foldr(fn, elems, initializer=None, name=None):
    """As `foldl`, from the last row to the first.

    Example:
        >>> int(foldr(lambda so_far, x: 10 * so_far + x, np.array([1, 2, 3])))
        321
    """
    return _fold(fn, jnp.flip(as_array(elems), 0), initializer)


def _fold(fn, rows, initializer):
    if initializer is None:
        initializer, rows = rows[0], rows[1:]
    initializer = as_array(initializer)

    def step(so_far, row):
        return as_array(fn(so_far, row)).astype(initializer.dtype), None

    return jax.lax.scan(step, initializer, rows)[0]
