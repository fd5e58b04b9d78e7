"""The manifest of a verification: which programs run before and after, and what is compared.

A manifest is TOML.  What it may hold is what :func:`load_manifest` reads; a key that nobody reads
is an error, so a slip of the pen cannot switch a comparison off.
"""

from __future__ import annotations

import difflib
import posixpath
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Command", "Entry", "Manifest", "ManifestError", "Pair", "Tree", "load_manifest"]

#: What ``migrate --tier`` takes.
TIERS = ("auto", "native", "session")

#: Version of the manifest's keys.
FORMAT = 1


class ManifestError(ValueError):
    """A manifest cannot be used; the message names the file, the key and what to write."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Where the code of one side comes from."""

    kind: str  #: ``folder``, ``git``, ``migrate`` (a copy that is migrated) or ``over``
    folder: str = "."  #: relative to the manifest
    revision: str = ""  #: of ``git``: what ``git read-tree`` takes, ``HEAD`` or ``HEAD:folder``
    originals: str = ""  #: of ``over``: a folder whose files are laid over the copy
    created: tuple[str, ...] = ()  #: of ``over``: files that the copy must not have


@dataclass(frozen=True, slots=True)
class Command:
    """A command of one side: never a shell's, always a list of words."""

    words: tuple[str, ...]  #: ``python`` in the first place stands for the side's interpreter
    cwd: str = "."  #: relative to the side's copy of the code
    env: tuple[tuple[str, str], ...] = ()

    @property
    def script(self) -> str | None:
        """The Python script that it runs, relative to the copy of the code; None if unknown."""
        words = list(self.words[1:])
        while words and words[0].startswith("-") and words[0] != "-m":
            words.pop(0)
        if len(words) > 1 and words[0] == "-m":
            path = words[1].replace(".", "/") + ".py"
        elif words and words[0].endswith(".py"):
            path = words[0]
        else:
            return None
        return posixpath.normpath(posixpath.join(self.cwd, path))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models to compare, and how; the options are those of ``migrator check``."""

    after: str  #: relative to the copy of the code after the migration
    before: str | None = None  #: relative to the copy before; None where ``stored`` is given
    stored: str | None = None  #: a model that is there already, relative to the manifest
    options: tuple[tuple[str, Any], ...] = ()  #: keyword arguments of ``checker.check``


@dataclass(frozen=True, slots=True)
class Entry:
    """A program that is run on both sides."""

    name: str
    after: Command
    before: Command | None = None  #: None: what it would write is stored already
    needs: tuple[str, ...] = ()
    timeout: float = 600.0
    models: tuple[Pair, ...] | None = None  #: None: what both sides write is found and paired


@dataclass(frozen=True, slots=True)
class Manifest:
    """What :func:`load_manifest` read."""

    path: Path
    after: Tree
    before: Tree | None = None
    tier: str = "auto"  #: what a migration that verify makes aims at
    report: str | None = None  #: the JSON report of the ``migrate`` run, relative to the manifest
    before_python: str | None = None  #: relative to the manifest, or a name to look up
    link: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def home(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent


def load_manifest(path: str | Path) -> Manifest:
    """Read a manifest.

    Args:
        path: the TOML file.

    Raises:
        ManifestError: it cannot be read, is not TOML, or holds something that is not understood.
    """
    place = Path(path).absolute()
    try:
        text = place.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not UTF-8, which TOML is") from None
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {(error.strerror or 'error').lower()}") from (
            None
        )
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path} is not TOML: {error}") from None
    try:
        return _manifest(place, _Table(data, ""))
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from None


class _Table:
    """A TOML table that is emptied key by key, so that what is left over is unknown."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise ManifestError(f"{where} has to be a table, not {_kind(data)}")
        self.data = dict(data)
        self.where = where
        self.known: list[str] = []

    def path(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def take(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        """Return the value of ``key``, None when it is not there."""
        self.known.append(key)
        value = self.data.pop(key, None)
        fits = isinstance(value, kind) and (not isinstance(value, bool) or kind is bool)
        if value is not None and not fits:
            raise ManifestError(f"{self.path(key)} has to be {what}, not {_kind(value)}")
        return value

    def text(self, key: str) -> str | None:
        value: str | None = self.take(key, str, "a string")
        return value

    def number(self, key: str) -> float | None:
        value = self.take(key, (int, float), "a number")
        return None if value is None else float(value)

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self.take(key, list, "a list of strings")
        if value is None:
            return None
        if not all(isinstance(item, str) for item in value):
            raise ManifestError(f"{self.path(key)} has to be a list of strings")
        return tuple(value)

    def table(self, key: str) -> dict[str, Any] | None:
        value: dict[str, Any] | None = self.take(key, dict, "a table")
        return value

    def table_of_texts(self, key: str) -> dict[str, str] | None:
        value = self.table(key)
        for name, item in (value or {}).items():
            if not isinstance(item, str):
                raise ManifestError(f"{self.path(key)}.{name} has to be a string")
        return value

    def inside(self, key: str) -> str | None:
        """Return a relative path that does not lead out of its folder."""
        value = self.text(key)
        return None if value is None else _inside(value, self.path(key))

    def end(self) -> None:
        """Refuse what nobody took."""
        for key in self.data:
            near = difflib.get_close_matches(key, self.known, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(self.known)}"
            raise ManifestError(f"unknown key {self.path(key)}; {hint}")


def _kind(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return {**names, list: "a list", dict: "a table"}.get(type(value), type(value).__name__)


def _inside(path: str, where: str) -> str:
    norm = posixpath.normpath(path.replace("\\", "/"))
    if posixpath.isabs(norm) or norm == ".." or norm.startswith("../") or not path:
        raise ManifestError(
            f"{where} = {path!r} has to be a path inside of the copy that the program runs in,"
            " without .. at its start"
        )
    return norm


def _manifest(path: Path, table: _Table) -> Manifest:
    version = table.take("format", int, "a number")
    if version is None:
        raise ManifestError(f"format is missing; the first line is `format = {FORMAT}`")
    if version != FORMAT:
        raise ManifestError(f"format = {version} is not known; this version reads {FORMAT}")
    before = table.take("before", (str, dict), "a folder, or git:REVISION")
    after = table.take("after", (str, dict), "a folder, git:REVISION, or migrate:FOLDER")
    if after is None:
        raise ManifestError('after is missing: a folder, git:REVISION, or "migrate:."')
    tier = table.text("tier")
    report, before_python = table.text("report"), table.text("before_python")
    link = tuple(_inside(item, "link") for item in table.texts("link") or ())
    exclude = table.texts("exclude") or ()
    rows = table.take("entry", list, "a list of tables, [[entry]]")
    table.end()
    if not rows:
        raise ManifestError("it has no [[entry]], so there is nothing to run")
    entries = tuple(_entry(_Table(row, f"entry[{at}]")) for at, row in enumerate(rows))
    _check_names(entries)
    tree = None if before is None else _tree(before, "before")
    if tree is not None and tree.kind == "migrate":
        raise ManifestError("before = 'migrate:...' would migrate what is compared with")
    if tree is None and any(entry.before for entry in entries):
        raise ManifestError(
            "before is missing: the folder, or git:REVISION, with the code before the migration"
        )
    target = _tree(after, "after")
    if tier is not None and target.kind != "migrate":
        raise ManifestError('tier tells how "migrate:FOLDER" migrates; after is another kind')
    if tier not in (None, *TIERS):
        raise ManifestError(f"tier = {tier!r} is none of {', '.join(TIERS)}")
    return Manifest(
        path=path,
        before=tree,
        after=target,
        tier=tier or "auto",
        report=report,
        before_python=before_python,
        link=link,
        exclude=exclude,
        entries=entries,
    )


def _tree(value: str | dict[str, Any], where: str) -> Tree:
    if isinstance(value, dict):
        table = _Table(value, where)
        folder, originals = table.text("over"), table.text("originals")
        created = table.texts("created") or ()
        table.end()
        if folder is None or originals is None:
            raise ManifestError(f"{where} as a table has over, originals and created")
        created = tuple(_inside(item, f"{where}.created") for item in created)
        return Tree("over", folder, originals=originals, created=created)
    if value.startswith("git:"):
        revision = value.removeprefix("git:")
        if not revision or revision.startswith("-"):
            raise ManifestError(f"{where} = {value!r} names no revision")
        return Tree("git", revision=revision)
    if value.startswith("migrate:"):
        return Tree("migrate", value.removeprefix("migrate:") or ".")
    return Tree("folder", value)


def _check_names(entries: tuple[Entry, ...]) -> None:
    names = [entry.name for entry in entries]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ManifestError(f"two entries have the name {name!r}")
    by_name = {entry.name: entry for entry in entries}
    for at, entry in enumerate(entries):
        for need in entry.needs:
            if need not in by_name:
                near = difflib.get_close_matches(need, names, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ManifestError(f"entry[{at}].needs names {need!r}, which is no entry{hint}")
            if entry.before and not by_name[need].before:
                raise ManifestError(
                    f"entry[{at}].needs names {need!r}, which has no before command, so there is"
                    f" nothing that {entry.name!r} before could start from"
                )
    settled: set[str] = set()
    left = list(entries)
    while left:
        ready = [entry for entry in left if settled.issuperset(entry.needs)]
        if not ready:
            raise ManifestError(
                f"the entries {', '.join(entry.name for entry in left)} need one another"
            )
        settled.update(entry.name for entry in ready)
        left = [entry for entry in left if entry.name not in settled]


def _entry(table: _Table) -> Entry:
    name = table.text("name")
    if not name or not name.isprintable():
        raise ManifestError(f"{table.path('name')} is missing: a word that reports show")
    shared = _words(table, "command")
    cwd = table.inside("cwd")
    env = table.table_of_texts("env")
    before = _side(table, "before", shared, cwd, env)
    after = _side(table, "after", shared, cwd, env)
    if after is None:
        raise ManifestError(
            f"{table.path('command')} is missing: the program that runs, such as"
            ' ["python", "train.py"]'
        )
    timeout = table.number("timeout")
    if timeout is not None and not timeout > 0:
        raise ManifestError(f"{table.path('timeout')} has to be more than 0 seconds")
    rows = table.take("models", list, "a list of tables")
    needs = table.texts("needs") or ()
    table.end()
    models = None
    if rows is not None:
        models = tuple(
            _pair(_Table(row, f"{table.path('models')}[{at}]"), before is not None)
            for at, row in enumerate(rows)
        )
    elif before is None:
        raise ManifestError(
            f"{table.where} has no before command, so {table.path('models')} has to name what is"
            ' stored: [{ stored = "fixtures/out/1", after = "out/1" }]'
        )
    return Entry(
        name=name,
        after=after,
        before=before,
        needs=needs,
        timeout=600.0 if timeout is None else timeout,
        models=models,
    )


def _side(
    table: _Table,
    key: str,
    shared: tuple[str, ...] | None,
    cwd: str | None,
    env: dict[str, str] | None,
) -> Command | None:
    own = table.table(key)
    words = shared
    if own is not None:
        inner = _Table(own, table.path(key))
        words = _words(inner, "command") or shared
        cwd = inner.inside("cwd") or cwd
        env = {**(env or {}), **(inner.table_of_texts("env") or {})}
        inner.end()
        if words is None:
            raise ManifestError(f"{inner.path('command')} is missing")
    if words is None:
        return None
    return Command(words, cwd or ".", tuple(sorted((env or {}).items())))


def _words(table: _Table, key: str) -> tuple[str, ...] | None:
    value = table.take(key, (str, list), "a list of strings")
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = shlex.split(value)
        except ValueError as error:
            raise ManifestError(f"{table.path(key)}: {error}".lower()) from None
    if not value or not all(isinstance(word, str) and word for word in value):
        raise ManifestError(f"{table.path(key)} has to be a list of words that are not empty")
    return tuple(value)


def _pair(table: _Table, runs_before: bool) -> Pair:
    before, after, stored = table.inside("before"), table.inside("after"), table.text("stored")
    options = {
        "inputs": _inputs(table),
        "tags": table.texts("tags"),
        "atol": table.number("atol"),
        "rtol": table.number("rtol"),
        "tolerances": _numbers(table, "tolerance", "[atol, rtol]"),
        "ranges": _numbers(table, "range", "[lowest, highest]"),
        "choices": _choices(table),
        "feeds": table.table_of_texts("feed"),
        "fetches": table.table_of_texts("fetch"),
        "seed": table.take("seed", int, "a whole number"),
        "names": table.table_of_texts("rename"),
        "trust": table.take("trust", bool, "true or false"),
        "timeout": table.number("timeout"),
    }
    table.end()
    if stored is not None and before is not None:
        raise ManifestError(f"{table.where} has both before and stored; one of them is compared")
    if stored is None and not runs_before:
        raise ManifestError(f"{table.where} needs stored, as its entry has no before command")
    if after is None and before is None:
        raise ManifestError(f"{table.where} needs after: the path that the program writes")
    return Pair(
        after=after or before or "",
        before=None if stored is not None else before or after,
        stored=stored,
        options=tuple((key, value) for key, value in options.items() if value is not None),
    )


def _inputs(table: _Table) -> tuple[str, ...] | None:
    value = table.take("inputs", (str, list), "a path or a list of paths")
    if value is None:
        return None
    paths = [value] if isinstance(value, str) else value
    if not all(isinstance(path, str) for path in paths):
        raise ManifestError(f"{table.path('inputs')} has to be a path or a list of paths")
    return tuple(paths)


def _numbers(table: _Table, key: str, what: str) -> dict[str, tuple[float, float]] | None:
    value = table.table(key)
    if value is None:
        return None
    found = {}
    for name, item in value.items():
        pair = [item, item] if key == "tolerance" and isinstance(item, (int, float)) else item
        if (
            not isinstance(pair, list)
            or len(pair) != 2
            or not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in pair)
        ):
            raise ManifestError(f"{table.path(key)}.{name} has to be {what}")
        found[name] = (pair[0], pair[1])
    return found


def _choices(table: _Table) -> dict[str, list[Any]] | None:
    value = table.table("choices")
    for name, item in (value or {}).items():
        if not isinstance(item, list) or not item:
            raise ManifestError(f"{table.path('choices')}.{name} has to be a list of values")
    return value
