"""What the README shows runs as it stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=["cthulhu", "keras"])
def test_the_example_runs_and_saves_the_best_model(
    block, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    names = {}

    exec(compile(block, "README.md", "exec"), names)

    assert Path("best.hdf5").exists()
    assert "Epoch 5/5" in capsys.readouterr().out


def test_the_two_commands_come_first_and_are_those_of_the_makefile():
    first = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    commands = re.findall(r"^make (\w+)", first[1], re.MULTILINE)
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert ["demo", "test"] == commands
    assert TEXT.index("```") == first.start()
    assert set(commands) <= set(targets)


def test_each_file_that_the_readme_links_to_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)

    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
