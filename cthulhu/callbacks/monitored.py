"""The quantity that a callback watches: its name, its direction, its value in logs.

One place for what EarlyStopping, ReduceLROnPlateau and ModelCheckpoint share.  Which
metric is better when larger is `metrics.direction`'s knowledge, which spellings mean
one key is `vocabulary`'s.
"""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from cthulhu import config, errors, metrics, vocabulary
from cthulhu.callbacks.output import put


class LogNames(NamedTuple):
    """The keys that `logs` will have at an epoch's end, as far as anybody can know."""

    names: tuple[str, ...]
    complete: bool = True  # False behind a callback that may add names of its own
    validation: bool = True  # whether the run has validation data

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "LogNames":
        """The names that a run itself provides."""
        validation = bool(params.get("do_validation", True))
        names = [
            name
            for name in params["metrics"]
            if validation or not name.startswith("val_")
        ]
        return cls(tuple(names), True, validation)

    def have(self, name: str) -> bool:
        """Whether a name, in either spelling, is among them."""
        return any(s in self.names for s in vocabulary.log_key_spellings(name))

    def lack_validation_for(self, name: str) -> bool:
        """Whether a name would be there if the run had validation data."""
        return (
            self.complete
            and not self.validation
            and not self.have(name)
            and name.startswith("val_")
            and self.have(name.removeprefix("val_"))
        )

    def require(self, name: str, who: str, what: str) -> None:
        """Refuse a name that `logs` will never have.

        Args:
            name: The name.
            who: The callback's class.
            what: What the name stands in: "`monitor`".

        Raises:
            errors.UnknownName: with the names there are and the nearest.
        """
        if not self.complete or self.have(name):
            return
        if name.startswith("val_") and not self.validation:
            fix = (
                "No validation is configured: give `validation_data` or "
                "`validation_split`, or choose a name without `val_`"
            )
        else:
            nearest = vocabulary.guess(name, self.names)
            fix = errors.did_you_mean(nearest) if nearest else None
        raise errors.UnknownName(
            errors.message(
                f"{who} has {what} `{name}`, which this run will never report",
                expected="one of " + ", ".join(f"`{n}`" for n in self.names),
                fix=fix,
            )
        )


def lookup(logs: Mapping[str, Any], name: str) -> Any:
    """The value of a key in either spelling (`acc`, `accuracy`), or None.

    Example:
        >>> lookup({"val_accuracy": 0.9}, "val_acc")
        0.9
    """
    for spelling in vocabulary.log_key_spellings(name):
        if spelling in logs:
            return logs[spelling]
    return None


def epoch_number(epoch: int) -> int:
    """The number of an epoch as people count it, in messages and file names."""
    return epoch + vocabulary.quirk("first_epoch_number", config.generation())


def say(what: str, epoch: int, **values: Any) -> None:
    """Print what a callback does, in the words of the generation that is asked for."""
    template = vocabulary.wording(what, config.generation())
    put(template.format(epoch=epoch_number(epoch), **values) + "\n")


def patience_of(patience: int) -> int:
    """Epochs without improvement to sit out; the first generation sat out one more."""
    return patience + vocabulary.quirk("extra_patience", config.generation())


class Monitor:
    """A watched name and which of two of its values is the better one.

    Args:
        name: The key in `logs`.
        mode: `"min"`, `"max"`, or `"auto"`: the metric's own direction.
        who: The callback's class, for messages.
        subject: What the warning about an unknown mode begins with; `who` if None.
        may_idle: Whether a run without validation only makes it idle, with a warning,
            if `name` is one of validation.

    Attributes:
        better: `numpy.less` or `numpy.greater`, or None while the direction is unknown.
        worse: The other of the two.
        worst: The value that anything improves on.
    """

    def __init__(
        self,
        name: str,
        mode: str,
        who: str,
        subject: str | None = None,
        may_idle: bool = False,
    ):
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{subject or who} mode {mode} is unknown, fallback to auto mode.",
                RuntimeWarning,
                stacklevel=3,
            )
            mode = "auto"
        self.name, self.who = name, who
        self.may_idle, self.idle = may_idle, False
        self.known: LogNames | None = None
        self._aim(metrics.direction(name) if mode == "auto" else mode)

    def _aim(self, direction: str | None) -> None:
        self.better = {"min": np.less, "max": np.greater, None: None}[direction]
        self.worse = {np.less: np.greater, np.greater: np.less, None: None}[self.better]
        self.worst = -np.inf if self.better is np.greater else np.inf

    def check(self, known: LogNames, model: Any) -> None:
        """Refuse to start if the name will never be reported or has no direction."""
        self.known = known
        self.idle = self.may_idle and known.lack_validation_for(self.name)
        if self.idle:
            warnings.warn(
                errors.message(
                    f"{self.who} stays idle: it has the monitor `{self.name}`, but no "
                    "validation is configured",
                    fix="Give `validation_data` or `validation_split`, or monitor "
                    f"`{self.name.removeprefix('val_')}`",
                ),
                RuntimeWarning,
                stacklevel=3,
            )
            return
        known.require(self.name, self.who, "the monitor")
        self.need_direction(model)

    def need_direction(self, model: Any) -> None:
        """Refuse to compare values of which nobody knows which is better.

        A metric object of the model may tell, by an attribute `direction`.

        Raises:
            ValueError: with the argument that settles it.
        """
        if self.better is None:
            of_model = getattr(model, "metrics", None) or ()
            self._aim(metrics.direction(self.name, of_model))
        if self.better is None:
            raise ValueError(
                errors.message(
                    f"{self.who} cannot tell whether more or less of `{self.name}` "
                    "is better",
                    fix='Say `mode="min"` or `mode="max"`',
                )
            )

    def value(self, logs: Mapping[str, Any], complaint: str) -> Any:
        """The value in `logs`; None where it is absent.

        An announced name may be absent, in an epoch without validation for one.  Of any
        other `complaint` is given as a RuntimeWarning.
        """
        current = lookup(logs, self.name)
        silent = self.idle or (self.known and self.known.have(self.name))
        if current is None and not silent:
            warnings.warn(complaint, RuntimeWarning, stacklevel=4)
        return current


def listed(names: Iterable[str]) -> str:
    """Names as older messages list them."""
    return ",".join(names)
