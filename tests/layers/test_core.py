"""Dense to Lambda, by numbers that can be checked by hand."""

import functools
import json

import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import layers
from cthulhu.core import Scope, make_key
from cthulhu.layers import Input, Lambda, functions_as_data


def in_training(layer, x, seed=0):
    with Scope(training=True, key=make_key(seed)):
        return np.asarray(layer(jnp.asarray(x, "float32")))


def test_dense_multiplies_adds_and_activates():
    layer = layers.Dense(2, activation="relu", weights=[[[1, 2], [3, -4]], [0.5, 0]])
    output = layer(np.array([[1.0, 1.0]]))

    np.testing.assert_array_equal(output, [[4.5, 0.0]])
    assert [w.name for w in layer.weights] == [
        f"{layer.name}/kernel",
        f"{layer.name}/bias",
    ]


def test_dense_takes_the_input_dim_of_old():
    assert layers.Dense(2, input_dim=5).batch_input_shape == (None, 5)


def test_dense_without_a_known_last_axis_tells_what_to_do():
    with pytest.raises(ValueError, match=r"`d` cannot make its kernel.*input_shape"):
        layers.Dense(2, name="d")(Input((None,)))


def test_dense_of_another_width_names_both_shapes():
    layer = layers.Dense(2, name="narrow")
    layer(Input((3,)))
    with pytest.raises(ValueError, match=r"narrow.*size 3.*\(None, 4\)"):
        layer(Input((4,)))


def test_penalties_of_dense_follow_its_weights():
    layer = layers.Dense(1, kernel_regularizer="l1", activity_regularizer="l2")
    layer.build((None, 2))
    layer.set_weights([[[1.0], [-2.0]], [0.0]])
    with Scope(training=True) as scope:
        layer(jnp.asarray([[3.0, 1.0]]))

    assert [float(p()) for p in layer.penalties] == [pytest.approx(0.01 * 3)]
    assert [float(loss) for loss in scope.losses] == [pytest.approx(0.01 * 1)]


def test_dropout_keeps_the_mean_and_does_nothing_outside_training():
    x = np.ones((200, 100))
    layer = layers.Dropout(0.25)

    dropped = in_training(layer, x)

    assert set(np.unique(dropped).round(4)) == {0.0, np.float32(1.3333)}
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(layer(x), x)
    assert not np.array_equal(dropped, in_training(layer, x, seed=1))


def test_dropout_follows_its_noise_shape():
    dropped = in_training(layers.Dropout(0.5, noise_shape=(None, 1)), np.ones((50, 4)))

    assert np.all(dropped == dropped[:, :1])
    assert 0 < (dropped[:, 0] == 0).sum() < 50


def test_a_noise_shape_may_fix_the_batch():
    layer = layers.Dropout(0.5, noise_shape=(3, 1))
    assert layer(Input((2,))).shape == (None, 2)
    dropped = in_training(layer, np.ones((3, 2)))
    assert np.all(dropped == dropped[:, :1])


def test_spatial_dropout_drops_whole_channels():
    x = np.ones((8, 5, 6))
    dropped = in_training(layers.SpatialDropout1D(0.5), x)
    assert np.all(dropped == dropped[:, :1])

    x = np.ones((8, 6, 3, 4))
    layer = layers.SpatialDropout2D(0.5, data_format="channels_first")
    dropped = in_training(layer, x)
    assert np.all(dropped == dropped[:, :, :1, :1])
    assert layers.SpatialDropout2D.from_config(layer.get_config()).data_format == (
        "channels_first"
    )


def test_flatten_gives_both_orderings_the_same_rows():
    x = np.arange(12.0).reshape(1, 2, 3, 2)
    last = layers.Flatten()(x)
    first = layers.Flatten("channels_first")(np.moveaxis(x, -1, 1))

    np.testing.assert_array_equal(last, np.arange(12.0).reshape(1, 12))
    np.testing.assert_array_equal(first, last)


def test_flatten_of_an_unknown_size_says_so():
    with pytest.raises(ValueError, match="complete `input_shape`"):
        layers.Flatten().compute_output_shape((None, None, 3))


def test_reshape_finds_the_missing_size():
    assert layers.Reshape((-1, 4)).compute_output_shape((None, 6, 2)) == (None, 3, 4)
    assert layers.Reshape((-1, 4)).compute_output_shape((8, None)) == (8, None, 4)
    assert layers.Reshape((-1, 4))(np.zeros((0, 8))).shape == (0, 2, 4)
    with pytest.raises(ValueError, match="10 values.*4 values or a multiple"):
        layers.Reshape((-1, 4))(Input((10,)))
    with pytest.raises(ValueError, match="at most one -1"):
        layers.Reshape((-1, -1))


def test_permute_needs_every_axis_once():
    with pytest.raises(ValueError, match="each of 1 to 2 once"):
        layers.Permute((0, 1))


def test_masking_marks_and_clears_steps():
    x = np.array([[[1.0, 1.0], [1.0, 2.0], [1.0, 1.0]]], "float32")
    layer = layers.Masking(mask_value=1.0)

    with Scope() as scope:
        output = layer(jnp.asarray(x))
        mask = scope.mask_of(output)

    np.testing.assert_array_equal(mask, [[False, True, False]])
    np.testing.assert_array_equal(output, [[[0, 0], [1, 2], [0, 0]]])


def test_a_layer_that_knows_no_masks_refuses_one():
    masked = layers.Masking()(Input((3, 2)))
    with pytest.raises(TypeError, match="does not support masking"):
        layers.Flatten()(masked)


# Lambda.


def plus_one(x):
    return x + 1


def test_lambda_computes_with_its_arguments():
    layer = Lambda(lambda x, factor: x * factor, arguments={"factor": 3})
    np.testing.assert_array_equal(layer(np.array([[1.0, 2.0]])), [[3.0, 6.0]])


def test_an_array_among_the_arguments_is_saved():
    layer = Lambda(lambda x, w: x * w, arguments={"w": np.array([1.0, 2.0])})
    twin = Lambda.from_config(json.loads(json.dumps(layer.get_config())))
    np.testing.assert_array_equal(twin(np.array([[3.0, 3.0]])), [[3.0, 6.0]])


def test_lambda_finds_its_output_shape_by_tracing():
    layer = Lambda(lambda x: K.concatenate([x, x[:, :1]], axis=1))
    assert layer.compute_output_shape((None, 4)) == (None, 5)
    assert layer.compute_output_shape((None, None, 2)) == (None, None, 2)
    assert layer(Input((4,))).shape == (None, 5)


def test_lambda_hands_the_mask_to_a_function_that_asks():
    seen = []

    def sum_of_kept(x, mask=None):
        seen.append(mask is not None)
        return K.sum(x * K.cast(K.expand_dims(mask), "float32"), axis=1)

    masked = layers.Masking()(Input((3, 1)))
    assert Lambda(sum_of_kept)(masked).shape == (None, 1)
    assert all(seen)


def test_a_named_function_is_saved_by_its_name():
    layer = Lambda(plus_one, output_shape=(3,))
    config = json.loads(json.dumps(layer.get_config()))

    assert (config["function"], config["function_type"]) == ("plus_one", "function")
    assert (config["output_shape"], config["output_shape_type"]) == ([3], "raw")
    assert Lambda.from_config(config).function is plus_one


def test_a_name_that_nobody_knows_asks_for_custom_objects():
    config = Lambda(plus_one, name="l").get_config()
    config["function"] = "minus_one"

    with pytest.raises(ValueError, match=r"`l`.*custom_objects=\{'minus_one'"):
        Lambda.from_config(config)
    given = Lambda.from_config(config, custom_objects={"minus_one": plus_one})
    assert given.function is plus_one


def test_a_lambda_of_this_process_is_found_again():
    for power in (2, 3):
        layer = Lambda(lambda x, p=power: x**p)
        twin = Lambda.from_config(json.loads(json.dumps(layer.get_config())))
        assert twin.function is layer.function


def test_two_functions_of_one_name_are_not_confused():
    def make(number):
        def shift(x):
            return x + number

        return shift

    first, second = Lambda(make(1)), Lambda(make(2))
    configs = [json.loads(json.dumps(x.get_config())) for x in (first, second)]

    assert Lambda.from_config(configs[0]).function is first.function
    assert Lambda.from_config(configs[1]).function is second.function


def test_two_objects_of_one_name_must_be_given():
    first, second = (Lambda(functools.partial(np.power, x)) for x in (2, 3))
    configs = [json.loads(json.dumps(x.get_config())) for x in (first, second)]

    with pytest.raises(ValueError, match="`partial`, which is not known here"):
        Lambda.from_config(configs[0])
    given = Lambda.from_config(configs[1], {"partial": second.function})
    assert given.function is second.function


def test_foreign_code_is_refused_unless_trusted():
    text = functions_as_data.func_dump(lambda x: x * 5)
    config = Lambda(lambda x: x).get_config() | {
        "name": "stranger",
        "function": json.loads(json.dumps(text)),
        "function_type": "lambda",
    }

    with pytest.raises(ValueError, match="`stranger` holds Python code.*safe_mode"):
        Lambda.from_config(config)
    with pytest.raises(ValueError, match="holds Python code"):
        layers.deserialize({"class_name": "Lambda", "config": config})
    layer = Lambda.from_config(config, safe_mode=False)
    np.testing.assert_array_equal(layer(np.array([[2.0]])), [[10.0]])


def test_code_of_another_python_is_named_as_such():
    with pytest.raises(ValueError, match="another version of Python"):
        functions_as_data.func_load("bm90IGNvZGU=")


def test_an_output_shape_of_a_strange_kind_is_refused():
    with pytest.raises(TypeError, match="a tuple, a list or a function"):
        Lambda(plus_one, output_shape=3.5)


@pytest.mark.parametrize(
    "layer, words",
    [
        (layers.Conv1D(2, 5), r"\(None, 4, 1\) and `kernel_size=\(5,\)`"),
        (layers.AveragePooling1D(5), r"`pool_size=\(5,\)`"),
        (layers.Cropping1D(3), r"`cropping=\(\(3, 3\),\)`"),
    ],
)
def test_inputs_that_are_too_small_are_refused(layer, words):
    with pytest.raises(ValueError, match=f"too small for it.*{words}"):
        layer(layers.Input((4, 1)))


def test_what_nothing_is_left_of_may_be_cropped():
    assert layers.Cropping1D(2)(layers.Input((4, 1))).shape == (None, 0, 1)
