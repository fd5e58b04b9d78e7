"""Checkpoints in the other format restore, train on as TensorFlow 1 does, and go back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from migrator.convert import CannotConvert, checkpoints, convert_checkpoint
from migrator.results import Verdict

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("warm")]

HERE = Path(__file__).parent
DATA = HERE / "data" / "checkpoints"
NAMES = sorted(path.name for path in DATA.iterdir() if path.is_dir())
KERAS = ("keras", "tf_keras", "like-keras", "like-tf_keras")
LABELS = [f"{n}-{k}" for n in NAMES for k in ("names", *KERAS)]
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


def test_a_momentum_takes_the_rate_that_follows(results: dict[str, Any]) -> None:
    """Given another learning rate than before, Keras trains on as TensorFlow 1's Momentum does."""
    assert isinstance(results["momentum-alone"], list), results["momentum-alone"]
    np.testing.assert_allclose(results["momentum-alone"], 0, atol=1e-6)


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
        ("no rate", "Give the setting learning_rate, as --set learning_rate=0.01"),
        ("a rate of 0", "0 would lose them"),
        ("like a schedule", "that of the new layout follows a schedule"),
        ("RMSProp's like SGD", "the new layout holds sgd"),
        ("Adadelta's like Adagrad", "the new layout holds adagrad"),
        ("Momentum's like Adagrad", "the new layout holds adagrad"),
        ("back with another rate", "holds the learning rate 0.05, which is in its slots"),
        ("back from a schedule", "holds no constant one"),
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


STATE = 'model_checkpoint_path: "{0}"\nall_model_checkpoint_paths: "{0}"\n'


def copied(folder: Path, latest: str | None) -> Path:
    """Copy a checkpoint of Momentum's, beside a state file that names ``latest``."""
    folder.mkdir()
    for file in (DATA / "momentum").iterdir():
        shutil.copy(file, folder)
    if latest is not None:
        (folder / "checkpoint").write_text(STATE.format(latest))
    return folder / "model-37"


def test_the_latest_checkpoint_stays_the_latest(
    prefix: Path, tf2_python: str, tmp_path: Path
) -> None:
    """There and back: latest_checkpoint finds the result in its folder; a state file stays."""
    old = copied(tmp_path / "old", "model-37")
    there = convert_checkpoint(old, prefix, to="object-based", optimizer="keras")
    assert there.match, there.check.error
    assert (prefix.parent / "checkpoint").read_text() == STATE.format("model.ckpt")
    notes = {delta.name: delta.note for delta in there.check.variables}
    assert notes["net/first/w/Momentum"].startswith("SGD after keeps -0.05 times it")
    back = convert_checkpoint(prefix, prefix.with_name("back"), to="name-based")
    assert back.match, back.check.error
    assert any("left as it is" in sentence for sentence in back.said)
    assert (prefix.parent / "checkpoint").read_text() == STATE.format("model.ckpt")
    assert len(files(prefix.parent)) == 5


@pytest.mark.parametrize("name", ["rmsprop", "adadelta"])
def test_the_way_back_is_checked_for_every_optimizer(
    prefix: Path, made: Path, tf2_python: str, name: str
) -> None:
    """The iterations of Keras, which these do not count in TensorFlow 1, are the global step."""
    back = convert_checkpoint(made / f"{name}-keras", prefix, to="name-based")
    assert back.match, [delta for delta in back.check.variables if delta.note]


def test_a_checkpoint_that_is_not_the_latest_does_not_become_it(
    prefix: Path, tf2_python: str, tmp_path: Path
) -> None:
    """Several are converted in any order; the state file is that of the latest."""
    old = copied(tmp_path / "old", "model-38")
    assert convert_checkpoint(old, prefix, to="object-based").match
    assert files(prefix.parent) == ["model.ckpt.data-00000-of-00001", "model.ckpt.index"]


def test_a_mismatch_leaves_nothing(
    prefix: Path, tf2_python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the check does not say MATCH of is not put in its place, nor is its folder kept."""

    def other(before: str, after: str, shown: Any, **arguments: Any) -> Any:
        return compare(str(DATA / "adagrad" / "model-37"), after, shown, **arguments)

    compare = checkpoints.checked
    monkeypatch.setattr(checkpoints, "checked", other)
    made = convert_checkpoint(DATA / "adam" / "model-37", prefix, to="object-based")
    assert made.check.verdict is Verdict.MISMATCH
    assert not prefix.parent.exists()


def test_what_cannot_be_carried_leaves_nothing(prefix: Path, tf2_python: str) -> None:
    """A refusal names the variable; no file and no folder is left."""
    settings = {"learning_rate": 0.0}
    with pytest.raises(CannotConvert, match="Momentum of TensorFlow 1") as caught:
        convert_checkpoint(
            DATA / "momentum" / "model-37",
            prefix,
            to="object-based",
            optimizer="keras",
            settings=settings,
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
