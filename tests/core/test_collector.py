"""JAX is loaded, and steps are traced, without searches for garbage."""

import gc
import json
import subprocess
import sys
import weakref

import pytest

from cthulhu.core import collector

SCRIPT = """
import gc, json, sys
searched = []

def note(phase, _):
    if phase == "start" and "jax" in sys.modules:
        searched.append("cthulhu.core.compilation" not in sys.modules)

gc.callbacks.append(note)
import cthulhu.{room}
print(json.dumps([sum(searched), gc.isenabled(), gc.get_freeze_count()]))
"""


class Ring:
    """Something that holds itself."""

    def __init__(self):
        self.ring = self


@pytest.mark.parametrize("room", ["keras", "layers", "backend"])
def test_no_search_while_jax_is_loaded(room):
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(room=room)],
        capture_output=True,
        check=True,
        text=True,
    )

    assert [0, True, 0] == json.loads(found.stdout)


def test_garbage_from_before_and_from_meanwhile_is_found_afterwards():
    before = weakref.ref(Ring())
    with collector.paused():
        meanwhile = weakref.ref(Ring())
        assert not gc.isenabled()

    assert gc.isenabled()
    gc.collect()
    assert before() is None
    assert meanwhile() is None


def test_searches_go_on_after_an_error():
    with pytest.raises(ZeroDivisionError), collector.paused():
        _ = 1 / 0

    assert gc.isenabled()


def test_who_makes_no_searches_gets_none():
    gc.disable()
    try:
        with collector.paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_users_froze_stays_frozen():
    gc.freeze()
    try:
        with collector.paused():
            pass
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()
