"""A lift gives variables the names that TensorFlow 1.15.5 gives them, or refuses.

What 1.15.5 calls the variables of the scripts of ``naming_scripts`` is stored in
``fixtures/names.json``.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from migrator.lift import Refusal
from migrator.lift.scope import Scope
from migrator.names import Module


def _load() -> ModuleType:
    path = Path(__file__).parent / "naming_scripts.py"
    spec = importlib.util.spec_from_file_location("naming_scripts", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


naming = _load()
STORED: list[list[str] | None] = json.loads(naming.STORED.read_text())


def told(text: str) -> list[str] | None:
    """Return the names of the variables of a script; None where a lift refuses it."""
    module = Module(text)
    scope = Scope(module, module.tree)
    try:
        scope.analyse()
        scope.finish()
    except Refusal as refusal:
        if refusal.precondition == "variable name":
            return None
        raise
    return [variable.tf_name for variable in scope.variables]


def test_names_are_told_or_refused() -> None:
    """In no script is a variable taken for another; most are told, all that fail are refused."""
    counted = {"told": 0, "refused": 0}
    for seed, expected in enumerate(STORED):
        names = told(naming.script(seed))
        assert names in (None, expected), naming.script(seed)
        counted["told" if names else "refused"] += 1
    assert counted["told"] > 0.5 * naming.COUNT


def test_the_stored_names_show_the_cases() -> None:
    """Among the names are numbered ones, nested scopes, and numbered scopes."""
    assert len(STORED) == naming.COUNT
    names = {name for made in STORED for name in made or ()}
    assert {"Variable_1", "w_1", "w_1_1"} <= names
    assert any(name.count("/") > 2 for name in names)
    assert any(part.endswith("_2") for name in names for part in name.split("/")[:-1])


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_the_stored_names_are_those_of_tensorflow_1(tf1_python: str) -> None:
    """TensorFlow 1.15.5 gives the stored names."""
    assert naming.named(tf1_python) == STORED
