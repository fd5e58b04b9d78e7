"""The engine of a verification, with programs and a checker that need no TensorFlow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrator.results import ModelCheck, RunReport, Verdict, to_json
from migrator.verify import ManifestError, Verification, VerifyError, commands

ROOT = Path(__file__).resolve().parents[2]

TWO = """
[[entry]]
name = "train"
command = ["python", "train.py", "out/model", "7"]

[[entry]]
name = "more"
needs = ["train"]
command = ["python", "more.py"]
"""
#: Goes on from what ``train`` wrote.
MORE = """\
import sys
from train import write
write("out/more", open("out/model.index").read() + "!")
"""


def by_name(found: Verification) -> dict[str, ModelCheck]:
    """Return the checks by their names."""
    return {check.name: check for check in found.report.checks}


def tree_of(root: Path) -> dict[str, bytes]:
    """Return the files below a folder, less the work folder."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".migrator" not in path.parts
    }


def test_programs_run_in_copies_and_what_they_write_is_compared(repository, fake_checker):
    """Each side runs once, on the files that it needs, and the user's are as they were."""
    repository.put("more.py", MORE)
    repository.manifest(TWO)
    before = tree_of(repository.root)
    found = repository.verify()
    assert {name: check.verdict for name, check in by_name(found).items()} == {
        "train: out/model": Verdict.MATCH,
        "more: out/more": Verdict.MATCH,
    }
    assert found.status == 0 and found.match
    assert tree_of(repository.root) == before
    assert len(repository.ran()) == 2
    kept = found.work / "entries" / "more" / "after" / "tree"
    assert (kept / "out/more.index").read_text() == "7!"
    # only what an entry wrote is kept, and the needed entry's files are not its own
    assert sorted(p.name for p in kept.rglob("*") if p.is_file()) == [
        "more.data-00000-of-00001",
        "more.index",
    ]
    assert (found.work / ".gitignore").read_text() == "*\n"
    # no path of this machine in what a report shows
    assert str(repository.root) not in json.dumps(to_json(found.report))


def test_a_second_run_does_only_what_is_left(repository, fake_checker):
    """Nothing that did not change is run or checked again; what changed is, and what needs it."""
    repository.put("more.py", MORE)
    repository.manifest(TWO)
    first = repository.verify()
    calls = len(fake_checker.calls)
    assert first.reused == 0
    again = repository.verify()
    assert again.report == first.report
    assert again.reused == 4 + 2
    assert len(repository.ran()) == 2 and len(fake_checker.calls) == calls
    # the second entry only
    repository.manifest(TWO.replace('"more.py"', '"more.py", "x"'))
    third = repository.verify()
    assert third.reused == 2 + 1
    assert len(repository.ran()) == 2
    # the code: everything
    repository.put("helper.py", "x = 1\n")
    assert repository.verify().reused == 0
    assert len(repository.ran()) == 4
    assert repository.verify(fresh=True).reused == 0


def test_one_interpreter_may_be_spelled_in_two_ways(repository, fake_checker, tmp_path):
    """``bin/python`` and ``bin/python3`` of one environment share what is done."""
    repository.put("more.py", MORE)
    repository.manifest(TWO)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python", "python3"):
        # not a link: Python would take a linked one's home for its own
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (folder / name).chmod(0o755)
    assert repository.verify(before_python=str(folder / "python")).reused == 0
    assert repository.verify(before_python=str(folder / "python3")).reused == 4 + 2


def test_the_report_of_an_earlier_run_is_no_part_of_the_code(repository, fake_checker):
    """A report left in the repository does not make a later run start anew."""
    repository.put("more.py", MORE)
    repository.manifest(TWO)
    repository.verify(leave=[repository.root / "v.html"])
    repository.put("v.html", "a report")
    assert repository.verify().reused == 4 + 2
    repository.put("w.html", "another")
    assert repository.verify(leave=[repository.root / "w.html"]).reused == 4 + 2


def test_kept_files_that_somebody_changed_are_made_again(repository, fake_checker):
    """A result is taken over only while the files that it is about are as they were."""
    repository.manifest(TWO.partition('[[entry]]\nname = "more"')[0])
    found = repository.verify()
    kept = found.work / "entries/train/after/tree/out/model.index"
    kept.write_text("changed")
    again = repository.verify()
    assert kept.read_text() == "7" and again.match
    assert len(repository.ran()) == 3


def test_a_difference_is_a_mismatch(repository, fake_checker):
    """Other bytes on the after side: MISMATCH, exit status 1."""
    repository.manifest(
        """
        [[entry]]
        name = "train"
        before = { command = ["python", "train.py", "out/m", "1"] }
        after = { command = ["python", "train.py", "out/m", "2"] }
        """
    )
    found = repository.verify()
    assert by_name(found)["train: out/m"].verdict is Verdict.MISMATCH
    assert found.status == 1 and not found.match


def test_a_model_that_only_one_side_wrote_never_matches(repository, fake_checker):
    """Both are named, and neither is compared with anything else."""
    repository.manifest(
        """
        [[entry]]
        name = "train"
        before = { command = ["python", "train.py", "out/old", "1"] }
        after = { command = ["python", "train.py", "out/new", "1"] }
        """
    )
    found = repository.verify()
    checks = by_name(found)
    assert {check.verdict for check in checks.values()} == {Verdict.MISMATCH}
    assert "Only the program before" in str(checks["train: out/old"].error)
    assert "Only the program after" in str(checks["train: out/new"].error)
    assert fake_checker.calls == [] and found.status == 1


def test_an_entry_that_writes_no_model_has_to_say_so(repository, fake_checker):
    """No model is an error; with ``models = []`` there is nothing to check, and no match either."""
    text = '[[entry]]\nname = "quiet"\ncommand = ["python", "quiet.py"]\n'
    repository.put("quiet.py", "print('x')\n")
    repository.manifest(text)
    found = repository.verify()
    (check,) = found.report.checks
    assert check.verdict is Verdict.ERROR and "models = []" in str(check.error)
    repository.manifest(text + "models = []\n")
    found = repository.verify()
    assert found.report.checks == () and found.status == 1


def test_a_failing_command_says_its_last_words(repository, fake_checker):
    """The verdict is ERROR with the last line of stderr; what needs it is not run."""
    repository.put("bad.py", "import sys\nprint('ok')\nsys.exit('no such thing: model_dir')\n")
    repository.manifest(
        """
        [[entry]]
        name = "bad"
        before = { command = ["python", "bad.py"] }
        after = { command = ["python", "train.py", "out/m", "1"] }
        [[entry]]
        name = "next"
        needs = ["bad"]
        command = ["python", "train.py", "out/n", "1"]
        [[entry]]
        name = "other"
        command = ["python", "train.py", "out/o", "1"]
        """
    )
    found = repository.verify()
    checks = by_name(found)
    assert checks["bad"].verdict is checks["next"].verdict is Verdict.ERROR
    assert "before the migration does not run: no such thing: model_dir" in str(checks["bad"].error)
    assert "it needs bad" in str(checks["next"].error)
    assert checks["other: out/o"].match
    assert found.status == 1
    # what failed is tried again, what ran is not
    again = repository.verify()
    assert by_name(again)["bad"].verdict is Verdict.ERROR
    assert again.reused == 5  # bad and next after, other on both sides, and its check


def test_a_hanging_command_is_ended_with_its_children(repository, fake_checker, tmp_path):
    """The whole process group is gone after the time limit, and the verdict says so."""
    note = tmp_path / "pid"
    repository.put(
        "hang.py",
        f"""
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open({str(note)!r}, "w").write(str(child.pid))
        time.sleep(600)
        """,
    )
    repository.manifest(
        """
        [[entry]]
        name = "hang"
        timeout = 1.5
        before = { command = ["python", "train.py", "out/m", "1"] }
        after = { command = ["python", "hang.py"] }
        """
    )
    began = time.monotonic()
    found = repository.verify()
    assert time.monotonic() - began < 30
    assert "no end after 1.5 s" in str(found.report.checks[0].error)
    _assert_gone(int(note.read_text()))


def _assert_gone(pid: int) -> None:
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":  # nobody has waited for it, but it runs no more
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")


def test_a_child_that_keeps_the_pipe_open_does_not_keep_us(repository, fake_checker):
    """A background process that a command leaves behind is ended when the command is done."""
    repository.put(
        "leave.py",
        """
        import subprocess, sys
        from train import write
        write("out/m", "1")
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        """,
    )
    repository.manifest('[[entry]]\nname = "leave"\ncommand = ["python", "leave.py"]\n')
    began = time.monotonic()
    assert repository.verify().match
    assert time.monotonic() - began < 30


def test_a_flood_of_output_is_cut(repository, fake_checker, monkeypatch):
    """Megabytes of output neither stop a program nor fill the disk."""
    monkeypatch.setattr(commands, "MOST_OUTPUT", 1 << 20)
    repository.put(
        "flood.py",
        """
        import sys
        from train import write
        for stream in (sys.stdout, sys.stderr):
            for _ in range(64):
                stream.write("x" * (1 << 16) + "\\n")
        write("out/m", "1")
        """,
    )
    repository.manifest('[[entry]]\nname = "flood"\ncommand = ["python", "flood.py"]\n')
    found = repository.verify()
    assert found.match
    for side in ("before", "after"):
        for name in ("stdout.txt", "stderr.txt"):
            path = found.work / "entries/flood" / side / name
            assert 1 << 20 <= path.stat().st_size < (1 << 20) + 100
            assert b"cut here" in path.read_bytes()[-60:]


def test_the_environment_of_a_command(repository, fake_checker, monkeypatch):
    """oneDNN is off, PYTHONPATH gone, the entry's own variables win, python is the side's."""
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("TF2_BEHAVIOR", "1")  # what importing TensorFlow 2 leaves behind
    repository.put(
        "look.py",
        """
        import os, shutil, sys
        from train import write
        assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"
        assert "PYTHONPATH" not in os.environ
        assert "TF2_BEHAVIOR" not in os.environ
        assert os.environ["WHO"] == sys.argv[1]
        assert os.getcwd().endswith("sub")
        assert os.path.dirname(shutil.which("python")) == os.path.dirname(sys.executable)
        write("m", "1")
        """,
    )
    repository.put("sub/empty.txt", "")
    repository.manifest(
        """
        [[entry]]
        name = "look"
        cwd = "sub"
        env = { WHO = "b" }
        before = { command = ["python", "../look.py", "b"] }
        after = { command = ["python", "../look.py", "a"], env = { WHO = "a" } }
        """
    )
    found = repository.verify()
    assert [check.name for check in found.report.checks] == ["look: sub/m"], found.report.checks
    assert found.match


def test_linked_folders_are_linked_and_environments_not_copied(repository, fake_checker):
    """Large data is not copied, nor are virtual environments, caches, and what is excluded."""
    repository.put("data/big.txt", "5")
    repository.put("venv/pyvenv.cfg", "")
    repository.put("out/old.index", "stale")
    repository.put("__pycache__/x.pyc", "")
    repository.put(
        "read.py",
        """
        import os
        from train import write
        assert os.path.islink("data")
        assert not os.path.exists("venv") and not os.path.exists("out")
        write("made/m", open("data/big.txt").read())
        """,
    )
    repository.manifest(
        '[[entry]]\nname = "read"\ncommand = ["python", "read.py"]\n',
        'before = "."\nafter = "."\nlink = ["data"]\nexclude = ["out"]',
    )
    assert repository.verify().match
    assert (repository.root / "data/big.txt").read_text() == "5"
    repository.put("data/big.txt", "55")  # linked data counts, too
    assert repository.verify().reused == 0


def test_checkpoint_files_with_absolute_paths_name_the_copy(repository, fake_checker):
    """What TensorFlow wrote into ``checkpoint`` leads the next program to its own copy."""
    repository.put(
        "one.py",
        """
        import os
        from train import write
        write("out/m", "1")
        with open("out/checkpoint", "w") as file:
            file.write('model_checkpoint_path: "%s"' % os.path.abspath("out/m"))
        """,
    )
    repository.put(
        "two.py",
        """
        import os
        from train import write
        assert os.path.abspath("out/m") in open("out/checkpoint").read()
        write("out/n", "1")
        """,
    )
    repository.manifest(
        """
        [[entry]]
        name = "one"
        command = ["python", "one.py"]
        [[entry]]
        name = "two"
        needs = ["one"]
        command = ["python", "two.py"]
        """
    )
    found = repository.verify()
    assert found.match, found.report.checks


def test_named_models_and_their_options_reach_the_checker(repository, fake_checker):
    """Paths are the copies', files the manifest's, the rest as it is written."""
    repository.put("../x.json", "{}")
    repository.manifest(
        """
        [[entry]]
        name = "train"
        command = ["python", "train.py", "out/m", "1"]
        models = [{ after = "out/m", inputs = "../x.json", atol = 0.5, range = { x = [0, 1] } }]
        """
    )
    found = repository.verify()
    assert found.match
    (options,) = fake_checker.options
    assert options == {
        "inputs": str(repository.root / "../x.json"),
        "atol": 0.5,
        "ranges": {"x": (0, 1)},
        "before_python": sys.executable,
    }
    repository.put("../x.json", "{ }")
    assert repository.verify().reused == 2  # the commands, not the check


def test_a_named_model_that_is_not_there_cannot_be_opened(repository, fake_checker):
    """That is exit status 2, and the other checks are made."""
    repository.manifest(
        """
        [[entry]]
        name = "train"
        command = ["python", "train.py", "out/m", "1"]
        models = [{ after = "out/none" }, { after = "out/m" }]
        """
    )
    found = repository.verify()
    checks = by_name(found)
    assert checks["train: out/none"].verdict is Verdict.ERROR
    assert checks["train: out/m"].match
    assert found.status == 2


def test_stored_models_need_no_tensorflow_1(repository, fake_checker, monkeypatch):
    """Without a before command no interpreter is looked for; a changed stored model is seen."""
    monkeypatch.chdir(repository.root)
    repository.put("kept/m.index", "1")
    repository.put("kept/m.data-00000-of-00001", "1")
    repository.manifest(
        """
        [[entry]]
        name = "train"
        after = { command = ["python", "train.py", "out/m", "1"] }
        models = [{ stored = "kept/m", after = "out/m" }]
        """,
        'after = "."',
    )
    found = repository.verify(before_python=None)
    assert found.match
    assert found.report.checks[0].before == "kept/m (stored)"
    assert "before_python" not in fake_checker.options[0]
    repository.put("kept/m.index", "2")
    assert not repository.verify(before_python=None).match


def test_without_tensorflow_1_it_says_how_to_get_it(repository, fake_checker):
    """The sentence names the command that makes the environment, and the option."""
    repository.manifest(TWO)
    with pytest.raises(VerifyError) as caught:
        repository.verify(before_python=None)
    assert "migrator tf1-env DIR" in str(caught.value)
    assert "--before-python" in str(caught.value)
    with pytest.raises(VerifyError, match="no interpreter"):
        repository.verify(before_python="/nowhere/python")
    assert repository.ran() == []


def test_git_revisions(repository, fake_checker):
    """``git:REVISION`` is the code as it was committed, and the repository stays as it is."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *words],
            cwd=repository.root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    git("init", "-q", ".")
    repository.put(".gitattributes", "train.py export-ignore\n")
    repository.put("sub/train.py", "raise SystemExit('from a subfolder')\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    text = '[[entry]]\nname = "train"\ncommand = ["python", "train.py", "out/m", "1"]\n'
    repository.put("train.py", "raise SystemExit('broken since')\n")
    repository.manifest(text, 'before = "git:HEAD"\nafter = "git:HEAD"')
    status = git("status", "--porcelain")
    assert repository.verify().match
    assert git("status", "--porcelain") == status
    repository.manifest(text, 'before = "git:HEAD"\nafter = "."')
    assert "broken since" in str(repository.verify().report.checks[0].error)
    repository.manifest(text, 'before = "git:HEAD:sub"\nafter = "git:HEAD"')
    assert "from a subfolder" in str(repository.verify().report.checks[0].error)
    repository.manifest(text, 'before = "git:nosuch"\nafter = "."')
    with pytest.raises(VerifyError, match="git:nosuch cannot be had"):
        repository.verify()


def test_originals_laid_over_the_migrated_code(repository, fake_checker):
    """``over`` is the code with the files of ``originals`` in place of the migrated ones."""
    repository.put("keep/train.py", (repository.root / "train.py").read_text())
    repository.put("train.py", "import bridge\nraise SystemExit('migrated')\n")
    repository.put("bridge.py", "")
    text = (
        '[[entry]]\nname = "train"\n'
        'before = { command = ["python", "-c", "import os, sys; assert not '
        "os.path.exists('bridge.py'); sys.argv[1:] = ['out/m', '1']; "
        "exec(open('train.py').read())\"] }\n"
        'after = { command = ["python", "train.py"] }\n'
    )
    repository.manifest(
        text,
        'before = { over = ".", originals = "keep", created = ["bridge.py"] }\nafter = "."',
    )
    found = repository.verify()
    error = str(found.report.checks[0].error)
    assert "after the migration does not run: migrated" in error
    assert "before" not in error
    assert not (found.work / "source/before/keep").exists()


def test_wrong_reports_and_folders_are_said(repository, fake_checker, tmp_path):
    """What cannot be used is named before anything runs."""
    repository.manifest(TWO, 'before = "."\nafter = "."\nreport = "none.json"')
    with pytest.raises(VerifyError, match=r"none\.json cannot be read"):
        repository.verify()
    repository.manifest(TWO, 'before = "gone"\nafter = "."')
    with pytest.raises(VerifyError, match="gone is not a folder"):
        repository.verify()
    repository.manifest(TWO)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("x")
    with pytest.raises(VerifyError, match="holds no verification"):
        repository.verify(work=full)
    assert (full / "mine.txt").exists()
    with pytest.raises(ManifestError):
        repository.verify(before_python="x") if repository.put("verify.toml", "x") else None


def test_the_report_of_the_migration_is_carried_on(repository, fake_checker):
    """Files, programs and rules are the migration's; the checks of that report are not."""
    from migrator.results import FileResult, ModelCheck, Program

    base = RunReport(
        files=(FileResult("train.py"), FileResult("tf2_bridge.py", created=True)),
        programs=(Program(("train.py",), ("train.py",)),),
        checks=(ModelCheck("a", "b"),),
        command="migrate",
        wrote=True,
    )
    repository.put("r.json", json.dumps(to_json(base)))
    repository.manifest(
        '[[entry]]\nname = "t"\ncommand = ["python", "train.py", "out/m", "1"]\n',
        'before = "."\nafter = "."\nreport = "r.json"',
    )
    found = repository.verify()
    assert found.report.files == base.files and found.report.command == "verify"
    (check,) = found.report.checks
    assert check.covers == ("train.py", "tf2_bridge.py")


INTERRUPTED = """
import sys
sys.path[:0] = {paths!r}
import conftest
from migrator import checker, cli
from migrator.verify import interpreters
checker.check = conftest.FakeChecker()
interpreters.probe = lambda role, path: interpreters.Interpreter(path)
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on_where_it_was(repository, tmp_path, number):
    """What ended is not run again, what was half-run starts from a clean copy, nothing survives."""
    gate = tmp_path / "gate"
    pids = tmp_path / "pids"
    repository.put(
        "slow.py",
        f"""
        import os, sys, time
        from train import write
        assert not os.path.exists("half.txt"), "not a clean copy"
        open("half.txt", "w").close()
        with open({str(pids)!r}, "a") as file:
            file.write(str(os.getpid()) + "\\n")
        while not os.path.exists({str(gate)!r}):
            time.sleep(0.05)
        write("out/slow", "1")
        """,
    )
    repository.manifest(
        """
        [[entry]]
        name = "quick"
        command = ["python", "train.py", "out/m", "1"]
        [[entry]]
        name = "slow"
        needs = ["quick"]
        command = ["python", "slow.py"]
        """
    )
    code = INTERRUPTED.format(paths=[str(ROOT), str(Path(__file__).parent)])
    words = [sys.executable, "-c", code, "verify", "verify.toml"]
    words += ["--before-python", sys.executable]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            words,
            cwd=repository.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    process = start()
    deadline = time.monotonic() + 60
    while not (pids.exists() and len(pids.read_text().split()) >= 1):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "2 of 4 commands" in err and "run the same command" in err, err
    assert "Traceback" not in err
    for pid in pids.read_text().split():
        _assert_gone(int(pid))
    assert len(repository.ran()) == 2
    gate.write_text("")
    process = start()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert len(repository.ran()) == 2  # the finished one did not run again
    assert "2 of 2 checks MATCH" in out and "2 results are an earlier run's" in out


def test_two_runs_at_once_are_refused(repository, fake_checker):
    """The work folder is one run's at a time."""
    from migrator.verify.state import WorkFolder

    repository.manifest(TWO)
    work = repository.root / ".migrator" / "verify"
    with WorkFolder(work, fresh=False), pytest.raises(VerifyError, match="another verification"):
        repository.verify()
