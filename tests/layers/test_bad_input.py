"""What cannot work is refused by the layer, with its name, the shapes and a fix."""

import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import layers
from cthulhu.layers import Input
from cthulhu.models import Model, Sequential


class Numpy(layers.Layer):
    def call(self, x):
        return np.tanh(x)


class Wrong(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", (5, 2))

    def call(self, x):
        return x @ self.kernel


class NoSize:
    def call(self, inputs, states):
        return inputs, states


def chain(*parts):
    """The layers, one upon the other, called on the first part."""
    x, *rest = parts
    for layer in rest:
        x = layer(x)
    return x


def masked(units, steps):
    """A sequence of vectors with a mask of its steps."""
    return layers.Embedding(9, units, mask_zero=True)(Input((steps,), dtype="int32"))


# What is done, and the words of the message.
CASES = {
    "an axis that a batch does not have": (
        lambda: layers.BatchNormalization(axis=2, name="eye")(Input((3,))),
        ["`eye` (BatchNormalization)", "axis=2", "rank 2", "from -2 to 1"],
    ),
    "an axis to join along that is not there": (
        lambda: layers.concatenate([Input((3,)), Input((3,))], axis=5, name="eye"),
        ["`eye` (Concatenate)", "axis=5", "rank 2", "from -2 to 1"],
    ),
    "an axis to sum over that is not there": (
        lambda: layers.dot([Input((3,)), Input((3,))], axes=2, name="eye"),
        ["`eye` (Dot)", "axes=2", "(None, 3)", "from 1 to 1", "batch axis"],
    ),
    "a sum over the batch": (
        lambda: layers.dot([Input((3,)), Input((3,))], axes=(1, -2), name="eye"),
        ["`eye` (Dot)", "axes=(1, -2)", "(None, 3)", "batch axis"],
    ),
    "both ways without an order": (
        lambda: layers.Bidirectional(layers.Dense(3, name="flat"), name="ear"),
        ["`ear`", "`flat` (Dense)", "`go_backwards`", "`LSTM(16)`", "leave"],
    ),
    "a class to wrap": (
        lambda: layers.TimeDistributed(layers.Dense),
        ["`TimeDistributed`", "the class `Dense`", "`TimeDistributed(Dense(...))`"],
    ),
    "a word to wrap": (
        lambda: layers.TimeDistributed("x"),
        ["`TimeDistributed`", "'x' of type str", "`Dense(8)`"],
    ),
    "the class of a cell": (
        lambda: layers.RNN(layers.LSTMCell),
        ["the class `LSTMCell`", "Make it first: `LSTMCell(...)`"],
    ),
    "the class of a cell among others": (
        lambda: layers.RNN([layers.LSTMCell(2), layers.GRUCell]),
        ["the class `GRUCell`", "Make it first: `GRUCell(...)`"],
    ),
    "NumPy in a layer": (
        lambda: Numpy(name="eye")(Input((3,))),
        ["layer `eye` (Numpy)", "(None, 3)", "functions of `backend`"],
    ),
    "a weight of a wrong shape": (
        lambda: Wrong(name="eye")(Input((3,))),
        ["layer `eye` (Wrong)", "(None, 3)", "(5,)"],
    ),
    "rank": (
        lambda: layers.Conv2D(4, 3, name="eye")(Input((8, 8))),
        ["eye", "ndim=4", "(None, 8, 8)", "Is an axis missing?"],
    ),
    "rank of a sequence": (
        lambda: layers.GRU(4, name="ear")(Input((8,))),
        ["ear", "ndim=3", "(None, 8)", "return_sequences=True"],
    ),
    "rank of a volume": (
        lambda: layers.ConvLSTM3D(2, 2, name="eye")(Input((3, 8, 8, 1))),
        ["eye", "ndim=6", "(None, 3, 8, 8, 1)"],
    ),
    "channels": (
        lambda: [
            (eye := layers.Conv1D(4, 3, name="eye"))(Input((9, 2))),
            eye(Input((9, 3))),
        ],
        ["eye", "axis -1", "size 2", "(None, 9, 3)"],
    ),
    "channels in front": (
        lambda: [
            (
                eye := layers.DepthwiseConv2D(
                    2, data_format="channels_first", name="eye"
                )
            )(Input((2, 9, 9))),
            eye(Input((3, 9, 9))),
        ],
        ["eye", "axis 1", "size 2", "(None, 3, 9, 9)"],
    ),
    "a window larger than its input": (
        lambda: layers.Conv2D(4, (3, 5), name="eye")(Input((4, 4, 1))),
        ["`eye`", "too small", "(None, 4, 4, 1)", "kernel_size=(3, 5)"],
    ),
    "a dilated window larger than its input": (
        lambda: layers.Conv1D(4, 3, dilation_rate=4, name="eye")(Input((8, 1))),
        [
            "`eye`",
            "too small",
            "(None, 8, 1)",
            "kernel_size=(3,)",
            "dilation_rate=(4,)",
        ],
    ),
    "a pool larger than its input": (
        lambda: layers.MaxPooling3D(4, name="eye")(Input((4, 4, 3, 1))),
        ["`eye`", "too small", "(None, 4, 4, 3, 1)", "pool_size=(4, 4, 4)"],
    ),
    "a local window larger than its input": (
        lambda: layers.LocallyConnected2D(4, 3, name="eye")(Input((2, 4, 1))),
        ["`eye`", "too small", "(None, 2, 4, 1)", "kernel_size=(3, 3)"],
    ),
    "a recurrent window larger than its input": (
        lambda: layers.ConvLSTM2D(4, 5, name="eye")(Input((3, 4, 8, 1))),
        ["`eye`", "too small", "(None, 3, 4, 8, 1)", "kernel_size=(5, 5)"],
    ),
    "strides with dilation": (
        lambda: layers.SeparableConv2D(2, 3, strides=2, dilation_rate=2, name="eye")(
            Input((9, 9, 1))
        ),
        ["`eye`", "stride or dilate", "strides=(2, 2)", "dilation_rate=(2, 2)"],
    ),
    "recurrent strides with dilation": (
        lambda: layers.ConvLSTM1D(2, 3, strides=2, dilation_rate=2, name="eye")(
            Input((3, 9, 1))
        ),
        ["`eye`", "stride or dilate", "strides=(2,)", "dilation_rate=(2,)"],
    ),
    "a negative length": (
        lambda: layers.Cropping1D((3, 4), name="knife")(Input((6, 2))),
        ["`knife`", "too small", "(None, 6, 2)", "cropping=((3, 4),)"],
    ),
    "a transposed length of nothing": (
        lambda: layers.Conv1DTranspose(
            2, 2, padding="same", strides=2, output_padding=2, name="eye"
        ),
        ["`eye`", "output_padding=(2,)", "strides=(2,)", "smaller paddings"],
    ),
    "stateful without a batch size": (
        lambda: layers.LSTM(2, stateful=True, name="ear")(Input((5, 3))),
        ["`ear`", "must know its batch size", "batch_shape"],
    ),
    "a cell without a state": (
        lambda: layers.RNN(NoSize(), name="ear"),
        ["has no `state_size`", "call(inputs, states)"],
    ),
    "an initial state of another size": (
        lambda: layers.GRU(3, name="ear")(Input((5, 3)), initial_state=Input((4,))),
        ["`ear`", "initial_state", "(None, 4)", "(None, 3)"],
    ),
    "too few states": (
        lambda: layers.LSTM(3, name="ear")(Input((5, 3)), initial_state=[Input((3,))]),
        ["`ear`", "initial_state", "(None, 3)"],
    ),
    "a mask of other steps": (
        lambda: layers.LSTM(3, name="ear")(Input((5, 3)), mask=np.ones((2, 4), bool)),
        ["`ear`", "mask", "(2, 4)", "(None, 5)"],
    ),
    "heads that do not share evenly": (
        lambda: layers.GroupedQueryAttention(4, 3, 2, name="eye"),
        ["`eye`", "num_query_heads=3", "num_key_value_heads=2", "multiple"],
    ),
    "no heads": (
        lambda: layers.MultiHeadAttention(0, 4, name="eye"),
        ["num_heads", "0", "at least 1"],
    ),
    "attention to one thing": (
        lambda: layers.MultiHeadAttention(2, 4, name="eye")(Input((5, 3))),
        ["`eye`", "(None, 5, 3)", "Call `eye(query, value)`"],
    ),
    "keys for other steps than values": (
        lambda: layers.MultiHeadAttention(2, 4, name="eye")(
            Input((5, 3)), Input((6, 3)), Input((7, 3))
        ),
        ["`eye`", "(None, 6, 3)", "(None, 7, 3)"],
    ),
    "an attention mask of other steps": (
        lambda: layers.MultiHeadAttention(2, 4, name="eye")(
            Input((5, 3)), Input((6, 3)), attention_mask=Input((5, 5))
        ),
        ["`attention_mask` of `eye`", "(None, 5, 5)", "5, 6"],
    ),
    "axes that are no steps": (
        lambda: layers.MultiHeadAttention(2, 4, attention_axes=3, name="eye")(
            Input((5, 6, 3)), Input((5, 6, 3))
        ),
        ["`eye`", "attention_axes=(3,)", "axes from 1 to 2"],
    ),
    "a key of another size than the query": (
        lambda: layers.Attention(name="eye")([Input((5, 3)), Input((6, 4))]),
        ["`eye`", "(None, 5, 3)", "(None, 6, 4)", "query (batch, T, size)"],
    ),
    "another score": (
        lambda: layers.Attention(score_mode="cosine", name="eye"),
        ["`eye`", "'cosine'", '"dot" or "concat"'],
    ),
    "an equation of nothing": (
        lambda: layers.EinsumDense("ab,bc", 3, name="sum"),
        ["`sum`", "ab,bc", "ab,bc->ac"],
    ),
    "an equation for another rank": (
        lambda: layers.EinsumDense("ab,bc->ac", 3, name="sum")(Input((5, 3))),
        ["`sum`", "(None, 5, 3)", "an axis for each letter of `ab`"],
    ),
    "a size for each letter": (
        lambda: layers.EinsumDense("abc,cd->abd", 3, name="sum")(Input((5, 3))),
        ["`sum`", "output_shape=(3,)", "`bd`"],
    ),
    "groups that do not divide the features": (
        lambda: layers.GroupNormalization(4, name="scale")(Input((5, 6))),
        ["`scale`", "groups=4", "(None, 5, 6)", "divides 6"],
    ),
    "an axis that is not there": (
        lambda: layers.LayerNormalization(axis=3, name="scale")(Input((5, 6))),
        ["`scale`", "axis=3", "rank 3", "from -3 to 2"],
    ),
    "the batch as an axis": (
        lambda: layers.RMSNormalization(axis=0, name="scale")(Input((5, 6))),
        ["`scale`", "axis 0", "(None, 5, 6)"],
    ),
    "nothing to scale": (
        lambda: layers.SpectralNormalization(layers.ReLU(name="r"), name="scale")(
            Input((5,))
        ),
        ["`scale`", "`r`", "a ReLU", "`kernel` or `embeddings`"],
    ),
    "an odd number of features to turn": (
        lambda: layers.RotaryEmbedding(name="turn")(Input((5, 3))),
        ["`turn`", "(None, 5, 3)", "even size"],
    ),
    "a mask for softmax of another size": (
        lambda: layers.Softmax(name="soft")(
            jnp.ones((2, 3)), mask=jnp.ones((2, 4), bool)
        ),
        ["`mask` of `soft`", "(2, 4)", "(2, 3)"],
    ),
    "a mask where none is known": (
        lambda: chain(masked(4, 6), layers.Conv1D(2, 3, name="eye")),
        ["`eye`", "does not support masking", "`mask_zero=False`"],
    ),
    "channels in front of a layer that has them last": (
        lambda: layers.Conv2D(3, 3, name="eye")(Input((1, 28, 28))),
        ["`eye`", "too small", 'Give `data_format="channels_first"`', "(x, 1, -1)"],
    ),
    "channels behind a layer that has them first": (
        lambda: layers.MaxPooling2D(2, data_format="channels_first", name="pool")(
            Input((28, 28, 1))
        ),
        ["`pool`", "too small", 'Give `data_format="channels_last"`', "(x, -1, 1)"],
    ),
    "inputs that are too small either way": (
        lambda: layers.Conv2D(3, 9, name="eye")(Input((8, 8, 1))),
        ["`eye`", "too small", "Give larger inputs"],
    ),
    "a padding that there is none of": (
        lambda: layers.Conv1D(3, 3, padding="samee"),
        ["'samee'", 'Expected: "valid", "same" or "causal".'],
    ),
    "a padding that there is none of in a plane": (
        lambda: layers.Conv2D(3, 3, padding="samee"),
        ["'samee'", 'Expected: "valid" or "same".'],
    ),
    "a padding that there is none of in a pool": (
        lambda: layers.MaxPooling2D(padding="samee"),
        ["'samee'", 'Expected: "valid" or "same".'],
    ),
    "a number for a penalty": (
        lambda: layers.Dense(3, kernel_regularizer=0.01),
        ["0.01", "`l2(0.01)`"],
    ),
    "merged batches": (
        lambda: layers.Add(name="sum")(
            [Input(batch_shape=(2, 3)), Input(batch_shape=(4, 3))]
        ),
        ["`sum`", "different batch sizes", "(2, 3)", "(4, 3)"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_work_is_refused_when_it_is_put_together(case):
    make, words = CASES[case]
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    said = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert [word for word in words if word not in said] == [], said


def test_a_batch_that_does_not_fit_the_states_is_refused():
    ear = layers.GRU(2, stateful=True, batch_input_shape=(2, 3, 4), name="ear")
    model = Sequential([ear])
    with pytest.raises(ValueError, match="batch size of 2.*3 rows in batches of 3"):
        model.predict(np.zeros((3, 3, 4)), batch_size=3)
    with pytest.raises(ValueError, match=r"layer ear.*\(3, 3, 4\)"):
        ear(np.zeros((3, 3, 4)))
    plain = layers.GRU(2, name="ear")
    with pytest.raises(ValueError, match=r"`ear` was given states.*\(3, 5, 4\)"):
        plain(np.zeros((3, 5, 4)), initial_state=np.zeros((2, 2)))


def test_states_of_another_shape_are_refused():
    ear = layers.GRU(2, stateful=True, name="ear")
    Model(x := Input(batch_shape=(2, 3, 4)), ear(x))
    with pytest.raises(ValueError, match=r"`ear`.*\(3, 2\).*\(2, 2\)"):
        ear.reset_states(np.zeros((3, 2)))


def test_a_convolution_may_have_a_window_of_any_size_on_an_unknown_length():
    y = layers.Conv1D(4, 1000)(Input((None, 2)))
    assert y.shape == (None, None, 4)
    assert layers.AveragePooling1D(2000, strides=1)(Input((None, 2))).shape[1] is None
