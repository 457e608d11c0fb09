"""Initializers: what they draw, their configs and their names."""

import json
import pathlib

import numpy as np
import pytest

from cthulhu import initializers

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "functions.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


def named(prefix):
    return [name for name in CASES if name.startswith(f"initializer/{prefix}/")]


def draw(case, **more):
    maker = getattr(initializers, case["class_name"])
    return np.asarray(maker(**case["kwargs"], **more)(tuple(case["shape"])))


@pytest.mark.parametrize("name", named("exact"))
def test_exact_values_are_those_of_keras(name):
    assert np.allclose(CASES[name]["value"], draw(CASES[name]))


@pytest.mark.parametrize("name", named("random"))
def test_distributions_are_those_of_keras(name):
    expected = CASES[name]["statistics"]
    x = draw(CASES[name], seed=11)
    error = 5 * expected["std"] / np.sqrt(x.size)

    assert abs(x.mean() - expected["mean"]) < 2 * error
    assert abs(x.std() - expected["std"]) < 2 * error
    if "Normal" not in name or "Truncated" in name:
        width = expected["max"] - expected["min"]
        assert np.allclose(
            [x.min(), x.max()], [expected["min"], expected["max"]], atol=0.01 * width
        )


@pytest.mark.parametrize("name", named("orthogonal"))
def test_orthogonal_vectors_have_length_gain(name):
    case = CASES[name]
    x = draw(case)
    flat = x.reshape(-1, x.shape[-1])
    gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T

    assert np.allclose(case["gram_rows_or_columns"], gram, atol=1e-5)


def test_configs_are_those_of_keras():
    assert {
        "class_name": "VarianceScaling",
        "config": {
            "scale": 1.0,
            "mode": "fan_avg",
            "distribution": "uniform",
            "seed": None,
        },
    } == initializers.serialize(initializers.get("glorot_uniform"))
    assert {"mean": 0.0, "stddev": 0.05, "seed": 3} == (
        initializers.RandomNormal(seed=3).get_config()
    )
    assert {} == initializers.Zeros().get_config()


@pytest.mark.parametrize(
    "name, kind",
    [
        ("zero", "Zeros"),
        ("one", "Ones"),
        ("uniform", "RandomUniform"),
        ("normal", "RandomNormal"),
        ("GlorotUniform", "VarianceScaling"),
        ("he_normal", "VarianceScaling"),
        ("orthogonal", "Orthogonal"),
        ("identity", "Identity"),
        ("TruncatedNormal", "TruncatedNormal"),
    ],
)
def test_all_spellings_find_them(name, kind):
    assert kind == type(initializers.get(name)).__name__
    config = {"class_name": name, "config": {}}
    assert kind == type(initializers.get(config)).__name__


def test_a_function_that_makes_initializers_and_a_class_do_too():
    assert (2, 3) == initializers.get(initializers.he_normal)((2, 3)).shape
    assert (2, 3) == initializers.get(initializers.Ones)((2, 3)).shape


def test_the_dtype_that_other_libraries_write_is_dropped():
    config = {"class_name": "Zeros", "config": {"dtype": "float32"}}

    assert isinstance(initializers.deserialize(config), initializers.Zeros)


def test_a_seed_repeats_the_first_draw_and_changes_at_the_next():
    first = initializers.RandomUniform(seed=5)
    a, b = np.asarray(first((4,))), np.asarray(first((4,)))

    assert not np.array_equal(a, b)
    assert np.array_equal(a, initializers.RandomUniform(seed=5)((4,)))
    assert {"minval": -0.05, "maxval": 0.05, "seed": 5} == first.get_config()


def test_without_a_seed_the_generator_of_numpy_decides():
    np.random.seed(1)
    a = np.asarray(initializers.glorot_uniform()((4,)))
    np.random.seed(1)

    assert np.array_equal(a, initializers.glorot_uniform()((4,)))


def test_a_seeded_draw_leaves_the_generator_of_numpy_alone():
    np.random.seed(7)
    expected = np.random.rand()
    np.random.seed(7)
    initializers.orthogonal(seed=9)((10, 5))

    assert expected == np.random.rand()


def test_dtypes():
    assert "float32" == initializers.Ones()((2,)).dtype
    assert "int32" == initializers.Zeros()((2,), dtype="int32").dtype


def test_constants_may_be_arrays():
    assert [[1, 2]] == initializers.Constant([1, 2])((1, 2)).tolist()


def test_arguments_out_of_range_are_refused():
    for arguments in ({"scale": -1}, {"mode": "fan"}, {"distribution": "cauchy"}):
        with pytest.raises(ValueError, match="scale|mode|distribution"):
            initializers.VarianceScaling(**arguments)
    with pytest.raises(ValueError, match="2D"):
        initializers.Identity()((1, 2, 3))
    with pytest.raises(ValueError, match="glorot_uniform"):
        initializers.get("glorot_unifrom")
    with pytest.raises(ValueError, match="Could not interpret"):
        initializers.get(3)


def test_fans_of_dense_convolution_and_other_kernels():
    assert (3, 4) == initializers._compute_fans((3, 4))
    assert (50, 70) == initializers._compute_fans((5, 10, 14))
    assert (27, 36) == initializers._compute_fans((3, 3, 3, 4))
    assert (8, 8) == initializers._compute_fans((64,))
