"""Configurations of older versions in today's shape."""

import numpy as np
import pytest

from cthulhu.saving import configs


def modern(config, custom=None):
    return configs.modern(config, custom or {})


def test_a_bare_list_of_layers_becomes_a_sequential():
    layers = [{"class_name": "Dense", "config": {"output_dim": 2}}]
    got = modern({"class_name": "Sequential", "config": layers})
    assert got == {"class_name": "Sequential", "config": {"layers": layers}}


def test_nodes_get_call_arguments():
    model = {
        "layers": [
            {"class_name": "Dense", "config": {}, "inbound_nodes": [[["a", 0, 0]]]},
            {"class_name": "Dense", "config": {}, "inbound_nodes": [[["b", 1, 2, {}]]]},
        ]
    }
    first, second = modern(model)["layers"]
    assert first["inbound_nodes"] == [[["a", 0, 0, {}]]]
    assert second["inbound_nodes"] == [[["b", 1, 2, {}]]]


def test_penalties_of_keras_1_get_a_class():
    got = modern({"W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.1}})
    assert got["W_regularizer"] == {
        "class_name": "L1L2Regularizer",
        "config": {"l1": 0.0, "l2": 0.1},
    }


@pytest.mark.parametrize(
    "mode, name, extra",
    [
        ("sum", "Add", {}),
        ("concat", "Concatenate", {"axis": 1}),
        ("dot", "Dot", {"axes": 2}),
    ],
)
def test_ways_of_merging_are_layers_today(mode, name, extra):
    merge = {"name": "m", "mode": mode, "concat_axis": 1, "dot_axes": 2}
    got = modern({"class_name": "Merge", "config": merge})
    assert got == {"class_name": name, "config": {"name": "m", **extra}}


def test_a_merge_function_is_not_loaded():
    merge = {"name": "m", "mode": "lambda x: x"}
    with pytest.raises(ValueError, match="`m` cannot be loaded"):
        modern({"class_name": "Merge", "config": merge})


def test_what_came_is_not_changed():
    layers = [{"class_name": "Dense", "config": {}, "inbound_nodes": [[["a", 0, 0]]]}]
    modern({"class_name": "Sequential", "config": layers})
    assert layers[0]["inbound_nodes"] == [[["a", 0, 0]]]


def test_a_lambda_can_be_given_its_function():
    def double(x):
        return 2 * x

    config = {"class_name": "Lambda", "config": {"name": "l", "function": ["code"]}}
    assert modern(config, {"l": double})["config"]["function"] is double
    assert modern(config)["config"]["function"] == ["code"]


def test_functions_objects_and_arrays_are_written():
    def named():
        pass

    text = configs.to_json({"a": np.arange(2), "b": np.float32(0.5), "c": named})
    assert text == '{"a": [0, 1], "b": 0.5, "c": "named"}'
    with pytest.raises(TypeError, match="cannot be written"):
        configs.to_json(object())
