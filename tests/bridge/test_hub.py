"""``HubModule``: modules of TF1 Hub in graphs of TensorFlow 2, and what it exports."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vendored import run_vendored

pytestmark = pytest.mark.tensorflow
HERE = Path(__file__).parent
#: Written by tensorflow-hub 0.12.0 on TensorFlow 1.15.5.
MODULE = HERE.parent.parent / "fixtures/families/hub/stored_module/before/module"
EMBEDDINGS = np.random.RandomState(15).normal(size=(5, 3)).astype(np.float32)
X = np.arange(8.0).reshape(2, 4)
KERNEL = np.linspace(-1, 1, 12).reshape(4, 3)


@pytest.fixture(scope="module")
def out(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what the scenarios saw, exported and loaded."""
    home = tmp_path_factory.mktemp("hub")
    out = home / "out"
    out.mkdir()
    run_vendored(tf2_python, home, ["hub_module"], HERE / "hub_scenarios.py", MODULE, out)
    done = subprocess.run(
        [tf2_python, str(HERE / "hub_loading.py"), str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.fixture(scope="module")
def found(out: Path) -> Any:
    """What the scenarios saw in graphs."""
    return json.loads((out / "found.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def loaded(out: Path) -> Any:
    """What TensorFlow 2 saw of the exports."""
    return json.loads((out / "loaded.json").read_text(encoding="utf-8"))


def sigmoid(value: Any) -> Any:
    """Return the logistic function of ``value``."""
    return 1 / (1 + np.exp(-value))


PLAIN = X @ KERNEL - 0.5
TRAINING = X @ KERNEL - (X @ KERNEL).mean(0)


def test_a_module_of_hub_1_is_read(found: Any) -> None:
    """Values, names, collections and gradients are those that ``hub.Module`` gives."""
    text = found["text"]
    first, second, gradient, loss = text["values"]
    np.testing.assert_allclose(first, EMBEDDINGS[[1, 4]], 1e-6)
    np.testing.assert_allclose(second, EMBEDDINGS[[1]], 1e-6)
    np.testing.assert_allclose(gradient, np.repeat([[0], [1], [0], [0], [1]], 3, 1))
    np.testing.assert_allclose(loss, 0.02 * (EMBEDDINGS**2).sum(), 1e-5)
    assert text["names"] == ["encoder/words/embeddings", "module/embeddings"]
    assert text["trained"] == ["encoder/words/embeddings"]
    assert (text["map"], text["signatures"]) == (["embeddings"], ["default"])
    assert text["shape"] == [None, 3]


def test_a_tag_set_is_a_graph_of_its_own(found: Any) -> None:
    """The training variant normalizes with the batch."""
    training, plain = found["features"]
    np.testing.assert_allclose(training, sigmoid(TRAINING), 1e-5)
    np.testing.assert_allclose(plain, sigmoid(PLAIN), 1e-5)


def test_the_export_is_a_reusable_saved_model(loaded: Any) -> None:
    """What ``hub.load`` and ``hub.KerasLayer`` look for is there, for training and not."""
    told = loaded["features"]
    assert told["variables"] == ["kernel:0", "mean:0"]
    assert told["trainable"] == ["kernel:0"]
    np.testing.assert_allclose(told["losses"], [0.1 * (KERNEL**2).sum()], 1e-5)
    assert told["signatures"] == ["both", "default"]
    np.testing.assert_allclose(told["call"], sigmoid(PLAIN), 1e-5)
    np.testing.assert_allclose(told["training"], sigmoid(TRAINING), 1e-5)
    np.testing.assert_allclose(told["both"]["z"], 2 * PLAIN, 1e-5)
    assert told["gradients"] == [True]


def test_tables_and_assets_are_exported(loaded: Any) -> None:
    """A vocabulary's file goes with the module, which can be saved again."""
    np.testing.assert_allclose(loaded["text"]["call"], EMBEDDINGS[[1, 4]], 1e-6)
    assert loaded["text"]["trainable"] == ["embeddings:0"]
    assert loaded["resaved"] == loaded["text"]["call"]


def test_a_saved_model_of_tensorflow_2_is_a_module_too(loaded: Any) -> None:
    """Loaded in a graph, changed and exported again: the new values, and no variable more."""
    assert loaded["again"]["variables"] == ["kernel:0", "mean:0"]
    np.testing.assert_allclose(loaded["again"]["call"], np.full((2, 3), 0.5))
    assert loaded["again"]["losses"] == [0.0]


def test_sparse_inputs_and_partitioned_variables(found: Any, loaded: Any) -> None:
    """Both are what they were."""
    np.testing.assert_allclose(found["sparse"], X.sum(1, keepdims=True))
    expected = X @ np.full((4, 3), 2.0)
    np.testing.assert_allclose(found["partitioned"][0], expected)
    np.testing.assert_allclose(loaded["partitioned"], expected)
    assert found["partitioned"][1] == 2


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [
        ("tags", "ValueError", "other"),
        ("signature", "ValueError", "other"),
        ("input", "TypeError", "wrong"),
        ("output", "TypeError", "as_dict"),
        ("nothing to call", "ValueError", "add_signature"),
        ("taken", "AssertionError", "features"),
        ("scope", "RuntimeError", "module"),
    ],
)
def test_errors(found: Any, name: str, kind: str, word: str) -> None:
    """What ``hub.Module`` refused is refused by the same kind of error."""
    told = found["errors"][name]
    assert told.startswith(f"{kind}: ")
    assert word in told
