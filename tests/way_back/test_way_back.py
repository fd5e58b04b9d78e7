"""What TensorFlow 1.15.5 reads of what migrated programs write: every line of the README's table.

``written`` holds what the migrated programs of ``fixtures/families/way_back`` wrote on 2.21, and
``read_back.json`` what 1.15.5 said of that, for machines that have no such Python.
``MIGRATOR_UPDATE_GOLDEN=1`` writes both.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_families import BY_NAME, Trees, copy, migrate, run_all

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = ROOT / "fixtures" / "families" / "way_back"
WRITTEN = HERE / "written"
ANSWERS = HERE / "read_back.json"
PROGRAMS = ("managed", "native", "session")
UPDATE = bool(os.environ.get("MIGRATOR_UPDATE_GOLDEN"))

SAVER = "tf2_bridge.Saver()"
NAMED = "tf2_bridge.Saver({name: variable})"
NATIVE = "tf.train.CheckpointManager (native)"
MANAGED = "MonitoredTrainingSession"
SESSION_MODULE = "tf2_bridge.SessionModule"
TABLES = "tf2_bridge.SessionModule with a table"
NATIVE_EXPORT = "tf.saved_model.save (native)"

READS = "reads"
#: reader -> artefact -> what 1.15.5 does
CHECKPOINTS: dict[str, dict[str, str]] = {
    "latest_checkpoint": {SAVER: READS, NATIVE: READS, MANAGED: READS},
    "Saver() over the same graph, slots and averages": {
        SAVER: READS,
        NATIVE: READS,
        MANAGED: READS,
    },
    "Saver(var_list) over a part": {SAVER: READS, NATIVE: READS},
    "Saver({name: variable}), under the old names": {SAVER: READS, NAMED: "NotFoundError"},
    "Saver({name: variable}), under the variable's own": {NAMED: READS},
    "import_meta_graph and its Saver": {SAVER: READS, MANAGED: READS},
    "MonitoredTrainingSession goes on": {SAVER: "RuntimeError", MANAGED: "RuntimeError"},
    "NewCheckpointReader, by the old name": {
        SAVER: "NotFoundError",
        NATIVE: "NotFoundError",
        MANAGED: "NotFoundError",
    },
    "NewCheckpointReader, by the new key": {SAVER: READS, NATIVE: READS},
    "init_from_checkpoint, by the old name": {SAVER: "ValueError", NAMED: "ValueError"},
    "init_from_checkpoint, by the new key": {SAVER: READS},
}
EXPORTS: dict[str, dict[str, str]] = {
    "loader.load, names from its signature_def": {
        SESSION_MODULE: READS,
        TABLES: READS,
        NATIVE_EXPORT: "ValueError",
    },
    "loader.load, the names of the old graph": {
        SESSION_MODULE: READS,
        TABLES: READS,
        NATIVE_EXPORT: "ValueError",
    },
    "contrib.predictor.from_saved_model": {
        SESSION_MODULE: READS,
        TABLES: READS,
        NATIVE_EXPORT: "ValueError",
    },
    "compat.v2.saved_model.load": {
        SESSION_MODULE: READS,
        TABLES: READS,
        NATIVE_EXPORT: "NotFoundError",
    },
}
LINES = [
    (artefact, reader, told)
    for table in (CHECKPOINTS, EXPORTS)
    for reader, row in table.items()
    for artefact, told in row.items()
]
IDS = [f"{artefact}-{reader}" for artefact, reader, _ in LINES]

Answers = dict[str, dict[str, str]]


def read_back(python: str, folder: Path, result: Path) -> Answers:
    """Return what the readers under ``python`` say of what the programs wrote below ``folder``."""
    done = subprocess.run(
        [python, str(HERE / "read_back.py"), str(folder), str(CASES), str(result)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: Answers = json.loads(result.read_text(encoding="utf-8"))
    return answers


@pytest.fixture(scope="module")
def written(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the migrated programs write on TensorFlow 2: ``<program>/out``."""
    trees = Trees(tmp_path_factory.mktemp("way_back"))
    names = [f"way_back-{program}" for program in PROGRAMS]
    for name in names:
        trees.reports[name] = migrate(copy(BY_NAME[name], trees.home), BY_NAME[name].options)
    run_all(tf2_python, trees, names)
    for name in names:
        assert trees.status[name] == 0, trees.complaint(name)
    home = trees.home / "programs"
    for program in PROGRAMS:
        shutil.copytree(trees.out(f"way_back-{program}"), home / program / "out")
    if UPDATE:
        shutil.rmtree(WRITTEN, ignore_errors=True)
        skipped = shutil.ignore_patterns("events.*", "graph.pbtxt", "model.ckpt-[02].*")
        shutil.copytree(home, WRITTEN, ignore=skipped)
        for state in WRITTEN.rglob("checkpoint"):  # which holds the names of this machine's folders
            text = state.read_text(encoding="utf-8")
            state.write_text(re.sub('"[^"]*/', '"', text), encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def stored() -> Answers:
    """What 1.15.5 said of the stored files."""
    answers: Answers = json.loads(ANSWERS.read_text(encoding="utf-8"))
    return answers


@pytest.mark.tf1
@pytest.mark.tensorflow
def test_tensorflow_1_reads_what_is_written_now(
    written: Path, tf1_python: str, tmp_path: Path
) -> None:
    """Every line of the table holds of files written by 2.21 a moment ago."""
    found = read_back(tf1_python, written, tmp_path / "found.json")
    assert flat(found) == flat_lines()


@pytest.mark.tf1
def test_tensorflow_1_reads_what_is_stored(tf1_python: str, tmp_path: Path) -> None:
    """The stored answers are those of 1.15.5."""
    found = read_back(tf1_python, WRITTEN, tmp_path / "found.json")
    if UPDATE:
        ANSWERS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(ANSWERS.read_text(encoding="utf-8"))


@pytest.mark.tensorflow
def test_the_stored_files_are_like_those_written_now(written: Path, tf2_python: str) -> None:
    """Keys, ops and attributes are those that 1.15.5 was asked about."""
    now, before = shape_of(tf2_python, written), shape_of(tf2_python, WRITTEN)
    assert before
    assert {name: now[name] for name in before} == before


@pytest.mark.parametrize(("artefact", "reader", "told"), LINES, ids=IDS)
def test_every_line_was_measured(stored: Answers, artefact: str, reader: str, told: str) -> None:
    """No line of the table is a guess."""
    assert stored[artefact][reader] == told


def test_no_measurement_is_left_out(stored: Answers) -> None:
    """The table says all that was measured."""
    assert flat(stored) == flat_lines()


@pytest.mark.parametrize("table", [CHECKPOINTS, EXPORTS], ids=["checkpoints", "exports"])
def test_the_readme_has_the_table(table: dict[str, dict[str, str]]) -> None:
    """Users read what was measured."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    columns = list(dict.fromkeys(artefact for row in table.values() for artefact in row))
    assert f"| 1.15.5's reader | {' | '.join(f'`{one}`' for one in columns)} |" in text
    for reader, row in table.items():
        cells = [sign(row.get(artefact)) for artefact in columns]
        assert f"| {reader} | {' | '.join(cells)} |" in text


def sign(told: str | None) -> str:
    """Return how the README spells an answer."""
    return "" if told is None else "yes" if told == READS else "no"


def flat(answers: Answers) -> set[tuple[str, str, str]]:
    """Return the answers as lines."""
    return {(a, reader, told) for a, row in answers.items() for reader, told in row.items()}


def flat_lines() -> set[tuple[str, str, str]]:
    """Return the lines of the table."""
    return set(LINES)


def shape_of(python: str, folder: Path) -> dict[str, Any]:
    """Return what readers depend on in the files below ``folder``."""
    done = subprocess.run(
        [python, str(HERE / "shape_of.py"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
