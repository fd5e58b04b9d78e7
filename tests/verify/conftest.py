"""A repository of programs that need no TensorFlow, and a checker that compares bytes."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from migrator import checker
from migrator.results import DeltaStatus, ModelCheck, OutputDelta, Verdict
from migrator.verify import Verification, interpreters, verify

#: Writes a checkpoint named by the first argument, whose content is the second.
WRITER = """\
import os, sys

def write(prefix, content):
    os.makedirs(os.path.dirname(prefix) or ".", exist_ok=True)
    for end in (".index", ".data-00000-of-00001"):
        with open(prefix + end, "w") as file:
            file.write(content)

if __name__ == "__main__":
    with open(os.environ["COUNT"], "a") as file:
        file.write(os.environ.get("SIDE", "?") + " " + " ".join(sys.argv[1:]) + "\\n")
    write(sys.argv[1], sys.argv[2])
"""


def model_bytes(path: Path) -> bytes:
    """Return what the stand-in for a model at ``path`` holds."""
    if (path / "saved_model.pb").exists():
        return (path / "saved_model.pb").read_bytes()
    if path.is_file():
        return path.read_bytes()
    index = Path(f"{path}.index")
    if index.exists():
        return index.read_bytes()
    raise checker.CannotOpen(f"The side {path} does not exist: pass a model.")


class FakeChecker:
    """Stands for ``checker.check``: two models match when their bytes are equal."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.options: list[dict[str, object]] = []

    def __call__(self, before: Path, after: Path, **options: object) -> ModelCheck:
        """Compare two stand-ins."""
        self.calls.append((str(before), str(after)))
        self.options.append(options)
        same = model_bytes(Path(before)) == model_bytes(Path(after))
        status = DeltaStatus.EQUAL if same else DeltaStatus.DIFFERS
        return ModelCheck(
            before=str(before),
            after=str(after),
            deltas=(OutputDelta("y", status, required=0.0, compared=1),),
            verdict=Verdict.MATCH if same else Verdict.MISMATCH,
        )


@pytest.fixture
def fake_checker(monkeypatch: pytest.MonkeyPatch) -> FakeChecker:
    """The checker's stand-in, and interpreters that are taken to have a TensorFlow."""
    fake = FakeChecker()
    monkeypatch.setattr(checker, "check", fake)
    real = interpreters.probe

    def probe(role: str, path: str) -> interpreters.Interpreter:
        try:
            found = real(role, path)
        except interpreters.NoInterpreter as error:
            if "has no TensorFlow" not in str(error):
                raise
            found = interpreters.Interpreter(path)
        return replace(found, tensorflow=True)

    monkeypatch.setattr(interpreters, "probe", probe)
    return fake


class Repository:
    """A folder with programs, a manifest and a count of what ran."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root.parent / "count.txt"
        self.put("train.py", WRITER)

    def put(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def manifest(self, text: str, head: str = 'before = "."\nafter = "."') -> Path:
        """Write the manifest."""
        return self.put("verify.toml", f"format = 1\n{head}\n{textwrap.dedent(text)}")

    def ran(self) -> list[str]:
        """Return what the programs noted when they ran."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def verify(self, **options: object) -> Verification:
        """Run the verification."""
        options.setdefault("before_python", sys.executable)
        return verify(self.root / "verify.toml", **options)  # type: ignore[arg-type]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with ``train.py``, which writes a stand-in for a checkpoint."""
    monkeypatch.delenv("MIGRATOR_TF1_PYTHON", raising=False)
    found = Repository(tmp_path / "repository")
    monkeypatch.setenv("COUNT", str(found.log))
    return found
