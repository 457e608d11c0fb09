"""Recurrent layers and wrappers beyond the numbers of Keras: states, dropout, cells."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import layers
from cthulhu.core import Scope, make_key
from cthulhu.layers import Input

SEQUENCE = np.random.RandomState(0).normal(size=(2, 4, 3)).astype("float32")


def in_training(layer, x, seed=0):
    with Scope(training=True, key=make_key(seed)):
        return np.asarray(layer(jnp.asarray(x)))


class Counter(layers.Layer):
    """A cell that adds up its inputs; a user's own, with a constant."""

    state_size = 3

    def call(self, inputs, states, constants=None):
        total = inputs + states[0]
        if constants:
            total = total + constants[0]
        return total, [total]


def test_a_cell_of_ones_own_runs_over_the_steps():
    output = layers.RNN(Counter(), return_sequences=True)(SEQUENCE)
    np.testing.assert_allclose(output, np.cumsum(SEQUENCE, axis=1), rtol=1e-5)


def test_constants_reach_every_step():
    layer = layers.RNN(Counter())
    output = layer(SEQUENCE, constants=np.ones((2, 3), "float32"))
    np.testing.assert_allclose(output, SEQUENCE.sum(1) + 4, rtol=1e-5)
    assert layer.get_config()["num_constants"] == 1


def test_an_initial_state_may_be_a_symbol_or_an_array():
    layer = layers.SimpleRNN(3)
    state = layers.Dense(3)(Input((5,)))
    assert layer(Input((4, 3)), initial_state=state).shape == (None, 3)
    zero = layer(SEQUENCE, initial_state=np.zeros((2, 3), "float32"))
    np.testing.assert_allclose(zero, layer(SEQUENCE), rtol=1e-6)
    fixed = np.zeros((2, 3), "float32")  # beside a batch of unknown size
    assert layer(Input((4, 3)), initial_state=K.variable(fixed)).shape == (None, 3)
    with pytest.raises(ValueError, match=r"\(2, 4\).*\(None, 3\)"):
        layers.SimpleRNN(3)(SEQUENCE, initial_state=np.zeros((2, 4), "float32"))


def test_a_stateful_layer_goes_on_where_it_stopped():
    layer = layers.GRU(2, stateful=True, batch_input_shape=(2, 4, 3))
    plain = layers.GRU(2)
    whole = np.concatenate([SEQUENCE, SEQUENCE], axis=1)
    layer(SEQUENCE)
    plain(SEQUENCE)
    plain.set_weights(layer.get_weights())
    layer.reset_states()
    layer(SEQUENCE)
    np.testing.assert_allclose(layer(SEQUENCE), plain(whole), rtol=1e-5)

    layer.reset_states(np.zeros((2, 2)))
    np.testing.assert_allclose(layer(SEQUENCE), plain(SEQUENCE), rtol=1e-5)
    with pytest.raises(ValueError, match=r"\(3, 2\).*\(2, 2\)"):
        layer.reset_states(np.zeros((3, 2)))


def test_a_stateful_layer_must_know_its_batch_size():
    with pytest.raises(ValueError, match="batch_input_shape"):
        layers.LSTM(2, stateful=True)(Input((4, 3)))
    with pytest.raises(AttributeError, match="stateful=True"):
        layers.LSTM(2).reset_states()


@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("unroll", [False, True])
def test_dropout_drops_the_same_inputs_at_all_steps(implementation, unroll):
    layer = layers.GRU(
        4, dropout=0.5, implementation=implementation, unroll=unroll, use_bias=False
    )
    x = np.ones((64, 1, 1), "float32")
    layer(x)
    one, other = in_training(layer, x), in_training(layer, x, seed=1)
    assert not np.array_equal(one, other)
    if implementation == 2:  # all gates share one mask: dropped samples give zero
        share = (one == 0).all(1).mean()
        assert share == pytest.approx(0.5, abs=0.2)
    np.testing.assert_array_equal(layer(x)[0], layer(x)[1])


def test_recurrent_dropout_acts_in_training_alone():
    layer = layers.LSTM(4, recurrent_dropout=0.5)
    still = np.asarray(layer(SEQUENCE))
    np.testing.assert_array_equal(layer(SEQUENCE), still)
    assert not np.allclose(in_training(layer, SEQUENCE), still)


def test_dropout_in_stacked_cells_draws_outside_of_the_loop():
    cells = [layers.GRUCell(3, dropout=0.5), layers.LSTMCell(2, recurrent_dropout=0.5)]
    layer = layers.RNN(cells)
    assert in_training(layer, SEQUENCE).shape == (2, 2)
    assert all(cell._masks is None for cell in cells)


def test_the_forget_gate_begins_open():
    layer = layers.LSTM(2)
    layer.build((None, 4, 3))
    np.testing.assert_array_equal(layer.get_weights()[2], [0, 0, 1, 1, 0, 0, 0, 0])


def test_an_identity_is_meant_for_each_gate():
    layer = layers.GRU(2, recurrent_initializer="identity")
    layer.build((None, 4, 3))
    np.testing.assert_array_equal(layer.get_weights()[1], np.tile(np.eye(2), 3))


def test_weights_are_named_after_the_layer():
    layer = layers.LSTM(2, name="memory")
    layer.build((None, 4, 3))
    assert [w.name for w in layer.weights] == [
        "memory/kernel",
        "memory/recurrent_kernel",
        "memory/bias",
    ]


def test_the_layer_shows_the_arguments_of_its_cell():
    layer = layers.LSTM(5, dropout=0.2)
    assert (layer.units, layer.dropout, layer.cell.units) == (5, 0.2, 5)


def test_a_thing_that_is_no_cell_is_refused():
    with pytest.raises(ValueError, match="has no `state_size`"):
        layers.RNN(layers.Dense(3))


def test_stacked_cells_can_keep_their_states_in_the_old_order():
    cells = [layers.GRUCell(3), layers.LSTMCell(2)]
    stack = layers.StackedRNNCells(cells, reverse_state_order=True)
    assert stack.state_size == (2, 2, 3)
    assert layers.StackedRNNCells(cells).state_size == (3, 2, 2)
    outputs = layers.RNN(stack, return_state=True)(SEQUENCE)
    assert [x.shape for x in outputs] == [(2, 2), (2, 2), (2, 2), (2, 3)]
    np.testing.assert_array_equal(outputs[0], outputs[1])


# Wrappers.


def test_time_distributed_applies_one_layer_to_all_steps():
    dense = layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")
    layer = layers.TimeDistributed(dense)
    with Scope(training=True) as scope:
        output = layer(jnp.asarray(SEQUENCE))
    kernel, bias = layer.get_weights()

    np.testing.assert_allclose(output, SEQUENCE @ kernel + bias, rtol=1e-4, atol=1e-6)
    assert len(layer.weights) == 2
    assert len(layer.penalties) == 1
    assert float(scope.losses[0]) == pytest.approx(0.01 * np.abs(output).sum(), 1e-4)
    assert len(scope.losses) == 1


def test_freezing_a_wrapper_freezes_what_is_inside():
    norm = layers.BatchNormalization()
    layer = layers.TimeDistributed(norm)
    layer(SEQUENCE)
    layer.trainable = False

    with Scope(training=True) as scope:
        layer(jnp.asarray(SEQUENCE))

    assert not norm.trainable
    assert layer.trainable_weights == []
    assert np.all(scope.values.get(norm.moving_mean, norm.moving_mean.value) == 0)
    assert not layers.TimeDistributed(layers.Dense(1, trainable=False)).trainable


def test_time_distributed_hands_masks_on():
    masked = layers.Masking()(Input((4, 3)))
    output = layers.TimeDistributed(layers.Dense(2))(masked)
    assert output.mask.shape == (None, 4)


def test_bidirectional_reads_both_ways():
    layer = layers.Bidirectional(layers.SimpleRNN(2, return_sequences=True))
    output = np.asarray(layer(SEQUENCE))
    backwards = np.asarray(layer.backward_layer(SEQUENCE))[:, ::-1]

    assert output.shape == (2, 4, 4)
    np.testing.assert_allclose(output[..., 2:], backwards, rtol=1e-5)
    assert len(layer.weights) == 6
    assert layer.weights[0].name == (f"{layer.name}/{layer.forward_layer.name}/kernel")


def test_bidirectional_takes_a_state_for_each_way():
    layer = layers.Bidirectional(layers.GRU(2))
    states = [Input((2,)), Input((2,))]
    assert layer(Input((4, 3)), initial_state=states).shape == (None, 4)
    with pytest.raises(ValueError, match="an even number"):
        layer(Input((4, 3)), initial_state=states[:1])


def test_bidirectional_merges_in_a_known_way():
    with pytest.raises(ValueError, match='"concat", "sum"'):
        layers.Bidirectional(layers.GRU(2), merge_mode="max")


def test_masks_hold_the_output_of_the_step_before():
    x = K.variable(SEQUENCE)
    layer = layers.SimpleRNN(2, return_sequences=True)
    mask = jnp.asarray([[True, True, False, True]] * 2)
    output = np.asarray(layer(x, mask=mask))
    np.testing.assert_array_equal(output[:, 2], output[:, 1])


def test_a_mask_can_be_asked_for_with_symbols():
    inputs = Input((4, 3))
    mask = layers.Masking().compute_mask(inputs)
    layer = layers.TimeDistributed(layers.Dense(2))
    layer(inputs)
    assert layer.compute_mask(inputs, mask).shape == (None, 4)

    inputs = Input((None, 3, 5))
    embedded = layers.TimeDistributed(layers.Masking())
    assert embedded.compute_mask(inputs).shape == (None, None, 3)


def test_the_way_back_may_be_another_layer():
    both = layers.Bidirectional(
        layers.GRU(2), backward_layer=layers.SimpleRNN(3, go_backwards=True)
    )
    assert both(Input((4, 3))).shape == (None, 5)
    config = both.get_config()
    twin = layers.Bidirectional.from_config(config)
    assert isinstance(twin.backward_layer, layers.SimpleRNN)
    assert "backward_layer" not in layers.Bidirectional(layers.GRU(2)).get_config()
    with pytest.raises(ValueError, match="cannot run its two layers side by side"):
        layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(2))


@pytest.mark.parametrize(
    "layer",
    [
        layers.SimpleRNN(3),
        layers.LSTM(3, recurrent_activation="hard_sigmoid"),
        layers.LSTM(3, use_bias=False),
        layers.LSTM(3, recurrent_activation="softmax"),
        layers.GRU(3, reset_after=True, go_backwards=True, return_sequences=True),
        layers.GRU(3, reset_after=True, use_bias=False),
    ],
    ids=lambda layer: layer.name,
)
@pytest.mark.parametrize("masked", [False, True])
def test_the_loop_that_knows_the_product_computes_what_the_other_does(layer, masked):
    x = np.random.rand(2, 5, 4).astype("float32")
    compare_loops(layer, x, np.array(MASK) if masked else None)


MASK = [[0, 1, 1, 0, 1], [1, 1, 1, 0, 0]]


def compare_loops(layer, x, mask):
    """Outputs and gradients by `K.rnn_of_products` and by `K.rnn`."""
    layer.build((None, *x.shape[1:]))
    layer.set_weights([np.random.randn(*w.shape) for w in layer.get_weights()])
    weights = [jnp.asarray(w) for w in layer.get_weights()]

    def loss(x, weights):
        values = dict(zip(layer.weights, weights, strict=True))
        with Scope(values, training=False):
            return (layer.call(x, mask=mask) ** 2).sum()

    assert layer.cell.is_product
    fast = jax.jit(jax.value_and_grad(loss, (0, 1)))(x, weights)
    kind = type(layer.cell)
    slow_kind = type(kind.__name__, (kind,), {"is_product": False})
    layer.cell.__class__ = slow_kind
    slow = jax.jit(jax.value_and_grad(lambda *a: loss(*a), (0, 1)))(x, weights)
    layer.cell.__class__ = kind

    for one, other in zip(jax.tree.leaves(fast), jax.tree.leaves(slow), strict=True):
        assert np.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("how", [{}, {"go_backwards": True, "return_sequences": True}])
def test_images_in_the_loop_of_products_give_what_the_other_loop_does(
    rank, data_format, how
):
    kind = (layers.ConvLSTM1D, layers.ConvLSTM2D)[rank - 1]
    shape = (3, 5, 5, 5)[: rank + 1] + (2,)
    if data_format == "channels_first":
        shape = (3, 2, 5, 5, 5)[: rank + 2]
    layer = kind(2, 3, dilation_rate=2, data_format=data_format, **how)
    compare_loops(layer, np.random.rand(2, *shape).astype("float32"), None)


def test_a_step_or_an_activation_of_ones_own_is_not_taken_for_the_built_in_one():
    class Own(layers.LSTMCell):
        def step(self, projected, states, recurrent_masks=None):
            output, states = super().step(projected, states, recurrent_masks)
            return 2 * output, states

    assert layers.LSTMCell(3).is_product and layers.SimpleRNNCell(3).is_product
    assert not Own(3).is_product
    assert not layers.LSTMCell(3, activation=lambda x: x).is_product
    assert not layers.LSTMCell(3, recurrent_activation=lambda x: x).is_product
    assert layers.GRUCell(3, reset_after=True).is_product
    assert not layers.GRUCell(3).is_product  # its candidate needs a second product
    assert layers.ConvLSTM2DCell(3, 2).is_product


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_inputs_projected_at_once_or_by_the_step_give_the_same(kind, monkeypatch):
    layer = kind(4, dropout=0.5, recurrent_dropout=0.5, return_sequences=True)
    x = np.random.rand(3, 6, 5).astype("float32")
    mask = np.array([[1, 1, 0, 1, 1, 1]] * 3)
    at_once = layer(x, mask=mask)

    monkeypatch.setattr("cthulhu.layers.rnn._SMALL", 3 * 6 * 4 - 1)

    assert layer._projects_by_step(x, None) and not layer._projects_by_step(x, True)
    assert np.allclose(at_once, layer(x, mask=mask), atol=1e-6)
