"""A report file is written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from sample import sample

from migrator import report
from migrator.results import RunReport


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("report.html", "html"),
        ("a.b/Report.HTML", "html"),
        ("x.md", "markdown"),
        ("x.json", "json"),
        ("x.sarif", "sarif"),
        ("x.sarif.json", "sarif"),
        ("x.txt", "console"),
    ],
)
def test_format_of(name: str, format: str) -> None:
    """The ending names the format, in any case of letters."""
    assert report.format_of(name) == format
    assert report.format_of(Path(name)) == format


@pytest.mark.parametrize("name", ["report", "report.pdf", ".", "html", "a.html/b", "x.html~"])
def test_unknown_ending(name: str) -> None:
    """An ending without a format is refused, with the list of those that have one."""
    with pytest.raises(ValueError, match=r"\.html, \.json, \.md, \.sarif, \.sarif\.json, \.txt"):
        report.format_of(name)


@pytest.mark.parametrize("name", ["r.html", "r.md", "r.json", "r.sarif", "r.txt"])
def test_write(tmp_path: Path, name: str) -> None:
    """The file holds the rendered bytes, with newlines as rendered, and nothing lies beside it."""
    path = tmp_path / name
    report.write(sample(), path)
    assert path.read_bytes() == report.render(sample(), report.format_of(name)).encode()
    assert os.listdir(tmp_path) == [name]


def test_replaces_an_old_report_and_keeps_its_mode(tmp_path: Path) -> None:
    """A report that was there is replaced; who may read it stays as it was."""
    path = tmp_path / "r.json"
    path.write_text("old")
    path.chmod(0o640)
    report.write(sample(), str(path))
    assert path.read_text().startswith("{")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_new_file_follows_the_umask(tmp_path: Path) -> None:
    """A new report is readable for whom the user's umask says."""
    old = os.umask(0o027)
    try:
        report.write(sample(), tmp_path / "r.json")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "r.json").stat().st_mode) == 0o640


def test_follows_a_link(tmp_path: Path) -> None:
    """A symbolic link stays one; the file that it names is replaced."""
    (tmp_path / "real").mkdir()
    (tmp_path / "latest.json").symlink_to(tmp_path / "real" / "r.json")
    report.write(sample(), tmp_path / "latest.json")
    assert (tmp_path / "latest.json").is_symlink()
    assert (tmp_path / "real" / "r.json").read_text().startswith("{")


def test_missing_folder(tmp_path: Path) -> None:
    """Folders are not made: the error names the path that was asked for."""
    with pytest.raises(FileNotFoundError, match=r"nowhere/r\.html.*folder does not exist"):
        report.write(sample(), tmp_path / "nowhere" / "r.html")
    assert os.listdir(tmp_path) == []


def test_target_is_a_folder(tmp_path: Path) -> None:
    """A folder is not replaced by a report."""
    (tmp_path / "r.html").mkdir()
    with pytest.raises(IsADirectoryError):
        report.write(sample(), tmp_path / "r.html")
    assert os.listdir(tmp_path) == ["r.html"]


@pytest.mark.parametrize("step", ["replace", "fdopen", "render", "encode"])
def test_failure_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever fails, the old report is untouched and no scratch file stays."""
    path = tmp_path / "r.json"
    path.write_text("old")

    def fail(*args: object, **kwargs: object) -> str:
        raise OSError(28, "No space left on device")

    if step == "render":
        monkeypatch.setattr(report, "render", fail)
    elif step == "encode":
        monkeypatch.setattr(report, "render", lambda run, format: "\ud800")
    elif step == "fdopen":
        real = os.fdopen

        class Full:
            def __init__(self, handle: int, mode: str) -> None:
                self.file = real(handle, mode)

            def __enter__(self) -> Full:
                return self

            def __exit__(self, *error: object) -> None:
                self.file.close()

            def write(self, data: bytes) -> None:
                self.file.write(data[:10])
                fail()

        monkeypatch.setattr(os, "fdopen", Full)
    else:
        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises((OSError, UnicodeEncodeError)):
        report.write(sample(), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["r.json"]


def test_unknown_ending_writes_nothing(tmp_path: Path) -> None:
    """The ending is looked at before anything is opened."""
    with pytest.raises(ValueError, match="no report format"):
        report.write(RunReport(), tmp_path / "r.pdf")
    assert os.listdir(tmp_path) == []
