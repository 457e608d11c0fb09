"""Every example of the documentation runs, in both vocabularies."""

import doctest
import importlib
import pkgutil

import pytest

import cthulhu
from scripts.docs import examples, pages
from scripts.docs.words import CHINESE, CTHULHU, KERAS

FACES = ("cthulhu.keras", "cthulhu.deities", "cthulhu.pantheon")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(cthulhu.__path__, "cthulhu.")
    if not module.name.startswith(FACES)
]

# Modules whose examples are about the words themselves.
OF_WORDS = ("cthulhu.vocabulary", "cthulhu.errors")

# Pages in which something is run. That on the rooms adds words, which every other test
# would then hear; tests/vocabulary does it.
TEMPLATES = [
    template
    for template in pages.templates(KERAS)
    if template.name != "rooms"
    and "```python" in template.path.read_text(encoding="utf-8")
]

FINDER = doctest.DocTestFinder(exclude_empty=True)


def docstrings_of(module):
    """The examples in the docstrings of a module."""
    found = FINDER.find(importlib.import_module(module))
    return [test for test in found if test.examples]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Files that an example writes are left where nobody minds."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("tongue", [KERAS, CTHULHU], ids=lambda t: t.name)
@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_give_what_they_show(module, tongue):
    if tongue is CTHULHU and module.startswith(OF_WORDS):
        tongue = KERAS
    told = [examples.run_docstring(test, tongue) for test in docstrings_of(module)]

    assert not "".join(told), "".join(told)


@pytest.mark.parametrize("tongue", [KERAS, CTHULHU], ids=lambda t: t.name)
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.name)
def test_the_blocks_of_a_page_run_one_after_another(template, tongue, capsys):
    text = template.path.read_text(encoding="utf-8")
    if "{{both}}" in text and tongue is CTHULHU:
        return  # the page of the other tree has these blocks in both
    text = pages.page(template, tongue, pages.catalog(tongue), entries=False)

    examples.run_page(template.path, text, tongue)


def test_the_blocks_of_the_chinese_page_run(capsys):
    template = next(t for t in pages.templates(CHINESE) if t.name == "callbacks")
    text = pages.page(template, CHINESE, pages.catalog(CHINESE), entries=False)

    names = examples.run_page(template.path, text, CHINESE)

    # 256 rows in batches of 128, two epochs.
    assert 2 * 2 == len(names["history"].losses)
    assert "val_loss improved" in capsys.readouterr().out


def test_an_example_that_gives_something_else_is_noticed():
    test = doctest.DocTestParser().get_doctest(
        ">>> Dense(3).units\n4\n", {}, "a docstring", None, 0
    )

    told = examples.run_docstring(test, CTHULHU)

    assert "Daoloth(3).units" in told and "Got:\n    3" in told


def test_an_example_that_fails_is_noticed_where_no_result_is_shown():
    test = doctest.DocTestParser().get_doctest(
        ">>> Dense(units=-1)\n", {}, "a docstring", None, 0
    )

    assert "ValueError" in examples.run_docstring(test, KERAS)


def test_what_is_skipped_says_so_in_its_line_and_the_page_does_not_show_it():
    skipped = [
        (module, example.source)
        for module in MODULES
        for test in docstrings_of(module)
        for example in test.examples
        if doctest.SKIP in example.options
    ]

    assert all("# doctest: +SKIP" in source for _, source in skipped)
    for tongue in (KERAS, CTHULHU):
        for template in pages.templates(tongue):
            assert "doctest:" not in pages.page(template, tongue, pages.catalog(tongue))
