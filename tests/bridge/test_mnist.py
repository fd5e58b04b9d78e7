"""The bridge's MNIST reader: files, downloads and what it refuses."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from migrator.vendor import bridge_text

DATA = Path(__file__).parent.parent.parent / "fixtures/families/mnist/softmax/before/MNIST_data"

SCRIPT = """
import json, sys
from pathlib import Path
home, data = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(home))
import numpy as np
from tf2_bridge import DataSet, input_data, load_mnist

saw = {}
def attempt(name, function):
    try:
        saw[name] = function()
    except Exception as error:
        saw[name] = [type(error).__name__, str(error)]

def fetched():
    # with a slash at the end, as TensorFlow's own address has it
    read = input_data.read_data_sets(
        str(home / "new" / "folder"), validation_size=0, source_url=data.as_uri() + "/"
    )
    return [read.train.num_examples, read.validation.num_examples, read.test.num_examples]

def kinds():
    read = input_data.read_data_sets(str(data), dtype="uint8", validation_size=5)
    other = input_data.read_data_sets(str(data), one_hot=True, reshape=False, validation_size=5)
    return [
        str(read.train.images.dtype), read.train.images.shape, str(read.train.labels.dtype),
        str(other.train.images.dtype), other.train.images.shape, str(other.train.labels.dtype),
        float(other.test.images.max()), other.test.labels.shape, read._fields,
    ]

def epochs():
    read = input_data.read_data_sets(str(data), validation_size=0, seed=1).test
    count = [len(read.next_batch(5)[0]) for _ in range(6)]
    return [count, read.epochs_completed, sorted(read.labels.tolist())]

attempt("fetched", fetched)
attempt("again", fetched)
attempt("kinds", kinds)
attempt("epochs", epochs)
attempt("validation", lambda: input_data.read_data_sets(str(data)))
attempt("bad", lambda: input_data.read_data_sets(str(home / "bad")))
attempt("missing", lambda: load_mnist.__defaults__)
attempt("dtype", lambda: DataSet(np.zeros((2, 2, 2, 1)), np.zeros(2), dtype="float64"))
attempt("lengths", lambda: DataSet(np.zeros((2, 2, 2, 1)), np.zeros(3)))
print(json.dumps(saw, default=list), file=open(home / "saw.json", "w"))
"""


@pytest.fixture(scope="module")
def saw(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process saw."""
    home = tmp_path_factory.mktemp("mnist")
    (home / "tf2_bridge.py").write_text(bridge_text(["mnist"]), encoding="utf-8")
    (home / "bad").mkdir()
    for path in DATA.iterdir():  # labels in the place of images
        name = path.name.replace("images-idx3", "labels-idx1")
        (home / "bad" / path.name).write_bytes((DATA / name).read_bytes())
    subprocess.run([tf2_python, "-c", SCRIPT, str(home), str(DATA)], check=True, timeout=300)
    found: dict[str, Any] = json.loads((home / "saw.json").read_text())
    return found


pytestmark = pytest.mark.tensorflow


def test_files_that_are_missing_are_fetched(saw: dict[str, Any]) -> None:
    """The folder is made, and the files in it are read the second time."""
    assert saw["fetched"] == [40, 0, 12] == saw["again"]


def test_arrays_are_those_of_the_files(saw: dict[str, Any]) -> None:
    """Kinds and shapes are TensorFlow 1's for every option."""
    labels = gzip.decompress((DATA / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    assert saw["kinds"] == [
        *("uint8", [35, 784], "uint8", "float32", [35, 28, 28, 1], "float64"),
        *(1.0, [12, 10], ["train", "validation", "test"]),
    ]
    assert saw["epochs"][2] == sorted(np.frombuffer(labels, np.uint8).tolist())


def test_epochs_run_on(saw: dict[str, Any]) -> None:
    """Batches are full, over the end of an epoch too."""
    assert saw["epochs"][:2] == [[5] * 6, 2]


def test_what_is_wrong_is_refused(saw: dict[str, Any]) -> None:
    """Errors have TensorFlow 1's kinds."""
    assert saw["validation"][0] == "ValueError" and "between 0 and 40" in saw["validation"][1]
    assert saw["bad"][0] == "ValueError" and "Invalid magic number 2049" in saw["bad"][1]
    assert saw["dtype"][0] == "TypeError"
    assert saw["lengths"][0] == "AssertionError"
    assert saw["missing"] == ["MNIST-data"]
