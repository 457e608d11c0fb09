"""A real TensorBoard to ask, and a reader of event files."""

import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from tensorboard.backend.event_processing import event_file_loader

PATIENCE = 60.0  # seconds, for a busy machine


class Server:
    """The `tensorboard` program on a free port of this machine, and its HTTP API."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
            + ["--host", "127.0.0.1", "--port", "0", "--reload_interval", "1"],
            stderr=subprocess.PIPE,
            text=True,
        )
        said = []
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.root = f"http://127.0.0.1:{found[1]}"
                break
        else:
            raise AssertionError("".join(said))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def get(self, path, body=None, **query):
        """The answer to a question, read as JSON where it is."""
        url = f"{self.root}/{path}?{urllib.parse.urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json"} if data else {}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            content = answer.read()
            if "json" in answer.headers["Content-Type"]:
                return json.loads(content)
            return content

    def wait_for(self, path, **query):
        """The first answer with anything in it: files are read in the background."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if answer := self.get(path, **query):
                    return answer
            except urllib.error.HTTPError as error:
                problem = error
            assert time.monotonic() < deadline, problem
            time.sleep(0.2)

    def scalars(self, run, tag):
        """Steps and values of a series."""
        answer = self.wait_for("data/plugin/scalars/scalars", run=run, tag=tag)
        return [(step, value) for _, step, value in answer]

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stderr.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Starts a server on the folder that a module's runs are logged to."""
    servers = []

    def start(folder):
        servers.append(Server(folder))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def read_events(folder):
    """All events of a run, from the oldest file to the newest."""
    events = []
    for path in sorted(Path(folder).glob("events.out.tfevents.*")):
        events += event_file_loader.LegacyEventFileLoader(str(path)).Load()
    return events


def read_scalars(folder):
    """Steps and values by tag, in the order in which they were written."""
    found = {}
    for event in read_events(folder):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                points = found.setdefault(value.tag, [])
                points.append((event.step, round(value.simple_value, 4)))
    return found


@pytest.fixture
def events():
    """`read_events`, for tests."""
    return read_events


@pytest.fixture
def scalars():
    """`read_scalars`, for tests."""
    return read_scalars
