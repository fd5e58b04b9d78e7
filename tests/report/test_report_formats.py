"""Every format renders the same run to the same bytes, and says everything it must."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sample import hostile, sample, shuffled

from migrator import report
from migrator.report.html import render as render_html
from migrator.report.order import arrange
from migrator.report.schema import schema
from migrator.results import Outcome, Place, RunReport, Safety, from_json

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("format", report.FORMATS)
def test_golden(format: str) -> None:
    """The sample renders to the bytes that were looked at when they were last changed."""
    # an ending of its own: formatters rewrite the code blocks of .md files
    path = GOLDEN / f"{format}.golden"
    text = report.render(sample(), format)
    if os.environ.get("MIGRATOR_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("format", report.FORMATS)
@pytest.mark.parametrize("make", [sample, hostile], ids=["sample", "hostile"])
def test_order_of_computation_is_invisible(format: str, make) -> None:  # type: ignore[no-untyped-def]
    """The bytes do not depend on the order in which files, findings and checks were made."""
    expected = report.render(make(), format)
    for seed in range(5):
        mixed = shuffled(make(), seed)
        assert report.render(mixed, format) == expected


def test_shuffling_shuffles() -> None:
    """The helper of the test above does change the order of everything."""
    runs = [shuffled(sample(), seed) for seed in range(5)]
    assert len({run.files for run in runs}) > 1
    assert len({run.programs for run in runs}) > 1
    assert len({run.checks for run in runs}) > 1
    assert all(arrange(run) == arrange(sample()) for run in runs)


def test_programs_keep_their_files() -> None:
    """Sorting the programs moves the index of each file along."""
    for seed in range(5):
        run = arrange(shuffled(sample(), seed))
        for file in run.files:
            if file.program is not None:
                assert file.path in run.programs[file.program].files


def test_arranging_twice_changes_nothing() -> None:
    """The canonical order is a fixed point, also for an index that no program has."""
    run = arrange(sample())
    assert arrange(run) == run
    lost = replace(run, files=tuple(replace(file, program=99) for file in run.files))
    assert {file.program for file in arrange(lost).files} == {99}
    for format in report.FORMATS:
        assert report.render(lost, format)


@pytest.mark.parametrize("format", report.FORMATS)
def test_empty_run(format: str) -> None:
    """A run that found nothing renders in every format, and claims no check."""
    text = report.render(RunReport(version="0.1.0"), format)
    assert text == "" or text.endswith("\n")
    if format in ("html", "markdown"):
        assert "No model was compared" in text


@pytest.mark.parametrize("format", ["html", "markdown", "console"])
def test_every_finding_is_shown(format: str) -> None:
    """No outcome is left out of a report that a person reads: each message is in the text."""
    run = sample()
    text = re.sub(r"<[^>]+>|&#39;|[`\\]|'", "", report.render(run, format))
    for file in run.files:
        for finding in file.findings:
            assert re.sub(r"[`']", "", finding.message) in text, finding
        if file.error:
            assert file.error in text


def test_json_is_the_exact_image() -> None:
    """What the JSON report holds reads back as the arranged run, NaN and infinity included."""
    text = report.render(sample(), "json")
    assert text.isascii()
    back = from_json(RunReport, json.loads(text))
    assert repr(back) == repr(arrange(sample()))  # repr: NaN does not equal itself
    assert report.render(back, "json") == text


def test_hostile_json_round_trip() -> None:
    """Control characters, lone surrogates and markup survive the JSON report unchanged."""
    back = from_json(RunReport, json.loads(report.render(hostile(), "json")))
    assert back == arrange(hostile())


def test_schema_is_current() -> None:
    """The JSON Schema that ships is the one that the values give."""
    path = Path(report.__file__).parent / "assets" / "report.schema.json"
    text = json.dumps(schema(), indent=2) + "\n"
    if os.environ.get("MIGRATOR_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == text


def test_reading_order_of_html() -> None:
    """Verdicts come first, then what needs a person, then what to review, then the rest."""
    text = render_html(arrange(sample()))
    sections = re.findall(r'<section id="([a-z]+)"', text)
    assert sections == [
        "checks",
        "person",
        "review",
        "kept",
        "safe",
        "suppressed",
        "failed",
        "programs",
        "rules",
    ]
    verdicts = re.findall(r'<h3 id="check-\d+-t"><span class="badge v-([a-z]+)"', text)
    assert verdicts == ["mismatch", "error", "match", "match"]


def test_matching_models_are_folded() -> None:
    """A model that matches takes one line until it is opened; the others stand open."""
    text = render_html(arrange(sample()))
    cards = re.findall(r'<(details|article) class="check" id="[^"]+".*?badge v-(\w+)', text, re.S)
    folded = {"mismatch": "article", "error": "article", "match": "details"}
    assert cards == [(folded[verdict], verdict) for _, verdict in cards]
    assert len(cards) == 4
    assert '<details open class="check"' not in text


def test_every_diff_is_shown_once() -> None:
    """A file's changes stand in one section: folded only when SAFE rewrites account for them."""
    text = render_html(arrange(sample()))
    review = text[text.index('<section id="review"') : text.index('<section id="kept"')]
    safe = text[text.index('<section id="safe"') : text.index('<section id="suppressed"')]
    for path in ("train/digits.py", "train/tf2_bridge.py"):
        assert f"<h3><code>{path}</code>" in review
        assert f"<h3><code>{path}</code>" not in safe
    assert "<h3><code>serving/load_model.py</code>" in safe
    assert "<h3><code>serving/load_model.py</code>" not in review


def test_unvouched_rewrites_are_not_folded() -> None:
    """A rewrite whose safety nobody states is shown for review."""
    run = sample()
    files = tuple(
        replace(file, findings=tuple(replace(f, safety=None) for f in file.findings))
        for file in run.files
        if file.path == "serving/load_model.py"
    )
    text = render_html(arrange(replace(run, files=files, rules=())))
    review = text[text.index('<section id="review"') : text.index('<section id="kept"')]
    assert "<h3><code>serving/load_model.py</code>" in review


def test_anchors_survive_moved_lines() -> None:
    """A finding keeps its anchor when lines above it come or go; twins have their own."""
    run = sample()

    def anchors(run: RunReport) -> list[str]:
        return re.findall(
            r'<article class="finding" id="(f-[0-9a-f]{12})"', report.render(run, "html")
        )

    moved = replace(
        run,
        files=tuple(
            replace(
                file,
                diff="",
                findings=tuple(
                    replace(
                        f, span=replace(f.span, line=f.span.line + 7, end_line=f.span.end_line + 7)
                    )
                    for f in file.findings
                ),
            )
            for file in run.files
        ),
    )
    before = anchors(run)
    assert len(set(before)) == len(before) == sum(len(file.findings) for file in run.files)
    assert sorted(anchors(moved)) == sorted(before)
    (file,) = [file for file in run.files if file.path == "serving/hooks.py"]
    twins = replace(file, findings=file.findings * 3)
    assert len(set(anchors(replace(run, files=(twins,))))) == 3


def test_checks_cover_the_files_they_name_only() -> None:
    """A check is evidence for the files that it names, never for others by likeness."""
    from migrator.report.reading import checks_of

    run = arrange(sample())
    covering = {file.path: [check.name for check in checks_of(run, file)] for file in run.files}
    digits = ["train/digits.py", "train/digits.py: checkpoint"]
    assert covering["train/tf2_bridge.py"] == covering["train/digits.py"] == digits
    assert covering["ranker/export.py"] == ["ranker"]
    assert covering["serving/hooks.py"] == []
    assert covering["tools/plot.py"] == []
    places = tuple(replace(c, covers=()) for c in run.checks)
    (serving,) = [file for file in run.files if file.path == "serving/load_model.py"]
    assert [c.name for c in checks_of(replace(run, checks=places), serving)] == ["ranker"]
    renamed = replace(
        run, checks=tuple(replace(c, covers=("ranker",), rewrites=()) for c in run.checks)
    )
    assert all(not checks_of(renamed, file) for file in renamed.files)


def test_html_tells_uncovered_rewrites() -> None:
    """A rewrite that no model check covers says so beside its diff."""
    text = render_html(arrange(replace(sample(), checks=())))
    assert "no model check of this run" in text
    assert "nothing here says that the outputs agree" in text


def test_sample_is_a_whole_run() -> None:
    """The sample holds every outcome and every safety, so the golden files show them all."""
    run = sample()
    assert {f.outcome for file in run.files for f in file.findings} == set(Outcome)
    assert {rule.safety for rule in run.rules} == set(Safety)


def test_unknown_format() -> None:
    """A format that does not exist is refused with the names of those that do."""
    with pytest.raises(ValueError, match="console, github, html, json, markdown, sarif"):
        report.render(RunReport(), "pdf")


def test_importing_the_package_loads_no_drawing_library() -> None:
    """``migrator.report`` and its JSON, SARIF and annotations load without rich or jinja2."""
    code = (
        "import sys; from migrator import report; from migrator.results import RunReport\n"
        "for f in ('json', 'sarif', 'github'): report.render(RunReport(), f)\n"
        "heavy = {'rich', 'jinja2', 'pygments', 'markdown_it', 'markupsafe', 'tensorflow'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "for f in report.FORMATS: report.render(RunReport(), f)\n"
        "assert not {'tensorflow', 'libcst', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_annotation_of_a_mismatch_stands_at_the_export() -> None:
    """A check that names its rewrites is shown at the first, with what helps to repair it."""
    run = sample()
    (first, *_) = report.render(run, "github").splitlines()
    assert first.startswith("::error file=ranker/lost.py,line=30,title=Model check%3A mismatch::")
    for words in ("worst at [1, 0]: 0.0 became nan", "given in:0[1] = b''", "embedding_lookup/"):
        assert words in first
    notebook = Place("ranker/explore.ipynb", 3, "TFM403")
    (ranker,) = [check for check in run.checks if check.name == "ranker"]
    alone = replace(run, checks=(replace(ranker, rewrites=(notebook,)),))
    (first, *_) = report.render(alone, "github").splitlines()
    assert first.startswith("::error title=Model check%3A mismatch::"), "a cell's line is no line"


def test_a_run_that_only_compared_models_shows_nothing_else() -> None:
    """No filter, count or section speaks of code that no one looked at."""
    run = replace(sample(), command="check", files=(), programs=(), rules=())
    page = report.render(run, "html")
    assert 'id="checks"' in page
    assert "no code was looked at" in page
    for part in ('id="person"', 'id="bar"', 'id="programs"', "proposed"):
        assert part not in page
    assert report.render(run, "markdown").startswith("## Model check\n")
