"""Tones: the words of another tongue, row by row, and how a name is put into them.

`words.csv` beside this file is the Cthulhu tone; a user's own is another such file.
What an older Keras called something is `history`'s business, not this one's.

A tone works word by word.  A name is cut at its humps, underscores and digits
(`fit_generator` → fit, _, generator; `LSTMCell` → LSTM, Cell), and the longest run of
pieces that is a row is replaced.  So "benefit" keeps its letters.
"""

import csv
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import NamedTuple

# Runs of capitals that are one word although another capital follows.
INITIALISMS = ("CuDNN", "RNN", "LSTM", "GRU", "JSON", "YAML", "LR", "CSV")


class Word(NamedTuple):
    """One row of a table of words."""

    standard: str  # the name inside the code, Keras 2's
    other: str  # the name in the tone
    also: tuple[str, ...]  # further spellings that are understood
    kind: str  # "class", "method", "module" or "package"

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling in the tone, the preferred one first."""
        return (self.other, *self.also)


def read(path: str | Path) -> list[Word]:
    """Read a table of words: columns `standard,cthulhu,also accepted,kind`.

    Only the order of the columns counts; several "also accepted" are separated by
    spaces.  Words after the kind's first are a note for readers.

    Raises:
        ValueError: for a row without a standard word, an other word and a kind.
    """
    with open(path, newline="", encoding="utf-8") as file:
        return _parse(file, str(path))


def _parse(lines: Iterable[str], where: str) -> list[Word]:
    rows = []
    for number, row in enumerate(csv.reader(lines), start=1):
        if number == 1 or not row:
            continue
        if len(row) < 4 or not (row[0] and row[1] and row[3]):
            raise ValueError(
                f"Row {number} of `{where}` is no word. Received: {row}. Expected: "
                "standard, other, also accepted (may be empty), kind."
            )
        rows.append(Word(row[0], row[1], tuple(row[2].split()), row[3].split()[0]))
    return rows


_INITIALISM = "|".join(sorted(INITIALISMS, key=len, reverse=True))
_PIECE = re.compile(
    rf"(?:{_INITIALISM})(?![a-z])|[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+D?(?![a-z])|.",
    re.DOTALL,
)


def pieces(name: str) -> list[str]:
    """Cut a name at its humps, underscores and digits.

    Example:
        >>> pieces("fit_generator"), pieces("CuDNNLSTM"), pieces("Conv2DTranspose")
        (['fit', '_', 'generator'], ['CuDNN', 'LSTM'], ['Conv', '2D', 'Transpose'])
    """
    return _PIECE.findall(name)


class Tone:
    """Words of one tongue, both ways.

    Args:
        words: Rows; a later row wins over an earlier one of the same word.
    """

    def __init__(self, words: Iterable[Word]):
        self.words = tuple(words)
        # Whole names, and what may stand within one, by their pieces.
        self._there: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._back: dict[tuple[str, ...], str] = {}
        self._there_within: dict[tuple[str, ...], str] = {}
        self._back_within: dict[tuple[str, ...], str] = {}
        for word in self.words:
            cut = tuple(pieces(word.standard))
            back = {tuple(pieces(s)): word.standard for s in word.spellings}
            self._there[cut] = word.spellings
            self._back |= back
            # A module is a name of its own: `layers` in `get_layers` is not one.
            if word.kind not in ("module", "package"):
                self._there_within[cut] = word.other
                self._back_within |= back

    def spellings(self, name: str) -> tuple[str, ...]:
        """Every spelling of a standard name in this tone; () where it has none.

        Example:
            >>> CTHULHU.spellings("SeparableConv1D")
            ('SucNaath1D', 'SeparableCthalpa1D')
        """
        cut = tuple(pieces(name))
        said = self._there.get(cut) or (_replace(cut, self._there_within),)
        return tuple(s for s in said if s != name)

    def standard(self, spelling: str) -> str:
        """The standard name of a spelling in this tone; the spelling itself if none.

        Example:
            >>> CTHULHU.standard("LumpCheckpoint"), CTHULHU.standard("benefit")
            ('ModelCheckpoint', 'benefit')
        """
        cut = tuple(pieces(spelling))
        return self._back.get(cut) or _replace(cut, self._back_within)


def _replace(cut: tuple[str, ...], table: dict[tuple[str, ...], str]) -> str:
    """Replace the longest runs of pieces that the table has, from left to right."""
    longest = max(map(len, table), default=0)
    out, i = [], 0
    while i < len(cut):
        for n in range(min(longest, len(cut) - i), 0, -1):
            if cut[i : i + n] in table:
                out.append(table[cut[i : i + n]])
                i += n
                break
        else:
            out.append(cut[i])
            i += 1
    return "".join(out)


_FILE = resources.files(__package__).joinpath("words.csv")
CTHULHU = Tone(_parse(_FILE.read_text(encoding="utf-8").splitlines(), "words.csv"))
