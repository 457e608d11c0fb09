"""What must hold for every layer there is, whatever it computes."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import activations, layers
from cthulhu import backend as K
from cthulhu.core import Scope, registry
from cthulhu.core.configurable import signature
from cthulhu.layers import Input, Layer
from cthulhu.models import Model, load_model


def double(x):
    return 2 * x


# Class: (arguments, shape of one sample, or a list of them).
EXAMPLES = {
    "Activation": (dict(activation="tanh"), (3,)),
    "ActivityRegularization": (dict(l1=0.1), (3,)),
    "Add": ({}, [(3,), (3,)]),
    "AdditiveAttention": ({}, [(3, 4), (5, 4)]),
    "AlphaDropout": (dict(rate=0.2), (3,)),
    "Attention": (dict(use_scale=True), [(3, 4), (5, 2), (5, 4)]),
    "Average": ({}, [(3,), (3,)]),
    "AveragePooling1D": ({}, (5, 2)),
    "AveragePooling2D": (dict(padding="same"), (5, 4, 2)),
    "AveragePooling3D": ({}, (4, 4, 2, 1)),
    "BatchNormalization": ({}, (4, 3)),
    "Bidirectional": (dict(layer=layers.GRU(2, return_sequences=True)), (4, 3)),
    "Concatenate": (dict(axis=1), [(3, 2), (1, 2)]),
    "Conv1DTranspose": (dict(filters=2, kernel_size=3, strides=2), (3, 2)),
    "Conv1D": (dict(filters=2, kernel_size=3, padding="causal"), (5, 2)),
    "Conv2D": (dict(filters=2, kernel_size=3, strides=2), (6, 5, 2)),
    "Conv2DTranspose": (dict(filters=2, kernel_size=3, strides=2), (3, 4, 2)),
    "Conv3D": (dict(filters=2, kernel_size=2, groups=2), (3, 4, 3, 2)),
    "Conv3DTranspose": (dict(filters=2, kernel_size=2, padding="same"), (2, 3, 2, 1)),
    "ConvLSTM1D": (dict(filters=2, kernel_size=2), (3, 4, 1)),
    "ConvLSTM3D": (dict(filters=1, kernel_size=2, padding="same"), (2, 2, 3, 2, 1)),
    "ConvLSTM2D": (
        dict(filters=2, kernel_size=2, recurrent_dropout=0.5, return_sequences=True),
        (3, 4, 4, 1),
    ),
    "ConvRNN2D": (dict(cell=layers.ConvLSTM2DCell(1, 2)), (2, 3, 3, 1)),
    "Cropping1D": ({}, (5, 2)),
    "Cropping2D": (dict(cropping=1), (5, 4, 2)),
    "Cropping3D": ({}, (5, 4, 3, 1)),
    "CuDNNGRU": (dict(units=2), (4, 3)),
    "CuDNNLSTM": (dict(units=2, return_sequences=True), (4, 3)),
    "Dense": (dict(units=4, kernel_regularizer="l2", bias_constraint="nonneg"), (4, 3)),
    "DepthwiseConv1D": (dict(kernel_size=2, padding="causal"), (4, 3)),
    "DepthwiseConv2D": (dict(kernel_size=2, depth_multiplier=2), (4, 3, 2)),
    "Dot": (dict(axes=1, normalize=True), [(3,), (3,)]),
    "Dropout": (dict(rate=0.5, seed=3), (3,)),
    "EinsumDense": (
        dict(equation="abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de"),
        (4, 3),
    ),
    "ELU": (dict(alpha=0.5), (3,)),
    "Embedding": (dict(input_dim=5, output_dim=2, mask_zero=True), (4,)),
    "Flatten": ({}, (2, 3)),
    "GRU": (dict(units=2, reset_after=True), (4, 3)),
    "GaussianDropout": (dict(rate=0.3), (3,)),
    "GaussianNoise": (dict(stddev=0.3), (3,)),
    "GlobalAveragePooling1D": ({}, (4, 2)),
    "GlobalAveragePooling2D": ({}, (4, 3, 2)),
    "GlobalAveragePooling3D": ({}, (4, 3, 2, 1)),
    "GlobalMaxPooling1D": ({}, (4, 2)),
    "GlobalMaxPooling2D": ({}, (4, 3, 2)),
    "GlobalMaxPooling3D": ({}, (4, 3, 2, 1)),
    "GroupNormalization": (dict(groups=2), (4, 6)),
    "GroupedQueryAttention": (
        dict(head_dim=2, num_query_heads=4, num_key_value_heads=2),
        [(3, 4), (5, 4)],
    ),
    "Highway": (dict(activation="relu", kernel_regularizer="l2"), (3,)),
    "Identity": ({}, (3,)),
    "InstanceNormalization": (dict(axis=1), (4, 3)),
    "LSTM": (dict(units=2, return_sequences=True, dropout=0.5), (4, 3)),
    "Lambda": (dict(function=double), (3,)),
    "LayerNormalization": (dict(axis=[1, 2]), (4, 3)),
    "LeakyReLU": ({}, (3,)),
    "LocallyConnected1D": (dict(filters=2, kernel_size=2), (4, 3)),
    "LocallyConnected2D": (dict(filters=2, kernel_size=2), (4, 3, 1)),
    "Masking": (dict(mask_value=1.0), (4, 3)),
    "MaxoutDense": (dict(units=4, bias_constraint="nonneg"), (3,)),
    "MaxPooling1D": (dict(pool_size=3, strides=1), (5, 2)),
    "MaxPooling2D": (dict(pool_size=(2, 1)), (5, 4, 2)),
    "MaxPooling3D": (dict(padding="same"), (5, 4, 2, 1)),
    "Maximum": ({}, [(3,), (3,)]),
    "Minimum": ({}, [(3,), (3,)]),
    "MultiHeadAttention": (
        dict(num_heads=2, key_dim=3, dropout=0.5, use_gate=True),
        [(3, 4), (5, 2)],
    ),
    "Multiply": ({}, [(3,), (3,), (1,)]),
    "PReLU": (dict(shared_axes=[1]), (4, 3)),
    "Permute": (dict(dims=(2, 1)), (4, 3)),
    "RMSNormalization": ({}, (4, 3)),
    "RNN": (dict(cell=[layers.LSTMCell(2), layers.GRUCell(3)]), (4, 3)),
    "ReLU": (dict(max_value=6.0, negative_slope=0.1), (3,)),
    "RepeatVector": (dict(n=3), (2,)),
    "Rescaling": (dict(scale=0.5, offset=-1), (3,)),
    "Reshape": (dict(target_shape=(-1, 2)), (6,)),
    "RotaryEmbedding": ({}, (3, 2, 4)),
    "SeparableConv1D": (dict(filters=2, kernel_size=2, padding="causal"), (4, 3)),
    "SeparableConv2D": (dict(filters=2, kernel_size=2, strides=2), (4, 3, 2)),
    "SimpleRNN": (dict(units=2, return_state=True, unroll=True), (4, 3)),
    "SinePositionEncoding": ({}, (3, 4)),
    "Softmax": (dict(axis=1), (4, 3)),
    "SpatialDropout1D": (dict(rate=0.5), (4, 3)),
    "SpatialDropout2D": (dict(rate=0.5, data_format="channels_first"), (2, 4, 3)),
    "SpatialDropout3D": (dict(rate=0.5), (2, 4, 3, 2)),
    "SpectralNormalization": (dict(layer=layers.Dense(2)), (4, 3)),
    "Subtract": ({}, [(3,), (3,)]),
    "ThresholdedReLU": (dict(theta=0.5), (3,)),
    "TimeDistributed": (dict(layer=layers.Dense(2)), (4, 3)),
    "UnitNormalization": ({}, (4, 3)),
    "UpSampling1D": ({}, (4, 3)),
    "UpSampling2D": (dict(size=(2, 3), interpolation="bilinear"), (3, 2, 1)),
    "UpSampling3D": ({}, (2, 3, 2, 1)),
    "ZeroPadding1D": (dict(padding=(1, 2)), (4, 3)),
    "ZeroPadding2D": (dict(padding=((1, 0), (0, 2))), (4, 3, 1)),
    "ZeroPadding3D": ({}, (2, 3, 2, 1)),
}
NOT_ALONE = {  # bases, cells and the place where data enter
    "InputLayer",
    "Layer",
    "StackedRNNCells",
    "Wrapper",
    *(name for name in dir(layers) if name.endswith("Cell")),
}


def example(name):
    """A new layer, symbols for it and arrays for it."""
    arguments, shapes = EXAMPLES[name]
    layer = getattr(layers, name)(**arguments)
    dtype = "int32" if name == "Embedding" else "float32"
    random = np.random.RandomState(0)

    def array(shape):
        if dtype == "int32":
            return random.randint(0, 5, (2, *shape)).astype(dtype)
        return random.normal(size=(2, *shape)).astype(dtype)

    many = isinstance(shapes, list)
    symbols = [Input(shape, dtype=dtype) for shape in (shapes if many else [shapes])]
    arrays = [jnp.asarray(array(s.shape[1:])) for s in symbols]
    return layer, (symbols if many else symbols[0]), (arrays if many else arrays[0])


def compute(layer, arrays, training=False, mask=None):
    with Scope(training=training):
        outputs, masks = layer.run(arrays, mask, {})
    return (outputs if isinstance(outputs, list) else [outputs]), masks


def as_list(x):
    return x if isinstance(x, list) else [x]


def test_every_layer_has_an_example():
    classes = {
        name
        for name, thing in vars(layers).items()
        if isinstance(thing, type) and issubclass(thing, Layer) and thing is not Layer
    }
    names = {thing.__name__ for thing in map(vars(layers).get, classes)}
    assert set(EXAMPLES) == names - NOT_ALONE


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_symbolic_shape_is_the_real_one(name):
    layer, symbols, arrays = example(name)

    inferred = [s.shape for s in as_list(layer(symbols))]
    outputs, _ = compute(layer, arrays)
    shapes = [s.shape for s in as_list(symbols)]
    said = layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])

    real = [y.shape for y in outputs]
    assert [(None, *shape[1:]) for shape in real] == inferred
    assert as_list(said) == inferred
    assert {str(y.dtype) for y in outputs} == {"float32"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_config_makes_a_twin(name):
    layer, symbols, arrays = example(name)
    layer(symbols)
    config = json.loads(json.dumps(layers.serialize(layer)))

    twin = layers.deserialize(config)

    assert json.loads(json.dumps(layers.serialize(twin))) == config
    assert twin.name == layer.name
    twin(symbols)
    twin.set_weights(layer.get_weights())
    for a, b in zip(compute(layer, arrays)[0], compute(twin, arrays)[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_mask_goes_through_or_is_refused(name):
    layer, symbols, arrays = example(name)
    layer(symbols)
    if isinstance(arrays, list):
        mask = [jnp.ones(x.shape[:2], bool) for x in arrays]
    else:
        mask = jnp.ones(arrays.shape[:2], bool)
    if not layer.supports_masking and name not in ("Embedding", "Lambda"):
        with pytest.raises(TypeError, match=f"`{layer.name}` does not support masking"):
            compute(layer, arrays, mask=mask)
        return

    outputs, masks = compute(layer, arrays, mask=mask)

    for output, out_mask in zip(outputs, as_list(masks), strict=True):
        if out_mask is not None:
            assert out_mask.dtype == bool
            assert out_mask.shape == output.shape[: out_mask.ndim]
    for masked, plain in zip(outputs, compute(layer, arrays)[0], strict=True):
        np.testing.assert_allclose(masked, plain, rtol=1e-6, atol=1e-6)


def test_every_layer_is_found_by_its_name():
    for name in EXAMPLES:
        assert registry.find("layer", name) is getattr(layers, name)


def test_a_misspelt_name_is_met_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean `Dense`"):
        layers.deserialize({"class_name": "Dens", "config": {}})


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_misspelt_argument_is_met_with_the_nearest(name):
    arguments, _ = EXAMPLES[name]
    with pytest.raises(TypeError, match="Did you mean `trainable`"):
        getattr(layers, name)(**arguments, trainabel=False)


def half_precision(x):
    return x.astype("bfloat16") if x.dtype == jnp.float32 else x


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_layer_computes_in_the_dtype_that_it_is_made_for(name):
    arguments, _ = EXAMPLES[name]
    if {"layer", "cell"} & set(arguments):
        return  # as the layer inside was made
    _, _, arrays = example(name)
    layer = getattr(layers, name)(**arguments, dtype="bfloat16")
    arrays = jax.tree.map(half_precision, arrays)
    shapes = [x.shape for x in as_list(arrays)]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    layer.built = True

    for training in (False, True):
        outputs = jax.eval_shape(
            lambda x, training=training: compute(layer, x, training)[0], arrays
        )
        assert {str(y.dtype) for y in outputs} == {"bfloat16"}
    assert {str(w.value.dtype) for w in layer.weights} <= {"bfloat16"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_batch_may_be_one_sample(name):
    layer, symbols, arrays = example(name)
    layer(symbols)
    one = jax.tree.map(lambda x: x[:1], arrays)
    shapes = [x.shape for x in as_list(one)]
    said = layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    real = jax.eval_shape(lambda x: compute(layer, x)[0], one)
    assert [y.shape for y in real] == as_list(said)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_row_does_not_know_its_neighbours(name):
    layer, symbols, arrays = example(name)
    model = Model(symbols, layer(symbols))

    assert model.keeps_rows_apart() == (name not in {"BatchNormalization", "Lambda"})
    if not model.keeps_rows_apart():
        return
    both, _ = compute(layer, arrays)
    alone = [
        compute(layer, jax.tree.map(lambda x, i=i: x[i : i + 1], arrays))[0]
        for i in (0, 1)
    ]

    for together, first, second in zip(both, *alone, strict=True):
        apart = np.concatenate([first, second])
        np.testing.assert_allclose(together, apart, rtol=1e-5, atol=1e-6)


class Scaling(layers.Dense):
    pass


class Projecting(layers.EinsumDense):
    pass


class PlainCell:
    state_size = output_size = 2

    def call(self, inputs, states):
        return inputs, [inputs - K.mean(inputs, axis=0)]


@functools.wraps(activations.relu)
def relu_in_name(x):
    return x - K.mean(x, axis=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Concatenate(axis=0),
        lambda: layers.Softmax(axis=0),
        lambda: layers.Softmax(axis=[-1, 0]),
        lambda: layers.Activation(double),
        lambda: layers.Activation(K.l2_normalize),
        lambda: layers.Lambda(activations.tanh),
        lambda: layers.LSTM(2, activation=double),
        lambda: layers.TimeDistributed(layers.BatchNormalization()),
        lambda: layers.EinsumDense("ab,ac->bc", 3),
        lambda: Scaling(2),
        lambda: Projecting("ab,bc->ac", 3),
        lambda: layers.EinsumDense("ab,bc->ac", 3, activation=double),
        lambda: layers.Dense(2, activation=relu_in_name),
        lambda: layers.RNN(PlainCell()),
        lambda: layers.RNN([layers.LSTMCell(2), PlainCell()]),
        lambda: layers.RotaryEmbedding(sequence_axis=0),
        lambda: layers.SinePositionEncoding(),
    ],
)
def test_what_may_mix_rows_is_not_said_to_keep_them_apart(make):
    assert not make().keeps_rows_apart()


def test_functions_and_variables_in_a_graph_may_mix_rows():
    x = Input((3,))
    kept = K.variable(np.ones((1, 3)))
    held = Input(tensor=kept)

    assert Model(x, layers.Dense(2)(x)).keeps_rows_apart()
    assert not Model(x, layers.Dense(2)(x) - K.mean(x)).keeps_rows_apart()
    assert not Model(x, layers.Add()([x, kept])).keeps_rows_apart()
    assert not Model([x, held], layers.Add()([x, held])).keeps_rows_apart()


def test_where_a_row_is_one_number_the_last_axis_is_that_of_the_batch():
    x, of_one = Input((3,)), Input(())

    assert Model(x, layers.UnitNormalization()(x)).keeps_rows_apart()
    assert not Model(of_one, layers.UnitNormalization()(of_one)).keeps_rows_apart()
    assert not Model(x, layers.SinePositionEncoding()(x)).keeps_rows_apart()


@pytest.mark.parametrize("name", EXAMPLES)
def test_weights_are_saved_and_loaded_bit_for_bit(name, tmp_path):
    layer, symbols, _ = example(name)
    model = Model(symbols, layer(symbols))
    if not layer.weights:
        return
    random = np.random.RandomState(0)
    model.set_weights([random.normal(size=w.shape) for w in model.weights])

    model.save(tmp_path / "model.h5", include_optimizer=False)
    again = load_model(tmp_path / "model.h5", compile=False)

    assert again.get_config() == model.get_config()
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


# Layers whose inputs have channels, and the rank of what lies between.
IMAGES = [
    name
    for name, (_, shape) in EXAMPLES.items()
    if isinstance(shape, tuple)
    and {"data_format"} & set(signature(getattr(layers, name))[0])
    and name not in ("Flatten", "LocallyConnected1D")
]


@pytest.mark.parametrize("name", IMAGES)
def test_both_data_formats_give_the_same(name):
    arguments, _ = EXAMPLES[name]
    arguments = {k: v for k, v in arguments.items() if v != "causal"}
    arguments.pop("data_format", None)
    if name == "ConvRNN2D":
        return  # as the cell says
    _, _, x = example(name)
    first = 2 if name.startswith("ConvLSTM") else 1  # where the channels come
    layer, other = (
        getattr(layers, name)(**arguments, data_format=data_format)
        for data_format in ("channels_last", "channels_first")
    )
    expected = np.asarray(layer(x))
    moved = jnp.moveaxis(x, -1, first)
    other.build(moved.shape)
    other.built = True
    weights = layer.get_weights()
    if name == "LocallyConnected2D":  # its windows are laid flat with channels first
        kernel = weights[0].reshape(len(weights[0]), 4, -1, weights[0].shape[-1])
        weights[0] = kernel.swapaxes(1, 2).reshape(weights[0].shape)
    other.set_weights(weights)

    output = np.asarray(other(moved))

    if output.ndim > 2:
        output = np.moveaxis(output, first - (x.ndim - output.ndim), -1)
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)


# Layers that an example gives a sequence and that do not need more than one step.
ONE_STEP = (
    "AdditiveAttention Attention Bidirectional Conv1D Conv1DTranspose ConvLSTM1D "
    "ConvLSTM2D CuDNNGRU CuDNNLSTM DepthwiseConv1D EinsumDense Embedding GRU "
    "GlobalAveragePooling1D GroupNormalization GroupedQueryAttention LSTM "
    "MultiHeadAttention RMSNormalization RNN RotaryEmbedding SeparableConv1D SimpleRNN "
    "SinePositionEncoding SpatialDropout1D TimeDistributed UpSampling1D ZeroPadding1D"
).split()


@pytest.mark.parametrize("name", ONE_STEP)
def test_a_sequence_may_be_one_step(name):
    layer, _, arrays = example(name)
    short = jax.tree.map(lambda x: x[:, :1], arrays)
    shapes = [x.shape for x in as_list(short)]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    layer.built = True
    said = layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    real = jax.eval_shape(lambda x: compute(layer, x, training=True)[0], short)
    assert [y.shape for y in real] == as_list(said)
