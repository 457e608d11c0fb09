"""Every optimizer against numbers that Keras 2.3.1 itself produced."""

import functools
import json
from pathlib import Path

import jax
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import optimizers
from cthulhu.core import Scope, Variable

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/optim.json").read_text())
CASES = GOLDEN["cases"]
x, y, W, b = (np.float32(GOLDEN["shared"][name]) for name in "xyWb")


def loss_of(kernel, bias):
    return ((x @ kernel + bias - y) ** 2).mean()


loss_and_grads = jax.jit(jax.value_and_grad(loss_of, (0, 1)))


# Fifty compilations: less optimized code comes sooner.
quick_jit = functools.partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 0}
)


def setting(case):
    optimizer = getattr(optimizers, case["optimizer"])(**case["kwargs"])
    weights = [Variable(W, name="kernel"), Variable(b, name="bias")]
    optimizer.build(weights)
    return optimizer, weights


def eagerly(optimizer, weights):
    def step():
        loss, grads = loss_and_grads(*(w.value for w in weights))
        optimizer.apply_gradients(zip(grads, weights, strict=True))
        return loss

    return step


def compiled(optimizer, weights):
    everything = [*weights, *optimizer.variables]

    @quick_jit
    def advance(values):
        with Scope(dict(zip(everything, values, strict=True)), training=True) as scope:
            loss, grads = jax.value_and_grad(loss_of, (0, 1))(values[0], values[1])
            optimizer.apply_gradients(zip(grads, weights, strict=True))
            return loss, [scope.values[v] for v in everything]

    def step():
        loss, new = advance([v.value for v in everything])
        for variable, value in zip(everything, new, strict=True):
            variable.assign(value)
        return loss

    return step


@pytest.mark.parametrize("how", [eagerly, compiled])
@pytest.mark.parametrize("name", CASES)
def test_twenty_steps_are_those_of_keras(name, how):
    case = CASES[name]
    optimizer, weights = setting(case)
    step = how(optimizer, weights)

    for i in range(1, 21):
        if str(i) in case.get("lr_set_before_step", {}):
            K.set_value(optimizer.lr, case["lr_set_before_step"][str(i)])
        loss = step()
        np.testing.assert_allclose(loss, case["loss_before"][i - 1], rtol=1e-5)
        if str(i) in case["weights"]:
            for ours, theirs in zip(weights, case["weights"][str(i)], strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)

    saved = optimizer.get_weights()
    assert [np.shape(a) for a in case["optimizer_weights"]] == [a.shape for a in saved]
    for ours, theirs in zip(saved, case["optimizer_weights"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_the_configuration_is_that_of_keras(name):
    optimizer, _ = setting(CASES[name])

    assert CASES[name]["config"] == optimizer.get_config()


def test_the_first_weight_is_the_number_of_updates():
    case = CASES["2.3.1/Adam/decay"]
    optimizer, weights = setting(case)
    step = eagerly(optimizer, weights)
    for _ in range(3):
        step()

    assert 3 == optimizer.get_weights()[0] == int(optimizer.iterations)


def test_training_goes_on_from_saved_weights():
    case = CASES["2.3.1/Nadam/betas"]
    optimizer, weights = setting(case)
    for weight, array in zip(weights, case["weights"]["20"], strict=True):
        weight.assign(np.float32(array))
    optimizer.set_weights([np.float32(a) for a in case["optimizer_weights"]])
    twin, twins = setting(case)
    step = eagerly(twin, twins)
    for _ in range(21):
        step()

    eagerly(optimizer, weights)()

    np.testing.assert_allclose(weights[0], twins[0], rtol=1e-5)
