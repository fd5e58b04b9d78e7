"""The options of ``migrator convert``, what they become, and what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migrator import cli, convert
from migrator.checker import CannotOpen
from migrator.convert import CannotConvert, CheckpointConversion, Conversion
from migrator.results import ModelCheck, RunReport, Verdict, from_json

ROOT = Path(__file__).resolve().parents[2]


def conversion(before: str, after: str, verdict: Verdict) -> Conversion:
    """Return what a conversion says that it made."""
    return Conversion(
        before=before,
        after=after,
        kind="SavedModel",
        check=ModelCheck(before, after, verdict=verdict),
        signatures={"serving_default": {"inputs": {"x": "x:0"}, "outputs": {"y": "y:0"}}},
        variables=("w", "b"),
        trainable_variables=("w",),
        regularization_losses=2,
        call="serving_default",
        assets=("words.txt",),
        tags=("serve",),
        said=("inputs guessed: x:0",),
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ``convert`` is called with; what comes of it is under ``verdict``."""
    found: dict[str, Any] = {"verdict": Verdict.MATCH}

    def fake(before: str, after: str, *, progress: Any, **arguments: Any) -> Conversion:
        progress("Converting", 0, 2)
        verdict = found["verdict"]
        if isinstance(verdict, BaseException):
            raise verdict
        found.update(arguments, before=before, after=after)
        return conversion(before, after, verdict)

    def fake_checkpoint(before: str, after: str, **arguments: Any) -> CheckpointConversion:
        del arguments["progress"]
        found.update(arguments, before=before, after=after)
        check = ModelCheck(before, after, verdict=found["verdict"])
        return CheckpointConversion(before, after, arguments["to"], check, ("w", "w/Adam"), ())

    monkeypatch.setattr(convert, "convert", fake)
    monkeypatch.setattr(convert, "convert_checkpoint", fake_checkpoint)
    return found


def test_every_option_reaches_the_conversion(asked):
    """What is written on the command line is what the library is asked."""
    words = (
        "convert old new --inputs x:0,k=z:1 --inputs w --outputs y:0 --tags serve,gpu "
        "--signature e=x:0->v=y:0 --signature f=->g:0 --op-library a.so --op-library b.so "
        "--python p1 --before-python p2 --trust --timeout 9 --range x=0:255 --choices w=a,b "
        "--seed 7 --atol 1e-3 --rtol 1e-4 --tolerance y=1e-2"
    )
    assert cli.main(words.split()) == 0
    del asked["verdict"]
    assert asked == {
        "before": "old",
        "after": "new",
        "inputs": {"x": "x:0", "k": "z:1", "w": "w:0"},
        "outputs": {"y": "y:0"},
        "tags": ["serve", "gpu"],
        "signatures": {
            "e": {"inputs": {"x": "x:0"}, "outputs": {"v": "y:0"}},
            "f": {"inputs": {}, "outputs": {"g": "g:0"}},
        },
        "op_libraries": ["a.so", "b.so"],
        "python": "p1",
        "before_python": "p2",
        "trust": True,
        "timeout": 9.0,
        "ranges": {"x": (0, 255)},
        "choices": {"w": [b"a", b"b"]},
        "tolerances": {"y": (1e-2, 1e-2)},
        "atol": 1e-3,
        "rtol": 1e-4,
        "seed": 7,
    }


def test_without_options_nothing_is_asked_for(asked):
    """Inputs and outputs are then guessed, or the model's own."""
    assert cli.main(["convert", "old", "new"]) == 0
    given = ("inputs", "outputs", "tags", "python", "before_python", "ranges", "choices")
    assert {asked[name] for name in given} == {None}
    assert (asked["signatures"], asked["op_libraries"], asked["trust"]) == ({}, [], False)


def test_a_checkpoint_alone(asked, capsys):
    """With ``--to``; its own options reach the library."""
    words = (
        "convert old.ckpt new.ckpt --to object-based --optimizer keras --order w,net/b "
        "--set learning_rate=0.1 --set beta_1=0.8 --python p --timeout 9"
    )
    assert cli.main(words.split()) == 0
    del asked["verdict"]
    assert asked == {
        "before": "old.ckpt",
        "after": "new.ckpt",
        "to": "object-based",
        "optimizer": "keras",
        "like": None,
        "order": ["w", "net/b"],
        "settings": {"learning_rate": 0.1, "beta_1": 0.8},
        "python": "p",
        "timeout": 9.0,
    }
    said = capsys.readouterr().out
    assert said.endswith("Converted: new.ckpt is object-based and holds the 2 variables.\n")


def test_a_checkpoint_that_differs(asked, capsys):
    """It is not there, and the status says so."""
    asked["verdict"] = Verdict.MISMATCH
    assert cli.main(["convert", "old.ckpt", "new.ckpt", "--to", "name-based"]) == 1
    assert asked["like"] is None and asked["order"] is None and asked["settings"] is None
    assert capsys.readouterr().out.endswith("Nothing was written to new.ckpt.\n")


def test_no_tags_are_a_tag_set(asked):
    """A Hub module's is empty."""
    assert cli.main(["convert", "old", "new", "--tags", ""]) == 0
    assert asked["tags"] == []


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.MATCH, 0),
        (Verdict.MISMATCH, 1),
        (Verdict.ERROR, 1),
        (CannotConvert("node 'a' (PyFunc) calls Python", "a"), 1),
        (CannotOpen("old is no model."), 2),
        (ValueError("new is not empty"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_exit_status(asked, verdict, status, capsys):
    """0 with a MATCH, 1 where the result differs or cannot be, 2 for what was asked wrongly."""
    asked["verdict"] = verdict
    assert cli.main(["convert", "old", "new"]) == status
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    if isinstance(verdict, Exception):
        assert f"migrator: {verdict}" in said.err
        assert said.out == ""
    assert ("Converted: new" in said.out) == (status == 0)


def test_what_is_printed(asked, capsys):
    """What was guessed goes to standard error; the check and what is there now to output."""
    assert cli.main(["convert", "old", "new"]) == 0
    said = capsys.readouterr()
    assert "migrator: inputs guessed: x:0\n" in said.err
    assert "MATCH old → new" in said.out
    assert said.out.endswith(
        "Converted: new holds 1 signature (serving_default); 2 variables, 1 of them trainable; "
        "2 regularization losses; 1 asset. Calling it runs serving_default.\n"
    )


def test_a_mismatch_says_that_nothing_was_written(asked, capsys):
    """The user looks for it."""
    asked["verdict"] = Verdict.MISMATCH
    assert cli.main(["convert", "old", "new"]) == 1
    assert capsys.readouterr().out.endswith("Nothing was written to new.\n")


def test_quiet(asked, capsys):
    """The verdict alone; what was guessed is said all the same."""
    assert cli.main(["convert", "old", "new", "-q"]) == 0
    said = capsys.readouterr()
    assert said.out == "MATCH\n"
    assert said.err == "migrator: inputs guessed: x:0\n"


@pytest.mark.parametrize("verdict", [Verdict.MATCH, Verdict.MISMATCH])
def test_reports_hold_the_check(asked, tmp_path, verdict):
    """In each format that a name ends in, whatever the verdict."""
    asked["verdict"] = verdict
    files = [tmp_path / f"report.{ending}" for ending in ("json", "md", "html")]
    words = [word for file in files for word in ("--report", str(file))]
    cli.main(["convert", "old", "new", *words])
    run = from_json(RunReport, json.loads(files[0].read_text()))
    assert run.command == "convert"
    assert [check.verdict for check in run.checks] == [verdict]
    assert run.wrote == (verdict is Verdict.MATCH)
    kept = ("in its place", "not kept")[verdict is not Verdict.MATCH]
    for file in files[1:]:
        text = file.read_text()
        assert "Model conversion" in text
        assert kept in text


@pytest.mark.parametrize(
    "words",
    [
        ["--inputs", "a b"],
        ["--outputs", "=y:0"],
        ["--outputs", "y:0,y:1"],
        ["--signature", "x:0"],
        ["--signature", "k=x:0->"],
        ["--range", "x"],
        ["--choices", "x"],
        ["--tolerance", "x"],
        ["--report", "report.xyz"],
        ["--optimizer", "keras"],
        ["--like", "ckpt"],
        ["--set", "momentum=0.9"],
        ["--to", "name-based", "--inputs", "x:0"],
        ["--to", "object-based", "--set", "momentum"],
        ["--to", "object-based", "--range", "x=0:1"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(asked, words, capsys):
    """The message quotes it, and nothing is run."""
    assert cli.main(["convert", "old", "new", *words]) == 2
    said = capsys.readouterr().err
    assert words[-2] in said or words[-1].partition("=")[0] in said
    assert "before" not in asked


def test_the_help_is_grouped(capsys):
    """The options stand under what they are about."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["convert", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    groups = ("what is converted", "a checkpoint alone", "check", "output")
    places = [text.index(f"\n{name}:") for name in groups]
    assert places == sorted(places)


#: Notes on disk who asks for TensorFlow in this process; those that it starts may.
WALLED = """
import sys, traceback
note, sys.argv[:] = sys.argv[1], ["migrator", *sys.argv[2:]]
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tf_keras", "keras", "h5py"):
            with open(note, "a") as file:
                file.write(name + "\\n" + "".join(traceback.format_stack()))
            raise ImportError(f"{name} is walled off")
sys.meta_path.insert(0, Wall())
from migrator.cli import main
sys.exit(main())
"""


@pytest.mark.tensorflow
def test_the_command_itself_never_asks_for_tensorflow(tmp_path, tf2_python):
    """A model is converted and checked by other processes."""
    note, after = tmp_path / "asked", tmp_path / "new"
    before = ROOT / "tests" / "data_checker" / "classifier"
    result = subprocess.run(
        [tf2_python, "-c", WALLED, str(note), "convert", str(before), str(after)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert not note.exists(), note.read_text()
    assert "MATCH" in result.stdout
    assert sorted(os.listdir(after)) == ["assets", "saved_model.pb", "variables"]
    assert os.listdir(tmp_path) == ["new"]


def test_an_interpreter_without_tensorflow(tmp_path, capsys):
    """It is named, with what to do; nothing is written."""
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    before = ROOT / "tests" / "data_checker" / "classifier"
    words = ["convert", str(before), str(tmp_path / "new"), "--python", str(bare)]
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert f"{bare} has no working TensorFlow 2" in said
    assert "pip install 'tf-migrator[check]'" in said
    assert os.listdir(tmp_path) == ["python"]


@pytest.mark.tf1
def test_an_interpreter_that_is_too_old(tmp_path, tf1_python, capsys):
    """TensorFlow 1's own cannot write what TensorFlow 2 loads."""
    before = ROOT / "tests" / "data_checker" / "classifier"
    words = ["convert", str(before), str(tmp_path / "new"), "--python", tf1_python]
    assert cli.main(words) == 2
    assert "Python 3.7" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []
