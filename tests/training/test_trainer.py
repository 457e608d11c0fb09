"""What the arguments of compile, fit and evaluate mean, on one weight and by hand.

A model `w * x` without bias starts at w = 0, so that its loss is the mean of the
squared targets, and its gradient at x = y = 1 is 2 (w - 1).
"""

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import layers, metrics, optimizers
from cthulhu.callbacks import Callback, LambdaCallback
from cthulhu.models import Model, Sequential, load_model

ONES = np.ones((4, 1), np.float32)
TEN = np.arange(10, dtype=np.float32)[:, None]


def line(lr=0.0, loss="mse", **compiled):
    model = Sequential([layers.Dense(1, use_bias=False, input_dim=1)])
    restart(model)
    optimizer = compiled.pop("optimizer", None) or optimizers.SGD(lr)
    model.compile(optimizer, loss, **compiled)
    return model


def restart(model):
    model.set_weights([np.zeros((1, 1), np.float32)])


def weight(model):
    return model.get_weights()[0].item()


class Losses(Callback):
    """The loss of each batch, epoch by epoch."""

    def on_train_begin(self, logs=None):
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append([])

    def on_batch_end(self, batch, logs=None):
        self.epochs[-1].append(round(logs["loss"], 4))


class Count(metrics.Metric):
    """How many rows came."""

    def __init__(self, name="count"):
        super().__init__(name=name)
        self.rows = self.add_weight("rows", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.rows.assign(self.rows + y_pred.shape[0])

    def result(self):
        return self.rows.value


# Weights of samples, classes and losses


def test_weights_of_classes_and_samples_multiply():
    x, y = np.ones((3, 1)), np.array([[1], [2], [2]])
    given = {"class_weight": {1: 3.0, 2: 0.5}, "sample_weight": np.array([1, 10, 4])}
    by_hand = (3 * 1 * 1 + 0.5 * 10 * 4 + 0.5 * 4 * 4) / 3

    model = line()

    assert by_hand == pytest.approx(model.train_on_batch(x, y, **given))
    history = model.fit(x, y, verbose=0, **given).history
    assert history["loss"] == pytest.approx([by_hand])


def test_weights_of_time_steps():
    model = Sequential([layers.TimeDistributed(layers.Dense(1), input_shape=(3, 1))])
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    x, y = np.zeros((2, 3, 1)), np.full((2, 3, 1), 2.0)

    loss = model.test_on_batch(x, y, sample_weight=np.array([[1, 0, 0], [3, 1, 1]]))

    assert loss == pytest.approx(6 * 4 / 6)  # weights that sum to 6, of 6 steps
    with pytest.raises(ValueError, match="sample_weight"):
        model.test_on_batch(x, y, sample_weight=np.ones(2))


def fork(**compiled):
    """Two outputs `a` and `b`, both zero at first."""
    x = layers.Input((1,))
    heads = [layers.Dense(1, kernel_initializer="zeros", name=n)(x) for n in "ab"]
    model = Model(x, heads)
    model.compile(optimizers.SGD(0.0), "mse", **compiled)
    return model


@pytest.mark.parametrize("weights", [[0.5, 2.0], {"a": 0.5, "b": 2.0}])
def test_losses_of_outputs_are_weighted_in_lists_and_dicts(weights):
    model = fork(loss_weights=weights)

    values = model.evaluate(ONES, [ONES, 3 * ONES], verbose=0)

    assert [0.5 * 1 + 2 * 9, 1, 9] == pytest.approx(values)
    assert ["loss", "a_loss", "b_loss"] == model.metrics_names


def test_a_dict_may_weigh_one_output_only():
    model = fork(loss_weights={"b": 2.0})

    assert 1 + 2 * 9 == pytest.approx(model.test_on_batch(ONES, [ONES, 3 * ONES])[0])


def test_metrics_are_named_by_outputs_in_any_form():
    everywhere = fork(metrics=["mae"])
    each = fork(metrics=[["mae"], ["mse"]])
    one = fork(metrics={"b": "mae"})

    losses = ["loss", "a_loss", "b_loss"]
    assert [*losses, "a_mae", "b_mae"] == everywhere.metrics_names
    assert [*losses, "a_mae", "b_mse"] == each.metrics_names
    assert [*losses, "b_mae"] == one.metrics_names
    assert [10, 1, 9, 3] == pytest.approx(one.test_on_batch(ONES, [ONES, 3 * ONES]))


# Epochs, steps and order


def test_validation_takes_the_last_rows_however_training_shuffles():
    history = line().fit(TEN, TEN, validation_split=0.3, epochs=2, verbose=0).history

    assert history["val_loss"] == pytest.approx([(49 + 64 + 81) / 3] * 2)
    assert history["loss"] == pytest.approx([sum(i * i for i in range(7)) / 7] * 2)


@pytest.mark.parametrize("freq, expected", [(2, [1, 3]), ([1, 5], [0, 4])])
def test_validation_comes_every_so_often_or_in_epochs_of_a_list(freq, expected):
    seen = []
    told = LambdaCallback(
        on_epoch_end=lambda epoch, logs: "val_loss" in logs and seen.append(epoch)
    )
    line().fit(
        ONES,
        ONES,
        epochs=5,
        validation_data=(ONES, ONES),
        validation_freq=freq,
        verbose=0,
        callbacks=[told],
    )

    assert expected == seen


def test_epochs_are_counted_from_the_initial_one():
    assert [3, 4] == line().fit(ONES, ONES, initial_epoch=3, epochs=5, verbose=0).epoch


def test_steps_on_arrays_take_all_rows_each_time():
    model, losses = line(lr=0.25), Losses()

    model.fit(ONES, ONES, steps_per_epoch=2, verbose=0, callbacks=[losses])

    assert [[1.0, 0.25]] == losses.epochs  # w: 0, 0.5, 0.75
    assert 0.75 == weight(model)


def test_whole_batches_are_shuffled_and_the_short_one_stays_last():
    losses = Losses()
    line().fit(
        TEN,
        TEN,
        batch_size=2,
        validation_split=0.1,  # nine rows are left
        shuffle="batch",
        epochs=4,
        verbose=0,
        callbacks=[losses],
    )

    whole = [0.5, 6.5, 20.5, 42.5]  # means of 0 1, 4 9, 16 25, 36 49
    assert all(sorted(epoch[:-1]) == whole for epoch in losses.epochs)
    assert all(epoch[-1] == 64 for epoch in losses.epochs)
    assert 1 < len({tuple(epoch) for epoch in losses.epochs})


def test_rows_are_shuffled_anew_in_each_epoch():
    losses = Losses()
    line().fit(TEN, TEN, batch_size=1, epochs=3, verbose=0, callbacks=[losses])

    squares = [float(i * i) for i in range(10)]
    assert all(sorted(epoch) == squares for epoch in losses.epochs)
    assert 3 == len({tuple(epoch) for epoch in [*losses.epochs, squares]} - {()}) - 1


def test_metrics_begin_anew_in_each_epoch_and_in_validation():
    history = line(metrics=[Count()]).fit(
        TEN, TEN, batch_size=4, epochs=2, validation_data=(ONES, ONES), verbose=0
    )

    assert [10, 10] == history.history["count"]
    assert [4, 4] == history.history["val_count"]


def test_rows_beside_batches_are_validated_in_batches_of_their_size():
    sizes = []
    told = LambdaCallback()
    told.on_test_batch_end = lambda batch, logs: sizes.append(logs["size"])
    line().fit(
        iter([(ONES, ONES), (ONES[:3], ONES[:3])]),
        steps_per_epoch=2,
        validation_data=(TEN, TEN),
        verbose=0,
        callbacks=[told],
    )

    assert [3, 3, 3, 1] == sizes


# Batches that come one by one


def counting(stop=None):
    """Batches whose target is their number, from 1 on."""
    number = 0
    while number != stop:
        number += 1
        yield ONES, number * ONES


def test_no_batch_of_an_endless_generator_is_lost_in_a_fit():
    losses = Losses()
    line().fit(counting(), steps_per_epoch=3, epochs=2, verbose=0, callbacks=[losses])

    assert [[1, 4, 9], [16, 25, 36]] == losses.epochs


def test_a_generator_that_ends_early_keeps_what_was_learnt():
    model = line(lr=0.5)
    with pytest.warns(UserWarning, match="ran out after 1 of 2 batches"):
        history = model.fit(counting(3), steps_per_epoch=2, epochs=9, verbose=0)

    assert [0, 1] == history.epoch
    assert 3.0 == pytest.approx(weight(model))  # each step goes to its target


def test_nothing_that_a_callback_evaluates_disturbs_the_fit():
    def run(callbacks):
        model = line(metrics=["mae", Count()], optimizer=optimizers.SGD(0.01, 0.9))
        history = model.fit(
            TEN,
            TEN,
            batch_size=4,
            epochs=3,
            shuffle=False,
            validation_data=(ONES, ONES),
            verbose=0,
            callbacks=callbacks,
        )
        return weight(model), history.history

    class Curious(Callback):
        def on_batch_end(self, batch, logs=None):
            self.model.evaluate(TEN[:5], TEN[:5], verbose=0)
            self.model.predict(TEN)

        on_epoch_end = on_test_batch_end = on_batch_end

    assert run([]) == run([Curious()])


# Compiling again, and freezing


def test_compiling_again_forgets_momentum_and_keeps_the_count():
    rule = optimizers.SGD(0.25, momentum=0.5)
    model = line(optimizer=rule)
    model.train_on_batch(ONES, ONES)
    restart(model)
    model.train_on_batch(ONES, ONES)
    assert 0.5 + 0.5 * 0.5 == weight(model)  # the step, and half of the last

    model.compile(rule, "mse")
    restart(model)
    model.train_on_batch(ONES, ONES)

    assert 0.5 == weight(model)
    assert 3 == rule.iterations.numpy()


def test_a_loaded_model_keeps_its_momentum(tmp_path):
    model = line(optimizer=optimizers.SGD(0.25, momentum=0.5))
    model.train_on_batch(ONES, ONES)
    restart(model)
    model.save(tmp_path / "model.h5")

    loaded = load_model(tmp_path / "model.h5")
    loaded.train_on_batch(ONES, ONES)

    assert 0.5 + 0.5 * 0.5 == weight(loaded)


def test_a_discriminator_learns_alone_and_rests_in_the_whole():
    rule = optimizers.SGD(0.25)
    judge = line(optimizer=rule)
    judge.trainable = False
    maker = line()
    maker.set_weights([[[1.0]]])
    noise = layers.Input((1,))
    whole = Model(noise, judge(maker(noise)))
    whole.compile(optimizers.SGD(0.25), "mse")

    with pytest.warns(UserWarning, match="Discrepancy"):  # told once
        judge.train_on_batch(ONES, ONES)
    assert 0.5 == weight(judge)

    whole.train_on_batch(ONES, ONES)  # 0.5 * w at w = 1: the gradient is 2 * -0.5 * 0.5
    assert 1.125 == weight(maker)
    assert 0.5 == weight(judge)

    judge.fit(ONES, ONES, verbose=0)
    assert 0.75 == weight(judge)
    assert 1.125 == weight(maker)


# Losses and metrics that are added, and numbers that change


def test_a_loss_added_to_a_model_counts_with_and_without_targets():
    x = layers.Input((1,))
    code = layers.Dense(1, use_bias=False, kernel_initializer="ones")(x)
    model = Model(x, code)
    model.add_loss(3.0 * K.mean(K.square(code)))
    model.compile(optimizers.SGD(0.0), loss=None)
    assert 3 * 4 == pytest.approx(model.train_on_batch(2 * ONES))
    history = model.fit(2 * ONES, epochs=2, verbose=0).history
    assert [12, 12] == pytest.approx(history["loss"])

    model.compile(optimizers.SGD(0.0), "mse")
    assert 12 + 1 == pytest.approx(model.evaluate(2 * ONES, ONES, verbose=0))


def test_an_added_loss_of_each_row_is_averaged():
    x = layers.Input((1,))
    y = layers.Dense(1, use_bias=False, kernel_initializer="ones")(x)
    model = Model(x, y)
    model.add_loss(K.sum(K.square(y), axis=-1))
    model.compile(optimizers.SGD(0.5), loss=None)

    assert 285 / 10 == pytest.approx(model.train_on_batch(TEN))
    assert 1 - 0.5 * 2 * 28.5 == pytest.approx(weight(model))


def test_metrics_added_to_models_and_layers_are_reported():
    class Noting(layers.Layer):
        def call(self, inputs):
            self.add_metric(K.sum(inputs), name="sum", aggregation="mean")
            return inputs

    x = layers.Input((1,))
    y = Noting()(x)
    model = Model(x, y)
    model.add_metric(K.max(y), name="largest", aggregation="mean")
    model.compile("sgd", "mse", metrics=["mae"])

    values = dict(
        zip(
            model.metrics_names,
            model.evaluate(TEN, TEN, batch_size=5, verbose=0),
            strict=True,
        )
    )

    assert {"loss", "mae", "sum", "largest"} == set(values)
    assert (10 + 35) / 2 == pytest.approx(values["sum"])
    assert (4 + 9) / 2 == pytest.approx(values["largest"])


def test_a_variable_in_a_loss_is_followed_while_training():
    factor = K.variable(1.0)
    model, losses = line(loss=lambda t, p: factor * K.mean((t - p) ** 2)), Losses()
    annealing = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: K.set_value(factor, 10.0**epoch),
        on_batch_end=lambda batch, logs: batch == 1 and K.set_value(factor, 0.5),
    )

    model.fit(
        np.ones((6, 1)),
        np.ones((6, 1)),
        batch_size=2,
        epochs=2,
        verbose=0,
        callbacks=[annealing, losses],
    )

    assert [[1, 1, 0.5], [10, 10, 0.5]] == losses.epochs
    assert 0.5 == pytest.approx(model.evaluate(ONES, ONES, verbose=0))
