"""Models and checkpoints that differ in one respect never match; those that do not always do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker.harness import KEY, Answers, carry_out, request  # noqa: E402

from migrator.checker import check  # noqa: E402
from migrator.results import (  # noqa: E402
    CheckStatus,
    DeltaStatus,
    ModelCheck,
    Verdict,
    from_json,
    to_json,
)

pytestmark = pytest.mark.usefixtures("warm")

WRITERS = ["trap_models", "optimizer_checkpoints", "frozen_models"]

#: Before → after → (what is found, its status); None is a match.
TRAPS: dict[str, dict[str, tuple[str, str] | None]] = {
    "pair": {
        "pair": None,
        "pair_reordered": None,
        "pair_swappedinputs": (f"{KEY}/left", "differs"),
        "pair_swappedoutputs": (f"{KEY}/right", "differs"),
    },
    "text": {
        "text": None,
        "text_padded": (f"{KEY}/s", "differs"),
        "text_numbers": (f"{KEY}/s", "dtype"),
    },
    "large": {"large": None, "large_rounded": ("step", "differs")},
    "dropout": {"dropout": None, "dropout_on": (f"{KEY}/y", "unstable")},
    "dropout_on": {"dropout": (f"{KEY}/y", "unstable"), "dropout_on": (f"{KEY}/y", "unstable")},
    "root": {"root": None, "root_mended": (f"{KEY}/y", "differs")},
    "narrow": {"narrow": None, "narrow_off": (f"{KEY}/h", "differs")},
    "layer": {
        "layer": None,
        "layer_renamed": None,
        "layer_nudged": ("dense/kernel", "differs"),
    },
    "counted": {"counted_not": (f"{KEY}/state", "changed")},
    "counted_not": {"counted": (f"{KEY}/state", "changed"), "counted_not": None},
    "untaken": {"untaken": None},
    "tabled_not": {
        "tabled_not": None,
        "tabled": (f"{KEY}/state", "changed"),
        "tabled_queue": (f"{KEY}/state", "changed"),
        "tabled_dense": (f"{KEY}/state", "changed"),
    },
    "tabled_looped": {"tabled_looped": None},
    "tabled": {"tabled_not": (f"{KEY}/state", "changed")},
    "ragged": {
        "ragged": None,
        "ragged_otherrows": (f"{KEY}/y/row_splits_0", "differs"),
        "ragged_less": (f"{KEY}/y/values", "shape"),
        "ragged_dense": None,
    },
    "sparse": {
        "sparse": None,
        "sparse_wider": (f"{KEY}/y/dense_shape", "differs"),
        "sparse_less": (f"{KEY}/y/values", "shape"),
        "sparse_dense": None,
        "sparse_denseless": (f"{KEY}/y/values", "shape"),
        "sparse_told": None,
        "sparse_toldless": (f"{KEY}/y/values", "shape"),
    },
}
#: Models that are the same on both sides and nothing to compare: after → what the error says.
VAIN = {
    "rowless": f"The output {KEY}/y has no elements on any input",
    "counted": f"The signature {KEY} changes the variable count when it runs",
    "tabled": r"changes the variable",
    "ragged_empty": f"The output {KEY}/y has no elements on any input",
    "sparse_empty": f"The output {KEY}/y has no elements on any input",
}
#: Written by TensorFlow 2 only.
MODERN = ("ragged", "ragged_empty", "tabled", "tabled_not", "tabled_looped")
PAIRS = [(before, after) for before, table in TRAPS.items() for after in table]
PAIRS += [(name, name) for name in VAIN]
CHECKPOINTS = [
    *(f"slots_names_{label}" for label in ("Adam", "Momentum", "Adagrad", "RMSProp")),
    "slots_names_Adam_uncounted",
    *("whole", "parts", "parts_exchanged", "renamed", "constant", "constant_renamed"),
    *("twins", "twins_renamed", "moments", "moments_zeroed", "format1", "format1_half"),
]
NOT_FOUND = "net/table (float32 [1000, 8]), net/w (float32 [8, 3])"
FORMS = ("tf1", "keras3", "keras2", "legacy")
FAULTS = {
    "Adam": ("_other", "_swapped", "_behind"),
    "Momentum": ("_other",),
    "Adagrad": ("_other",),
    "RMSProp": ("_other", "_swapped"),
}
OBJECTS = [
    f"slots_{form}_{label}{fault}"
    for form in FORMS
    for label, faults in FAULTS.items()
    for fault in ("", *faults)
]
#: Faults of the momentum of Keras' SGD, which has the learning rate in it.
RATES = [f"slots_{f}_Momentum_{fault}" for f in FORMS[1:] for fault in ("plain", "scheduled")]


def runs(models: Path, folder: Path, prefix: str) -> list[dict[str, Any]]:
    """Return requests for the models as before sides."""
    return [
        request("savedmodel", "before", models / name, folder / f"{prefix}-{name}")
        for name in dict.fromkeys([*TRAPS, *VAIN])
        if prefix == "two" or name not in MODERN
    ]


def answers_to(models: Path, folder: Path, prefix: str) -> list[dict[str, Any]]:
    """Return requests for after sides, on the inputs of the before sides called ``prefix``."""
    return [
        request(
            "savedmodel",
            "after",
            models / after,
            folder / f"{prefix}-{before}-{after}",
            inputs=str(folder / f"{prefix}-{before}" / "inputs.json"),
        )
        for before, after in PAIRS
        if prefix == "two" or before not in MODERN
    ]


@pytest.fixture(scope="session")
def traps(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """All models and checkpoints, written and opened by one process of TensorFlow 2."""
    folder = tmp_path_factory.mktemp("traps")
    models = folder / "models"
    models.mkdir()
    requests = runs(models, folder, "two") + answers_to(models, folder, "two")
    for name in (*CHECKPOINTS, *OBJECTS, *RATES):
        path = models / name / "model.ckpt"
        requests.append(request("checkpoint", "before", path, folder / name))
    requests += frozen(models, folder)
    carry_out(tf2_python, folder, models, requests, writers=WRITERS)
    return Answers(folder)


#: Models with weights that few inputs reach: before → after → what differs, or a doubt's words.
LOOKUPS: dict[str, dict[str, str]] = {
    "lookup": {"lookup.pb": "", "lookup_row.pb": "net/table", "lookup_folded.pb": NOT_FOUND},
    "lookup.pb": {
        "lookup": "",
        "lookup_unnamed": "",
        "lookup_row": "net/table",
        "lookup_unnamedrow": "net/table",
        "lookup.pb": "",
        "lookup_row.pb": "net/table",
        "lookup_folded.pb": NOT_FOUND,
    },
}
LOOKUP_PAIRS = [(before, after) for before, table in LOOKUPS.items() for after in table]
SMALL = ("small", "small_negated", "small_zero")


def frozen(models: Path, folder: Path) -> list[dict[str, Any]]:
    """Return requests for the models of ``frozen_models``."""

    def asked(name: str, role: str, out: str, **more: Any) -> dict[str, Any]:
        if name.endswith(".pb"):
            more.update(feeds={"ids": "ids:0"}, fetches={"y": "y:0"})
        kind = "graphdef" if name.endswith(".pb") else "savedmodel"
        return request(kind, role, models / name, folder / out, **more)

    pairs = [*LOOKUP_PAIRS, *(("small", name) for name in SMALL)]
    first = [asked(name, "before", f"two-{name}") for name in (*LOOKUPS, "small", "exported")]
    return first + [
        asked(
            after,
            "after",
            f"two-{before}-{after}",
            inputs=str(folder / f"two-{before}" / "inputs.json"),
        )
        for before, after in pairs
    ]


@pytest.fixture(scope="session")
def tf1_traps(traps: Answers, tf1_python: str, tf2_python: str) -> Answers:
    """The before sides written and run by TensorFlow 1.15, the after sides by TensorFlow 2."""
    models = traps.folder / "legacy"
    models.mkdir()
    before = runs(models, traps.folder, "one")
    carry_out(tf1_python, traps.folder, models, before, writers=["legacy_trap_models"])
    carry_out(tf2_python, traps.folder, None, answers_to(traps.models, traps.folder, "one"))
    return traps


def findings(found: Any) -> set[tuple[str, str]]:
    """Return (name, status) of everything that was found."""
    return {
        (delta.name, str(delta.status))
        for delta in (*found.contract, *found.variables, *found.deltas)
    }


def assert_judged(found: Any, before: str, after: str) -> None:
    """Hold a verdict against the tables."""
    if before == after and before in VAIN:
        assert found.verdict is Verdict.ERROR
        assert VAIN[before] in found.error
        return
    wrong = TRAPS[before][after]
    if wrong is None:
        assert (found.verdict, found.error) == (Verdict.MATCH, None), findings(found)
    else:
        assert found.verdict is Verdict.MISMATCH
        assert wrong in findings(found)


@pytest.mark.tensorflow
@pytest.mark.parametrize("after", ["ragged_dense", "sparse_dense", "sparse_told"])
def test_dense_parts_are_told_of(traps: Answers, after: str) -> None:
    """One sparse or ragged output that comes back in parts is compared, and noted once."""
    before = after.partition("_")[0]
    found = traps.judge(f"two-{before}", f"two-{before}-{after}")
    notes = [delta for delta in found.contract if delta.name.endswith("/encoding")]
    assert [(note.name, str(note.status)) for note in notes] == [
        (f"{KEY}/outputs/y/encoding", "note")
    ]
    assert notes[0].before == f"one {before} tensor"
    assert notes[0].after.endswith("dense tensors: its parts")


@pytest.mark.tensorflow
@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_models(traps: Answers, before: str, after: str) -> None:
    """A model matches itself and what is alike; whatever is wrong in one respect is named."""
    found = traps.judge(f"two-{before}", f"two-{before}-{after}")
    assert_judged(found, before, after)


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize(("before", "after"), [pair for pair in PAIRS if pair[0] not in MODERN])
def test_models_of_real_tensorflow_1(tf1_traps: Answers, before: str, after: str) -> None:
    """The same where TensorFlow 1.15 wrote and ran the before side, with ref variables."""
    assert tf1_traps.read(f"one-{before}")["tensorflow"].startswith("1.15")
    assert_judged(tf1_traps.judge(f"one-{before}", f"one-{before}-{after}"), before, after)


@pytest.mark.tensorflow
@pytest.mark.parametrize("lost", ["all", "one loader", "one regime", "both sides"])
def test_runs_that_are_lost(traps: Answers, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero runs, or fewer than before, never match, and zero on both sides compare nothing."""
    answers = {name: traps.read(name) for name in ("two-pair", "two-pair-pair")}
    runs = answers["two-pair-pair"]["runs"]
    kept = {
        "all": [],
        "one loader": [run for run in runs if run["view"] == "v1"],
        "one regime": [run for run in runs if run["regime"] != runs[0]["regime"]],
        "both sides": [],
    }[lost]
    assert len(kept) < len(runs)
    answers["two-pair-pair"]["runs"] = kept
    if lost == "both sides":
        answers["two-pair"]["runs"] = []
    monkeypatch.setattr(traps, "read", answers.__getitem__)
    found = traps.judge("two-pair", "two-pair-pair")
    assert found.verdict is (Verdict.ERROR if lost == "both sides" else Verdict.MISMATCH)


@pytest.mark.tensorflow
def test_the_front_door(traps: Answers) -> None:
    """``check`` takes tolerances, shows the worst values with their inputs, and survives JSON."""
    before, after = (traps.models / name for name in ("layer", "layer_nudged"))
    options: dict[str, Any] = {"bisect": False, "cost": False}
    found = check(before, after, tolerances={"dense/kernel": (0.01, 0.0)}, **options)
    assert found.verdict is Verdict.MISMATCH
    assert [str(delta.status) for delta in found.variables] == ["close"]
    wrong = [delta for delta in found.deltas if delta.status is DeltaStatus.DIFFERS]
    assert wrong
    for delta in wrong:
        assert delta.worst_inputs[0].startswith(f"x[{delta.worst_index[0]}] = [")
        assert sum(delta.histogram) == delta.compared
    assert from_json(ModelCheck, json.loads(json.dumps(to_json(found), allow_nan=False))) == found


@pytest.mark.tensorflow
def test_renamed_variables_through_the_front_door(traps: Answers) -> None:
    """``check`` takes the map of variables that were renamed on purpose."""
    before, after = (traps.models / name / "model.ckpt" for name in ("whole", "renamed"))
    names = {"w": "weights", "w/Adam": "weights/Adam"}
    assert check(before, after, names=names, cost=False).match


# --- checkpoints ------------------------------------------------------------------------


@pytest.mark.tensorflow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("label", FAULTS)
@pytest.mark.parametrize("backwards", [False, True])
def test_slots_of_optimizer_objects_match(
    traps: Answers, form: str, label: str, backwards: bool
) -> None:
    """TensorFlow 1's slot names meet the slots of every kind of optimizer object, by value."""
    names, objects = f"slots_names_{label}", f"slots_{form}_{label}"
    one, two = (objects, names) if backwards else (names, objects)
    found = traps.judge(one, two)
    assert (found.verdict, found.error) == (Verdict.MATCH, None), findings(found)
    wanted = {"Adam": 2, "RMSProp": 3}.get(label, 1) * 3 + 3 + 1 + 2 * (label == "Adam")
    assert len(found.variables) == wanted
    assert all(delta.compared for delta in found.variables)


@pytest.mark.tensorflow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("label", "fault"), [(k, f) for k, v in FAULTS.items() for f in v])
def test_no_wrong_slot_passes(traps: Answers, form: str, label: str, fault: str) -> None:
    """Exchanged slots of one variable, of two variables, or another number of steps differ."""
    found = traps.judge(f"slots_names_{label}", f"slots_{form}_{label}{fault}")
    assert found.verdict is Verdict.MISMATCH
    wrong = {delta.name for delta in found.variables if delta.status is DeltaStatus.DIFFERS}
    endings = _endings(label)
    expected = {
        "_other": {f"net/{v}/{label}{n}" for v in "wv" for n in endings},
        "_swapped": {f"net/{v}/{label}{n}" for v in "wvb" for n in (endings[0], endings[-1])},
        # TensorFlow 1's optimizer object has the powers themselves, Keras counts
        "_behind": {"beta1_power", "beta2_power"} | ({"global_step"} if form != "tf1" else set()),
    }
    assert wrong == expected[fault]


@pytest.mark.tensorflow
@pytest.mark.parametrize("objects", RATES)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_momentum_has_the_learning_rate_in_it(
    traps: Answers, objects: str, backwards: bool
) -> None:
    """SGD of Keras would train on wrongly with what TensorFlow 1's Momentum accumulated."""
    names = "slots_names_Momentum"
    one, two = (objects, names) if backwards else (names, objects)
    found = traps.judge(one, two)
    assert found.verdict is Verdict.MISMATCH
    wrong = [delta for delta in found.variables if delta.status is DeltaStatus.DIFFERS]
    assert len(wrong) == 3
    side = "before" if backwards else "after"
    note = {
        "plain": f"SGD {side} keeps -0.01 times it",
        "scheduled": f"SGD {side} has its learning rate in it, and holds no constant one",
    }[objects.rpartition("_")[2]]
    assert all(note in delta.note for delta in wrong)


def _endings(label: str) -> tuple[str, ...]:
    return {"Adam": ("", "_1"), "RMSProp": ("", "_1", "_2")}.get(label, ("",))


@pytest.mark.tensorflow
@pytest.mark.parametrize("label", FAULTS)
@pytest.mark.parametrize("one", FORMS)
@pytest.mark.parametrize("two", FORMS)
def test_slots_of_two_kinds_of_optimizer_objects(
    traps: Answers, label: str, one: str, two: str
) -> None:
    """Lists, slot variables and numbered variables of three Keras versions meet by meaning."""
    found = traps.judge(f"slots_{one}_{label}", f"slots_{two}_{label}")
    assert (found.verdict, found.error) == (Verdict.MATCH, None), findings(found)
    wrong = traps.judge(f"slots_{one}_{label}", f"slots_{two}_{label}_other")
    assert wrong.verdict is Verdict.MISMATCH


@pytest.mark.tensorflow
@pytest.mark.parametrize("form", ["keras3", "keras2", "legacy"])
def test_iterations_are_told_from_the_powers_alone(traps: Answers, form: str) -> None:
    """Without a global step, the powers of Adam count the steps that it made."""
    found = traps.judge("slots_names_Adam_uncounted", f"slots_{form}_Adam")
    assert found.verdict is Verdict.MATCH
    notes = {delta.name: delta.note for delta in found.variables}
    assert notes["beta2_power"] == "7 iterations after: 0.999 ** 8"
    found = traps.judge("slots_names_Adam_uncounted", f"slots_{form}_Adam_behind")
    assert found.verdict is Verdict.MISMATCH


@pytest.mark.tensorflow
def test_a_learning_rate_that_tensorflow_1_does_not_save_is_noted(traps: Answers) -> None:
    """It stands in the graph there, so it is no variable that was added."""
    found = traps.judge("slots_names_Adam", "slots_keras3_Adam")
    notes = {d.name: d.before for d in found.contract if d.status is CheckStatus.NOTE}
    assert notes == {"variables/adam/learning_rate": "absent: TensorFlow 1 keeps it in the graph"}


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("before", "after", "count"),
    [("whole", "parts", 3), ("parts", "whole", 3), ("parts", "parts", 5), ("whole", "format1", 3)],
)
def test_partitions_and_formats_match(traps: Answers, before: str, after: str, count: int) -> None:
    """Partitioned on either side, slots included, and in TensorFlow's V1 checkpoint format."""
    found = traps.judge(before, after)
    assert (found.verdict, found.error) == (Verdict.MATCH, None), findings(found)
    assert len(found.variables) == count
    assert {delta.status for delta in found.variables} == {DeltaStatus.EQUAL}


@pytest.mark.tensorflow
@pytest.mark.parametrize("backwards", [False, True])
def test_exchanged_partitions_differ(traps: Answers, backwards: bool) -> None:
    """The halves of a slot in the wrong order are the wrong slot."""
    sides = ("parts_exchanged", "whole") if backwards else ("whole", "parts_exchanged")
    found = traps.judge(*sides)
    assert found.verdict is Verdict.MISMATCH
    wrong = {delta.name for delta in found.variables if delta.status is not DeltaStatus.EQUAL}
    assert wrong == {"w/Adam"}


@pytest.mark.tensorflow
def test_a_v1_checkpoint_that_tensorflow_cannot_read(traps: Answers) -> None:
    """It is refused by name: TensorFlow's reader takes no half precision from that format."""
    answer = traps.read("format1_half")
    assert answer["status"] == "cannot_open"
    assert answer["error"].startswith(
        "its variable 'w', in TensorFlow's V1 checkpoint format, cannot be read: "
    )


@pytest.mark.tensorflow
def test_variables_renamed_in_a_checkpoint(traps: Answers) -> None:
    """They are recognised by their values, and decide until the user says that it is meant."""
    found = traps.judge("whole", "renamed")
    assert found.verdict is Verdict.MISMATCH
    said = {d.name: d.after for d in found.contract if d.status is CheckStatus.CHANGED}
    assert set(said) == {"variables/w", "variables/w/Adam"}
    assert said["variables/w"].startswith("called weights, by its values")
    assert {delta.status for delta in found.variables} == {DeltaStatus.EQUAL}
    found = traps.judge("whole", "renamed", names={"w": "weights", "w/Adam": "weights/Adam"})
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert found.variables[-1].note == "called weights/Adam after"


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_a_variable_renamed_in_a_saved_model_is_noted(tf1_traps: Answers) -> None:
    """No client of a signature sees it."""
    found = tf1_traps.judge("one-layer", "one-layer-layer_renamed")
    notes = {d.name: d.after for d in found.contract if d.status is CheckStatus.NOTE}
    assert notes == {"variables/dense/kernel": "called hidden/weights, by its values"}
    assert [delta.note for delta in found.variables] == [
        "called hidden/weights after, by its values"
    ]


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["constant", "twins"])
def test_values_that_prove_nothing_rename_nothing(traps: Answers, name: str) -> None:
    """Ones are ones wherever they are, and of two equal variables either could be meant."""
    found = traps.judge(name, f"{name}_renamed")
    assert found.verdict is Verdict.MISMATCH
    assert {str(delta.status) for delta in found.variables} == {"equal", "missing", "extra"}


@pytest.mark.tensorflow
def test_a_renamed_variable_that_is_not_there(traps: Answers) -> None:
    """A misspelled name is an ERROR that lists the right ones."""
    found = traps.judge("whole", "renamed", names={"W": "weights"})
    assert found.verdict is Verdict.ERROR
    assert found.error == (
        "The renamed variables do not fit: there is no variable W before, only b, w, w/Adam."
    )


@pytest.mark.tensorflow
@pytest.mark.parametrize(("before", "after"), LOOKUP_PAIRS)
def test_weights_that_no_input_reaches(traps: Answers, before: str, after: str) -> None:
    """A row of an embedding is compared, also where it became part of a constant."""
    wanted = LOOKUPS[before][after]
    sides = tuple(name.endswith(".pb") for name in (before, after))
    found = traps.judge(f"two-{before}", f"two-{before}-{after}", frozen=sides)
    wrong = {delta.name for delta in found.variables if delta.status is not DeltaStatus.EQUAL}
    if wanted == NOT_FOUND:
        assert found.verdict is Verdict.ERROR
        assert "not compared" in found.error
        assert all(sides) or NOT_FOUND in found.error
    elif wanted:
        assert found.verdict is Verdict.MISMATCH
        assert wrong == {wanted}
    else:
        assert (found.verdict, found.error, wrong) == (Verdict.MATCH, None, set())
        assert len(found.variables) == 2


@pytest.mark.tensorflow
@pytest.mark.parametrize("after", SMALL)
def test_an_output_smaller_than_its_tolerance(traps: Answers, after: str) -> None:
    """It decides by its own size, or by what the user says, and else nothing."""
    found = traps.judge("two-small", f"two-small-{after}")
    if after == "small":
        assert (found.verdict, found.error) == (Verdict.MATCH, None)
        return
    assert found.verdict is Verdict.ERROR
    assert f"(--tolerance {KEY}/y=ATOL:RTOL)" in found.error
    limits = {f"{KEY}/y": (1e-12, 1e-5)}
    told = traps.judge("two-small", f"two-small-{after}", tolerances=limits)
    assert told.verdict is Verdict.MISMATCH
    told = traps.judge("two-small", f"two-small-{after}", atol=1e-5)
    assert (told.verdict, told.error) == (Verdict.MATCH, None)


@pytest.mark.tensorflow
def test_small_slots_that_were_lost(traps: Answers) -> None:
    """Second moments are smaller than the tolerance of an output, and compared nevertheless."""
    found = traps.judge("moments", "moments")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    found = traps.judge("moments", "moments_zeroed")
    assert found.verdict is Verdict.MISMATCH
    wrong = {delta.name for delta in found.variables if delta.status is not DeltaStatus.EQUAL}
    assert wrong == {"w/Adam_1"}


@pytest.mark.tensorflow
def test_an_export_of_keras_lists_each_variable_once(traps: Answers) -> None:
    """Its archive tracks every variable as two objects, of one name and value."""
    entries = traps.read("two-exported")["variables"]
    assert [item["names"] for item in entries] == [
        ["scores/kernel", "variables/0"],
        ["scores/bias", "variables/1"],
    ]
    assert [item["reachable"] for item in entries] == [True, True]


@pytest.mark.tensorflow
def test_the_inputs_of_the_worst_value_are_shown(traps: Answers) -> None:
    """Of an input whose rows are the output's, the row that gave it."""
    found = traps.judge("two-layer", "two-layer-layer_nudged")
    for delta in found.deltas:
        if delta.status is DeltaStatus.DIFFERS:
            row = delta.worst_index[0]
            assert [text.split(" = ")[0] for text in delta.worst_inputs] == [f"x[{row}]"]
            assert all(len(text) <= 120 for text in delta.worst_inputs)
            assert delta.worst_before != delta.worst_after
            assert sum(delta.histogram) == delta.compared
            assert delta.tolerance == (1e-5, 1e-5)
    assert any(delta.status is DeltaStatus.DIFFERS for delta in found.deltas)


@pytest.mark.tensorflow
def test_a_tolerance_for_one_output_and_one_variable(traps: Answers) -> None:
    """What the user allows for both passes; for the output alone, the variable still differs."""
    allowed = {f"{KEY}/y": (0.1, 0.0), "dense/kernel": (0.01, 0.0)}
    found = traps.judge("two-layer", "two-layer-layer_nudged", tolerances=allowed)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert {delta.tolerance for delta in found.deltas if delta.compared} == {(0.1, 0.0)}
    found = traps.judge("two-layer", "two-layer-layer_nudged", tolerances={"y": (0.1, 0.0)})
    assert found.verdict is Verdict.MISMATCH
    assert ("dense/kernel", "differs") in findings(found)
    found = traps.judge("two-layer", "two-layer-layer_nudged", tolerances={"z": (0.1, 0.0)})
    assert found.verdict is Verdict.ERROR
    assert found.error == (
        "The tolerances do not fit: there is no output and no variable z, "
        "only dense/kernel, serving_default/y."
    )


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_narrow_outputs_have_their_own_tolerance(tf1_traps: Answers) -> None:
    """Half precision and bfloat16 of both versions agree within the limits of their dtypes."""
    found = tf1_traps.judge("one-narrow", "one-narrow-narrow")
    limits = {delta.name: delta.tolerance for delta in found.deltas if delta.compared}
    assert limits == {f"{KEY}/h": (5e-3, 5e-3), f"{KEY}/b": (2e-2, 2e-2)}
