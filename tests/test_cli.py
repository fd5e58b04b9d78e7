"""The command line as a user meets it: output, exit statuses, bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrator import cli

ROOT = Path(__file__).resolve().parent.parent

LEGACY = """\
import tensorflow as tf

saver = tf.train.Saver()
with tf.Session() as sess:
    saver.save(sess, "model/ckpt")
"""
PLAIN = "def mean(values):\n    return sum(values) / len(values)\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with one legacy file and one that has nothing to do, as the cwd."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "train.py").write_text(LEGACY)
    (tmp_path / "util.py").write_text(PLAIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Return (exit status, standard output, standard error) of ``migrator ARGUMENTS``."""
    try:
        status = cli.main(list(arguments))
    except SystemExit as stop:
        status = int(stop.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_scan_finds_and_changes_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``scan`` exits with 1 where TensorFlow 1 saving code is left, and writes nothing."""
    status, out, _ = run(capsys, "scan", ".")
    assert status == 1
    assert "saver" in out and "native: 1" in out
    assert (repository / "train.py").read_text() == LEGACY


@pytest.mark.parametrize("arguments", [("scan", "util.py"), ("migrate", "util.py")])
def test_nothing_to_do(
    repository: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """Files without saving code exit with 0."""
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (0, "")
    assert "1 file" in err


def test_migrate_prints_a_diff_that_applies(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --write the diff goes to standard output, and is one that git takes."""
    status, out, err = run(capsys, "migrate", ".")
    assert status == 1
    assert "add --write" in err
    assert (repository / "train.py").read_text() == LEGACY
    assert not (repository / "tf2_bridge.py").exists()
    done = subprocess.run(["git", "apply", "-"], input=out, text=True, check=False, cwd=repository)
    assert done.returncode == 0
    applied = {path.name: path.read_text() for path in repository.glob("*.py")}
    (repository / "train.py").write_text(LEGACY)
    (repository / "tf2_bridge.py").unlink()
    assert run(capsys, "migrate", "--write", ".")[0] == 0
    assert {path.name: path.read_text() for path in repository.glob("*.py")} == applied


def test_migrate_writes_and_is_done(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--write exits with 0 when nothing is left, and a second run and a scan find nothing."""
    status, out, _ = run(capsys, "migrate", "--write", ".")
    assert (status, out) == (0, "")
    text = (repository / "train.py").read_text()
    assert "self.make_saver()" in text
    assert (repository / "tf2_bridge.py").exists()
    assert (repository / "util.py").read_text() == PLAIN
    assert run(capsys, "migrate", ".")[:2] == (0, "")
    assert run(capsys, "scan", ".")[0] == 0
    assert (repository / "train.py").read_text() == text


def test_what_is_left_for_a_person_fails(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--write exits with 1 when something stays manual, and names it with a way out."""
    (repository / "train.py").write_text(LEGACY.replace("Saver()", "Saver(write_version=1)"))
    status, _, err = run(capsys, "migrate", "--write", ".")
    assert status == 1
    assert "write_version" in err and "Drop" in err


def test_suppressed_is_no_failure(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A suppressed line is neither changed nor a reason to fail."""
    text = LEGACY.replace("Saver()", "Saver()  # migrator: keep[TFM201] read elsewhere")
    (repository / "train.py").write_text(text)
    assert run(capsys, "scan", ".")[0] == 0
    assert run(capsys, "migrate", ".")[:2] == (0, "")


def test_reports_are_written(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--report can be repeated; the format follows the ending."""
    names = ["out.html", "out.md", "out.json", "out.sarif", "out.txt"]
    arguments = [word for name in names for word in ("--report", name)]
    assert run(capsys, "scan", ".", *arguments)[0] == 1
    for name in names:
        assert "train.py" in (repository / name).read_text(encoding="utf-8")
    report = json.loads((repository / "out.json").read_text(encoding="utf-8"))
    assert report["format"] == 1
    assert str(repository) not in json.dumps(report)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("scan", "nowhere.py"), "nowhere.py"),
        (("scan", ".", "--report", "x.pdf"), ".pdf"),
        (("scan", ".", "--report", "missing/x.html"), "missing"),
        (("scan", ".", "--select", "TFM2O1"), "did you mean TFM201"),
        (("scan", ".", "--select", ","), "--select"),
        (("scan", ".", "--ignore", "TFM801"), "cannot be left out"),
        (("scan", ".", "--jobs", "0"), "--jobs"),
        (("rules", "save"), "did you mean"),
        (("check", "nowhere", "nowhere"), "nowhere"),
        (("demo", "."), "not empty"),
        (("verify", "nowhere.toml"), "nowhere.toml cannot be read"),
        (("verify", "train.py"), "is not TOML"),
        (("verify", "nowhere.toml", "--jobs", "0"), "--jobs"),
        (("migrate", ".", "--manifest", "missing/verify.toml"), "missing"),
        (("scan", "-"), "migrate -"),
        (("migrate", "-", "x.py"), "stdin"),
        (("frobnicate",), "frobnicate"),
        (("scan",), "PATH"),
        ((), "COMMAND"),
    ],
)
def test_wrong_usage_says_what_and_exits_with_2(
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    """Wrong usage exits with 2 and names the word that is wrong."""
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert sentence in err
    assert "Traceback" not in err


def test_missing_path_does_not_stop_the_others(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing path is said and exits with 2, and the other paths are migrated."""
    status, _, err = run(capsys, "migrate", "--write", "train.py", "gone.py")
    assert status == 2
    assert "gone.py" in err
    assert "self.make_saver()" in (repository / "train.py").read_text()


def test_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty folder is said, and is no failure."""
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "scan", ".")
    assert (status, out) == (0, "")
    assert "no Python files" in err


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("binary.py", b"Saver\x00\x01", "binary"),
        ("latin.py", b"# \xe9t\xe9\nSaver = 1\n", "utf-8"),
        ("wide.py", "Saver = 1\n".encode("utf-16"), "UTF-16"),
        ("old.py", b"import tensorflow as tf\nprint 'x'\nsaver = tf.train.Saver()\n", "Python 2"),
        ("broken.py", b"import tensorflow as tf\nsaver = tf.train.Saver(\n", "line"),
    ],
)
def test_bad_files_are_named_and_the_others_go_on(
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes,
    sentence: str,
) -> None:
    """A file that cannot be read or parsed stays as it is; the others are migrated."""
    (repository / name).write_bytes(content)
    status, _, err = run(capsys, "migrate", "--write", ".")
    assert status == 1
    assert name in err and sentence in err
    assert (repository / name).read_bytes() == content
    assert "self.make_saver()" in (repository / "train.py").read_text()


def test_read_only_file(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that may not be written is said and its program stays as it is."""
    target = repository / "train.py"
    target.chmod(0o444)
    status, _, err = run(capsys, "migrate", "--write", ".")
    assert status == 2
    assert "train.py" in err and "read-only" in err
    assert target.read_text() == LEGACY
    assert not (repository / "tf2_bridge.py").exists()


def test_stdin(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` reads stdin: the diff, or with --write the new text, goes to standard output."""

    def pipe(*arguments: str, text: bytes = LEGACY.encode()) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "migrator", "migrate", "-", *arguments],
            input=text,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    shown = pipe()
    assert shown.returncode == 1
    assert b"--- a/stdin.py\n+++ b/stdin.py\n" in shown.stdout
    written = pipe("--write", text=LEGACY.replace("\n", "\r\n").encode())
    assert written.returncode == 0
    assert b"saver = self.make_saver()\r\n" in written.stdout
    assert pipe("--write", text=PLAIN.encode()).stdout == PLAIN.encode()
    assert pipe("--write", text=b"\xff\xfe").returncode == 2


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` of each command shows an example and the exit statuses."""
    words = ("scan", "migrate", "check", "verify", "tf1-env", "rules", "demo")
    for command in ((), *((word,) for word in words)):
        status, out, _ = run(capsys, *command, "--help")
        assert status == 0
        assert "example:" in out and f"migrator {' '.join(command)}".strip() in out


def test_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """``rules`` lists every code; with a code or a name it prints the documentation."""
    status, out, _ = run(capsys, "rules")
    assert status == 0 and "TFM101" in out and "TFM901" in out
    for word in ("TFM201", "tfm201", "saver"):
        status, out, _ = run(capsys, "rules", word)
        assert status == 0 and "What it does" in out and "Safety" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` prints the versions that matter."""
    status, out, _ = run(capsys, "--version")
    assert status == 0 and "migrator " in out and "libcst " in out


def test_interrupt_is_said_once(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends with 130 and one line, and no file is changed."""
    from migrator import migration

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migration, "migrate", stop)
    status, out, err = run(capsys, "migrate", "--write", ".")
    assert (status, out) == (130, "")
    assert err.count("\n") == 1 and "interrupted" in err
    assert (repository / "train.py").read_text() == LEGACY


def test_demo_without_tensorflow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without TensorFlow the demo migrates and reports, and says how to get the checks."""
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorflow" else real(name)
    )
    status, out, _ = run(capsys, "demo", str(tmp_path / "here"))
    assert status == 1  # nothing was proven
    assert "pip install 'tf-migrator[check]'" in out
    assert (tmp_path / "here" / "report.html").stat().st_size > 10_000
    assert "tf2_bridge.GraphModule" in (tmp_path / "here/legacy/ema/train.py").read_text()


def test_output_is_no_terminal(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Piped output holds no escape sequences and no progress bar."""
    cli.main(["migrate", "."])
    captured = capfd.readouterr()
    assert "\x1b" not in captured.out + captured.err


def test_the_diff_applies_from_a_subfolder_and_in_every_encoding(
    repository: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Piped, the diff holds each file's own bytes, and git finds new files from below the root."""
    (repository / ".git").rmdir()
    subprocess.run(["git", "init", "-q", "."], cwd=repository, check=True)
    contents = {
        "bom.py": b"\xef\xbb\xbf" + LEGACY.encode(),
        "latin.py": b"# -*- coding: latin-1 -*-\n# \xe9\n" + LEGACY.encode(),
        "dos.py": LEGACY.replace("\n", "\r\n").encode(),
    }
    (repository / "sub").mkdir()
    (repository / "sub" / "util.py").write_text(PLAIN)
    for name, content in contents.items():
        (repository / "sub" / name).write_bytes(content)
    assert cli.main(["migrate", "sub"]) == 1
    patch = capfdbinary.readouterr().out
    done = subprocess.run(["git", "apply"], input=patch, cwd=repository / "sub", check=False)
    assert done.returncode == 0
    applied = {path.name: path.read_bytes() for path in (repository / "sub").iterdir()}
    assert b"GraphModule" in applied["latin.py"] and "tf2_bridge.py" in applied
    for name, content in contents.items():
        (repository / "sub" / name).write_bytes(content)
    (repository / "sub" / "tf2_bridge.py").unlink()
    assert cli.main(["migrate", "--write", "sub"]) == 0
    assert {path.name: path.read_bytes() for path in (repository / "sub").iterdir()} == applied


def test_notebooks_are_migrated_like_files(
    repository: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A notebook that saves is scanned, shown as a patch that applies, and written."""
    (repository / "train.py").unlink()
    cell = '{"cells": [{"cell_type": "code", "source": ["import tensorflow as tf\\n", "%s"]}]}'
    (repository / "saves.ipynb").write_text(cell % "s = tf.train.Saver()")
    (repository / "plots.ipynb").write_text(cell % "tf.Session()")
    assert cli.main(["scan", "-v", "."]) == 1
    out, err = capfdbinary.readouterr()
    assert b"saves.ipynb:cell 1:2:5" in out and b"plots.ipynb" not in out + err
    assert cli.main(["migrate", "."]) == 1
    patch, _ = capfdbinary.readouterr()
    subprocess.run(["git", "apply"], input=patch, cwd=repository, check=True)
    applied = (repository / "saves.ipynb").read_bytes()
    assert b"s = tf2_bridge.Saver()" in applied and (repository / "tf2_bridge.py").is_file()
    (repository / "saves.ipynb").write_text(cell % "s = tf.train.Saver()")
    (repository / "tf2_bridge.py").unlink()
    assert cli.main(["migrate", "--write", "."]) == 0
    assert (repository / "saves.ipynb").read_bytes() == applied
    assert cli.main(["migrate", "."]) == 0
    assert (repository / "plots.ipynb").read_text() == cell % "tf.Session()"


def test_interrupted_writes_leave_programs_whole(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while writing ends after the program at hand, and says how many files changed."""
    import signal

    from migrator import writing

    for name in ("one", "two"):
        (repository / name).mkdir()
        (repository / name / "train.py").write_text(LEGACY)
    (repository / "train.py").unlink()
    real = writing.replace_all

    def interrupted(*arguments: object) -> None:
        signal.raise_signal(signal.SIGINT)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "replace_all", interrupted)
    status, _, err = run(capsys, "migrate", "--write", ".")
    assert status == 130
    assert "2 files were written" in err
    whole = [
        (repository / name / "tf2_bridge.py").exists()
        and "tf2_bridge" in (repository / name / "train.py").read_text()
        for name in ("one", "two")
    ]
    untouched = [(repository / name / "train.py").read_text() == LEGACY for name in ("one", "two")]
    assert sorted(whole) == [False, True] and sorted(untouched) == [False, True]


CHECKED = """
import sys
from migrator import checker, cli
from migrator.results import ContractDelta, CheckStatus, ModelCheck, Verdict
many = tuple(ContractDelta(f"signatures/s{n}", CheckStatus.MISSING, "", "") for n in range(3000))
checker.check = lambda *paths, **more: ModelCheck(*paths, contract=many, verdict=Verdict(%r))
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("code", "words", "status"),
    [
        ("-m", "migrator scan .", 1),
        ("-m", "migrator scan util.py", 0),
        ("-m", "migrator migrate .", 1),
        ("-um", "migrator migrate . --report out.json", 1),
        ("-m", "migrator migrate --write .", 0),
        ("-m", "migrator rules", 0),
        ("-um", "migrator rules TFM101", 0),
        ("-m", "migrator --help", 0),
        ("-m", "migrator --version", 0),
        ("-m", "migrator rules TFM999", 2),
        (CHECKED % "match", "check old new", 0),
        (CHECKED % "match", "check -q old new", 0),
        (CHECKED % "mismatch", "check old new --report out.json", 1),
    ],
)
@pytest.mark.parametrize("gone", ["stdout", "both"])
def test_nobody_reads_the_output(
    repository: Path, code: str, words: str, status: int, gone: str
) -> None:
    """``| head`` changes neither the exit status nor what is written, and says nothing of it."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, *([code] if code[0] == "-" else ["-c", code]), *words.split()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writing,
        stderr=writing if gone == "both" else subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == status
    assert "Broken" not in (done.stderr or "") and "Traceback" not in (done.stderr or "")
    assert ("--report" in words) == (repository / "out.json").exists()


@pytest.mark.parametrize("words", ["rules", "migrate .", "--help"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_output_that_cannot_be_written(repository: Path, words: str) -> None:
    """On a full disk the output that somebody wanted is lost: that is said, and no success."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "migrator", *words.split()],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "migrator: the output was not written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_closed_output(repository: Path) -> None:
    """A process that was started without standard output runs all the same."""
    done = subprocess.run(
        f'"{sys.executable}" -m migrator migrate . >&-',
        shell=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_defect_is_no_verdict(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody expected ends with 2, not with 1 as a difference does."""
    from migrator import checker

    def broken(*paths: str, **more: object) -> None:
        raise LookupError("a defect")

    monkeypatch.setattr(checker, "check", broken)
    status, out, err = run(capsys, "check", "old", "new")
    assert (status, out) == (2, "")
    assert "LookupError: a defect" in err and "report it" in err.splitlines()[-1]
