"""What a real TensorBoard shows of what was written, asked over its HTTP API."""

import re

import numpy as np
import pytest

from cthulhu.callbacks import TensorBoard
from cthulhu.keras.layers import (
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Input,
    add,
)
from cthulhu.keras.models import Model, Sequential

WORDS, WIDTH = 7, 3


def picture_model():
    """A convolution, a model within used twice, and a merge."""
    inner = Sequential([Dense(4, input_dim=4, name="within")], name="inner")
    x = Input((4, 4, 1), name="pictures")
    y = Conv2D(4, 4, name="conv", activation="relu")(x)
    y = Flatten(name="flat")(y)
    once = inner(y)
    y = add([once, inner(once)], name="sum")
    model = Model(x, Dense(2, activation="softmax", name="classes")(y))
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return model


def word_model():
    model = Sequential(
        [Embedding(WORDS, WIDTH, input_length=2, name="words"), Flatten(), Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with the logs of two models."""
    folder = tmp_path_factory.mktemp("logs")
    draw = np.random.default_rng(0)
    x, y = draw.random((12, 4, 4, 1)), np.eye(2)[draw.integers(0, 2, 12)]
    pictures = TensorBoard(
        folder / "pictures",
        histogram_freq=1,
        batch_size=5,
        write_grads=True,
        write_images=True,
        write_steps_per_second=True,
    )
    model = picture_model()
    for _ in range(2):
        model.fit(
            x, y, 4, epochs=2, validation_data=(x, y), callbacks=[pictures], verbose=0
        )
    labels = folder / "labels.tsv"
    labels.write_text("".join(f"word {i}\n" for i in range(WORDS)))
    words = TensorBoard(
        folder / "words", embeddings_freq=1, embeddings_metadata=str(labels)
    )
    x = draw.integers(0, WORDS, (12, 2))
    other = word_model()
    other.fit(x, np.ones((12, 1)), callbacks=[words], verbose=0)
    return folder, model, other


@pytest.fixture(scope="module")
def board(runs, serve):
    server = serve(runs[0])
    server.wait_for("data/plugin/scalars/scalars", run="words/train", tag="loss")
    return server


def test_it_lists_the_runs(board):
    assert {
        "pictures",
        "pictures/train",
        "pictures/validation",
        "words",
        "words/train",
    } == set(board.get("data/runs"))


def test_it_draws_training_and_validation_into_one_picture(board, runs):
    history = runs[1].history.history
    tags = board.get("data/plugin/scalars/tags")
    train = board.scalars("pictures/train", "loss")
    validation = board.scalars("pictures/validation", "loss")

    assert {"loss", "accuracy"} == set(tags["pictures/validation"])
    assert {"loss", "accuracy", "steps_per_second"} == set(tags["pictures/train"])
    assert [0, 1, 2, 3] == [step for step, _ in train]
    np.testing.assert_allclose([v for _, v in train[2:]], history["loss"], 1e-6)
    np.testing.assert_allclose(
        [v for _, v in validation[2:]], history["val_loss"], 1e-6
    )


def test_it_has_the_graph_with_layers_as_scopes(board):
    graph = board.wait_for(
        "data/plugin/graphs/graph", run="pictures/train", conceptual="false"
    ).decode()
    nodes = {}
    for node in graph.split("node {")[1:]:
        name = re.search(r'name: "([^"]*)"', node)[1]
        nodes[name] = re.findall(r'input: "([^"]*)"', node)

    assert {
        "pictures/InputLayer": [],
        "conv/kernel": [],
        "conv/bias": [],
        "conv/Conv2D": ["pictures/InputLayer", "conv/kernel", "conv/bias"],
        "flat/Flatten": ["conv/Conv2D"],
        "inner/within/kernel": [],
        "inner/within/bias": [],
        "inner/within/Dense": [
            "flat/Flatten",
            "inner/within/kernel",
            "inner/within/bias",
        ],
        "inner_1/within/Dense": [
            "inner/within/Dense",
            "inner/within/kernel",
            "inner/within/bias",
        ],
        "sum/Add": ["inner/within/Dense", "inner_1/within/Dense"],
        "classes/kernel": [],
        "classes/bias": [],
        "classes/Dense": ["sum/Add", "classes/kernel", "classes/bias"],
    } == nodes
