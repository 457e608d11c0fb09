"""A process that holds one engine and does what it is told, a line at a time.

Commands and answers are lines of JSON: `["losses", kind]`, `["prepare", workload]`,
`["run", workload]`.

`worker.py ENGINE ROW SETTING` is a whole process: it trains one epoch, or does the
first step of a net, prints a line, does some more steps, and prints how many MB
it had at most.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import sys
import time
import traceback

import workloads

FILES = {
    workloads.HAND: "hand_jax",
    workloads.PLAIN: "plain_torch",
    workloads.COMPILED: "plain_torch",
}
TRIES = 3
# Cores and threads that slept while others were measured are slow for some 40 ms, so
# what takes less than this is done once before it is timed.
SHORT = 0.3  # seconds


def engine_for(name: str):
    """The engine of that name."""
    return importlib.import_module(FILES.get(name, "keras_family")).Engine(name)


def timed(function) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def fastest(engine, workload: str):
    """The fastest setting of a workload; how long a repetition takes, and itself."""
    found = []
    settings = engine.settings(workload)
    for i, setting in enumerate(settings):
        repeat = engine.prepare(workload, setting)
        repeat()
        tries = range(TRIES if settings[1:] else 1)
        usual = statistics.median(timed(repeat) for _ in tries)
        found.append((usual, i, setting, repeat))
    usual, _, setting, repeat = min(found)
    return setting, (usual, repeat)


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
                usual, repeat = prepared[what]
                if usual < SHORT:
                    repeat()
                answer = timed(repeat)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), file=answers, flush=True)


def live() -> None:
    """Be a whole process that does the work of a row."""
    name, row, setting = sys.argv[1:]
    engine = engine_for(name)
    repeat = engine.prepare(row, json.loads(setting))
    repeat()
    print("done", flush=True)
    if workloads.net_of(row):
        repeat()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


if __name__ == "__main__":
    if sys.argv[2:]:
        live()
    else:
        obey()
