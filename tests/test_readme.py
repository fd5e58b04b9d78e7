"""What the README shows is what the tool does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: ``<!-- path -->`` right above a block of Python: the block is that file.
SHOWN = dict(
    re.findall(
        r"^<!-- (tests/\S+\.py) -->\n```python\n(.*?)\n```$",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)


def test_three_lifted_programs_are_shown() -> None:
    """Each with what it was: one of each form of a lift."""
    folders = {str(Path(name).parent.parent) for name in SHOWN}
    assert folders == {
        "tests/lift/golden",
        "tests/lift/wrapped/golden",
        "tests/lift/classes/golden",
    }
    assert len(SHOWN) == 6


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_shown_programs_are_golden(name: str) -> None:
    """What stands in the README is a case that the tests lift and run."""
    assert SHOWN[name] == (ROOT / name).read_text(encoding="utf-8").rstrip()
