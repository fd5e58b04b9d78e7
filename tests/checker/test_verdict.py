"""Two workers' answers: no verdict is true of nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker.harness import (  # noqa: E402
    INF,
    KEY,
    NAN,
    Arrays,
    described,
    entry,
    info,
    ran,
    tensor,
    with_signature,
)

from migrator.checker.arrays import ArrayWriter  # noqa: E402
from migrator.checker.feeds import Feeds  # noqa: E402
from migrator.checker.verdict import judge_checkpoints, judge_saved_models  # noqa: E402
from migrator.results import CheckStatus, DeltaStatus, Verdict  # noqa: E402


def judged(
    old: Any, new: Any, *, runs_before: Any = None, runs_after: Any = None, **change: Any
) -> Any:
    """Judge two SavedModels with one output ``y``, whose values are ``old`` and ``new``."""
    before = described(runs=runs_before or [ran("normal", y="y")])
    after = described(runs=runs_after or [ran("normal", view, y="y") for view in ("v2", "v1")])
    after = {**after, **change}
    arrays: Any = (Arrays(y=old), Arrays(y=new, z=new))
    return judge_saved_models(before, after, arrays)


def test_equal_outputs_match() -> None:
    """The plain case: one signature, one output, two loaders."""
    found = judged(tensor([1.0]), tensor([1.0]))
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert [delta.status for delta in found.deltas] == [DeltaStatus.EQUAL]
    assert found.inputs == (f"{KEY}: normal",)


@pytest.mark.parametrize("view", ["v1", "v2"])
def test_both_loaders_have_to_agree(view: str) -> None:
    """A difference that only one of the loaders shows decides, and the loader is named."""
    runs = [ran("normal", v, y="z" if v == view else "y") for v in ("v2", "v1")]
    before = described(runs=[ran("normal", y="y")])
    after = described(runs=runs)
    arrays: Any = (Arrays(y=tensor([1.0])), Arrays(y=tensor([1.0]), z=tensor([2.0])))
    found = judge_saved_models(before, after, arrays)
    assert found.verdict is Verdict.MISMATCH
    (delta,) = found.deltas
    assert ("v1 loader" if view == "v1" else "tf.saved_model.load") in delta.note


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_unstable_output_never_matches(side: str) -> None:
    """Equal figures of an output that changes by itself are luck."""
    unstable = {"before": ((), ()), "after": ((), ())}
    unstable[side] = (("y",), ())
    found = judged(
        tensor([1.0]),
        tensor([1.0]),
        runs_before=[ran("normal", y="y", unstable=unstable["before"][0])],
        runs_after=[ran("normal", v, y="y", unstable=unstable["after"][0]) for v in ("v2", "v1")],
    )
    assert found.verdict is Verdict.MISMATCH
    assert found.deltas[0].status is DeltaStatus.UNSTABLE
    assert side in found.deltas[0].note


def test_an_output_without_elements_is_no_comparison() -> None:
    """Empty on both sides is nothing compared: an error, not a match."""
    found = judged(tensor([]), tensor([]))
    assert found.verdict is Verdict.ERROR
    assert f"{KEY}/y has no elements" in found.error


def test_one_regime_with_elements_is_enough() -> None:
    """A detector that finds nothing in zeros and something in noise is compared on the noise."""
    before = described(runs=[ran("zeros", y="y"), ran("normal", y="z")])
    views = ("v2", "v1")
    after = described(
        runs=[ran("zeros", v, y="y") for v in views] + [ran("normal", v, y="z") for v in views]
    )
    arrays: Any = (Arrays(y=tensor([]), z=tensor([1.0])),) * 2
    assert judge_saved_models(before, after, arrays).verdict is Verdict.MATCH


def test_no_signature_is_no_comparison() -> None:
    """Two models without signatures do not match."""
    before = described(signatures={}, runs=[])
    found = judge_saved_models(before, before, (Arrays(), Arrays()))  # type: ignore[arg-type]
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "no signature" in found.error


def test_a_signature_that_did_not_run_is_no_comparison() -> None:
    """What does not run before is said with its reason, and the regime is not listed as run."""
    failed = {"view": "v1", "signature": KEY, "regime": "normal", "error": "no kernel"}
    found = judged(tensor([1.0]), tensor([1.0]), runs_before=[failed], runs_after=[])
    assert found.verdict is Verdict.ERROR
    assert "does not run on the before side: no kernel" in found.error
    assert found.inputs == ()


def test_an_unfed_placeholder_is_explained() -> None:
    """The message says how to feed a placeholder that no signature lists."""
    reason = "You must feed a value for placeholder tensor 'keep_prob' with dtype float"
    failed = {"view": "v1", "signature": KEY, "regime": "normal", "error": reason}
    found = judged(tensor([1.0]), tensor([1.0]), runs_before=[failed], runs_after=[])
    assert "keep_prob:0" in found.error


def test_a_regime_that_does_not_run_before_is_not_counted() -> None:
    """It is noted, and the others decide."""
    failed = {"view": "v1", "signature": KEY, "regime": "edge, batch 3", "error": "out of range"}
    good = ran("normal", y="y")
    found = judged(tensor([1.0]), tensor([1.0]), runs_before=[good, failed])
    assert found.verdict is Verdict.MATCH
    assert found.inputs == (f"{KEY}: normal",)
    notes = [delta for delta in found.contract if delta.status is CheckStatus.NOTE]
    assert "out of range" in notes[0].before


def test_fewer_runs_after_never_match() -> None:
    """A run that is lost on the after side decides."""
    found = judged(tensor([1.0]), tensor([1.0]), runs_after=[ran("normal", "v2", y="y")])
    assert found.verdict is Verdict.MISMATCH


def test_a_failing_run_after_decides() -> None:
    """What ran before and fails after is a difference, with the reason."""
    failed = {"view": "v1", "signature": KEY, "regime": "normal", "error": "boom"}
    runs = [ran("normal", "v2", y="y"), failed]
    found = judged(tensor([1.0]), tensor([1.0]), runs_after=runs)
    assert found.verdict is Verdict.MISMATCH
    assert "v1 loader fails after: boom" in found.deltas[0].note


def test_a_loader_that_refuses_the_after_side_is_an_error() -> None:
    """Agreement through one loader is half a comparison."""
    found = judged(
        tensor([1.0]),
        tensor([1.0]),
        runs_after=[ran("normal", "v1", y="y")],
        views=["v1"],
        load_errors={"v2": "UnliftableError: a placeholder is not fed"},
    )
    assert found.verdict is Verdict.ERROR
    assert "tf.saved_model.load: UnliftableError" in found.error


@pytest.mark.parametrize("output", ["lost", "extra", "renamed"])
def test_outputs_that_only_one_side_returns_decide(output: str) -> None:
    """Whatever the SignatureDef says, the outputs that come back are compared name by name."""
    names = {"lost": {}, "extra": {"y": "y", "more": "y"}, "renamed": {"z": "y"}}[output]
    found = judged(
        tensor([1.0]),
        tensor([1.0]),
        runs_after=[ran("normal", view, **names) for view in ("v2", "v1")],
    )
    assert found.verdict is Verdict.MISMATCH
    statuses = {delta.status for delta in found.deltas}
    assert statuses & {DeltaStatus.MISSING, DeltaStatus.EXTRA}


@pytest.mark.parametrize(
    ("extreme", "old", "new", "verdict"),
    [
        (True, [INF], [NAN], Verdict.MATCH),
        (True, [NAN], [0.0], Verdict.MATCH),
        (True, [1.0], [NAN], Verdict.MISMATCH),
        (True, [1.0], [2.0], Verdict.MISMATCH),
        (True, [NAN], [[NAN]], Verdict.MISMATCH),
        (False, [INF], [NAN], Verdict.MISMATCH),
        (False, [NAN], [1.0], Verdict.MISMATCH),
    ],
)
def test_overflow_of_extreme_inputs_informs(
    extreme: bool, old: Any, new: Any, verdict: Verdict
) -> None:
    """Only for extreme inputs, and only where the before side is not finite, values inform."""
    views = ("v2", "v1")
    run = {**ran("zeros", y="y"), "extreme": extreme}
    before = described(runs=[ran("normal", y="good"), run])
    after = described(
        runs=[ran("normal", v, y="good") for v in views] + [ran("zeros", v, y="y") for v in views]
    )
    good = tensor([1.0])
    arrays: Any = (Arrays(good=good, y=tensor(old)), Arrays(good=good, y=tensor(new)))
    assert judge_saved_models(before, after, arrays).verdict is verdict


def test_extreme_inputs_that_overflow_are_no_comparison() -> None:
    """Where nothing but an overflowing regime of extreme inputs ran, nothing was compared."""
    runs = [ran("edge", view, y="y") for view in ("v2", "v1")]
    for values in ([INF], [NAN]):
        found = judged(
            tensor([INF]),
            tensor(values),
            runs_before=[{**ran("edge", y="y"), "extreme": True}],
            runs_after=runs,
        )
        assert found.verdict is Verdict.ERROR
        assert "nothing was compared" in found.error


@pytest.mark.parametrize(
    ("reachable", "verdict"),
    [(False, Verdict.MATCH), (True, Verdict.MISMATCH), (None, Verdict.MISMATCH)],
)
def test_a_lost_variable_of_a_saved_model(reachable: bool | None, verdict: Verdict) -> None:
    """It may be lost only if it is known that no signature reads it."""
    before = described(
        runs=[ran("normal", y="y")], variables=[entry("w/Adam", reachable=reachable)]
    )
    after = described(runs=[ran("normal", view, y="y") for view in ("v2", "v1")])
    arrays: Any = (Arrays(y=tensor([1.0])),) * 2
    assert judge_saved_models(before, after, arrays).verdict is verdict


# --- what is no evidence ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ([], [], Verdict.MATCH),
        ([NAN], [0.0], Verdict.MATCH),
        ([1.0], [2.0], Verdict.MATCH),
        ([], [[]], Verdict.MISMATCH),
        ([], [1.0], Verdict.MISMATCH),
    ],
)
def test_an_empty_batch_decides_by_shape_only(old: Any, new: Any, verdict: Verdict) -> None:
    """What a mean of nothing is depends on the version; how many values come back does not."""
    views = ("v2", "v1")
    empty = "empty, batch 0"
    before = described(runs=[ran("normal, batch 1", y="good"), ran(empty, y="y")])
    after = described(
        runs=[ran(r, v, y=k) for v in views for r, k in (("normal, batch 1", "good"), (empty, "y"))]
    )
    good = tensor([1.0])
    arrays: Any = (Arrays(good=good, y=tensor(old)), Arrays(good=good, y=tensor(new)))
    assert judge_saved_models(before, after, arrays).verdict is verdict


def test_an_empty_batch_alone_is_no_comparison() -> None:
    """A sum over no rows is 0 on both sides of any two models."""
    runs = [ran("empty, batch 0", view, y="y") for view in ("v2", "v1")]
    found = judged(tensor(0.0), tensor(0.0), runs_before=runs[1:], runs_after=runs)
    assert found.verdict is Verdict.ERROR
    assert "has no rows, on any input" in found.error


def test_ten_rows_are_no_empty_batch() -> None:
    """The number is read whole."""
    runs = [ran("normal, batch 05", view, y="y") for view in ("v2", "v1")]
    found = judged(tensor(0.0), tensor(0.0), runs_before=runs[1:], runs_after=runs)
    assert found.verdict is Verdict.MATCH


@pytest.mark.parametrize("after", [True, False])
def test_no_run_is_no_comparison(after: bool) -> None:
    """Zero runs are no evidence, on both sides or on the after side alone."""
    runs = [ran("normal", view, y="y") for view in ("v2", "v1")]
    found = judge_saved_models(
        described(runs=[] if after else [runs[1]]),
        described(runs=runs if after else []),
        (Arrays(y=tensor([1.0])),) * 2,  # type: ignore[arg-type]
    )
    assert found.verdict is (Verdict.ERROR if after else Verdict.MISMATCH)
    assert found.error if after else "was not run" in found.deltas[0].note


def test_no_loader_is_no_comparison() -> None:
    """A run that no loader of the after side answered compares nothing."""
    found = judged(tensor([1.0]), tensor([1.0]), views=[])
    assert found.verdict is Verdict.ERROR
    assert "was run on no input" in found.error


def parts(kind: str, **shapes: Any) -> dict[str, Any]:
    """Return a description whose output ``y`` is a sparse or ragged one."""
    outputs = {
        f"y/{part}": {
            **info("float32", shape),
            "composite": {"of": "y", "part": part, "type": kind},
        }
        for part, shape in shapes.items()
    }
    return with_signature(outputs=outputs)


@pytest.mark.parametrize(("values", "verdict"), [([1.0, 2.0], Verdict.MATCH), ([], Verdict.ERROR)])
def test_a_ragged_output_is_compared_by_its_values(values: Any, verdict: Verdict) -> None:
    """Row splits of empty rows have elements and are no evidence."""
    side = parts("ragged", values=[None], row_splits_0=[None])
    outputs = {"y/values": "v", "y/row_splits_0": "r"}
    before = {**side, "runs": [ran("normal", **outputs)]}
    after = {**side, "runs": [ran("normal", view, **outputs) for view in ("v2", "v1")]}
    splits = tensor([0, len(values)], "int64")
    arrays: Any = (Arrays(v=tensor(values), r=splits),) * 2
    found = judge_saved_models(before, after, arrays)
    assert found.verdict is verdict
    if verdict is Verdict.ERROR:
        assert found.error == (
            f"The output {KEY}/y has no elements on any input: nothing was compared."
        )


def test_a_part_that_differs_decides() -> None:
    """The same values in other rows are another ragged tensor."""
    side = parts("ragged", values=[None], row_splits_0=[None])
    outputs = {"y/values": "v", "y/row_splits_0": "r"}
    before = {**side, "runs": [ran("normal", **outputs)]}
    after = {**side, "runs": [ran("normal", view, **outputs) for view in ("v2", "v1")]}
    one, two = ([0, 1, 2], [0, 2, 2])
    arrays: Any = tuple(Arrays(v=tensor([1.0, 2.0]), r=tensor(s, "int64")) for s in (one, two))
    found = judge_saved_models(before, after, arrays)
    assert found.verdict is Verdict.MISMATCH
    assert [str(delta.status) for delta in found.deltas] == ["differs", "equal"]
    # the limits of the whole output are those of its parts
    limits = {"y": (1.0, 0.0)}
    assert judge_saved_models(before, after, arrays, tolerances=limits).verdict is Verdict.MATCH


# --- state ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ((), (), Verdict.MATCH),
        (("count",), (), Verdict.MISMATCH),
        ((), ("count",), Verdict.MISMATCH),
        (("count",), ("count",), Verdict.ERROR),
        (("count",), ("steps",), Verdict.ERROR),
    ],
)
def test_a_signature_that_changes_variables_never_matches(
    old: Any, new: Any, verdict: Verdict
) -> None:
    """One side that keeps a state is a difference; two cannot be told from one run."""
    before = [{**ran("normal", y="y"), "changed": list(old)}]
    after = [ran("normal", "v2", y="y"), {**ran("normal", "v1", y="y"), "changed": list(new)}]
    found = judged(tensor([1.0]), tensor([1.0]), runs_before=before, runs_after=after)
    assert found.verdict is verdict
    states = [delta for delta in found.contract if delta.name == f"{KEY}/state"]
    assert len(states) == bool(old or new)
    if verdict is Verdict.MISMATCH:
        assert {states[0].before, states[0].after} == {
            "changes the variable count",
            "changes no variable",
        }


# --- kinds ------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [0, 1])
def test_a_frozen_graph_has_constants_to_compare(side: int) -> None:
    """Its weights decide, whatever the outputs show; what they are is noted once."""
    models = [described(runs=[ran("normal", y="y")])]
    models.append(described(runs=[ran("normal", view, y="y") for view in ("v2", "v1")]))
    constants = [entry(name, variable=True) for name in ("w", "b")]
    models[side]["variables"], models[1 - side]["variables"] = constants, [entry("w"), entry("b")]
    frozen = (side == 0, side == 1)
    values = {"y": tensor([1.0]), "w": tensor([1.0, 2.0]), "b": tensor([3.0, 4.0])}
    arrays: Any = (Arrays(**values),) * 2
    found = judge_saved_models(models[0], models[1], arrays, frozen=frozen)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert [delta.name for delta in found.variables] == ["b", "w"]
    (note,) = (delta for delta in found.contract if delta.status is CheckStatus.NOTE)
    assert {note.before, note.after} == {"constants in the graph", "2 variables"}
    arrays = (Arrays(**values), Arrays(**{**values, "w": tensor([1.0, 2.1])}))
    found = judge_saved_models(models[0], models[1], arrays, frozen=frozen)
    assert found.verdict is Verdict.MISMATCH
    models[side]["variables"] = []
    found = judge_saved_models(models[0], models[1], arrays, frozen=frozen)
    assert found.verdict is Verdict.ERROR
    assert "b (float32 [2]), w (float32 [2])" in (found.error or "")


SMALL: list[Any] = [
    # (before, after) of every run, the verdict
    ([([1e-7, -1e-7], [1e-7, -1e-7])], Verdict.MATCH),
    ([([1e-7, -1e-7], [1.000001e-7, -1e-7])], Verdict.MATCH),
    ([([1e-7, -1e-7], [-1e-7, 1e-7])], Verdict.ERROR),
    ([([1e-7, -1e-7], [0.0, 0.0])], Verdict.ERROR),
    ([([0.0, 0.0], [1e-7, 0.0])], Verdict.ERROR),
    # one run with larger values tells the outputs apart, or shows that the rest is noise
    ([([1e-7, 0.0], [-1e-7, 0.0]), ([1.0, 2.0], [1.0, 2.0])], Verdict.MATCH),
    ([([1e-7, 0.0], [-1e-7, 0.0]), ([1.0, 2.0], [1.0, 2.1])], Verdict.MISMATCH),
    ([([1e-7, 0.0], [-1e-7, 0.0]), ([1e-7, 2e-7], [2e-7, 1e-7])], Verdict.ERROR),
    # of which one side alone has them is a difference
    ([([1e-7, 0.0], [1.0, 0.0])], Verdict.MISMATCH),
]


@pytest.mark.parametrize(("pairs", "verdict"), SMALL)
def test_outputs_smaller_than_their_tolerance(pairs: Any, verdict: Verdict) -> None:
    """A tolerance that anything of their size passes proves nothing, and refutes nothing."""
    names = [f"r{number}" for number in range(len(pairs))]
    before = described(runs=[ran(name, y=name) for name in names])
    after = described(runs=[ran(name, view, y=name) for name in names for view in ("v2", "v1")])
    sides = [
        Arrays(**{name: tensor(pair[side]) for name, pair in zip(names, pairs, strict=True)})
        for side in (0, 1)
    ]
    arrays: Any = tuple(sides)
    found = judge_saved_models(before, after, arrays)
    assert found.verdict is verdict
    assert ("--tolerance" in (found.error or "")) is (verdict is Verdict.ERROR)
    if verdict is Verdict.ERROR:
        meant = judge_saved_models(before, after, arrays, tolerances={"y": (1e-5, 1e-5)})
        assert (meant.verdict, meant.error) == (Verdict.MATCH, None)


@pytest.mark.parametrize(
    ("names_decide", "verdict"), [(False, Verdict.MATCH), (True, Verdict.MISMATCH)]
)
def test_names_decide_where_both_sides_are_restored(names_decide: bool, verdict: Verdict) -> None:
    """Of two checkpoints with a meta graph, outputs and every variable's name count."""
    w = tensor([1.0, 2.0])
    before = described(runs=[ran("normal", y="y")], variables=[entry("w")])
    after = described(
        runs=[ran("normal", view, y="y") for view in ("v2", "v1")], variables=[entry("v")]
    )
    arrays: Any = (Arrays(y=w, w=w), Arrays(y=w, v=w))
    assert judge_saved_models(before, after, arrays, names_decide=names_decide).verdict is verdict
    allowed = judge_saved_models(before, after, arrays, names_decide=names_decide, names={"w": "v"})
    assert allowed.verdict is Verdict.MATCH


TRAINING = ("w/Adam", "w/Adam_1", "w/ExponentialMovingAverage", "beta1_power", "global_step")


@pytest.mark.parametrize("superset", [True, False])
@pytest.mark.parametrize("name", [*TRAINING, "b"])
def test_what_training_left_in_a_checkpoint(superset: bool, name: str) -> None:
    """A checkpoint may hold more than the model that is served, but no more of the model."""
    shape = () if "/" not in name and name != "b" else (2,)
    values = {"w": tensor([1.0, 2.0]), name: tensor(0.5 if shape == () else [3.0, 4.0])}
    before = {"variables": [entry("w"), entry(name, shape=shape)]}
    found = judge_checkpoints(
        before,
        {"variables": [entry("w")]},
        (Arrays(**values), Arrays(**values)),  # type: ignore[arg-type]
        names_decide=False,
        superset=superset,
    )
    assert found.verdict is (Verdict.MATCH if superset and name != "b" else Verdict.MISMATCH)


def test_the_worst_value_is_shown_with_its_inputs(tmp_path: Path) -> None:
    """The row of an input whose rows are the output's, else the whole input, in short texts."""
    words = np.empty(3, object)
    words[:] = [b"a", b"b\0  c", b"x" * 500]
    with ArrayWriter(tmp_path / "inputs.npz") as writer:
        index = {
            "x": writer.put(np.arange(600.0).reshape(3, 200)),
            "words": writer.put(words),
            "keep": writer.put(np.float32(0.5)),
            "table": writer.put(np.zeros([7, 2])),
        }
    runs = [{"signature": KEY, "regime": "normal", "inputs": index}]
    (tmp_path / "inputs.json").write_text(json.dumps({"inputs": runs}))
    one, two = tensor([[1.0], [2.0], [3.0]]), tensor([[1.0], [2.5], [3.0]])
    before = described(runs=[ran("normal", y="y")])
    after = described(runs=[ran("normal", view, y="y") for view in ("v2", "v1")])
    arrays: Any = (Arrays(y=one), Arrays(y=two))
    with Feeds(tmp_path / "inputs.json") as feeds:
        (delta,) = judge_saved_models(before, after, arrays, feeds=feeds).deltas
    assert delta.worst_index == (1, 0)
    assert (delta.worst_before, delta.worst_after) == ("2.0", "2.5")
    assert delta.worst_inputs == (
        "keep = 0.5",
        "table = [[0., 0.], [0., 0.], [0., 0.], ..., [0., 0.], [0., 0.], [0., 0.]]",
        "words[1] = b'b\\x00  c'",
        "x[1] = [200., 201., 202., ..., 397., 398., 399.]",
    )
