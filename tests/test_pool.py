"""Results come in order, a crash costs one item, and Ctrl-C ends everything at once."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from migrator import pool
from migrator.pool import Failure, run

METHODS = ["fork", "spawn"]


def square(number: int) -> int:
    """Return the square, the later the smaller the number."""
    time.sleep(0.002 * max(0, 5 - number))
    return number * number


def process_id(_: int) -> int:
    """Return the process that works on the item, after a moment of work."""
    time.sleep(0.002)
    return os.getpid()


def crash_on_three(number: int) -> int:
    """End the process in different ways for some numbers."""
    if number == 3:
        faulthandler.disable()  # pytest's would print a page of traceback
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 5:
        os._exit(7)
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def raise_on_three(number: int) -> int:
    """Raise for one number."""
    if number == 3:
        raise ValueError("three is wrong")
    return number


def crash(_: int) -> int:
    """End the process."""
    os._exit(1)


def unpicklable(number: int) -> object:
    """Return what cannot cross to another process, for one number."""
    return (lambda: 1) if number == 3 else number


class Prickly:
    """An item or result that pickles but cannot be unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("not a number",)


def prickly(number: object) -> object:
    """Return a result that cannot be unpickled, for one number."""
    return Prickly() if number == 3 else number


def large(number: int) -> bytes:
    """Return more than a pipe holds."""
    return bytes([number]) * 300_000


@pytest.fixture(autouse=True)
def alone():
    """No process outlives a call, whatever happened in it."""
    import multiprocessing

    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("method", METHODS)
def test_results_are_in_the_order_of_the_items(method):
    """However long each takes; and on_done hears of each exactly once, in this process."""
    heard: list[tuple[int, object]] = []
    here = os.getpid()

    def on_done(index: int, result: object) -> None:
        assert os.getpid() == here
        heard.append((index, result))

    items = list(range(20))
    results = run(square, items, jobs=2, on_done=on_done, start_method=method)
    assert results == [number * number for number in items]
    assert sorted(heard) == list(enumerate(results))


def test_few_items_and_one_job_stay_in_this_process():
    """Starting processes for them would cost more than it saves."""
    assert set(run(process_id, range(3), jobs=8, start_method="fork")) == {os.getpid()}
    assert set(run(process_id, range(15), jobs=8, start_method="spawn")) == {os.getpid()}
    assert set(run(process_id, range(50), jobs=1)) == {os.getpid()}
    assert run(square, [], jobs=4) == []
    heard: list[tuple[int, object]] = []
    run(square, [2, 3], jobs=1, on_done=lambda *done: heard.append(done))
    assert heard == [(0, 4), (1, 9)]


def test_many_items_are_shared_out():
    """Two jobs are two other processes."""
    processes = set(run(process_id, range(200), jobs=2, start_method="fork"))
    assert len(processes) == 2
    assert os.getpid() not in processes


@pytest.mark.parametrize("method", METHODS)
def test_a_crash_costs_one_item_and_names_its_cause(method):
    """Segmentation fault, exit and kill: all other items have their results."""
    results = run(crash_on_three, range(20), jobs=2, start_method=method)
    reasons = {i: r.reason for i, r in enumerate(results) if isinstance(r, Failure)}
    assert reasons == {
        3: "the process that worked on it was ended by SIGSEGV",
        5: "the process that worked on it ended with exit code 7",
        7: "the process that worked on it was ended by SIGKILL, "
        "as the system does when memory runs out",
    }
    assert [r for r in results if not isinstance(r, Failure)] == [
        number for number in range(20) if number not in (3, 5, 7)
    ]


def test_a_crash_on_every_item_still_ends():
    """Every item has a Failure."""
    results = run(crash, range(9), jobs=2, start_method="fork")
    assert [type(result) for result in results] == [Failure] * 9


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_becomes_the_result_of_its_item(jobs):
    """In this process as in another, with its traceback for the one who must mend it."""
    results = run(raise_on_three, range(8), jobs=jobs, start_method="fork")
    failure = results.pop(3)
    assert results == [0, 1, 2, 4, 5, 6, 7]
    assert isinstance(failure, Failure)
    assert failure.reason == "ValueError: three is wrong"
    assert "raise_on_three" in failure.details
    assert repr(failure) == "Failure('ValueError: three is wrong')"


def test_what_cannot_cross_to_another_process_is_said():
    """Results and items that do not pickle, or do not unpickle, cost only themselves."""
    results = run(unpicklable, range(8), jobs=2, start_method="fork")
    assert "its result cannot be sent" in results[3].reason
    results = run(prickly, range(8), jobs=2, start_method="fork")
    assert "its result cannot be read" in results[3].reason
    assert results[4:] == [4, 5, 6, 7]
    items = [*range(4), lambda: 1, Prickly(), 6, 7]
    results = run(prickly, items, jobs=2, start_method="fork")
    assert "cannot be sent to another process" in results[4].reason
    assert "cannot be read in another process" in results[5].reason
    assert results[6:] == [6, 7]


def test_a_thousand_items_that_cannot_be_sent_are_no_recursion():
    """Each has its Failure."""
    results = run(square, [lambda: 1] * 3000, jobs=2, start_method="fork")
    assert all(isinstance(result, Failure) for result in results)


def test_results_larger_than_a_pipe_arrive_whole():
    """300 kB each."""
    results = run(large, range(20), jobs=2, start_method="fork")
    assert results == [bytes([number]) * 300_000 for number in range(20)]


def test_an_error_in_on_done_ends_the_processes():
    """It propagates; the fixture sees that nothing is left."""

    def on_done(index: int, result: object) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        run(square, range(20), jobs=2, on_done=on_done, start_method="fork")


def test_processes_that_cannot_start_are_an_error_and_no_endless_loop(tmp_path):
    """Spawned processes that cannot import the function die before they have an item."""
    (tmp_path / "gone.py").write_text("def work(item):\n    return item\n")
    script = tmp_path / "main.py"
    script.write_text(
        "import os, sys\n"
        "import gone\n"
        "from migrator.pool import run\n"
        "if __name__ == '__main__':\n"
        "    os.unlink(gone.__file__)\n"
        "    try:\n"
        "        run(gone.work, range(50), jobs=2, start_method='spawn')\n"
        "    except RuntimeError as error:\n"
        "        print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-B", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(pool.__file__).parent.parent)},
    )
    assert result.stdout == "worker processes cannot start (exit code 1)\n"


def test_fork_is_used_only_while_there_is_one_thread():
    """A fork copies the locks that other threads hold."""
    assert sys.platform != "linux" or threading.active_count() > 1 or pool._start_method() == "fork"
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert pool._start_method() == "spawn"
    finally:
        stop.set()
        thread.join()


def test_wrong_numbers_of_jobs_are_refused():
    """And the default is at least one."""
    assert pool.default_jobs() >= 1
    assert run(square, [1, 2]) == [1, 4]
    with pytest.raises(ValueError, match="at least 1"):
        run(square, [1], jobs=0)


SLOW = """
import os, sys, time
from migrator.pool import run
def slow(item):
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(60)
if __name__ == "__main__":
    try:
        run(slow, range(40), jobs=2, start_method=sys.argv[2])
    except KeyboardInterrupt:
        print("interrupted")
"""


def start_slow(folder: Path, method: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a program whose two workers sleep, in a process group of its own."""
    script, log = folder / "slow.py", folder / "log"
    script.write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, script, log, method],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(pool.__file__).parent.parent)},
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if log.exists() and log.read_text().count("\n") == 2:
            return process, [int(line) for line in log.read_text().split()]
        time.sleep(0.01)
    process.kill()
    raise AssertionError(f"the workers did not start: {process.communicate()}")


def ended(process_id: int, seconds: float) -> bool:
    """Return whether a process is gone, or a zombie that nobody here can reap, in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("group", [True, False], ids=["terminal", "parent only"])
def test_an_interrupt_ends_all_within_a_second_and_quietly(tmp_path, method, group):
    """Ctrl-C of a terminal reaches the whole group, kill -INT the parent only."""
    process, workers = start_slow(tmp_path, method)
    begin = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert time.monotonic() - begin < 1
    assert (output, errors, process.returncode) == ("interrupted\n", "", 0)
    assert all(ended(worker, 1) for worker in workers)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("method", METHODS)
def test_an_interrupt_means_nothing_to_a_worker(tmp_path, method):
    """It goes on until the parent decides, so its traceback never runs into the parent's words."""
    process, workers = start_slow(tmp_path, method)
    for worker in workers:
        os.kill(worker, signal.SIGINT)
    assert not any(ended(worker, 0.2) for worker in workers)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("interrupted\n", "")


NAP = SLOW.replace("time.sleep(60)", "time.sleep(1)")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("method", METHODS)
def test_workers_do_not_outlive_a_killed_parent(tmp_path, monkeypatch, method):
    """After kill -9 each ends with the item it holds, because its pipe ends."""
    monkeypatch.setattr(sys.modules[__name__], "SLOW", NAP)
    process, workers = start_slow(tmp_path, method)
    process.kill()
    process.communicate()
    assert all(ended(worker, 10) for worker in workers)
