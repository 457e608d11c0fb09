"""Text and code put into a tongue: whole names, never parts of words.

Documents are written in Keras's words.  Another tongue's come from the table of words
alone.  A name is replaced where it is one: in code, in backticks, and in running text
where it cannot be English (`ModelCheckpoint`, `fit_generator`).  So data may still
"fit into memory" and nobody benesummons from it.
"""

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cthulhu.vocabulary import skin

HOUSE = Path(__file__).parents[2] / "cthulhu"


class Tongue(NamedTuple):
    """One of the languages that the documentation is written in."""

    name: str  # of its folder in the site
    label: str  # on the switch
    short: str  # on the switch where there is little room
    tone: skin.Tone | None = None  # its words; None: Keras's
    language: str = "en"  # of the sentences

    @property
    def package(self) -> str:
        """What stands before the names of a room that Keras has."""
        return "keras" if self.tone is None else "cthulhu"

    def say(self, name: str) -> str:
        """A public name in this tongue; any other word as it is."""
        if self.tone is None or name not in names():
            return name
        return next(iter(self.tone.spellings(name)), name)


KERAS = Tongue("keras", "Keras's words", "Keras")
CTHULHU = Tongue("cthulhu", "Cthulhu's words", "Cthulhu", skin.CTHULHU)
CHINESE = Tongue("zh", "中文", "中文", language="zh")
TONGUES = (KERAS, CTHULHU, CHINESE)


@functools.cache
def names() -> frozenset[str]:
    """Every name of the house that the table of words can say otherwise.

    Words of the table, and what the source defines: classes, functions, methods.
    """
    found = {w.standard for w in skin.CTHULHU.words if w.kind in ("class", "method")}
    modules = {w.standard for w in skin.CTHULHU.words} - found
    for path in HOUSE.rglob("*.py"):
        found |= set(_defined(ast.parse(path.read_text(encoding="utf-8"))))
    return frozenset(name for name in found - modules if skin.CTHULHU.spellings(name))


def _defined(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Public classes, functions and methods, but nothing within a function."""
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            if not child.name.startswith("_"):
                yield child.name
        if isinstance(child, ast.ClassDef):
            yield from _defined(child)


# Words of code.  Strings stay as they are: they are data.
_CODE = re.compile(
    r"""
    (?P<string>[rbfuRBFU]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<comment>\#[^\n]*)
    |(?P<door>\bfrom[ ]cthulhu[ ]import[ ]keras\b|\bimport[ ]keras\b)
    |(?P<house>(?<![\w.~/-])(?:cthulhu\.keras\b|keras(?=\.(?!json\b)[a-z])))
    |(?P<keyword>\b[A-Za-z_]\w*(?=\s*=(?!=)))
    |(?P<name>\b[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


def code(text: str, tongue: Tongue) -> str:
    """Python source in a tongue; strings and names of arguments stay.

    Example:
        >>> code("model.fit(x, fit=1)  # benefit", CTHULHU)
        'model.summon(x, fit=1)  # benefit'
        >>> code("from cthulhu import keras; keras.layers.Dense", CTHULHU)
        'import cthulhu; cthulhu.layers.Daoloth'
    """
    if tongue.tone is None:
        return text

    def said(found: re.Match) -> str:
        word = found[0]
        match found.lastgroup:
            case "comment":
                return prose(word, tongue)
            case "door":
                return "import cthulhu"
            case "house":
                return "cthulhu"
            case "name":
                return tongue.say(word)
        return word

    return _realigned(text, _CODE.sub(said, text))


def _realigned(before: str, after: str) -> str:
    """Lines that were aligned with an opening bracket, aligned with it again."""
    lines = []
    opened: list[tuple[int, int]] = []  # the bracket's column before and now
    for old, new in zip(before.split("\n"), after.split("\n"), strict=True):
        indent = len(old) - len(old.lstrip())
        if opened and indent and indent == opened[-1][0] + 1:
            new = " " * (opened[-1][1] + 1) + new.lstrip()
        brackets = [
            [found for found in _BRACKET.finditer(line) if found["bracket"]]
            for line in (old, new)
        ]
        for was, now in zip(*brackets, strict=False):
            if was[0] in "([{":
                opened.append((was.start(), now.start()))
            elif opened:
                opened.pop()
        lines.append(new)
    return "\n".join(lines)


_BRACKET = re.compile(
    r"""\#.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?P<bracket>[()\[\]{}])"""
)

# Parts of Markdown: fenced code, code within a line, addresses, words.
_FENCE = r"(?P<fence>^(?P<indent>[ ]*)(?P<marks>```+)[^\n]*\n.*?^[ ]*(?P=marks)[ ]*$)"
_TEXT = re.compile(
    _FENCE
    + r"""
    |(?P<tag><[a-zA-Z/!][^>\n]*>)
    |(?P<attributes>\{[:\#.][^}\n]*\})
    |\[(?P<linked>(?:[^\[\]`\n]|`[^`\n]*`)*)\](?P<to>\([^)\s]*\))
    |(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))
    |(?P<address>\]\([^)\s]*\)|https?://\S+)
    |(?P<word>\b[A-Za-z_]\w*\b(?P<call>\()?)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_OPENING = re.compile(r"( *`{3,} *\{?\.?)(\w*)")


def prose(
    text: str, tongue: Tongue, mark: Callable[[str, str], str] | None = None
) -> str:
    """Markdown in a tongue.

    Args:
        text: Markdown in Keras's words.
        tongue: Whose words it shall have.
        mark: Given a name in backticks as the house calls it and its text in the
            tongue; what it returns stands there.  See `render`, which makes links.

    Example:
        >>> prose("Models benefit from `fit`; an LSTM may fit.", CTHULHU)
        'Models benefit from `summon`; an LSTM may fit.'
    """

    def said(found: re.Match) -> str:
        whole = found[0]
        if found["fence"]:
            head, _, body = whole.partition("\n")
            body, _, foot = body.rpartition("\n")
            language = _OPENING.match(head)[2]
            if language not in ("python", "py", "pycon"):
                return whole
            return "\n".join([head, code(body, tongue), foot] if body else [head, foot])
        if found["to"]:  # a link already: none within it
            return f"[{prose(found['linked'], tongue)}]{found['to']}"
        if found["code"]:
            ticks = found["ticks"]
            inner = whole.removeprefix(ticks).removesuffix(ticks)
            text = f"{ticks}{code(inner, tongue)}{ticks}"
            return mark(inner, text) if mark else text
        if found["word"]:
            call = found["call"] or ""
            word = whole.removesuffix(call)
            is_name = call or len(skin.pieces(word)) > 1
            return (tongue.say(word) if is_name else word) + call
        return whole

    return _TEXT.sub(said, text)
