"""Layers point one way, TensorFlow stays out of the static part, the top level stays small."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "migrator"
MAKING = PACKAGE / "convert" / "making"

#: Layer → what it may import of the project and of others' packages, besides the standard
#: library.  A layer may only name layers above it here, so nothing can point back.
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "__init__": (set(), set()),
    # stand-alone: run under other interpreters, or copied into other repositories
    "worker": (
        set(),
        {"numpy", "tensorflow", "google", "h5py", "migrator_worker"},
    ),  # google.protobuf and h5py come with TensorFlow
    "bridge": (
        set(),
        {"numpy", "tensorflow", "tf_keras", "google", "tensorflow_hub"},
    ),  # google.protobuf comes with TensorFlow; programs of TF1 Hub have tensorflow_hub
    # standard library only
    "results": (set(), set()),
    "symbols": (set(), set()),
    "slim_symbols": (set(), set()),
    "moved_symbols": ({"symbols"}, set()),
    "keras_symbols": (set(), set()),
    "apis": (set(), set()),
    "vendor": (set(), set()),
    "pool": (set(), set()),
    "interrupts": (set(), set()),
    "sources": (set(), set()),
    "syntax_errors": (set(), set()),
    "writing": ({"sources"}, set()),
    "notebooks": ({"sources", "syntax_errors"}, set()),
    "files": ({"sources", "writing", "notebooks"}, set()),
    "config": ({"results"}, set()),
    # the codemod
    "names": ({"apis", "symbols", "keras_symbols"}, {"libcst"}),
    "flow": ({"names"}, {"libcst"}),
    "exported": ({"names", "flow"}, set()),
    "path_relations": (set(), set()),
    "paths": ({"names", "flow", "path_relations"}, set()),
    "instances": (set(), set()),
    "interface": ({"names", "instances"}, set()),
    "calls": ({"names", "symbols"}, set()),
    "weights": ({"names"}, set()),
    "managed": ({"names"}, set()),
    "programs": (
        {"syntax_errors", "symbols", "keras_symbols", "apis", "names", "results", "calls"}
        | {"managed", "moved_symbols", "weights"},
        set(),
    ),
    "traffic": (
        {"apis", "calls", "exported", "names", "path_relations", "paths", "programs"},
        set(),
    ),
    "tree": ({"names", "flow"}, {"libcst"}),
    "rule": (
        {"results", "apis", "names", "flow", "interface", "tree", "calls", "weights", "exported"}
        | {"managed"},
        {"libcst"},
    ),
    "imports": ({"results", "symbols", "keras_symbols", "names", "tree", "rule"}, {"libcst"}),
    "modernise": ({"results", "names", "rule"}, {"fissix"}),
    "lift": (
        {"results", "symbols", "slim_symbols", "apis", "names", "flow", "interface", "tree"}
        | {"rule", "instances", "calls", "keras_symbols", "moved_symbols"},
        {"libcst"},
    ),
    "engine": (
        {
            "syntax_errors",
            "results",
            "symbols",
            "apis",
            "names",
            "programs",
            "flow",
            "tree",
            "rule",
            "imports",
        }
        | {"interface", "instances", "lift", "modernise", "keras_symbols"},
        {"libcst"},
    ),
    "rulebook": ({"results", "rule", "engine"}, set()),
    "rules": (
        {"rule", "modernise", "names", "slim_symbols", "moved_symbols", "symbols", "imports"},
        {"libcst"},
    ),
    # the models
    "checker": ({"results", "worker", "interrupts"}, {"numpy"}),
    "convert": (
        {"results", "worker", "bridge", "checker", "interrupts"},
        {"numpy", "tensorflow", "google", "keras", "tf_keras"},  # in a process of their own
    ),
    # a run over a repository
    "artefacts": ({"checker", "exported", "traffic"}, set()),
    "graph_names": ({"apis", "names", "programs", "lift"}, set()),
    "native": (
        {"results", "symbols", "names", "interface", "programs", "lift", "engine", "graph_names"}
        | {"traffic"},
        set(),
    ),
    "classes": ({"flow", "names", "programs"}, set()),
    "carried": ({"apis", "classes", "flow", "names", "programs"}, set()),
    "handed": ({"classes", "flow", "names", "programs"}, set()),
    "neighbours": ({"carried", "handed", "programs", "rule", "traffic"}, set()),
    "notebook_findings": ({"results", "sources", "notebooks", "engine"}, set()),
    "pins": ({"results", "names"}, {"packaging"}),
    "scripts": ({"results", "pins"}, set()),
    "around": (
        {"results", "pool", "programs", "engine", "rulebook", "modernise", "pins", "scripts"},
        set(),
    ),
    "migration": (
        {"notebooks", "notebook_findings", "around", "modernise", "pins"}
        | {"results", "symbols", "apis", "vendor", "pool", "sources", "writing", "files", "config"}
        | {"names", "programs", "rule", "engine", "rulebook", "native", "traffic"}
        | {"carried", "handed", "neighbours"},
        set(),
    ),
    # what people see
    "report": ({"results"}, {"rich", "jinja2", "markdown_it", "markupsafe", "pygments"}),
    # both halves over a repository
    "tf1_env": ({"interrupts"}, set()),
    "verify": (
        {"results", "names", "programs", "sources", "files", "pool", "migration", "checker"}
        | {"interrupts"},
        {"tomli", "tomllib"},  # the second is in the standard library from 3.11 on
    ),
    # both halves over the fixtures
    "demo": ({"results", "migration", "report", "verify"}, set()),
}

#: Not in the table: it joins all of it.
TOP = {"cli", "__main__"}

#: Modules that the table names and that need not be there: parts that may also be one module.
OPTIONAL = {
    "config",
    "demo",
    "lift",
    "imports",
    "flow",
    "tree",
    "apis",
    "calls",
}

HEAVY = {"asyncio", "jinja2", "libcst", "markdown_it", "multiprocessing", "numpy", "pygments"}
HEAVY |= {"rich", "tensorflow"}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the layer and path of every module of the project."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(PACKAGE / "rules") or path.is_relative_to(PACKAGE / "fixtures"):
            continue  # in a wheel only
        yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path
    for path in sorted((ROOT / "rules").glob("*.py")):
        yield "rules", path


MODULES = list(modules())
PATHS = [pytest.param(layer, path, id=str(path.relative_to(ROOT))) for layer, path in MODULES]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of all that a module imports, at its top or in a function."""
    package = (
        ("migrator", "rules")
        if path.parent == ROOT / "rules"
        else ("migrator", *path.relative_to(PACKAGE).parts[:-1])
    )
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) + 1 - node.level]] if node.level else []
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                yield node.lineno, ".".join([*base, alias.name])
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute | ast.Name)
            and getattr(node.func, "attr", getattr(node.func, "id", None))
            in ("import_module", "__import__")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def layer_of(dotted: str) -> str | None:
    """Return the layer of an imported name of the project, None for one of others."""
    first, _, rest = dotted.partition(".")
    if first != "migrator":
        return None
    name = rest.partition(".")[0]
    return name if name in {*LAYERS, *TOP, *(layer for layer, _ in MODULES)} else "__init__"


def test_the_table_itself_points_one_way():
    """No layer names one below it, so no cycle can hide in the table."""
    above: set[str] = set()
    for layer, (project, _) in LAYERS.items():
        assert project <= above, layer
        above.add(layer)


def test_every_module_is_in_the_table_and_every_layer_is_there():
    """A new module gets a line in the table; a lost one is noticed."""
    present = {layer for layer, _ in MODULES}
    assert present - set(LAYERS) - TOP == set()
    assert (set(LAYERS) | {"cli"}) - OPTIONAL - present == set()


@pytest.mark.parametrize(("layer", "path"), PATHS)
def test_a_module_imports_only_from_the_layers_above_it(layer, path):
    """Of the project and of others' packages alike, wherever in the module the import stands."""
    if layer in TOP:
        return
    project, others = LAYERS.get(layer, (set(), set()))  # a test of its own misses it
    wrong = []
    for line, dotted in imported(path):
        target = layer_of(dotted)
        if target is not None:
            fine = target in project | {layer} or target == "__init__"
        else:
            first = dotted.partition(".")[0]
            fine = first in others or first in sys.stdlib_module_names
        if not fine:
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {layer} imports {dotted}")
    assert wrong == []


@pytest.mark.parametrize(("layer", "path"), PATHS)
def test_tensorflow_is_imported_where_it_runs_in_a_process_of_its_own(layer, path):
    """Not even inside a function elsewhere: whoever needs a model asks another process.

    These are the worker, the bridge, and the part of a conversion that makes the model; the rest
    of a conversion does not import that part, nor the bridge.
    """
    if layer in ("worker", "bridge") or path.is_relative_to(MAKING):
        return
    found = [dotted for _, dotted in imported(path)]
    names = {dotted.partition(".")[0] for dotted in found}
    assert names & {"tensorflow", "tf_keras", "tf_slim", "keras", "tensorflow_hub"} == set()
    if layer == "convert":
        heavy = ("migrator.convert.making", "migrator.bridge", "numpy", "google")
        assert [dotted for dotted in found if dotted.startswith(heavy)] == []


@pytest.mark.parametrize(("layer", "path"), PATHS)
def test_only_the_command_line_prints(layer, path):
    """All other modules return what there is to say."""
    if layer in TOP:
        return
    tree = ast.parse(path.read_bytes())
    prints = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in ("print", "input", "breakpoint")
    ]
    assert prints == []


def test_the_worker_is_readable_by_python_3_6():
    """It runs under whatever Python a TensorFlow 1 environment has."""
    paths = sorted((PACKAGE / "worker").glob("*.py"))
    assert paths
    for path in paths:
        ast.parse(path.read_bytes(), feature_version=(3, 6))
        assert "__future__.annotations" not in {dotted for _, dotted in imported(path)}  # 3.7


def run(code: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that finds the project."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )


def test_importing_the_command_line_is_light():
    """The hook decides whether there is anything to do before it loads anything for it."""
    result = run(
        "import sys; before = set(sys.modules); import migrator.cli;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    assert result.returncode == 0, result.stderr
    assert set(result.stdout.split()) & HEAVY == set()


# Who asks for TensorFlow is noted on disk: no except clause hides it, and no other process.
WALLED = """
import sys, traceback
note, sys.argv[:] = sys.argv[1], ["migrator", *sys.argv[2:]]
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tf_keras", "tf_slim", "keras"):
            with open(note, "a") as file:
                file.write(name + "\\n" + "".join(traceback.format_stack()))
            raise ImportError(f"{name} is walled off")
sys.meta_path.insert(0, Wall())
from migrator.cli import main
sys.exit(main())
"""

LEGACY = """\
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 2], name="x")
w = tf.Variable(tf.zeros([2, 1]), name="w")
y = tf.matmul(x, w, name="y")
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    saver.save(sess, "model/ckpt")
    tf.saved_model.simple_save(sess, "export", {"x": x}, {"y": y})
"""


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (["--help"], {0}),
        (["--version"], {0}),
        (["rules"], {0}),
        (["scan", "."], {1}),
        (["migrate", "."], {1}),
        (["convert", "--help"], {0}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_static_commands_never_ask_for_tensorflow(tmp_path, command, codes):
    """With an import hook that refuses it, over files enough for a process pool."""
    note = tmp_path / "asked"
    project = tmp_path / "project"
    project.mkdir()
    for number in range(8):
        (project / f"train_{number}.py").write_text(LEGACY)
    result = run(WALLED, str(note), *command, cwd=project)
    assert not note.exists(), note.read_text()
    assert result.returncode in codes, result.stdout + result.stderr
    assert result.stdout
    assert "Traceback" not in result.stderr


def listed() -> list[str]:
    """Return the files that git has or would add."""
    result = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    if result.returncode:
        pytest.skip("not a git checkout")
    return [os.fsdecode(name) for name in result.stdout.split(b"\0") if name]


def test_the_top_level_holds_nothing_else():
    """Four folders, two files, the licence, and dotfiles; continuous integration is in .ci."""
    top = {name.partition("/")[0] for name in listed()}
    visible = {name for name in top if not name.startswith(".")}
    assert visible == {
        *("pyproject.toml", "README.md", "LICENSE"),
        *("migrator", "rules", "tests", "fixtures"),
    }
    assert ".github" not in top


def test_no_rubbish_is_in_the_repository():
    """Neither caches nor what a broken run left behind."""
    rubbish = (".pyc", ".orig", ".rej", ".tmp", ".swp", ".DS_Store", "~")
    assert [name for name in listed() if name.endswith(rubbish) or "__pycache__" in name] == []
