"""Trainer: compile, fit, evaluate and predict, and what their arguments mean.

When hooks are heard and when training stops stands in `loop`; what is computed, in
`step` and `spec`; what data may be, in the `data` room.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from cthulhu import backend as K
from cthulhu import callbacks as hooks
from cthulhu import data, errors, losses, metrics, optimizers, vocabulary
from cthulhu.core import Variable, check_names, draw_seed, is_symbolic
from cthulhu.training.feed import BatchFeed, RowFeed
from cthulhu.training.feeds import feed_for
from cthulhu.training.loop import Run, run_pass
from cthulhu.training.memory import needs_donation
from cthulhu.training.spec import Spec
from cthulhu.training.step import Program, key_data


def speaks_old(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method take its arguments under their old names, and name wrong ones."""
    known = inspect.signature(method).parameters

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs.keys() <= known.keys():
            kwargs = vocabulary.translate(method.__name__, kwargs)
            check_names(method.__name__, kwargs, [n for n in known if n != "self"])
        return method(self, *args, **kwargs)

    return wrapper


@vocabulary.aliases
class Trainer:
    """Training for something with variables and a call.

    What it is mixed into gives `run(inputs, masks, kwargs)`, `weights`,
    `trainable_weights`, `penalties`, `built`, `build_from(inputs)`, `input_names`,
    `output_names` and `output_shapes`.
    """

    name: str
    built: bool
    weights: list[Variable]
    trainable_weights: list[Variable]
    input_names: list[str] | None
    input_shapes: list[Any] | None
    input_dtypes: list[Any] | None
    input_readers: list[list[Any]]
    output_names: list[str]
    output_shapes: list[Any]
    layers_below: Callable[[], Any]
    losses: list[Any]
    build_from: Callable[[Any], None]
    _fixed_batch_size: int | None
    _feed_input_names: list[str]

    stop_training = False
    optimizer: Any = None
    history: Any = None
    _compile_arguments: dict[str, Any] | None = None
    _spec_cache: Spec | None = None
    _step_number = 0
    _frozen: Collection[Any] = ()
    _trained: list[Variable] | None = None

    # Compiling

    @speaks_old
    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        metrics=None,
        loss_weights=None,
        sample_weight_mode=None,
        weighted_metrics=None,
        target_tensors=None,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: Name, config, `Optimizer`, or `optax.GradientTransformation`.
            loss: Name, function or `Loss` for all outputs, a list of them, or a dict by
                output name; None where only `add_loss` counts.
            metrics: List of names, functions and `Metric`s for all outputs, a list of
                lists, or a dict by output name.
            loss_weights: Factors of the losses of outputs, a list or a dict by name.
            sample_weight_mode: `"temporal"` for sample weights per time step; one for
                all outputs, a list, or a dict by name.
            weighted_metrics: Like `metrics`, computed with sample and class weights.
            target_tensors: Not available: targets are always data here.

        Raises:
            ValueError: An unknown optimizer, loss, metric or output name.
        """
        if target_tensors is not None:
            raise ValueError(
                errors.message(
                    "`target_tensors` cannot be used: there are no tensors that hold "
                    "data",
                    fix="Give the targets to `fit(x, y)`",
                )
            )
        self.optimizer = optimizers.get(optimizer)
        self._compile_arguments = {
            "optimizer": self.optimizer,
            "loss": loss,
            "metrics": metrics,
            "loss_weights": loss_weights,
            "sample_weight_mode": sample_weight_mode,
            "weighted_metrics": weighted_metrics,
        }
        self.loss = loss
        self.loss_weights = loss_weights
        self.sample_weight_mode = sample_weight_mode
        self._check_names_of(loss, losses.get)
        for given in (metrics, weighted_metrics):
            self._check_names_of(given, _metric_known)
        self._spec_cache = None
        self._programs: dict[str, Program] = {}
        self._note_frozen()
        if self._trained and self.optimizer.weights:
            self.optimizer.build(self._trained, fresh=True)  # its counter goes on
        if self.built:
            self._spec  # noqa: B018  (wrong names and lengths are met here)

    def _check_names_of(self, given: Any, check: Callable[[Any], Any]) -> None:
        if isinstance(given, dict) and "class_name" not in given:
            given = list(given.values())
        if isinstance(given, (list, tuple)):
            for one in given:
                self._check_names_of(one, check)
        elif given is not None:
            check(given)

    def _note_frozen(self) -> None:
        # `trainable` counts as of now, whatever happens to it until the next `compile`
        # A set: layers in a list would become layers of the model.
        self._frozen = set(_frozen_below(self))
        self._trained = list(self.trainable_weights) if self.built else None

    @property
    def _collected_trainable_weights(self) -> list[Variable]:
        if self._trained is None:
            frozen = set(map(id, self._frozen))
            shut = {
                id(w)
                for layer in self.layers_below()
                if id(layer) in frozen
                for w in layer.weights
            }
            self._trained = [w for w in self.trainable_weights if id(w) not in shut]
        return self._trained

    def _make_train_function(self) -> None:
        """Nothing to do: a step is compiled when data come.  Kept for old scripts."""
        self._need_compiled()

    _make_test_function = _make_train_function

    def _make_predict_function(self) -> None:
        """Nothing to do: a step is compiled when data come.  Kept for old scripts."""

    @property
    def _compile_metrics(self) -> Any:
        return (self._compile_arguments or {}).get("metrics") or []

    @property
    def _is_compiled(self) -> bool:
        return self._compile_arguments is not None

    def _need_compiled(self) -> None:
        if not self._is_compiled:
            raise errors.NotReady(
                errors.message(
                    f"`{self.name}` must be compiled before training or testing",
                    fix="Call `compile(optimizer, loss)` on the model first",
                )
            )

    @property
    def _spec(self) -> Spec:
        if self._spec_cache is None:
            self._need_compiled()
            given = dict(self._compile_arguments or {})
            given.pop("optimizer")
            self._spec_cache = Spec(self.output_names, self.output_shapes, **given)
        return self._spec_cache

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns: the loss first.

        Raises:
            RuntimeError: The model is not compiled.
        """
        if not self._is_compiled:
            return ["loss"]
        if not self.built:
            return ["loss"]
        return self._spec.names(self._layer_metrics())

    @property
    def metrics(self) -> list[Any]:
        """All metrics: those of `compile`, then those that layers report."""
        own = []
        if self._is_compiled and self.built:
            own = [*self._spec.mean_losses, *self._spec.compiled_metrics]
        return own + self._layer_metrics()

    def _layer_metrics(self) -> list[Any]:
        return [m for layer in self.layers_below() for m in layer._metrics]

    @property
    def loss_functions(self) -> list[Any]:
        """The loss of each output that has one."""
        return [output.loss for output in self._spec.trained]

    def reset_metrics(self) -> None:
        """Set all metrics back to where they begin."""
        for metric in self.metrics:
            metric.reset_states()

    # Programs

    def _program(self, mode: str) -> Program:
        """The compiled steps for a mode; made anew when weights came or went."""
        programs = self.__dict__.setdefault("_programs", {})
        phase = K.learning_phase()
        fixed = None if is_symbolic(phase) else bool(phase)
        identity = (fixed, *map(id, self.weights))
        found = programs.get(mode)
        if found is not None and found.identity == identity:
            return found
        if mode == "predict":
            program = Program(self, None, mode)
        elif mode == "test":
            program = Program(self, self._spec, mode, extra_metrics=self._layer_metrics)
        else:
            trained = self._collected_trainable_weights
            self._check_trained(trained)
            self.optimizer.build(trained)
            program = Program(
                self,
                self._spec,
                mode,
                self.optimizer,
                trained,
                self._frozen,
                self._layer_metrics,
            )
        program.identity = identity
        if fixed is not None:
            program.training = fixed
        programs[mode] = program
        return program

    def _check_trained(self, trained: list[Variable]) -> None:
        if len(trained) != len(self.trainable_weights):
            warnings.warn(
                "Discrepancy between trainable weights and collected trainable "
                "weights, did you set `model.trainable` without calling "
                "`model.compile` after?",
                UserWarning,
                stacklevel=2,
            )

    def as_inputs(self, xs: list[Any]) -> Any:
        """Arrays as the model is called with them, each in its input's dtype."""
        dtypes = self.input_dtypes
        if dtypes is not None:
            xs = [x.astype(d) for x, d in zip(xs, dtypes, strict=True)]
        return xs[0] if len(xs) == 1 else xs

    # Data

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

    def _batch_size(self, given: int | None, steps: int | None) -> int | None:
        """Rows in a batch; None where every step takes all rows."""
        if given is None and steps is None:
            return self._fixed_batch_size or 32
        return given

    def _check_fixed_batch(
        self, rows: data.Rows, batch_size: int | None, steps: int | None
    ) -> None:
        if not any(array is not None for array in (*rows.xs, *rows.ys)):
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
            wrong = len(x.shape) != len(expected) or any(
                None not in (a, b) and a != b
                for a, b in zip(x.shape[1:], expected[1:], strict=True)
            )
            if wrong:
                into = " and ".join(f"`{layer.name}`" for layer in layers)
                raise errors.ShapeMismatch(
                    errors.message(
                        f"Error when checking input: the data do not fit `{name}` of "
                        f"`{self.name}`" + (f", which layer {into} reads" * bool(into)),
                        f"an array with shape {tuple(x.shape)}",
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

    # Training

    @speaks_old
    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose=1,
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
            verbose: 0 silent, 1 a progress bar, 2 one line an epoch.
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
            A `History`; its `history` holds a list for each name in the logs.

        Raises:
            RuntimeError: The model is not compiled.
            ValueError: Data that do not fit; nothing was trained then.

        Example:
            >>> history = model.fit(x, y, epochs=3, validation_split=0.1)
            >>> history.history["val_loss"]
        """
        self._need_compiled()
        epochs = errors.check_whole("epochs", epochs, 0)
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
        due = _due(validation_freq)
        if isinstance(shuffle, str) and shuffle != "batch":
            raise ValueError(
                errors.message(
                    "`shuffle` cannot be used", repr(shuffle), 'True, False or "batch"'
                )
            )
        length = _length(steps_per_execution)
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
        with _closed_on_error(feed), contextlib.ExitStack() as where:
            _check_length(feed, "an epoch", "steps_per_epoch")
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
        with _closed_on_error(feed):
            _check_length(feed, "a validation", "validation_steps")
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
            _in_order(
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
            run = Run(
                program,
                feed,
                key_data(seed),
                self._step_number,
                length=1 if realtime else length,
                ahead=not realtime,
                lend=True,
                frugal=needs_donation(program.carried),
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
        start = run.program.metric_start
        for epoch in epochs:
            run.begin(epoch, start)
            if epoch == epochs.start:
                run.compile_rest()
            logs: dict[str, Any] = {}
            told.on_epoch_begin(epoch, logs)
            run.heard()
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
        """BaseLogger, the bar, the user's callbacks and History, in this order."""
        if isinstance(callbacks, hooks.CallbackList):
            callbacks = callbacks.callbacks
        stateful = self.metrics_names[1:]
        first: list[Any] = [hooks.BaseLogger(stateful_metrics=stateful)]
        if verbose:
            first.append(
                hooks.ProgbarLogger(
                    count_mode="samples" if by_rows else "steps",
                    stateful_metrics=stateful,
                )
            )
        self.history = hooks.History()
        return hooks.CallbackList([*first, callbacks or [], self.history])

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
        verbose=1,
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
            verbose: 0 silent, 1 a progress bar.
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
        with _closed_on_error(feed):
            _check_length(feed, "a pass", "steps")
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
        return _unpack([values[name] for name in self.metrics_names])

    def _bystanders(self, callbacks: Any, **params: Any) -> hooks.CallbackList:
        """Callbacks of `evaluate` and `predict`, told about the pass."""
        if isinstance(callbacks, hooks.CallbackList):
            return callbacks
        told = hooks.CallbackList(callbacks)
        told.set_model(self)
        told.set_params(_in_order(**params))
        return told

    def _test(
        self, feed: RowFeed | BatchFeed, told: hooks.CallbackList, verbose: int = 0
    ) -> dict[str, Any]:
        """One pass without training; the mean loss and the final metrics by name."""
        program = self._program("test")
        feed.begin(0)
        if not program.known:
            program.discover(feed.example)
        run = Run(
            program,
            feed,
            key_data(0),
            start=program.metric_start,
            length=1 if told.realtime else None,
            ahead=not told.realtime,
        )
        bar = _Bar(feed, verbose)
        total = rows = 0.0
        last: dict[str, Any] = {}

        def end(i: int, logs: dict[str, Any]) -> None:
            nonlocal total, rows, last
            size = logs["size"]
            total, rows, last = total + logs["loss"] * size, rows + size, logs
            told.on_test_batch_end(i, logs)
            bar.tick(size)

        told.on_test_begin({})
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
            verbose: 0 silent, 1 a progress bar.
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
        steps = data.check_steps(steps)
        source = self._adapt(
            x,
            targets=False,
            batch_size=batch_size,
            steps=steps,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            max_queue_size=max_queue_size,
        )
        feed = self._feed(source, batch_size, steps)
        with _closed_on_error(feed):
            _check_length(feed, "a pass", "steps")
            self._prepare(feed)
        if not callbacks and not verbose and feed.only_batch() is not None:
            batch: Any = source
            report = self._do_once("predict", batch)  # the shortest way
            return _unpack([np.asarray(array) for array in report.arrays])
        told = self._bystanders(
            callbacks,
            verbose=verbose,
            **self._size_params(source, feed, batch_size, steps),
        )
        program = self._program("predict")
        program.discover(feed.example)
        bar = _Bar(feed, verbose)
        parts: list[Any] = []

        def end(i: int, logs: dict[str, Any]) -> None:
            parts.append(logs["outputs"])
            told.on_predict_batch_end(i, logs)
            bar.tick(logs["size"])

        try:
            feed.begin(0)
            run = Run(
                program,
                feed,
                key_data(0),
                length=1 if told.realtime else None,
                ahead=not told.realtime,
            )
            told.on_predict_begin({})
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
        return _unpack(outputs)

    # Single batches

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
        rows = self._one_batch(x, None, targets=False)
        report = self._do_once("predict", rows)
        return _unpack([np.asarray(a) for a in report.arrays])

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
        if not self.built:
            self.build_from(rows.xs)
        self._check_inputs(rows.xs)
        return rows

    def _on_batch(
        self, mode: str, x: Any, y: Any, weight: Any, classes: Any, reset: bool
    ) -> Any:
        rows = self._one_batch(x, y, weight, class_weight=classes)
        if mode == "train":
            self._check_goal()
        self._check_labels(rows)
        report = self._do_once(mode, rows, reset)
        program = self._programs[mode]
        numbers = np.asarray(report.scalars).tolist()
        values = dict(zip(program.names, numbers, strict=True))
        arrays = [np.asarray(a) for a in report.arrays]
        values.update(zip(program.array_names, arrays, strict=True))
        return _unpack([values[name] for name in self.metrics_names])

    def _do_once(self, mode: str, rows: data.Arrays, reset: bool = False) -> Any:
        batch = (rows.xs, rows.ys, rows.sws)
        program = self._program(mode)
        program.discover(lambda: batch)
        start = program.metric_start if reset else {}
        carry = tuple(start[v] if v in start else v.cell for v in program.carried)
        fixed = tuple(v.cell for v in program.fixed)
        seed = self.__dict__.get("_batch_seed")
        if seed is None:
            seed = self._batch_seed = draw_seed()
        number = np.int32(self._step_number)
        new, report = program.once(carry, fixed, batch, key_data(seed), number)
        if mode == "train":
            self._step_number += 1
        for variable, array in zip(program.carried, new, strict=True):
            if variable.lender is not None:
                variable.lender.write(variable)
            variable.put(array)
        return report

    # Generators

    @speaks_old
    def fit_generator(
        self,
        generator,
        steps_per_epoch=None,
        epochs=1,
        verbose=1,
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
            verbose: 0 silent, 1 a progress bar, 2 one line an epoch.
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


class _Bar:
    """The progress bar of `evaluate` and `predict`: rows where known, else batches."""

    def __init__(self, feed: RowFeed | BatchFeed, verbose: int):
        self.by_rows = isinstance(feed, RowFeed) and not feed.whole
        target = feed.rows if isinstance(feed, RowFeed) and self.by_rows else feed.steps
        self.bar = hooks.Progbar(target) if verbose else None
        self.done = 0

    def tick(self, rows: int) -> None:
        """Another batch of so many rows is done."""
        if self.bar is not None:
            self.done += rows if self.by_rows else 1
            self.bar.update(self.done)

    def finish(self) -> None:
        """End the line of a bar that did not know its end."""
        if self.bar is not None and self.bar.target is None:
            self.bar.finish()


def _frozen_below(layer: Any, frozen: bool = False) -> list[Any]:
    """Layers that are not trainable, and all inside them."""
    frozen = frozen or not layer.trainable
    below = [one for inner in layer._layers for one in _frozen_below(inner, frozen)]
    return [layer, *below] if frozen else below


class Validation:
    """What a fit validates on, and in batches of which size.

    Args:
        make: Gives the feed; called with the rows of the last training batch, since
            rows beside training batches are validated in batches of that size.
    """

    def __init__(self, make: Callable[[int], RowFeed | BatchFeed]):
        self.make = make
        self.size: int | None = None
        self.made: RowFeed | BatchFeed | None = None

    def feed(self, last: int) -> RowFeed | BatchFeed:
        """The feed after an epoch whose last batch had `last` rows."""
        if self.made is None or self.size != last:
            self.made, self.size = self.make(last), last
        return self.made

    def close(self) -> None:
        """Nobody will ask again."""
        if self.made is not None:
            self.made.close()


_PARAMS = ("batch_size", "epochs", "steps", "samples", "verbose", "do_validation")


def _in_order(**params: Any) -> dict[str, Any]:
    """Params of a run in the order in which callbacks have always found them."""
    known = {name: params.pop(name) for name in _PARAMS if name in params}
    return known | params


def _metric_known(identifier: Any) -> None:
    short = ("accuracy", "crossentropy", "acc", "ce")  # what they mean is seen later
    if not isinstance(identifier, str) or identifier in short:
        return
    try:
        metrics.get(identifier)
    except errors.UnknownName:
        nearest = vocabulary.guess(identifier, short[:2])
        if nearest is None:
            raise
        raise errors.unknown_name("metric", identifier, [nearest]) from None


def _length(given: Any) -> int | None:
    if given is None or given == "auto":
        return None
    if not isinstance(given, int) or given < 1:
        raise ValueError(
            errors.message(
                "`steps_per_execution` cannot be used",
                repr(given),
                '"auto", or a whole number from 1 on',
            )
        )
    return given


@contextlib.contextmanager
def _closed_on_error(feed: RowFeed | BatchFeed) -> Iterator[None]:
    """Let those who read ahead for a feed go where nothing will be run."""
    try:
        yield
    except BaseException:
        feed.close()
        raise


def _check_length(feed: RowFeed | BatchFeed, what: str, argument: str) -> None:
    if isinstance(feed, BatchFeed) and feed.steps is None and feed.source.endless:
        raise ValueError(
            errors.message(
                f"A generator does not tell where it ends, so {what} has no length",
                fix=f"Give `{argument}`",
            )
        )


def _due(freq: Any) -> Callable[[int], bool]:
    """Whether an epoch (counted from 0) is one to validate in.

    Raises:
        ValueError: Neither a number from 1 on nor a collection.
    """
    if isinstance(freq, (int, np.integer)) and not isinstance(freq, bool):
        if freq < 1:
            raise ValueError(
                errors.message(
                    "`validation_freq` can not be less than 1",
                    repr(freq),
                    "a whole number from 1 on, or a list of epochs",
                    "To leave validation out, give no validation data",
                )
            )
        return lambda epoch: (epoch + 1) % freq == 0
    if isinstance(freq, (list, tuple, set, range)):
        return lambda epoch: epoch + 1 in freq
    raise ValueError(
        errors.message(
            "`validation_freq` cannot be used",
            f"{freq!r} of type {type(freq).__name__}",
            "a whole number from 1 on, or a list, tuple or set of epochs",
        )
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


def _unpack(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
