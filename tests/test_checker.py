"""The checker: no two models match that differ, and none differ that match."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from migrator.checker import CannotOpen, check
from migrator.results import (
    CheckStatus,
    DeltaStatus,
    ModelCheck,
    Verdict,
    from_json,
    to_json,
)

np = pytest.importorskip("numpy")

from checker.harness import (  # noqa: E402
    KEY,
    STORED,
    Answers,
    carry_out,
    described,
    info,
    request,
    with_signature,
)

from migrator.checker import process  # noqa: E402
from migrator.checker.contract import BAD, compare_contracts  # noqa: E402

pytestmark = pytest.mark.usefixtures("warm")

ROOT = Path(__file__).resolve().parent.parent


# --- the contract -----------------------------------------------------------------------


CONTRACT_FAULTS = [
    (described(signatures={}), f"signatures/{KEY}", "missing"),
    (described(tags=["gpu"], tag_sets=[["gpu"]]), "tags", "changed"),
    (described(tag_sets=[["serve"], ["train"]]), "meta graphs/train", "extra"),
    (with_signature(method_name="tensorflow/serving/classify"), f"{KEY}/method_name", "changed"),
    (with_signature(inputs={}), f"{KEY}/inputs/x", "missing"),
    (with_signature(inputs={"x": info(), "z": info()}), f"{KEY}/inputs/z", "extra"),
    (with_signature(inputs={"x": info("float64")}), f"{KEY}/inputs/x/dtype", "changed"),
    (with_signature(inputs={"x": info(shape=[3, 4])}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(inputs={"x": info(shape=[None, 5])}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(inputs={"x": info(shape=[None])}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(inputs={"x": info(shape=None)}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(outputs={}), f"{KEY}/outputs/y", "missing"),
    (
        with_signature(outputs={"y": info(shape=[None, 3]), "z": info()}),
        f"{KEY}/outputs/z",
        "extra",
    ),
    (
        with_signature(outputs={"y": info("float64", [None, 3])}),
        f"{KEY}/outputs/y/dtype",
        "changed",
    ),
    (with_signature(outputs={"y": info("int64", [None, 3])}), f"{KEY}/outputs/y/dtype", "changed"),
    (with_signature(outputs={"y": info(shape=[None, 2])}), f"{KEY}/outputs/y/shape", "changed"),
    (with_signature(outputs={"y": info(shape=[None])}), f"{KEY}/outputs/y/shape", "changed"),
    (described(assets={}), "assets/words.txt", "missing"),
    (described(assets={"words.txt": "bb"}), "assets/words.txt", "changed"),
    (described(assets={"words.txt": ""}), "assets/words.txt", "missing"),
    (described(assets={"other.txt": "aa"}), "assets/words.txt", "missing"),
]


@pytest.mark.parametrize(("after", "name", "status"), CONTRACT_FAULTS)
def test_a_change_of_the_contract_decides(after: dict[str, Any], name: str, status: str) -> None:
    """Each single change is named once, with a status that decides."""
    found = [delta for delta in compare_contracts(described(), after) if delta.status in BAD]
    assert [(delta.name, str(delta.status)) for delta in found] == [(name, status)]


CONTRACT_NOTES = [
    (described(), described(renamed={KEY: {"x": "x_"}}), f"{KEY}/inputs/x/argument"),
    (
        described(),
        with_signature(outputs={"y": info(shape=[None, None])}),
        f"{KEY}/outputs/y/shape",
    ),
    (described(), with_signature(outputs={"y": info(shape=None)}), f"{KEY}/outputs/y/shape"),
    (described(), described(assets={"words.txt": "aa", "more.txt": "b"}), "assets/more.txt"),
    (with_signature(method_name=""), described(), f"{KEY}/method_name"),
]


@pytest.mark.parametrize(("before", "after", "name"), CONTRACT_NOTES)
def test_what_tensorflow_2_imposes_informs(
    before: dict[str, Any], after: dict[str, Any], name: str
) -> None:
    """A difference that no client can see is said and does not decide."""
    found = compare_contracts(before, after)
    assert not [delta for delta in found if delta.status in BAD]
    assert [delta.name for delta in found if delta.status is CheckStatus.NOTE] == [name]


def test_equal_contracts_list_what_was_looked_at() -> None:
    """An equal contract shows its facts, so that a reader sees what the verdict rests on."""
    found = compare_contracts(described(), described())
    assert {delta.status for delta in found} == {CheckStatus.SAME}
    names = {delta.name for delta in found}
    assert {"tags", f"{KEY}/inputs/x/dtype", f"{KEY}/outputs/y/shape", "assets/words.txt"} <= names


def test_naming_the_meta_graph_turns_tags_into_a_note() -> None:
    """TensorFlow 2 writes the tag ``serve`` only: the user says that one meta graph is meant."""
    before = described(tags=["gpu", "serve"], tag_sets=[["gpu", "serve"], ["train"]])
    assert {d.name for d in compare_contracts(before, described()) if d.status in BAD} == {
        "tags",
        "meta graphs/train",
    }
    chosen = compare_contracts(before, described(), tags_chosen=True)
    assert not [delta for delta in chosen if delta.status in BAD]


# --- real models ------------------------------------------------------------------------


#: After model → the stored model that it stands for.
FAULTY = [
    "lost_output",
    "extra_output",
    "renamed_output",
    "float64_output",
    "int_to_float",
    "int32_label",
    "other_rank",
    "fixed_batch",
    "wider_input",
    "input_dtype",
    "input_name",
    "other_bytes",
    "one_weight",
    "swapped",
    "emptied",
    "some_nan",
    "random",
    "other_words",
    "other_key",
    "extra_key",
    "constants",
    "method_name",
]
AFTER = {
    **dict.fromkeys(["right", "other_variable_name", *FAULTY], "classifier"),
    **{
        name: name.split("_")[0]
        for name in [
            "kinds",
            "kinds_nonan",
            "kinds_otherinf",
            "kinds_rounded",
            "kinds_trailingzero",
            "kinds_conjugate",
            "kinds_coarse",
            "lookup",
            "slash",
            "slash_pythonnames",
            "slash_swapped",
            "noise",
            "counter",
            "empty",
            "convolution",
            "examples",
            "images",
            "sparse",
            "partitioned",
            "normalized",
        ]
    },
    "two_graphs": "two_graphs",
    "keep_prob": "keep_prob",
    "sparse_parts": "sparse",
}
#: TensorFlow 2 models opened as both sides: before → after, and what the comparison finds.
BOTH = {
    ("right", "right"): Verdict.MATCH,
    ("sparse_parts", "sparse_parts"): Verdict.MATCH,
    ("sparse_unsized", "sparse_unsized"): Verdict.MATCH,
    ("keyword", "keyword"): Verdict.MATCH,
    ("divided", "divided_safely"): Verdict.MATCH,
    ("divided", "divided_wrongly"): Verdict.MISMATCH,
}
#: Stored models that are opened as an after side, too.
SAME = ["classifier", "classifier_resource", "sparse", "keep_prob", "no_signature", "normalized"]
CHECKPOINT_FAULTS = [
    "objects_missing",
    "objects_extra",
    "objects_swapped_slots",
    "objects_one_weight",
    "objects_renamed",
    "objects_dtype",
    "objects_shape",
]


def saved_models(folder: Path) -> list[str]:
    """Return the names of the SavedModels in a folder."""
    return sorted(path.parent.name for path in folder.glob("*/saved_model.pb"))


def requests_before(models: Path, folder: Path, prefix: str) -> list[dict[str, Any]]:
    """Return requests for all TensorFlow 1 models in a folder."""
    found = [
        request("savedmodel", "before", models / name, folder / f"{prefix}-{name}")
        for name in saved_models(models)
    ]
    for name, file in (("classifier", "model.ckpt-5"), ("averaged", "model.ckpt")):
        path = models / f"{name}_checkpoint" / file
        found.append(request("checkpoint", "before", path, folder / f"{prefix}-{name}_checkpoint"))
    return found


def requests_after(models: Path, folder: Path, prefix: str, names: Any) -> list[dict[str, Any]]:
    """Return requests for after models, each with the inputs of its before model."""
    return [
        request(
            "savedmodel",
            "after",
            models / name,
            folder / f"{prefix}-after-{name}",
            inputs=str(folder / f"{prefix}-{AFTER[name]}" / "inputs.json"),
        )
        for name in names
    ]


@pytest.fixture(scope="session")
def answers(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The stored TensorFlow 1 models and all TensorFlow 2 models, opened by one process."""
    folder = tmp_path_factory.mktemp("answers")
    models = folder / "models"
    requests = requests_before(STORED, folder, "stored")
    requests += requests_after(models, folder, "stored", AFTER)
    for name in ["objects", *CHECKPOINT_FAULTS]:
        path = models / name / "model.ckpt-5"
        requests.append(request("checkpoint", "after", path, folder / name))
    for name, file in (
        ("attributes", "model.ckpt-1"),
        ("averaged", "model.ckpt"),
        ("averaged_rounded", "model.ckpt"),
        ("no_elements", "model.ckpt"),
        ("no_variables", "model.ckpt"),
    ):
        requests.append(request("checkpoint", "after", models / name / file, folder / name))
    # a TensorFlow 1 model as after side; a TensorFlow 2 model as before side, and as its own after
    requests += [
        request(
            "savedmodel",
            "after",
            STORED / name,
            folder / f"same-{name}",
            inputs=str(folder / f"stored-{name}" / "inputs.json"),
        )
        for name in (
            "classifier",
            "classifier_resource",
            "sparse",
            "keep_prob",
            "no_signature",
            "normalized",
        )
    ]
    for name in dict.fromkeys(before for before, _ in BOTH):
        out = folder / f"before-{name}"
        requests.append(request("savedmodel", "before", models / name, out))
    for before, after in BOTH:
        out, inputs = folder / f"after-{after}", folder / f"before-{before}" / "inputs.json"
        requests.append(request("savedmodel", "after", models / after, out, inputs=str(inputs)))
    carry_out(tf2_python, folder, models, requests)
    return Answers(folder)


TRAPS = {
    "lost_output": ("serving_default/outputs/scores", "missing"),
    "extra_output": ("serving_default/outputs/more", "extra"),
    "renamed_output": ("serving_default/outputs/probabilities", "extra"),
    "float64_output": ("serving_default/scores", "dtype"),
    "int_to_float": ("serving_default/label", "dtype"),
    "int32_label": ("serving_default/label", "dtype"),
    "other_rank": ("serving_default/label", "shape"),
    "fixed_batch": ("serving_default/inputs/x/shape", "changed"),
    "wider_input": ("serving_default/inputs/x/shape", "changed"),
    "input_dtype": ("serving_default/inputs/x/dtype", "changed"),
    "input_name": ("serving_default/inputs/x", "missing"),
    "other_bytes": ("serving_default/word", "differs"),
    "one_weight": ("net/w", "differs"),
    "swapped": ("serving_default/logits", "differs"),
    "emptied": ("serving_default/scores", "shape"),
    "some_nan": ("serving_default/scores", "differs"),
    "random": ("serving_default/scores", "unstable"),
    "other_words": ("assets/classifier_words.txt", "changed"),
    "other_key": ("signatures/serving_default", "missing"),
    "extra_key": ("signatures/again", "extra"),
    "constants": ("net/b", "missing"),
    "method_name": ("serving_default/method_name", "changed"),
    "kinds_nonan": ("serving_default/root", "differs"),
    "kinds_otherinf": ("serving_default/inverse", "differs"),
    "kinds_rounded": ("serving_default/huge", "differs"),
    "kinds_trailingzero": ("serving_default/bytes", "differs"),
    "kinds_conjugate": ("serving_default/complex", "differs"),
    "kinds_coarse": ("serving_default/double", "differs"),
    "slash_pythonnames": ("serving_default/inputs/input/x", "missing"),
    "slash_swapped": ("serving_default/out/sum:0", "differs"),
    "noise": ("serving_default/noisy", "unstable"),
    "counter": ("serving_default/count", "unstable"),
    "two_graphs": ("meta graphs/train", "missing"),
}


def findings(found: Any) -> set[tuple[str, str]]:
    """Return (name, status) of everything that was found."""
    return {
        (delta.name, str(delta.status))
        for delta in (*found.contract, *found.variables, *found.deltas)
    }


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", TRAPS)
def test_no_trap_passes(answers: Answers, name: str) -> None:
    """Each model that is wrong in one respect is a MISMATCH, for that reason."""
    found = answers.judge(f"stored-{AFTER[name]}", f"stored-after-{name}")
    assert found.verdict is Verdict.MISMATCH
    assert TRAPS[name] in findings(found)


def test_every_faulty_model_is_a_trap() -> None:
    """No model that was made wrong is left out of the table."""
    assert set(FAULTY) <= set(TRAPS)


ALIKE = [
    "right",
    "other_variable_name",
    "kinds",
    "lookup",
    "slash",
    "convolution",
    "examples",
    "images",
    "sparse",
    "sparse_parts",
    "partitioned",
    "normalized",
]


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ALIKE)
def test_what_is_alike_matches(answers: Answers, name: str) -> None:
    """A right conversion matches: NaN, infinities, lookups, parsers, images, loops, partitions."""
    found = answers.judge(f"stored-{AFTER[name]}", f"stored-after-{name}")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    further = [run for run in found.inputs if re.search("wide|long|nan|infinite", run)]
    assert len(found.inputs) - len(further) == 6
    assert f"{KEY}: wide, batch 64" in further
    few = ("zeros", "empty")
    assert all(delta.compared for delta in found.deltas if not delta.regime.startswith(few))


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stored-classifier", "same-classifier"),
        ("stored-classifier_resource", "same-classifier_resource"),
        ("stored-sparse", "same-sparse"),
        *[(f"before-{old}", f"after-{new}") for old, new in BOTH if old == new],
    ],
)
def test_a_model_matches_itself(answers: Answers, before: str, after: str) -> None:
    """Whoever wrote it, with ref variables or resource variables, and whichever loader reads it."""
    found = answers.judge(before, after)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert {delta.status for delta in found.variables} <= {DeltaStatus.EQUAL}


@pytest.mark.tensorflow
@pytest.mark.parametrize(("before", "after"), BOTH)
def test_two_models_of_tensorflow_2(answers: Answers, before: str, after: str) -> None:
    """A keep probability of zero decides nothing; other values of it do."""
    found = answers.judge(f"before-{before}", f"after-{after}")
    assert found.verdict is BOTH[before, after]
    noted = {d.name for d in found.contract if "not comparable" in d.before}
    zeros = f"{KEY}/y/regimes/zeros, batch 1"
    assert (zeros in noted) == (before == "divided")


@pytest.mark.tensorflow
def test_an_input_called_by_a_keyword_is_noted(answers: Answers) -> None:
    """``in`` cannot be a parameter: tf.saved_model.load calls it ``arg_in``."""
    found = answers.judge("before-keyword", "after-keyword")
    notes = {d.name: d.after for d in found.contract if d.status is CheckStatus.NOTE}
    assert notes == {f"{KEY}/inputs/in/argument": "tf.saved_model.load calls it arg_in"}


@pytest.mark.tensorflow
def test_ref_and_resource_variables_under_other_op_names(answers: Answers) -> None:
    """The kind of variable and the names of ops are no part of what is compared; the asset is."""
    before = answers.read("stored-classifier")
    after = answers.read("same-classifier_resource")
    ops = [side["signatures"][KEY]["outputs"]["logits"]["tensor"] for side in (before, after)]
    assert ops[0] != ops[1]
    found = answers.judge("stored-classifier", "same-classifier_resource")
    wrong = {item for item in findings(found) if item[1] not in ("same", "equal", "close", "note")}
    assert wrong == {("assets/classifier_words.txt", "missing")}


@pytest.mark.tensorflow
def test_lost_training_variables_are_noted(answers: Answers) -> None:
    """Slots and the global step that no signature reads may go; each is named."""
    found = answers.judge("stored-classifier", "stored-after-right")
    noted = {delta.name for delta in found.contract if delta.status is CheckStatus.NOTE}
    slots = {f"variables/net/{v}/Adam{n}" for v in "wb" for n in ("", "_1")}
    assert noted == slots | {
        f"variables/{n}" for n in ("beta1_power", "beta2_power", "global_step")
    }
    assert [delta.name for delta in found.variables] == ["net/b", "net/w"]


@pytest.mark.tensorflow
def test_python_safe_input_names_are_noted(answers: Answers) -> None:
    """``input/x`` of the SignatureDef is called ``input_x`` by tf.saved_model.load."""
    found = answers.judge("stored-slash", "stored-after-slash")
    notes = {d.name: d.after for d in found.contract if d.status is CheckStatus.NOTE}
    assert notes == {
        f"{KEY}/inputs/input/x/argument": "tf.saved_model.load calls it input_x",
        f"{KEY}/inputs/1y/argument": "tf.saved_model.load calls it arg_1y",
    }


@pytest.mark.tensorflow
def test_an_output_that_is_always_empty(answers: Answers) -> None:
    """Equal but empty outputs are an ERROR that names them."""
    found = answers.judge("stored-empty", "stored-after-empty")
    assert found.verdict is Verdict.ERROR
    assert f"{KEY}/none has no elements" in found.error


@pytest.mark.tensorflow
def test_models_without_signatures(answers: Answers) -> None:
    """A model without a signature is not compared with itself."""
    found = answers.judge("stored-no_signature", "same-no_signature")
    assert found.verdict is Verdict.ERROR


@pytest.mark.tensorflow
def test_a_model_that_only_the_v1_loader_loads(answers: Answers) -> None:
    """It is opened as a before side, its unfed placeholder is named; as an after side it fails."""
    found = answers.judge("stored-keep_prob", "same-keep_prob")
    assert found.verdict is Verdict.ERROR
    assert "keep_prob:0" in found.error
    assert "UnliftableError" in found.error


@pytest.mark.tensorflow
def test_a_graph_that_tensorflow_2_refuses(answers: Answers) -> None:
    """A batch normalisation's gradient is mended to open a before side, never an after side."""
    before = answers.read("stored-normalized")
    assert before["tensorflow"].startswith("2.")
    assert before["status"] == "ok"
    after = answers.read("same-normalized")
    assert after["status"] == "cannot_open"
    assert "_output_shapes" in after["error"]


@pytest.mark.tensorflow
def test_a_meta_graph_chosen_by_tags(answers: Answers) -> None:
    """The other meta graph is lost knowingly then."""
    found = answers.judge("stored-two_graphs", "stored-after-two_graphs", tags_chosen=True)
    assert found.verdict is Verdict.MATCH


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stored-classifier_checkpoint", "objects"),
        ("stored-classifier_checkpoint", "attributes"),
        ("objects", "attributes"),
        ("attributes", "stored-classifier_checkpoint"),
        ("stored-averaged_checkpoint", "averaged"),
        ("objects", "objects"),
    ],
)
def test_name_based_and_object_based_checkpoints_match(
    answers: Answers, before: str, after: str
) -> None:
    """By the key in the root's dict or by full name, in either direction, without bookkeeping."""
    found = answers.judge(before, after)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    count = 3 if "averaged" in before else 9
    assert len(found.variables) == count
    assert {delta.status for delta in found.variables} == {DeltaStatus.EQUAL}
    assert all(delta.compared for delta in found.variables)


CHECKPOINT_TRAPS = {
    "objects_missing": ("net/b/Adam", "missing"),
    "objects_extra": ("more", "extra"),
    "objects_swapped_slots": ("net/w/Adam", "differs"),
    "objects_one_weight": ("net/w", "differs"),
    "objects_renamed": ("variables/net/b", "changed"),
    "objects_dtype": ("global_step", "dtype"),
    "objects_shape": ("net/w", "shape"),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", CHECKPOINT_FAULTS)
def test_no_checkpoint_trap_passes(answers: Answers, name: str) -> None:
    """Each checkpoint that is wrong in one respect is a MISMATCH, for that reason."""
    found = answers.judge("stored-classifier_checkpoint", name)
    assert found.verdict is Verdict.MISMATCH
    assert CHECKPOINT_TRAPS[name] in findings(found)


@pytest.mark.tensorflow
def test_a_step_that_was_rounded(answers: Answers) -> None:
    """2^62 + 1 is not 2^62, though both are the same float."""
    found = answers.judge("stored-averaged_checkpoint", "averaged_rounded")
    assert found.verdict is Verdict.MISMATCH
    assert ("global_step", "differs") in findings(found)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["no_elements", "no_variables"])
def test_checkpoints_of_nothing(answers: Answers, name: str) -> None:
    """A checkpoint without variables, or of empty ones, does not match itself."""
    assert answers.judge(name, name).verdict is Verdict.ERROR


@pytest.mark.tensorflow
def test_a_comparison_through_the_front_door(answers: Answers) -> None:
    """``check`` compares two paths, and its result survives JSON."""
    found = check(STORED / "classifier", answers.models / "right", name="classifier")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert found.match
    assert found.name == "classifier"
    assert found.tolerance == (1e-5, 1e-5)
    assert [text.split(":")[0] for text in found.environments] == ["before", "after"]
    assert all("TensorFlow 2." in text for text in found.environments)
    further = [run for run in found.inputs if re.search("wide|long|nan|infinite", run)]
    assert len(found.inputs) - len(further) == 6
    assert f"{KEY}: wide, batch 64" in further
    assert {delta.name for delta in found.deltas} == {
        f"{KEY}/{name}" for name in ("logits", "scores", "label", "word", "sure")
    }
    assert from_json(ModelCheck, json.loads(json.dumps(to_json(found), allow_nan=False))) == found


@pytest.mark.tensorflow
def test_given_inputs_and_tensors(answers: Answers) -> None:
    """keep_prob, which no signature lists, is fed by its name; x as it was given."""
    given = {"keep_prob:0": 1.0, KEY: {"x": np.ones((2, 4))}}
    found = check(STORED / "keep_prob", answers.models / "keep_prob", inputs=given)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert found.inputs == (f"{KEY}: given",)
    assert {delta.compared for delta in found.deltas} == {6}


@pytest.mark.tensorflow
def test_given_inputs_that_do_not_fit(answers: Answers) -> None:
    """A misspelled input is an ERROR that lists the right ones."""
    found = check(STORED / "keep_prob", answers.models / "keep_prob", inputs={"X": 1.0})
    assert found.verdict is Verdict.ERROR
    assert found.error == (
        "The inputs do not fit: no signature has an input 'X': the inputs are ['x']."
    )


@pytest.mark.tensorflow
@pytest.mark.usefixtures("cold")
def test_a_memory_limit_ends_in_an_error(answers: Answers) -> None:
    """A model that does not fit is an ERROR that speaks of the limit, and the check ends."""
    limit = 64 << 20  # less than TensorFlow holds already
    found = check(STORED / "classifier", answers.models / "right", memory=limit, timeout=120)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "does not fit into the memory limit" in found.error


def damaged(source: Path, target: Path, file: str, change: Any) -> Path:
    """Copy a model and change the bytes of one file."""
    import shutil

    shutil.copytree(source, target)
    path = target / file
    path.write_bytes(change(path.read_bytes()))
    return target


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("saved_model.pb", lambda data: b"not a protocol buffer", "saved_model.pb does not parse"),
        ("saved_model.pb", lambda data: b"", "holds no meta graph"),
        ("variables/variables.index", lambda data: data[:40], "variables cannot be read"),
        (
            "variables/variables.data-00000-of-00001",
            lambda data: bytes(len(data)),
            "cannot be read",
        ),
    ],
)
def test_a_damaged_model(
    tf2_python: str, tmp_path: Path, file: str, change: Any, message: str
) -> None:
    """The side cannot be opened; the sentence names the path, the damage and what to do."""
    path = damaged(STORED / "lookup", tmp_path / "model", file, change)
    with pytest.raises(CannotOpen) as caught:
        check(path, STORED / "lookup")
    text = str(caught.value)
    assert f"The before side {path} cannot be opened" in text
    assert message in text
    assert "--before-python" in text


@pytest.mark.tensorflow
def test_a_model_whose_variables_are_gone(tf2_python: str, tmp_path: Path) -> None:
    """A signature reads variables that are not there."""
    import shutil

    shutil.copytree(STORED / "lookup", tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "variables")
    with pytest.raises(CannotOpen, match="variables are missing"):
        check(STORED / "lookup", tmp_path / "model")


@pytest.mark.tensorflow
def test_tags_that_are_not_there(tf2_python: str) -> None:
    """The tags that are there are named."""
    with pytest.raises(CannotOpen, match=r"tags \['gpu'\], only with .*'serve'.*; choose the tags"):
        check(STORED / "two_graphs", STORED / "two_graphs", tags=["gpu"])


@pytest.fixture(scope="session")
def tf1_answers(answers: Answers, tf1_python: str, tf2_python: str) -> Answers:
    """Models that TensorFlow 1.15 wrote and ran just now, against those of TensorFlow 2."""
    folder = answers.folder
    fresh = folder / "fresh"
    fresh.mkdir()
    subprocess.run(
        [tf1_python, str(STORED / "write_models.py"), str(fresh)],
        env=process._environment(True),
        check=True,
        capture_output=True,
    )
    before = requests_before(fresh, folder, "fresh")
    # object-based files that TensorFlow 2 wrote, read by TensorFlow 1
    for name, file in (("objects", "model.ckpt-5"), ("attributes", "model.ckpt-1")):
        path = answers.models / name / file
        before.append(request("checkpoint", "before", path, folder / f"tf1-{name}"))
    carry_out(tf1_python, folder, None, before)
    carry_out(tf2_python, folder, None, requests_after(answers.models, folder, "fresh", AFTER))
    return answers


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", ALIKE)
def test_what_is_alike_matches_real_tensorflow_1(tf1_answers: Answers, name: str) -> None:
    """The before side is TensorFlow 1.15 itself, not the v1 loader of TensorFlow 2."""
    assert tf1_answers.read(f"fresh-{AFTER[name]}")["tensorflow"].startswith("1.15")
    found = tf1_answers.judge(f"fresh-{AFTER[name]}", f"fresh-after-{name}")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", TRAPS)
def test_no_trap_passes_real_tensorflow_1(tf1_answers: Answers, name: str) -> None:
    """The traps are seen against TensorFlow 1.15 as well."""
    found = tf1_answers.judge(f"fresh-{AFTER[name]}", f"fresh-after-{name}")
    assert found.verdict is Verdict.MISMATCH
    assert TRAPS[name] in findings(found)


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", ["tf1-objects", "tf1-attributes"])
def test_tensorflow_1_reads_object_based_checkpoints(tf1_answers: Answers, name: str) -> None:
    """The object graph is read by the interpreter of either side."""
    found = tf1_answers.judge(name, "stored-classifier_checkpoint")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_stored_models_are_those_that_tensorflow_1_writes(tf1_answers: Answers) -> None:
    """The models in the repository have the contract and the variables of fresh ones."""
    for name in saved_models(STORED):
        one, two = tf1_answers.read(f"stored-{name}"), tf1_answers.read(f"fresh-{name}")
        assert one["signatures"] == two["signatures"]
        assert [v["names"] for v in one["variables"]] == [v["names"] for v in two["variables"]]


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_a_real_tensorflow_1_through_the_front_door(answers: Answers, tf1_python: str) -> None:
    """The before side's interpreter is named, and the environments say what ran where."""
    found = check(STORED / "classifier", answers.models / "right", before_python=tf1_python)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert "TensorFlow 1.15" in found.environments[0]
    assert "TensorFlow 2." in found.environments[1]
    assert os.path.isabs(found.before)
