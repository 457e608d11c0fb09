"""A real TensorBoard to ask, and a reader of event files."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
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
        url = f"{self.root}/{path}" + f"?{urllib.parse.urlencode(query)}" * bool(query)
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


class Browser:
    """Chromium without a window, told what to do by its driver."""

    FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
        --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader
        --disable-background-networking --disable-component-update --disable-sync
        --window-size=1400,900""".split()

    def __init__(self, folder):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True
        )
        for line in self.driver.stdout:
            if found := re.search(r"successfully on port (\d+)", line):
                self.root = f"http://127.0.0.1:{found[1]}/session"
                break
        threading.Thread(target=self.driver.stdout.read, daemon=True).start()
        flags = [*self.FLAGS, f"--user-data-dir={folder}"]
        options = {"browserName": "chrome", "goog:chromeOptions": {"args": flags}}
        try:
            session = self.say("", {"capabilities": {"alwaysMatch": options}})
        except BaseException:
            self._stop()
            raise
        self.root += "/" + session["sessionId"]

    def say(self, path, body=None, method=None):
        """One command of the WebDriver protocol."""
        request = urllib.request.Request(
            self.root + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())["value"]

    def open(self, url):
        """Go to a page, from anywhere."""
        self.say("/url", {"url": "about:blank"})
        self.say("/url", {"url": url})

    def texts(self, selector="*"):
        """What stands in elements, those in shadow roots and frames as well.

        Of curves, the corners.
        """
        return self.say("/execute/sync", {"script": DEEP, "args": [selector]})

    def wait_for(self, found, selector="*"):
        """The first texts that are what is looked for."""
        deadline = time.monotonic() + PATIENCE
        while not found(texts := self.texts(selector)):
            assert time.monotonic() < deadline, texts[:200]
            time.sleep(0.3)
        return texts

    def picture(self):
        """What the window shows, as an array of pixels."""
        png = base64.b64decode(self.say("/screenshot"))
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))

    def close(self):
        try:
            self.say("", method="DELETE")
        finally:
            self._stop()

    def _stop(self):
        self.driver.terminate()
        self.driver.wait(PATIENCE)
        self.driver.stdout.close()


DEEP = """
    const found = [], selector = arguments[0];
    function walk(root) {
        for (const one of root.querySelectorAll("*")) {
            if (one.matches(selector)) {
                const own = [...one.childNodes].filter(n => n.nodeType == 3);
                const text = own.map(n => n.data).join(" ").trim();
                found.push(text || one.getAttribute("d") || "");
            }
            if (one.shadowRoot) walk(one.shadowRoot);
            if (one.tagName == "IFRAME" && one.contentDocument)
                walk(one.contentDocument);
        }
    }
    walk(document);
    return found;
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser to look at pages with."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no `{program}` on this machine to look with")
    found = Browser(tmp_path_factory.mktemp("browser"))
    yield found
    found.close()


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
