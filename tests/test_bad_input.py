"""What somebody gets wrong, end to end: told in words, nothing trained or written.

Each case goes through a real model, and where a user's words matter through both
vocabularies.  What each check says in detail is tested in its own room; here stands
that it is reached in time, and that a model, its optimizer and the disk stay as they
were.
"""

import os
import re
import threading
import time
import traceback
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pandas
import pytest

import cthulhu
from cthulhu import backend as K
from cthulhu import callbacks, keras, layers, models, optimizers, vocabulary
from cthulhu.layers import Concatenate, Conv2D, Dense, Embedding, Flatten, Input
from cthulhu.models import Model, Sequential

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(20, 8).astype("float32")
OTHER = RANDOM.rand(20, 5).astype("float32")
CLASSES = np.arange(20) % 3
Y = np.eye(3, dtype="float32")[CLASSES]
SIZES = RANDOM.rand(20, 1).astype("float32")

KERAS = SimpleNamespace(
    models=keras.models,
    layers=keras.layers,
    callbacks=keras.callbacks,
    say=lambda word: word,
)
CTHULHU = SimpleNamespace(
    models=cthulhu.models,
    layers=cthulhu.layers,
    callbacks=cthulhu.callbacks,
    say=lambda word: (vocabulary.spellings(word) or (word,))[0],
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=[KERAS, CTHULHU], ids=["keras", "cthulhu"])
def tongue(request):
    return request.param


def chain(tongue=KERAS, loss="categorical_crossentropy", **compiled):
    """8 features to 3 classes, in the words of a tongue."""
    dense = getattr(tongue.layers, tongue.say("Dense"))
    model = getattr(tongue.models, tongue.say("Sequential"))()
    model.add(dense(4, activation="relu", input_dim=8, name="first"))
    model.add(dense(3, activation="softmax", name="out"))
    getattr(model, tongue.say("compile"))("sgd", loss, **compiled)
    return model


def compiled(model, loss="categorical_crossentropy"):
    model.compile("sgd", loss)
    return model


def images():
    return compiled(
        Sequential(
            [
                Conv2D(2, 3, input_shape=(8, 8, 1), name="conv"),
                Flatten(),
                Dense(3, activation="softmax"),
            ]
        )
    )


def words():
    return compiled(
        Sequential(
            [Embedding(10, 4, input_length=6, name="table"), Flatten(), Dense(3)]
        )
    )


def deferred():
    return compiled(Sequential([Dense(4), Dense(3, activation="softmax", name="out")]))


class Own(Model):
    """A model of which only its code knows what goes where."""

    def __init__(self):
        super().__init__()
        self.first = Dense(4, name="first")
        self.out = Dense(3, activation="softmax")

    def call(self, inputs):
        return self.out(self.first(inputs))


def branched():
    left, right = Input((8,), name="left"), Input((5,), name="right")
    both = Concatenate()([Dense(4)(left), Dense(4, name="beside")(right)])
    kind = Dense(3, activation="softmax", name="kind")(both)
    size = Dense(1, name="size")(both)
    return compiled(
        Model([left, right], [kind, size]),
        {"kind": "categorical_crossentropy", "size": "mse"},
    )


def state(model):
    weights = model.get_weights() if model.built else []
    iterations = (
        0 if model.optimizer is None else int(model.optimizer.iterations.numpy())
    )
    return [w.tobytes() for w in weights], iterations, sorted(os.listdir())


def refused(model, call, pattern, error=ValueError):
    """The message of a call that has to be refused and to change nothing at all."""
    before = state(model)
    with pytest.raises(error) as caught:
        call(model)
    after = state(model)
    if before[0]:
        assert before[0] == after[0], "weights changed"
    assert before[1:] == after[1:]
    return told(caught, pattern)


def told(caught, pattern):
    message = str(caught.value)
    assert re.search(pattern, message), message
    assert re.match(r"[A-Z`\d]", message) and message.rstrip()[-1] in ".?!", message
    assert "\n" not in message and len(message) < 600, message
    assert len(traceback.extract_tb(caught.tb)) < 25
    return message


def fits(**arguments):
    return {"x": X, "y": Y, "verbose": 0, **arguments}


def changed(value, at=(3, 2)):
    x = X.copy()
    x[at] = value
    return x


def again(item, times=10):
    for _ in range(times):
        yield item


# Data for `fit`: each with the words that a beginner finds in the message.

WRONG_DATA = {
    "features": ({"x": X[:, :7]}, r"layer `first`.*\(20, 7\).*\(None, 8\).*of shape"),
    "rank": ({"x": X[:, :, None]}, r"`first`.*\(20, 8, 1\).*\(None, 8\).*Flatten"),
    "images": ({"x": np.zeros((20, 28, 28))}, r"\(20, 28, 28\).*Flatten"),
    "no features": ({"x": X[:, :0]}, r"\(20, 0\).*\(None, 8\)"),
    "rows of y": ({"y": Y[:9]}, "`x` has 20, `y` has 9"),
    "rows of weights": ({"sample_weight": np.ones(9)}, r"\(9,\).*\(20,\)"),
    "rank of weights": ({"sample_weight": np.ones((20, 2))}, "one weight per row"),
    "classes": ({"y": CLASSES}, "`out`.*`sparse_categorical_crossentropy`"),
    "width of y": ({"y": Y[:, :2]}, r"\(20, 2\).*\(None, 3\).*units"),
    "text": ({"x": X.astype(str)}, "`x` is not an array of numbers.*for example '"),
    "text in y": ({"y": np.array(["cat"] * 20)}, "`y` is not .*'cat'"),
    "objects": ({"x": X.astype(object)}, "dtype `object`.*astype"),
    "None inside": ({"x": np.full((20, 8), None)}, "dtype `object`"),
    "ragged": ({"x": [[1, 2], [1]], "y": Y[:2]}, "different lengths. Pad"),
    "dates": ({"x": np.zeros((20, 8), "M8[s]")}, "datetime64"),
    "complex": ({"x": X * 1j}, "Give real and imaginary parts"),
    "a table with text": (
        {"x": pandas.DataFrame({"age": range(20), "name": ["a"] * 20})},
        "`name` among its columns",
    ),
    "NaN": ({"x": changed(np.nan)}, "`x` contains NaN, first in row 3.*nan_to_num"),
    "NaN on the device": ({"x": jnp.asarray(changed(np.nan))}, "`x` contains NaN"),
    "NaN in y": ({"y": Y * np.nan}, "`y` contains NaN, first in row 0"),
    "NaN in weights": ({"sample_weight": np.full(20, np.nan)}, "contains NaN"),
    "empty": ({"x": X[:0], "y": Y[:0]}, r"`x` is an empty array.*\(0, 8\)"),
    "empty lists": ({"x": [], "y": []}, "`x` is an empty array"),
    "a number": ({"x": 3}, "`x` is a single number"),
    "y missing": ({"y": None}, "no targets.*Pass `y`"),
    "a pair as x": ({"x": (X, Y), "y": None}, r"`fit\(x, y\)`"),
    "classes as list": ({"class_weight": [1, 2, 3]}, "a dict of class numbers"),
    "a class missing": ({"class_weight": {0: 1.0, 1: 1.0}}, "no weight for class 2"),
    "names of classes": ({"class_weight": {"cat": 1.0}}, "keys that are no class"),
    "batch_size 0": ({"batch_size": 0}, "`batch_size` cannot be used. Received: 0"),
    "batch_size -1": ({"batch_size": -1}, "Received: -1.*at least 1"),
    "batch_size 2.5": ({"batch_size": 2.5}, "Received: 2.5"),
    "batch_size text": ({"batch_size": "32"}, "Received: '32'"),
    "epochs -1": ({"epochs": -1}, "`epochs` cannot be used. Received: -1"),
    "initial_epoch -1": ({"initial_epoch": -1}, "`initial_epoch` cannot be used"),
    "initial_epoch": ({"initial_epoch": 7, "epochs": 2}, "give `epochs=9`"),
    "split 1": ({"validation_split": 1.0}, "above 0 and below 1"),
    "split 20": ({"validation_split": 20}, "above 0 and below 1"),
    "split -1": ({"validation_split": -0.1}, "above 0 and below 1"),
    "split text": ({"validation_split": "0.1"}, "above 0 and below 1"),
    "split of nothing": ({"validation_split": 0.99}, "no rows to train on"),
    "freq 0": ({"validation_freq": 0}, "`validation_freq` can not be less than 1"),
    "freq text": ({"validation_freq": "2"}, "`validation_freq` cannot be used"),
    "steps 0": ({"steps_per_epoch": 0}, "`steps_per_epoch`.*at least 1"),
    "validation_steps": (
        {"validation_steps": 0, "validation_data": (X, Y)},
        "`validation_steps`.*at least 1",
    ),
    "shuffle": ({"shuffle": "batches"}, 'True, False or "batch"'),
    "ahead": ({"steps_per_execution": 0}, "`steps_per_execution` cannot be used"),
    "validation features": (
        {"validation_data": (X[:, :7], Y)},
        r"In `validation_data`: .*\(20, 7\)",
    ),
    "validation rows": (
        {"validation_data": (X, Y[:9])},
        "In `validation_data`: .*`x` has 20, `y` has 9",
    ),
    "validation labels": (
        {"validation_data": (X, CLASSES)},
        "In `validation_data`: .*`sparse_categorical_crossentropy`",
    ),
    "validation NaN": (
        {"validation_data": (changed(np.nan), Y)},
        "In `validation_data`: `x` contains NaN",
    ),
    "validation alone": ({"validation_data": (X,)}, "a tuple of 1.*`\\(x, y\\)`"),
    "validation without y": ({"validation_data": (X, None)}, "no targets"),
    "validation batches": (
        lambda: {"validation_data": again((X[:, :7], Y)), "validation_steps": 2},
        r"In `validation_data`: .*\(20, 7\)",
    ),
    "validation without end": (
        lambda: {"validation_data": again((X, Y))},
        "Give `validation_s",
    ),
    "batches without end": (
        lambda: {"x": again((X, Y)), "y": None},
        "Give `steps_per_epoch`",
    ),
    "wrong batches": (
        lambda: {"x": again((X, Y, Y, Y)), "y": None, "steps_per_epoch": 2},
        r"a tuple of 4.*\(x, y\)",
    ),
    "batches without y": (
        lambda: {"x": again(X), "y": None, "steps_per_epoch": 2},
        r"no targets.*batches of the form \(x, y\)",
    ),
    "batches of classes": (
        lambda: {"x": again((X, CLASSES)), "y": None, "steps_per_epoch": 2},
        "`sparse_categorical_crossentropy`",
    ),
    "no batch": (
        lambda: {"x": again((X, Y), 0), "y": None, "steps_per_epoch": 2},
        "gave no batch, where 2 were asked for",
    ),
    "y beside batches": (
        lambda: {"x": again((X, Y)), "steps_per_epoch": 2},
        "`y` cannot be passed together",
    ),
    "a share of batches": (
        lambda: {
            "x": again((X, Y)),
            "y": None,
            "validation_split": 0.1,
            "steps_per_epoch": 2,
        },
        "`validation_split` needs arrays.*`validation_data`",
    ),
}


@pytest.mark.parametrize("name", WRONG_DATA)
def test_data_that_cannot_be_right_train_nothing(name, tongue):
    arguments, pattern = WRONG_DATA[name]
    if callable(arguments):  # a generator can be used once
        arguments = arguments()
    refused(
        chain(tongue),
        lambda m: getattr(m, tongue.say("fit"))(**fits(**arguments)),
        pattern,
    )


@pytest.mark.parametrize(
    "arguments, pattern",
    [
        ({"x": "rows.csv"}, "`x` is not data.*Read the file first"),
        ({"x": chain}, r"Call the function: `chain\(\)`"),
        ({"epochs": 2.5}, r"`epochs` cannot be used.*int\(\.\.\.\)"),
        ({"epochs": "3"}, "Write 3 without quotation marks"),
        ({"workers": "two"}, "`workers` cannot be used"),
        ({"steps_per_epoch": "2"}, "`steps_per_epoch` cannot be used"),
        ({"epoch": 3}, "`fit` got an unexpected argument `epoch`.*mean `epochs`"),
        ({"batchsize": 3}, "Did you mean `batch_size`"),
    ],
)
def test_an_argument_of_another_kind_is_a_type_error(arguments, pattern, tongue):
    refused(
        chain(tongue),
        lambda m: getattr(m, tongue.say("fit"))(**fits(**arguments)),
        pattern,
        TypeError,
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.predict(x),
        lambda m, x: m.predict_on_batch(x),
        lambda m, x: m.predict_generator(again(x), steps=2),
        lambda m, x: m.evaluate(x, Y, verbose=0),
        lambda m, x: m.evaluate_generator(again((x, Y)), steps=2),
        lambda m, x: m.train_on_batch(x, Y),
        lambda m, x: m.test_on_batch(x, Y),
        lambda m, x: m.fit_generator(again((x, Y)), 2, verbose=0),
    ],
)
@pytest.mark.parametrize(
    "make, x, pattern",
    [
        (chain, X[:, :7], r"layer `first`.*\(20, 7\).*\(None, 8\)"),
        (images, np.zeros((20, 8, 8)), r"`conv`.*axis of channels.*`x\[..., None\]`"),
        (images, np.zeros((20, 8, 8, 3)), r"`conv`.*\(None, 8, 8, 1\)"),
        (images, np.zeros((20, 1, 8, 8)), r"np.moveaxis\(x, 1, -1\)"),
        (words, np.zeros((20, 7)), r"`table`.*\(None, 6\)"),
        (words, np.full((20, 6), 50), "`table` does not.*50 to 50.*0 to 9.*input_dim"),
        (words, np.full((20, 6), 0.5), "fractions, but `table`"),
    ],
)
def test_a_wrong_shape_is_told_whatever_is_called(make, x, pattern, call):
    refused(make(), lambda m: call(m, x), pattern)


def test_one_sample_alone_is_no_batch():
    refused(chain(), lambda m: m.predict(X[0]), r"batch of one: `x\[None\]`")
    refused(images(), lambda m: m.predict(np.zeros((8, 8, 1))), r"`x\[None\]`")


@pytest.mark.parametrize("make", [deferred, lambda: compiled(Own())])
def test_a_model_that_data_build_knows_its_shape_from_then_on(make):
    model = make()
    refused(model, lambda m: m.fit(X, CLASSES, verbose=0), "`sparse_categorical")
    model.fit(X, Y, verbose=0)
    refused(model, lambda m: m.predict(X[:, :7]), r"\(20, 7\)")
    refused(model, lambda m: m.fit(X[:, :7], Y, verbose=0), r"\(20, 7\)")


def test_what_a_chain_cannot_be_built_from_is_told_by_the_layer():
    model = compiled(Sequential([Conv2D(2, 3, name="conv"), Flatten(), Dense(3)]))
    refused(model, lambda m: m.fit(X, Y), r"layer conv: .*\(None, 8\).*3 axes")


@pytest.mark.parametrize(
    "x, y, pattern",
    [
        (
            [X, OTHER[:, :4]],
            [Y, SIZES],
            r"`right`.*`beside` reads.*\(20, 4\).*\(None, 5\)",
        ),
        ([OTHER, X], [Y, SIZES], r"`left`.*\(20, 5\).*\(None, 8\)"),
        ([X], [Y, SIZES], "2 inputs, but a list of 1 .*`left`, `right`"),
        (X, [Y, SIZES], "2 inputs, but a list of 1 "),
        ([X, OTHER, X], [Y, SIZES], "2 inputs, but a list of 3 "),
        ({"left": X, "rigth": OTHER}, [Y, SIZES], "Is `rigth` meant to be `right`"),
        ([X, OTHER], Y, "2 targets, but a list of 1 .*`kind`, `size`"),
        ([X, OTHER], {"kind": Y, "sise": SIZES}, "Is `sise` meant to be `size`"),
        ([X, OTHER], [SIZES, Y], "`kind`"),
        ([X, OTHER[:9]], [Y, SIZES], "input `left` has 20, input `right` has 9"),
        ([X, OTHER], [Y, SIZES[:9]], "target `kind` has 20, target `size` has 9"),
        ([X, changed(np.nan)[:, :5]], [Y, SIZES], "Input `right` contains NaN"),
        ([X, None], [Y, SIZES], "Input `right` got no data"),
    ],
)
def test_several_inputs_and_outputs_are_told_apart(x, y, pattern):
    refused(branched(), lambda m: m.fit(x, y, verbose=0), pattern)


@pytest.mark.parametrize(
    "loss, units, y, pattern",
    [
        ("sparse_categorical_crossentropy", 3, Y, "looks one-hot.*`categorical_c"),
        ("sparse_categorical_crossentropy", 3, CLASSES + 1, "from 1 to 3.*0 to 2"),
        ("sparse_categorical_crossentropy", 3, CLASSES - 1, "from -1 to 1.*0 to 2"),
        ("sparse_categorical_crossentropy", 3, CLASSES + 1.0, "from 1 to 3"),
        ("sparse_categorical_crossentropy", 3, CLASSES + 0.5, "0.5|fraction"),
        ("sparse_categorical_crossentropy", 3, jnp.asarray(CLASSES + 1), "0 to 2"),
        ("categorical_crossentropy", 1, CLASSES, "`sigmoid` and `binary_cross"),
        ("binary_crossentropy", 1, CLASSES, "from 0 to 2.*0 and 1.*`softmax`"),
        ("binary_crossentropy", 3, CLASSES, r"\(20, 1\).*\(None, 3\)"),
        ("mse", 3, Y[:, :2], r"`mean_squared_error`.*\(20, 2\).*\(None, 3\)"),
        ("kullback_leibler_divergence", 3, Y[:, :2], r"\(20, 2\)"),
    ],
)
@pytest.mark.parametrize("way", ["fit", "evaluate", "train_on_batch", "batches"])
def test_labels_that_do_not_fit_the_loss(loss, units, y, pattern, way):
    model = compiled(Sequential([Dense(units, input_dim=8, name="out")]), loss)
    calls = {
        "fit": lambda m: m.fit(X, y, verbose=0),
        "evaluate": lambda m: m.evaluate(X, y, verbose=0),
        "train_on_batch": lambda m: m.train_on_batch(X, y),
        "batches": lambda m: m.fit(again((X, y)), steps_per_epoch=2, verbose=0),
    }
    refused(model, calls[way], pattern)


@pytest.mark.parametrize("generation", ["smooth", "minus"])
def test_soft_labels_are_no_mistake(generation):
    model = compiled(
        Sequential([Dense(1, activation="sigmoid", input_dim=8)]), "binary_crossentropy"
    )
    model.fit(X, np.full(20, 0.9) if generation == "smooth" else SIZES, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 1


# Names


@pytest.mark.parametrize(
    "arguments, error, pattern",
    [
        ({"loss": "categorical_crosentropy"}, ValueError, "mean `categorical_crosse"),
        ({"loss": "mce"}, ValueError, "Did you mean `mse`"),
        ({"loss": 3}, ValueError, "Could not interpret the loss.*3 of type int"),
        ({"metrics": ["acuracy"]}, ValueError, "Did you mean `accuracy`"),
        ({"metrics": "accuracy"}, TypeError, r"Write `metrics=\['accuracy'\]`"),
        ({"metrics": [3]}, ValueError, "Could not interpret the metric"),
        ({"optimizer": "adamm"}, ValueError, "`adamm`. Did you mean `adam`[?]$"),
        ({"optimizer": None}, ValueError, "Could not interpret the optimizer"),
        ({"metric": ["mae"]}, TypeError, "Did you mean `metrics`"),
        ({"loss": ["mse", "mse"]}, ValueError, "2 entries.*`out`"),
        ({"loss": {"outt": "mse"}}, ValueError, "`outt`. Did you mean `out`"),
        ({"loss_weights": [1, 2]}, ValueError, "2 entries"),
        ({"loss_weights": {"outt": 2}}, ValueError, "`outt`. Did you mean `out`"),
        ({"metrics": {"outt": ["mae"]}}, ValueError, "`outt`. Did you mean `out`"),
        ({"target_tensors": [Y]}, ValueError, r"Give the targets to `fit\(x, y\)`"),
    ],
)
def test_compile_knows_its_words(arguments, error, pattern, tongue):
    model = chain(tongue)
    settings = {"optimizer": "sgd", "loss": "mse", **arguments}
    before = model.get_weights()
    with pytest.raises(error) as caught:
        getattr(model, tongue.say("compile"))(**settings)
    told(caught, pattern)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_output_without_a_loss_is_told():
    model = branched()
    with pytest.warns(UserWarning, match="`size` is missing from the loss dictionary"):
        model.compile("sgd", {"kind": "mse"})
    with pytest.raises(ValueError, match="Did you mean `size`"):
        model.compile("sgd", {"kind": "mse", "sise": "mse"})


@pytest.mark.parametrize(
    "make, error, pattern",
    [
        (lambda d: d(3, activation="rellu"), ValueError, "Did you mean `relu`"),
        (lambda d: d(3, kernel_initializer="glorot_unifrom"), ValueError, "_uniform`"),
        (lambda d: d(3, kernel_regularizer="l3"), ValueError, "`l1`, `l1_l2`"),
        (lambda d: d(3, kernel_constraint="maxnom"), ValueError, "mean `maxnorm`"),
        (lambda d: d(3, actvation="relu"), TypeError, "mean `activation`[?]$"),
        (lambda d: d(0), ValueError, "`units` of `Dense`.*Received: 0.*at least 1"),
        (lambda d: d(-1), ValueError, "`units` of `Dense`.*Received: -1"),
        (lambda d: d("10"), TypeError, "Write 10 without quotation marks"),
        (lambda d: d(10 / 2), TypeError, "Received: 5.0.*Divide with `//`"),
        (lambda d: d(3, input_shape="8"), ValueError, "`input_shape` of `Dense`"),
        (lambda d: d(3, input_shape=(-8,)), ValueError, r"Received: \(-8,\)"),
        (lambda d: d(3, input_dim="8"), ValueError, "`input_dim` of `Dense`"),
    ],
)
def test_a_layer_knows_its_words_in_both_tongues(make, error, pattern, tongue):
    with pytest.raises(error) as caught:
        make(getattr(tongue.layers, tongue.say("Dense")))
    told(caught, pattern)


@pytest.mark.parametrize(
    "make, error, pattern",
    [
        (lambda: layers.Dropout(1.5), ValueError, "`rate` of `Dropout`.*from 0 to 1"),
        (lambda: layers.Dropout(50), ValueError, "Write 0.5 for 50 percent"),
        (lambda: layers.GaussianDropout(-1), ValueError, "`rate` of `GaussianDropout`"),
        (lambda: layers.LSTM(3, dropout=20), ValueError, "`dropout` of .*Write 0.2"),
        (lambda: layers.LSTM(0), ValueError, "`units`"),
        (lambda: Conv2D(0, 3), ValueError, "`filters` of `Conv2D`"),
        (lambda: Conv2D(3, 0), ValueError, "`kernel_size`.*at least 1"),
        (lambda: Conv2D(3, "33"), ValueError, "`kernel_size` cannot be used"),
        (lambda: Conv2D(3, (3, 3, 3)), ValueError, "`kernel_size`.*or 2 of them"),
        (lambda: Conv2D(3, 3, strides=0), ValueError, "`strides`.*at least 1"),
        (lambda: Conv2D(3, 3, padding="sam"), ValueError, '"valid" or "same"'),
        (lambda: layers.MaxPooling2D(-1), ValueError, "`pool_size`"),
        (lambda: layers.Cropping1D(-1), ValueError, "`cropping`"),
        (lambda: Embedding(0, 4), ValueError, "`input_dim` of `Embedding`"),
        (lambda: layers.RepeatVector(0), ValueError, "`n` of `RepeatVector`"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), ValueError, "`depth_m"),
        (lambda: Input(), ValueError, r"Give `shape=\(784,\)`"),
        (lambda: Input("8"), ValueError, "`shape` of `input_1?.*cannot be used"),
        (lambda: optimizers.Adam(learningrate=1), TypeError, "mean `learning_rate`"),
        (lambda: optimizers.SGD(lr="0.1"), ValueError, "`learning_rate` of `SGD`"),
        (lambda: optimizers.SGD(lr=-1), ValueError, "out of range. Received: -1"),
    ],
)
def test_an_argument_out_of_range_is_refused_when_the_object_is_made(
    make, error, pattern
):
    with pytest.raises(error) as caught:
        make()
    told(caught, pattern)


@pytest.mark.parametrize(
    "place, name, nearest",
    [
        (layers, "Dens", "Dense"),
        (layers, "Daolth", "Daoloth"),
        (models, "Seqential", "Sequential"),
        (models, "Pil", "Pile"),
        (callbacks, "EarlyStoping", "EarlyStopping"),
        (callbacks, "LumpChekpoint", "LumpCheckpoint"),
        (keras.layers, "Conv2d", "Conv2D"),
        (keras.losses, "msee", "mse"),
        (keras.backend, "reshap", "reshape"),
        (keras, "layer", "layers"),
        (cthulhu, "modles", "models"),
    ],
)
def test_a_misspelt_name_of_a_module_is_guessed(place, name, nearest):
    with pytest.raises(AttributeError, match=f"Did you mean `{nearest}`"):
        getattr(place, name)


@pytest.mark.parametrize(
    "name, nearest",
    [("sumary", "summary"), ("sumon", "summon"), ("train_on_bach", "train_on_batch")],
)
def test_a_misspelt_name_of_a_model_is_guessed(name, nearest):
    with pytest.raises(AttributeError) as caught:
        getattr(chain(), name)
    assert f"'Sequential' object has no attribute '{name}'" in str(caught.value)
    assert str(caught.value).endswith(f"Did you mean `{nearest}`?")


def test_an_attribute_that_fails_says_why_itself():
    layer = Dense(3, name="twice")
    assert not hasattr(layer, "kernal") and not hasattr(layer, "output")
    layer(Input((3,)))
    with pytest.raises(AttributeError, match="Did you mean `kernel`"):
        layer.kernal  # noqa: B018
    layer(Input((3,)))
    with pytest.raises(AttributeError, match="2 inbound nodes"):
        layer.output  # noqa: B018


# Chains and graphs that cannot be


@pytest.mark.parametrize(
    "make, error, pattern",
    [
        (lambda s: s([Dense]), TypeError, r"Write `Dense\(...\)`: this is the class"),
        (lambda s: s().add("dense"), TypeError, "instance of class Layer.*'dense'"),
        (lambda s: s(Dense(3, name="d")), TypeError, "as a list.*`d` alone"),
        (lambda s: s().pop(), TypeError, "no layers"),
        (lambda s: s([Dense(3)]).summary(), ValueError, "not been built.*input_shape"),
        (lambda s: s([Dense(3)]).build(8), ValueError, "`input_shape` of"),
        (lambda s: s([Dense(3, input_dim=8), Conv2D(3, 3)]), ValueError, "3 axes"),
        (
            lambda s: s([Dense(3, input_shape=(None,))]),
            ValueError,
            "number of features",
        ),
        (lambda s: s([Conv2D(1, 9, input_shape=(8, 8, 1))]), ValueError, "too small"),
        (
            lambda s: s([layers.MaxPooling2D(9, input_shape=(8, 8, 1))]),
            ValueError,
            r"\(None, 8, 8, 1\) and `pool_size=\(9, 9\)`",
        ),
        (
            lambda s: s([layers.LSTM(3, input_shape=(8, 2)), layers.LSTM(3)]),
            ValueError,
            "`return_sequences=True`",
        ),
        (
            lambda s: s([layers.Reshape((3, 3), input_shape=(8,))]),
            ValueError,
            "8 values",
        ),
    ],
)
def test_a_chain_that_cannot_be_made(make, error, pattern, tongue):
    with pytest.raises(error) as caught:
        make(getattr(tongue.models, tongue.say("Sequential")))
    told(caught, pattern)


@pytest.mark.parametrize(
    "make, error, pattern",
    [
        (lambda: Model(X, Y), ValueError, r"an array of shape \(20, 8\).*`fit`"),
        (lambda: Model(Input((3,))), ValueError, r"`Model\(inputs, outputs\)`"),
        (
            lambda: Model(Input((3,)), Dense(2)),
            ValueError,
            "Call the layer on a symbol",
        ),
        (
            lambda: Model(Input((3,)), Dense(2)(Input((4,)))),
            ValueError,
            "Graph disconnected",
        ),
        (lambda: Dense(3)("x"), ValueError, "'x' of type str.*a symbol"),
        (lambda: Dense(3)(None), ValueError, "None of type NoneType"),
        (lambda: Dense(3)(Dense(3)), ValueError, "Call that layer first"),
        (lambda: Dense(3)(np.zeros(3)), ValueError, r"`x\[None\]`"),
        (lambda: Flatten()(Input((8,))), ValueError, "It is flat already"),
        (lambda: Conv2D(3, 3)(Input((8,))), ValueError, "Give samples of 3 axes"),
        (lambda: layers.Add()(Input((3,))), ValueError, "at least 2 inputs"),
    ],
)
def test_a_call_of_layers_that_cannot_be(make, error, pattern):
    with pytest.raises(error) as caught:
        make()
    told(caught, pattern)


def test_a_layer_made_for_other_features_is_named():
    layer = Dense(3, name="shared")
    layer(Input((8,)))
    with pytest.raises(ValueError, match=r"layer shared.*\(None, 7\).*8 features"):
        layer(Input((7,)))
    with pytest.raises(ValueError, match=r"layer shared.*\(2, 7\)"):
        layer(np.zeros((2, 7)))


# Code of the user's own that fails


class Broken(layers.Layer):
    def call(self, inputs):
        return K.dot(inputs, K.ones((5, 2)))


class Inside(Model):
    def __init__(self):
        super().__init__()
        self.broken = Broken(name="mine")

    def call(self, inputs):
        return self.broken(inputs)


@pytest.mark.parametrize(
    "make, note",
    [
        (lambda: Broken(name="mine")(Input((8,))), r"`mine` \(Broken\).* \(None, 8\)"),
        (lambda: Broken(name="mine")(X), r"`mine` \(Broken\).* \(20, 8\)"),
        (
            lambda: compiled(Inside(), "mse").fit(X, Y),
            r"`mine` \(Broken\).* \(None, 8\)",
        ),
        (
            lambda: compiled(Sequential([Dense(4), Broken(name="mine")]), "mse").fit(
                X, Y
            ),
            r"`mine` \(Broken\).* \(None, 4\)",
        ),
        (lambda: layers.Lambda(np.sin)(Input((8,))), "NumPy cannot compute here"),
        (
            lambda: layers.Lambda(lambda x: x if x.sum() > 0 else -x)(Input((8,))),
            "use `K.switch`",
        ),
        (
            lambda: layers.Lambda(lambda x: x + np.ones((7, 8)))(Input((8,))),
            "240 stands for a size that is not known yet",
        ),
    ],
)
def test_an_error_out_of_a_call_tells_the_layer_and_what_came(make, note):
    with pytest.raises(Exception) as caught:
        make()
    notes = caught.value.__notes__
    assert any(re.search(note, one) for one in notes), notes
    assert len(traceback.extract_tb(caught.tb)) < 30


def test_a_loss_or_metric_that_fails_is_named():
    def my_loss(y_true, y_pred):
        return K.mean(y_true - y_pred[:, :2])

    def my_metric(y_true, y_pred):
        return K.dot(y_true, y_pred)

    for model, what in (
        (chain(loss=my_loss), "loss `my_loss`"),
        (chain(metrics=[my_metric]), "metric `my_metric`"),
    ):
        before = state(model)
        with pytest.raises(TypeError) as caught:
            model.fit(X, Y, verbose=0)
        assert state(model) == before
        assert f"In the {what} of output `out`: y_true has" in caught.value.__notes__[0]


def test_a_class_that_is_half_made_is_told_what_it_lacks():
    class NoStart(layers.Layer):
        def __init__(self):
            self.units = 3

    class NoEnd(layers.Layer):
        def call(self, inputs):
            inputs + 1  # noqa: B018 - the forgotten `return` is the point

    class NoCall(Model):
        pass

    with pytest.raises(RuntimeError, match=r"`NoStart`.*`super\(\).__init__"):
        NoStart()
    with pytest.raises(TypeError, match="`no_end_.*gave None.*`return`"):
        NoEnd()(Input((3,)))
    with pytest.raises(NotImplementedError, match=r"Define `call\(self, inputs\)`"):
        compiled(NoCall()).fit(X, Y)


# Order of calls


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.fit(X, Y),
        lambda m: m.summon(X, Y),
        lambda m: m.evaluate(X, Y),
        lambda m: m.train_on_batch(X, Y),
        lambda m: m.test_on_batch(X, Y),
        lambda m: m.fit_generator(again((X, Y)), 2),
    ],
)
def test_compile_comes_first(call):
    model = Sequential([Dense(3, input_dim=8)])
    refused(
        model, call, r"must be compiled.*`compile\(optimizer, loss\)`", RuntimeError
    )


def test_without_any_loss_there_is_nothing_to_do():
    model = Sequential([Dense(3, input_dim=8)])
    model.compile("sgd")
    refused(model, lambda m: m.fit(X, verbose=0), "nothing to train for.*compile")
    refused(model, lambda m: m.train_on_batch(X), "nothing to train for")
    refused(model, lambda m: m.fit(X, Y, verbose=0), "Give `compile` a loss")


def test_a_model_without_layers_is_told():
    model = compiled(Sequential(name="bare"), "mse")
    refused(model, lambda m: m.fit(X, X), "`bare` has no layers")
    refused(model, lambda m: m.predict(X), "`bare` has no layers")


# Batches that fail on the way: what was trained stays


def test_an_iterator_that_ends_early_leaves_what_was_learnt(tongue):
    model = chain(tongue)
    with pytest.warns(UserWarning, match="ran out after 2 of 5 .*learnt is kept"):
        history = getattr(model, tongue.say("fit"))(
            again((X, Y), 7), steps_per_epoch=5, epochs=3, verbose=0
        )
    assert len(history.history["loss"]) == 2
    assert int(model.optimizer.iterations.numpy()) == 7


@pytest.mark.parametrize(
    "last, error, pattern",
    [
        ((X[:, :7], Y), ValueError, r"\(20, 7\).*\(None, 8\)"),
        ((X, Y[:9]), ValueError, "`x` has 20, `y` has 9"),
        ((X, CLASSES), ValueError, "`sparse_categorical_crossentropy`"),
        (("a", Y), ValueError, "not an array of numbers"),
        (KeyError("no such picture: 4.png"), KeyError, "no such picture: 4.png"),
    ],
)
@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_that_fails_stops_at_a_whole_step(last, error, pattern, workers):
    class Batches(keras.utils.Sequence):
        def __len__(self):
            return 6

        def __getitem__(self, index):
            if index < 4:
                return X, Y
            if isinstance(last, Exception):
                raise last
            return last

    model, seen = chain(), []
    heard = callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: seen.append(batch)
    )
    with pytest.raises(error, match=pattern) as caught:
        model.fit(
            Batches(), callbacks=[heard], workers=workers, shuffle=False, verbose=0
        )
    assert seen == [0, 1, 2, 3]
    assert int(model.optimizer.iterations.numpy()) == 4
    if error is KeyError:  # the user's own line is in the traceback
        assert "raise last" in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "make, good, bad, pattern",
    [
        (
            lambda: chain(loss="sparse_categorical_crossentropy"),
            (X, CLASSES),
            (X, CLASSES + 1),
            "from 1 to 3.*0 to 2",
        ),
        (words, (np.zeros((20, 6)), Y), (np.full((20, 6), 10), Y), "from 10 to 10"),
    ],
)
def test_a_value_out_of_range_is_found_in_any_batch(make, good, bad, pattern):
    def batches():
        yield from again(good, 5)
        yield from again(bad)

    model = make()
    with pytest.raises(ValueError, match=pattern):
        model.fit(batches(), steps_per_epoch=20, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 5
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_nobody_reads_on_for_data_that_were_refused():
    def threads():
        return {t for t in threading.enumerate() if t.is_alive()}

    before = threads()
    refused(
        chain(),
        lambda m: m.fit(again((X[:, :7], Y), 10**6), steps_per_epoch=9, verbose=0),
        r"\(20, 7\)",
    )
    refused(
        chain(),
        lambda m: m.fit(
            again((X, Y), 10**6),
            steps_per_epoch=9,
            validation_data=(X, Y[:2]),
            verbose=0,
        ),
        "In `validation_data`",
    )
    until = time.time() + 10
    while threads() - before and time.time() < until:
        time.sleep(0.01)
    assert not threads() - before


# Callbacks and files


@pytest.mark.parametrize(
    "make, error, pattern",
    [
        (lambda c: c.EarlyStopping("val_los"), ValueError, "mean `val_loss`"),
        (lambda c: c.EarlyStopping("acc"), ValueError, "one of `loss`, `val_loss`"),
        (
            lambda c: c.ModelCheckpoint("w.h5", "val_acc", save_best_only=True),
            ValueError,
            "`val_acc`, which this run will never report",
        ),
        (lambda c: c.ModelCheckpoint("{val_los}.h5"), ValueError, "mean `val_loss`"),
        (lambda c: c.ModelCheckpoint("{epoch:02x.h5"), ValueError, "cannot be filled"),
        (lambda c: c.ModelCheckpoint("{loss:d}.h5"), ValueError, "cannot be filled"),
        (lambda c: c.ModelCheckpoint("file/w.h5"), OSError, "file` is a file"),
        (lambda c: c.ModelCheckpoint("folder"), OSError, "Received: a folder"),
        (lambda c: c.CSVLogger("file/log.csv"), OSError, "file` is a file"),
        (lambda c: c.EarlyStopping, TypeError, r"Write `EarlyStopping\(...\)`"),
        (lambda c: lambda epoch, logs: None, TypeError, "LambdaCallback"),
        (lambda c: "EarlyStopping", TypeError, "no hook of a callback"),
    ],
)
def test_a_callback_that_cannot_work_stops_nothing_else(make, error, pattern, tongue):
    model = chain(tongue)
    with open("file", "w"):
        os.mkdir("folder")
    room = SimpleNamespace(
        **{
            name: getattr(tongue.callbacks, tongue.say(name))
            for name in ("EarlyStopping", "ModelCheckpoint", "CSVLogger")
        }
    )
    log = room.CSVLogger("log.csv")  # would be written, if training began
    refused(
        model,
        lambda m: getattr(m, tongue.say("fit"))(
            X, Y, validation_data=(X, Y), callbacks=[log, make(room)], verbose=0
        ),
        pattern,
        error,
    )


def test_validation_that_is_not_there_is_not_monitored():
    refused(
        chain(),
        lambda m: m.fit(X, Y, callbacks=[callbacks.EarlyStopping()], verbose=0),
        "No validation is configured",
    )


@pytest.mark.parametrize("method", ["save", "save_weights"])
def test_a_folder_that_is_not_there_is_not_made(method):
    refused(
        chain(),
        lambda m: getattr(m, method)("absent/model.h5"),
        "there is no folder `.*absent`",
        FileNotFoundError,
    )
    refused(chain(), lambda m: getattr(m, method)("."), "is a folder", OSError)


def test_what_cannot_be_loaded_changes_nothing():
    model = chain()
    with open("notes.txt", "w") as file:
        file.write("no HDF5" * 100)
    open("empty.h5", "w").close()
    chain().save("whole.h5")
    with open("whole.h5", "rb") as whole, open("half.h5", "wb") as half:
        half.write(whole.read()[:5000])
    Sequential([Dense(5, input_dim=8), Dense(3)]).save_weights("other.h5")
    Sequential([Dense(5, input_dim=8)]).save_weights("short.h5")

    for name, error, pattern in [
        (
            "whole.hdf",
            FileNotFoundError,
            "no file `whole.hdf`. Did you mean `whole.h5`",
        ),
        ("absent/w.h5", FileNotFoundError, "There is no folder"),
        (".", IsADirectoryError, "is a folder"),
        ("notes.txt", OSError, "cannot be read as an HDF5 file"),
        ("empty.h5", OSError, "cannot be read as an HDF5 file"),
        ("half.h5", OSError, "was cut off"),
        ("other.h5", ValueError, r"`first`.*\(8, 4\).*\(8, 5\)"),
        ("short.h5", ValueError, "weights of 1 layers into a model with 2 layers"),
    ]:
        refused(model, lambda m, name=name: m.load_weights(name), pattern, error)
    for name, error, pattern in [
        ("absent.h5", FileNotFoundError, "There is no file"),
        ("notes.txt", OSError, "cannot be read as an HDF5 file"),
        ("other.h5", ValueError, "use `load_weights`"),
    ]:
        refused(model, lambda m, name=name: models.load_model(name), pattern, error)
    refused(
        Sequential([Dense(4), Dense(3)]),
        lambda m: m.load_weights("whole.h5"),
        r"not built yet.*`build\(input_shape\)`",
    )


def test_a_layer_of_ones_own_is_asked_for_when_it_is_loaded():
    class Mine(Dense):
        pass

    Sequential([Mine(3, input_dim=2)]).save("mine.h5")
    with pytest.raises(ValueError, match=r"`custom_objects=\{'Mine': Mine\}`"):
        models.load_model("mine.h5", compile=False)


def test_weights_that_do_not_fit_are_set_nowhere():
    model = chain()
    good = model.get_weights()
    for weights, error, pattern in [
        (good[:1], ValueError, r"a list of 1 arrays.*: `first/kernel` \(8, 4\)"),
        ([w.T for w in good], ValueError, r"`first/kernel`.*\(4, 8\).*\(8, 4\)"),
        ([good[0], np.zeros(5), *good[2:]], ValueError, r"`first/bias`.*\(5,\)"),
        ([w.astype(str) for w in good], TypeError, "dtype `<U.*numbers"),
        (None, ValueError, "`set_weights"),
    ]:
        refused(model, lambda m, w=weights: m.set_weights(w), pattern, error)
        part = weights and weights[:2]
        refused(model, lambda m, w=part: m.layers[0].set_weights(w), pattern, error)
    unbuilt = Sequential([Dense(3)])
    refused(unbuilt, lambda m: m.set_weights(good), "not built: give it an input shape")


def test_the_checks_cost_next_to_nothing():
    model = compiled(
        Sequential([Dense(10, input_dim=784)]), "sparse_categorical_crossentropy"
    )
    x = np.zeros((60000, 784), "float32")
    y = np.arange(60000) % 10
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        model._check_inputs([x])
        model._check_goal()
        model._spec.check_targets([y[:, None]])
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.005
