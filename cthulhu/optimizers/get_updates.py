"""Optimizers in Keras 2's own style: subclasses that define `get_updates`.

Keras ran that method once and kept the graph that it made.  Here it runs whenever a
step is traced, so two things are arranged for it: everything it reads is as it was
before the step, and the variables that it makes are the ones it made the first time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from cthulhu import errors
from cthulhu.core import Scope, Variable, current_scope


class UpdatesScope(Scope):
    """Reads see what was before the step; writes wait in `written`.

    Args:
        known: The variables that the first run touched, in order of the first touch;
            None in that run itself.  What this run touches n-th is `known[n]`.
    """

    makes_variables = True

    def __init__(self, known: Sequence[Variable] | None = None):
        self.outer = current_scope()
        super().__init__(training=self.outer.training, key=self.outer.key)
        self.known = known
        self.touched: dict[Variable, Variable] = {}
        self.written: dict[Variable, Any] = {}

    def read(self, variable: Variable) -> Any:
        own = self._own(variable)
        return self.outer.read(own) if isinstance(self.outer, Scope) else own.cell

    def write(self, variable: Variable, value: Any) -> None:
        self.written[self._own(variable)] = value

    def next_key(self, seed: int | None = None) -> Any:
        return self.outer.next_key(seed)

    def _own(self, variable: Variable) -> Variable:
        if variable not in self.touched:
            own = variable
            if self.known is not None:
                place = len(self.touched)
                own = self.known[place] if place < len(self.known) else None
                if own is None or own.shape != variable.shape:
                    raise RuntimeError(
                        errors.message(
                            "`get_updates` did not use the same variables as the first "
                            "time that it ran",
                            received=repr(variable),
                            expected=repr(own),
                            fix="Let what it does depend on nothing but its arguments",
                        )
                    )
            self.touched[variable] = own
        return self.touched[variable]

    def settle(self, updates: Iterable[Any]) -> dict[Variable, Any]:
        """All writes, those of pairs `(variable, value)` among `updates` included."""
        for update in updates:
            if isinstance(update, tuple):
                self.write(*update)
        return self.written
