"""Compiled programs are kept for the next start; where they cannot, nothing breaks."""

import json
import os
import subprocess
import sys

import jax
import pytest

from cthulhu import config
from cthulhu.core import compilation

SCRIPT = """
import collections, json
import jax
import numpy as np
from cthulhu.keras.layers import Dense
from cthulhu.keras.models import Sequential

counts = collections.Counter()
jax.monitoring.register_event_listener(lambda name, **_: counts.update([name]))
np.random.seed(0)
model = Sequential([Dense(2, activation="softmax", input_shape=(3,))])
model.compile("sgd", "categorical_crossentropy")
x, y = np.random.rand(8, 3), np.eye(2)[[0, 1] * 4]
loss = model.fit(x, y, verbose=0, shuffle=False).history["loss"]
out = model.predict(x)
asked = counts["/jax/compilation_cache/compile_requests_use_cache"]
found = counts["/jax/compilation_cache/cache_hits"]
print(json.dumps([asked, found, loss, out.tolist(),
                  jax.config.jax_compilation_cache_dir]))
"""


def start(**env):
    """Run the script in a fresh process; nothing may be said on its standard error."""
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    assert 0 == told.returncode, told.stderr
    assert "" == told.stderr
    return json.loads(told.stdout)


def test_a_second_start_compiles_nothing_and_computes_the_same(tmp_path):
    env = {
        "CTHULHU_COMPILATION_CACHE": str(tmp_path / "kept"),
        # the user's own: keep what compiles in no time, too
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }

    asked, found, *first = start(**env)
    assert asked > 0 == found
    asked, found, *second = start(**env)

    assert asked == found > 0
    assert first == second
    assert str(tmp_path / "kept") == second[-1]


def test_a_folder_of_jax_set_by_the_user_stays(tmp_path):
    *_, folder = start(
        CTHULHU_COMPILATION_CACHE=str(tmp_path / "ours"),
        JAX_COMPILATION_CACHE_DIR=str(tmp_path / "theirs"),
    )

    assert str(tmp_path / "theirs") == folder
    assert not (tmp_path / "ours").exists()


@pytest.fixture
def jax_settings():
    """JAX's cache as the other tests have it, before and after."""
    names = ["jax_compilation_cache_dir", "jax_enable_compilation_cache"]
    names += compilation._JAX_FLAGS
    before = {name: getattr(jax.config, name) for name in names}
    assert before["jax_compilation_cache_dir"] is None
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation._told = None
    compilation.compilation_cache.reset_cache()


def test_the_folder_follows_the_setting(tmp_path, jax_settings):
    for name in ("a", "b"):
        config.set_compilation_cache(tmp_path / name)
        compilation.keep_programs()
        assert str(tmp_path / name) == jax.config.jax_compilation_cache_dir
    assert 0.05 == jax.config.jax_persistent_cache_min_compile_time_secs

    config.set_compilation_cache(False)
    compilation.keep_programs()
    assert jax.config.jax_compilation_cache_dir is None


def test_what_the_user_tells_jax_later_stays(tmp_path, jax_settings):
    config.set_compilation_cache(tmp_path / "ours")
    compilation.keep_programs()
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "theirs"))
    config.set_compilation_cache(tmp_path / "moved")
    compilation.keep_programs()

    assert str(tmp_path / "theirs") == jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    compilation.keep_programs()
    assert jax.config.jax_compilation_cache_dir is None


def test_a_cache_that_jax_was_told_to_leave_off_stays_off(tmp_path, jax_settings):
    config.set_compilation_cache(tmp_path / "ours")
    jax.config.update("jax_enable_compilation_cache", False)
    compilation.keep_programs()

    assert jax.config.jax_compilation_cache_dir is None
    assert not (tmp_path / "ours").exists()


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path, jax_settings):
    (tmp_path / "file").write_text("not a folder")

    config.set_compilation_cache(tmp_path / "file" / "below")
    compilation.keep_programs()

    assert jax.config.jax_compilation_cache_dir is None


def test_a_full_disk_and_a_folder_of_somebody_else_are_not_used(
    tmp_path, jax_settings, monkeypatch
):
    config.set_compilation_cache(tmp_path)
    with monkeypatch.context() as patch:
        usage = type("usage", (), {"free": 1000})
        patch.setattr(compilation.shutil, "disk_usage", lambda folder: usage)
        compilation.keep_programs()
    assert jax.config.jax_compilation_cache_dir is None

    if hasattr(os, "getuid"):
        with monkeypatch.context() as patch:
            stranger = os.getuid() + 1
            patch.setattr(os, "getuid", lambda: stranger)
            compilation.keep_programs()
        assert jax.config.jax_compilation_cache_dir is None

    compilation.keep_programs()
    assert str(tmp_path) == jax.config.jax_compilation_cache_dir


def test_what_was_used_longest_ago_is_thrown_away_first(tmp_path):
    for age, name in enumerate("abcd"):  # d is the oldest
        path = tmp_path / f"{name}-cache"
        path.write_bytes(b"x" * 100)
        os.utime(path, (1e9 - age, 1e9 - 100))
    (tmp_path / "empty-cache").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"x" * 1000)

    compilation.sweep(tmp_path, 250)

    left = sorted(path.name for path in tmp_path.iterdir())
    assert ["a-cache", "b-cache", "notes.txt"] == left


def test_xla_is_asked_for_what_it_knows_and_the_environment_does_not_decide(
    monkeypatch,
):
    option = "xla_cpu_experimental_ynn_fusion_type"
    monkeypatch.setattr(compilation, "_known", lambda name, value: True)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    assert [option] == list(compilation.compiler_options())

    monkeypatch.setenv("XLA_FLAGS", f"--{option}=LIBRARY_FUSION_TYPE_DOT")
    assert {} == compilation.compiler_options()

    monkeypatch.delenv("XLA_FLAGS")
    monkeypatch.setattr(compilation, "_known", lambda name, value: False)
    assert {} == compilation.compiler_options()


def test_an_option_that_xla_lacks_is_found_out():
    assert not compilation._known("xla_cpu_no_such_option", "true")


def test_whether_xla_has_an_option_is_asked_at_the_first_start_alone(
    tmp_path, jax_settings, monkeypatch
):
    (option, value), *_ = compilation._CPU_OPTIONS.items()
    config.set_compilation_cache(tmp_path)
    compilation.keep_programs()

    compilation._known.cache_clear()
    assert compilation._known(option, value)
    assert not compilation._known("xla_has_no_such_option", "1")
    compilation._known.cache_clear()  # as at another start
    with monkeypatch.context() as patch:
        patch.setattr(jax, "jit", None)
        assert compilation._known(option, value)
    assert not compilation._known("xla_has_no_such_option", "1")
