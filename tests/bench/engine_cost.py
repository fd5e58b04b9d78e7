"""Print what the engine costs beside libcst's parse: ``python tests/bench/engine_cost.py FILE...``.

For each file: seconds (best of several) of ``libcst.parse_module``, of the engine as a whole, and
the engine's share beyond the parse as a ratio of the parse.  The budget is a ratio of 2.
Folders are searched for Python files that hold a saving call.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import libcst as cst

from migrator import engine, rulebook
from migrator.rule import FileContext

_SAVING = re.compile(r"Saver\(|saved_model|simple_save|add_meta_graph")


def files_of(paths: list[str]) -> Iterator[Path]:
    """Yield the files named, and those below folders that hold a saving call."""
    for name in paths:
        path = Path(name)
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if path.is_file() or _SAVING.search(file.read_text("utf-8", "replace")):
                yield file


def best(function: Callable[[], object], times: int) -> float:
    """Return the shortest of ``times`` runs, in seconds."""
    shortest = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        function()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def main() -> int:
    """Print one line per file and the totals; return 1 when the total is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="+", metavar="FILE")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--budget", type=float, default=2.0)
    options = parser.parse_args()
    rules = rulebook.all_rules()
    parsing = whole = 0.0
    for file in files_of(options.paths):
        with open(file, encoding="utf-8", newline="") as stream:
            text = stream.read()
        try:
            parse = best(lambda text=text: cst.parse_module(text), options.times)  # type: ignore[misc]
        except cst.ParserSyntaxError:
            continue
        run = best(lambda text=text: engine.run(text, FileContext(), rules), options.times)  # type: ignore[misc]
        parsing += parse
        whole += run
        ratio = (run - parse) / parse
        print(f"{1e3 * parse:8.1f} ms parse {1e3 * run:8.1f} ms engine  {ratio:5.2f} x  {file}")
    if not parsing:
        print("no file to measure")
        return 2
    ratio = (whole - parsing) / parsing
    print(f"{1e3 * parsing:8.1f} ms parse {1e3 * whole:8.1f} ms engine  {ratio:5.2f} x  total")
    return int(ratio > options.budget)


if __name__ == "__main__":
    sys.exit(main())
