"""InStep: a callback that has a part inside the compiled step while training lasts.

Attaching that part, and taking it away however training ends, stands here; what such a
part may do is told by `optimizers.Companion`.
"""

from typing import Any

from cthulhu import errors
from cthulhu.callbacks.base import Callback
from cthulhu.optimizers import Companion


class InStep(Callback):
    """Base of callbacks with a companion in the optimizer.

    A subclass calls `self.attach(companion)` in its `on_train_begin` or later, and
    `super().on_train_end(logs)` and `super().on_exception(exception)` where it has
    these hooks itself.
    """

    _optimizer: Any = None
    _companion: Companion | None = None

    def attach(self, companion: Companion) -> None:
        """Let a companion take part in the steps of the model until training ends.

        Raises:
            TypeError: The optimizer is not one that takes companions.
        """
        optimizer = getattr(self.model, "optimizer", None)
        if not hasattr(optimizer, "attach"):
            raise TypeError(
                errors.message(
                    f"{type(self).__name__} cannot take part in the model's steps",
                    f"an optimizer of type {type(optimizer).__name__}",
                    "an optimizer of `optimizers`",
                )
            )
        self.detach()
        optimizer.attach(companion)
        self._optimizer, self._companion = optimizer, companion

    def detach(self) -> None:
        """Take the companion away; nothing happens if there is none."""
        if self._optimizer is not None:
            self._optimizer.detach(self._companion)
        self._optimizer = None

    def on_train_end(self, logs=None):
        self.detach()

    def on_exception(self, exception):
        self.detach()


def steps_in_epoch(params: dict[str, Any] | None) -> int | None:
    """Batches in an epoch, from the params of a run; None where nobody knows."""
    params = params or {}
    if params.get("steps"):
        return int(params["steps"])
    if params.get("samples") and params.get("batch_size"):
        return -(-int(params["samples"]) // int(params["batch_size"]))
    return None


def need_steps(callback: Any) -> int:
    """Batches in an epoch.

    Raises:
        ValueError: Nobody knows, as with a generator without `steps_per_epoch`.
    """
    steps = steps_in_epoch(callback.params)
    if steps is None:
        raise ValueError(
            errors.message(
                f"{type(callback).__name__} does not know how long an epoch is",
                "batches from an iterator of unknown length",
                fix="Give `steps_per_epoch` to `fit`",
            )
        )
    return steps
