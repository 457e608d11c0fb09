"""Averages over an epoch, histories, and the lines of a CSV file."""

import numpy as np
import pytest

from cthulhu import callbacks
from cthulhu.callbacks import LogNames


def test_losses_are_averaged_by_size_and_metrics_taken_as_they_are():
    logger = callbacks.BaseLogger(stateful_metrics=["mae"])
    logger.set_params({"metrics": ["loss", "mae", "val_loss"]})
    logs = {"val_loss": 9.0}

    logger.on_epoch_begin(0)
    logger.on_batch_end(0, {"batch": 0, "size": 4, "loss": 14.0, "mae": 3.0})
    logger.on_batch_end(1, {"batch": 1, "size": 4, "loss": 126.0, "mae": 7.0})
    logger.on_batch_end(2, {"batch": 2, "size": 2, "loss": 290.0, "mae": 9.0})
    logger.on_epoch_end(0, logs)

    # (4 * 14 + 4 * 126 + 2 * 290) / 10
    assert list(logs.items()) == [("val_loss", 9.0), ("loss", 114.0), ("mae", 9.0)]


def test_float32_losses_are_summed_in_double_precision():
    logger = callbacks.BaseLogger()
    logger.set_params({"metrics": ["loss"]})
    logs = {}

    logger.on_epoch_begin(0)
    logger.on_batch_end(0, {"size": 1, "loss": np.float32(2**24)})
    logger.on_batch_end(1, {"size": 1, "loss": np.float32(1)})
    logger.on_epoch_end(0, logs)

    assert logs["loss"] == (2**24 + 1) / 2


def test_a_history_begins_anew_with_each_fit():
    history = callbacks.History()
    for _ in range(2):
        history.on_train_begin({})
        history.on_epoch_end(3, {"loss": 2.0})
        history.on_epoch_end(4, {"loss": 1.0, "val_loss": 5.0})

    assert history.epoch == [3, 4]
    assert history.history == {"loss": [2.0, 1.0], "val_loss": [5.0]}


@pytest.fixture
def log(tmp_path):
    """Write some epochs; returns the lines of the file."""
    path = tmp_path / "runs" / "log.csv"

    def log(logger, *epochs, known=(), first=0):
        logger.check_logs(LogNames(tuple(known)))
        logger.on_train_begin({})
        for epoch, logs in enumerate(epochs, first):
            logger.on_epoch_end(epoch, logs)
        logger.on_train_end({})
        return path.read_bytes().decode().split("\r\n")[:-1]

    log.path = path
    return log


def test_names_known_beforehand_are_columns_from_the_start(log):
    lines = log(
        callbacks.CSVLogger(log.path),
        {"loss": 0.5},
        {"loss": 0.25, "val_loss": 0.75},
        known=["loss", "val_loss"],
    )

    assert lines == ["epoch,loss,val_loss", "0,0.5,NA", "1,0.25,0.75"]


def test_the_columns_of_one_fit_are_not_those_of_the_next(log):
    logger = callbacks.CSVLogger(log.path)
    log(logger, {"loss": 1.0, "acc": 0.5})

    assert log(logger, {"mae": 2.0}) == ["epoch,mae", "0,2.0"]


def test_appending_keeps_to_the_columns_of_the_file(log):
    log(callbacks.CSVLogger(log.path), {"acc": 0.5, "loss": 1.0})

    lines = log(callbacks.CSVLogger(log.path, append=True), {"loss": 0.5}, first=1)

    assert lines == ["epoch,acc,loss", "0,0.5,1.0", "1,NA,0.5"]


def test_a_name_that_comes_too_late_is_told_of_once(log):
    logger = callbacks.CSVLogger(log.path)

    with pytest.warns(RuntimeWarning, match="leaves out `lr`") as told:
        log(logger, {"loss": 1.0}, {"loss": 1.0, "lr": 2.0}, {"loss": 1.0, "lr": 2.0})

    assert len(told) == 1


def test_numbers_of_numpy_are_written_as_numbers(log):
    lines = log(
        callbacks.CSVLogger(log.path, separator=";"),
        {"a": np.float32(0.1), "b": np.float64(0.1), "c": np.array(2.5), "d": [1, 2]},
    )

    assert lines == ["epoch;a;b;c;d", '0;0.1;0.1;2.5;"""[1, 2]"""']


def test_every_line_is_in_the_file_as_soon_as_its_epoch_ends(log):
    logger = callbacks.CSVLogger(log.path)

    logger.on_train_begin({})
    logger.on_epoch_end(0, {"loss": 1.0})
    assert log.path.read_bytes() == b"epoch,loss\r\n0,1.0\r\n"

    logger.on_exception(ValueError())  # and nothing is left open
    log.path.unlink()


def test_a_continued_run_leaves_the_file_of_a_run_never_killed(log):
    killed = callbacks.CSVLogger(log.path)
    killed.on_train_begin({})
    killed.on_epoch_end(0, {"loss": 1.0})
    stored = killed.state_dict()
    killed.on_epoch_end(1, {"loss": 0.5})  # after the snapshot, before the kill

    again = callbacks.CSVLogger(log.path)
    again.load_state_dict(stored)

    lines = log(again, {"loss": 0.5}, {"loss": 0.25}, first=1)
    assert lines == ["epoch,loss", "0,1.0", "1,0.5", "2,0.25"]
