"""The rooms of the house: imports go downwards only, and are at the top of a file.

Everything is read from the source, imports inside functions too.
"""

import ast
import graphlib
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "cthulhu"

# From the ground up.  Rooms on one line do not see each other.
FLOORS = [
    {"vocabulary", "config"},
    {"errors"},
    {"core"},
    {"backend"},
    {"activations", "initializers", "regularizers", "constraints", "losses"},
    {"metrics", "optimizers"},
    {"layers", "data", "callbacks", "distribution", "saving"},
    {"training"},
    {"models"},
    {"legacy", "utils", "wrappers", "preprocessing", "datasets", "applications"},
    {"keras", "pantheon", "deities", "monitor"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# The monitor is a program of its own: it meets the callbacks on the wire only.
ALONE = {"monitor"}

# Libraries that are not installed with the package: imported where they are used.
EXTRAS = {
    "IPython",
    "PIL",
    "google",
    "matplotlib",
    "orbax",
    "pandas",
    "pooch",
    "pydot",
    "scipy",
    "sklearn",
    "starlette",
    "tensorboard",
    "uvicorn",
    "yaml",
}
# Libraries that always are, and the lowest floor that may know them.
LIBRARIES = {"numpy": 2, "jax": 2, "jaxlib": 2, "optax": 5, "h5py": 6, "requests": 6}


def room_of(path: Path) -> str:
    first = path.relative_to(HOUSE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def module_of(path: Path) -> str:
    parts = path.relative_to(HOUSE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST):
    """Each import: (the name, its line, "top", "function" or "types" for checkers)."""

    def walk(node, place):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            place = "function"
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            place = "types"
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, child.lineno, place
            elif isinstance(child, ast.ImportFrom):
                if child.level:
                    yield "." * child.level + (child.module or ""), child.lineno, place
                else:
                    for alias in child.names:
                        yield f"{child.module}.{alias.name}", child.lineno, place
            else:
                yield from walk(child, place)

    return list(walk(tree, "top"))


PATHS = sorted(HOUSE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PATHS}
IMPORTS = [
    (path, name, f"{path.relative_to(HOUSE.parent)}:{line} imports {name}", place)
    for path, tree in TREES.items()
    for name, line, place in imports_of(tree)
]


def inner_room(name: str) -> str | None:
    """The room that an imported name belongs to; None if it is not of this house."""
    head, _, rest = name.partition(".")
    return (rest.split(".")[0] or "") if head == "cthulhu" else None


def test_every_file_stands_in_a_room():
    rooms = {room_of(path) for path in PATHS}

    assert not rooms - set(FLOOR) - {"", "__main__"}


def test_imports_are_absolute():
    assert not [where for _, name, where, _ in IMPORTS if name.startswith(".")]


def test_a_room_uses_rooms_on_lower_floors_only():
    breaches = []
    for path, name, where, _ in IMPORTS:
        mine, other = room_of(path), inner_room(name)
        if other is None or other == mine or not mine:
            continue
        if other not in FLOOR:  # `from cthulhu import __version__` and the like
            breaches += [where] if mine not in FLOORS[-1] | FLOORS[-2] else []
        elif FLOOR[other] >= FLOOR[mine] or mine in ALONE:
            breaches.append(where)

    assert not breaches


def test_the_door_of_the_house_loads_the_vocabulary_alone():
    loaded = {inner_room(n) for p, n, _, _ in IMPORTS if not room_of(p)} - {None}

    assert {"vocabulary"} == loaded


def test_imports_are_at_the_top_of_a_file_but_for_extras():
    assert not [
        where
        for _, name, where, place in IMPORTS
        if place == "function" and name.split(".")[0] not in EXTRAS
    ]


def test_extras_are_imported_only_where_they_are_used():
    assert not [
        where
        for path, name, where, place in IMPORTS
        if place != "function"
        and name.split(".")[0] in EXTRAS
        and room_of(path) not in ALONE | {"cli"}
    ]


def test_the_ground_floors_know_the_standard_library_alone():
    breaches = []
    for path, name, where, _ in IMPORTS:
        library = name.split(".")[0]
        lowest = LIBRARIES.get(library, 0 if library in EXTRAS else None)
        if library in sys.stdlib_module_names or library == "cthulhu":
            continue
        if lowest is None or FLOOR.get(room_of(path), 0) < lowest:
            breaches.append(where)

    assert not breaches


def test_no_module_needs_itself_by_a_detour():
    modules = {module_of(path) for path in PATHS}
    graph = {module: set() for module in modules}
    for path, name, _, place in IMPORTS:
        if name.split(".")[0] == "cthulhu" and place != "types":
            target = name if name in modules else name.rpartition(".")[0]
            if target in modules and target != "cthulhu":
                graph[module_of(path)].add(target)

    order = list(graphlib.TopologicalSorter(graph).static_order())

    assert modules == set(order)


@pytest.mark.parametrize("room", sorted({room_of(p) for p in PATHS} - {""}))
def test_every_module_says_what_is_its_business(room):
    silent = [
        str(path.relative_to(HOUSE.parent))
        for path, tree in TREES.items()
        if room_of(path) == room and not ast.get_docstring(tree)
    ]

    assert not silent


def test_the_reader_of_imports_sees_those_inside_functions():
    source = (
        "import a.b\ndef f():\n    from cthulhu.models import X\n    import PIL\n"
        "if TYPE_CHECKING:\n    from cthulhu.core import Y\n"
    )

    assert [
        ("a.b", 1, "top"),
        ("cthulhu.models.X", 3, "function"),
        ("PIL", 4, "function"),
        ("cthulhu.core.Y", 6, "types"),
    ] == imports_of(ast.parse(source))
    assert "models" == inner_room("cthulhu.models.X")
