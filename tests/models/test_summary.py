"""The table of layers, to the character as Keras 2.3.1 prints it."""

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.core import naming
from cthulhu.layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Dense,
    Flatten,
    Input,
    InputLayer,
    add,
)
from cthulhu.models import Model, Sequential
from cthulhu.models.summary import count_params, print_summary


@pytest.fixture(autouse=True)
def fresh_names():
    naming.reset_uids()


def lines(model, **kwargs):
    found = []
    model.summary(print_fn=found.append, **kwargs)
    return found


def test_a_chain_has_three_columns_in_65_characters():
    model = Sequential(
        [Dense(32, input_dim=784), BatchNormalization(), Activation("relu"), Dense(10)]
    )
    assert lines(model) == [
        'Model: "sequential_1"',
        "_" * 65,
        "Layer (type)                 Output Shape              Param #   ",
        "=" * 65,
        "dense_1 (Dense)              (None, 32)                25120     ",
        "_" * 65,
        # 29 characters, the last of which gives way to a space
        "batch_normalization_1 (Batch (None, 32)                128       ",
        "_" * 65,
        "activation_1 (Activation)    (None, 32)                0         ",
        "_" * 65,
        "dense_2 (Dense)              (None, 10)                330       ",
        "=" * 65,
        "Total params: 25,578",  # 784 * 32 + 32 + 4 * 32 + 32 * 10 + 10
        "Trainable params: 25,514",
        "Non-trainable params: 64",  # moving mean and variance
        "_" * 65,
    ]


def test_branches_and_shared_layers_have_a_fourth_column():
    inner = Input((4,), name="z")
    reader = Model(inner, Dense(3, name="d")(inner), name="reader")
    a, b = Input((3,), name="a"), Input((4,), name="b")
    shared = Dense(5, name="shared")
    merged = Concatenate(name="all")([shared(a), shared(reader(b)), reader(b)])
    model = Model([a, b], Dense(1, name="out")(merged), name="m")
    rule = "_" * 98
    assert lines(model)[2:-4] == [
        "Layer (type)                    Output Shape         Param #     "
        "Connected to                     ",
        "=" * 98,
        "b (InputLayer)                  (None, 4)            0           " + " " * 33,
        rule,
        "a (InputLayer)                  (None, 3)            0           " + " " * 33,
        rule,
        "reader (Model)                  (None, 3)            15          "
        "b[0][0]                          ",
        " " * 65 + "b[0][0]                          ",
        rule,
        "shared (Dense)                  (None, 5)            20          "
        "a[0][0]                          ",
        # The making of a model is its call 0.
        " " * 65 + "reader[1][0]                     ",
        rule,
        "all (Concatenate)               (None, 13)           0           "
        "shared[0][0]                     ",
        " " * 65 + "shared[1][0]                     ",
        " " * 65 + "reader[2][0]                     ",
        rule,
        "out (Dense)                     (None, 1)            14          "
        "all[0][0]                        ",
        "=" * 98,
    ]
    assert lines(model)[-4:-1] == [
        "Total params: 49",  # the shared layers count once
        "Trainable params: 49",
        "Non-trainable params: 0",
    ]


def test_a_functional_chain_is_shown_as_a_chain():
    x = Input((2, 3), name="x")
    model = Model(x, Dense(2, name="out")(Flatten(name="flat")(x)))
    shown = lines(model)
    assert shown[2].split() == "Layer (type) Output Shape Param #".split()
    assert shown[4].startswith("x (InputLayer)               (None, 2, 3)  ")


@pytest.mark.parametrize("shape", ["two ends", "skip", "used twice"])
def test_what_is_no_chain_tells_its_connections(shape):
    x = Input((3,))
    one = Dense(3)
    first = one(x)
    if shape == "two ends":
        model = Model(x, [first, Dense(2)(x)])
    elif shape == "skip":
        model = Model(x, add([x, first]))
    else:
        model = Model(x, one(first))
    assert "Connected to" in lines(model)[2]


def test_columns_and_width_can_be_told():
    model = Sequential([Dense(2, input_dim=3, name="d")], name="s")
    assert lines(model, line_length=40)[2] == "Layer (type)      Output Shape    Param "
    shown = lines(model, line_length=30, positions=[0.5, 0.8, 1.0])
    assert shown[1] == "_" * 30
    assert shown[4] == "d (Dense)      (None, 2 8     "
    assert lines(model, positions=[12, 24, 30])[4] == "d (Dense)   (None, 2)   8     "


def test_without_a_print_fn_it_is_printed(capsys):
    model = Sequential([Dense(2, input_dim=3)])
    print_summary(model)
    assert capsys.readouterr().out.splitlines() == lines(model)


def test_weights_are_trainable_as_of_compile():
    model = Sequential([Dense(2, input_dim=3), Dense(4)])
    model.layers[0].trainable = False
    assert lines(model)[-3:-1] == ["Trainable params: 12", "Non-trainable params: 8"]
    model.compile("sgd", "mse")
    model.layers[0].trainable = True
    with pytest.warns(UserWarning, match="Discrepancy"):
        shown = lines(model)
    # Real Keras counts such weights twice in the total, or not at all.
    assert shown[-4:-1] == [
        "Total params: 20",
        "Trainable params: 12",
        "Non-trainable params: 8",
    ]
    model.compile("sgd", "mse")
    assert lines(model)[-3] == "Trainable params: 20"


def test_compile_adds_no_layers_to_the_table():
    inner = Sequential([Dense(3, input_dim=4)])
    x = Input((4,))
    model = Model(x, Dense(1)(inner(x)))
    before = lines(model)
    model.compile("sgd", "mse")
    assert lines(model) == before


def test_a_model_in_python_code_is_a_list_of_its_layers():
    class Mine(Model):
        def __init__(self):
            super().__init__(name="mine")
            self.one, self.two = Dense(3, name="one"), Dense(1, name="two")

        def call(self, inputs):
            return self.two(K.relu(self.one(inputs)))

    model = Mine()
    with pytest.raises(ValueError, match="`mine` has not been built"):
        model.summary()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    shown = lines(model)
    assert (
        shown[4] == "one (Dense)                  multiple                  9         "
    )
    assert shown[-4] == "Total params: 13"


def test_a_large_number_has_separators():
    model = Sequential([InputLayer((1000,)), Dense(1234)])
    assert lines(model)[-4] == "Total params: 1,235,234"


def test_count_params_counts_a_weight_once():
    layer = Dense(2)
    layer.build((None, 3))
    assert count_params(layer.weights) == 8
    assert count_params(layer.weights * 2) == 8
