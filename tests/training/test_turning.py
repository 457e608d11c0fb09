"""Kernels with few columns are kept transposed while a loop of steps runs."""

import jax
import numpy as np
import pytest

from cthulhu.layers import Dense
from cthulhu.models import Sequential
from cthulhu.training import step

ROWS = np.eye(20, dtype="float32")
ONES = np.ones((20, 1), "float32")


def test_matrices_of_at_most_sixteen_columns_and_more_rows_are_turned():
    shapes = [(784, 10), (17, 16), (16, 16), (10, 784), (784, 17), (10,), (3, 3, 32, 4)]
    arrays = [np.zeros(shape) for shape in shapes]
    turn = step.turning(arrays)

    turned = turn(arrays)

    expected = [(10, 784), (16, 17), (16, 16), (10, 784), (784, 17), (10,)]
    assert [*expected, (3, 3, 32, 4)] == [x.shape for x in turned]
    assert shapes == [x.shape for x in turn(turned)]


def test_nothing_is_turned_off_a_cpu(monkeypatch):
    monkeypatch.setattr(step, "on_cpu", lambda: False)
    kernel = np.zeros((784, 10))

    assert [kernel] == list(step.turning([kernel])([kernel]))


@pytest.mark.parametrize("together", [1, None])
def test_gradient_descent_of_a_narrow_kernel_takes_the_step_of_the_formula(together):
    # Row i sees weight i alone: its slope is 2 (w - 1) / 20.
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    model.optimizer.lr = 5.0  # half of the way

    model.fit(
        ROWS, ONES, batch_size=20, epochs=3, verbose=0, steps_per_execution=together
    )

    assert [0.875] * 20 == pytest.approx(model.get_weights()[0].ravel().tolist())
    assert [0.875] * 20 == pytest.approx(model.predict(ROWS, 7).ravel().tolist())


def test_no_step_of_a_loop_transposes_a_narrow_kernel():
    model = Sequential([Dense(10, input_shape=(784,))])
    model.compile("rmsprop", "mse")
    x, y = np.zeros((64, 784), "float32"), np.zeros((64, 10), "float32")
    model.fit(x, y, batch_size=32, verbose=0)
    (program,) = model._programs["train"]
    arrays = [
        tuple(jax.ShapeDtypeStruct(v.shape, v.dtype) for v in variables)
        for variables in (program.carried, program.fixed)
    ]
    key, where = np.zeros(2, np.uint32), np.zeros(5, np.int32)

    how = {"form": "rows", "size": 32, "group": 1, "capacity": 2}
    lowered = program.advance.lower(*arrays, program.example, key, where, **how)

    lines = lowered.compile().as_text().splitlines()
    in_loop = [line for line in lines if "while/body" in line]
    assert in_loop
    assert [] == [line for line in in_loop if " transpose(" in line]
