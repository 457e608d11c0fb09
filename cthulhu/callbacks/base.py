"""Callback: the hooks that a loop calls, and what each of them is given.

A base class without behaviour.  Who calls the hooks, and when, is the loop's business;
which hooks of which object are worth calling is `container`'s.
"""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from cthulhu import errors, vocabulary
from cthulhu.core import check_names


class Callback:
    """Base of everything that watches or steers training.

    A loop calls the hooks in this order; `logs` is always a dict, passed by position,
    and one and the same dict for all callbacks of a moment, so that what one puts in
    it the next can read:

        set_model(model); set_params(params)
        on_train_begin({})
        for epoch in range(initial_epoch, epochs):
            on_epoch_begin(epoch, {})
            for batch in ...:
                on_train_batch_begin(batch, logs)   # batch, size
                on_train_batch_end(batch, logs)     # and loss, one key per metric
                if model.stop_training: break
            on_test_begin({})                       # where there is validation data
            on_test_batch_begin(batch, logs); on_test_batch_end(batch, logs); ...
            on_test_end({})
            on_epoch_end(epoch, logs)               # val_loss, ..., loss, ...
            if model.stop_training: break
        on_train_end({})                            # or on_exception(exception)

    `evaluate` calls the `on_test_*` hooks and `predict` the `on_predict_*` hooks, whose
    `on_predict_batch_end` gets `batch`, `size` and `outputs`, a list of arrays.

    `loss` in the logs of a batch is that batch's; a metric runs since the epoch began.
    The key of a metric is as it was asked for, and `acc` and `accuracy` are one name
    wherever one is looked up.  `lr`, where a callback adds it, is the rate of the last
    update in the epoch.  What an epoch reports is the same in the bar, which ends after
    all callbacks, in the history, and in a CSV file.

    At each of these moments `fit` tells, in this order: callbacks that lead, in the
    order of the list; a `BaseLogger`, which puts the means of the epoch into its logs;
    the bar, unless `verbose=0`; the callbacks of the list; the end of the bar; and the
    `History`.  A key that a callback adds thus reaches all that come after it.  With
    `stop_training` set after a batch, the validation of that epoch is left out unless
    the batch was its last, and `on_epoch_end` is still called.

    Hooks of batches may be delivered a little late, some steps at a time, but always
    see the world of their own step: whatever reads a weight or sets `stop_training`
    finds it as it was after exactly that step.

    A subclass needs no `super().__init__()`.  A method of it that is called almost like
    a hook, but not quite, would never run: defining one warns.

    Attributes:
        model: The model, set before the first hook.
        params: Dict about the run: `epochs`, `steps`, `verbose`, `do_validation`,
            `metrics` (the keys that logs will have), and `batch_size` and `samples`
            where they are known.
        validation_data: List of validation arrays, or None.
        realtime: True makes each batch's hooks be called before the next step is
            computed; for callbacks that measure time.  False unless a class says so.
        times: Where the seconds of the run go so far, a `timing.Times`; None outside.
        leads: True makes its hooks be called before those of all that do not lead; for
            callbacks that change what others are to see.
        part_of: Another callback of the list, whose seconds this one's are; or None.
        adds_logs: Names that `on_epoch_end` puts into `logs`.  None, the default, means
            that nobody knows, and checks of monitored names then wait for the logs.

    Example:
        >>> class Losses(Callback):
        ...     def on_train_begin(self, logs=None):
        ...         self.losses = []
        ...     def on_batch_end(self, batch, logs=None):
        ...         self.losses.append(logs["loss"])
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> "Callback":
        if kwargs:
            known = inspect.signature(cls.__init__).parameters.values()
            if not any(p.kind is p.VAR_KEYWORD for p in known):
                names = [p.name for p in known if p.name != "self"]
                check_names(cls.__name__, kwargs, names)
        return super().__new__(cls)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).items():
            if name.startswith("on_") and name not in HOOKS and callable(value):
                _warn_if_near(cls.__name__, name)

    realtime = False
    part_of: Any = None
    leads = False
    adds_logs: tuple[str, ...] | None = None
    model: Any = None
    params: dict[str, Any] | None = None
    validation_data: Any = None
    times: Any = None

    # Hooks that are defined but have nothing to do as this object is set up.
    idle_hooks: tuple[str, ...] = ()
    # Names of the attributes that change during training and that `state_dict` keeps.
    state_names: tuple[str, ...] = ()
    _continues = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the dict that describes the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model that is about to run."""
        self.model = model

    def on_train_begin(self, logs=None):
        """Called once, before the first epoch."""

    def on_train_end(self, logs=None):
        """Called once, after the last epoch; not after an exception."""

    def on_epoch_begin(self, epoch, logs=None):
        """Called before the first batch of an epoch; the first epoch is 0."""

    def on_epoch_end(self, epoch, logs=None):
        """Called after validation with the epoch's `loss`, metrics and `val_*`.

        What a callback puts into `logs` here reaches the callbacks after it and the
        history that `fit` returns.
        """

    def on_batch_begin(self, batch, logs=None):
        """Called before a training step; the short name of `on_train_batch_begin`."""

    def on_batch_end(self, batch, logs=None):
        """Called after a training step; the short name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch, logs=None):
        """Called before a training step, with `batch` and `size` in `logs`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        """Called after a training step, with that batch's `loss` and the metrics."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs=None):
        """Called before `evaluate`, and before each validation within `fit`."""

    def on_test_end(self, logs=None):
        """Called after `evaluate`, and after each validation within `fit`."""

    def on_test_batch_begin(self, batch, logs=None):
        """Called before a batch of evaluation or validation."""

    def on_test_batch_end(self, batch, logs=None):
        """Called after a batch of evaluation or validation."""

    def on_predict_begin(self, logs=None):
        """Called before `predict`."""

    def on_predict_end(self, logs=None):
        """Called after `predict`."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Called before a batch of prediction."""

    def on_predict_batch_end(self, batch, logs=None):
        """Called after a batch of prediction, with `outputs` in `logs`."""

    def on_exception(self, exception):
        """Called when the run ends by an exception, KeyboardInterrupt included.

        The model is then at a whole step.  `on_train_end` is not called.
        """

    def check_logs(self, known):
        """Called before any `on_train_begin`, with the keys that logs will have.

        Here a callback that depends on a name refuses to start if nothing will ever
        have it.

        Args:
            known: A `LogNames`.
        """

    def state_dict(self) -> dict[str, Any]:
        """What this callback has to remember for a run to be continued."""
        return {name: getattr(self, name, None) for name in self.state_names}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave: the next `on_train_begin` keeps it."""
        for name, value in state.items():
            setattr(self, name, value)
        self._continues = True

    def _begins_anew(self) -> bool:
        """Whether `on_train_begin` should reset; False once after `load_state_dict`."""
        continues, self._continues = self._continues, False
        return not continues


def _warn_if_near(who: str, name: str) -> None:
    """Warn of a method whose name is near to that of a hook."""
    # Without `on_`, which makes any two of them alike.
    nearest = vocabulary.guess(name[3:], [hook[3:] for hook in HOOKS])
    if nearest:
        warnings.warn(
            errors.message(
                f"`{name}` of `{who}` is no hook, so training will not call it",
                fix=f"{errors.did_you_mean(f'on_{nearest}')} A method of your own is "
                "better called without `on_`",
            ),
            UserWarning,
            stacklevel=3,
        )


def in_any_order(init: Callable[..., None]) -> Callable[..., None]:
    """Let a constructor be called with its arguments in the order of another time."""
    name = init.__qualname__.partition(".")[0]

    @functools.wraps(init)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        args, kwargs = vocabulary.in_order(name, args, kwargs)
        init(self, *args, **kwargs)

    return wrapper


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
