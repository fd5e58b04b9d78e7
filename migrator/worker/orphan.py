"""An end for a process whose parent is gone: nobody will read its answer, or stop it."""

import os
import signal
import sys
import threading
import time

#: Seconds between two looks at who the parent is.
INTERVAL = 0.5

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Have this process and its children end when the process that started it ends.

    A thread looks whether the parent is still the one there was.  It cannot run while an op
    holds Python's lock, so that Linux is asked for a signal as well (prctl(2)).  A parent
    that ended before the call is not noticed.
    """
    parent = os.getppid()
    thread = threading.Thread(target=_watch, args=(parent,), daemon=True)
    thread.start()
    if sys.platform == "linux":
        _ask_kernel()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL)
    if os.getpgrp() == os.getpid():  # what the model started is in our group
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _ask_kernel() -> None:
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError) as error:
        sys.stderr.write("the kernel was not asked to end us with our parent: %s\n" % error)
