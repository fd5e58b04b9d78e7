"""Count the TensorFlow 1 saving, restoring and exporting calls of a code base.

    python tests/tools/count_sites.py CHECKOUT [--json]
    python tests/tools/count_sites.py CHECKOUT --outcomes RUN.json [--python-only]
    python tests/tools/count_sites.py CHECKOUT --parse --original DIR

An independent count, made with ``ast`` and ``resolve_names.py`` only, that a report of
``migrator --format json`` is held against.  ``CHECKOUT`` is the code as it was before.

With ``--outcomes`` every constructor of a Saver, simple_save, builder, signature-helper, loading
and freezing call must lie inside the span of a finding, and every file that mentions TensorFlow
and does not parse must have an error or a finding; what has none is listed and the exit code is
1.  So must every cell of a notebook that names one of these.  A ``.save`` or ``.restore`` that is
kept because every Saver that it can be called on is rewritten, is counted as one that moves with
its Saver: the constructors are found here, what became of them the report tells.  With
``--parse`` every file that parses in ``DIR`` must be there and parse in ``CHECKOUT``.
Exit code 2: a path that does not exist, or a report that is not one.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import re
import sys
import tokenize
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from resolve_names import Project, Value

SAVED_MODEL = r"(?:python\.)?saved_model\."
TRAIN = r"(?:train|python\.training(?:\.\w+)?)\."
READERS = r"(?:train|python\.training\.checkpoint_utils|contrib\.framework(?:\.\w+)*)\."

#: API -> what its path below ``tensorflow`` looks like.
FUNCTIONS = {
    "Saver": TRAIN + "Saver",
    "simple_save": SAVED_MODEL + r"(?:simple_save\.)?simple_save",
    "SavedModelBuilder": SAVED_MODEL + r"(?:builder(?:_impl)?\.)?(?:_?SavedModelBuilder|Builder)",
    "build_signature_def": SAVED_MODEL + r"(?:signature_def_utils(?:_impl)?\.)?build_signature_def",
    "predict_signature_def": (
        SAVED_MODEL + r"(?:signature_def_utils(?:_impl)?\.)?predict_signature_def"
    ),
    "classification_signature_def": (
        SAVED_MODEL + r"(?:signature_def_utils(?:_impl)?\.)?classification_signature_def"
    ),
    "regression_signature_def": (
        SAVED_MODEL + r"(?:signature_def_utils(?:_impl)?\.)?regression_signature_def"
    ),
    "build_tensor_info": SAVED_MODEL + r"(?:utils(?:_impl)?\.)?build_tensor_info",
    "latest_checkpoint": TRAIN + "latest_checkpoint",
    "get_checkpoint_state": TRAIN + "get_checkpoint_state",
    "loader.load": SAVED_MODEL + r"(?:loader(?:_impl)?\.)?load",
    "import_meta_graph": TRAIN + "import_meta_graph",
    "export_meta_graph": TRAIN + "export_meta_graph",
    "convert_variables_to_constants": (
        r"(?:python\.framework\.)?graph_util(?:_impl)?\.convert_variables_to_constants"
    ),
    "extract_sub_graph": r"(?:python\.framework\.)?graph_util(?:_impl)?\.extract_sub_graph",
    "remove_training_nodes": r"(?:python\.framework\.)?graph_util(?:_impl)?\.remove_training_nodes",
    "write_graph": r"(?:train|io|python\.framework\.graph_io)\.write_graph",
    "import_graph_def": r"(?:graph_util\.|python\.framework\.importer\.)?import_graph_def",
    "freeze_graph": r"python\.tools\.freeze_graph\.freeze_graph\w*",
    "optimize_for_inference": r"python\.tools\.(?:optimize_for_inference|strip_unused)_lib\.\w+",
    "TransformGraph": r"tools\.graph_transforms\.TransformGraph",
    "NewCheckpointReader": (
        r"(?:train|(?:python\.)?pywrap_tensorflow|python\.training\.\w+)\.NewCheckpointReader"
    ),
    "load_checkpoint": READERS + "load_checkpoint",
    "load_variable": READERS + "load_variable",
    "list_variables": READERS + "list_variables",
    "init_from_checkpoint": READERS + "init_from_checkpoint",
    "assign_from_checkpoint": r"contrib\.(?:\w+\.)+assign_from_checkpoint(?:_fn)?",
    "contrib.predictor": r"contrib\.predictor(?:\.\w+)*\.from_\w+",
    "session_bundle": r"contrib\.session_bundle(?:\.\w+)+",
}
PATTERNS = {api: re.compile(pattern) for api, pattern in FUNCTIONS.items()}

#: (kind of object, method) -> API
METHODS = {
    ("saver", "save"): ".save",
    ("saver", "restore"): ".restore",
    ("saver", "export_meta_graph"): "export_meta_graph",
    ("builder", "add_meta_graph_and_variables"): "add_meta_graph_and_variables",
    ("builder", "add_meta_graph"): "add_meta_graph",
    ("builder", "save"): "builder.save",
}

#: What makes an object whose methods count.
OBJECTS = {
    "Saver": "saver",
    "import_meta_graph": "saver",
    "SavedModelBuilder": "builder",
}
OWNERS = re.compile(TRAIN + r"(?:Supervisor|Scaffold)")

#: A site of one of these without an outcome is an error.
REQUIRED = frozenset(
    {
        "Saver",
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
        "loader.load",
        "import_meta_graph",
        "export_meta_graph",
        "convert_variables_to_constants",
        "extract_sub_graph",
        "remove_training_nodes",
        "write_graph",
        "import_graph_def",
        "freeze_graph",
        "optimize_for_inference",
        "TransformGraph",
        "NewCheckpointReader",
        "load_checkpoint",
        "load_variable",
        "list_variables",
        "init_from_checkpoint",
        "assign_from_checkpoint",
        "contrib.predictor",
        "session_bundle",
    }
)
#: What is kept where its object is replaced: its call is right for the new object.
MOVING = frozenset({".save", ".restore"})
MOVES = "moves with its Saver"
APIS = (*dict.fromkeys([*FUNCTIONS, *METHODS.values()]),)

#: A cell that does not parse must be spoken of where it may hold a site.
SAVING = re.compile(
    r"Saver|saved?_model|SavedModel|simple_save|\.restore\(|meta_graph|graph_def|graph_util"
    r"|signature_def|tensor_info|[Cc]heckpoint|predictor|session_bundle"
)

#: Cell magics below which Python runs in the notebook's own process.
RUN_HERE = ("%%time", "%%capture", "%%prun")

SKIPPED_FOLDERS = {"__pycache__", "node_modules", "site-packages"}


@dataclass(frozen=True, order=True)
class Site:
    """One call of a target API: 1-based line, 0-based column; of a notebook, within its cell."""

    path: str
    line: int
    column: int
    api: str
    symbol: str
    cell: int | None = None
    made: tuple[tuple[str, int, int, int | None], ...] = ()
    """Of a method: where its object is made (path, line, column, cell)."""


@dataclass(frozen=True)
class Count:
    """What a checkout holds."""

    sites: tuple[Site, ...]
    files: int  #: Python files that parse
    unparsed: tuple[tuple[str, str, bool], ...]  #: path, error, whether it mentions TensorFlow
    notebooks: int
    cells: tuple[tuple[str, int, bool], ...] = ()  #: path, number, may hold sites


def api_of(path: str) -> str | None:
    """Return the API that a path below ``tensorflow`` names."""
    for api, pattern in PATTERNS.items():
        if pattern.fullmatch(path):
            return api
    return None


def made_by(path: str) -> str | None:
    """Return what kind of object a call of a TensorFlow path makes."""
    if OWNERS.fullmatch(path):
        return "owner"
    return OBJECTS.get(api_of(path) or "")


@dataclass(frozen=True)
class Joined:
    """What a report says of the sites of a checkout."""

    by_api: dict[str, Counter[str]]  #: API -> outcome -> sites
    untold: tuple[Site, ...]  #: have no outcome
    unsaid: tuple[tuple[str, str], ...]  #: do not parse, and nothing is said of it: path, error

    @property
    def missing(self) -> tuple[Site, ...]:
        """The sites that must have an outcome and have none."""
        return tuple(site for site in self.untold if site.api in REQUIRED)

    @property
    def whole(self) -> bool:
        """Whether all is accounted for."""
        return not self.missing and not self.unsaid

    def total(self, outcome: str) -> int:
        """Return the number of sites with an outcome of any tier."""
        return sum(
            number
            for got in self.by_api.values()
            for word, number in got.items()
            if word.partition(" (")[0] == outcome
        )


def meaning(value: Value, call: ast.Call) -> tuple[str, str] | None:
    """Return the API and the spelling of a call whose function means ``value``."""
    if value[0] == "method":
        api = METHODS.get((value[1], value[2]))
        return (api, f"{value[1]}.{value[2]}") if api else None
    if value[0] != "tf":
        return None
    api = api_of(value[1])
    if api == "loader.load" and value[1] == "saved_model.load":
        given = len(call.args) + len(call.keywords)
        starred = any(isinstance(a, ast.Starred) for a in call.args)
        if given < 3 and not starred:
            return None  # TensorFlow 2's load(export_dir, tags=None)
    return (api, f"tf.{value[1]}") if api else None


def files_of(root: Path, suffix: str) -> Iterator[Path]:
    """Yield the files under ``root`` that are its own code, sorted."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            f
            for f in folders
            if not f.startswith(".")
            and f not in SKIPPED_FOLDERS
            and not Path(folder, f, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith(suffix) and path.is_file() and not path.is_symlink():
                yield path


def parse_file(path: Path) -> ast.Module | str:
    """Return the tree of a Python file, or why there is none."""
    try:
        with tokenize.open(path) as stream:
            return parse(stream.read())
    except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"


def parse(source: str) -> ast.Module:
    """Return the tree of ``source``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes of other people's strings
        return ast.parse(source)


def notebook_cells(path: Path) -> list[tuple[int, str]]:
    """Return the Python code cells of a notebook with their 0-based numbers among code cells."""
    try:
        book = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except ValueError:
        return []
    if not isinstance(book, dict):
        return []
    cells = book.get("cells")
    if cells is None:  # nbformat 3 keeps them in worksheets
        cells = [c for sheet in book.get("worksheets", ()) for c in sheet.get("cells", ())]
    found = []
    number = -1
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        source = cell.get("source", cell.get("input", ""))
        text = "".join(source) if isinstance(source, list) else str(source)
        if not text.lstrip().startswith("%%") or text.lstrip().startswith(RUN_HERE):
            found.append((number, text))
    return found


def plain(text: str) -> str:
    """Return a cell with what IPython adds to Python made ``pass``, line for line."""
    lines = []
    joined = False  # to a shell line that goes on
    for line in text.split("\n"):
        goes_on, timed = joined, re.match(r"(\s*)%time (.*)", line)
        command = goes_on or re.match(r"\s*[%!?]", line) or re.search(r"\?\s*$", line)
        joined = bool(command) and line.endswith("\\")
        if goes_on:
            line = ""
        elif timed:
            line = f"{timed[1]}if 1: {timed[2]}"
        elif command:
            line = re.sub(r"\S.*", "pass", line)
        else:
            line = re.sub(r"^(\s*[\w, ]+=\s*)[!%].*", r"\1None", line)
        lines.append(line)
    return "\n".join(lines)


def count(root: Path) -> Count:
    """Count the sites of every Python file and notebook under ``root``."""
    trees: dict[str, ast.Module] = {}
    unparsed = []
    for path in files_of(root, ".py"):
        name = path.relative_to(root).as_posix()
        tree = parse_file(path)
        if isinstance(tree, str):
            mentions = b"tensorflow" in path.read_bytes()
            unparsed.append((name, tree, mentions))
        else:
            trees[name] = tree
    python_files = len(trees)
    cells: dict[str, dict[int, tuple[int, int]]] = {}
    broken = []
    for path in files_of(root, ".ipynb"):
        name = path.relative_to(root).as_posix()
        # one module per notebook, under a name that imports cannot find
        texts = notebook_cells(path)
        trees[name], cells[name] = join_cells(texts)
        known = {number for number, _ in cells[name].values()}
        for number, text in texts:
            if number not in known:
                ours = any("tensorflow" in other for _, other in texts)
                broken.append((name, number, ours and SAVING.search(text) is not None))

    def located(path: str, line: int, column: int) -> tuple[str, int, int, int | None]:
        if path not in cells:
            return path, line, column, None
        cell, start = cells[path][line]
        return path, line - start, column, cell

    sites = set()
    for module, call, values in Project(trees, made_by).calls():
        meanings = sorted(filter(None, (meaning(value, call) for value in values)))
        if not meanings:
            continue
        api, symbol = meanings[0]
        path, line, column, cell = located(module.path, call.lineno, call.col_offset)
        origins = {v[3] for v in values if v[0] == "method" and METHODS.get(v[1:3]) == api}
        known = () if None in origins else sorted(located(*origin) for origin in origins)
        sites.add(Site(path, line, column, api, symbol, cell, tuple(known)))
    ordered = sorted(sites, key=lambda s: (s.path, s.cell or 0, s.line, s.column, s.api))
    return Count(tuple(ordered), python_files, tuple(unparsed), len(cells), tuple(broken))


def join_cells(cells: list[tuple[int, str]]) -> tuple[ast.Module, dict[int, tuple[int, int]]]:
    """Return one tree for the cells that parse, and for each line its (cell, lines before it)."""
    body: list[ast.stmt] = []
    where = {}
    start = 0
    for number, text in cells:
        tree = parse_cell(text)
        if tree is None:
            continue
        ast.increment_lineno(tree, start)
        body += tree.body
        lines = text.count("\n") + 1
        where.update({start + n: (number, start) for n in range(1, lines + 1)})
        start += lines
    return ast.Module(body, []), where


def parse_cell(text: str) -> ast.Module | None:
    """Return the tree of a cell, without its IPython lines only where it needs that."""
    for source in (text, plain(text)):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):
            return parse(source)
    return None


def table(result: Count) -> str:
    """Return the counts as a Markdown table."""
    rows = ["| API | sites | files | notebook sites | notebooks |", "|---|---:|---:|---:|---:|"]
    for api in APIS:
        mine = [s for s in result.sites if s.api == api]
        if mine:
            cells = []
            for book in (False, True):
                held = [s for s in mine if (s.cell is not None) == book]
                cells += [str(len(held)), str(len({s.path for s in held}))]
            rows.append(f"| `{api}` | {' | '.join(cells)} |")
    rows.append("")
    rows.append(
        f"{result.files} Python files, {result.notebooks} notebooks, "
        f"{len(result.unparsed)} Python files and {len(result.cells)} cells that do not parse"
    )
    rows += [f"- {path}: {error}" for path, error, _ in result.unparsed]
    return "\n".join(rows)


def outcomes(result: Count, report: dict[str, Any], *, notebooks: bool) -> tuple[str, bool]:
    """Return what became of every site, as Markdown, and whether all is accounted for."""
    joined = join(result, report, notebooks=notebooks)
    words = sorted(
        {word for got in joined.by_api.values() for word in got}, key=lambda w: (w == "none", w)
    )
    lines = [
        "| API | sites | " + " | ".join(words) + " |",
        "|---|---:|" + "---:|" * len(words),
    ]
    for api in APIS:
        if api in joined.by_api:
            got = joined.by_api[api]
            numbers = " | ".join(str(got[word]) for word in words)
            lines.append(f"| `{api}` | {sum(got.values())} | {numbers} |")
    if joined.missing:
        lines += ["", f"{len(joined.missing)} sites without an outcome:", ""]
        lines += [f"- {place(site)}: `{site.symbol}`" for site in joined.missing]
    if joined.unsaid:
        number = len(joined.unsaid)
        lines += ["", f"{number} files that do not parse and of which nothing is said:", ""]
        lines += [f"- {path}: {error}" for path, error in joined.unsaid]
    return "\n".join(lines), joined.whole


def join(result: Count, report: dict[str, Any], *, notebooks: bool) -> Joined:
    """Return what the report says of every site."""
    files = {file["path"]: file for file in report["files"]}
    by_api: dict[str, Counter[str]] = defaultdict(Counter)
    untold = []

    def told(path: str) -> Any:
        return files.get(path, {}).get("findings", ())

    def replaced(path: str, line: int, column: int, cell: int | None) -> bool:
        maker = covering(Site(path, line, column, "Saver", "", cell), told(path))
        return maker is not None and maker["outcome"] == "rewritten"

    for site in result.sites:
        if site.cell is not None and not notebooks:
            continue
        finding = covering(site, told(site.path))
        word = finding["outcome"] if finding else "none"
        if (
            word == "kept"
            and site.api in MOVING
            and site.made
            and all(replaced(*maker) for maker in site.made)
        ):
            word = MOVES
        elif finding and finding.get("tier"):
            word += f" ({finding['tier']})"
        by_api[site.api][word] += 1
        if finding is None:
            untold.append(site)
    unsaid = [
        (path, error)
        for path, error, mentions in result.unparsed
        if mentions and not (files.get(path, {}).get("error") or told(path))
    ]
    if notebooks:
        unsaid += [
            (f"{path}:cell {number}", "does not parse")
            for path, number, mentions in result.cells
            if mentions
            and not files.get(path, {}).get("error")
            and not any(finding["span"].get("cell") == number for finding in told(path))
        ]
    return Joined(dict(by_api), tuple(untold), tuple(unsaid))


def place(site: Site) -> str:
    """Return where a site is."""
    cell = "" if site.cell is None else f"cell {site.cell}:"
    return f"{site.path}:{cell}{site.line}:{site.column + 1}"


def covering(site: Site, findings: Any) -> Any:
    """Return the narrowest finding whose span holds the line of ``site``, or None.

    TFM510 only says why a program is not lifted: of findings at one place it comes last.
    """
    held = [
        finding
        for finding in findings
        if finding["span"].get("cell") == site.cell
        and finding["span"]["line"] <= site.line <= finding["span"]["end_line"]
    ]
    return min(
        held,
        key=lambda f: (
            f["span"]["end_line"] - f["span"]["line"],
            abs(f["span"]["column"] - site.column),
            f.get("code") == "TFM510",
        ),
        default=None,
    )


def broken(original: Path, migrated: Path) -> list[str]:
    """Return the files that parse under ``original`` and do not under ``migrated``."""
    problems = []
    for path in files_of(original, ".py"):
        if isinstance(parse_file(path), str):
            continue
        name = path.relative_to(original).as_posix()
        after = migrated / name
        if not after.is_file():
            problems.append(f"{name}: is not there any more")
            continue
        tree = parse_file(after)
        if isinstance(tree, str):
            problems.append(f"{name}: {tree}")
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--json", action="store_true", help="print counts and sites as JSON")
    parser.add_argument("--outcomes", type=Path, metavar="RUN.json", help="a JSON report to join")
    parser.add_argument(
        "--python-only", action="store_true", help="leave notebooks out of the join"
    )
    parser.add_argument("--parse", action="store_true", help="check that files still parse")
    parser.add_argument("--original", type=Path, metavar="DIR", help="the code before --parse")
    options = parser.parse_args(arguments)
    for folder in (options.checkout, options.original):
        if folder is not None and not folder.is_dir():
            parser.error(f"{folder} is not a folder")
    if options.parse != (options.original is not None):
        parser.error("--parse and --original go together")
    sys.setrecursionlimit(10_000)  # long chains of + in generated code
    if options.parse:
        problems = broken(options.original, options.checkout)
        print("\n".join(problems) if problems else "every file that parsed still parses")
        return int(bool(problems))
    result = count(options.checkout)
    if options.outcomes:
        try:
            report = json.loads(options.outcomes.read_text(encoding="utf-8"))
            text, whole = outcomes(result, report, notebooks=not options.python_only)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            parser.error(f"{options.outcomes} is not a report: {type(error).__name__}: {error}")
        print(text)
        return int(not whole)
    if options.json:
        print(json.dumps(as_json(result), indent=1))
    else:
        print(table(result))
    return 0


def as_json(result: Count) -> dict[str, Any]:
    """Return a count as JSON-ready values."""
    python = Counter(site.api for site in result.sites if site.cell is None)
    books = Counter(site.api for site in result.sites if site.cell is not None)
    return {
        "files": result.files,
        "notebooks": result.notebooks,
        "counts": {api: python[api] for api in APIS if python[api]},
        "notebook_counts": {api: books[api] for api in APIS if books[api]},
        "sites": [asdict(site) for site in result.sites],
        "unparsed": [
            {"path": path, "error": error, "mentions_tensorflow": mentions}
            for path, error, mentions in result.unparsed
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
