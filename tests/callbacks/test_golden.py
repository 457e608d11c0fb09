"""Callbacks do what those of the real Keras 1.2.2, 2.1.6 and 2.3.1 were seen to do.

Every case runs twice: in a loop that only delivers hooks, and in `fit`.
`golden/callbacks.json` was recorded from Keras.  A script callback sets the weight to
the number of the epoch and replaces the logs; an observer writes down what it sees.
Where we differ on purpose, the case stands in a table below with its reason.
"""

import contextlib
import http.server
import io
import json
import math
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks, config, layers, models, optimizers, vocabulary

CASES = json.loads(
    Path(__file__).parents[1].joinpath("golden", "callbacks.json").read_text()
)["cases"]
GENERATIONS = {"1.2.2": "1", "2.1.6": "2.1", "2.3.1": "2.3"}


def of_all(*names):
    """Cases of these names in whichever version has them."""
    return {case for case in CASES if case.partition("/")[2] in names}


# Cases in which Keras minimises, because only `acc` is maximised there.
MAXIMISED = of_all(
    *(f"EarlyStopping/auto_val_auc_{way}" for way in ("rising", "falling")),
    *(f"EarlyStopping/auto_fmeasure_{way}" for way in ("rising", "falling")),
    *(f"EarlyStopping/auto_val_fmeasure_{way}" for way in ("rising", "falling")),
    "ModelCheckpoint/auto_val_fmeasure",
    "ModelCheckpoint/auto_auc",
)
# Cases in which Keras guesses a direction that nobody knows.
ASKED_FOR_MODE = of_all(
    "EarlyStopping/auto_my_score_rising", "EarlyStopping/auto_my_score_falling"
)
# Cases in which Keras ends a cooldown one epoch early.
COOLED = of_all(
    *(f"ReduceLROnPlateau/cooldown_{n}" for n in ("1", "2", "3", "2_patience_2"))
)
# Cases that are an error there and here, with words of it.
REFUSED = {
    "2.1.6/ModelCheckpoint/template_missing_key": "`val_acc`",
    "2.1.6/ReduceLROnPlateau/factor_one": "does not support a factor >= 1.0.",
    "1.2.2/ReduceLROnPlateau/factor_one": "does not support a factor >= 1.0.",
    "2.1.6/LearningRateScheduler/int": 'The output of the "schedule" function should',
    "2.1.6/LearningRateScheduler/none": 'The output of the "schedule" function should',
}
# Cases in which we do better: what is seen here instead, by hand.
WORKS = {
    # an AttributeError in 1.2.2
    "1.2.2/EarlyStopping/mode_bogus": {
        "warnings": [
            [
                "RuntimeWarning",
                "EarlyStopping mode bogus is unknown, fallback to auto mode.",
            ]
        ]
    },
    # epochs 3 and 5 do not improve on 1; two are sat out, and then one more
    "1.2.2/EarlyStopping/sometimes_missing": {"fits": [{"epochs_run": [*range(7)]}]},
    # a schedule that needs the rate was an error before 2.1, and under another name
    # than `lr` before 2.3
    "1.2.2/LearningRateScheduler/halve": {
        "fits": [{"lr_during_epoch": [0.5, 0.25, 0.125, 0.0625]}]
    },
    "2.1.6/LearningRateScheduler/named_other": {
        "fits": [{"lr_during_epoch": [0.5, 0.25, 0.125, 0.0625]}]
    },
    # the score is best after epochs 1 and 3; after 5 nothing improved twice in a row
    "1.2.2/ReduceLROnPlateau/auto_auc": {
        "fits": [{"lr_during_epoch": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.2]}]
    },
    "1.2.2/CSVLogger/missing_key_when_stopped": {
        "files": {
            "log.csv": "epoch,loss,val_loss,z\r\n0,0.5,0.3,1.0\r\n1,NA,0.4,NA\r\n"
        }
    },
    # an array of several numbers is sent as a list, and NumPy's numbers as numbers
    **dict.fromkeys(
        of_all("RemoteMonitor/ndarray"),
        {
            "bodies": [
                "data=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%2C+%22a%22%3A+%5B1.0%2C"
                "+2.0%5D%2C+%22s%22%3A+3.0%7D"
            ]
        },
    ),
    "1.2.2/RemoteMonitor/numpy_values": {
        "bodies": [
            request["body"]
            for request in CASES["2.1.6/RemoteMonitor/numpy_values"]["observed"][
                "requests"
            ]
        ]
    },
}


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
    "float64": lambda e: np.float64([0.5, 0.4, 0.3, 0.2, 0.1][e]),
    "int": lambda e: 1,
    "none": lambda e: None,
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


def make(description, calls, root):
    kwargs = dict(description["kwargs"])
    if description["class_name"] == "RemoteMonitor":
        kwargs["root"] = root
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


class Server(http.server.HTTPServer):
    """A real server that keeps what it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        names = ("Content-Type", "Accept", "X-Token")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        request = {"method": "POST", "path": self.path, "headers": headers}
        self.server.requests.append(request | {"body": body})
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving(case):
    """The server that a case asks for; one that is absent, if so."""
    if "server" not in case:
        yield None
        return
    with Server() as server:
        if case["server"] == "absent":
            server.server_close()
            yield server
            return
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def replay(name, world):
    """Run a case in the present folder; returns what was observed."""
    config.set_generation(GENERATIONS[name.partition("/")[0]])
    with serving(CASES[name]) as server:
        return observe(CASES[name], world, server)


def observe(case, world, server):
    root = f"http://127.0.0.1:{server.server_port}" if server else ""
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
        user = []
        try:
            user += [make(each, calls, root) for each in case["callbacks"]]
            for _ in range(case["fits"]):
                observer, script = Observer(), Script(**case["script"])
                history = world.fit(model, [script, *user, observer], case)
                fits.append(
                    observer.seen
                    | {"epochs_run": history.epoch, "history": history.history}
                    | {"weight_after": model.weight}
                )
        except (ValueError, KeyError) as error:
            seen["error"] = error
    seen["stdout"] = out.getvalue()
    seen["warnings"] = [
        [w.category.__name__, str(w.message).replace(root or "<ROOT>", "<ROOT>")]
        for w in caught
    ]
    seen["requests"] = server.requests if server else []
    seen["bodies"] = [request["body"] for request in seen["requests"]]
    seen["calls"] = calls
    seen["files"] = {path.name: text_of(path) for path in Path().glob("*.*")}
    seen["attributes"] = [
        {name: getattr(callback, today(callback, name)) for name in expected}
        for callback, expected in zip(
            user, case["observed"]["attributes"], strict=False
        )
    ]
    return seen


def today(callback, name):
    """Today's name of an attribute of older callbacks."""
    return next(iter(vocabulary.translate(type(callback).__name__, {name: None})))


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
    version, _, setting = name.partition("/")
    if name in WORKS:
        return WORKS[name]
    seen = json.loads(json.dumps(case["observed"]))
    seen.setdefault("calls", [])
    seen.setdefault("requests", [])
    seen.pop("error", None)
    last = seen["fits"][-1] if seen["fits"] else {}
    if name in COOLED:
        kwargs = case["callbacks"][0]["kwargs"]
        patience = kwargs["patience"] + (version == "1.2.2")
        rates = flat_rates(case["epochs"] + 1, patience, kwargs["cooldown"])
        last["lr_during_epoch"], last["lr_after_epoch"] = rates[:-1], rates[1:]
        last["history"]["lr"] = rates[:-1]
        del seen["attributes"]  # counters at the end of another course
    if setting == "ReduceLROnPlateau/min_lr" and version != "1.2.2":
        # the bound is reached once, and said once
        lines = seen["stdout"].splitlines(keepends=True)
        seen["stdout"] = "".join(lines[:4])
        seen["attributes"][0]["wait"] = 7  # epochs 4 to 10
    if name == "2.1.6/ReduceLROnPlateau/epsilon":
        seen["warnings"][0][1] = seen["warnings"][0][1].replace("insted", "instead")
    if setting == "EarlyStopping/restore_not_stopped":  # however training ends
        seen["stdout"] = "Restoring model weights from the end of the best epoch\n"
        last["weight_after"] = 1.0  # the epoch of the value 4, the least
    if setting == "EarlyStopping/baseline_never_restore":  # a TypeError in 2.3.1
        seen["fits"] = [{"epochs_run": [0], "weight_after": 0.0}]
    if setting == "TerminateOnNaN/nan_last_batch_validation":
        # a stop that 2.3.1 loses; 2.1.6 does not validate the epoch
        seen["fits"] = [{"epochs_run": [0], "weight_after": 0.0}]
    if setting == "ModelCheckpoint/missing_directory":  # made where it is missing
        del seen["files"], seen["saves"], seen["attributes"]
        seen["fits"] = [{"epochs_run": [0, 1]}]
    # What a fit leaves behind in a callback does not count in the next one.
    if setting == "ModelCheckpoint/period_2_two_fits":
        seen["saves"] = seen["saves"][:1] * 2
        seen["files"] = {seen["saves"][0]["path"]: None}
        seen["attributes"][0]["epochs_since_last_save"] = 1
    if setting == "ModelCheckpoint/best_two_fits":
        seen["saves"] *= 2
    if setting == "CSVLogger/missing_key_later":  # a KeyError in Keras
        seen["files"]["log.csv"] += "1,0.4,NA\r\n"
        seen["fits"] = [{"epochs_run": [0, 1]}]
    if setting == "CSVLogger/extra_key_later":  # dropped in silence by Keras
        del seen["warnings"]
    seen["calls"] = [
        [*call[:-1], call[-1] or []]
        for call in seen["calls"]  # logs are always a dict
    ]
    return seen


@pytest.mark.parametrize(
    "name", [n for n in CASES if n not in {*MAXIMISED, *ASKED_FOR_MODE, *REFUSED}]
)
def test_a_callback_does_what_it_did_in_keras(name, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    ours, theirs = replay(name, world), expectation(name)

    assert ours["error"] is None
    for what, value in theirs.items():
        if what == "fits":
            for fit, expected in zip(ours["fits"], value, strict=True):
                for key in expected:
                    assert same(fit[key], expected[key]), (key, fit[key], expected[key])
        elif what in ("files", "requests"):
            assert ours[what] == value
        else:
            assert same(ours[what], value), (what, ours[what], value)


@pytest.mark.parametrize("name", REFUSED)
def test_what_keras_refused_is_refused(name, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    error = replay(name, world)["error"]

    assert type(error).__name__ in (CASES[name]["observed"]["error"][0], "UnknownName")
    assert REFUSED[name] in str(error)


@pytest.mark.parametrize("name", sorted(MAXIMISED))
def test_a_score_is_maximised_where_keras_minimised(name, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    values = [logs[next(iter(logs))] for logs in case["script"]["epoch_logs"]]
    records = [v for i, v in enumerate(values) if v > max(values[:i], default=-1)]

    seen = replay(name, world)

    assert max(values[: len(seen["fits"][0]["epochs_run"])]) == max(records)
    assert seen["attributes"][0]["best"] == max(values)
    if case["callbacks"][0]["class_name"] == "ModelCheckpoint":
        assert [float(values.index(v)) for v in records] == [
            save["weight"] for save in seen["saves"]
        ]


@pytest.mark.parametrize("name", sorted(ASKED_FOR_MODE))
def test_an_unknown_direction_is_asked_for(name, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    error = replay(name, world)["error"]

    assert "`my_score`" in str(error)
    assert 'mode="min"' in str(error)
