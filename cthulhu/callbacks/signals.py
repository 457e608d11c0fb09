"""SIGTERM, heard at a moment of our choosing.

A process that is told to end may want to save first, but not in the middle of a step.
What is done then is the business of those who listen.
"""

import signal
import threading
from types import FrameType


class Sigterm:
    """Takes note of SIGTERM; whoever looks at `asked` answers, and lets it go on.

    A second signal does not wait for the answer to the first.

    Attributes:
        asked: Whether the signal came.

    Example:
        >>> sigterm = Sigterm()
        >>> sigterm.listen()
        >>> if sigterm.asked:  # from time to time
        ...     save(); sigterm.proceed()
        >>> sigterm.ignore()
    """

    def __init__(self):
        self.asked = False
        self._listening = False
        self._before: signal.Handlers | object = signal.SIG_DFL

    def listen(self) -> bool:
        """Take note from now on; False off the main thread, where nobody can."""
        if threading.current_thread() is not threading.main_thread():
            return False
        self.asked = False
        before = signal.signal(signal.SIGTERM, self._note)
        # None: the handler was not set from Python, and Python cannot set it again
        self._before = signal.SIG_DFL if before is None else before
        self._listening = True
        return True

    def ignore(self) -> None:
        """Put the handler back that was there before."""
        if not self._listening:
            return
        self._listening = False
        if signal.getsignal(signal.SIGTERM) == self._note:
            signal.signal(signal.SIGTERM, self._last_listener())

    def proceed(self) -> None:
        """Do what the signal would have done, which is to end the process."""
        self.ignore()
        self.asked = False
        signal.raise_signal(signal.SIGTERM)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if not self._listening:  # somebody put this handler back after all was over
            _call(self._last_listener(), number, frame)
        elif self.asked:
            self.proceed()
        else:
            self.asked = True

    def _last_listener(self):
        """The handler before this, or before those that have gone meanwhile."""
        before = self._before
        owner = getattr(before, "__self__", None)
        if isinstance(owner, Sigterm) and not owner._listening:
            return owner._last_listener()
        return before


def _call(handler, number: int, frame: FrameType | None) -> None:
    if callable(handler):
        handler(number, frame)
    elif handler == signal.SIG_DFL:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
