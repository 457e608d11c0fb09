"""A model's layers seen from outside."""

import numpy as np
import pytest

from cthulhu.keras.layers import Activation, Dense, Input, concatenate
from cthulhu.keras.models import Model, Sequential


@pytest.fixture(scope="module")
def model():
    return Sequential(
        [
            Dense(2, input_dim=2, kernel_initializer="ones", name="sums"),
            Activation("relu", name="positive"),
        ]
    )


def test_it_gives_what_every_layer_makes(model):
    probe = model.probe()
    sums, positive = probe.predict(np.array([[1.0, 2.0], [-3.0, 1.0]]))

    assert ["sums", "positive"] == probe.output_names
    assert [[3, 3], [-2, -2]] == sums.tolist()
    assert [[3, 3], [0, 0]] == positive.tolist()


def test_it_shares_the_weights_and_takes_no_name(model):
    probe = model.probe(["positive"])

    assert [id(w) for w in model.weights] == [id(w) for w in probe.weights]
    assert f"{model.name}_probe" == probe.name
    with pytest.raises(ValueError, match="Did you mean `positive`"):
        model.probe(["positiv"])


def test_every_call_of_a_layer_is_an_output():
    x, y, shared = Input((2,)), Input((2,)), Dense(1, name="d")
    model = Model([x, y], concatenate([shared(x), shared(y)], name="c"))

    assert ["d", "d_1", "c"] == model.probe().output_names


def test_a_model_made_by_code_cannot_be_probed():
    class Code(Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(NotImplementedError, match="defined by Python code"):
        Code().probe()
