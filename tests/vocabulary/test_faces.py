"""Which names of a module are public, and its answers in each tongue."""

import pytest

from cthulhu import vocabulary


def test_a_module_answers_to_the_other_tongue(room):
    assert room.ModelCheckpoint is room.LumpCheckpoint
    assert "LumpCheckpoint" in dir(room)


def test_a_wrong_name_of_a_module_is_answered_with_the_nearest(room):
    with pytest.raises(AttributeError, match="Did you mean `LumpCheckpoint`?"):
        room.LumpCheckpont  # noqa: B018 - the look-up is what is tested
    with pytest.raises(AttributeError, match="no name `__path__`.$"):
        room.__path__  # noqa: B018 - the look-up is what is tested


def test_a_module_without_a_source_offers_all_but_the_modules_it_works_with(room):
    room.pytest, room._own = pytest, 3

    assert ["LumpCheckpoint", "ModelCheckpoint"] == room.__all__


@pytest.mark.parametrize(
    "source, names",
    [
        ("import numpy as np", ()),
        ("from cthulhu import errors as errors", ()),
        ("from collections import deque", ()),
        ("from collections import deque as deque", ("deque",)),
        ("def f(x): pass\n\nclass C:\n    y = 1", ("f", "C")),
        ("a = b = 1\nc, d = 2, 3", ("a", "b", "c", "d")),
        ("from math import pi as pi\n__all__ = ['e']", ("e",)),
    ],
)
def test_what_is_public_is_told_by_the_source(source, names):
    assert names == vocabulary.public_names(source)
