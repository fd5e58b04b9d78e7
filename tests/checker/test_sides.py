"""The sides of a comparison: what a path holds, what two sides share, what a model may do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker.harness import STORED, TESTS, Answers, carry_out, request  # noqa: E402
from checker_models import load_worker  # noqa: E402

from migrator.checker import CannotOpen, check  # noqa: E402
from migrator.checker.contract import BAD, compare_contracts  # noqa: E402
from migrator.checker.sides import Kind, Side, find_side, pair  # noqa: E402
from migrator.results import CheckStatus, Verdict  # noqa: E402

pytestmark = pytest.mark.usefixtures("warm")

SIDES = STORED / "sides"
KEY = "serving_default"

# --- what two sides share ---------------------------------------------------------------


def sides(before: Kind, after: Kind) -> tuple[Side, Side]:
    """Return two sides of given kinds."""
    return Side("before", "b", before, "python"), Side("after", "a", after, "python")


RUNNABLE = [kind for kind in Kind if kind.runnable]
HOLD_VARIABLES = [kind for kind in Kind if kind is not Kind.FROZEN_GRAPH]


@pytest.mark.parametrize("after", RUNNABLE)
@pytest.mark.parametrize("before", RUNNABLE)
def test_any_two_kinds_with_a_graph_are_run(before: Kind, after: Kind) -> None:
    """A side without signatures awaits the other, and two of them never await each other."""
    found = pair(*sides(before, after))
    assert found.runs
    assert found.kinds == (before, after)
    assert [peer is None for peer in found.peers] == [before.signed, after.signed]
    if not before.signed and not after.signed:
        # the before side goes on when it knows the other's names, which are written at once
        assert found.peers == ("names.json", "described.json")
    assert found.names_decide is (before is after is Kind.META_GRAPH)


@pytest.mark.parametrize("other", HOLD_VARIABLES)
def test_a_checkpoint_without_a_graph_is_compared_by_its_variables(other: Kind) -> None:
    """Whatever holds variables can be compared with it, and nobody waits for anybody."""
    for before, after in ((Kind.CHECKPOINT, other), (other, Kind.CHECKPOINT)):
        found = pair(*sides(before, after))
        assert not found.runs
        assert found.peers == (None, None)
        assert Kind.META_GRAPH not in found.kinds
        both = {before, after} <= {Kind.CHECKPOINT, Kind.META_GRAPH}
        assert found.names_decide is both
        assert found.superset is (before is Kind.CHECKPOINT and not both)


@pytest.mark.parametrize("order", [1, -1])
def test_a_checkpoint_and_a_frozen_graph_share_nothing(order: int) -> None:
    """The message names both, whichever is first, and what would help."""
    kinds = [Kind.CHECKPOINT, Kind.FROZEN_GRAPH][::order]
    with pytest.raises(CannotOpen, match=r"nothing in common.*put the \.meta file") as caught:
        pair(*sides(*kinds))
    assert "The before side b" in str(caught.value) or "the before side b" in str(caught.value)
    assert str(caught.value).endswith(".")


# --- what a path holds ------------------------------------------------------------------

HDF5 = b"\x89HDF\r\n\x1a\n" + b"\0" * 20
TABLE = b"\0" * 40 + bytes.fromhex("57fb808b247547db")


def make_tree(root: Path, files: dict[str, bytes]) -> None:
    """Create files with contents."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


CHECKPOINT_FILES = {"m.index": b"", "m.data-00000-of-00001": b""}


@pytest.mark.parametrize(
    ("files", "path", "kind"),
    [
        ({"m/saved_model.pb": b""}, "m", Kind.SAVED_MODEL),
        ({"m/saved_model.pb": b"", "m/tfhub_module.pb": b""}, "m/", Kind.SAVED_MODEL),
        ({"m/saved_model.pbtxt": b""}, "m", Kind.SAVED_MODEL),
        (CHECKPOINT_FILES, "m", Kind.CHECKPOINT),
        ({**CHECKPOINT_FILES, "m.meta": b"x"}, "m", Kind.META_GRAPH),
        ({**CHECKPOINT_FILES, "m/other": b""}, "m", Kind.CHECKPOINT),
        (
            {"m.index": b"", "m.data-00000-of-00002": b"", "m.data-00001-of-00002": b""},
            "m",
            Kind.CHECKPOINT,
        ),
        ({"m": TABLE}, "m", Kind.CHECKPOINT),
        ({"m": TABLE, "m.meta": b"x"}, "m", Kind.META_GRAPH),
        ({"m.pb": b"\n\x05nodes"}, "m.pb", Kind.FROZEN_GRAPH),
        ({"m.pbtxt": b"node {}"}, "m.pbtxt", Kind.FROZEN_GRAPH),
        ({"m.keras": b"PK\x03\x04...."}, "m.keras", Kind.KERAS),
        ({"m.keras": HDF5}, "m.keras", Kind.KERAS),
        ({"m.h5": HDF5}, "m.h5", Kind.KERAS),
        ({"m.HDF5": HDF5}, "m.HDF5", Kind.KERAS),
        ({"weights": HDF5}, "weights", Kind.KERAS),
    ],
)
def test_the_kind_of_a_path(tmp_path: Path, files: Any, path: str, kind: Kind) -> None:
    """A directory, a prefix that is no file itself, or one file told by its contents."""
    make_tree(tmp_path, files)
    side = find_side("before", f"{tmp_path}/{path}", None)
    assert side.kind is kind
    assert side.python == sys.executable


BAD_PATHS = [
    ({}, "m", "does not exist: pass a SavedModel directory"),
    ({"m/x": b""}, "m", "without saved_model.pb and without checkpoints"),
    (
        {"m/1/saved_model.pb": b"", "m/2/saved_model.pb": b""},
        "m",
        "m/2 holds a SavedModel: pass that",
    ),
    ({"m/a.ckpt.index": b""}, "m", "pass a checkpoint prefix such as {root}/m/a.ckpt"),
    ({"m/a.h5": b""}, "m", "it holds {root}/m/a.h5: pass that file"),
    ({"m/frozen.pb": b""}, "m", "it holds {root}/m/frozen.pb: pass that file"),
    ({"m.index": b""}, "m", "m.data-00000-of-00001 is missing"),
    ({"m.index": b"", "m.data-00001-of-00002": b""}, "m", "m.data-00000-of-00002 is missing"),
    (CHECKPOINT_FILES, "m.index", "pass the prefix {root}/m."),
    (CHECKPOINT_FILES, "m.data-00000-of-00001", "pass the prefix {root}/m."),
    ({"m.index": b"", "m.meta": b""}, "m.meta", "pass the prefix {root}/m."),
    ({"m.meta": b"x"}, "m.meta", "whose {root}/m.index is missing"),
    ({"m.txt": b"text"}, "m.txt", "is no model: pass the directory that holds saved_model.pb"),
    ({"m.txt": b""}, "m.txt", "is empty: write the model again"),
    ({"m.pb": b""}, "m.pb", "is empty: write the model again"),
    ({"m.h5": b""}, "m.h5", "is empty: write the model again"),
    ({"m.h5": b"text of some length"}, "m.h5", "is not an HDF5 file"),
    ({"m.keras": b"text"}, "m.keras", "is neither a zip file nor an HDF5 file"),
    ({"m/saved_model.pb": b"\x08\x01"}, "m/saved_model.pb", "pass its directory {root}/m."),
    ({"m.pb": b"\x08\x01\x12\x03..."}, "m.pb", "is a SavedModel, not a frozen graph"),
]


@pytest.mark.parametrize("role", ["before", "after"])
@pytest.mark.parametrize(("files", "path", "message"), BAD_PATHS)
def test_a_path_without_a_model(
    tmp_path: Path, files: Any, path: str, message: str, role: str
) -> None:
    """One sentence names the side, the path and what to pass instead."""
    make_tree(tmp_path, {"good/saved_model.pb": b"", **files})
    paths = {"before": f"{tmp_path}/good", "after": f"{tmp_path}/good", role: f"{tmp_path}/{path}"}
    with pytest.raises(CannotOpen) as caught:
        check(**paths)
    text = str(caught.value)
    assert f"The {role} side {tmp_path}/{path}" in text
    assert message.format(root=tmp_path) in text
    assert text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index", "assets/in/a.txt"])
@pytest.mark.parametrize("kind", ["pipe", "device", "loop"])
def test_a_model_is_made_of_regular_files(tmp_path: Path, name: str, kind: str) -> None:
    """A pipe would be waited for and a device has no end: each is refused by its name."""
    make_tree(tmp_path, {"good/saved_model.pb": b"", "m/saved_model.pb": b"", "m/assets/up": b""})
    path = tmp_path / "m" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path.name)
    said = {"pipe": "a named pipe", "device": "a device", "loop": "a link that leads nowhere"}
    with pytest.raises(CannotOpen, match=f"holds {path}, which is {said[kind]}: a model consists"):
        check(tmp_path / "good", tmp_path / "m")


def test_single_files_are_regular_files(tmp_path: Path) -> None:
    """So are the data files of a checkpoint; a link to a regular file is as good as the file."""
    os.mkfifo(tmp_path / "m.pb")
    with pytest.raises(CannotOpen, match=r"m\.pb is a named pipe: a model consists"):
        find_side("before", tmp_path / "m.pb", None)
    make_tree(tmp_path, {"c.index": b"", "real.pb": b"\n\x05nodes"})
    (tmp_path / "c.data-00000-of-00001").symlink_to("/dev/zero")
    with pytest.raises(CannotOpen, match=r"c\.data-00000-of-00001, which is a device"):
        find_side("before", tmp_path / "c", None)
    (tmp_path / "link.pb").symlink_to("real.pb")
    assert find_side("before", tmp_path / "link.pb", None).kind is Kind.FROZEN_GRAPH


def test_a_file_beyond_the_memory_limit(tmp_path: Path) -> None:
    """It says so with the size, though Python's MemoryError says nothing."""
    path = tmp_path / "large.pb"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    code = (
        "import resource, sys; sys.path.insert(0, sys.argv[1]); import checker_models\n"
        "worker = checker_models.load_worker(sys.argv[2])\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))\n"
        "try: worker.read_bytes(sys.argv[3])\n"
        "except worker.OutOfMemory as error: print(error)\n"
    )
    command = [sys.executable, "-c", code, str(TESTS), str(TESTS.parent / "migrator" / "worker")]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == f"large.pb alone takes {3 << 30} bytes\n", done.stderr
    empty = worker.cannot_open("it cannot be parsed", MemoryError())
    assert isinstance(empty, worker.OutOfMemory)
    assert str(empty) == "it cannot be parsed (MemoryError)"


@pytest.mark.parametrize("role", ["before", "after"])
def test_an_interpreter_that_does_not_exist(tmp_path: Path, role: str) -> None:
    """The message names the option and the path."""
    make_tree(tmp_path, {"m/saved_model.pb": b""})
    pythons = {f"{role}_python": str(tmp_path / "python3.7")}
    with pytest.raises(CannotOpen, match=f"python3.7 does not exist.*--{role}-python"):
        check(tmp_path / "m", tmp_path / "m", **pythons)  # type: ignore[arg-type]


# --- the signature of a side that has none ----------------------------------------------

worker = load_worker(str(TESTS.parent / "migrator" / "worker"))


def tensors(inputs: str, outputs: str, more: str = "") -> Any:
    """Return the tensors of a bare model: ``name`` or ``name/dtype``, separated by blanks."""
    infos = {}
    for text in f"{inputs} {outputs} {more}".split():
        name, _, dtype = text.partition("|")
        infos[name] = {"dtype": dtype or "float32", "shape": [None], "tensor": f"{name}:0"}

    def names(text: str) -> list[str]:
        return [item.partition("|")[0] for item in text.split()]

    def find(name: str) -> Any:
        return infos.get(name.removesuffix(":0"))

    return worker.Tensors(find, names(inputs), names(outputs), str)


def signature(inputs: str, outputs: str) -> dict[str, Any]:
    """Return a signature: ``key=tensor`` or ``key=tensor|dtype``, separated by blanks."""
    groups: dict[str, Any] = {"method_name": "m", "inputs": {}, "outputs": {}}
    for group, text in (("inputs", inputs), ("outputs", outputs)):
        for item in text.split():
            key, _, tensor = item.partition("=")
            name, _, dtype = tensor.partition("|")
            info = {"dtype": dtype or "float32", "shape": [None], "tensor": f"{name}:0"}
            groups[group][key] = info
    return groups


def found(mine: Any, peer: Any = None, **named: Any) -> dict[str, Any]:
    """Return key → (inputs, outputs) by name and tensor, of a bare model."""
    feeds, fetches = named.pop("feeds", None), named.pop("fetches", None)
    signatures, told = worker.bare_signatures(mine, feeds, fetches, peer, **named)
    assert told
    return {
        key: tuple(
            {name: info["tensor"] for name, info in item[group].items()}
            for group in ("inputs", "outputs")
        )
        for key, item in signatures.items()
    }


def test_the_other_sides_signatures_are_taken_where_their_tensors_are_here() -> None:
    """Every one of them that is here as a whole, under its own key."""
    peer = {
        "predict": signature("x=a", "y=b"),
        "other": signature("x=a", "y=lost"),
        "train": signature("x=a z=c|int64", "l=loss"),
    }
    mine = tensors("a c|int64", "loss", "b")
    assert found(mine, peer) == {
        "predict": ({"x": "a:0"}, {"y": "b:0"}),
        "train": ({"x": "a:0", "z": "c:0"}, {"l": "loss:0"}),
    }


def test_a_tensor_of_another_dtype_is_not_taken() -> None:
    """The name alone does not make it the same tensor."""
    peer = {"predict": signature("x=a|int64", "y=b")}
    with pytest.raises(worker.CannotOpen, match="which of its tensors is the input x"):
        found(tensors("a", "b"), peer)


def test_one_input_and_one_output_are_paired_by_position() -> None:
    """Nothing else could be meant."""
    peer = {"predict": signature("x=serving_default_x", "y=StatefulPartitionedCall")}
    mine = tensors("Placeholder", "Softmax")
    assert found(mine, peer) == {"predict": ({"x": "Placeholder:0"}, {"y": "Softmax:0"})}


def test_several_are_paired_by_their_names() -> None:
    """The op's name is the key, or ends with it; no order is trusted."""
    peer = {"predict": signature("b=s_b a=s_a", "v=p_1 u=p_2")}
    mine = tensors("a net/b", "head/u", "v")
    expected = ({"b": "net/b:0", "a": "a:0"}, {"v": "v:0", "u": "head/u:0"})
    assert found(mine, peer) == {"predict": expected}


@pytest.mark.parametrize(
    ("mine", "peer", "said"),
    [
        (("a b", "y"), ("x=s_x", "y=p"), "which of its tensors is the input x"),
        (("a b", "y"), ("x=s_x z=s_z", "y=p"), "the input x, z"),
        (("x", "u v"), ("x=s_x", "y=p"), "which of its tensors is the output y"),
        (("x", "u v"), ("x=s_x", "y=p z=q"), "the output y, z"),
        (("n/x m/x", "y"), ("x=s_x", "y=p"), "the input x"),
        (("x", ""), ("x=s_x", "y=p"), "the output y"),
        (("x", "y|int64"), ("x=s_x", "z=p"), "the output z"),
    ],
)
def test_what_cannot_be_paired_surely_is_not_guessed(mine: Any, peer: Any, said: str) -> None:
    """The message lists the candidates and how to name one of them."""
    with pytest.raises(worker.CannotOpen, match=said) as caught:
        found(tensors(*mine), {"predict": signature(*peer)})
    assert "--feed NAME=TENSOR and --fetch NAME=TENSOR" in caught.value.advice
    assert mine[0].split()[0] in caught.value.advice


def test_several_signatures_of_which_none_is_here() -> None:
    """Which of them is meant cannot be told."""
    peer = {"one": signature("x=s", "y=p"), "two": signature("x=s", "y=q")}
    with pytest.raises(worker.CannotOpen, match=r"the tensors of none .*\(one, two\)"):
        found(tensors("x", "y"), peer)
    mine = tensors("x", "y")
    with pytest.raises(worker.CannotOpen, match="fit several"):
        found(mine, peer, feeds={"x": "x:0"}, fetches={"y": "y:0"})
    with pytest.raises(worker.CannotOpen, match="fit none"):
        found(mine, peer, fetches={"z": "y:0"})
    peer["two"] = signature("x=s", "z=q")
    assert list(found(mine, peer, fetches={"z": "y:0"})) == ["two"]


def test_of_several_signatures_the_default_is_meant() -> None:
    """Keras 3 exports one function under two keys; other names for one tensor are one too."""
    peer = {
        "serve": signature("ids=serve_ids", "output_0=p"),
        KEY: signature("ids=serving_default_ids", "output_0=q"),
    }
    mine = tensors("ids", "probs")
    expected = {KEY: ({"ids": "ids:0"}, {"output_0": "probs:0"})}
    assert found(mine, peer) == expected
    assert found(mine, peer, feeds={"ids": "ids"}, fetches={"output_0": "probs"}) == expected
    assert found(mine, peer, fetches={"output_0": "probs"}) == expected
    same = {"two": peer["serve"], "one": dict(peer["serve"], method_name="other")}
    assert list(found(mine, same)) == ["one"]
    # a signature that fits the names is taken before the default
    peer["other"] = signature("ids=x", "z=r")
    assert list(found(mine, peer, fetches={"z": "probs"})) == ["other"]


def test_what_cannot_be_paired_names_both_sides() -> None:
    """Whoever has to name tensors needs the names on this side and those on the other."""
    peer = {KEY: signature("a=s_a b=s_b", "score=p"), "more": signature("a=s_a", "label=q")}
    with pytest.raises(worker.CannotOpen) as caught:
        found(tensors("u v", "y"), peer)
    for text in ("inputs: u, v; outputs: y", "inputs: a, b; outputs: score"):
        assert text in caught.value.advice
    del peer[KEY]
    peer["most"] = signature("b=s_b", "score=p")
    with pytest.raises(worker.CannotOpen) as caught:
        found(tensors("u v", "y"), peer)
    for text in ("other side's more: inputs: a; outputs: label", "most: inputs: b"):
        assert text in caught.value.advice


def test_numbered_outputs_are_those_of_a_list() -> None:
    """Of a model that returns a list; a graph has no order, and another number is another list."""
    peer = {KEY: signature("x=s", "output_0=p output_1=q|int64")}
    mine = tensors("x", "scores label|int64")
    with pytest.raises(worker.CannotOpen, match="the output output_0, output_1"):
        found(mine, peer)
    mine.ordered = True
    expected = {"output_0": "scores:0", "output_1": "label:0"}
    assert found(mine, peer)[KEY][1] == expected
    for outputs in ("output_0=p output_1=q", "output_0=p output_2=q|int64", "output_0=p"):
        with pytest.raises(worker.CannotOpen, match="which of its tensors is the output"):
            found(mine, {KEY: signature("x=s", outputs)})


def test_what_the_user_names_wins() -> None:
    """Over the other side's tensors; what is left out still comes from there."""
    peer = {"predict": signature("x=a", "y=b")}
    mine = tensors("a c", "b", "d")
    assert found(mine, peer, feeds={"x": "c:0"}, fetches={"y": "d"}) == {
        "predict": ({"x": "c:0"}, {"y": "d:0"})
    }
    assert found(tensors("a", "b"), peer, fetches={"y": "b"}) == {
        "predict": ({"x": "a:0"}, {"y": "b:0"})
    }
    with pytest.raises(worker.CannotOpen, match="no tensor 'lost:0', which --fetch names"):
        found(mine, peer, fetches={"y2": "lost:0"})


def test_names_of_one_of_two_bare_sides_are_no_error_on_the_other() -> None:
    """The other side is paired with what the first one took."""
    peer = {KEY: signature("x=here", "y=there")}
    mine = tensors("Placeholder", "Softmax")
    named: Any = {"feeds": {"x": "here:0"}, "fetches": {"y": "there:0"}}
    assert found(mine, peer, **named) == {KEY: ({"x": "Placeholder:0"}, {"y": "Softmax:0"})}


def test_without_another_side_the_graph_is_guessed() -> None:
    """And two bare sides take what both have, whichever would guess more."""
    more, less = tensors("x labels|int64", "loss", "scores"), tensors("x", "scores")
    assert found(less) == {KEY: ({"x": "x:0"}, {"scores": "scores:0"})}
    assert found(more, {KEY: worker.guess(less)}, tentative=True) == found(less)
    assert found(less, {KEY: worker.guess(more)}, tentative=True) == found(less)
    with pytest.raises(worker.CannotOpen, match="none can be guessed"):
        found(tensors("x", ""))


# --- the contract of a side that has none of something ----------------------------------


def bare_description(told: str | None, **signatures: Any) -> dict[str, Any]:
    """Return the description of a side without tags, assets or method names."""
    for item in signatures.values():
        item["method_name"] = None
    none = {"tags": None, "tag_sets": None, "assets": None}
    return {**none, "signatures": signatures, "guessed": told}


def test_what_a_kind_has_none_of_is_not_compared() -> None:
    """Tags, assets and method names are left out; how its signature was found is noted."""
    full = {
        "tags": ["serve"],
        "tag_sets": [["serve"]],
        "assets": {"a": "1"},
        "signatures": {KEY: signature("x=a", "y=b"), "other": signature("x=a", "z=c")},
    }
    bare = bare_description("guessed from its graph", **{KEY: signature("x=a", "y=b")})
    for before, after in ((full, bare), (bare, full)):
        deltas = compare_contracts(before, after)
        assert not [delta for delta in deltas if delta.status in BAD]
        notes = {delta.name for delta in deltas if delta.status is CheckStatus.NOTE}
        assert notes == {"signatures", "signatures/other"}
        assert not [d for d in deltas if d.name.startswith(("assets", "tags", "meta graphs"))]
        assert not [delta for delta in deltas if delta.name.endswith("method_name")]


def test_a_guessed_signature_that_differs_decides() -> None:
    """A dtype or a name that changed is no matter of kinds."""
    full = bare_description(None, **{KEY: signature("x=a", "y=b|int64")})
    bare = bare_description("guessed", **{KEY: signature("x=a", "y=b")})
    found = [delta.name for delta in compare_contracts(full, bare) if delta.status in BAD]
    assert found == [f"{KEY}/outputs/y/dtype"]


# --- real models ------------------------------------------------------------------------

#: Model → what its refusal says.
REFUSED = {
    "v1_write": r"op WriteFile \(the node WriteFile\) writes a file",
    "v1_main": r"op WriteFile \(the node WriteFile\) writes a file",
    "v1_restore": r"op WriteFile \(the node WriteFile\) writes a file",
    "v1_initial": r"op WriteFile \(the node WriteFile\) writes a file",
    "v1_print": "op PrintV2 .* writes a file",
    "v1_python": "op PyFunc .* calls Python",
    "v1_read": "op ReadFile .* reads a file",
    "v1_asset": "op ReadFile .* reads a file",
    "v1_joined": "op ReadFile .* reads a file",
    "v1_matching": "op MatchingFiles .* lists files",
    "v1_debug": "op DebugIdentity .* sends what it sees to file://",
    "v2_write": r"op WriteFile \(the node WriteFile of the function \w+\) writes a file",
    "v2_nested": "op WriteFile .* writes a file",
    "v2_mapped": "op WriteFile .* writes a file",
    "v2_cached": "op CacheDatasetV2 .* writes a file",
    "v2_saved": "op SaveV2 .* writes a checkpoint",
    "v2_loaded": "op WriteFile .* writes a file",
    "v2_hidden": "op WriteFile .* writes a file",
    "act.pb": "op WriteFile .* writes a file",
    "act.ckpt": "op WriteFile .* writes a file",
    "lambda.keras": "Lambda 'sly' runs code of its own",
    "lambda.h5": "Lambda 'sly' runs code of its own",
    "nested.keras": "Lambda 'inner' runs code of its own",
    "custom.keras": "Mine 'own' is of the module .*, which is not Keras's",
    "module.keras": "system .* is of the module os, which is not Keras's",
    "gadget.keras": "get_file .* is of the module keras.src.utils.file_utils",
    "unsafe.keras": "is of the module keras.config, which is not Keras's",
    "function.keras": "is the function 'eval', which is not Keras's",
    "registered.keras": "is a custom object, registered as Evil>Dense",
    "vocabulary.keras": "StringLookup 'words' reads the file .*secret.txt",
    "operation.h5": "TFOpLambda 'op' calls tf.io.write_file",
    "node.h5": r"TensorFlowOpLayer 'op' writes a file \(WriteFile\)",
    "node_object.h5": r"TensorFlowOpLayer 'op' writes a file \(WriteFile\)",
}
#: Refused whether trusted or not.
DAMAGED = {
    "escape.keras": r"its member '\.\./escaped' leads out of the archive",
    "incomplete.keras": "is no Keras archive: .*metadata.json",
    "external.h5": "links to the file secret.txt",
    "outside.h5": "its array /away lies in another file",
    "bomb.h5": r"its arrays take \d{11} bytes, more than the memory limit",
    "v2_escaping": r"its asset '\.\./\.\./secret.txt' leads out of its folder",
    "cut.h5": "is a damaged HDF5 file",
    "short.keras": "is no Keras archive: it is damaged or cut off",
    "flipped.keras": r"is damaged: the checksum of its member 'model\.weights\.h5' is wrong",
}
#: They do nothing outside of themselves when they are run, or only read what is theirs.
HARMLESS = [
    *("v1_unreached", "v1_stderr", "v2_memory", "v2_asset", "v2_lines"),
    *("plain.keras", "plain2.keras", "plain2.h5", "arithmetic.h5", "compiled.keras"),
]
#: They leave a file when they are trusted: what the refusals prevent is real.
LEAVING = ["v1_write", "v1_main", "v1_restore", "v2_write", "v2_nested", "v2_mapped", "v2_cached"]
LEAVING += ["act.pb", "act.ckpt", "v2_loaded", "v2_hidden", "lambda.keras", "lambda.h5"]

MEMORY = 1 << 30


def kind_word(name: str) -> str:
    """Return the worker's word for a model of ``side_models``."""
    words = {".pb": "graphdef", ".ckpt": "metagraph", "": "savedmodel"}
    return words.get(Path(name).suffix, "keras")


def kind_of(path: Path) -> str:
    """Return the worker's word for what a path holds."""
    return find_side("before", path, None).kind.value


#: Stored side → the stored side that it is compared with, in TensorFlow 2 as both sides.
STORED_PAIRS = {
    "trained_export": ["trained/model.ckpt-3", "trained.pb", "trained.pbtxt", "trained_export"],
    "trained_signatures": ["trained/model.ckpt-3"],
    "dense_export": ["dense.h5"],
    "hub": ["hub"],
    "ragged": ["ragged"],
    "trained.pb": ["trained/model.ckpt-3"],
    "words.pb": ["words.pb"],
    "two.h5": ["two.h5"],
}


#: What Keras 3 exported → the files of the same model.
EXPORTED = {
    "plain_export": ["plain.keras", "plain2.keras", "plain2.h5"],
    "heads_export": ["heads.keras"],
}


def flat(name: str) -> str:
    """Return a name without slashes."""
    return name.replace("/", "-")


@pytest.fixture(scope="session")
def opened(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """All models of this file, opened and run by one process."""
    folder = tmp_path_factory.mktemp("sides")
    models = folder / "models"
    models.mkdir()
    requests = []
    roles = {"before": {}, "after": {"inputs": str(folder / "no-inputs.json")}}
    (folder / "no-inputs.json").write_text(json.dumps({"inputs": []}))
    np.savez(folder / "inputs.npz")
    for role, more in roles.items():
        for name in [*REFUSED, *DAMAGED, *HARMLESS]:
            kind = kind_word(name)
            out = folder / f"{role}-{name}"
            requests.append(request(kind, role, models / name, out, memory=MEMORY, **more))
    requests += stored_requests(folder)
    for name, files in EXPORTED.items():
        one = folder / f"before-{name}"
        requests.append(request("savedmodel", "before", models / name, one))
        for file in files:
            more = {"inputs": str(one / "inputs.json"), "peer": str(one / "described.json")}
            out = folder / f"exported-{name}-{file}"
            requests.append(request("keras", "after", models / file, out, **more))
    for name in LEAVING:
        kind = kind_word(name)
        out = folder / f"trusted-{name}"
        requests.append(request(kind, "before", models / name, out, trust=True))
    carry_out(tf2_python, folder, models, requests[: -len(LEAVING)], writers=["side_models"])
    assert sorted(os.listdir(models / "traces")) == []
    carry_out(tf2_python, folder, None, requests[-len(LEAVING) :])
    return Answers(folder)


def stored_requests(folder: Path) -> list[dict[str, Any]]:
    """Return requests for the stored pairs."""
    found = []
    for before, others in STORED_PAIRS.items():
        one = folder / f"stored-{flat(before)}"
        found.append(request(kind_of(SIDES / before), "before", SIDES / before, one))
        for after in others:
            two = folder / f"stored-{flat(before)}-{flat(after)}"
            more = {"inputs": str(one / "inputs.json"), "peer": str(one / "described.json")}
            found.append(request(kind_of(SIDES / after), "after", SIDES / after, two, **more))
    return found


@pytest.mark.tensorflow
@pytest.mark.parametrize("role", ["before", "after"])
@pytest.mark.parametrize("name", [*REFUSED, *DAMAGED])
def test_a_model_that_acts_outside_of_itself_is_refused(
    opened: Answers, name: str, role: str
) -> None:
    """By op and node, or by layer, and before anything of it is loaded or run."""
    answer = opened.read(f"{role}-{name}")
    assert answer["status"] == "cannot_open", answer
    text = {**REFUSED, **DAMAGED}[name]
    assert re.search(text, answer["error"]), answer["error"]
    assert ("--trust" in answer["advice"]) is (name in REFUSED)


@pytest.mark.tensorflow
@pytest.mark.parametrize("role", ["before", "after"])
@pytest.mark.parametrize("name", HARMLESS)
def test_a_model_that_only_reads_what_is_its_own_is_run(
    opened: Answers, name: str, role: str
) -> None:
    """Assets, what is kept in memory, what no signature reaches, a word on stderr."""
    answer = opened.read(f"{role}-{name}")
    assert answer["status"] == "ok", answer
    assert not answer.get("load_errors")
    if role == "before":
        assert [run for run in answer["runs"] if "error" not in run]


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", LEAVING)
def test_trust_runs_it(opened: Answers, name: str) -> None:
    """What a refusal prevents happens once the user says so."""
    assert opened.read(f"trusted-{name}")["status"] == "ok"
    trace = "lambda" if name.startswith("lambda") else name
    left = os.listdir(opened.models / "traces")
    assert any(file.startswith(trace) for file in left), left


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("before", "after"), [(b, after) for b, others in STORED_PAIRS.items() for after in others]
)
def test_sides_of_two_kinds_match(opened: Answers, before: str, after: str) -> None:
    """The artefacts of one TensorFlow 1 session agree, whatever each of them keeps."""
    one, two = f"stored-{flat(before)}", f"stored-{flat(before)}-{flat(after)}"
    frozen = tuple(Path(name).suffix in (".pb", ".pbtxt") for name in (before, after))
    found = opened.judge(one, two, frozen=frozen)
    assert (found.verdict, found.error) == (Verdict.MATCH, None), found
    assert any(delta.compared for delta in found.deltas)
    if not any(frozen) and before != "two.h5" and before != "ragged":
        assert found.variables


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("export", "file"), [(export, file) for export, files in EXPORTED.items() for file in files]
)
def test_an_export_of_keras_3_matches_its_file(opened: Answers, export: str, file: str) -> None:
    """It has one function under two keys: ``serving_default`` is compared, the other is noted."""
    found = opened.judge(f"before-{export}", f"exported-{export}-{file}")
    bad = [delta for delta in found.contract if delta.status in BAD]
    assert not bad
    names = {delta.name for delta in found.deltas}
    heads = 2 if export == "heads_export" else 1
    assert names == {f"{KEY}/output_{number}" for number in range(heads)}
    assert {str(delta.status) for delta in found.deltas} <= {"equal", "close"}
    noted = {delta.name for delta in found.contract if delta.status is CheckStatus.NOTE}
    assert "signatures/serve" in noted
    assert (found.verdict, found.error) == (Verdict.MATCH, None)


@pytest.mark.tensorflow
def test_ragged_and_sparse_tensors_are_compared_by_their_parts(opened: Answers) -> None:
    """Each part is an output of its own, and the inputs' parts fit together."""
    answer = opened.read("stored-ragged")
    names = set(answer["signatures"][KEY]["outputs"])
    assert names == {
        *("twice/values", "twice/row_splits_0", "sums"),
        *("sparse/indices", "sparse/values", "sparse/dense_shape"),
    }
    assert set(answer["signatures"][KEY]["inputs"]) == {"x", "x_1"}
    assert not [run for run in answer["runs"] if "error" in run and "batch 0" not in run["regime"]]


@pytest.mark.tensorflow
def test_a_hub_module_is_opened_without_tags(opened: Answers) -> None:
    """Its meta graph for training is not the one that is compared."""
    answer = opened.read("stored-hub")
    assert answer["tags"] == []
    assert answer["tag_sets"] == [[], ["train"]]
    assert set(answer["signatures"]) == {"default", "named"}


@pytest.mark.tensorflow
def test_trainable_flags(opened: Answers) -> None:
    """From the collections of TensorFlow 1 and from the object graph of TensorFlow 2."""
    flags = {
        entry["names"][0]: entry["trainable"]
        for entry in opened.read("stored-trained_export")["variables"]
    }
    assert flags["net/w"] is True
    assert flags["net/scale"] is False
    assert flags["net/w/Adam"] is False
    modern = opened.read("before-v2_asset")["variables"]
    assert [(entry["names"][-1], entry["trainable"]) for entry in modern] == [("w", True)]


@pytest.fixture(scope="session")
def legacy(opened: Answers, tf1_python: str, tf2_python: str) -> Answers:
    """The stored pairs with TensorFlow 1.15 as the before side."""
    folder = opened.folder / "legacy"
    folder.mkdir()
    requests = stored_requests(folder)
    carry_out(tf1_python, folder, None, [r for r in requests if r["role"] == "before"])
    carry_out(tf2_python, folder, None, [r for r in requests if r["role"] == "after"])
    return Answers(folder)


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize(
    ("before", "after"), [(b, after) for b, others in STORED_PAIRS.items() for after in others]
)
def test_sides_of_two_kinds_match_real_tensorflow_1(
    legacy: Answers, before: str, after: str
) -> None:
    """The before side is opened by TensorFlow 1.15 itself."""
    one, two = f"stored-{flat(before)}", f"stored-{flat(before)}-{flat(after)}"
    assert legacy.read(one)["tensorflow"].startswith("1.15")
    frozen = tuple(Path(name).suffix in (".pb", ".pbtxt") for name in (before, after))
    found = legacy.judge(one, two, frozen=frozen)
    assert (found.verdict, found.error) == (Verdict.MATCH, None), found


# --- through the front door -------------------------------------------------------------


@pytest.mark.tensorflow
def test_a_side_without_signatures_awaits_the_other(tf2_python: str) -> None:
    """A training checkpoint before, its export after: outputs and variables, side by side."""
    found = check(SIDES / "trained" / "model.ckpt-3", SIDES / "trained_export", cost=False)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert found.kinds == ("checkpoint with a meta graph", "SavedModel")
    assert {delta.name for delta in found.deltas} == {f"{KEY}/scores"}
    assert "net/w" in {delta.name for delta in found.variables}


@pytest.mark.tensorflow
def test_two_sides_without_signatures_agree_on_one(tf2_python: str) -> None:
    """The training graph would guess its loss; the frozen graph has the scores only."""
    found = check(SIDES / "trained" / "model.ckpt-3", SIDES / "trained.pb", cost=False)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert {delta.name for delta in found.deltas} == {f"{KEY}/scores"}


@pytest.mark.tensorflow
def test_a_peer_that_fails_leaves_nobody_waiting(tf2_python: str, tmp_path: Path) -> None:
    """The before side waits for a description that never comes; the after side is named."""
    shutil.copytree(SIDES / "trained_export", tmp_path / "m")
    (tmp_path / "m" / "saved_model.pb").write_bytes(b"\xff" * 100)
    start = time.monotonic()
    with pytest.raises(CannotOpen, match=r"The after side .*saved_model.pb does not parse"):
        check(SIDES / "trained.pb", tmp_path / "m", timeout=300)
    assert time.monotonic() - start < 100


@pytest.mark.tensorflow
def test_variables_of_a_checkpoint_in_a_saved_model(tf2_python: str) -> None:
    """Without a graph there are variables only, and the slots that training needs inform."""
    found = check(SIDES / "trained" / "values.ckpt", SIDES / "trained_export", cost=False)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert not found.deltas
    assert len(found.variables) == 10


#: A file that holds something else, and what its refusal says.
MISTAKEN = {
    "unfrozen.pb": "its outputs need variables .* freeze it",
    "dense_weights.h5": "it holds weights only and no model; give the file that model.save wrote",
    "two_heads.pb": r"which of its tensors is the input x .*--feed .*Placeholder:0, Placeholder_1",
    "meta.pb": "it is a meta graph, not a GraphDef; give the checkpoint prefix",
    "text.pb": "it is no GraphDef",
    "saved.pbtxt": "it is a SavedModel, not a GraphDef; give the directory",
    "cut.pb": "it is no GraphDef|a GraphDef without nodes",
}


@pytest.mark.tensorflow
def test_files_that_hold_something_else(tf2_python: str, tmp_path: Path) -> None:
    """Each is refused for what it is, in one sentence."""
    meta = (SIDES / "trained" / "model.ckpt-3.meta").read_bytes()
    made = {
        "meta.pb": meta,
        "text.pb": b"these are words\n",
        "saved.pbtxt": b'meta_graphs { graph_def { node { name: "x" op: "Placeholder" } } }',
        "cut.pb": (SIDES / "trained.pb").read_bytes()[:200],
    }
    requests = []
    peer = tmp_path / "described.json"
    description = {"signatures": {KEY: signature("x=lost", "y=gone")}}
    peer.write_text(json.dumps(description))
    for name in MISTAKEN:
        path = SIDES / name
        if name in made:
            path = tmp_path / name
            path.write_bytes(made[name])
        out = tmp_path / f"out-{name}"
        kind = "keras" if name.endswith(".h5") else "graphdef"
        requests.append(request(kind, "before", path, out, peer=str(peer)))
    carry_out(tf2_python, tmp_path, None, requests)
    for name, said in MISTAKEN.items():
        answer = json.loads((tmp_path / f"out-{name}" / "result.json").read_text())
        assert answer["status"] == "cannot_open", (name, answer)
        assert re.search(said, f"{answer['error']}; {answer['advice']}"), (name, answer)


@pytest.mark.tensorflow
def test_tensors_named_on_the_command_line(tf2_python: str) -> None:
    """--feed and --fetch say which tensor is which; a wrong one is refused with the candidates."""
    command = [sys.executable, "-m", "migrator", "check"]
    paths = [str(SIDES / "two_heads.pb")] * 2
    named = ["--feed", "a=Placeholder:0", "--feed", "b=Placeholder_1:0", "--fetch", "Identity:0"]
    done = subprocess.run([*command, *paths, *named], capture_output=True, text=True, check=False)
    assert (done.returncode, "MATCH" in done.stdout) == (0, True), done.stderr + done.stdout
    wrong = ["--fetch", "y=Nothing:0"]
    done = subprocess.run([*command, *paths, *wrong], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "it has no tensor 'Nothing:0', which --fetch names" in done.stderr
    assert "Identity_1:0" in done.stderr


# --- other interpreters -----------------------------------------------------------------


@pytest.mark.tensorflow
@pytest.mark.skipif("MIGRATOR_TF112_PYTHON" not in os.environ, reason="no TensorFlow 1.12 here")
def test_the_oldest_tensorflow_that_is_supported(tf2_python: str) -> None:
    """A Python 3.6 with TensorFlow 1.12 (named by MIGRATOR_TF112_PYTHON) is a before side."""
    python = os.environ["MIGRATOR_TF112_PYTHON"]
    for before, after in (
        ("trained_export", "trained_export"),
        ("trained/model.ckpt-3", "trained_export"),
        ("trained/values.ckpt", "trained/values.ckpt"),
        ("trained.pb", "trained.pbtxt"),
        ("hub", "hub"),
    ):
        found = check(SIDES / before, SIDES / after, before_python=python)
        assert (found.verdict, found.error) == (Verdict.MATCH, None), (before, found)
        assert "Python 3.6" in found.environments[0]
        assert "TensorFlow 1.12" in found.environments[0]
