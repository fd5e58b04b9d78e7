"""The documentation of the rules is executed: each example becomes what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engine_harness import plan_of

from migrator import rulebook
from migrator.results import Outcome, Safety
from migrator.rule import FileContext

RULES = rulebook.all_rules()
HEADINGS = ("What it does", "Why", "Example", "Use instead", "Safety", "References")


def sections(docs: str) -> dict[str, str]:
    """Return heading -> text of a rule's documentation, as the report splits it."""
    parts = re.split(r"^## (.+)$", docs, flags=re.M)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def code(section: str) -> str:
    """Return the one code block of a section."""
    (block,) = re.findall(r"```python\n(.*?)```", section, re.S)
    return block


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_documentation_is_whole(rule):
    """Every rule says what, why, how it looks, how safe it is and where that is written."""
    docs = rule.docs
    assert rule.summary.endswith("."), "the first line is one sentence"
    assert len(rule.summary) <= 100
    assert tuple(sections(docs)) == HEADINGS
    assert re.search(r"<https://[^>]+>", sections(docs)["References"])
    said = sections(docs)["Safety"].partition(":")[0].partition(" ")[0].strip(".,").lower()
    assert said in ("nothing", str(rule.safety))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_example_becomes_what_the_documentation_shows(rule):
    """The engine makes exactly "Use instead" of "Example", and the rule has a part in it."""
    parts = sections(rule.docs)
    before, after = code(parts["Example"]), code(parts["Use instead"])
    plan = plan_of(before)
    if not plan.moves:  # nothing here takes its program to TensorFlow 2
        plan = plan_of(before, FileContext(move=False))
    assert (plan.text if plan.text is not None else before) == after
    found = {f.code: f.outcome for f in plan.findings}
    assert rule.code in found
    if rule.safety is Safety.MANUAL:
        assert found[rule.code] is Outcome.MANUAL


@pytest.mark.parametrize("info", rulebook.rule_infos(), ids=lambda info: info.code)
def test_every_code_is_documented(info):
    """Codes of the engine and of covered places have a page, too."""
    assert re.fullmatch(r"TFM\d{3}", info.code)
    assert re.fullmatch(r"[a-z0-9-]+", info.name)
    assert info.summary.endswith(".")
    parts = sections(info.docs)
    if info.code != "TFM999":
        assert {"What it does", "Why", "Safety"} <= set(parts)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_keeps_still_when_its_program_is_held(rule):
    """The example of every rule stays as it is in a program that cannot move."""
    before = code(sections(rule.docs)["Example"])
    plan = plan_of(before, FileContext(held="`a.py` holds this program back: it does not parse"))
    assert plan.text is None
    assert Outcome.REWRITTEN not in {f.outcome for f in plan.findings}


def test_the_readme_shows_what_the_tool_does() -> None:
    """The first diff of the README is the tool's own output."""
    readme = Path(__file__).resolve().parent.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    shown = text.partition("```diff\n")[2].partition("```")[0].splitlines()
    before = "\n".join(row[1:] for row in shown if row[:1] != "+") + "\n"
    after = "\n".join(row[1:] for row in shown if row[:1] != "-") + "\n"
    assert plan_of(before).text == after
