"""What tests of training share: a counter of compilations."""

from __future__ import annotations

from contextlib import contextmanager

import jax
import pytest

EVENT = "/jax/core/compile/backend_compile_duration"
_listening: list[list[str]] = []


def _heard(event: str, seconds: float, **details: object) -> None:
    if event == EVENT:
        for names in _listening:
            names.append(str(details.get("fun_name", "?")))


jax.monitoring.register_event_duration_secs_listener(_heard)


@contextmanager
def _compilations():
    """A list that grows by a name with each program that XLA compiles meanwhile.

    Compilations of all threads count, and those of single operations outside any jit.
    """
    names: list[str] = []
    _listening.append(names)
    try:
        yield names
    finally:
        _listening.remove(names)


@pytest.fixture
def compilations():
    """The counter: `with compilations() as names:`."""
    return _compilations
