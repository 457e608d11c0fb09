"""EMA and SWA: their arithmetic, and whose weights stand in the model when."""

import numpy as np
import pytest

from cthulhu import callbacks, layers, models, optimizers
from cthulhu.callbacks import EMA, SWA

X = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]], "float32")
Y = 2 * X + 1
LR, DECAY = 0.01, 0.75


def net(**how):
    model = models.Sequential([layers.Dense(1, input_shape=(1,))])
    model.compile(optimizers.SGD(LR, **how), "mse")
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    return model


def normalised():
    model = models.Sequential(
        [
            layers.Dense(2, input_shape=(1,)),
            layers.BatchNormalization(momentum=0.5),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.SGD(LR), "mse")
    return model


def numbers(weights):
    return np.concatenate([np.ravel(w) for w in weights])


def by_hand(epochs, size=2, decay=DECAY, warmup=False):
    """Weights of training and their average after each step, in float64 by NumPy."""
    w = b = n = 0.0
    mean, weights, means = np.zeros(2), [], []
    for _ in range(epochs):
        for i in range(0, len(X), size):
            x, y = X[i : i + size, 0].astype(float), Y[i : i + size, 0].astype(float)
            error = w * x + b - y
            w -= LR * np.mean(2 * error * x)
            b -= LR * np.mean(2 * error)
            d = min(decay, (1 + n) / (10 + n)) if warmup else decay
            n += 1
            mean = d * mean + (1 - d) * np.array([w, b])
            weights.append([w, b])
            means.append(mean)
    return np.array(weights), np.array(means)


class Watch(callbacks.Callback):
    """Notes the weights that each hook finds."""

    def __init__(self):
        self.seen = {}

    def note(self, hook):
        weights = numbers(self.model.get_weights())
        self.seen.setdefault(hook, []).append(weights)

    def on_epoch_begin(self, epoch, logs=None):
        self.note("epoch begins")

    def on_batch_end(self, batch, logs=None):
        self.note("batch")

    def on_test_begin(self, logs=None):
        self.note("test begins")

    def on_test_end(self, logs=None):
        self.note("test ends")

    def on_epoch_end(self, epoch, logs=None):
        self.note("epoch ends")


def train(model, told, epochs=3, validate=False, **how):
    data = (X, Y) if validate else None
    how = {"verbose": 0, "shuffle": False, "batch_size": 2, **how}
    return model.fit(X, Y, epochs=epochs, callbacks=told, validation_data=data, **how)


# The arithmetic


@pytest.mark.parametrize("warmup", [False, True])
@pytest.mark.parametrize("ahead", [1, "auto", 2])
def test_an_average_is_the_formulas(warmup, ahead):
    model, ema = net(), EMA(DECAY, warmup=warmup)
    train(model, [ema], steps_per_execution=ahead)

    _, means = by_hand(3, warmup=warmup)
    assert means[-1] == pytest.approx(numbers(model.get_weights()), rel=1e-5)
    assert 9 == ema.count


def test_updates_are_averaged_and_not_batches():
    model = net(gradient_accumulation_steps=3)
    ema = EMA(DECAY)
    train(model, [ema], epochs=2)

    _, means = by_hand(2, size=6)  # three batches of two are one of six
    assert means[-1] == pytest.approx(numbers(model.get_weights()), rel=1e-5)
    assert 2 == ema.count


def test_stochastic_weight_averaging_is_the_mean_of_the_epochs():
    model, swa = net(), SWA(start_epoch=1)
    train(model, [swa], epochs=4)

    weights, _ = by_hand(4)
    mean = (weights[5] + weights[8] + weights[11]) / 3  # ends of epochs 1, 2 and 3
    assert mean == pytest.approx(numbers(model.get_weights()), rel=1e-5)
    assert 3 == swa.count


# Whose weights stand in the model


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("ahead", [1, "auto"])
def test_validation_and_ends_of_epochs_find_averages_and_steps_do_not(
    validate, first, ahead
):
    watch, ema, model = Watch(), EMA(DECAY), net()
    told = [ema, watch] if first else [watch, ema]
    history = train(model, told, 3, validate, steps_per_execution=ahead)

    weights, means = by_hand(3)
    near = {"rel": 1e-5, "abs": 1e-6}
    assert np.array(watch.seen["batch"]) == pytest.approx(weights, **near)
    assert np.array(watch.seen["epoch ends"]) == pytest.approx(means[2::3], **near)
    begins = np.array([[0, 0], weights[2], weights[5]])
    assert np.array(watch.seen["epoch begins"]) == pytest.approx(begins, **near)
    if validate:
        assert np.array(watch.seen["test begins"]) == pytest.approx(means[2::3], **near)
        assert np.array(watch.seen["test ends"]) == pytest.approx(means[2::3], **near)
        losses = [np.mean((m[0] * X + m[1] - Y) ** 2) for m in means[2::3]]
        assert losses == pytest.approx(history.history["val_loss"], rel=1e-4)


def test_before_its_first_epoch_stochastic_weight_averaging_shows_nothing():
    watch, model = Watch(), net()
    history = train(model, [watch, SWA(2)], 4, True).history

    weights, _ = by_hand(4)
    shown = [weights[2], weights[5], weights[8], (weights[8] + weights[11]) / 2]
    assert np.array(watch.seen["epoch ends"]) == pytest.approx(
        np.array(shown), rel=1e-5
    )
    losses = [np.mean((m[0] * X + m[1] - Y) ** 2) for m in shown]
    assert losses == pytest.approx(history["val_loss"], rel=1e-4)


@pytest.mark.parametrize("make", [lambda keep: EMA(0.5, keep_averages=keep),
                                  lambda keep: SWA(0, keep_averages=keep)])  # fmt: skip
def test_training_goes_on_as_if_there_were_no_averages(make):
    with_, without = net(), net()
    train(with_, [make(False)], validate=True)
    train(without, [], validate=True)

    assert np.array_equal(*(numbers(m.get_weights()) for m in (with_, without)))
    assert () == with_.optimizer.companions


@pytest.mark.parametrize("make", [lambda: EMA(0.5), lambda: SWA(0)])
@pytest.mark.parametrize("hook", ["on_batch_end", "on_test_end", "on_epoch_end"])
def test_after_an_exception_the_model_has_the_weights_of_training(make, hook):
    def boom(*_):
        if boom.after == 0:
            raise KeyboardInterrupt
        boom.after -= 1

    boom.after = {"on_batch_end": 4, "on_test_end": 1, "on_epoch_end": 1}[hook]
    told = callbacks.Callback()
    setattr(told, hook, boom)
    model = net()
    with pytest.raises(KeyboardInterrupt):
        train(model, [told, make()], validate=True)

    weights, _ = by_hand(3)
    expected = weights[4 if hook == "on_batch_end" else 5]
    assert expected == pytest.approx(numbers(model.get_weights()), rel=1e-5)
    assert () == model.optimizer.companions


def test_a_stop_in_the_middle_of_an_epoch_ends_with_the_average():
    class Stop(callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model = net()
    train(model, [EMA(DECAY), Stop()])

    assert by_hand(1)[1][1] == pytest.approx(numbers(model.get_weights()), rel=1e-5)


def test_a_look_inside_training_may_ask_for_the_averages():
    class Look(callbacks.Callback):
        def __init__(self):
            self.losses = []

        def on_batch_end(self, batch, logs=None):
            plain = self.model.evaluate(X, Y, verbose=0, callbacks=[ema])
            with ema.averaged(), ema.averaged():
                mean = self.model.evaluate(X, Y, verbose=0)
                self.model.predict(X, callbacks=[ema])
            self.losses.append([plain, mean])

    ema, look, model = EMA(DECAY, keep_averages=False), Look(), net()
    train(model, [ema, look], 1)

    weights, means = by_hand(1)
    expected = [
        [np.mean((w * X + b - Y) ** 2) for w, b in both]
        for both in zip(weights, means, strict=True)
    ]
    assert np.array(expected) == pytest.approx(np.array(look.losses), rel=1e-4)
    assert weights[-1] == pytest.approx(numbers(model.get_weights()), rel=1e-5)


def test_who_sets_weights_at_the_end_of_an_epoch_sets_those_of_training():
    class Reset(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                self.model.set_weights([np.zeros((1, 1)), np.zeros(1)])

    model = net()
    train(model, [Reset(), EMA(DECAY, keep_averages=False)], 2)

    assert by_hand(1)[0][-1] == pytest.approx(numbers(model.get_weights()), rel=1e-5)


# Beside other callbacks


@pytest.mark.parametrize("make", [lambda: EMA(0.5), lambda: SWA(1)])
def test_the_best_file_holds_the_weights_that_were_validated(make, tmp_path):
    path = str(tmp_path / "best.h5")
    best = callbacks.ModelCheckpoint(path, save_best_only=True)
    model = net()
    history = train(model, [best, make()], 4, True).history

    file = models.load_model(path)
    assert min(history["val_loss"]) == pytest.approx(
        file.evaluate(X, Y, verbose=0), rel=1e-6
    )


@pytest.mark.parametrize("make", [lambda: EMA(0.5), lambda: SWA(0)])
def test_the_best_weights_that_come_back_are_those_that_were_validated(make):
    stop = callbacks.EarlyStopping(
        "val_loss", patience=2, restore_best_weights=True, mode="max"
    )  # worst first: of a loss that falls
    model = net()
    history = train(model, [stop, make()], 6, True).history

    assert 3 == len(history["val_loss"])
    assert history["val_loss"][0] == max(history["val_loss"])
    assert history["val_loss"][0] == pytest.approx(
        model.evaluate(X, Y, verbose=0), rel=1e-6
    )


@pytest.mark.parametrize("make", [lambda: EMA(0.5), lambda: SWA(1)])
@pytest.mark.parametrize("validate", [False, True])
def test_a_run_that_is_continued_ends_with_the_same_bits(make, validate):
    whole = net(momentum=0.5)
    train(whole, [make()], 4, validate)

    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                self.states = averages.state_dict()
                self.weights = self.model.get_weights()
                self.slots = self.model.optimizer.get_weights()
                self.model.stop_training = True

    averages, stop, model = make(), Stop(), net(momentum=0.5)
    train(model, [stop, averages], 4, validate)

    again, other = make(), net(momentum=0.5)
    other.set_weights(stop.weights)
    other.optimizer.build(other.trainable_weights)
    other.optimizer.set_weights(stop.slots)
    again.load_state_dict(stop.states)
    train(other, [again], 4, validate, initial_epoch=2)

    assert np.array_equal(*(numbers(m.get_weights()) for m in (whole, other)))


def test_a_state_of_another_model_is_refused():
    ema = EMA()
    ema.load_state_dict({"averages": [np.zeros(3)], "swapped": False, "count": 1})
    with pytest.raises(ValueError, match="the model is another one"):
        train(net(), [ema])


# Statistics of normalisation


def test_moving_statistics_are_averaged_with_the_weights():
    ema, model = EMA(DECAY), normalised()
    layer, seen = model.layers[1], []

    class Note(callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(layer.moving_mean.numpy())

        def on_batch_end(self, batch, logs=None):
            seen.append(layer.moving_mean.numpy())

    train(model, [ema, Note()], 1)
    mean = seen[0]
    for value in seen[1:]:
        mean = DECAY * mean + (1 - DECAY) * value

    assert mean == pytest.approx(layer.moving_mean.numpy(), rel=1e-5)


def test_statistics_of_averaged_weights_are_those_of_the_data():
    model = normalised()
    train(model, [SWA(1, data=X, batch_size=3)], 3, True)
    dense, norm, _ = model.layers

    hidden = X @ dense.get_weights()[0] + dense.get_weights()[1]
    assert hidden.mean(axis=0) == pytest.approx(norm.moving_mean.numpy(), rel=1e-4)
    # the layer corrects the variance of a batch of n as n / (n - 1 - epsilon)
    variances = [hidden[i : i + 3].var(axis=0) * 3 / (2 - 1e-3) for i in (0, 3)]
    assert np.mean(variances, axis=0) == pytest.approx(
        norm.moving_variance.numpy(), rel=1e-4
    )


def test_what_is_validated_has_the_statistics_that_are_saved(tmp_path):
    path = str(tmp_path / "last.h5")
    model = normalised()
    told = [callbacks.ModelCheckpoint(path), SWA(0, data=X)]
    history = train(model, told, 2, True).history

    file = models.load_model(path)
    assert history["val_loss"][-1] == pytest.approx(
        file.evaluate(X, Y, verbose=0), rel=1e-6
    )


def test_a_frozen_layer_keeps_its_statistics():
    model = normalised()
    model.layers[1].trainable = False
    model.compile(optimizers.SGD(LR), "mse")
    train(model, [SWA(0)], 2)

    assert [0.0, 0.0] == model.layers[1].moving_mean.numpy().tolist()


def test_normalisation_without_data_is_refused_before_the_first_step():
    model = normalised()
    before = numbers(model.get_weights())
    with pytest.raises(ValueError, match=r"moving_mean.*`SWA\(start_epoch, data=x\)`"):
        train(model, [SWA(0)])

    assert np.array_equal(before, numbers(model.get_weights()))


@pytest.mark.parametrize("data", [np.zeros((6, 2)), [X, X[:3]], np.zeros((0, 1))])
def test_data_that_do_not_fit_are_refused_before_the_first_step(data):
    model = normalised()
    before = numbers(model.get_weights())
    with pytest.raises(ValueError):
        train(model, [SWA(0, data=data)])

    assert np.array_equal(before, numbers(model.get_weights()))


# Arguments


@pytest.mark.parametrize("decay", [1.0, -0.1, "0.9", True])
def test_a_decay_out_of_range_is_refused(decay):
    with pytest.raises(ValueError, match="`decay` of EMA is out of range"):
        EMA(decay)


@pytest.mark.parametrize("arguments", [(-1,), (0, None, 1)])
def test_numbers_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError):
        SWA(*arguments)


def test_averaging_that_would_never_begin_is_refused():
    with pytest.raises(ValueError, match="start_epoch=3 and epochs=3"):
        train(net(), [SWA(3)])


def test_a_second_fit_compiles_no_step_again():
    ema, model = EMA(0.5), net()
    train(model, [ema], 1)
    programs = list(model._programs["train"])
    train(model, [ema], 1)

    assert set(programs) == set(model._programs["train"])
