"""Learning rates that follow the number of updates: functions of a step count.

A schedule is accepted wherever an optimizer takes a learning rate, and so is a plain
function of the step.  It runs inside the compiled step; a rate that follows epochs, or
the course of the loss, is a callback's business.

Example:
    >>> from cthulhu.optimizers import SGD
    >>> float(SGD(ExponentialDecay(0.5, decay_steps=1000, decay_rate=0.1)).lr)
    0.5
"""

from typing import TYPE_CHECKING

import jax.numpy as jnp

from cthulhu import errors, vocabulary
from cthulhu.core import Configurable, Later, registry

if TYPE_CHECKING:
    import optax
else:
    optax = Later("optax")


def _positive(**arguments):
    for name, value in arguments.items():
        if not value > 0:
            raise ValueError(
                errors.message(
                    f"`{name}` of a schedule is out of range",
                    received=value,
                    expected="a number above 0",
                )
            )


class LearningRateSchedule(Configurable):
    """Base of all schedules: a function of the step with a configuration.

    A subclass stores its constructor's arguments as attributes of the same names and
    defines `__call__(step)`, where `step` is a (traced) integer array of shape ().

    Example:
        >>> @register
        ... class InverseRoot(LearningRateSchedule):
        ...     def __init__(self, scale=1.0):
        ...         self.scale = scale
        ...     def __call__(self, step):
        ...         return self.scale / (step + 1.0) ** 0.5
        >>> InverseRoot(3.0)(8)
        1.0
    """

    def __call__(self, step):
        raise NotImplementedError(f"`{type(self).__name__}` defines no `__call__`.")


register = registry.register("schedule")


@register
class ExponentialDecay(LearningRateSchedule):
    """rate = initial_learning_rate * decay_rate ^ (step / decay_steps).

    Args:
        initial_learning_rate: Float, the rate at step 0.
        decay_steps: Integer above 0, updates in which the rate falls once.
        decay_rate: Float above 0, the factor of one such fall.
        staircase: Whether the exponent is rounded down: the rate then falls in steps.

    Example:
        >>> float(ExponentialDecay(1.0, decay_steps=10, decay_rate=0.5)(20))
        0.25
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False):
        _positive(decay_steps=decay_steps, decay_rate=decay_rate)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps, self.decay_rate = decay_steps, decay_rate
        self.staircase = staircase

    def __call__(self, step):
        schedule = optax.exponential_decay(
            self.initial_learning_rate,
            self.decay_steps,
            self.decay_rate,
            staircase=self.staircase,
        )
        return schedule(step)


@register
class InverseTimeDecay(LearningRateSchedule):
    """rate = initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Args:
        initial_learning_rate: Float, the rate at step 0.
        decay_steps: Integer above 0, updates that count as one unit of time.
        decay_rate: Float, 0 or more.
        staircase: Whether time is rounded down to whole units.

    Example:
        >>> float(InverseTimeDecay(1.0, decay_steps=10, decay_rate=1.0)(30))
        0.25
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False):
        _positive(decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps, self.decay_rate = decay_steps, decay_rate
        self.staircase = staircase

    def __call__(self, step):
        time = step / self.decay_steps
        time = jnp.floor(time) if self.staircase else time
        return self.initial_learning_rate / (1.0 + self.decay_rate * time)


@register
class PolynomialDecay(LearningRateSchedule):
    """From one rate to another along a power: linear for `power=1`.

    rate = (initial - end) * (1 - step / decay_steps) ^ power + end, and `end` later.

    Args:
        initial_learning_rate: Float, the rate at step 0.
        decay_steps: Integer above 0, updates until `end_learning_rate` is reached.
        end_learning_rate: Float.
        power: Float above 0.
        cycle: Whether the way is stretched to the next multiple of `decay_steps` each
            time its end is passed, so that the rate springs up again.

    Example:
        >>> float(PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)(5))
        0.5
    """

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
    ):
        _positive(decay_steps=decay_steps, power=power)
        self.initial_learning_rate, self.decay_steps = (
            initial_learning_rate,
            decay_steps,
        )
        self.end_learning_rate, self.power, self.cycle = end_learning_rate, power, cycle

    def __call__(self, step):
        schedule = optax.polynomial_schedule(
            self.initial_learning_rate,
            self.end_learning_rate,
            self.power,
            self.decay_steps,
        )
        if self.cycle:
            step = step / jnp.maximum(1.0, jnp.ceil(step / self.decay_steps))
        return schedule(step)


@register
class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate down to `alpha` times it.

    rate = initial * ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha)

    Args:
        initial_learning_rate: Float, the rate at step 0.
        decay_steps: Integer above 0, updates until the lowest rate.
        alpha: Float, the lowest rate as a fraction of the initial one.

    Example:
        >>> round(float(CosineDecay(1.0, decay_steps=10)(5)), 6)
        0.5

    See: Loshchilov and Hutter, SGDR, 2016.
    """

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0):
        _positive(decay_steps=decay_steps)
        self.initial_learning_rate, self.decay_steps = (
            initial_learning_rate,
            decay_steps,
        )
        self.alpha = alpha

    def __call__(self, step):
        return optax.cosine_decay_schedule(
            self.initial_learning_rate, self.decay_steps, self.alpha
        )(step)


@register
class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after the other, each `t_mul` times as long as the last.

    Args:
        initial_learning_rate: Float, the rate at step 0.
        first_decay_steps: Integer above 0, updates of the first period.
        t_mul: Float, 1 or more, the growth of the periods.
        m_mul: Float, the factor of the initial rate from period to period.
        alpha: Float, the lowest rate as a fraction of the period's first one.

    Example:
        >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
        >>> float(schedule(10)), round(float(schedule(20)), 6)  # 10 to 30: the second
        (0.5, 0.25)

    See: Loshchilov and Hutter, SGDR, 2016.
    """

    def __init__(
        self,
        initial_learning_rate,
        first_decay_steps,
        t_mul=2.0,
        m_mul=1.0,
        alpha=0.0,
    ):
        _positive(first_decay_steps=first_decay_steps, t_mul=t_mul, m_mul=m_mul)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul, self.m_mul, self.alpha = t_mul, m_mul, alpha

    def __call__(self, step):
        time = step / self.first_decay_steps
        if self.t_mul == 1.0:
            period = jnp.floor(time)
            start, length = period, 1.0
        else:
            # Periods before `time`: the geometric sum solved for its length.  The
            # little more keeps a restart from coming one step late by rounding.
            grown = 1.0 + time * (self.t_mul - 1.0)
            period = jnp.floor(jnp.log(grown) / jnp.log(self.t_mul) + 1e-6)
            length = self.t_mul**period
            start = (length - 1.0) / (self.t_mul - 1.0)
        peak = self.initial_learning_rate * self.m_mul**period
        return peak * optax.cosine_decay_schedule(1.0, 1, self.alpha)(
            jnp.clip((time - start) / length, 0.0, 1.0)
        )


@register
class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[0]` up to and including step `boundaries[0]`, then `values[1]`, ...

    Args:
        boundaries: Increasing integers, the last steps of all pieces but the final one.
        values: Floats, one more than there are boundaries.

    Example:
        >>> schedule = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
        >>> float(schedule(100)), float(schedule(101))
        (1.0, 0.5)
    """

    def __init__(self, boundaries, values):
        boundaries, values = list(boundaries), list(values)
        if len(values) != len(boundaries) + 1 or boundaries != sorted(set(boundaries)):
            raise ValueError(
                errors.message(
                    "`PiecewiseConstantDecay` has no such pieces",
                    received=f"boundaries {boundaries}, values {values}",
                    expected="increasing boundaries and one value more than those",
                )
            )
        self.boundaries, self.values = boundaries, values

    def __call__(self, step):
        pieces = [optax.constant_schedule(jnp.float32(value)) for value in self.values]
        ends = [boundary + 1 for boundary in self.boundaries]
        return optax.join_schedules(pieces, ends)(step)


@register
class WarmUp(LearningRateSchedule):
    """A straight rise to a rate, or to a schedule that then begins at its step 0.

    Args:
        learning_rate: Float, or a schedule; its value at step 0 is reached at
            `warmup_steps`.
        warmup_steps: Integer above 0, updates of the rise.
        initial_learning_rate: Float, the rate at step 0.

    Example:
        >>> float(WarmUp(1.0, warmup_steps=10)(5))
        0.5
        >>> round(float(WarmUp(CosineDecay(1.0, 100), warmup_steps=10)(60)), 4)
        0.5

    See: Goyal et al., Accurate, large minibatch SGD, 2017.
    """

    def __init__(self, learning_rate, warmup_steps, initial_learning_rate=0.0):
        _positive(warmup_steps=warmup_steps)
        self.learning_rate = get(learning_rate)
        self.warmup_steps = warmup_steps
        self.initial_learning_rate = initial_learning_rate

    def __call__(self, step):
        after = self.learning_rate
        if not callable(after):
            after = optax.constant_schedule(jnp.float32(after))
        rise = optax.linear_schedule(
            self.initial_learning_rate, after(0), self.warmup_steps
        )
        return optax.join_schedules([rise, after], [self.warmup_steps])(step)


@register
class OneCycle(LearningRateSchedule):
    """Up along half a cosine to the highest rate, then down far below the first one.

    Args:
        max_learning_rate: Float, the highest rate.
        total_steps: Integer above 0, updates of the whole cycle; the last rate stays.
        pct_start: Float between 0 and 1, the part of the cycle in which the rate rises.
        div_factor: Float, the highest rate over the first one.
        final_div_factor: Float, the first rate over the last one.

    Example:
        >>> schedule = OneCycle(1.0, total_steps=100)
        >>> [round(float(schedule(step)), 6) for step in (0, 30, 100)]
        [0.04, 1.0, 4e-06]

    See: Smith and Topin, Super-convergence, 2017.
    """

    def __init__(
        self,
        max_learning_rate,
        total_steps,
        pct_start=0.3,
        div_factor=25.0,
        final_div_factor=1e4,
    ):
        _positive(
            total_steps=total_steps,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
        )
        if not 0 < pct_start < 1:
            raise ValueError(
                errors.message(
                    "`pct_start` of `OneCycle` is out of range",
                    received=pct_start,
                    expected="a number between 0 and 1",
                )
            )
        self.max_learning_rate, self.total_steps = max_learning_rate, total_steps
        self.pct_start, self.div_factor = pct_start, div_factor
        self.final_div_factor = final_div_factor

    def __call__(self, step):
        return optax.cosine_onecycle_schedule(
            self.total_steps,
            self.max_learning_rate,
            self.pct_start,
            self.div_factor,
            self.final_div_factor,
        )(step)


def get(identifier, custom_objects=None):
    """A learning rate from what a user gives: a number and a function stay themselves.

    Args:
        identifier: Number, schedule, function of the step, or the configuration of a
            schedule as `{"class_name": ..., "config": ...}`.
        custom_objects: Further names, as a dict.
    """
    if isinstance(identifier, dict):
        return deserialize(identifier, custom_objects)
    return identifier


def serialize(schedule):
    """The configuration of a schedule, or the name of a function."""
    return registry.serialize(schedule)


def deserialize(config, custom_objects=None):
    """A schedule from its configuration.

    Args:
        config: `{"class_name", "config"}`.
        custom_objects: Classes and functions of your own by name, looked through first.
    """
    return registry.deserialize("schedule", config, custom_objects)


__getattr__, __dir__ = vocabulary.face(__name__)
