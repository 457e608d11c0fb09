"""A training that is cut short saves the model as it was after a whole step."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from cthulhu import callbacks, layers, models

ROWS = 40


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def heard():
    """What the handler of SIGTERM was told that is there before."""
    calls = []
    before = signal.signal(
        signal.SIGTERM, lambda number, frame: calls.append(os.listdir("runs"))
    )
    yield calls
    signal.signal(signal.SIGTERM, before)


def model():
    one = models.Sequential([layers.Dense(1, input_dim=3, kernel_initializer="ones")])
    one.compile("sgd", "mse")
    return one


def data():
    x = np.arange(3 * ROWS, dtype="float32").reshape(ROWS, 3) / ROWS
    return x, x.sum(axis=1, keepdims=True) + 1


def fit(one, *watching, **arguments):
    """Ten batches of four rows an epoch."""
    arguments = {"epochs": 2, "batch_size": 4, "shuffle": False, **arguments}
    return one.fit(*data(), verbose=0, callbacks=list(watching), **arguments)


def at(step, do):
    """A callback that does something after that many steps; and counts them."""
    seen = []

    def end(batch, logs):
        seen.append(batch)
        if len(seen) == step:
            do()

    return callbacks.LambdaCallback(on_batch_end=end), seen


def weights_after(steps):
    """The weights of an undisturbed run of so many steps."""
    one = model()
    x, y = (rows[: 4 * steps] for rows in data())
    one.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    return one.get_weights()


def same(path, weights):
    one = model()
    one.load_weights(path)
    return all(map(np.array_equal, one.get_weights(), weights))


@pytest.mark.parametrize("ahead", ["auto", 1])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_leaves_a_file_of_the_last_whole_step(error, ahead):
    def fail():
        raise error

    checkpoint = callbacks.ModelCheckpoint(
        "runs/m{epoch}.h5", save_on_exception=True, save_weights_only=True, keep=1
    )
    failing, seen = at(7, fail)

    with pytest.raises(error):
        fit(
            model(),
            failing,
            checkpoint,
            validation_data=data(),
            steps_per_execution=ahead,
        )

    assert ["interrupted.h5"] == os.listdir("runs")
    assert len(seen) == 7 and same("runs/interrupted.h5", weights_after(7))


def test_what_cannot_be_saved_does_not_hide_what_went_wrong():
    checkpoint = callbacks.ModelCheckpoint("m.h5", save_on_exception="there/m.h5")
    failing, _ = at(3, lambda: open("there", "w").close() or 1 / 0)

    with pytest.warns(RuntimeWarning, match="could not save `there/m.h5`"):
        with pytest.raises(ZeroDivisionError):
            fit(model(), failing, checkpoint)


def test_a_training_that_never_began_is_not_saved():
    checkpoint = callbacks.ModelCheckpoint("m.h5", save_on_exception=True)

    with pytest.raises(ValueError, match="`val_loss`"):
        fit(model(), checkpoint, callbacks.EarlyStopping())
    assert os.listdir() == []


@pytest.mark.parametrize("ahead", ["auto", 1])
def test_sigterm_saves_the_step_and_is_passed_on(heard, ahead):
    before = signal.getsignal(signal.SIGTERM)
    checkpoint = callbacks.ModelCheckpoint(
        "runs/m{epoch}.h5", save_on_sigterm=True, save_weights_only=True
    )
    sending, seen = at(13, lambda: os.kill(os.getpid(), signal.SIGTERM))

    fit(model(), sending, checkpoint, steps_per_execution=ahead)

    # The handler returned, so training went on to its end.
    assert len(seen) == 20
    assert [{"m1.h5", "interrupted.h5"}] == [set(files) for files in heard]
    assert same("runs/interrupted.h5", fit_and_take(13))
    assert signal.getsignal(signal.SIGTERM) is before


def fit_and_take(steps):
    """The weights after so many steps of a run of two epochs that nobody disturbs."""
    one, taken = model(), []
    take, _ = at(steps, lambda: taken.extend(one.get_weights()))
    fit(one, take)
    return taken


def test_sigterm_is_answered_during_validation_and_at_the_very_end(heard):
    for hook in ("on_test_begin", "on_train_end"):
        checkpoint = callbacks.ModelCheckpoint(
            "runs/m.h5", save_on_sigterm=f"runs/{hook}.h5"
        )
        sending = callbacks.LambdaCallback(
            **{hook: lambda logs: os.kill(os.getpid(), signal.SIGTERM)}
        )
        fit(model(), sending, checkpoint, epochs=1, validation_data=data())

    first, second = map(set, heard)
    assert first == {"on_test_begin.h5"}  # before the epoch's own file
    assert second == {"on_test_begin.h5", "m.h5", "on_train_end.h5"}


def test_off_the_main_thread_a_warning_says_that_nobody_hears():
    checkpoint = callbacks.ModelCheckpoint("m.h5", save_on_sigterm=True)

    with pytest.warns(RuntimeWarning, match="cannot hear of SIGTERM"):
        thread = threading.Thread(target=fit, args=(model(), checkpoint))
        thread.start()
        thread.join()
    assert os.path.exists("m.h5")


SCRIPT = """
import os, resource, signal, sys
import numpy as np
from cthulhu import callbacks, layers, models

how = sys.argv[1]
model = models.Sequential([layers.Dense(64, input_dim=64)])
model.compile("sgd", "mse")
x = np.zeros((8, 64))
checkpoint = callbacks.ModelCheckpoint(
    "m{epoch}.h5", "loss", keep=1, latest=True, save_on_sigterm=True
)

def act(epoch, logs):
    if epoch == 1 and how == "term":
        os.kill(os.getpid(), signal.SIGTERM)
    elif epoch == 1:  # from now on no file may be larger: a disk that is full
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

acting = callbacks.LambdaCallback(on_epoch_begin=act)
try:
    model.fit(x, x, epochs=3, verbose=0, callbacks=[checkpoint, acting])
except OSError as error:
    print(type(error).__name__, checkpoint.saved)
"""


@pytest.mark.parametrize(
    "how, status, said, files",
    [
        ("term", -signal.SIGTERM, "", {"m1.h5", "interrupted.h5"}),
        ("full", 0, "OSError [['m1.h5', 0.0]]\n", {"m1.h5"}),
    ],
)
def test_a_process_that_is_told_to_end_and_one_without_room(
    how, status, said, files, tmp_path
):
    root = os.path.dirname(os.path.dirname(callbacks.__path__[0]))
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
    )

    assert (status, said) == (ran.returncode, ran.stdout), ran.stderr
    assert files | {"latest.h5"} == set(os.listdir())
    for name in os.listdir():
        assert models.load_model(name).count_params() == 64 * 64 + 64
