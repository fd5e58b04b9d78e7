"""Checkpoints in the other format restore, train on as TensorFlow 1 does, and go back."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from migrator.convert import CannotConvert, checkpoints, convert_checkpoint
from migrator.results import Verdict

pytestmark = pytest.mark.tensorflow

HERE = Path(__file__).parent
DATA = HERE / "data" / "checkpoints"
NAMES = sorted(path.name for path in DATA.iterdir() if path.is_dir())
KERAS = ("keras", "tf_keras", "like-keras", "like-tf_keras")
#: What TensorFlow 1 keeps in these slots is something else in Keras.
ONLY_NAMES = ("momentum", "ftrl")
LABELS = [
    f"{n}-{k}" for n in NAMES for k in ("names", *KERAS) if k == "names" or n not in ONLY_NAMES
]
#: The slots of an optimizer with a name of its own come back under the class's.
BACK = [label for label in LABELS if label == "named-names" or not label.startswith("named")]


def run(python: str, script: str, *arguments: str) -> None:
    """Run a script beside this file."""
    done = subprocess.run(
        [python, str(HERE / script), *arguments],
        env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def made(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what the scenarios made of the stored checkpoints."""
    out = tmp_path_factory.mktemp("checkpoints")
    run(tf2_python, "checkpoint_scenarios.py", str(DATA), str(out))
    return out


@pytest.fixture(scope="module")
def results(made: Path) -> dict[str, Any]:
    """What the scenarios saw."""
    return json.loads((made / "results.json").read_text())


@pytest.fixture(scope="module")
def back(made: Path, tf1_python: str) -> dict[str, Any]:
    """What TensorFlow 1.15 says of the checkpoints that were converted back."""
    run(tf1_python, "checkpoints_tf1.py", "restore", str(made / "back"), str(made / "back.json"))
    return json.loads((made / "back.json").read_text())


def curve_of(label: str) -> np.ndarray:
    """Return the losses of TensorFlow 1.15.5 over the steps after it saved."""
    with np.load(DATA / "curves.npz") as arrays:
        return arrays[label.partition("-")[0]]


@pytest.mark.parametrize("label", LABELS)
def test_training_goes_on_as_in_tensorflow_1(label: str, results: dict[str, Any]) -> None:
    """Restored by each layout, 20 steps of training follow 1.15.5's losses."""
    assert isinstance(results[label], list), results[label]
    np.testing.assert_allclose(results[label], curve_of(label), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ONLY_NAMES)
@pytest.mark.parametrize("layout", KERAS)
def test_slots_that_keras_reads_otherwise_are_refused(
    name: str, layout: str, results: dict[str, Any]
) -> None:
    """A layout in which the numbers would mean something else is not written."""
    assert "keeps other numbers in its slots" in results[f"{name}-{layout}"]


@pytest.mark.tf1
@pytest.mark.parametrize("label", BACK)
def test_tensorflow_1_goes_on_with_what_came_back(
    label: str, back: dict[str, Any], made: Path
) -> None:
    """Saver, NewCheckpointReader and init_from_checkpoint of 1.15 find all names and values."""
    seen = back[label]
    assert seen["step"] == 37
    np.testing.assert_allclose(seen["curve"], curve_of(label), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(seen["first"], seen["initialized"])
    assert seen["names"] == back[f"{label.partition('-')[0]}-names"]["names"]


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("no order", "name them in order"),
        ("name-based already", "name-based checkpoint already"),
        ("object-based already", "object-based checkpoint already"),
        ("like a name-based one", "is no object-based checkpoint"),
        ("the template has more", "holds extra, which the checkpoint does not"),
        ("the template has less", "net/second/b has no place"),
        ("another shape", "net/second/b is float32 [5], and float32 [1] in"),
        ("no file", "is no checkpoint that can be read"),
    ],
)
def test_what_cannot_be_is_refused_by_name(case: str, text: str, results: dict[str, Any]) -> None:
    """Nothing is written, and the sentence says which variable and why."""
    assert text in results[f"refused: {case}"]
    assert not results[f"refused: {case}"].endswith("]")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A prefix in a folder that does not exist."""
    return tmp_path / "new" / "model.ckpt"


def files(folder: Path) -> list[str]:
    """Return the names of all that is in a folder, if there is one."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_the_result_is_checked_and_put_in_its_place(prefix: Path, tf2_python: str) -> None:
    """There and back again, each checked: two files each, and nothing beside them."""
    old = DATA / "parts" / "model-37"
    there = convert_checkpoint(old, prefix, to="object-based", optimizer="keras")
    assert there.match, there.check.error
    assert any("37 iterations" in sentence for sentence in there.said)
    found = ["model.ckpt.data-00000-of-00001", "model.ckpt.index"]
    assert files(prefix.parent) == found
    again = prefix.with_name("again")
    settings = {"beta_1": 0.8, "beta_2": 0.99}
    assert convert_checkpoint(prefix, again, to="name-based", settings=settings).match
    assert files(prefix.parent) == ["again.data-00000-of-00001", "again.index", *found]


def test_a_mismatch_leaves_nothing(
    prefix: Path, tf2_python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the check does not say MATCH of is not put in its place, nor is its folder kept."""

    def other(before: str, after: str, shown: Any, **arguments: Any) -> Any:
        return compare(str(DATA / "adagrad" / "model-37"), after, shown, **arguments)

    compare = checkpoints._checked
    monkeypatch.setattr(checkpoints, "_checked", other)
    made = convert_checkpoint(DATA / "adam" / "model-37", prefix, to="object-based")
    assert made.check.verdict is Verdict.MISMATCH
    assert not prefix.parent.exists()


def test_what_cannot_be_carried_leaves_nothing(prefix: Path, tf2_python: str) -> None:
    """A refusal names the variable; no file and no folder is left."""
    with pytest.raises(CannotConvert, match="Momentum of TensorFlow 1") as caught:
        convert_checkpoint(
            DATA / "momentum" / "model-37", prefix, to="object-based", optimizer="keras"
        )
    assert caught.value.node.endswith("/Momentum")
    assert not prefix.parent.exists()


@pytest.mark.parametrize("taken", ["model.ckpt.index", "model.ckpt.data-00000-of-00002"])
def test_an_occupied_prefix_is_refused(prefix: Path, taken: str) -> None:
    """Files of a checkpoint of that name stay as they are."""
    prefix.parent.mkdir()
    (prefix.parent / taken).write_text("mine")
    with pytest.raises(ValueError, match="exists: name a prefix"):
        convert_checkpoint(DATA / "adam" / "model-37", prefix, to="object-based")
    assert files(prefix.parent) == [taken]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"to": "keras"}, "object-based or name-based"),
        ({"to": "object-based", "optimizer": "adam"}, "keras or tf_keras"),
        ({"to": "name-based", "optimizer": "keras"}, "one layout"),
        ({"to": "object-based", "optimizer": "keras", "like": "x"}, "not both"),
        ({"to": "object-based", "settings": {"rate": 1}}, "no setting rate"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    prefix: Path, arguments: dict[str, Any], text: str
) -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match=text):
        convert_checkpoint(DATA / "adam" / "model-37", prefix, **arguments)


def test_a_model_is_no_checkpoint(prefix: Path, tmp_path: Path) -> None:
    """A frozen graph is told from a checkpoint before anything is started."""
    graph = tmp_path / "frozen.pb"
    graph.write_bytes(b"\n\x00")
    with pytest.raises(ValueError, match="no checkpoint"):
        convert_checkpoint(graph, prefix, to="object-based")
