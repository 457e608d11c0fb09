"""Single batches: train_on_batch and its sisters, without a loop around them."""

from __future__ import annotations

import time
from typing import Any

import jax
import numpy as np

from cthulhu import data, errors
from cthulhu.backend.platform import on_cpu
from cthulhu.core import draw_seed
from cthulhu.training.arguments import speaks_old, unpack
from cthulhu.training.intake import Intake
from cthulhu.training.step import Program, Report, key_data
from cthulhu.training.threads import WORTH_DIVIDING, Threads, part_size


class SingleBatches(Intake):
    """Trains, tests and predicts one batch at a time."""

    _step_number = 0
    _batch_key: np.ndarray | None = None

    @speaks_old
    def train_on_batch(
        self, x, y=None, sample_weight=None, class_weight=None, reset_metrics=True
    ):
        """Train on one batch.

        Args:
            x: Inputs: an array, a list, or a dict by input name.
            y: Targets.
            sample_weight: Weights of rows, or of their time steps.
            class_weight: Dict from class to the weight of its rows.
            reset_metrics: Whether metrics begin anew with this batch.

        Returns:
            The loss, or a list of the loss and the metrics, named by `metrics_names`.
        """
        self._need_compiled()
        return self._on_batch("train", x, y, sample_weight, class_weight, reset_metrics)

    @speaks_old
    def test_on_batch(self, x, y=None, sample_weight=None, reset_metrics=True):
        """Compute the loss and the metrics on one batch, without training.

        Args:
            x: Inputs: an array, a list, or a dict by input name.
            y: Targets.
            sample_weight: Weights of rows, or of their time steps.
            reset_metrics: Whether metrics begin anew with this batch.

        Returns:
            The loss, or a list of the loss and the metrics, named by `metrics_names`.
        """
        self._need_compiled()
        return self._on_batch("test", x, y, sample_weight, None, reset_metrics)

    @speaks_old
    def predict_on_batch(self, x):
        """Compute the outputs for one batch.

        Args:
            x: Inputs: an array, a list, or a dict by input name.

        Returns:
            A NumPy array, or a list of one for each output.
        """
        return self._outputs_of(self._one_batch(x, None, targets=False))

    def _outputs_of(self, rows: data.Rows) -> Any:
        size = rows.rows if self._fixed_batch_size else part_size(rows.rows)
        if size < rows.rows and on_cpu():
            program = self._program("predict")
            program.discover(lambda: (rows.xs, rows.ys, rows.sws))
            if program.work * rows.rows >= WORTH_DIVIDING and program.rows_apart:
                return unpack(self._outputs_in_parts(program, rows, size))
        return unpack(self._do_once("predict", rows).arrays)

    def _outputs_in_parts(
        self, program: Program, rows: data.Rows, size: int
    ) -> list[np.ndarray]:
        """Outputs for a batch whose parts are computed beside each other."""
        n = rows.rows
        # all of one size: the last may begin with rows of the one before
        firsts = [min(at, n - size) for at in range(0, n, size)]
        fixed = tuple(v.cell for v in program.fixed)
        key, number = key_data(0), np.int32(0)  # nothing is drawn
        threads = Threads(program.once)
        try:
            waits = [
                threads.call(size, ((), fixed, _rows_of(rows, at, size), key, number))
                for at in firsts
            ]
            parts = [[np.asarray(a) for a in wait()[1].arrays] for wait in waits]
        finally:
            threads.close()
        parts[-1] = [array[n % size and size - n % size :] for array in parts[-1]]
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    def _one_batch(self, x: Any, y: Any, weight: Any = None, **how: Any) -> Any:
        rows = self._adapt(x, y, weight, check_nan=False, **how)
        if not isinstance(rows, data.Rows):
            raise TypeError(
                errors.message(
                    "One batch was asked for",
                    f"a {type(x).__name__}, which yields many",
                    "arrays",
                    "Take one with `next(...)`, or use `fit`",
                )
            )
        self._check_rows(rows)
        return rows

    def _check_rows(self, rows: data.Rows) -> None:
        if not self.built:
            self.build_from(rows.xs)
        self._check_inputs(rows.xs)

    def _on_batch(
        self, mode: str, x: Any, y: Any, weight: Any, classes: Any, reset: bool
    ) -> Any:
        rows = self._one_batch(x, y, weight, class_weight=classes)
        if mode == "train":
            self._check_goal()
        self._check_labels(rows)
        report = self._do_once(mode, rows, reset)
        program = self._programs[mode][0]
        values = dict(zip(program.names, report.scalars.tolist(), strict=True))
        values.update(zip(program.array_names, report.arrays, strict=True))
        return unpack([values[name] for name in self.metrics_names])

    def _do_once(self, mode: str, rows: data.Rows, reset: bool = False) -> Report:
        """Do a step; what it reports comes as NumPy arrays."""
        batch = (rows.xs, rows.ys, rows.sws)
        program = self._program(mode)
        program.discover(lambda: batch)
        start = program.metric_start if reset else {}
        carry = tuple(start[v] if v in start else v.cell for v in program.carried)
        fixed = tuple(v.cell for v in program.fixed)
        if self._batch_key is None:
            self._batch_key = key_data(draw_seed())
        number = np.int32(self._step_number)
        began = time.perf_counter()
        new, report = program.once(carry, fixed, batch, self._batch_key, number)
        if mode == "train":
            self._step_number += 1
        for variable, array in zip(program.carried, new, strict=True):
            if variable.lender is not None:
                variable.lender.write(variable)
            variable.put(array)
        found = report.on_host(program.single_time)
        program.single_time = time.perf_counter() - began
        return found


def _rows_of(rows: data.Rows, first: int, count: int) -> Any:
    """A batch of some of the rows."""
    part = slice(first, first + count)
    return jax.tree.map(lambda x: x[part], (rows.xs, rows.ys, rows.sws))
