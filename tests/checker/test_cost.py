"""What models cost: told, in the same run, and deciding nothing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from migrator.checker import check

ROOT = Path(__file__).resolve().parent.parent.parent
STORED = ROOT / "tests" / "data_checker"


@pytest.fixture
def worker() -> Any:
    """What the modules of the worker define."""
    from checker_models import load_worker

    return load_worker(str(ROOT / "migrator" / "worker"))


class Clock:
    """A clock that a call of a model moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.now = 0.0
        self.seconds = seconds
        self.name = "v1"
        self.calls: list[Any] = []
        monkeypatch.setattr("time.perf_counter", lambda: self.now)

    def call(self, key: str, feeds: Any, extra: Any) -> None:
        """Run the signature."""
        self.now += self.seconds
        self.calls.append((key, sorted(feeds), sorted(extra)))


@pytest.mark.parametrize(
    ("seconds", "runs"), [(1e-4, 50), (0.01, 30), (0.05, 6), (0.5, 5), (1.9, 5), (2.5, 3)]
)
def test_a_signature_is_timed_until_that_is_enough(
    monkeypatch: pytest.MonkeyPatch, worker: Any, seconds: float, runs: int
) -> None:
    """A third of a second and five runs are; slow models are run three times."""
    clock = Clock(monkeypatch, seconds)
    found = list(worker.time_calls(clock, "s", {}, {}))
    assert len(found) == pytest.approx(runs, abs=1)
    assert found == pytest.approx([seconds] * len(found))


def item(signature: str, regime: str, *shape: int, **more: Any) -> dict[str, Any]:
    """Return the inputs of one run."""
    entry = {"key": "a0", "dtype": "float32", "shape": list(shape)}
    return {"signature": signature, "regime": regime, "inputs": {"x": entry}, **more}


def test_the_largest_regular_inputs_are_timed(worker: Any) -> None:
    """Neither edge values nor an empty batch; one regime of every signature."""
    made = [
        item("a", "normal, batch 1", 1, 4),
        item("a", "normal, batch 3", 3, 4),
        item("a", "ones, batch 3", 3, 4),
        item("a", "edge, batch 9", 9, 4, extreme=True),
        item("b", "empty", 0, 4, empty=True),
        item("c", "given", 2),
    ]
    found = [(one["signature"], one["regime"]) for one in worker.largest(made)]
    assert found == [("a", "normal, batch 3"), ("c", "given")]


def test_a_signature_that_fails_is_left_out(
    monkeypatch: pytest.MonkeyPatch, worker: Any, tmp_path: Path
) -> None:
    """The others are timed, the before side with what it is fed besides."""
    made = [item("good", "normal", 2), item("bad", "normal", 2), item("lost", "normal", 2)]
    made[0]["extra"] = {"keep_prob:0": {"key": "a0", "dtype": "float32", "shape": [2]}}
    (tmp_path / "inputs.json").write_text(json.dumps({"inputs": made}))
    np.savez(tmp_path / "inputs.npz", a0=np.ones(2, np.float32))
    clock = Clock(monkeypatch, 0.1)
    call = clock.call

    def fails(key: str, feeds: Any, extra: Any) -> None:
        if key == "bad":
            raise ValueError(key)
        call(key, feeds, extra)

    view = SimpleNamespace(name="v1", call=fails)
    request = {"cost": True, "role": "before", "inputs": str(tmp_path / "inputs.json")}
    signatures: dict[str, Any] = {"good": {}, "bad": {}}
    (found,) = worker.time_signatures(view, signatures, request)
    assert (found["signature"], found["view"], found["regime"]) == ("good", "v1", "normal")
    assert found["median"] == pytest.approx(0.1)
    assert found["p90"] == pytest.approx(0.1)
    assert found["runs"] == len(clock.calls) == 5
    assert clock.calls[0] == ("good", ["x"], ["keep_prob:0"])
    assert worker.time_signatures(view, signatures, {**request, "cost": False}) == []
    (found,) = worker.time_signatures(view, signatures, {**request, "role": "after"})
    assert clock.calls[-1] == ("good", ["x"], [])


def test_the_size_is_that_of_the_models_own_files(worker: Any, tmp_path: Path) -> None:
    """A folder with all below it, a file, or the files of a prefix and no neighbour's."""
    (tmp_path / "model" / "variables").mkdir(parents=True)
    for name, size in (
        ("model/saved_model.pb", 10),
        ("model/variables/variables.index", 5),
        ("m-1.index", 3),
        ("m-1.meta", 4),
        ("m-1.data-00000-of-00002", 20),
        ("m-1.data-00001-of-00002", 30),
        ("m-10.index", 100),
        ("graph.pb", 7),
    ):
        (tmp_path / name).write_bytes(bytes(size))
    sizes = [worker.bytes_on_disk(str(tmp_path / name)) for name in ("model", "m-1", "graph.pb")]
    assert sizes == [15, 57, 7]


@pytest.mark.tensorflow
def test_both_sides_are_timed_in_the_same_run(tf2_python: str) -> None:
    """Each loader of each side; the sizes are those of the folders."""
    found = check(STORED / "classifier", STORED / "classifier")
    assert found.match
    assert found.cost is not None
    timed = [(one.side, one.loader, one.signature) for one in found.cost.latencies]
    assert sorted(timed) == [
        (side, loader, "serving_default")
        for side, loader in (("after", "v1"), ("after", "v2"), ("before", "v1"))
    ]
    for one in found.cost.latencies:
        assert 0 < one.median <= one.p90 < 2
        assert 5 <= one.runs <= 50
        assert "batch 3" in one.regime
    folder = STORED / "classifier"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert found.cost.before_bytes == size
