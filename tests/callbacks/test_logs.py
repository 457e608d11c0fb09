"""What logs hold, who adds to them and who reads them: the contract at `Callback`.

One linear unit that learns nothing answers 0 to everything, so that all numbers are
those of the targets: 0, 2, ..., 18 in batches of 4, 4 and 2.
"""

import csv
import re

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks, layers, models, optimizers, utils
from cthulhu.callbacks import base
from cthulhu.callbacks.monitored import lookup

X = np.zeros((10, 1), "float32")
Y = np.arange(0, 20, 2, dtype="float32").reshape(10, 1)
LOSSES = [14, 126, 290]  # (0+4+16+36)/4, (64+100+144+196)/4, (256+324)/2
ERRORS = [3, 7, 9]  # of |y|, since the epoch began: 12/4, 56/8, 90/10
MEAN = 114  # (4*14 + 4*126 + 2*290) / 10
VAL = 24  # of the first five: (0+4+16+36+64)/5


def batches():
    while True:
        for i in (0, 4, 8):
            yield X[i : i + 4], Y[i : i + 4]


class Batches(utils.Sequence):
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4]


ARRAYS = {"x": X, "y": Y, "batch_size": 4, "shuffle": False}
SOURCES = {
    "arrays": lambda: ARRAYS,
    "whole": lambda: {"x": X, "y": Y, "steps_per_epoch": 2, "shuffle": False},
    "generator": lambda: {"x": batches(), "steps_per_epoch": 3},
    "sequence": lambda: {"x": Batches(), "shuffle": False},
}


@pytest.fixture(scope="module")
def unit():
    model = models.Sequential([layers.Dense(1, use_bias=False, input_dim=1)])
    model.compile(optimizers.SGD(0.5), "mse", metrics=["mae"])
    return model


@pytest.fixture
def model(unit):
    unit.set_weights([np.zeros((1, 1))])
    K.set_value(unit.optimizer.lr, 0.5)
    return unit


def all_hooks(model, **fit):
    heard = []

    def hook(name):
        def note(self, *args):
            assert type(args[-1]) is dict
            heard.append((name, *args[:-1], dict(args[-1])))

        return note

    short = {"on_batch_begin", "on_batch_end", "on_exception"}
    names = [name for name in base.HOOKS if name not in short]
    listener = type("Listener", (callbacks.Callback,), {n: hook(n) for n in names})()
    model.fit(**ARRAYS, verbose=0, callbacks=[listener], **fit)
    return heard


def test_hooks_come_in_this_order_with_these_logs(model):
    heard = all_hooks(model, epochs=1, validation_data=(X[:5], Y[:5]))

    def batch(kind, i, size, loss, mae):
        begin = {"batch": i, "size": size}
        return [
            (f"on_{kind}_batch_begin", i, begin),
            (f"on_{kind}_batch_end", i, begin | {"loss": loss, "mae": mae}),
        ]

    assert heard == [
        ("on_train_begin", {}),
        ("on_epoch_begin", 0, {}),
        *batch("train", 0, 4, 14, 3),
        *batch("train", 1, 4, 126, 7),
        *batch("train", 2, 2, 290, 9),
        ("on_test_begin", {}),
        *batch("test", 0, 4, 14, 3),
        *batch("test", 1, 1, 64, 4),
        ("on_test_end", {}),
        ("on_epoch_end", 0, {"val_loss": 24, "val_mae": 4, "loss": 114, "mae": 9}),
        ("on_train_end", {}),
    ]
    assert list(heard[-2][-1]) == ["val_loss", "val_mae", "loss", "mae"]


def test_predict_gives_its_outputs_and_evaluate_its_results_by_batch(model):
    heard = []
    note = callbacks.LambdaCallback(
        on_predict_batch_end=lambda i, logs: heard.append((i, dict(logs))),
        on_test_batch_end=lambda i, logs: heard.append((i, dict(logs))),
    )

    model.predict(X[:6], batch_size=4, callbacks=[note])
    model.evaluate(X[:6], Y[:6], batch_size=4, verbose=0, callbacks=[note])

    outputs = [logs.pop("outputs") for _, logs in heard[:2]]
    assert [[array.shape for array in batch] for batch in outputs] == [
        [(4, 1)],
        [(2, 1)],
    ]
    assert heard == [
        (0, {"batch": 0, "size": 4}),
        (1, {"batch": 1, "size": 2}),
        (0, {"batch": 0, "size": 4, "loss": 14, "mae": 3}),
        (1, {"batch": 1, "size": 2, "loss": 82, "mae": 5}),  # (64+100)/2, 30/6
    ]


class Added(callbacks.Callback):
    """Reports a quantity of its own."""

    adds_logs = ("score",)

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = 1.0 + epoch


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def last_lines(text):
    """The values at the end of each epoch's bar, by name."""
    ends = [line for line in re.split("[\n\r]", text) if re.search(r" - \d+s", line)]
    return [dict(re.findall(r" - (\w+): (-?[\d.]+(?:e[-+]\d+)?)", end)) for end in ends]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("verbose", [1, 2])
def test_the_bar_the_history_and_the_csv_file_end_an_epoch_alike(
    source, verbose, model, tmp_path, capsys
):
    later = []
    history = model.fit(
        **SOURCES[source](),
        epochs=3,
        verbose=verbose,
        validation_data=(X[:5], Y[:5]),
        validation_freq=2,
        callbacks=[
            Added(),
            callbacks.LambdaCallback(
                on_epoch_end=lambda _, logs: later.append({**logs})
            ),
            callbacks.CSVLogger(tmp_path / "log.csv"),
        ],
    ).history

    expected = [
        {"loss": MEAN, "mae": 9, "score": 1},
        {"loss": MEAN, "mae": 9, "val_loss": VAL, "val_mae": 4, "score": 2},
        {"loss": MEAN, "mae": 9, "score": 3},
    ]
    shown = last_lines(capsys.readouterr().out)
    assert [{n: float(v) for n, v in line.items()} for line in shown] == expected
    rows = [
        {n: float(v) for n, v in row.items() if v != "NA" and n != "epoch"}
        for row in table(tmp_path / "log.csv")
    ]
    assert rows == expected
    assert later == expected
    assert history == {
        "loss": [MEAN] * 3,
        "mae": [9] * 3,
        "val_loss": [VAL],
        "val_mae": [4],
        "score": [1, 2, 3],
    }


def test_a_bar_shows_numbers_only_of_what_callbacks_add(model, capsys):
    def add(epoch, logs):
        logs.update(name="text", many=[1, 2], rate=np.float32(0.5), flag=None)

    model.fit(
        **ARRAYS, verbose=1, callbacks=[callbacks.LambdaCallback(on_epoch_end=add)]
    )

    assert list(last_lines(capsys.readouterr().out)[-1]) == ["loss", "mae", "rate"]


@pytest.mark.parametrize("asked", ["acc", "accuracy"])
def test_accuracy_is_one_name_to_monitors_file_names_and_lookups(asked, tmp_path):
    other = {"acc": "accuracy", "accuracy": "acc"}[asked]
    model = models.Sequential([layers.Dense(1, use_bias=False, input_dim=1)])
    model.compile(optimizers.SGD(0.0), "mse", metrics=[asked])
    best = callbacks.ModelCheckpoint(
        tmp_path / f"{{val_{other}:.2f}}.h5", f"val_{other}", save_best_only=True
    )
    stop = callbacks.EarlyStopping(other, patience=1)
    seen = []
    note = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(lookup(logs, other))
    )

    history = model.fit(
        **ARRAYS, epochs=4, verbose=0, validation_data=(X[:5], Y[:5]),
        callbacks=[best, stop, note],
    )  # fmt: skip

    # Of targets 0, 2, ... a unit that answers 0 gets one of ten, and one of five.
    assert list(history.history) == ["val_loss", f"val_{asked}", "loss", asked]
    assert [path.name for path in tmp_path.iterdir()] == ["0.20.h5"]
    assert stop.best == np.float32(0.1)
    assert seen == [np.float32(0.1)] * 2


def rates(model, *given, epochs=3):
    note = []
    spy = callbacks.LambdaCallback(
        on_batch_begin=lambda _, logs: note.append(float(model.optimizer.lr.numpy()))
    )
    history = model.fit(**ARRAYS, epochs=epochs, verbose=0, callbacks=[spy, *given])
    used = [note[3 * epoch + 2] for epoch in range(epochs)]  # in each last batch
    return used, [float(rate) for rate in history.history["lr"]]


def schedule():
    return callbacks.LearningRateScheduler(lambda epoch: 2.0**-epoch)


def plateau():
    return callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1)


@pytest.mark.parametrize(
    "make, expected",
    [
        ([schedule], [1, 0.5, 0.25]),
        ([plateau], [0.5, 0.5, 0.25]),  # nothing improves: reduced after epochs 1 and 2
        ([schedule, plateau], [1, 0.5, 0.25]),
        ([plateau, schedule], [1, 0.5, 0.25]),  # whatever the plateau sets in between
    ],
)
def test_lr_in_the_logs_is_the_rate_that_was_used(make, expected, model):
    used, logged = rates(model, *(each() for each in make))

    assert used == logged == expected


def test_lr_in_the_logs_is_that_of_the_last_update_if_batches_change_it(model):
    class WarmUp(callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            K.set_value(self.model.optimizer.lr, [0.125, 0.25, 0.5][batch])

    spy = WarmUp()
    _, logged = rates(model, spy, plateau(), epochs=1)

    assert logged == [0.5]


def test_lr_is_found_by_either_name(model):
    stop = callbacks.EarlyStopping("learning_rate", mode="min", patience=1)

    history = model.fit(
        **ARRAYS, epochs=5, verbose=0,
        callbacks=[callbacks.LearningRateScheduler(lambda epoch: 0.5), stop],
    )  # fmt: skip

    assert history.epoch == [0, 1]
    assert stop.best == 0.5


def test_what_begin_puts_into_the_logs_of_a_batch_its_end_finds(model):
    seen = []
    first = callbacks.LambdaCallback(
        on_batch_begin=lambda batch, logs: logs.update(mark=batch)
    )
    second = callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: seen.append(logs["mark"])
    )

    model.fit(**ARRAYS, verbose=0, callbacks=[first, second])

    assert seen == [0, 1, 2]


def test_an_exception_ends_a_run_at_a_whole_step_and_without_train_end(model):
    ends, told = [], []

    def fail(batch, logs):
        ends.append(batch)
        if len(ends) == 5:
            raise KeyboardInterrupt

    before = int(K.get_value(model.optimizer.iterations))
    note = callbacks.LambdaCallback(
        on_batch_end=fail, on_exception=told.append, on_train_end=told.append
    )
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(**ARRAYS, epochs=3, verbose=0, callbacks=[note])

    assert int(K.get_value(model.optimizer.iterations)) - before == 5
    assert told == [caught.value]
    assert model.history.epoch == [0]
