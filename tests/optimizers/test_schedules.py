"""Schedules against numbers worked out by hand."""

import math

import jax
import numpy as np
import pytest

from cthulhu.optimizers import SGD, schedules
from cthulhu.optimizers.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    WarmUp,
)

BY_HAND = [
    (ExponentialDecay(1.0, 10, 0.5), {0: 1, 10: 0.5, 15: 0.5**1.5, 20: 0.25}),
    (ExponentialDecay(1.0, 10, 0.5, staircase=True), {9: 1, 10: 0.5, 19: 0.5}),
    (InverseTimeDecay(1.0, 10, 0.5), {0: 1, 10: 1 / 1.5, 20: 0.5}),
    (InverseTimeDecay(1.0, 10, 0.5, staircase=True), {9: 1, 19: 1 / 1.5}),
    (PolynomialDecay(1.0, 10, 0.2), {0: 1, 5: 0.6, 10: 0.2, 99: 0.2}),
    (PolynomialDecay(1.0, 10, 0.0, power=2.0), {5: 0.25, 10: 0}),
    (PolynomialDecay(1.0, 10, 0.0, cycle=True), {10: 0, 15: 0.25, 20: 0}),
    (CosineDecay(1.0, 10, alpha=0.2), {0: 1, 5: 0.6, 10: 0.2, 50: 0.2}),
    (CosineDecayRestarts(1.0, 10), {0: 1, 5: 0.5, 10: 1, 20: 0.5, 30: 1, 70: 1}),
    (CosineDecayRestarts(1.0, 10, t_mul=1.0, m_mul=0.5), {5: 0.5, 10: 0.5, 25: 0.125}),
    (PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1]), {10: 1, 11: 0.5, 21: 0.1}),
    (WarmUp(0.5, 10), {0: 0, 5: 0.25, 10: 0.5, 100: 0.5}),
    (WarmUp(CosineDecay(1.0, 100), 10, 0.2), {0: 0.2, 5: 0.6, 10: 1, 60: 0.5}),
    (OneCycle(1.0, 100), {0: 1 / 25, 15: 0.52, 30: 1, 100: 1 / 25e4, 200: 1 / 25e4}),
]


@pytest.mark.parametrize("schedule, rates", BY_HAND, ids=lambda s: str(s)[:60])
def test_rates_are_those_worked_out_by_hand(schedule, rates):
    for step, rate in rates.items():
        assert math.isclose(schedule(step), rate, rel_tol=1e-5, abs_tol=1e-7)


@pytest.mark.parametrize("schedule, rates", BY_HAND, ids=lambda s: str(s)[:60])
def test_a_schedule_survives_its_configuration_and_a_trace(schedule, rates):
    twin = schedules.deserialize(schedules.serialize(schedule))

    assert type(schedule) is type(twin) and schedule.get_config() == twin.get_config()
    for step, rate in rates.items():
        traced = jax.jit(twin)(np.int32(step))
        np.testing.assert_allclose(traced, rate, rtol=1e-5, atol=1e-7)


def test_a_restart_comes_on_time_however_late():
    schedule = CosineDecayRestarts(1.0, 10, t_mul=3.0)

    for start in (10, 40, 130, 400, 1210, 3640):
        assert schedule(start) > 0.999 and schedule(start - 1) < 0.05


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ExponentialDecay(1.0, 0, 0.5),
        lambda: CosineDecay(1.0, decay_steps=-1),
        lambda: PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
        lambda: PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]),
        lambda: OneCycle(1.0, 10, pct_start=1.5),
    ],
)
def test_impossible_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        wrong()


def test_a_users_schedule_is_found_by_its_name():
    class Halves(schedules.LearningRateSchedule):
        def __init__(self, start=1.0):
            self.start = start

        def __call__(self, step):
            return self.start * 0.5**step

    config = SGD(Halves(2.0)).get_config()
    objects = {"Halves": Halves}

    assert {"class_name": "Halves", "config": {"start": 2.0}} == config["learning_rate"]
    assert 2.0 == float(SGD.from_config(config, custom_objects=objects).lr)
