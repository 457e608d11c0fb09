"""The examples run, for a few steps, and leave what they say."""

import csv
import importlib.util
from pathlib import Path

import h5py
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_demo_leaves_its_model_its_log_and_its_curves(tmp_path, capsys):
    accuracy = load("digits").main(tmp_path, epochs=6)

    assert accuracy > 0.8  # 0.98 after all epochs
    told = capsys.readouterr().out
    assert "Total params: 52,362" in told and "[==============================]" in told
    assert f"test accuracy {accuracy:.4f}" in told
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == list("012345")
    assert {float(row["lr"]) for row in rows} == {0.002}
    best = min(float(row["val_loss"]) for row in rows)
    assert best < 0.6 * float(rows[0]["val_loss"])
    with h5py.File(tmp_path / "best.hdf5") as file:
        assert "model_weights" in file and "optimizer_weights" in file
    picture = (tmp_path / "curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 10_000


def test_two_pictures_are_compared_by_one_reader(capsys):
    accuracy = load("same_digit").main(epochs=2, count=4000)
    assert accuracy > 0.55  # 0.96 after all epochs, with all pairs
    assert "reader[2][0]" in capsys.readouterr().out


def test_a_rate_is_found_and_used(tmp_path, capsys):
    accuracy = load("rates").main(tmp_path, epochs=6)

    assert accuracy > 0.85  # 0.97 after all epochs
    assert "The loss falls fastest at a rate of" in capsys.readouterr().out
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")


def test_a_net_is_watched_in_tensorboard(tmp_path, capsys):
    accuracy = load("watch_digits").main(tmp_path, epochs=2)

    assert accuracy > 0.5  # 0.98 after all epochs
    assert "tensorboard --logdir" in capsys.readouterr().out
    assert {"train", "validation", "digits.tsv", "projector_config.pbtxt"} <= {
        path.name for path in tmp_path.iterdir()
    }
