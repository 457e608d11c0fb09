"""Runs are logged to real stores: an SQLite file of MLflow, a folder of W&B."""

import json
import struct
import sys
import time

import numpy as np
import pytest

from cthulhu import callbacks, layers, models, optimizers
from cthulhu.callbacks import CallbackList, runlogs

X = np.zeros((10, 1), "float32")
Y = np.arange(0, 20, 2, dtype="float32").reshape(10, 1)


@pytest.fixture(scope="module")
def unit():
    """One unit that learns nothing: its losses are 14, 126 and 290, and 114 in all."""
    model = models.Sequential([layers.Dense(1, use_bias=False, input_dim=1)], "unit")
    model.compile(optimizers.SGD(0.5, momentum=0.25), "mse", metrics=["mae"])
    return model


def fit(model, *given, epochs=2):
    model.set_weights([np.zeros((1, 1))])
    return model.fit(
        X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0, callbacks=given
    )


class Ends(callbacks.Callback):
    """Ends training by an exception after an epoch."""

    def __init__(self, exception):
        self.exception = exception

    def on_epoch_end(self, epoch, logs=None):
        raise self.exception


PARAMETERS = {
    "batch_size": 4,
    "epochs": 2,
    "samples": 10,
    "model": "unit",
    "loss": "mse",
    "weights": 1,
    "optimizer": "SGD",
    "optimizer/learning_rate": 0.5,
    "optimizer/momentum": 0.25,
    "optimizer/decay": 0.0,
    "optimizer/nesterov": False,
}


# MLflow


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """MLflow with an empty SQLite store."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    reason = "the extra `mlflow` is not installed"
    mlflow = pytest.importorskip("mlflow", reason=reason)
    pytest.importorskip("sqlalchemy", reason=reason)
    folder = tmp_path_factory.mktemp("mlflow")
    patch.chdir(folder)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
    yield mlflow
    mlflow.set_tracking_uri(before)
    patch.undo()


@pytest.fixture
def mlflow(store):
    yield store
    while store.active_run() is not None:
        store.end_run()


def metrics(mlflow, run_id, name):
    history = mlflow.MlflowClient().get_metric_history(run_id, name)
    return [(metric.step, metric.value) for metric in history]


thirdparty = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@thirdparty
def test_mlflow_gets_parameters_and_the_metrics_of_each_epoch(mlflow, unit):
    log = callbacks.MLflowLogger("digits", "first")

    fit(unit, log)

    run = mlflow.get_run(log.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "first"
    assert mlflow.get_experiment(run.info.experiment_id).name == "digits"
    assert run.data.params == {name: str(value) for name, value in PARAMETERS.items()}
    assert set(run.data.metrics) == {"loss", "mae"}
    assert metrics(mlflow, log.run_id, "loss") == [(0, 114), (1, 114)]
    assert mlflow.active_run() is None
    assert log.failures == 0


@thirdparty
@pytest.mark.parametrize(
    "update_freq, expected",
    [
        ("batch", [(1, 14), (2, 126), (3, 290), (4, 14), (5, 126), (6, 290)]),
        (8, [(2, 126), (5, 126)]),  # after 8 samples, and 10 more
        ("epoch", []),
    ],
)
def test_mlflow_gets_results_of_batches_by_choice(mlflow, unit, update_freq, expected):
    log = callbacks.MLflowLogger(update_freq=update_freq)

    fit(unit, log)

    assert metrics(mlflow, log.run_id, "batch/loss") == expected


@thirdparty
def test_mlflow_keeps_the_model_by_choice(mlflow, unit, tmp_path):
    log = callbacks.MLflowLogger(save_model=True)

    fit(unit, log)

    path = mlflow.artifacts.download_artifacts(
        run_id=log.run_id, artifact_path="model/model.h5", dst_path=str(tmp_path)
    )
    assert models.load_model(path).get_weights() == [[[0.0]]]


@thirdparty
@pytest.mark.parametrize(
    "exception, status", [(ValueError("x"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_mlflow_is_told_how_a_run_ended(mlflow, unit, exception, status):
    log = callbacks.MLflowLogger(save_model=True)

    with pytest.raises(type(exception)):
        fit(unit, log, Ends(exception))

    assert mlflow.get_run(log.run_id).info.status == status
    assert metrics(mlflow, log.run_id, "loss") == [(0, 114)]
    assert mlflow.active_run() is None


@thirdparty
def test_a_run_of_mlflow_that_is_open_is_used_and_left_open(mlflow, unit):
    log = callbacks.MLflowLogger("ignored")

    with mlflow.start_run() as run:
        fit(unit, log)
        fit(unit, log, epochs=1)  # a parameter keeps its first value
        assert mlflow.active_run().info.run_id == run.info.run_id

    assert log.run_id == run.info.run_id
    params = mlflow.get_run(log.run_id).data.params
    assert (params["epochs"], params["epochs/2"]) == ("2", "1")
    assert "batch_size/2" not in params
    assert metrics(mlflow, log.run_id, "loss") == [(0, 114), (1, 114), (0, 114)]


@thirdparty
def test_a_continued_run_goes_on_in_the_same_run_of_mlflow(mlflow, stub):
    first = callbacks.MLflowLogger(update_freq="batch")
    drive(first, stub, epochs=1)
    second = callbacks.MLflowLogger(update_freq="batch")
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))

    drive(second, stub, epochs=2, initial_epoch=1)

    assert second.run_id == first.run_id
    assert [step for step, _ in metrics(mlflow, first.run_id, "loss")] == [0, 1]
    steps = [step for step, _ in metrics(mlflow, first.run_id, "batch/loss")]
    assert steps == [1, 2, 3, 4, 5, 6]


@thirdparty
def test_names_and_values_that_mlflow_does_not_take_are_changed(mlflow, stub):
    log = callbacks.MLflowLogger()
    drive(log, stub, {"f@5": 1, "nan": np.nan, "text": "x", "list": [1], "n": None})

    assert set(mlflow.get_run(log.run_id).data.metrics) == {"loss", "f_5", "nan"}


def drive(log, stub, logs=None, epochs=1, initial_epoch=0):
    """A run without arithmetic whose epochs report something more."""
    more = callbacks.LambdaCallback(on_epoch_end=lambda e, to: to.update(logs or {}))
    together = CallbackList([callbacks.BaseLogger(), more, log])
    together.set_model(stub.Model())
    together.set_params(stub.params(epochs))
    stub.run(together, epochs, initial_epoch)


# Weights & Biases


@pytest.fixture(scope="module")
def wandb(tmp_path_factory):
    """The library, offline and silent, with its caches in a folder of the tests."""
    patch, folder = pytest.MonkeyPatch(), tmp_path_factory.mktemp("wandb")
    for name in ("CACHE_DIR", "DATA_DIR", "CONFIG_DIR", "ARTIFACT_DIR"):
        patch.setenv(f"WANDB_{name}", str(folder))
    for name in ("SILENT", "DISABLE_GIT", "DISABLE_CODE"):
        patch.setenv(f"WANDB_{name}", "true")
    patch.setenv("WANDB_ERROR_REPORTING", "false")
    patch.setenv("WANDB_CONSOLE", "off")
    patch.setenv("WANDB_MODE", "offline")
    library = pytest.importorskip("wandb", reason="the extra `wandb` is not installed")
    yield library
    library.teardown()
    patch.undo()


def records(folder, patience=60):
    """What an offline run has written, once a process beside ours is done with it."""
    end = time.monotonic() + patience
    while "exit" not in (found := written(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def written(folder):
    """What stands in the file of a run, by kind: protobufs in LevelDB's log format."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    data = path.read_bytes()
    assert data[:4] == b":W&B"
    at, part, found = 7, b"", {}
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:  # no header begins at the end of a block
            at += 32768 - at % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        part += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            record = Record()
            record.ParseFromString(part)
            name, part = record.WhichOneof("record_type"), b""
            found.setdefault(name, []).append(getattr(record, name))
    return found


def rows(found):
    """The rows of the history, without what the library adds."""
    return [
        {
            "/".join(item.nested_key) or item.key: json.loads(item.value_json)
            for item in record.item
            if not "".join(item.nested_key or item.key).startswith("_")
        }
        for record in found["history"]
    ]


def axes(found):
    """What metrics are drawn over, by name; a pattern would be one of the names."""
    return {
        m.name or m.glob_name: m.step_metric for m in found["metric"] if m.step_metric
    }


def config(found):
    updates = [r.config for r in found["run"]] + found.get("config", [])
    items = {u.key: json.loads(u.value_json) for c in updates for u in c.update}
    return {name: value for name, value in items.items() if name[0] != "_"}


@thirdparty
def test_wandb_gets_parameters_and_the_metrics_of_each_epoch(wandb, unit, tmp_path):
    log = callbacks.WandbLogger(
        "digits", "first", config={"note": "mine"}, dir=tmp_path
    )

    fit(unit, log)

    found = records(tmp_path)
    assert found["run"][0].project == "digits"
    assert found["run"][0].display_name == "first"
    assert config(found) == PARAMETERS | {"note": "mine"}
    assert rows(found) == [
        {"epoch": 0, "loss": 114, "mae": 9},
        {"epoch": 1, "loss": 114, "mae": 9},
    ]
    assert axes(found) == {"loss": "epoch", "mae": "epoch"}
    assert [e.exit_code for e in found["exit"]] == [0]
    assert wandb.run is None
    assert log.failures == 0


@thirdparty
def test_wandb_gets_results_of_batches_and_the_model_by_choice(wandb, unit, tmp_path):
    fit(
        unit,
        callbacks.WandbLogger(update_freq=8, save_model="unit.h5", dir=tmp_path),
        epochs=1,
    )

    found = records(tmp_path)
    assert rows(found) == [
        {"batch/step": 2, "batch/loss": 126, "batch/mae": 7},
        {"epoch": 0, "loss": 114, "mae": 9},
    ]
    assert axes(found) == {
        "batch/loss": "batch/step",
        "batch/mae": "batch/step",
        "loss": "epoch",
        "mae": "epoch",
    }
    (artifact,) = found["artifact"]
    assert (artifact.name, artifact.type) == ("model", "model")
    assert [content.path for content in artifact.manifest.contents] == ["unit.h5"]


@thirdparty
def test_wandb_is_told_how_a_run_ended(wandb, unit, tmp_path):
    with pytest.raises(ValueError):
        fit(unit, callbacks.WandbLogger(dir=tmp_path), Ends(ValueError("x")))

    assert [e.exit_code for e in records(tmp_path)["exit"]] == [1]
    assert wandb.run is None


@thirdparty
def test_a_run_of_wandb_that_is_open_is_used_and_left_open(wandb, unit, tmp_path):
    mine = wandb.init(project="mine", dir=tmp_path)
    log = callbacks.WandbLogger("ignored")

    fit(unit, log)
    fit(unit, log, epochs=1)

    assert wandb.run is mine and log.run_id == mine.id
    mine.finish()
    assert [row["epoch"] for row in rows(records(tmp_path))] == [0, 1, 0]


# Both


@pytest.mark.parametrize("name", ["MLflowLogger", "WandbLogger"])
def test_a_missing_library_is_met_with_its_extra_when_training_begins(
    name, stub, monkeypatch
):
    log = getattr(callbacks, name)()
    monkeypatch.setitem(sys.modules, log.library, None)

    with pytest.raises(
        ImportError, match=rf"`{name}` needs .*'cthulhu\[{log.extra}\]'"
    ):
        drive(log, stub)


class Faulty(runlogs.RunLogger):
    """A library that opens a run and then fails."""

    library = extra = "json"

    def open(self, library):
        self.closed = []

    def close(self, exception):
        self.closed.append(exception)

    tell_parameters = tell_epoch = property(lambda self: self.fail)

    def fail(self, *args):
        raise OSError("gone")


def test_a_library_that_fails_is_told_of_once_and_training_goes_on(stub):
    log = Faulty()

    with pytest.warns(RuntimeWarning) as told:
        drive(log, stub, epochs=3)

    assert [str(warning.message) for warning in told] == [
        "Faulty could not log to json. Received: OSError: gone. "
        "Training goes on, and so do attempts; this is told once."
    ]
    assert log.failures == 4  # the parameters and three epochs
    assert log.closed == [None]


@pytest.mark.parametrize("update_freq", [0, "often", 1.5])
def test_an_unknown_frequency_is_refused_at_once(update_freq):
    with pytest.raises(
        (ValueError, TypeError), match="`update_freq` of `MLflowLogger`"
    ):
        callbacks.MLflowLogger(update_freq=update_freq)
