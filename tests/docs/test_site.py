"""The site as MkDocs builds it: every link leads somewhere, and nowhere outside."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from scripts.docs import pages, reference, site
from scripts.docs.words import TONGUES

# MkDocs and its theme are not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Links(HTMLParser):
    """Addresses and anchors of a page, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.loads = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("script", "img", "iframe", "source", "link"):
            self.loads += [given[k] for k in ("src", "href") if given.get(k)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site, built strictly: a warning of MkDocs ends it."""
    folder = tmp_path_factory.mktemp("docs")
    site.write(folder / "pages")
    site.make(folder / "pages", folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def html(built):
    return {path.resolve(): Links(path) for path in sorted(built.rglob("*.html"))}


def test_every_template_is_a_page_of_its_tree(built):
    for tongue in TONGUES:
        for template in pages.templates(tongue):
            assert (built / tongue.name / f"{template.name}.html").exists()
    listed = {
        name
        for tongue in TONGUES
        for _, names in pages.titles(tongue)
        for name in names
    }
    assert listed == {t.name for tongue in TONGUES for t in pages.templates(tongue)}


def test_every_link_leads_to_a_page_and_an_anchor_that_exist(html):
    broken = []
    for path, page in html.items():
        if path.name == "404.html":  # its links begin at the root of a server
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (
                (path.parent / unquote(parts.path)).resolve() if parts.path else path
            )
            if not target.exists():
                broken.append((path.name, link))
            elif parts.fragment and target in html:
                if unquote(parts.fragment) not in html[target].ids | {"__comments"}:
                    broken.append((path.name, link))

    assert not broken


def test_nothing_is_loaded_from_elsewhere(built, html):
    outside = re.compile(r"^(?:https?:)?//")

    assert not [u for page in html.values() for u in page.loads if outside.match(u)]
    styles = "".join(p.read_text("utf-8") for p in built.rglob("*.css"))
    assert not re.findall(r"url\((?:[\"']?)(?:https?:)?//[^)]*\)|@import", styles)


def test_links_out_are_none_but_those_of_the_texts(html):
    out = {u for page in html.values() for u in page.links if urlsplit(u).scheme}

    assert {urlsplit(u).hostname for u in out} <= {"squidfunk.github.io"}


@pytest.mark.parametrize("tongue", TONGUES, ids=lambda t: t.name)
def test_a_source_link_leads_to_the_line_of_the_definition(tongue, built):
    text = (built / tongue.name / "callbacks.html").read_text(encoding="utf-8")
    links = re.findall(
        r'<h3 id="(\w+)">.*?class="source" href="\.\./source/([\w/]+)\.html#L(\d+)"',
        text,
        re.DOTALL,
    )

    public = [e for e in reference.entries("callbacks") if e.home == "callbacks"]
    assert len(public) == len(links)
    for said, module, line in links:
        name = next(e.name for e in public if tongue.say(e.name) == said)
        source = (reference.HOUSE / f"{module}.py").read_text("utf-8").splitlines()
        # Decorators stand above the name, and griffe counts from them.
        below = "\n".join(source[int(line) - 1 : int(line) + 3])
        assert re.search(rf"^(?:class|def) {name}\b", below, re.MULTILINE)
        shown = (built / "source" / f"{module}.html").read_text("utf-8")
        assert f'id="L{line}"' in shown


def test_the_switch_leads_from_a_page_to_itself(built, html):
    for tongue in TONGUES:
        links = html[(built / tongue.name / "callbacks.html").resolve()].links
        for other in TONGUES:
            assert f"../{other.name}/callbacks.html" in links
    # The Chinese tree has only this page: the others lead to its first.
    links = html[(built / "keras" / "layers.html").resolve()].links
    assert "../cthulhu/layers.html" in links
    assert "../zh/index.html" in links


def test_a_section_has_the_names_of_every_tongue_as_anchors(built, html):
    for tree in ("keras", "cthulhu", "zh"):
        ids = html[(built / tree / "callbacks.html").resolve()].ids
        assert {"ModelCheckpoint", "LumpCheckpoint"} <= ids
    for tree in ("keras", "cthulhu"):
        ids = html[(built / tree / "models.html").resolve()].ids
        assert {"Model.fit", "Lump.summon", "Sequential", "Pile"} <= ids


def test_chinese_is_searched_character_by_character(built):
    index = json.loads(
        (built / "zh" / "search" / "search_index.json").read_text("utf-8")
    )
    separator = index["config"]["separator"]

    assert ["权", "重", "fit"] == [w for w in re.split(separator, "权重 fit") if w]
    # What trims a word drops all that is no letter of English.
    assert [] == index["config"]["pipeline"]


def test_a_broken_link_ends_the_build(tmp_path):
    site.write(tmp_path / "pages")
    page = tmp_path / "pages" / "keras" / "pages" / "config.md"
    page.write_text(page.read_text("utf-8") + "\n[no page](nowhere.md)\n")

    with pytest.raises(SystemExit):
        site.make(tmp_path / "pages", tmp_path / "site")


def test_generated_files_are_not_kept():
    ignored = Path(reference.ROOT, ".gitignore").read_text("utf-8").split()

    assert {"build/", "site/"} <= set(ignored)


def test_the_theme_takes_no_fonts_from_elsewhere():
    assert yaml.safe_load(site.BASE.read_text("utf-8"))["theme"]["font"] is False
