"""Pictures of what a model gets wrong."""

import io

import numpy as np
import pytest
from PIL import Image

from cthulhu.callbacks import PredictionLogger
from cthulhu.callbacks.tensorboard.predictions import find_mistakes
from cthulhu.keras.layers import Activation, Dense, Flatten
from cthulhu.keras.models import Sequential

# A model whose outputs are its inputs: probabilities of three classes.
P = np.array(
    [
        [0.8, 0.1, 0.1],  # 0, right
        [0.7, 0.1, 0.2],  # 2, taken for 0
        [0.3, 0.6, 0.1],  # 0, taken for 1
        [0.9, 0.0, 0.1],  # 1, taken for 0: the worst
    ],
    "float32",
)
TRUE = np.array([0, 2, 0, 1])


def echo(shape=(3,)):
    layers = [Flatten(input_shape=shape)] if len(shape) > 1 else []
    options = {} if layers else {"input_shape": shape}
    model = Sequential([*layers, Activation("linear", **options), Dense(3)])
    model.set_weights([np.eye(3), np.zeros(3)])
    model.compile("sgd", "mse")
    model.optimizer.lr = 0.0
    return model


@pytest.fixture(scope="module")
def model():
    return echo()


def log(model, logger, x=P, y=TRUE, **options):
    targets = np.eye(3)[y] if y.ndim == 1 else y
    model.fit(x, targets, callbacks=[logger], verbose=0, **options)


def written(events, folder):
    """Texts and pictures by step."""
    texts, pictures = {}, {}
    for event in events(folder / "validation"):
        for value in event.summary.value:
            strings = list(value.tensor.string_val)
            if value.tag == "wrong_predictions/table":
                texts[event.step] = strings[0].decode()
            elif value.tag == "wrong_predictions":
                pictures[event.step] = strings
    return texts, pictures


def test_the_worst_come_first():
    found = find_mistakes(P, TRUE)

    assert [3, 1, 2] == found.rows.tolist()  # their true classes got 0, 0.2 and 0.3
    assert [1, 2, 0] == found.true.tolist()
    assert [0, 0, 1] == found.predicted.tolist()
    np.testing.assert_allclose([0.9, 0.7, 0.6], found.sureness)


def test_a_single_output_is_the_probability_of_class_1():
    found = find_mistakes(np.array([[0.9], [0.2], [0.4]]), np.array([0, 0, 1]))

    assert [0, 2] == found.rows.tolist()
    np.testing.assert_allclose([0.9, 0.6], found.sureness)


def test_pictures_and_a_table_are_written_with_names_of_classes(
    model, tmp_path, events
):
    logger = PredictionLogger(
        P, TRUE, tmp_path, count=2, labels=["cat", "dog", "a|b"], shape=(1, 3)
    )
    log(model, logger, epochs=2)
    texts, pictures = written(events, tmp_path)

    assert {0, 1} == set(texts) == set(pictures)
    assert [
        "3 of 4 rows are taken for something else.",
        "",
        "| row | true | taken for | sure |",
        "|---|---|---|---|",
        "| 3 | dog | cat | 90% |",
        "| 1 | a\\|b | cat | 70% |",
    ] == texts[0].splitlines()
    width, height, *pngs = pictures[0]
    images = [Image.open(io.BytesIO(png)) for png in pngs]
    assert [(int(width), int(height))] * 2 == [image.size for image in images]
    # 0.9, 0.0 and 0.1 of white, then what stands below
    left, middle, right = (np.asarray(images[0])[5, x, 0] for x in (20, 72, 124))
    assert (230, 0, 26) == (left, middle, right)
    assert (np.asarray(images[0])[-40:] < 100).any()


def test_the_validation_data_are_shown_where_nothing_is_given(tmp_path, events):
    x = np.zeros((4, 3, 1))
    x[..., 0] = P
    logger = PredictionLogger(log_dir=tmp_path, freq=2)
    log(echo((3, 1)), logger, x, epochs=3, validation_data=(x, np.eye(3)[TRUE]))
    texts, pictures = written(events, tmp_path)

    assert [0, 2] == sorted(texts)
    assert 2 + 3 == len(pictures[2])


def test_where_all_is_right_the_table_says_so(model, tmp_path, events):
    log(model, PredictionLogger(P[:1], TRUE[:1], tmp_path, shape=(1, 3)))
    texts, pictures = written(events, tmp_path)

    assert {0: "0 of 1 rows are taken for something else."} == texts
    assert {} == pictures


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "needs rows to show"),
        ({"x": P[:, :2], "y": TRUE}, "as pictures. Received: an array of shape .4, 2."),
        ({"x": P, "y": TRUE[:3], "shape": (1, 3)}, "4 rows and 3 classes"),
        ({"x": P, "y": TRUE, "shape": (1, 3), "labels": ["a"]}, "too few `labels`"),
        ({"x": P, "y": TRUE + 1, "shape": (1, 3)}, "class that the model does not"),
        ({"x": P, "y": TRUE - 0.5, "shape": (1, 3)}, "needs the class of each row"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_the_first_step(
    model, tmp_path, arguments, words
):
    before = model.optimizer.iterations.numpy()
    with pytest.raises(ValueError, match=words):
        log(model, PredictionLogger(log_dir=tmp_path, **arguments))

    assert before == model.optimizer.iterations.numpy()


def test_rows_and_classes_come_together():
    with pytest.raises(ValueError, match="`x` without `y`"):
        PredictionLogger(P)
    with pytest.raises(ValueError, match="at least 1"):
        PredictionLogger(count=0)
