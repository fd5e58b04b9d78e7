"""Run programs of a public repository before and after its migration, and compare.

    python tests/tools/run_public.py RECIPE CHECKOUT --before-python PYTHON [--work DIR]

``RECIPE`` is a name in ``tests/public`` (``RECIPE.toml``), ``CHECKOUT`` the repository as its
authors left it, on this machine: nothing is fetched.  Two copies are made; both get the recipe's
data and edits (fewer steps, no dropout: what cannot be compared otherwise), one is migrated.
The programs run under TensorFlow 1.15 and under this interpreter's TensorFlow, from the same
initial values (``public_shim.py``).  Compared are what they print, number by number, and the
checkpoints and SavedModels that they leave, by the checker.  Exit code 1: they differ.

A recipe holds:

``repository``   owner/name
``programs``     lists of words, run in order; each may be given ``cwd``
``cwd``          where, below the checkout
``stubs``        modules that are replaced, as ``matplotlib.pyplot``
``data``         a script beside the recipe and its words, called with the copy's path first
``edits``        tables with ``file``, ``find`` and ``replace``
``ignore``       patterns of lines that are not compared (times)
``checkpoints``  prefixes of checkpoints that are compared, with their graphs
``variables``    prefixes of checkpoints that are compared without: where a graph changes variables
``models``       folders of SavedModels that are compared; a star stands for what differs, a time
``tolerance``    absolute and relative; 1e-5 unless said otherwise
``options``      words for ``migrator migrate``; ``--tier session`` unless said otherwise
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RECIPES = HERE.parent / "public"
SHIM = HERE / "public_shim.py"
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?(?![\w])")
#: What TensorFlow says of itself differs by version.
NOISE = re.compile(r"^(WARNING|INFO|I\d{4}|W\d{4}|E\d{4})|tensorflow/|deprecat|Instructions for")

sys.path.insert(0, str(ROOT))
if TYPE_CHECKING:
    from migrator.results import ModelCheck


class Failed(Exception):
    """A side does not run."""


def read(name: str) -> dict[str, Any]:
    """Return the recipe called ``name``."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    recipe: dict[str, Any] = tomllib.loads((RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
    return recipe


def tree_of(work: Path, side: str) -> Path:
    """Return where a side's copy is: in a folder of its own, as programs write beside it, too."""
    return work / side / "repository"


def prepare(recipe: dict[str, Any], checkout: Path, tree: Path) -> None:
    """Copy the checkout, make its data up, and make the recipe's edits."""
    shutil.copytree(checkout, tree, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    for edit in recipe.get("edits", ()):
        path = tree / edit["file"]
        text = path.read_text(encoding="utf-8")
        if edit["find"] not in text:
            raise Failed(f"{edit['file']} does not hold {edit['find']!r}")
        path.write_text(text.replace(edit["find"], edit["replace"]), encoding="utf-8")
    if "data" in recipe:
        script, *words = recipe["data"]
        subprocess.run([sys.executable, str(RECIPES / script), str(tree), *words], check=True)


def migrate(recipe: dict[str, Any], tree: Path) -> None:
    """Migrate ``tree``."""
    words = recipe.get("options", ["--tier", "session"])
    done = subprocess.run(
        [sys.executable, "-m", "migrator", "migrate", "--write", "-q", *words, str(tree)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise Failed(f"migrate: {done.stderr[-2000:]}")


def run(recipe: dict[str, Any], python: str, tree: Path, mode: str, states: Path) -> list[str]:
    """Run the programs of one side; return the lines that they print."""
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")},
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **recipe.get("environment", {}),
    }
    lines: list[str] = []
    stubs = [word for stub in recipe.get("stubs", ()) for word in ("--stub", stub)]
    for number, program in enumerate(recipe["programs"]):
        done = subprocess.run(
            [python, str(SHIM), mode, str(states / f"{number}.npz"), *stubs, *program],
            cwd=tree / recipe.get("cwd", "."),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )
        if done.returncode:
            raise Failed(f"{' '.join(program)}: exit {done.returncode}\n{done.stderr[-3000:]}")
        lines += done.stdout.replace(str(tree), ".").splitlines()
    ignored = [re.compile(pattern) for pattern in recipe.get("ignore", ())]
    return [
        line
        for line in lines
        if line.strip() and not NOISE.search(line) and not any(i.search(line) for i in ignored)
    ]


def differences(before: list[str], after: list[str], tolerance: float) -> Iterator[str]:
    """Yield what two outputs differ in, words exactly and numbers to the tolerance."""
    for left, right in itertools.zip_longest(before, after):
        if left is None or right is None:
            yield f"- {left}\n+ {right}"
            continue
        near = NUMBER.sub("#", left).split() == NUMBER.sub("#", right).split() and all(
            abs(float(a) - float(b)) <= tolerance + tolerance * abs(float(a))
            for a, b in zip(NUMBER.findall(left), NUMBER.findall(right), strict=True)
        )
        if not near:
            yield f"- {left}\n+ {right}"


def place(tree: Path, path: str) -> Path:
    """Return the newest of what ``path``, which may hold stars, stands for below ``tree``."""
    found = [tree / path]
    if "*" in path:  # of a checkpoint there is no file of the prefix itself
        found = sorted(tree.glob(path))
        found = found or [p.with_suffix("") for p in sorted(tree.glob(f"{path}.index"))]
    if not found:
        raise Failed(f"no {path} was written")
    return found[-1]


def compare(recipe: dict[str, Any], work: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, path, verdict) of what the programs left."""
    from migrator.checker import check

    tolerance = recipe.get("tolerance", 1e-5)
    for kind in ("checkpoints", "variables", "models"):
        for path in recipe.get(kind, ()):
            sides = [place(tree_of(work, side), path) for side in ("before", "after")]
            if kind == "variables":
                for side in sides:
                    side.with_name(f"{side.name}.meta").unlink(missing_ok=True)
            found = check(*sides, atol=tolerance, rtol=tolerance)
            yield kind[:-1], path, " ".join([str(found.verdict), *_told(found)])


def _told(found: ModelCheck) -> Iterator[str]:
    """Yield what is wrong with a comparison that is no match."""
    if found.match:
        return
    if found.error:
        yield found.error
    for fact in found.contract:
        if fact.status in ("changed", "missing", "extra"):
            yield f"{fact.name}: {fact.before} became {fact.after}"
    for delta in (*found.deltas, *found.variables):
        if delta.status not in ("equal", "close"):
            yield f"{delta.name} {delta.status} (required {delta.required})"


def main() -> int:
    """Run one recipe; print a line for each thing that was compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", help="name of a recipe in tests/public")
    parser.add_argument("checkout", type=Path, help="the repository as its authors left it")
    parser.add_argument("--before-python", required=True, help="has TensorFlow 1.15")
    parser.add_argument("--work", type=Path, help="where the copies are made; kept")
    options = parser.parse_args()
    if not options.checkout.is_dir():
        parser.error(f"{options.checkout} is not a folder")
    if not (RECIPES / f"{options.recipe}.toml").is_file():
        known = ", ".join(sorted(path.stem for path in RECIPES.glob("*.toml")))
        parser.error(f"there is no recipe {options.recipe!r}; there are {known}")
    recipe = read(options.recipe)
    work = options.work or Path(tempfile.mkdtemp(prefix="migrator-public-"))
    from migrator.checker import CannotOpen

    try:
        return _run(recipe, options.recipe, options.checkout, options.before_python, work)
    except (Failed, CannotOpen) as error:
        print(f"{options.recipe}: FAILED {error}")
        return 1
    finally:
        if options.work is None:
            shutil.rmtree(work, ignore_errors=True)


def _run(recipe: dict[str, Any], name: str, checkout: Path, python: str, work: Path) -> int:
    for side in ("before", "after"):
        prepare(recipe, checkout, tree_of(work, side))
    migrate(recipe, tree_of(work, "after"))
    states = work / "states"
    states.mkdir()
    before = run(recipe, python, tree_of(work, "before"), "record", states)
    after = run(recipe, sys.executable, tree_of(work, "after"), "replay", states)
    bad = list(differences(before, after, recipe.get("tolerance", 1e-5)))
    numbers = sum(len(NUMBER.findall(line)) for line in before)
    print(f"{name}: printed {len(before)} lines, {numbers} numbers: {len(bad)} lines differ")
    print(*bad[:10], sep="\n", end="\n" if bad else "")
    compared = numbers
    for kind, path, verdict in compare(recipe, work):
        compared += 1
        print(f"{name}: {kind} {path}: {verdict}")
        bad += [] if verdict == "match" else [path]
    if not compared:
        print(f"{name}: nothing to compare")
    return int(bool(bad) or not compared)


if __name__ == "__main__":
    sys.exit(main())
