"""One table: how long the same work takes here and elsewhere.

Each engine lives in a process of its own (`worker.py`), which waits while others work;
repetitions of all engines take turns, so that a slow minute of the machine is slow for
all.  The losses of the first batches are compared before anything is timed.  What is
measured, and how often, stands in `workloads.py`.

    python benchmarks/run.py            all
    QUICK=1 python benchmarks/run.py    fewer rows and repetitions
    python benchmarks/run.py fit mlp    these rows alone
    python benchmarks/run.py mnist      the rows of a net; or "mnist train" alone
    ENGINES="ours,PyTorch by hand" python benchmarks/run.py    these engines alone
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import workloads
from workloads import COLD, FIRSTS, KERAS, OURS, Bound, Workload

FOLDER = Path(__file__).parent
SCALE = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1.0}
ENGINES = [
    name
    for name in workloads.ENGINES
    if name in os.environ.get("ENGINES", ",".join(workloads.ENGINES)).split(",")
]
PACKAGES = ("cthulhu", "jax", "keras", "tensorflow-cpu", "tensorflow", "torch")

Times = dict[tuple[str, str], list[float]]  # by row and engine, seconds of one part


class Worker:
    """A process that holds one engine.

    Args:
        engine: A name of `workloads.ENGINES`.
        log: Where it may print.
    """

    def __init__(self, engine: str, log):
        self.engine = engine
        self.process = subprocess.Popen(
            [sys.executable, FOLDER / "worker.py", engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=surroundings(engine),
        )

    def ask(self, command: str, what: str):
        """The answer to a command; None if there is none, which is told.

        A worker that cannot import its engine has ended: everything it is asked is
        answered by None.
        """
        try:
            print(json.dumps([command, what]), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer = json.loads(line) if line else {"error": "the engine cannot be loaded"}
        if isinstance(answer, dict) and "error" in answer:
            tell(f"{self.engine}: {command} {what}: {answer['error']}")
            return None
        return answer

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def surroundings(engine: str) -> dict[str, str]:
    """Environment of an engine's process."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "JAX_PLATFORMS": "cpu"}
    if engine in KERAS:
        quiet["KERAS_BACKEND"] = KERAS[engine]
    # Python keeps what it compiles of ours, as an installer does of the others.
    quiet["PYTHONDONTWRITEBYTECODE"] = ""
    return {**os.environ, **quiet, "KERAS_HOME": str(Path(sys.prefix, "keras"))}


def tell(text: str) -> None:
    """What goes on, beside the table."""
    print(text, file=sys.stderr, flush=True)


def compare_losses(workers: dict[str, Worker], rows: list[Workload]) -> list[str]:
    """Whether engines compute the same; one line for each model."""
    lines = []
    for kind, row in {workloads.model_of(row.name): row for row in rows}.items():
        found = {
            name: worker.ask("losses", kind)
            for name, worker in workers.items()
            if name in row.only
        }
        ours = found.pop(OURS, None)
        for name in [name for name, losses in found.items() if losses is None]:
            if workers[name].process.poll() is not None:
                del workers[name]  # it could not be loaded
        if ours is None:
            continue
        off = {
            name: max(abs(a - b) for a, b in zip(ours, losses, strict=True))
            for name, losses in found.items()
            if losses
        }
        agree = ", ".join(f"{name} {value:.0e}" for name, value in off.items())
        bad = [name for name, value in off.items() if value > workloads.TOLERANCE]
        verdict = f"NOT equal: {', '.join(bad)}" if bad else "equal"
        lines.append(
            f"{kind}: losses of {workloads.COMPARED} batches are {verdict} "
            f"(largest difference from ours: {agree})"
        )
        tell(lines[-1])
    return lines


def measure(workers: dict[str, Worker], rows: list[Workload]) -> tuple[Times, dict]:
    """Times of all repetitions, and the setting that each engine was fastest with."""
    settings = {}
    for row in rows:
        for name, worker in workers.items():
            if name in row.only:
                answer = worker.ask("prepare", row.name)
                if answer is not None:
                    settings[row.name, name] = answer
                    tell(f"prepared {row.title.strip()}: {name} {answer or ''}")
    times: Times = {key: [] for key in settings}
    known = {row.name: row for row in rows}
    most = max((row.repetitions for row in rows), default=0)
    try:
        for i in range(most):
            tell(f"repetition {i + 1} of {most}")
            for name, engine in settings:
                row = known[name]
                if i >= row.repetitions:
                    continue
                seconds = workers[engine].ask("run", name)
                if seconds is not None:
                    times[name, engine].append(seconds / row.parts)
    except KeyboardInterrupt:
        tell("interrupted: the table shows what there is")
    return times, settings


def measure_cold(workers: dict[str, Worker], row: Workload) -> tuple[Times, dict]:
    """Times, and memory, of whole processes."""
    times: Times = {}
    tried = {
        name: worker.ask("settings", row.name) or [{}]
        for name, worker in workers.items()
        if name in row.only
    }
    for i in range(1 + workloads.COLD_REPETITIONS):
        tell(f"{row.title}: processes, {i} of {workloads.COLD_REPETITIONS}")
        for name, settings in tried.items():
            found = [cold(name, row.name, setting) for setting in settings]
            best = min(found)
            if i == 0:  # the first time files come from the disk; find what is fastest
                tried[name] = [settings[found.index(best)]]
            elif best[0] < float("inf"):
                times.setdefault((row.name, name), []).append(best[0])
                memory = workloads.memory_of(row).name
                times.setdefault((memory, name), []).append(best[1])
    return times, {(row.name, name): settings[0] for name, settings in tried.items()}


def cold(name: str, row: str, setting: dict) -> tuple[float, float]:
    """Seconds until a process has done its work, and the MB it had; infinite if not."""
    start = time.perf_counter()
    command = [sys.executable, FOLDER / "worker.py", name, row, json.dumps(setting)]
    process = subprocess.Popen(
        command,
        env=surroundings(name),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    line = process.stdout.readline()
    seconds = time.perf_counter() - start
    last = process.stdout.read()
    if process.wait() or not line or not last:
        return float("inf"), float("inf")
    return seconds, float(last)


def ratio(times: Times, one: tuple[str, str], other: tuple[str, str]):
    """Quartiles of time `one` over time `other`, repetition by repetition."""
    pairs = list(zip(times[one], times[other], strict=False))
    values = sorted(a / b for a, b in pairs)
    if len(values) == 1:
        return values * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def table(times: Times, rows: list[Workload]) -> str:
    """Medians; in brackets, how many times as long as ours."""
    lines = [["workload", *ENGINES]]
    for row in rows:
        cells = [f"{row.title} ({row.unit})"]
        for name in ENGINES:
            key = row.name, name
            if not times.get(key):
                cells.append("-")
                continue
            value = statistics.median(times[key]) * SCALE[row.unit]
            cell = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
            if name != OURS and times.get((row.name, OURS)):
                cell += f" (×{ratio(times, key, (row.name, OURS))[1]:.2f})"
            cells.append(cell)
        lines.append(cells)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    shown = []
    for cells in lines:
        first, *others = zip(cells, widths, strict=True)
        shown.append(
            "  ".join([first[0].ljust(first[1]), *(c.rjust(w) for c, w in others)])
        )
    return "\n".join(shown)


def verdict(times: Times, row: Workload, bound: Bound) -> str | None:
    """One line: whether a bound holds, with the quartiles of the ratio."""
    references = [(row.name, name) for name in bound.engines]
    if bound.row:
        references = [(bound.row, OURS)]
    references = [key for key in references if times.get(key)]
    own = row.name, OURS
    if not references or not times.get(own):
        return None
    fastest = min(references, key=lambda key: statistics.median(times[key]))
    low, middle, high = ratio(times, own, fastest)
    holds = "holds" if middle <= bound.most else "MISSED"
    what = f"`{fastest[0]}`" if bound.row else fastest[1]
    return (
        f"{holds:6}  {row.title.strip()}: ours is {middle:.2f} × {what} "
        f"({low:.2f} to {high:.2f}), at most {bound.most:g}"
    )


def versions() -> str:
    """What was compared, and where."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    cores = os.cpu_count()
    return f"{', '.join(found)}; Python {platform.python_version()}, {cores} cores"


def main() -> None:
    """Measure, and print the table."""
    chosen = set(sys.argv[1:])

    def wanted(of):
        return [
            row
            for row in of
            if not chosen or chosen & {row.name, workloads.model_of(row.name)}
        ]

    rows, processes = wanted(workloads.WORKLOADS), wanted((COLD, *FIRSTS))
    with open(Path(sys.prefix) / "workers.log", "w") as log:
        workers = {name: Worker(name, log) for name in ENGINES}
        try:
            equality = compare_losses(workers, rows)
            times, settings = measure(workers, rows)
            for row in processes:
                more = measure_cold(workers, row)
                times.update(more[0])
                settings.update(more[1])
                rows += [row, workloads.memory_of(row)]
        finally:
            for worker in workers.values():
                worker.close()
    print(f"\n{versions()}; load {os.getloadavg()[0]:.1f}")
    few, more = workloads.REPETITIONS, workloads.REPETITIONS * workloads.MORE
    print(f"Medians of interleaved repetitions, {more} of what is short, {few}")
    print(f"of others, {workloads.COLD_REPETITIONS} of processes; × ours.\n")
    print(table(times, rows), end="\n\n")
    for row in rows:
        for bound in row.bounds:
            line = verdict(times, row, bound)
            if line:
                print(line)
    print("\n" + "\n".join(equality))
    print("Fastest settings:")
    for (row, name), setting in settings.items():
        if setting:
            words = ", ".join(f"{k}={v}" for k, v in setting.items())
            print(f"  {row}: {name}: {words}")


if __name__ == "__main__":
    main()
