"""Write the first manifest of a repository that was migrated."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator import sources
from migrator.files import python_files
from migrator.files import read as read_source
from migrator.results import FileResult, Outcome, Program
from migrator.verify.evidence import Access, accesses, reached
from migrator.verify.models import CHECKPOINT

if TYPE_CHECKING:
    from migrator.migration import Migration

__all__ = ["CannotWrite", "FirstManifest", "toml_text"]

#: Families of rewrites in code that writes or restores models.
_SAVES = frozenset({"saver", "export", "signature", "freeze", "meta graph"})
_WRITING = frozenset(
    {
        "tf.train.Saver.save",
        "tf.saved_model.simple_save",
        "tf.saved_model.Builder",
        "tf.train.export_meta_graph",
        "tf.train.write_graph",
        "tf.train.MonitoredTrainingSession",
        "tf.train.Supervisor",
        "tf.train.CheckpointSaverHook",
        "tf.graph_util.convert_variables_to_constants",
    }
)
_FIRST = "# Written by `migrator migrate --manifest`; "


class CannotWrite(Exception):
    """A first manifest cannot be written; the message says why and what to do."""


def toml_text(data: Mapping[str, Any]) -> str:
    """Return plain values as TOML; lists of tables become ``[[name]]``, other tables inline."""
    rows = [f"{_key(k)} = {_value(v)}" for k, v in data.items() if not _tables(v)]
    for key, value in data.items():
        for table in value if _tables(value) else ():
            rows += ["", f"[[{_key(key)}]]"]
            rows += [f"{_key(k)} = {_value(v)}" for k, v in table.items()]
    return "\n".join(rows) + "\n"


def _tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, str):
        # of JSON's escapes TOML knows all but those for half a character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    items = [_value(item) for item in value]
    if items and any(isinstance(item, dict) for item in value):
        return "[\n" + "".join(f"  {item},\n" for item in items) + "]"
    return f"[{', '.join(items)}]"


class FirstManifest:
    """The first manifest of a migration, made before the migration is written.

    Args:
        path: where it is to be.
        found: the migration.
        wrote: whether the migration is going to be written.
        tier: what it was asked for.

    Raises:
        CannotWrite: somebody's own file is at ``path``, or its folder is not there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        found: Migration,
        *,
        wrote: bool,
        tier: str = "auto",
    ) -> None:
        self.path = Path(path).absolute()
        self.found = found
        self.wrote = wrote
        self.tier = tier
        self.stem = self.path.stem
        if not self.path.parent.is_dir():
            raise CannotWrite(f"the folder of the manifest {path} does not exist")
        if os.path.lexists(self.path) and not _is_ours(self.path):
            raise CannotWrite(
                f"{path} exists and was changed since it was written, so it is left as it is;"
                " name another file, or remove it"
            )
        self.entries = _entries(found)
        self.revision = self._revision() if wrote else None

    @property
    def report(self) -> Path:
        """Where the JSON report of a written migration belongs."""
        return self.path.with_suffix(".json")

    @property
    def originals(self) -> Path:
        """Where the files go that the migration changes and git does not have."""
        return self.path.with_name(f".{self.stem}.before")

    def _revision(self) -> str | None:
        """Return the commit that holds all that changes as it is now, or None."""
        names = [source.relative for source, _ in self.found.changes]

        def git(*words: str) -> str | None:
            try:
                done = subprocess.run(
                    ["git", *words],
                    cwd=self.found.root,
                    capture_output=True,
                    text=True,
                    check=False,
                )
            except OSError:
                return None
            return done.stdout if done.returncode == 0 else None

        top = git("rev-parse", "--show-toplevel")
        if top is None or os.path.realpath(top.rstrip("\n")) != os.path.realpath(self.found.root):
            return None
        tracked = git("ls-files", "-z", "--", *names)
        dirty = git("status", "--porcelain", "--untracked-files=all", "--", *names)
        if tracked is None or dirty is None or dirty.strip():
            return None
        if len([name for name in tracked.split("\0") if name]) != len(names):
            return None
        commit = git("rev-parse", "HEAD")
        return commit.strip() if commit else None

    def keep_originals(self) -> None:
        """Keep the files that the migration is about to change, unless git has them.

        Raises:
            CannotWrite: they cannot be written.
        """
        if not self.wrote or self.revision is not None:
            return
        if self.originals.exists():
            raise CannotWrite(
                f"{self.originals} exists: it holds the code before an earlier migration; move it"
                " away first"
            )
        try:
            for source, _ in self.found.changes:
                place = self.originals / source.relative
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(source.raw)
        except OSError as error:
            raise CannotWrite(f"{self.originals} cannot be written: {error.strerror}") from None

    def write(self) -> bool:
        """Write the manifest; return whether there is a program to verify.

        Raises:
            CannotWrite: it cannot be written.
        """
        if not any(entry.get("name") for entry, _ in self.entries):
            return False
        text = self.text()
        mark = hashlib.sha256(text.encode()).hexdigest()[:16]
        try:
            self.path.write_text(f"{_FIRST}{mark}\n{text}", encoding="utf-8")
        except OSError as error:
            raise CannotWrite(f"{self.path} cannot be written: {error.strerror}") from None
        return True

    def text(self) -> str:
        """Return the manifest without its first line."""
        folder = os.path.relpath(self.found.root, self.path.parent).replace(os.sep, "/")
        data: dict[str, Any] = {"format": 1}
        if not self.wrote:
            data |= {"before": folder, "after": f"migrate:{folder}"}
            if self.tier != "auto":
                data["tier"] = self.tier
        else:
            created = [
                sources.relative_name(str(path), str(self.found.root))
                for path, _ in self.found.created
            ]
            data["before"] = (
                f"git:{self.revision}"
                if self.revision is not None
                else {"over": folder, "originals": self.originals.name, "created": created}
            )
            data |= {"after": folder, "report": self.report.name}
        rows = [
            "# Each entry runs once with the code before the migration, on TensorFlow 1, and once",
            "# with the code after it; every model that they write is compared.  Fill in the",
            "# arguments that your programs need, and `needs`, the entries whose files one starts",
            "# from; see `migrator verify --help`.",
            toml_text(data).rstrip("\n"),
            '# before_python = ".tf1/bin/python"   # made by `migrator tf1-env .tf1`',
            '# link = ["data"]                     # large folders: linked, not copied',
            '# exclude = ["out"]                   # earlier outputs: not copied',
        ]
        for entry, comments in self.entries:
            rows.append("")
            if not entry:
                rows += [f"# {comment}" for comment in comments]
                continue
            body = [f"{key} = {_value(value)}" for key, value in entry.items()]
            rows += ["[[entry]]", *(f"# {comment}" for comment in comments), *body]
        return "\n".join(rows) + "\n"


def _is_ours(path: Path) -> bool:
    """Whether a file is a manifest that this module wrote and nobody changed."""
    try:
        first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return False
    return first == _FIRST + hashlib.sha256(rest.encode()).hexdigest()[:16]


def _entries(found: Migration) -> list[tuple[dict[str, Any], list[str]]]:
    """Return the entries with the comments above each; an empty entry is a comment only."""
    report = found.report
    by_path = {file.path: file for file in report.files}

    def read(relative: str) -> str | None:
        try:
            return read_source(Path(found.root, relative), str(found.root)).text
        except sources.SourceError:
            return None

    scripts = _scripts(found, read)
    used: dict[str, list[Access]] = {}
    rows: list[tuple[dict[str, Any], list[str]]] = []
    chosen: list[tuple[str, Program]] = []
    for program in report.programs:
        files = [by_path[path] for path in program.files if path in by_path]
        if program.tier is None or not any(map(_saves, files)):
            continue
        starts = program.entry_points or tuple(
            script for script, others in sorted(scripts.items()) if others & set(program.files)
        )
        if not starts:
            rows.append(
                ({}, [f"No script was found that runs {', '.join(program.files)}: add an entry."])
            )
        for script in starts:
            if sources.is_notebook(script):
                rows.append(({}, _of_notebook(script)))
            else:
                chosen.append((script, program))
    names = _names([script for script, _ in chosen])
    for script, program in chosen:
        inside = reached(script, read)
        files = [by_path[path] for path in program.files if path in by_path and path in inside]
        used[script] = [
            access for file in files for access in accesses(read(file.path) or "", file.findings)
        ]
        entry: dict[str, Any] = {"name": names[script], "command": ["python", script]}
        comments = (
            ["command: its arguments, if it needs any"] if _has_arguments(read, script) else []
        )
        if not any(f.api in _WRITING for file in files for f in file.findings):
            entry["models"] = []
            comments.append("models = []: nothing in it writes a model; it only has to run")
        rows.append((entry, comments))
    _add_needs(rows, used, {names[script]: script for script, _ in chosen})
    return _in_order(rows)


def _of_notebook(path: str) -> list[str]:
    return [
        f"{path} is a notebook: add an entry whose command runs it, in both environments, such as",
        f'["jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", "{path}"].',
    ]


def _in_order(
    rows: list[tuple[dict[str, Any], list[str]]],
) -> list[tuple[dict[str, Any], list[str]]]:
    """Return the entries with each after those that it needs, then the comments."""
    left = [row for row in rows if row[0]]
    done: list[tuple[dict[str, Any], list[str]]] = []
    while left:
        names = {entry["name"] for entry, _ in done}
        ready = next(row for row in left if names.issuperset(row[0].get("needs", ())))
        left.remove(ready)
        done.append(ready)
    return done + [row for row in rows if not row[0]]


def _saves(file: FileResult) -> bool:
    return any(
        finding.outcome is Outcome.REWRITTEN and finding.family in _SAVES
        for finding in file.findings
    )


def _scripts(found: Migration, read: Any) -> dict[str, set[str]]:
    """Return what each script that no program of the report lists imports.

    A script that only calls the repository's own modules names no TensorFlow, so it is not among
    the files of a program.
    """
    listed = {path for program in found.report.programs for path in program.files}
    lost = {
        path
        for program in found.report.programs
        if not program.entry_points
        for path in program.files
    }
    if not lost:
        return {}
    result: dict[str, set[str]] = {}
    for path in python_files(found.root):
        relative = sources.relative_name(str(path), str(found.root))
        if relative in listed or not (text := read(relative)):
            continue
        if "__main__" in text or "import" in text:
            others = reached(relative, read)
            if others & lost:
                result[relative] = others
    imported = {path for script, others in result.items() for path in others - {script}}
    return {script: others for script, others in result.items() if script not in imported}


def _names(scripts: Iterable[str]) -> dict[str, str]:
    """Return a short name for each script, unique among them."""
    result: dict[str, str] = {}
    for script in dict.fromkeys(scripts):
        stem = script.removesuffix(".py").replace("/", "_")
        name, at = stem, 2
        while name in result.values():
            name, at = f"{stem}_{at}", at + 1
        result[script] = name
    return result


_ARGUMENTS = re.compile(r"argparse|sys\.argv|flags\.|optparse|\bclick\b|\bfire\b|docopt")


def _has_arguments(read: Any, script: str) -> bool:
    return bool(_ARGUMENTS.search(read(script) or ""))


def _add_needs(
    rows: list[tuple[dict[str, Any], list[str]]],
    used: Mapping[str, list[Access]],
    script_of: Mapping[str, str],
) -> None:
    """Add ``needs`` where one program reads the very path that another one writes."""
    writers: dict[str, set[str]] = {}
    for name, script in script_of.items():
        for access in used[script]:
            if access.writes and access.path is not None:
                writers.setdefault(_place(access, access.path), set()).add(name)
    needed: dict[str, list[str]] = {}
    for entry, _ in rows:
        if not entry:
            continue
        name = entry["name"]
        own = [access for access in used[script_of[name]] if access.path is not None]
        places = {_place(access, access.path) for access in own if not access.writes}
        mine = {_place(access, access.path) for access in own if access.writes}
        needed[name] = sorted(
            other for place in places - mine for other in writers.get(place, ()) if other != name
        )
    for entry, _ in rows:
        if entry and (needs := _without_circles(entry["name"], needed)):
            entry["needs"] = needs


def _without_circles(name: str, needed: dict[str, list[str]]) -> list[str]:
    """Return the needs of an entry, less those that would need it in turn."""

    def leads_back(start: str) -> bool:
        pending, seen = [start], set()
        while pending:
            at = pending.pop()
            if at == name:
                return True
            if at not in seen:
                seen.add(at)
                pending += needed[at]
        return False

    needed[name] = [need for need in dict.fromkeys(needed[name]) if not leads_back(need)]
    return needed[name]


def _place(access: Access, path: str | None) -> str:
    """Return the folder of a checkpoint, or the directory of a SavedModel, as one spelling."""
    norm = posixpath.normpath(path or "")
    if access.kind == CHECKPOINT and access.finding.api in (
        "tf.train.Saver.save",
        "tf.train.Saver.restore",
    ):
        norm = posixpath.dirname(norm) or "."
    return f"{access.kind} {norm}"
