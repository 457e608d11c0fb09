"""What a real TensorBoard shows of what was written, by its HTTP API and its pages."""

import io
import re
import time
import urllib.parse

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cthulhu.callbacks import PredictionLogger, TensorBoard
from cthulhu.keras.layers import (
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Input,
    add,
)
from cthulhu.keras.models import Model, Sequential

# Seven points apart from each other, for the projector.
TABLE = np.array(
    [[0, 0, 0], [9, 0, 0], [-9, 1, 0], [0, 5, 1], [0, -5, 0], [4, 3, 3], [-4, -3, -3]]
)
WORDS, WIDTH = TABLE.shape
PATIENCE = 60.0  # seconds, for a busy machine


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
        [
            Embedding(WORDS, WIDTH, weights=[TABLE], input_length=2, name="words"),
            Flatten(),
            Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    return model


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with the logs of two models."""
    folder = tmp_path_factory.mktemp("logs")
    np.random.seed(1)
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
    wrong = PredictionLogger(log_dir=folder / "pictures", count=3)
    model = picture_model()
    for _ in range(2):
        model.fit(
            x,
            y,
            4,
            epochs=2,
            validation_data=(x, y),
            callbacks=[pictures, wrong],
            verbose=0,
        )
    (folder / "words").mkdir()
    labels = folder / "words" / "labels.tsv"
    labels.write_text("".join(f"word {i}\n" for i in range(WORDS)))
    words = TensorBoard(
        folder / "words", embeddings_freq=1, embeddings_metadata="labels.tsv"
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


def test_it_has_histograms_of_weights_gradients_and_outputs(board, runs):
    weights = {
        f"{layer}/{weight}_0"
        for layer in ("conv", "within", "classes")
        for weight in ("kernel", "bias")
    }
    layers = ("conv", "flat", "inner", "inner_1", "sum", "classes")
    tags = board.get("data/plugin/histograms/tags")["pictures/train"]
    found = board.get(
        "data/plugin/histograms/histograms", run="pictures/train", tag="conv/kernel_0"
    )
    kernel = runs[1].get_layer("conv").get_weights()[0]
    _, step, bars = found[-1]

    assert weights | {f"{w}_grad" for w in weights} | {
        f"{layer}_out" for layer in layers
    } == set(tags)
    assert [0, 1, 2, 3] == [step for _, step, _ in found]
    assert 4 * 4 * 1 * 4 == sum(count for _, _, count in bars)
    np.testing.assert_allclose(
        (kernel.min(), kernel.max()), (bars[0][0], bars[-1][1]), 1e-6
    )


def test_it_has_the_kernels_as_pictures(board):
    answer = board.get(
        "data/plugin/images/images",
        run="pictures/train",
        tag="conv/kernel_0/image",
        sample=0,
    )
    query = dict(urllib.parse.parse_qsl(answer[-1]["query"]))
    picture = board.get("data/plugin/images/individualImage", **query)
    pixels = np.asarray(Image.open(io.BytesIO(picture)))

    assert [0, 1, 2, 3] == [image["step"] for image in answer]
    # four filters of 4 × 4 in two rows, with a line between, 28 times enlarged
    assert (9 * 28, 9 * 28) == pixels.shape
    assert (0, 255) == (pixels.min(), pixels.max())


def test_it_has_what_the_model_gets_wrong(board, runs):
    wrong = round(12 * (1 - runs[1].history.history["val_accuracy"][-1]))
    text = board.get(
        "data/plugin/text/text",
        run="pictures/validation",
        tag="wrong_predictions/table",
    )[-1]["text"]
    tags = board.get("data/plugin/images/tags")

    assert f"{wrong} of 12 rows are taken for something else" in text
    assert "<th>taken for</th>" in text
    assert 3 == tags["pictures/validation"]["wrong_predictions"]["samples"]


def test_it_has_the_points_of_the_projector_and_their_labels(board, runs):
    (entry,) = board.wait_for("data/plugin/projector/info", run="words")["embeddings"]
    named = {"run": "words", "name": entry["tensorName"]}
    points = np.frombuffer(board.get("data/plugin/projector/tensor", **named), "f4")
    labels = board.get("data/plugin/projector/metadata", **named).decode()

    assert ("words", [WORDS, WIDTH]) == (entry["tensorName"], entry["tensorShape"])
    np.testing.assert_allclose(
        runs[2].get_weights()[0], points.reshape(WORDS, WIDTH), 1e-5
    )
    assert [f"word {i}" for i in range(WORDS)] == labels.splitlines()


def test_it_has_the_hyper_parameters_with_what_came_of_them(board, runs):
    statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
    question = {"experimentName": "", "allowedStatuses": statuses, "colParams": []}
    board.get("data/plugin/hparams/experiment", {"experimentName": ""})
    groups = board.get(
        "data/plugin/hparams/session_groups",
        question | {"startIndex": 0, "sliceSize": 9},
    )["sessionGroups"]
    found = {group["sessions"][0]["name"]: group for group in groups}
    pictures = found["pictures"]
    metrics = {
        (m["name"]["group"], m["name"]["tag"]): m["value"]
        for m in pictures["metricValues"]
    }

    assert {"pictures", "words"} == set(found)
    assert "STATUS_SUCCESS" == pictures["sessions"][0]["status"]
    assert ("SGD", 0.01, 4.0) == tuple(
        pictures["hparams"][name]
        for name in ("optimizer", "learning_rate", "batch_size")
    )
    last = runs[1].history.history["val_loss"][-1]
    assert last == pytest.approx(metrics["validation", "loss"], 1e-6)


def pieces(mask):
    """How many connected pieces of more than 30 pixels a picture has."""
    names, count = ndimage.label(mask)
    return sum((names == i).sum() > 30 for i in range(1, count + 1))


def test_the_page_of_scalars_draws_curves(board, browser):
    def long(curves):  # what is outside of the picture is cut off
        return sum(len(re.findall("[ML]", curve)) >= 3 for curve in curves)

    browser.open(f"{board.root}/#scalars")
    runs = {"pictures/train", "pictures/validation", "words/train"}
    browser.wait_for(lambda texts: runs | {"accuracy", "loss"} <= set(texts))
    # loss and accuracy of two runs, each smoothed and not
    browser.wait_for(lambda curves: 2 * 2 <= long(curves), "path.line")
    right = browser.picture()[130:, 360:1350].astype(int)

    assert pieces(np.ptp(right, axis=-1) > 100) >= 2


def test_the_page_of_graphs_draws_layers(board, browser):
    browser.open(f"{board.root}/#graphs&run=pictures%2Ftrain")
    layers = {"pictures", "conv", "flat", "inner", "inner_1", "sum", "classes"}

    browser.wait_for(lambda texts: layers <= set(texts), "text")
    assert 7 == len(browser.texts("path.edgeline"))


def test_the_page_of_the_projector_draws_points(board, browser):
    def points():
        red, green, blue = np.moveaxis(
            browser.picture()[130:, 320:1090].astype(int), -1, 0
        )
        return pieces((blue - red > 40) & (blue - green > 40) & (abs(red - green) < 25))

    browser.open(f"{board.root}/#projector")
    browser.wait_for(lambda texts: {"Points:", f"{WORDS}", "words"} <= set(texts))
    deadline = time.monotonic() + PATIENCE
    while points() < WORDS - 2:  # some may stand behind others
        assert time.monotonic() < deadline
        time.sleep(0.3)
