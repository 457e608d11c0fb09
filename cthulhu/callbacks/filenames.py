"""Names of files with fields of the logs in them: "weights.{epoch:02d}-{loss:.2f}.h5".

What is written there, and when, is the business of those who write.
"""

import os
import string
from collections.abc import Mapping
from typing import Any

from cthulhu import errors, vocabulary
from cthulhu.callbacks.monitored import LogNames, listed, lookup


class Template:
    """The name of a file, to be filled in with counters and logs.

    Args:
        text: The name.
        who: The callback's class, for messages.
    """

    def __init__(self, text: str | os.PathLike, who: str):
        self.text = os.fspath(text)
        self.who = who
        self.known: LogNames | None = None

    @property
    def is_one_file(self) -> bool:
        """Whether there is nothing to fill in."""
        return "{" not in self.text

    @property
    def folder(self) -> str:
        """The folder of all files, as far as it has no field; "" is the present one."""
        return os.path.dirname(self.text.partition("{")[0])

    @property
    def ending(self) -> str:
        """The ending that all files have, with its dot; "" if there is none."""
        ending = os.path.splitext(self.text)[1]
        return "" if "{" in ending or "}" in ending else ending

    def names(self) -> list[str]:
        """The fields, without formats and indices.

        Raises:
            ValueError: for braces that do not fit together.
        """
        try:
            parts = list(string.Formatter().parse(self.text))
        except ValueError as error:
            raise ValueError(self._unusable(str(error))) from None
        return [_stem(field) for _, field, _, _ in parts if field is not None]

    def check(self, known: LogNames, counters: Mapping[str, int]) -> None:
        """Refuse what can never be filled in, before anything is.

        Args:
            known: The names that logs will have.
            counters: Names that are always there, with numbers of their kind.

        Raises:
            ValueError: for a field without a name, or a format that fits no number.
            errors.UnknownName: for a name that nothing reports.
        """
        self.known = known
        for name in self.names():
            if not name or name.isdigit():
                raise ValueError(self._unusable("a field without a name in it"))
            if name not in counters:
                known.require(name, self.who, "in its `filepath` the name")
        try:
            self.text.format(**{**dict.fromkeys(self.names(), 0.5), **counters})
        except (
            ValueError
        ) as error:  # of the format: `{loss:02d}`, but a loss is a float
            raise ValueError(self._unusable(str(error))) from None
        except (TypeError, LookupError, AttributeError):
            pass  # `{loss[0]}` or the like, of a value nobody knows yet

    def fill(self, logs: Mapping[str, Any], counters: Mapping[str, int]) -> str | None:
        """The file's name; None if a name that was announced is absent this time.

        Raises:
            KeyError: for a name that was not announced either.
        """
        values = {**logs, **counters}
        for name in self.names():
            if name not in values:
                value = lookup(logs, name)
                if value is None:
                    return self._nameless(name, logs)
                values[name] = value
        return self.text.format(**values)

    def _nameless(self, name: str, logs: Mapping[str, Any]) -> None:
        if self.known is not None and self.known.have(name):
            return None  # an epoch without validation, say
        nearest = vocabulary.guess(name, [*logs, "epoch"])
        raise KeyError(
            errors.message(
                f"{self.who} cannot name its file: `{name}` is not in the logs",
                received=listed(logs),
                fix=errors.did_you_mean(nearest) if nearest else None,
            )
        )

    def _unusable(self, problem: str) -> str:
        return errors.message(
            f"The `filepath` of {self.who} cannot be filled in",
            f"{self.text!r}: {problem}",
            "names of the logs with a format, like "
            '"weights.{epoch:02d}-{val_loss:.2f}.hdf5"',
        )


def _stem(field: str) -> str:
    return field.partition(".")[0].partition("[")[0]
