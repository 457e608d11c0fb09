"""Sentences in another language, each beside the English it was translated from.

A catalog is a file as gettext has them.  What it lacks stays English, and so does what
was translated from words that the source no longer has: such rows are `stale`.
"""

from collections.abc import Iterable
from pathlib import Path

from babel.messages import pofile


class Catalog:
    """Translations of sentences.

    Args:
        path: A `.po` file; None: everything stays English.

    Attributes:
        asked: Every sentence that was looked for, as it stands in the source.
    """

    def __init__(self, path: Path | None = None):
        self._known: dict[str, str] = {}
        self.asked: set[str] = set()
        if path:
            with open(path, "rb") as file:
                rows = pofile.read_po(file, locale=path.parent.name)
            self._known = {row.id: row.string for row in rows if row.id and row.string}

    def say(self, text: str) -> str:
        """A sentence or paragraph in this language; itself where it has no row."""
        english = " ".join(text.split())
        self.asked.add(english)
        return self._known.get(english, text)

    def stale(self, kept: Iterable[str] = ()) -> list[str]:
        """Rows whose English nobody has asked for, once everything was rendered.

        Args:
            kept: Sentences that may wait to be asked for.
        """
        return sorted(set(self._known) - self.asked - set(kept))
