"""Convolutions against sums that are written out."""

import itertools

import jax
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.backend import platform


def convolved(x, kernel, stride, dilation, pads):
    """Convolution by its definition, channels last, any number of spatial axes."""
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    window = kernel.shape[:-2]
    reach = [(k - 1) * dilation + 1 for k in window]
    sizes = [(n - r) // stride + 1 for n, r in zip(x.shape[1:-1], reach, strict=True)]
    y = np.zeros((x.shape[0], *sizes, kernel.shape[-1]))
    for out in itertools.product(*map(range, sizes)):
        for place in itertools.product(*map(range, window)):
            at = [o * stride + p * dilation for o, p in zip(out, place, strict=True)]
            y[(slice(None), *out)] += x[(slice(None), *at)] @ kernel[place]
    return y


@pytest.mark.parametrize(
    "rank, stride, dilation, data_format",
    [
        (1, 2, 1, "channels_last"),
        (1, 1, 2, "channels_first"),
        (2, 1, 1, "channels_last"),
        (2, 2, 1, "channels_first"),
        (2, 1, 2, "channels_last"),
        (3, 1, 1, "channels_first"),
        (3, 2, 1, "channels_last"),
    ],
)
def test_convolution_is_the_sum_over_the_window(rank, stride, dilation, data_format):
    x = np.random.randn(2, *[6, 7, 5][:rank], 3)
    kernel = np.random.randn(*[3, 2, 2][:rank], 3, 4)
    expected = convolved(x, kernel, stride, dilation, [(0, 0)] * rank)

    given = x if data_format == "channels_last" else np.moveaxis(x, -1, 1)
    y = getattr(K, f"conv{rank}d")(
        given,
        kernel,
        strides=stride,
        data_format=data_format,
        dilation_rate=dilation,
    )

    y = y if data_format == "channels_last" else np.moveaxis(y, 1, -1)
    assert np.allclose(expected, y, atol=1e-4)


def test_same_padding_puts_the_odd_entry_at_the_end_as_tensorflow_does():
    x, kernel = np.random.randn(1, 7, 6, 2), np.random.randn(4, 3, 2, 2)

    y = K.conv2d(x, kernel, padding="same")
    assert np.allclose(convolved(x, kernel, 1, 1, [(1, 2), (1, 1)]), y, atol=1e-5)
    y = K.conv2d(x, kernel, strides=2, padding="same")
    assert np.allclose(convolved(x, kernel, 2, 1, [(1, 2), (0, 1)]), y, atol=1e-5)


def test_causal_padding_lets_no_step_see_a_later_one():
    x = np.array([1.0, 2.0, 4.0]).reshape(1, 3, 1)

    y = K.conv1d(x, np.ones((2, 1, 1)), padding="causal")

    assert [1, 3, 6] == K.eval(y).ravel().tolist()
    with pytest.raises(ValueError, match="causal padding"):
        K.conv1d(x, np.ones((2, 3, 1)), padding="causal", data_format="channels_first")


def test_the_lowering_for_cpus_and_that_of_xla_give_the_same_gradients(monkeypatch):
    x = np.random.randn(2, 6, 6, 3).astype("float32")
    kernel = np.random.randn(3, 3, 3, 4).astype("float32")

    def total(x, kernel):
        y = K.conv2d(x, kernel, (2, 2), "same")
        y = K.pool2d(y, (2, 2), (1, 1), "same", pool_mode="avg")
        return K.sum(K.square(K.pool2d(y, (2, 2), (1, 1))))

    ours = jax.jit(jax.grad(total, (0, 1)))(x, kernel)
    monkeypatch.setattr(platform, "on_cpu", lambda: False)
    monkeypatch.setattr(
        jax.lax, "platform_dependent", lambda *args, cpu, default: default(*args)
    )
    theirs = jax.jit(jax.grad(lambda x, k: total(x, k), (0, 1)))(x, kernel)

    for mine, other in zip(ours, theirs, strict=True):
        assert np.allclose(mine, other, atol=1e-3)


@pytest.mark.parametrize("stride, padding", [(1, "same"), (2, "same"), (2, "valid")])
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(stride, padding):
    wide = np.random.randn(2, 7, 6, 2).astype("float32")
    kernel = np.random.randn(3, 3, 2, 4).astype("float32")
    y, vjp = jax.vjp(lambda w: K.conv2d(w, kernel, stride, padding), wide)
    x = np.random.randn(*y.shape).astype("float32")

    given = K.conv2d_transpose(x, kernel, (None, 7, 6, 2), (stride, stride), padding)

    assert np.allclose(vjp(x)[0], given, atol=1e-4)
    with pytest.raises(ValueError, match="Check `output_shape`"):
        K.conv2d_transpose(x, kernel, (2, 70, 6, 2), (stride, stride), padding)


def test_depthwise_and_separable_convolutions():
    x = np.random.randn(1, 5, 5, 3)
    depth, point = np.random.randn(2, 2, 3, 2), np.random.randn(1, 1, 6, 4)
    expected = np.concatenate(
        [
            convolved(x[..., c : c + 1], depth[:, :, c : c + 1], 1, 1, [(0, 0)] * 2)
            for c in range(3)
        ],
        axis=-1,
    )

    assert np.allclose(expected, K.depthwise_conv2d(x, depth), atol=1e-5)
    y = K.separable_conv2d(x, depth, point)
    assert np.allclose(expected @ point[0, 0], y, atol=1e-4)
    steps = K.separable_conv1d(x[0], depth[0], point[0])
    assert (5, 4, 4) == steps.shape


def test_unknown_words_are_refused():
    x, kernel = np.ones((1, 4, 4, 2)), np.ones((2, 2, 2, 1))

    for arguments in ({"data_format": "channels_middle"}, {"padding": "twice"}):
        with pytest.raises(ValueError, match="channels_middle|twice"):
            K.conv2d(x, kernel, **arguments)
        with pytest.raises(ValueError, match="channels_middle|twice"):
            K.pool2d(x, (2, 2), **arguments)
    with pytest.raises(ValueError, match="median"):
        K.pool2d(x, (2, 2), pool_mode="median")


def test_a_kernel_of_its_own_at_each_place():
    x = np.random.randn(2, 5, 3)
    kernel = np.random.randn(4, 6, 2)

    y = K.local_conv1d(x, kernel, (2,), (1,))

    for step in range(4):
        expected = x[:, step : step + 2].reshape(2, 6) @ kernel[step]
        assert np.allclose(expected, y[:, step], atol=1e-5)


def test_local_kernels_of_images_with_channels_first_count_channels_first():
    x = np.random.randn(2, 3, 4, 4)
    kernel = np.random.randn(9, 12, 5)

    y = K.local_conv2d(x, kernel, (2, 2), (1, 1), (3, 3), "channels_first")

    expected = x[:, :, 1:3, 2:4].reshape(2, 12) @ kernel[1 * 3 + 2]
    assert (2, 5, 3, 3) == y.shape
    assert np.allclose(expected, y[:, :, 1, 2], atol=1e-5)
