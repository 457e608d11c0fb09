"""Training, testing and predicting give the numbers of the real Keras 2.3.1.

`golden/training_*.json` was recorded from Keras: what each call returned, every hook in
its order with what its `logs` held, and the weights after each call.  Where we differ
on purpose, a function below changes Keras's record and says why, so that our own number
is the one that arithmetic on that record gives.
"""

import copy
import json
from pathlib import Path

import jax
import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import layers, losses, metrics, models, optimizers, regularizers
from cthulhu.callbacks import Callback
from cthulhu.core import naming
from cthulhu.data import Sequence

CASES, DATA = {}, {}
for path in sorted(Path(__file__).parents[1].joinpath("golden").glob("training_*")):
    file = json.loads(path.read_text())
    CASES |= file["cases"]
    for name, values in file["shared"]["data"].items():
        DATA[name] = np.array(values, np.int32 if name == "s" else np.float32)


@pytest.fixture(autouse=True)
def quickly():
    """Many small programs: less optimized code comes sooner."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


# Making what a case says


def make_layer(description):
    given = {k: v for k, v in description.items() if v is not None}
    kind = given.pop("layer")
    if kind == "TimeDistributedDense":
        inner = layers.Dense(given.pop("units"), activation=given.pop("activation"))
        return layers.TimeDistributed(inner, **given)
    for name, penalty in (
        ("kernel_l2", regularizers.l2),
        ("bias_l1", regularizers.l1),
        ("activity_l2", regularizers.l2),
    ):
        if name in given:
            coefficient = given.pop(name)
            given[f"{name[:-3]}_regularizer"] = penalty(coefficient)
    return getattr(layers, kind)(**given)


def make_model(description):
    if description["type"] == "sequential":
        model = models.Sequential([make_layer(one) for one in description["layers"]])
    else:
        x = layers.Input((description["inputs"],), name="features")
        trunk = make_layer(description["trunk"])(x)
        heads = [make_layer(one)(trunk) for one in description["heads"]]
        model = models.Model(x, heads)
    model.set_weights([np.float32(w) for w in description["weights"]])
    return model


class TruePositives(metrics.Metric):
    """A user's own metric: how many samples of class 1 were found so far."""

    def __init__(self, name):
        super().__init__(name=name)
        self.count = self.add_weight("count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        hits = K.equal(y_true, 1.0) & K.equal(K.round(y_pred), 1.0)
        self.count.assign(self.count + K.sum(K.cast(hits, "float32")))

    def result(self):
        return self.count.value


def resolve(given):
    if isinstance(given, list):
        return [resolve(one) for one in given]
    if isinstance(given, dict) and "class_name" in given:
        return getattr(metrics, given["class_name"])(**given["config"])
    if isinstance(given, dict) and "custom_stateful" in given:
        return TruePositives(given["custom_stateful"])
    if isinstance(given, dict) and "loss_object" in given:
        return getattr(losses, given["loss_object"])(**given["kwargs"])
    return given


def compile_as(model, description):
    described = dict(description)
    optimizer = described.pop("optimizer")
    optimizer = getattr(optimizers, optimizer["class_name"])(**optimizer["kwargs"])
    model.compile(optimizer, **{k: resolve(v) for k, v in described.items()})


class Batches(Sequence):
    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, i):
        return self.batches[i]


def batches(arrays, size):
    rows = len(arrays[0])
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, rows, size)]


def forever(parts):
    while True:
        yield from parts


def argument(given, name=None):
    if isinstance(given, str) and given.startswith("@"):
        return DATA[given[1:]]
    if isinstance(given, list):
        made = [argument(one) for one in given]
        return tuple(made) if name == "validation_data" else made
    if not isinstance(given, dict):
        return given
    for kind, make in (("generator", forever), ("sequence", Batches)):
        if kind in given and "batch_size" in given[kind]:
            parts = dict(given[kind])
            size = parts.pop("batch_size")
            named = [parts[n] for n in ("x", "y", "sample_weight") if n in parts]
            return make(batches([argument(one) for one in named], size))
    return {int(k) if k.isdigit() else k: argument(v) for k, v in given.items()}


# What is heard


class Recorder(Callback):
    """Writes down every hook with a copy of what it was given."""

    def __init__(self):
        self.events = []

    def set_model(self, model):
        super().set_model(model)
        self.events.append({"hook": "set_model"})

    def set_params(self, params):
        super().set_params(params)
        self.events.append({"hook": "set_params", "params": copy.deepcopy(params)})


def recording(hook):
    def heard(self, *given):
        *index, logs = given
        event = {"hook": hook}
        if index:
            event["epoch" if "epoch" in hook else "batch"] = index[0]
        self.events.append(event | {"logs": dict(logs)})
        getattr(Callback, hook)(self, *given)

    return heard


for moment in ("begin", "end"):
    kinds = ("train", "epoch", "batch", "train_batch", "test", "test_batch")
    for kind in (*kinds, "predict", "predict_batch"):
        setattr(Recorder, f"on_{kind}_{moment}", recording(f"on_{kind}_{moment}"))


class Stopper(Callback):
    """Stops the training at a moment of epoch 0."""

    def __init__(self, moment):
        self.moment = moment

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_batch_end(self, batch, logs=None):
        batches = {"batch_1_of_epoch_0": 1, "last_batch_of_epoch_0": 2}
        if self.epoch == 0 and batch == batches.get(self.moment):
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0 and self.moment == "end_of_epoch_0":
            self.model.stop_training = True


def replay(case):
    model = make_model(case["model"])
    compile_as(model, case["compile"])
    seen = {"metrics_names": model.metrics_names, "results": []}
    seen["optimizer_config"] = {
        name: model.optimizer.get_config()[name] for name in case["optimizer_config"]
    }
    for call in case["calls"]:
        seen["results"].append(do(model, call))
    return seen


def do(model, call):
    if call["method"] == "metrics_names":
        return {"value": model.metrics_names}
    given = {name: argument(value, name) for name, value in call["args"].items()}
    recorder = Recorder()
    if call["record"]:
        given["callbacks"] = [recorder]
        if call.get("stop_training_at"):
            given["callbacks"].append(Stopper(call["stop_training_at"]))
    value = getattr(model, call["method"])(**given)
    seen = {"value": value, "weights_after": model.get_weights()}
    seen["events"] = recorder.events
    if "fit" in call["method"]:
        assert value is model.history
        seen |= {"history": value.history, "history_epoch": value.epoch}
    return seen


# Where we leave Keras


def logs_are_always_a_dict(result):
    """Hooks of a whole run get `{}` where 2.3.1 passed None."""
    for event in result.get("events", []):
        if event.get("logs", 0) is None:
            event["logs"] = {}


def no_names_of_a_validation_that_is_not_there(result):
    """`fit_generator` of 2.3.1 announces `val_*` always; ours are kept, so that a
    misspelt monitor can be refused."""
    for event in result.get("events", []):
        params = event.get("params", {})
        if not params.get("do_validation", True):
            params["metrics"] = [n for n in params["metrics"] if n[:4] != "val_"]


def mean_over_rows(events):
    """The mean loss of batches that Keras recorded."""
    ends = [e["logs"] for e in events if e["hook"] == "on_test_batch_end"]
    sizes = [logs["size"] for logs in ends]
    return float(np.average([logs["loss"] for logs in ends], weights=sizes))


def evaluations(events):
    """The events of each evaluation within a fit, with its `on_epoch_end`."""
    found, current = [], None
    for event in events:
        if event["hook"] == "on_test_begin":
            current = []
        if current is not None:
            current.append(event)
        if event["hook"] == "on_epoch_end" and current:
            found.append(current)
            current = None
    return found


def validation_loss_is_the_mean(case):
    """Validation on batches reported the loss of the last one."""
    result = case["results"][0]
    history = result["history"]["val_loss"]
    for i, events in enumerate(evaluations(result["events"])):
        events[-1]["logs"]["val_loss"] = history[i] = mean_over_rows(events)


def evaluation_loss_is_the_mean(case):
    """`evaluate_generator` reported the loss of the last batch."""
    recorded = CASES["evaluate_generator_hooks"]
    assert (case["model"], case["compile"]) == (recorded["model"], recorded["compile"])
    case["results"][0]["value"][0] = mean_over_rows(recorded["results"][0]["events"])


def steps_on_arrays_are_averaged(case):
    """`evaluate(steps=2)` on arrays divided the last loss by the steps, and added the
    metrics up.  Both steps see all rows."""
    result = case["results"][0]
    (first, second) = [
        e["logs"] for e in result["events"] if e["hook"] == "on_test_batch_end"
    ]
    assert first == second | {"batch": 0}
    assert result["value"] == pytest.approx([first["loss"] / 2, first["mae"] * 2])
    result["value"] = [first["loss"], first["mae"]]


def no_stale_validation(case):
    """Generators with `validation_freq=2` repeated the values of the epoch before."""
    result = case["results"][0]
    ends = [e["logs"] for e in result["events"] if e["hook"] == "on_epoch_end"]
    for name in ("val_loss", "val_mae"):
        assert ends[2].pop(name) == ends[1][name]
        del result["history"][name][1]
    assert [2, 2] == [len(result["history"][n]) for n in ("val_loss", "val_mae")]


def a_stop_outlives_validation(case):
    """A stop on the last batch of an epoch was forgotten in its validation."""
    result = case["results"][0]
    hooks = [event["hook"] for event in result["events"]]
    end = hooks.index("on_epoch_end")
    result["events"] = [*result["events"][: end + 1], result["events"][-1]]
    result["history"] = {name: v[:1] for name, v in result["history"].items()}
    result["history_epoch"] = [0]
    twin = CASES["stop_end_of_epoch_0_with_validation"]
    assert (case["model"], case["compile"]) == (twin["model"], twin["compile"])
    result["weights_after"] = twin["results"][0]["weights_after"]


CHOICES = {
    "fit_generator_val_generator": validation_loss_is_the_mean,
    "fit_with_sequence": validation_loss_is_the_mean,
    "evaluate_generator": evaluation_loss_is_the_mean,
    "evaluate_generator_hooks": evaluation_loss_is_the_mean,
    "evaluate_steps_arrays": steps_on_arrays_are_averaged,
    "fit_generator_validation_freq_2": no_stale_validation,
    "stop_last_batch_of_epoch_0_with_validation": a_stop_outlives_validation,
}


def expectation(name):
    case = copy.deepcopy(CASES[name])
    if name in CHOICES:
        CHOICES[name](case)
    for result in case["results"]:
        logs_are_always_a_dict(result)
        if name.startswith("fit_generator") or name == "fit_with_generator":
            no_names_of_a_validation_that_is_not_there(result)
    return case


# Comparing


def differences(ours, theirs, where=""):
    """Where two nested values differ; keys in order, numbers within 1e-5."""
    if isinstance(theirs, dict):
        if list(ours) != list(theirs):
            return [f"{where}: {list(ours)} instead of {list(theirs)}"]
        pairs = [(key, ours[key], theirs[key]) for key in theirs]
    elif isinstance(theirs, list) and not is_array(theirs):
        if len(ours) != len(theirs):
            return [f"{where}: {len(ours)} instead of {len(theirs)}"]
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(ours, theirs, strict=True))]
    elif isinstance(theirs, (bool, str)) or theirs is None:
        return [] if ours == theirs else [f"{where}: {ours!r} instead of {theirs!r}"]
    elif isinstance(theirs, int):
        same = ours == theirs and np.ndim(ours) == 0
        return [] if same else [f"{where}: {ours!r} instead of {theirs!r}"]
    else:
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        same = ours.shape == theirs.shape
        rounding = 1e-6 * max(1.0, np.abs(theirs).max(initial=0.0))
        same = same and np.allclose(ours, theirs, rtol=1e-5, atol=rounding)
        return [] if same else [f"{where}: {ours} instead of {theirs}"]
    return [d for key, a, b in pairs for d in differences(a, b, f"{where}/{key}")]


def is_array(values):
    try:
        return np.array(values).dtype.kind == "f"
    except ValueError:  # arrays of several shapes
        return False


@pytest.mark.parametrize("name", CASES)
def test_a_run_gives_the_numbers_of_keras(name):
    naming.reset_uids()  # metrics without a name are numbered from 1 in each case
    expected = expectation(name)

    seen = replay(CASES[name])

    for ours, theirs in zip(seen["results"], expected["results"], strict=True):
        for key in theirs:
            assert [] == differences(ours[key], theirs[key], key)
    for key in ("metrics_names", "optimizer_config"):
        assert [] == differences(seen[key], expected[key], key)


def test_every_choice_of_ours_changes_what_is_expected():
    for name in CHOICES:
        assert expectation(name)["results"] != CASES[name]["results"]
    assert 66 == len(CASES)
