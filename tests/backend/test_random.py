"""Random arrays: their distributions, and the keys that they come from."""

import jax
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu.backend import random
from cthulhu.core import Scope, make_key


def test_normal_numbers_have_their_moments():
    x = np.asarray(K.random_normal((300, 300), mean=-10.0, stddev=5.0))

    assert abs(x.mean() + 10) < 0.06
    assert abs(x.std() - 5) < 0.05
    assert abs(((x + 10) ** 4).mean() / 5**4 - 3) < 0.1


def test_truncated_normal_numbers_end_at_two_deviations():
    x = np.asarray(K.truncated_normal((300, 300)))

    assert 1.99 < x.max() <= 2 and -2 <= x.min() < -1.99
    assert abs(x.std() - 0.87962) < 0.01


def test_uniform_numbers_fill_their_range_evenly():
    x = np.asarray(K.random_uniform((100_000,), -1, 1))
    counts = np.histogram(x, 10, (-1, 1))[0]

    assert -1 <= x.min() and x.max() < 1
    assert np.all(np.abs(counts - 10_000) < 500)


def test_binomial_numbers_are_ones_with_their_probability():
    x = np.asarray(K.random_binomial((300, 300), 0.3))

    assert {0.0, 1.0} == set(np.unique(x))
    assert abs(x.mean() - 0.3) < 0.01


def test_bits_are_balanced_and_neighbours_and_keys_independent():
    keys = [jax.random.fold_in(make_key(7), i) for i in range(2)]
    one, two = (np.asarray(random.random_bits(k, (1000, 1000))) for k in keys)
    bits = np.unpackbits(one.view("uint8").reshape(-1, 4), axis=1)

    assert np.all(np.abs(bits.mean(0) - 0.5) < 0.003)
    unit = one.astype("float64") / 2**32 - 0.5
    other = two.astype("float64") / 2**32 - 0.5
    for a, b in ((unit[:, 1:], unit[:, :-1]), (unit[1:], unit[:-1]), (unit, other)):
        assert abs((a * b).mean() * 12) < 0.004
    assert len(np.unique(one)) > 999_000 * (1 - 1e6 / 2**33)


def test_np_random_seed_makes_draws_outside_a_scope_repeatable():
    np.random.seed(3)
    first = K.eval(K.random_normal((3,)))
    second = K.eval(K.random_normal((3,)))
    np.random.seed(3)

    assert not np.array_equal(first, second)
    assert np.array_equal(first, K.random_normal((3,)))


def test_draws_in_a_scope_come_from_its_key_each_from_another():
    def draw():
        with Scope(key=make_key(1)):
            return (
                K.random_uniform((4,)),
                K.random_uniform((4,)),
                K.random_uniform((4,), seed=5),
            )

    once, again = draw(), draw()

    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[0], once[1])


def test_dropout_drops_its_share_and_keeps_the_mean():
    x = np.ones((500, 400), "float32")

    y = np.asarray(K.dropout(x, 0.2))

    assert abs((y == 0).mean() - 0.2) < 0.005
    assert np.allclose(1.25, y[y != 0])


def test_dropout_repeats_its_mask_along_axes_of_one():
    y = np.asarray(K.dropout(np.ones((50, 40)), 0.5, noise_shape=(None, 1)))

    assert np.all(y == y[:, :1]) and 0 < (y[:, 0] == 0).sum() < 50


def test_dropout_of_nothing_and_of_too_much():
    x = np.ones((2, 2))

    assert np.array_equal(x, K.dropout(x, 0))
    for level in (-0.5, 1, 1.5):
        with pytest.raises(ValueError, match="level"):
            K.dropout(x, level)


def test_random_variables():
    v = K.random_uniform_variable((200, 3), 2.0, 3.0, seed=1)

    assert K.is_variable(v) and 2 <= K.get_value(v).min() <= K.get_value(v).max() <= 3
    same = K.random_uniform_variable((200, 3), 2.0, 3.0, seed=1)
    assert np.array_equal(K.get_value(v), K.get_value(same))
    assert (
        abs(K.get_value(K.random_normal_variable((2000,), 4.0, 0.1)).mean() - 4) < 0.02
    )
