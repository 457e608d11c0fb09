"""Which formula a platform gets, and what a CPU computes once."""

import jax
import jax.numpy as jnp
import pytest

from cthulhu.backend import platform
from cthulhu.core import jit


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="about CPUs")
@pytest.mark.parametrize("keep, times", [(platform.once, 1), (lambda x: x, 2)])
def test_what_is_kept_is_computed_once_for_all_who_use_it(keep, times):
    def function(x):
        y = keep(x * x)
        return y @ x, y.T

    text = jit(function).lower(jnp.ones((64, 64))).compile().as_text()

    assert times == text.count(" multiply(")


def test_gradients_pass_what_is_kept():
    assert 6.0 == float(jax.grad(lambda x: platform.once(x * x))(3.0))


def test_other_platforms_decide_for_themselves(monkeypatch):
    monkeypatch.setattr(platform, "on_cpu", lambda: False)
    x = jnp.ones(2)

    assert x is platform.once(x)
    y = platform.by_platform(x, cpu=lambda x: x + 1, default=lambda x: x - 1)
    assert [2.0, 2.0] == y.tolist()  # compiled for the CPU that there is
