"""Positions: waves and rotations, by their formulas."""

import numpy as np

from cthulhu import layers


def test_waves_of_positions():
    waves = np.asarray(
        layers.SinePositionEncoding(max_wavelength=100)(np.zeros((1, 3, 4)))
    )
    t = np.arange(3)
    expected = np.stack([np.sin(t), np.cos(t), np.sin(t / 10), np.cos(t / 10)], -1)
    np.testing.assert_allclose(waves[0], expected, rtol=1e-5, atol=1e-6)
    later = layers.SinePositionEncoding(max_wavelength=100)(
        np.zeros((1, 2, 4)), start_index=1
    )
    np.testing.assert_allclose(later[0], expected[1:], rtol=1e-5, atol=1e-6)


def test_turned_pairs_keep_their_length_and_tell_their_distance():
    turn = layers.RotaryEmbedding(max_wavelength=100)
    x = np.tile([[[1.0, 1.0, 0.0, 0.0]]], (1, 6, 1))  # pairs (1, 0), (1, 0)
    turned = np.asarray(turn(x))[0]
    t = np.arange(6)
    expected = np.stack([np.cos(t), np.cos(t / 10), np.sin(t), np.sin(t / 10)], -1)
    np.testing.assert_allclose(turned, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(turned[1] @ turned[3], turned[2] @ turned[4], rtol=1e-5)


def test_axes_of_a_rotation_may_lie_anywhere():
    x = np.random.RandomState(1).normal(size=(2, 3, 6, 4)).astype("float32")
    usual = layers.RotaryEmbedding()(x)
    moved = layers.RotaryEmbedding(sequence_axis=2, feature_axis=1)(
        np.transpose(x, (0, 3, 1, 2))
    )
    np.testing.assert_allclose(
        np.transpose(moved, (0, 2, 3, 1)), usual, rtol=1e-5, atol=1e-6
    )
