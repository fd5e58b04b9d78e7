"""``PreparedSaver``, ``Scaffold`` and ``Supervisor``: object-based files of finalized graphs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from migrator.vendor import bridge_text

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]
SCRIPT = Path(__file__).parent / "prepared_scenarios.py"
START = np.arange(6.0).reshape(3, 2)


@pytest.fixture(scope="module")
def found(
    tf1_python: str, tf2_python: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the scenarios saw: on 2.21 after 1.15, and on 1.15 after that."""
    home = tmp_path_factory.mktemp("prepared")
    (home / "tf2_bridge.py").write_text(bridge_text(["prepared_saver"]), encoding="utf-8")
    told: dict[str, Any] = {}
    for python, mode in ((tf1_python, "write"), (tf2_python, "go_on"), (tf1_python, "back")):
        done = subprocess.run(
            [python, str(SCRIPT), mode, str(home)],
            env={**os.environ, "VENDORED": str(home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        told[mode] = json.loads((home / f"{mode}.json").read_text(encoding="utf-8"))
    return {**told["go_on"], "back": told["back"]}


def after(*steps: float) -> list[Any]:
    """Return w after each number of steps."""
    return [(START + step).tolist() for step in steps]


@pytest.mark.parametrize("name", ["resumed", "resumed, resource"])
def test_a_session_goes_on_from_both_kinds(found: dict[str, Any], name: str) -> None:
    """From what 1.15.5 wrote, and then from its own; nothing is added to the graph."""
    assert found[name] == [
        after(3, 6),
        ["model.ckpt-6", "object"],
        after(6, 9),
        ["model.ckpt-9", "object"],
    ]


def test_a_session_starts_anew(found: dict[str, Any]) -> None:
    """Without a checkpoint."""
    assert found["anew"] == [after(0, 3), ["model.ckpt-3", "object"], after(3, 4)]


def test_a_supervisor_goes_on_from_both_kinds(found: dict[str, Any]) -> None:
    """Its Saver saves and restores in a graph that is not the default one."""
    assert found["supervised"] == [after(1, 3, 2), ["model.ckpt-2", "object"]]
    assert found["supervised again"] == after(2, 4, 3)


def test_other_names(found: dict[str, Any]) -> None:
    """A Scaffold's own Saver keeps its names and its limit, and goes on."""
    latest, names, count = found["partial"]
    assert latest == ["model.ckpt-2", "object"]
    assert "variables/old.Snet.Sw/.ATTRIBUTES/VARIABLE_VALUE" in names
    assert count == 1


def test_restored_in_a_finalized_graph(found: dict[str, Any]) -> None:
    """By ``init_fn``, and averages in place of variables: of both kinds of checkpoint."""
    assert found["init_fn"] == after(3, 4)
    assert found["averages"] == after(2.125, 2.125)
    assert found["finalized"] == [*after(2), ["model-1.index"], "object"]


def test_the_collection_of_savers(found: dict[str, Any]) -> None:
    """Hooks find the session's Saver in it, and sessions one of the program's."""
    assert found["collection"] == ["object", True]


def test_the_files_are_those_of_the_saver(found: dict[str, Any]) -> None:
    """Byte for byte, and ``tf.train.Checkpoint`` reads them."""
    assert found["same files"] == [True, *after(0)]


def test_nothing_to_save(found: dict[str, Any]) -> None:
    """As in TensorFlow 1: an empty Saver for a session, none for a Supervisor."""
    assert [found["no variables"], found["no Saver"]] == [1, True]


def test_parts_are_written_as_tensorflow_1_does(found: dict[str, Any]) -> None:
    """With one warning."""
    assert found["parts"] == ["name", 1]


def test_the_meta_graph_brings_a_saver(found: dict[str, Any]) -> None:
    """Of the whole graph, and of other names."""
    assert found["meta"] == after(4, 2)


def test_tensorflow_1_reads_back(found: dict[str, Any]) -> None:
    """1.15.5's Saver restores what managed sessions wrote on 2.21."""
    steps = {"more": 9, "resource": 9, "anew": 4, "supervised": 3, "own": 2}
    assert found["back"] == {name: after(step)[0] for name, step in steps.items()}
