"""`Sequence`: data that can give any of its batches by number."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any


class Sequence:
    """Base class of data that gives batches by number, so that workers can share it.

    A subclass defines `__getitem__(index)`, which returns a whole batch: `x`, `(x, y)`
    or `(x, y, sample_weight)`; `__len__()`, the number of batches; and, if the data
    changes between epochs, `on_epoch_end()`.

    Example:
        >>> class Squares(Sequence):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         return index**2
        >>> list(Squares())
        [0, 1, 4]
    """

    use_sequence_api = True

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """The batch at position `index`."""
        raise NotImplementedError

    @abstractmethod
    def __len__(self) -> int:
        """The number of batches in one pass."""
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        """Called after every pass over the batches."""

    def __iter__(self) -> Iterator[Any]:
        """The batches of one pass, in order."""
        return (self[index] for index in range(len(self)))


def is_sequence(data: Any) -> bool:
    """Whether `data` is a `Sequence`, or another library's class that acts as one."""
    return getattr(data, "use_sequence_api", False) or (
        hasattr(data, "on_epoch_end")  # first, as arrays have none
        and hasattr(data, "__getitem__")
        and hasattr(data, "__len__")
    )
