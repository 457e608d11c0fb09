"""Examples as programs: what they may take as given, and how those of a text are run.

Given are NumPy as `np`, the backend as `K`, the package in the tongue's words, every
public name of the rooms, and what a reader has at hand: a small compiled `model` with
its data `x` and `y`, a larger set as `x_train`, `y_train`, `x_test`, `y_test`.  Where
a docstring's example adds layers, `model` is an empty one.

An example that cannot run because of what it shows (a server, an extra) says so:
`# doctest: +SKIP` in its line, which the pages leave out.
"""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import cthulhu
from cthulhu import (
    backend,
    callbacks,
    config,
    core,
    data,
    initializers,
    keras,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    saving,
    utils,
)
from scripts.docs import words
from scripts.docs.words import Tongue

# Later rooms win where two have the same name.
ROOMS = (utils, saving, data, core, regularizers, initializers, losses, metrics)
ROOMS += (optimizers, callbacks, models, layers)

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def given(tongue: Tongue, text: str, adds: bool = False) -> dict[str, Any]:
    """The names that an example may use, those that take time only if it does.

    Args:
        tongue: Whose words they have.
        text: The example.
        adds: Whether it adds layers to `model`.
    """
    names: dict[str, Any] = {"np": np, "K": backend, "cthulhu": cthulhu}
    if tongue.tone is None:
        names["keras"] = keras
    for room in ROOMS:
        names |= {
            tongue.say(name): value
            for name, value in vars(room).items()
            if not name.startswith("_")
        }
    used = set(re.findall(r"[A-Za-z_]\w*", text))
    if used & {"x", "y", "model"}:
        names |= small(used, adds)
    if used & {"x_train", "y_train", "x_test", "y_test"}:
        names |= large()
    return names


def small(used: set[str], adds: bool = False) -> dict[str, Any]:
    """A model and its data: 32 rows of 4 features, 2 classes."""
    random = np.random.RandomState(0)
    x = random.rand(32, 4).astype("float32")
    found: dict[str, Any] = {"x": x, "y": np.eye(2)[(x.mean(axis=1) > 0.5).astype(int)]}
    if "model" in used:
        model = models.Sequential()
        if not adds:
            model.add(layers.Dense(2, activation="softmax", input_shape=(4,)))
            model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
        found["model"] = model
    return found


def large() -> dict[str, Any]:
    """Images as rows: 256 to learn from, 64 to test with, 10 classes."""
    random = np.random.RandomState(0)
    x = random.rand(320, 784).astype("float32")
    y = np.eye(10)[random.randint(10, size=320)]
    return {
        "x_train": x[:256],
        "y_train": y[:256],
        "x_test": x[256:],
        "y_test": y[256:],
    }


class Checker(doctest.OutputChecker):
    """An example that shows no result may have any."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


def run_docstring(test: doctest.DocTest, tongue: Tongue) -> str:
    """Run the examples of a docstring in a tongue; what went wrong, or "".

    Results are compared as they are: an object calls itself by its standard name.
    """
    for example in test.examples:
        example.source = words.code(example.source, tongue)
    text = "".join(example.source for example in test.examples)
    spoken = {tongue.say(name): value for name, value in test.globs.items()}
    test.globs = given(tongue, text, "model.add(" in text) | test.globs | spoken
    told: list[str] = []
    before = dict(config._settings)  # one docstring's settings are not the next one's
    runner = doctest.DocTestRunner(checker=Checker(), optionflags=FLAGS, verbose=False)
    runner.run(test, out=told.append)
    config._settings.update(before)
    return "".join(told)


def blocks(markdown: str) -> Iterator[str]:
    """The blocks of Python in a text."""
    for found in re.finditer(r"^( *)```python\n(.*?)^\1```", markdown, re.M | re.S):
        indent, block = found.groups()
        yield "".join(line.removeprefix(indent) for line in block.splitlines(True))


def run_page(path: Path, markdown: str, tongue: Tongue) -> dict[str, Any]:
    """Run the blocks of a page one after another, as a reader would; their names."""
    text = "\n".join(blocks(markdown))
    names = given(tongue, text)
    for block in blocks(markdown):
        exec(compile(block, str(path), "exec"), names)
    return names
