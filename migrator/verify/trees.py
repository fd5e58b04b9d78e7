"""Private copies of the code: where they come from, what is left out, what a program changed."""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.verify.manifest import Manifest, Tree

__all__ = ["Changes", "Snapshot", "TreeError", "copy_tree", "digest", "make_tree", "prune"]

#: Never copied: what no program is, and what would not work elsewhere.
_SKIPPED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".migrator", ".tox", ".nox", ".mypy_cache"}
    | {".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints", "node_modules"}
)


class TreeError(Exception):
    """The code of a side cannot be had; the message says why and what to do."""


def copy_tree(
    source: Path,
    target: Path,
    *,
    leave: Iterable[Path] = (),
    exclude: Sequence[str] = (),
    link: Sequence[str] = (),
) -> None:
    """Copy a folder into ``target``, which must not exist.

    Version control, caches and virtual environments are left out.  A symbolic link to something
    inside stays one; one to something outside leads there from the copy, too.

    Args:
        source: the folder.
        target: the copy.
        leave: absolute paths below ``source`` that are left out.
        exclude: patterns, by name or by path from ``source``, of what is left out.
        link: relative paths of folders that become links to the originals.

    Raises:
        TreeError: something cannot be read or written.
    """
    left = {os.path.abspath(path) for path in leave}
    linked = set(link)
    try:
        _copy(str(source), str(target), "", left, tuple(exclude), linked, os.path.realpath(source))
    except OSError as error:
        raise TreeError(
            f"{error.filename or source} cannot be copied: {error.strerror or error}"
        ) from None


def _copy(
    source: str,
    target: str,
    below: str,
    leave: set[str],
    exclude: tuple[str, ...],
    linked: set[str],
    top: str,
) -> None:
    os.makedirs(target)
    with os.scandir(source) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        relative = f"{below}{entry.name}"
        place = os.path.join(target, entry.name)
        if (
            entry.name in _SKIPPED
            or entry.path in leave
            or any(fnmatch.fnmatch(x, glob) for glob in exclude for x in (entry.name, relative))
        ):
            continue
        if relative in linked:
            os.symlink(os.path.realpath(entry.path), place)
        elif entry.is_symlink():
            aim = os.path.realpath(entry.path)
            inside = aim == top or aim.startswith(top + os.sep)
            inside = inside and not os.path.isabs(os.readlink(entry.path))
            os.symlink(os.readlink(entry.path) if inside else aim, place)
        elif entry.is_dir():
            if any(os.path.lexists(os.path.join(entry.path, x)) for x in _ENVIRONMENT):
                continue
            _copy(entry.path, place, f"{relative}/", leave, exclude, linked, top)
            shutil.copystat(entry.path, place)
        elif entry.is_file():
            shutil.copy2(entry.path, place)


#: What tells a virtual environment.
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")


def make_tree(tree: Tree, manifest: Manifest, target: Path, leave: Iterable[Path]) -> None:
    """Make the code of one side in ``target``; what ``migrate:`` asks for is done elsewhere.

    Raises:
        TreeError: it cannot be had.
    """
    home = manifest.home
    if tree.kind == "git":
        _check_out(home, tree.revision, target)
    else:
        folder = home / tree.folder
        if not folder.is_dir():
            raise TreeError(f"{folder} is not a folder; the manifest {manifest.path} names it")
        skip = [*leave, home / tree.originals] if tree.originals else list(leave)
        copy_tree(folder, target, leave=skip, exclude=manifest.exclude, link=manifest.link)
    for name in manifest.link:
        place = target / name
        if not place.is_symlink():
            if place.exists():
                raise TreeError(f"link names {name}, which {tree.revision} holds: it is there")
            if not (home / name).exists():
                raise TreeError(f"link names {name}, which is not there: {home / name}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to((home / name).resolve())
    if tree.kind == "over":
        _lay_over(home / tree.originals, tree.created, target)


def _lay_over(originals: Path, created: Sequence[str], target: Path) -> None:
    if not originals.is_dir():
        raise TreeError(f"{originals}, which holds the code before the migration, is not there")
    for name in created:
        (target / name).unlink(missing_ok=True)
    try:
        for folder, _, names in os.walk(originals):
            for name in names:
                source = Path(folder, name)
                place = target / source.relative_to(originals)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place)
    except OSError as error:
        raise TreeError(f"{originals} cannot be copied: {error.strerror}") from None


def _check_out(home: Path, revision: str, target: Path) -> None:
    """Write the files of a revision to ``target``; the repository stays as it is."""
    index = target.with_name(f"{target.name}.index")
    env = {**os.environ, "GIT_INDEX_FILE": str(index)}
    env.pop("GIT_DIR", None)
    env.pop("GIT_WORK_TREE", None)

    def git(*words: str) -> str:
        try:
            done = subprocess.run(
                ["git", *words], cwd=home, env=env, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise TreeError(f"git:{revision} needs git, which does not start: {error}") from None
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["git failed"])[-1]
            raise TreeError(f"git:{revision} cannot be had: {said}")
        return done.stdout

    try:
        git("read-tree", revision)
        top = git("rev-parse", "--show-toplevel").rstrip("\n")
        target.mkdir(parents=True)
        git("-C", top, "checkout-index", "--all", "--force", f"--prefix={target}/")
    finally:
        index.unlink(missing_ok=True)


def digest(folder: Path) -> str:
    """Return a hash of the names, the executable bits and the contents of a folder's files.

    Empty folders count: a Saver writes only into a folder that is there.  Of a linked folder,
    which may hold much, names, sizes and times count.
    """
    total = hashlib.sha256()
    for path, name in _files(folder):
        total.update(name.encode("utf-8", "surrogateescape") + b"\0")
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            total.update(b"/")
        elif stat.S_ISLNK(status.st_mode):
            total.update(b"link " + os.fsencode(os.readlink(path)))
            if path.is_dir():
                for below, inner in _files(path.resolve()):
                    with contextlib.suppress(OSError):
                        found = below.stat()
                        if stat.S_ISDIR(found.st_mode):
                            continue  # its time changes with what is put into it and removed
                        total.update(f"{inner} {found.st_size} {found.st_mtime_ns}".encode())
        else:
            total.update(b"x" if status.st_mode & 0o100 else b"-")
            total.update(file_digest(path))
    return total.hexdigest()


def file_digest(path: Path) -> bytes:
    """Return a hash of what a file holds."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.digest()


def _files(folder: Path) -> list[tuple[Path, str]]:
    found = []
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *folders]):
            path = Path(at, name)
            found.append((path, path.relative_to(folder).as_posix()))
    return found


@dataclass(frozen=True, slots=True)
class Changes:
    """What a program left behind, relative to its copy of the code."""

    written: tuple[str, ...] = ()  #: new or changed files and links
    folders: tuple[str, ...] = ()  #: new folders
    gone: tuple[str, ...] = ()  #: removed files


class Snapshot:
    """How the files of a folder were at one moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files, self.folders = _look(folder)

    def changes(self) -> Changes:
        """Return what changed since."""
        files, folders = _look(self.folder)
        return Changes(
            written=tuple(sorted(n for n, mark in files.items() if self.files.get(n) != mark)),
            folders=tuple(sorted(folders - self.folders)),
            gone=tuple(sorted(self.files.keys() - files.keys())),
        )


def _look(folder: Path) -> tuple[dict[str, tuple[int, ...]], set[str]]:
    files: dict[str, tuple[int, ...]] = {}
    folders: set[str] = set()
    pending = [str(folder)]
    while pending:
        at = pending.pop()
        with contextlib.suppress(OSError), os.scandir(at) as listing:
            for entry in listing:
                name = os.path.relpath(entry.path, folder).replace(os.sep, "/")
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        folders.add(name)
                        pending.append(entry.path)
                elif entry.is_symlink() or entry.is_file():
                    status = entry.stat(follow_symlinks=False)
                    files[name] = (
                        status.st_size,
                        status.st_mtime_ns,
                        status.st_ctime_ns,
                        status.st_ino,
                    )
    return files, folders


def prune(folder: Path, changes: Changes) -> None:
    """Remove what a program did not write, in place: paths that it stored stay right."""
    kept = set(changes.written)
    holding = {os.path.dirname(name) for name in kept} | set(changes.folders)
    for at, folders, names in os.walk(folder, topdown=False):
        links = [name for name in folders if os.path.islink(os.path.join(at, name))]
        for name in [*names, *links]:
            path = os.path.join(at, name)
            if os.path.relpath(path, folder).replace(os.sep, "/") not in kept:
                os.unlink(path)
        relative = os.path.relpath(at, folder).replace(os.sep, "/")
        if relative != "." and relative not in holding and not os.listdir(at):
            os.rmdir(at)


def apply_changes(changes: Changes, source: Path, target: Path) -> None:
    """Do in ``target`` what a program did in ``source``.

    ``checkpoint`` files, in which ``tf.train.update_checkpoint_state`` keeps absolute paths where
    it was given some, are made to name the copies.
    """
    for name in changes.gone:
        (target / name).unlink(missing_ok=True)
    for name in changes.folders:
        (target / name).mkdir(parents=True, exist_ok=True)
    old, new = os.fsencode(source), os.fsencode(target)
    for name in changes.written:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or place.exists():
            place.unlink()
        if place.name == "checkpoint" and not (source / name).is_symlink():
            place.write_bytes((source / name).read_bytes().replace(old + b"/", new + b"/"))
        else:
            shutil.copy2(source / name, place, follow_symlinks=False)
