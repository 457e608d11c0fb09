"""A model of one weight and a loop of three batches, to drive callbacks without jax."""

from types import SimpleNamespace

import numpy as np
import pytest

from cthulhu.core import Variable


class StubModel:
    """One weight, an optimizer with a rate, and a list of what was saved."""

    def __init__(self, lr=1.0):
        rate = Variable(np.float32(lr), name="lr")
        self.optimizer = SimpleNamespace(lr=rate)
        self.stop_training = False
        self.weight = 0.0
        self.saves = []

    def get_weights(self):
        return [self.weight]

    def set_weights(self, weights):
        (self.weight,) = weights

    def save(self, path, overwrite=True):
        self._write("save", path)

    def save_weights(self, path, overwrite=True):
        self._write("save_weights", path)

    def _write(self, method, path):
        with open(path, "wb"):
            self.saves.append({"method": method, "path": path, "weight": self.weight})


def run(callbacks, epochs, initial_epoch=0, batches=3, validation=False):
    """The order of hooks of a training on arrays, with a loss of zero."""
    model = callbacks.model
    callbacks.on_train_begin({})
    model.stop_training = False
    for epoch in range(initial_epoch, epochs):
        callbacks.on_epoch_begin(epoch, {})
        for batch in range(batches):
            logs = {"batch": batch, "size": 2}
            callbacks.on_train_batch_begin(batch, logs)
            logs["loss"] = 0.0
            callbacks.on_train_batch_end(batch, logs)
            if model.stop_training:
                break
        epoch_logs = {}
        if validation and not model.stop_training:
            callbacks.on_test_begin({})
            logs = {"batch": 0, "size": 2}
            callbacks.on_test_batch_begin(0, logs)
            callbacks.on_test_batch_end(0, {**logs, "loss": 0.0})
            callbacks.on_test_end({})
            epoch_logs["val_loss"] = 0.0
        callbacks.on_epoch_end(epoch, epoch_logs)
        if model.stop_training:
            break
    callbacks.on_train_end({})


def params(epochs=1, metrics=("loss",), validation=False, **more):
    """What a loop tells callbacks about a run."""
    return {
        "batch_size": 2,
        "epochs": epochs,
        "steps": None,
        "samples": 6,
        "verbose": 0,
        "do_validation": validation,
        "metrics": list(metrics),
        **more,
    }


@pytest.fixture
def stub():
    """The model, the loop and the params above."""
    return SimpleNamespace(Model=StubModel, run=run, params=params)
