"""Embeddings for the projector: files, and what is refused before training."""

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from cthulhu.callbacks import TensorBoard
from cthulhu.keras.layers import Dense, Embedding, Flatten
from cthulhu.keras.models import Sequential

X = np.array([[0, 1], [2, 3], [4, 4]])
Y = np.zeros((3, 1))
TABLE = np.arange(10.0).reshape(5, 2)


@pytest.fixture(scope="module")
def model():
    model = Sequential(
        [
            Embedding(5, 2, input_length=2, weights=[TABLE], name="words"),
            Flatten(name="flat"),
            Dense(1, name="end"),
        ]
    )
    model.compile("sgd", "mse")
    model.optimizer.lr = 0.0
    return model


def fit(model, folder, **arguments):
    board = TensorBoard(folder, embeddings_freq=1, **arguments)
    model.fit(X, Y, callbacks=[board], verbose=0)


def shown(folder):
    """The points of each layer and the names of its labels."""
    text = (folder / "projector_config.pbtxt").read_text()
    config = text_format.Parse(text, ProjectorConfig())
    found = {}
    for entry in config.embeddings:
        points = np.loadtxt(folder / entry.tensor_path, delimiter="\t", ndmin=2)
        assert list(points.shape) == list(entry.tensor_shape)
        found[entry.tensor_name] = points.tolist(), entry.metadata_path
    return found


def labels(path, count, title=""):
    path.write_text(title + "".join(f"label {i}\t{i}\n" for i in range(count)))
    return str(path)


def test_without_data_the_rows_of_embedding_layers_are_points(model, tmp_path):
    fit(model, tmp_path)

    assert {"words": (TABLE.tolist(), "")} == shown(tmp_path)


def test_with_data_the_outputs_of_layers_are_points(model, tmp_path):
    fit(model, tmp_path, embeddings_data=X, embeddings_layer_names=["flat", "words"])

    # the words 0 and 1 have (0, 1) and (2, 3), and so on
    points = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 8, 9]]
    assert {"flat": (points, ""), "words": (points, "")} == shown(tmp_path)


def test_labels_lie_beside_the_points(model, tmp_path):
    inside, outside = tmp_path / "logs" / "in.tsv", tmp_path / "out.tsv"
    inside.parent.mkdir()
    labels(inside, 3, title="name\tnumber\n")
    fit(
        model,
        inside.parent,
        embeddings_data=X,
        embeddings_layer_names=["flat", "words"],
        embeddings_metadata={
            "flat": "in.tsv",
            "words": labels(outside, 4, title="name\tnumber\n"),
        },
    )

    assert ["in.tsv", "projector_words_out.tsv"] == [
        path for _, path in shown(inside.parent).values()
    ]
    copy = inside.parent / "projector_words_out.tsv"
    assert outside.read_text() == copy.read_text()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"embeddings_layer_names": ["word"]}, ValueError, "Did you mean `words`"),
        ({"embeddings_layer_names": "end"}, ValueError, "Give `embeddings_data`"),
        ({"embeddings_metadata": "none.tsv"}, FileNotFoundError, "`none.tsv`"),
        ({"embeddings_metadata": "two.tsv"}, ValueError, "1 lines.*Expected: 5"),
        ({"embeddings_metadata": {"flat": "two.tsv"}}, ValueError, "layer `flat`"),
        (
            {"embeddings_metadata": "two.tsv", "embeddings_data": X},
            ValueError,
            "Expected: 3, one for each point",
        ),
        ({"embeddings_data": X[:, :1]}, ValueError, r"`embeddings_data`.*\(3, 1\)"),
        ({"embeddings_data": X[:0]}, ValueError, "no rows"),
        ({"embeddings_data": [X, X]}, ValueError, "`embeddings_data`"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_step(
    model, tmp_path, monkeypatch, arguments, error, words
):
    monkeypatch.chdir(tmp_path)
    labels(tmp_path / "two.tsv", 2)
    before = model.optimizer.iterations.numpy()
    with pytest.raises(error, match=words):
        fit(model, tmp_path / "logs", **arguments)

    assert before == model.optimizer.iterations.numpy()


def test_a_model_without_embeddings_is_told_what_to_name(tmp_path):
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no `Embedding` layer"):
        fit(model, tmp_path)
