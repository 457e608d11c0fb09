"""The global settings, and what they refuse."""

import subprocess
import sys

import pytest

from cthulhu import config


def test_the_settings_of_a_fresh_process():
    assert "float32" == config.floatx()
    assert 1e-7 == config.epsilon()
    assert "channels_last" == config.image_data_format()
    assert "2.3" == config.generation()


@pytest.mark.parametrize(
    "name, value",
    [
        ("floatx", "float64"),
        ("epsilon", 1e-3),
        ("image_data_format", "channels_first"),
        ("generation", "1"),
    ],
)
def test_what_is_set_is_what_is_told(name, value):
    getattr(config, f"set_{name}")(value)

    assert value == getattr(config, name)()


@pytest.mark.parametrize("name", ["floatx", "image_data_format", "generation"])
def test_a_wrong_setting_is_refused_and_changes_nothing(name):
    before = getattr(config, name)()

    with pytest.raises(ValueError, match="'nonsense'.*expected one of"):
        getattr(config, f"set_{name}")("nonsense")

    assert before == getattr(config, name)()


def test_the_environment_sets_the_start_and_no_heavy_library_is_loaded():
    code = (
        "import sys; from cthulhu import config, vocabulary, errors; "
        "print(config.floatx(), config.generation(), 'jax' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={"CTHULHU_FLOATX": "float64", "CTHULHU_GENERATION": "2.1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ["float64", "2.1", "False"] == told.stdout.split()
