"""Where arrays live."""

import jax
import numpy as np

from cthulhu import distribution


def test_arrays_are_put_on_the_device_that_is_named():
    last = jax.local_devices()[-1]
    placed = distribution.place([np.zeros(3), np.ones(2)], last)
    assert [array.devices() for array in placed] == [{last}, {last}]
    assert distribution.device_count() == len(jax.local_devices())
