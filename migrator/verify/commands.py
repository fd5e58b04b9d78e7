"""Run one command within limits of time and chatter, and end all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from migrator.checker.process import tensorflow_environment

__all__ = ["MOST_OUTPUT", "Stopped", "environment", "run_command"]

#: Of each of a command's two streams so many bytes are kept in a file; the rest is read and lost.
MOST_OUTPUT = 16 << 20
_TAIL = 1 << 14


class Stopped(Exception):
    """A command was ended because the whole verification was."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int | None  #: exit status, negative for a signal; None when it had to be ended
    complaint: str  #: one line that says what is wrong; empty when nothing is
    seconds: float


def environment(python: str, own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command.

    ``PYTHONPATH`` and ``PYTHONHOME`` belong to the interpreter that runs us, not to one of
    another version; a script that calls ``python`` gets the side's.

    Args:
        python: the interpreter of the side.
        own: what the manifest gives; it wins.
    """
    result = tensorflow_environment()
    result["PYTHONUNBUFFERED"] = "1"
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        result.pop(name, None)
    result["PATH"] = os.path.dirname(python) + os.pathsep + result.get("PATH", os.defpath)
    result.update(own)
    return result


class _Stream(threading.Thread):
    """Reads a pipe to its end, so that nobody waits for us, and keeps its head and its tail."""

    def __init__(self, pipe: IO[bytes], path: Path) -> None:
        super().__init__(daemon=True)
        self.pipe = pipe
        self.path = path
        self.tail = bytearray()

    def run(self) -> None:
        left = MOST_OUTPUT
        with self.path.open("wb") as file:
            while block := os.read(self.pipe.fileno(), 1 << 16):
                self.tail += block
                del self.tail[:-_TAIL]
                if left > 0:
                    file.write(block[:left])
                    file.flush()
                    left -= len(block)
                    if left <= 0:
                        file.write(b"\n[cut here: more than %d MiB]\n" % (MOST_OUTPUT >> 20))
                        file.flush()

    def last_line(self) -> str:
        """Return the last line that says something."""
        lines = bytes(self.tail).decode("utf-8", "replace").splitlines()
        said = [line.strip() for line in lines if any(char.isalnum() for char in line)]
        return said[-1][:500] if said else ""


def run_command(
    words: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    logs: Path,
    timeout: float,
    stop: threading.Event,
) -> Ended:
    """Run a command to its end, and write its streams to ``stdout.txt`` and ``stderr.txt``.

    Whatever it started and left behind is ended with it.

    Args:
        words: the program and its arguments.
        cwd: its working directory.
        env: its whole environment.
        logs: an existing folder for the two files.
        timeout: seconds.
        stop: ends the command when it is set.

    Raises:
        Stopped: ``stop`` was set.
    """
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            list(words),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Ended(None, f"{words[0]} does not start: {reason}", 0.0)
    assert process.stdout is not None
    assert process.stderr is not None
    streams = (
        _Stream(process.stdout, logs / "stdout.txt"),
        _Stream(process.stderr, logs / "stderr.txt"),
    )
    for stream in streams:
        stream.start()
    late = False
    try:
        while process.poll() is None:
            late = time.monotonic() - began > timeout
            if late or stop.wait(0.02):
                break
    finally:
        _end(process, streams)
    seconds = time.monotonic() - began
    if stop.is_set():
        raise Stopped
    said = streams[1].last_line()
    if late:
        return Ended(None, f"no end after {timeout:g} s{': ' + said if said else ''}", seconds)
    return Ended(process.returncode, _complaint(process.returncode, said), seconds)


def _end(process: subprocess.Popen[bytes], streams: Sequence[_Stream]) -> None:
    """End the process, and what it left running in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in streams:
        stream.join(timeout=2)  # who left the session may hold the pipe for ever
        if not stream.is_alive():
            stream.pipe.close()


def _complaint(status: int, said: str) -> str:
    if status == 0:
        return ""
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = str(-status)
        return f"ended by {name}{': ' + said if said else ''}"
    return said or f"exit status {status}"
