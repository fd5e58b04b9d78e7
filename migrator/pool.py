"""Apply a function to many items in several processes, and lose neither an item nor the order.

``concurrent.futures`` gives up the whole pool when one worker dies, and cannot say which item
killed it.  Here each worker holds one item at a time, so a crash (a parser's segmentation fault,
the kernel's out-of-memory killer) costs that item only, and is reported with its cause.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import deque

TYPE_CHECKING = False  # typing.TYPE_CHECKING costs the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess
    from typing import Any, TypeVar

    Item = TypeVar("Item")
    Result = TypeVar("Result")

__all__ = ["Failure", "default_jobs", "rare_collections", "run"]

#: Below so many items per further process, starting it takes longer than it saves.  A spawned
#: process imports everything again (libcst alone 0.1 s); a forked one is there in milliseconds.
_ITEMS_PER_PROCESS = {"fork": 2, "forkserver": 8, "spawn": 8}


_READY = b""  # no pickle is empty
_NOBODYS = -1  # index of the item of a process that died before it had one


class Failure:
    """What stands in the place of a result that could not be computed."""

    __slots__ = ("details", "reason")

    def __init__(self, reason: str, details: str = "") -> None:
        self.reason = reason  #: one sentence
        self.details = details  #: the traceback, when there is one

    def __repr__(self) -> str:
        return f"Failure({self.reason!r})"


def default_jobs() -> int:
    """Return how many processes this process may run at once: the CPUs that it is allowed."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for reference cycles less often; syntax trees are large and hold none.

    Looking through them took a quarter of the time of a run.  Forked processes take this over.
    """
    import gc

    before = gc.get_threshold()
    if before[0]:  # else somebody turned it off
        gc.set_threshold(max(before[0], 20_000), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def run(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    jobs: int | None = None,
    on_done: Callable[[int, Result | Failure], object] | None = None,
    start_method: str | None = None,
) -> list[Result | Failure]:
    """Return ``[function(item) for item in items]``, computed in up to ``jobs`` processes.

    An item whose call raises, or whose process dies, gets a :class:`Failure`; the others finish.
    With one job, or so few items that starting processes costs more than it saves, everything runs
    here.  On KeyboardInterrupt the processes are ended at once and it propagates.

    Args:
        function: Importable by name; it, the items and the results must pickle when processes are
            spawned.
        items: The arguments, in the order of the results.
        jobs: At most so many processes; None for one per CPU.
        on_done: Called here with the index and result of each item as it is done, in any order.
        start_method: Of ``multiprocessing``; None for fork on Linux while this process has one
            thread, else spawn.

    Raises:
        ValueError: ``jobs`` is less than one.
        RuntimeError: The system does not let processes start.
    """
    todo = list(items)
    jobs = default_jobs() if jobs is None else jobs
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    if start_method is None:
        start_method = _start_method()
    jobs = min(jobs, len(todo) // _ITEMS_PER_PROCESS[start_method])
    if jobs > 1:
        import multiprocessing

        return _Pool(function, todo, multiprocessing.get_context(start_method), on_done).run(jobs)
    results: list[Result | Failure] = []
    for index, item in enumerate(todo):
        results.append(_call(function, item))
        if on_done is not None:
            on_done(index, results[-1])
    return results


def _start_method() -> str:
    import threading

    # A fork copies the locks that other threads hold, and on macOS system libraries break.
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


def _call(function: Callable[[Item], Result], item: Item) -> Result | Failure:
    try:
        return function(item)
    except Exception as error:
        import traceback

        reason = "".join(traceback.format_exception_only(error)).strip()
        return Failure(reason, traceback.format_exc())


class _Worker:
    """A process, our end of the pipe to it, and the index of the item that it holds."""

    def __init__(self, process: BaseProcess, pipe: Connection[Any, Any]) -> None:
        self.process = process
        self.pipe = pipe
        self.ready = False
        self.index: int | None = None


class _Pool:
    def __init__(
        self,
        function: Callable[[Any], Any],
        items: list[Any],
        context: BaseContext,
        on_done: Callable[[int, Any], object] | None,
    ) -> None:
        self.function = function
        self.items = items
        self.context = context
        self.on_done = on_done
        self.waiting = deque(range(len(items)))
        self.results: dict[int, Any] = {}
        self.workers: dict[Connection[Any, Any], _Worker] = {}

    def run(self, jobs: int) -> list[Any]:
        from multiprocessing.connection import wait

        try:
            for _ in range(jobs):
                self.hire()
            while len(self.results) < len(self.items):
                for pipe in wait(list(self.workers)):
                    self.listen(self.workers[pipe])  # type: ignore[index]
        except BaseException:
            for worker in self.workers.values():
                worker.process.kill()
            raise
        finally:
            for worker in self.workers.values():
                worker.pipe.close()  # an idle worker ends when it reads the end of the pipe
            for worker in self.workers.values():
                worker.process.join()
        return [self.results[index] for index in range(len(self.items))]

    def hire(self) -> None:
        """Start a process; it reports when it is ready for an item."""
        ours, theirs = self.context.Pipe()
        # A forked worker inherits our ends of all pipes.  While it held one, the death of this
        # process would not end the pipe, and an orphan would wait for ever.
        inherited = [ours, *self.workers] if self.context.get_start_method() == "fork" else []
        process = self.context.Process(  # type: ignore[attr-defined]
            target=_work, args=(self.function, theirs, inherited), daemon=True
        )
        with _interrupts_held():
            process.start()
            theirs.close()
            self.workers[ours] = _Worker(process, ours)

    def listen(self, worker: _Worker) -> None:
        """Take what a process has to say: that it is ready, its result, or that it is dead."""
        try:
            data = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            self.bury(worker)
            return
        if data == _READY:
            worker.ready = True
        elif worker.index is not None:
            index, worker.index = worker.index, None
            self.done(index, _unpickled(data))
        while self.waiting and worker.index is None:
            self.give(worker, self.waiting.popleft())

    def give(self, worker: _Worker, index: int) -> None:
        """Send an item to an idle process, or report it as one that cannot be sent."""
        worker.index = index
        try:
            worker.pipe.send(self.items[index])
        except OSError:  # it died while it was idle, which is not the fault of the item
            self.waiting.appendleft(index)
            worker.index = _NOBODYS
        except Exception as error:
            worker.index = None
            self.done(index, Failure(f"cannot be sent to another process: {error}"))

    def bury(self, worker: _Worker) -> None:
        """Report the item of a process that died, and start another in its place."""
        del self.workers[worker.pipe]
        worker.pipe.close()
        worker.process.join(1)
        if worker.process.is_alive():
            worker.process.kill()  # it closed the pipe and went on
            worker.process.join()
        if not worker.ready:
            raise RuntimeError(
                f"worker processes cannot start (exit code {worker.process.exitcode})"
            )
        if worker.index is not None and worker.index != _NOBODYS:
            self.done(worker.index, Failure(_cause_of_death(worker.process.exitcode)))
        if self.waiting:
            self.hire()

    def done(self, index: int, result: Any) -> None:
        self.results[index] = result
        if self.on_done is not None:
            self.on_done(index, result)


def _unpickled(data: bytes) -> Any:
    import pickle

    try:
        return pickle.loads(data)  # from our own process, not from outside
    except Exception as error:
        return Failure(f"its result cannot be read from the other process: {error}")


def _cause_of_death(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        memory = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"the process that worked on it was ended by {name}{memory}"
    return f"the process that worked on it ended with exit code {code}"


def _work(function: Callable[[Any], Any], pipe: Connection[Any, Any], inherited: list[Any]) -> None:
    """Answer items until the pipe ends: the life of a worker process."""
    # Ctrl-C reaches every process of the terminal; what becomes of it is the parent's to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for other in inherited:
        other.close()
    import pickle

    with contextlib.suppress(OSError):  # whoever started us is gone already: recv says so
        pipe.send_bytes(_READY)
    while True:
        try:
            item = pipe.recv()
        except (EOFError, OSError):
            return
        except Exception as error:
            result: Any = Failure(f"cannot be read in another process: {error}")
        else:
            result = _call(function, item)
        try:
            data = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            failure = Failure(f"its result cannot be sent between processes: {error}")
            data = pickle.dumps(failure, pickle.HIGHEST_PROTOCOL)
        try:
            pipe.send_bytes(data)
        except OSError:
            return


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while a process starts, lest it die of it with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
