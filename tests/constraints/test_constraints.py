"""Constraints: what weights become, configs and names."""

import json
import pathlib

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import constraints

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "functions.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith("constraint/")])
def test_weights_become_those_of_keras(name):
    case = CASES[name]
    constraint = getattr(constraints, case["class_name"])(**case["kwargs"])
    x = np.array(case["input"], "float32")

    assert np.allclose(case["output"], constraint(x), rtol=1e-6, atol=1e-7)
    assert np.allclose(case["output"], constraint(K.variable(x)), rtol=1e-6, atol=1e-7)
    assert case["kwargs"].items() <= constraint.get_config().items()


@pytest.mark.parametrize(
    "name", ["max_norm", "maxnorm", "non_neg", "nonneg", "unit_norm", "min_max_norm"]
)
def test_names_and_configs(name):
    constraint = constraints.get(name)

    assert type(constraint) is getattr(constraints, name)
    twin = constraints.deserialize(constraints.serialize(constraint))
    assert type(twin) is type(constraint)
    assert twin.get_config() == constraint.get_config()


def test_a_class_a_function_and_nothing():
    assert isinstance(constraints.get(constraints.NonNeg), constraints.NonNeg)
    assert constraints.get(None) is None
    assert constraints.get(abs) is abs


def test_what_is_no_constraint_is_refused():
    with pytest.raises(ValueError, match="max_norm"):
        constraints.get("max_nrom")
    with pytest.raises(ValueError, match="Could not interpret"):
        constraints.get(2)


def test_the_dtype_of_a_weight_stays():
    assert "float16" == constraints.NonNeg()(K.variable([-1, 2], "float16")).dtype
