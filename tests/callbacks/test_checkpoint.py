"""When a model is saved, and under which name."""

import datetime
import math
import os

import pytest

from cthulhu import callbacks, config, errors


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def train(stub):
    """Report a list of logs; returns the paths that were saved to."""

    def train(checkpoint, *epochs, known=None):
        together = callbacks.CallbackList(checkpoint)
        together.set_model(stub.Model())
        if known is not None:
            together.set_params(stub.params(len(epochs), known, validation=True))
        together.on_train_begin({})
        for epoch, logs in enumerate(epochs):
            together.on_epoch_begin(epoch, {})
            together.on_epoch_end(epoch, logs)
        return [save["path"] for save in together.model.saves]

    return train


@pytest.mark.parametrize("path", ["m.hdf5", "m.h5", "m.keras", "m.weights", "m"])
def test_any_ending_will_do(path, train):
    assert train(callbacks.ModelCheckpoint(path), {}) == [path]


def test_a_path_object_and_missing_folders_will_do(train, tmp_path):
    path = tmp_path / "a" / "b" / "m.h5"

    assert train(callbacks.ModelCheckpoint(path), {}) == [str(path)]
    assert path.exists()


def test_a_folder_may_have_the_epoch_in_its_name(train):
    checkpoint = callbacks.ModelCheckpoint("e{epoch}/m.h5")

    assert train(checkpoint, {}, {}) == ["e1/m.h5", "e2/m.h5"]


@pytest.mark.parametrize(
    "generation, first", [("1", "m0"), ("2.1", "m1"), ("2.3", "m1")]
)
def test_epochs_are_counted_as_the_generation_counts(generation, first, train):
    config.set_generation(generation)

    assert train(callbacks.ModelCheckpoint("m{epoch}"), {}) == [first]


@pytest.mark.parametrize("asked", ["acc", "accuracy"])
@pytest.mark.parametrize("reported", ["acc", "accuracy"])
def test_a_file_name_may_spell_accuracy_either_way(asked, reported, train):
    checkpoint = callbacks.ModelCheckpoint(f"m-{{{asked}:.2f}}")

    assert train(checkpoint, {reported: 0.5}, known=["loss", reported]) == ["m-0.50"]


def test_a_name_that_nothing_reports_is_refused_before_training(train):
    checkpoint = callbacks.ModelCheckpoint("m-{epoch}-{val_los:.2f}")

    with pytest.raises(errors.UnknownName, match=r"`filepath` .*`val_los`.*`val_loss`"):
        train(checkpoint, {}, known=["loss", "val_loss"])


def test_an_epoch_that_lacks_an_announced_name_is_not_saved(train):
    checkpoint = callbacks.ModelCheckpoint("m-{val_loss}")
    known = ["loss", "val_loss"]

    assert train(checkpoint, {}, {"val_loss": 2}, known=known) == ["m-2"]


def test_driven_by_hand_a_missing_name_is_a_key_error(train):
    with pytest.raises(KeyError, match=r"`val_los` is not in the logs.*`val_loss`"):
        train(callbacks.ModelCheckpoint("m-{val_los}"), {"val_loss": 2})


def test_only_strictly_better_is_saved(train):
    checkpoint = callbacks.ModelCheckpoint("m{epoch}", "loss", save_best_only=True)

    assert train(checkpoint, {"loss": 2}, {"loss": 2}, {"loss": 1}) == ["m1", "m3"]


def test_a_first_save_can_be_made_to_beat_a_value(train):
    checkpoint = callbacks.ModelCheckpoint(
        "m{epoch}", "loss", save_best_only=True, initial_value_threshold=1.5
    )

    assert train(checkpoint, {"loss": 2}, {"loss": 1}) == ["m2"]


def test_the_best_of_one_fit_is_not_that_of_the_next(train):
    checkpoint = callbacks.ModelCheckpoint("m{epoch}", "loss", save_best_only=True)
    train(checkpoint, {"loss": 1})

    assert train(checkpoint, {"loss": 2}) == ["m1"]


def test_batches_can_be_counted_instead_of_epochs(stub):
    checkpoint = callbacks.ModelCheckpoint("m{epoch}-{batch}", save_freq=2)
    together = callbacks.CallbackList(checkpoint)
    together.set_model(stub.Model())
    together.set_params(stub.params())

    assert together.wants_train_batches
    stub.run(together, epochs=2, batches=3)

    saved = [save["path"] for save in together.model.saves]
    assert saved == ["m1-2", "m2-1", "m2-3"]  # after steps 2, 4 and 6


def test_an_unknown_frequency_is_refused():
    with pytest.raises(ValueError, match="Unknown `save_freq`. Received: 'batch'"):
        callbacks.ModelCheckpoint("m", save_freq="batch")


@pytest.mark.parametrize(
    "path, words",
    [
        ("w.{epoch:02x.h5", "cannot be filled in.*unmatched"),
        ("w.{}.h5", "a field without a name"),
        ("w.{0}.h5", "a field without a name"),
        ("w.{loss:02d}.h5", "code 'd' for object of type 'float'"),
    ],
)
def test_a_path_that_cannot_be_filled_in_is_refused_at_once(path, words, train):
    with pytest.raises(ValueError, match=words):
        train(callbacks.ModelCheckpoint(path), {"loss": 1.0}, known=["loss"])


@pytest.mark.parametrize("name", ["w.h5", "w.{epoch}.h5", "sub/w.h5"])
def test_a_folder_that_is_a_file_is_refused_and_nothing_is_made(name, train, tmp_path):
    (tmp_path / "here").write_text("")
    first = callbacks.CSVLogger("log.csv")
    checkpoint = callbacks.ModelCheckpoint(f"here/{name}")

    with pytest.raises(NotADirectoryError, match="`.*here` is a file. Expected: a fol"):
        train([first, checkpoint], {"loss": 1.0}, known=["loss"])
    assert ["here"] == [path.name for path in tmp_path.iterdir()]


def test_a_path_that_is_a_folder_is_refused_before_training(train, tmp_path):
    (tmp_path / "w.h5").mkdir()

    with pytest.raises(IsADirectoryError, match="ModelCheckpoint cannot write"):
        train(callbacks.ModelCheckpoint("w.h5"), {"loss": 1.0}, known=["loss"])


def test_what_is_read_only_is_refused_before_training(train, tmp_path, monkeypatch):
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: mode != os.W_OK and allowed(p, 0))
    (tmp_path / "w.h5").write_text("")

    with pytest.raises(PermissionError, match="is read-only"):
        train(callbacks.ModelCheckpoint("w.h5"), {"loss": 1.0}, known=["loss"])


@pytest.fixture
def kept(train, tmp_path):
    """Names of the files that are there after epochs with these losses."""

    def kept(losses, **arguments):
        checkpoint = callbacks.ModelCheckpoint("m{epoch}", "loss", **arguments)
        train(checkpoint, *({"loss": x} for x in losses), known=["loss"])
        return sorted(path.name for path in tmp_path.iterdir())

    return kept


@pytest.mark.parametrize(
    "losses, most, files",
    [
        ([5, 3, 4, 2, 6], 2, ["m2", "m4", "m5"]),  # 3 and 2; and the last
        ([5, 3, 4, 2, 1], 2, ["m4", "m5"]),  # the last is one of the best
        ([5, 3, 3, 3], 1, ["m2", "m4"]),  # of equals the first
        ([math.nan, 9, math.nan], 1, ["m2", "m3"]),
        ([5, 3], 9, ["m1", "m2"]),
    ],
)
def test_the_best_files_and_the_last_are_kept(losses, most, files, kept):
    assert kept(losses, keep=most) == files


def test_the_best_are_the_largest_where_more_is_better(kept):
    assert kept([1, 3, 2, 0], keep=1, mode="max") == ["m2", "m4"]


def test_only_files_of_its_own_run_are_removed(kept, tmp_path):
    (tmp_path / "m9").write_text("")
    assert kept([4, 3, 2], keep=1) == ["m3", "m9"]

    assert kept([2, 1], keep=1) == ["m2", "m3", "m9"]  # m3 is another run's


def test_a_file_that_is_written_again_counts_once(train, tmp_path):
    checkpoint = callbacks.ModelCheckpoint("m{loss}", "loss", keep=2)
    epochs = [{"loss": loss} for loss in (1, 2, 1, 3)]
    train(checkpoint, *epochs, known=["loss"])

    assert [["m2", 2], ["m1", 1], ["m3", 3]] == checkpoint.saved
    assert {"m1", "m2", "m3"} == {path.name for path in tmp_path.iterdir()}


def test_of_files_without_a_value_the_newest_are_kept(train, tmp_path):
    checkpoint = callbacks.ModelCheckpoint("m{epoch}", keep=2)
    epochs = [{"val_loss": 1}, {}, {}, {}]
    train(checkpoint, *epochs, known=["loss", "val_loss"])

    assert {"m1", "m4"} == {path.name for path in tmp_path.iterdir()}


def test_a_file_that_somebody_else_removed_is_no_loss(train, tmp_path):
    checkpoint = callbacks.ModelCheckpoint("m{epoch}", "loss", keep=1)
    remove = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: os.remove("m1") if epoch == 0 else None
    )
    train([checkpoint, remove], *({"loss": x} for x in (3, 2, 1)), known=["loss"])

    assert {"m3"} == {path.name for path in tmp_path.iterdir()}


def test_a_file_that_cannot_be_removed_stays_with_a_warning(train, monkeypatch):
    def refuse(path):
        raise PermissionError(f"not {path}")

    monkeypatch.setattr(os, "remove", refuse)
    checkpoint = callbacks.ModelCheckpoint("m{epoch}", "loss", keep=1)

    with pytest.warns(RuntimeWarning, match="`m1` is not needed any more, but stays"):
        train(checkpoint, {"loss": 2}, {"loss": 1}, known=["loss"])


@pytest.mark.parametrize(
    "latest, link", [(True, "runs/latest.h5"), ("here/now", "here/now")]
)
def test_a_link_points_to_the_file_that_was_written_last(latest, link, train, tmp_path):
    (tmp_path / "here").mkdir()
    checkpoint = callbacks.ModelCheckpoint("runs/{epoch}.h5", latest=latest)
    seen = []
    look = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(os.path.realpath(link))
    )
    train([checkpoint, look], {}, {})

    assert [str(tmp_path / "runs" / f"{n}.h5") for n in (1, 2)] == seen
    assert not os.path.isabs(os.readlink(link))  # the folder can be moved
    assert {"1.h5", "2.h5"} == set(os.listdir("runs")) - {"latest.h5"}


def test_a_link_never_replaces_a_file(train, tmp_path):
    (tmp_path / "latest.h5").write_text("mine")
    checkpoint = callbacks.ModelCheckpoint("{epoch}.h5", latest=True)

    with pytest.raises(FileExistsError, match="cannot put a link at `latest.h5`"):
        train(checkpoint, {"loss": 1.0}, known=["loss"])
    assert (tmp_path / "latest.h5").read_text() == "mine"


def test_where_there_are_no_links_one_warning_says_so(train, monkeypatch):
    def refuse(*paths):
        raise OSError("no links here")

    monkeypatch.setattr(os, "symlink", refuse)
    checkpoint = callbacks.ModelCheckpoint("{epoch}.h5", latest=True)

    with pytest.warns(RuntimeWarning, match="cannot make the link .* no links") as told:
        assert train(checkpoint, {}, {}) == ["1.h5", "2.h5"]
    assert len(told) == 1


@pytest.mark.parametrize("often", ["10min", datetime.timedelta(minutes=10)])
def test_time_can_decide_when_to_save(often, stub):
    now = [0.0]
    checkpoint = callbacks.ModelCheckpoint("m{epoch}-{batch}", save_freq=often)
    checkpoint.clock = lambda: now[0]
    work = callbacks.LambdaCallback(
        on_batch_begin=lambda batch, logs: now.append(now.pop() + 250.0)
    )
    together = callbacks.CallbackList([work, checkpoint])
    together.set_model(stub.Model())
    together.set_params(stub.params())

    stub.run(together, epochs=3, batches=3)

    # After 750 s, 1500 s (750 s later) and 2250 s: steps 3, 6 and 9.
    saved = [save["path"] for save in together.model.saves]
    assert saved == ["m1-3", "m2-3", "m3-3"]


def test_the_time_since_the_last_save_goes_on_in_a_run_that_is_continued(stub):
    first = callbacks.ModelCheckpoint("m", save_freq="10min")
    first.clock = lambda: 5000.0
    first.on_train_begin({})
    first.clock = lambda: 5550.0
    second = callbacks.ModelCheckpoint("m", save_freq="10min")
    second.clock = lambda: 100.0
    second.set_model(stub.Model())
    second.load_state_dict(first.state_dict())
    second.on_train_begin({})

    second.clock = lambda: 149.0
    second.on_batch_end(0, {})
    assert second.model.saves == []
    second.clock = lambda: 150.0
    second.on_batch_end(1, {})
    assert len(second.model.saves) == 1


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"filepath": "m", "keep": 2}, ValueError, "all saves go to one file"),
        ({"keep": 0}, ValueError, "`keep` .* at least 1"),
        ({"keep": True}, TypeError, "`keep` .* whole number"),
        ({"period": 0}, ValueError, "`period` .* at least 1"),
        ({"period": "2"}, TypeError, "Write 2 without quotation marks"),
        ({"save_freq": 0}, ValueError, "`save_freq` .* at least 1"),
        ({"save_freq": "10 miles"}, ValueError, "Unknown `save_freq`"),
        ({"filepath": "m", "latest": "./m"}, ValueError, "is `filepath` itself"),
        ({"filepath": "m", "save_on_sigterm": "m"}, ValueError, "`filepath` itself"),
    ],
)
def test_arguments_that_cannot_work_are_refused_at_once(arguments, error, words):
    with pytest.raises(error, match=words):
        callbacks.ModelCheckpoint(**{"filepath": "m{epoch}", **arguments})


@pytest.mark.parametrize(
    "arguments",
    [
        {"filepath": "m-{val_loss}"},
        {"filepath": "m-{batch}", "save_best_only": True},
    ],
)
def test_batches_that_never_report_what_is_needed_are_refused(arguments, train):
    checkpoint = callbacks.ModelCheckpoint(save_freq=10, **arguments)

    with pytest.raises(ValueError, match="logs of a batch have no `val_loss`.*`loss`"):
        train(checkpoint, {}, known=["loss", "val_loss"])


def test_a_write_that_fails_leaves_all_that_was_there(stub, tmp_path):
    checkpoint = callbacks.ModelCheckpoint(
        "m{epoch}", "loss", save_best_only=True, keep=1, latest=True
    )
    model = stub.Model()
    together = callbacks.CallbackList(checkpoint)
    together.set_model(model)
    together.set_params(stub.params(3, ["loss"]))
    together.on_train_begin({})
    together.on_epoch_end(0, {"loss": 2.0})

    def fail(path, overwrite):
        raise OSError(28, "No space left on device")

    write, model.save = model.save, fail
    with pytest.raises(OSError, match="No space left"):
        together.on_epoch_end(1, {"loss": 1.0})

    assert os.readlink("latest") == "m1" and os.path.exists("m1")
    assert checkpoint.saved == [["m1", 2.0]] and checkpoint.best == 2.0
    model.save = write
    together.on_epoch_end(2, {"loss": 1.5})  # still better than what is on the disk
    assert {"latest", "m3"} == {path.name for path in tmp_path.iterdir()}
