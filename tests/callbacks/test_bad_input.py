"""What cannot work is told before the first step; what fails later loses nothing.

What arguments mean when they are right is tested beside each callback.
"""

import contextlib
import errno
import os
import re
import resource
import tempfile
from pathlib import Path

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks, layers, models, optimizers

X = np.linspace(0, 1, 24, dtype="float32").reshape(12, 2)
Y = X @ np.float32([[1.0], [-2.0]])


@pytest.fixture(scope="module")
def unit():
    model = models.Sequential([layers.Dense(1, use_bias=False, input_dim=2)])
    model.compile(optimizers.SGD(0.1), "mse")
    return model


@pytest.fixture
def model(unit):
    """One linear unit, from zero weights, that learns three batches an epoch."""
    unit.set_weights([np.zeros((2, 1))])
    K.set_value(unit.optimizer.lr, 0.1)
    return unit


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def fit(model, *given, epochs=3, **more):
    return model.fit(
        X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0,
        callbacks=[*given], **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name, arguments, error, words",
    [
        (
            "EarlyStopping",
            {"patience": -1},
            ValueError,
            "`patience` of `EarlyStopping` .*: -1. Expected: a number of at least 0",
        ),
        (
            "EarlyStopping",
            {"patience": "3"},
            TypeError,
            "Received: '3'. Expected: a number",
        ),
        ("EarlyStopping", {"patience": None}, TypeError, "Received: None"),
        ("EarlyStopping", {"patience": np.nan}, ValueError, "`patience` .*: nan"),
        ("EarlyStopping", {"min_delta": "0.1"}, TypeError, "`min_delta` .*: '0.1'"),
        ("EarlyStopping", {"baseline": [1]}, TypeError, r"`baseline` .*: \[1\]"),
        (
            "ReduceLROnPlateau",
            {"factor": 1},
            ValueError,
            "factor >= 1.0. Received: 1. Expected: what the rate is",
        ),
        (
            "ReduceLROnPlateau",
            {"factor": -0.5},
            ValueError,
            "`factor` .*: -0.5. Expected: a number of at least 0",
        ),
        ("ReduceLROnPlateau", {"factor": "0.1"}, TypeError, "`factor` .*: '0.1'"),
        ("ReduceLROnPlateau", {"patience": -2}, ValueError, "`patience` .*: -2"),
        ("ReduceLROnPlateau", {"cooldown": -1}, ValueError, "`cooldown` .*: -1"),
        (
            "ReduceLROnPlateau",
            {"cooldown": 1.5},
            TypeError,
            "`cooldown` .* whole number",
        ),
        ("ReduceLROnPlateau", {"min_lr": -1e-3}, ValueError, "`min_lr` .*: -0.001"),
        ("ReduceLROnPlateau", {"min_delta": None}, TypeError, "`min_delta` .*: None"),
        ("ReduceLROnPlateau", {"epsilon": "x"}, TypeError, "`min_delta` .*: 'x'"),
        (
            "ModelCheckpoint",
            {"filepath": "m", "period": -1},
            ValueError,
            "`period` .*: -1",
        ),
        (
            "ModelCheckpoint",
            {"filepath": "m", "period": "2"},
            TypeError,
            "`period` .* Write 2 without",
        ),
        (
            "ModelCheckpoint",
            {"filepath": "m", "save_freq": 0},
            ValueError,
            "`save_freq` .*: 0",
        ),
        ("ModelCheckpoint", {"filepath": None}, TypeError, "NoneType"),
        (
            "CSVLogger",
            {"filename": "log.csv", "separator": ";;"},
            ValueError,
            "`separator` of `CSVLogger` .*: ';;'. Expected: one char",
        ),
        (
            "CSVLogger",
            {"filename": "log.csv", "separator": None},
            ValueError,
            "Received: None",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:`epsilon`:UserWarning")
def test_an_argument_that_cannot_work_is_refused_when_a_callback_is_made(
    name, arguments, error, words
):
    with pytest.raises(error, match=words):
        getattr(callbacks, name)(**arguments)


def test_patience_may_be_any_number_that_is_none_less_than_zero():
    for patience in (0, 2, 2.5, np.int64(3), np.float32(1), np.inf):
        assert callbacks.EarlyStopping(patience=patience).patience == patience


@pytest.mark.parametrize("mode", ["bogus", "MAX", None])
def test_an_unknown_mode_is_warned_of_and_taken_for_auto(mode):
    with pytest.warns(
        RuntimeWarning, match=f"mode {mode} is unknown, fallback to auto"
    ):
        stopping = callbacks.EarlyStopping("val_acc", mode=mode)

    assert stopping.monitor_op is np.greater


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: callbacks.EarlyStopping("los"), r"Did you mean `loss`\?"),
        (lambda: callbacks.ReduceLROnPlateau("val_los"), "this run will never report"),
        (
            lambda: callbacks.ModelCheckpoint("{epoch}-{lss}.h5"),
            "in its `filepath` the name `lss`.*mean `loss`",
        ),
        (lambda: callbacks.ModelCheckpoint("{loss:d}.h5"), "cannot be filled in"),
    ],
)
def test_a_name_that_nothing_reports_is_refused_before_the_first_step(
    make, words, model
):
    before = int(model.optimizer.iterations.numpy())

    with pytest.raises(ValueError, match=words):
        fit(model, callbacks.CSVLogger("log.csv"), make())

    assert int(model.optimizer.iterations.numpy()) == before
    assert os.listdir() == []


@pytest.mark.parametrize(
    "make", [callbacks.CSVLogger, callbacks.ModelCheckpoint], ids=["csv", "model"]
)
@pytest.mark.parametrize("path", ["/proc/none/m.h5", "/proc/m.h5"])
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux's /proc")
def test_a_folder_in_which_nothing_can_be_made_is_refused_before_the_first_step(
    make, path, model
):
    before = int(model.optimizer.iterations.numpy())

    # Permissions alone would let root write there.
    with pytest.raises(
        OSError, match=f"{make.__name__} cannot write to `{path}`. Nothi"
    ):
        fit(model, callbacks.CSVLogger("log.csv"), make(path))

    assert int(model.optimizer.iterations.numpy()) == before
    assert os.listdir() == []


def test_asking_whether_a_folder_can_be_written_leaves_nothing_there(model):
    os.mkdir("runs")
    seen = []
    note = callbacks.LambdaCallback(
        on_train_begin=lambda logs: seen.append(os.listdir("runs"))
    )

    fit(model, note, callbacks.ModelCheckpoint("runs/{epoch}/m.h5"), epochs=1)

    assert seen == [[]]
    assert os.listdir("runs") == ["1"]


def test_a_read_only_file_system_is_told_of(model, monkeypatch):
    def refuse(dir):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)

    with pytest.raises(OSError, match="in the folder `.*`: .*Read-only file system"):
        fit(model, callbacks.ModelCheckpoint("m.h5"))


@contextlib.contextmanager
def disk_that_fills():
    """Gives a function after which, meanwhile, no file can grow beyond so many bytes.

    It is over before the test is: what pytest prints may go to a file as well.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_last_good_file_and_the_model_at_a_whole_step(model):
    full = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: epoch == 1 and fill(1000)
    )
    saved = callbacks.ModelCheckpoint("m.h5", save_weights_only=True)
    weights = []
    note = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()[0])
    )

    with (
        disk_that_fills() as fill,
        pytest.raises(OSError, match="File too large"),
    ):
        fit(model, note, full, saved)

    assert os.listdir() == ["m.h5"]
    np.testing.assert_array_equal(model.get_weights()[0], weights[1])
    model.load_weights("m.h5")
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


def test_a_full_disk_leaves_whole_lines_in_a_csv_file():
    log = callbacks.CSVLogger("log.csv")
    log.on_train_begin({})
    log.on_epoch_end(0, {"loss": 0.5})
    lines = Path("log.csv").read_bytes()

    with (
        disk_that_fills() as fill,
        pytest.raises(OSError, match="File too large"),
    ):
        fill(len(lines) + 3)
        log.on_epoch_end(1, {"loss": 0.25})

    assert lines == b"epoch,loss\r\n0,0.5\r\n"
    assert Path("log.csv").read_bytes() == lines


@pytest.mark.parametrize(
    "broken, error, words",
    [
        (lambda epoch: [0.1][epoch], IndexError, "list index out of range"),
        (
            lambda epoch: 0.1 if epoch < 1 else None,
            ValueError,
            "Received: None for epoch 1, in Learn",
        ),
        (
            lambda epoch: 0.1 if epoch < 1 else np.nan,
            ValueError,
            "Received: nan for epoch 1",
        ),
    ],
)
def test_a_schedule_that_fails_names_the_epoch_and_leaves_the_model_at_a_whole_step(
    broken, error, words, model
):
    fit(model, epochs=1)
    after_one = model.get_weights()[0]
    model.set_weights([np.zeros((2, 1))])

    with pytest.raises(error, match=words) as told:
        fit(model, callbacks.LearningRateScheduler(broken))

    notes = " ".join(getattr(told.value, "__notes__", []))
    assert "for epoch 1" in str(told.value) + notes
    assert "LearningRateScheduler" in str(told.value) + notes
    np.testing.assert_array_equal(model.get_weights()[0], after_one)
    assert K.get_value(model.optimizer.lr) == np.float32(0.1)
    assert model.history.epoch == [0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.LearningRateScheduler(lambda epoch: 0.1),
        lambda: callbacks.ReduceLROnPlateau("loss"),
    ],
)
def test_a_rate_that_follows_a_schedule_of_the_optimizer_cannot_be_set(make):
    model = models.Sequential([layers.Dense(1, input_dim=2)])
    model.compile(optimizers.SGD(lambda step: 0.1 / (1.0 + step)), "mse")

    with pytest.raises(
        ValueError, match="cannot set the rate, since a schedule of the"
    ):
        fit(model, make())

    assert int(model.optimizer.iterations.numpy()) == 0


def test_every_callback_hears_of_an_exception_even_if_one_fails_then(stub):
    class Clumsy(callbacks.Callback):
        def on_exception(self, exception):
            raise RuntimeError("me too")

    heard = []
    told = callbacks.LambdaCallback(on_exception=heard.append)
    reason = KeyError("first")

    callbacks.CallbackList([Clumsy(), told]).on_exception(reason)

    assert heard == [reason]
    assert re.fullmatch(
        r"Then `on_exception` of Clumsy failed: RuntimeError\('me too'\)",
        reason.__notes__[0],
    )
