"""A process that holds one engine and does what it is told, a line at a time.

Commands and answers are lines of JSON: `["losses", kind]`, `["prepare", workload]`,
`["run", workload]`.  `worker.py ENGINE cold SETTING` trains one epoch and ends.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
import traceback

import workloads

FILES = {workloads.HAND: "hand_jax", workloads.PLAIN: "plain_torch"}
TRIES = 3


def engine_for(name: str):
    """The engine of that name."""
    return importlib.import_module(FILES.get(name, "keras_family")).Engine(name)


def timed(function) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def fastest(engine, workload: str):
    """The fastest setting of a workload, and a repetition with it."""
    found = []
    settings = engine.settings(workload)
    for i, setting in enumerate(settings):
        repeat = engine.prepare(workload, setting)
        repeat()
        tries = range(TRIES if settings[1:] else 1)
        usual = statistics.median(timed(repeat) for _ in tries)
        found.append((usual, i, setting, repeat))
    return min(found)[2:]


def obey() -> None:
    """Read commands from standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints does not mix with the answers
    engine = engine_for(sys.argv[1])
    prepared = {}
    for line in sys.stdin:
        command, what = json.loads(line)
        try:
            if command == "losses":
                answer = engine.losses(what)
            elif command == "settings":
                answer = engine.settings(what)
            elif command == "prepare":
                answer, prepared[what] = fastest(engine, what)
            else:
                answer = timed(prepared[what])
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    if sys.argv[2:3] == ["cold"]:
        engine_for(sys.argv[1]).prepare("fit", json.loads(sys.argv[3]))()
    else:
        obey()
