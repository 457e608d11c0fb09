"""Ours and Keras 3: one script, two libraries."""

from __future__ import annotations

import importlib
import tempfile

import keras_nets
import nets
import watchers
import workloads
from workloads import BATCH, CALLS, COMPARED_RATE, DROPOUT, RATE, SMALL_BATCH, WIDTHS


class Engine:
    """A library that speaks Keras's words.

    Args:
        name: A name of `workloads.FRAMEWORKS`.
    """

    def __init__(self, name: str):
        self.ours = name == workloads.OURS
        self.backend = workloads.KERAS.get(name)
        self.keras = importlib.import_module("cthulhu.keras" if self.ours else "keras")
        for part in ("callbacks", "layers", "models", "optimizers"):
            module = f"{self.keras.__name__}.{part}"
            setattr(self, part, importlib.import_module(module))
        self.nets = keras_nets.Family(self)

    def settings(self, workload: str) -> list[dict]:
        """Settings of `compile` worth trying; the fastest is measured."""
        if nets.find(workload):
            return self.nets.settings()
        if self.ours:
            return [{"steps_per_execution": 1}] if workload == "weights, 1" else [{}]
        # With longer executions Keras 3 tells callbacks of every 32nd batch alone.
        long = workload in ("fit", "mlp", "evaluate", "predict", "validated")
        lengths = [1, 32] if long else [1]
        if self.backend == "torch":
            most = importlib.import_module("torch").get_num_threads()
            return [{"threads": threads} for threads in sorted({1, most})]
        compiled = [True, False] if self.backend == "tensorflow" else ["auto"]
        return [
            {"steps_per_execution": length, "jit_compile": how}
            for length in lengths
            for how in compiled
        ]

    def model(self, kind: str, setting: dict, dropout=DROPOUT, rate=RATE):
        """A compiled model with the weights that all engines begin with."""
        model = self.models.Sequential()
        widths = WIDTHS[kind]
        for width in widths[1:-1]:
            model.add(self.layers.Dense(width, activation="relu"))
            if dropout:
                model.add(self.layers.Dropout(dropout))
        model.add(self.layers.Dense(widths[-1], activation="softmax"))
        model.build((None, widths[0]))
        # Keras 3 adds epsilon under the root.
        epsilon = workloads.EPSILON if self.ours else workloads.EPSILON**2
        rule = self.optimizers.RMSprop(rate, rho=workloads.RHO, epsilon=epsilon)
        how = {} if self.ours or "threads" in setting else setting
        model.compile(rule, "categorical_crossentropy", **how)
        model.set_weights(workloads.weights(kind))
        return model

    def listeners(self, workload: str) -> list:
        """The callbacks of a workload."""

        class LossHistory(self.callbacks.Callback):
            def on_train_begin(self, logs={}):
                self.losses = []

            def on_batch_end(self, batch, logs={}):
                self.losses.append(logs.get("loss"))

        class WeightReader(self.callbacks.Callback):
            def on_batch_end(self, batch, logs={}):
                self.model.get_weights()

        if workload == "history":
            return [LossHistory()]
        if workload == "tensorboard":
            folder = tempfile.TemporaryDirectory()
            board = self.callbacks.TensorBoard(folder.name, update_freq="batch")
            board.folder = folder  # gone when nobody needs it any more
            return [board]
        if workload == "watched":
            # that of Keras 3 needs TensorFlow
            board = self.ours or self.backend == "tensorflow"
            return watchers.everyone(self.callbacks, board)
        return [WeightReader()] if workload.startswith("weights") else []

    def prepare(self, workload: str, setting: dict):
        """A function without arguments: one repetition."""
        repeat = self.repetition(workload, setting)
        if "threads" not in setting:
            return repeat
        torch = importlib.import_module("torch")

        def run():
            torch.set_num_threads(setting["threads"])
            return repeat()

        return run

    def repetition(self, workload: str, setting: dict):
        """What one repetition does."""
        found = nets.find(workload)
        if found:
            return self.nets.repetition(*found, setting)
        x, y = workloads.data(workload)
        model = self.model(workloads.model_of(workload), setting)
        if workload == "evaluate":
            return lambda: model.evaluate(x, y, batch_size=BATCH, verbose=0)
        if workload == "predict":
            return lambda: model.predict(x, batch_size=BATCH, verbose=0)
        if workload == "predict one":
            row = x[:1]
            return lambda: [model.predict(row, verbose=0) for _ in range(CALLS)]
        if workload == "train on batch":
            x, y = x[:SMALL_BATCH], y[:SMALL_BATCH]
            return lambda: [float(model.train_on_batch(x, y)) for _ in range(CALLS)]
        listeners = self.listeners(workload)
        how = setting if self.ours else {}
        if workload in ("validated", "watched"):
            held_out = tuple(rows[: workloads.HELD_OUT] for rows in (x, y))
            how = {**how, "epochs": workloads.EPOCHS, "validation_data": held_out}
        how = {"epochs": 1, **how}
        return lambda: model.fit(
            x, y, batch_size=BATCH, verbose=0, callbacks=listeners, **how
        )

    def losses(self, kind: str) -> list[float]:
        """Losses of the first batches, in the order of the rows."""
        net = nets.named(kind)
        if net:
            return self.nets.losses(net, workloads.COMPARED)
        x, y = workloads.data()
        count = workloads.COMPARED
        model = self.model(kind, self.settings("history")[0], 0, COMPARED_RATE)
        history = self.listeners("history")
        rows = slice(0, count * BATCH)
        model.fit(x[rows], y[rows], BATCH, verbose=0, shuffle=False, callbacks=history)
        losses = [float(loss) for loss in history[0].losses]
        if self.ours:
            return losses
        # Keras 3 tells the mean since the start of the epoch.
        sums = [0.0, *(mean * (i + 1) for i, mean in enumerate(losses))]
        return [after - before for before, after in zip(sums, sums[1:], strict=False)]
