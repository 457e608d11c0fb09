"""Batches of inputs, and moving statistics that are computed anew."""

import numpy as np
import pytest

from cthulhu import layers, models
from cthulhu.callbacks import statistics

X = np.arange(10, dtype="float32").reshape(5, 2)


def net():
    model = models.Sequential(
        [layers.BatchNormalization(momentum=0.75, input_shape=(2,)), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    "rows, batch_size, sizes", [(5, 2, [1, 2, 2]), (5, 5, [5]), (7, 4, [3, 4])]
)
def test_batches_differ_by_one_row_at_most(rows, batch_size, sizes):
    batches = list(statistics.Batches(np.arange(rows), batch_size))

    assert sizes == [len(batch) for batch in batches]
    assert list(range(rows)) == np.concatenate(batches).tolist()


def test_several_inputs_are_cut_alike():
    (first,) = statistics.Batches([X, X[:, 0]], 8)

    assert [(5, 2), (5,)] == [array.shape for array in first]


def test_nested_lists_are_one_array():
    (only,) = statistics.Batches([[1.0, 2.0], [3.0, 4.0]], 8)

    assert (2, 2) == only.shape


def test_statistics_are_the_means_over_batches_and_other_weights_stay():
    model = net()
    before = model.get_weights()
    np.random.seed(3)
    drawn = np.random.get_state()[1].copy()
    statistics.recompute(model, statistics.Batches(X, 3))

    after = model.get_weights()
    assert X.mean(axis=0) == pytest.approx(after[2])  # of 2 and 3 rows, by rows
    parts = [X[:2].var(axis=0) * 2 / (1 - 1e-3), X[2:].var(axis=0) * 3 / (2 - 1e-3)]
    assert (2 * parts[0] + 3 * parts[1]) / 5 == pytest.approx(after[3], rel=1e-5)
    for i in (0, 1, 4, 5):
        assert np.array_equal(before[i], after[i])
    assert np.array_equal(drawn, np.random.get_state()[1])


def test_statistics_come_back_where_something_fails():
    model = net()
    before = model.get_weights()
    with pytest.raises(ValueError):
        statistics.recompute(model, [X[:2], X[:2, :1]])

    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_layers_that_are_frozen_or_never_move_do_not_count():
    model = net()
    assert 2 == len(statistics.moving_statistics(model))

    model.layers[0].momentum = 1.0
    assert [] == statistics.moving_statistics(model)

    model.layers[0].momentum, model.layers[0].trainable = 0.9, False
    assert [] == statistics.moving_statistics(model)
