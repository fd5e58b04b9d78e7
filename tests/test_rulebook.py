"""The rulebook: every rule is found, codes are unique, selection means what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from migrator import rulebook

ROOT = Path(__file__).resolve().parent.parent


def test_every_file_of_rules_holds_a_rule():
    """Adding a rule is adding a file: none is forgotten, private ones hold none."""
    homes = {rule.function.__module__.rpartition(".")[2] for rule in rulebook.all_rules()}
    files = {path.stem for path in (ROOT / "rules").glob("*.py")}
    assert homes == {name for name in files if not name.startswith("_")}


def test_codes_and_names_are_unique_and_sorted():
    """A code or a name stands for one thing."""
    infos = rulebook.rule_infos()
    codes = [info.code for info in infos]
    assert codes == sorted(set(codes))
    assert len({info.name for info in infos}) == len(infos)


@pytest.mark.parametrize(
    ("select", "ignore", "codes"),
    [
        (["TFM101"], [], {"TFM101"}),
        (["tfm101"], [], {"TFM101"}),
        (["simple-save"], [], {"TFM101"}),
        (["TFM10"], ["TFM105"], {"TFM101", "TFM102"}),
        (["TFM101", "saver"], [], {"TFM101", "TFM201"}),
        (["TFM1"], ["TFM1"], set()),
    ],
)
def test_selection(select, ignore, codes):
    """Codes, prefixes and names select; ignoring is done last."""
    assert {rule.code for rule in rulebook.select(select, ignore)} == codes


def test_no_selection_selects_all():
    """Nothing given means everything."""
    assert rulebook.select() == rulebook.all_rules()


def test_unknown_words_get_the_nearest_right_one():
    """A slip of the finger is answered with what was meant."""
    assert rulebook.unknown(["TFM101", "saver", "TFM2"]) == []
    assert rulebook.unknown(["simple-sav"]) == [("simple-sav", "simple-save")]
    ((word, near),) = rulebook.unknown(["zzzzzz"])
    assert (word, near) == ("zzzzzz", None)


def test_find_takes_codes_and_names():
    """Either is spelled as the user likes."""
    for word in ("TFM201", "tfm201", "saver", "Saver"):
        info = rulebook.find(word)
        assert info is not None
        assert info.code == "TFM201"
    assert rulebook.find("nothing") is None


def test_the_top_level_package_refuses_to_be_imported():
    """``import rules`` belongs to somebody else on the package index."""
    done = subprocess.run(
        [sys.executable, "-c", "import rules"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "migrator.rules" in done.stderr
