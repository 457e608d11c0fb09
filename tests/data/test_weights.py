"""What each sample weighs, by Keras's rules."""

import numpy as np
import pytest

from cthulhu.data.weights import by_output, weigh


def test_no_weights_are_none():
    assert weigh(np.zeros((3, 1))) is None


def test_class_weights_follow_class_numbers_and_one_hot_rows():
    table = {0: 1.0, 1: 2.0, 2: 5.0}
    numbers = np.array([[2], [0], [1]])
    assert weigh(numbers, class_weight=table).tolist() == [5, 1, 2]
    assert weigh(numbers[:, 0], class_weight=table).tolist() == [5, 1, 2]
    assert weigh(np.eye(3)[[2, 0, 1]], class_weight=table).tolist() == [5, 1, 2]


def test_both_kinds_of_weight_are_multiplied():
    got = weigh(np.array([[0], [1]]), [10.0, 100.0], {0: 1.0, 1: 3.0})
    assert got.tolist() == [10, 300]


def test_a_class_without_a_weight_is_named():
    with pytest.raises(ValueError, match="class 2, 4 of `y`"):
        weigh(np.array([0, 2, 4]), class_weight={0: 1.0}, name="y")


def test_class_weights_go_by_class_numbers():
    with pytest.raises(ValueError, match="the keys 'cat', 'dog'. Expected.* 0, 1"):
        weigh(np.array([0, 1]), class_weight={"cat": 1.0, "dog": 2.0})


def test_a_spare_class_weight_is_fine():
    assert weigh(np.array([0, 1]), class_weight={0: 1, 1: 2, 7: 9}).tolist() == [1, 2]


def test_whole_numbers_become_floats():
    assert weigh(np.zeros((2, 1)), [1, 2]).dtype == np.float32


@pytest.mark.parametrize(
    "shape, weights, mode, words",
    [
        ((3, 1), np.ones((3, 1)), None, "per row"),
        ((3, 1), np.ones(2), None, "does not fit"),
        ((3, 4), np.ones((3, 4)), "temporal", "rank 3"),
        ((3, 4, 1), np.ones(3), "temporal", "per row and step"),
        ((3, 4, 1), np.ones((3, 5)), "temporal", "does not fit"),
        ((3, 1), np.ones(3), "temporl", "Did you mean `temporal`"),
        ((3, 1), np.array([1, np.nan, 1]), None, "NaN"),
    ],
)
def test_weights_that_do_not_fit_are_refused(shape, weights, mode, words):
    with pytest.raises(ValueError, match=words):
        weigh(np.zeros(shape), weights, mode=mode)


def test_weights_per_step_fit_targets_with_steps():
    assert weigh(np.zeros((3, 4, 1)), np.ones((3, 4)), mode="temporal").shape == (3, 4)


def test_class_weights_need_classes():
    with pytest.raises(ValueError, match="class_weight"):
        weigh(np.zeros((3, 4, 2)), class_weight={0: 1})


def test_weights_by_output():
    one = np.ones(3)
    assert by_output(None, ["a", "b"], "sample_weight") == [None, None]
    assert by_output({"b": one}, ["a", "b"], "sample_weight") == [None, one]
    assert by_output({"a": {0: 1}}, ["a"], "class_weight") == [{0: 1}]
    assert by_output({0: 1}, ["a"], "class_weight") == [{0: 1}]
    assert by_output([one], ["a"], "sample_weight")[0] is one
    with pytest.raises(ValueError, match="Did you mean `left`"):
        by_output({"lefft": one}, ["left", "right"], "sample_weight")
    with pytest.raises(ValueError, match="a list of 1"):
        by_output([one], ["a", "b"], "sample_weight")
    with pytest.raises(TypeError, match="which output"):
        by_output(one, ["a", "b"], "sample_weight")
