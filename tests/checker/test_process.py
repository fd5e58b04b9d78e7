"""The worker processes: whatever they do, and however the check ends, none is left."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from migrator.checker import CannotOpen, check, process
from migrator.results import Verdict

ROOT = Path(__file__).resolve().parent.parent.parent


def runs(pid: int) -> bool:
    """Return whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # it has just ended, or the system has no such files
        return not Path("/proc/self").exists()


def soon(true: Callable[[], bool]) -> bool:
    """Return whether something comes true within some seconds."""
    limit = time.monotonic() + 20
    while not true():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


STUB = """\
import os, sys, time, types
__version__ = "2.0.0"
def nothing(*args): pass
class Reader:
    def __init__(self, prefix):
{body}
compat = types.SimpleNamespace(v1=types.SimpleNamespace(
    logging=types.SimpleNamespace(set_verbosity=nothing, ERROR=0),
    train=types.SimpleNamespace(NewCheckpointReader=Reader)))
"""


@pytest.fixture
def fake(tmp_path: Path) -> Any:
    """Return a maker of interpreters whose TensorFlow runs the given code, and a checkpoint."""
    for file in ("m.index", "m.data-00000-of-00001"):
        (tmp_path / file).touch()

    def make(when_read: str = "pass", when_imported: str = "", name: str = "python") -> str:
        site = tmp_path / f"site-{name}"
        site.mkdir()
        body = "\n".join("        " + line for line in when_read.splitlines())
        (site / "tensorflow.py").write_text(when_imported + "\n" + STUB.format(body=body))
        wrapper = tmp_path / name
        wrapper.write_text(
            f'#!/bin/sh\nPYTHONPATH="{site}" exec "{sys.executable}" "$@"\n', encoding="utf-8"
        )
        wrapper.chmod(0o755)
        return str(wrapper)

    return SimpleNamespace(make=make, prefix=tmp_path / "m", root=tmp_path)


DEATHS = [
    ("os.write(2, b'first\\nlast words\\n'); os.abort()", "SIGABRT", "last words"),
    ("os.write(2, b'all is lost\\n\\n---\\n'); os._exit(3)", "exit status 3", "all is lost"),
    ("os._exit(0)", "ended without an answer", ""),
    ("raise SystemExit('gave up')", "exit status 1", "gave up"),
    ("raise KeyboardInterrupt", "", "KeyboardInterrupt"),
]


@pytest.mark.parametrize(("code", "how", "said"), DEATHS)
def test_a_worker_that_dies(fake: Any, code: str, how: str, said: str) -> None:
    """The verdict is ERROR with the last line of stderr."""
    python = fake.make(code)
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert how in found.error
    assert said in found.error
    assert str(fake.prefix) in found.error


LOGGED = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795275894.108942   23576 cudart_stub.cc:31] Could not find cuda drivers",
    "W0000 00:00:1795275894.108942   23576 gpu.cc:1] no GPU",
    "2020-01-01 00:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:142] AVX2",
    "WARNING:tensorflow:from here on",
]
REFUSED = "E0000 00:00:1795275894.108942   23576 cuda_dnn.cc:8310] cannot register"
FATAL = "F0000 00:00:1795275894.108942   23576 tensor.cc:5] Check failed: dims == 2"


@pytest.mark.parametrize(
    ("lines", "ending", "expected"),
    [
        ([*LOGGED, REFUSED], "time.sleep(600)", "did not finish within 2 s"),
        (["real trouble", *LOGGED, REFUSED], "time.sleep(600)", "within 2 s: real trouble"),
        ([FATAL, *LOGGED], "os._exit(3)", f"exit status 3: {FATAL}"),
        ([REFUSED, *LOGGED], "os._exit(3)", f"exit status 3: {REFUSED}"),
        (LOGGED, "os._exit(3)", "ended with exit status 3"),
    ],
)
def test_log_lines_are_not_what_went_wrong(
    fake: Any, lines: list[str], ending: str, expected: str
) -> None:
    """A fatal line is, and an error that was logged where a dead process said nothing else."""
    text = "".join(line + "\n" for line in lines)
    python = fake.make(f"os.write(2, {text.encode()!r}); {ending}")
    limit = 2 if "sleep" in ending else 60
    found = check(
        fake.prefix, fake.prefix, after_python=python, before_python=python, timeout=limit
    )
    assert found.error
    assert expected in found.error
    for line in LOGGED:
        assert line not in found.error
    if REFUSED not in expected:
        assert REFUSED not in found.error


def test_a_reader_that_refuses_the_file(fake: Any) -> None:
    """What TensorFlow says of a checkpoint that it cannot read is passed on, in one line."""
    python = fake.make("raise RuntimeError('checksum does not match\\nin block 3')")
    with pytest.raises(CannotOpen) as caught:
        check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert "its variables cannot be read: checksum does not match; write it" in str(caught.value)


@pytest.mark.parametrize("error", ["MemoryError()", "RuntimeError('OOM when allocating tensor')"])
def test_memory_that_runs_out_is_not_taken_for_damage(fake: Any, error: str) -> None:
    """The model may be fine: the verdict is ERROR and speaks of the limit."""
    python = fake.make(f"raise {error}")
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "does not fit into the memory limit" in found.error


@pytest.mark.parametrize(
    "code",
    [
        "time.sleep(600)",
        "import signal\nfor s in (15, 2, 1): signal.signal(s, signal.SIG_IGN)\ntime.sleep(600)",
        "os.close(2); os.close(1); time.sleep(600)",
    ],
)
def test_a_worker_that_hangs_is_ended(fake: Any, code: str) -> None:
    """The time limit holds whatever the process ignores or closes."""
    python = fake.make(code)
    start = time.monotonic()
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=2)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "did not finish within 2 s" in found.error
    assert time.monotonic() - start < 20


def test_an_interpreter_that_hangs_is_ended(fake: Any) -> None:
    """So does it before the worker has begun."""
    fake.root.joinpath("sleepy").write_text("#!/bin/sh\nsleep 600\n")
    fake.root.joinpath("sleepy").chmod(0o755)
    sleepy = str(fake.root / "sleepy")
    found = check(fake.prefix, fake.prefix, before_python=sleepy, after_python=sleepy, timeout=1)
    assert found.error
    assert "did not finish within 1 s" in found.error


def test_a_worker_that_prints_without_end(fake: Any) -> None:
    """Megabytes on stderr end the worker long before the time limit."""
    python = fake.make("while True: os.write(2, b'noise ' * 1000 + b'\\n')")
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=120)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "MiB to stderr" in found.error
    assert len(found.error) < 2000


def test_a_worker_that_fills_stdout_does_not_block(fake: Any) -> None:
    """Nobody reads stdout, so a model that prints there cannot fill a pipe and hang."""
    python = fake.make("for _ in range(500): os.write(1, b'x' * 10000)\nos._exit(4)")
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.error
    assert "exit status 4" in found.error


def test_children_of_a_worker_end_with_it(fake: Any) -> None:
    """A process that a model leaves behind neither survives nor keeps the check waiting."""
    pid = fake.root / "pid"
    code = (
        "if os.fork() == 0:\n"
        f"    open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        f"path = {str(pid)!r}\n"
        "while not (os.path.exists(path) and open(path).read()): time.sleep(0.01)\n"
        "os._exit(5)"
    )
    python = fake.make(code)
    start = time.monotonic()
    # the after side would start a second child under the same file
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert time.monotonic() - start < 30
    child = int(pid.read_text())
    assert soon(lambda: not runs(child)), "the child still runs"


@pytest.mark.parametrize(
    ("answer", "npz"),
    [
        ("{", None),
        ("[]", None),
        ('{"status": "splendid"}', None),
        ('{"status": "ok", "python": "3", "tensorflow": "2"}', None),
        ('{"status": "ok", "python": "3", "tensorflow": "2", "variables": []}', b"PK"),
        (
            '{"status": "ok", "python": "3", "tensorflow": "2", "variables": [{"names": ["w"],'
            '"bookkeeping": false, "array": {"key": "k", "dtype": "float32", "shape": [1]}}]}',
            b"",
        ),
    ],
)
def test_a_worker_that_lies(fake: Any, answer: str, npz: bytes | None) -> None:
    """An answer that is no answer is an ERROR, never a match or a traceback."""
    code = (
        "request = __import__('json').load(open(sys.argv[1]))\n"
        "out = request['out']\n"
        f"open(out + '/result.json', 'w').write({answer!r})\n"
        + (f"open(out + '/arrays.npz', 'wb').write({npz!r})\n" if npz is not None else "")
        + "os._exit(0)"
    )
    python = fake.make(code)
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "answer" in found.error


@pytest.mark.parametrize(
    ("imported", "message"),
    [
        ("raise ImportError('libcudart.so.10: no such file')", "libcudart.so.10"),
        ("import os; os.write(2, b'Illegal instruction\\n'); os.abort()", "Illegal instruction"),
    ],
)
def test_an_interpreter_whose_tensorflow_does_not_import(
    fake: Any, imported: str, message: str
) -> None:
    """The side cannot be opened: the interpreter, the reason and the way out are named."""
    python = fake.make(when_imported=imported)
    with pytest.raises(CannotOpen) as caught:
        check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert message in str(caught.value)
    assert python in str(caught.value)
    assert "--before-python" in str(caught.value)


def test_an_interpreter_that_is_no_python(fake: Any) -> None:
    """A program that ends happily and answers nothing is no interpreter."""
    with pytest.raises(CannotOpen, match="true, which ended without an answer"):
        check(fake.prefix, fake.prefix, before_python="true", after_python="true", timeout=60)


def test_a_file_that_the_system_cannot_run(fake: Any) -> None:
    """An executable file in no format that the system knows is named as such."""
    (fake.root / "broken").write_bytes(b"\x7fELF nothing")
    (fake.root / "broken").chmod(0o755)
    with pytest.raises(CannotOpen, match="broken, which does not start"):
        check(fake.prefix, fake.prefix, before_python=str(fake.root / "broken"))


def test_the_failing_side_is_named(fake: Any) -> None:
    """When only the after side dies, the error says so."""
    answer = (
        "import json; request = json.load(open(sys.argv[1])); out = request['out']\n"
        "import numpy; numpy.savez(out + '/arrays.npz', a=[1])\n"
        "open(out + '/result.json', 'w').write("
        '\'{"status": "ok", "python": "3", "tensorflow": "2", "variables": []}\')\n'
        "os._exit(0)"
    )
    good, bad = fake.make(answer, name="good"), fake.make("os.abort()", name="bad")
    found = check(fake.prefix, fake.prefix, before_python=good, after_python=bad, timeout=60)
    assert found.error
    assert "The process of the after side" in found.error


@pytest.mark.parametrize("parallel", [True, False])
def test_sides_run_together_or_one_by_one(
    fake: Any, monkeypatch: pytest.MonkeyPatch, parallel: bool
) -> None:
    """On one core the second process starts when the first has ended."""
    monkeypatch.setattr(
        importlib.import_module("migrator.checker.comparison"),
        "parallel_is_faster",
        lambda: parallel,
    )
    times = fake.root / "times"
    code = (
        f"log = open({str(times)!r}, 'a', 1)\n"
        "log.write('start\\n'); time.sleep(0.5); log.write('end\\n')\n"
        "import json; request = json.load(open(sys.argv[1])); out = request['out']\n"
        "import numpy; numpy.savez(out + '/arrays.npz', a=[1])\n"
        "open(out + '/result.json', 'w').write("
        '\'{"status": "ok", "python": "3", "tensorflow": "2", "variables": []}\')\n'
        "os._exit(0)"
    )
    python = fake.make(code)
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.error == "The checkpoints hold no variables: nothing was compared."
    order = times.read_text().split()
    assert order == (["start", "start", "end", "end"] if parallel else ["start", "end"] * 2)


def test_nothing_is_left_behind(fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder with the workers' answers is removed, whatever became of them."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    python = fake.make("os.abort()")
    check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_foreign_interpreter_does_not_inherit_our_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONPATH is for the interpreter that runs us; TensorFlow's settings are for both."""
    monkeypatch.setenv("PYTHONPATH", "ours")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    monkeypatch.setenv("TF2_BEHAVIOR", "1")  # which importing TensorFlow 2 leaves behind
    assert "PYTHONPATH" not in process._environment(True)
    assert process._environment(False)["PYTHONPATH"] == "ours"
    for foreign in (True, False):
        found = process._environment(foreign)
        assert found["TF_ENABLE_ONEDNN_OPTS"] == "0"
        assert found["TF_CPP_MIN_LOG_LEVEL"] == "3"
        assert found["CUDA_VISIBLE_DEVICES"] == ""
        assert "TF2_BEHAVIOR" not in found


def test_importing_the_checker_imports_neither_numpy_nor_tensorflow() -> None:
    """The command line can know the checker without paying for it."""
    code = (
        "import sys, migrator.checker; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'tensorflow')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


# --- a check that is ended --------------------------------------------------------------

#: Notes which process reads the checkpoint, and never comes back.
HANG = "open({folder!r} + '/' + str(os.getpid()), 'w').close()\n"


class Running:
    """``migrator check`` on two workers that hang, in a process of its own."""

    def __init__(self, fake: Any, code: str) -> None:
        self.pids = fake.root / "pids"
        self.temporary = fake.root / "temporary"
        self.pids.mkdir()
        self.temporary.mkdir()
        python = fake.make(HANG.format(folder=str(self.pids)) + code)
        words = ["check", "--timeout", "120", "--before-python", python, "--after-python", python]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "migrator", *words, str(fake.prefix), str(fake.prefix)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def workers(self) -> list[int]:
        """Return the workers that have begun to read."""
        return [int(path.name) for path in self.pids.iterdir()]

    def alive(self) -> list[int]:
        """Return the workers that still run."""
        return [pid for pid in self.workers() if runs(pid)]


@pytest.fixture
def hanging(fake: Any) -> Iterator[Callable[[str], Running]]:
    """Return what starts a check whose workers hang, and waits until they do."""
    started = []

    def start(code: str) -> Running:
        running = Running(fake, code)
        started.append(running)
        wanted = 2 if process.parallel_is_faster() else 1
        assert soon(lambda: len(running.workers()) == wanted), running.workers()
        return running

    yield start
    for running in started:
        running.process.kill()
        running.process.communicate()
        for pid in running.alive():
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_check_that_is_ended_leaves_nothing(
    hanging: Callable[[str], Running], number: signal.Signals
) -> None:
    """A timeout, a cancelled job, a closed terminal and Ctrl-C end the workers and their files."""
    running = hanging("time.sleep(600)")
    assert len(list(running.temporary.iterdir())) == 1
    running.process.send_signal(number)
    out, err = running.process.communicate(timeout=20)
    assert (running.process.returncode, out, err) == (130, "", "migrator: interrupted\n")
    assert running.alive() == []
    assert list(running.temporary.iterdir()) == []


HOLD = "import ctypes\nctypes.PyDLL(None).sleep(600)"


@pytest.mark.parametrize(
    "code",
    [
        "time.sleep(600)",
        pytest.param(
            HOLD, marks=pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's kernel")
        ),
    ],
    ids=["sleeps", "holds Python's lock"],
)
def test_workers_end_with_a_check_that_is_killed(
    hanging: Callable[[str], Running], code: str
) -> None:
    """Nothing can clean up after SIGKILL, so that a worker looks after its parent itself."""
    running = hanging(code)
    running.process.kill()
    running.process.wait()
    assert soon(lambda: running.alive() == []), running.alive()


ORPHAN = """
import importlib.util, os, sys, time
spec = importlib.util.spec_from_file_location("orphan", sys.argv[1])
orphan = importlib.util.module_from_spec(spec)
spec.loader.exec_module(orphan)
asked = []
orphan._ask_kernel = lambda: asked.append(1)
orphan.INTERVAL = 0.02
os.setsid()
orphan.end_with_parent()
child = os.fork()
open(os.path.join(sys.argv[2], str(os.getpid())), "w").close()
time.sleep(600)
"""


def orphan_ends(python: str, folder: Path) -> None:
    """See a process and its child end with the process that started them, by looking alone."""
    watcher = ROOT / "migrator" / "worker" / "orphan.py"
    words = [python, "-c", ORPHAN, str(watcher), str(folder)]
    code = f"import subprocess; subprocess.Popen({words!r}).wait()"
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        assert soon(lambda: len(list(folder.iterdir())) == 2)
        pids = [int(path.name) for path in folder.iterdir()]
        time.sleep(0.1)
        assert all(map(runs, pids))
    finally:
        parent.kill()
        parent.wait()
    assert soon(lambda: not any(map(runs, pids)))


def test_an_orphan_ends_by_looking(tmp_path: Path) -> None:
    """Where no kernel tells it; and what it started ends with it."""
    orphan_ends(sys.executable, tmp_path)


@pytest.mark.tf1
def test_an_orphan_ends_under_an_old_python(tf1_python: str, tmp_path: Path) -> None:
    """The same under the interpreter of a TensorFlow 1 environment."""
    orphan_ends(tf1_python, tmp_path)


# --- no room ----------------------------------------------------------------------------

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from migrator.cli import main
sys.exit(main(["check", *sys.argv[2:]]))
"""


@pytest.mark.parametrize("room", [0, 16], ids=["none at all", "not for a request"])
def test_no_room_for_temporary_files(fake: Any, room: int) -> None:
    """A full disk is neither a mismatch nor a traceback: one sentence that names the folder."""
    python = fake.make()
    words = ["--before-python", python, "--after-python", python, fake.prefix, fake.prefix]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(fake.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "The folder for temporary files" in done.stderr
    assert "set TMPDIR" in done.stderr
    assert not list(fake.root.glob("migrator-check-*"))


def test_no_room_for_an_answer(fake: Any) -> None:
    """A disk that is full in the worker is not taken for an interpreter without TensorFlow."""
    python = fake.make(when_imported="raise SystemExit('No space left on device')")
    with pytest.raises(CannotOpen, match=r"folder for temporary files.*No space left on device"):
        check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
