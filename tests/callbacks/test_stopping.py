"""Training stops when nothing improves, and the best weights are there in the end."""

import numpy as np
import pytest

from cthulhu import callbacks, config


@pytest.fixture
def train(stub):
    """Report a list of losses, the weight being the epoch; returns the epochs run."""

    def train(stopping, losses):
        model = stub.Model()
        stopping.set_model(model)
        stopping.on_train_begin({})
        epochs = 0
        for epoch, loss in enumerate(losses):
            model.weight = epoch
            stopping.on_epoch_end(epoch, {"loss": loss})
            epochs += 1
            if model.stop_training:
                break
        stopping.on_train_end({})
        return epochs, model.weight

    return train


@pytest.mark.parametrize(
    "generation, epochs",
    [("2.3", [3, 3, 4, 5]), ("2.1", [3, 3, 4, 5]), ("1", [3, 4, 5, 6])],
)
def test_patience_is_counted_as_the_generation_counts(generation, epochs, train):
    config.set_generation(generation)
    losses = [5, 4, 4, 4, 4, 4, 4]

    ran = [train(callbacks.EarlyStopping("loss", patience=p), losses) for p in range(4)]

    assert [n for n, _ in ran] == epochs


@pytest.mark.parametrize(
    "losses, weight",
    [
        ([5, 4, 6, 7, 8], 1),  # stopped by patience
        ([5, 4, 6], 1),  # ended before that
        ([5, 4, 3], 2),  # the last epoch is the best
        ([np.nan, np.nan], 1),  # no best at all: as they are
    ],
)
def test_the_best_weights_are_restored_however_training_ends(losses, weight, train):
    stopping = callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)

    assert train(stopping, losses)[1] == weight


def test_an_epoch_that_says_nothing_is_not_the_best(stub):
    stopping = callbacks.EarlyStopping("val_loss", restore_best_weights=True)
    together = callbacks.CallbackList(stopping)
    together.set_model(stub.Model())
    together.set_params(stub.params(2, ["loss", "val_loss"], validation=True))

    together.on_train_begin()
    for epoch, logs in enumerate([{"val_loss": 1.0}, {"loss": 0.5}]):
        together.model.weight = epoch
        together.on_epoch_end(epoch, logs)
    together.on_train_end()

    assert together.model.weight == 0


def test_weights_short_of_the_baseline_are_restored_too(train):
    stopping = callbacks.EarlyStopping(
        "loss", baseline=1.0, patience=3, restore_best_weights=True
    )

    assert train(stopping, [5, 4, 6, 7]) == (3, 1)


def test_best_weights_do_not_leak_into_the_next_fit(train):
    stopping = callbacks.EarlyStopping("loss", restore_best_weights=True, patience=9)
    train(stopping, [1, 2])

    assert train(stopping, [7, 6, 8]) == (3, 1)


def test_a_killed_run_goes_on_waiting(stub):
    first = callbacks.EarlyStopping("loss", patience=2)
    first.set_model(stub.Model())
    first.on_train_begin({})
    first.on_epoch_end(0, {"loss": 1.0})
    first.on_epoch_end(1, {"loss": 2.0})

    second = callbacks.EarlyStopping("loss", patience=2)
    second.set_model(stub.Model())
    second.load_state_dict(first.state_dict())
    second.on_train_begin({})
    second.on_epoch_end(2, {"loss": 1.5})

    assert second.model.stop_training
    assert second.stopped_epoch == 2


@pytest.mark.parametrize("loss", [np.nan, np.inf, np.float32("-inf"), np.array(np.nan)])
def test_a_loss_that_is_no_number_stops_training(loss, stub, capsys):
    guard = callbacks.TerminateOnNaN()
    guard.set_model(stub.Model())

    guard.on_batch_end(0, {"loss": 3.0})
    assert not guard.model.stop_training
    guard.on_batch_end(1, {"loss": loss})

    assert guard.model.stop_training
    assert capsys.readouterr().out == "Batch 1: Invalid loss, terminating training\n"
