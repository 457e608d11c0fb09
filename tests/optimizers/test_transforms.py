"""The rules against their formulas in NumPy, step by step, as plain optax rules."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from cthulhu.optimizers import transforms

LR = 0.1
GRADS = [
    np.array([1.0, -2.0, 0.5]),
    np.array([0.5, 1.0, 0.0]),
    np.array([-1.0, 3.0, 2.0]),
]


def sgd(w, s, g, t):
    s["v"] = 0.9 * s.get("v", 0) - LR * g
    return w + s["v"]


def nesterov(w, s, g, t):
    s["v"] = 0.9 * s.get("v", 0) - LR * g
    return w + 0.9 * s["v"] - LR * g


def rmsprop(w, s, g, t):
    s["a"] = 0.9 * s.get("a", 0) + 0.1 * g**2
    return w - LR * g / (np.sqrt(s["a"]) + 1e-7)


def adagrad(w, s, g, t):
    s["a"] = s.get("a", 0) + g**2
    return w - LR * g / (np.sqrt(s["a"]) + 1e-7)


def adadelta(w, s, g, t):
    s["a"] = 0.95 * s.get("a", 0) + 0.05 * g**2
    u = g * np.sqrt(s.get("d", 0) + 1e-7) / np.sqrt(s["a"] + 1e-7)
    s["d"] = 0.95 * s.get("d", 0) + 0.05 * u**2
    return w - LR * u


def adam(w, s, g, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    lr_t = LR * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - lr_t * s["m"] / (np.sqrt(s["v"]) + 1e-7)


def adamax(w, s, g, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["u"] = np.maximum(0.999 * s.get("u", 0), np.abs(g))
    return w - LR / (1 - 0.9**t) * s["m"] / (s["u"] + 1e-7)


def nadam(w, s, g, t):
    def mu(t):
        return 0.9 * (1 - 0.5 * 0.96 ** (0.004 * t))

    s["p"] = s.get("p", 1) * mu(t)
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    mean = (1 - mu(t)) * g / (1 - s["p"]) + mu(t + 1) * s["m"] / (
        1 - s["p"] * mu(t + 1)
    )
    return w - LR * mean / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)


RULES = {
    sgd: transforms.sgd(LR, 0.9),
    nesterov: transforms.sgd(LR, 0.9, nesterov=True),
    rmsprop: transforms.rmsprop(LR),
    adagrad: transforms.adagrad(LR),
    adadelta: transforms.adadelta(LR),
    adam: transforms.adam(LR),
    adamax: transforms.adamax(LR),
    nadam: transforms.nadam(LR),
}


@pytest.mark.parametrize("formula", RULES, ids=lambda f: f.__name__)
def test_a_rule_is_its_formula(formula):
    rule, slots = RULES[formula], {}
    params, expected = {"w": jnp.ones(3)}, np.ones(3)
    state = rule.init(params)

    for t, grad in enumerate(GRADS, start=1):
        updates, state = rule.update({"w": jnp.float32(grad)}, state, params)
        params = optax.apply_updates(params, updates)
        expected = formula(expected, slots, grad, t)
        np.testing.assert_allclose(params["w"], expected, rtol=2e-5)


def test_amsgrad_divides_by_the_largest_mean_square():
    rule = transforms.adam(LR, beta_1=0.0, beta_2=0.0, epsilon=0.0, amsgrad=True)
    params = [jnp.zeros(1)]
    state = rule.init(params)

    steps = []
    for grad in (2.0, 1.0):
        updates, state = rule.update([jnp.full(1, grad)], state, params)
        steps.append(float(updates[0][0]))

    np.testing.assert_allclose(steps, [-LR * 2 / 2, -LR * 1 / 2], rtol=1e-6)


def test_a_rule_composes_with_optax():
    rule = optax.chain(optax.clip(1.0), transforms.sgd(optax.constant_schedule(0.5)))
    params = [jnp.zeros(2)]

    updates, _ = rule.update([jnp.array([10.0, -0.5])], rule.init(params), params)

    np.testing.assert_allclose(updates[0], [-0.5, 0.25])


@pytest.mark.parametrize(
    "rule", [*RULES.values(), transforms.from_zeros(lambda: optax.adamw(LR))]
)
def test_slots_are_made_without_compiling(rule):
    params = [jnp.zeros((7, 11))]

    state = rule.init(params)

    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(state))


def test_accumulated_gradients_reach_the_rule_as_their_mean():
    rule = transforms.accumulate(transforms.sgd(1.0), steps=2)
    params = [jnp.zeros(2)]
    state = rule.init(params)

    first, state = rule.update([jnp.array([1.0, 2.0])], state, params)
    second, state = rule.update([jnp.array([3.0, 6.0])], state, params)

    np.testing.assert_array_equal(first[0], [0.0, 0.0])
    np.testing.assert_allclose(second[0], [-2.0, -4.0])
    assert 1 == state.inner.count and 0 == state.batches


def test_clip_norm_scales_by_the_ratio_of_norms():
    gradient = np.array([3.0, 4.0])

    np.testing.assert_allclose(transforms.clip_norm(gradient, 1.0, 5.0), [0.6, 0.8])
    np.testing.assert_allclose(transforms.clip_norm(gradient, 6.0, 5.0), gradient)
    assert transforms.clip_norm(gradient, 0, 5.0) is gradient
