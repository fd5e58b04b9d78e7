"""The modules of the bridge can stand in one file, in any combination of parts.

A file of several modules takes the last of two equal names, which is another program than the
modules are; what is proved here of the modules holds for every file that is made of them.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator import vendor

HOME = Path(vendor.__file__).parent / "bridge"
TREES = {
    path.stem: ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(HOME.glob("*.py"))
    if path.stem != "__init__"
}
PACKAGE = "migrator.bridge."


def modules_of(part: str) -> list[str]:
    """Return the modules of a part, each once, in their order in a file."""
    return list(dict.fromkeys(vendor._MODULES.get(part, (part,))))


def bindings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each name that a module has, and where from: an import, or its own code.

    Own are the names that a statement binds outside of functions and classes, in loops and
    branches too, and those that a function declares global.
    """
    own = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                shown = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
                yield alias.asname or alias.name.partition(".")[0], f"import {shown}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"from {node.module} import {alias.name}"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            own.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)):
            if isinstance(node, ast.ExceptHandler) and node.name:
                own.add(node.name)
            todo.extend(ast.iter_child_nodes(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            own.update(node.names)
    yield from ((name, "own") for name in own)


OWN = {
    module: {name for name, origin in bindings(tree) if origin == "own"}
    for module, tree in TREES.items()
}


def test_every_module_is_of_a_part() -> None:
    """No module is forgotten, and no part names one that there is not."""
    assert {one for part in vendor.PARTS for one in modules_of(part)} == set(TREES)
    assert set(vendor._MODULES) <= set(vendor.PARTS)


def test_names_are_unique_over_all_modules() -> None:
    """A name is defined in one module at most; private helpers, constants and loops count."""
    places = defaultdict(list)
    for module, names in OWN.items():
        for name in names - {"__all__"}:
            places[name].append(module)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_imported_names_mean_the_same_in_all_modules() -> None:
    """What one module imports is not another thing, nor a definition, in a second one."""
    origins = defaultdict(set)
    for module, tree in TREES.items():
        for name, origin in bindings(tree):
            if origin.startswith(f"from {PACKAGE}"):
                origin = origin.removeprefix(f"from {PACKAGE}").partition(" ")[0]
            elif origin.startswith("import "):
                # `import a.b` and `import a` bind the same name to the same module
                origin = origin if " as " in origin else origin.partition(".")[0]
            origins[name].add(module if origin == "own" else origin)
    del origins["__all__"]
    assert {name: found for name, found in origins.items() if len(found) > 1} == {}


def test_no_name_hides_a_builtin() -> None:
    """A module that calls the builtin would call the other module's function."""
    taken = {name for names in OWN.values() for name in names if hasattr(builtins, name)}
    assert taken - {"__all__"} == set()


@pytest.mark.parametrize("part", vendor.PARTS)
def test_a_part_holds_what_its_modules_need_in_order(part: str) -> None:
    """What a module takes from another is of the part and stands before it, so also in pairs."""
    before: list[str] = []
    for module in modules_of(part):
        for node in ast.walk(TREES[module]):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(PACKAGE):
                continue
            other = (node.module or "").removeprefix(PACKAGE)
            assert other in before, f"{module} takes from {other}"
            assert {alias.name for alias in node.names} <= OWN[other], f"{module} of {other}"
        before.append(module)


@pytest.mark.parametrize("module", TREES)
def test_a_module_can_be_taken_apart(module: str) -> None:
    """Docstring, imports, ``__all__``, the rest; and nothing that is lost on the way."""
    docstring, future, *rest = TREES[module].body
    assert isinstance(docstring, ast.Expr)
    summary, _, more = (ast.get_docstring(TREES[module]) or "").partition("\n")
    assert summary.endswith(".") and not more.partition("\n")[0].strip()
    assert ast.unparse(future) == "from __future__ import annotations"
    (at,) = [
        number
        for number, node in enumerate(rest)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and ast.unparse(node).startswith("__all__")
    ]
    assert all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in rest[:at])
    assert not any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in rest[at:])
    listed = rest[at]
    assert isinstance(listed, (ast.Assign, ast.AnnAssign)) and listed.value is not None
    assert set(ast.literal_eval(listed.value)) <= OWN[module]
    for node in rest[:at]:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            # aliases of members are not carried over
            assert not any(alias.asname or alias.name == "*" for alias in node.names)


@pytest.mark.parametrize("module", TREES)
def test_a_module_loads_only_what_every_program_has(module: str) -> None:
    """At its top it imports the standard library, NumPy and TensorFlow; never private modules."""
    for node in ast.walk(TREES[module]):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
        for name in names:
            assert not name.startswith("tensorflow.python"), name
            if node in TREES[module].body:
                allowed = {*sys.stdlib_module_names, "numpy", "tensorflow", "migrator"}
                assert name.partition(".")[0] in allowed, name
                assert not name.startswith("migrator") or name.startswith(PACKAGE)
