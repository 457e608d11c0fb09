"""The two vocabularies: all words of the tables, all public names, in both tongues."""

import ast
import importlib
import importlib.util
import inspect
from pathlib import Path

import pytest

import cthulhu
from cthulhu import vocabulary
from cthulhu.vocabulary import history, skin

ROOT = Path(__file__).parents[1]

_spec = importlib.util.spec_from_file_location("faces", ROOT / "scripts" / "faces.py")
faces = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(faces)

ROOMS = [room for room in faces.ROOMS if faces.source_of(room)]
APPENDICES = ("data", "distribution", "errors", "legacy", "saving")
NAMES = [(room, name) for room in ROOMS for name in faces.names_of(room)]
CLASSES = {
    name: getattr(importlib.import_module(f"cthulhu.{room}"), name)
    for room, name in NAMES
}

# Words whose class no room has yet.  One that comes is struck from here.
NOT_BUILT: set[str] = set()


def room(name):
    return importlib.import_module(f"cthulhu.{name}")


# -- the table of words ------------------------------------------------------


@pytest.mark.parametrize("word", skin.CTHULHU.words, ids=lambda word: word.standard)
def test_each_row_is_understood_both_ways(word):
    other = tuple(s for s in word.spellings if s != word.standard)

    assert other == vocabulary.spellings(word.standard)[: len(other)]
    for spelling in word.spellings:
        assert word.standard == vocabulary.canonical(spelling)


def test_each_class_of_the_table_is_built_or_said_not_to_be():
    classes = {word.standard for word in skin.CTHULHU.words if word.kind == "class"}

    assert NOT_BUILT == classes - set(CLASSES)


@pytest.mark.parametrize("word", [w for w in skin.CTHULHU.words if w.kind == "method"])
def test_each_method_of_the_table_is_one_of_a_model(word):
    model = room("models").Model
    for spelling in word.spellings:
        assert callable(getattr(model, word.standard))
        assert callable(getattr(model, spelling))


@pytest.mark.parametrize("base", ["Model", "Sequential"])
@pytest.mark.parametrize(
    "said, other", [("fit", "summon"), ("summon", "fit"), ("compile", "conjure")]
)
def test_a_model_that_overrides_a_method_overrides_it_in_both_tongues(
    base, said, other
):
    def louder(self, word):
        return word.upper()

    loud = type("Loud", (getattr(room("models"), base),), {said: louder})()

    assert "HM" == getattr(loud, said)("hm") == getattr(loud, other)("hm")


def test_the_modules_of_the_table_are_there():
    for word in skin.CTHULHU.words:
        if word.kind == "module":
            for spelling in (word.standard, *word.spellings):
                assert importlib.import_module(f"cthulhu.{spelling}")


# -- every public name -------------------------------------------------------


@pytest.mark.parametrize("room_name, name", NAMES)
def test_each_public_name_is_reachable_in_both_tongues(room_name, name):
    module = room(room_name)
    thing = getattr(module, name)

    assert thing is getattr(importlib.import_module(f"cthulhu.keras.{room_name}"), name)
    for spelling in vocabulary.spellings(name):
        assert thing is getattr(module, spelling)
        assert spelling in dir(module)


@pytest.mark.parametrize(
    "face, room_name", [("pantheon", "models"), ("deities", "layers")]
)
def test_a_face_in_cthulhu_s_words_has_every_name(face, room_name):
    module = importlib.import_module(f"cthulhu.{face}")
    for name in faces.names_of(room_name):
        for spelling in vocabulary.spellings(name) or [name]:
            assert vars(module)[spelling] is getattr(room(room_name), name)


def test_the_faces_are_what_the_rooms_offer():
    written = {
        path
        for place in ("keras", "pantheon.py", "deities.py")
        for path in [ROOT / "cthulhu" / place, *(ROOT / "cthulhu" / place).rglob("*")]
        if path.suffix == ".py"
    }
    rendered = faces.render()

    assert set(rendered) == written, "run scripts/faces.py"
    for path, text in rendered.items():
        assert text == path.read_text(encoding="utf-8"), "run scripts/faces.py"


def test_a_face_has_no_code_of_its_own():
    for path, text in faces.render().items():
        for node in ast.parse(text).body[1:-1]:
            assert isinstance(node, ast.ImportFrom), path


def test_what_a_room_exports_is_there():
    for name in ROOMS:
        exported = room(name).__all__
        assert len(exported) == len(set(exported))
        assert not [item for item in exported if not hasattr(room(name), item)]


@pytest.mark.parametrize("room_name", [*ROOMS, *APPENDICES])
def test_a_star_import_gives_the_public_names_in_both_tongues(room_name):
    got = {}
    exec(f"from cthulhu.{room_name} import *", got)  # allowed at the top only
    del got["__builtins__"]
    names = faces.names_of(room_name)

    assert set(got) - set(history.NAMES) == {*names, *vocabulary.spellings(names)}
    assert set(got) == {n for n in dir(room(room_name)) if not n.startswith("_")}


@pytest.mark.parametrize(
    "place, name, stranger",
    [
        ("models", "Pile", "vocabulary"),
        ("layers", "Daoloth", "base"),
        ("callbacks", "LumpCheckpoint", "logging"),
        ("callbacks", "LuKthuCallback", "schedule"),
        ("losses", "mean_squared_error", "K"),
        ("keras.layers", "Dense", "vocabulary"),
        ("keras.layers", "MaxPool2D", "vocabulary"),
        ("deities", "Daoloth", "vocabulary"),
        ("pantheon", "Pile", "vocabulary"),
    ],
)
def test_a_star_import_gives_words_and_no_tools(place, name, stranger):
    got = {}
    exec(f"from cthulhu.{place} import *", got)

    assert got[name] is getattr(importlib.import_module(f"cthulhu.{place}"), name)
    assert stranger not in got


def test_a_star_import_of_the_package_gives_its_rooms():
    got = {}
    exec("from cthulhu import *", got)

    assert got["Pile"] is got["Sequential"] is got["models"].Sequential
    assert got["layers"] is room("layers")
    assert {"importlib", "pkgutil"}.isdisjoint({*got, *dir(cthulhu)})


def test_the_package_itself_answers_in_both_tongues():
    assert cthulhu.Model is cthulhu.Lump is cthulhu.models.Model
    assert cthulhu.Sequential is cthulhu.Pile is cthulhu.pantheon.Pile
    assert cthulhu.keras.Sequential is cthulhu.Pile
    assert {"Pile", "Lump", "callbacks", "pantheon"} <= set(dir(cthulhu))
    with pytest.raises(AttributeError, match="Did you mean `Pile`?"):
        cthulhu.Pille  # noqa: B018 - the look-up is what is tested


@pytest.mark.parametrize("room_name", ROOMS)
def test_a_wrong_name_of_a_room_is_answered_with_the_nearest(room_name):
    name = next((n for r, n in NAMES if r == room_name and len(n) > 5), None)
    if name is None:
        pytest.skip("no name here is long enough to be misspelt recognizably")

    with pytest.raises(AttributeError, match=r"Did you mean `\w+`\?"):
        getattr(room(room_name), name + "q")


# -- what is not there -------------------------------------------------------


@pytest.mark.parametrize("path", sorted(history.ABSENT))
def test_what_is_not_part_of_cthulhu_is_said_to_be_so_with_what_is_instead(path):
    place, _, name = f"cthulhu.keras.{path}".rpartition(".")
    module = importlib.import_module(place)

    assert not hasattr(module, name)
    with pytest.raises(AttributeError) as told:
        getattr(module, name)
    assert f"`{name}`: it is not part of Cthulhu. " in str(told.value)
    assert str(told.value).endswith(history.ABSENT[path])


@pytest.mark.parametrize(
    "statement, instead",
    [
        ("import cthulhu.keras.preprocessing.sequence", "`keras-preprocessing`"),
        ("import cthulhu.keras.preprocessing as p", "`keras-preprocessing`"),
        (
            "from cthulhu.keras.preprocessing.image import ImageDataGenerator",
            "`ImageDataGenerator`",
        ),
        ("from cthulhu.keras import preprocessing", "`pad_sequences`"),
        ("from cthulhu.keras import datasets", "`sklearn.datasets`"),
        ("from cthulhu.keras.datasets import mnist", "`sklearn.datasets`"),
        ("from cthulhu.keras.applications import VGG16", "`load_weights`"),
    ],
)
def test_an_import_of_what_is_not_part_of_cthulhu_says_what_is_instead(
    statement, instead
):
    with pytest.raises(ImportError, match="not part of Cthulhu") as told:
        exec(statement)

    assert instead in str(told.value)


def test_the_rooms_say_it_too():
    with pytest.raises(AttributeError, match="not part of Cthulhu.*keras-preproc"):
        cthulhu.preprocessing  # noqa: B018 - the look-up is what is tested


def test_the_page_for_those_who_come_from_keras_lists_what_is_not_there():
    page = (ROOT / "docs" / "templates" / "coming-from-keras.md").read_text("utf-8")
    listed = page.partition("## What is not there")[2].partition("\n## ")[0]

    for path in history.ABSENT:
        if path != "utils.data_utils.get_file":
            assert f"| `{path}` |" in listed


# -- tables equal to code ----------------------------------------------------


def constructor(name):
    """The thing that a row of `history.ARGUMENTS` speaks of; None while unbuilt."""
    if name in CLASSES or name[0].isupper():
        return CLASSES.get(name)
    return getattr(room("models").Model, name, None)


def accepted(thing):
    """Names of arguments that a class or one of its kind, or a function, takes."""
    owners = [thing]
    if isinstance(thing, type):
        owners = [*thing.__mro__, *thing.__subclasses__()]
    names = set()
    for owner in owners:
        call = owner.__dict__.get("__init__") if isinstance(owner, type) else owner
        if call is not None and call is not object.__init__:
            names |= set(inspect.signature(call).parameters)
    return names


def todays(change):
    """Names of today in a row, of which one old name may have several."""
    new = change.renamed.values()
    return {n for names in new for n in ([names] if isinstance(names, str) else names)}


@pytest.mark.parametrize("change", history.ARGUMENTS, ids=lambda c: c.where[0])
def test_today_s_name_of_an_old_argument_is_one_of_the_code(change):
    for name in change.where:
        thing = constructor(name)
        if thing is None:
            continue
        missing = {word for word in todays(change) if word not in accepted(thing)}

        assert not missing, name


def test_no_old_argument_is_a_name_of_today():
    for change in history.ARGUMENTS:
        assert not todays(change) & set(change.renamed)


@pytest.mark.parametrize("old", sorted(history.NAMES))
def test_an_old_class_is_reached_under_its_old_name(old):
    new, _ = history.NAMES[old]
    for room_name, name in NAMES:
        if name == new:
            assert getattr(room(room_name), old) is getattr(room(room_name), new)


# -- words in one place ------------------------------------------------------


def test_cthulhu_s_words_are_typed_in_the_tables_and_faces_alone():
    words = {s for word in skin.CTHULHU.words for s in word.spellings}
    words -= {"cthulhu", "models", "layers", "pantheon", "deities"}
    house = ROOT / "cthulhu"
    found = []
    for path in sorted(house.rglob("*.py")):
        place = path.relative_to(house).parts[0]
        if place in ("vocabulary", "keras", "pantheon.py", "deities.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            typed = {
                getattr(node, field, None) for field in ("id", "attr", "name", "arg")
            }
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                typed.add(node.value)
            hits = words & {word for word in typed if isinstance(word, str)}
            found += [f"{path.relative_to(ROOT)}:{node.lineno} {hits}"] if hits else []

    assert not found
