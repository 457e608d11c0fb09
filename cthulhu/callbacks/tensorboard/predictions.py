"""PredictionLogger: pictures of what a model gets wrong.

Which rows are shown and what stands below them is decided here; how a row becomes a
picture, in `pictures`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from cthulhu import config, errors
from cthulhu.callbacks.tensorboard import summaries
from cthulhu.callbacks.tensorboard.pictures import as_images, captioned, shown
from cthulhu.callbacks.tensorboard.writer import EventWriter

TAG = "wrong_predictions"


class Mistakes(NamedTuple):
    """Rows that were taken for something else, the surest first.

    Attributes:
        rows: Their numbers.
        true: Their classes.
        predicted: The classes they were taken for.
        sureness: Of the prediction: the probability of the predicted class.
    """

    rows: np.ndarray
    true: np.ndarray
    predicted: np.ndarray
    sureness: np.ndarray

    def worst(self, count: int) -> Iterator[tuple[int, int, int, float]]:
        """Row, true class, predicted class and sureness of the first ones."""
        return zip(*(field[:count].tolist() for field in self), strict=True)


class PredictionLogger(EventWriter):
    """Show the rows that a classifier gets most wrong in TensorBoard.

    Of the rows whose likeliest class is not the true one, those whose true class got
    the least probability are written as pictures into the run `validation`, each with
    its true and its predicted class below; a table says the same in words.

    Args:
        x: Rows that can be shown: pictures with or without channels, or flat rows, of
            one input.  None: the validation data of `fit`, which are arrays then.
        y: Their classes: numbers, or one-hot rows.
        log_dir: Folder for the files, as for `TensorBoard`.
        count: Rows that are shown, at most; 1 or more.
        freq: Epochs between two times, 1 or more.
        labels: Names of the classes; default their numbers.
        shape: Height and width of a picture in a flat row, or with its channels;
            default a square, grey or in three colours.
        batch_size: Rows that are predicted at a time.

    Raises:
        ImportError: when training begins, if the extra `tensorboard` is not installed.
        ValueError: before the first step, if there are no rows, if they are no
            pictures, or if a class has no name.

    Example:
        >>> wrong = PredictionLogger(log_dir="logs", labels=["dark", "light"])
        >>> board = TensorBoard("logs")
        >>> model.fit(x, y, validation_split=0.5, callbacks=[board, wrong])
    """

    def __init__(
        self,
        x: Any = None,
        y: Any = None,
        log_dir: str | os.PathLike = "./logs",
        count: int = 16,
        freq: int = 1,
        labels: Sequence[str] | None = None,
        shape: tuple[int, ...] | None = None,
        batch_size: int = 32,
    ):
        super().__init__(log_dir)
        who = "PredictionLogger"
        self.x, self.y = x, y
        self.count = errors.check_whole("count", count, 1, who)
        self.freq = errors.check_whole("freq", freq, 1, who)
        self.labels = labels
        self.shape = shape
        self.batch_size = errors.check_whole("batch_size", batch_size, 1, who)
        if (x is None) != (y is None):
            raise ValueError(
                errors.message(
                    f"{who} needs rows and their classes",
                    "`y` without `x`" if x is None else "`x` without `y`",
                    "both, or neither: then the validation data are shown",
                )
            )

    def check_data(self) -> None:
        """Find the rows, and refuse those that cannot be shown or have no class."""
        if self.x is not None:
            rows, given = np.asarray(self.x), np.asarray(self.y)
        else:
            if len(self.validation_data or ()) != 3:
                raise ValueError(
                    errors.message(
                        "PredictionLogger needs rows to show",
                        "no validation data of one input and one output, as arrays",
                        fix="Give it `x` and `y`, or `fit` a `validation_data=(x, y)`",
                    )
                )
            rows, given = map(np.asarray, self.validation_data[:2])
        images = as_images(
            rows, self.shape, config.image_data_format() == "channels_first"
        )
        if images is None or not len(rows):
            raise ValueError(
                errors.message(
                    "PredictionLogger cannot show the rows as pictures",
                    f"an array of shape {rows.shape}",
                    "rows of height × width, with or without channels, or flat ones",
                    "Say what a flat row is: `shape=(height, width)`",
                )
            )
        self._true = _classes(given)
        if len(self._true) != len(rows):
            raise ValueError(
                errors.message(
                    "PredictionLogger got rows and classes of different numbers",
                    f"{len(rows)} rows and {len(self._true)} classes",
                )
            )
        if self.labels is not None and self._true.max() >= len(self.labels):
            raise ValueError(
                errors.message(
                    "PredictionLogger has too few `labels`",
                    f"{len(self.labels)}, and a class {self._true.max()}",
                    "a name for each class",
                )
            )
        self._rows, self._images = rows, shown(images)
        (outputs,) = next(self._outputs())
        classes = max(2, outputs.shape[1])
        if self._true.max() >= classes:
            raise ValueError(
                errors.message(
                    "PredictionLogger got a class that the model does not have",
                    self._true.max(),
                    f"less than {classes}",
                )
            )

    def write_epoch(self, epoch, step, logs):
        if epoch % self.freq:
            return
        found = [out for (out,) in self._outputs()]
        mistakes = find_mistakes(np.concatenate(found), self._true)
        values = [summaries.text(f"{TAG}/table", self._table(mistakes))]
        pictures = [
            captioned(self._images[row], self._caption(row, true, predicted, sure))
            for row, true, predicted, sure in mistakes.worst(self.count)
        ]
        if pictures:
            size, pngs = pictures[0][0], [png for _, png in pictures]
            note = "The rows whose true class got the least probability"
            values.append(summaries.images(TAG, size, pngs, note))
        self.file("validation").summary(step, values)

    def _outputs(self) -> Iterator[list[np.ndarray]]:
        for outputs in self.model.output_batches(self._rows, self.batch_size):
            if len(outputs) != 1 or outputs[0].ndim != 2:
                raise ValueError(
                    errors.message(
                        "PredictionLogger needs a classifier",
                        "outputs of shapes " + ", ".join(str(o.shape) for o in outputs),
                        "one output with a number for each class",
                    )
                )
            yield outputs

    def _name(self, number: int) -> str:
        if self.labels is None or number >= len(self.labels):
            return str(number)
        return str(self.labels[number])

    def _caption(self, row: int, true: int, predicted: int, sure: float) -> list[str]:
        return [
            f"true: {self._name(true)}",
            f"taken for: {self._name(predicted)}",
            f"{sure:.0%} sure, row {row}",
        ]

    def _table(self, mistakes: Mistakes) -> str:
        count = len(mistakes.rows)
        lines = [f"{count} of {len(self._true)} rows are taken for something else."]
        if count:
            lines += ["", "| row | true | taken for | sure |", "|---|---|---|---|"]
        for row, true, predicted, sure in mistakes.worst(self.count):
            names = (
                self._name(n).replace("|", "\\|").replace("\n", " ")
                for n in (true, predicted)
            )
            lines.append(f"| {row} | {' | '.join(names)} | {sure:.0%} |")
        return "\n".join(lines)


def find_mistakes(outputs: np.ndarray, true: np.ndarray) -> Mistakes:
    """The rows that a classifier gets wrong, those least likely to it first.

    Args:
        outputs: Probabilities of the classes, shape (rows, classes); of one column that
            of class 1.
        true: The classes, shape (rows,).

    Example:
        >>> find_mistakes(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([1, 1])).rows
        array([0])
    """
    if outputs.shape[1] == 1:
        outputs = np.concatenate([1 - outputs, outputs], axis=1)
    predicted = outputs.argmax(axis=1)
    of_true = np.take_along_axis(outputs, true[:, None], axis=1)[:, 0]
    wrong = np.flatnonzero(predicted != true)
    rows = wrong[np.argsort(of_true[wrong], kind="stable")]
    sureness = outputs[rows, predicted[rows]]
    return Mistakes(rows, true[rows], predicted[rows], sureness)


def _classes(given: np.ndarray) -> np.ndarray:
    if given.ndim == 2 and given.shape[1] > 1:
        return given.argmax(axis=1)
    flat = given.reshape(-1)
    whole = flat.astype(np.int64)
    if given.ndim > 2 or (whole != flat).any() or (whole < 0).any():
        raise ValueError(
            errors.message(
                "PredictionLogger needs the class of each row",
                f"`y` of shape {given.shape}",
                "whole numbers from 0, or one-hot rows",
            )
        )
    return whole
