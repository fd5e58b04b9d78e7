"""Which code wrote a model: the files that ran, the rewrites in them, the paths they name."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from migrator.names import Module, Scope
from migrator.programs import import_lines
from migrator.results import FileResult, Finding, Outcome, Place, Program, RunReport
from migrator.verify.models import CHECKPOINT, FROZEN, SAVED_MODEL

__all__ = ["Access", "accesses", "covered", "program_of", "reached", "rewrites"]

#: Kind of a model -> families of the rewrites that can have produced the code which writes it.
_FAMILIES = {
    SAVED_MODEL: frozenset({"export", "signature"}),
    CHECKPOINT: frozenset({"saver"}),
    FROZEN: frozenset({"freeze"}),
}

#: API -> (position and keyword of its path, whether it writes there, kind of the model); the
#: signatures are TensorFlow 1.15's.
_PATHS: dict[str, tuple[int, str, bool, str]] = {
    "tf.train.Saver.save": (1, "save_path", True, CHECKPOINT),
    "tf.train.Saver.restore": (1, "save_path", False, CHECKPOINT),
    "tf.train.latest_checkpoint": (0, "checkpoint_dir", False, CHECKPOINT),
    "tf.train.get_checkpoint_state": (0, "checkpoint_dir", False, CHECKPOINT),
    "tf.saved_model.simple_save": (1, "export_dir", True, SAVED_MODEL),
    "tf.saved_model.Builder": (0, "export_dir", True, SAVED_MODEL),
    "tf.saved_model.load": (2, "export_dir", False, SAVED_MODEL),
}

#: Reads a file of the repository by its relative path; None when there is none.
Reader = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Access:
    """A call that reads or writes a model, as far as the code alone tells."""

    finding: Finding
    kind: str
    writes: bool
    path: str | None  #: as the code spells it, when it can be told without running it
    owner: str | None  #: the variable that holds the Saver or the builder


def accesses(text: str, findings: Iterable[Finding]) -> list[Access]:
    """Return the calls of ``findings`` that read or write a model; none if nothing parses."""
    wanted = {_span(finding): finding for finding in findings if finding.api in _PATHS}
    if not wanted:
        return []
    try:
        module = Module(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found = []
    for node in module.nodes:
        if not isinstance(node, ast.Call):
            continue
        place = (
            *module.line_column(module.start(node)),
            *module.line_column(module.end(node)),
        )
        finding = wanted.get(place)
        if finding is None or finding.api is None:
            continue
        position, keyword, writes, kind = _PATHS[finding.api]
        argument = next((k.value for k in node.keywords if k.arg == keyword), None)
        if argument is None and position < len(node.args):
            argument = node.args[position]
        path = None if argument is None else _literal(module, argument, module.scope_of[node])
        found.append(Access(finding, kind, writes, path, _owner(module, node, finding.api)))
    return found


def _span(finding: Finding) -> tuple[int, int, int, int]:
    span = finding.span
    return span.line, span.column, span.end_line, span.end_column


def _owner(module: Module, call: ast.Call, api: str) -> str | None:
    """Return the variable that a method is called on, or that a constructor's result goes to."""
    if api in ("tf.train.Saver.save", "tf.train.Saver.restore"):
        return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else None
    return _assigned(module, call)


def _assigned(module: Module, call: ast.Call) -> str | None:
    parent = module.parents.get(call)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        return ast.unparse(parent.targets[0])
    return None


def _literal(module: Module, node: ast.expr, scope: Scope, depth: int = 0) -> str | None:
    """Return the string that an expression always is, or None."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if depth > 8:
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [_literal(module, x, scope, depth + 1) for x in (node.left, node.right)]
        return None if None in parts else "".join(str(part) for part in parts)
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.path.join", "path.join"):
        parts = [_literal(module, x, scope, depth + 1) for x in node.args]
        return None if None in parts or not parts else posixpath.join(*map(str, parts))
    if isinstance(node, ast.Name):
        where, bindings = module.find(node.id, scope)
        if where is not None and len(bindings) == 1 and bindings[0].value is not None:
            return _literal(module, bindings[0].value, where, depth + 1)
    return None


def reached(script: str, read: Reader) -> set[str]:
    """Return the files that running ``script`` imports, itself included.

    Args:
        script: path relative to the repository.
        read: gives the text of a file.
    """
    home = posixpath.dirname(script)
    seen: set[str] = set()
    pending = [script]
    while pending:
        path = pending.pop()
        text = None if path in seen else read(path)
        if text is None:
            continue
        seen.add(path)
        for module, level, names in import_lines(text):
            if level:
                base = posixpath.dirname(path)
                for _ in range(level - 1):
                    base = posixpath.dirname(base)
                bases = [base]
            else:
                bases = [home, ""]
            inside = module.replace(".", "/")
            for base in bases:
                for end in ("", *names):
                    stem = posixpath.join(base, *filter(None, (inside, end)))
                    pending += [f"{stem}.py", posixpath.join(stem, "__init__.py")]
    return seen


def _same(reported: str, path: str) -> bool:
    """Whether a path of a report, relative to its own root, can be a path of a copy."""
    return reported == path or reported.endswith(f"/{path}") or path.endswith(f"/{reported}")


def program_of(report: RunReport, script: str | None, read: Reader) -> Program | None:
    """Return the program that ``script`` runs, its own or one that it imports."""
    if script is None:
        return None
    names: list[set[str]] = [{script}]
    if read(script) is not None:
        names.append(reached(script, read) - {script})
    for paths in names:
        for program in report.programs:
            if any(_same(file, path) for file in program.files for path in paths):
                return program
    return None


def covered(report: RunReport, program: Program | None) -> tuple[str, ...]:
    """Return the files that ran: those of the program, and the bridges beside them."""
    if program is None:
        return ()
    folders = {posixpath.dirname(path) for path in program.files}
    bridges = (
        file.path
        for file in report.files
        if file.created
        and (posixpath.dirname(file.path) in folders or _above(file.path, program.files))
    )
    return (*program.files, *sorted(set(bridges) - set(program.files)))


def _above(bridge: str, files: Iterable[str]) -> bool:
    """Whether a package's bridge lies in a folder above one of its files."""
    folder = posixpath.dirname(bridge)
    return bool(folder) and any(path.startswith(f"{folder}/") for path in files)


def rewrites(
    report: RunReport,
    program: Program | None,
    *,
    kind: str,
    path: str,
    cwd: str,
    read: Reader,
) -> tuple[Place, ...]:
    """Return the rewrites that produced the code which wrote a model.

    Where a call names the very path, they are those of that call; else all of the program that
    write such a model, less those that name another path.

    Args:
        report: of the migration.
        program: the program that ran.
        kind: of the model.
        path: where it was written, relative to the copy of the code.
        cwd: the working directory of the program, likewise.
        read: gives the original text of a file by its path in the report.
    """
    families = _FAMILIES.get(kind, frozenset())
    if program is None or not families:
        return ()
    files = [file for file in report.files if file.path in program.files]
    chosen: list[tuple[bool | None, Place]] = []
    for file in files:
        texts = read(file.path)
        verdicts = _verdicts(file, texts, kind, path, cwd) if texts is not None else {}
        chosen += [
            (verdicts.get(_span(finding)), Place(file.path, finding.span.line, finding.code))
            for finding in file.findings
            if finding.outcome is Outcome.REWRITTEN and finding.family in families
        ]
    sure = [place for verdict, place in chosen if verdict]
    open_ = [place for verdict, place in chosen if verdict is None]
    if sure:
        # what a signature is made of stands beside the call that exports it
        homes = {place.path for place in sure}
        signatures = _signatures(files)
        sure += [place for place in open_ if place in signatures and place.path in homes]
    return tuple(dict.fromkeys(sure or open_ or [place for _, place in chosen]))


def _signatures(files: Iterable[FileResult]) -> set[Place]:
    return {
        Place(file.path, finding.span.line, finding.code)
        for file in files
        for finding in file.findings
        if finding.family == "signature"
    }


def _verdicts(
    file: FileResult, text: str, kind: str, path: str, cwd: str
) -> Mapping[tuple[int, int, int, int], bool | None]:
    """Return whether findings wrote ``path``: True, False, or None when the code does not say."""
    by_owner: dict[str, list[bool | None]] = {}
    result: dict[tuple[int, int, int, int], bool | None] = {}
    for access in accesses(text, file.findings):
        if not access.writes or access.kind != kind:
            continue
        fits = None if access.path is None else _fits(access.path, kind, path, cwd)
        result[_span(access.finding)] = fits
        if access.owner is not None:
            by_owner.setdefault(access.owner, []).append(fits)
    for finding in file.findings:
        owner = _owner_of(text, finding)
        if owner is None or _span(finding) in result:
            continue
        verdicts = by_owner.get(owner)
        if verdicts is None:
            # nothing in this file saves with it; in another one it may be saved with
            continue
        result[_span(finding)] = True if True in verdicts else None if None in verdicts else False
    return result


_OWNER = re.compile(r"^\s*([\w.]+)\s*=[^=]")
_RECEIVER = re.compile(r"^\s*([\w.]+)\.(?:add_meta_graph\w*|add_session|save)\s*\(")


def _owner_of(text: str, finding: Finding) -> str | None:
    """Return the variable of the Saver or builder that a finding makes or uses."""
    if finding.api == "tf.train.Saver":
        match = _OWNER.match(finding.before)
    elif finding.api is not None and finding.api.startswith("tf.saved_model.Builder."):
        match = _RECEIVER.match(finding.before)
    else:
        return None
    return match[1] if match else None


def _fits(literal: str, kind: str, path: str, cwd: str) -> bool:
    named = posixpath.normpath(posixpath.join(cwd, literal))
    if kind == CHECKPOINT:
        return re.fullmatch(re.escape(named) + r"(-\d+)?", path) is not None
    return named == path
