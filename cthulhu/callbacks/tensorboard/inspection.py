"""A look into the model: its weights, what layers give out, and gradients.

All of it is computed when asked, at an epoch's end; what it is written to is `events`'
business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cthulhu.callbacks.tensorboard import pictures, summaries
from cthulhu.callbacks.tensorboard.histogram import Histogram


class Inspection:
    """Makes summaries of what is inside a model.

    Args:
        batch_size: Samples in a batch of validation data.
        grads: Whether gradients are looked at.
        images: Whether weights are drawn.
    """

    def __init__(self, batch_size: int, grads: bool, images: bool):
        self.batch_size = batch_size
        self.grads = grads
        self.images = images
        self.begin()

    def begin(self) -> None:
        """Training begins: the model may be another one."""
        self._probe: Any = None

    def values(self, model: Any, data: list | None, histograms: bool) -> Iterator[Any]:
        """The summaries of this moment.

        Args:
            model: The model.
            data: Inputs, targets and sample weights of validation, or nothing.
            histograms: Whether histograms are due.
        """
        weights = [(w, tag_of(w), w.numpy()) for w in model.weights]
        if self.images:
            for _, tag, array in weights:
                picture = pictures.weight_picture(array)
                if picture is not None:
                    size = picture.shape[1], picture.shape[0]
                    yield summaries.images(
                        f"{tag}/image", size, [pictures.png(picture)]
                    )
        if not histograms:
            return
        for _, tag, array in weights:
            yield from _drawn(tag, Histogram().add(array))
        if data:
            count = len(model.loss_functions)
            xs, ys = data[: len(data) - 2 * count], data[-2 * count : -count or None]
            if self.grads:
                yield from self._gradients(model, xs, ys, data[len(data) - count :])
            yield from self._outputs(model, xs)

    def _gradients(self, model: Any, xs: list, ys: list, sws: list) -> Iterator[Any]:
        found = model.loss_gradients(xs, ys, sws, self.batch_size)
        for weight, array in zip(model.trainable_weights, found, strict=True):
            yield from _drawn(f"{tag_of(weight)}_grad", Histogram().add(array))

    def _outputs(self, model: Any, xs: list) -> Iterator[Any]:
        if self._probe is None:
            try:
                self._probe = model.probe()
            except NotImplementedError:  # defined by code: nobody knows what flows
                return
        names = self._probe.output_names
        found = [Histogram() for _ in names]
        for outputs in self._probe.output_batches(xs, self.batch_size):
            for histogram, output in zip(found, outputs, strict=True):
                histogram.add(output)
        for name, histogram in zip(names, found, strict=True):
            yield from _drawn(f"{name}_out", histogram)


def tag_of(weight: Any) -> str:
    """The tag of a weight, as Keras 2.3 had it: `dense_1/kernel_0`."""
    return weight.name.replace(":", "_") + "_0"


def _drawn(tag: str, histogram: Histogram) -> Iterator[Any]:
    rows = histogram.rows()
    if len(rows):
        yield summaries.histogram(tag, rows)
