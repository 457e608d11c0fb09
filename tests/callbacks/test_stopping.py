"""Training stops when nothing improves, and the best weights are there in the end."""

import numpy as np
import pytest

from cthulhu import callbacks, config, layers, models, optimizers


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


def test_the_best_weights_are_restored_after_ctrl_c_in_the_middle_of_an_epoch():
    model = models.Sequential([layers.Dense(1, use_bias=False, input_dim=1)])
    model.compile(optimizers.SGD(0.1), "mse")
    weights = []

    def act(batch, logs):
        weights.append(model.get_weights()[0].item())
        if len(weights) == 4:  # the second batch of the second epoch
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(
            np.ones((4, 1)),
            np.zeros((4, 1)),
            batch_size=2,
            epochs=3,
            verbose=0,
            callbacks=[
                callbacks.LambdaCallback(on_batch_end=act),
                callbacks.EarlyStopping("loss", restore_best_weights=True),
            ],
        )

    # every step takes a fifth of the weight; those of the first epoch's end come back
    assert weights[2] == pytest.approx(0.8 * weights[1])
    assert model.get_weights()[0].item() == weights[1]


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


@pytest.mark.parametrize(
    "arguments, losses, epochs",
    [
        # 1 and 9 do not count: 5 is the best, and 6 and 7 are no better.
        ({"start_from_epoch": 2, "patience": 2}, [1, 9, 5, 6, 7, 8], 5),
        ({"start_from_epoch": 2, "patience": 1}, [9, 8, 7, 6, 5, 4], 6),
        ({"start_from_epoch": 6}, [1, 2, 3], 3),
        ({"patience": 9, "check_finite": True}, [5, np.nan, 4], 2),
        ({"patience": 9, "check_finite": True}, [5, 4, -np.inf, 3], 3),
        ({"patience": 9}, [5, np.nan, 4, np.inf], 4),
        ({"patience": 9, "stopping_threshold": 3}, [5, 4, 3, 2], 3),  # reached
        ({"patience": 9, "stopping_threshold": 3}, [5, np.nan, 2.5, 2], 3),
        ({"patience": 9, "divergence_threshold": 6}, [5, 6, 6.5, 1], 3),  # not at 6
        ({"patience": 9, "divergence_threshold": 6}, [5, np.nan, 7, 1], 3),
        ({"start_from_epoch": 2, "stopping_threshold": 3}, [1, 1, 3, 2], 3),
    ],
)
def test_some_values_stop_at_once_and_some_epochs_do_not_count(
    arguments, losses, epochs, train
):
    assert train(callbacks.EarlyStopping("loss", **arguments), losses)[0] == epochs


def test_a_threshold_of_what_is_maximised_is_reached_from_below(stub):
    stopping = callbacks.EarlyStopping(
        "acc", patience=9, stopping_threshold=0.9, divergence_threshold=0.5
    )
    stopping.set_model(stub.Model())

    stops = []
    for value in (0.8, 0.5, 0.9, 0.4):
        stopping.set_model(stub.Model())
        stopping.on_train_begin({})
        stopping.on_epoch_end(0, {"accuracy": value})
        stops.append((stopping.model.stop_training, stopping.alarm))

    assert stops == [
        (False, None),
        (False, None),
        (True, "`acc` reached 0.9"),
        (True, "`acc` is worse than 0.5"),
    ]


def test_a_stop_at_once_restores_the_best_weights_and_says_why(train, capsys):
    stopping = callbacks.EarlyStopping(
        "loss", patience=9, check_finite=True, restore_best_weights=True, verbose=1
    )

    assert train(stopping, [5, 4, 6, np.nan, 3]) == (4, 1)
    assert capsys.readouterr().out == (
        "Restoring model weights from the end of the best epoch\n"
        "Epoch 00004: early stopping, `loss` is nan\n"
    )


def test_the_first_epoch_can_stop_training_and_says_so(train, capsys):
    stopping = callbacks.EarlyStopping("loss", stopping_threshold=2, verbose=1)

    assert train(stopping, [1, 1])[0] == 1
    assert capsys.readouterr().out == (
        "Epoch 00001: early stopping, `loss` reached 2\n"
    )


def test_weights_of_epochs_that_do_not_count_are_not_the_best(train):
    stopping = callbacks.EarlyStopping(
        "loss", patience=9, start_from_epoch=2, restore_best_weights=True
    )

    assert train(stopping, [1, 1, 5, 6]) == (4, 2)


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"start_from_epoch": -1}, ValueError, "at least 0"),
        ({"start_from_epoch": 1.5}, TypeError, "whole number"),
        ({"stopping_threshold": "0.1"}, TypeError, "`stopping_threshold` .*'0.1'"),
        ({"divergence_threshold": np.nan}, ValueError, "`divergence_threshold` .*nan"),
        (
            {"stopping_threshold": 5, "divergence_threshold": 4},
            ValueError,
            "stop at every value.* 5 and 4 for `loss`",
        ),
    ],
)
def test_bounds_that_cannot_work_are_refused_before_training(
    arguments, error, words, train
):
    with pytest.raises(error, match=words):
        train(callbacks.EarlyStopping("loss", **arguments), [1])


def test_a_loss_that_is_no_number_can_be_an_error(stub):
    guard = callbacks.TerminateOnNaN(raise_error=True)
    guard.set_model(stub.Model())

    guard.on_batch_end(0, {"loss": 3.0})
    with pytest.raises(RuntimeError, match="loss of batch 7 .* Received: nan"):
        guard.on_batch_end(7, {"loss": np.nan})
