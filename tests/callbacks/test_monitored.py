"""A name that nothing will ever report is refused before anything runs."""

import numpy as np
import pytest

from cthulhu import callbacks, errors
from cthulhu.callbacks import CallbackList, LogNames
from cthulhu.callbacks.monitored import lookup


@pytest.fixture
def begin(stub):
    """Begin a training with some callbacks, on a model with accuracy."""

    def begin(*given, metrics=("loss", "acc"), validation=False, model=None):
        names = [*metrics, *(f"val_{n}" for n in metrics if validation)]
        together = CallbackList(given)
        together.set_model(model or stub.Model())
        together.set_params(stub.params(2, names, validation))
        stub.run(together, epochs=0)
        return together

    return begin


WATCHERS = [
    callbacks.EarlyStopping,
    callbacks.ReduceLROnPlateau,
    lambda name: callbacks.ModelCheckpoint("m.h5", name, save_best_only=True),
]


@pytest.mark.parametrize("watch", WATCHERS)
def test_a_misspelt_monitor_is_refused_with_the_nearest_name(watch, begin):
    with pytest.raises(errors.UnknownName, match=r"Did you mean `val_acc`\?"):
        begin(watch("val_ac"), validation=True)


@pytest.mark.parametrize("watch", [WATCHERS[0], WATCHERS[2]])
def test_a_val_name_without_validation_says_what_is_missing(watch, begin):
    with pytest.raises(ValueError, match="No validation is configured"):
        begin(watch("val_loss"))


@pytest.mark.parametrize("name", ["val_loss", "val_accuracy"])
def test_a_plateau_of_validation_is_not_looked_for_without_validation(
    name, begin, stub
):
    reducing, model = callbacks.ReduceLROnPlateau(name, patience=1), stub.Model(0.5)

    with pytest.warns(RuntimeWarning, match="idle.*no validation is config") as told:
        begin(reducing, model=model)
    for epoch in range(3):
        reducing.on_epoch_end(epoch, {"loss": 1.0, "acc": 0.5})

    assert 1 == len(told)
    assert 0.5 == model.optimizer.lr.numpy()


def test_a_plateau_is_looked_for_again_once_there_is_validation(begin, stub):
    reducing, model = callbacks.ReduceLROnPlateau(patience=1), stub.Model(0.5)
    with pytest.warns(RuntimeWarning, match="idle"):
        begin(reducing, model=model)

    begin(reducing, model=model, validation=True)
    reducing.on_epoch_end(0, {"val_loss": 1.0})
    reducing.on_epoch_end(1, {"val_loss": 1.0})

    assert np.float32(0.05) == model.optimizer.lr.numpy()


def test_only_what_validation_would_bring_makes_a_callback_idle(begin):
    with pytest.raises(errors.UnknownName, match="`val_los`, which this run"):
        begin(callbacks.ReduceLROnPlateau("val_los"))
    with pytest.raises(errors.UnknownName, match=r"Did you mean `loss`\?"):
        begin(callbacks.ReduceLROnPlateau("los"))


def test_a_refusal_leaves_every_file_as_it_was(begin, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("precious")

    with pytest.raises(ValueError, match="EarlyStopping has the monitor `lost`"):
        begin(callbacks.CSVLogger(log), callbacks.EarlyStopping("lost"))

    assert log.read_text() == "precious"


@pytest.mark.parametrize("name", ["val_acc", "val_accuracy"])
@pytest.mark.parametrize("reported", ["acc", "accuracy"])
def test_both_spellings_of_accuracy_are_one_name(name, reported, begin, stub):
    stopping = callbacks.EarlyStopping(name)
    model = stub.Model()

    begin(stopping, metrics=("loss", reported), validation=True, model=model)
    stopping.on_epoch_end(0, {f"val_{reported}": 0.5})
    assert stopping.best == 0.5
    stopping.on_epoch_end(1, {f"val_{reported}": 0.4})

    assert model.stop_training


def test_lookup_prefers_the_spelling_that_was_asked_for():
    assert lookup({"acc": 1, "accuracy": 2}, "acc") == 1
    assert lookup({"acc": 1, "accuracy": 2}, "accuracy") == 2
    assert lookup({"loss": 1}, "acc") is None


def test_a_name_that_an_earlier_callback_declares_is_known(begin):
    class Score(callbacks.Callback):
        adds_logs = ("f1",)

        def on_epoch_end(self, epoch, logs=None):
            logs["f1"] = 1.0

    begin(Score(), callbacks.EarlyStopping("f1"))
    begin(
        callbacks.ReduceLROnPlateau("loss"), callbacks.EarlyStopping("lr", mode="max")
    )
    with pytest.raises(errors.UnknownName):
        begin(callbacks.EarlyStopping("f1"), Score())  # comes too late
    with pytest.raises(errors.UnknownName):
        begin(Score(), callbacks.EarlyStopping("f2"))


def test_behind_a_callback_that_may_add_names_the_logs_decide(begin):
    class Score(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["f1"] = 1.0

    stopping = callbacks.EarlyStopping("f1")
    begin(Score(), stopping)

    with pytest.warns(RuntimeWarning, match="`f1` which is not available.*: loss,acc"):
        stopping.on_epoch_end(0, {"loss": 1.0, "acc": 0.5})
    assert stopping.wait == 0


def test_a_subclass_of_ours_with_a_body_of_its_own_may_add_names(begin):
    class Scoring(callbacks.EarlyStopping):
        def on_epoch_end(self, epoch, logs=None):
            logs["f1"] = 1.0
            super().on_epoch_end(epoch, logs)

    begin(Scoring("f1"))


def test_an_announced_name_may_be_absent_in_an_epoch(begin):
    stopping = callbacks.EarlyStopping("val_loss")
    begin(stopping, validation=True)

    stopping.on_epoch_end(0, {"loss": 1.0})  # no validation, no warning

    assert stopping.wait == 0


def test_a_metric_of_the_model_may_tell_its_direction(begin, stub):
    class Charm:
        name, direction = "charm", "max"

    model = stub.Model()
    model.metrics = [Charm()]
    stopping = callbacks.EarlyStopping("charm", min_delta=0.5)
    begin(stopping, metrics=("charm",), model=model)

    stopping.on_epoch_end(0, {"charm": 1.0})
    stopping.on_epoch_end(1, {"charm": 1.4})

    assert stopping.best == 1.0
    assert stopping.min_delta == 0.5


@pytest.mark.parametrize("watch", WATCHERS)
def test_a_direction_that_nobody_knows_is_asked_for(watch, begin):
    with pytest.raises(ValueError, match='`charm` is better. Say `mode="min"`'):
        begin(watch("charm"), metrics=("charm",))


def test_names_of_validation_are_known_only_if_there_is_one():
    params = {"metrics": ["loss", "val_loss"], "do_validation": False}

    assert LogNames.of(params).names == ("loss",)
    assert LogNames.of({"metrics": ["loss", "val_loss"]}).have("val_loss")
