"""``migrator verify`` as a user meets it."""

from __future__ import annotations

import sys

import pytest

from migrator import cli

ENTRY = """
[[entry]]
name = "train"
before = { command = ["python", "train.py", "out/m", "1"] }
after = { command = ["python", "train.py", "out/m", "VALUE"] }
"""


@pytest.fixture
def words(repository, fake_checker, monkeypatch):
    """The words of a command line in the repository."""
    monkeypatch.chdir(repository.root)
    return ["verify", "verify.toml", "--before-python", sys.executable]


@pytest.mark.parametrize(("value", "status"), [("1", 0), ("2", 1)])
def test_the_verdicts_are_printed_and_are_the_status(repository, words, capsys, value, status):
    """A line per check and a sum on stdout, what is being done on stderr; -q gives one word."""
    repository.manifest(ENTRY.replace("VALUE", value))
    assert cli.main(words) == status
    out, err = capsys.readouterr()
    verdict = "MATCH" if status == 0 else "MISMATCH"
    assert f"train: out/m  {verdict}" in out
    assert f"2 of 2 commands ran to a good end; {1 - status} of 1 checks MATCH." in out
    assert "Running train (before)" in err and "Checking train: out/m" in err
    assert cli.main([*words, "-q"]) == status
    assert capsys.readouterr().out == ("MATCH\n" if status == 0 else "NO MATCH\n")


def test_its_own_report_is_no_part_of_the_code(repository, words, capsys):
    """A report beside the manifest does not make the next run start from the beginning."""
    repository.manifest(ENTRY.replace("VALUE", "1"))
    names = ["--report", "verify.html", "--report", "verify.json"]
    assert cli.main([*words, *names]) == 0
    assert (repository.root / "verify.html").exists()
    assert cli.main([*words, *names]) == 0
    assert "3 results are an earlier run's" in capsys.readouterr().out
    assert cli.main([*words, *names, "--fresh"]) == 0
    assert "earlier run's" not in capsys.readouterr().out


def test_what_keeps_it_from_beginning_is_one_sentence(repository, words, capsys):
    """Exit status 2, no traceback, and the way out."""
    repository.manifest(ENTRY)
    assert cli.main(["verify", "verify.toml"]) == 2
    err = capsys.readouterr().err
    assert "migrator tf1-env DIR" in err and "Traceback" not in err


def test_a_side_that_cannot_be_opened_is_status_2(repository, words, capsys):
    """As with ``check``."""
    repository.manifest(ENTRY.replace("VALUE", "1") + 'models = [{ after = "out/gone" }]\n')
    assert cli.main(words) == 2
    assert "out/gone" in capsys.readouterr().out
