"""What a network knows of its graph, and inputs that hold values of their own."""

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.layers import (
    LSTM,
    Add,
    BatchNormalization,
    Dense,
    Dropout,
    Input,
    Lambda,
)
from cthulhu.models import Model, Sequential, get_source_inputs


def test_the_depth_of_a_layer_is_its_largest_distance_from_the_outputs():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    shared = Dense(2, name="shared")
    deep = Dense(2, name="top")(shared(b))
    model = Model([a, b], Add(name="sum")([shared(a), deep]))
    found = {d: [la.name for la in on] for d, on in model._layers_by_depth.items()}
    assert found == {3: ["a", "b"], 2: ["shared"], 1: ["top"], 0: ["sum"]}
    assert [len(calls) for calls in model._nodes_by_depth.values()] == [2, 2, 1, 1]
    assert [layer.name for layer in model._input_layers] == ["a", "b"]
    assert [layer.name for layer in model._output_layers] == ["sum"]


def test_a_call_tells_which_results_it_takes():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    shared = Dense(2, name="shared")
    total = Add(name="sum")([shared(a), shared(b)])
    assert total.history[0]._inbound_nodes[0].get_config() == {
        "outbound_layer": "sum",
        "inbound_layers": ["shared", "shared"],
        "node_indices": [0, 1],
        "tensor_indices": [0, 0],
    }


@pytest.mark.parametrize(
    ("layer", "kwargs", "expected"),
    [
        (lambda: Dense(2, activation="relu"), {}, False),
        (lambda: Dropout(0.5), {}, True),
        (lambda: Dropout(0.0), {}, False),
        (lambda: Dropout(0.5), {"training": True}, False),
        (lambda: BatchNormalization(), {}, True),
        (lambda: LSTM(2), {}, False),
        (lambda: LSTM(2, dropout=0.5), {}, True),
        (lambda: Lambda(lambda x: K.in_train_phase(x, 2 * x)), {}, True),
        (lambda: Lambda(lambda x: x * K.cast(K.learning_phase(), "float32")), {}, True),
    ],
)
def test_a_symbol_knows_whether_training_computes_it_otherwise(layer, kwargs, expected):
    x = Input((4, 3))
    y = layer()(x, **kwargs)
    assert y._uses_learning_phase is expected
    assert Lambda(lambda y: y + 1)(y)._uses_learning_phase is expected
    inner = Model(x, y)
    assert inner.uses_learning_phase is expected
    assert inner(Input((4, 3)))._uses_learning_phase is expected
    assert Model.from_config(inner.get_config()).uses_learning_phase is expected


def doubled(x):
    """Twice the sum of a row of `x`, in two columns."""
    return Dense(2, kernel_initializer=lambda shape, **_: 2 * np.ones(shape))(x)


def test_an_input_that_is_a_variable_needs_no_data():
    held = K.variable([[1.0, 2.0]])
    x = Input(tensor=held)
    model = Model(x, doubled(x))
    model.compile("sgd", "mse")
    assert model.predict_on_batch(None).tolist() == [[6, 6]]
    assert model.test_on_batch(None, np.array([[4, 4]])) == 4
    held.assign([[0.0, 1.0]])
    assert model.predict_on_batch(None).tolist() == [[2, 2]]
    assert model.train_on_batch(None, np.array([[0, 0]])) == 4
    assert model.fit(None, np.array([[0, 0]]), verbose=0).history["loss"][0] < 4


def test_only_placeholders_are_fed():
    held = Input(tensor=K.variable([[1.0], [2.0]]), name="held")
    fed = Input(tensor=K.placeholder((2, 1)), name="fed")
    model = Model([held, fed], Add()([held, fed]))
    assert model.input_names == ["held", "fed"]
    assert model.predict_on_batch(np.array([[10], [20]])).tolist() == [[11], [22]]
    assert model.predict({"fed": [[5], [6]]}).tolist() == [[6], [8]]
    with pytest.raises(ValueError, match="with shape"):
        model.predict(np.ones((2, 3)))
    with pytest.raises(ValueError, match="1 input"):
        model.predict([np.ones((2, 1)), np.ones((2, 1))])


def test_a_model_without_data_runs_as_many_steps_as_are_asked_for():
    x = Input(tensor=K.variable([[1.0, 2.0]]))
    model = Model(x, doubled(x))
    model.add_loss(K.mean(model.output))
    model.compile("sgd", None)
    assert model.evaluate(None, steps=3, verbose=0) == 6
    assert model.predict(None, steps=3).shape == (3, 2)
    history = model.fit(None, None, steps_per_epoch=2, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0] < 6
    for run in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ValueError, match="takes no data.*Give `steps`"):
            run(None, batch_size=1)


def test_a_chain_may_begin_with_a_variable():
    x = Input(tensor=K.variable([[1.0, 2.0]]))
    model = Sequential([x.history[0], Lambda(lambda x: 3 * x)])
    assert model.predict_on_batch(None).tolist() == [[3, 6]]


def test_the_inputs_of_a_model_come_from_input():
    x = Input((3,))
    hidden = Dense(2, name="hidden")(x)
    with pytest.raises(ValueError, match="must come from `Input`.*`hidden`"):
        Model(hidden, Dense(1)(hidden))
    assert hidden.history[0].name == "hidden"


def test_source_inputs_are_found_through_layers_and_functions():
    a, b, c = Input((2,)), Input((2,)), Input((2,))
    y = Dense(2)(Add()([a, b]) + 1)
    assert get_source_inputs(y) == [a, b]
    assert get_source_inputs(Add()([y, c, a])) == [a, b, c]
    assert get_source_inputs(a) == [a]
    shared = Dense(1)
    shared(a), shared(b)
    assert get_source_inputs(shared.get_output_at(0), shared, 1) == [b]


def test_penalties_are_told_by_the_inputs_they_depend_on():
    a, b = Input((2,)), Input((2,))
    layer = Dense(1, activity_regularizer="l2", kernel_regularizer="l2")
    model = Model([a, b], [layer(a), layer(b)])
    model.add_loss(K.sum(a))
    assert len(model.losses) == 4
    assert len(model.get_losses_for(None)) == 1
    assert len(model.get_losses_for(a)) == 2
    assert len(model.get_losses_for([b])) == 1
    assert len(model.get_losses_for([a, b])) == 3


def test_inputs_can_be_set_once():
    chain = Sequential([Dense(4)])
    chain._set_inputs(np.zeros((2, 3)))
    assert chain.input_shape == (None, 3)
    model = Model(chain.inputs, chain.outputs)
    with pytest.raises(ValueError, match="are set already"):
        model._set_inputs(chain.inputs)
    model.inputs = None
    model._set_inputs(chain.inputs)
    assert model.predict(np.zeros((2, 3))).shape == (2, 4)
    model.inputs = None
    with pytest.raises(ValueError, match="clone_model"):
        model._set_inputs(Input((3,)))


def test_a_chain_built_by_its_data_tells_so_in_its_config():
    chain = Sequential([Dense(2)])
    chain.build((None, 3))
    config = chain.get_config()
    assert [entry["class_name"] for entry in config["layers"]] == ["Dense"]
    assert config["build_input_shape"] == (None, 3)
    assert Sequential.from_config(config).get_config() == config
