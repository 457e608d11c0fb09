"""Helpers that scripts took from the insides of Keras 2."""

import marshal

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import legacy


def absolute_error(y_true, y_pred):
    return K.mean(K.abs(y_true - y_pred), axis=-1)


def test_a_list_is_kept_and_anything_else_put_in_one():
    given = [1, 2]

    assert given is legacy.to_list(given)
    assert [(1, 2)] == legacy.to_list((1, 2))
    assert [1, 2] == legacy.to_list((1, 2), allow_tuple=True)
    assert 1 == legacy.unpack_singleton([1])
    assert given is legacy.unpack_singleton(given)


def test_rows_of_arrays_by_range_and_by_number():
    x = np.arange(6).reshape(3, 2)

    np.testing.assert_array_equal([[2, 3]], legacy.slice_arrays(x, 1, 2))
    (picked, nothing) = legacy.slice_arrays([x, None], np.array([0, 2]))
    np.testing.assert_array_equal([[0, 1], [4, 5]], picked)
    assert nothing is None
    assert [None] == legacy.slice_arrays(None, 0)


@pytest.mark.parametrize(
    "source, name, accept_all, has",
    [
        ("lambda x: 0", "x", False, True),
        ("lambda x: 0", "y", True, False),
        ("lambda *, x: 0", "x", False, True),
        ("lambda *x: 0", "x", False, False),
        ("lambda **x: 0", "x", False, False),
        ("lambda **x: 0", "y", False, False),
        ("lambda **x: 0", "y", True, True),
        ("lambda x, /: 0", "x", True, False),
    ],
)
def test_whether_a_function_takes_an_argument_by_name(source, name, accept_all, has):
    assert has is legacy.has_arg(eval(source), name, accept_all)


def test_nothing_but_none():
    assert legacy.is_all_none([None, None])
    assert legacy.is_all_none(None)
    assert not legacy.is_all_none([None, 0])


def test_a_list_s_identity_follows_its_objects():
    a, b = object(), object()

    assert legacy.object_list_uid([a, b]) == legacy.object_list_uid([a, b])
    assert legacy.object_list_uid([a]) == legacy.object_list_uid(a)
    assert legacy.object_list_uid([a, b]) != legacy.object_list_uid([b, a])


def test_a_loss_with_weights_and_a_mask_is_a_mean_over_what_counts():
    loss = legacy.weighted_masked_objective(absolute_error)
    y_true = np.zeros((2, 2, 1), "float32")
    y_pred = np.array([[[1.0], [2.0]], [[3.0], [4.0]]], "float32")

    # All four errors count.
    assert 2.5 == float(loss(y_true, y_pred, None))
    # Half are masked: (1 + 3) / 2.
    mask = np.array([[1, 0], [1, 0]])
    np.testing.assert_allclose(2.0, loss(y_true, y_pred, None, mask), rtol=1e-6)
    # A sample of weight 0 does not count: (1 + 2) / 2 * 3.
    weights = np.array([3.0, 0.0], "float32")
    np.testing.assert_allclose(4.5, loss(y_true, y_pred, weights), rtol=1e-6)
    assert legacy.weighted_masked_objective(None) is None


def test_numbers_of_rows_are_compared():
    x, y = np.zeros((4, 2)), np.zeros((3, 1))
    legacy.check_array_length_consistency(x, [x, x], [x])
    legacy.check_array_length_consistency(None, None, None)
    for given in ((x, None), (x, [y]), ([x, y], None), ([x], [x], [y])):
        with pytest.raises(ValueError, match="same number of rows"):
            legacy.check_array_length_consistency(*given)


def test_targets_are_compared_with_losses():
    y = np.zeros((2, 1))
    check = legacy.check_loss_and_target_compatibility
    check([y, None, y], ["mse", "mse", None], [(None, 1), (None, 9), (None, 9)])
    with pytest.raises(ValueError, match="targets to have the same shape"):
        check([y], ["mse"], [(None, 3)])


def test_weights_of_samples_are_those_of_their_classes_times_their_own():
    y, table = np.array([0, 1, 0]), {0: 0.5, 1: 3.0}
    weigh = legacy.standardize_weights
    assert weigh(y).tolist() == [1, 1, 1]
    assert weigh(y, class_weight=table).tolist() == [0.5, 3, 0.5]
    assert weigh(y, np.array([2.0, 2.0, 0.0]), table).tolist() == [1, 6, 0]
    steps = weigh(np.zeros((2, 3, 1)), sample_weight_mode="temporal")
    assert steps.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_the_code_of_a_function_is_read_in_both_old_forms():
    def power(x, n=2, *, base=[10]):
        return base, x**n

    code, defaults, closure = legacy.func_dump(lambda x: x + 1)
    twin = legacy.func_load(code, defaults, closure)
    assert twin(2) == 3 and twin.__closure__ is None
    code = marshal.dumps(power.__code__).decode("raw_unicode_escape")
    twin = legacy.func_load(code, defaults=(3,))
    assert twin(2, base=0) == (0, 8)
    with pytest.raises(ValueError, match="cannot be read"):
        legacy.func_load("AAAA")


def test_sizes_along_an_axis():
    assert legacy.conv_output_length(32, 5, "valid", 2) == 14
    assert legacy.conv_input_length(14, 5, "valid", 2) == 31
    assert legacy.deconv_length(6, 2, 3, "full", 2) == 11
    with pytest.raises(AssertionError):
        legacy.conv_output_length(32, 5, "diagonal", 2)
