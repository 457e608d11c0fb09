"""A module that has one name, and is no file."""

import sys
import types

import pytest

from cthulhu import vocabulary


@pytest.fixture
def room(monkeypatch):
    module = types.ModuleType("room_of_tests")
    monkeypatch.setitem(sys.modules, "room_of_tests", module)
    module.ModelCheckpoint = object()
    module.__getattr__, module.__dir__ = vocabulary.face("room_of_tests")
    return module
