"""A server is told of every epoch; training does not wait for it."""

import http.server
import threading
import time
import urllib.parse

import numpy as np
import pytest

from cthulhu import callbacks
from cthulhu.callbacks import remote


@pytest.fixture
def server():
    """A local server that keeps what it is sent, and may be told to wait."""
    kept, go = [], threading.Event()
    go.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            go.wait(10)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kept.append((self.path, self.headers, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, args=(0.01,))
        thread.start()
        http_server.kept, http_server.go = kept, go
        http_server.root = f"http://127.0.0.1:{http_server.server_port}"
        yield http_server
        go.set()
        http_server.shutdown()
        thread.join()


def post(server, *epochs, **kwargs):
    monitor = callbacks.RemoteMonitor(server.root, **kwargs)
    monitor.on_train_begin({})
    for epoch, logs in enumerate(epochs):
        monitor.on_epoch_end(epoch, logs)
    monitor.on_train_end({})


def test_each_epoch_is_posted_as_a_form(server):
    post(server, {"loss": 0.5}, {"loss": np.float32(0.1)}, field="payload")

    (path, headers, first), (_, _, second) = server.kept
    assert path == "/publish/epoch/end/"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert first == "payload=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%7D"
    assert urllib.parse.parse_qs(second) == {
        "payload": ['{"epoch": 1, "loss": 0.10000000149011612}']
    }


def test_an_event_can_be_json_itself(server):
    logs = {"a": np.array([1.0, 2.0]), "b": np.nan, "c": [1, 2]}

    post(server, logs, send_as_json=True, headers={"X-Token": "abc"}, path="/p/")

    ((path, headers, body),) = server.kept
    assert (path, headers["Content-Type"]) == ("/p/", "application/json")
    assert headers["X-Token"] == "abc"
    assert body == '{"epoch": 0, "a": [1.0, 2.0], "b": null, "c": [1, 2]}'


def test_an_absent_server_is_told_of_once():
    class Nowhere:
        root = "http://127.0.0.1:9"  # the port that discards

    with pytest.warns(UserWarning, match="could not reach RemoteMonitor root") as told:
        post(Nowhere, {"loss": 1.0}, {"loss": 2.0})

    assert len(told) == 1


def test_a_slow_server_does_not_hold_training_up(server, monkeypatch):
    monkeypatch.setattr(remote, "WAITING", 2)
    monkeypatch.setattr(remote, "FAREWELL", 0.1)
    server.go.clear()
    start = time.monotonic()

    # One is under way, two wait, and for the other seven there is no room.
    with pytest.warns(UserWarning, match="RemoteMonitor dropped 10 events"):
        post(server, *[{"loss": 1.0}] * 10)

    assert time.monotonic() - start < 2


def test_what_json_does_not_know_is_an_error_where_it_happens(server):
    with pytest.raises(TypeError, match="not JSON serializable"):
        post(server, {"loss": object()})
