"""Ctrl-C and its like, for work that starts other processes or leaves files half-made."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

__all__ = ["termination_interrupts"]

#: What ends a process from outside: `kill` and `timeout`, and a terminal that is closed.
_SIGNALS = ("SIGTERM", "SIGHUP")


@contextlib.contextmanager
def termination_interrupts() -> Iterator[None]:
    """Treat SIGTERM and SIGHUP as Ctrl-C, so that what cleans up after one cleans up after all.

    A signal that the program handles itself, or ignores as under ``nohup``, is left alone.
    After the first one the others are ignored, as a closed terminal sends several and the
    second would end the cleaning up.  In another thread than the main one, where Python
    delivers no signals, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours: list[signal.Signals] = []

    def end(number: int, frame: object) -> None:
        for other in ours:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in _SIGNALS:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            ours.append(number)
            signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
