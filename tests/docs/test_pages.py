"""The pages: templates filled in, and nothing missing that the manual's pages have."""

import re
from pathlib import Path

import pytest

from scripts.docs import pages, reference
from scripts.docs.words import CTHULHU, KERAS, TONGUES

# Every entry of the manual's callbacks page and its arguments, in Keras's words; for
# `Callback` its properties.
MANUAL = {
    "Callback": "params model",
    "BaseLogger": "stateful_metrics",
    "TerminateOnNaN": "",
    "ProgbarLogger": "count_mode stateful_metrics",
    "History": "",
    "ModelCheckpoint": "filepath monitor verbose save_best_only save_weights_only mode "
    "period",
    "EarlyStopping": "monitor min_delta patience verbose mode baseline "
    "restore_best_weights",
    "RemoteMonitor": "root path field headers send_as_json",
    "LearningRateScheduler": "schedule verbose",
    "ReduceLROnPlateau": "monitor factor patience verbose mode min_delta cooldown "
    "min_lr epsilon",
    "CSVLogger": "filename separator append",
    "LambdaCallback": "on_epoch_begin on_epoch_end on_batch_begin on_batch_end "
    "on_train_begin on_train_end",
    "TensorBoard": "log_dir histogram_freq batch_size write_graph write_grads "
    "write_images embeddings_freq embeddings_layer_names embeddings_metadata "
    "embeddings_data update_freq",
}
IN_CTHULHU = {"ModelCheckpoint": "LumpCheckpoint", "LambdaCallback": "LuKthuCallback"}
HOOKS = (
    "on_train_begin on_train_end on_epoch_begin on_epoch_end on_batch_begin "
    "on_batch_end"
)

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
SEED_OF = {KERAS: "003", CTHULHU: "002"}


def read(markdown):
    """Entries of a page: name -> what is explained in it, in bold at a list's item."""
    found = {}
    for part in re.split(r"^###? ", markdown, flags=re.MULTILINE)[1:]:
        name = part.split()[0]
        explained = re.findall(
            r"^ *- \**`?_*\**([A-Za-z]\w*?)_*[*`]", part, re.MULTILINE
        )
        if "(" in part and re.match(r"[A-Z]", name):
            found.setdefault(name, set()).update(explained)
    return found


@pytest.fixture(scope="module")
def written():
    """Each tongue's pages by name."""
    return {
        tongue: {
            template.name: pages.page(template, tongue, pages.catalog(tongue))
            for template in pages.templates(tongue)
        }
        for tongue in TONGUES
    }


@pytest.mark.parametrize("tongue", TONGUES, ids=lambda t: t.name)
@pytest.mark.parametrize("name", MANUAL)
def test_the_callbacks_page_has_each_entry_of_the_manual(name, tongue, written):
    said = IN_CTHULHU.get(name, name) if tongue is CTHULHU else name

    explained = read(written[tongue]["callbacks"])[said]

    assert set(MANUAL[name].split()) <= explained


@pytest.mark.parametrize("tongue", [KERAS, CTHULHU], ids=lambda t: t.name)
@pytest.mark.parametrize("name", MANUAL)
def test_the_callbacks_page_is_a_superset_of_the_seed(name, tongue, written):
    if not SEEDS.exists():
        pytest.skip("the manual's pages do not lie beside this checkout")
    (seed,) = SEEDS.glob(f"{SEED_OF[tongue]}_*.txt")
    said = IN_CTHULHU.get(name, name) if tongue is CTHULHU else name

    asked = read(seed.read_text(encoding="utf-8"))[said]

    assert asked <= read(written[tongue]["callbacks"])[said]


@pytest.mark.parametrize("tongue", [KERAS, CTHULHU], ids=lambda t: t.name)
def test_the_seeds_have_no_entry_that_is_unknown_here(tongue):
    if not SEEDS.exists():
        pytest.skip("the manual's pages do not lie beside this checkout")
    (seed,) = SEEDS.glob(f"{SEED_OF[tongue]}_*.txt")
    said = {IN_CTHULHU.get(n, n) if tongue is CTHULHU else n for n in MANUAL}

    headings = re.findall(
        r"^### (\w+)$", seed.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert said == set(headings)


def test_every_hook_is_explained(written):
    for tongue in TONGUES:
        assert set(HOOKS.split()) <= read(written[tongue]["callbacks"])["Callback"]


def test_no_placeholder_is_left(written):
    for tongue, by_name in written.items():
        for name, text in by_name.items():
            assert "{{" not in text, (tongue.name, name)
            assert "\x00" not in text, (tongue.name, name)


def test_every_room_with_a_page_has_each_of_its_names_on_it(written):
    for room in reference.PAGES:
        for tongue in (KERAS, CTHULHU):
            text = written[tongue][room]
            for entry in reference.entries(room):
                say = str if room in pages.ABOUT_WORDS else tongue.say
                said = ".".join(map(say, entry.name.split(".")))
                own = entry.home == room
                heading = f"### {said} {{ #{said} }}" if own else f"`{said}`"
                assert heading in text, (room, tongue.name, said)


def test_every_room_that_keras_has_got_a_page():
    built = {room for room in reference.faces.ROOMS if reference.faces.source_of(room)}

    assert built <= set(reference.PAGES)


def test_every_public_name_is_an_entry_or_one_of_its_other_names():
    left = set()
    for room in reference.PAGES:
        entries = reference.entries(room)
        listed = {name for e in entries for name in (e.name, *e.also)}
        left |= set(reference.faces.names_of(room)) - listed

    # Modules, values, and what Python itself has.
    values = {"GENERATIONS", "LEARNING_PHASE", "Batch", "labels"}
    python = {"py_all", "py_any", "py_slice", "py_sum"}
    assert left == {"naming", "registry", "schedules"} | values | python


def test_an_entry_says_where_else_it_may_be_had(written):
    assert "Also as `keras.utils.Sequence`" in written[KERAS]["data"]
    assert "Also as `cthulhu.utils.Sequence`" in written[CTHULHU]["data"]
    assert "Also as `keras.models.load_model`" in written[KERAS]["saving"]


def test_a_template_that_asks_for_an_unknown_entry_is_refused(tmp_path):
    path = tmp_path / "callbacks.md"
    path.write_text("{{autogenerated: EarlyStoping}}\n")
    template = pages.Template("callbacks", path)

    with pytest.raises(ValueError, match="EarlyStoping"):
        pages.page(template, KERAS, pages.catalog(KERAS))


def test_spans_say_both_tongues_or_keep_one(tmp_path):
    path = tmp_path / "index.md"
    path.write_text(
        "`fit`\n\n{{both}}\n```python\nmodel.fit(x)\n```\n{{/both}}\n\n"
        "{{as is}}\n`fit`\n{{/as is}}\n"
    )
    text = pages.page(pages.Template("index", path), CTHULHU, pages.catalog(CTHULHU))

    assert text.startswith("[`summon`](models.md#Lump.summon)\n")
    assert text.index("model.summon(x)") < text.index("model.fit(x)")
    assert text.endswith("\n`fit`\n")
