"""Find the user's Python files and notebooks, and be the one door to reading and writing them.

:func:`discover` walks; reading is in :mod:`migrator.sources` (of notebooks in
:mod:`migrator.notebooks`) and writing in :mod:`migrator.writing`, and their names are offered
here.  The module is on the path of every commit hook, so it imports the standard library only, and
of that only what is quick to import.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from migrator.sources import (
    MAX_BYTES,
    Source,
    SourceError,
    Value,
    is_notebook,
    kind_of,
    may_hold_saving_code,
    printable,
    read_bytes,
    relative_name,
    why_unread,
)
from migrator.writing import create, diff, patch, replace, replace_all, unified_diff

TYPE_CHECKING = False  # typing.TYPE_CHECKING costs the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "MAX_BYTES",
    "Discovery",
    "Source",
    "SourceError",
    "create",
    "decoded",
    "diff",
    "discover",
    "may_hold_saving_code",
    "other_files",
    "patch",
    "printable",
    "python_files",
    "read",
    "read_bytes",
    "replace",
    "replace_all",
    "unified_diff",
]


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)


#: Folders never entered unless named: caches, installed packages, other tools' homes. Folders
#: that start with a dot and virtual environments (``pyvenv.cfg``, ``conda-meta``) are added.
_SKIPPED = frozenset({"__pycache__", "__pypackages__", "node_modules", "site-packages", "venv"})

#: How the names of files with code end.
_SUFFIXES = (".py", ".ipynb")

#: Build output, as ruff skips it; but code that other files import must not pass unseen, so a
#: folder of such a name that is itself a package (it holds ``__init__.py``) is entered.
_BUILD_OUTPUT = frozenset({"build", "dist", "_build", "buck-out"})


#: Folders with a dot that say how a repository is built and tested.
_TOLD = frozenset({".github", ".circleci", ".ci", ".buildkite", ".binder", ".docker", ".gitlab"})


class Discovery(Value):
    """The files a run is about.

    ``root`` is the git top level, or without git the folder that holds all paths given;
    ``selected`` are the absolute paths of the .py and .ipynb files, sorted and unique; ``problems``
    maps each path that cannot be worked on to one sentence (without the path); ``repository`` says
    whether ``root`` is a git top level.
    """

    __slots__ = ("root", "selected", "problems", "repository")  # noqa: RUF023 - field order

    root: Path
    selected: tuple[Path, ...]
    problems: Mapping[Path, str]
    repository: bool

    def __init__(
        self,
        root: Path,
        selected: tuple[Path, ...],
        problems: Mapping[Path, str],
        repository: bool,
    ) -> None:
        self._set(root, selected, problems, repository)

    def __hash__(self) -> int:
        return hash((self.root, self.selected))

    def context(self, *, exclude: Iterable[str] = ()) -> tuple[Path, ...]:
        """Return the files that may share a program with the selected ones, those included.

        In a git repository that is every file of it.  Elsewhere the root may be a home folder or
        ``/tmp``, so only the neighbours of the selected files in their own folders are added.
        """
        found = set(self.selected)
        if self.repository:
            found.update(python_files(self.root, exclude=exclude))
        else:
            skips = _excluder(exclude, str(self.root))
            for folder in {path.parent for path in self.selected}:
                found.update(map(Path, _walk(str(folder), skips, {}, deep=False)))
        return tuple(sorted(found))


def discover(
    paths: Sequence[str | os.PathLike[str]],
    *,
    exclude: Iterable[str] = (),
    force_exclude: bool = False,
) -> Discovery:
    """Find the Python files and notebooks that ``paths`` name or hold.

    The rules are ruff's where it has one.  Walking a folder enters neither folders that start with
    a dot nor ``__pycache__``, ``node_modules``, ``site-packages``, virtual environments, and build
    output unless it is a package; a folder named in ``paths`` is always walked.  Symbolic links
    are not followed while walking: what they point to is found where it lies, or is not ours.  A
    link named in ``paths`` stands for its target, which is the file that gets edited, and must lie
    under the root.  Hard links are two files.

    Args:
        paths: Files and folders.
        exclude: Patterns with ``*``, ``?`` and ``[]``.  One without a slash is compared with the
            name of every file and folder, one with a slash with the path from the root.
        force_exclude: Whether ``exclude`` also holds for the paths named (a commit hook names
            every file); they are then left out without a problem.
    """
    problems: dict[Path, str] = {}
    named: list[tuple[Path, str, str, bool]] = []
    real: dict[str, str] = {}
    for given in paths:
        try:
            named.append((Path(given), *_named(given, real)))
        except SourceError as error:
            problems[error.path] = error.reason

    top, repository = _root(
        [place if is_folder else os.path.dirname(place) for _, place, _, is_folder in named]
    )
    skips = _excluder(exclude, top)
    found: set[str] = set()
    for path, place, target, is_folder in named:
        if not _is_inside(target, top):
            problems[path] = (
                f"is a symbolic link to {printable(target)}, outside of {printable(top)}: "
                "name that file itself"
                if _is_inside(place, top)
                else f"is outside of {printable(top)}, the repository of the first path: "
                "run migrator on it separately"
            )
        elif force_exclude and _any_part_skipped(target, top, skips):
            continue
        elif is_folder:
            found.update(_walk(target, skips, problems))
        else:
            found.add(target)
    return Discovery(
        Path(top),
        tuple(map(Path, sorted(found))),
        problems,
        repository,
    )


def read(
    path: str | os.PathLike[str], root: str | os.PathLike[str], *, python2: bool = False
) -> Source:
    """Read one Python file, or a notebook as the module that its code cells make.

    Args:
        path: of the file.
        root: of the run.
        python2: whether cells of Python 2 are wanted, too.

    Raises:
        SourceError: It is missing, unreadable, not a regular file, too large, binary, not in the
            encoding that it declares, or not the JSON of a notebook.
    """
    return decoded(path, root, read_bytes(path), python2=python2)


def decoded(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str],
    raw: bytes,
    *,
    python2: bool = False,
) -> Source:
    """Return what :func:`read` does, from bytes that :func:`read_bytes` gave.

    Raises:
        SourceError: The bytes are not what the name of the file promises.
    """
    if is_notebook(path):
        from migrator.notebooks.source import Notebook

        return Notebook.of(path, root, raw, python2=python2)
    return Source.of(path, root, raw)


def python_files(root: str | os.PathLike[str], *, exclude: Iterable[str] = ()) -> tuple[Path, ...]:
    """Return the .py and .ipynb files under ``root``, walked as by :func:`discover`, sorted.

    Folders that cannot be listed are passed over: what they hold can be neither read nor imported.
    """
    top = os.path.realpath(root)
    return tuple(map(Path, sorted(_walk(top, _excluder(exclude, top), {}))))


def other_files(
    folders: Iterable[str],
    root: str,
    kind: Callable[[str, str], str | None],
    *,
    exclude: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return the relative paths of files under ``folders`` that have a kind, sorted.

    Args:
        folders: absolute paths of folders under the root.
        root: what the paths start from.
        kind: tells the kind of a file by its name and its folder's path, None for one to leave.
        exclude: patterns as :func:`discover` takes them.
    """
    skips = _excluder(exclude, root)
    found: set[str] = set()
    for top in folders:
        for folder, inside, names in os.walk(top):
            inside[:] = [
                name
                for name in inside
                if name not in _SKIPPED
                and (name[:1] != "." or name in _TOLD)
                and (skips is None or not skips(os.path.join(folder, name), name))
            ]
            if folder != top and ("pyvenv.cfg" in names or "conda-meta" in inside):
                inside.clear()
                continue
            for name in names:
                place = os.path.join(folder, name)
                if kind(name, folder) is None or not os.path.isfile(place):
                    continue
                if not os.path.islink(place) and (skips is None or not skips(place, name)):
                    found.add(relative_name(place, root))
    return tuple(sorted(found))


def _named(given: str | os.PathLike[str], real: dict[str, str]) -> tuple[str, str, bool]:
    """Return the absolute place of a path, what it stands for as a link, whether it is a folder.

    The folders of the place are free of symbolic links; ``real`` remembers those looked up.

    Raises:
        SourceError: It is neither a folder nor a .py or .ipynb file that can be read.
    """
    text = os.fspath(given)
    if not text or "\0" in text:
        raise SourceError(text, "is not a possible path")
    try:
        status = os.lstat(text)
        is_link = stat.S_ISLNK(status.st_mode)
        if is_link:
            status = os.stat(text)
    except OSError as error:
        if error.errno == errno.ENOENT and os.path.islink(text):
            raise SourceError(text, "is a symbolic link to a file that does not exist") from None
        raise SourceError(text, why_unread(error)) from None
    if stat.S_ISDIR(status.st_mode):
        place = os.path.realpath(text)
        return place, place, True
    folder, name = os.path.split(text)
    if folder not in real:
        real[folder] = os.path.realpath(folder)
    place = os.path.join(real[folder], name)
    target = os.path.realpath(place) if is_link else place
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(text, kind_of(status.st_mode))
    suffix = next((end for end in _SUFFIXES if name.endswith(end)), None)
    if suffix is None or not target.endswith(suffix):
        raise SourceError(
            text, "is not a Python file: its name does not end in .py (or .ipynb, for a notebook)"
        )
    if not os.access(text, os.R_OK):
        raise SourceError(text, "cannot be read: permission denied")
    return place, target, False


def _root(folders: Sequence[str]) -> tuple[str, bool]:
    """Return the root of a run over folders and whether it is a git top level."""
    if not folders:
        folders = [os.path.realpath(os.curdir)]
    folder = folders[0]
    while True:
        # A work tree or submodule has a file here; a plain folder of the name is not a repository.
        mark = os.path.join(folder, ".git")
        if os.path.isfile(mark) or os.path.exists(os.path.join(mark, "HEAD")):
            return folder, True
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    try:
        return os.path.commonpath(folders), False
    except ValueError:  # two drives of Windows
        return folders[0], False


def _excluder(patterns: Iterable[str], root: str) -> Callable[[str, str], bool] | None:
    """Return whether a place with a base name is excluded, as a function; None excludes nothing."""
    bare: list[str] = []
    rooted: list[str] = []
    for pattern in patterns:
        cleaned = pattern.replace(os.sep, "/").removeprefix("./").rstrip("/")
        if cleaned:
            (rooted if "/" in cleaned else bare).append(cleaned.lstrip("/"))
    if not bare and not rooted:
        return None
    import fnmatch

    def compiled(globs: list[str]) -> re.Pattern[str]:
        return re.compile("|".join(map(fnmatch.translate, globs)) or r"(?!)")

    by_name, by_path = compiled(bare), compiled(rooted)

    def skips(place: str, name: str) -> bool:
        return bool(by_name.match(name) or by_path.match(relative_name(place, root)))

    return skips


def _any_part_skipped(place: str, root: str, skips: Callable[[str, str], bool] | None) -> bool:
    if skips is None:
        return False
    while place != root and _is_inside(place, root):
        if skips(place, os.path.basename(place)):
            return True
        place = os.path.dirname(place)
    return False


def _walk(
    top: str,
    skips: Callable[[str, str], bool] | None,
    problems: dict[Path, str],
    *,
    deep: bool = True,
) -> list[str]:
    """Return the files of code under ``top``, unsorted; ``problems`` gets what has no listing."""
    found: list[str] = []
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = list(listing)
        except FileNotFoundError:
            continue  # removed while we walked
        except OSError as error:
            problems[Path(folder)] = why_unread(error)
            continue
        names = {entry.name for entry in entries}
        if folder != top and (
            not names.isdisjoint(("pyvenv.cfg", "conda-meta"))
            or (os.path.basename(folder) in _BUILD_OUTPUT and "__init__.py" not in names)
        ):
            continue
        for entry in entries:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if not deep or name.startswith(".") or name in _SKIPPED:
                    continue
                if skips is None or not skips(entry.path, name):
                    folders.append(entry.path)
            elif name.endswith(_SUFFIXES) and not name.startswith("._"):  # macOS: forks in ._x.py
                if entry.is_symlink() or (skips is not None and skips(entry.path, name)):
                    continue
                if entry.is_file(follow_symlinks=False):
                    found.append(entry.path)
                else:
                    mode = os.stat(entry.path, follow_symlinks=False).st_mode
                    problems[Path(entry.path)] = kind_of(mode)
    return found
