"""Keras's update rules as optax gradient transformations: arrays in, arrays out.

A state is a NamedTuple: the number of updates so far, then the slots in the order in
which Keras stores them.  Learning rate and coefficients may be numbers or traced
arrays; a learning rate may also be a function of the number of updates.  Where states
live between steps, and how arguments reach a rule, is `optimizer`'s business.

Example:
    >>> rule, params = sgd(0.5), [jnp.zeros(1)]
    >>> updates, state = rule.update([jnp.ones(1)], rule.init(params), params)
    >>> float(moved(params, updates)[0][0]), int(state.count)
    (-0.5, 1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

each = jax.tree.map


class Transformation(NamedTuple):
    """A gradient transformation as optax has it, and takes it."""

    init: Callable[..., Any]
    update: Callable[..., Any]


class Counted(Transformation):
    """A transformation whose state begins with the number of updates so far."""


def _zeros(params):
    # NumPy's zeros need no compilation, one for each shape, as jnp's would.
    return each(lambda p: np.zeros(np.shape(p), p.dtype), params)


def _none_yet():
    return np.zeros((), np.int32)


def _rate(learning_rate, count):
    return learning_rate(count) if callable(learning_rate) else learning_rate


def moved(params, updates):
    """The parameters after the updates, in their own dtypes."""
    return each(lambda p, u: jnp.asarray(p + u).astype(p.dtype), params, updates)


def _mean(decay, old, new):
    """A running mean: `decay` of the old one, the rest of what is new."""
    return each(lambda o, n: decay * o + (1.0 - decay) * n, old, new)


class SGDState(NamedTuple):
    count: Any  # updates so far, shape (), int32
    moment: Any  # velocities; like the weights


def sgd(learning_rate, momentum=0.0, nesterov=False) -> Counted:
    """Gradient descent with momentum: v = momentum v - lr g; w += v.

    With `nesterov`, w += momentum v - lr g, after Sutskever et al., 2013.
    """

    def init(params):
        return SGDState(_none_yet(), _zeros(params))

    def update(grads, state, params=None):
        lr = _rate(learning_rate, state.count)
        moment = each(lambda v, g: momentum * v - lr * g, state.moment, grads)
        updates = moment
        if nesterov:
            updates = each(lambda v, g: momentum * v - lr * g, moment, grads)
        return updates, SGDState(state.count + 1, moment)

    return Counted(init, update)


class AccumulatorState(NamedTuple):
    count: Any  # updates so far, shape (), int32
    accumulator: Any  # of squared gradients; like the weights


def rmsprop(learning_rate, rho=0.9, epsilon=1e-7) -> Counted:
    """a = rho a + (1 - rho) g^2;  w -= lr g / (sqrt(a) + epsilon)."""
    return _scaled_by_root(
        learning_rate, epsilon, lambda a, grads: _mean(rho, a, each(jnp.square, grads))
    )


def adagrad(learning_rate, epsilon=1e-7) -> Counted:
    """a = a + g^2;  w -= lr g / (sqrt(a) + epsilon)."""
    return _scaled_by_root(
        learning_rate,
        epsilon,
        lambda a, grads: each(lambda a, g: a + jnp.square(g), a, grads),
    )


def _scaled_by_root(learning_rate, epsilon, accumulate) -> Counted:
    def init(params):
        return AccumulatorState(_none_yet(), _zeros(params))

    def update(grads, state, params=None):
        lr = _rate(learning_rate, state.count)
        squares = accumulate(state.accumulator, grads)
        updates = each(lambda g, a: -lr * g / (jnp.sqrt(a) + epsilon), grads, squares)
        return updates, AccumulatorState(state.count + 1, squares)

    return Counted(init, update)


class AdadeltaState(NamedTuple):
    count: Any  # updates so far, shape (), int32
    accumulator: Any  # mean of squared gradients; like the weights
    delta_accumulator: Any  # mean of squared updates; like the weights


def adadelta(learning_rate, rho=0.95, epsilon=1e-7) -> Counted:
    """Steps scaled by the ratio of two running roots (epsilon inside both).

    a = rho a + (1 - rho) g^2;  u = g sqrt(d + epsilon) / sqrt(a + epsilon);
    w -= lr u;  d = rho d + (1 - rho) u^2.
    """

    def init(params):
        return AdadeltaState(_none_yet(), _zeros(params), _zeros(params))

    def update(grads, state, params=None):
        lr = _rate(learning_rate, state.count)
        squares = _mean(rho, state.accumulator, each(jnp.square, grads))
        steps = each(
            lambda g, a, d: g * jnp.sqrt(d + epsilon) / jnp.sqrt(a + epsilon),
            grads,
            squares,
            state.delta_accumulator,
        )
        deltas = _mean(rho, state.delta_accumulator, each(jnp.square, steps))
        updates = each(lambda u: -lr * u, steps)
        return updates, AdadeltaState(state.count + 1, squares, deltas)

    return Counted(init, update)


class AdamState(NamedTuple):
    count: Any  # updates so far, shape (), int32
    m: Any  # mean of the gradients; like the weights
    v: Any  # mean of the squared gradients; like the weights
    vhat: Any  # largest v so far; like the weights, or (1,) without amsgrad


def adam(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False
) -> Counted:
    """Adam with the bias correction in the learning rate, as in its section 2.

    lr_t = lr sqrt(1 - beta_2^t) / (1 - beta_1^t);  w -= lr_t m / (sqrt(v) + epsilon).
    """

    def init(params):
        # Keras stores a placeholder of one element where AMSGrad is off.
        hats = each(lambda p: np.zeros(1, p.dtype), params)
        hats = _zeros(params) if amsgrad else hats
        return AdamState(_none_yet(), _zeros(params), _zeros(params), hats)

    def update(grads, state, params=None):
        t = jnp.asarray(state.count + 1, jnp.float32)
        lr = _rate(learning_rate, state.count)
        lr_t = lr * (jnp.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t))
        m = _mean(beta_1, state.m, grads)
        v = _mean(beta_2, state.v, each(jnp.square, grads))
        vhat = each(jnp.maximum, state.vhat, v) if amsgrad else state.vhat
        updates = each(
            lambda m, v: -lr_t * m / (jnp.sqrt(v) + epsilon), m, vhat if amsgrad else v
        )
        return updates, AdamState(state.count + 1, m, v, vhat)

    return Counted(init, update)


class AdamaxState(NamedTuple):
    count: Any  # updates so far, shape (), int32
    m: Any  # mean of the gradients; like the weights
    u: Any  # decaying maximum of their absolute values; like the weights


def adamax(learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7) -> Counted:
    """u = max(beta_2 u, |g|);  w -= lr / (1 - beta_1^t) m / (u + epsilon)."""

    def init(params):
        return AdamaxState(_none_yet(), _zeros(params), _zeros(params))

    def update(grads, state, params=None):
        t = jnp.asarray(state.count + 1, jnp.float32)
        lr_t = _rate(learning_rate, state.count) / (1.0 - beta_1**t)
        m = _mean(beta_1, state.m, grads)
        u = each(lambda u, g: jnp.maximum(beta_2 * u, jnp.abs(g)), state.u, grads)
        updates = each(lambda m, u: -lr_t * m / (u + epsilon), m, u)
        return updates, AdamaxState(state.count + 1, m, u)

    return Counted(init, update)


class NadamState(NamedTuple):
    count: Any  # updates so far, shape (), int32
    m_schedule: Any  # product of the momenta so far, shape ()
    m: Any  # mean of the gradients; like the weights
    v: Any  # mean of the squared gradients; like the weights


def nadam(
    learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, schedule_decay=0.004
) -> Counted:
    """Adam with Nesterov momentum that is warmed up, after Dozat, 2015.

    momentum_t = beta_1 (1 - 0.96^(t schedule_decay) / 2); the means of gradients are
    corrected by the product of the momenta instead of by beta_1^t.
    """

    def init(params):
        one = np.ones((), np.float32)
        return NadamState(_none_yet(), one, _zeros(params), _zeros(params))

    def update(grads, state, params=None):
        t = jnp.asarray(state.count + 1, jnp.float32)
        lr = _rate(learning_rate, state.count)
        now = beta_1 * (1.0 - 0.5 * 0.96 ** (t * schedule_decay))
        after = beta_1 * (1.0 - 0.5 * 0.96 ** ((t + 1) * schedule_decay))
        product = state.m_schedule * now
        m = _mean(beta_1, state.m, grads)
        v = _mean(beta_2, state.v, each(jnp.square, grads))

        def step(g, m, v):
            corrected = v / (1.0 - beta_2**t)
            ahead = after * (m / (1.0 - product * after))
            mean = (1.0 - now) * (g / (1.0 - product)) + ahead
            return -lr * mean / (jnp.sqrt(corrected) + epsilon)

        return each(step, grads, m, v), NadamState(state.count + 1, product, m, v)

    return Counted(init, update)


class CountedState(NamedTuple):
    count: Any  # updates so far, shape (), int32
    inner: Any  # state of the transformation within


def count_updates(rule: Any) -> Counted:
    """Any optax transformation, with the number of updates before its own state."""
    if isinstance(rule, Counted):
        return rule

    def init(params):
        return CountedState(_none_yet(), rule.init(params))

    def update(grads, state, params=None):
        updates, inner = rule.update(grads, state.inner, params)
        return updates, CountedState(state.count + 1, inner)

    return Counted(init, update)


def from_zeros(
    make: Callable[[], Any],
) -> Transformation:
    """What `make()` gives, known to begin at zero: its state costs no compilation."""

    def init(params):
        return _zeros(jax.eval_shape(lambda params: make().init(params), params))

    def update(grads, state, params=None):
        return make().update(grads, state, params)

    return Transformation(init, update)


class AccumulationState(NamedTuple):
    inner: Any  # state of the rule within
    batches: Any  # gradients added since the last update, shape (), int32
    gradient_sum: Any  # their sum; like the weights


def accumulate(rule: Any, steps: Any) -> Transformation:
    """Add gradients up for `steps` calls, then let `rule` see their mean once.

    In between the updates are zero and the state of `rule` stays as it is, so equal
    batches add up to one big batch.  `steps` may be a traced array; where it becomes
    smaller than the number of gradients that wait, the next call acts on all of these.
    """

    def init(params):
        return AccumulationState(rule.init(params), _none_yet(), _zeros(params))

    def update(grads, state, params):
        like = each(lambda p: p.dtype, params)
        total = each(lambda s, g: s + g.astype(s.dtype), state.gradient_sum, grads)

        def wait():
            return each(jnp.zeros_like, params), state.inner, total

        def act():
            mean = each(lambda s: s / count.astype(s.dtype), total)
            updates, inner = rule.update(mean, state.inner, params)
            updates = each(lambda u, dtype: u.astype(dtype), updates, like)
            inner = each(lambda new, old: new.astype(old.dtype), inner, state.inner)
            return updates, inner, each(jnp.zeros_like, total)

        count = jnp.asarray(state.batches + 1)
        updates, inner, total = choose(count >= steps, act, wait)
        batches = jnp.where(count >= steps, 0, count)
        return updates, AccumulationState(inner, batches, total)

    return Transformation(init, update)


def choose(condition, yes: Callable[[], Any], no: Callable[[], Any]):
    """`yes()` or `no()`, decided in Python where the condition is known already."""
    if isinstance(condition, jax.core.Tracer):
        return jax.lax.cond(condition, yes, no)
    return yes() if condition else no()


def clip_norm(g, c, n):
    """Scale `g` by c / n where the norm `n` reaches `c`; a `c` of 0 never clips.

    Example:
        >>> float(clip_norm(3.0, 1.0, 5.0)) == float(jnp.float32(0.6))
        True
    """
    return g if c <= 0 else jnp.where(n >= c, g * c / n, g)
