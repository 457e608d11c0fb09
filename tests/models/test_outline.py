"""The boxes of a model, for those who draw it."""

from cthulhu import backend as K
from cthulhu.keras.layers import LSTM, Bidirectional, Dense, Input, concatenate
from cthulhu.keras.models import Model, Sequential


def edges(model):
    return {box.name: [of for of, _ in box.inputs] for box in model.outline()}


def test_a_chain_is_a_row_of_boxes_with_shapes_and_weights():
    model = Sequential(
        [Dense(3, input_dim=4, name="a"), Bidirectional(LSTM(2), name="b")][:1]
    )
    first, second = model.outline()

    assert ("a_input", "InputLayer", []) == (first.name, first.kind, first.inputs)
    assert ("a", "Dense", [("a_input", 0)]) == (second.name, second.kind, second.inputs)
    assert [(None, 3)] == second.shapes
    assert {"kernel": (4, 3), "bias": (3,)} == {
        name: weight.shape for name, weight in second.weights.items()
    }


def test_layers_within_a_wrapper_keep_their_names_apart():
    model = Sequential([Bidirectional(LSTM(2, name="r"), input_shape=(3, 1), name="b")])

    assert [
        f"{way}_r/{what}"
        for way in ("forward", "backward")
        for what in ("kernel", "recurrent_kernel", "bias")
    ] == list(model.outline()[-1].weights)


def test_a_layer_that_is_used_twice_is_drawn_twice_and_knows_its_first_box():
    x, y, shared = Input((2,), name="x"), Input((2,), name="y"), Dense(1, name="d")
    model = Model([x, y], concatenate([shared(x), shared(y)], name="c"))
    boxes = {box.name: box for box in model.outline()}

    assert {"x": [], "y": [], "d": ["x"], "d_1": ["y"], "c": ["d", "d_1"]} == edges(
        model
    )
    assert (None, "d") == (boxes["d"].shared, boxes["d_1"].shared)


def test_models_within_are_opened_and_functions_are_boxes():
    inner = Sequential([Dense(2, input_dim=2, name="a"), Dense(2, name="b")], "inner")
    x = Input((2,), name="x")
    model = Model(x, Dense(1, name="end")(K.square(inner(x))))

    assert {
        "x": [],
        "inner/a": ["x"],
        "inner/b": ["inner/a"],
        "square": ["inner/b"],
        "end": ["square"],
    } == edges(model)


def test_of_a_model_made_by_code_the_layers_alone_are_known():
    class Twice(Model):
        def __init__(self):
            super().__init__(name="twice")
            self.once = Dense(2, name="once")
            self.inner = Sequential([Dense(2, input_dim=2, name="a")], "inner")

        def call(self, inputs):
            return self.inner(self.once(inputs))

    model = Twice()
    model.build((None, 2))

    assert {"once": [], "inner/a": []} == edges(model)
