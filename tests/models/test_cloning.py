"""Twins of models: the same layers, the same connections, weights of their own."""

import json

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.layers import (
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Input,
    InputLayer,
    Lambda,
    Masking,
)
from cthulhu.models import (
    Model,
    Sequential,
    clone_model,
    model_from_config,
    model_from_json,
)


def branched():
    inner = Input((4,), name="z")
    reader = Model(inner, Dense(3, name="d")(inner), name="reader")
    a, b = Input((3,), name="a"), Input((4,), name="b")
    shared = Dense(5, name="shared", activation="tanh")
    merged = Concatenate(name="all")([shared(a), shared(reader(b)), reader(b)])
    return Model([a, b], [Dense(1, name="one")(merged), Dense(2)(merged)], name="m")


INPUTS = [np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(0, 1, 8).reshape(2, 4)]


def assert_twins(model, twin, inputs):
    assert type(twin) is type(model) and twin.name == model.name
    assert [la.name for la in twin.layers] == [la.name for la in model.layers]
    assert not {id(w) for w in twin.weights} & {id(w) for w in model.weights}
    twin.set_weights(model.get_weights())
    for one, other in zip(model._all(inputs), twin._all(inputs), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(autouse=True)
def all_outputs(monkeypatch):
    def outputs(self, inputs):
        found = self.predict(inputs)
        return found if isinstance(found, list) else [found]

    monkeypatch.setattr(Model, "_all", outputs, raising=False)


def test_a_graph_with_shared_and_nested_layers():
    model = branched()
    twin = clone_model(model)
    assert_twins(model, twin, INPUTS)
    assert len(twin.get_layer("shared")._inbound_nodes) == 2
    assert twin.get_layer("reader").layers[1] is not model.get_layer("reader").layers[1]


@pytest.mark.parametrize("how", ["config", "json", "from_config"])
def test_a_graph_through_its_config(how):
    model = branched()
    if how == "config":
        twin = model_from_config(
            {
                "class_name": "Model",
                "config": json.loads(json.dumps(model.get_config())),
            }
        )
    elif how == "json":
        twin = model_from_json(model.to_json())
    else:
        twin = Model.from_config(model.get_config())
    assert_twins(model, twin, INPUTS)


def test_calls_of_nested_models_are_numbered_from_1_in_a_config():
    config = branched().get_config()
    merged = next(la for la in config["layers"] if la["name"] == "all")
    (sources,) = merged["inbound_nodes"]
    assert [source[:3] for source in sources] == [
        ["shared", 0, 0],
        ["shared", 1, 0],
        ["reader", 2, 0],
    ]


@pytest.mark.parametrize("first", ["shape", "layer", "none", "model"])
def test_a_chain(first):
    x = np.ones((2, 3))
    layers = {
        "shape": [Dense(4, input_dim=3, name="first")],
        "layer": [InputLayer((3,)), Dense(4, name="first")],
        "none": [Dense(4, name="first")],
        "model": [Sequential([Dense(4, input_dim=3)], name="first")],
    }
    model = Sequential([*layers[first], BatchNormalization(), Dropout(0.5), Dense(2)])
    if first == "none":
        assert not clone_model(model).built
        model.build((None, 3))
    assert_twins(model, clone_model(model), x)


def test_a_model_in_a_chain_in_a_model():
    x = Input((3,))
    inner = Sequential([Dense(3, input_dim=3), Model(x, Dense(2)(x))])
    y = Input((3,))
    model = Model(y, inner(y))
    assert_twins(model, clone_model(model), np.ones((2, 3)))


def test_functions_between_layers_and_masks_are_called_again():
    ids = Input((5,), dtype="int32")
    vectors = Embedding(7, 3, mask_zero=True)(ids)
    mean = Lambda(lambda x, mask: K.mean(x, axis=1))(Masking()(vectors))
    model = Model(ids, Dense(2)(K.square(mean) + 1.0))
    x = np.array([[1, 2, 0, 0, 3], [0, 0, 6, 5, 4]])
    assert_twins(model, clone_model(model), x)


def test_penalties_put_on_a_model_go_with_it():
    x = Input((3,))
    y = Dense(2)(x)
    model = Model(x, y)
    model.add_loss(K.sum(K.square(y)))
    twin = clone_model(model)
    twin.set_weights([np.ones((3, 2)), np.zeros(2)])
    twin.compile("sgd")
    # y = 3 in both columns of both rows
    assert twin.evaluate(np.ones((2, 3)), verbose=0) == pytest.approx(4 * 9)


def test_a_frozen_part_is_frozen_in_the_twin():
    model = branched()
    model.get_layer("reader").trainable = False
    model.get_layer("shared").trainable = False
    twin = clone_model(model)
    assert len(twin.trainable_weights) == len(model.trainable_weights) == 4


def test_a_twin_on_other_inputs():
    model = branched()
    a, b = Input((3,), name="other_a"), Input((4,), name="other_b")
    twin = clone_model(model, [a, b])
    assert twin.inputs == [a, b]
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(INPUTS)[0], model.predict(INPUTS)[0])

    chain = Sequential([Dense(2, input_dim=3)])
    source = Input((3,), name="source")
    assert clone_model(chain, source).inputs == [source]


def test_a_function_may_choose_what_the_twin_is_made_of():
    model = Sequential([Dense(4, input_dim=3, name="kept"), Dense(2, name="new")])

    def choose(layer):
        if layer.name == "kept":
            return layer
        return Dense(2, name="new", use_bias=False)

    twin = clone_model(model, clone_function=choose)
    assert twin.layers[0] is model.layers[0]
    assert [w.shape for w in twin.layers[1].weights] == [(4, 2)]


def test_what_cannot_be_cloned_says_why():
    class Mine(Model):
        pass

    with pytest.raises(ValueError, match="twins of models"):
        clone_model(Dense(2))
    with pytest.raises(ValueError, match="defined by Python code"):
        clone_model(Mine())
    with pytest.raises(ValueError, match=r"1 `input_tensors`. Expected: 2"):
        clone_model(branched(), [Input((3,))])
    chain = Sequential([Dense(2, input_dim=3)])
    with pytest.raises(ValueError, match="onto the output of `d`"):
        clone_model(chain, Dense(3, name="d")(Input((3,))))
