"""How often `fit`, `evaluate` and `predict` compile: once for a size of batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cthulhu import callbacks, layers, models

SIZES = 2 * 2  # of training and of validation: whole batches, and a smaller last one


def classifier():
    model = models.Sequential()
    model.add(layers.Dense(10, activation="softmax", input_dim=6))
    model.compile("rmsprop", "categorical_crossentropy", metrics=["acc"])
    return model


def rows(count):
    draw = np.random.default_rng(0)
    labels = np.eye(10, dtype="float32")[draw.integers(0, 10, count)]
    return draw.random((count, 6), dtype="float32"), labels


class CompilationsByEpoch(callbacks.Callback):
    """Notes how many there had been at the end of each epoch."""

    def __init__(self, names):
        super().__init__()
        self.names, self.counts = names, []

    def on_epoch_end(self, epoch, logs={}):
        self.counts.append(len(self.names))


@pytest.fixture(autouse=True)
def single_operations_known():
    """A first model meets the small operations that every process compiles once."""
    classifier().fit(*rows(3), verbose=0)


def test_the_counter_counts_programs_and_not_calls(compilations):
    double = jax.jit(lambda x: 2 * x)
    x = jnp.ones(3)
    with compilations() as names:
        double(x)
        double(x)
    assert len(names) == 1
    double(x + 1)
    assert len(names) == 1


def test_fit_compiles_each_size_once_and_only_in_the_first_epoch(compilations):
    model = classifier()
    x, y = rows(100)
    with compilations() as names:
        counter = CompilationsByEpoch(names)
        model.fit(
            x,
            y,
            batch_size=16,  # 6 batches and one of 4 rows
            epochs=4,
            verbose=0,
            validation_data=rows(50),  # one of 18 rows
            callbacks=[counter],
        )
    assert len(names) <= SIZES, names
    assert counter.counts[1:] == [counter.counts[0]] * 3, names


def test_a_second_fit_with_other_callbacks_compiles_nothing(compilations):
    model = classifier()
    x, y = rows(100)
    model.fit(x, y, batch_size=16, verbose=0)

    class Looks(callbacks.Callback):
        def on_batch_end(self, batch, logs={}):
            if batch in (1, 4):
                self.model.get_weights()

    with compilations() as names:
        model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=[Looks()])
    assert names == []


def test_a_new_learning_rate_compiles_nothing(compilations):
    model = classifier()
    x, y = rows(64)
    model.fit(x, y, batch_size=16, verbose=0)
    with compilations() as names:
        schedule = callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
        model.fit(x, y, batch_size=16, epochs=3, verbose=0, callbacks=[schedule])
    assert names == []


def test_a_step_is_traced_once_for_a_size_of_batch():
    traced = []

    class Noted(layers.Layer):
        def call(self, inputs):
            traced.append(inputs.shape[0])
            return inputs

    model = models.Sequential([Noted(), layers.Dense(10, activation="softmax")])
    model.compile("rmsprop", "categorical_crossentropy")
    x, y = rows(48)
    model.build((None, 6))
    traced.clear()

    model.fit(x, y, batch_size=16, epochs=2, verbose=0)  # three at once
    model.fit(x[:16], y[:16], batch_size=16, verbose=0)  # a single one
    model.train_on_batch(x[:16], y[:16])

    assert [16] == traced


@pytest.mark.parametrize("call", ["predict", "evaluate"])
def test_later_passes_over_rows_of_the_same_sizes_compile_nothing(compilations, call):
    model = classifier()
    x, y = rows(50)
    given = (x,) if call == "predict" else (x, y)
    getattr(model, call)(*given, batch_size=16, verbose=0)
    with compilations() as names:
        getattr(model, call)(*given, batch_size=16, verbose=0)
    assert names == []
