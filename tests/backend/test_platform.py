"""Which formula a platform gets."""

import jax.numpy as jnp
import pytest

from cthulhu.backend import platform


@pytest.mark.parametrize("cpu_alone", [True, False])
def test_a_cpu_gets_its_formula_at_once_or_when_it_is_compiled_for(
    monkeypatch, cpu_alone
):
    monkeypatch.setattr(platform, "on_cpu", lambda: cpu_alone)

    y = platform.by_platform(jnp.ones(2), cpu=lambda x: x + 1, default=lambda x: x - 1)

    assert [2.0, 2.0] == y.tolist()
