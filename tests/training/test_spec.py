"""What `compile` accepts for several outputs, and what it calls them."""

import pytest

from cthulhu.layers import Dense, Input
from cthulhu.models import Model


def model():
    x = Input((2,))
    return Model(x, [Dense(1, name="a")(x), Dense(1, name="b")(x)])


@pytest.mark.parametrize("weights", [(0.5, 0.5), 0.5, "a"])
def test_loss_weights_are_a_list_or_a_dict(weights):
    with pytest.raises(TypeError, match="`loss_weights` cannot be read"):
        model().compile("sgd", "mse", loss_weights=weights)


def test_a_dict_of_modes_tells_that_of_each_trained_output():
    made = model()
    made.compile("sgd", {"a": "mse", "b": None}, sample_weight_mode={"a": "temporal"})
    made.compile("sgd", "mse", sample_weight_mode={"a": None})
    with pytest.raises(ValueError, match='does not tell that of `b`.*"b": None'):
        made.compile("sgd", "mse", sample_weight_mode={"a": "temporal"})


def test_the_metrics_of_compile_are_kept_as_they_were_given():
    made = model()
    assert made._compile_metrics == []
    made.compile("sgd", "mse", ["mae"])
    assert made._compile_metrics == ["mae"]


def test_nothing_has_to_be_made_before_data_come():
    made = model()
    made._make_predict_function()
    with pytest.raises(RuntimeError, match="must be compiled"):
        made._make_train_function()
    made.compile("sgd", "mse")
    made._make_train_function()
    made._make_test_function()
