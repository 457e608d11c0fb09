"""Write numbers of the real Keras 3, for layers that Keras 2.3.1 does not have.

    KERAS_BACKEND=jax python scripts/golden_keras3.py

In an environment that has Keras 3 and JAX.  It writes tests/golden/layers-keras3.json,
in the form of the other golden files: for each case a layer, its inputs, weights and
outputs, and the gradients of the sum of squares of all outputs.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import jax.numpy as jnp
import keras
import numpy as np

PATH = Path(__file__).parents[1] / "tests" / "golden" / "layers-keras3.json"

SEQUENCE, IMAGE, VOLUME = (2, 5, 4), (2, 4, 5, 4), (1, 3, 4, 3, 2)
PAIR = [(2, 3, 4), (2, 5, 4)]
STEPS = [[True, True, False], [True, False, True]]
KEYS = [[True, True, False, True, False], [True, False, False, False, False]]

# Name: (class, arguments, shapes of the inputs, arguments of the call).
CASES = {
    "Attention/dot": ("Attention", {}, PAIR, {}),
    "Attention/scaled": (
        "Attention",
        {"use_scale": True},
        [(2, 3, 4), (2, 5, 2), (2, 5, 4)],
        {"return_attention_scores": True},
    ),
    "Attention/causal": (
        "Attention",
        {},
        [(2, 4, 3), (2, 4, 3)],
        {"use_causal_mask": True},
    ),
    "Attention/masks": ("Attention", {}, PAIR, {"mask": [STEPS, KEYS]}),
    "Attention/concat": (
        "Attention",
        {"score_mode": "concat", "use_scale": True},
        PAIR,
        {"mask": [STEPS, KEYS]},
    ),
    "AdditiveAttention/scaled": ("AdditiveAttention", {}, PAIR, {}),
    "AdditiveAttention/masks": (
        "AdditiveAttention",
        {"use_scale": False},
        PAIR,
        {"mask": [STEPS, KEYS], "return_attention_scores": True},
    ),
    "EinsumDense/heads": (
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"},
        [SEQUENCE],
        {},
    ),
    "EinsumDense/ellipsis_first": (
        "EinsumDense",
        {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"},
        [IMAGE],
        {},
    ),
    "EinsumDense/ellipsis_last": (
        "EinsumDense",
        {
            "equation": "ab...,bc->ac...",
            "output_shape": 3,
            "bias_axes": "c",
            "activation": "tanh",
        },
        [SEQUENCE],
        {},
    ),
    "EinsumDense/shared_axis": (
        "EinsumDense",
        {"equation": "abc,bcd->abd", "output_shape": [5, 3], "bias_axes": "bd"},
        [SEQUENCE],
        {},
    ),
    "MultiHeadAttention/self": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        [SEQUENCE, SEQUENCE],
        {},
    ),
    "MultiHeadAttention/causal": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "use_bias": False},
        [SEQUENCE, SEQUENCE],
        {"use_causal_mask": True},
    ),
    "MultiHeadAttention/cross": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "value_dim": 2, "output_shape": [3]},
        [(2, 3, 4), (2, 5, 2), (2, 5, 6)],
        {"return_attention_scores": True},
    ),
    "MultiHeadAttention/masks": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        PAIR,
        {
            "value_mask": KEYS,
            "attention_mask": [[[True, True, True, True, True]] * 3, [KEYS[0]] * 3],
        },
    ),
    "MultiHeadAttention/rows": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "attention_axes": [2]},
        [(2, 2, 3, 4), (2, 2, 4, 4)],
        {},
    ),
    "MultiHeadAttention/columns": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "attention_axes": [1]},
        [(2, 3, 2, 4), (2, 3, 2, 4)],
        {"use_causal_mask": True, "return_attention_scores": True},
    ),
    "MultiHeadAttention/both_axes": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 2},
        [(1, 2, 3, 4), (1, 2, 2, 4)],
        {"return_attention_scores": True},
    ),
    "MultiHeadAttention/window_and_gate": (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "sliding_window": 2, "use_gate": True},
        [SEQUENCE, SEQUENCE],
        {},
    ),
    "GroupedQueryAttention/grouped": (
        "GroupedQueryAttention",
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        PAIR,
        {},
    ),
    "GroupedQueryAttention/one_key_causal": (
        "GroupedQueryAttention",
        {"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1},
        [SEQUENCE, SEQUENCE],
        {"use_causal_mask": True, "return_attention_scores": True},
    ),
    "GroupNormalization/groups": ("GroupNormalization", {"groups": 2}, [IMAGE], {}),
    "GroupNormalization/axis_1": (
        "GroupNormalization",
        {"groups": 2, "axis": 1},
        [IMAGE],
        {},
    ),
    "GroupNormalization/instances": (
        "GroupNormalization",
        {"groups": -1, "scale": False},
        [IMAGE],
        {},
    ),
    "LayerNormalization/last": ("LayerNormalization", {}, [SEQUENCE], {}),
    "LayerNormalization/axes": (
        "LayerNormalization",
        {"axis": [1, 2], "epsilon": 1e-5},
        [SEQUENCE],
        {},
    ),
    "RMSNormalization/last": ("RMSNormalization", {}, [SEQUENCE], {}),
    "UnitNormalization/last": ("UnitNormalization", {}, [SEQUENCE], {}),
    "UnitNormalization/axes": ("UnitNormalization", {"axis": [1, 2]}, [SEQUENCE], {}),
    "SpectralNormalization/dense": (
        "SpectralNormalization",
        {
            "layer": {"class_name": "Dense", "config": {"units": 3}},
            "power_iterations": 2,
        },
        [(2, 4)],
        {"training": True},
    ),
    "SpectralNormalization/conv": (
        "SpectralNormalization",
        {"layer": {"class_name": "Conv2D", "config": {"filters": 2, "kernel_size": 2}}},
        [(1, 3, 3, 2)],
        {"training": True},
    ),
    "Conv1D/groups": (
        "Conv1D",
        {
            "filters": 6,
            "kernel_size": 2,
            "groups": 2,
            "padding": "causal",
            "dilation_rate": 2,
        },
        [SEQUENCE],
        {},
    ),
    "Conv2D/groups": (
        "Conv2D",
        {
            "filters": 4,
            "kernel_size": [3, 2],
            "groups": 4,
            "strides": 2,
            "padding": "same",
        },
        [IMAGE],
        {},
    ),
    "Conv2D/groups_channels_first": (
        "Conv2D",
        {
            "filters": 4,
            "kernel_size": 2,
            "groups": 2,
            "data_format": "channels_first",
        },
        [IMAGE],
        {},
    ),
    "Conv3D/groups": (
        "Conv3D",
        {"filters": 4, "kernel_size": 2, "groups": 2},
        [VOLUME],
        {},
    ),
    "Conv1DTranspose/same": (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
        [SEQUENCE],
        {},
    ),
    "Conv1DTranspose/output_padding": (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 4, "strides": 3, "output_padding": 2},
        [SEQUENCE],
        {},
    ),
    "Conv1DTranspose/dilated": (
        "Conv1DTranspose",
        {"filters": 2, "kernel_size": 3, "dilation_rate": 2},
        [SEQUENCE],
        {},
    ),
    "Conv2DTranspose/dilated_same": (
        "Conv2DTranspose",
        {
            "filters": 2,
            "kernel_size": [2, 3],
            "dilation_rate": [2, 1],
            "padding": "same",
        },
        [IMAGE],
        {},
    ),
    "Conv3DTranspose/dilated": (
        "Conv3DTranspose",
        {"filters": 1, "kernel_size": 2, "dilation_rate": 2},
        [VOLUME],
        {},
    ),
    "DepthwiseConv1D/same": (
        "DepthwiseConv1D",
        {
            "kernel_size": 3,
            "padding": "same",
            "depth_multiplier": 2,
            "activation": "tanh",
        },
        [SEQUENCE],
        {},
    ),
    "DepthwiseConv1D/channels_first": (
        "DepthwiseConv1D",
        {"kernel_size": 2, "strides": 2, "data_format": "channels_first"},
        [SEQUENCE],
        {},
    ),
    "ConvLSTM1D/same": (
        "ConvLSTM1D",
        {
            "filters": 2,
            "kernel_size": 2,
            "padding": "same",
            "return_sequences": True,
            "recurrent_activation": "sigmoid",
        },
        [(2, 3, 4, 2)],
        {},
    ),
    "ConvLSTM1D/strided_state": (
        "ConvLSTM1D",
        {
            "filters": 2,
            "kernel_size": 2,
            "strides": 2,
            "return_state": True,
            "recurrent_activation": "sigmoid",
            "activation": "relu",
        },
        [(2, 3, 5, 2)],
        {},
    ),
    "ConvLSTM3D/valid": (
        "ConvLSTM3D",
        {"filters": 1, "kernel_size": 2, "recurrent_activation": "sigmoid"},
        [(1, 2, 3, 2, 3, 2)],
        {},
    ),
    "Softmax/axes": ("Softmax", {"axis": [1, 2]}, [SEQUENCE], {}),
    "Softmax/mask": (
        "Softmax",
        {},
        [(2, 3)],
        {"mask": [[True, False, True], [False, False, False]]},
    ),
    "GlobalAveragePooling2D/keepdims": (
        "GlobalAveragePooling2D",
        {"keepdims": True},
        [IMAGE],
        {},
    ),
    "GlobalMaxPooling1D/keepdims": (
        "GlobalMaxPooling1D",
        {"keepdims": True, "data_format": "channels_first"},
        [SEQUENCE],
        {},
    ),
    "Rescaling/both": ("Rescaling", {"scale": 0.5, "offset": -1.0}, [SEQUENCE], {}),
}


def plain(array):
    """Nested lists of the shortest numbers that are these in float32."""
    array = np.asarray(array)
    if array.dtype == bool:
        return array.tolist()
    return [plain(x) for x in array] if array.ndim else float(str(np.float32(array)))


def made(class_name, config):
    config = {
        key: made(**value) if key == "layer" else value for key, value in config.items()
    }
    name = {"GroupedQueryAttention": "GroupQueryAttention"}.get(class_name, class_name)
    return getattr(keras.layers, name)(**config)


def record(name):
    class_name, config, shapes, call = CASES[name]
    random = np.random.RandomState(sum(map(ord, name)))
    inputs = [random.normal(size=shape).astype("float32") for shape in shapes]
    layer = made(class_name, config)
    separate = class_name in ("MultiHeadAttention", "GroupedQueryAttention")
    given = {
        key: [np.asarray(m) for m in value]
        if key == "mask" and len(inputs) > 1
        else np.asarray(value)
        if key.endswith("mask") and isinstance(value, list)
        else value
        for key, value in call.items()
    }

    def run(*arrays):
        if separate:
            return layer(*arrays, **given)
        return layer(list(arrays) if len(arrays) > 1 else arrays[0], **given)

    run(*inputs)
    variables = layer.trainable_weights
    everything = variables + layer.non_trainable_weights  # the order of Keras 2
    weights = [random.normal(size=w.shape).astype("float32") * 0.5 for w in everything]
    for variable, weight in zip(everything, weights, strict=True):
        variable.assign(weight)

    def total(arrays, values):
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            outputs = run(*arrays)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        after = [scope.get_current_value(v) for v in everything]
        after = [
            v.value if a is None else a for a, v in zip(after, everything, strict=True)
        ]
        return sum(jnp.sum(jnp.square(y)) for y in outputs), (outputs, after)

    values = [v.value for v in variables]
    grads, (outputs, after) = jax.grad(total, (0, 1), has_aux=True)(
        [jnp.asarray(x) for x in inputs], values
    )
    largest = max(float(jnp.max(jnp.abs(g))) for g in jax.tree.leaves(grads))

    def told(gradient):
        """None for one that is 0 but for rounding: a key's bias moves no weight."""
        small = float(jnp.max(jnp.abs(gradient))) < 1e-6 * largest
        return None if small else plain(gradient)

    case = {
        "layer": {"class_name": class_name, "config": config},
        "call": call,
        "inputs": [plain(x) for x in inputs],
        "weights": [plain(w) for w in weights],
        "outputs": [plain(y) for y in outputs],
        "grad_inputs": [told(g) for g in grads[0]],
        "grad_weights": [told(g) for g in grads[1]],
    }
    if call.get("training"):
        case["weights_after_update"] = [plain(w) for w in after]
    return case


def main():
    cases = {f"layer/{name}": record(name) for name in CASES}
    text = json.dumps(
        {"kind": f"layers of Keras {keras.__version__}", "cases": cases},
        separators=(",", ":"),
    )
    PATH.write_text(text + "\n")
    print(f"{len(cases)} cases, {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
