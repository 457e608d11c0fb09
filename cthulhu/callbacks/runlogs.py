"""Logs of runs beyond the process: MLflow, and Weights & Biases.

What a run tells is worked out here, once; how a library is told, at its class.  The
libraries are extras and are imported when training begins.
"""

import importlib
import os
import tempfile
import time
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from cthulhu import errors
from cthulhu.callbacks.base import Callback

PENDING = 200  # results of batches that may wait to be told


class RunLogger(Callback):
    """Base of the callbacks that log a run to a library of others.

    Logged are, once, the parameters of the run and of the optimizer; after every epoch
    all numbers in `logs`; by choice those of batches, under `batch/`; and by choice the
    trained model as a file.  A run that is open already is logged to and left open.
    What cannot be told is warned of once and does not end training.

    Args:
        update_freq: `"epoch"`, `"batch"`, or a number of samples after which the logs
            of a batch are logged too.
        save_model: Whether the model becomes an artifact when training ends; or the
            name of its file, `"model.h5"` for True.

    Attributes:
        run_id: The library's name for the run; a continued run goes on with it.
        failures: How often the library raised an error.

    Raises:
        ImportError: when training begins, without the library; names the extra.
    """

    adds_logs = ()
    state_names = ("_batches", "run_id")
    library: str  # what is imported
    extra: str  # what brings it

    def __init__(
        self, update_freq: str | int = "epoch", save_model: bool | str = False
    ):
        if update_freq not in ("epoch", "batch"):
            who = type(self).__name__
            update_freq = errors.check_whole("update_freq", update_freq, 1, who)
        self.update_freq = update_freq
        self.save_model = save_model
        self.run_id: str | None = None
        self.failures = 0
        self._is_own = False
        self._batches = self._samples = 0
        self._pending: list[tuple[int, float, dict[str, float]]] = []

    # What a library does

    def open(self, library: Any) -> None:
        """Take the run that is open, go on with `run_id`, or begin a new one."""
        raise NotImplementedError

    def tell_parameters(self, parameters: dict[str, Any]) -> None:
        """Log values that do not change: text, numbers, True and False."""
        raise NotImplementedError

    def tell_epoch(self, epoch: int, values: dict[str, float]) -> None:
        """Log the results of an epoch, from 0."""
        raise NotImplementedError

    def tell_batches(self, rows: list[tuple[int, float, dict[str, float]]]) -> None:
        """Log results of batches: their number, the time in seconds, their values."""
        raise NotImplementedError

    def tell_model(self, path: str) -> None:
        """Keep a file as the trained model."""
        raise NotImplementedError

    def close(self, exception: BaseException | None) -> None:
        """End the run, if it was begun here."""
        raise NotImplementedError

    # What a run tells

    @property
    def idle_hooks(self) -> tuple[str, ...]:
        """Batches matter only where they are logged."""
        return ("on_train_batch_end",) if self.update_freq == "epoch" else ()

    def on_train_begin(self, logs=None):
        try:
            library = importlib.import_module(self.library)
        except ImportError as error:
            who = type(self).__name__
            raise errors.missing_extra(self.library, self.extra, f"`{who}`") from error
        if self._begins_anew():
            self._batches, self.run_id = 0, None
        self._samples = self.failures = 0
        self._pending = []
        self.open(library)
        self._try(self.tell_parameters, parameters_of(self.params or {}, self.model))

    def on_batch_end(self, batch, logs=None):
        if self.update_freq == "epoch":
            return
        logs = logs or {}
        self._batches += 1
        self._samples += logs.get("size", 1)
        if self.update_freq == "batch" or self._samples >= self.update_freq:
            self._samples = 0
            row = (self._batches, time.time(), numbers_of(logs, ("batch", "size")))
            self._pending.append(row)
            if len(self._pending) >= PENDING:
                self._flush()

    def on_epoch_end(self, epoch, logs=None):
        self._flush()
        self._try(self.tell_epoch, epoch, numbers_of(logs or {}))

    def on_train_end(self, logs=None):
        self._flush()
        if self.save_model:
            self._try(self._keep_model)
        self._try(self.close, None)

    def on_exception(self, exception):
        self._flush()
        self._try(self.close, exception)

    def _flush(self) -> None:
        rows, self._pending = self._pending, []
        if rows:
            self._try(self.tell_batches, rows)

    def _keep_model(self) -> None:
        name = "model.h5" if self.save_model is True else str(self.save_model)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            self.model.save(path)
            self.tell_model(path)

    def _try(self, tell: Any, *args: Any) -> None:
        """Tell something; a failure is warned of once, and counted."""
        try:
            tell(*args)
        except Exception as error:
            self.failures += 1
            if self.failures == 1:
                warnings.warn(
                    errors.message(
                        f"{type(self).__name__} could not log to {self.library}",
                        f"{type(error).__name__}: {error}",
                        fix="Training goes on, and so do attempts; this is told once",
                    ),
                    RuntimeWarning,
                    stacklevel=3,
                )


class MLflowLogger(RunLogger):
    """Log a run to MLflow: to its server, or to a local store.

    Epochs are the steps of metrics, and for `batch/...` the number of batches.  A run
    that ends by an error is `FAILED`, by Ctrl-C `KILLED`.  Needs the extra `mlflow`.

    Args:
        experiment: Name of the experiment, made if there is none; None: MLflow's own
            choice.
        run_name: Name of the run; None: MLflow finds one.
        tracking_uri: Where to log, like `"sqlite:///mlflow.db"`; None: where MLflow is
            set to.
        update_freq: `"epoch"`, `"batch"`, or a number of samples after which the logs
            of a batch are logged too.
        save_model: Whether the model becomes an artifact in `model/` when training
            ends; or the name of its file, `"model.h5"` for True.

    Attributes:
        run_id: MLflow's name for the run; a continued run goes on with it.
        failures: How often MLflow raised an error.

    Raises:
        ImportError: when training begins, without the library; names the extra.

    Example:
        >>> log = MLflowLogger("digits", tracking_uri="sqlite:///mlflow.db")
        >>> model.fit(x, y, callbacks=[log])  # doctest: +SKIP
    """

    library, extra = "mlflow", "mlflow"

    def __init__(
        self,
        experiment: str | None = None,
        run_name: str | None = None,
        tracking_uri: str | None = None,
        update_freq: str | int = "epoch",
        save_model: bool | str = False,
    ):
        super().__init__(update_freq, save_model)
        self.experiment, self.run_name = experiment, run_name
        self.tracking_uri = tracking_uri

    def open(self, library: Any) -> None:
        self._mlflow = library
        if self.tracking_uri is not None:
            library.set_tracking_uri(self.tracking_uri)
        run = library.active_run()
        self._is_own = run is None
        if self._is_own:
            if self.experiment is not None:
                library.set_experiment(self.experiment)
            run = library.start_run(run_id=self.run_id, run_name=self.run_name)
        self.run_id = run.info.run_id

    def tell_parameters(self, parameters: dict[str, Any]) -> None:
        # A parameter keeps its first value; another training in a run has its own.
        known = self._mlflow.MlflowClient().get_run(self.run_id).data.params
        new = {}
        for name, value in parameters.items():
            spelling, number = _allowed(name), 1
            while known.get(spelling, str(value)) != str(value):
                number += 1
                spelling = f"{_allowed(name)}/{number}"
            new[spelling] = value
        self._mlflow.log_params(new, run_id=self.run_id)

    def tell_epoch(self, epoch: int, values: dict[str, float]) -> None:
        values = {_allowed(name): value for name, value in values.items()}
        self._mlflow.log_metrics(values, step=epoch, run_id=self.run_id)

    def tell_batches(self, rows: list[tuple[int, float, dict[str, float]]]) -> None:
        metric = self._mlflow.entities.Metric
        metrics = [
            metric(f"batch/{_allowed(name)}", value, int(seconds * 1000), number)
            for number, seconds, values in rows
            for name, value in values.items()
        ]
        for start in range(0, len(metrics), 1000):  # as many as one call may have
            part = metrics[start : start + 1000]
            self._mlflow.MlflowClient().log_batch(self.run_id, metrics=part)

    def tell_model(self, path: str) -> None:
        self._mlflow.log_artifact(path, "model", run_id=self.run_id)

    def close(self, exception: BaseException | None) -> None:
        if not self._is_own or self.run_id is None:
            return
        self._is_own = False
        status = "FINISHED" if exception is None else "FAILED"
        if isinstance(exception, KeyboardInterrupt):
            status = "KILLED"
        active = self._mlflow.active_run()
        if active is not None and active.info.run_id == self.run_id:
            self._mlflow.end_run(status)
        else:  # somebody began another one since
            self._mlflow.MlflowClient().set_terminated(self.run_id, status)


class WandbLogger(RunLogger):
    """Log a run to Weights & Biases: to its server, or offline to a local folder.

    Metrics are drawn over `epoch` (from 0), those of batches over `batch/step`.  A run
    that ends by an exception ends with exit code 1.  Needs the extra `wandb`.

    Args:
        project: Name of the project; None: the library's own choice.
        name: Name of the run; None: the library finds one.
        mode: `"online"`, `"offline"` (`wandb sync` sends it later), `"disabled"`; None:
            what the library is set to.
        update_freq: `"epoch"`, `"batch"`, or a number of samples after which the logs
            of a batch are logged too.
        save_model: Whether the model becomes an artifact `model` when training ends; or
            the name of its file, `"model.h5"` for True.
        **init: Other arguments of `wandb.init`: `entity`, `dir`, `tags`, `config`...

    Attributes:
        run: The library's run.
        run_id: Its name; a continued run goes on with it.
        failures: How often the library raised an error.

    Raises:
        ImportError: when training begins, without the library; names the extra.

    Example:
        >>> log = WandbLogger("digits", mode="offline")
        >>> model.fit(x, y, callbacks=[log])  # doctest: +SKIP
    """

    library, extra = "wandb", "wandb"

    def __init__(
        self,
        project: str | None = None,
        name: str | None = None,
        mode: str | None = None,
        update_freq: str | int = "epoch",
        save_model: bool | str = False,
        **init: Any,
    ):
        super().__init__(update_freq, save_model)
        self.init = {"project": project, "name": name, "mode": mode, **init}
        self.run: Any = None

    def open(self, library: Any) -> None:
        self._wandb = library
        self._is_own = library.run is None
        again = {"id": self.run_id, "resume": "allow"} if self.run_id else {}
        self.run = library.run or library.init(**{**self.init, **again})
        self.run_id = self.run.id
        self._defined: set[str] = set()  # metrics whose axis the run knows

    def tell_parameters(self, parameters: dict[str, Any]) -> None:
        self.run.config.update(parameters, allow_val_change=True)

    def tell_epoch(self, epoch: int, values: dict[str, float]) -> None:
        self._log("epoch", epoch, values)

    def tell_batches(self, rows: list[tuple[int, float, dict[str, float]]]) -> None:
        for number, _, values in rows:
            named = {f"batch/{name}": value for name, value in values.items()}
            self._log("batch/step", number, named)

    def _log(self, axis: str, at: int, values: dict[str, float]) -> None:
        row = {axis: at, **values}
        # each by its name: of patterns that both fit, the library takes any
        for name in [name for name in row if name not in self._defined]:
            how = {"hidden": True} if name == axis else {"step_metric": axis}
            self.run.define_metric(name, **how)
            self._defined.add(name)
        self.run.log(row)

    def tell_model(self, path: str) -> None:
        artifact = self._wandb.Artifact("model", type="model")
        artifact.add_file(path)
        self.run.log_artifact(artifact)

    def close(self, exception: BaseException | None) -> None:
        if self._is_own and self.run is not None:
            self._is_own = False
            self.run.finish(exit_code=0 if exception is None else 1)


def parameters_of(params: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """What is fixed in a run: sizes, the loss, the optimizer and its settings."""
    names = ("batch_size", "epochs", "steps", "samples")
    found = {name: params[name] for name in names if params.get(name) is not None}
    for name in ("name", "loss"):
        value = getattr(model, name, None)
        if value is not None:
            found["model" if name == "name" else name] = _plain(value)
    if hasattr(model, "count_params") and getattr(model, "built", False):
        found["weights"] = int(model.count_params())
    optimizer = getattr(model, "optimizer", None)
    if hasattr(optimizer, "get_config"):
        found["optimizer"] = type(optimizer).__name__
        for name, value in optimizer.get_config().items():
            found[f"optimizer/{name}"] = _plain(value)
    return found


def numbers_of(logs: Mapping[str, Any], but: tuple[str, ...] = ()) -> dict[str, float]:
    """The numbers in logs, as Python has them."""
    found = {}
    for name, value in logs.items():
        if name not in but and not isinstance(value, (str, bytes)):
            array = np.asarray(value)
            if array.ndim == 0 and array.dtype.kind in "biuf":
                found[name] = float(array)
    return found


def _plain(value: Any) -> Any:
    """A setting as text or a number."""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0:
        return value.item()
    named = getattr(value, "__name__", None) or getattr(value, "name", None)
    return named if isinstance(named, str) else str(value)


def _allowed(name: str) -> str:
    """A name in the letters that MLflow allows."""
    return "".join(c if c.isalnum() or c in "_-. /" else "_" for c in name)
