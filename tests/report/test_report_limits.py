"""Formats with a limit keep it, drop the least severe first, and say what they dropped."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from sample import hostile, sample

from migrator import report
from migrator.report import markdown, sarif
from migrator.results import FileResult, Finding, Outcome, RunReport, Safety, Span

SPAN = Span(1, 0, 1, 4)


def many(count: int) -> RunReport:
    """Return a run in which the only findings for a person come last by path."""
    safe = Finding(SPAN, "TFM301", "A constant.", Outcome.REWRITTEN, safety=Safety.SAFE)
    manual = Finding(SPAN, "TFM403", "A meta graph.", Outcome.MANUAL, recipe="Load it.")
    files = [FileResult(f"a/{i:05}.py", (safe,)) for i in range(count)]
    return RunReport(files=(*files, FileResult("z/last.py", (manual,))))


def grown(times: int) -> RunReport:
    """Return the sample's files ``times`` over."""
    run = sample()
    files = tuple(
        replace(file, path=f"part{i:03}/{file.path}", program=None)
        for i in range(times)
        for file in run.files
    )
    return replace(run, files=files)


def log(run: RunReport) -> dict:  # type: ignore[type-arg]
    """Return the one run of the SARIF log."""
    (only,) = json.loads(report.render(run, "sarif"))["runs"]
    return only  # type: ignore[no-any-return]


def test_sarif_shows_the_most_severe() -> None:
    """5,000 results at most: what needs a person is first, and the rest of the count is told."""
    run = log(many(sarif.LIMIT))
    assert len(run["results"]) == sarif.LIMIT == 5000
    assert run["results"][0]["ruleId"] == "TFM403"
    assert run["properties"] == {"resultsTotal": 5001, "resultsCut": 1}
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["level"] == "warning"
    assert "1 result beyond the first 5,000" in notice["message"]["text"]
    assert "1 rewritten" in notice["message"]["text"]


def test_sarif_at_the_limit_cuts_nothing() -> None:
    """Exactly 5,000 results are all shown, without a notice."""
    run = log(many(sarif.LIMIT - 1))
    assert len(run["results"]) == 5000
    assert run["properties"] == {"resultsTotal": 5000, "resultsCut": 0}
    assert "toolExecutionNotifications" not in run["invocations"][0]


@pytest.mark.parametrize("times", [5, 8, 20, 100])
def test_markdown_fits_a_comment(times: int) -> None:
    """A comment has 65,536 characters at most, whole blocks only, and says what is missing."""
    text = report.render(grown(times), "markdown")
    assert len(text) <= markdown.LIMIT == 65_536
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0
    assert text.startswith("## TensorFlow migration")
    if times >= 20:
        assert "**Cut to fit a comment of 65,536 characters:**" in text
        assert len(text) > 50_000, "what fits is shown"


def test_markdown_counts_what_it_cut() -> None:
    """The numbers in the note and the blocks shown add up to the run."""
    times = 40
    run = grown(times)
    text = report.render(run, "markdown")
    note = text[text.index("**Cut to fit") :]
    (cut,) = re.findall(r"(\d+) changed files", note)
    shown = len(re.findall(r"<summary><code>part\d+/", text))
    changed = sum(bool(file.diff) for file in run.files)
    assert int(cut) + shown == changed == 3 * times


def test_markdown_without_a_cut_says_nothing_of_it() -> None:
    """A report that fits is whole."""
    assert "Cut to fit" not in report.render(sample(), "markdown")
    assert "Cut to fit" not in report.render(hostile(), "markdown")


def test_markdown_cuts_one_long_diff() -> None:
    """A diff longer than a reader scrolls is cut by lines, inside its fence, and says so."""
    lines = "".join(f"+x{i} = {i}\n" for i in range(1000))
    diff = f"--- a/a.py\n+++ b/a.py\n@@ -0,0 +1,1000 @@\n{lines}"
    text = report.render(RunReport(files=(FileResult("a.py", diff=diff),)), "markdown")
    assert "603 lines of this diff more in the HTML report." in text
    assert "+x396 = 396\n```" in text


def test_markdown_survives_one_huge_message() -> None:
    """A block larger than the comment is left out and counted, the others stay."""
    run = many(3)
    huge = Finding(SPAN, "TFM403", "m" * 100_000, Outcome.MANUAL)
    run = replace(run, files=(*run.files, FileResult("b.py", (huge,))))
    text = report.render(run, "markdown")
    assert len(text) <= markdown.LIMIT
    assert "1 finding left out" in text
    assert "A meta graph." in text


def test_markdown_lists_many_matches() -> None:
    """Matches by the dozen are a line each, so that they leave room for what differs."""
    good = [check for check in sample().checks if check.match]
    checks = tuple(replace(good[0], name=f"model {i:02}") for i in range(30))
    (bad,) = [check for check in sample().checks if check.deltas and not check.match]
    text = report.render(RunReport(checks=(*checks, bad)), "markdown")
    lines = re.findall(r"^- \*\*MATCH\*\* `model \d\d`: agrees to 5\.4e-08$", text, re.M)
    assert len(lines) == 30
    assert text.index("**MISMATCH** `ranker`") < text.index("**MATCH**")
    assert "numbers, inputs and cost" not in text
    assert "numbers, inputs and cost" in report.render(RunReport(checks=checks[:2]), "markdown")


def test_html_draws_the_worst_only() -> None:
    """A model of which all differs gets a dozen drawings; the table holds every output."""
    (bad,) = [check for check in sample().checks if check.deltas and not check.match]
    (delta, *_) = [d for d in bad.deltas if d.histogram and d.worst_inputs]
    deltas = tuple(replace(delta, name=f"serving_default/y{i:03}") for i in range(200))
    text = report.render(RunReport(checks=(replace(bad, deltas=deltas, variables=()),)), "html")
    assert text.count('<figure class="case"') == 12 + 1
    assert "188 more outputs that differ: in the table below." in text
    assert all(text.count(f'<th scope="row"><code>{d.name}</code>') == 1 for d in deltas)
