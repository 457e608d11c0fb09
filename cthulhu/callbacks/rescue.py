"""Saving when training ends otherwise than planned: an exception, or SIGTERM.

How a model is saved is told from outside; when a signal is heard: see `signals`.
"""

import warnings
from collections.abc import Callable

from cthulhu import errors
from cthulhu.callbacks.signals import Sigterm


class Rescue:
    """Saves a last time, between the beginning of a training and its end.

    Args:
        save: Function of a path that saves the model.
        on_exception: Where to after an exception; None: nowhere.
        on_sigterm: Where to after SIGTERM; None: the signal is none of our business.
        who: The callback's class, for messages.
    """

    def __init__(
        self,
        save: Callable[[str], None],
        on_exception: str | None,
        on_sigterm: str | None,
        who: str,
    ):
        self.save = save
        self.on_exception = on_exception
        self.on_sigterm = on_sigterm
        self.who = who
        self.sigterm = Sigterm()
        self.running = False

    def begin(self) -> None:
        """Training begins: there is something to rescue."""
        self.running = True
        if self.on_sigterm is not None and not self.sigterm.listen():
            self._warn("cannot hear of SIGTERM: training is not on the main thread")

    def answer(self) -> None:
        """The model is at a whole step: save and go, if the process was asked to."""
        if self.sigterm.asked and self.on_sigterm is not None:
            try:
                self.save(self.on_sigterm)
            finally:
                self.sigterm.proceed()

    def fail(self) -> None:
        """An exception ends the training; it is worth more than one of saving."""
        if self.running and self.on_exception is not None:
            try:
                self.save(self.on_exception)
            except Exception as error:
                self._warn(f"could not save `{self.on_exception}`", error)
        self.end()

    def end(self) -> None:
        """Training is over."""
        if self.running:
            self.running = False
            self.answer()
            self.sigterm.ignore()

    def _warn(self, what: str, received: object = None) -> None:
        warnings.warn(
            errors.message(f"{self.who} {what}", received), RuntimeWarning, stacklevel=4
        )
