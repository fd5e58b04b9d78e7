"""``migrator tf1-env``: which Python it takes, what it installs, what it leaves when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from migrator import cli, tf1_env

ROOT = Path(__file__).resolve().parent.parent

#: A Python 3.7 in all that the command asks: what it is, venv, pip, and TensorFlow's proof.
FAKE = """\
#!{python}
import os, sys, time
words = sys.argv[1:]
with open({log!r}, "a") as file:
    file.write(repr(words[:9]) + "\\n")
if words[0] == "-c" and "version_info" in words[1]:
    print('[[{version}], true, "{machine}"]')
elif words[0] == "-c":
    print("TensorFlow 1.15.5" if os.path.exists(os.path.join(os.path.dirname(sys.argv[0]), "tf"))
          else sys.exit("No module named tensorflow"))
elif words[:2] == ["-m", "venv"]:
    folder = os.path.join(words[2], "bin")
    os.makedirs(folder)
    me = open(sys.argv[0]).read()
    path = os.path.join(folder, "python")
    open(path, "w").write(me)
    os.chmod(path, 0o755)
elif words[:2] == ["-m", "pip"] and "tensorflow==1.15.5" in words:
    {pip}
    open(os.path.join(os.path.dirname(sys.argv[0]), "tf"), "w").close()
"""


class Fake:
    """Makes interpreters, and tells what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log.txt"

    def make(
        self,
        path: str = "bin/python3.7",
        version: str = "3, 7, 16",
        machine: str = "x86_64",
        pip: str = "pass",
    ) -> Path:
        """Write an interpreter and return its path."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        text = FAKE.format(
            python=sys.executable, log=str(self.log), version=version, machine=machine, pip=pip
        )
        place.write_text(text)
        place.chmod(0o755)
        return place

    def asked(self) -> str:
        """Return what interpreters were started with."""
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Interpreters of this test's own; none of this machine is found."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Fake(tmp_path)


def test_an_environment_is_made_and_proven(fake, tmp_path, capsys):
    """venv, pip, TensorFlow with what it needs, then a session; the line to use is printed."""
    fake.make()
    home = tmp_path / "tf1"
    assert cli.main(["tf1-env", str(home), "--with", "tensorflow-hub<0.13"]) == 0
    out, err = capsys.readouterr()
    assert out == f"--before-python {home}/bin/python\n"
    assert "TensorFlow 1.15.5 works" in err
    asked = fake.asked()
    for word in ("'install', '--upgrade', 'pip'", "tensorflow==1.15.5", "protobuf<3.21"):
        assert word in asked, asked
    count = asked.count("'venv'")
    # the second time it is there, and left
    assert cli.main(["tf1-env", str(home)]) == 0
    assert "already and is left as it is" in capsys.readouterr().err
    assert fake.asked().count("'venv'") == count


def test_all_that_keeps_tensorflow_1_working_is_asked_for(fake, tmp_path, monkeypatch):
    """Protobuf below 3.21 and h5py below 3 go into the one call that resolves everything."""
    calls: list[list[str]] = []
    fake.make()
    monkeypatch.setattr(tf1_env, "_pip", lambda python, words, wrong: calls.append(list(words)))
    monkeypatch.setattr(tf1_env, "_proof", lambda python: "TensorFlow 1.15.5")
    tf1_env.make(tmp_path / "x", extras=["keras<2.4"])
    assert calls[-1] == [
        "install",
        "tensorflow==1.15.5",
        "protobuf<3.21",
        "h5py<3",
        "keras<2.4",
    ]
    with pytest.raises(tf1_env.CannotMake, match="takes a requirement"):
        tf1_env.make(tmp_path / "y", extras=["--index-url=x"])
    assert not (tmp_path / "y").exists()


def test_a_failing_pip_leaves_nothing(fake, tmp_path, capsys):
    """Its last lines are said, exit status 2, and the folder is as it was."""
    failing = 'print("ERROR: No matching distribution found"); sys.exit(1)'
    fake.make(pip=failing)
    assert cli.main(["tf1-env", str(tmp_path / "new")]) == 2
    assert "No matching distribution found" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    (tmp_path / "empty").mkdir()
    assert cli.main(["tf1-env", str(tmp_path / "empty")]) == 2
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_tensorflow_that_does_not_work_leaves_nothing(fake, tmp_path, capsys):
    """An installed TensorFlow that fails its proof is no environment."""
    fake.make(pip="sys.exit(0)")
    assert cli.main(["tf1-env", str(tmp_path / "new")]) == 2
    assert "No module named tensorflow" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(fake, tmp_path, number):
    """Ctrl-C ends pip and removes what was made."""
    fake.make(pip="time.sleep(600)")
    home = tmp_path / "new"
    process = subprocess.Popen(
        [sys.executable, "-m", "migrator", "tf1-env", str(home)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while "tensorflow==1.15.5" not in fake.asked():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted" in err
    assert not home.exists()


def test_what_an_earlier_call_was_killed_over_is_made_anew(fake, tmp_path):
    """A half-made environment is known by its mark, and is no obstacle."""
    fake.make()
    home = tmp_path / "tf1"
    home.mkdir()
    (home / "migrator-tf1-env.json").write_text('{"finished": false}')
    (home / "rubbish").write_text("")
    assert tf1_env.make(home) == str(home / "bin" / "python")
    assert not (home / "rubbish").exists()


def test_somebody_elses_folder_is_refused(fake, tmp_path, capsys):
    """A folder with anything else in it, and a file, stay as they are."""
    fake.make()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.txt").write_text("x")
    assert cli.main(["tf1-env", str(tmp_path / "mine")]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (tmp_path / "mine" / "x.txt").exists()
    assert cli.main(["tf1-env", str(tmp_path / "mine" / "x.txt")]) == 2
    assert "is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "version"),
    [
        ("bin/python3.7", "3, 7, 16"),
        ("bin/python3.6", "3, 6, 15"),
        ("home/.pyenv/versions/3.7.9/bin/python3.7", "3, 7, 9"),
        (
            "home/.local/share/uv/python/cpython-3.7.9-linux-x86_64-gnu/bin/python3.7",
            "3, 7, 9",
        ),
        ("conda/tf1/bin/python3.6", "3, 6, 13"),
    ],
)
def test_where_a_python_is_found(fake, tmp_path, place, version):
    """On the path, and where pyenv, uv and conda keep theirs."""
    (tmp_path / "home" / ".conda").mkdir(parents=True)
    (tmp_path / "home" / ".conda" / "environments.txt").write_text(
        f"{tmp_path}/conda/base\n{tmp_path}/conda/tf1\n"
    )
    made = fake.make(place, version)
    assert tf1_env.find_python() == str(made)


def test_the_newest_and_3_7_come_first(fake, tmp_path):
    """3.7 before 3.6, 3.7.16 before 3.7.9; one that does not run is passed over."""
    fake.make("bin/python3.6", "3, 6, 15")
    fake.make("home/.pyenv/versions/3.7.9/bin/python3.7", "3, 7, 9")
    newest = fake.make("home/.pyenv/versions/3.7.16/bin/python3.7")
    shim = tmp_path / "bin" / "python3.7"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.7: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert tf1_env.find_python() == str(newest)


@pytest.mark.parametrize(
    ("version", "machine", "sentence"),
    [
        ("3, 11, 4", "x86_64", "is Python 3.11.4; TensorFlow 1.15.5 needs 3.7 or 3.6"),
        ("3, 7, 16", "aarch64", "runs on aarch64"),
    ],
)
def test_a_python_that_will_not_do_is_refused(fake, tmp_path, capsys, version, machine, sentence):
    """The reason is said, and nothing is made."""
    named = fake.make("odd/python", version, machine)
    assert cli.main(["tf1-env", str(tmp_path / "x"), "--python", str(named)]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_where_there_is_none_it_says_how_to_get_one(fake, tmp_path, capsys):
    """Exit status 2, what was looked at, and commands that provide a Python 3.7."""
    fake.make("bin/python3.7", machine="arm64")
    assert cli.main(["tf1-env", str(tmp_path / "x")]) == 2
    err = capsys.readouterr().err
    assert "runs on arm64" in err
    for hint in ("pyenv install 3.7", "uvx uv@", "conda create", "tensorflow/tensorflow:1.15.5"):
        assert hint in err
    assert cli.main(["tf1-env", str(tmp_path / "x"), "--python", "nowhere"]) == 2
    assert "is no interpreter" in capsys.readouterr().err


@pytest.mark.tf1
@pytest.mark.tensorflow
def test_the_proof_holds_in_a_real_environment(tf1_python):
    """A session runs and a Keras file loads in what is installed; h5py is below 3 there."""
    assert tf1_env._proof(Path(tf1_python)) == "TensorFlow 1.15.5"
    done = subprocess.run(
        [tf1_python, "-c", "import h5py; print(h5py.__version__)"],
        capture_output=True,
        text=True,
        check=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    assert int(done.stdout.partition(".")[0]) < 3


def test_the_fake_is_one():
    """The stand-in is Python, so that no test passes because it does not start."""
    compile(
        textwrap.dedent(FAKE).format(python="", log="", version="", machine="", pip="pass"),
        "f",
        "exec",
    )
