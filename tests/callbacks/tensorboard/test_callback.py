"""TensorBoard: what is written, at which step, into which run."""

import inspect
import pickle
import sys

import numpy as np
import pytest

from cthulhu import errors
from cthulhu.callbacks import Callback, LambdaCallback, TensorBoard
from cthulhu.keras.layers import Dense
from cthulhu.keras.models import Sequential
from cthulhu.training.loop import Run

# Ten samples with outputs of zero: in batches of four the mean squares of 0, 2, ..., 18
# are 14, 126 and 290, of all ten 114, and of the first five 24.
X = np.ones((10, 1), "float32")
Y = np.arange(0, 20, 2).astype("float32")[:, None]
FIRST = (X[:5], Y[:5])


def zero_model(**options):
    model = Sequential([Dense(1, input_dim=1, kernel_initializer="zeros")])
    model.compile("sgd", "mse", **options)
    model.optimizer.lr = 0.0
    return model


def fit(model, *callbacks, epochs=1, **options):
    options = {"batch_size": 4, "shuffle": False, "verbose": 0} | options
    return model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **options)


@pytest.fixture(scope="module")
def model():
    return zero_model(metrics=["mae"])


def test_the_arguments_stand_in_the_order_of_keras_2_3_with_its_defaults():
    expected = {
        "log_dir": "./logs",
        "histogram_freq": 0,
        "batch_size": 32,
        "write_graph": True,
        "write_grads": False,
        "write_images": False,
        "embeddings_freq": 0,
        "embeddings_layer_names": None,
        "embeddings_metadata": None,
        "embeddings_data": None,
        "update_freq": "epoch",
    }
    arguments = list(inspect.signature(TensorBoard).parameters.values())

    assert list(expected) == [a.name for a in arguments[:11]]
    assert expected == {a.name: a.default for a in arguments[:11]}


def test_training_and_validation_are_two_runs_with_the_same_tags(
    model, tmp_path, scalars
):
    fit(model, TensorBoard(tmp_path), epochs=2, validation_data=FIRST)

    # mean of |0|, |2|, ..., |18| is 9, of the first five 4
    assert {
        "loss": [(0, 114.0), (1, 114.0)],
        "mae": [(0, 9.0), (1, 9.0)],
    } == scalars(tmp_path / "train")
    assert {
        "loss": [(0, 24.0), (1, 24.0)],
        "mae": [(0, 4.0), (1, 4.0)],
    } == scalars(tmp_path / "validation")


def test_the_flat_layout_is_that_of_keras_2_3(model, tmp_path, scalars):
    board = TensorBoard(tmp_path, flat=True)
    fit(model, board, epochs=1, validation_data=FIRST)

    assert {
        "val_loss": [(0, 24.0)],
        "val_mae": [(0, 4.0)],
        "loss": [(0, 114.0)],
        "mae": [(0, 9.0)],
    } == scalars(tmp_path)
    assert 1 == len(list(tmp_path.iterdir()))


def test_a_number_as_update_freq_counts_samples_and_carries_the_rest(
    model, tmp_path, scalars
):
    fit(model, TensorBoard(tmp_path, update_freq=5), epochs=2)

    # after 8, 14 and 20 samples, and after each epoch
    assert [(8, 126.0), (10, 114.0), (14, 14.0), (20, 290.0), (20, 114.0)] == scalars(
        tmp_path / "train"
    )["loss"]


def test_every_batch_is_written_without_a_look_at_the_model(
    model, tmp_path, scalars, monkeypatch
):
    looks = []
    monkeypatch.setattr(Run, "_settle", lambda self: looks.append(self.position))
    fit(model, TensorBoard(tmp_path, update_freq="batch"))

    assert [(4, 14.0), (8, 126.0), (10, 290.0), (10, 114.0)] == scalars(
        tmp_path / "train"
    )["loss"]
    assert not looks


def test_steps_go_on_over_several_fits(model, tmp_path, scalars):
    board = TensorBoard(tmp_path)
    samples = TensorBoard(tmp_path / "samples", update_freq=10)
    fit(model, board, samples, epochs=2)
    fit(model, board, samples, epochs=2)
    fit(model, board, samples, epochs=7, initial_epoch=6)  # says itself where it is

    assert [0, 1, 2, 3, 6] == [s for s, _ in scalars(tmp_path / "train")["loss"]]
    assert [10, 10, 20, 20, 30, 30, 40, 40, 50, 50] == [
        s for s, _ in scalars(tmp_path / "samples" / "train")["loss"]
    ]


def plain(events):
    """Events without their times."""
    return [(e.step, e.summary.SerializeToString(), e.graph_def) for e in events]


def test_a_killed_run_that_is_continued_leaves_the_files_of_one_never_killed(
    model, tmp_path, events
):
    def board(name):
        return TensorBoard(tmp_path / name, update_freq="batch", hparams=False)

    fit(model, board("whole"), epochs=3, validation_data=FIRST)

    first, kept = board("killed"), []

    def snapshot_then_die(batch, logs):
        if batch == 0 and len(kept) == 1:
            raise KeyboardInterrupt  # in the second epoch, after a batch was written

    killer = LambdaCallback(
        on_epoch_end=lambda epoch, logs: kept.append(pickle.dumps(first.state_dict())),
        on_batch_end=snapshot_then_die,
    )
    with pytest.raises(KeyboardInterrupt):
        fit(model, first, killer, epochs=3, validation_data=FIRST)
    again = board("killed")
    again.load_state_dict(pickle.loads(kept[0]))
    fit(model, again, epochs=3, initial_epoch=1, validation_data=FIRST)

    for run in ("train", "validation"):
        whole = plain(events(tmp_path / "whole" / run))
        assert whole == plain(events(tmp_path / "killed" / run))
        assert 1 == len(list((tmp_path / "killed" / run).iterdir()))
    assert 2 + 3 * 4 == len(plain(events(tmp_path / "whole" / "train")))


def test_files_are_complete_after_each_epoch_and_closed_after_an_exception(
    model, tmp_path, scalars
):
    board, seen = TensorBoard(tmp_path), []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(len(scalars(tmp_path / "train")["loss"]))
            files.extend(board._files.values())
            if epoch == 1:
                raise RuntimeError("enough")

    files = []
    with pytest.raises(RuntimeError, match="enough"):
        fit(model, board, Look(), epochs=5)

    assert [1, 2] == seen
    assert all(file._file.closed for file in files)


def test_steps_per_second_is_the_steps_of_an_epoch_by_its_time(
    model, tmp_path, monkeypatch, scalars
):
    clock = iter([10.0, 10.5])  # three steps in half a second
    module = sys.modules["cthulhu.callbacks.tensorboard.callback"]
    board = TensorBoard(tmp_path, write_steps_per_second=True)
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    board.set_model(model)
    board.set_params({})
    board.on_train_begin({})
    board.on_epoch_begin(0, {})
    for batch in range(3):
        board.on_batch_end(batch, {"size": 4, "loss": 1.0})
    board.on_epoch_end(0, {"loss": 1.0})
    board.on_train_end({})

    assert [(0, 6.0)] == scalars(tmp_path / "train")["steps_per_second"]


def test_what_other_callbacks_report_is_written_and_what_is_no_number_is_not(
    model, tmp_path, scalars
):
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs.update(lr=np.float32(0.5), many=np.arange(3), word="x", one=[2])

    fit(model, Adds(), TensorBoard(tmp_path))

    assert {"loss", "mae", "lr", "one"} == set(scalars(tmp_path / "train"))
    assert [(0, 0.5)] == scalars(tmp_path / "train")["lr"]


def test_the_orders_of_keras_1_and_of_today_are_told_by_a_bool_in_third_place():
    first = TensorBoard("a", 2, False, True)
    today = TensorBoard("a", 2, False, True, True, 7)
    second = TensorBoard("a", 2, 64, False, True, True)

    assert (32, False, True) == (
        first.batch_size,
        first.write_graph,
        first.write_images,
    )
    assert (7, True) == (today.update_freq, today.write_steps_per_second)
    assert (64, False, True, True) == (
        second.batch_size,
        second.write_graph,
        second.write_grads,
        second.write_images,
    )
    assert 32 == TensorBoard(batch_size=None).batch_size
    with pytest.raises(TypeError, match="`write_graph` twice"):
        TensorBoard("a", 2, False, write_graph=True)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"update_freq": "epochs"}, ValueError, "Did you mean `epoch`"),
        ({"update_freq": 0}, ValueError, "at least 1"),
        ({"update_freq": 2.5}, TypeError, "whole number"),
        ({"histogram_freq": -1}, ValueError, "at least 0"),
        ({"embeddings_freq": "often"}, TypeError, "whole number"),
        ({"batch_size": 0}, ValueError, "at least 1"),
        ({"profile_batch": (3, 2)}, ValueError, r"Received: \(3, 2\)"),
        ({"profile_batch": "soon"}, ValueError, "number of a batch"),
        ({"histogram": 1}, TypeError, "Did you mean `histogram_freq`"),
    ],
)
def test_nonsense_is_refused_when_it_is_said(arguments, error, words):
    with pytest.raises(error, match=words):
        TensorBoard(**arguments)


def refused(model, board, **options):
    """The error that comes before the first step."""
    steps = []
    watch = LambdaCallback(on_batch_begin=lambda batch, logs: steps.append(batch))
    with pytest.raises(Exception) as caught:  # noqa: PT011
        fit(model, board, watch, **options)
    assert not steps
    return caught.value


def test_a_folder_that_cannot_be_written_is_refused_before_the_first_step(
    model, tmp_path
):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    error = refused(model, TensorBoard(in_the_way / "logs"))
    assert isinstance(error, NotADirectoryError)
    assert f"`{in_the_way}` is a file" in str(error)
    error = refused(model, TensorBoard("gs://bucket/logs"))
    assert "folders of this machine" in str(error)


def test_gradients_without_validation_arrays_are_refused(model, tmp_path):
    def board():
        return TensorBoard(tmp_path, histogram_freq=1, write_grads=True)

    def batches():
        while True:
            yield FIRST

    error = refused(model, board())
    assert "no validation is configured" in str(error)
    error = refused(model, board(), validation_data=batches(), validation_steps=1)
    assert "validation data that are no arrays" in str(error)


def test_a_machine_without_the_extra_is_told_its_name(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)

    error = refused(model, TensorBoard(tmp_path))

    assert isinstance(error, errors.MissingExtra)
    assert "pip install 'cthulhu[tensorboard]'" in str(error)


def test_tensorflow_is_not_loaded_even_where_it_is(tmp_path):
    import subprocess

    (tmp_path / "tensorflow.py").write_text("raise SystemExit('loaded')")
    code = (
        "import numpy as np\n"
        "from cthulhu.callbacks import CallbackList, TensorBoard\n"
        f"board = TensorBoard({str(tmp_path / 'logs')!r})\n"
        "board.on_train_begin({}); board.on_epoch_begin(0, {})\n"
        "board.on_epoch_end(0, {'loss': 1.0}); board.on_train_end({})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert 1 == len(list((tmp_path / "logs" / "train").iterdir()))


def test_hyper_parameters_are_those_of_the_run_and_the_user(model, tmp_path, events):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    board = TensorBoard(tmp_path, hparams={"dropout": np.float32(0.1), "deep": True})
    fit(model, board)
    start, end = (
        HParamsPluginData.FromString(value.metadata.plugin_data.content)
        for event in events(tmp_path)
        for value in event.summary.value
    )
    found = {
        name: getattr(value, value.WhichOneof("kind"))
        for name, value in start.session_start_info.hparams.items()
    }

    assert {
        "optimizer": "SGD",
        "learning_rate": 0.0,
        "momentum": 0.0,
        "nesterov": False,
        "decay": 0.0,
        "loss": "mse",
        "batch_size": 4.0,
        "epochs": 1.0,
        "samples": 10.0,
        "dropout": 0.1,
        "deep": True,
    } == found
    assert 1 == end.session_end_info.status  # success
    error = refused(model, TensorBoard(tmp_path, hparams={"shape": (1, 2)}))
    assert "`shape`" in str(error)


def test_the_profiler_records_the_steps_that_are_asked_for(model, tmp_path):
    fit(model, TensorBoard(tmp_path, profile_batch=(2, 3)))

    assert list(tmp_path.glob("train/plugins/profile/*/*.xplane.pb"))
