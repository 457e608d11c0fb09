"""Every layer against numbers made by the real Keras 2.3.1."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import layers
from cthulhu.core import Scope, naming

FOLDER = Path(__file__).parent.parent / "golden"
CASES = {
    name: case
    for part in ("basic", "spatial", "convolution", "recurrent")
    for name, case in json.loads((FOLDER / f"layers_{part}.json").read_text())[
        "cases"
    ].items()
}


def make_layer(case):
    naming.reset_uids()
    config = {
        key: revive(value, key) if key in ("layer", "cell") else value
        for key, value in case["layer"]["config"].items()
    }
    return getattr(layers, case["layer"]["class_name"])(**config)


def revive(value, key):
    if isinstance(value, list):
        return [layers.deserialize(v) for v in value]
    return layers.deserialize(value)


def build_layer(case):
    """The layer with its weights, and its inputs."""
    layer = make_layer(case)
    dtype = case.get("input_dtype") or "float32"
    inputs = [jnp.asarray(np.asarray(x, dtype)) for x in case["inputs"]]
    shapes = [x.shape for x in inputs]
    layer.build(shapes if len(inputs) > 1 else shapes[0])
    layer.built = True
    if case["weights"]:
        layer.set_weights([np.asarray(w, "float32") for w in case["weights"]])
    return layer, inputs


def everything(layer, inputs, mask, training):
    """Outputs, all weights afterwards, and gradients of the sum of squares."""
    weights, trainable = layer.weights, layer.trainable_weights
    fixed = {w: w.value for w in weights}
    is_float = jnp.issubdtype(inputs[0].dtype, jnp.floating)

    def total(floats, arrays):
        values = fixed | dict(zip(trainable, arrays, strict=True))
        with Scope(values, training=training) as scope:
            given = floats if is_float else inputs
            outputs, _ = layer.run(given if len(inputs) > 1 else given[0], mask, {})
        outputs = outputs if isinstance(outputs, list) else [outputs]
        after = [scope.values[w] for w in weights]
        return sum(jnp.sum(jnp.square(y)) for y in outputs), (outputs, after)

    function = jax.jit(jax.grad(total, (0, 1), has_aux=True))
    grads, (outputs, after) = function(
        inputs if is_float else [], [w.value for w in trainable]
    )
    return outputs, after, grads


def close(actual, expected):
    """Equal to 1e-5, relative to a number itself or to the largest beside it."""
    expected = np.asarray(expected, "float32")
    scale = float(np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=2e-6 * max(1, scale))


@pytest.mark.parametrize("name", CASES)
def test_a_layer_computes_what_keras_computes(name):
    case = CASES[name]
    layer, inputs = build_layer(case)
    mask = case.get("mask")
    mask = None if mask is None else jnp.asarray(np.asarray(mask, bool))
    training = bool(case.get("learning_phase"))

    outputs, after, (input_grads, weight_grads) = everything(
        layer, inputs, mask, training
    )

    for output, expected in zip(outputs, case["outputs"], strict=True):
        close(output, expected)
    for value, expected in zip(
        after, case.get("weights_after_update", case["weights"]), strict=True
    ):
        close(value, expected)
    for grad, expected in zip(input_grads, case["grad_inputs"], strict=False):
        if expected is not None:
            close(grad, expected)
    assert sum(map(bool, case["trainable"])) == len(weight_grads)
    for grad, expected in zip(weight_grads, case["grad_weights"], strict=True):
        if expected is not None:
            close(grad, expected)


@pytest.mark.parametrize("name", CASES)
def test_a_layer_knows_its_output_shape(name):
    case = CASES[name]
    layer = make_layer(case)
    shapes = [np.shape(x) for x in case["inputs"]]
    shape = layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])

    assert json.loads(json.dumps(shape)) == case["output_shape"]


@pytest.mark.parametrize("name", CASES)
def test_a_layer_writes_the_config_that_keras_writes(name):
    case = CASES[name]
    config = json.loads(json.dumps(make_layer(case).get_config()))
    assert config == case["full_config"]
