"""The SARIF log has what SARIF 2.1.0 requires and code-scanning services read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from sample import hostile, sample

from migrator import report
from migrator.report.order import arrange
from migrator.results import FileResult, Finding, Outcome, RunReport, Span

# Properties and words of the OASIS standard, sections 3.13 to 3.58, as far as we use them.
ALLOWED = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"columnKind", "invocations", "results", "properties"}),
    "driver": ({"name"}, {"version", "rules"}),
    "rule": (
        {"id"},
        {
            "name",
            "shortDescription",
            "fullDescription",
            "help",
            "defaultConfiguration",
            "properties",
        },
    ),
    "result": (
        {"message"},
        {
            "ruleId",
            "ruleIndex",
            "kind",
            "level",
            "locations",
            "partialFingerprints",
            "suppressions",
            "properties",
        },
    ),
    "location": (set(), {"physicalLocation", "logicalLocations", "message"}),
    "physical": ({"artifactLocation"}, {"region"}),
    "artifact": ({"uri"}, {"uriBaseId"}),
    "region": ({"startLine"}, {"startColumn", "endLine", "endColumn", "snippet"}),
    "invocation": ({"executionSuccessful"}, {"toolExecutionNotifications"}),
    "notification": ({"message"}, {"level", "locations"}),
    "suppression": ({"kind"}, set()),
}
LEVELS = {"none", "note", "warning", "error"}


def has(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """Assert that an object has the required properties of its kind and none unknown."""
    required, optional = ALLOWED[kind]
    assert required <= set(value), (kind, value)
    assert set(value) <= required | optional, (kind, set(value) - required - optional)
    return value


def checked(run: RunReport) -> dict[str, Any]:
    """Return the one run of the log, after walking through all of it."""
    log = has("log", json.loads(report.render(run, "sarif")))
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    has("run", only)
    assert only["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    driver = has("driver", only["tool"]["driver"])
    ids = [has("rule", rule)["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in LEVELS
    for result in only["results"]:
        has("result", result)
        assert result["message"]["text"]
        assert result["level"] in LEVELS
        assert result["kind"] in {"fail", "informational"}
        # 3.27.9: a kind other than "fail" has level "none", and the other way round
        assert (result["kind"] == "fail") == (result["level"] != "none")
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert len(result["locations"]) == 1
        locations(result["locations"])
        for suppression in result.get("suppressions", []):
            assert has("suppression", suppression)["kind"] == "inSource"
    for invocation in only["invocations"]:
        has("invocation", invocation)
        for notice in invocation.get("toolExecutionNotifications", []):
            assert has("notification", notice)["message"]["text"]
            assert notice["level"] in LEVELS
            locations(notice.get("locations", []))
    return only  # type: ignore[no-any-return]


def locations(found: list[dict[str, Any]]) -> None:
    """Assert that places are relative addresses with 1-based regions."""
    for location in found:
        physical = has("physical", has("location", location)["physicalLocation"])
        uri = has("artifact", physical["artifactLocation"])["uri"]
        assert uri.isascii()
        assert not any(char in uri for char in ' <>"\\^`{|}\n')
        assert ":" not in uri
        assert not uri.startswith("/")
        if "region" in physical:
            region = has("region", physical["region"])
            # 3.30: a region without an end is the whole of its line
            assert 1 <= region["startLine"] <= region.get("endLine", region["startLine"])
            assert region.get("startColumn", 1) >= 1
            assert region.get("endColumn", 1) >= 1


@pytest.mark.parametrize("make", [sample, hostile, RunReport], ids=["sample", "hostile", "empty"])
def test_structure(make) -> None:  # type: ignore[no-untyped-def]
    """Objects have the properties that the standard gives them, and only those."""
    checked(make())


def test_results_mirror_the_findings() -> None:
    """One result per finding, at its place, with its outcome as level and suppression."""
    run = sample()
    results = checked(run)["results"]
    assert len(results) == sum(len(file.findings) for file in run.files)
    by_outcome = {}
    for result in results:
        by_outcome.setdefault(result["properties"]["outcome"], []).append(result)
    assert {r["level"] for r in by_outcome["manual"] + by_outcome["blocked"]} == {"warning"}
    assert {r["level"] for r in by_outcome["rewritten"]} == {"note"}
    assert {r["level"] for r in by_outcome["kept"]} == {"none"}
    assert [r["suppressions"] for r in by_outcome["suppressed"]] == [[{"kind": "inSource"}]]
    assert not any(
        "suppressions" in r for r in results if r["properties"]["outcome"] != "suppressed"
    )
    keys = [r["partialFingerprints"]["migratorFinding/v1"] for r in results]
    assert len(keys) == len(set(keys))
    (saver,) = [r for r in results if r["message"]["text"].startswith("`saver` writes")]
    region = saver["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (15, 13, 41)
    covered = "train/digits.py: match, train/digits.py: checkpoint: match"
    assert saver["properties"]["covered"] == covered
    assert saver["message"]["text"].endswith(
        "\n\nModel check train/digits.py: checkpoint: match. 2 of 2 variables agree."
    )


def test_errors_and_verdicts_are_notifications() -> None:
    """A file that was not processed and a check that does not match cannot be overlooked."""
    run = checked(sample())
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert [notice["level"] for notice in notices] == ["error"] * 3
    texts = [notice["message"]["text"] for notice in notices]
    assert texts[0].startswith("Model check ranker: mismatch.")
    assert "First op at which they part: embedding_lookup/GatherV2 (GatherV2);" in texts[0]
    (location,) = notices[0]["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "ranker/lost.py"
    assert physical["region"] == {"startLine": 30}
    assert "locations" not in notices[1], "it names no rewrite"
    assert texts[1].startswith("Model check runs/before/frozen.pb")
    assert texts[2] == "Not processed: line 12: Python 2 print statement"


def test_paths_are_percent_encoded() -> None:
    """An address decodes to the path's own bytes, whatever characters it has."""
    path = "a b/c:d/é#?%.py"
    finding = Finding(Span(1, 0, 1, 1), "TFM201", "m", Outcome.MANUAL)
    files = (FileResult(path, (finding,)), FileResult("x\udcff.py", (finding,)))
    results = checked(RunReport(files=files))["results"]
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results]
    assert unquote(uris[0]) == path
    assert uris[1] == "x%FF.py"


def test_notebook_lines_are_not_file_lines() -> None:
    """A finding in a cell has no region, for lines of the cell are not lines of the file."""
    results = checked(sample())["results"]
    (found,) = [r for r in results if r["ruleId"] == "TFM403"]
    (location,) = found["locations"]
    assert "region" not in location["physicalLocation"]
    assert location["logicalLocations"][0]["name"] == "cell 5"


def test_rule_without_information_is_listed() -> None:
    """A code that no RuleInfo describes gets a descriptor, so that its index holds."""
    run = replace(arrange(sample()), rules=())
    assert {rule["id"] for rule in checked(run)["tool"]["driver"]["rules"]} >= {"TFM201", "TFM601"}
