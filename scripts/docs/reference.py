"""What the house offers, read from its source: names, signatures, docstrings.

Griffe parses; here it is decided what an entry is, under which names it goes, and where
the words on an argument come from when a docstring leaves them to another's.  How an
entry looks is `render`'s business.
"""

import ast
import functools
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import griffe

from cthulhu.vocabulary import history

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "cthulhu"

_spec = importlib.util.spec_from_file_location("faces", ROOT / "scripts" / "faces.py")
faces = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(faces)

Thing = griffe.Class | griffe.Function


class Entry(NamedTuple):
    """A public class or function as a page shows it."""

    room: str
    name: str  # as one writes it after the room's: "Dense", "schedules.Cosine"
    thing: Thing
    also: tuple[str, ...] = ()  # further names in the same room
    home: str = ""  # the room whose page describes it

    @property
    def old(self) -> tuple[str, ...]:
        """What older generations of Keras called it."""
        olds = (old for old, (new, _) in history.NAMES.items() if new == self.name)
        return tuple(old for old in olds if old not in self.also)


@functools.cache
def house() -> griffe.Module:
    """The package as griffe reads it."""
    return griffe.load(
        "cthulhu",
        search_paths=[str(ROOT)],
        docstring_parser="google",
        docstring_options={
            "returns_named_value": False,
            "returns_multiple_items": False,
            "warnings": False,
        },
        resolve_aliases=True,
    )


@functools.cache
def entries(room: str) -> tuple[Entry, ...]:
    """Everything a room offers, in the order of its files and lines.

    Names of one and the same thing are one entry.  What is defined in another room has
    that room as its `home`, if it is public there.
    """
    names: dict[str, list[str]] = {}
    for name, thing in _offered(_found(f"cthulhu.{room}"), faces.names_of(room)):
        names.setdefault(thing.path, []).append(name)
    found = []
    for path, spellings in names.items():
        thing = _found(path)
        own = [n for n in spellings if n.rpartition(".")[2] == thing.name]
        name = (own or spellings)[0]
        also = tuple(n for n in spellings if n != name)
        found.append(Entry(room, name, thing, also, _home(room, path)))

    def place(entry: Entry) -> tuple:
        path = entry.thing.filepath
        return path.name == "__init__.py", str(path), entry.thing.lineno

    return tuple(sorted(found, key=place))


def _offered(
    module: griffe.Module, names: list[str], prefix: str = ""
) -> Iterator[tuple[str, Thing]]:
    """Names of a module and the classes and functions that they stand for."""
    for name in names:
        thing = _stands_for(module, name)
        if isinstance(thing, griffe.Module) and name in INNER:
            inner = [n for n, m in thing.members.items() if isinstance(m, Thing)]
            inner = [n for n in inner if not n.startswith("_")]
            yield from _offered(thing, inner, f"{name}.")
        elif isinstance(thing, Thing):
            yield prefix + name, thing


# Modules that a room offers as such.
INNER = ("schedules",)


def _stands_for(module: griffe.Module, name: str) -> griffe.Object | None:
    """What a name in a module is, through imports and through `mse = MSE = other`."""
    member = module.members.get(name)
    if isinstance(member, griffe.Alias):
        owner, _, last = member.target_path.rpartition(".")
        where = house() if owner == "cthulhu" else _found(owner)
        return _stands_for(where, last) if isinstance(where, griffe.Module) else None
    if member is not None and not isinstance(member, griffe.Attribute):
        return member
    said = str(member.value) if member else _assigned(module).get(name, "")
    if not re.fullmatch(r"[A-Za-z_][\w.]*", said) or said == name:
        return None  # no other name, but a value
    first, _, last = said.rpartition(".")
    where = _stands_for(module, first) if first else module
    return _stands_for(where, last) if isinstance(where, griffe.Module) else None


@functools.cache
def _assigned(module: griffe.Module) -> dict[str, str]:
    """What `A, B = c, d` gives names to, which griffe leaves out."""
    found = {}
    for node in ast.parse(module.filepath.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            for target in node.targets:
                if isinstance(target, ast.Tuple):
                    for name, value in zip(target.elts, node.value.elts, strict=True):
                        found[ast.unparse(name)] = ast.unparse(value)
    return found


def _home(room: str, path: str) -> str:
    """The room that a thing is defined in, where it is public there; else `room`."""
    _, home, *rest = path.split(".")
    return home if home in PAGES and rest[-1] in faces.names_of(home) else room


# The rooms that have a page, in the order of the site.
PAGES = (
    "callbacks models layers losses metrics optimizers initializers regularizers "
    "constraints activations backend data saving utils wrappers config vocabulary "
    "distribution errors core legacy"
).split()


def _found(path: str) -> Thing | None:
    """What griffe has under a dotted path that begins with the package."""
    if not path.startswith("cthulhu."):
        return None
    try:
        return house()[path.removeprefix("cthulhu.")]
    except KeyError:
        return None


def bases(thing: Thing) -> list[griffe.Class]:
    """A class and what it inherits from, nearest first; [] for a function."""
    return [thing, *thing.mro()] if isinstance(thing, griffe.Class) else []


def parameters(thing: Thing) -> list[griffe.Parameter]:
    """The arguments of a call, without `self`."""
    function = thing
    if isinstance(thing, griffe.Class):
        makers = (base.members.get("__init__") for base in bases(thing))
        function = next((m for m in makers if isinstance(m, griffe.Function)), None)
    if function is None:
        return []
    given = list(function.parameters)
    is_method = function.parent is not None and function.parent.is_class
    is_static = "staticmethod" in function.labels
    return given[1:] if is_method and not is_static and given else given


def sections(thing: griffe.Object) -> list[griffe.DocstringSection]:
    """The parts of a docstring."""
    return thing.docstring.parsed if thing.docstring else []


def told(thing: griffe.Object) -> dict[str, str]:
    """What a docstring itself says of each argument, by name without its stars."""
    found = {}
    for section in sections(thing):
        if section.kind is griffe.DocstringSectionKind.parameters:
            for parameter in section.value:
                for name in parameter.name.split(","):
                    found[name.strip(" *`")] = parameter.description
    return found


def arguments(thing: Thing) -> dict[str, str]:
    """What is said of each argument: here, by a base, or where the docstring points.

    A docstring may leave arguments to another's by its name in backticks: "see `Conv`
    for the arguments".  What the functions of a file have in common, its own docstring
    says.
    """
    found = told(thing)
    common = [thing.module] if isinstance(thing, griffe.Function) else []
    for source in [*bases(thing)[1:], *_mentioned(thing), *common]:
        for name, text in told(source).items():
            found.setdefault(name, text)
    return found


def _mentioned(thing: Thing) -> Iterator[griffe.Object]:
    """Classes and functions of the house that a docstring has in backticks.

    Those that the docstrings of its bases point at count too.
    """
    for source in bases(thing) or [thing]:
        text = source.docstring.value if source.docstring else ""
        for name in dict.fromkeys(re.findall(r"`([A-Za-z_]\w*)`", text)):
            sister = training_methods().get(name) if source.is_function else None
            other = sister or _target(source.module.members.get(name))
            other = other or _by_name(name)
            if isinstance(other, Thing) and other is not thing:
                yield other
                yield from bases(other)[1:]


def _target(member: griffe.Object | griffe.Alias | None) -> griffe.Object | None:
    """What a name in a module stands for; None if that is not of this house."""
    if not isinstance(member, griffe.Alias):
        return member
    try:
        return member.final_target
    except griffe.AliasResolutionError:
        return None


def _by_name(name: str) -> Thing | None:
    entry = index().get(name)
    return entry.thing if entry else None


def members(entry: Entry) -> list[griffe.Object]:
    """Public methods and properties with a docstring of their own.

    Those of a base that has an entry itself are left to it, overridden or not.
    """
    if not isinstance(entry.thing, griffe.Class):
        return []
    found: dict[str, griffe.Object] = {}
    shown = [base for parent in parents(entry) for base in bases(parent.thing)]
    left = {name for base in shown for name in base.members}
    for base in bases(entry.thing):
        for name, member in base.members.items():
            if name in left or member.is_alias or not member.docstring:
                continue
            is_property = member.is_attribute and "property" in member.labels
            if not name.startswith("_") and (member.is_function or is_property):
                found.setdefault(name, member)
    return list(found.values())


def parents(entry: Entry) -> list[Entry]:
    """The nearest base that has an entry, if one has."""
    found = (public().get(base.path) for base in bases(entry.thing)[1:])
    return [base for base in found if base][:1]


@functools.cache
def public() -> dict[str, Entry]:
    """Every entry by the path of its definition, from the page that describes it."""
    found = {}
    for room in PAGES:
        for entry in entries(room):
            if entry.home == room:
                found.setdefault(entry.thing.path, entry)
    return found


@functools.cache
def elsewhere() -> dict[str, list[Entry]]:
    """Where else a thing may be had, by the path of its definition."""
    found: dict[str, list[Entry]] = {}
    for room in PAGES:
        for entry in entries(room):
            if entry.home != room:
                found.setdefault(entry.thing.path, []).append(entry)
    return found


@functools.cache
def index() -> dict[str, Entry]:
    """Entries by the names that a text may call them; what is ambiguous is left out."""
    found: dict[str, Entry | None] = {}
    for entry in public().values():
        for name in {entry.name, *entry.also, f"{entry.room}.{entry.name}"}:
            found[name] = None if name in found else entry
    return {name: entry for name, entry in found.items() if entry}


@functools.cache
def training_methods() -> dict[str, griffe.Function]:
    """`fit`, `compile` and their sisters: methods that a text calls by their name."""
    found: dict[str, griffe.Function] = {}
    for base in bases(house()["training.Trainer"].final_target):
        for name, member in base.members.items():
            if member.is_function and member.docstring and not name.startswith("_"):
                found.setdefault(name, member)
    return found
