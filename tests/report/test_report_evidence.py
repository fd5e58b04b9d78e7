"""A rewrite stands beside the models that prove it, and beside no other."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sample import sample

from migrator import report
from migrator.report import reading
from migrator.report.evidence import (
    Evidence,
    Signature,
    Tensor,
    evidence,
    figures,
    signatures,
    spelled,
)
from migrator.report.order import arrange
from migrator.results import (
    CheckStatus,
    ContractDelta,
    DeltaStatus,
    ModelCheck,
    OutputDelta,
    Place,
    RunReport,
    Safety,
    Verdict,
)

SAME = CheckStatus.SAME


def proofs(run: RunReport) -> list[Evidence]:
    """Return the evidence of a run."""
    run = arrange(run)
    return evidence(run, reading.entries(run))


def only(run: RunReport, *checks: ModelCheck) -> RunReport:
    """Return the run with these checks instead of its own."""
    return replace(run, checks=checks)


def test_named_rewrites_only() -> None:
    """A check that names its rewrites proves those: not others of the files that it covers."""
    found = {proof.rows[0].check.name: proof for proof in proofs(sample())}
    assert set(found) == {"ranker", "train/digits.py", "train/digits.py: checkpoint"}
    assert [e.finding.code for e in found["train/digits.py"].entries] == ["TFM101"]
    assert [e.finding.code for e in found["train/digits.py: checkpoint"].entries] == ["TFM201"]
    assert all(proof.named for proof in found.values())


def test_lost_rewrites_are_named() -> None:
    """A rewrite that the run does not hold keeps its place and code in the row."""
    (first, *_) = proofs(sample())
    assert first.lost == (Place("ranker/lost.py", 30, "TFM101"),)
    for format in ("html", "markdown", "console"):
        assert "ranker/lost.py:30" in report.render(sample(), format)


def test_a_line_or_a_code_more_is_another_rewrite() -> None:
    """Path, line and code all have to agree."""
    for place in (Place("train/digits.py", 23, "TFM101"), Place("train/digits.py", 22, "TFM301")):
        check = ModelCheck("a", "b", rewrites=(place,), verdict=Verdict.MATCH)
        (proof,) = proofs(only(sample(), check))
        assert (proof.entries, proof.lost) == ((), (place,))


def test_files_are_the_fallback() -> None:
    """A check that names files gets their rewrites that need a review, imports left out."""
    check = ModelCheck("a", "b", covers=("train/digits.py", "serving/load_model.py"))
    (proof,) = proofs(only(sample(), check))
    # the import has a family in the sample; SAFE constants and discovery are left out
    assert {e.finding.code for e in proof.entries} == {"TFM101", "TFM201", "TFM801"}
    assert not proof.named
    run = sample()
    files = tuple(
        replace(
            file,
            findings=tuple(
                replace(f, family=None) if f.code == "TFM801" else f for f in file.findings
            ),
        )
        for file in run.files
    )
    (proof,) = proofs(only(replace(run, files=files), check))
    assert {e.finding.code for e in proof.entries} == {"TFM101", "TFM201"}
    assert all(e.safety is not Safety.SAFE for e in proof.entries)


def test_a_check_of_no_rewrite_has_no_row() -> None:
    """Two models that were compared by themselves are in the checks, not in this table."""
    assert proofs(only(sample(), ModelCheck("a", "b", verdict=Verdict.MATCH))) == []
    assert proofs(replace(sample(), checks=())) == []
    assert 'id="evidence"' not in report.render(replace(sample(), checks=()), "html")


def test_checks_of_the_same_rewrites_stand_together() -> None:
    """One code change with three models is one group of rows, the worst verdict first."""
    place = (Place("train/digits.py", 15, "TFM201"),)
    checks = [
        ModelCheck(str(i), str(i), rewrites=place, verdict=verdict)
        for i, verdict in enumerate((Verdict.MATCH, Verdict.MISMATCH, Verdict.ERROR))
    ]
    (proof,) = proofs(only(sample(), *checks))
    assert [row.check.verdict for row in proof.rows] == [
        Verdict.MISMATCH, Verdict.ERROR, Verdict.MATCH,
    ]  # fmt: skip


def test_no_comparison_gets_lost() -> None:
    """The rows of a check hold each of its outputs once, also those of no known signature."""
    for check in sample().checks:
        stray = OutputDelta("elsewhere", DeltaStatus.EXTRA)
        check = replace(
            check, deltas=(*check.deltas, stray), covers=("train/digits.py",), rewrites=()
        )
        (proof,) = proofs(only(sample(), check))
        shown = [d for row in proof.rows if row.what == "output" for d in row.deltas]
        assert sorted(map(repr, shown)) == sorted(map(repr, check.deltas))


def test_signatures_of_a_contract() -> None:
    """Dtype and shape come together; what changed, went or came shows both sides."""
    changed = CheckStatus.CHANGED
    facts = [
        ContractDelta("tags", SAME, "serve", "serve"),
        ContractDelta("signatures/predict", SAME, "present", "present"),
        ContractDelta("predict/method_name", SAME, "p", "p"),
        ContractDelta("predict/inputs/x/dtype", changed, "float32", "float64"),
        ContractDelta("predict/inputs/x/shape", SAME, "[None]", "[None]"),
        ContractDelta("predict/inputs/x/argument", CheckStatus.NOTE, "x", "called x_1"),
        ContractDelta("predict/inputs/a/b:0/dtype", SAME, "int64", "int64"),
        ContractDelta("predict/inputs/a/b:0/shape", SAME, "[]", "[]"),
        ContractDelta("predict/outputs/gone", CheckStatus.MISSING, "int64 [None]", "absent"),
        ContractDelta("predict/outputs/new", CheckStatus.EXTRA, "absent", "string []"),
        ContractDelta("predict/outputs/y/dtype", SAME, "float32", "float32"),
        ContractDelta("predict/outputs/y/shape", CheckStatus.NOTE, "unknown rank", "[None, 3]"),
    ]
    (found,) = signatures(facts)
    assert found == Signature(
        "predict",
        (Tensor("a/b:0", "int64 []", "int64 []"), Tensor("x", "float32 [None]", "float64 [None]")),
        (
            Tensor("gone", "int64 [None]", ""),
            Tensor("new", "", "string []"),
            # what shape inference knows is a note: no difference of the output
            Tensor("y", "float32 unknown rank", "float32 unknown rank"),
        ),
    )
    assert spelled(found) == (
        "predict(a/b:0: int64 [], x: float32 [None] became float64 [None]) → gone: int64 [None] "
        "became absent, new: absent became string [], y: float32 unknown rank"
    )
    assert signatures(facts[::-1]) == [found]


def test_a_key_with_a_slash() -> None:
    """Facts and outputs belong to the longest signature key that they begin with."""
    facts = [
        ContractDelta(f"signatures/{key}", SAME, "present", "present") for key in ("a", "a/b")
    ] + [
        ContractDelta(f"{key}/outputs/{name}/dtype", SAME, "int32", "int32")
        for key, name in (("a", "y"), ("a/b", "z"))
    ]
    assert [(s.key, [t.name for t in s.outputs]) for s in signatures(facts)] == [
        ("a", ["y"]),
        ("a/b", ["z"]),
    ]
    deltas = tuple(OutputDelta(name, DeltaStatus.EQUAL) for name in ("a/y", "a/b/z"))
    check = ModelCheck("m", "n", tuple(facts), deltas=deltas, covers=("train/digits.py",))
    (proof,) = proofs(only(sample(), check))
    assert [[d.name for d in row.deltas] for row in proof.rows] == [["a/y"], ["a/b/z"]]


def test_figures_of_what_did_not_run() -> None:
    """A row without numbers says why instead of nothing."""
    check = ModelCheck("a", "b", error="It died.", covers=("train/digits.py",))
    (proof,) = proofs(only(sample(), check))
    assert [figures(row) for row in proof.rows] == ["It died."]
    (proof,) = proofs(only(sample(), replace(check, error=None)))
    assert [figures(row) for row in proof.rows] == ["nothing was compared"]


@pytest.mark.parametrize("format", ["html", "markdown", "console"])
def test_code_signature_and_numbers_are_in_the_row(format: str) -> None:
    """The row of an export holds its code before and after, its signature and its numbers."""
    text = report.render(sample(), format)
    if format == "html":
        text = text[text.index('<table class="evidence"') : text.index('<section id="kept"')]
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("&#34;", '"')
    wanted = [
        *("simple_save", "save", "module", "images", "logits", "float32", "784"),
        *("5.96e-08", "5.4e-08", "100 %"),
    ]
    rows = [
        text[match.start() : match.start() + 700]
        for match in re.finditer(r"train/digits\.py:22:9", text)
    ]
    assert any(all(words in row for words in wanted) for row in rows), rows


def test_html_links_a_rewrite_with_its_proof() -> None:
    """In its diff's section a rewrite that a check names links to that check, others do not."""
    text = report.render(sample(), "html")
    articles = dict(re.findall(r'<article class="finding" id="(f-\w+)"(.*?)</article>', text, re.S))
    run = arrange(sample())
    for entry in reading.entries(run):
        linked = "Checked by" in articles[f"f-{entry.key}"]
        assert linked == bool(entry.proof)
        for check in entry.proof:
            assert f'href="#check-{run.checks.index(check) + 1}"' in articles[f"f-{entry.key}"]
    assert sum("Checked by" in article for article in articles.values()) == 3
