"""The global settings, and what they refuse."""

import os
import subprocess
import sys
from pathlib import Path

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


def told_by_a_fresh_process(code, **env):
    told = subprocess.run(
        [sys.executable, "-c", f"from cthulhu import config; print({code})"],
        env={"HOME": "/home/u", "LOCALAPPDATA": "/home/u/local"} | env,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names Linux's folder")
@pytest.mark.parametrize(
    "env, folder",
    [
        ({}, "/home/u/.cache/cthulhu/compiled"),
        ({"XDG_CACHE_HOME": "/big"}, "/big/cthulhu/compiled"),
        ({"XDG_CACHE_HOME": "big"}, "/home/u/.cache/cthulhu/compiled"),
        ({"CTHULHU_COMPILATION_CACHE": "on"}, "/home/u/.cache/cthulhu/compiled"),
        ({"CTHULHU_COMPILATION_CACHE": "off"}, "None"),
        ({"CTHULHU_COMPILATION_CACHE": "0"}, "None"),
        ({"CTHULHU_COMPILATION_CACHE": "/fast/disk"}, "/fast/disk"),
    ],
)
def test_compiled_programs_lie_where_the_platform_or_the_user_says(env, folder):
    assert folder == told_by_a_fresh_process("config.compilation_cache()", **env)


def test_the_limit_of_compiled_programs_comes_from_the_environment():
    limit = "config.compilation_cache_limit()"

    assert "1000000000" == told_by_a_fresh_process(limit)
    assert "5000" == told_by_a_fresh_process(
        limit, CTHULHU_COMPILATION_CACHE_LIMIT="5e3"
    )


def test_the_folder_of_compiled_programs_can_be_moved_and_turned_off():
    config.set_compilation_cache(Path("/somewhere"), limit=10)

    assert os.path.join("/", "somewhere") == config.compilation_cache()
    assert 10 == config.compilation_cache_limit()

    config.set_compilation_cache(True)
    assert config.compilation_cache().endswith(os.path.join("cthulhu", "compiled"))
    assert 10 == config.compilation_cache_limit()
    for off in (False, None, ""):
        config.set_compilation_cache(off)
        assert config.compilation_cache() is None


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(
        ValueError, match=r"limit of 0 bytes.*set_compilation_cache\(Fa"
    ):
        config.set_compilation_cache(True, limit=0)
