"""Print what a lift costs beside libcst's parse: ``python tests/bench/lift_cost.py FILE...``.

For each file: seconds of the processor (best of several) of ``libcst.parse_module``, of reading the
file for the lift (``names.Module``) and lifting it or refusing to, and their ratio.  The budget is
a ratio of 3.  Folders are searched for Python files that open a session.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import libcst as cst

from migrator.lift import Refusal, lift
from migrator.lift.text import tokens
from migrator.names import Module


def attempt(text: str, path: str) -> bool:
    """Lift a file as if for the first time; return whether it lifts."""
    tokens.cache_clear()
    try:
        lift(Module(text), path)
    except Refusal:
        return False
    return True


def best(function: Callable[[], object], times: int) -> float:
    """Return the shortest of ``times`` runs, in seconds that this process had the processor."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        function()
        spent.append(time.process_time() - start)
    return min(spent)


def main() -> int:
    """Print one line per file and the totals; return 1 when the total is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="+", metavar="FILE")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--budget", type=float, default=3.0)
    parser.add_argument("--lifted", action="store_true", help="leave out what does not lift")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    files: list[Path] = []
    for name in options.paths:
        path = Path(name)
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    parsing = lifting = worst = 0.0
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            if file not in map(Path, options.paths) and "Session(" not in text:
                continue
            parse = best(lambda text=text: cst.parse_module(text), options.times)  # type: ignore[misc]
            Module(text)
        except (cst.ParserSyntaxError, SyntaxError, ValueError):
            continue
        lifts = attempt(text, file.name)
        if options.lifted and not lifts:
            continue
        run = best(lambda text=text, file=file: attempt(text, file.name), options.times)  # type: ignore[misc]
        parsing += parse
        lifting += run
        worst = max(worst, run / parse)
        what = "lifted " if lifts else "refused"
        print(
            f"{1e3 * parse:8.1f} ms parse {1e3 * run:8.1f} ms {what} {run / parse:5.2f} x  {file}"
        )
    if not parsing:
        print("no file to measure")
        return 2
    ratio = lifting / parsing
    print(f"{1e3 * parsing:8.1f} ms parse {1e3 * lifting:8.1f} ms lift    {ratio:5.2f} x  total")
    print(f"{worst:5.2f} x at worst")
    return int(ratio > options.budget)


if __name__ == "__main__":
    sys.exit(main())
