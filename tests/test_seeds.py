"""The pages that the project stands behind: each of their code blocks runs.

The pages lie beside the checkout.  Where they are absent the tests are skipped; the
same examples, in the project's own words, are in test_callbacks_page.py.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import cthulhu
from cthulhu import keras

PAGES = sorted(Path(__file__).parents[2].joinpath("shared", "seeds").glob("*.txt"))

if not PAGES:
    pytest.skip("the pages do not lie beside this checkout", allow_module_level=True)

WEIGHTS = Path("/tmp/weights.hdf5")  # the pages say so

# What a page leaves to its reader, and what the reader fills in.
BLANKS = {
    "processes = ...": "processes = running",
    "(...,\n": "(x_train, y_train,\n",
    "print history.losses": "print(history.losses)",  # a statement until Python 3
}
CUT = "cthulhu.callbacks./logs'"  # a signature whose beginning the page lost


def blocks():
    for page in PAGES:
        number = page.name[:3]
        code = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        for i, block in enumerate(code):
            if not block.startswith(CUT):
                yield pytest.param(block, id=f"{number}-{i}", marks=marks(block))


def marks(block):
    """Marks for a block that shows a callback yet to be built."""
    shown = re.fullmatch(r"(?:cthulhu|keras)\.callbacks\.(\w+)\(.*\)\s*", block)
    if shown and not hasattr(cthulhu.callbacks, shown[1]):
        return [pytest.mark.skip(f"{shown[1]} is not built yet")]
    return []


class Process:
    """Something that runs until it is told to stop."""

    alive = True

    def is_alive(self):
        return self.alive

    def terminate(self):
        self.alive = False


def reader(tongue):
    """The names that the pages take as given."""
    x = np.random.rand(256, 784)
    y = np.eye(10)[np.random.randint(10, size=256)]
    given = {
        name: value
        for spelling in ("x_train X_train", "y_train Y_train")
        for name, value in zip(
            spelling.split(), [x if "x" in spelling else y] * 2, strict=True
        )
    }
    given |= {"X_test": x[:64], "Y_test": y[:64], "running": [Process(), Process()]}
    given |= {"filepath": "model.hdf5", "filename": "log.csv"}
    given |= {"schedule": lambda epoch: 0.1}
    models, layers = tongue.models, tongue.layers
    for room in (models, layers, tongue.callbacks):
        given |= {name: getattr(room, name) for name in dir(room) if name[0].isupper()}
    model = models.Sequential([layers.Dense(10, input_dim=784)])
    model.compile("sgd", "mse")
    return given | {"model": model}


@pytest.mark.parametrize("block", list(blocks()))
@pytest.mark.filterwarnings(
    # page 003 shows the argument's older name
    "ignore:`epsilon` argument is deprecated:UserWarning",
    # pages 002 and 003 monitor `val_loss` in a run without validation
    "ignore:ReduceLROnPlateau stays idle:RuntimeWarning",
)
def test_the_block_runs_and_does_what_its_page_says(
    block, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    WEIGHTS.unlink(missing_ok=True)
    in_cthulhu = re.search(r"\bcthulhu\b|Pile|summon", block)
    tongue = cthulhu if in_cthulhu else keras
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setitem(sys.modules, "keras.callbacks", keras.callbacks)
    printed = []
    names = reader(tongue) | {"cthulhu": cthulhu, "keras": keras}
    names["print"] = printed.append
    for blank, filled in BLANKS.items():
        block = block.replace(blank, filled)

    exec(compile(block, "page", "exec"), names)

    if "history.losses" in block:
        assert 20 * 2 == len(names["history"].losses)
        assert np.isfinite(names["history"].losses).all()
        assert np.mean(names["history"].losses[-2:]) < names["history"].losses[0]
        assert printed == [names["history"].losses]
    if "checkpointer" in block:
        assert WEIGHTS.exists()
        said = capsys.readouterr().out
        assert "improved" in said
        assert 20 == said.count("val_loss")
    if "csv_logger = " in block:
        assert ["epoch,loss", "0,"] == [
            line[: len("epoch,loss") if i == 0 else 2]
            for i, line in enumerate(Path("training.log").read_text().splitlines())
        ]
    if "json_log" in block:
        (line,) = Path("loss_log.json").read_text().splitlines()
        assert {"epoch", "loss"} == set(json.loads(line))
        assert 0 == json.loads(line)["epoch"]
        assert names["json_log"].closed
        assert not any(process.alive for process in names["running"])
        assert printed == list(range(256 // 32))


def test_every_page_is_read():
    assert ["000", "001", "002", "003", "004"] == [page.name[:3] for page in PAGES]
    assert 3 + 3 + 18 + 19 + 6 == len(list(blocks()))
