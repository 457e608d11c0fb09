"""Libraries that wait until they are needed."""

import subprocess
import sys

import h5py
import pytest

from cthulhu.core import Later, is_a


def test_a_library_is_loaded_when_something_of_it_is_asked_for():
    waiting = Later("colorsys")
    sys.modules.pop("colorsys", None)

    assert "colorsys" not in sys.modules
    assert (0.0, 0.0, 0.5) == waiting.rgb_to_hsv(0.5, 0.5, 0.5)
    assert "colorsys" in sys.modules
    with pytest.raises(AttributeError, match="rgb_to_cmyk"):
        waiting.rgb_to_cmyk  # noqa: B018


def test_what_is_of_a_class_is_told_without_loading_its_library(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        assert is_a(file, "h5py.Group")
        assert not is_a(file, "h5py.Dataset")
    assert not is_a(3, "h5py.Group")
    assert not is_a(3, "nobody_has_loaded_this.Group")


def test_a_model_is_trained_without_the_libraries_that_few_need():
    script = """
import sys
import numpy as np
from cthulhu.keras.layers import Dense
from cthulhu.keras.models import Sequential

model = Sequential([Dense(2, activation="softmax", input_shape=(3,))])
model.compile("adam", "categorical_crossentropy")
model.fit(np.zeros((4, 3)), np.eye(2)[[0, 1, 0, 1]], verbose=0)
print(*sorted({"optax", "h5py", "scipy", "pandas"} & set(sys.modules)))
"""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "" == told.stdout.strip()
