"""Run the worker for one side or two, within limits of time, memory and chatter."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

__all__ = ["Job", "WorkerFailed", "no_room", "run_jobs", "tensorflow_environment"]

WORKER = Path(__file__).resolve().parent.parent / "worker"

#: The words with which a worker says what came of its request.
STATUSES = ("ok", "cannot_open", "cannot_carry", "bad_input", "out_of_memory", "no_tensorflow")

#: A worker that writes more than this to stderr is ended.
MOST_STDERR = 8 << 20
_KEPT_STDERR = 1 << 16

#: How TensorFlow begins a log line: absl's ``I0000 00:00:1700000000.123456  789 file.cc:31] ``,
#: TensorFlow 1's ``2020-01-01 00:00:00.123456: I tensorflow/...`` and Python's logging.  A
#: fatal one (F) is left out here, as it says why the process died.
_LOG_LINE = re.compile(
    r"[IWE]\d{4} \d\d:\d\d:\d"
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    r"|(INFO|WARNING):tensorflow:"
    r"|WARNING: All log messages before absl::InitializeLog"
    r"|To enable the following instructions:"
)
_LOGGED_ERROR = re.compile(r"E\d{4} |[-\d]+ [:.\d]+: E ")


class WorkerFailed(Exception):
    """A worker died, hung or said too much.

    ``phase`` is how far it came: empty or ``python`` before TensorFlow was imported,
    ``open`` while the model was opened, ``run`` afterwards.  ``ended`` is False when it had
    to be ended.
    """

    def __init__(self, role: str, phase: str, message: str, *, ended: bool) -> None:
        super().__init__(message)
        self.role = role
        self.phase = phase
        self.ended = ended


@dataclass
class Job:
    """One worker process: what it is asked, and where it answers."""

    role: str
    python: str
    out: Path
    request: Mapping[str, Any]
    foreign: bool = False  #: the interpreter was named by the user
    program: Path = WORKER  #: what it runs
    threads: int | None = 1  #: that TensorFlow uses; as many as it likes when None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _tail: bytearray = field(default_factory=bytearray, init=False)
    _written: int = field(default=0, init=False)
    _reader: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the process in a session of its own, so that its children end with it.

        Raises:
            WorkerFailed: the operating system refuses to run the interpreter.
            OSError: the request cannot be written.
        """
        self.out.mkdir()
        path = self.out / "request.json"
        path.write_text(json.dumps({**self.request, "out": str(self.out)}), encoding="utf-8")
        try:
            self.process = subprocess.Popen(
                [self.python, str(self.program), str(path)],
                env=_environment(self.foreign, self.threads),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            message = f"does not start: {error}"
            raise WorkerFailed(self.role, "", message, ended=True) from None
        assert self.process.stderr is not None
        self._reader = threading.Thread(
            target=self._drain, args=(self.process.stderr,), daemon=True
        )
        self._reader.start()

    def _drain(self, stream: IO[bytes]) -> None:
        while block := os.read(stream.fileno(), 1 << 16):
            self._written += len(block)
            self._tail += block
            del self._tail[:-_KEPT_STDERR]

    def stop(self) -> None:
        """End the process and its children, if they still run."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()
        self.process.wait()
        if self._reader is not None:
            self._reader.join(timeout=1)
            if not self._reader.is_alive() and self.process.stderr is not None:
                self.process.stderr.close()

    def done(self) -> bool:
        """Return whether the process has ended.

        Raises:
            WorkerFailed: it writes megabytes to stderr.
        """
        assert self.process is not None
        if self._written > MOST_STDERR:
            raise self.failure(f"wrote more than {MOST_STDERR >> 20} MiB to stderr")
        return self.process.poll() is not None

    def waits(self) -> bool:
        """Return whether the process waits for a description that its peer has not written."""
        peer = self.request.get("peer")
        return bool(peer) and self.phase == "await" and not os.path.exists(str(peer))

    @property
    def phase(self) -> str:
        """How far the worker says it came; empty when it did not begin."""
        try:
            return (self.out / "phase").read_text(encoding="utf-8")
        except OSError:
            return ""

    @property
    def complaint(self) -> str:
        """The last line of stderr that says something, or an empty string.

        TensorFlow's log lines do not count, but where a process died without another word,
        the last error that it logged does.
        """
        text = bytes(self._tail).decode("utf-8", "replace")
        lines = [line.strip() for line in text.splitlines()]
        lines = [line for line in lines if any(character.isalnum() for character in line)]
        said = [line for line in lines if not _LOG_LINE.match(line)]
        if not said and self.process is not None and self.process.poll():
            said = [line for line in lines if _LOGGED_ERROR.match(line)]
        return said[-1][:500] if said else ""

    def failure(self, what: str) -> WorkerFailed:
        """Return the exception that says what the process did, and the end of its stderr."""
        ended = self.process is not None and self.process.poll() is not None
        if ended and self._reader is not None:
            self._reader.join(timeout=1)  # the last words may still be in the pipe
        said = f": {self.complaint}" if self.complaint else ""
        return WorkerFailed(self.role, self.phase, f"{what}{said}", ended=ended)

    def result(self) -> dict[str, Any]:
        """Return the answer of a process that has ended.

        Raises:
            WorkerFailed: there is none.
        """
        assert self.process is not None
        code = self.process.returncode
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = str(-code)
            raise self.failure(f"was ended by {name}")
        if code > 0:
            raise self.failure(f"ended with exit status {code}")
        try:
            data = json.loads((self.out / "result.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise self.failure("ended without an answer") from None
        if not isinstance(data, dict) or data.get("status") not in STATUSES:
            raise self.failure("gave an answer that cannot be read")
        return data


def tensorflow_environment() -> dict[str, str]:
    """Return our environment as a process is given it that runs TensorFlow for a comparison.

    oneDNN reorders float arithmetic, which makes equal models differ.  TensorFlow 2 sets
    ``TF2_BEHAVIOR`` when it is imported, which would turn TensorFlow 1.15 into something else
    if our own process has imported it.
    """
    environment = dict(os.environ)
    environment.update(
        TF_ENABLE_ONEDNN_OPTS="0",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="",
        PYTHONDONTWRITEBYTECODE="1",
    )
    environment.pop("TF2_BEHAVIOR", None)
    return environment


def _environment(foreign: bool, threads: int | None = 1) -> dict[str, str]:
    """Return the environment of a worker.

    ``PYTHONHOME`` and ``PYTHONPATH`` belong to the interpreter that runs us, not to one of
    another version.
    """
    environment = tensorflow_environment()
    if threads is not None:
        environment.update(TF_NUM_INTRAOP_THREADS=str(threads), TF_NUM_INTEROP_THREADS=str(threads))
    if foreign:
        environment.pop("PYTHONHOME", None)
        environment.pop("PYTHONPATH", None)
    return environment


def run_jobs(jobs: Sequence[Job], timeout: float, *, parallel: bool) -> list[dict[str, Any]]:
    """Run jobs and return their answers, in order.

    Args:
        jobs: the workers; a later one may wait for files of an earlier one.
        timeout: seconds for all of them together.
        parallel: start them at once rather than one after the other.

    Returns:
        The answers; fewer than jobs when one says that it could not open or run its side.  A job
        that waited for the description of a side that ended without one is ended as well, and
        has only ``{"status": "ended"}`` for an answer.

    Raises:
        WorkerFailed: one of them did not answer; the others are ended.
        OSError: a request cannot be written.
    """
    deadline = time.monotonic() + timeout
    results: list[dict[str, Any]] = []
    try:
        if parallel:
            for job in jobs:
                job.start()
        for job in jobs:
            if job.process is None:
                job.start()
            if not _wait(job, jobs, deadline, timeout):
                results.append({"status": "ended"})
                continue
            results.append(job.result())
            if results[-1]["status"] != "ok":
                break  # the next one would wait for files that never come
    finally:
        for job in jobs:
            job.stop()
    return results


def _wait(job: Job, jobs: Sequence[Job], deadline: float, timeout: float) -> bool:
    """Wait until a process has ended; return False if it waits for one that ended before."""
    while not job.done():
        if time.monotonic() > deadline:
            raise job.failure(f"did not finish within {timeout:g} s")
        others = [other for other in jobs if other is not job and other.process is not None]
        if others and all(other.done() for other in others) and job.waits():
            return False
        time.sleep(0.01)
    return True


def no_room(reason: str) -> str:
    """Return the sentence that says why the folder for temporary files cannot be used."""
    try:
        folder = tempfile.gettempdir()
    except OSError:  # there is none in which a file can be made
        folder = os.environ.get("TMPDIR", "/tmp")
    return (
        f"The folder for temporary files, {folder}, cannot be used: {reason}; "
        "make room in it, or set TMPDIR to another one."
    )


def default_memory() -> int | None:
    """Return half of the machine's memory in bytes, for each of two workers; None if unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return None


def parallel_is_faster() -> bool:
    """Return whether two interpreters can import TensorFlow at the same time."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1
