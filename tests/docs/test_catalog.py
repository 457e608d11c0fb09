"""Sentences in Chinese: found by their English, and known to be stale without it."""

import re

import pytest

from scripts.docs import pages, reference, render
from scripts.docs.catalog import Catalog
from scripts.docs.words import CHINESE

# What the manual's Chinese page and its Keras page list.
LISTED = (
    "Callback LambdaCallback EarlyStopping TerminateOnNaN ModelCheckpoint "
    "LearningRateScheduler ReduceLROnPlateau History CSVLogger RemoteMonitor "
    "ProgbarLogger BaseLogger TensorBoard"
).split()
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def rendered():
    """The catalog after every Chinese page was made, and the callbacks page."""
    sentences = pages.catalog(CHINESE)
    made = {t.name: pages.page(t, CHINESE, sentences) for t in pages.templates(CHINESE)}
    return sentences, made["callbacks"]


def test_no_translation_has_lost_its_english(rendered):
    sentences, _ = rendered

    # A row here was translated from words that no docstring has any more: see what
    # became of them, and mend the row in docs/templates/zh/callbacks.po or delete it.
    assert not sentences.stale(render.LABELS)


@pytest.mark.parametrize("name", LISTED)
def test_what_each_entry_is_is_said_in_chinese(name):
    thing = reference.index()[name].thing
    summary = thing.docstring.value.partition("\n\n")[0]

    assert HAN.search(pages.catalog(CHINESE).say(summary))


def test_most_of_the_arguments_are_explained_in_chinese(rendered):
    _, page = rendered
    told = re.findall(r"^- \*\*\w+\*\* \(.*", page, re.MULTILINE)

    # One whose English has just changed may be in English for a while.
    assert len(told) > 60
    assert sum(bool(HAN.search(line.partition("):")[2])) for line in told) > 0.8 * len(
        told
    )


def test_a_sentence_without_a_row_stays_english(tmp_path):
    path = tmp_path / "zh" / "some.po"
    path.parent.mkdir()
    path.write_text('msgid "Epochs to wait."\nmsgstr "等待的轮次数。"\n', "utf-8")
    catalog = Catalog(path)

    assert "等待的轮次数。" == catalog.say("Epochs to\n    wait.")
    assert "Epochs to sit out." == catalog.say("Epochs to sit out.")
    assert [] == catalog.stale()


def test_a_row_whose_english_changed_is_stale(tmp_path):
    path = tmp_path / "zh" / "some.po"
    path.parent.mkdir()
    path.write_text('msgid "Epochs to wait."\nmsgstr "等待的轮次数。"\n', "utf-8")
    catalog = Catalog(path)
    catalog.say("Epochs to wait, 0 or more.")

    assert ["Epochs to wait."] == catalog.stale()
    assert [] == catalog.stale(["Epochs to wait."])


def test_chinese_lines_are_joined_without_a_space(tmp_path):
    path = tmp_path / "callbacks.md"
    path.write_text("模型训练\n过程中\n\n用 `fit`\n训练。\n", "utf-8")

    made = pages.page(pages.Template("callbacks", path), CHINESE, Catalog())

    assert made.startswith("模型训练过程中\n\n用 ")
