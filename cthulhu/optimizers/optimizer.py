"""Optimizer: the state of an update rule in variables, and what surrounds the rule.

Clipping, accumulation over batches, constraints and running averages of the weights are
the same for all rules and stand here.  The formulas are `transforms`' business, classes
with Keras's arguments `rules`', and when a step is made is the training loop's.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import backend as K
from cthulhu import errors, vocabulary
from cthulhu.core import Configurable, Later, Variable, op, registry
from cthulhu.core.configurable import signature
from cthulhu.optimizers import schedules, transforms
from cthulhu.optimizers.companion import Companion
from cthulhu.optimizers.get_updates import UpdatesScope

if TYPE_CHECKING:
    import optax
else:
    optax = Later("optax")


class Hyperparameter:
    """An attribute held in a variable, so that a compiled step follows its changes.

    Args:
        low: Smallest value allowed.
        below: All values are smaller than this.

    Example:
        >>> class Mine(Optimizer):
        ...     momentum = Hyperparameter(below=1.0)
        >>> mine = Mine()
        >>> mine.momentum = 0.5
        >>> mine.momentum
        <Variable 'Mine/momentum' shape=() dtype=float32>
    """

    def __init__(self, low: float = 0.0, below: float = math.inf):
        self.low, self.below = low, below

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        if optimizer is None:
            return self
        try:
            return vars(optimizer)[self.name]
        except KeyError:
            raise AttributeError(
                f"`{type(optimizer).__name__}` has no `{self.name}`."
            ) from None

    def __set__(self, optimizer: Any, value: Any) -> None:
        held = vars(optimizer).get(self.name)
        if isinstance(held, Variable):
            held.assign(self._checked(optimizer, value))
        elif isinstance(value, Variable):
            vars(optimizer)[self.name] = value
        else:
            name = f"{type(optimizer).__name__}/{self.name}"
            value = self._checked(optimizer, value)
            vars(optimizer)[self.name] = Variable(
                value, "float32", name, trainable=False
            )

    def _checked(self, optimizer: Any, value: Any) -> Any:
        if isinstance(value, jax.core.Tracer):
            return value
        limits = f"a number of at least {self.low:g}"
        if self.below < math.inf:
            limits += f" and below {self.below:g}"
        owner = type(optimizer).__name__
        return number(owner, self.name, value, limits, self.low, self.below)


class LearningRate(Hyperparameter):
    """A learning rate: a variable, or a schedule that is read at the current step."""

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        held = super().__get__(optimizer, owner)
        if callable(held):
            return jnp.asarray(held(optimizer.iterations.value), jnp.float32)
        return held

    def __set__(self, optimizer: Any, value: Any) -> None:
        value = schedules.get(value)
        held = vars(optimizer).get(self.name)
        if held is not None and (callable(held) or callable(value)):
            raise ValueError(
                errors.message(
                    f"`{self.name}` of a `{type(optimizer).__name__}` cannot change "
                    "between a number and a schedule",
                    received=repr(value),
                    fix="Compile the model with a new optimizer instead",
                )
            )
        if callable(value):
            vars(optimizer)[self.name] = value
        else:
            super().__set__(optimizer, value)


class Slots(NamedTuple):
    """What an optimizer keeps for one set of weights."""

    state: Any  # of the transformation, with variables in place of arrays; or a list
    averages: list[Variable]  # running averages of the weights, or none
    weights: list[Variable]  # what is saved


_NO_SLOTS = Slots([], [], [])
_NO_RULE = (
    "`{}` defines `get_updates`, so `ema` and `gradient_accumulation_steps` cannot be "
    "used. Define `rule` instead."
)


class Optimizer(Configurable):
    """Base of all optimizers.

    Every optimizer takes these by keyword:

    Args:
        clipnorm: Float, 0 or more: all gradients together are scaled down to this L2
            norm where it is larger; 0 or None: never.
        clipvalue: Float, 0 or more: each element of a gradient is cut to at most this
            size; after `clipnorm`; 0 or None: never.
        gradient_accumulation_steps: Integer, 1 or more: the mean of the gradients of
            so many batches makes one update; may be set anew in the middle of
            training.  `iterations`, and with it schedules and `decay`, counts updates,
            not batches.
        ema: Float, 0 or more and below 1: decay per update of a running average of the
            weights, which starts at their values at the beginning; None: no average.
            See `ema_weights` and `swap_ema`.

    Attributes:
        iterations: Variable, updates so far.
        lr, learning_rate: Variable, or the current rate where it follows a schedule.
            `optimizer.lr = 0.1` and `K.set_value(optimizer.lr, 0.1)` both work, in the
            middle of training too.
        companions: Tuple of what was attached; see `Companion`.
        weights: Variables to be saved: `iterations`, then the slots in Keras's order;
            empty before `build`.

    A new optimizer is a subclass that defines `rule`, or, as Keras 2 taught it,
    `get_updates`.

    Example:
        >>> class Signs(Optimizer):
        ...     def __init__(self, learning_rate=0.001, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.learning_rate = learning_rate
        ...     def rule(self):
        ...         return optax.chain(optax.scale_by_sign(), self.scale_by_rate())
        >>> Signs(0.5).get_config()
        {'learning_rate': 0.5}
    """

    learning_rate = LearningRate()
    decay = Hyperparameter()
    companions: tuple[Companion, ...] = ()
    _batches: Variable | None = None  # that make one update

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = _with_todays_words(cls.__init__)

    def __init__(
        self,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        gradient_accumulation_steps: int | None = None,
        ema: float | None = None,
    ):
        owner = type(self).__name__
        for name, value in (("clipnorm", clipnorm), ("clipvalue", clipvalue)):
            if value is not None:
                number(owner, name, value, "a number of at least 0", 0)
        if ema is not None:
            number(owner, "ema", ema, "a number of at least 0 and below 1", 0, 1)
        self.clipnorm, self.clipvalue, self.ema = clipnorm, clipvalue, ema
        self.iterations = Variable(0, "int32", f"{owner}/iterations", trainable=False)
        self.updates: list[Any] = []
        self.weights: list[Variable] = []
        self._slots: dict[tuple[Variable, ...], Slots] = {}
        self._variables: tuple[Variable, ...] = ()
        self._gradients: Sequence[Any] | None = None
        self.gradient_accumulation_steps = gradient_accumulation_steps

    @property
    def lr(self) -> Any:
        """The learning rate, under its short name."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    # What a subclass says

    def rule(self) -> optax.GradientTransformation:
        """The update rule, made of the values that hyperparameters have now.

        Called once for each trace of a step.  Its updates are added to the weights.
        """
        raise NotImplementedError(
            f"`{type(self).__name__}` defines neither `rule` nor `get_updates`. "
            "Define `rule(self)`, which returns an optax.GradientTransformation."
        )

    def rate(self, count: Any) -> Any:
        """The learning rate after `count` updates, decay included."""
        rate = vars(self)["learning_rate"]
        rate = self._scheduled(rate, count) if callable(rate) else rate.value
        if "decay" in vars(self):
            rate = rate * (1.0 / (1.0 + self.decay.value * count))
        return rate

    def _scheduled(self, schedule: Any, count: Any) -> Any:
        try:
            return schedule(count)
        except (
            jax.errors.ConcretizationTypeError,
            jax.errors.TracerArrayConversionError,
        ):
            raise TypeError(
                errors.message(
                    f"The learning rate of `{type(self).__name__}` is a function that "
                    "asks for the number of the step in Python, but it runs inside the "
                    "compiled step, where that number is an array",
                    received=repr(schedule),
                    expected="a function made of jnp operations, such as jnp.where",
                    fix="See `optimizers.schedules`, or use the callback "
                    "`LearningRateScheduler`",
                )
            ) from None

    def scale_by_rate(self) -> optax.GradientTransformation:
        """The transformation that multiplies by minus the learning rate."""
        return optax.scale(-1.0 * self.rate(self.iterations.value))

    # One step

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """Make one update, inside a traced step or outside.

        Constraints of the variables are applied to their new values.

        Args:
            grads_and_vars: Pairs of a gradient and its variable; the same variables in
                the same order each time.

        Raises:
            ValueError: a gradient is None or of another shape than its variable.
        """
        pairs = list(grads_and_vars)
        grads, variables = [g for g, _ in pairs], tuple(v for _, v in pairs)
        _check_gradients(grads, variables)
        self.build(variables)
        for companion in self.companions:
            grads = companion.before(self, grads, variables)
        before = self.iterations.value
        if self._defines_get_updates():
            new = self._run_get_updates(grads, variables)
        else:
            new = self._new_values(grads, variables)
        for variable, value in new.items():
            variable.assign(value)
        if self.companions:
            happened = self.iterations.value > before if self._accumulates else True
            for companion in self.companions:
                companion.after(self, variables, happened)

    def attach(self, companion: Companion) -> None:
        """Let a companion take part in every step from now on."""
        if companion not in self.companions:
            self.companions = (*self.companions, companion)

    def detach(self, companion: Companion) -> None:
        """Undo `attach`; nothing happens if it was not attached."""
        self.companions = tuple(c for c in self.companions if c is not companion)

    def structure(self, variables: Iterable[Variable]) -> tuple[Any, ...]:
        """What a compiled step for these weights has to be made anew for.

        Args:
            variables: Weights that the optimizer was built for.
        """
        slots = self._slots.get(tuple(variables), _NO_SLOTS)
        return (tuple(map(id, slots.weights)), *self.companions)

    @property
    def gradient_accumulation_steps(self) -> int | None:
        """Batches that make one update; None: each does, and none can wait."""
        return int(self._batches.value) if self._accumulates else None

    @gradient_accumulation_steps.setter
    def gradient_accumulation_steps(self, steps: int | None) -> None:
        owner, name = type(self).__name__, "gradient_accumulation_steps"
        if steps is not None:
            expected = "a whole number of at least 1"
            if number(owner, name, steps, expected, 1) % 1:
                raise _out_of_range(owner, name, steps, expected)
        if self._batches is not None:
            self._batches.assign(1 if steps is None else steps)
        elif steps is not None:
            self._batches = Variable(steps, "int32", f"{owner}/{name}", trainable=False)
            for variables, slots in self._slots.items():
                self._slots[variables] = self._waiting(slots, variables)
            if self._variables in self._slots:
                self.weights = self._slots[self._variables].weights

    def _waiting(self, slots: Slots, variables: tuple[Variable, ...]) -> Slots:
        """Slots with room for gradients that wait beside what there is."""
        if self._defines_get_updates():
            raise ValueError(_NO_RULE.format(type(self).__name__))
        state = transforms.AccumulationState(
            slots.state,
            self._slot(np.zeros((), np.int32), "batches"),
            [
                self._slot(np.zeros(v.shape, v.dtype), f"gradient_sum_{i}")
                for i, v in enumerate(variables)
            ],
        )
        made = jax.tree.leaves(state)
        return Slots(state, slots.averages, [*made, *slots.averages])

    @property
    def _accumulates(self) -> bool:
        return self._batches is not None

    def _new_values(
        self, grads: Sequence[Any], variables: tuple[Variable, ...]
    ) -> dict[Variable, Any]:
        """All variables that a step changes, with their new arrays."""
        slots = self._slots[variables]
        params = [variable.value for variable in variables]
        state = jax.tree.map(lambda v: v.value, slots.state)
        updates, new_state = self.transformation().update(list(grads), state, params)
        new_params = transforms.moved(params, updates)
        before, after = jax.tree.leaves(state), jax.tree.leaves(new_state)
        happened = True  # an update, not only an accumulation
        if self._accumulates:
            happened = after[0] > before[0]
        for i, variable in enumerate(variables):
            if variable.constraint is not None:
                fit = variable.constraint(new_params[i])
                new_params[i] = _where(happened, fit, params[i])
        new = dict(zip(jax.tree.leaves(slots.state), after, strict=True))
        new.update(zip(variables, new_params, strict=True))
        if slots.averages:
            part = _where(happened, 1.0 - self.ema, 0.0)
            means = [average.value for average in slots.averages]
            means = optax.incremental_update(new_params, means, part)
            new.update(zip(slots.averages, means, strict=True))
        return new

    def transformation(self) -> optax.GradientTransformation:
        """The whole as one optax transformation: clipping, rule, accumulation."""
        whole = transforms.count_updates(self.rule())
        clips = self._clips()
        if clips:
            whole = optax.chain(*clips, whole)
        if self._accumulates:
            whole = transforms.accumulate(whole, self._batches.value)
        return whole

    def _clips(self) -> list[optax.GradientTransformation]:
        clips = []
        if self.clipnorm:
            clips.append(optax.clip_by_global_norm(self.clipnorm))
        if self.clipvalue:
            clips.append(optax.clip(self.clipvalue))
        return clips

    # State

    def build(
        self, variables: Iterable[Variable], fresh: bool = False
    ) -> list[Variable]:
        """Make the slots for these weights, once, and turn to them.

        One optimizer may serve several models: each set of weights has its own slots,
        `iterations` is common to all.

        Args:
            variables: The weights that will be updated, in order.
            fresh: Whether slots that exist already are forgotten, as when a model is
                compiled again.

        Returns:
            All variables that a step reads or writes besides these weights.
        """
        variables = tuple(variables)
        if fresh:
            self._slots.pop(variables, None)
        if variables not in self._slots:
            if any(isinstance(v.value, jax.core.Tracer) for v in variables):
                raise errors.NotReady(
                    errors.message(
                        f"`{type(self).__name__}` has no slots for these weights yet, "
                        "and they cannot be made while a step is traced",
                        fix="Call `optimizer.build(variables)` first",
                    )
                )
            own = self._defines_get_updates()
            make = self._try_get_updates if own else self._make_slots
            self._slots[variables] = make(variables)
        self._variables = variables
        self.weights = self._slots[variables].weights
        return self.variables

    def rebuild(self, variables: Iterable[Variable]) -> list[Variable]:
        """Turn to other weights; those that were updated so far keep their slots.

        Slots that belong to no weight alone are kept, too, `iterations` among them.  A
        subclass that defines `get_updates` begins with new slots.

        Args:
            variables: The weights that will be updated, in order.

        Returns:
            All variables that a step reads or writes besides these weights.
        """
        variables, before = tuple(variables), self._variables
        old = self._slots.pop(before, None)
        if old is None or variables == before or self._defines_get_updates():
            if old is not None:
                self._slots[before] = old
            return self.build(variables)
        new = self._make_slots(variables)
        kept = {
            path: variable
            for path, variable in jax.tree_util.tree_flatten_with_path(old.state)[0]
        }
        place = {variable: i for i, variable in enumerate(before)}

        def keep(path: tuple[Any, ...], slot: Variable) -> Variable:
            at = path
            if _is_of_weights(new.state, path, len(variables)):
                i = place.get(variables[path[-1].idx])
                at = (*path[:-1], jax.tree_util.SequenceKey(-1 if i is None else i))
            found = kept.get(at)
            if found is None or found.shape != slot.shape:
                return slot
            found.name = slot.name  # numbered by the weights of now
            return found

        state = jax.tree_util.tree_map_with_path(keep, new.state)
        averages = list(new.averages)
        for i, variable in enumerate(variables):
            if averages and variable in place:
                old.averages[place[variable]].name = averages[i].name
                averages[i] = old.averages[place[variable]]
        made = jax.tree.leaves(state)
        self._slots[variables] = Slots(state, averages, [*made, *averages])
        return self.build(variables)

    def _make_slots(self, variables: tuple[Variable, ...]) -> Slots:
        arrays = [variable.value for variable in variables]
        state = self.transformation().init(arrays)
        leaves, structure = jax.tree_util.tree_flatten_with_path(state)
        made = [self.iterations]  # the first leaf of every state
        made += [self._slot(leaf, _name(path)) for path, leaf in leaves[1:]]
        averages = []
        if self.ema is not None:  # copies: no array may stand in two variables
            averages = [
                self._slot(np.array(a), f"ema_{i}") for i, a in enumerate(arrays)
            ]
        state = jax.tree.unflatten(structure, made)
        return Slots(state, averages, [*made, *averages])

    def _slot(self, array: Any, name: str) -> Variable:
        name = f"training/{type(self).__name__}/{name}"
        return Variable(array, name=name, trainable=False)

    @property
    def variables(self) -> list[Variable]:
        """All variables of this optimizer: hyperparameters, `iterations`, slots."""
        held = [v for v in vars(self).values() if isinstance(v, Variable)]
        state = jax.tree.leaves(self._slots.get(self._variables, _NO_SLOTS).state)
        every = dict.fromkeys([*held, *self.weights, *state])
        return [v for v in every if v not in self._variables]

    def get_weights(self) -> list[np.ndarray]:
        """Arrays of `weights`."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set `weights` from arrays, after `build`.

        Lists as older releases wrote them are filled up: without the number of updates
        (0), without Nadam's schedule (1), without AMSGrad's placeholders.

        Raises:
            ValueError: another number of arrays, or another shape.
        """
        given = [np.asarray(weight) for weight in weights]
        given = self._completed(given)
        if len(given) != len(self.weights):
            raise ValueError(
                errors.message(
                    f"The weights of `{type(self).__name__}` cannot be set",
                    received=f"{len(given)} arrays",
                    expected=f"{len(self.weights)}",
                    fix=None
                    if self.weights
                    else "It has none before its first step: call `build(variables)`",
                )
            )
        for i, (weight, array) in enumerate(zip(self.weights, given, strict=True)):
            if weight.shape != array.shape:
                raise errors.wrong_shape(
                    f"weight {i} of {type(self).__name__}, {weight.name}",
                    array.shape,
                    weight.shape,
                    "The state belongs to a model with other weights",
                )
        for weight, array in zip(self.weights, given, strict=True):
            weight.assign(array)

    def _completed(self, given: list[np.ndarray]) -> list[np.ndarray]:
        """What an older release wrote, filled up to the list of today."""
        return given

    # Running averages of the weights

    def swap_ema(self) -> None:
        """Exchange the weights with their running averages; a second call undoes it.

        Raises:
            ValueError: the optimizer keeps no averages, or has not been built.
        """
        averages = self._slots.get(self._variables, _NO_SLOTS).averages
        if not averages:
            raise ValueError(
                errors.message(
                    f"`{type(self).__name__}` keeps no averages of the weights",
                    fix="Give it `ema=0.999` or the like, and train first",
                )
            )
        for variable, average in zip(self._variables, averages, strict=True):
            weight, mean = variable.value, average.value
            variable.assign(mean)
            average.assign(weight)

    @contextlib.contextmanager
    def ema_weights(self) -> Iterator[None]:
        """Let the weights be their running averages inside a `with` block.

        Example:
            with model.optimizer.ema_weights():
                model.evaluate(x_test, y_test)
        """
        self.swap_ema()
        try:
            yield
        finally:
            self.swap_ema()

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; those common to all only where they are set."""
        plain = super().get_config()
        for name in signature(type(self))[0]:
            if hasattr(self, name):
                plain[name] = registry.plain(getattr(self, name))
        for name in signature(Optimizer)[0]:
            if plain.get(name, 0) is None:
                del plain[name]
        schedule = vars(self).get("learning_rate")
        if callable(schedule):
            plain["learning_rate"] = schedules.serialize(schedule)
        return plain

    # Keras's own protocol

    def get_gradients(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """Gradients of `loss`, clipped.

        Inside `get_updates` during training: the gradients of the step, which are known
        already; `loss` is not looked at.

        Args:
            loss: Symbol, a scalar.
            params: Variables.

        Raises:
            ValueError: a parameter has no gradient.
        """
        grads = self._gradients
        if grads is None:
            grads = K.gradients(loss, list(params))
            _check_gradients(grads, params)
        for clip in self._clips():
            grads = op(lambda grads, clip=clip: clip.update(grads, None)[0])(grads)
        return list(grads)

    def get_updates(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """Pairs (variable, new value) that make one step, for `K.function`.

        A subclass may define this as in Keras 2: it asks `self.get_gradients` for
        gradients, returns a list of `K.update(variable, value)` and pairs, and sets
        `self.weights`.  Training then runs it inside the compiled step.  What it reads
        is as it was before the step; variables that it makes (`K.zeros`) are the slots.

        Args:
            loss: Symbol, a scalar.
            params: Variables to be updated.
        """
        variables = tuple(params)
        if variables not in self._slots or self._defines_get_updates():
            self._slots[variables] = self._make_slots(variables)
        self._variables, self.weights = variables, self._slots[variables].weights
        grads = self._gradients
        if grads is None:
            grads = K.gradients(loss, list(variables))
            _check_gradients(grads, variables)
        new = op(lambda grads: list(self._new_values(grads, variables).values()))
        slots = self._slots[variables]
        targets = [*jax.tree.leaves(slots.state), *variables, *slots.averages]
        self.updates = list(zip(targets, new(list(grads)), strict=True))
        return self.updates

    def _defines_get_updates(self) -> bool:
        return type(self).get_updates is not Optimizer.get_updates

    def _try_get_updates(self, variables: tuple[Variable, ...]) -> Slots:
        """Run the subclass's `get_updates` once, to see which variables it makes."""
        if self.ema is not None or self._accumulates:
            raise ValueError(_NO_RULE.format(type(self).__name__))
        zeros = [np.zeros(v.shape, v.dtype) for v in variables]
        scope = self._updates(zeros, variables, None)
        return Slots(list(scope.touched), [], list(self.weights))

    def _run_get_updates(
        self, grads: Sequence[Any], variables: tuple[Variable, ...]
    ) -> dict[Variable, Any]:
        slots = self._slots[variables]
        try:
            return self._updates(grads, variables, slots.state).written
        finally:
            self.weights = slots.weights

    def _updates(self, grads: Any, variables: Any, known: Any) -> UpdatesScope:
        self._gradients = grads
        try:
            with UpdatesScope(known) as scope:
                scope.settle(self.get_updates(None, list(variables)))
        finally:
            self._gradients = None
        return scope


def _is_of_weights(state: Any, path: tuple[Any, ...], count: int) -> bool:
    """Whether a leaf of a state stands in a list with an element for each weight."""
    if not isinstance(path[-1], jax.tree_util.SequenceKey):
        return False
    for key in path[:-1]:
        name = getattr(key, "name", None)
        at = getattr(key, "idx", getattr(key, "key", None))
        state = state[at] if name is None else getattr(state, name)
    return isinstance(state, list) and len(state) == count


def _where(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition is True else jnp.where(condition, yes, no)


def number(
    owner: str,
    name: str,
    value: Any,
    expected: str,
    low: float,
    below: float = math.inf,
) -> float:
    """`value` as a float.

    Raises:
        ValueError: it is no number, or lies outside `low` <= value < `below`.
    """
    try:
        plain = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        plain = math.nan
    if not low <= plain < below:
        raise _out_of_range(owner, name, value, expected)
    return plain


def _out_of_range(owner: str, name: str, value: Any, expected: str) -> ValueError:
    return ValueError(
        errors.message(
            f"`{name}` of `{owner}` is out of range",
            received=repr(value),
            expected=expected,
        )
    )


def _with_todays_words(init: Any) -> Any:
    """A constructor that understands old names, also when a subclass calls it."""
    own = inspect.signature(init).parameters

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        old = {name: value for name, value in kwargs.items() if name not in own}
        kept = {name: value for name, value in kwargs.items() if name in own}
        init(self, *args, **kept, **vocabulary.translate("Optimizer", old))

    return __init__


def _check_gradients(grads: Sequence[Any], variables: Sequence[Variable]) -> None:
    without = [v.name for g, v in zip(grads, variables, strict=True) if g is None]
    if without:
        raise ValueError(
            errors.message(
                "An operation has `None` for gradient: the loss does not depend on "
                + ", ".join(f"`{name}`" for name in without),
                expected="operations that can be differentiated all the way (K.argmax, "
                "K.round and K.eval cannot)",
                fix="Change the loss or the layers, or freeze these weights with "
                "`trainable = False`",
            )
        )
    for grad, variable in zip(grads, variables, strict=True):
        if tuple(grad.shape) != variable.shape:
            raise errors.wrong_shape(
                f"gradient of {variable.name}", tuple(grad.shape), variable.shape
            )


def _name(path: tuple[Any, ...]) -> str:
    """`m_0` for the first array of a state's field `m`."""
    parts = [
        str(getattr(k, "name", getattr(k, "idx", getattr(k, "key", "")))) for k in path
    ]
    named = [i for i, key in enumerate(path) if hasattr(key, "name")]
    return "_".join(parts[named[-1] :] if named else parts)
