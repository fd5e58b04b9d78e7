"""Check that every TensorFlow symbol in a migrated code base exists, or has a finding.

    python tests/tools/check_symbols.py CHECKOUT REPORT.json [--python PATH] [--all]

``CHECKOUT`` is the code after ``migrator migrate --write --report REPORT.json``; ``PATH`` is an
interpreter with TensorFlow 2, tf-keras and tf-slim.  What names of a file mean is told with ``ast``
and ``bindings.py``, and each is asked of TensorFlow itself (and of the ``tf2_bridge.py`` beside
the file): no table and no code of the tool takes part.  A symbol that is not there must be the
subject of a MANUAL, BLOCKED or SUPPRESSED finding of its file; the others are listed and the exit
code is 1.  Only files that were moved to TensorFlow 2 count, unless ``--all`` is given.  Names
that are bound in other files, or in several ways, are left out.  Exit code 2: a path or report
that cannot be read.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bindings import Bound, Module, Scope

BRIDGE = "tf2_bridge"
#: How a file names the package that holds its bridge.
NAMED = re.compile(
    rf"^[ \t]*from (?P<dots>\.*)(?P<package>[\w.]*?)(?: import {BRIDGE}\b|\.?\b{BRIDGE} import )",
    re.MULTILINE,
)
TOLD = ("manual", "blocked", "suppressed")

#: Asks TensorFlow and the bridges for names: [[bridge file or "", dotted], ...] -> what is missing.
PROBE = r"""
import importlib, importlib.util, inspect, json, sys, types, warnings
warnings.simplefilter("ignore")
asked = json.load(open(sys.argv[1]))
import tensorflow
bridges = {}

def bridge(path):
    if path not in bridges:
        spec = importlib.util.spec_from_file_location("tf2_bridge", path)
        bridges[path] = importlib.util.module_from_spec(spec)
        sys.modules["tf2_bridge"] = bridges[path]
        spec.loader.exec_module(bridges[path])
    return bridges[path]

def lost(path, dotted):
    first, *parts = dotted.split(".")
    value = bridge(path) if first == "tf2_bridge" else importlib.import_module(first)
    known = first
    for part in parts:
        if not isinstance(value, (types.ModuleType, types.SimpleNamespace, type)):
            return None  # an attribute of an object
        try:
            following = getattr(value, part)
        except Exception:
            if not isinstance(value, types.ModuleType):
                return known + "." + part
            try:
                following = importlib.import_module(known + "." + part)
            except Exception:
                return known + "." + part
        value, known = following, known + "." + part
    return None

found = [[path, dotted, lost(path, dotted)] for path, dotted in asked]
with open(sys.argv[2], "w") as stream:
    json.dump([row for row in found if row[2]], stream)
"""


@dataclass(frozen=True)
class Use:
    """A symbol that a line of a file spells."""

    path: str
    line: int
    dotted: str  #: from ``tensorflow`` or ``tf2_bridge`` on


class File:
    """What the names of one file mean."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path = path
        self.module = Module(path, tree)
        self.tree = tree

    def uses(self) -> Iterator[Use]:
        """Yield every symbol that is imported or read."""
        yield from self._walk(self.tree, self.module.scope)

    def _walk(self, node: ast.AST, scope: Scope) -> Iterator[Use]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    if alias.name.partition(".")[0] == "tensorflow":
                        yield Use(self.path, child.lineno, alias.name)
                continue
            if isinstance(child, ast.ImportFrom):
                for alias in child.names:
                    home = base(child.module or "", alias.name)
                    if home is not None and alias.name != "*":
                        yield Use(self.path, child.lineno, home)
                continue
            if isinstance(child, (ast.Attribute, ast.Name)) and isinstance(child.ctx, ast.Load):
                dotted = self.meaning(child, scope)
                if dotted is not None:
                    yield Use(self.path, child.lineno, dotted)
                    continue
            yield from self._walk(child, self.module.scopes.get(child, scope))

    def meaning(self, node: ast.expr, scope: Scope, depth: int = 0) -> str | None:
        """Return what an expression means, from ``tensorflow`` or ``tf2_bridge`` on, or None."""
        if isinstance(node, ast.Attribute):
            of = self.meaning(node.value, scope, depth)
            return f"{of}.{node.attr}" if of is not None else None
        if not isinstance(node, ast.Name) or depth > 8:
            return None
        place: Scope | None = scope
        while place is not None:
            visible = place is scope or not isinstance(place.node, ast.ClassDef)
            if visible and node.id in place.names and node.id not in place.outer:
                bound = place.names[node.id]
                return self._bound(bound[0], depth) if len(bound) == 1 else None
            place = place.parent
        return None

    def _bound(self, bound: Bound, depth: int) -> str | None:
        if bound.value is not None:
            if bound.value[0] == "import":
                return base("", bound.value[2])
            if bound.value[0] == "from":
                return base(bound.value[2], bound.value[4])
            return None
        if bound.element or not isinstance(bound.expression, (ast.Name, ast.Attribute)):
            return None
        return self.meaning(bound.expression, bound.scope, depth + 1)


def base(module: str, name: str) -> str | None:
    """Return what ``from module import name`` gives, where that is TensorFlow's or the bridge's."""
    dotted = f"{module}.{name}" if module else name
    parts = dotted.split(".")
    if parts[0] == "tensorflow":
        return dotted
    return ".".join(parts[parts.index(BRIDGE) :]) if BRIDGE in parts else None


def files(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of the Python files."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if path.name != f"{BRIDGE}.py" and not any(part[:1] == "." for part in parts):
            yield path.relative_to(root).as_posix(), path.read_text("utf-8", errors="replace")


def bridge_of(root: Path, path: str) -> str:
    """Return the bridge that a file imports: what it names, the nearest one above it, else any."""
    above = [f for f in (root / path).parents if f == root or root in f.parents]
    text = (root / path).read_text("utf-8", errors="replace")
    named = NAMED.search(text)
    if named:
        dots, parts = len(named["dots"]), named["package"].split(".")
        folders = above[dots - 1 : dots] if dots else above
        above = [folder.joinpath(*parts) for folder in folders] + above
    for place in above:
        if (place / f"{BRIDGE}.py").exists():
            return str(place / f"{BRIDGE}.py")
    return str(next(iter(sorted(root.rglob(f"{BRIDGE}.py"))), ""))


def missing(root: Path, uses: list[Use], python: str) -> list[tuple[Use, str]]:
    """Return the uses that TensorFlow cannot answer, each with the part of it that is lost."""
    asked = questions(root, uses)
    lost = answers(set(asked), python)
    return [(use, lost[key]) for use, key in zip(uses, asked, strict=True) if key in lost]


def questions(root: Path, uses: list[Use]) -> list[tuple[str, str]]:
    """Return what to ask for each use: the bridge that its file imports, or "", and the symbol."""
    homes = {path: bridge_of(root, path) for path in {use.path for use in uses}}
    return [(homes[use.path] if use.dotted.startswith(BRIDGE) else "", use.dotted) for use in uses]


def answers(asked: set[tuple[str, str]], python: str) -> dict[tuple[str, str], str]:
    """Return what of the symbols does not exist: what was asked -> the part that is lost."""
    with tempfile.TemporaryDirectory() as scratch:
        given, told = Path(scratch, "asked.json"), Path(scratch, "told.json")
        given.write_text(json.dumps(sorted(asked)))
        environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        run = subprocess.run(
            [python, "-c", PROBE, str(given), str(told)],
            env=environment,
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise RuntimeError(f"{python} failed:\n{run.stderr[-2000:]}")
        return {(path, dotted): part for path, dotted, part in json.loads(told.read_text())}


def is_told(lost: str, findings: list[dict[str, Any]]) -> bool:
    """Tell whether a finding is about the symbol: it names it, or quotes code that does."""
    leaf = lost.rpartition(".")[2]
    for finding in findings:
        if finding["outcome"] in TOLD:
            words = f"{finding.get('api') or ''} {finding.get('before') or ''} {finding['message']}"
            if leaf in words:
                return True
    return False


def findings_of(report: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the findings of each file of a report."""
    return {file["path"]: file["findings"] for file in report["files"]}


def uses_of(root: Path, report: dict[str, Any], *, everything: bool = False) -> list[Use]:
    """Return the symbols that the files spell which were moved to TensorFlow 2, or all."""
    findings = findings_of(report)
    uses: list[Use] = []
    for path, text in files(root):
        lifted = any(f["code"] == "TFM510" for f in findings.get(path, ()))
        if not (everything or "compat.v1" in text or BRIDGE in text or lifted):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue  # a finding of another kind
        uses += File(path, tree).uses()
    return uses


def unreported(lost: list[tuple[Use, str]], report: dict[str, Any]) -> list[tuple[Use, str]]:
    """Return the lost symbols that no finding of their files is about."""
    findings = findings_of(report)
    return [(use, part) for use, part in lost if not is_told(part, findings.get(use.path, []))]


def check(root: Path, report: dict[str, Any], python: str, *, everything: bool = False) -> Any:
    """Return how many symbols were checked, and those that are neither there nor reported."""
    uses = uses_of(root, report, everything=everything)
    lost = missing(root, uses, python) if uses else []
    return len(uses), len(lost), unreported(lost, report)


def sentence(use: Use, part: str) -> str:
    """Return what is said of a lost symbol that no finding is about."""
    return f"{use.path}:{use.line}: {use.dotted}: TensorFlow 2 has no {part}, and nothing says so"


def main(arguments: list[str] | None = None) -> int:
    """Print what is neither there nor reported."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkout", type=Path, help="the migrated code")
    parser.add_argument("report", type=Path, help="the JSON report of the migration")
    parser.add_argument("--python", default=sys.executable, help="one with TensorFlow 2")
    parser.add_argument("--all", action="store_true", help="check files that stayed, too")
    options = parser.parse_args(arguments)
    if not options.checkout.is_dir():
        parser.error(f"{options.checkout} is not a folder")
    try:
        report = json.loads(options.report.read_text(encoding="utf-8"))
        report["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"{options.report} is not a report ({error})")
    count, lost, silent = check(
        options.checkout.resolve(), report, options.python, everything=options.all
    )
    for use, part in silent:
        print(sentence(use, part))
    print(f"{count} uses, {lost} of symbols that are gone, {len(silent)} of them unreported")
    return int(bool(silent))


if __name__ == "__main__":
    raise SystemExit(main())
