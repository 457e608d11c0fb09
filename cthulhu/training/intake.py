"""Intake: data on their way into a model, checked against what it expects.

What data may be is the business of the `data` room; how batches reach the device, that
of the feeds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np

from cthulhu import data, errors
from cthulhu.training.compiling import Compiled
from cthulhu.training.feed import BatchFeed, RowFeed
from cthulhu.training.feeds import feed_for


class Intake(Compiled):
    """Takes data in: arrays and batches become a feed that fits the model.

    What it is mixed into gives `build_from(inputs)`, and names, shapes, dtypes and
    readers of its inputs.
    """

    input_names: list[str] | None
    input_shapes: list[Any] | None
    input_dtypes: list[Any] | None
    input_readers: list[list[Any]]
    losses: list[Any]
    build_from: Callable[[Any], None]
    _fixed_batch_size: int | None
    _feed_input_names: list[str]

    def as_inputs(self, xs: list[Any]) -> Any:
        """Arrays as the model is called with them, each in its input's dtype."""
        dtypes = self.input_dtypes
        if dtypes is not None:
            xs = [x.astype(d) for x, d in zip(xs, dtypes, strict=True)]
        return xs[0] if len(xs) == 1 else xs

    def _adapt(self, x: Any, y: Any = None, sample_weight: Any = None, **how: Any):
        names = self._feed_input_names if self.built else None
        if how.get("targets", True) and self._is_compiled and self.built:
            how["output_names"] = [output.name for output in self._spec.trained]
            how["sample_weight_modes"] = [o.weight_mode for o in self._spec.trained]
        elif self.built:
            how["output_names"] = self.output_names
        return data.adapt(x, y, sample_weight, input_names=names, **how)

    def _feed(
        self,
        source: Any,
        batch_size: int | None,
        steps: int | None,
        shuffle: Any = False,
        seed: int = 0,
        ahead: bool = True,
    ) -> RowFeed | BatchFeed:
        if isinstance(source, data.Rows):
            self._check_fixed_batch(source, batch_size, steps)
            batch_size = self._batch_size(batch_size, steps)
        return feed_for(source, batch_size, steps, shuffle, seed, ahead)

    def _is_one_batch(
        self, source: Any, batch_size: int | None, steps: int | None
    ) -> TypeGuard[data.Arrays]:
        """Whether a pass is a single batch, of all rows in their order."""
        if not isinstance(source, data.Arrays) or steps not in (None, 1):
            return False
        self._check_fixed_batch(source, batch_size, steps)
        size = self._batch_size(batch_size, steps)
        return size is None or source.rows <= size

    def _batch_size(self, given: int | None, steps: int | None) -> int | None:
        """Rows in a batch; None where every step takes all rows."""
        if given is None and steps is None:
            return self._fixed_batch_size or 32
        return given

    def _check_fixed_batch(
        self, rows: data.Rows, batch_size: int | None, steps: int | None
    ) -> None:
        if rows.empty:
            if steps is None:
                raise errors.DataError(
                    errors.message(
                        f"`{self.name}` takes no data, so a pass has no length",
                        fix="Give `steps` (in `fit`: `steps_per_epoch`)",
                    )
                )
            return
        fixed = self._fixed_batch_size
        if not fixed:
            return
        size = batch_size or (rows.rows if steps else fixed)
        if size != fixed or rows.rows % fixed:
            raise errors.DataError(
                errors.message(
                    f"`{self.name}` has inputs with a fixed batch size of {fixed}",
                    f"{rows.rows} rows in batches of {size}",
                    f"a number of rows that {fixed} divides, and batch_size={fixed}",
                )
            )

    def _prepare(self, feed: RowFeed | BatchFeed) -> None:
        """Build the model from its first data if need be; check their shapes."""
        if isinstance(feed, BatchFeed):
            feed.check = self._check_batch
            feed.begin(0)
        inputs = feed.inputs()
        if not self.built:
            self.build_from(inputs)
        self._check_inputs(inputs)

    def _check_batch(self, batch: Any) -> None:
        """Check one of many batches."""
        xs, ys, _ = batch
        if not self.built:
            self.build_from(xs)
        self._check_inputs(xs)
        if ys and self._is_compiled:
            self._spec.check_targets(ys)

    def _check_inputs(self, xs: Sequence[Any]) -> None:
        names = self._feed_input_names or []
        readers = self.input_readers
        known = zip(names, self.input_shapes or [], readers, xs, strict=False)
        for name, expected, layers, x in known:
            if expected is None:
                continue
            if not _fits(x.shape[1:], expected[1:]):
                into = " and ".join(f"`{layer.name}`" for layer in layers)
                raise errors.ShapeMismatch(
                    errors.message(
                        f"Error when checking input: the data do not fit `{name}` of "
                        f"`{self.name}`" + (f", which layer {into} reads" * bool(into)),
                        f"an array with shape {errors.given_shape(x.shape)}",
                        f"shape {tuple(expected)}, {len(expected)} dimensions",
                        _advice(tuple(x.shape), tuple(expected)),
                    )
                )
            if isinstance(x, np.ndarray):
                called = "`x`" if len(names) == 1 else f"input `{name}`"
                for layer in layers:
                    layer.check_data(x, called)

    def _check_goal(self) -> None:
        """Refuse to train where nothing would be minimised."""
        if self._spec.trained or self.input_shapes is None or self.losses:
            return
        raise ValueError(
            errors.message(
                f"`{self.name}` has no loss, so there is nothing to train for",
                "compile(..., loss=None)",
                "a loss for an output at least, a penalty, or `add_loss`",
                'Give one: `compile(optimizer, loss="mse")`',
            )
        )

    def _check_labels(self, source: Any) -> None:
        if isinstance(source, data.Rows) and self._is_compiled and self._spec.trained:
            if not source.ys:
                names = ", ".join(f"`{o.name}`" for o in self._spec.trained)
                raise errors.DataError(
                    errors.message(
                        f"`{self.name}` has a loss on {names}, but no targets came",
                        "y=None",
                        "an array of targets for each",
                    )
                )
            self._spec.check_targets(source.ys)


@contextlib.contextmanager
def closed_on_error(feed: RowFeed | BatchFeed) -> Iterator[None]:
    """Let those who read ahead for a feed go where nothing will be run."""
    try:
        yield
    except BaseException:
        feed.close()
        raise


def _fits(shape: tuple, expected: tuple) -> bool:
    """Whether shapes are the same, as far as both are known."""
    return shape == expected or (
        len(shape) == len(expected)
        and all(None in (a, b) or a == b for a, b in zip(shape, expected, strict=True))
    )


def _advice(shape: tuple, expected: tuple) -> str | None:
    if shape in (expected[1:], (*expected[1:], 1)):
        return "One sample alone? Make it a batch of one: `x[None]`"
    if len(shape) > 2 and (shape[0], *shape[2:], shape[1])[1:] == expected[1:]:
        return "The channels come last here: `np.moveaxis(x, 1, -1)`"
    if len(shape) > 2 and (shape[0], shape[-1], *shape[1:-1])[1:] == expected[1:]:
        return "The channels come first here: `np.moveaxis(x, -1, 1)`"
    if len(shape) == len(expected):
        return (
            f"Give samples of shape {expected[1:]}, or build the model for "
            f"`input_shape={tuple(shape[1:])}`"
        )
    if len(shape) == len(expected) - 1:
        if expected[-1] == 1:
            return "Is the axis of channels missing? `x[..., None]` adds it"
        return "Is an axis missing? `x[..., None]` or `x[None]` adds one"
    if len(shape) > len(expected) and len(expected) == 2:
        return (
            "Flatten the rows: `x.reshape(len(x), -1)`, or begin with a Flatten layer"
        )
    return None
