"""What `compile` resolved: the loss and the metrics of every output.

A `Spec` knows how outputs and targets become a loss and numbers to report; it runs
inside the step.  How the step is compiled is `step`'s business.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax.numpy as jnp

from cthulhu import errors, losses, metrics
from cthulhu.core import Variable


class Output:
    """One output of a model: its name, shape, loss and metrics."""

    def __init__(self, name: str, shape: tuple[int | None, ...] | None):
        self.name = name
        self.shape = shape
        self.loss: Callable[..., Any] | None = None
        self.identifier: Any = None
        self.loss_weight = 1.0
        self.weight_mode: str | None = None
        self.metrics: list[metrics.Metric] = []
        self.weighted_metrics: list[metrics.Metric] = []
        self.mean_loss: metrics.Metric | None = None

    @property
    def function(self) -> Any:
        """The function behind the loss."""
        return losses.function_of(self.loss) if self.loss is not None else None


class Spec:
    """Losses and metrics of all outputs, and the names they are reported under.

    Args:
        names: Names of the outputs.
        shapes: Their shapes.
        loss: One loss for all outputs, a list, or a dict by output name.
        metrics: List for all outputs, list of lists, or dict by output name.
        loss_weights: List or dict by output name, default 1.
        sample_weight_mode: "temporal" or None, one, a list, or a dict by name.
        weighted_metrics: Like `metrics`, computed with sample weights.

    Raises:
        ValueError: Unknown loss, metric or output name; lists of another length.
    """

    def __init__(
        self,
        names: Sequence[str],
        shapes: Sequence[Any],
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
    ):
        self.outputs = [Output(n, s) for n, s in zip(names, shapes, strict=True)]
        self._set_losses(loss)
        modes = self._modes(sample_weight_mode)
        weights = self._weights(loss_weights)
        for output, mode, weight in zip(self.outputs, modes, weights, strict=True):
            output.weight_mode = mode
            output.loss_weight = 1.0 if weight is None else weight
        taken: set[str] = set()
        for given, kind in ((metrics, "metrics"), (weighted_metrics, "weighted")):
            lists = self._metric_lists(given, kind)
            for output, identifiers in zip(self.outputs, lists, strict=True):
                found = self._metrics_of(output, identifiers, taken)
                if kind == "metrics":
                    output.metrics = found
                else:
                    output.weighted_metrics = found

    def _set_losses(self, loss: Any) -> None:
        identifiers = self._per_output(loss, "loss")
        if isinstance(loss, dict):
            for output in self.outputs:
                if output.name not in loss:
                    warnings.warn(
                        f"Output `{output.name}` is missing from the loss dictionary: "
                        "no data will be expected for it during training.",
                        UserWarning,
                        stacklevel=4,
                    )
        for output, one in zip(self.outputs, identifiers, strict=True):
            output.identifier = one
            found = losses.get(one)
            if found is not None and not isinstance(found, losses.Loss):
                found = losses.LossFunctionWrapper(
                    found, name=getattr(found, "__name__", None)
                )
            output.loss = found
        if len(self.outputs) > 1:
            for output in self.outputs:
                if output.loss is not None:
                    output.mean_loss = metrics.Mean(name=f"{output.name}_loss")

    def _modes(self, given: Any) -> list[Any]:
        found = self._per_output(given, "sample_weight_mode")
        if isinstance(given, dict) and any(given.values()):
            for output in self.trained:
                if output.name not in given:
                    raise ValueError(
                        errors.message(
                            f"`sample_weight_mode` does not tell that of "
                            f"`{output.name}`",
                            repr(given),
                            "a mode for each output that has a loss",
                            f'Add `"{output.name}": None` if it has none',
                        )
                    )
        return found

    def _weights(self, given: Any) -> list[Any]:
        if given is not None and not isinstance(given, (list, dict)):
            raise TypeError(
                errors.message(
                    "`loss_weights` cannot be read",
                    repr(given),
                    "a list of a number for each output, or a dict by output name",
                )
            )
        return self._per_output(given, "loss_weights")

    def _per_output(self, given: Any, what: str) -> list[Any]:
        names = [output.name for output in self.outputs]
        if isinstance(given, dict):
            for name in given:
                if name not in names:
                    raise errors.unknown_name(f"output in `{what}`", name, names)
            return [given.get(name) for name in names]
        if isinstance(given, (list, tuple)):
            if len(given) != len(names):
                raise ValueError(
                    errors.message(
                        f"`{what}` should have one entry for each output of the model",
                        f"{len(given)} entries: {given}",
                        f"{len(names)}, for the outputs "
                        + ", ".join(f"`{n}`" for n in names),
                    )
                )
            return list(given)
        return [given] * len(names)

    def _metric_lists(self, given: Any, what: str) -> list[list[Any]]:
        if given is None:
            return [[] for _ in self.outputs]
        if isinstance(given, dict):
            return [_as_list(one) for one in self._per_output(given, what)]
        if not isinstance(given, (list, tuple)):
            raise TypeError(
                errors.message(
                    f"`{what}` cannot be read",
                    repr(given),
                    "a list (for all outputs, or one list an output) or a dict by "
                    "output name",
                    f"Write `{what}=[{given!r}]`" if isinstance(given, str) else None,
                )
            )
        if any(isinstance(one, (list, tuple)) for one in given):
            return [_as_list(one) for one in self._per_output(given, what)]
        return [list(given) for _ in self.outputs]

    def _metrics_of(
        self, output: Output, identifiers: list[Any], taken: set[str]
    ) -> list[metrics.Metric]:
        found: dict[str, metrics.Metric] = {}
        for identifier in identifiers:
            metric = metrics.resolve(identifier, output.loss, output.shape)
            if metric.name in found:
                continue
            if len(self.outputs) > 1 and isinstance(identifier, metrics.Metric):
                metric = metrics.clone_metric(metric)
            found[metric.name] = metric
        for name, metric in found.items():
            base = f"{output.name}_{name}" if len(self.outputs) > 1 else name
            unique, number = base, 0
            while unique in taken:
                number += 1
                unique = f"{base}_{number}"
            taken.add(unique)
            metric.name = unique
        return list(found.values())

    @property
    def trained(self) -> list[Output]:
        """Outputs that have a loss: those that targets are expected for."""
        return [output for output in self.outputs if output.loss is not None]

    @property
    def compiled_metrics(self) -> list[metrics.Metric]:
        """Metrics of all outputs in the order of their names."""
        return [
            metric
            for output in self.outputs
            for metric in [*output.metrics, *output.weighted_metrics]
        ]

    @property
    def mean_losses(self) -> list[metrics.Metric]:
        """Running means of the losses of single outputs, where there are several."""
        return [o.mean_loss for o in self.outputs if o.mean_loss is not None]

    def names(self, extra: Sequence[metrics.Metric] = ()) -> list[str]:
        """What is reported: the loss, losses of outputs, metrics."""
        reported = [*self.mean_losses, *self.compiled_metrics, *extra]
        return ["loss", *(metric.name for metric in reported)]

    def variables(self) -> list[Variable]:
        """State of all metrics."""
        all_metrics = [*self.mean_losses, *self.compiled_metrics]
        return [v for metric in all_metrics for v in metric.variables]

    def loss(
        self,
        outputs: Sequence[Any],
        masks: Sequence[Any],
        targets: Sequence[Any],
        weights: Sequence[Any],
    ) -> tuple[Any, list[Any]]:
        """The weighted sum of all losses of a batch, and each of them."""
        total: Any = 0.0
        single = []
        given = iter(zip(targets, weights, strict=True))
        for output, y_pred, mask in zip(self.outputs, outputs, masks, strict=True):
            if output.loss is None:
                single.append(None)
                continue
            y_true, weight = next(given)
            weight = with_mask(weight, mask, y_pred)
            with _told_where("loss", output.loss, output.name, y_true, y_pred):
                value = output.loss(y_true, y_pred, sample_weight=weight)
            value = jnp.mean(value)  # of what reduction "none" leaves
            single.append(value)
            total = total + output.loss_weight * value
        return total, single

    def update_metrics(
        self,
        outputs: Sequence[Any],
        masks: Sequence[Any],
        targets: Sequence[Any],
        weights: Sequence[Any],
        single: Sequence[Any],
    ) -> None:
        """Take a batch into the state of all metrics."""
        given = iter(zip(targets, weights, strict=True))
        for i, output in enumerate(self.outputs):
            if output.loss is None:
                continue
            y_true, weight = next(given)
            y_pred, mask = outputs[i], masks[i]
            if output.mean_loss is not None:
                output.mean_loss.update_state(single[i])
            unweighted = with_mask(None, mask, y_pred)
            weighted = with_mask(weight, mask, y_pred)
            for metric in output.metrics:
                with _told_where("metric", metric, output.name, y_true, y_pred):
                    metric.update_state(y_true, y_pred, sample_weight=unweighted)
            for metric in output.weighted_metrics:
                with _told_where("metric", metric, output.name, y_true, y_pred):
                    metric.update_state(y_true, y_pred, sample_weight=weighted)

    def check_targets(self, targets: Sequence[Any]) -> None:
        """Check labels against losses before a step runs.

        Raises:
            ValueError: Labels that do not fit the loss or the output.
        """
        for output, y in zip(self.trained, targets, strict=True):
            if output.shape is not None:
                losses.check_labels(output.loss, y, output.shape, output.name)


@contextlib.contextmanager
def _told_where(
    what: str, thing: Any, output: str, y_true: Any, y_pred: Any
) -> Iterator[None]:
    """Let an error out of a loss or a metric say which it was, and on what."""
    try:
        yield
    except Exception as error:
        error.add_note(
            f"In the {what} `{getattr(thing, 'name', thing)}` of output `{output}`: "
            f"y_true has shape {jnp.shape(y_true)}, y_pred {jnp.shape(y_pred)}."
        )
        raise


def with_mask(weight: Any, mask: Any, y_pred: Any) -> Any:
    """Sample weights times the mask of an output; None where there is neither."""
    if mask is None:
        return weight
    mask = jnp.asarray(mask, y_pred.dtype)
    if weight is None:
        return mask
    fitted: Any = losses.squeeze_or_expand_dimensions(mask, None, weight)
    return fitted[2] * fitted[0]


def _as_list(x: Any) -> list[Any]:
    if x is None:
        return []
    return list(x) if isinstance(x, (list, tuple)) else [x]
