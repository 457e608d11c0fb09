"""SIGTERM is noted, answered when there is time, and then does what it always did."""

import os
import signal
import threading

import pytest

from cthulhu.callbacks.signals import Sigterm


@pytest.fixture
def heard():
    """What the handler was told that is there before; the old one comes back."""
    calls = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: calls.append(number))
    yield calls
    signal.signal(signal.SIGTERM, before)


def send():
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_is_noted_and_goes_on_when_it_is_let(heard):
    before = signal.getsignal(signal.SIGTERM)
    sigterm = Sigterm()
    assert sigterm.listen()

    send()
    assert sigterm.asked and heard == []
    sigterm.proceed()

    assert heard == [signal.SIGTERM] and not sigterm.asked
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_does_not_wait(heard):
    sigterm = Sigterm()
    sigterm.listen()

    send()
    send()

    assert heard == [signal.SIGTERM]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_who_listen_both_hear_and_leave_nothing_behind(order, heard):
    before = signal.getsignal(signal.SIGTERM)
    both = Sigterm(), Sigterm()
    for sigterm in both:
        sigterm.listen()

    send()
    assert [s.asked for s in both] == [False, True]  # the last comes first
    both[1].proceed()
    assert both[0].asked and heard == []
    both[0].proceed()
    assert heard == [signal.SIGTERM]

    for sigterm in both:
        sigterm.listen()
    for i in order:
        both[i].ignore()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_handler_that_somebody_put_on_top_stays_and_reaches_the_first(heard):
    sigterm = Sigterm()
    sigterm.listen()
    under = signal.getsignal(signal.SIGTERM)
    top = lambda number, frame: under(number, frame)  # noqa: E731
    signal.signal(signal.SIGTERM, top)

    sigterm.ignore()

    assert signal.getsignal(signal.SIGTERM) is top
    send()
    assert heard == [signal.SIGTERM]


def test_off_the_main_thread_nobody_can_listen(heard):
    said = []
    thread = threading.Thread(target=lambda: said.append(Sigterm().listen()))
    thread.start()
    thread.join()

    assert said == [False]
