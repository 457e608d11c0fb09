"""The site: a tree of pages for each tongue, built by MkDocs, and pages of source.

The trees have the same pages under the same names, so the switch in the header leads
from a page to itself.  Nothing on the site comes from elsewhere: it works offline.
"""

import shutil
from pathlib import Path

import yaml
from mkdocs.commands import build
from mkdocs.config import load_config
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from scripts.docs import pages, reference
from scripts.docs.words import KERAS, TONGUES, Tongue

BASE = pages.DOCS / "mkdocs.yml"

# Pages with other titles than their names.
TITLES = {
    "index": "Home",
    "coming-from-keras": "Coming from Keras",
    "how-training-runs": "How training runs",
    "data": "Data and sequences",
    "rooms": "The rooms",
}

_DOOR = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cthulhu</title>
<meta http-equiv="refresh" content="0; url={0}"></head>
<body><a href="{0}">Cthulhu: the documentation</a></body></html>
"""

_SOURCE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="{up}source.css"></head>
<body><h1>{title}</h1>
{code}
</body></html>
"""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 1rem; }
h1 { font-size: 1.2rem; }
.highlight { overflow-x: auto; font-size: 0.85rem; }
.highlight pre { font-family: ui-monospace, Menlo, Consolas, monospace; }
.linenos { color: #999; padding-right: 1em; user-select: none; }
:target { background: #fff3bf; }
"""


def write(folder: Path) -> None:
    """Write the pages of every tongue and MkDocs's configuration of each tree."""
    for tongue in TONGUES:
        pages.write(tongue, folder / tongue.name / "pages")
        config = folder / tongue.name / "mkdocs.yml"
        config.write_text(
            yaml.safe_dump(_config(tongue), allow_unicode=True, sort_keys=False),
            encoding="utf-8",
        )


def _config(tongue: Tongue) -> dict:
    """What differs between the trees."""
    nav = []
    for chapter, names in pages.titles(tongue):
        listed = [{TITLES.get(n, n.capitalize()): f"{n}.md"} for n in names]
        nav += [{chapter: listed}] if chapter and listed else listed
    if tongue.language != "en":
        nav = [{"首页": "index.md"}, "callbacks.md"]
    config = {
        "INHERIT": str(BASE),
        "docs_dir": "pages",
        "nav": nav,
        "theme": {"language": tongue.language, "custom_dir": str(pages.DOCS / "theme")},
        "extra": {
            "tongue": tongue.name,
            "alternate": [
                {
                    "link": f"../{other.name}/index.html",
                    "lang": f"{other.language}-x-{other.name}",
                    "tree": other.name,
                    "name": other.label,
                    "short": other.short,
                    "pages": [t.name for t in pages.templates(other)],
                }
                for other in TONGUES
            ],
        },
    }
    if tongue.language == "zh":
        config["plugins"] = {"search": _SEARCH}
    return config


# Every character of Chinese is a word to the search, which so needs no dictionary: what
# it finds has all of them.
_HAN = "[\\u3000-\\u9fff\\uff00-\\uffef]"
_SEARCH = {"pipeline": [], "separator": rf"[\s\-.,]+|(?<={_HAN})|(?={_HAN})"}


def make(folder: Path, site: Path) -> None:
    """Build all trees from what `write` left in a folder; a warning is an error."""
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    for tongue in TONGUES:
        build.build(
            load_config(
                config_file=str(folder / tongue.name / "mkdocs.yml"),
                site_dir=str(site / tongue.name),
                strict=True,
            )
        )
    sources(site / "source")
    door = _DOOR.format(f"{KERAS.name}/index.html")
    (site / "index.html").write_text(door, encoding="utf-8")


def sources(folder: Path) -> None:
    """Each file of the house as a page; line 7 of it is `#L7`."""
    formatter = HtmlFormatter(linenos="inline", linespans="L")
    folder.mkdir(parents=True, exist_ok=True)
    style = formatter.get_style_defs(".highlight") + _STYLE
    (folder / "source.css").write_text(style, encoding="utf-8")
    for path in reference.HOUSE.rglob("*.py"):
        inner = path.relative_to(reference.HOUSE)
        code = highlight(path.read_text("utf-8"), PythonLexer(stripnl=False), formatter)
        code = code.replace('<span id="L-', '<span id="L')
        target = folder / inner.with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (len(inner.parts) - 1)
        text = _SOURCE.format(title=f"cthulhu/{inner.as_posix()}", code=code, up=up)
        target.write_text(text, encoding="utf-8")
