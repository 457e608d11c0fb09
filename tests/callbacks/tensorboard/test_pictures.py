"""Arrays as pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from cthulhu.callbacks.tensorboard import pictures


def small(weight):
    """The picture of a weight before it is enlarged: all its squares are equal."""
    picture = pictures.weight_picture(np.asarray(weight, "float32"))
    for size in range(min(picture.shape[:2]), 0, -1):
        squares = picture[::size, ::size]
        enlarged = squares.repeat(size, axis=0).repeat(size, axis=1)
        if np.array_equal(enlarged, picture):
            return squares


def test_a_matrix_lies_on_its_longer_side_from_black_to_white():
    assert [[0, 102, 204], [51, 153, 255]] == small([[0, 1], [2, 3], [4, 5]]).tolist()
    assert [[0, 51, 102], [153, 204, 255]] == small([[0, 1, 2], [3, 4, 5]]).tolist()


def test_equal_weights_are_grey_and_numbers_are_no_picture():
    assert {127} == set(small(np.ones((2, 3))).ravel().tolist())
    assert pictures.weight_picture(np.float32(1.0)) is None


def test_filters_are_tiles_with_a_line_between():
    kernel = np.zeros((2, 2, 1, 3))  # 3 filters, side by side in two rows
    kernel[..., 0], kernel[..., 1], kernel[..., 2] = 1, 2, 3
    kernel[0, 0, 0, 0] = 0  # black

    assert [
        [0, 85, 0, 170, 170],
        [85, 85, 0, 170, 170],
        [0, 0, 0, 0, 0],
        [255, 255, 0, 0, 0],
        [255, 255, 0, 0, 0],
    ] == small(kernel).tolist()


def test_three_channels_are_colours_and_others_are_rows():
    colours = pictures.weight_picture(np.random.rand(3, 3, 3, 4).astype("float32"))
    rows = small(np.arange(2 * 2 * 2 * 3).reshape(2, 2, 2, 3))

    assert 3 == colours.shape[-1]
    assert (2 * 2 + 1, 3 * 2 + 2) == rows.shape  # 2 channels down, 3 filters across


@pytest.mark.parametrize(
    "shape", [(5,), (1, 1), (3, 2, 4), (2, 2, 2, 2, 3), (3, 3, 80, 90), (1, 2000)]
)
def test_every_shape_has_a_picture_of_reasonable_size(shape):
    picture = pictures.weight_picture(np.random.rand(*shape))

    assert picture.dtype == np.uint8
    assert max(picture.shape) <= pictures.SIDE


def test_large_matrices_are_averaged():
    columns = np.tile([0.0, 1.0, 1.0, 0.0], 512)  # of each two the mean is a half

    assert {128} == set(pictures.weight_picture(columns).ravel().tolist())


def test_png_is_read_back_by_others():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)

    image = Image.open(io.BytesIO(pictures.png(pixels)))

    assert (4, 3) == image.size
    assert pixels.tolist() == np.asarray(image).tolist()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 784), (2, 28, 28, 1)),
        ((2, 3072), (2, 32, 32, 3)),
        ((2, 8, 6), (2, 8, 6, 1)),
        ((2, 8, 6, 3), (2, 8, 6, 3)),
        ((2, 8, 6, 7), (2, 8, 6, 1)),
    ],
)
def test_rows_of_data_are_pictures(shape, expected):
    assert expected == pictures.as_images(np.zeros(shape)).shape


def test_rows_that_are_no_pictures_are_none():
    assert pictures.as_images(np.zeros((2, 7))) is None
    assert pictures.as_images(np.zeros(5)) is None
    flat = np.arange(6).reshape(1, 6)
    assert [[[0], [1], [2]], [[3], [4], [5]]] == pictures.as_images(flat, (2, 3))[
        0
    ].tolist()
    assert (2, 4, 5, 3) == pictures.as_images(np.zeros((2, 3, 4, 5)), None, True).shape
