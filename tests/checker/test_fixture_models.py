"""TensorFlow 1.15 and 2.21 agree on every model that the repository keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker.harness import ROOT, Answers, carry_out, request  # noqa: E402

from migrator.results import DeltaStatus, Verdict  # noqa: E402

pytestmark = pytest.mark.usefixtures("warm")

MODELS = ROOT / "fixtures" / "models"
#: Kind in the manifest → kind of a request.
KINDS = {"saved_model": "savedmodel", "checkpoint": "checkpoint"}
#: TensorFlow 2 refuses the ``_output_shapes`` of its FusedBatchNormGradV3, so it is no after
#: side.  As a before side it is mended, and runs on inputs that depend on the seed alone.
MENDED = "out/layers_bn/export"


def kept() -> dict[str, str]:
    """Return path → kind of a request, of every SavedModel and checkpoint in the manifest."""
    manifest = json.loads((MODELS / "manifest.json").read_text())
    return {
        written["stored"]: KINDS[written["kind"]]
        for program in manifest["programs"]
        for written in program["writes"]
        if written["kind"] in KINDS
    }


def test_every_model_of_the_folder_is_in_the_manifest() -> None:
    """No model is left out of the comparison because nobody listed it."""
    out = MODELS / "out"
    saved = {path.parent for path in out.rglob("saved_model.pb")}
    prefixes = {
        path.with_suffix("") for path in out.rglob("*.index") if path.parent.name != "variables"
    }
    assert {MODELS / path for path in kept()} == saved | prefixes


@pytest.fixture(scope="session")
def versions(tf1_python: str, tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """All models as before sides of TensorFlow 1.15, and as after sides of TensorFlow 2."""
    folder = tmp_path_factory.mktemp("versions")

    def requests(side: str) -> list[dict[str, Any]]:
        return [
            request(
                kind,
                "before" if path == MENDED else side,
                MODELS / path,
                place(folder, side, path),
                inputs=str(place(folder, "before", path) / "inputs.json"),
            )
            for path, kind in kept().items()
        ]

    carry_out(tf1_python, folder, None, requests("before"))
    carry_out(tf2_python, folder, None, requests("after"))
    return Answers(folder)


def place(folder: Path, side: str, path: str) -> Path:
    """Return the folder of the answer to a request."""
    return folder / f"{side}-{path.replace('/', '-')}"


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("path", kept())
def test_two_versions_agree(versions: Answers, path: str) -> None:
    """The contract, the values of all variables and all outputs are those of TensorFlow 1.15."""
    before, after = (place(versions.folder, side, path).name for side in ("before", "after"))
    assert versions.read(before)["tensorflow"].startswith("1.15")
    assert versions.read(after)["tensorflow"].startswith("2.")
    found = versions.judge(before, after)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert {delta.status for delta in found.variables} <= {DeltaStatus.EQUAL}
    if kept()[path] == "savedmodel":
        assert any(delta.compared for delta in found.deltas)
    else:
        assert found.variables


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_the_mended_model_runs_on_the_same_inputs(versions: Answers) -> None:
    """Both versions make the inputs themselves there, and make the same ones."""
    one, two = (place(versions.folder, side, MENDED) for side in ("before", "after"))
    listed = [json.loads((folder / "inputs.json").read_text()) for folder in (one, two)]
    assert listed[0] == listed[1]
    assert listed[0]["inputs"]
    with np.load(one / "inputs.npz") as old, np.load(two / "inputs.npz") as new:
        assert set(old.files) == set(new.files)
        assert all(np.array_equal(old[key], new[key]) for key in old.files)
