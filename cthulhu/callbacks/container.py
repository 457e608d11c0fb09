"""CallbackList: many callbacks that answer as one.

The loop talks to this only.  It finds out which hooks of which callback do anything,
so that a hook that nobody overrides costs nothing per batch.
"""

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from cthulhu import errors
from cthulhu.callbacks.base import HOOKS, Callback
from cthulhu.callbacks.monitored import LogNames
from cthulhu.callbacks.timing import DATA, OTHER, STEPS, VALIDATION, CostWatch, Times

# What the hooks of a training batch were called when there were no others.
_SHORT_NAMES = {
    "on_train_batch_begin": "on_batch_begin",
    "on_train_batch_end": "on_batch_end",
}


class CallbackList:
    """An ordered list of callbacks with the hooks of one.

    Args:
        callbacks: A callback, or a list of callbacks, other lists among them; None for
            none.  Anything with some of the hooks will do, no base class is needed.
        queue_length: Understood and not needed: costs are those of whole epochs.

    Attributes:
        callbacks: The flat list.
        times: Where the seconds of the run go, a `Times`; the place of a callback in
            the list, or of the one that it is a part of, is the name of its account.

    Raises:
        TypeError: for something without any hook, or for a class instead of an object.
    """

    def __init__(self, callbacks: Any = None, queue_length: int = 10):
        self.queue_length = queue_length
        self.params: dict[str, Any] = {}
        self.model: Any = None
        self.times = Times()
        self.callbacks = list(_flat(callbacks))
        self._hooks: dict[str, list[tuple[Callable, int]]] = {}
        self._costs = CostWatch(())
        self._batches = 0

    def append(self, callback: Any) -> None:
        """Add a callback at the end."""
        self.callbacks.extend(_flat(callback))
        self._hooks.clear()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.callbacks)

    def __len__(self) -> int:
        return len(self.callbacks)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell every callback about the run."""
        self.params = params
        self._tell("set_params", params)

    def set_model(self, model: Any) -> None:
        """Tell every callback about the model."""
        self.model = model
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback.times = self.times
        self._tell("set_model", model)

    @property
    def realtime(self) -> bool:
        """Whether some callback wants each batch's hooks before the next step."""
        return any(getattr(c, "realtime", False) is True for c in self.callbacks)

    @property
    def wants_train_batches(self) -> bool:
        """Whether some callback has something to do around a training step."""
        return self._wants("train")

    @property
    def wants_test_batches(self) -> bool:
        """Whether some callback has something to do around a batch of evaluation."""
        return self._wants("test")

    @property
    def wants_predict_batches(self) -> bool:
        """Whether some callback has something to do around a batch of prediction."""
        return self._wants("predict")

    def _wants(self, kind: str) -> bool:
        moments = ("begin", "end")
        return any(self._active(f"on_{kind}_batch_{moment}") for moment in moments)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Let every callback check what it depends on, then begin."""
        self._costs = CostWatch(self.names())
        self._check_names()
        self._tell("on_train_begin", _dict(logs))

    def on_train_end(self, logs: dict | None = None) -> None:
        """Training is over."""
        self._tell("on_train_end", _dict(logs))

    def on_test_begin(self, logs: dict | None = None) -> None:
        """An evaluation or validation begins."""
        self._tell("on_test_begin", _dict(logs))

    def on_test_end(self, logs: dict | None = None) -> None:
        """An evaluation or validation is over."""
        self._tell("on_test_end", _dict(logs))

    def on_predict_begin(self, logs: dict | None = None) -> None:
        """A prediction begins."""
        self._tell("on_predict_begin", _dict(logs))

    def on_predict_end(self, logs: dict | None = None) -> None:
        """A prediction is over."""
        self._tell("on_predict_end", _dict(logs))

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """An epoch begins; the first is 0."""
        self._costs.begin(self.times, epoch)
        self._batches = 0
        self._tell("on_epoch_begin", epoch, _dict(logs))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """An epoch is over, with what it gave in `logs`."""
        self._tell("on_epoch_end", epoch, _dict(logs))
        self._costs.end(self.times, epoch, self._batches)

    def on_exception(self, exception: BaseException) -> None:
        """The run ends by an exception: every callback hears, even if one fails."""
        self._hooks.clear()
        for callback in self.callbacks:
            hook = getattr(callback, "on_exception", None)
            if hook is not None:
                try:
                    hook(exception)
                except Exception as error:
                    who = type(callback).__name__
                    exception.add_note(
                        f"Then `on_exception` of {who} failed: {error!r}"
                    )

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """A training step is about to be made."""
        self._deliver("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """A training step was made."""
        self._batches = batch + 1
        self._deliver("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """A batch is about to be evaluated."""
        self._deliver("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """A batch was evaluated."""
        self._deliver("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """A batch is about to be predicted."""
        self._deliver("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """A batch was predicted."""
        self._deliver("on_predict_batch_end", batch, logs)

    on_batch_begin = on_train_batch_begin
    on_batch_end = on_train_batch_end

    def names(self) -> list[str]:
        """What the callbacks are called: by class, the second of a class with `#2`."""
        seen: Counter[str] = Counter()
        names = []
        for callback in self.callbacks:
            name = type(callback).__name__
            seen[name] += 1
            names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
        return names

    def timing(self) -> dict[str, Any]:
        """Seconds of the run so far.

        Returns:
            Dict of `total`; of `steps`, `data`, `validation` and `other`, which are
            waited for without the callbacks meanwhile; and of `callbacks`, a dict by
            the names of the callbacks.
        """
        spent = self.times.now()
        accounts = self._accounts()
        return {
            "total": sum(spent.values()),
            **{name: spent.get(name, 0.0) for name in (STEPS, DATA, VALIDATION, OTHER)},
            "callbacks": {
                name: spent.get(i, 0.0)
                for i, name in enumerate(self.names())
                if accounts[i] == i
            },
        }

    def state_dict(self) -> dict[str, dict[str, Any]]:
        """What every callback remembers, by its name."""
        return {
            name: callback.state_dict() if hasattr(callback, "state_dict") else {}
            for name, callback in zip(self.names(), self.callbacks, strict=True)
        }

    def load_state_dict(self, states: dict[str, dict[str, Any]]) -> None:
        """Hand every callback what it remembered.

        Callbacks of different classes may have changed places, and new ones begin anew.

        Raises:
            ValueError: if a callback that remembered something is not there any more;
                nothing is handed out then.
        """
        found = dict(zip(self.names(), self.callbacks, strict=True))
        lost = [name for name, state in states.items() if state and name not in found]
        if lost:
            raise ValueError(
                errors.message(
                    "The callbacks are not those of the stored run: "
                    + ", ".join(f"`{name}`" for name in lost)
                    + " cannot go on",
                    received=", ".join(f"`{name}`" for name in found) or "no callbacks",
                    expected=", ".join(f"`{name}`" for name in states),
                    fix="Continue with the callbacks that the run was started with",
                )
            )
        for name, state in states.items():
            if state:
                found[name].load_state_dict(state)

    def _accounts(self) -> list[int]:
        """On whose place the seconds of each callback count."""
        places = {id(callback): i for i, callback in enumerate(self.callbacks)}
        return [
            places.get(id(getattr(callback, "part_of", None)), i)
            for i, callback in enumerate(self.callbacks)
        ]

    def _in_order(self) -> list[tuple[int, Any]]:
        """Accounts and callbacks as hooks are called: those that lead come first."""
        pairs = zip(self._accounts(), self.callbacks, strict=True)
        return sorted(pairs, key=lambda one: not getattr(one[1], "leads", False))

    def _tell(self, hook_name: str, *args: Any) -> None:
        """Call one hook of every callback that has it, in order."""
        self._hooks.clear()  # a hook may have been replaced since; batches find out
        for i, callback in self._in_order():
            hook = getattr(callback, hook_name, None)
            if hook is not None:
                with self.times.on(i):
                    hook(*args)

    def _active(self, name: str) -> list[tuple[Callable, int]]:
        """The hooks of that name that do anything, and whose they are."""
        hooks = self._hooks.get(name)
        if hooks is None:
            found = ((_hook(c, name), i) for i, c in self._in_order())
            hooks = self._hooks[name] = [(h, i) for h, i in found if h is not None]
        return hooks

    def _deliver(self, name: str, batch: int, logs: dict | None) -> None:
        hooks = self._hooks.get(name)
        if hooks is None:
            hooks = self._active(name)
        if not hooks:
            return
        if logs is None:
            logs = {}
        self.times.call(hooks, batch, logs)

    def _check_names(self) -> None:
        """Tell each callback the names that it will find in the logs of an epoch."""
        if "metrics" not in self.params:
            return
        known = LogNames.of(self.params)
        for callback in self.callbacks:
            added = _added_names(callback)
            known = known._replace(
                names=(*known.names, *(n for n in added or () if n not in known.names)),
                complete=known.complete and added is not None,
            )
            if hasattr(callback, "check_logs"):
                callback.check_logs(known)


def _dict(logs: dict | None) -> dict:
    return {} if logs is None else logs


def _flat(callbacks: Any) -> Iterator[Any]:
    """The callbacks of nested lists one after the other."""
    if callbacks is None:
        return
    if isinstance(callbacks, (list, tuple, CallbackList)):
        for callback in callbacks:
            yield from _flat(callback)
        return
    if isinstance(callbacks, type):
        name = callbacks.__name__
        raise TypeError(
            errors.message(
                f"`callbacks` has the class `{name}` in it, not an object",
                fix=f"Write `{name}(...)`",
            )
        )
    if not any(hasattr(callbacks, hook) for hook in HOOKS):
        raise TypeError(
            errors.message(
                "`callbacks` has something in it that has no hook of a callback",
                received=repr(callbacks),
                expected="an object with methods like `on_epoch_end`",
                fix="To call a function, wrap it: `LambdaCallback(on_epoch_end=...)`"
                if callable(callbacks)
                else None,
            )
        )
    yield callbacks


@functools.cache
def _base_hook(name: str) -> Callable:
    return getattr(Callback, name)


def _own(callback: Any, name: str) -> Callable | None:
    """A hook if the callback has one and it is not the base's empty one."""
    hook = getattr(callback, name, None)
    if getattr(hook, "__func__", None) is _base_hook(name):
        return None
    return hook


def _hook(callback: Any, name: str) -> Callable | None:
    """What to call for a batch hook: its own, or the one of the short name."""
    hook = _own(callback, name)
    if hook is None and name in _SHORT_NAMES:
        hook = _own(callback, _SHORT_NAMES[name])
    idle = callback.idle_hooks if isinstance(callback, Callback) else ()
    return None if name in idle else hook


def _added_names(callback: Any) -> tuple[str, ...] | None:
    """Names that a callback's `on_epoch_end` adds to `logs`; None if nobody knows.

    What a class says of itself does not hold for a subclass with another body.
    """
    if _own(callback, "on_epoch_end") is None:
        return ()
    declared = getattr(callback, "adds_logs", None)
    if not isinstance(declared, (tuple, list)):
        return None
    for cls in (callback, *type(callback).__mro__):
        own = getattr(cls, "__dict__", {})
        if "adds_logs" in own:
            return tuple(declared)
        if "on_epoch_end" in own:
            return None
    return None
