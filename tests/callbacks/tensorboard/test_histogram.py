"""Histograms of values that come in parts."""

import numpy as np

from cthulhu.callbacks.tensorboard.histogram import Histogram


def test_values_are_counted_between_the_least_and_the_largest():
    rows = Histogram().add(np.array([[-2.0, 0.0], [0.0, 0.5]])).add([0.5, 4.0]).rows()

    assert (-2.0, 4.0) == (rows[0, 0], rows[-1, 1])
    assert 6 == rows[:, 2].sum()
    assert (rows[1:, 0] == rows[:-1, 1]).all()  # no gap between bars

    def counted(value):
        inside = (rows[:, 0] <= value) & (value < rows[:, 1])
        return rows[inside, 2].tolist()

    assert [[2], [2], [0]] == [counted(0.0), counted(0.5), counted(1.0)]
    assert (1, 1) == (rows[0, 2], rows[-1, 2])


def test_a_bar_is_a_tenth_wider_than_the_one_before():
    rows = Histogram().add(np.linspace(1.0, 2.0, 10_000)).rows()

    np.testing.assert_allclose(1.1, rows[1:-1, 1] / rows[1:-1, 0])
    # of 10,000 even values a bar from a to b holds (b - a) · 10,000
    np.testing.assert_allclose((rows[:, 1] - rows[:, 0]) * 10_000, rows[:, 2], atol=1.5)


def test_a_single_value_has_a_bar_of_width_one_around_it():
    assert [[2.5, 3.5, 4.0]] == Histogram().add(np.full(4, 3.0)).rows().tolist()


def test_what_is_not_finite_is_left_out():
    found = Histogram().add(np.array([np.nan, np.inf, -np.inf]))

    assert (0, 3) == found.rows().shape
    assert 1 == found.add([1e30]).rows()[:, 2].sum()
