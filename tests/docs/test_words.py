"""Text and code in another tongue: whole names, and nothing else."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scripts.docs import words
from scripts.docs.words import CTHULHU, KERAS, code, prose

# From the table of words, by hand.
SAID = {
    "fit": "summon",
    "compile": "conjure",
    "fit_generator": "summon_generator",
    "Sequential": "Pile",
    "Model": "Lump",
    "ModelCheckpoint": "LumpCheckpoint",
    "Dense": "Daoloth",
    "Activation": "Azatoth",
    "Lambda": "LuKthu",
    "LambdaCallback": "LuKthuCallback",
    "Embedding": "TheHydra",
    "SpatialDropout1D": "SpatialDarkness1D",
    "LSTMCell": "LaldagorthCell",
    "ConvLSTM2D": "Cxaxukluth",
}
LETTERS = st.text("abcXYZ_019", min_size=1)


@pytest.mark.parametrize("name, said", SAID.items())
def test_a_name_in_backticks_is_replaced(name, said):
    assert f"Use `{said}`." == prose(f"Use `{name}`.", CTHULHU)
    assert f"cthulhu.{said}(x)" == code(f"cthulhu.{name}(x)", CTHULHU)
    assert f"Use `{name}`." == prose(f"Use `{name}`.", KERAS)


@given(st.sampled_from(sorted(SAID)), LETTERS)
@example("fit", "bene")
@example("Model", "s")
def test_a_name_within_a_word_stays(name, letters):
    for word in (letters + name, name + letters, letters + name + letters):
        if word not in words.names():
            assert word == prose(word, CTHULHU)
            assert f"`{word}`" == prose(f"`{word}`", CTHULHU)
            assert word == code(word, CTHULHU)


@given(
    st.lists(
        st.sampled_from([*SAID, "`", " ", "\n", ".", "(", ")", "=", '"', "#", "```"])
        | st.text("ab `'\"\n#_.()=", max_size=4),
        max_size=30,
    ).map("".join)
)
def test_translating_twice_changes_nothing_more(text):
    for put in (prose, code):
        once = put(text, CTHULHU)
        assert once == put(once, CTHULHU)
        assert text == put(text, KERAS)


@given(st.text("abc \n`.()=#'\"[]{}<>!*-1", max_size=60))
def test_a_text_without_names_stays(text):
    assert text == prose(text, CTHULHU)
    assert text == code(text, CTHULHU)


def test_english_words_stay_english():
    text = (
        "Models benefit from dropout. Data that do not fit into memory are read in "
        "parts. Activation functions, a Dense kernel; see Dropout, 2014. "
        "Keras 2.3.1 and `tf.keras` do so, and `~/.keras/keras.json` is read."
    )

    assert text == prose(text, CTHULHU)


def test_a_name_that_cannot_be_english_is_replaced_in_running_text():
    assert "A LumpCheckpoint saves." == prose("A ModelCheckpoint saves.", CTHULHU)
    assert "Call summon() first." == prose("Call fit() first.", CTHULHU)


def test_strings_and_names_of_arguments_stay_in_code():
    assert 'x.summon("fit", fit=1)' == code('x.fit("fit", fit=1)', CTHULHU)
    assert "load_model(path, compile=False)" == code(
        "load_model(path, compile=False)", CTHULHU
    )
    assert "x.summon == y" == code("x.fit == y", CTHULHU)


def test_the_door_of_the_house_is_that_of_the_tongue():
    assert "import cthulhu\n" == code("from cthulhu import keras\n", CTHULHU)
    assert "from cthulhu.models import Pile" == code(
        "from cthulhu.keras.models import Sequential", CTHULHU
    )
    assert "`cthulhu.callbacks.Callback`" == prose(
        "`keras.callbacks.Callback`", CTHULHU
    )


def test_a_block_of_python_is_code_and_other_blocks_stay():
    text = "```{0}\nfit(Model)  # the `fit` of a Model\n```\n`fit`\n"

    assert (
        "```python\nsummon(Lump)  # the `summon` of a Model\n```\n`summon`\n"
        == prose(text.format("python"), CTHULHU)
    )
    assert text.format("sh").replace("\n`fit`", "\n`summon`") == prose(
        text.format("sh"), CTHULHU
    )


def test_addresses_stay():
    text = "[`fit`](fit_generator.md#fit) https://example.org/fit_generator/Model"

    assert text.replace("[`fit`]", "[`summon`]") == prose(text, CTHULHU)


def test_a_name_that_is_a_link_already_becomes_none_within_it():
    def mark(name, text):
        return f"<{name}>"

    assert "[`summon`](#fit) and <fit>" == prose(
        "[`fit`](#fit) and `fit`", CTHULHU, mark
    )


def test_lines_stay_aligned_with_the_bracket_above():
    before = "model.fit(x,\n          y,\n          [Dense(1,\n                 2)])"
    after = (
        "model.summon(x,\n             y,\n             [Daoloth(1,\n"
        "                      2)])"
    )

    assert after == code(before, CTHULHU)


def test_each_public_name_of_the_table_is_known():
    assert set(SAID) <= words.names()
    assert not {"layers", "models", "keras", "Layer", "Callback"} & words.names()
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in words.names())
