"""EMA and SWA: averages of the weights, in the model wherever it is looked at.

When averages stand in the model and when the weights of training do, stands here once
for both.  Statistics of normalisation that belong to averaged weights are computed by
`statistics`.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from cthulhu import errors, optimizers
from cthulhu.callbacks.cycles import is_number, out_of_range
from cthulhu.callbacks.instep import InStep
from cthulhu.callbacks.statistics import Batches, moving_statistics, recompute
from cthulhu.core import Later, Variable

if TYPE_CHECKING:
    import optax
else:
    optax = Later("optax")


class Averages(InStep):
    """Base of callbacks that keep averages of the weights.

    The averages stand in the model from the end of an epoch's last step until the next
    epoch begins: for validation, and while `on_epoch_end` is called, whatever the order
    of the callbacks.  So a checkpoint holds the weights that were validated, and
    `restore_best_weights` restores those.  Steps are made with the weights of training,
    which come back when the next epoch begins and if training ends by an exception.
    Hooks of batches see the weights of training, too; there
    `with callback.averaged(): ...` puts the averages in for the while.

    Whoever sets weights while the averages stand in the model sets them for good:
    training goes on from what was set.
    """

    leads = True
    adds_logs = ()
    state_names = ("averages", "swapped", "count")

    def __init__(self, keep_averages: bool = True):
        self.keep_averages = keep_averages
        self._pairs: list[tuple[Variable, Variable]] = []
        # What stands in the weights instead of those of training, which are then in
        # the averages' place: no array is ever in two variables.
        self._put: list[Any] | None = None
        self._training = self._visiting = False

    @property
    def averages(self) -> list[np.ndarray]:
        """What is kept beside the weights: averages, or weights of training."""
        return [average.numpy() for _, average in self._pairs]

    @property
    def swapped(self) -> bool:
        """Whether the averages stand in the model."""
        return self._put is not None

    @property
    def count(self) -> int:
        """How many weights were averaged."""
        raise NotImplementedError

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the model have the averages inside a `with` block."""
        before = self.swapped
        try:
            self._swap_in()
            yield
        finally:
            if not before:
                self._swap_out()

    def set_params(self, params):
        # a pass that is no training tells no number of epochs
        self._visiting = self._training and "epochs" not in params
        if not self._visiting:
            super().set_params(params)

    def on_train_begin(self, logs=None):
        weights = list(self.model.weights)
        if [weight for weight, _ in self._pairs] != weights:
            self._pairs = [(w, _like(w)) for w in weights]
        self._put, self._training = None, True
        if self._begins_anew():
            for weight, average in self._pairs:
                average.assign(np.asarray(weight.value))
            self._start(0)
        else:
            self._load(self._loaded)

    def _load(self, state: dict[str, Any]) -> None:
        arrays = state["averages"]
        if len(arrays) != len(self._pairs):
            raise ValueError(
                errors.message(
                    f"{type(self).__name__} cannot go on: the model is another one",
                    f"{len(self._pairs)} weights",
                    f"{len(arrays)}",
                )
            )
        for (_, average), array in zip(self._pairs, arrays, strict=True):
            average.assign(array)
        if state["swapped"]:
            self._put = [weight.value for weight, _ in self._pairs]
        self._start(int(state["count"]))

    def _start(self, count: int) -> None:
        """Begin, with so many weights averaged already."""
        raise NotImplementedError

    def _ready(self) -> bool:
        """Whether there are averages to show."""
        return self._training

    def load_state_dict(self, state):
        """Go on from what `state_dict` gave."""
        self._loaded, self._continues = state, True

    def on_epoch_begin(self, epoch, logs=None):
        self._visiting = False
        self._swap_out()

    def on_test_begin(self, logs=None):
        if not self._visiting:
            self._swap_in()

    def on_test_end(self, logs=None):
        self._visiting = False

    def on_predict_end(self, logs=None):
        self._visiting = False

    def on_epoch_end(self, epoch, logs=None):
        self._swap_in()

    def on_train_end(self, logs=None):
        if self.keep_averages:
            self._swap_in()
            self._put = None
        else:
            self._swap_out()
        self._training = False
        super().on_train_end(logs)

    def on_exception(self, exception):
        self._swap_out()
        self._training = False
        super().on_exception(exception)

    def _swap_in(self) -> None:
        if self._put is not None or not self._ready():
            return
        self._put = []
        for weight, average in self._pairs:
            training, mean = weight.value, average.value
            average.assign(training)
            weight.assign(mean)
            self._put.append(weight.value)

    def _swap_out(self) -> None:
        for (weight, average), array in zip(self._pairs, self._put or (), strict=False):
            training = average.value
            if weight.value is array:  # or somebody has set it meanwhile
                weight.assign(training)
            average.assign(array)
        self._put = None


class EMA(Averages):
    """Keep an exponential moving average of the weights, and validate and save it.

    After each update, inside the compiled step: average = decay average +
    (1 - decay) weight, from the weights at the beginning on.  All weights are averaged,
    moving statistics of normalisation with them: weights change little from step to
    step, so what holds on average for the last steps holds for their average, and no
    pass over data is needed.

    The averages stand in the model for validation, checkpoints and all else that
    `on_epoch_end` does; training goes on with its own weights.  Hooks of batches see
    those of training; `with ema.averaged(): ...` shows them the averages.

    Args:
        decay: Float, 0 or more and below 1: memory of the average per update.
        warmup: Whether the decay of update n (from 0) is at most (1 + n) / (10 + n), so
            that the first weights are soon forgotten.
        keep_averages: Whether the model has the averages when training is over, or the
            weights of training.  After an exception it has those of training.

    Raises:
        ValueError: for a decay out of range.
        TypeError: when training begins, for an optimizer that takes no companions.

    Example:
        >>> ema = EMA(0.99)
        >>> model.fit(x, y, validation_split=0.1, epochs=5,
        ...           callbacks=[ModelCheckpoint("best.h5", save_best_only=True), ema])

    See: Polyak and Juditsky, Acceleration of stochastic approximation by averaging,
    1992.
    """

    def __init__(
        self, decay: float = 0.999, warmup: bool = False, keep_averages: bool = True
    ):
        if not is_number(decay) or not 0 <= decay < 1:
            expected = "a number of at least 0 and below 1"
            raise out_of_range(type(self), "decay", decay, expected)
        super().__init__(keep_averages)
        self.decay, self.warmup = decay, warmup
        self._averaging: _Averaging | None = None

    @property
    def count(self) -> int:
        """Updates that were averaged."""
        return 0 if self._averaging is None else int(self._averaging.count.value)

    def _start(self, count: int) -> None:
        if self._averaging is None or self._averaging.pairs is not self._pairs:
            self._averaging = _Averaging(self._pairs, self.decay, self.warmup)
        self._averaging.count.assign(count)
        self.attach(self._averaging)


class _Averaging(optimizers.Companion):
    def __init__(self, pairs: list, decay: float, warmup: bool):
        self.pairs, self.decay, self.warmup = pairs, decay, warmup
        self.count = Variable(0, "int32", "EMA/count", trainable=False)

    def after(self, optimizer, variables, happened):
        count = self.count.value
        decay: Any = self.decay
        if self.warmup:
            decay = jnp.minimum(decay, (1.0 + count) / (10.0 + count))
        part = jnp.where(happened, 1.0 - decay, 0.0)
        for weight, average in self.pairs:
            new = weight.value
            if jnp.issubdtype(weight.dtype, jnp.floating):
                new = optax.incremental_update(new, average.value, part)
            average.assign(new)
        self.count.assign(count + jnp.asarray(happened, "int32"))


class SWA(Averages):
    """Average the weights of epochs: stochastic weight averaging.

    At the end of each epoch from `start_epoch` on, average = (n average + weight) /
    (n + 1), where n epochs were averaged before.  The averaged weights are far from
    those of any epoch, so that moving statistics of normalisation do not fit them: they
    are computed anew for the averages, as the means over batches in one pass over
    `data`, each time that an average is shown.

    From `start_epoch` on the averages stand in the model for validation, checkpoints
    and all else that `on_epoch_end` does; training goes on with its own weights.  A
    high or cyclical rate in these epochs is the caller's to set, by a
    `LearningRateScheduler` for one.

    Args:
        start_epoch: Integer, 0 or more: the first epoch (from 0) that is averaged.
        data: Inputs for the statistics: an array, or a list of them for several inputs,
            the training inputs for one.  Only needed for a model with moving
            statistics, `BatchNormalization`'s for one.
        batch_size: Integer, about how many rows a batch of that pass has.
        keep_averages: Whether the model has the averages when training is over, or the
            weights of training.  After an exception it has those of training.

    Raises:
        ValueError: for arguments out of range; when training begins, if it ends before
            `start_epoch`, or if `data` is missing or does not fit.

    Example:
        >>> model.fit(x, y, epochs=5, callbacks=[SWA(start_epoch=2, data=x)])

    See: Izmailov et al., Averaging weights leads to wider optima and better
    generalization, 2018, algorithm 1.
    """

    state_names = (*Averages.state_names, "stale")

    def __init__(
        self,
        start_epoch: int,
        data: Any = None,
        batch_size: int = 32,
        keep_averages: bool = True,
    ):
        errors.check_whole("start_epoch", start_epoch, 0, "SWA")
        errors.check_whole("batch_size", batch_size, 2, "SWA")
        super().__init__(keep_averages)
        self.start_epoch, self.data, self.batch_size = start_epoch, data, batch_size
        self.stale = False  # whether statistics are older than the average
        self._epoch, self._count, self._taken = 0, 0, False

    @property
    def count(self) -> int:
        """Epochs that were averaged."""
        return self._count

    def on_train_begin(self, logs=None):
        epochs = (self.params or {}).get("epochs")
        if epochs is not None and self.start_epoch >= epochs:
            raise ValueError(
                errors.message(
                    "SWA would never begin",
                    f"start_epoch={self.start_epoch} and epochs={epochs}",
                    "a `start_epoch` below `epochs`; the first epoch is 0",
                )
            )
        self._batches = self._checked_data()
        super().on_train_begin(logs)

    def _checked_data(self) -> Batches | None:
        moving = moving_statistics(self.model)
        if not moving:
            return None
        if self.data is None:
            raise ValueError(
                errors.message(
                    "SWA cannot tell the moving statistics of averaged weights",
                    f"no `data`, and a model with {moving[0].name}",
                    fix="Give the training inputs: `SWA(start_epoch, data=x)`",
                )
            )
        batches = Batches(self.data, self.batch_size)
        batches.try_on(self.model)
        return batches

    def _start(self, count: int) -> None:
        self._count, self._taken = count, True
        self.stale = bool(count) and self.stale

    def _load(self, state: dict[str, Any]) -> None:
        self.stale = state["stale"]
        super()._load(state)

    def _ready(self) -> bool:
        return super()._ready() and self._count > 0

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self._epoch, self._taken = epoch, False

    def on_test_begin(self, logs=None):
        if not self._visiting:
            self._take()
        super().on_test_begin(logs)

    def on_epoch_end(self, epoch, logs=None):
        self._take()
        super().on_epoch_end(epoch, logs)

    def _take(self) -> None:
        """Take the weights of this epoch into the average, once."""
        if self._taken or not self._training or self._epoch < self.start_epoch:
            return
        n = self._count
        for weight, average in self._pairs:
            new, old = np.asarray(weight.value), np.asarray(average.value)
            if n and jnp.issubdtype(weight.dtype, jnp.floating):
                new = ((old * n + new) / (n + 1)).astype(new.dtype)
            average.assign(jax.device_put(new, weight.value.sharding))
        self._count, self._taken, self.stale = n + 1, True, True

    def _swap_in(self) -> None:
        super()._swap_in()
        if self.stale and self._batches is not None and self.swapped:
            recompute(self.model, self._batches)
            self._put = [weight.value for weight, _ in self._pairs]
        self.stale = self.stale and not self.swapped


def _like(weight: Variable) -> Variable:
    name = f"average_of_{weight.name}"
    return Variable(np.asarray(weight.value), name=name, trainable=False)
