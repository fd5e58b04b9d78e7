"""Where two models part: on hand-made graphs, and on real ones of TensorFlow 1.15 and 2.21."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from migrator.checker import check, process, tracing
from migrator.checker.arrays import Archive, Tensor
from migrator.checker.graph import Graph, Item
from migrator.checker.parting import NotTraced, find_parting
from migrator.checker.sides import Kind, Side
from migrator.checker.tracing import Trace, Untold, run_trace, worst_output
from migrator.checker.verdict import judge_saved_models
from migrator.results import (
    CheckStatus,
    DeltaStatus,
    ModelCheck,
    OutputDelta,
    Parting,
    Verdict,
)

pytestmark = pytest.mark.usefixtures("warm")

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Traced:
    """Pairs of models, run and traced by one process of each interpreter at a time."""

    def __init__(self, folder: Path, before: str, after: str, **limits: int) -> None:
        self.limits = limits
        self.folder = folder
        self.models = folder / "models"
        self.pythons = before, after
        self._count = 0

    def carry_out(self, python: str, requests: list[dict[str, Any]], **more: Any) -> None:
        """Answer many requests in one process."""
        self._count += 1
        plan = self.folder / f"plan{self._count}.json"
        content = {"worker": str(ROOT / "migrator" / "worker"), "requests": requests, **more}
        content["limits"] = self.limits
        plan.write_text(json.dumps(content))
        done = subprocess.run(
            [python, str(HERE / "parting_models.py"), str(plan)],
            env=process._environment(True),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def request(self, role: str, path: Path, out: str, **more: Any) -> dict[str, Any]:
        """Return a worker's request."""
        base = {"kind": "savedmodel", "role": role, "path": str(path), "seed": 0, "tags": None}
        return {**base, "out": str(self.folder / out), "memory": None, "seconds": None, **more}

    def read(self, out: str) -> dict[str, Any]:
        """Return one answer."""
        found: dict[str, Any] = json.loads((self.folder / out / "result.json").read_text())
        return found

    def run(self, pairs: list[tuple[str, str]]) -> None:
        """Run both sides of every pair, judge them, and trace what differs."""
        befores = list(dict.fromkeys(before for before, _ in pairs))
        first = [self.request("before", self.models / n, f"before-{n}") for n in befores]
        second = [
            self.request(
                "after",
                self.models / after,
                f"after-{before}-{after}",
                inputs=str(self.folder / f"before-{before}" / "inputs.json"),
            )
            for before, after in pairs
        ]
        models = {"legacy": str(self.models)}
        if self.pythons[0] == self.pythons[1]:
            self.carry_out(self.pythons[0], first + second, modern=str(self.models), **models)
        else:
            self.carry_out(self.pythons[0], first, **models)
            self.carry_out(self.pythons[1], second, modern=str(self.models))
        self.found: dict[tuple[str, str], Any] = {}
        traces: tuple[list[Any], list[Any]] = [], []
        for before, after in pairs:
            self.found[before, after] = trace = self.trace(before, after)
            if trace is None:
                continue
            for side, request, name in zip((0, 1), trace.requests(), (before, after), strict=True):
                role = ("before", "after")[side]
                out = f"trace-{role}-{before}-{after}"
                traces[side].append(self.request(role, self.models / name, out, **request))
        if self.pythons[0] == self.pythons[1]:
            self.carry_out(self.pythons[0], traces[0] + traces[1])
        else:
            for side in (0, 1):
                self.carry_out(self.pythons[side], traces[side])

    def trace(self, before: str, after: str) -> Trace | None:
        """Return what to trace; None for a match."""
        outs = f"before-{before}", f"after-{before}-{after}"
        one, two = map(self.read, outs)
        assert (one["status"], two["status"]) == ("ok", "ok"), (one.get("error"), two.get("error"))
        with (
            Archive(self.folder / outs[0] / "arrays.npz") as old,
            Archive(self.folder / outs[1] / "arrays.npz") as new,
        ):
            judged = judge_saved_models(one, two, (old, new))
        output = worst_output(ModelCheck("", "", deltas=judged.deltas))
        if output is None:
            return None
        assert judged.verdict is Verdict.MISMATCH
        inputs = self.folder / outs[0] / "inputs.json"
        kinds = Kind.SAVED_MODEL, Kind.SAVED_MODEL
        return Trace(*output, kinds, (one, two), inputs)

    def parting(self, before: str, after: str) -> Parting:
        """Return where a pair parts."""
        trace = self.found[before, after]
        assert trace is not None, "the pair matches"
        outs = [f"trace-{role}-{before}-{after}" for role in ("before", "after")]
        found: Parting = trace.parting(
            [self.read(out) for out in outs], [self.folder / out for out in outs]
        )
        return found


#: before, after → the op at which they part, its counterpart's op or name, words of the note.
PARTINGS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("convnet", "convnet_kernel"): ("conv/kernel", "VariableV2", "variable conv/kernel differs"),
    ("convnet", "convnet_dense"): ("dense/kernel", "VarHandleOp", "variable dense/kernel differs"),
    ("convnet", "convnet_tanh"): ("conv/act", "Relu", "Tanh stands in its place"),
    ("convnet", "convnet_scale"): ("scaled/y", "Const", "0.5 became 0.55"),
    ("convnet", "convnet_epsilon"): ("conv/norm", "FusedBatchNorm", "epsilon 0.001 became 0.02"),
    ("convnet", "convnet_inserted"): ("scaled", "Mul", "Mul (inserted) comes before it"),
    ("convnet", "convnet_removed"): ("scaled", "Mul", ""),
    ("convnet", "modern_convnet_kernel"): ("conv/kernel", "VariableV2", "conv/kernel differs"),
    ("convnet", "modern_convnet_dense"): ("dense/kernel", "VarHandleOp", "dense/kernel differs"),
    ("convnet", "modern_convnet_tanh"): ("conv/act", "Relu", "Tanh stands in its place"),
    ("convnet", "modern_convnet_scale"): ("scaled/y", "Const", "became 0.55"),
    ("convnet", "modern_convnet_epsilon"): ("conv/norm", "FusedBatchNorm", "epsilon 0.001"),
    ("convnet", "modern_convnet_inserted"): ("pool", "MaxPool", "comes before it"),
    ("modern_convnet", "modern_convnet_tanh"): ("", "Relu", "Tanh stands in its place"),
    ("modern_convnet", "modern_convnet_kernel"): ("", "VarHandleOp", "filters differs"),
    ("table", "table_order"): ("vocabulary", "HashTableV2", "other entries"),
    ("table", "modern_table_order"): ("vocabulary", "HashTableV2", "other entries"),
    ("recurrent", "recurrent_forget"): ("loop/Exit_2", "Exit", "what enters the loop agrees"),
    ("recurrent", "recurrent_kernel"): ("rnn/kernel", "VariableV2", "rnn/kernel differs"),
    ("recurrent", "modern_recurrent_forget"): ("loop/Exit_2", "Exit", "leaves it does not"),
    ("recurrent", "modern_recurrent_kernel"): ("rnn/kernel", "VariableV2", "rnn/kernel differs"),
    ("branching", "branching_factor"): ("branch/Merge", "Merge", "enters the cond agrees"),
    ("subtract", "subtract_swapped"): ("minus", "Sub", "in another order"),
}
#: Pairs that match, so that there is nothing to trace.
EQUAL = [
    ("convnet", "modern_convnet"),
    ("recurrent", "modern_recurrent"),
    ("table", "modern_table"),
]


@pytest.fixture(scope="session")
def traced(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """All pairs, both sides under this TensorFlow."""
    made = Traced(tmp_path_factory.mktemp("traced"), tf2_python, tf2_python)
    made.run([*PARTINGS, *EQUAL])
    return made


@pytest.fixture(scope="session")
def traced_from_tf1(
    tf1_python: str, tf2_python: str, tmp_path_factory: pytest.TempPathFactory
) -> Traced:
    """All pairs whose before side TensorFlow 1 wrote, run there."""
    made = Traced(tmp_path_factory.mktemp("traced1"), tf1_python, tf2_python)
    made.run([pair for pair in [*PARTINGS, *EQUAL] if not pair[0].startswith("modern")])
    return made


def expect(found: Parting, node: str, op: str, words: str) -> None:
    """Assert that a parting is the one expected; TensorFlow adds ``V3`` to an op as it likes."""
    assert found.op.rstrip("V23") == op.rstrip("V23"), found
    assert node in ("", found.node), found
    assert words in found.note, found


@pytest.mark.tensorflow
@pytest.mark.parametrize("pair", PARTINGS, ids="-".join)
def test_the_first_op_that_differs_is_named(traced: Traced, pair: tuple[str, str]) -> None:
    """The op is named by its node in the before graph, with what differs about it."""
    expect(traced.parting(*pair), *PARTINGS[pair])


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize(
    "pair", [pair for pair in PARTINGS if not pair[0].startswith("modern")], ids="-".join
)
def test_the_first_op_is_named_across_versions(
    traced_from_tf1: Traced, pair: tuple[str, str]
) -> None:
    """So it is when TensorFlow 1.15 runs the before side."""
    expect(traced_from_tf1.parting(*pair), *PARTINGS[pair])


#: Traced with limits that a small model exceeds, too.
LARGE = [
    ("convnet", "convnet_kernel"),
    ("convnet", "convnet_dense"),
    ("convnet", "convnet_tanh"),
    ("convnet", "modern_convnet_dense"),
    ("recurrent", "recurrent_forget"),
]


@pytest.fixture(scope="session")
def traced_in_pieces(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """Some pairs, with variables read in pieces and values kept as samples."""
    limits = {"PIECE": 100, "MOST_BYTES": 3000, "SAMPLE": 50, "MOST_FETCHED": 1000}
    made = Traced(tmp_path_factory.mktemp("traced2"), tf2_python, tf2_python, **limits)
    made.run(LARGE)
    return made


@pytest.mark.tensorflow
@pytest.mark.parametrize("pair", LARGE, ids="-".join)
def test_large_values_are_compared_by_samples(
    traced_in_pieces: Traced, pair: tuple[str, str]
) -> None:
    """One element of a large variable that differs is found though its sample agrees."""
    found = traced_in_pieces.parting(*pair)
    expect(found, *PARTINGS[pair])
    if found.op in ("VariableV2", "VarHandleOp"):
        assert "by a sample" in found.note


@pytest.mark.tensorflow
@pytest.mark.parametrize("pair", EQUAL, ids="-".join)
def test_equal_models_are_not_traced(traced: Traced, pair: tuple[str, str]) -> None:
    """A model rewritten with other names and ops has no output that differs."""
    assert traced.found[pair] is None


@pytest.mark.tensorflow
def test_graphs_without_signatures_are_traced(traced: Traced) -> None:
    """A frozen graph against a SavedModel with other names, and a checkpoint against that graph."""
    named = {
        "feeds": {"images": "images"},
        "fetches": {"logits": "dense/MatMul", "probabilities": "probs"},
        "cost": False,
    }
    frozen, models = traced.models / "convnet.pb", traced.models
    found = check(frozen, models / "modern_convnet_scale", **named)
    assert found.kinds == ("frozen graph", "SavedModel")
    assert found.parting is not None, found.contract
    expect(found.parting, "scaled/y", "Const", "the constant 0.5 became 0.55")
    assert found.parting.after_node == "mul/y"
    found = check(models / "convnet_scale.ckpt", frozen, **named)
    assert found.parting is not None, found.contract
    expect(found.parting, "scaled/y", "Const", "the constant 0.55 became 0.5")


#: Graphs whose functions, once expanded, have no end, or 2 ** 30 nodes; and a harmless one.
HOSTILE = """
import sys
sys.path.insert(0, sys.argv[1])
from checker_models import load_worker
worker = load_worker(sys.argv[2])
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.core.framework import types_pb2

def graph(calls):
    meta = meta_graph_pb2.MetaGraphDef()
    for name, inner in calls.items():
        function = meta.graph_def.library.function.add()
        function.signature.name = name
        function.signature.input_arg.add(name="x", type=types_pb2.DT_FLOAT)
        function.signature.output_arg.add(name="y", type=types_pb2.DT_FLOAT)
        last = "x"
        for number, callee in enumerate(inner):
            node = function.node_def.add(name="n%d" % number, op="PartitionedCall", input=[last])
            if callee == "Neg":
                node.op = "Neg"
                node.attr["T"].type = types_pb2.DT_FLOAT
                last = node.name + ":y:0"
                continue
            node.attr["f"].func.name = callee
            node.attr["Tin"].list.type.append(types_pb2.DT_FLOAT)
            node.attr["Tout"].list.type.append(types_pb2.DT_FLOAT)
            last = node.name + ":output:0"
        function.ret["y"] = last
    meta.graph_def.node.add(name="x", op="Placeholder")
    call = meta.graph_def.node.add(name="call", op="PartitionedCall", input=["x"])
    call.attr["f"].func.name = "f0"
    return meta

doubling = {"f%d" % i: ["f%d" % (i + 1)] * 2 for i in range(30)}
doubling["f30"] = ["Neg"]
for calls in ({"f0": ["f0"]}, {"f0": ["f1"], "f1": ["f0", "f0"]}, doubling):
    try:
        worker.flat_graph(graph(calls), "call:0")
    except worker.TooLarge as error:
        print(error)
_, flat = worker.flat_graph(graph({"f0": ["f1", "Neg"], "f1": []}), "call:0")
print(flat.tensor, sorted(flat.nodes), list(flat.nodes["call/n1"].input))
"""


@pytest.mark.tensorflow
def test_functions_without_end_are_not_expanded(tf2_python: str) -> None:
    """Neither recursion nor a model made to grow without limit takes the process down."""
    done = subprocess.run(
        [tf2_python, "-c", HOSTILE, str(HERE.parent), str(ROOT / "migrator" / "worker")],
        env=process._environment(True),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two, three, last = done.stdout.splitlines()
    assert "call each other more than" in one
    assert all(
        "nodes once its functions" in text or "call each other" in text for text in (two, three)
    )
    assert last == "call/n1 ['call/n1', 'x'] ['x']"


# --- hand-made graphs ---------------------------------------------------------------------


class Values:
    """Stands for an archive: an entry is the tensor itself."""

    def tensor(self, entry: Any) -> Tensor:
        """Return the tensor."""
        return Tensor(entry["dtype"], entry["value"])


def graph(nodes: dict[str, tuple[str, str, Any]], feeds: str = "x", **attributes: Any) -> Graph:
    """Return a graph of ``name: (op, inputs, value)``, the last of which is the output."""
    items = {}
    for name, (op, inputs, value) in nodes.items():
        values: tuple[Any, ...] = ()
        if value is not None:
            array = np.asarray(value)
            entry = {"dtype": array.dtype.name, "value": array, "shape": list(array.shape)}
            values = ({"array": entry, "shape": list(array.shape)},)
        keys = tuple(f"{source}:0" for source in inputs.split())
        more = {"variable": name} if op.startswith("Var") else {}
        items[f"{name}:0"] = Item(
            f"{name}:0", name, op, op, name, keys, attributes.get(name, {}), values, **more
        )
    places = {name: f"{name}:0" for name in feeds.split()}
    return Graph(items, f"{list(nodes)[-1]}:0", places, cast(Any, Values()))


X = np.linspace(-2, 3, 12, dtype=np.float32).reshape(4, 3)
V = np.linspace(0.3, 1.7, 9, dtype=np.float32).reshape(3, 3)


def layers(names: str, weight: Any = V, offset: float = 0.5, last: Any = np.tanh) -> Graph:
    """Return a graph of a product, a sum and an activation, under given names."""
    _, w, product, b, total, y = names.split()
    one = X @ weight
    two = one + np.float32(offset)
    return graph(
        {
            "x": ("Placeholder", "", X),
            w: ("VarHandleOp", "", weight),
            product: ("MatMul", f"x {w}", one),
            b: ("Const", "", np.float32(offset)),
            total: ("AddV2", f"{product} {b}", two),
            y: ("Tanh" if last is np.tanh else "Sigmoid", total, last(two)),
        }
    )


ONE, OTHER = "x w product b sum y", "x kernel p c q out"


@pytest.mark.parametrize("names", [ONE, OTHER])
def test_a_rounding_difference_is_no_parting(names: str) -> None:
    """What differs in the last digits agrees, so that the variable further on is named."""
    weight = V.copy()
    weight[1, 1] += 1e-3
    before, after = layers(ONE), layers(names, weight)
    item = after.items[names.split()[2] + ":0"]
    item.values[0]["array"]["value"] *= np.float32(1 + 1e-7)
    found = find_parting(before, after)
    assert (found.item.node, found.note) == ("w", "the variable w differs")
    assert found.max_abs == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("names", [ONE, OTHER])
def test_a_constant_is_named_with_both_values(names: str) -> None:
    """A small constant is spelled out."""
    found = find_parting(layers(ONE), layers(names, offset=0.25))
    assert (found.item.node, found.note) == ("b", "the constant 0.5 became 0.25")


def test_an_op_in_another_place_of_the_family() -> None:
    """An activation that another one replaced is named, with the one that replaced it."""
    found = find_parting(layers(ONE), layers(OTHER, last=lambda x: 1 / (1 + np.exp(-x))))
    assert (found.item.node, found.other and found.other.node) == ("y", "out")
    assert found.note == "its inputs agree; after, Sigmoid stands in its place"


def test_cancellation_is_no_parting() -> None:
    """A difference of nearly equal numbers is judged by the size of what went into it."""

    def made(noise: float, factor: float) -> Graph:
        gap = np.float32(1e-4) * X + np.float32(noise)
        return graph(
            {
                "x": ("Placeholder", "", X * 100),
                "minus": ("Sub", "x x", gap),
                "f": ("Const", "", np.float32(factor)),
                "y": ("Mul", "minus f", gap * np.float32(factor)),
            }
        )

    found = find_parting(made(0, 2.0), made(1e-5, 2.5))
    assert found.item.node == "f"


def test_an_op_that_passes_its_input_on_says_nothing() -> None:
    """Where relu changes nothing, its value in the other graph is no proof that relu is there."""
    positive = np.abs(X) + 1

    def made(op: str, value: Any) -> Graph:
        return graph(
            {
                "x": ("Placeholder", "", X),
                "a": ("Abs", "x", positive),
                "act": (op, "a", value),
                "y": ("Sqrt", "act", np.sqrt(value)),
            }
        )

    found = find_parting(made("Relu", positive), made("Exp", np.exp(positive)))
    assert found.item.node == "act"


def test_a_layout_of_its_own_is_not_at_fault() -> None:
    """Ops that only move elements are passed over where the other graph has none like them."""
    before = graph(
        {
            "x": ("Placeholder", "", X),
            "t": ("Transpose", "x", X.T.copy()),
            "m": ("Sum", "t", X.T.sum(0)),
        }
    )
    after = graph({"x": ("Placeholder", "", X), "m": ("Sum", "x", X.T.sum(0) + 1)})
    assert find_parting(before, after).item.node == "m"


def test_an_attribute_that_changed_is_said() -> None:
    """Where ops and inputs are the same, the attribute that differs is the reason."""
    nodes = {"x": ("Placeholder", "", X), "y": ("LeakyRelu", "x", np.where(X > 0, X, 0.2 * X))}
    other = {**nodes, "y": ("LeakyRelu", "x", np.where(X > 0, X, 0.3 * X))}
    found = find_parting(graph(nodes, y={"alpha": "0.2"}), graph(other, y={"alpha": "0.3"}))
    assert found.note == "its inputs agree; alpha 0.2 became 0.3"


def test_graphs_that_agree_have_no_parting() -> None:
    """What differs through ``tf.saved_model.load`` only cannot be traced in a session."""
    with pytest.raises(NotTraced, match="agree when both graphs run in a session"):
        find_parting(layers(ONE), layers(OTHER))


def test_an_output_without_a_value_has_no_parting() -> None:
    """An output that cannot be fetched on its own is not guessed at."""
    lost = {"x": ("Placeholder", "", X), "y": ("Loop", "x", None)}
    with pytest.raises(NotTraced, match="no value"):
        find_parting(graph(lost), layers(ONE))


def test_other_differences_are_counted() -> None:
    """Ops of other branches that part as well are listed beside the first."""

    def made(one: float, two: float) -> Graph:
        a, b = X * np.float32(one), X - np.float32(two)
        return graph(
            {
                "x": ("Placeholder", "", X),
                "c": ("Const", "", np.float32(one)),
                "a": ("Mul", "x c", a),
                "d": ("Const", "", np.float32(two)),
                "b": ("Sub", "x d", b),
                "y": ("Maximum", "a b", np.maximum(a, b)),
            }
        )

    found = find_parting(made(2.0, 0.5), made(3.0, 0.75))
    assert found.item.node == "c"
    assert found.note.endswith("the same holds of d")


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        ((Kind.KERAS, Kind.SAVED_MODEL), "a Keras model holds no graph"),
        ((Kind.SAVED_MODEL, Kind.CHECKPOINT), "a checkpoint holds no graph"),
    ],
)
def test_models_without_a_graph_are_not_traced(
    tmp_path: Path, kinds: tuple[Kind, Kind], reason: str
) -> None:
    """The reason is said in one sentence."""
    with pytest.raises(Untold, match=reason):
        Trace("a/b", "normal", kinds, ({}, {}), tmp_path).requests()


# --- traces that fail -----------------------------------------------------------------------

DELTA = OutputDelta("s/y", DeltaStatus.DIFFERS, required=0.1, compared=3, regime="normal")
CHECK = ModelCheck("old", "new", deltas=(DELTA,), verdict=Verdict.MISMATCH)


def failing(tmp_path: Path, script: str, **more: Any) -> ModelCheck:
    """Return what a trace adds to a mismatch when its processes run a shell script."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    signature = {
        "inputs": {"x": {"tensor": "x:0"}},
        "outputs": {"y": {"tensor": "y:0"}},
    }
    answer = {"signatures": {"s": signature}, "tags": ["serve"]}
    entry = {"key": "a0", "dtype": "float32", "shape": [1]}
    made = [{"signature": "s", "regime": "normal", "inputs": {"x": entry}}]
    (tmp_path / "inputs.json").write_text(json.dumps({"inputs": made}))

    def start(side: Side, request: Any, out: Path) -> process.Job:
        return process.Job(side.role, side.python, out, request)

    sides = [Side(role, role, Kind.SAVED_MODEL, str(program)) for role in ("before", "after")]
    arguments: dict[str, Any] = {"seconds": 60.0, "start": start, "recorded": False, **more}
    return run_trace(
        CHECK,
        (sides[0], sides[1]),
        (Kind.SAVED_MODEL, Kind.SAVED_MODEL),
        (answer, answer),
        tmp_path / "inputs.json",
        tmp_path / "trace",
        **arguments,
    )


#: The answer of a worker, written to where its request says.
ANSWERS = 'out=$(dirname "$2"); echo \'{"status": "%s"%s}\' > "$out/result.json"'


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "the process of the before side ended with exit status 3"),
        ("echo the end >&2; kill -9 $$", "ended by SIGKILL: the end"),
        ("exit 0", "ended without an answer"),
        (ANSWERS % ("cannot_open", ', "error": "no"'), "the before side: no"),
        (ANSWERS % ("ok", ""), "cannot be read"),
        (ANSWERS % ("ok", ', "items": 3'), "cannot be read"),
    ],
)
def test_a_trace_that_fails_is_a_note(tmp_path: Path, script: str, said: str) -> None:
    """The verdict, and all that was found, stays as it was; the note says why."""
    found = failing(tmp_path, script)
    assert found.parting is None
    (note,) = found.contract
    assert (note.name, note.status) == ("s/y/parting", CheckStatus.NOTE)
    assert note.before.startswith("not traced: ")
    assert said in note.before
    assert replace(found, contract=()) == CHECK


def test_a_trace_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may take what is left of the time, and is not begun for a few seconds."""
    found = failing(tmp_path, "sleep 600", seconds=3.0)
    assert "no time is left" in found.contract[0].before
    monkeypatch.setattr(tracing, "_LEAST", 0.0)
    start = time.monotonic()
    found = failing(tmp_path, "sleep 600", seconds=1.0)
    assert time.monotonic() - start < 30
    assert "did not finish within 1 s" in found.contract[0].before


def test_a_kept_before_side_is_not_traced(tmp_path: Path) -> None:
    """It holds answers and no graph."""
    found = failing(tmp_path, "exit 1", recorded=True)
    assert "holds no graph" in found.contract[0].before


def test_without_a_difference_nothing_is_traced() -> None:
    """Neither an output that is lost nor one of another dtype has a first op that differs."""
    for status in DeltaStatus:
        delta = replace(DELTA, status=status)
        found = worst_output(replace(CHECK, deltas=(delta,)))
        assert found == (("s/y", "normal") if status is DeltaStatus.DIFFERS else None)
    assert worst_output(replace(CHECK, deltas=(replace(DELTA, compared=0),))) is None


def test_the_worst_regular_difference_is_traced() -> None:
    """Edge values and infinite errors are traced only where there is nothing else."""
    deltas = (
        replace(DELTA, regime="edge, batch 3", required=9.0),
        replace(DELTA, regime="wide, batch 64", required=8.0),
        replace(DELTA, regime="ones", required=float("inf")),
        replace(DELTA, regime="normal, batch 1", required=0.2),
        replace(DELTA, regime="normal, batch 3", required=0.3),
    )
    assert worst_output(replace(CHECK, deltas=deltas)) == ("s/y", "normal, batch 3")
    assert worst_output(replace(CHECK, deltas=deltas[:3])) == ("s/y", "edge, batch 3")
