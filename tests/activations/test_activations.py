"""Activations: their values, their gradients and their names."""

import json
import pathlib

import jax
import numpy as np
import pytest

from cthulhu import activations
from cthulhu import backend as K

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "functions.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith("activation/")])
def test_values_and_gradients_are_those_of_keras(name):
    case = CASES[name]
    x = np.array(case["input"], "float32")

    def function(x):
        return activations.get(case["name"])(x, **case.get("kwargs", {}))

    assert np.allclose(case["output"], function(x), rtol=2e-6, atol=1e-7)
    if "grad" in case:
        slope = jax.grad(lambda x: K.sum(K.square(function(x))))(x)
        assert np.allclose(case["grad"], slope, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, x, y",
    [
        ("gelu", 1.0, 0.8413447),
        ("swish", 1.0, 0.7310586),
        ("silu", 1.0, 0.7310586),
        ("mish", 1.0, 0.8650984),
        ("linear", 7, 7),
    ],
)
def test_the_later_ones(name, x, y):
    assert np.allclose(y, activations.get(name)(x))


def test_the_approximation_of_gelu_is_close():
    x = np.linspace(-4, 4, 50)

    assert np.allclose(activations.gelu(x), activations.gelu(x, True), atol=1e-3)


def test_names_and_functions_find_each_other():
    for name in ("softmax", "relu", "elu", "tanh", "selu", "hard_sigmoid", "softsign"):
        function = activations.get(name)
        assert function is getattr(activations, name)
        assert name == activations.serialize(function)
        assert function is activations.deserialize(name)
    assert activations.get(None) is activations.linear
    mine = lambda x: x  # noqa: E731
    assert activations.get(mine) is mine


def test_what_is_no_activation_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="relu"):
        activations.get("relo")
    with pytest.raises(ValueError, match="Could not interpret"):
        activations.get(6)


def test_softmax_needs_two_axes():
    with pytest.raises(ValueError, match="1D"):
        activations.softmax(K.placeholder((3,)))


def test_a_layer_as_an_activation_warns():
    class Layerlike:
        def build(self, shape): ...
        def call(self, x): ...
        def __call__(self, x): ...

    with pytest.warns(UserWarning, match="Do not pass a layer instance"):
        activations.get(Layerlike())
