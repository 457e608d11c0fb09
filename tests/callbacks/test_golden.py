"""Callbacks do what those of the real Keras 2.3.1 were seen to do.

Every case runs twice: in a loop that only delivers hooks, and in `fit`.
`golden/callbacks.json` was recorded from Keras.  A script callback sets the weight to
the number of the epoch and replaces the logs; an observer writes down what it sees.
Where we differ on purpose, the case stands in a table below with its reason.
"""

import contextlib
import io
import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks, layers, models, optimizers

CASES = json.loads(
    Path(__file__).parents[1].joinpath("golden", "callbacks.json").read_text()
)["cases"]

# Cases in which 2.3.1 minimises, because only `acc` is maximised there.
MAXIMISED = """EarlyStopping/auto_val_auc_rising EarlyStopping/auto_fmeasure_rising
    EarlyStopping/auto_fmeasure_falling EarlyStopping/auto_val_fmeasure_rising
    EarlyStopping/auto_val_fmeasure_falling ModelCheckpoint/auto_val_fmeasure
    ModelCheckpoint/auto_auc""".split()
# Cases in which 2.3.1 guesses a direction that nobody knows.
ASKED_FOR_MODE = """EarlyStopping/auto_my_score_rising
    EarlyStopping/auto_my_score_falling""".split()
# Cases in which 2.3.1 ends a cooldown one epoch early.
COOLED = [f"ReduceLROnPlateau/cooldown_{n}" for n in ("1", "2", "3", "2_patience_2")]


def flat_rates(epochs, patience, cooldown):
    """Rates in the epochs of a run in which nothing improves after the first."""
    rates, rate, wait, rest = [], 1.0, 0, 0
    for epoch in range(epochs):
        rates.append(rate)
        if rest:
            rest -= 1
        elif epoch:
            wait += 1
            if wait == patience:
                rate, wait, rest = rate / 2, 0, cooldown
    return rates


def plain(value):
    """A value of the file as Python had it."""
    if isinstance(value, dict):
        kind, value = value["type"], value["value"]
        make = {"int": int, "str": str, "list": list, "0d": np.array}
        make |= {"ndarray": np.array, "int64": np.int64}
        make |= {"float32": np.float32, "float64": np.float64}
        return make[kind](value)
    named = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return named.get(value, value) if isinstance(value, str) else value


SCHEDULES = {
    "table": lambda e: [0.5, 0.4, 0.3, 0.2, 0.1][e],
    "halve": lambda e, lr: lr * 0.5,
    "halve_default": lambda e, lr=1.0: lr * 0.5,
    "named_other": lambda e, rate: rate * 0.5,
}


class Script(callbacks.Callback):
    """Sets the weight and replaces what the model reports."""

    def __init__(self, epoch_logs, batch_losses):
        self.epoch_logs, self.batch_losses = epoch_logs, batch_losses

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self.model.weight = float(epoch)

    def on_batch_end(self, batch, logs=None):
        if self.batch_losses:
            logs["loss"] = plain(self.batch_losses[self.epoch][batch])

    def on_epoch_end(self, epoch, logs=None):
        if self.epoch_logs and self.epoch_logs[epoch] is not None:
            logs.clear()
            logs.update({k: plain(v) for k, v in self.epoch_logs[epoch].items()})


class Observer(callbacks.Callback):
    """Writes down the rate and the logs of each epoch."""

    def __init__(self):
        self.seen = {"lr_during_epoch": [], "lr_after_epoch": [], "log_keys": []}

    def on_epoch_begin(self, epoch, logs=None):
        self.seen["lr_during_epoch"].append(self.rate())

    def on_epoch_end(self, epoch, logs=None):
        self.seen["lr_after_epoch"].append(self.rate())
        self.seen["log_keys"].append(list(logs))

    def rate(self):
        return float(K.get_value(self.model.optimizer.lr))


def make(description, calls):
    kwargs = dict(description["kwargs"])
    if "schedule" in kwargs:
        kwargs["schedule"] = SCHEDULES[kwargs["schedule"]]
    for name, value in kwargs.items():
        if value == "<record>":
            kwargs[name] = recorder(name, calls)
    return getattr(callbacks, description["class_name"])(**kwargs)


def recorder(hook, calls):
    def record(*args):
        calls.append([hook, *args[:-1], sorted(args[-1])])

    return record


class Stub:
    """A loop without arithmetic."""

    def __init__(self, stub):
        self.stub = stub

    def model(self, lr):
        return self.stub.Model(lr)

    def fit(self, model, user, case):
        metrics = ["loss", "val_loss"] if case["validation"] else ["loss"]
        history = callbacks.History()
        together = callbacks.CallbackList([callbacks.BaseLogger(), user, history])
        together.set_model(model)
        together.set_params(
            self.stub.params(case["epochs"], metrics, case["validation"])
        )
        self.stub.run(
            together,
            case["epochs"],
            case["initial_epoch"],
            validation=case["validation"],
        )
        return history


class Unit(models.Sequential):
    """One linear unit that notes what is saved of it."""

    saves = ()
    weight = property(
        lambda self: self.get_weights()[0].item(),
        lambda self, value: self.set_weights([np.float32([[value]])]),
    )

    def save(self, path, overwrite=True):
        self.saves.append({"method": "save", "path": path, "weight": self.weight})
        super().save(path, overwrite)

    def save_weights(self, path, overwrite=True):
        self.saves.append(
            {"method": "save_weights", "path": path, "weight": self.weight}
        )
        super().save_weights(path, overwrite)


class Real:
    """Training itself; all data are zero, so that nothing changes the weight."""

    def __init__(self):
        self.unit = Unit([layers.Dense(1, use_bias=False, input_dim=1)])
        self.unit.compile(optimizers.SGD(), "mse")

    def model(self, lr):
        self.unit.saves = []
        self.unit.weight = 0.0
        K.set_value(self.unit.optimizer.lr, lr)
        return self.unit

    def fit(self, model, user, case):
        zeros = np.zeros((6, 1), np.float32)
        return model.fit(
            zeros,
            zeros,
            batch_size=2,
            epochs=case["epochs"],
            initial_epoch=case["initial_epoch"],
            validation_data=(zeros[:2], zeros[:2]) if case["validation"] else None,
            shuffle=False,
            verbose=0,
            callbacks=user,
        )


@pytest.fixture(scope="module")
def real():
    return Real()


@pytest.fixture(params=["stub", "real"])
def world(request, stub):
    return Stub(stub) if request.param == "stub" else request.getfixturevalue("real")


def replay(case, world):
    """Run a case in the present folder; returns what was observed."""
    for name, text in case.get("files_before", {}).items():
        Path(name).write_bytes(text.encode())
    model, calls, fits = world.model(case["lr"]), [], []
    out = io.StringIO()
    seen = {"error": None, "fits": fits, "saves": model.saves}
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(out),
    ):
        warnings.simplefilter("always")
        user = [make(description, calls) for description in case["callbacks"]]
        try:
            for _ in range(case["fits"]):
                observer, script = Observer(), Script(**case["script"])
                history = world.fit(model, [script, *user, observer], case)
                fits.append(
                    observer.seen
                    | {"epochs_run": history.epoch, "history": history.history}
                    | {"weight_after": model.weight}
                )
        except ValueError as error:
            seen["error"] = error
    seen["stdout"] = out.getvalue()
    seen["warnings"] = [[w.category.__name__, str(w.message)] for w in caught]
    seen["calls"] = calls
    seen["files"] = {path.name: text_of(path) for path in Path().glob("*.*")}
    seen["attributes"] = [
        {name: getattr(callback, name) for name in expected}
        for callback, expected in zip(user, case["observed"]["attributes"], strict=True)
    ]
    return seen


def text_of(path):
    is_text = path.suffix in (".csv", ".tsv", ".log")
    return path.read_bytes().decode() if is_text else None


def same(ours, theirs):
    """Equal, numbers as float32, in which the file has the shortest digits."""
    if isinstance(theirs, dict) and "type" not in theirs:
        return list(ours) == list(theirs) and all(
            same(ours[key], theirs[key]) for key in theirs
        )
    theirs = plain(theirs)
    if isinstance(theirs, (list, tuple)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, (str, bool)) or theirs is None:
        return ours == theirs
    return np.array_equal(np.float32(ours), np.float32(theirs), equal_nan=True)


def expectation(name):
    """What is to be observed: Keras's record, but for the choices of ours."""
    case = CASES[name]
    seen = json.loads(json.dumps(case["observed"]))
    seen.setdefault("calls", [])
    seen.pop("error", None)
    last = seen["fits"][-1] if seen["fits"] else {}
    if name in COOLED:
        kwargs = case["callbacks"][0]["kwargs"]
        rates = flat_rates(case["epochs"] + 1, kwargs["patience"], kwargs["cooldown"])
        last["lr_during_epoch"], last["lr_after_epoch"] = rates[:-1], rates[1:]
        last["history"]["lr"] = rates[:-1]
        del seen["attributes"]  # counters at the end of another course
    if name == "ReduceLROnPlateau/min_lr":  # the bound is reached once, and said once
        lines = seen["stdout"].splitlines(keepends=True)
        seen["stdout"] = "".join(lines[:4])
        seen["attributes"][0]["wait"] = 7  # epochs 4 to 10
    if name == "EarlyStopping/restore_not_stopped":  # restored however training ends
        seen["stdout"] = "Restoring model weights from the end of the best epoch\n"
        last["weight_after"] = 1.0  # the epoch of the value 4, the least
    if name == "EarlyStopping/baseline_never_restore":  # a TypeError in 2.3.1
        seen["fits"] = [{"epochs_run": [0], "weight_after": 0.0}]
    if name == "TerminateOnNaN/nan_last_batch_validation":  # 2.3.1 loses this stop
        seen["fits"] = [{"epochs_run": [0], "weight_after": 0.0}]
    if name == "ModelCheckpoint/missing_directory":  # made where it is missing
        del seen["files"], seen["saves"], seen["attributes"]
        seen["fits"] = [{"epochs_run": [0, 1]}]
    if name == "CSVLogger/missing_key_later":  # a KeyError in 2.3.1
        seen["files"]["log.csv"] += "1,0.4,NA\r\n"
        seen["fits"] = [{"epochs_run": [0, 1]}]
    if name == "CSVLogger/extra_key_later":  # dropped in silence by 2.3.1
        del seen["warnings"]
    seen["calls"] = [
        [*call[:-1], call[-1] or []]
        for call in seen["calls"]  # logs are always a dict
    ]
    return seen


@pytest.mark.parametrize(
    "name", [n for n in CASES if n not in MAXIMISED + ASKED_FOR_MODE]
)
def test_a_callback_does_what_it_did_in_keras(name, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    ours, theirs = replay(CASES[name], world), expectation(name)

    assert ours["error"] is None
    for what, value in theirs.items():
        if what == "fits":
            for fit, expected in zip(ours["fits"], value, strict=True):
                for key in expected:
                    assert same(fit[key], expected[key]), (key, fit[key], expected[key])
        elif what == "files":
            assert ours["files"] == value
        else:
            assert same(ours[what], value), (what, ours[what], value)


@pytest.mark.parametrize("name", MAXIMISED)
def test_a_score_is_maximised_where_keras_minimised(name, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    values = [logs[next(iter(logs))] for logs in case["script"]["epoch_logs"]]
    records = [v for i, v in enumerate(values) if v > max(values[:i], default=-1)]

    seen = replay(case, world)

    assert max(values[: len(seen["fits"][0]["epochs_run"])]) == max(records)
    assert seen["attributes"][0]["best"] == max(values)
    if case["callbacks"][0]["class_name"] == "ModelCheckpoint":
        assert [float(values.index(v)) for v in records] == [
            save["weight"] for save in seen["saves"]
        ]


@pytest.mark.parametrize("name", ASKED_FOR_MODE)
def test_an_unknown_direction_is_asked_for(name, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    error = replay(CASES[name], world)["error"]

    assert "`my_score`" in str(error)
    assert 'mode="min"' in str(error)
