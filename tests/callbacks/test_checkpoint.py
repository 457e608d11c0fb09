"""When a model is saved, and under which name."""

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
    monkeypatch.setattr(os, "access", lambda p, mode: False)
    with pytest.raises(PermissionError, match="The folder .* is read-only"):
        train(callbacks.ModelCheckpoint("new.h5"), {"loss": 1.0}, known=["loss"])
