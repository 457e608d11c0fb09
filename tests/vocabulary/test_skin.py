"""Words of a tone, and names put together from them."""

import pytest

from cthulhu.vocabulary import skin


@pytest.mark.parametrize(
    "name, cut",
    [
        ("fit_generator", ["fit", "_", "generator"]),
        ("LSTMCell", ["LSTM", "Cell"]),
        ("CuDNNLSTM", ["CuDNN", "LSTM"]),
        ("Conv2DTranspose", ["Conv", "2D", "Transpose"]),
        ("StackedRNNCells", ["Stacked", "RNN", "Cells"]),
        ("ReduceLROnPlateau", ["Reduce", "LR", "On", "Plateau"]),
        ("benefit", ["benefit"]),
    ],
)
def test_a_name_is_cut_at_its_humps_underscores_and_digits(name, cut):
    assert cut == skin.pieces(name)
    assert name == "".join(cut)


@pytest.mark.parametrize(
    "standard, other",
    [
        ("ModelCheckpoint", "LumpCheckpoint"),
        ("LambdaCallback", "LuKthuCallback"),
        ("fit_generator", "summon_generator"),
        ("fit_on_texts", "summon_on_texts"),
        ("SpatialDropout1D", "SpatialDarkness1D"),
        ("GaussianDropout", "GaussianDarkness"),
        ("AlphaDropout", "AlphaDarkness"),
        ("SimpleRNNCell", "ShabithKaCell"),
        ("GRUCell", "GrothCell"),
        ("LSTMCell", "LaldagorthCell"),
        ("CuDNNGRU", "CuDNNGroth"),
        ("CuDNNLSTM", "CuDNNLaldagorth"),
    ],
)
def test_the_tone_works_word_by_word_both_ways(standard, other):
    assert (other,) == skin.CTHULHU.spellings(standard)
    assert standard == skin.CTHULHU.standard(other)


@pytest.mark.parametrize(
    "word", ["benefit", "refit", "Modeling", "get_layers", "get_deities", "dense"]
)
def test_a_word_within_a_word_is_left_alone(word):
    assert () == skin.CTHULHU.spellings(word)
    assert word == skin.CTHULHU.standard(word)


def test_the_longest_row_wins():
    assert "LocallyConnected1D" == skin.CTHULHU.standard("LuKthu1D")
    assert "Lambda" == skin.CTHULHU.standard("LuKthu")
    assert "GlobalAveragePooling1D" == skin.CTHULHU.standard("GrothAiuebGnshal1D")
    assert "GRU" == skin.CTHULHU.standard("Groth")
    assert "MyLocallyConnected1D" == skin.CTHULHU.standard("MyLuKthu1D")
    assert ("MyLuKthu1D",) == skin.CTHULHU.spellings("MyLocallyConnected1D")


def test_both_spellings_of_a_row_are_understood_and_the_first_is_preferred():
    spellings = ("SucNaath1D", "SeparableCthalpa1D")

    assert spellings == skin.CTHULHU.spellings("SeparableConv1D")
    assert {"SeparableConv1D"} == {skin.CTHULHU.standard(s) for s in spellings}


def test_no_spelling_stands_for_two_names():
    said = [s for word in skin.CTHULHU.words for s in word.spellings]

    assert len(said) == len(set(said))


def test_a_table_of_the_users_own_is_read_from_a_file(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("standard,mine,also,kind\nDense,Thick,Dick Dicht,class\n")

    (word,) = skin.read(table)

    assert skin.Word("Dense", "Thick", ("Dick", "Dicht"), "class") == word
    assert "Dense" == skin.Tone([word]).standard("Dicht")


def test_a_row_without_its_columns_is_refused_with_its_number(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("standard,mine,also,kind\nDense,Thick\n")

    with pytest.raises(ValueError, match="Row 2 of .*mine.csv"):
        skin.read(table)
