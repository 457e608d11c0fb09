"""Entries of the house as Markdown, in a tongue and a language.

What is said comes from `reference`; here is how it looks.
"""

import doctest
import html
import re
import textwrap
from collections.abc import Iterator
from functools import partial

import griffe

from cthulhu import vocabulary
from cthulhu.vocabulary import history
from scripts.docs import reference, words
from scripts.docs.catalog import Catalog
from scripts.docs.reference import Entry
from scripts.docs.words import Tongue

WIDTH = 80  # of a line of code on a page

# Directives of doctest are for those who run an example, not for those who read it.
_DIRECTIVE = re.compile(r"\s*#\s*doctest:.*$", re.MULTILINE)

# What the renderer itself says, wherever a page may need it.
LABELS = (
    "source default Also Arguments Attributes Properties Methods Raises "
    "Returns Yields Warns Example Shapes"
).split() + ["Also as", "In the other tongue", "Kind of", "Older names of arguments"]

Kind = griffe.DocstringSectionKind


class Page:
    """Renders entries for one page.

    Args:
        room: The room of the page; links to its own entries stay on the page.
        tongue: Whose words are used.
        catalog: Translations of the sentences.
    """

    def __init__(self, room: str, tongue: Tongue, catalog: Catalog | None = None):
        self.room = room
        self.tongue = tongue
        self.catalog = catalog or Catalog()

    # -- entries ---------------------------------------------------------------

    def entry(self, entry: Entry) -> str:
        """A heading, the call, and all that the docstring says."""
        name = self.say_name(entry.name)
        anchors = {entry.name, *vocabulary.spellings(entry.name)} - {name}
        parts = [
            f"### {name} {{ #{name} }}",
            self._source(entry.thing),
            "".join(f'<span id="{anchor}"></span>' for anchor in sorted(anchors)),
            fence(call(self.path(entry), reference.parameters(entry.thing))),
            self._other_names(entry),
            *self.docstring(entry.thing, entry),
            self._older_words(entry),
            *self._members(entry),
        ]
        return "\n\n".join(part for part in parts if part)

    def say_name(self, name: str) -> str:
        """A name, with or without its module, in the tongue."""
        return ".".join(self.tongue.say(part) for part in name.split("."))

    def path(self, entry: Entry) -> str:
        """What one writes to reach an entry."""
        in_face = entry.room in reference.faces.ROOMS
        package = self.tongue.package if in_face else "cthulhu"
        return f"{package}.{entry.room}.{self.say_name(entry.name)}"

    def _source(self, thing: griffe.Object) -> str:
        text = self.catalog.say("source")
        return f'<a class="source" href="{source_link(thing)}">{text}</a>'

    def _other_names(self, entry: Entry) -> str:
        """Further names in this tongue, the names in the other, and the base."""
        said = self.say_name(entry.name)
        also = [n for n in map(self.say_name, entry.also + entry.old) if n != said]
        elsewhere = reference.elsewhere().get(entry.thing.path, [])
        places = [self.path(place) for place in elsewhere]
        other = [
            n for n in [entry.name, *vocabulary.spellings(entry.name)] if n != said
        ]
        base = reference.parents(entry)
        lines = [
            self._names("Also", also),
            self._names("Also as", places),
            self._names("In the other tongue", other) if other else "",
            f"{self.catalog.say('Kind of')} {self.link(base[0])}" if base else "",
        ]
        text = " · ".join(line for line in lines if line)
        return f"{text}\n{{ .names }}" if text else ""

    def _names(self, label: str, names: list[str]) -> str:
        listed = ", ".join(f"`{name}`" for name in names)
        return f"{self.catalog.say(label)} {listed}" if names else ""

    def link(self, entry: Entry, member: str = "", text: str = "") -> str:
        """A link to an entry or one of its methods, by its name or with a text.

        A tree in another language lacks most pages.  Those of the other tree are out of
        MkDocs's sight, so such links are HTML.
        """
        anchor = self.say_name(f"{entry.name}.{member}" if member else entry.name)
        text = text or f"`{anchor}`"
        if entry.room == self.room:
            return f"[{text}](#{anchor})"
        if self.tongue.language == "en":
            return f"[{text}]({entry.room}.md#{anchor})"
        code = html.escape(text.strip("`"))
        page = f"../{words.KERAS.name}/{entry.room}.html#{anchor}"
        return f'<a href="{page}"><code>{code}</code></a>'

    # -- docstrings ------------------------------------------------------------

    def docstring(self, thing: griffe.Object, entry: Entry) -> Iterator[str]:
        """The parts of a docstring, arguments that it leaves to others included."""
        mark = partial(self._mark, entry)
        for section in reference.sections(thing):
            match section.kind:
                case Kind.text:
                    yield self.text(section.value, mark)
                case Kind.parameters:
                    yield self._arguments(thing, mark)
                case Kind.attributes:
                    rows = [(f"**{a.name}**", a.description) for a in section.value]
                    yield self._list("Attributes", rows, mark)
                case Kind.raises | Kind.warns:
                    rows = [(f"`{e.annotation}`", e.description) for e in section.value]
                    yield self._list(section.kind.value.title(), rows, mark)
                case Kind.returns | Kind.yields:
                    label = section.kind.value.title()
                    text = "\n\n".join(item.description for item in section.value)
                    yield f"**{self.catalog.say(label)}**\n\n{self.text(text, mark)}"
                case Kind.admonition:
                    yield self._admonition(section, mark)
                case _:
                    raise ValueError(
                        f"A section of kind {section.kind} in {thing.path}"
                    )
            if section is reference.sections(thing)[0] and not _has_own(thing):
                yield self._arguments(thing, mark)

    def text(self, text: str, mark=None) -> str:
        """Paragraphs; what is indented in them is code."""
        return "\n\n".join(self._block(block, mark) for block in _blocks(text))

    def text_of_template(self, text: str) -> str:
        """A piece of a template in the tongue's words."""
        return words.prose(text, self.tongue, partial(self._mark, None))

    def _block(self, block: str, mark) -> str:
        if block.startswith("    "):
            return fence(words.code(textwrap.dedent(block), self.tongue))
        if block.startswith(">>>"):
            return self._example(block)
        return words.prose(self.catalog.say(block), self.tongue, mark)

    def _arguments(self, thing: griffe.Object, mark) -> str:
        if not isinstance(thing, reference.Thing):
            return ""
        texts = reference.arguments(thing)
        rows = []
        for parameter in reference.parameters(thing):
            text = texts.get(parameter.name, "")
            stars = {"variadic positional": "*", "variadic keyword": "**"}
            star = stars.get(parameter.kind.value, "")
            if star and not text:
                text = self._rest(thing)
            if text:
                name = f"`{star}{parameter.name}`" if star else f"**{parameter.name}**"
                rows.append((name + self._facts(parameter, star), text))
        return self._list("Arguments", rows, mark)

    def _rest(self, thing: griffe.Object) -> str:
        """What `**kwargs` are for, where a base says so."""
        named = {e.name: e for e in reference.public().values() if e.room == "layers"}
        bases = {base.path for base in reference.bases(thing)[1:]}
        if named["Layer"].thing.path in bases:
            return "What every layer takes, see `Layer`."
        return ""

    def _facts(self, parameter: griffe.Parameter, star: str) -> str:
        kind = "" if parameter.annotation is None else str(parameter.annotation)
        facts = [f"`{words.code(kind, self.tongue)}`"] if kind and not star else []
        if parameter.default is not None and not star:
            facts.append(f"{self.catalog.say('default')} `{parameter.default}`")
        return f" ({', '.join(facts)})" if facts else ""

    def _list(self, label: str, rows: list[tuple[str, str]], mark) -> str:
        if not rows:
            return ""
        items = []
        for head, text in rows:
            body = textwrap.indent(self.text(text, mark), "    ").lstrip()
            items.append(f"- {head}: {body}")
        apart = "\n\n" if any("\n\n" in item for item in items) else "\n"
        return f"**{self.catalog.say(label)}**\n\n{apart.join(items)}"

    def _admonition(self, section: griffe.DocstringSection, mark) -> str:
        label = section.title or section.value.kind.title()
        text = section.value.description
        return f"**{self.catalog.say(label)}**\n\n{self.text(text, mark)}"

    def _example(self, block: str) -> str:
        """Lines to copy, and what they give as comments."""
        lines = []
        for part in doctest.DocTestParser().get_examples(block):
            source = _DIRECTIVE.sub("", part.source).rstrip("\n")
            lines.append(words.code(source, self.tongue))
            lines += [f"# {line}".rstrip() for line in part.want.splitlines()]
        return fence("\n".join(lines))

    def _mark(self, entry: Entry | None, inner: str, text: str) -> str:
        """A name in backticks as a link to its entry."""
        found = reference.index().get(inner)
        if found and found is not entry:
            if any(not c.islower() for c in inner):
                return self.link(found, text=text)
        if inner in reference.training_methods():
            return self.link(reference.index()["Model"], inner, text)
        return text

    # -- older words, methods ----------------------------------------------------

    def _older_words(self, entry: Entry) -> str:
        """Arguments of older generations, and what they are called today."""
        rows = []
        for change in history.ARGUMENTS:
            if entry.name in change.where:
                for old, new in change.renamed.items():
                    today = [new] if isinstance(new, str) else new
                    listed = ", ".join(f"`{name}`" for name in today)
                    rows.append(f"- **{old}**: {listed}")
        if not rows:
            return ""
        return f"**{self.catalog.say('Older names of arguments')}**\n\n" + "\n".join(
            rows
        )

    def _members(self, entry: Entry) -> Iterator[str]:
        """Methods: those of some lines in a list, those with arguments one by one."""
        short, long = [], []
        for member in reference.members(entry):
            alone = [s.kind for s in reference.sections(member)] == [Kind.text]
            (short if alone else long).append(member)
        mark = partial(self._mark, entry)
        for label, is_method in (("Properties", False), ("Methods", True)):
            rows = [
                (self._head(member), member.docstring.value)
                for member in short
                if member.is_function == is_method
            ]
            yield self._list(label, rows, mark)
        for member in long:
            yield self._member(entry, member)

    def _head(self, member: griffe.Object) -> str:
        name = f"**{self.tongue.say(member.name)}**"
        if not member.is_function:
            return name
        return name + f"`{call('', reference.parameters(member), 1000)}`"

    def _member(self, entry: Entry, member: griffe.Object) -> str:
        name = self.tongue.say(member.name)
        owner = self.say_name(entry.name)
        anchor = f"{owner}.{name}"
        standard = f"{entry.name}.{member.name}"
        others = {standard, *_other_anchors(entry, member)} - {anchor}
        head = anchor
        if member.is_function:
            head = call(anchor, reference.parameters(member))
        parts = [
            f"#### {name} {{ #{anchor} }}",
            self._source(member),
            "".join(f'<span id="{other}"></span>' for other in sorted(others)),
            fence(head),
            *self.docstring(member, entry),
        ]
        return "\n\n".join(part for part in parts if part)

    # -- tables ------------------------------------------------------------------

    def elsewhere(self, entries: list[Entry]) -> str:
        """A table of what a room offers and another page describes."""
        rows = ["| | |", "|---|---|"]
        for entry in entries:
            home = reference.public()[entry.thing.path]
            summary = entry.thing.docstring.value.partition("\n\n")[0]
            text = " ".join(self.text(summary).split()).replace("|", "\\|")
            rows.append(f"| {self.link(home)} | {text} |")
        return "\n".join(rows)


def _other_anchors(entry: Entry, member: griffe.Object) -> Iterator[str]:
    for owner in [entry.name, *vocabulary.spellings(entry.name)]:
        for name in [member.name, *vocabulary.spellings(member.name)]:
            yield f"{owner}.{name}"


def _has_own(thing: griffe.Object) -> bool:
    return any(s.kind is Kind.parameters for s in reference.sections(thing))


def _blocks(text: str) -> list[str]:
    """A docstring's text cut into paragraphs, code (indented), examples (>>>)."""
    blocks: list[str] = []
    for part in re.split(r"\n[ \t]*\n", text.strip("\n")):
        is_code = part.startswith("    ")
        if is_code and blocks and blocks[-1].startswith("    "):
            blocks[-1] += f"\n\n{part}"  # one piece of code with an empty line in it
        else:
            blocks.append(part)
    return blocks


def fence(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


def call(path: str, parameters: list[griffe.Parameter], width: int = WIDTH) -> str:
    """A call with its arguments and defaults, on one line or with a line for each."""
    kinds = griffe.ParameterKind
    stars = {kinds.var_positional: "*", kinds.var_keyword: "**"}
    shown, named = [], False
    for parameter in parameters:
        kind = parameter.kind
        if kind is kinds.keyword_only and not named:
            shown.append("*")
        named = named or kind in (kinds.keyword_only, kinds.var_positional)
        has_default = parameter.default is not None and kind not in stars
        default = f"={parameter.default}" if has_default else ""
        shown.append(f"{stars.get(kind, '')}{parameter.name}{default}")
        if kind is kinds.positional_only:
            shown[:] = [text for text in shown if text != "/"] + ["/"]
    line = f"{path}({', '.join(shown)})"
    if len(line) <= width:
        return line
    inner = "".join(f"    {text},\n" for text in shown)
    return f"{path}(\n{inner})"


def source_link(thing: griffe.Object) -> str:
    """Where a definition stands on the pages of source, from a page of the site."""
    file = thing.filepath.relative_to(reference.HOUSE).with_suffix(".html")
    return f"../source/{file.as_posix()}#L{thing.lineno}"
