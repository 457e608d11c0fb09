"""Regularizers: penalties, configs and names."""

import json
import pathlib

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import regularizers

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "functions.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith("regularizer/")])
def test_penalties_are_those_of_keras(name):
    case = CASES[name]
    penalty = getattr(regularizers, case["name"])(**case["kwargs"])

    assert np.allclose(case["output"], penalty(K.variable(case["input"])), rtol=1e-6)


def test_names_functions_and_configs():
    assert {"l1": 0.0, "l2": 0.01} == regularizers.get("l2").get_config()
    assert {"l1": 0.01, "l2": 0.01} == regularizers.get(regularizers.l1_l2).get_config()
    config = regularizers.serialize(regularizers.l1(0.5))
    assert {"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.0}} == config
    assert 0.5 == regularizers.deserialize(config).l1
    assert regularizers.get(None) is None
    mine = lambda w: 1.0  # noqa: E731
    assert regularizers.get(mine) is mine


def test_what_is_no_regularizer_is_refused():
    with pytest.raises(ValueError, match="l1_l3"):
        regularizers.get("l1_l3")
    with pytest.raises(ValueError, match="Could not interpret"):
        regularizers.get(0.01)


def test_no_factor_no_penalty():
    assert 0.0 == regularizers.L1L2()(np.ones(3))
