"""What the terminal shows, and what a pipe gets."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sample import (
    BRIDGE,
    CHECKS,
    RULES,
    SERVE_AFTER,
    SERVE_BEFORE,
    TRAIN_AFTER,
    TRAIN_BEFORE,
    hostile,
    sample,
)

from migrator.report.console import (
    print_checks,
    print_diff,
    print_evidence,
    print_rule,
    print_rules,
    print_summary,
)
from migrator.results import CheckStatus, ContractDelta, DeltaStatus, FileResult, RunReport


def pipe(width: int = 80) -> tuple[Console, io.StringIO]:
    """Return a console that is not a terminal."""
    stream = io.StringIO()
    return Console(file=stream, force_terminal=False, width=width, _environ={}), stream


def terminal() -> tuple[Console, io.StringIO]:
    """Return a console that is a terminal with colours."""
    stream = io.StringIO()
    return Console(
        file=stream, force_terminal=True, width=100, color_system="truecolor", _environ={}
    ), stream


def test_piped_diff_is_the_diff() -> None:
    """A pipe gets the diffs byte for byte: markup, tabs, long lines and escapes included."""
    code = "[bold]x[/bold] :smile: \t\x1b[31m" + "y" * 300
    diff = f"--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-{code}\n+[/] {code}\n"
    console, stream = pipe()
    print_diff(console, RunReport(files=(FileResult("m.py", diff=diff),)))
    assert stream.getvalue() == diff


@pytest.mark.parametrize("tool", [["git", "apply"], ["patch", "-p1", "-s"]])
def test_piped_diff_applies(tmp_path: Path, tool: list[str]) -> None:
    """``git apply`` and ``patch -p1`` take what a pipe gets, and give the migrated files."""
    if shutil.which(tool[0]) is None:
        pytest.skip(f"{tool[0]} is not installed")
    before = {"train/digits.py": TRAIN_BEFORE, "serving/load_model.py": SERVE_BEFORE}
    for name, text in before.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    console, stream = pipe()
    print_diff(console, sample())
    subprocess.run(tool, input=stream.getvalue(), text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "train/digits.py").read_text() == TRAIN_AFTER
    assert (tmp_path / "serving/load_model.py").read_text() == SERVE_AFTER
    assert (tmp_path / "train/tf2_bridge.py").read_text() == BRIDGE


def test_terminal_diff_is_coloured_and_harmless() -> None:
    """A terminal gets colours of ours, and no escape sequence or hidden character of theirs."""
    console, stream = terminal()
    print_diff(console, hostile())
    text = stream.getvalue()
    assert "\x1b[32m" in text
    assert "\x1b[31m␛" not in text
    assert "␛[31m⟦U+202E⟧evil" in text
    assert not {"\u202e", "\u200b", "\x00", "\udcff"} & set(text)
    assert "[bold]x[/bold]" in text


@pytest.mark.parametrize("verbosity", [-1, 0, 1, 2])
@pytest.mark.parametrize("make", [pipe, terminal])
def test_hostile_summary(verbosity: int, make) -> None:  # type: ignore[no-untyped-def]
    """Names and messages are printed as text: no markup is read, no control code gets out."""
    console, stream = make()
    print_summary(console, hostile(), verbosity)
    print_checks(console, hostile().checks, verbosity)
    print_evidence(console, hostile())
    text = stream.getvalue()
    text.encode()
    assert not {"\u202e", "\u200b", "\x00", "\r"} & set(text)
    assert "[bold]x[/bold]" in text
    if make is pipe:
        assert "\x1b" not in text


def test_quiet_summary_is_one_line() -> None:
    """Below zero there is the closing line only."""
    console, stream = pipe()
    print_summary(console, sample(), -1)
    assert stream.getvalue() == (
        "8 files; 6 places can be rewritten in 3 files; 3 left for a person; "
        "1 file not processed; model checks: 1 mismatch, 1 error, 2 matches.\n"
    )


def test_verbosity_adds() -> None:
    """Each step shows more: what is left for a person, then every finding, then its code."""
    run = sample()
    texts = []
    for verbosity in (0, 1, 2):
        console, stream = pipe()
        print_summary(console, run, verbosity)
        texts.append(stream.getvalue())
    manual = "ranker/explore.ipynb:cell 5:3:9: TFM403 manual: "
    rewritten = "train/digits.py:15:13: TFM201 rewritten: "
    code = "    tf2_bridge.Saver(max_to_keep=7)"
    assert [manual in text for text in texts] == [True, True, True]
    assert [rewritten in text for text in texts] == [False, True, True]
    assert [code in text for text in texts] == [False, False, True]
    for text in texts:
        assert "tools/old_freeze.py: error: line 12: Python 2 print statement\n" in text
        assert "Also needs: tf-keras, tf-slim\n" in text


def test_summary_counts() -> None:
    """The table's last row counts every finding once."""
    console, stream = pipe()
    run = sample()
    print_summary(console, run, 0)
    (row,) = [line for line in stream.getvalue().splitlines() if line.startswith("all ")]
    assert sum(map(int, row.split()[1:])) == sum(len(file.findings) for file in run.files)


def test_piped_lines_are_whole() -> None:
    """A pipe of 20 columns gets each finding and each row of numbers on one line."""
    console, stream = pipe(20)
    print_summary(console, sample(), 1)
    print_checks(console, CHECKS)
    wide, expected = pipe(1000)
    print_summary(wide, sample(), 1)
    print_checks(wide, CHECKS)
    assert stream.getvalue() == expected.getvalue()


def blocks(text: str) -> dict[str, list[str]]:
    """Return the lines below each verdict's head line, the head among them, by its text."""
    found: dict[str, list[str]] = {}
    for line in filter(str.strip, text.splitlines()):
        if not line.startswith(" "):
            found[line] = []
        found[list(found)[-1]].append(line)
    return found


def test_checks_show_verdicts_and_numbers() -> None:
    """Verdicts come worst first, each with its figures and what differs."""
    console, stream = pipe()
    print_checks(console, CHECKS)
    text = stream.getvalue()
    assert [head.split()[0] for head in blocks(text)] == ["MISMATCH", "ERROR", "MATCH", "MATCH"]
    assert "worst at [1, 0]: 0.0 became nan" in text
    assert "needs tolerance 5.4e-08, allowed 1e-05 + 1e-05 × |before|" in text


def test_a_mismatch_tells_what_to_act_on() -> None:
    """In order: verdict, contract, worst element, its inputs, the op, the tolerance, the cost."""
    console, stream = pipe()
    print_checks(console, CHECKS)
    text = "\n".join(blocks(stream.getvalue())["MISMATCH ranker"])
    told = [
        "2 of 6 comparisons agree",
        "serving_default/outputs/rank          missing  int64 [None]",
        "output serving_default/scores differs on edge inputs",
        "worst at [1, 0]: 0.0 became nan",
        "given in:0[1] = b''",
        "first op at which they part: embedding_lookup/GatherV2 (GatherV2)",
        "needs tolerance ∞, allowed 1e-05 + 1e-05 × |before|",
        "elements by the tolerance they need █··········▇ 128 equal, 64 > 1",
        "also on normal inputs",
        "variable embedding differs",
        "needs tolerance 0.128, allowed 1e-05 + 1e-05 × |before|: 12,800 times as much",
        "inputs (seed 7) serving_default: edge · normal; embed: normal · zeros",
        "cost (decides nothing): 1.28 MB → 1.3 MB on disk (×1.01); median latency of embed",
    ]
    at = [text.find(words) for words in told]
    assert -1 not in at, told[at.index(-1)]
    assert at == sorted(at)


def test_a_match_is_short() -> None:
    """Five lines at most: verdict, what agrees, how closely, on what, at which cost."""
    console, stream = pipe()
    print_checks(console, CHECKS)
    found = blocks(stream.getvalue())
    assert len(found["MATCH train/digits.py"]) == 5
    assert all(len(lines) <= 5 for head, lines in found.items() if head.startswith("MATCH"))
    assert "1 note: __saved_model_init_op" in found["MATCH train/digits.py"][1]


def test_many_differences_are_cut_and_counted() -> None:
    """A model of which everything differs fits a screen or two, and says what it left out."""
    (ranker,) = [check for check in CHECKS if check.name == "ranker"]
    (scores, *_) = [d for d in ranker.deltas if d.status is DeltaStatus.DIFFERS]
    many = tuple(replace(scores, name=f"serving_default/y{i:03}") for i in range(300))
    facts = tuple(ContractDelta(f"a/outputs/y{i}", CheckStatus.MISSING, "x", "") for i in range(99))
    console, stream = pipe()
    print_checks(console, [replace(ranker, deltas=many, contract=facts)])
    text = stream.getvalue()
    assert len(text.splitlines()) < 100
    assert "292 more outputs differ: serving_default/y008, serving_default/y009" in text
    assert "79 more facts of the contract" in text
    # traced from an output that is not among those shown: told all the same
    assert text.count("first op at which they part") == 1


def test_terminal_checks_fit_the_width() -> None:
    """On a terminal no row of a table is wider than the window."""
    console, stream = terminal()
    console.width = 60
    print_checks(console, [check for check in CHECKS if check.deltas], verbosity=1)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()
    # sentences are left to the terminal to break, tables are laid out
    rows = [line for line in lines if line.startswith(("serving_", "  serving_"))]
    assert len(rows) > 4
    assert all(len(row) <= 60 for row in rows)


def test_rules() -> None:
    """Rules are listed by code, and one rule prints its documentation."""
    console, stream = pipe()
    print_rules(console, RULES[::-1])
    rows = stream.getvalue().splitlines()
    assert [row.split()[0] for row in rows] == ["code", *sorted(rule.code for rule in RULES)]
    console, stream = pipe()
    print_rule(console, RULES[0])
    text = stream.getvalue()
    assert text.startswith("TFM101 simple-save (review)\n")
    assert "simple_save left TensorFlow with the 2.0 release" in text
    assert "https://www.tensorflow.org/api_docs/python/tf/saved_model/save" in text
