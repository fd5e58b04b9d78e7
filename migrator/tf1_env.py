"""Make a virtual environment with TensorFlow 1.15.5, to run code before its migration."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from migrator.interrupts import termination_interrupts

__all__ = ["CannotMake", "find_python", "make"]

#: What is installed.  Protobuf from 3.21 on refuses the code that TensorFlow 1.15 generated, and
#: h5py 3 returns text where its Keras expects bytes, so Keras files do not load with it
#: (TensorFlow 1.15.5 asks for h5py up to 2.10 itself; an extra package must not undo that).
PACKAGES = ("tensorflow==1.15.5", "protobuf<3.21", "h5py<3")

#: Pythons for which there are wheels of TensorFlow 1.15.5, best first.
VERSIONS = ((3, 7), (3, 6))

_MARK = "migrator-tf1-env.json"

_ABOUT = (
    "import json, platform, sys, venv, ensurepip;"
    "print(json.dumps([list(sys.version_info[:3]), sys.maxsize > 2**32, platform.machine()]))"
)

#: Imports TensorFlow, runs a session, and writes and reads a Keras file.
_PROOF = """
import os, tempfile
import tensorflow as tf
with tf.compat.v1.Session() as session:
    assert session.run(tf.constant(6) * 7) == 42
model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(1,))])
path = os.path.join(tempfile.mkdtemp(), "model.h5")
model.save(path)
tf.keras.models.load_model(path)
print("TensorFlow " + tf.__version__)
"""

Say = Callable[[str], None]


class CannotMake(Exception):
    """No environment can be made; the message says why and what to do."""


def make(
    directory: str | os.PathLike[str],
    *,
    python: str | None = None,
    extras: Sequence[str] = (),
    say: Say = lambda sentence: None,
) -> str:
    """Make a virtual environment with TensorFlow 1.15.5, and return its interpreter.

    An environment in which TensorFlow 1 works already is left as it is.  When something fails or
    is interrupted, nothing is left behind.

    Args:
        directory: a new or empty folder, or an environment that this function made.
        python: the Python to make it with, 3.7 or 3.6; one is looked for when None.
        extras: further requirements, as pip spells them.
        say: told what is being done.

    Raises:
        CannotMake: the folder is somebody else's, there is no such Python, or pip fails.
    """
    home = Path(directory).absolute()
    own = home / _MARK
    if home.exists() and not home.is_dir():
        raise CannotMake(f"{directory} is not a folder; name a new or empty one")
    if home.is_dir() and any(home.iterdir()):
        there = _python_of(home)
        version = _proof(there) if there.exists() and not _unfinished(own) else None
        if version is not None and not version.startswith("TensorFlow 1."):
            raise CannotMake(f"{directory} holds an environment with {version}; name another")
        if version is not None and not extras:
            say(f"{directory} has {version} already and is left as it is")
            return str(there)
        if version is not None:
            _pip(there, ["install", *_constraints(extras)], f"{', '.join(extras)} did not install")
            say(f"{directory} has {version} already; {', '.join(extras)} added")
            return str(there)
        if not own.exists():
            raise CannotMake(
                f"{directory} is not empty and holds no environment with TensorFlow 1;"
                " name a new or empty folder"
            )
        _remove(home)
    source = find_python(python)
    existed = home.is_dir()
    done = False
    with termination_interrupts():
        try:
            home.mkdir(parents=True, exist_ok=True)
            own.write_text(json.dumps({"finished": False}), encoding="utf-8")
            version = _build(home, source, extras, say)
            own.write_text(json.dumps({"finished": True, "python": source}), encoding="utf-8")
            done = True
        except OSError as error:
            raise CannotMake(f"{directory} could not be made: {error.strerror}") from None
        finally:
            if not done:
                _remove(home)
                if existed:
                    home.mkdir()
    say(f"{version} works in {directory}")
    return str(_python_of(home))


def _build(home: Path, source: str, extras: Sequence[str], say: Say) -> str:
    say(f"Making an environment with {source}")
    _run([source, "-m", "venv", str(home)], "the virtual environment could not be made")
    python = _python_of(home)
    say("Installing TensorFlow 1.15.5 (about 110 MB)")
    # the pip that comes with Python 3.6 does not know the wheels of TensorFlow 1.15
    _pip(python, ["install", "--upgrade", "pip"], "pip could not be brought up to date")
    _pip(python, ["install", *_constraints(extras)], "TensorFlow 1.15.5 did not install")
    version = _proof(python)
    if version is None:
        last = _run([str(python), "-c", _PROOF], "TensorFlow 1.15.5 was installed but fails")
        raise CannotMake(f"TensorFlow 1.15.5 was installed but fails: {last}")
    return version


def _constraints(extras: Sequence[str]) -> list[str]:
    for extra in extras:
        if extra.startswith("-"):
            raise CannotMake(f"--with takes a requirement, not {extra!r}")
    return [*PACKAGES, *extras]


def _python_of(home: Path) -> Path:
    return home / "Scripts" / "python.exe" if os.name == "nt" else home / "bin" / "python"


def _unfinished(mark: Path) -> bool:
    """Whether a folder holds what an earlier call was killed over."""
    try:
        return not json.loads(mark.read_text(encoding="utf-8"))["finished"]
    except FileNotFoundError:
        return False
    except (OSError, ValueError, LookupError, TypeError):
        return True


def _proof(python: Path) -> str | None:
    """Return the version of the TensorFlow that works under ``python``, None if none does."""
    try:
        done = subprocess.run(
            [str(python), "-c", _PROOF],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.strip().splitlines()
    return lines[-1] if done.returncode == 0 and lines else None


def _environment() -> dict[str, str]:
    """Return the environment of another Python: ours belongs to the one that runs us."""
    lost = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PIP_REQUIRE_VENV")
    result = {name: value for name, value in os.environ.items() if name not in lost}
    result["TF_CPP_MIN_LOG_LEVEL"] = "3"
    return result


def _pip(python: Path, words: Sequence[str], wrong: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    _run([*command, "--quiet"], wrong)


def _run(words: Sequence[str], wrong: str) -> str:
    """Run a command to its end, and return the last lines that it wrote.

    Raises:
        CannotMake: it fails.
    """
    try:
        process = subprocess.Popen(
            list(words),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise CannotMake(f"{wrong}: {words[0]} does not start ({error.strerror})") from None
    try:
        assert process.stdout is not None
        last = _last_lines(process.stdout)
        process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise CannotMake(f"{wrong}:\n{last}" if last else f"{wrong} ({process.returncode})")
    return last


def _last_lines(stream: IO[str], count: int = 12) -> str:
    lines: list[str] = []
    for line in stream:
        if line.strip():
            lines.append(line.rstrip()[:500])
            del lines[:-count]
    return "\n".join(lines)


def _remove(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)


# -- finding a Python ---------------------------------------------------------------------


def find_python(named: str | None = None) -> str:
    """Return a Python that TensorFlow 1.15.5 can be installed in.

    Args:
        named: the only one to look at.

    Raises:
        CannotMake: there is none; the message says how to get one.
    """
    if named is not None:
        found = shutil.which(os.path.expanduser(named))
        if found is None:
            raise CannotMake(f"--python names {named}, which is no interpreter")
        fits, what = _look_at(found)
        if not fits:
            raise CannotMake(f"--python names {named}, which {what}")
        return found
    looked: list[str] = []
    for candidate in _candidates():
        fits, what = _look_at(candidate)
        if fits:
            return candidate
        looked.append(f"{candidate} {what}")
    raise CannotMake(_advice(looked))


def _look_at(python: str) -> tuple[bool, str]:
    """Return whether ``python`` will do, and words that say why it will not."""
    try:
        done = subprocess.run(
            [python, "-c", _ABOUT],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        version, wide, machine = json.loads(done.stdout)
        version = tuple(version)
    except (OSError, subprocess.TimeoutExpired):
        return False, "does not run"
    except (ValueError, TypeError):
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return False, f"has no venv ({last})" if "venv" in last or "ensurepip" in last else (
            "does not run"
        )
    spelled = ".".join(map(str, version))
    if version[:2] not in VERSIONS:
        return False, f"is Python {spelled}; TensorFlow 1.15.5 needs 3.7 or 3.6"
    if not wide or machine.lower() not in ("x86_64", "amd64"):
        return False, f"runs on {machine}; TensorFlow 1.15.5 was built for 64-bit x86 only"
    return True, ""


def _candidates() -> Iterator[str]:
    """Yield interpreters that may be a Python 3.7 or 3.6, each once, 3.7 first."""
    seen: set[str] = set()
    for major, minor in VERSIONS:
        for path in _of_version(f"{major}.{minor}"):
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                yield path


def _of_version(version: str) -> Iterator[str]:
    found = shutil.which(f"python{version}")
    if found is not None:
        yield found
    name = "python.exe" if os.name == "nt" else f"bin/python{version}"
    home = os.path.expanduser("~")
    pyenv = os.environ.get("PYENV_ROOT") or os.path.join(home, ".pyenv")
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or os.path.join(
        os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share"), "uv", "python"
    )
    for pattern in (
        os.path.join(pyenv, "versions", f"{version}*", name),
        os.path.join(uv, f"cpython-{version}.*", name),
    ):
        yield from sorted(glob.glob(pattern), key=_by_version, reverse=True)
    for environment in _conda_environments():
        path = os.path.join(environment, name)
        if os.path.exists(path):
            yield path


def _by_version(path: str) -> list[int]:
    import re

    return [int(number) for number in re.findall(r"\d+", path)]


def _conda_environments() -> list[str]:
    """Return the environments that conda keeps a list of."""
    path = os.path.join(os.path.expanduser("~"), ".conda", "environments.txt")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [line.strip() for line in file if line.strip()]
    except OSError:
        return []


def _advice(looked: Sequence[str]) -> str:
    rows = ["no Python 3.7 (or 3.6) was found, which TensorFlow 1.15.5 needs"]
    rows += [f"  {line}" for line in looked]
    if platform.machine().lower() not in ("x86_64", "amd64"):
        rows.append(
            f"  this machine is {platform.machine()}; TensorFlow 1.15.5 was built for 64-bit x86"
            " only, so use a machine or an emulation of that kind"
        )
    rows += [
        "get one by any of these, and run this command again:",
        "  pyenv install 3.7",
        "  uvx uv@0.6.17 python install 3.7   (uv from 0.7 on does not offer it any more)",
        "  conda create --name tf1 python=3.7",
        "where none can be had, run the programs in the container tensorflow/tensorflow:1.15.5-py3,"
        " keep the models that they write, and name these as `stored` in the manifest",
    ]
    return "\n".join(rows)
