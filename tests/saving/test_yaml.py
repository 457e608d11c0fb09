"""Models as YAML: the texts of Keras are read, and none of them runs code."""

import gc

import pytest

from cthulhu.layers import Dense, Lambda
from cthulhu.models import Sequential, model_from_yaml
from cthulhu.saving import DamagedFile, RefusedFile

# As `to_yaml` of Keras 2.3.1 wrote it: tuples under a tag of Python's, shared parts.
OLD = """
backend: tensorflow
class_name: Sequential
config:
  layers:
  - class_name: Dense
    config:
      batch_input_shape: &id001 !!python/tuple [null, 4]
      dtype: float32
      name: dense_1
      units: 3
      activation: relu
  build_input_shape: *id001
  name: sequential_1
keras_version: 2.3.1
"""


def chain():
    return Sequential([Dense(3, input_shape=(4,), name="a"), Dense(2, name="b")])


def test_a_model_goes_through_yaml_and_back():
    model = chain()
    twin = model_from_yaml(model.to_yaml())
    assert twin.get_config() == model.get_config()
    assert [w.shape for w in twin.weights] == [(4, 3), (3,), (3, 2), (2,)]


def test_arguments_go_to_the_writer():
    assert chain().to_yaml(default_flow_style=True).startswith("{backend: ")


def test_yaml_of_keras_2_is_read():
    model = model_from_yaml(OLD)
    assert model.input_shape == (None, 4)
    assert model.layers[0].activation.__name__ == "relu"


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:builtins.open [{}, w]",
        "!!python/object/new:builtins.open [{}, w]",
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/module:os",
        "!!python/name:builtins.eval",
    ],
)
@pytest.mark.parametrize("place", ["{}", "config: {}", "class_name: Dense\nconfig: {}"])
def test_yaml_runs_no_code(tmp_path, tag, place):
    canary = tmp_path / "canary"
    with pytest.raises(RefusedFile, match="makes Python objects"):
        model_from_yaml(place.format(tag.format(canary)))
    assert not canary.exists()


def test_code_of_a_lambda_is_refused_in_yaml_too(tmp_path):
    canary = str(tmp_path / "canary")
    model = Sequential(
        [Lambda(lambda x: (open(canary, "w").close(), x)[1], input_shape=(2,))]
    )
    text = model.to_yaml()
    (tmp_path / "canary").unlink()  # made when the layer was called
    del model  # code of a function that still lives here would be that function
    gc.collect()
    with pytest.raises(ValueError, match="`lambda_.*holds Python code"):
        model_from_yaml(text)
    assert not (tmp_path / "canary").exists()


def test_a_short_text_for_a_huge_one_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(RefusedFile, match="too large"):  # 9 ** 12 parts
        model_from_yaml("\n".join(lines))


def test_a_text_that_holds_itself_is_refused():
    with pytest.raises(RefusedFile, match="too deep"):
        model_from_yaml("class_name: &a [*a]")


def test_what_is_no_yaml_is_damaged():
    with pytest.raises(DamagedFile, match="not valid YAML"):
        model_from_yaml("class_name: [")
