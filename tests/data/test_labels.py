"""One-hot rows and rows of length one."""

import numpy as np
import pytest

from cthulhu.data import normalize, to_categorical


def test_one_hot_rows_of_every_shape():
    assert to_categorical([0, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert to_categorical([[1], [0]], 2).tolist() == [[0, 1], [1, 0]]
    assert to_categorical(np.zeros((2, 3), int), 4).shape == (2, 3, 4)
    assert to_categorical([1.0], dtype="int32").dtype == "int32"


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_outside_the_classes_is_refused(label):
    with pytest.raises(ValueError, match="0 to 2"):
        to_categorical([label], 3)


def test_rows_are_divided_by_their_length():
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0, 0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(normalize([[1.0, 3.0]], order=1), [[0.25, 0.75]])
