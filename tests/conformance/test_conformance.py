"""The list of Keras's own cases that need not pass, and what compares a run with it."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location(
    "conformance", ROOT / "scripts" / "conformance.py"
)
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)

LIST = "# note\na_test.py::one\na_test.py::two[x]\n    It needs\n    a moon.\n"


def run(outcomes, waivers=LIST, classes=None):
    tests = {f"a_test.py::{name}": {"outcome": o} for name, o in outcomes.items()}
    results = {"files": {"a_test.py": {"tests": tests}, "b_test.py": {"excluded": ""}}}
    return conformance.compare(results, conformance.read_waivers(waivers), classes)


def test_the_list_gives_a_reason_for_each_case():
    reasons = conformance.read_waivers(conformance.WAIVERS.read_text(encoding="utf-8"))
    assert reasons
    assert all("::" in case and len(why) > 20 for case, why in reasons.items())


def test_a_reason_stands_below_its_cases():
    why = "It needs a moon."
    assert conformance.read_waivers(LIST) == {
        "a_test.py::one": why,
        "a_test.py::two[x]": why,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("    why\n", "Line 1 is the reason of no case"),
        ("a::b\n    why\na::c\n", "No reason is given for a::c"),
        ("a::b\n    why\na::b\n    why\n", "Line 3 names a case again"),
    ],
)
def test_a_broken_list_is_told_of(text, words):
    with pytest.raises(ValueError, match=words):
        conformance.read_waivers(text)


def test_a_run_that_is_as_the_list_says_has_no_problems():
    table, problems = run(
        {"one": "failed", "two[x]": "error", "three": "passed", "four": "skipped"}
    )
    counts = {"passed": 1, "waived": 2, "failed": 0, "skipped": 1, "other": 0}
    assert (table, problems) == ({"a_test.py": counts}, [])


def test_what_is_better_or_worse_than_the_list_is_told():
    _, problems = run({"one": "passed", "two[x]": "failed", "three": "timeout"})
    assert problems == [
        "a_test.py::one passes: strike it from the list",
        "a_test.py::three timeout: ",
    ]
    _, problems = run({"one": "failed"})
    assert problems == ["a_test.py::two[x] is in the list, but is no case of a_test.py"]


def test_cases_of_another_class_do_not_count():
    classes = {"a_test.py::gpu": {"class": "gpu"}}
    table, problems = run({"gpu": "failed"}, "", classes)
    assert (table["a_test.py"]["other"], problems) == (1, [])


def test_the_script_prints_a_table(tmp_path, capsys):
    tests = {"a.py::x": {"outcome": "failed", "msg": "no\nmoon"}}
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"files": {"a.py": {"tests": tests}}}))
    assert conformance.main([str(results)]) == 1
    out = capsys.readouterr().out
    assert "in all        0        0        1" in out
    assert "a.py::x failed: no moon" in out
