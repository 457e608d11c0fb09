"""Generators: the names under which batches from generators were once trained on."""

from __future__ import annotations

from typing import Any

from cthulhu.training.arguments import EPOCHS, VERBOSE, speaks_old


class Generators:
    """`fit_generator` and its sisters: `fit`, `evaluate`, `predict` of batches."""

    fit: Any
    evaluate: Any
    predict: Any

    @speaks_old
    def fit_generator(
        self,
        generator,
        steps_per_epoch=None,
        epochs=EPOCHS,
        verbose=VERBOSE,
        callbacks=None,
        validation_data=None,
        validation_steps=None,
        validation_freq=1,
        class_weight=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        shuffle=True,
        initial_epoch=0,
    ):
        """Train on batches from a generator or a `Sequence`: `fit` under an old name.

        Args:
            generator: Yields batches `(x, y)` or `(x, y, weights)`.
            steps_per_epoch: Batches in an epoch; default the length of a `Sequence`.
            epochs: Number of the epoch to stop before.
            verbose: 0 silent, 1 a progress bar, 2 one line an epoch; see `fit`.
            callbacks: List of callbacks.
            validation_data: `(x, y)`, `(x, y, weights)`, or what yields batches.
            validation_steps: Batches of a validation.
            validation_freq: Validate every so many epochs, or in the epochs of a list.
            class_weight: Dict from class to the weight of its rows.
            max_queue_size: Batches read ahead, at most.
            workers: Threads or processes that read; 0: the main thread.
            use_multiprocessing: Whether workers are processes.
            shuffle: Whether the batches of a `Sequence` come in random order.
            initial_epoch: Epoch to start at.

        Returns:
            A `History`.
        """
        arguments = dict(locals())
        arguments.pop("self")
        return self.fit(arguments.pop("generator"), **arguments)

    @speaks_old
    def evaluate_generator(
        self,
        generator,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        verbose=0,
    ):
        """Evaluate on batches from a generator or a `Sequence`; see `evaluate`."""
        arguments = dict(locals())
        arguments.pop("self")
        return self.evaluate(arguments.pop("generator"), **arguments)

    @speaks_old
    def predict_generator(
        self,
        generator,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        verbose=0,
    ):
        """Predict batches from a generator or a `Sequence`; see `predict`."""
        arguments = dict(locals())
        arguments.pop("self")
        return self.predict(arguments.pop("generator"), **arguments)
