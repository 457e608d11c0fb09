"""Examples in docstrings that show a result give it."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import cthulhu
from cthulhu import backend, core, layers, models

FACES = ("cthulhu.keras", "cthulhu.deities", "cthulhu.pantheon")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(cthulhu.__path__, "cthulhu.")
    if not module.name.startswith(FACES)
]

# Names that an example may use without importing them.
READERS = (
    {"np": np, "K": backend, "Variable": core.Variable} | vars(layers) | vars(models)
)


def examples(name):
    """Docstrings of a module with a result in them; others only show a call."""
    module = importlib.import_module(name)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        if any(example.want for example in test.examples):
            test.globs = READERS | test.globs
            yield test


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_show(name):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    told = []
    for test in examples(name):
        runner.run(test, out=told.append)

    assert 0 == runner.summarize(verbose=False).failed, "".join(told)
