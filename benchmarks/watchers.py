"""Everything that commonly watches a training, at once: files, pictures, a server."""

from __future__ import annotations

import http.server
import tempfile
import threading
from pathlib import Path

PATIENCE = 1000  # epochs: nothing stops, and no rate falls, in the midst of measuring


class Quiet(http.server.BaseHTTPRequestHandler):
    """Takes what is posted."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def address() -> str:
    """Where a server of this process listens from now on."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def everyone(callbacks, with_tensorboard: bool) -> list:
    """The callbacks; the checkpoint is written after each epoch, as the loss falls."""
    folder = tempfile.TemporaryDirectory()
    there = Path(folder.name)
    found = [
        callbacks.CSVLogger(str(there / "log.csv")),
        callbacks.ModelCheckpoint(
            str(there / "best.h5"), monitor="loss", mode="min", save_best_only=True
        ),
        callbacks.EarlyStopping(patience=PATIENCE),
        callbacks.ReduceLROnPlateau(patience=PATIENCE),
        callbacks.RemoteMonitor(address()),
    ]
    if with_tensorboard:
        found.append(callbacks.TensorBoard(str(there / "logs")))
    found[0].folder = folder  # gone when nobody needs it any more
    return found
