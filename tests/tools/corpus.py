"""Migrate copies of many checkouts and print what became of each, as a Markdown table.

    python tests/tools/corpus.py FOLDER [--tier TIER] [--jobs N] [--python PATH] [--keep DIR]
                                 [--only NAME]...

Each folder in ``FOLDER`` is the checkout of a repository as its authors left it: it is copied, and
nothing is fetched.  For each, ``migrator migrate --write`` must

1. end with exit code 0 or 1 and say of no file that the tool failed on it ("crashed");
2. give every target site an outcome, by the count of ``count_sites.py`` ("without outcome", which
   holds the files, too, that do not parse and of which nothing is said);
3. leave every file parsing that parsed before ("unparsed");
4. find nothing to change or to rewrite in a second run ("second run changed", in files); and
5. leave no symbol of TensorFlow that ``PATH``'s TensorFlow 2 lacks, unless a finding says so, by
   ``check_symbols.py`` ("symbols without finding").

"Rewritten" are sites whose code changes, "move" the ``.save`` and ``.restore`` calls that stay as
they are because every Saver that they can be called on is rewritten.  Exit code 1: something in
these five columns is not 0.  What it is goes to standard error; the reports, the migrated trees
(``NAME/after``) and the counts stay in ``DIR``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import check_symbols
import count_sites

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "files",
    "sites",
    "rewritten",
    "move",
    "kept",
    "manual",
    "blocked",
    "without outcome",
    "crashed",
    "unparsed",
    "second run changed",
    "symbols without finding",
)
FAILURES = COLUMNS[-5:]
OUTCOMES = {"rewritten": "rewritten", "move": count_sites.MOVES}
OUTCOMES |= {word: word for word in ("kept", "manual", "blocked")}

#: What saves, restores or exports: the share of these that is rewritten is printed by itself.
SAVING = (
    "Saver",
    ".save",
    ".restore",
    "simple_save",
    "SavedModelBuilder",
    "add_meta_graph_and_variables",
    "add_meta_graph",
    "builder.save",
    "build_signature_def",
    "predict_signature_def",
    "classification_signature_def",
    "regression_signature_def",
    "build_tensor_info",
)


@dataclass
class Row:
    """What became of one checkout."""

    name: str
    numbers: Counter[str] = field(default_factory=Counter)  #: by column
    saving: Counter[str] = field(default_factory=Counter)  #: of :data:`SAVING`, by outcome
    problems: list[str] = field(default_factory=list)
    uses: list[check_symbols.Use] = field(default_factory=list)

    def fails(self, column: str, problems: list[str]) -> None:
        """Count problems, and keep what they are."""
        self.numbers[column] += len(problems)
        self.problems += [f"{self.name}: {column}: {problem}" for problem in problems]


def migrate(tree: Path, report: Path, tier: str) -> tuple[dict[str, Any], str | None]:
    """Migrate ``tree`` in place; return the report, and why there is none where it failed."""
    command = [sys.executable, "-m", "migrator", "migrate", "--write", "--tier", tier, "-q"]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    run = subprocess.run(
        [*command, "--jobs", "1", "--report", str(report), str(tree)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    why = None
    if run.returncode not in (0, 1) or "Traceback" in run.stderr:
        why = f"exit code {run.returncode}: {run.stderr[-600:].strip()}"
    if not report.exists():
        return {"files": []}, why or "no report"
    return dict(json.loads(report.read_text(encoding="utf-8"))), why


def state(tree: Path) -> dict[str, str]:
    """Return a digest of every file."""
    return {
        path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def failed_on(report: dict[str, Any], original: Path) -> list[str]:
    """Return the files that the tool could not process although they can be parsed."""
    problems = []
    for file in report["files"]:
        path = original / file["path"]
        if file["error"] is None or path.suffix != ".py" or not path.is_file():
            continue
        if not isinstance(count_sites.parse_file(path), str):
            problems.append(f"{file['path']}: {file['error']}")
    return problems


def examine(checkout: Path, tier: str, kept: Path) -> Row:
    """Migrate a copy of a checkout twice, and count."""
    sys.setrecursionlimit(10_000)
    row = Row(checkout.name)
    home = kept / checkout.name
    after = home / "after"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(checkout, after, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    report, why = migrate(after, home / "run.json", tier)
    row.fails("crashed", [why] if why else [])
    row.fails("crashed", failed_on(report, checkout))

    counted = count_sites.count(checkout)
    joined = count_sites.join(counted, report, notebooks=True)
    (home / "sites.md").write_text(count_sites.outcomes(counted, report, notebooks=True)[0] + "\n")
    row.numbers["files"] = counted.files + counted.notebooks
    row.numbers["sites"] = len(counted.sites)
    for column, word in OUTCOMES.items():
        row.numbers[column] = joined.total(word)
    for api in SAVING:
        for word, number in joined.by_api.get(api, {}).items():
            row.saving[word.partition(" (")[0]] += number
    row.fails("without outcome", [f"{count_sites.place(s)}: {s.symbol}" for s in joined.untold])
    row.fails("without outcome", [f"{path}: {error}" for path, error in joined.unsaid])
    row.fails("unparsed", count_sites.broken(checkout, after))

    before = state(after)
    again, why = migrate(after, home / "again.json", tier)
    row.fails("crashed", [f"second run: {why}"] if why else [])
    rewritten = {
        file["path"]: f["code"]
        for file in again["files"]
        for f in file["findings"]
        if f["outcome"] == "rewritten"
    }
    changed = {path for path, _ in before.items() ^ state(after).items()}
    row.fails(
        "second run changed",
        [f"{path} ({rewritten.get(path, 'text')})" for path in sorted(changed | set(rewritten))],
    )
    row.uses = check_symbols.uses_of(after.resolve(), report)
    return row


def ask(rows: list[Row], kept: Path, python: str) -> None:
    """Ask TensorFlow, in one process, for the symbols of all checkouts."""
    roots = {row.name: (kept / row.name / "after").resolve() for row in rows}
    asked = {row.name: check_symbols.questions(roots[row.name], row.uses) for row in rows}
    lost = check_symbols.answers({key for keys in asked.values() for key in keys}, python)
    for row in rows:
        gone = [
            (use, lost[key])
            for use, key in zip(row.uses, asked[row.name], strict=True)
            if key in lost
        ]
        run = kept / row.name / "run.json"
        report = json.loads(run.read_text(encoding="utf-8")) if run.exists() else {"files": []}
        silent = check_symbols.unreported(gone, report)
        row.fails("symbols without finding", [check_symbols.sentence(*one) for one in silent])


def table(rows: list[Row]) -> str:
    """Return the table with its totals, and the share of what saves that is rewritten."""
    total = Row(f"**{len(rows)} repositories**")
    for row in rows:
        total.numbers += row.numbers
        total.saving += row.saving
    lines = ["| repository | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for row in [*rows, total]:
        numbers = " | ".join(str(row.numbers[column]) for column in COLUMNS)
        lines.append(f"| {row.name.replace('+', '/')} | {numbers} |")
    every = sum(total.saving.values())
    if every:
        changed = total.saving["rewritten"]
        moved = changed + total.saving[count_sites.MOVES]
        lines += [
            "",
            f"Of {every} calls that save, restore or export, {changed} are rewritten"
            f" ({changed / every:.1%}), {moved} with those that move with a rewritten Saver"
            f" ({moved / every:.1%}).",
        ]
    return "\n".join(lines)


def size(checkout: Path) -> int:
    """Return the bytes of the Python files of a checkout."""
    return sum(path.stat().st_size for path in count_sites.files_of(checkout, ".py"))


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a folder of checkouts")
    parser.add_argument("--tier", default="session", choices=("auto", "session", "native"))
    parser.add_argument("--jobs", type=int, default=1, help="checkouts at a time")
    parser.add_argument("--python", default=sys.executable, help="one with TensorFlow 2")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep reports and trees there")
    parser.add_argument("--only", action="append", metavar="NAME", help="a checkout (repeatable)")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is not a folder")
    found = [p for p in options.folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    checkouts = sorted(p.resolve() for p in found if not options.only or p.name in options.only)
    if not checkouts:
        parser.error(f"{options.folder} holds no such checkout")
    with tempfile.TemporaryDirectory() as scratch:
        kept = (options.keep or Path(scratch)).resolve()
        with ProcessPoolExecutor(max(1, options.jobs)) as pool:
            work = partial(examine, tier=options.tier, kept=kept)
            rows = []
            # the large ones first, so that no processor waits for the last
            for row in pool.map(work, sorted(checkouts, key=size, reverse=True)):
                rows.append(row)
                print(f"{len(rows)}/{len(checkouts)} {row.name}", file=sys.stderr, flush=True)
        rows.sort(key=lambda row: row.name)
        ask(rows, kept, options.python)
    print(table(rows))
    for row in rows:
        for problem in row.problems:
            print(problem, file=sys.stderr)
    return int(any(row.numbers[column] for row in rows for column in FAILURES))


if __name__ == "__main__":
    raise SystemExit(main())
