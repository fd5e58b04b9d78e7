"""The options of ``migrator check`` and what they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrator import checker, cli
from migrator.checker.arguments import parse_names, parse_tolerances
from migrator.results import ModelCheck, RunReport, Verdict, from_json


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ``checker.check`` is called with; its verdict is under ``verdict``."""
    found: dict[str, Any] = {"verdict": Verdict.MATCH}

    def check(before: str, after: str, **arguments: Any) -> ModelCheck:
        if isinstance(found["verdict"], Exception):
            raise found["verdict"]
        found.update(arguments, before=before, after=after)
        return ModelCheck(before, after, verdict=found["verdict"])

    monkeypatch.setattr(checker, "check", check)
    return found


def test_every_option_reaches_the_check(asked: dict[str, Any]) -> None:
    """What is written on the command line is what the library is asked."""
    words = (
        "check old new --before-python p1 --after-python p2 --tags serve,gpu --feed x=input:0 "
        "--fetch y=out:0 --trust --inputs a.npz --inputs b.json --range x=0:255 --choices w=a,b "
        "--seed 7 --timeout 9 --atol 1e-3 --rtol 1e-4 --tolerance scores=1e-2 "
        "--tolerance s/logits=1e-3:0 --rename net/w=dense/kernel --no-bisect --no-cost --save kept"
    )
    assert cli.main(words.split()) == 0
    del asked["verdict"]
    assert asked == {
        "before": "old",
        "after": "new",
        "before_python": "p1",
        "after_python": "p2",
        "tags": ["serve", "gpu"],
        "feeds": {"x": "input:0"},
        "fetches": {"y": "out:0"},
        "trust": True,
        "inputs": ["a.npz", "b.json"],
        "ranges": {"x": (0, 255)},
        "choices": {"w": [b"a", b"b"]},
        "seed": 7,
        "timeout": 9.0,
        "atol": 1e-3,
        "rtol": 1e-4,
        "tolerances": {"scores": (1e-2, 1e-2), "s/logits": (1e-3, 0.0)},
        "names": {"net/w": "dense/kernel"},
        "bisect": False,
        "cost": False,
        "save": "kept",
    }


def test_without_options_the_defaults_are_the_librarys(asked: dict[str, Any]) -> None:
    """Differences are bisected and models timed unless one says no."""
    assert cli.main(["check", "old", "new"]) == 0
    assert (asked["bisect"], asked["cost"], asked["trust"]) == (True, True, False)
    given = ("save", "names", "tolerances", "inputs", "ranges", "choices", "feeds", "tags")
    assert {asked[name] for name in given} == {None}


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.MATCH, 0),
        (Verdict.MISMATCH, 1),
        (Verdict.ERROR, 1),
        (checker.CannotOpen("old is no model."), 2),
        (ValueError("kept is not empty"), 2),
    ],
)
def test_the_exit_status(
    asked: dict[str, Any], verdict: Any, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 for a match, 1 for any other verdict, 2 for what cannot be opened or was asked wrongly."""
    asked["verdict"] = verdict
    assert cli.main(["check", "old", "new"]) == status
    if status == 2:
        assert str(verdict) in capsys.readouterr().err


def test_several_reports_are_written(asked: dict[str, Any], tmp_path: Path) -> None:
    """Each in the format that its ending names."""
    import json

    files = [tmp_path / f"report.{ending}" for ending in ("json", "md", "html")]
    words = [word for file in files for word in ("--report", str(file))]
    assert cli.main(["check", "old", "new", *words]) == 0
    (found,) = from_json(RunReport, json.loads(files[0].read_text())).checks
    assert found.match
    assert all(file.stat().st_size for file in files)


@pytest.mark.parametrize(
    "words",
    [
        ["--tolerance", "scores"],
        ["--tolerance", "scores=x"],
        ["--tolerance", "scores=-1"],
        ["--tolerance", "scores=nan"],
        ["--tolerance", "=1"],
        ["--tolerance", "s=1", "--tolerance", "s=2"],
        ["--rename", "w"],
        ["--rename", "w="],
        ["--rename", "w=a", "--rename", "w=b"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(
    asked: dict[str, Any], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message quotes it, and nothing is run."""
    assert cli.main(["check", "old", "new", *words]) == 2
    assert words[-1].partition("=")[0] in capsys.readouterr().err
    assert "before" not in asked


def test_names_may_hold_an_equals_sign() -> None:
    """The last one of a tolerance counts, the first one of a name."""
    assert parse_tolerances(["a=b=1e-3"]) == {"a=b": (1e-3, 1e-3)}
    assert parse_names(["a=b=c"]) == {"a": "b=c"}


def test_the_help_is_grouped(capsys: pytest.CaptureFixture[str]) -> None:
    """The options stand under what they are about."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["check", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    places = [text.index(f"\n{name}:") for name in ("models", "inputs", "comparison", "output")]
    assert places == sorted(places)
