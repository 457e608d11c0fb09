"""Freed memory is found again by the next step, and given back where it gets scarce."""

import json
import os
import platform
import subprocess
import sys

import pytest

from cthulhu import config
from cthulhu.core import allocator

needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only the GNU C library can be asked"
)

MEGABYTES = 96
PAGES = MEGABYTES * 2**20 // 4096
SCRIPT = f"""
import json, resource
import numpy as np
from cthulhu.core import allocator

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones({MEGABYTES} * 2**20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

allocator.PERIOD = 0.0
found = [faults() for _ in range(4)][-1]
allocator.SHARE = 1.0
allocator.watch_memory()
enough = [faults() for _ in range(4)][-1]
allocator.SHARE = 0.0
allocator.watch_memory()
scarce = [faults() for _ in range(4)][-1]
print(json.dumps([found, enough, scarce, allocator.keep_freed_memory()]))
"""


def faults_of_a_fresh_process(**env):
    """Page faults of filling the same memory again, at first and where it is scarce."""
    return json.loads(run_python(SCRIPT, **env))


def run_python(script, **env):
    """What a fresh process prints that says nothing of memory but `env`."""
    clean = {k: v for k, v in os.environ.items() if "MALLOC" not in k.upper()}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=clean | env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@needs_glibc
def test_memory_of_the_last_time_is_used_again_until_it_is_scarce():
    found, enough, scarce, asked = faults_of_a_fresh_process()

    assert asked
    assert found < PAGES / 10
    assert enough < PAGES / 10
    # huge pages, where the system gives them, are 512 times as large
    assert scarce >= PAGES / 512


@needs_glibc
@pytest.mark.parametrize(
    "env",
    [
        {"CTHULHU_KEEP_MEMORY": "0"},
        {"MALLOC_ARENA_MAX": "4"},
        {"GLIBC_TUNABLES": "glibc.malloc.arena_max=4"},
    ],
)
def test_who_says_otherwise_is_obeyed(env):
    found, _, _, asked = faults_of_a_fresh_process(**env)

    assert not asked
    assert found >= PAGES / 512


def test_the_memory_of_a_container_counts_where_it_is_less(tmp_path, monkeypatch):
    machine = allocator.system_bytes.__wrapped__()
    (tmp_path / "none").write_text("max\n")
    (tmp_path / "two").write_text(f"{2**20}\n")
    monkeypatch.setattr(
        allocator, "_limits", [tmp_path / name for name in ("absent", "none", "two")]
    )

    assert 2**20 == allocator.system_bytes.__wrapped__() < machine


def test_what_the_process_has_is_seen():
    # a fresh process: one that ran before may find freed memory that it still has
    script = """
from cthulhu.core import allocator

before = allocator.resident_bytes()
kept = bytearray(b"x") * 2**26
print(before, allocator.resident_bytes())
"""
    told = run_python(script)
    before, after = map(int, told.split())

    if before:  # where it can be told
        assert 2**26 * 0.9 < after - before < 2**26 * 2.2


def test_keeping_is_a_setting():
    config.set_keep_memory(False)
    try:
        assert not config.keep_memory()
        assert not allocator.keep_freed_memory()
    finally:
        config.set_keep_memory(True)
        allocator.keep_freed_memory()
    assert config.keep_memory()
