"""Names of methods and modules in other tongues, and guesses."""

import pytest

from cthulhu import vocabulary
from cthulhu.vocabulary import speak


@vocabulary.aliases
class Base:
    def fit(self, x, scale=1):
        """Learn x."""
        return ("base", x * scale)

    def fit_generator(self, x):
        return self.fit(x)

    def evaluate(self):
        return None


def test_the_other_name_of_a_method_calls_the_standard_one():
    assert ("base", 6) == Base().summon(3, scale=2)
    assert ("base", 3) == Base().summon_generator(3)
    assert "summon" == Base.summon.__name__
    assert "Learn x." == Base.summon.__doc__


def test_overriding_the_standard_name_changes_the_other():
    class Child(Base):
        def fit(self, x, scale=1):
            return ("child", super().fit(x))

    assert ("child", ("base", 3)) == Child().summon(3)
    assert ("child", ("base", 3)) == Child().summon_generator(3)


def test_overriding_the_other_name_changes_the_standard_one():
    class Child(Base):
        def summon(self, x, scale=1):
            return ("child", super().summon(x, scale))

    class Grandchild(Child):
        def summon(self, x):
            return ("grandchild", super().summon(x))

    assert ("child", ("base", 6)) == Child().fit(3, scale=2)
    assert ("child", ("base", 3)) == Child().summon(3)
    assert ("child", ("base", 3)) == Child().summon_generator(3)
    assert ("grandchild", ("child", ("base", 3))) == Grandchild().fit(3)


def test_a_subclass_of_a_subclass_may_speak_the_other_tongue():
    class Child(Base):
        def summon(self, x):
            return ("child", super().summon(x))

    class Grandchild(Child):
        def fit(self, x):
            return ("grandchild", super().fit(x))

    assert ("grandchild", ("child", ("base", 3))) == Grandchild().fit(3)


def test_what_a_class_does_with_its_subclasses_is_kept():
    heard = []

    @vocabulary.aliases
    class Parent:
        def fit(self):
            return "parent"

        def __init_subclass__(cls, tag, **kwargs):
            super().__init_subclass__(**kwargs)
            heard.append(tag)

    class Child(Parent, tag="t"):
        def summon(self):
            return "child"

    assert ["t"] == heard
    assert "child" == Child().fit()


def test_a_method_put_on_one_instance_is_obeyed_too():
    base = Base()
    base.fit = lambda x: ("mine", x)

    assert ("mine", 3) == base.summon(3)


def test_a_method_without_another_word_gets_no_other_name():
    public = {name for name in dir(Base) if not name.startswith("_")}

    assert {"fit", "summon", "fit_generator", "summon_generator", "evaluate"} == public


@pytest.mark.parametrize(
    "name, candidates, nearest",
    [
        ("val_los", ["loss", "val_loss"], "val_loss"),
        ("MSE", ["mse", "mae"], "mse"),
        ("mce", ["MSE", "mse"], "mse"),
        ("Adamm", ["adam", "Adam"], "Adam"),
        ("Daoloth", ["Dense", "Darkness"], "Dense"),
        ("qqq", ["loss"], None),
        ("loss", [], None),
    ],
)
def test_the_nearest_name_is_guessed(name, candidates, nearest):
    assert nearest == vocabulary.guess(name, candidates)


@pytest.fixture
def tongue(tmp_path):
    path = tmp_path / "tongue.csv"
    path.write_text("standard,mine,also,kind\nfit,lerne,,method\nModel,Modell,,class\n")
    yield vocabulary.load_skin(path)
    speak._tones.pop()
    speak.canonical.cache_clear()
    speak._spellings.cache_clear()
    for cls in (Base, *speak._spoken):
        for name in [name for name in vars(cls) if "lerne" in name]:
            delattr(cls, name)


def test_a_tongue_of_the_user_s_own_is_spoken_beside_the_others(tongue, room):
    assert ("base", 3) == Base().lerne(3)
    assert ("base", 3) == Base().summon(3)
    assert "ModelCheckpoint" == vocabulary.canonical("ModellCheckpoint")
    assert room.ModellCheckpoint is room.ModelCheckpoint
    assert ("LumpCheckpoint", "ModellCheckpoint") == vocabulary.spellings(
        "ModelCheckpoint"
    )
