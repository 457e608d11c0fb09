"""Where callbacks print: a terminal, a notebook or a log, and what each can show.

What stands in a bar is `progress`'s business; here it is put on the screen.
"""

import os
import sys
from typing import Any


def put(text: str) -> None:
    """Write to standard output; what its encoding cannot show becomes `?`."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def shows_bars() -> bool:
    """Whether a line of the output can be drawn anew: on a terminal, in a notebook."""
    return _is_terminal() or _shell() is not None


class Screen:
    """A line of the output that changes.

    On a terminal it is drawn over itself, cut to the terminal's width until it is
    drawn a last time.  In a notebook it is an output of its own that is updated, so
    that a saved notebook has its last state only.  Elsewhere each state is a line.

    Args:
        redraws: True draws over the line wherever the output goes.
    """

    def __init__(self, redraws: bool = False):
        self._shell = None if redraws else _shell()
        self._redraws = redraws or _is_terminal()
        self._drawn = 0  # characters of the last drawing
        self._handle: Any = None

    def draw(self, text: str, last: bool) -> None:
        """Show `text` in place of what was shown before."""
        if self._shell is not None:
            self._display(text)
            return
        width = _width() if self._redraws else None
        if width and not last:
            text = text[: width - 1]
        erase = "\b" * self._drawn + "\r" if self._redraws else "\n"
        padding = " " * (self._drawn - len(text))
        self._drawn = len(text)
        put(erase + text + padding + ("\n" if last else ""))

    def _display(self, text: str) -> None:
        data = {"text/plain": text}
        if self._handle is None:
            display = sys.modules["IPython.display"].display
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def _is_terminal() -> bool:
    return bool(getattr(sys.stdout, "isatty", lambda: False)())


def _shell() -> Any:
    """The shell of a notebook's kernel, if that is where standard output goes."""
    if not type(sys.stdout).__module__.startswith("ipykernel"):
        return None
    shell = sys.modules["IPython"].get_ipython()
    return shell if hasattr(shell, "kernel") else None


def _width() -> int | None:
    """Columns of the terminal, if it tells."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, AttributeError, ValueError):
        return None
