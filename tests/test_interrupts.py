"""What ends the program from outside ends it as Ctrl-C does, unless somebody said otherwise."""

from __future__ import annotations

import signal
import threading

import pytest

from migrator.interrupts import termination_interrupts

NUMBERS = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def default():
    """The handlers that a program starts with."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_interrupts(number):
    """KeyboardInterrupt is raised; afterwards the signal does what it did before."""
    with pytest.raises(KeyboardInterrupt), termination_interrupts():
        signal.raise_signal(number)
    assert [signal.getsignal(n) for n in NUMBERS] == [signal.SIG_DFL] * 2


def test_cleaning_up_is_not_interrupted_again():
    """A closed terminal is told to the process more than once."""
    cleaned = []

    def work():
        with termination_interrupts():
            try:
                signal.raise_signal(signal.SIGHUP)
            finally:
                signal.raise_signal(signal.SIGHUP)
                signal.raise_signal(signal.SIGTERM)
                cleaned.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert cleaned == [True]


def test_what_is_ignored_stays_ignored():
    """Under nohup the work outlives its terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with termination_interrupts():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_handler_of_the_program_is_called():
    """The library takes no signal from whoever calls it, and nested calls take it once."""
    caught = []
    signal.signal(signal.SIGTERM, lambda number, frame: caught.append(number))
    with termination_interrupts(), termination_interrupts():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGHUP)
    assert caught == [signal.SIGTERM]


def test_another_thread_is_left_alone():
    """Python delivers no signals there and sets no handlers."""
    done = []

    def work():
        with termination_interrupts():
            done.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.SIG_DFL]
