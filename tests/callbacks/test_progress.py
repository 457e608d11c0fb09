"""The progress bar prints what that of Keras printed, to the character.

`golden/progress.json` was recorded from Keras with a clock that moves only at the begin
of a batch.
"""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cthulhu import callbacks, config, vocabulary
from cthulhu.callbacks import progress

CASES = json.loads(
    Path(__file__).parents[1].joinpath("golden", "progress.json").read_text()
)["cases"]


class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture
def screen(monkeypatch):
    """Standard output that is kept, with a clock that stands still."""

    def put(terminal=False):
        shown = Screen(terminal)
        shown.clock = 1e9
        monkeypatch.setattr(sys, "stdout", shown)
        monkeypatch.setattr(progress, "time", SimpleNamespace(time=lambda: shown.clock))
        monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
        return shown

    return put


GENERATIONS = {"1.2.2": "1", "2.1.6": "2.1", "2.3.1": "2.3"}


def loss_of(case, rows, version):
    """The loss of some rows, of a linear model that learns nothing."""
    true = np.array(case["y"], "float32")[rows]
    made = np.array(case["x"], "float32")[rows] @ np.array(case["kernel"], "float32")
    if case["loss"] == "mse":
        return float(np.mean((true - made) ** 2))
    norms = [
        np.sqrt(np.maximum(np.sum(x**2, -1, keepdims=True), 1e-12))
        for x in (true, made)
    ]
    cosines = np.sum(true * made / norms[0] / norms[1], -1)
    # The first generation took the mean over the two outputs instead of the sum.
    return float(-np.mean(cosines) / (2 if version == "1.2.2" else 1))


def metric_of(case, rows, version):
    if case["metrics"] == ["cosine_proximity"]:
        return loss_of(case, rows, version) * (-1 if version == "2.3.1" else 1)
    true = np.array(case["y"], "float32")[rows]
    made = np.array(case["x"], "float32")[rows] @ np.array(case["kernel"], "float32")
    return float(np.mean(np.abs(true - made)))


FITS = [n for n in CASES if CASES[n]["method"] in ("fit", "fit_generator")]


@pytest.mark.parametrize("name", FITS)
def test_the_bar_of_fit_is_that_of_keras(name, screen):
    case = CASES[name]
    version = name.partition("/")[0]
    first, last = version == "1.2.2", version == "2.3.1"
    config.set_generation(GENERATIONS[version])
    shown = screen(case["isatty"])
    rows = np.arange(len(case["x"]))
    arguments = case["arguments"]
    validates = case["validation"]
    check = rows[:3]
    if "validation_split" in arguments:
        validates, rows, check = True, rows[:3], rows[3:]
    by_steps = case["method"] == "fit_generator" or "steps_per_epoch" in arguments
    batches = [rows] * arguments.get("steps_per_epoch", 0) or [
        rows[i : i + case["batch_size"]]
        for i in range(0, len(rows), case["batch_size"])
    ]
    metric = [vocabulary.metric_key(n, config.generation()) for n in case["metrics"]]
    names = ["loss", *metric]
    metrics = names + [f"val_{n}" for n in names if validates]
    # Before 2.3 metrics were those of a batch, and averaged; before 2.0 generators
    # counted samples.
    logger = callbacks.ProgbarLogger(
        "steps" if by_steps and not first else "samples",
        stateful_metrics=metrics[1:] if last else None,
    )
    base = callbacks.BaseLogger(stateful_metrics=metric if last else None)
    together = callbacks.CallbackList([base, logger])
    model = SimpleNamespace(stop_training=False)
    together.set_model(model)
    together.set_params(
        {
            "epochs": case["epochs"],
            "steps": len(batches),
            "samples": len(rows),
            "verbose": case["verbose"],
            "metrics": metrics,
        }
    )
    if validates and case["method"] == "fit" and case["verbose"]:
        print(f"Train on {len(rows)} samples, validate on {len(check)} samples")
    together.on_train_begin({})
    for epoch in range(arguments.get("initial_epoch", 0), case["epochs"]):
        together.on_epoch_begin(epoch, {})
        so_far, logs = [], {}
        for i, batch in enumerate(batches):
            size = 1 if "steps_per_epoch" in arguments else len(batch)
            logs = {"batch": i, "size": size}
            together.on_train_batch_begin(i, logs)
            shown.clock += case["seconds_per_batch"]
            so_far.extend(batch)
            logs["loss"] = loss_of(case, batch, version)
            for key in metric:
                logs[key] = metric_of(case, so_far if last else batch, version)
            together.on_train_batch_end(i, logs)
            if i == case["stop_at_batch"]:
                model.stop_training = True
                if not first:  # which ended an epoch all the same
                    break
        logs = {}
        freq = arguments.get("validation_freq", 1)
        runs = first or not model.stop_training
        if validates and runs and (epoch + 1) % freq == 0:
            # Keras's generator loop validated in batches of two.
            each = 2 if case["method"] == "fit_generator" else case["batch_size"]
            parts = [check[i : i + each] for i in range(0, len(check), each)]
            if last:  # before, evaluation had no hooks, and took no time
                shown.clock += len(parts) * case["seconds_per_batch"]
            total = sum(len(part) * loss_of(case, part, version) for part in parts)
            logs["val_loss"] = total / len(check)
            for key in metric:
                logs[f"val_{key}"] = metric_of(case, check, version)
        together.on_epoch_end(epoch, logs)
        if model.stop_training:
            break

    text = case["observed"]["stdout"]
    if by_steps and not first:
        # The bar ends with what the history has, the mean over samples: the loss is
        # (4 * 1.25 + 2 * 5) / 6.  Keras averaged over the two batches and that mean.
        text = text.replace("loss: 2.9167", "loss: 2.5000")
        text = text.replace(
            "mean_absolute_error: 1.3069", "mean_absolute_error: 1.1683"
        )
    assert shown.getvalue() == text


@pytest.mark.parametrize(
    "name",
    [n for n, case in CASES.items() if case["method"] in ("evaluate", "predict")],
)
def test_the_bar_of_evaluate_is_that_of_keras(name, screen):
    case = CASES[name]
    config.set_generation(GENERATIONS[name.partition("/")[0]])
    shown = screen(case["isatty"])
    bar = callbacks.Progbar(len(case["x"]))

    for seen in range(2, len(case["x"]) + 1, case["batch_size"]):
        bar.update(seen)

    assert shown.getvalue() == case["observed"]["stdout"]


def test_one_line_an_epoch_shows_negative_numbers_as_keras_does(screen):
    shown = screen()
    bar = callbacks.Progbar(2, verbose=2)

    bar.update(1, [("loss", -0.5)])
    bar.update(2, [("loss", -0.25)])

    assert shown.getvalue() == " - 0s - loss: -3.7500e-01\n"


def test_a_bar_is_drawn_twenty_times_a_second_at_most(screen):
    shown = screen()
    bar = callbacks.Progbar(None)

    for step in range(1, 101):
        shown.clock += 0.01
        bar.update(step)

    assert 17 <= shown.getvalue().count("Unknown") <= 21


def test_an_unknown_number_of_steps_is_known_at_the_end(screen):
    shown = screen()
    logger = callbacks.ProgbarLogger("steps")
    names = ["loss", "val_loss"]
    logger.set_params({"epochs": 1, "steps": None, "verbose": 1, "metrics": names})

    logger.on_train_begin({})
    logger.on_epoch_begin(0, {})
    for step in range(3):
        logger.on_batch_end(step, {"size": 4, "loss": 1.0})
    logger.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})

    assert shown.getvalue().endswith(
        "\n3/3 [==============================] - 0s 0us/step"
        " - loss: 1.0000 - val_loss: 2.0000\n"
    )


def test_a_name_that_the_terminal_cannot_show_is_no_error(screen, monkeypatch):
    screen()
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    callbacks.Progbar(1).update(1, [("größe", 2.0)])

    assert b" - gr??e: 2.0000\n" in raw.getvalue()


def test_silence_prints_nothing_and_costs_nothing(screen, stub):
    shown = screen()
    together = callbacks.CallbackList([callbacks.ProgbarLogger()])
    together.set_model(stub.Model())
    together.set_params(stub.params())

    assert not together.wants_train_batches
    stub.run(together, epochs=1)
    assert shown.getvalue() == ""


def test_a_bar_counts_samples_or_steps_and_nothing_else():
    with pytest.raises(ValueError, match="Unknown `count_mode`: batches"):
        callbacks.ProgbarLogger("batches")
