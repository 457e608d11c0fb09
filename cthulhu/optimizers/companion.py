"""Companion: what takes part in every step of an optimizer, inside the compiled step.

A callback that has to see or set something at every single step, a rate or the norm of
the gradients, attaches a companion: it then costs nothing between steps.  The rule
itself is `transforms`' business; what a companion is good for, its owner's.
"""

from collections.abc import Sequence
from typing import Any

from cthulhu.core import Variable


class Companion:
    """Base of what is attached to an optimizer: `optimizer.attach(companion)`.

    Both methods are called while a step is traced.  Whatever they read or write in
    variables, hyperparameters of the optimizer included, becomes part of the step, and
    the values are those of exactly that step for whoever looks.

    Attributes:
        metrics: What the logs of a batch tell besides: objects with `name`,
            `variables`, `result()` and `reset_states()`; an epoch begins with the last.

    Example:
        >>> class Halve(Companion):
        ...     def before(self, optimizer, grads, variables):
        ...         optimizer.learning_rate.assign(optimizer.learning_rate / 2)
        ...         return grads
    """

    metrics: Sequence[Any] = ()

    def before(
        self, optimizer: Any, grads: list[Any], variables: tuple[Variable, ...]
    ) -> list[Any]:
        """Called before a step's update is computed; returns the gradients to use.

        Args:
            optimizer: The optimizer.
            grads: Gradients of the batch, before any clipping.
            variables: The weights that they belong to.
        """
        return grads

    def after(
        self, optimizer: Any, variables: tuple[Variable, ...], happened: Any
    ) -> None:
        """Called when the weights hold their new values.

        Args:
            optimizer: The optimizer.
            variables: The weights that were updated.
            happened: Whether there was an update: True, or a traced bool where
                gradients are accumulated over several batches.
        """
