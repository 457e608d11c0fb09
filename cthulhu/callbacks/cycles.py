"""Rates and momenta that change at every step: one cycle, warm-up, cosine, restarts.

The values are computed inside the compiled step, so they cost nothing per batch.  The
formulas are those of `optimizers.schedules`; a callback knows besides how many steps
there are, and can count in epochs.  What is set between epochs is `schedule`'s
business.
"""

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from cthulhu import backend as K
from cthulhu import errors, optimizers
from cthulhu.callbacks.instep import InStep, need_steps, steps_in_epoch
from cthulhu.core import Variable
from cthulhu.optimizers import schedules


class Setter(optimizers.Companion):
    """Sets hyperparameters before each step.

    Args:
        functions: For each attribute of the optimizer a function of the step (from 0)
            and of the present value that returns the value to use.
        owner: Word that begins the name of the counter.
    """

    def __init__(self, functions: dict[str, Callable], owner: str):
        self.functions = functions
        self.step = Variable(0, "int32", f"{owner}/step", trainable=False)

    def before(self, optimizer, grads, variables):
        step = self.step.value
        for name, function in self.functions.items():
            held = getattr(optimizer, name)
            held.assign(function(step, held.value))
        self.step.assign(step + 1)
        return grads


class Stepwise(InStep):
    """Base of what sets hyperparameters of the optimizer anew at every step.

    A subclass says which (`_names`), and by which functions (`_functions`).
    """

    state_names = ("step", "start")

    start: dict[str, float] = {}  # the values when training began
    _setter: Setter | None = None
    _made_for: Any = None
    _loaded_step = 0
    _counts = False  # whether the first epoch is still to tell where counting begins

    # What a subclass says

    def _names(self) -> list[str]:
        """Attributes of the optimizer that are set."""
        return ["lr"]

    def _functions(self) -> dict[str, Callable]:
        """For each of them a function of the step and of the present value.

        Called when training begins, when `self.start` holds the values of before.
        """
        raise NotImplementedError

    def _depends_on(self) -> Any:
        """What `_functions` depends on: while it stays, a compiled step stays too."""
        return ()

    # Hooks

    @property
    def adds_logs(self) -> tuple[str, ...]:
        """The names under which the values stand in the logs."""
        return tuple(map(_log_name, self._names()))

    @property
    def step(self) -> int:
        """Steps so far."""
        return 0 if self._setter is None else int(self._setter.step.value)

    def on_train_begin(self, logs=None):
        before = None if self._begins_anew() else (self._loaded_step, self.start)
        self.start = {name: float(self._held(name).value) for name in self._names()}
        if before is not None:
            self.start = dict(before[1])
        key = (self._depends_on(), tuple(self.start))
        if self._setter is None or key != self._made_for:
            self._setter = Setter(self._functions(), type(self).__name__)
            self._made_for = key
        self._counts = before is None
        if before is not None:
            self._setter.step.assign(before[0])
        self.attach(self._setter)

    def on_epoch_begin(self, epoch, logs=None):
        if self._counts and self._setter is not None:
            self._setter.step.assign(epoch * (steps_in_epoch(self.params) or 0))
        self._counts = False

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            for name in self._names():
                logs[_log_name(name)] = K.get_value(self._held(name))

    def load_state_dict(self, state):
        """Go on from what `state_dict` gave."""
        self._loaded_step, self.start = int(state["step"]), dict(state["start"])
        self._continues = True

    def _held(self, name: str) -> Variable:
        optimizer = getattr(self.model, "optimizer", None)
        held = getattr(optimizer, name, None)
        if isinstance(held, Variable):
            return held
        who = type(self).__name__
        if held is None:
            raise ValueError(
                errors.message(
                    f"{who} is to set `{name}`, which the optimizer does not have",
                    f"an optimizer of type {type(optimizer).__name__}",
                )
            )
        raise ValueError(
            errors.message(
                f"{who} cannot set `{name}`, which is no number that can be set",
                repr(vars(optimizer).get("learning_rate", held)),
                f"an optimizer whose `{name}` is a number",
                "Compile the model with a number instead of a schedule, or leave the "
                "callback out",
            )
        )


class StepScheduler(Stepwise):
    """Set the learning rate, the momentum and the like anew at every step.

    Steps are batches, counted from 0 where the first epoch begins; a run that begins at
    `initial_epoch=3` begins at the first step of that epoch, if the number of batches
    in an epoch is known.  `optimizer.lr` is the rate that the last step used, also in
    `logs`, and the last one stays when training is over.

    Args:
        schedules: For each attribute of the optimizer by keyword (`lr`, `momentum`,
            `beta_1`, ...) a function of the step: a schedule of
            `optimizers.schedules`, or one made of jnp operations.

    Raises:
        TypeError: for a schedule that is no function.
        ValueError: when training begins, for an optimizer without such an attribute, or
            whose rate follows a schedule of its own.

    Example:
        >>> from cthulhu.optimizers.schedules import CosineDecay
        >>> StepScheduler(lr=CosineDecay(0.1, decay_steps=1000))
    """

    def __init__(self, **schedules):
        if not schedules:
            raise ValueError(
                errors.message(
                    "StepScheduler has nothing to set", fix="Write `lr=schedule`"
                )
            )
        for name, schedule in schedules.items():
            if not callable(schedule):
                raise TypeError(
                    errors.message(
                        f"`{name}` of StepScheduler cannot be called",
                        repr(schedule),
                        "a function of the step, such as a schedule of "
                        "`optimizers.schedules`",
                    )
                )
        self.schedules = schedules

    def _names(self) -> list[str]:
        return list(self.schedules)

    def _functions(self) -> dict[str, Callable]:
        return {name: _of_step(f) for name, f in self.schedules.items()}


class OneCycle(Stepwise):
    """One long cycle: the rate rises and falls, the momentum does the opposite.

    Over the first `pct_start` of all steps the rate rises along half a cosine from
    `max_lr / div_factor` to `max_lr` while the momentum falls; then the rate falls to
    `max_lr / (div_factor * final_div_factor)` while the momentum rises again.

    Args:
        max_lr: Float above 0, the highest rate; see `LearningRateFinder`.
        total_steps: Integer, steps of the cycle; None: all of this `fit`.
        pct_start: Float between 0 and 1, the part in which the rate rises.
        div_factor: Float above 0, the highest rate over the first one.
        final_div_factor: Float above 0, the first rate over the last one.
        base_momentum: Float, the lowest momentum, at the highest rate.
        max_momentum: Float below 1, the momentum at both ends; None leaves the momentum
            as it is.  Momentum is `momentum`, or `beta_1` of Adam and its like.

    Raises:
        ValueError: for an argument out of range; when training begins, if nobody knows
            how many steps there are, or the optimizer has no rate or momentum to set.

    Example:
        >>> from cthulhu.optimizers import SGD
        >>> model.compile(SGD(momentum=0.9), "categorical_crossentropy")
        >>> model.fit(x, y, epochs=10, callbacks=[OneCycle(max_lr=0.5)])

    See: Smith and Topin, Super-convergence, 2017.
    """

    def __init__(
        self,
        max_lr: float,
        total_steps: int | None = None,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        base_momentum: float = 0.85,
        max_momentum: float | None = 0.95,
    ):
        above(type(self), max_lr=max_lr)
        arguments = (pct_start, div_factor, final_div_factor)
        schedules.OneCycle(max_lr, total_steps or 1, *arguments)  # checks them
        if total_steps is not None:
            errors.check_whole("total_steps", total_steps, 1)
        if max_momentum is not None and not 0 <= base_momentum <= max_momentum < 1:
            raise ValueError(
                errors.message(
                    "OneCycle has momenta out of range",
                    f"base_momentum={base_momentum}, max_momentum={max_momentum}",
                    "0 <= base_momentum <= max_momentum < 1",
                    "To leave the momentum alone, give `max_momentum=None`",
                )
            )
        self.max_lr, self.total_steps = max_lr, total_steps
        self.pct_start, self.div_factor = pct_start, div_factor
        self.final_div_factor = final_div_factor
        self.base_momentum, self.max_momentum = base_momentum, max_momentum

    def _names(self) -> list[str]:
        """The rate, and the momentum under the name that the optimizer has for it."""
        if self.max_momentum is None:
            return ["lr"]
        optimizer = getattr(self.model, "optimizer", None)
        for name in ("momentum", "beta_1"):
            if isinstance(getattr(optimizer, name, None), Variable):
                return ["lr", name]
        raise ValueError(
            errors.message(
                "OneCycle finds no momentum in the optimizer",
                f"an optimizer of type {type(optimizer).__name__}",
                "one with `momentum` or `beta_1`",
                "To leave the momentum alone, give `max_momentum=None`",
            )
        )

    def _depends_on(self) -> Any:
        return self._total()

    def _functions(self) -> dict[str, Callable]:
        total = self._total()
        rate = schedules.OneCycle(
            self.max_lr, total, self.pct_start, self.div_factor, self.final_div_factor
        )
        found = {"lr": _of_step(rate)}
        for name in self._names()[1:]:
            found[name] = _of_step(lambda step: self._momentum(step, total))
        return found

    def _total(self) -> int:
        if self.total_steps is not None:
            return self.total_steps
        return need_steps(self) * (self.params or {}).get("epochs", 1)

    def _momentum(self, step: Any, total: int) -> Any:
        # the same two pieces as the rate's
        turn = int(self.pct_start * total)
        fall = _half_cosine(self.max_momentum, self.base_momentum, step / max(turn, 1))
        rise = _half_cosine(
            self.base_momentum, self.max_momentum, (step - turn) / max(total - turn, 1)
        )
        return jnp.where(step < turn, fall, rise)


class WarmUp(Stepwise):
    """A straight rise to the rate of the optimizer; afterwards the rate is left alone.

    At step n of the `epochs` it is `initial_lr + (lr - initial_lr) n / steps`, where
    `lr` is the optimizer's when training begins.

    Args:
        epochs: Number above 0, epochs of the rise; 0.5 is half an epoch.
        initial_lr: Float, 0 or more, the rate of the first step.

    Raises:
        ValueError: for an argument out of range; when training begins, if nobody knows
            how many steps there are.

    Example:
        >>> model.fit(x, y, epochs=9, callbacks=[WarmUp(5), ReduceLROnPlateau("loss")])

    See: Goyal et al., Accurate, large minibatch SGD, 2017.
    """

    def __init__(self, epochs: float = 5, initial_lr: float = 0.0):
        above(type(self), epochs=epochs)
        above(type(self), True, initial_lr=initial_lr)
        self.epochs, self.initial_lr = epochs, initial_lr

    def _depends_on(self) -> Any:
        return self.start["lr"], need_steps(self)

    def _functions(self) -> dict[str, Callable]:
        steps = max(1, round(self.epochs * need_steps(self)))
        rise = schedules.WarmUp(self.start["lr"], steps, self.initial_lr)
        return {"lr": lambda step, now: jnp.where(step <= steps, rise(step), now)}


class CosineAnnealing(Stepwise):
    """From the rate of the optimizer down along half a cosine, once or again and again.

    rate = min_lr + (lr - min_lr) (1 + cos(pi T / period)) / 2, where `lr` is the
    optimizer's when training begins and T the epochs (with fractions) since the last
    restart.

    Args:
        period: Number above 0, epochs from the highest rate to the lowest; then it
            springs up again.  None: once, over all epochs of this `fit`.
        min_lr: Float, 0 or more, the lowest rate.
        t_mul: Float, 1 or more: each period is so many times as long as the last.
        m_mul: Float above 0: each period begins with so many times the last one's rate.
        warmup: Number, 0 or more: epochs of a straight rise from 0 before all that.

    Raises:
        ValueError: for an argument out of range; when training begins, if nobody knows
            how many steps there are, or the rate is not above `min_lr`.

    Example:
        >>> model.fit(x, y, epochs=9, callbacks=[CosineAnnealing(warmup=2)])

    See: Loshchilov and Hutter, SGDR, 2017, equation 5.
    """

    def __init__(
        self,
        period: float | None = None,
        min_lr: float = 0.0,
        t_mul: float = 1.0,
        m_mul: float = 1.0,
        warmup: float = 0.0,
    ):
        who = type(self)
        if period is not None:
            above(who, period=period)
        above(who, m_mul=m_mul)
        above(who, True, min_lr=min_lr, warmup=warmup)
        if not is_number(t_mul) or t_mul < 1:
            raise out_of_range(who, "t_mul", t_mul, "a number of at least 1")
        self.period, self.min_lr = period, min_lr
        self.t_mul, self.m_mul, self.warmup = t_mul, m_mul, warmup

    def _depends_on(self) -> Any:
        return self.start["lr"], need_steps(self), (self.params or {}).get("epochs")

    def _functions(self) -> dict[str, Callable]:
        lr, steps = self.start["lr"], need_steps(self)
        if lr <= self.min_lr:
            raise ValueError(
                errors.message(
                    f"{type(self).__name__} has no way to go down",
                    f"a rate of {lr:g} and min_lr={self.min_lr:g}",
                    "an optimizer with a rate above `min_lr`",
                )
            )
        rise = round(self.warmup * steps)
        length = (self.params or {}).get("epochs", 1) * steps - rise
        if self.period is not None:
            length = self.period * steps
        alpha = self.min_lr / lr
        if self.period is None:
            rate: Any = schedules.CosineDecay(lr, max(length, 1), alpha)
        else:
            rate = schedules.CosineDecayRestarts(
                lr, length, self.t_mul, self.m_mul, alpha
            )
        if rise:
            rate = schedules.WarmUp(rate, rise)
        return {"lr": _of_step(rate)}


class SGDR(CosineAnnealing):
    """Half cosines of growing length, after each of which the rate springs up again.

    `CosineAnnealing` with the periods of the paper: 10, 20, 40, ... epochs.

    Args:
        period: Number above 0, epochs of the first period.
        t_mul: Float, 1 or more: each period is so many times as long as the last.
        min_lr: Float, 0 or more, the lowest rate.
        m_mul: Float above 0: each period begins with so many times the last one's rate.
        warmup: Number, 0 or more: epochs of a straight rise from 0 before all that.

    Example:
        >>> model.fit(x, y, epochs=7, callbacks=[SGDR(period=1)])

    See: Loshchilov and Hutter, SGDR, 2017.
    """

    def __init__(
        self,
        period: float = 10,
        t_mul: float = 2.0,
        min_lr: float = 0.0,
        m_mul: float = 1.0,
        warmup: float = 0.0,
    ):
        super().__init__(period, min_lr, t_mul, m_mul, warmup)


def _of_step(schedule: Callable) -> Callable:
    return lambda step, now: schedule(step)


def _half_cosine(first: Any, last: Any, part: Any) -> Any:
    part = jnp.clip(part, 0.0, 1.0)
    return last + (first - last) * (1.0 + jnp.cos(math.pi * part)) / 2.0


def _log_name(name: str) -> str:
    return "lr" if name == "learning_rate" else name


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    plain = isinstance(value, (int, float)) or hasattr(value, "dtype")
    return plain and not isinstance(value, bool) and math.isfinite(value)


def above(who: type, zero_too: bool = False, **arguments: Any) -> None:
    """Refuse arguments that are not above 0 (or, with `zero_too`, below it)."""
    for name, value in arguments.items():
        fine = is_number(value) and (value > 0 or (zero_too and value == 0))
        if not fine:
            expected = "a number of at least 0" if zero_too else "a number above 0"
            raise out_of_range(who, name, value, expected)


def out_of_range(who: type, name: str, value: Any, expected: str) -> ValueError:
    """The error about an argument of a callback."""
    return ValueError(
        errors.message(
            f"`{name}` of {who.__name__} is out of range", repr(value), expected
        )
    )
