"""Looking on: gradients and outputs for given data, with no effect on the model.

Nothing is trained, no state is kept and no random number drawn; made for callbacks that
show what goes on inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from cthulhu import errors
from cthulhu.core import Scope, Variable
from cthulhu.training.arguments import speaks_old
from cthulhu.training.single import SingleBatches
from cthulhu.training.step import Program, Report, key_data


class Looking(SingleBatches):
    """Computes what is inside a step without making it."""

    @speaks_old
    def loss_gradients(self, x, y=None, sample_weight=None, batch_size=32):
        """Compute the gradient of the mean loss, penalties included, on data.

        Layers behave as in testing.

        Args:
            x: Inputs: an array, a list, or a dict by input name.
            y: Targets.
            sample_weight: Weights of rows, or of their time steps.
            batch_size: Rows that are computed at a time.

        Returns:
            A list of NumPy arrays, one for each of `trainable_weights`.

        Raises:
            RuntimeError: The model is not compiled.
            ValueError: Data that do not fit.
        """
        self._need_compiled()
        rows = self._one_batch(x, y, sample_weight)
        self._check_labels(rows)
        program = self._gradient_program()
        sums: list[Any] = [0.0] * len(program.trainable)
        seen = 0
        for batch, size in self._parts(rows, batch_size):
            report = _report(program, batch)
            pairs = zip(sums, report.arrays, strict=True)
            sums = [total + np.asarray(grad) * size for total, grad in pairs]
            seen += size
        return [np.asarray(total / seen, np.float32) for total in sums]

    @speaks_old
    def output_batches(self, x, batch_size=32):
        """Compute the outputs for data, one batch after the other.

        Args:
            x: Inputs: an array, a list, or a dict by input name.
            batch_size: Rows that are computed at a time.

        Returns:
            An iterator of lists, each of one NumPy array an output.
        """
        rows = self._one_batch(x, None, targets=False)
        program = self._program("predict")
        for batch, _ in self._parts(rows, batch_size):
            yield [np.asarray(array) for array in _report(program, batch).arrays]

    def step_flops(self, rows=32):
        """Count the floating-point operations of a training step.

        They are as XLA counts them before it optimizes: a product of matrices has two
        for each multiplication, and a loop counts as one pass through it.

        Args:
            rows: Rows in the batch.

        Returns:
            A float; NaN where XLA does not tell.

        Raises:
            RuntimeError: Nothing was trained yet, so that targets are not known.
        """
        self._need_compiled()
        program = self._program("train")
        if not program.known:
            raise errors.NotReady(
                errors.message(
                    "The step of the model is not known before it is trained",
                    fix="Call `fit` or `train_on_batch` first",
                )
            )
        return program.flops(rows)

    def _parts(self, rows: Any, size: int) -> Iterator[tuple[Any, int]]:
        """Batches with their sizes; where the size is fixed, whole ones only."""
        fixed = self._fixed_batch_size
        size = fixed or size
        for start in range(0, rows.rows, size):
            stop = min(start + size, rows.rows)
            if fixed and stop - start < fixed:
                return
            part = slice(start, stop)
            arrays = (rows.xs, rows.ys, rows.sws)
            yield jax.tree.map(lambda x, at=part: x[at], arrays), stop - start

    def _gradient_program(self) -> Program:
        trained = list(self.trainable_weights)
        identity = (id(self._spec), *map(id, self.weights), *map(id, trained))
        for found in self._programs.get("gradients", []):
            if found.identity == identity:
                return found
        made = GradientProgram(
            self,
            self._spec,
            "gradients",
            trainable=trained,
            extra_metrics=self._layer_metrics,
        )
        made.identity = identity
        self._programs["gradients"] = [made]
        return made


class GradientProgram(Program):
    """The compiled gradient of a batch's loss."""

    def step(
        self, values: Mapping[Variable, Any], key: Any, batch: Any, made: Any = None
    ) -> Any:
        xs, ys, weights = batch
        strangers: dict[Variable, None] = {}

        def objective(arrays: list[Any]) -> Any:
            now = {**values, **dict(zip(self.trainable, arrays, strict=True))}
            with Scope(now, False, key, self.frozen) as inner:
                total, _ = self._loss(inner, xs, ys, weights)
            strangers.update(inner.strangers)
            return total

        grads = jax.grad(objective)([values[v] for v in self.trainable])
        with Scope(values, False, key, self.frozen) as scope:
            scope.strangers.update(strangers)
            return scope, Report(None, grads)


def _report(program: Program, batch: Any) -> Report:
    """What a program tells of a batch; what it would write is dropped."""
    program.discover(lambda: batch)
    carried = tuple(v.cell for v in program.carried)
    fixed = tuple(v.cell for v in program.fixed)
    return program.once(carried, fixed, batch, key_data(0), np.int32(0))[1]
