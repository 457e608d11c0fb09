"""The manual's page on callbacks, example by example, in both vocabularies."""

import csv
import json

import numpy as np
import pytest

import cthulhu
from cthulhu import keras

CTHULHU = {
    "Sequential": "Pile",
    "Dense": "Daoloth",
    "Activation": "Azatoth",
    "ModelCheckpoint": "LumpCheckpoint",
    "LambdaCallback": "LuKthuCallback",
    "compile": "conjure",
    "fit": "summon",
}


class Tongue:
    """Rooms and words of one vocabulary: `tongue.word("fit")` is its name for `fit`."""

    def __init__(self, package, words):
        self.package, self.words = package, words

    def word(self, name):
        return self.words.get(name, name)

    def get(self, room, name):
        return getattr(getattr(self.package, room), self.word(name))

    def call(self, thing, method, *args, **kwargs):
        return getattr(thing, self.word(method))(*args, **kwargs)

    def model(self, **first):
        model = self.get("models", "Sequential")()
        model.add(self.get("layers", "Dense")(3, input_dim=8, **first))
        model.add(self.get("layers", "Activation")("softmax"))
        self.call(
            model, "compile", loss="categorical_crossentropy", optimizer="rmsprop"
        )
        return model


@pytest.fixture(params=["cthulhu", "keras"])
def tongue(request):
    return Tongue(*{"cthulhu": (cthulhu, CTHULHU), "keras": (keras, {})}[request.param])


@pytest.fixture
def data():
    x = np.random.rand(50, 8).astype("float32")
    return x, np.eye(3)[(3 * x[:, 0]).astype(int)]


def test_a_callback_records_the_loss_of_every_batch(tongue, data):
    class LossHistory(tongue.get("callbacks", "Callback")):
        def on_train_begin(self, logs={}):
            self.losses = []

        def on_batch_end(self, batch, logs={}):
            self.losses.append(logs.get("loss"))

    model, history = tongue.model(kernel_initializer="uniform"), LossHistory()
    fit = {"batch_size": 16, "epochs": 3, "verbose": 0, "callbacks": [history]}
    past = tongue.call(model, "fit", *data, **fit)

    assert 3 * 4 == len(history.losses)
    assert history.model is model
    # An epoch's loss is the mean over its samples: batches of 16, 16, 16 and 2.
    means = np.average(
        np.reshape(history.losses, (3, 4)), axis=1, weights=[16] * 3 + [2]
    )
    np.testing.assert_allclose(means, past.history["loss"], rtol=1e-5)


def test_the_loss_of_the_first_batch_is_that_of_the_untrained_model(tongue, data):
    losses = []
    model = tongue.model(kernel_initializer="zeros")
    note = tongue.get("callbacks", "LambdaCallback")(
        on_batch_end=lambda batch, logs: losses.append(logs["loss"])
    )
    tongue.call(model, "fit", *data, epochs=1, verbose=0, callbacks=[note])

    # Three classes and no knowledge: -log(1/3).
    np.testing.assert_allclose(np.log(3), losses[0], rtol=1e-5)


def test_the_best_model_is_saved_whenever_the_validation_loss_improves(
    tongue, data, tmp_path, capsys
):
    path = tmp_path / "weights.hdf5"
    checkpointer = tongue.get("callbacks", "ModelCheckpoint")(
        filepath=str(path), verbose=1, save_best_only=True
    )
    model = tongue.model(kernel_initializer="uniform")
    past = tongue.call(
        model, "fit", *data, epochs=4, verbose=0,
        validation_data=data, callbacks=[checkpointer],
    )  # fmt: skip

    best = np.minimum.accumulate(past.history["val_loss"])
    better = 1 + np.count_nonzero(np.diff(best) < 0)
    assert path.exists()
    assert better == capsys.readouterr().out.count("saving model to")
    saved = tongue.package.models.load_model(str(path))
    np.testing.assert_allclose(
        best[-1], saved.evaluate(*data, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_an_old_script_s_words_are_understood(tongue, data):
    model = tongue.model(init="uniform")
    past = tongue.call(model, "fit", *data, nb_epoch=2, verbose=0)

    assert [0, 1] == past.epoch


def test_epochs_are_streamed_to_a_csv_file(tongue, data, tmp_path):
    path = tmp_path / "training.log"
    logger = tongue.get("callbacks", "CSVLogger")(str(path))
    past = tongue.call(
        tongue.model(), "fit", *data, epochs=2, verbose=0, callbacks=[logger]
    )

    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert ["0", "1"] == [row["epoch"] for row in rows]
    np.testing.assert_allclose(
        past.history["loss"], [float(row["loss"]) for row in rows], rtol=1e-6
    )


def test_functions_become_a_callback(tongue, data, tmp_path, capsys):
    stopped = []
    log = open(tmp_path / "loss_log.json", mode="w", buffering=1)
    make = tongue.get("callbacks", "LambdaCallback")
    callbacks = [
        make(on_batch_begin=lambda batch, logs: print(batch)),
        make(
            on_epoch_end=lambda epoch, logs: log.write(
                json.dumps({"epoch": epoch, "loss": float(logs["loss"])}) + "\n"
            ),
            on_train_end=lambda logs: log.close(),
        ),
        make(on_train_end=lambda logs: stopped.append(True)),
    ]
    tongue.call(tongue.model(), "fit", *data, epochs=2, verbose=0, callbacks=callbacks)

    lines = (tmp_path / "loss_log.json").read_text().splitlines()
    assert [0, 1] == [json.loads(line)["epoch"] for line in lines]
    assert ["0", "1"] * 2 == capsys.readouterr().out.split()
    assert [True] == stopped and log.closed


def test_the_learning_rate_falls_when_the_loss_stays(tongue, data):
    reduce_lr = tongue.get("callbacks", "ReduceLROnPlateau")(
        monitor="loss", factor=0.2, patience=1, min_delta=100.0, min_lr=0.001
    )
    model = tongue.model()
    model.optimizer.lr = 1.0
    past = tongue.call(model, "fit", *data, epochs=4, verbose=0, callbacks=[reduce_lr])

    # The first epoch is the best; each further one is a plateau.  The log has the rate
    # before the epoch's own reduction.
    np.testing.assert_allclose([1, 1, 0.2, 0.04], past.history["lr"], rtol=1e-5)


def test_training_stops_when_the_monitored_quantity_stays(tongue, data):
    stop = tongue.get("callbacks", "EarlyStopping")(
        monitor="loss", min_delta=100.0, patience=2
    )
    past = tongue.call(
        tongue.model(), "fit", *data, epochs=9, verbose=0, callbacks=[stop]
    )

    assert [0, 1, 2] == past.epoch


def test_a_schedule_of_the_epoch_sets_the_learning_rate(tongue, data):
    schedule = tongue.get("callbacks", "LearningRateScheduler")(
        lambda epoch: 0.1 / (1 + epoch)
    )
    past = tongue.call(
        tongue.model(), "fit", *data, epochs=2, verbose=0, callbacks=[schedule]
    )

    np.testing.assert_allclose([0.1, 0.05], past.history["lr"], rtol=1e-6)


def test_training_ends_at_a_loss_that_is_no_number(tongue, data):
    x, y = data
    x = np.where(np.arange(50)[:, None] == 20, 1e38, x)  # overflows in the product
    batches = []
    callbacks = [
        tongue.get("callbacks", "LambdaCallback")(
            on_batch_end=lambda batch, logs: batches.append(batch)
        ),
        tongue.get("callbacks", "TerminateOnNaN")(),
    ]
    model = tongue.model(kernel_initializer=keras.initializers.Constant(100.0))
    tongue.call(
        model, "fit", x, y, batch_size=10, epochs=3, shuffle=False, verbose=0,
        callbacks=callbacks,
    )  # fmt: skip

    # Row 20 is in the third batch.
    assert [0, 1, 2] == batches
