"""The step: training, testing or predicting one batch, compiled; and n of them.

This holds the only jit of a model.  A step is a pure function of the values of all
variables, a key and a batch.  Which steps run, and when somebody hears of them, is
`loop`'s business.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import errors
from cthulhu.backend.math import NARROW
from cthulhu.backend.platform import on_cpu
from cthulhu.core import Scope, Variable, collector, jit
from cthulhu.training.payload import fetch
from cthulhu.training.spec import Spec
from cthulhu.training.threads import AWAKE, FEW_STEPS, wait_awake, worth_parting
from cthulhu.training.work import calls_python, largest, operations

# Rows of the buffer that takes what the steps of one block report.
CAPACITY = 512
REPORT_BYTES = 2**18  # fresh memory costs a page fault every 4096
# Rows, operations and bytes of the largest array up to which small batches are passed
# forward in one go.
ROWS_AT_ONCE = 512
WORK_AT_ONCE = 2e7
BYTES_AT_ONCE = 2**21


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def noted(note: Callable[[], Any], array: Any) -> Any:
    """`array` itself; `note` is called while tracing if a gradient comes back to it."""
    return array


def _noted_forward(note: Callable[[], Any], array: Any) -> tuple[Any, None]:
    return array, None


def _noted_backward(note: Callable[[], Any], _: None, gradient: Any) -> tuple[Any]:
    note()
    return (gradient,)


noted.defvjp(_noted_forward, _noted_backward)


class Report(NamedTuple):
    """What a step tells: numbers in the order of names, and arrays."""

    scalars: Any  # shape (names,), float32
    arrays: Any  # outputs of `predict`, metrics that are no single number

    def on_host(self, usual: float) -> Report:
        """The same as NumPy arrays, once they are there.

        Args:
            usual: Seconds after which they usually are.
        """
        if usual <= AWAKE:
            wait_awake(self.arrays[-1] if self.scalars is None else self.scalars)
        scalars = None if self.scalars is None else np.asarray(self.scalars)
        return Report(scalars, [np.asarray(array) for array in self.arrays])


def turning(like: Sequence[Any]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """A function that turns the narrow matrices among arrays such as these; or back.

    On a CPU, a product with a narrow kernel uses its transpose, and so comes its
    gradient.  A loop that keeps such kernels turned, and what an optimizer has for
    them, need not transpose in each step: 0.92 of the time for one of (784, 10).
    """
    narrow = [
        on_cpu() and x.ndim == 2 and x.shape[1] <= NARROW < x.shape[0] for x in like
    ]
    return lambda arrays: tuple(
        x.T if turned else x for x, turned in zip(arrays, narrow, strict=True)
    )


class Forward(NamedTuple):
    """What the model made of a batch.

    Attributes:
        outputs: One array an output.
        masks: A mask an output, None where there is none.
        losses: The loss of each output by itself, None where it has none; empty where
            they are not computed yet.
    """

    outputs: list[Any]
    masks: list[Any]
    losses: Sequence[Any] = ()


class Program:
    """The compiled steps of one model in one mode.

    Args:
        model: Something with variables and a call.
        spec: Losses and metrics; None for predicting.
        mode: "train", "test" or "predict".
        optimizer: Needed for "train".
        trainable: Variables that training changes, as of `compile`.
        frozen: Layers whose updates do not count, as of `compile`.
        extra_metrics: Function that gives the metrics which layers report.
    """

    def __init__(
        self,
        model: Any,
        spec: Spec | None,
        mode: str,
        optimizer: Any = None,
        trainable: Sequence[Variable] = (),
        frozen: Iterable[Any] = (),
        extra_metrics: Callable[[], list[Any]] = list,
    ):
        self.model = model
        self.spec: Any = spec
        self.identity: tuple[Any, ...] = ()
        self.mode = mode
        self.training = mode == "train"
        self.optimizer = optimizer
        self.trainable = list(trainable)
        self.frozen = list(frozen)
        self.extra_metrics = extra_metrics
        self.companions: tuple[Any, ...] = tuple(getattr(optimizer, "companions", ()))
        self.variables: list[Variable] = []
        self.carried: list[Variable] = []
        self.fixed: list[Variable] = []
        self.names: list[str] = []
        self.array_names: list[str] = []
        self.report_bytes = 0
        self.known = False
        self.example: Any = None  # the shapes that it was made known with
        # whether forward passes are computed apart from what changes the state, since
        # they need none of it and that pays; and what they need
        self.separable = False
        self.needed: list[Variable] = []
        self.whole = False  # whether forward passes cannot be traced by themselves
        self.asides = False  # whether layers add to the loss when they are called
        self.draws = False  # whether a forward pass takes random numbers
        self.work = 0.0  # operations of a row
        self.widest = 0.0  # bytes of a row in the largest array on the way
        self.forward_bytes = 0
        # As the last run found: steps in a block, and seconds that one takes.
        self.length = 1
        self.step_time = float("inf")
        self.single_time = float("inf")  # of the last single step, report and all
        self.total_time, self.total_steps = 0.0, 0
        self.kinds: set[Any] = set()  # of pieces that were compiled for
        self._report_spec: Any = None
        self._called_spec: Any = None  # a list of outputs; in testing also of masks
        self._strangers: Mapping[Variable, None] = {}
        # all are traced once for a size of batch
        self._whole, self._alone = jax.jit(self._of_all), jax.jit(self._forward_alone)
        self._several = jax.jit(self._call_alone)
        how = ("form", "size", "group", "capacity")
        self.forward_block = jit(self._forward_block, static_argnames=how)
        self.advance = jit(self._advance, static_argnames=how)
        self.once = jit(self._single)
        self.once_donated = jit(self._single, donate_argnums=0)

    # What one step computes

    def step(
        self, values: Mapping[Variable, Any], key: Any, batch: Any, made: Any = None
    ) -> Any:
        """New values of variables, and a report.

        Args:
            values: The array of each variable.
            key: The random key of the step.
            batch: Inputs, targets and weights.
            made: What `forward` made of it, or the model alone, if known.
        """
        xs, ys, weights = batch
        if self.mode != "train":
            with Scope(values, self.training, key, self.frozen) as scope:
                if made is None or isinstance(made, Forward):
                    made = self.forward(scope, batch, made)
                if self.mode == "predict":
                    return scope, Report(None, made)
                total, aux = made
                self.spec.update_metrics(
                    aux.outputs, aux.masks, ys, weights, aux.losses
                )
                return scope, self._report(total)

        reached: set[Variable] = set()

        def objective(arrays: list[Any]) -> Any:
            now = dict(values)
            if not self.known:
                notes = [functools.partial(reached.add, v) for v in self.trainable]
                arrays = [noted(n, a) for n, a in zip(notes, arrays, strict=True)]
            now.update(zip(self.trainable, arrays, strict=True))
            with Scope(now, self.training, key, self.frozen) as inner:
                total, aux = self._loss(inner, xs, ys, weights)
            changed = {
                v: a for v, a in inner.values.items() if v not in now or a is not now[v]
            }
            written.update(dict.fromkeys(changed))
            strangers.update(inner.strangers)
            return total, (list(changed.values()), aux)

        written: dict[Variable, None] = {}
        strangers: dict[Variable, None] = {}
        before = [values[v] for v in self.trainable]
        (total, (changed, aux)), grads = jax.value_and_grad(objective, has_aux=True)(
            before
        )
        if not self.known:
            self._check_reached(reached)
        with Scope(values, self.training, key, self.frozen) as scope:
            scope.values.update(zip(written, changed, strict=True))
            scope.strangers.update(strangers)
            self.optimizer.apply_gradients(
                list(zip(grads, self.trainable, strict=True))
            )
            self.spec.update_metrics(aux.outputs, aux.masks, ys, weights, aux.losses)
            return scope, self._report(total)

    def forward(self, scope: Scope, batch: Any, called: Forward | None = None) -> Any:
        """What the model makes of a batch without training: outputs, or their loss."""
        xs, ys, weights = batch
        if self.mode == "predict":
            return self._call(xs).outputs
        return self._loss(scope, xs, ys, weights, called)

    def _check_reached(self, reached: Collection[Variable]) -> None:
        lost = [v.name for v in self.trainable if v not in reached]
        if lost:
            raise ValueError(
                errors.message(
                    "An operation has `None` for gradient: the loss does not depend on "
                    + ", ".join(f"`{name}`" for name in lost[:8])
                    + " and more" * (len(lost) > 8)
                    + ", or only through one without a gradient, such as `K.argmax` "
                    "or `K.round`",
                    fix="If these weights are not to be trained, set `trainable = "
                    "False` on their layers",
                )
            )

    def _call(self, xs: list[Any]) -> Forward:
        inputs = self.model.as_inputs(xs)
        outputs, masks = self.model.run(inputs, None, {})
        outputs = outputs if isinstance(outputs, list) else [outputs]
        masks = masks if isinstance(masks, (list, tuple)) else [masks]
        if len(masks) != len(outputs):
            masks = [None] * len(outputs)
        return Forward(outputs, list(masks))

    def _loss(
        self,
        scope: Scope,
        xs: Any,
        ys: Any,
        weights: Any,
        called: Forward | None = None,
    ) -> tuple[Any, Forward]:
        outputs, masks, _ = called or self._call(xs)
        self.asides |= bool(scope.losses)
        total, single = self.spec.loss(outputs, masks, ys, weights)
        for penalty in self.model.penalties:
            total = total + penalty()
        for loss in scope.losses:
            total = total + jnp.mean(loss)
        return jnp.asarray(total, jnp.float32), Forward(outputs, masks, single)

    def _report(self, total: Any) -> Report:
        values = {"loss": total}
        values.update({m.name: jnp.asarray(m.result()) for m in self._metrics()})
        self.names = [n for n, v in values.items() if v.ndim == 0]
        self.array_names = [n for n, v in values.items() if v.ndim > 0]
        scalars = [values[n].astype(jnp.float32) for n in self.names]
        return Report(jnp.stack(scalars), [values[n] for n in self.array_names])

    @functools.cached_property
    def metric_start(self) -> dict[Variable, np.ndarray]:
        """Where the variables of all metrics begin; their cells stay as they are."""
        if self.spec is None:
            return {}
        with Scope() as scope:
            for metric in self._metrics():
                metric.reset_states()
        return {v: np.asarray(value) for v, value in scope.values.items()}

    def _metrics(self) -> list[Any]:
        own = [*self.spec.mean_losses, *self.spec.compiled_metrics]
        guests = [m for companion in self.companions for m in companion.metrics]
        return [*own, *self.extra_metrics(), *guests]

    # Which variables take part

    def discover(self, example: Callable[[], Any]) -> None:
        """Find out, from an example batch, which variables are read and written.

        What is traced for that is kept: batches of these shapes are computed with it.
        """
        if self.known:
            return
        batch = self.example = _shapes_of(example())
        found = dict.fromkeys(self._candidates())
        key, number = _spec((2,), jnp.uint32), _spec((), jnp.int32)
        while True:
            self.variables = list(found)
            tallies = set(self._tallies)
            self.needed = [v for v in self.variables if v not in tallies]
            specs = [_spec(v.shape, v.dtype) for v in self.variables]
            with collector.paused():
                traced = self._whole.trace(specs, batch, key, number, None)
            given = jax.tree.leaves((specs, batch, key, number))
            if not self.whole and len(traced.jaxpr.in_avals) > len(given):
                # A metric looks at what a layer kept, which was lost at the end of a
                # trace of its own.
                self.whole, self.separable = True, False
                self._whole = jax.jit(functools.partial(self._of_all))  # and anew
                continue
            new = [v for v in self._strangers if v not in found]
            if not new:
                break
            found.update(dict.fromkeys(new))
        self._report_spec = traced.out_info[1]
        self.report_bytes = _nbytes(self._report_spec)
        self.separable &= on_cpu() and set(self.needed).isdisjoint(self.carried)
        # what is printed keeps its order, and what Python computes its thread
        self.separable &= not (traced.jaxpr.effects or calls_python(traced.jaxpr))
        if self.separable:
            work = operations(traced.jaxpr)
            # convolutions share the cores by themselves
            self.separable = work.convolutions <= work.products
            self.work = work.products / _rows(batch)
            widest = max(largest(traced.jaxpr), *map(_nbytes, batch))
            self.widest = widest / _rows(batch)
            specs = [_spec(v.shape, v.dtype) for v in self.needed]
            made = self._alone.eval_shape(specs, batch, key, number)
            self._called_spec = made
            if self.mode == "test":
                self.forward_bytes = _nbytes(made)
                self._called_spec = [made[1].outputs, made[1].masks]
        self.known = True

    def parted(self, steps: float) -> bool:
        """Whether to compute what needs no state apart, in a pass of so many steps."""
        if not self.separable or self.mode == "predict":
            return self.separable
        work = self.work * _rows(self.example)
        return worth_parting(work, steps) and self.capacity(True) >= FEW_STEPS

    def _candidates(self) -> list[Variable]:
        variables = [*self.trainable, *self.model.weights]
        if self.optimizer is not None:
            variables += self.optimizer.variables
        return [*variables, *self._tallies]

    @property
    def _tallies(self) -> list[Variable]:
        """Variables of metrics."""
        if self.spec is None:
            return []
        return [
            *self.spec.variables(),
            *(v for metric in self._metrics() for v in metric.variables),
        ]

    @functools.cached_property
    def rows_apart(self) -> bool:
        """Whether a prediction for some rows is known not to depend on others."""
        return (
            self.separable
            and not self.draws
            and all(
                array.shape[:1] == (_rows(self.example),)
                for array in jax.tree.leaves(self._called_spec)
            )
            and self.model.keeps_rows_apart()
        )

    def together(self, rows: int, batches: int, parted: bool) -> int:
        """How many batches of so many rows to pass forward in one go.

        Several small products of matrices take twice the time of a large one.

        Args:
            rows: Rows in a batch.
            batches: How many there are.
            parted: Whether forward passes are computed apart from the rest.
        """
        if self.mode == "train" or (self.mode == "test" and parted):
            return 1
        if self.asides or not self.rows_apart:
            return 1
        return max(
            1,
            min(
                ROWS_AT_ONCE // rows,
                int(WORK_AT_ONCE / max(1, rows * self.work)),
                int(BYTES_AT_ONCE / max(1, rows * self.widest)),
                batches // 2,
            ),
        )

    # Compiled

    def _of_all(
        self, arrays: list[Any], batch: Any, key: Any, number: Any, made: Any
    ) -> Any:
        """A step as a function of the arrays of all variables, and its number."""
        values = dict(zip(self.variables, arrays, strict=True))
        if made is None and self.mode in ("test", "predict") and not self.whole:
            if self.separable or not self.known:
                known = [values[v] for v in self.needed]
                made = self._alone(known, batch, key, number)
            made = made if self.separable else None
        key = _key_of(key, number)
        scope, report = self.step(values, key, batch, made)
        if not self.known:
            self._sort(values, scope)
        new = tuple(jnp.asarray(scope.values[v], dtype=v.dtype) for v in self.carried)
        return new, report

    def _forward_alone(
        self, arrays: list[Any], batch: Any, key: Any, number: Any
    ) -> Any:
        """What `forward` makes, as a function of the arrays of what it may need."""
        values = dict(zip(self.needed, arrays, strict=True))
        key = _key_of(key, number)
        with Scope(values, self.training, key, self.frozen) as scope:
            made = self.forward(scope, batch)
        if not self.known:
            untouched = all(scope.values[v] is a for v, a in values.items())
            self.separable = untouched and not scope.strangers
            self.draws = scope.draws > 0
        return made

    def _sort(self, values: Mapping[Variable, Any], scope: Scope) -> None:
        """Note which variables a step changes, and which it found by itself."""
        carried = set(self.trainable if self.mode == "train" else [])
        carried |= {v for v, a in values.items() if scope.values[v] is not a}
        self.carried = [v for v in self.variables if v in carried]
        self.fixed = [v for v in self.variables if v not in carried]
        self._strangers = scope.strangers

    def _single(
        self,
        carry: Any,
        fixed: Any,
        batch: Any,
        key: Any,
        number: Any,
        made: Any = None,
    ) -> Any:
        values = dict(zip(self.carried, carry, strict=True))
        values.update(zip(self.fixed, fixed, strict=True))
        arrays = [values[v] for v in self.variables]
        return self._whole(arrays, batch, key, number, made)

    def _call_alone(self, arrays: list[Any], xs: Any) -> Forward:
        """What the model makes of inputs, the rows of several batches."""
        values = dict(zip(self.needed, arrays, strict=True))
        with Scope(values, self.training, None, self.frozen):
            return self._call(xs)

    def _forward_block(
        self,
        fixed: tuple[Any, ...],
        payload: Any,
        key: Any,
        where: Any,
        *,
        form: str,
        size: int,
        group: int,
        capacity: int,
    ) -> Any:
        """What `forward` makes for each step of a block, if it is separable."""
        offset, stride, number, n, lead = where
        turn = turning(fixed)
        fixed = turn(fixed)

        def needed() -> list[Any]:
            values = dict(zip(self.fixed, turn(fixed), strict=True))
            return [values[v] for v in self.needed]

        def one(i: Any, carry: tuple[()], shared: Any) -> Any:
            if shared is not None:
                return carry, shared.outputs
            batch = fetch(form, payload, offset + i * stride, size)
            return carry, self._alone(needed(), batch, key, number + i)

        def several(k: Any) -> Any:
            at = offset + k * group * stride
            xs, *_ = fetch(form, payload, at, group * size)
            return self._several(needed(), xs)

        return _repeat(one, (), n, capacity, Group(group, lead, several))[1]

    def _advance(
        self,
        carry: tuple[Any, ...],
        fixed: tuple[Any, ...],
        payload: Any,
        key: Any,
        where: Any,
        made: Any = None,
        *,
        form: str,
        size: int,
        group: int,
        capacity: int,
    ) -> Any:
        offset, stride, number, n, lead = where
        turn, fixed_turn = turning(carry), turning(fixed)
        fixed = fixed_turn(fixed)

        def one(i: Any, carry: Any, shared: Any) -> Any:
            if shared is not None:
                found, batch = shared
            else:
                batch = fetch(form, payload, offset + i * stride, size)
                found = None if made is None else fetch("stacked", made, i, size)
            arrays = turn(carry), fixed_turn(fixed)
            carry, report = self._single(*arrays, batch, key, number + i, found)
            return turn(carry), report

        def several(k: Any) -> Any:
            batch = fetch(form, payload, offset + k * group * stride, group * size)
            values = dict(zip(self.fixed, fixed_turn(fixed), strict=True))
            return self._several([values[v] for v in self.needed], batch[0]), batch

        # outputs have as many rows as the batch
        spec = None if self.mode == "predict" else self._report_spec
        grouped = Group(group, lead, several)
        carry, reports = _repeat(one, turn(carry), n, capacity, grouped, spec)
        return turn(carry), reports

    def block(self, carry: Any, *args: Any, made: Any = None, **how: Any) -> Any:
        """States after a block of steps, and what each reports.

        Args:
            carry: Arrays of the carried variables.
            args: Arrays of the fixed ones, the payload, the key's words, and where:
                the offset, the stride, the number of the first step, how many, and
                how many of its group are left out before it.
            made: What `forward_block` made of it, if it was asked.
            how: Form and size of batches, how many are a group, and capacity of the
                report.
        """
        if made is not None and self.mode == "predict":
            return carry, Report(None, made)
        return self.advance(carry, *args, made, **how)

    def took(self, seconds: float, steps: int) -> None:
        """Note how long a block took."""
        self.step_time = seconds / steps
        self.total_time += seconds
        self.total_steps += steps

    @property
    def mean_time(self) -> float:
        """Seconds of a step in all blocks so far; short ones say little."""
        return self.total_time / self.total_steps if self.total_steps else float("inf")

    def flops(self, rows: int) -> float:
        """Floating-point operations of a step of `rows`; NaN if XLA does not tell."""
        old = _rows(self.example)
        batch = jax.tree.map(
            lambda x: _spec(
                (rows, *x.shape[1:]) if x.shape[:1] == (old,) else x.shape, x.dtype
            ),
            self.example,
        )
        carry, fixed = (
            tuple(_spec(v.shape, v.dtype) for v in variables)
            for variables in (self.carried, self.fixed)
        )
        key, number = _spec((2,), jnp.uint32), _spec((), jnp.int32)
        lowered = self.once.lower(carry, fixed, batch, key, number)
        return float((lowered.cost_analysis() or {}).get("flops", "nan"))

    def capacity(self, parted: bool) -> int:
        """How many steps one block can report."""
        nbytes = self.report_bytes + (self.forward_bytes if parted else 0)
        return max(1, min(CAPACITY, REPORT_BYTES // max(1, nbytes)))


class Group(NamedTuple):
    """Steps that share what is computed of all of them in one go.

    Attributes:
        count: How many; 1 where each step does its own work.
        lead: Steps of the first group that are left out.
        several: Function of the group's number: arrays with the rows of all its steps.
    """

    count: int
    lead: Any
    several: Callable[[Any], Any]

    def shared(self, k: Any) -> Any:
        """What steps of group `k` share, a row of each array for each step."""

        def divided(x: Any) -> Any:
            return x.reshape(self.count, x.shape[0] // self.count, *x.shape[1:])

        return jax.tree.map(divided, self.several(k))


def _repeat(
    one: Callable[[Any, Any, Any], Any],
    carry: Any,
    n: Any,
    capacity: int,
    group: Group,
    spec: Any = None,
) -> Any:
    """`carry, told = one(i, carry, shared)` for `n` steps, and what all told.

    Args:
        one: A step; it is given its part of what its group shares, or None.
        carry: What goes from step to step.
        n: How many steps.
        capacity: Rows of the buffer for what is told.
        group: Which steps share what.
        spec: Shapes of what a step tells, if known.
    """

    def body(i: Any, state: Any, shared: Any = None) -> Any:
        carry, buffers = state
        carry, told = one(i, carry, shared)
        # or XLA computes a softmax anew while it writes it into the buffer
        told = jax.lax.optimization_barrier(told)
        buffers = jax.tree.map(
            lambda b, t: jax.lax.dynamic_update_index_in_dim(b, t, i, 0), buffers, told
        )
        return carry, buffers

    def of_group(k: Any, state: Any) -> Any:
        shared, first = group.shared(k), k * group.count - group.lead
        return jax.lax.fori_loop(
            jnp.maximum(0, -first),
            jnp.minimum(group.count, n - first),
            lambda j, state: body(first + j, state, part(shared, j)),
            state,
        )

    def part(shared: Any, j: Any) -> Any:
        return fetch("stacked", shared, j, 1)

    alone = group.count == 1
    if spec is None:
        like = None if alone else jax.eval_shape(lambda: part(group.shared(0), 0))
        spec = jax.eval_shape(one, 0, carry, like)[1]
    buffers = jax.tree.map(lambda s: jnp.zeros((capacity, *s.shape), s.dtype), spec)
    state = carry, buffers
    if alone:
        return jax.lax.fori_loop(0, n, body, state)
    return jax.lax.fori_loop(0, -(-(n + group.lead) // group.count), of_group, state)


_spec = jax.ShapeDtypeStruct


def _rows(batch: Any) -> int:
    leaves = jax.tree.leaves(batch)
    return leaves[0].shape[0] if leaves else 1  # a model may take no data


def _nbytes(specs: Any) -> int:
    return sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(specs))


def _key_of(words: Any, number: Any) -> Any:
    """The random key of a step."""
    return jax.random.fold_in(jax.random.wrap_key_data(words), number)


def _shapes_of(batch: Any) -> Any:
    return jax.tree.map(
        lambda x: _spec(x.shape, jax.dtypes.canonicalize_dtype(x.dtype)), batch
    )


def key_data(seed: int) -> np.ndarray:
    """The words of a random key, without asking the device."""
    return np.array([0, seed], np.uint32)
