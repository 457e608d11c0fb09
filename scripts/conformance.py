"""Compare a run of Keras's own tests with the list of cases that need not pass.

    python scripts/conformance.py RESULTS.json
    python scripts/conformance.py RESULTS.json --classes EXPECTED.json

RESULTS.json is what a run of the tests wrote: `{"files": {file: {"tests": {case:
{"outcome": ..., "msg": ...}}}}}`.  EXPECTED.json tells the class of each case: those
that need TensorFlow, a GPU or the network are left out then.  Nothing of Keras is kept
here but the names of its cases.

The list, tests/conformance/waivers-2.3.1.txt, has cases one under the other, and below
them, indented, why they need not pass.  A case that fails and is not in it, or is in it
and passes, is told of, and the exit status is 1.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WAIVERS = Path(__file__).parents[1] / "tests" / "conformance" / "waivers-2.3.1.txt"

PASSED = ("passed", "xpassed")
SKIPPED = ("skipped", "xfailed")


def read_waivers(text: str) -> dict[str, str]:
    """The reason of each case.

    Raises:
        ValueError: A case without a reason, a reason without a case, or a case twice.
    """
    reasons: dict[str, str] = {}
    cases: list[str] = []
    words: list[str] = []
    for number, line in enumerate([*text.splitlines(), "end"], 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            if not cases:
                raise ValueError(f"Line {number} is the reason of no case: {line!r}")
            words.append(line.strip())
            continue
        if words:
            reasons.update(dict.fromkeys(cases, " ".join(words)))
            cases, words = [], []
        if line in reasons or line in cases:
            raise ValueError(f"Line {number} names a case again: {line!r}")
        cases.append(line)
    if cases != ["end"]:
        raise ValueError(f"No reason is given for {', '.join(cases[:-1])}")
    return reasons


def compare(
    results: Mapping[str, Any],
    waivers: Mapping[str, str],
    classes: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Counts by file, and what is not as the list says.

    Args:
        results: What a run wrote.
        waivers: The reason of each case that need not pass.
        classes: The class of each case; None: all of them should pass.
    """
    table: dict[str, dict[str, int]] = {}
    problems = []
    for file, found in sorted(results["files"].items()):
        if "tests" not in found:  # left out of the run
            continue
        counts = dict.fromkeys(("passed", "waived", "failed", "skipped", "other"), 0)
        table[file] = counts
        if found.get("collect_error"):
            problems.append(
                f"{file} was not collected: {found['collect_error'][-200:]}"
            )
        for case, result in found["tests"].items():
            outcome = result["outcome"]
            kind = (classes or {}).get(case, {}).get("class", "portable")
            if outcome in PASSED:
                counts["passed"] += 1
                if case in waivers:
                    problems.append(f"{case} passes: strike it from the list")
            elif outcome in SKIPPED:
                counts["skipped"] += 1
            elif "portable" not in kind:
                counts["other"] += 1
            elif case in waivers:
                counts["waived"] += 1
            else:
                counts["failed"] += 1
                message = " ".join(result.get("msg", "").split())[:200]
                problems.append(f"{case} {outcome}: {message}")
        for case in waivers:
            if case.startswith(f"{file}::") and case not in found["tests"]:
                problems.append(f"{case} is in the list, but is no case of {file}")
    return table, problems


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("results", type=Path, help="JSON that a run wrote")
    parser.add_argument("--classes", type=Path, help="JSON of the class of each case")
    parser.add_argument("--waivers", type=Path, default=WAIVERS)
    given = parser.parse_args(arguments)
    results = json.loads(given.results.read_text(encoding="utf-8"))
    classes = None
    if given.classes:
        classes = json.loads(given.classes.read_text(encoding="utf-8"))
    waivers = read_waivers(given.waivers.read_text(encoding="utf-8"))
    table, problems = compare(results, waivers, classes)
    heads = ("passed", "waived", "failed", "skipped", "other")
    width = max([len(file) for file in table], default=4)
    print(f"{'file':{width}} " + " ".join(f"{head:>8}" for head in heads))
    total = dict.fromkeys(heads, 0)
    for file, counts in [*table.items(), ("in all", total)]:
        print(f"{file:{width}} " + " ".join(f"{counts[head]:8}" for head in heads))
        if counts is not total:
            total.update({head: total[head] + counts[head] for head in heads})
    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
