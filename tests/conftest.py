"""What all tests share: two virtual CPU devices and fresh names."""

import os

# Before jax is imported by anything: the number of devices is fixed then.
os.environ["XLA_FLAGS"] = " ".join(
    [os.environ.get("XLA_FLAGS", ""), "--xla_force_host_platform_device_count=2"]
).strip()
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["CTHULHU_COMPILATION_CACHE"] = "off"  # each run compiles what it tests

import numpy as np  # noqa: E402 - after the flags above
import pytest  # noqa: E402

from cthulhu import config  # noqa: E402
from cthulhu.callbacks import timing  # noqa: E402


@pytest.fixture(autouse=True)
def fresh_world():
    """Each test starts from the same random numbers and the default settings."""
    np.random.seed(1337)
    before = dict(config._settings)
    yield
    config._settings.update(before)


@pytest.fixture(autouse=True)
def patience(request):
    """On a busy machine any callback is slow; what is said of it has its own tests."""
    before = timing.WORTH_A_LOOK
    if request.node.path.name != "test_timing.py":
        timing.WORTH_A_LOOK = float("inf")
    yield
    timing.WORTH_A_LOOK = before
