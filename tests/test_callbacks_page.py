"""The manual's page on callbacks, example by example, in both vocabularies."""

import ast
import csv
import http.server
import inspect
import json
import threading
import urllib.parse

import numpy as np
import pytest

import cthulhu
from cthulhu import keras, vocabulary

CTHULHU = {
    "Sequential": "Pile",
    "Dense": "Daoloth",
    "Activation": "Azatoth",
    "ModelCheckpoint": "LumpCheckpoint",
    "LambdaCallback": "LuKthuCallback",
    "compile": "conjure",
    "fit": "summon",
}


# The entries of the manual's page in three of its versions, as they stand there.
PAGES = {
    "2.3": """Callback()
        BaseLogger(stateful_metrics=None)
        TerminateOnNaN()
        ProgbarLogger(count_mode='samples', stateful_metrics=None)
        History()
        ModelCheckpoint(filepath, monitor='val_loss', verbose=0, save_best_only=False, \
save_weights_only=False, mode='auto', period=1)
        EarlyStopping(monitor='val_loss', min_delta=0, patience=0, verbose=0, \
mode='auto', baseline=None, restore_best_weights=False)
        RemoteMonitor(root='http://localhost:9000', path='/publish/epoch/end/', \
field='data', headers=None, send_as_json=False)
        LearningRateScheduler(schedule, verbose=0)
        ReduceLROnPlateau(monitor='val_loss', factor=0.1, patience=10, verbose=0, \
mode='auto', min_delta=0.0001, cooldown=0, min_lr=0)
        CSVLogger(filename, separator=',', append=False)
        LambdaCallback(on_epoch_begin=None, on_epoch_end=None, on_batch_begin=None, \
on_batch_end=None, on_train_begin=None, on_train_end=None)
        TensorBoard(log_dir='./logs', histogram_freq=0, write_graph=True, \
write_grads=False, write_images=False, embeddings_freq=0, embeddings_layer_names=None, \
embeddings_metadata=None, embeddings_data=None, update_freq='epoch')""",
    "2.0": """LambdaCallback(on_epoch_begin=None, on_epoch_end=None, \
on_batch_begin=None, on_batch_end=None, on_train_begin=None, on_train_end=None)
        Callback()
        ReduceLROnPlateau(monitor='val_loss', factor=0.1, patience=10, verbose=0, \
mode='auto', epsilon=0.0001, cooldown=0, min_lr=0)
        CSVLogger(filename, separator=',', append=False)
        EarlyStopping(monitor='val_loss', min_delta=0, patience=0, verbose=0, \
mode='auto')
        TerminateOnNaN()
        BaseLogger()
        ProgbarLogger(count_mode='samples')
        History()
        ModelCheckpoint(filepath, monitor='val_loss', verbose=0, save_best_only=False, \
save_weights_only=False, mode='auto', period=1)
        RemoteMonitor(root='http://localhost:9000', path='/publish/epoch/end/', \
field='data', headers=None)
        LearningRateScheduler(schedule)
        TensorBoard(log_dir='./logs', histogram_freq=0, batch_size=32, \
write_graph=True, write_grads=False, write_images=False, embeddings_freq=0, \
embeddings_layer_names=None, embeddings_metadata=None)""",
    "0.1": """Callback()
        ModelCheckpoint(filepath, verbose=0, save_best_only=False)
        EarlyStopping(monitor='val_loss', patience=0, verbose=0)""",
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


@pytest.mark.parametrize(
    "entry", [entry.strip() for page in PAGES.values() for entry in page.split("\n")]
)
def test_each_entry_of_the_page_has_its_arguments_and_defaults(tongue, entry):
    call = ast.parse(entry, mode="eval").body
    needed = [argument.id for argument in call.args]
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    given = vocabulary.translate(call.func.id, given)
    parameters = inspect.signature(tongue.get("callbacks", call.func.id)).parameters
    by_name = [p for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]

    assert [p.name for p in by_name if p.default is p.empty] == needed
    assert given == {name: parameters[name].default for name in given}


def test_events_are_streamed_to_a_server(tongue, data):
    events = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            events.append(
                (self.path, json.loads(urllib.parse.parse_qs(body)["data"][0]))
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monitor = tongue.get("callbacks", "RemoteMonitor")(
            f"http://127.0.0.1:{server.server_port}"
        )
        past = tongue.call(
            tongue.model(), "fit", *data, epochs=2, verbose=0, callbacks=[monitor]
        )
        server.shutdown()
        thread.join()

    assert [path for path, _ in events] == ["/publish/epoch/end/"] * 2
    assert [event for _, event in events] == [
        {"epoch": epoch, "loss": loss}
        for epoch, loss in enumerate(past.history["loss"])
    ]
    assert monitor.dropped == []


def test_the_shortest_page_s_calls_mean_what_they_say_there(
    tongue, data, tmp_path, capsys
):
    path = str(tmp_path / "weights.hdf5")
    checkpointer = tongue.get("callbacks", "ModelCheckpoint")(path, 1, True)
    stopping = tongue.get("callbacks", "EarlyStopping")(
        "val_loss", patience=2, verbose=1
    )
    tongue.call(
        tongue.model(), "fit", *data, epochs=2, verbose=0, validation_data=data,
        callbacks=[checkpointer, stopping],
    )  # fmt: skip

    assert (tmp_path / "weights.hdf5").exists()
    assert "val_loss improved from inf to" in capsys.readouterr().out
