"""A server is told of every epoch; training does not wait for it, whatever it does."""

import http.server
import json
import threading
import time
import urllib.parse

import numpy as np
import pytest

from cthulhu import backend as K
from cthulhu import callbacks, config


class Server:
    """A real server on loopback that keeps what it is sent, and can be made to fail."""

    def __init__(self):
        self.kept = []
        self.status = 200
        self.silent = self.rude = False  # never answers; hangs up instead
        self.go = threading.Event()  # it answers only while this is set
        self.go.set()
        self.http = None
        self.start(0)
        self.port = self.http.server_port
        self.root = f"http://127.0.0.1:{self.port}"

    def start(self, port=None):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                server.kept.append((self.path, self.headers, body))
                if server.rude:
                    self.close_connection = True
                    return
                server.go.wait(10)
                self.send_response(server.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(
            ("127.0.0.1", self.port if port is None else port), Handler
        )
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
        self.http = None

    def epochs(self):
        """The epochs that arrived, in order."""
        fields = (urllib.parse.parse_qs(body)["data"][0] for _, _, body in self.kept)
        return [json.loads(field)["epoch"] for field in fields]


@pytest.fixture
def server():
    server = Server()
    yield server
    server.go.set()
    if server.http:
        server.stop()


def post(server, *epochs, **kwargs):
    monitor = callbacks.RemoteMonitor(server.root, **kwargs)
    monitor.on_train_begin({})
    for epoch, logs in enumerate(epochs):
        monitor.on_epoch_end(epoch, logs)
    monitor.on_train_end({})
    return monitor


def arrives(server, count):
    """Wait until a server has been sent so many events."""
    deadline = time.monotonic() + 10
    while len(server.kept) < count and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(server.kept) == count


def test_each_epoch_is_posted_as_a_form(server):
    monitor = post(server, {"loss": 0.5}, {"loss": np.float32(0.1)}, field="payload")

    (path, headers, first), (_, _, second) = server.kept
    assert path == "/publish/epoch/end/"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert first == "payload=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%7D"
    assert urllib.parse.parse_qs(second) == {
        "payload": ['{"epoch": 1, "loss": 0.10000000149011612}']
    }
    assert monitor.dropped == []


def test_an_event_can_be_json_itself(server):
    logs = {"a": np.array([1.0, np.nan]), "b": np.nan, "c": [1, np.float32(0.5)]}
    logs |= {"d": K.constant(0.25), "e": {"f": (np.int64(2), -np.inf)}, "g": "text"}
    logs |= {"h": K.cast(K.constant(1.5), "bfloat16"), "i": True}

    post(server, logs, send_as_json=True, headers={"X-Token": "abc"}, path="/p/")

    ((path, headers, body),) = server.kept
    assert (path, headers["Content-Type"]) == ("/p/", "application/json")
    assert headers["X-Token"] == "abc"
    assert json.loads(body) == {
        "epoch": 0, "a": [1.0, None], "b": None, "c": [1, 0.5], "d": 0.25,
        "e": {"f": [2, None]}, "g": "text", "h": 1.5, "i": True,
    }  # fmt: skip


def test_a_form_has_nan_as_keras_writes_it(server):
    post(server, {"loss": np.float32("nan")})

    assert server.kept[0][2] == "data=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+NaN%7D"


@pytest.mark.parametrize("generation, kind", [("1", "json"), ("2.1", "x-www-form")])
def test_the_first_generation_called_a_form_json(generation, kind, server):
    config.set_generation(generation)

    post(server, {"loss": 1.0})

    ((_, headers, body),) = server.kept
    assert headers["Content-Type"].startswith(f"application/{kind}")
    assert body.startswith("data=")


def test_an_absent_server_is_told_of_once(server):
    server.stop()

    with pytest.warns(UserWarning) as told:
        monitor = post(server, {"loss": 1.0}, {"loss": 2.0})

    assert [str(warning.message) for warning in told] == [
        f"Warning: could not reach RemoteMonitor root server at {server.root}"
    ]
    assert monitor.dropped == [(0, "could not be reached"), (1, "could not be reached")]


def test_a_slow_server_gets_the_latest_events_and_holds_nothing_up(server):
    server.go.clear()
    monitor = callbacks.RemoteMonitor(server.root, farewell=10, capacity=2)
    monitor.on_train_begin({})
    monitor.on_epoch_end(0, {})
    arrives(server, 1)  # epoch 0 is under way, and stays so
    start = time.monotonic()
    for epoch in range(1, 10):
        monitor.on_epoch_end(epoch, {})
    assert time.monotonic() - start < 5  # the server would have taken for ever
    server.go.set()

    with pytest.warns(UserWarning, match="dropped 7 of 10 events.*7x was too slow"):
        monitor.on_train_end({})

    # Two wait at a time, so of 1 to 9 the last two are left.
    assert server.epochs() == [0, 8, 9]
    assert monitor.dropped == [(epoch, "was too slow") for epoch in range(1, 8)]


def test_a_server_that_never_answers_is_given_up_in_time(server):
    server.go.clear()

    with pytest.warns(UserWarning, match="dropped 2 of 2 events") as told:
        monitor = post(server, {}, {}, timeout=0.2, farewell=10)

    assert len(told) == 1
    assert monitor.dropped == [(n, "did not answer in 0.2 s") for n in (0, 1)]


def test_the_end_of_training_waits_for_a_limited_time(server):
    server.go.clear()
    start = time.monotonic()

    with pytest.warns(UserWarning, match="2x had not answered when training ended"):
        monitor = post(server, {}, {}, timeout=60, farewell=0.2)

    assert 0.2 <= time.monotonic() - start < 30
    assert [epoch for epoch, _ in monitor.dropped] == [0, 1]


def test_an_answer_that_is_an_error_counts_as_dropped(server):
    server.status = 500

    with pytest.warns(UserWarning) as told:
        monitor = post(server, {"loss": 1.0})

    assert [str(warning.message) for warning in told] == [
        "RemoteMonitor dropped 1 of 1 events, because the server at "
        f"{server.root} 1x answered 500."
    ]
    assert monitor.dropped == [(0, "answered 500")]


def test_a_server_that_hangs_up_counts_as_dropped(server):
    server.rude = True

    with pytest.warns(UserWarning, match="1x closed the connection"):
        monitor = post(server, {"loss": 1.0})

    assert monitor.dropped == [(0, "closed the connection")]
    assert server.epochs() == [0]  # it may have it: nothing is sent twice


class Trying(callbacks.RemoteMonitor):
    """Writes down how each request ended."""

    def _post(self, body):
        self.tried.append(super()._post(body))
        return self.tried[-1]

    def wait(self, failures):
        deadline = time.monotonic() + 10
        while self.tried.count("could not be reached") < failures:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_events_wait_for_a_server_that_comes_back(server):
    monitor = Trying(server.root)
    monitor.tried = []
    monitor.on_train_begin({})
    server.stop()
    monitor.on_epoch_end(0, {})
    monitor.wait(failures=1)
    monitor.on_epoch_end(1, {})
    monitor.wait(failures=2)  # epoch 0 again
    server.start()
    monitor.on_epoch_end(2, {})
    arrives(server, 3)
    server.stop()
    monitor.on_epoch_end(3, {})
    monitor.wait(failures=3)
    server.start()
    monitor.on_train_end({})

    assert server.epochs() == [0, 1, 2, 3]
    assert monitor.dropped == []


def test_what_went_wrong_is_told_of_each_run_anew(server):
    server.status = 404
    with pytest.warns(UserWarning, match="1x answered 404"):
        monitor = post(server, {})
    server.status = 200

    monitor.on_train_begin({})
    monitor.on_epoch_end(5, {})
    monitor.on_train_end({})

    assert server.epochs() == [0, 5]
    assert monitor.dropped == []


def test_a_run_that_ends_by_an_error_sends_its_events_too(server):
    monitor = callbacks.RemoteMonitor(server.root)
    monitor.on_train_begin({})
    monitor.on_epoch_end(0, {})
    monitor.on_exception(KeyboardInterrupt())

    assert server.epochs() == [0]
    assert not [t for t in threading.enumerate() if "_Sender" in repr(t)]


def test_a_continued_run_goes_on_counting(server):
    server.status = 503
    with pytest.warns(UserWarning):
        first = post(server, {})
    server.status = 200
    state = json.loads(json.dumps(first.state_dict()))
    monitor = callbacks.RemoteMonitor(server.root)
    monitor.load_state_dict(state)

    with pytest.warns(UserWarning, match="dropped 1 of 2 events"):
        monitor.on_train_begin({})
        monitor.on_epoch_end(1, {})
        monitor.on_train_end({})

    assert monitor.dropped == [(0, "answered 503")]


def test_what_json_does_not_know_is_an_error_where_it_happens(server):
    with pytest.raises(TypeError, match="not JSON serializable"):
        post(server, {"loss": object()})


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            {"root": "localhost:9000"},
            "no address.*Did you mean `http://localhost:9000`",
        ),
        ({"root": None}, "no address of a server. Received: None"),
        ({"timeout": 0}, "`timeout` of RemoteMonitor cannot be used. Received: 0"),
        ({"farewell": np.inf}, "`farewell` .* a number of seconds above 0"),
        ({"capacity": 0}, "`capacity` .* at least 1"),
    ],
)
def test_an_argument_that_cannot_work_is_refused_at_once(arguments, words):
    with pytest.raises(ValueError, match=words):
        callbacks.RemoteMonitor(**arguments)


def test_a_header_that_cannot_be_sent_drops_the_event(server):
    with pytest.warns(UserWarning, match="1x was not asked: InvalidHeader"):
        post(server, {}, headers={"X-Token": "two\nlines"})

    assert server.kept == []
