"""Every layer against numbers made by the real Keras 2.3.1, or 3 where that has not it.

Those of Keras 3 were written by scripts/golden_keras3.py.
"""

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

NEWER = json.loads((FOLDER / "layers-keras3.json").read_text())["cases"]


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


def everything(layer, inputs, run, training):
    """Outputs, all weights afterwards, and gradients of the sum of squares.

    Args:
        layer: A layer with weights.
        inputs: List of arrays.
        run: Computes outputs from an input, or a list of several.
        training: Whether it is for training.
    """
    weights, trainable = layer.weights, layer.trainable_weights
    fixed = {w: w.value for w in weights}
    is_float = jnp.issubdtype(inputs[0].dtype, jnp.floating)

    def total(floats, arrays):
        values = fixed | dict(zip(trainable, arrays, strict=True))
        with Scope(values, training=training) as scope:
            given = floats if is_float else inputs
            outputs = run(given if len(inputs) > 1 else given[0])
        outputs = outputs if isinstance(outputs, list) else [outputs]
        after = [scope.values[w] for w in weights]
        return sum(jnp.sum(jnp.square(y)) for y in outputs), (outputs, after)

    function = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))
    floats, arrays = inputs if is_float else [], [w.value for w in trainable]
    (loss, (outputs, after)), grads = function(floats, arrays)
    check_a_step(function, floats, arrays, loss, grads[1])
    return outputs, after, grads


def check_a_step(function, floats, arrays, loss, grads):
    """A small step against the gradient lowers the loss, and compiles nothing."""
    steep = sum(float(jnp.sum(jnp.square(g))) for g in grads)
    if steep > 1e-6 * float(loss):
        rate = 1e-3 * float(loss) / steep
        moved = [w - rate * g for w, g in zip(arrays, grads, strict=True)]
        (lower, _), _ = function(floats, moved)
        assert lower < loss
    assert function._cache_size() == 1


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

    check(
        case, *everything(layer, inputs, lambda x: layer.run(x, mask, {})[0], training)
    )
    assert sum(map(bool, case["trainable"])) == len(layer.trainable_weights)


@pytest.mark.parametrize("name", NEWER)
def test_a_newer_layer_computes_what_keras_3_computes(name):
    case = NEWER[name]
    layer, inputs = build_layer(case)
    call = {
        key: as_masks(value) if key.endswith("mask") and key[:3] != "use" else value
        for key, value in case["call"].items()
    }
    training = call.pop("training", False)

    check(case, *everything(layer, inputs, lambda x: layer(x, **call), training))
    shapes = [x.shape for x in inputs]
    shape = layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    shape = shape[0] if isinstance(shape, list) else shape
    assert tuple(shape) == np.shape(case["outputs"][0])


def as_masks(value):
    """A mask as an array, or one for each input."""
    many = isinstance(value[0][0], list) and len(value[0][0]) != len(value[1][0])
    return [jnp.asarray(m) for m in value] if many else jnp.asarray(value)


def check(case, outputs, after, grads):
    input_grads, weight_grads = grads
    for output, expected in zip(outputs, case["outputs"], strict=True):
        close(output, expected)
    for value, expected in zip(
        after, case.get("weights_after_update", case["weights"]), strict=True
    ):
        close(value, expected)
    for grad, expected in zip(input_grads, case["grad_inputs"], strict=False):
        if expected is not None:
            close(grad, expected)
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
