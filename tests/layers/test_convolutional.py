"""Convolutions, pooling and resizing: a number each, and what they refuse."""

import numpy as np
import pytest

from cthulhu import config, layers
from cthulhu.layers import Input, shapes


def test_a_convolution_slides_its_kernel():
    layer = layers.Conv1D(1, 2, weights=[[[[1.0]], [[10.0]]], [0.5]])
    output = layer(np.array([[[1.0], [2.0], [3.0]]]))
    np.testing.assert_array_equal(output[0, :, 0], [21.5, 32.5])


def test_a_causal_convolution_sees_no_later_step():
    layer = layers.Conv1D(1, 2, padding="causal", use_bias=False)
    x = np.zeros((1, 4, 1))
    x[0, 2] = 1.0
    assert np.all(np.asarray(layer(x))[0, :2] == 0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.Conv2D(2, 3, padding="causal"), '"valid" or "same"'),
        (lambda: layers.Conv2D(2, 3, padding="full"), "`padding` cannot be used"),
        (
            lambda: layers.Conv2D(2, (3, 3, 3)),
            "`kernel_size`.*a whole number of at least 1, or 2",
        ),
        (
            lambda: layers.Conv2D(2, 3, strides=2, dilation_rate=2)(Input((9, 9, 1))),
            "not both",
        ),
        (lambda: layers.MaxPooling2D(padding="causal"), '"valid" or "same"'),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "an integer, or 2 integers"),
        (lambda: layers.UpSampling2D(interpolation="cubic"), "bilinear"),
        (
            lambda: layers.Conv1D(2, 3, padding="causal", data_format="channels_first"),
            "channels first",
        ),
        (
            lambda: layers.Conv2DTranspose(2, 3, strides=2, output_padding=2),
            "smaller paddings than strides",
        ),
        (lambda: layers.Conv2D(3, 2, groups=2), "cannot be cut into groups"),
        (
            lambda: layers.DepthwiseConv2D(2, groups=2),
            "cannot be cut into groups.*`groups=1`",
        ),
        (
            lambda: layers.Conv2D(4, 2, groups=2)(Input((4, 4, 3))),
            "channels, in axis -1, that `groups=2` divides",
        ),
        (
            lambda: layers.LocallyConnected1D(2, 2, implementation=4),
            "`implementation=4`. Expected: 1, 2 or 3",
        ),
        (lambda: layers.LocallyConnected1D(2, 2, padding="same"), "cannot pad"),
        (
            lambda: layers.LocallyConnected1D(2, 3, data_format="channels_first"),
            "channels last",
        ),
    ],
)
def test_arguments_that_cannot_work_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_channels_are_refused_with_what_to_do():
    with pytest.raises(ValueError, match="known number of channels in axis -1"):
        layers.Conv2D(2, 3)(Input((8, 8, None)))


def test_local_kernels_need_known_sizes():
    with pytest.raises(ValueError, match="a kernel for each position"):
        layers.LocallyConnected2D(2, 3)(Input((None, 8, 1)))


def test_images_follow_the_configured_format_and_sequences_do_not():
    config.set_image_data_format("channels_first")
    assert layers.Conv2D(2, 3).compute_output_shape((1, 3, 8, 8)) == (1, 2, 6, 6)
    assert layers.Conv1D(2, 3).compute_output_shape((1, 8, 3)) == (1, 6, 2)
    assert layers.GlobalMaxPooling1D().compute_output_shape((1, 8, 3)) == (1, 3)


def test_mean_pooling_at_the_edge_counts_what_it_covers():
    x = np.array([1.0, 3.0, 5.0]).reshape(1, 3, 1)
    output = layers.AveragePooling1D(2, padding="same")(x)
    np.testing.assert_array_equal(output[0, :, 0], [2.0, 5.0])


def test_the_global_mean_of_a_sequence_leaves_masked_steps_out():
    x = np.array([[[1.0], [3.0], [99.0]]])
    layer = layers.GlobalAveragePooling1D()
    output, mask = layer.run(x, np.array([[True, True, False]]), {})
    np.testing.assert_array_equal(output, [[2.0]])
    assert mask is None


def test_cropping_undoes_padding():
    x = np.random.RandomState(0).normal(size=(1, 2, 3, 1)).astype("float32")
    padded = layers.ZeroPadding2D(((1, 0), (2, 3)))(x)
    assert padded.shape == (1, 3, 8, 1)
    cropped = layers.Cropping2D(((1, 0), (2, 3)))(padded)
    np.testing.assert_array_equal(cropped, x)


def test_upsampling_repeats():
    x = np.array([1.0, 2.0]).reshape(1, 2, 1)
    np.testing.assert_array_equal(
        layers.UpSampling1D(2)(x)[0, :, 0], [1.0, 1.0, 2.0, 2.0]
    )


def test_lengths_of_windows():
    assert shapes.conv_output_length(28, 3, "valid", 1) == 26
    assert shapes.conv_output_length(7, 3, "same", 2) == 4
    assert shapes.conv_output_length(7, 3, "full", 1) == 9
    assert shapes.conv_input_length(26, 3, "valid", 1) == 28
    assert shapes.deconv_length(4, 2, 3, "same", None) == 8
    assert shapes.deconv_length(4, 2, 3, "valid", 1) == 10
    assert shapes.conv_output_length(None, 3, "same", 2) is None
