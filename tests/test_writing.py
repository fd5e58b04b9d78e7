"""Diffs apply, and what is written is written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator import files
from migrator.files import SourceError, read, replace_all, unified_diff

GIT = shutil.which("git")


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Write files (path → bytes or text) under a folder and return the folder."""

    def write(contents: dict[str, str | bytes], *, git: bool = False) -> Path:
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        if git:
            (tmp_path / ".git").mkdir()
            (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        return tmp_path

    return write


def sources_of(root: Path, *named: str) -> list[files.Source]:
    """Read files by their names from the root."""
    return [read(root / name, root) for name in named]


def leftovers(folder: Path) -> list[str]:
    """Return the names of temporary files that were left behind."""
    return [path.name for path in folder.rglob(".migrator-*")]


def git_apply(folder: Path, diff: bytes, *options: str) -> None:
    """Apply a diff as a reviewer would, without the settings of this machine."""
    subprocess.run([GIT, "apply", *options, "-"], cwd=folder, input=diff, check=True, env=QUIET)


QUIET = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
CHANGES = [
    ("a\nb\nc\n", "a\nB\nc\n"),
    ("a\nb\nc", "a\nb\nc\n"),
    ("a\nb\nc\n", "a\nb\nc"),
    ("a\nb", "a\nc"),
    ("a\r\nb\r\nc\r\n", "a\r\nx\r\nc\r\n"),
    ("a\r\nb\nc\r\n", "a\nb\r\nc\r\n"),
    ("a\rb\rc\r", "a\rB\rc\r"),
    ("a\x0cb\x0b\nc\x85\u2028d\n", "a\x0cb\x0b\nc\x85\u2028e\n"),
    ("", "a\n"),
    ("a\n", ""),
    ("a", ""),
    ("\n", "\n\n"),
    ("\n".join(map(str, range(100))), "\n".join(map(str, [*range(50), "x", *range(51, 99), "y"]))),
    ("--- a\n+++ b\n", "--- a\n+++ c\n"),
    ("größe\n", "grösse\n"),
    ("d\n\r\na\n\nb\na\na\na\nb", "d\n\r\na\n\na\na\na\na\nb"),
]


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@pytest.mark.parametrize(("before", "after"), CHANGES)
@pytest.mark.parametrize(
    "name", ["a.py", "sub dir/ü x.py", 'q"uo\\te\n.py', "tab\t.py", "\udcff.py"]
)
def test_git_applies_the_diff(tmp_path, name, before, after):
    """git apply makes of the old file exactly the new one, and back with --reverse."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(before.encode())
    diff = unified_diff(name, before, after).encode()
    git_apply(tmp_path, diff)
    assert path.read_bytes() == after.encode()
    git_apply(tmp_path, diff, "--reverse")
    assert path.read_bytes() == before.encode()


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@pytest.mark.parametrize(("before", "after"), [change for change in CHANGES if all(change)])
@pytest.mark.parametrize("name", ["a.py", "sub dir/ü x.py"])
def test_patch_applies_the_diff(tmp_path, name, before, after):
    """So does patch -p1, without fuzz."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(before.encode())
    diff = unified_diff(name, before, after).encode()
    subprocess.run(
        ["patch", "-p1", "--fuzz=0", "--binary", "-s"], cwd=tmp_path, input=diff, check=True
    )
    assert path.read_bytes() == after.encode()


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@pytest.mark.parametrize("text", ["x = 1\n", "x", "\r\n", ""])
def test_new_and_removed_files_come_from_and_go_to_nowhere(tmp_path, text):
    """git apply creates the file, and --reverse removes it, even an empty one."""
    diff = unified_diff("pkg/new.py", None, text)
    assert not text or "--- /dev/null\n+++ b/pkg/new.py\n" in diff
    git_apply(tmp_path, diff.encode())
    assert (tmp_path / "pkg/new.py").read_bytes() == text.encode()
    git_apply(tmp_path, unified_diff("pkg/new.py", text, None).encode())
    assert not (tmp_path / "pkg/new.py").exists()


def test_a_diff_has_the_usual_form():
    """Header, hunk, three lines of context and the mark for a missing last newline."""
    before = "".join(f"{n}\n" for n in range(1, 10)) + "end"
    assert unified_diff("p/a.py", before, before.replace("8", "VIII")) == (
        "diff --git a/p/a.py b/p/a.py\n"
        "--- a/p/a.py\n+++ b/p/a.py\n@@ -5,6 +5,6 @@\n 5\n 6\n 7\n-8\n+VIII\n 9\n end\n"
        "\\ No newline at end of file\n"
    )
    assert unified_diff("a.py", before, before) == ""
    # patch cuts a name at a space unless a tab ends it
    assert unified_diff("a b.py", "x\n", "y\n").startswith(
        "diff --git a/a b.py b/a b.py\n--- a/a b.py\t\n+++ b/a b.py\t\n"
    )


LINES = st.lists(st.sampled_from(["a", "b", "c", "\r", "é\x0c", ""]), max_size=14)


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@settings(max_examples=60, deadline=None)
@given(LINES, LINES)
def test_git_applies_any_diff(tmp_path_factory, old, new):
    """Whatever the two texts, line ends and missing last newlines included."""
    before, after = "\n".join(old), "\n".join(new)
    folder = tmp_path_factory.mktemp("apply")
    (folder / "a.py").write_bytes(before.encode())
    diff = unified_diff("a.py", before, after)
    assert bool(diff) == (before != after)
    if diff:
        git_apply(folder, diff.encode())
    assert (folder / "a.py").read_bytes() == after.encode()


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@pytest.mark.parametrize(
    "raw",
    [
        b"# coding: latin-1\n'\xe9'\nold\n",
        b"\xef\xbb\xbfold\r\n'\xc3\xa9'\r\n",
        b"old",
        b"old\n'\xf0\x9f\x98\x80'\n",
    ],
)
@pytest.mark.parametrize("name", ["a.py", "ü \udcff.py"])
def test_a_patch_applies_in_every_encoding(tmp_path, raw, name):
    """The byte-for-byte diff holds the file's own encoding and byte-order mark."""
    path = tmp_path / name
    path.write_bytes(raw)
    source = read(path, tmp_path)
    text = source.text.replace("old", "new")
    git_apply(tmp_path, files.patch(source, text))
    assert path.read_bytes() == source.encode(text) == raw.replace(b"old", b"new")
    assert files.patch(source, source.text) == b""
    assert files.diff(source, source.text) == ""
    if source.encoding.startswith("utf-8"):
        path.write_bytes(raw)
        git_apply(tmp_path, files.diff(source, text).encode())
        assert path.read_bytes() == source.encode(text)


def test_replacing_keeps_the_mode_and_leaves_nothing_behind(tree):
    """The new bytes, the old mode, and no temporary file."""
    root = tree({"a.py": b"old\r\n"})
    os.chmod(root / "a.py", 0o751)
    files.replace(read(root / "a.py", root), "new\r\n")
    assert (root / "a.py").read_bytes() == b"new\r\n"
    assert stat.S_IMODE((root / "a.py").stat().st_mode) == 0o751
    assert os.listdir(root) == ["a.py"]


def test_replacing_keeps_byte_order_mark_and_encoding(tree):
    """What the file was encoded in, it stays."""
    root = tree({"a.py": b"\xef\xbb\xbfx\r\n", "b.py": b"# coding: latin-1\n"})
    one, two = sources_of(root, "a.py", "b.py")
    replace_all([(one, "é\r\n"), (two, "# coding: latin-1\n# é\n")])
    assert (root / "a.py").read_bytes() == b"\xef\xbb\xbf\xc3\xa9\r\n"
    assert (root / "b.py").read_bytes() == b"# coding: latin-1\n# \xe9\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_replacing_keeps_the_owner(tree):
    """A migration run by root does not take the files from their owner."""
    root = tree({"a.py": b"old"})
    os.chown(root / "a.py", 12345, 23456)
    os.chmod(root / "a.py", 0o640)
    files.replace(read(root / "a.py", root), "new")
    status = (root / "a.py").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 23456, 0o640)


def test_an_owner_that_cannot_be_kept_is_no_error(tree, monkeypatch):
    """Only root gives files away; for others the file becomes the writer's own."""

    def refuse(*arguments):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    root = tree({"a.py": b"old"})
    monkeypatch.setattr(os, "fchown", refuse)
    files.replace(read(root / "a.py", root), "new")
    assert (root / "a.py").read_bytes() == b"new"


def test_replacing_keeps_extended_attributes(tree):
    """Where the file system has them."""
    root = tree({"a.py": b"old"})
    try:
        os.setxattr(root / "a.py", "user.note", b"mine")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    files.replace(read(root / "a.py", root), "new")
    assert os.getxattr(root / "a.py", "user.note") == b"mine"


def test_a_link_stays_a_link(tree):
    """The target gets the new text."""
    root = tree({"d/a.py": b"old"})
    (root / "link.py").symlink_to("d/a.py")
    files.replace(read(root / "link.py", root), "new")
    assert (root / "link.py").is_symlink()
    assert (root / "d/a.py").read_bytes() == b"new"
    assert not leftovers(root)


def test_of_two_hard_links_only_the_one_named_changes(tree):
    """As with git; a copy made by cp -al keeps the original."""
    root = tree({"a.py": b"old"})
    os.link(root / "a.py", root / "b.py")
    files.replace(read(root / "a.py", root), "new")
    assert (root / "a.py").read_bytes() == b"new"
    assert (root / "b.py").read_bytes() == b"old"


def test_a_file_that_changed_since_it_was_read_is_not_overwritten(tree):
    """Nor is any other file of the same call."""
    root = tree({"a.py": b"old a", "b.py": b"old b"})
    one, two = sources_of(root, "a.py", "b.py")
    (root / "b.py").write_bytes(b"by hand")
    with pytest.raises(
        SourceError, match=r"b\.py: changed on disk since it was read: run migrator"
    ):
        replace_all([(one, "new a"), (two, "new b")])
    assert (root / "a.py").read_bytes() == b"old a"
    assert (root / "b.py").read_bytes() == b"by hand"
    (root / "b.py").unlink()
    with pytest.raises(SourceError, match=r"b\.py: does not exist, so it was not written"):
        replace_all([(one, "new a"), (two, "new b")])
    assert os.listdir(root) == ["a.py"]


def test_a_file_that_changes_while_others_are_staged_is_not_overwritten(tree, monkeypatch):
    """The bytes are compared again right before the exchange."""
    root = tree({"a.py": b"old"})
    source = read(root / "a.py", root)
    real = os.fsync

    def save_in_an_editor(descriptor):
        (root / "a.py").write_bytes(b"by hand")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", save_in_an_editor)
    with pytest.raises(SourceError, match="changed on disk"):
        files.replace(source, "new")
    assert (root / "a.py").read_bytes() == b"by hand"
    assert not leftovers(root)


def test_a_read_only_file_is_refused_with_the_way_out(tree):
    """Although a rename would get round it, and even for root."""
    root = tree({"a.py": b"old"})
    source = read(root / "a.py", root)
    os.chmod(root / "a.py", 0o444)
    with pytest.raises(SourceError, match=r"is read-only: allow writing \(chmod u\+w\)"):
        files.replace(source, "new")
    assert (root / "a.py").read_bytes() == b"old"
    assert not leftovers(root)


def test_a_file_of_somebody_else_is_refused(tree, monkeypatch):
    """Writable for its owner only: simulated, because root may write everything."""
    root = tree({"a.py": b"old"})
    source = read(root / "a.py", root)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(SourceError, match="is read-only"):
        files.replace(source, "new")
    assert (root / "a.py").read_bytes() == b"old"


def test_equal_text_is_not_written(tree):
    """The file keeps its inode and time."""
    root = tree({"a.py": b"same"})
    os.chmod(root / "a.py", 0o444)
    before = (root / "a.py").stat()
    files.replace(read(root / "a.py", root), "same")
    assert (root / "a.py").stat() == before


FAILURES = [
    (errno.ENOSPC, "no space is left on the disk"),
    (errno.EDQUOT, "no space is left on the disk"),
    (errno.EACCES, r"its folder does not allow it \(permission denied\)"),
    (errno.EROFS, "the file system is read-only"),
    (errno.EIO, "input/output error"),
]


def failing(function: Callable, code: int, *, on_call: int) -> Callable:
    """Return ``function`` with its ``on_call``-th call failing."""
    calls = 0

    def call(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls == on_call:
            raise OSError(code, os.strerror(code))
        return function(*arguments, **options)

    return call


@pytest.mark.parametrize(("code", "reason"), FAILURES)
@pytest.mark.parametrize("call", ["write", "fsync", "chmod"])
@pytest.mark.parametrize("on_call", [1, 2])
def test_a_failure_while_staging_touches_nothing(tree, monkeypatch, code, reason, call, on_call):
    """A full disk, found on the second file, leaves the first as it was, and no leftovers."""
    root = tree({"a.py": b"old a", "b.py": b"old b"})
    one, two = sources_of(root, "a.py", "b.py")
    monkeypatch.setattr(os, call, failing(getattr(os, call), code, on_call=on_call))
    with pytest.raises(SourceError, match=rf"{'ab'[on_call - 1]}\.py: .*{reason}"):
        replace_all([(one, "new a"), (two, "new b")], [(root / "c.py", "new c")])
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {
        "a.py": b"old a",
        "b.py": b"old b",
    }


@pytest.mark.parametrize("hard_links", [True, False])
@pytest.mark.parametrize(("code", "reason"), FAILURES)
def test_a_failing_exchange_takes_back_the_ones_done(tree, monkeypatch, code, reason, hard_links):
    """Files, modes and inodes are as they were, with and without a system that has hard links."""
    root = tree({"a.py": b"old a", "b.py": b"old b", "c.py": b"old c"})
    os.chmod(root / "a.py", 0o700)
    inode = (root / "a.py").stat().st_ino
    changes = [(source, "new") for source in sources_of(root, "a.py", "b.py", "c.py")]
    if not hard_links:
        monkeypatch.setattr(os, "link", failing(os.link, errno.EPERM, on_call=1))
    monkeypatch.setattr(os, "replace", failing(os.replace, code, on_call=3))
    with pytest.raises(SourceError, match=rf"c\.py: .*{reason}; the files written before it are"):
        replace_all(changes)
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {
        "a.py": b"old a",
        "b.py": b"old b",
        "c.py": b"old c",
    }
    assert stat.S_IMODE((root / "a.py").stat().st_mode) == 0o700
    assert not hard_links or (root / "a.py").stat().st_ino == inode


def test_a_created_file_is_taken_back_too(tree, monkeypatch):
    """The vendored bridge does not stay without the program that imports it."""
    root = tree({"a.py": b"old a"})
    (source,) = sources_of(root, "a.py")
    real = os.link

    def link(old, new):
        if str(new).endswith("late.py"):
            Path(new).write_bytes(b"somebody else's")
        real(old, new)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(SourceError, match=r"late\.py: exists already and was not overwritten"):
        replace_all([(source, "new")], [(root / "first.py", "1"), (root / "late.py", "2")])
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {
        "a.py": b"old a",
        "late.py": b"somebody else's",
    }


def test_what_cannot_be_taken_back_is_named_and_its_original_kept(tree, monkeypatch):
    """The error says which file holds new text and where the old one is."""
    root = tree({"a.py": b"old a", "b.py": b"old b"})
    changes = [(source, "new") for source in sources_of(root, "a.py", "b.py")]
    real = os.replace
    calls = []

    def break_down(old, new):
        calls.append(new)
        if len(calls) > 1:
            raise OSError(errno.EIO, "Input/output error")
        real(old, new)

    monkeypatch.setattr(os, "replace", break_down)
    with pytest.raises(SourceError) as caught:
        replace_all(changes)
    message = str(caught.value)
    assert "b.py: cannot be written: input/output error" in message
    assert "could not be taken back" in message
    (kept,) = leftovers(root)
    assert str(root / kept) in message
    assert str(root / "a.py") in message
    assert (root / kept).read_bytes() == b"old a"
    assert (root / "a.py").read_bytes() == b"new"
    assert (root / "b.py").read_bytes() == b"old b"


@pytest.mark.parametrize("on_call", [1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before the rename", "after the rename"])
def test_an_interrupt_between_two_exchanges_leaves_all_as_it_was(tree, monkeypatch, on_call, after):
    """Ctrl-C is no reason to leave a program half rewritten."""
    root = tree({"a.py": b"old a", "b.py": b"old b"})
    changes = [(source, "new") for source in sources_of(root, "a.py", "b.py")]
    real = os.replace
    calls = []

    def interrupted(old, new):
        calls.append(new)
        if len(calls) == on_call and not after:
            raise KeyboardInterrupt
        real(old, new)
        if len(calls) == on_call:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_all(changes)
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {
        "a.py": b"old a",
        "b.py": b"old b",
    }


@pytest.mark.parametrize("after", [False, True], ids=["before the link", "after the link"])
def test_an_interrupt_between_two_creations_leaves_none(tree, monkeypatch, after):
    """The disk tells whether the second was in place already."""
    root = tree({})
    real = os.link
    calls = []

    def interrupted(old, new):
        calls.append(new)
        if after or len(calls) == 1:
            real(old, new)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_all([], [(root / "a.py", "x"), (root / "b.py", "y")])
    assert os.listdir(root) == []


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_an_interrupt_while_staging_leaves_all_as_it_was(tree, monkeypatch, call):
    """Neither changed files nor leftovers."""
    root = tree({"a.py": b"old a"})
    (source,) = sources_of(root, "a.py")
    real = getattr(os, call)

    def interrupted(*arguments):
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_all([(source, "new")], [(root / "b.py", "x")])
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {"a.py": b"old a"}


@pytest.mark.skipif(sys.platform != "linux", reason="needs a tmpfs of its own")
def test_a_disk_that_is_really_full_truncates_nothing(tmp_path):
    """On a file system of 64 kB, by a real ENOSPC."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a file system here: {mounted.stderr.strip()}")
    try:
        (disk / "a.py").write_bytes(b"old")
        (disk / "b.py").write_bytes(b"#" * 30_000)
        one, two = sources_of(disk, "a.py", "b.py")
        with pytest.raises(SourceError, match=r"b\.py: cannot be written: no space is left"):
            replace_all([(one, "new"), (two, "#" * 60_000)])
        assert {path.name: path.stat().st_size for path in disk.iterdir()} == {
            "a.py": 3,
            "b.py": 30_000,
        }
        # What fits is written although there is no room for a copy of the original.
        (disk / "filler").write_bytes(b"x" * 16_000)
        files.replace(one, "new")
        assert (disk / "a.py").read_bytes() == b"new"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_short_writes_are_continued(tree, monkeypatch):
    """os.write may take less than it is given."""
    root = tree({"a.py": b"old"})
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    files.replace(read(root / "a.py", root), "x = 'a longer text'\n")
    assert (root / "a.py").read_bytes() == b"x = 'a longer text'\n"


def test_creating_refuses_to_overwrite(tree, monkeypatch):
    """Not a file, not a dangling link, not a file that appears at the last moment."""
    root = tree({"a.py": b"old"})
    (root / "link.py").symlink_to("nothing.py")
    for name in ("a.py", "link.py"):
        with pytest.raises(SourceError, match="exists already and was not overwritten"):
            files.create(root / name, "new")
    with pytest.raises(SourceError, match="its folder does not exist"):
        files.create(root / "no/a.py", "new")
    with pytest.raises(SourceError, match="lone surrogate"):
        files.create(root / "s.py", "\ud800")
    assert (root / "a.py").read_bytes() == b"old"
    assert sorted(os.listdir(root)) == ["a.py", "link.py"]


@pytest.mark.parametrize("hard_links", [True, False])
def test_creating_honours_the_umask(tree, monkeypatch, hard_links):
    """A new file gets the mode that any new file of the user gets."""
    root = tree({})
    if not hard_links:
        monkeypatch.setattr(os, "link", failing(os.link, errno.EPERM, on_call=1))
    before = os.umask(0o027)
    try:
        files.create(root / "new.py", "größe\r\n")
    finally:
        os.umask(before)
    assert (root / "new.py").read_bytes() == "größe\r\n".encode()
    assert stat.S_IMODE((root / "new.py").stat().st_mode) == 0o640
    assert os.listdir(root) == ["new.py"]


def test_two_changes_for_one_file_are_a_mistake_of_the_caller(tree):
    """Also by way of a link; nothing is written."""
    root = tree({"a.py": b"old"})
    (root / "link.py").symlink_to("a.py")
    with pytest.raises(ValueError, match="two changes for"):
        replace_all([(source, "new") for source in sources_of(root, "a.py", "link.py")])
    with pytest.raises(ValueError, match="two changes for"):
        replace_all([], [(root / "n.py", "1"), (root / "n.py", "2")])
    assert sorted(os.listdir(root)) == ["a.py", "link.py"]
    assert (root / "a.py").read_bytes() == b"old"


def test_a_folder_that_cannot_be_flushed_is_no_error(tree, monkeypatch):
    """Windows and some network file systems cannot; the files are in place all the same."""
    root = tree({"a.py": b"old"})
    real = os.open
    source = read(root / "a.py", root)

    def refuse(path, flags, *mode):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse)
    files.replace(source, "new")
    assert (root / "a.py").read_bytes() == b"new"
