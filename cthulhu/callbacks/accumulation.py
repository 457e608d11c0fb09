"""GradientAccumulationScheduler: how many batches make one update, by epoch.

How gradients are added up is the optimizer's business.
"""

from collections.abc import Mapping

from cthulhu import errors
from cthulhu.callbacks.base import Callback


class GradientAccumulationScheduler(Callback):
    """Let the gradients of several batches make one update, more or fewer by epoch.

    Before the first epoch named the optimizer's own number holds, or 1.  The number is
    a run-time value of the step, which is compiled once for all.  Gradients that wait
    when an epoch ends count in the next one; where fewer batches are to wait then,
    those there are make the next update, and weigh alike.

    Args:
        scheduling: Dict from the epoch (from 0) in which a number begins to hold to
            the number, 1 or more.

    Raises:
        ValueError: for an empty dict or a number out of range.
        TypeError: for what is no dict of whole numbers; when training begins, for an
            optimizer that cannot add up.

    Example:
        >>> model.fit(x, y, batch_size=32, epochs=3,
        ...           callbacks=[GradientAccumulationScheduler({1: 2, 2: 4})])
    """

    adds_logs = ()

    def __init__(self, scheduling: Mapping[int, int]):
        who = type(self).__name__
        if not isinstance(scheduling, Mapping):
            raise TypeError(
                errors.message(
                    f"`scheduling` of {who} cannot be used",
                    repr(scheduling),
                    "a dict from epochs to numbers of batches, such as {0: 1, 5: 4}",
                )
            )
        if not scheduling:
            raise ValueError(
                errors.message(f"`scheduling` of {who} is empty", "{}", "an epoch")
            )
        self.scheduling = {
            errors.check_whole("an epoch", epoch, 0, who): errors.check_whole(
                f"scheduling[{epoch}]", steps, 1, who
            )
            for epoch, steps in scheduling.items()
        }

    def on_train_begin(self, logs=None):
        optimizer = getattr(self.model, "optimizer", None)
        if not hasattr(optimizer, "gradient_accumulation_steps"):
            raise TypeError(
                errors.message(
                    f"{type(self).__name__} needs an optimizer that adds gradients up",
                    f"an optimizer of type {type(optimizer).__name__}",
                    "an optimizer of `optimizers`",
                )
            )
        # from now on gradients can wait: the step is made for that once
        optimizer.gradient_accumulation_steps = (
            optimizer.gradient_accumulation_steps or 1
        )

    def on_epoch_begin(self, epoch, logs=None):
        begun = [first for first in self.scheduling if first <= epoch]
        if begun:
            steps = self.scheduling[max(begun)]
            self.model.optimizer.gradient_accumulation_steps = steps
