"""Bars on a real terminal, in a real notebook and in a log."""

import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios

import numpy as np
import pytest

from cthulhu import callbacks, layers, models
from cthulhu.callbacks import monitored, output

VALUES = [("loss", 0.5), ("accuracy", 0.25), ("top_k_accuracy", 0.75)]


class Terminal:
    """A pseudo-terminal of some columns, and what somebody would see on it."""

    def __init__(self, columns):
        self.master, slave = pty.openpty()
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.out = os.fdopen(slave, "w", encoding="utf-8")
        self.columns = columns
        self.rows, self.row, self.column = [{}], 0, 0

    def screen(self):
        """The lines that are shown now."""
        self.out.flush()
        os.set_blocking(self.master, False)
        try:
            while chunk := os.read(self.master, 4096):
                for character in chunk.decode():
                    self.show(character)
        except BlockingIOError:
            pass
        lines = [
            "".join(row.get(i, " ") for i in range(self.columns)).rstrip()
            for row in self.rows
        ]
        return lines if lines[-1] else lines[:-1]

    def show(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\b":
            self.column = max(0, self.column - 1)
        elif character == "\n":
            self.row += 1
        else:
            if self.column == self.columns:
                self.row, self.column = self.row + 1, 0
            while len(self.rows) <= self.row:
                self.rows.append({})
            self.rows[self.row][self.column] = character
            self.column += 1
        while len(self.rows) <= self.row:
            self.rows.append({})


@pytest.fixture
def terminal(monkeypatch):
    made = []

    def make(columns):
        terminal = Terminal(columns)
        made.append(terminal)
        monkeypatch.setattr(sys, "stdout", terminal.out)
        return terminal

    yield make
    for terminal in made:
        terminal.out.close()
        os.close(terminal.master)


def test_a_bar_on_a_terminal_is_one_line_that_changes(terminal):
    shown = terminal(120)
    bar = callbacks.Progbar(3, interval=0)

    assert output.shows_bars()
    bar.update(1, [("loss", 1e-9)])
    assert shown.screen()[0].startswith("1/3 [=========>....................] - ETA: ")
    assert shown.screen()[0].endswith("s - loss: 1.0000e-09")
    bar.update(2, [("loss", 1.0)])
    assert len(shown.screen()) == 1
    assert shown.screen()[0].endswith("s - loss: 0.5000")  # nothing of before is left
    bar.update(3, [("loss", 1.0)])

    (line,) = shown.screen()
    assert line.startswith("3/3 [==============================] - ")
    assert line.endswith("/step - loss: 0.6667")


def test_a_bar_is_cut_to_a_narrow_terminal_until_it_is_complete(terminal):
    shown = terminal(60)
    bar = callbacks.Progbar(3, interval=0)

    for step in (1, 2):
        bar.update(step, VALUES)
        (line,) = shown.screen()
        assert len(line) == 59
    bar.update(3, VALUES)

    lines = shown.screen()
    assert len(lines) == 2
    assert (lines[0].ljust(60) + lines[1]).endswith(
        " - loss: 0.5000 - accuracy: 0.2500 - top_k_accuracy: 0.7500"
    )


def test_lines_that_callbacks_print_stand_between_bars(terminal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # so that the names of files are short
    shown = terminal(100)
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    saved = callbacks.ModelCheckpoint("m.h5", verbose=1)

    model.fit(np.zeros((4, 1)), np.zeros((4, 1)), epochs=2, callbacks=[saved])

    lines = [line for line in shown.screen() if line]
    assert [line.split(" - ")[0][:8] for line in lines] == [
        "Epoch 1/", "Epoch 00", "4/4 [===", "Epoch 2/", "Epoch 00", "4/4 [===",
    ]  # fmt: skip


@pytest.mark.parametrize("verbose", [{}, {"verbose": "auto"}])
def test_an_epoch_is_one_line_where_nothing_can_be_drawn_anew(verbose, capsys):
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    seen = []
    note = callbacks.LambdaCallback(
        on_train_begin=lambda logs: seen.append(note.params["verbose"])
    )

    model.fit(
        np.zeros((4, 1)), np.zeros((4, 1)), batch_size=1, epochs=2,
        callbacks=[note], **verbose,
    )  # fmt: skip

    lines = re.sub(r"\d+s", "0s", capsys.readouterr().out)
    assert lines == (
        "Epoch 1/2\n - 0s - loss: 0.0000e+00\nEpoch 2/2\n - 0s - loss: 0.0000e+00\n"
    )
    assert seen == [2]


def test_a_bar_that_is_asked_for_is_drawn_everywhere(capsys):
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")

    model.fit(np.zeros((4, 1)), np.zeros((4, 1)), verbose=1)

    assert "\n4/4 [====" in capsys.readouterr().out


def test_a_pass_draws_no_bar_where_nothing_can_be_drawn_anew(capsys):
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    x = np.zeros((4, 1))

    model.evaluate(x, x)
    model.evaluate(x, x, verbose="auto")
    model.evaluate(x, x, verbose=2)
    model.predict(x, verbose="auto")
    assert capsys.readouterr().out == ""

    model.evaluate(x, x, verbose=1)
    assert "4/4 [====" in capsys.readouterr().out
    model.predict(x, verbose=1)
    assert "4/4 [====" in capsys.readouterr().out


def test_a_pass_draws_a_bar_on_a_terminal(terminal):
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    shown = terminal(80)

    model.evaluate(np.zeros((4, 1)), np.zeros((4, 1)))

    assert "4/4 [====" in "".join(shown.screen())


def test_an_unknown_word_for_how_much_to_print_is_refused():
    model = models.Sequential([layers.Dense(1, input_dim=1)])
    model.compile("sgd", "mse")

    with pytest.raises(ValueError, match="`verbose` cannot be used. Received: 'quiet'"):
        model.fit(np.zeros((4, 1)), np.zeros((4, 1)), verbose="quiet")


def test_what_an_encoding_cannot_show_becomes_a_question_mark(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    monitored.say("saves", 0, path="größe.h5")
    callbacks.Progbar(1).update(1, [("größe", 2.0)])

    text = raw.getvalue().decode("ascii")
    assert "\nEpoch 00001: saving model to gr??e.h5\n" in text
    assert text.endswith(" - gr??e: 2.0000\n")


CELL = """
from cthulhu.callbacks import Progbar
from cthulhu.callbacks.output import shows_bars

print("Epoch 1/1", shows_bars())
bar = Progbar(3, interval=0)
for step in (1, 2, 3):
    bar.update(step, [("loss", 1.0 / step)])
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_bar_in_a_notebook_is_an_output_that_is_updated():
    pytest.importorskip(
        "ipykernel", reason="the extra `test` brings a notebook's kernel"
    )
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
    heard = []
    try:
        reply = client.execute_interactive(
            CELL,
            timeout=100,
            output_hook=lambda m: heard.append((m["msg_type"], m["content"])),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    assert reply["content"]["status"] == "ok", reply["content"]
    heard = [
        h for h in heard if h[0] in ("stream", "display_data", "update_display_data")
    ]
    assert [kind for kind, _ in heard] == [
        "stream", "display_data", "update_display_data", "update_display_data",
    ]  # fmt: skip
    assert heard[0][1]["text"] == "Epoch 1/1 True\n"
    shown = [content["data"]["text/plain"] for _, content in heard[1:]]
    ids = {content["transient"]["display_id"] for _, content in heard[1:]}
    assert len(ids) == 1
    assert [text[:5] for text in shown] == ["1/3 [", "2/3 [", "3/3 ["]
    # The mean of 1, 1/2 and 1/3.
    assert shown[-1].endswith("/step - loss: 0.6111")
