"""The bridge does on TensorFlow 2 what Saver and SavedModelBuilder do on TensorFlow 1.15.5."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.tensorflow

HERE = Path(__file__).parent
MODES = ("v2_behavior", "eager", "graph")
Runs = Callable[[str], tuple[dict[str, Any], Path]]

SCENARIOS = sorted(json.loads((HERE / "data" / "tf1.json").read_text()))

#: Where TensorFlow 2 says something else, and why that is right.
DIFFERENT = {
    # The output of a signature that is fed elsewhere cannot have the name a second time.
    "inputs_that_are_not_placeholders/contract/signatures/middle/outputs/y/name",
    # TensorFlow 2 knows the static part of a sparse placeholder's shape, TF1 did not.
    "sparse/contract/signatures/s/inputs/x/tensorShape/dim/1/size",
}
#: Without disable_v2_behavior() the graph itself has other nodes for loops and branches.
DIFFERENT_GRAPH = {
    "loops_and_branches/contract/signatures/serving_default/outputs/branch/name",
    "loops_and_branches/contract/signatures/serving_default/outputs/looped/name",
    "recurrent/contract/signatures/serving_default/outputs/h/name",
}


def differences(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield the paths at which two values of JSON differ; floats agree to 2e-5."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(f"{path}/{key}", old.get(key, "absent"), new.get(key, "absent"))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(f"{path}/{index}", one, other)
    elif type(old) is float and type(new) is float:
        if abs(old - new) > 2e-5:
            yield path
    elif type(old) is not type(new) or old != new:
        yield path


def seen(results: dict[str, Any], name: str) -> Any:
    """Return what a scenario saw; fail with its traceback if it raised."""
    if "failed" in results[name]:
        pytest.fail(f"{name}: {results[name]['failed']}")
    return results[name]["saw"]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("mode", MODES)
def test_same_as_tensorflow_1(
    mode: str, name: str, bridge_runs: Runs, tf1_expected: dict[str, Any]
) -> None:
    """Values, files, state files, errors, signatures and tensor names are those of 1.15.5."""
    old, new = seen(tf1_expected, name), seen(bridge_runs(mode)[0], name)
    if isinstance(new, dict):
        new = {key: value for key, value in new.items() if key not in ("said", "loaded", "flat")}
        old = {key: value for key, value in old.items() if key != "said"}
    allowed = DIFFERENT if mode == "v2_behavior" else DIFFERENT | DIFFERENT_GRAPH
    found = set(differences(name, old, new))
    assert found - allowed == set(), f"TF1: {old}\nbridge: {new}"
    assert {path for path in allowed if path.startswith(f"{name}/")} <= found


@pytest.mark.tf1
@pytest.mark.parametrize("name", SCENARIOS)
def test_expectations_are_what_tensorflow_1_does(
    name: str, tf1_run: dict[str, Any], tf1_expected: dict[str, Any]
) -> None:
    """The stored expectations are what a TensorFlow 1.15 says when asked now."""
    assert list(differences(name, seen(tf1_expected, name), seen(tf1_run, name))) == []


@pytest.mark.tf1
def test_tensorflow_1_restores_what_the_bridge_wrote(tf1_run: dict[str, Any]) -> None:
    """TensorFlow 1.15's own Saver restores the bridge's checkpoint, whole or in part."""
    a = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert seen(tf1_run, "written_by_the_bridge") == [[a, [1.5, -2.0], 7], a]


def test_both_loaders_agree(bridge_runs: Runs) -> None:
    """tf.saved_model.load computes what the v1 session loader computes, for every model."""
    results = bridge_runs("graph")[0]
    models = {n: r["saw"] for n, r in results.items() if "loaded" in (r.get("saw") or ())}
    assert len(models) >= 12
    for name, saw in models.items():
        assert list(differences(name, saw["served"], saw["loaded"])) == []


def test_sparse_input_is_three_inputs(bridge_runs: Runs) -> None:
    """tf.saved_model.load takes x, x_1, x_2 for a sparse x and returns y the same way."""
    result = seen(bridge_runs("graph")[0], "sparse")
    indices, values, shape = result["served"]["s/d"]
    assert result["flat"]["s/y"] == result["served"]["s/y"]
    assert [result["flat"][f"s/{n}"] for n in ("d", "d_1", "d_2")] == [indices, values, shape]


@pytest.mark.parametrize("mode", MODES)
def test_session_says_what_is_served(mode: str, bridge_runs: Runs) -> None:
    """In every model, the served outputs are those of the session that was exported."""
    results = bridge_runs(mode)[0]
    compared = 0
    for name in results:
        result = results[name].get("saw")
        if isinstance(result, dict) and "session" in result:
            assert result["session"], name
            assert list(differences(name, result["session"], result["served"])) == []
            compared += 1
    assert compared >= 10


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("partitioned_variables", "'s/w/part_1' is a part of a partitioned variable"),
        ("mutable_tables", "'MutableHashTable' is a _Saveable, not a variable"),
        ("finalized_graph", "the graph was finalized before the first save"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_name_based_writing_says_why_once(
    mode: str, name: str, reason: str, bridge_runs: Runs
) -> None:
    """What cannot be written object-based is announced once per Saver, with the reason."""
    (said,) = seen(bridge_runs(mode)[0], name)["said"]
    assert said.startswith("Saver writes a name-based (TF1) checkpoint: ")
    assert reason.split("'")[-1] in said


def test_finalized_graph_says_what_to_do(bridge_runs: Runs) -> None:
    """A restore that would need new nodes in a finalized graph raises with the way out."""
    kind, text = seen(bridge_runs("v2_behavior")[0], "finalized_before_restoring")
    assert kind == "RuntimeError"
    assert "restore one before" in text


@pytest.mark.parametrize("mode", MODES)
def test_nodes_are_added_once(mode: str, bridge_runs: Runs) -> None:
    """Later saves and restores add no nodes, and take no names from the user's nodes."""
    assert seen(bridge_runs(mode)[0], "nodes_added") == [0, 0, "Identity"]


@pytest.mark.parametrize("mode", MODES)
def test_checkpoints_are_object_based(mode: str, bridge_runs: Runs) -> None:
    """tf.train.Checkpoint restores what Saver wrote, under the TF1 name."""
    expected = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert seen(bridge_runs(mode)[0], "read_by_checkpoint") == expected


@pytest.mark.parametrize("mode", MODES)
def test_native_checkpoint_into_parts(mode: str, bridge_runs: Runs) -> None:
    """Parts of a partitioned variable get their own rows of what no Saver wrote."""
    expected = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]
    assert seen(bridge_runs(mode)[0], "native_into_parts") == [expected, expected, "NotFoundError"]


REFUSED = {
    "python": ("ValueError", "'my_py_func' (PyFunc)"),
    "assign": ("ValueError", "'count' (AssignAdd)"),
    "placeholder": ("ValueError", "'keep_prob' (Placeholder)"),
    "queue": ("ValueError", "'my_queue' (FIFOQueueV2)"),
    "iterator": ("ValueError", "Iterator"),
    "string": ("TypeError", "'x' must be a tensor, found 'x:0'"),
    "operation": ("TypeError", "Operation"),
    "list": ("TypeError", "must be dicts of name to tensor"),
    "outputs": ("ValueError", "has no outputs"),
    "short": ("TypeError", "must be (inputs, outputs[, method_name])"),
    "asset": ("TypeError", "Asset path tensor must be of type constant."),
    "assets": ("TypeError", "Asset path tensor must be a scalar."),
    "init_op": ("ValueError", "it would change 'w'"),
    "print": ("ValueError", "'hello' (PrintV2)"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused_before_anything_is_written(case: str, bridge_runs: Runs) -> None:
    """What cannot be exported is refused by the name of the node, and the folder stays empty."""
    (kind, text), files = seen(bridge_runs("v2_behavior")[0], "refusals")[case]
    assert kind == REFUSED[case][0]
    assert REFUSED[case][1] in text
    assert files == []


@pytest.mark.parametrize(
    ("case", "kind", "text"),
    [
        ("again", "AssertionError", "has already been saved"),
        ("foreign", "ValueError", "is not an element of this graph"),
        ("nothing", "ValueError", "Nothing was saved to $DIR/never"),
    ],
)
def test_misuse_is_said(case: str, kind: str, text: str, bridge_runs: Runs) -> None:
    """Wrong use of SessionModule raises and says what is wrong."""
    problem = seen(bridge_runs("v2_behavior")[0], "refusals")[case]
    assert problem[0] == kind
    assert text in problem[1]


def test_failed_export_can_be_tried_again(bridge_runs: Runs) -> None:
    """An uninitialized session is refused, and the module still takes an initialized one."""
    refusals = seen(bridge_runs("v2_behavior")[0], "refusals")
    assert refusals["uninitialized"] == ["FailedPreconditionError"]
    assert refusals["unsaved"][0][0] == "ValueError"


@pytest.mark.parametrize("mode", MODES)
def test_variables_keep_names_and_flags(mode: str, bridge_runs: Runs) -> None:
    """The module's variables have TF1's names and are trainable where TF1's were."""
    held, added, keys, files = seen(bridge_runs(mode)[0], "exported_variables")
    known = mode != "v2_behavior"  # a resource variable knows its shape, validated or not
    assert held == [["net/m", False, True], ["net/w", True, True], ["u", True, known]]
    assert added == 0  # a second export adds no nodes to the session's graph
    assert [key for key in keys if key.startswith("graph_variables/")] == [
        f"graph_variables/{index}/.ATTRIBUTES/VARIABLE_VALUE" for index in range(3)
    ]
    assert set(files) - {"assets"} == {"saved_model.pb", "variables"}  # no stale fingerprint


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("finalized_before_export", {"k/y": 6.0}),
        ("resource_variable_as_output", {"k/v": [-0.1, 0.0]}),
        ("placeholder_in_a_branch", [{"k/y": 6.0}, None]),
        ("mutable_table", {"k/y": [4, -7]}),
        ("names_taken", [{"k/y": 6.0}, ["k_x:0", "StatefulPartitionedCall:0"]]),
        ("written_without_a_saver", [[[4.0] * 3] * 2, "NotFoundError", True]),
        ("function_with_variables", {"k/y": 14.0}),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_more_that_works(mode: str, name: str, expected: Any, bridge_runs: Runs) -> None:
    """Finalized graphs, resource variables as outputs, placeholders in untaken branches,
    mutable tables, functions; restores of a checkpoint that no Saver wrote."""
    assert seen(bridge_runs(mode)[0], name) == expected


def test_gradients_after_loading(bridge_runs: Runs) -> None:
    """A loaded export has the gradients of functional branches and loops that read variables."""
    kinds, picked, looped = seen(bridge_runs("graph")[0], "gradients_after_loading")
    assert kinds == ["If", "While"]
    assert picked == [[0.0, 0.0], [2.0, 2.0]]
    assert looped == [pytest.approx([-0.6, -0.2]), pytest.approx([-0.4, 0.2])]


def test_tf_slim_imports(tf2_python: str) -> None:
    """After alias_slim(), tf_slim builds a network; calling it twice is fine."""
    code = """
import os
os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3")
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
import importlib.util, sys
spec = importlib.util.spec_from_file_location("slim_part", sys.argv[1])
part = importlib.util.module_from_spec(spec)
spec.loader.exec_module(part)
part.alias_slim()
part.alias_slim()
import tf_slim as slim
net = tf.placeholder(tf.float32, [None, 8, 8, 3])
with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):
    net = slim.max_pool2d(slim.conv2d(net, 4, [3, 3]), 2)
net = slim.fully_connected(slim.dropout(slim.flatten(net)), 5)
print(net.shape, [v.op.name for v in tf.global_variables()])
"""
    part = HERE.parent.parent / "migrator" / "bridge" / "slim.py"
    done = subprocess.run(
        [tf2_python, "-c", code, str(part)], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == [
        "(?, 5) ['Conv/weights', 'Conv/BatchNorm/beta', 'Conv/BatchNorm/moving_mean', "
        "'Conv/BatchNorm/moving_variance', 'fully_connected/weights', 'fully_connected/biases']"
    ], done.stderr
