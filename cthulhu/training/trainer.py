"""Trainer: fit, evaluate and predict, and what their arguments mean together.

When hooks are heard and when training stops stands in `loop`; what is computed, in
`step` and `spec`; what `compile` was told, in `compiling`; how data come in, in
`intake`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from cthulhu import callbacks as hooks
from cthulhu import data, errors, vocabulary
from cthulhu.callbacks.timing import VALIDATION
from cthulhu.core import Variable, draw_seed
from cthulhu.training.arguments import (
    EPOCHS,
    VERBOSE,
    asked_epochs,
    asked_verbose,
    block_length,
    check_length,
    due_epochs,
    in_order,
    speaks_old,
    unpack,
)
from cthulhu.training.feed import BatchFeed, RowFeed
from cthulhu.training.generators import Generators
from cthulhu.training.intake import closed_on_error
from cthulhu.training.looking import Looking
from cthulhu.training.loop import Run, run_pass
from cthulhu.training.memory import needs_donation
from cthulhu.training.passes import Bar, Validation
from cthulhu.training.step import key_data


@vocabulary.aliases
class Trainer(Looking, Generators):
    """Training for something with variables and a call."""

    stop_training = False
    history: Any = None

    # Training

    @speaks_old
    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=EPOCHS,
        verbose=VERBOSE,
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_freq=1,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        steps_per_execution="auto",
    ):
        """Train the model.

        Args:
            x: Inputs: arrays (NumPy, JAX, pandas, HDF5, lists), a list or a dict by
                input name; or what yields batches `(x, y)` or `(x, y, weights)`: a
                generator, a `Sequence`, any iterable.
            y: Targets, like `x`; None where `x` yields batches.
            batch_size: Rows in a batch, default 32.
            epochs: Number of the epoch to stop before, counted from 0.
            verbose: 0 silent, 1 a progress bar, 2 one line an epoch.  `"auto"`, and
                where it is not given: a bar on a terminal and in a notebook, one line
                an epoch elsewhere.
            callbacks: List of callbacks.
            validation_split: Share of the last rows that are kept for validation,
                0 to 1.
            validation_data: `(x, y)`, `(x, y, weights)`, or what yields batches.
            shuffle: True (rows in a new order each epoch), `"batch"` (whole batches) or
                False.
            class_weight: Dict from class to the weight of its rows.
            sample_weight: Weights of rows, or of their time steps.
            initial_epoch: Epoch to start at.
            steps_per_epoch: Batches in an epoch; needed for endless iterators.
            validation_steps: Batches of a validation.
            validation_freq: Validate every so many epochs, or in the epochs of a list
                (counted from 1).
            max_queue_size: Batches read ahead, at most.
            workers: Threads or processes that read; 0: the main thread.
            use_multiprocessing: Whether workers are processes.
            steps_per_execution: `"auto"`, or steps computed before hooks are heard;
                1 never computes ahead.

        Returns:
            A `History`; its `history` holds a list for each name in the logs, its
            `timing` the seconds of steps, data, validation and each callback.

        Raises:
            RuntimeError: The model is not compiled.
            ValueError: Data that do not fit; nothing was trained then.

        Example:
            >>> history = model.fit(x, y, epochs=3, validation_split=0.1)
            >>> history.history["val_loss"]
        """
        self._need_compiled()
        epochs = errors.check_whole("epochs", asked_epochs(epochs), 0)
        verbose = asked_verbose(verbose)
        initial_epoch = errors.check_whole("initial_epoch", initial_epoch, 0)
        if initial_epoch > epochs:
            raise ValueError(
                errors.message(
                    "There is no epoch to train",
                    f"initial_epoch={initial_epoch} and epochs={epochs}",
                    "`epochs` is the number of the epoch to stop before, not how many "
                    "to add",
                    f"For {epochs} more, give `epochs={initial_epoch + epochs}`",
                )
            )
        steps_per_epoch = data.check_steps(steps_per_epoch, "steps_per_epoch")
        validation_steps = data.check_steps(validation_steps, "validation_steps")
        due = due_epochs(validation_freq)
        if isinstance(shuffle, str) and shuffle != "batch":
            raise ValueError(
                errors.message(
                    "`shuffle` cannot be used", repr(shuffle), 'True, False or "batch"'
                )
            )
        length = block_length(steps_per_execution)
        how = {
            "workers": workers,
            "use_multiprocessing": use_multiprocessing,
            "max_queue_size": max_queue_size,
        }
        source = self._adapt(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            class_weight=class_weight,
            **how,
        )
        held_out = None
        if validation_data is None and validation_split:
            if not isinstance(source, data.Rows):
                raise ValueError(
                    errors.message(
                        "`validation_split` needs arrays",
                        "batches, which cannot be split",
                        fix="Give `validation_data` instead",
                    )
                )
            source, held_out = data.split_validation(source, validation_split)
        feed = self._feed(
            source,
            batch_size,
            steps_per_epoch,
            shuffle,
            draw_seed(),
            ahead=workers != 0,
        )
        validation = None
        with closed_on_error(feed), contextlib.ExitStack() as where:
            check_length(feed, "an epoch", "steps_per_epoch")
            self._prepare(feed)
            self._check_goal()
            self._check_labels(source)
            if validation_data is not None:
                where.enter_context(errors.within("`validation_data`"))
                held_out = self._validation_source(
                    validation_data, validation_steps, how
                )
            if held_out is not None:
                self._check_labels(held_out)
                validation = self._validation(
                    held_out,
                    batch_size,
                    validation_steps,
                    isinstance(source, data.Rows),
                )
        return self._train(
            feed,
            validation,
            source,
            held_out,
            range(initial_epoch, epochs),
            verbose,
            callbacks,
            due,
            length,
            self._size_params(source, feed, batch_size, steps_per_epoch),
        )

    def _validation(
        self, held_out: Any, batch_size: int | None, steps: int | None, by_rows: bool
    ) -> Validation:
        feed = self._feed(held_out, batch_size, steps)
        with closed_on_error(feed):
            check_length(feed, "a validation", "validation_steps")
            self._prepare(feed)
        if isinstance(held_out, data.Rows) and not by_rows:
            return Validation(lambda size: self._feed(held_out, size, None))
        return Validation(lambda size: feed)

    def _size_params(
        self, source: Any, feed: Any, batch_size: int | None, steps: int | None
    ) -> dict[str, Any]:
        """What callbacks are told about the size of a pass."""
        if not isinstance(source, data.Rows):
            return {"steps": feed.steps}
        size = self._batch_size(batch_size, steps)
        return {"batch_size": size, "steps": steps, "samples": source.rows}

    def _validation_source(self, given: Any, steps: int | None, how: dict) -> Any:
        if isinstance(given, (list, tuple)) and not data.is_sequence(given):
            if len(given) not in (2, 3):
                raise ValueError(
                    errors.message(
                        "`validation_data` cannot be read",
                        f"a tuple of {len(given)}",
                        "`(x, y)` or `(x, y, sample_weights)`",
                    )
                )
            return self._adapt(*given, steps=steps, **how)
        return self._adapt(given, steps=steps, **how)

    def _train(
        self,
        feed: RowFeed | BatchFeed,
        validation: Validation | None,
        source: Any,
        held_out: Any,
        epochs: range,
        verbose: int,
        callbacks: Any,
        due: Callable[[int], bool],
        length: int | None,
        size: dict[str, Any],
    ) -> Any:
        program = self._program("train")
        program.discover(feed.example)
        names = self.metrics_names
        rows = size.get("samples")
        told = self._listeners(callbacks, verbose, bool(rows) and size["steps"] is None)
        told.set_model(self)
        told.set_params(
            in_order(
                **size,
                epochs=epochs.stop,
                verbose=verbose,
                do_validation=validation is not None,
                metrics=[*names, *(f"val_{n}" for n in names if validation)],
            )
        )
        if verbose and rows and isinstance(held_out, data.Rows):
            print(f"Train on {rows} samples, validate on {held_out.rows} samples")
        seed = draw_seed()
        run = None
        try:
            told.on_train_begin({})
            self.stop_training = False
            self._tell_validation_data(told, held_out)
            realtime = told.realtime
            known, program = program, self._program("train")
            program.discover(lambda: known.example)
            run = Run(
                program,
                feed,
                key_data(seed),
                self._step_number,
                length=1 if realtime else length,
                ahead=not realtime,
                lend=True,
                frugal=needs_donation(program.carried),
                times=told.times,
            )
            self._fit_loop(run, told, epochs, validation, due, feed)
            told.on_train_end({})
        except BaseException as error:
            told.on_exception(error)
            raise
        finally:
            if run is not None:
                self._step_number = run.number + run.position
                run.finish()
            feed.close()
            if validation is not None:
                validation.close()
            self.history.timing = told.timing()
        return self.history

    def _fit_loop(
        self,
        run: Run,
        told: hooks.CallbackList,
        epochs: range,
        validation: Validation | None,
        due: Callable[[int], bool],
        feed: RowFeed | BatchFeed,
    ) -> None:
        for epoch in epochs:
            run.begin(epoch, run.program.metric_start)
            logs: dict[str, Any] = {}
            told.on_epoch_begin(epoch, logs)
            run.heard()
            run.change(self._program("train"))
            if epoch == epochs.start:
                run.compile_rest()
            steps = run_pass(
                run,
                told.on_train_batch_begin,
                told.on_train_batch_end,
                lambda: self.stop_training,
            )
            short = isinstance(feed, BatchFeed) and feed.ran_out and not feed.has(steps)
            whole = not feed.has(steps)
            last = feed.size(steps - 1) if steps else 1
            feed.end()
            if validation is not None and whole and due(epoch):
                with told.times.on(VALIDATION):
                    values = self._test(validation.feed(last), told)
                logs.update({f"val_{k}": v for k, v in values.items()})
                run.heard()
            told.on_epoch_end(epoch, logs)
            run.heard()
            if isinstance(feed, BatchFeed) and short and feed.fixed_steps:
                if steps < (feed.steps or 0):
                    feed.warn_if_short(steps)
                    break
            if self.stop_training:
                break
            if isinstance(feed, BatchFeed) and not feed.fixed_steps:
                steps = feed.source.steps  # a Sequence may have grown or shrunk
                told.set_params({**told.params, "steps": steps})

    def _listeners(
        self, callbacks: Any, verbose: int, by_rows: bool
    ) -> hooks.CallbackList:
        """BaseLogger, the bar, the user's callbacks, the bar's end, and History."""
        if isinstance(callbacks, hooks.CallbackList):
            callbacks = callbacks.callbacks
        stateful = self.metrics_names[1:]
        first: list[Any] = [hooks.BaseLogger(stateful_metrics=stateful)]
        last: list[Any] = []
        if verbose:
            bar: Any = hooks.ProgbarLogger("samples" if by_rows else "steps", stateful)
            first.append(bar)
            last.append(bar.ending())
        self.history = hooks.History()
        return hooks.CallbackList([*first, callbacks or [], *last, self.history])

    def _tell_validation_data(self, told: hooks.CallbackList, held_out: Any) -> None:
        if not isinstance(held_out, data.Arrays):
            kept: list[Any] = []
        else:
            weights = [
                np.ones(held_out.rows, np.float32) if w is None else w
                for w in held_out.sws or [None] * len(held_out.ys)
            ]
            kept = [*held_out.xs, *held_out.ys, *weights]
        for callback in told.callbacks:
            callback.validation_data = kept

    # Testing

    @speaks_old
    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose=VERBOSE,
        sample_weight=None,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        return_dict=False,
    ):
        """Compute the loss and the metrics on data, without training.

        Args:
            x: Inputs, as in `fit`.
            y: Targets.
            batch_size: Rows in a batch, default 32.
            verbose: 0 and 2 silent, 1 a progress bar.  `"auto"`, and where it is not
                given: a bar on a terminal and in a notebook, nothing elsewhere.
            sample_weight: Weights of rows, or of their time steps.
            steps: Batches to take; needed for endless iterators.
            callbacks: List of callbacks; their `on_test_*` hooks are heard.
            max_queue_size: Batches read ahead, at most.
            workers: Threads or processes that read; 0: the main thread.
            use_multiprocessing: Whether workers are processes.
            return_dict: Whether to return a dict by name.

        Returns:
            The loss, or a list of the loss and the metrics, named by `metrics_names`.
            The loss is the mean over rows.

        Raises:
            RuntimeError: The model is not compiled.
            ValueError: Data that do not fit.
        """
        self._need_compiled()
        verbose = asked_verbose(verbose)
        steps = data.check_steps(steps)
        source = self._adapt(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            max_queue_size=max_queue_size,
        )
        feed = self._feed(source, batch_size, steps)
        with closed_on_error(feed):
            check_length(feed, "a pass", "steps")
            self._prepare(feed)
            self._check_labels(source)
        told = self._bystanders(
            callbacks,
            verbose=verbose,
            metrics=self.metrics_names,
            **self._size_params(source, feed, batch_size, steps),
        )
        try:
            values = self._test(feed, told, verbose)
        finally:
            feed.close()
        if return_dict:
            return values
        return unpack([values[name] for name in self.metrics_names])

    def _bystanders(self, callbacks: Any, **params: Any) -> hooks.CallbackList:
        """Callbacks of `evaluate` and `predict`, told about the pass."""
        if isinstance(callbacks, hooks.CallbackList):
            return callbacks
        told = hooks.CallbackList(callbacks)
        told.set_model(self)
        told.set_params(in_order(**params))
        return told

    def _test(
        self, feed: RowFeed | BatchFeed, told: hooks.CallbackList, verbose: int = 0
    ) -> dict[str, Any]:
        """One pass without training; the mean loss and the final metrics by name."""
        program = self._program("test")
        feed.begin(0)
        if not program.known:
            program.discover(feed.example)
        told.on_test_begin({})  # before the weights are taken: it may set them
        run = Run(
            program,
            feed,
            key_data(0),
            start=program.metric_start,
            length=1 if told.realtime else None,
            ahead=not told.realtime,
        )
        bar = Bar(feed, verbose)
        total = rows = 0.0
        last: dict[str, Any] = {}

        def end(i: int, logs: dict[str, Any]) -> None:
            nonlocal total, rows, last
            size = logs["size"]
            total, rows, last = total + logs["loss"] * size, rows + size, logs
            told.on_test_batch_end(i, logs)
            bar.tick(size)

        run.compile_rest()
        run_pass(run, told.on_test_batch_begin, end)
        told.on_test_end({})
        if not rows:
            raise errors.DataError(
                errors.message(
                    "There was no batch to evaluate",
                    fix="A generator goes on where it stopped: it needs batches for "
                    "every pass, in `fit` for the validation of every epoch",
                )
            )
        if isinstance(feed, BatchFeed):
            feed.warn_if_short(run.position)
        bar.finish()
        self._keep_states(run)
        values = {"loss": total / rows}
        values.update({n: last[n] for n in self.metrics_names[1:]})
        return values

    def _keep_states(self, run: Run) -> None:
        """Put the states of stateful layers back; metrics stay as they were."""
        values = run.finish()
        if not values:
            return
        metric_state = set(map(id, self._spec_variables()))
        for variable, array in values.items():
            if id(variable) not in metric_state:
                variable.assign(array)

    def _spec_variables(self) -> list[Variable]:
        return [v for metric in self.metrics for v in metric.variables]

    # Predicting

    @speaks_old
    def predict(
        self,
        x,
        batch_size=None,
        verbose=0,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
    ):
        """Compute the outputs for data.

        Args:
            x: Inputs, as in `fit`.
            batch_size: Rows in a batch, default 32.
            verbose: 0 and 2 silent, 1 a progress bar, `"auto"` as in `evaluate`.
            steps: Batches to take; needed for endless iterators.
            callbacks: List of callbacks; their `on_predict_*` hooks are heard.
            max_queue_size: Batches read ahead, at most.
            workers: Threads or processes that read; 0: the main thread.
            use_multiprocessing: Whether workers are processes.

        Returns:
            A NumPy array, or a list of one for each output.

        Raises:
            ValueError: Data that do not fit.
        """
        verbose = asked_verbose(verbose)
        steps = data.check_steps(steps)
        source = self._adapt(
            x,
            targets=False,
            batch_size=batch_size,
            steps=steps,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            max_queue_size=max_queue_size,
            check_nan=False,  # where it went is seen in the outputs
        )
        if not callbacks and not verbose:
            if self._is_one_batch(source, batch_size, steps):
                self._check_rows(source)
                return self._outputs_of(source)  # the shortest way
        feed = self._feed(source, batch_size, steps)
        with closed_on_error(feed):
            check_length(feed, "a pass", "steps")
            self._prepare(feed)
        told = self._bystanders(
            callbacks,
            verbose=verbose,
            **self._size_params(source, feed, batch_size, steps),
        )
        program = self._program("predict")
        program.discover(feed.example)
        bar = Bar(feed, verbose)
        parts: list[Any] = []

        def end(i: int, logs: dict[str, Any]) -> None:
            parts.append(logs["outputs"])
            told.on_predict_batch_end(i, logs)
            bar.tick(logs["size"])

        try:
            feed.begin(0)
            told.on_predict_begin({})
            run = Run(
                program,
                feed,
                key_data(0),
                length=1 if told.realtime else None,
                ahead=not told.realtime,
            )
            run.compile_rest()
            run_pass(run, told.on_predict_batch_begin, end)
            told.on_predict_end({})
            bar.finish()
            self._keep_states(run)
        finally:
            feed.close()
        if not parts:
            raise errors.DataError(
                errors.message(
                    "There was no batch to predict",
                    fix="A generator that was used before has nothing left",
                )
            )
        outputs = [
            parts[0][i] if len(parts) == 1 else np.concatenate([p[i] for p in parts])
            for i in range(len(parts[0]))
        ]
        return unpack(outputs)
