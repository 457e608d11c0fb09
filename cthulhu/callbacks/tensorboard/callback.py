"""TensorBoard: what happens in training, written where TensorBoard finds it.

This decides what is written when, and at which step.  What histograms, pictures, the
graph and embeddings consist of is the business of the modules beside this one.
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cthulhu import errors
from cthulhu.callbacks.base import in_any_order
from cthulhu.callbacks.monitored import LogNames
from cthulhu.callbacks.tensorboard import summaries
from cthulhu.callbacks.tensorboard.graph import graph_def
from cthulhu.callbacks.tensorboard.hyper import hparams_of
from cthulhu.callbacks.tensorboard.inspection import Inspection
from cthulhu.callbacks.tensorboard.logs import frequency, numbers_in
from cthulhu.callbacks.tensorboard.profile import Profile
from cthulhu.callbacks.tensorboard.projector import Projector
from cthulhu.callbacks.tensorboard.writer import EventWriter

_VALIDATION = "val_"


class TensorBoard(EventWriter):
    """Write what happens in training for TensorBoard: `tensorboard --logdir=./logs`.

    Losses and metrics of training and of validation become two runs, `train` and
    `validation`, with the same names, so that TensorBoard draws them into one picture.
    The steps of epochs are their numbers, and go on where the last `fit` ended; with
    another `update_freq` the step is the number of samples seen.  Files are complete
    after each epoch.  TensorFlow is not needed.

    Args:
        log_dir: Folder for the files; made if it is missing.
        histogram_freq: Epochs between histograms of all weights and, where validation
            data are given as arrays, of the outputs of all layers; 0 for none.
        batch_size: Samples in a batch when outputs and gradients are computed.
        write_graph: Whether to write the graph of the model.
        write_grads: Whether histograms are written of the gradients of the loss on the
            validation data, too.
        write_images: Whether to write the weights as pictures, kernels of convolutions
            as a grid of their filters: when histograms are written, or each epoch if
            `histogram_freq` is 0.
        embeddings_freq: Epochs between the files for the projector; 0 for none.
        embeddings_layer_names: List of layers that are shown in it; default all
            `Embedding` layers.
        embeddings_metadata: File of the labels of points, one a line (a line of names
            first if a line has several, separated by tabs), or a dict of files by
            layer.  A path is looked up in `log_dir` first.
        embeddings_data: Inputs for which the outputs of those layers are shown, an
            array or a list of arrays.  None: the weights of `Embedding` layers.
        update_freq: `"epoch"`, `"batch"`, or how many samples lie between two times
            when the results of a batch are written, 1 or more.
        profile_batch: Number of a batch (from 1, since training began), or first and
            last in a tuple, that JAX's profiler records.  Every batch then waits for
            the one before it.  0 for none.
        write_steps_per_second: Whether each epoch's `steps_per_second` is written.
        flat: Whether all goes into `log_dir` itself, with validation's results under
            `val_` names, as Keras 2.3 wrote it.
        hparams: Dict of hyper-parameters (numbers, strings, bools) beside those of the
            optimizer and of `fit`, which are written by themselves; False for none.

    Attributes:
        samples_seen: Samples trained on since the callback was made; counted if
            `update_freq` is not `"epoch"`.

    Raises:
        ImportError: when training begins, if the extra `tensorboard` is not installed.
        ValueError: An argument that cannot be used: those of embeddings and histograms
            are checked when training begins.
        OSError: when training begins, if nothing can be written to `log_dir`.

    Example:
        >>> model.fit(x, y, validation_split=0.2, epochs=5,
        ...           callbacks=[TensorBoard("logs", histogram_freq=1)])
    """

    state_names = (
        *EventWriter.state_names,
        "samples_seen",
        "samples_seen_at_last_write",
        "steps_seen",
        "_once",
    )

    @in_any_order
    def __init__(
        self,
        log_dir: str | os.PathLike = "./logs",
        histogram_freq: int = 0,
        batch_size: int = 32,
        write_graph: bool = True,
        write_grads: bool = False,
        write_images: bool = False,
        embeddings_freq: int = 0,
        embeddings_layer_names: list[str] | None = None,
        embeddings_metadata: str | Mapping[str, str] | None = None,
        embeddings_data: Any = None,
        update_freq: str | int = "epoch",
        profile_batch: int | tuple[int, int] = 0,
        write_steps_per_second: bool = False,
        flat: bool = False,
        hparams: Mapping[str, Any] | bool | None = None,
    ):
        super().__init__(log_dir)
        who = "TensorBoard"
        self.histogram_freq = errors.check_whole(
            "histogram_freq", histogram_freq or 0, 0, who
        )
        self.batch_size = 32 if batch_size is None else batch_size
        errors.check_whole("batch_size", self.batch_size, 1, who)
        self.write_graph = write_graph
        self.write_grads = write_grads
        self.write_images = write_images
        self.embeddings_freq = errors.check_whole(
            "embeddings_freq", embeddings_freq or 0, 0, who
        )
        self.embeddings_layer_names = embeddings_layer_names
        self.embeddings_metadata = embeddings_metadata
        self.embeddings_data = embeddings_data
        self.update_freq = frequency(update_freq)
        self.profile_batch = profile_batch
        self.write_steps_per_second = write_steps_per_second
        self.flat = flat
        self.hparams = hparams
        self.samples_seen = 0
        self.samples_seen_at_last_write = 0
        self.steps_seen = 0
        self._once: list[str] = []  # what was written, and is not written again
        self._profile = Profile(profile_batch)
        self.realtime = self._profile.wanted
        self._inspection = Inspection(self.batch_size, write_grads, write_images)
        self._projector = Projector(
            embeddings_layer_names, embeddings_metadata, embeddings_data
        )

    @property
    def idle_hooks(self) -> tuple[str, ...]:
        """Batches matter only to those who count them."""
        if self._profile.wanted:
            return ()
        if self.update_freq != "epoch" or self.write_steps_per_second:
            return ("on_train_batch_begin",)
        return ("on_train_batch_begin", "on_train_batch_end")

    # Before the first step

    def check_logs(self, known: LogNames) -> None:
        """Refuse what cannot work: a folder, a layer, a file of labels."""
        super().check_logs(known)
        if self.histogram_freq and self.write_grads and not known.validation:
            raise ValueError(_no_arrays("no validation is configured"))
        if self.write_grads and not self.histogram_freq:
            warnings.warn(
                "TensorBoard writes no gradients: beside `write_grads` it needs "
                "`histogram_freq`, the epochs between two times.",
                RuntimeWarning,
                stacklevel=2,
            )
        if self.embeddings_freq:
            self._projector.check(self.model, Path(self.log_dir))

    def check_data(self) -> None:
        if self.histogram_freq and self.write_grads and not self.validation_data:
            raise ValueError(_no_arrays("validation data that are no arrays"))

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._inspection.begin()
        if self.write_graph and hasattr(self.model, "outline"):
            self._do_once("graph", lambda: self.file("train").graph(self._graph()))
        if self.hparams is not False:
            self._do_once("hparams", self._write_hparams)

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self._began = time.perf_counter(), self.steps_seen

    # Steps and epochs

    def on_train_batch_begin(self, batch, logs=None):
        self.on_batch_begin(batch, logs)
        self._profile.before(self.steps_seen + 1, self.run_folder("train"))

    def on_batch_end(self, batch, logs=None):
        self.steps_seen += 1
        self._profile.after(self.steps_seen)
        if self.update_freq == "epoch":
            return
        logs = logs or {}
        seen = self.samples_seen = self.samples_seen + logs.get("size", 0)
        if seen - self.samples_seen_at_last_write >= self.update_freq:
            self.samples_seen_at_last_write = seen
            self.file("train").scalars(seen, numbers_in(logs))

    def write_epoch(self, epoch, step, logs):
        self._write_logs(
            step if self.update_freq == "epoch" else self.samples_seen, logs
        )
        if self.write_steps_per_second:
            start, steps = self._began
            rate = (self.steps_seen - steps) / (time.perf_counter() - start)
            self.file("train").scalars(step, {"steps_per_second": rate})
        histograms = bool(self.histogram_freq) and epoch % self.histogram_freq == 0
        images = self.write_images and (histograms or not self.histogram_freq)
        if histograms or images:
            data = self.validation_data
            values = self._inspection.values(self.model, data, histograms)
            self.file("train").summary(step, values)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._projector.write(self.model, self._folder, self.batch_size)

    def on_train_end(self, logs=None):
        self._end(well=True)

    def on_exception(self, exception):
        with contextlib.suppress(OSError):  # a full disk has been told already
            self._end(well=False)

    def _end(self, well: bool) -> None:
        self._profile.stop()
        if "hparams" in self._once:
            end = [summaries.session_end(well)]
            self._do_once("end", lambda: self.file("").summary(0, end))
        self._close()

    # Writing

    def _write_logs(self, step: int, logs: Mapping[str, Any]) -> None:
        for run, values in self._by_run(numbers_in(logs)).items():
            if values:
                self.file(run).scalars(step, values)

    def _by_run(self, values: dict[str, float]) -> dict[str, dict[str, float]]:
        if self.flat:
            return {"train": values}
        n = len(_VALIDATION)
        return {
            "train": {k: v for k, v in values.items() if k[:n] != _VALIDATION},
            "validation": {k[n:]: v for k, v in values.items() if k[:n] == _VALIDATION},
        }

    def _write_hparams(self) -> None:
        values = hparams_of(self.model, self.params or {}, self.hparams or {})
        self.file("").summary(0, [summaries.session_start(values)])

    def _graph(self) -> Any:
        return graph_def(self.model)

    def _do_once(self, what: str, do: Callable[[], None]) -> None:
        if what not in self._once:
            do()
            self._once = [*self._once, what]

    def run_folder(self, run: str) -> Path:
        return self._folder if self.flat else self._folder / run

    def file(self, run: str) -> Any:
        return super().file("" if self.flat else run)


def _no_arrays(received: str) -> str:
    return errors.message(
        "TensorBoard with `write_grads` needs data to compute gradients on",
        received,
        "validation data as arrays",
        "Give `fit` a `validation_data=(x, y)` or `validation_split`",
    )
