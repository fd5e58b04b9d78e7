"""Inputs that are hard to make, on real models of TensorFlow 1.15 and through TensorFlow 2."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from migrator.checker import check, process  # noqa: E402
from migrator.checker.arrays import Archive  # noqa: E402
from migrator.checker.inputs import input_fields  # noqa: E402
from migrator.checker.verdict import judge_saved_models  # noqa: E402
from migrator.results import CheckStatus, DeltaStatus, Verdict  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEY = "serving_default"
pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1, pytest.mark.usefixtures("warm")]

GENERATED = (
    "dropout",
    "dropout_rate",
    "classify",
    "sequence",
    "one_by_one",
    "raw",
    "lengths",
    "batch_size",
    "no_empty",
    "plain",
    "warmup",
    "warmup_many",
    "warmup_broken",
    "hidden_numbers",
    "hidden_text",
    "hidden_image",
    "hidden_default",
)
#: Models of which a second one, ``…_wrong``, differs in what few inputs show.
HIDDEN = {
    "hidden_numbers": (
        "column",
        "far",
        "id",
        "infinite",
        "large",
        "level",
        "long",
        "nan",
        "negative",
        "rows",
    ),
    "hidden_text": ("capitals", "cut", "digits", "known", "marks", "token", "word"),
    "hidden_image": ("mean", "ratio"),
    "hidden_default": ("feature", "line"),
}
#: Before model → after models that TensorFlow 2 wrote.
NATIVE = {"dropout": ("dropout_native", "dropout_wrong")}
NATIVE.update({name: (f"{name}_wrong",) for name in HIDDEN})

VALUES = {
    "x": np.arange(8, dtype=np.float32).reshape(2, 4),
    "n": np.array([2**62 + 1, -3]),
    "u": np.array([[1, 2], [3, 255]], np.uint8),
    "word": np.array([b"a\0b", b"caf\xc3\xa9"], dtype=object),
    "scale": np.float32(0.5),
}
TABLE = (
    "x[0],x[1],x[2],x[3],n,u[0],u[1],word,scale\r\n"
    '0,1,2,3,4611686018427387905,1,2,"a,b",0.5\r\n'
    "4,5,6,7,-3,3,255,café,0.5\r\n"
)


def wishes(folder: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return, by name, a model and what the user asks of its inputs."""
    models = folder / "models"
    table = folder / "table.csv"
    table.write_bytes(TABLE.encode())
    archive = folder / "values.npz"
    np.savez(archive, **{name: v for name, v in VALUES.items() if name != "word"})
    words = folder / "words.json"
    words.write_text(json.dumps({"word": ["a", {"b64": "AP8="}]}))
    request = folder / "request.json"
    request.write_text(json.dumps({"signature_name": "single", "instances": [[1, 2], [3, 4]]}))
    limits = {
        "ranges": {"x": (0, 255), "n": (10, 20), "scale": (1.0, 2.0)},
        "choices": {"word": ["cat", "dog"], "u": ["7", "9"]},
    }
    nothing = {"value": (0, 0), "steps": (0, 0)}
    features = {
        "ranges": {"age": (18, 99), "size": (0.5, 0.75), **nothing},
        "choices": {"tag": ["7"]},
    }
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "mapping": ("plain", {"inputs": VALUES}),
        "table": ("plain", {"inputs": table}),
        "files": ("plain", {"inputs": [archive, words, request]}),
        "limits": ("plain", limits),
        "features": ("classify", features),
        "keep": ("dropout", {"inputs": {"keep_prob": 0.5, "is_training": False}}),
        "narrow": ("dropout", {"ranges": {"keep_prob": (0.4, 0.6)}}),
        "given_warmup": ("warmup_many", {"inputs": {"scale": 3.0}}),
        "unknown": ("plain", {"ranges": {"colour": (0, 1)}}),
    }
    for file, model in {
        "examples.tfrecord": "classify",
        "examples.tfrecord.gz": "classify",
        "many.tfrecords": "classify",
        "columns.tfrecord": "plain",
        "uneven.tfrecord": "plain",
        "other.tfrecord": "plain",
        "none.tfrecord": "plain",
    }.items():
        found[file] = (model, {"inputs": models / file})
    return found


class Opened:
    """What the worker says of all models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"

    def answer(self, name: str, role: str = "before") -> dict[str, Any]:
        """Return one answer."""
        path = self.folder / f"{role}-{name}" / "result.json"
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def judge(self, before: str, after: str) -> Any:
        """Compare two answers."""
        one, two = self.answer(before), self.answer(after, "after")
        assert (one["status"], two["status"]) == ("ok", "ok"), (one.get("error"), two.get("error"))
        with (
            Archive(self.folder / f"before-{before}" / "arrays.npz") as old,
            Archive(self.folder / f"after-{after}" / "arrays.npz") as new,
        ):
            return judge_saved_models(one, two, (old, new))

    def regimes(self, name: str, key: str = KEY) -> list[str]:
        """Return the labels of what ran."""
        runs = self.answer(name)["runs"]
        return [r["regime"] for r in runs if r["signature"] == key and "error" not in r]

    def notes(self, name: str) -> dict[tuple[str, str], str]:
        """Return (signature, regime) to the reason why it did not run."""
        runs = self.answer(name)["runs"]
        return {(r["signature"], r["regime"]): r["error"] for r in runs if "error" in r}

    def inputs(self, name: str, key: str = KEY) -> dict[str, dict[str, Any]]:
        """Return regime to the arrays that a signature was run on."""
        folder = self.folder / f"before-{name}"
        made = json.loads((folder / "inputs.json").read_text(encoding="utf-8"))["inputs"]
        with Archive(folder / "inputs.npz") as arrays:
            return {
                item["regime"]: {n: arrays.tensor(e).array for n, e in item["inputs"].items()}
                for item in made
                if item["signature"] == key
            }


def request(role: str, path: Path, out: Path, **more: Any) -> dict[str, Any]:
    """Return a worker's request."""
    base = {"kind": "savedmodel", "role": role, "path": str(path), "out": str(out), "seed": 0}
    base.update(tags=None, memory=None, seconds=None, feeds=None, fetches=None, trust=False)
    return {**base, **more}


def carry_out(python: str, folder: Path, requests: list[Any]) -> None:
    """Write the models of one TensorFlow and answer many requests, in one process."""
    plan = folder / "plan.json"
    worker = str(ROOT / "migrator" / "worker")
    content = {"worker": worker, "write": str(folder / "models"), "requests": requests}
    plan.write_text(json.dumps(content))
    done = subprocess.run(
        [python, str(HERE / "input_models.py"), str(plan)],
        env=process._environment(True),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def opened(tf1_python: str, tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """All models, run by TensorFlow 1.15 and then, on the same inputs, by TensorFlow 2."""
    folder = tmp_path_factory.mktemp("inputs")
    models = folder / "models"
    models.mkdir()
    asked = wishes(folder)
    before = [request("before", models / name, folder / f"before-{name}") for name in GENERATED]
    for name, (model, options) in asked.items():
        made = folder / f"given-{name}"
        made.mkdir()
        arguments = [options.get(field) for field in ("inputs", "ranges", "choices")]
        # TensorFlow 1 writes the TFRecord files only now: the worker is told where they will be
        if str(arguments[0]).startswith(str(models)):
            (models / Path(str(arguments[0])).name).touch()
        fields = input_fields(*arguments, made)
        before.append(request("before", models / model, folder / f"before-{name}", **fields))
    carry_out(tf1_python, folder, before)
    pairs = {name: (name, name) for name in GENERATED}
    pairs |= {after: (old, after) for old, many in NATIVE.items() for after in many}
    pairs |= {name: (name, model) for name, (model, _) in asked.items()}
    after = [
        request(
            "after",
            models / model,
            folder / f"after-{name}",
            inputs=str(folder / f"before-{old}" / "inputs.json"),
        )
        for name, (old, model) in pairs.items()
        if (folder / f"before-{old}" / "inputs.json").exists()
    ]
    # the before side without a TensorFlow 1: the same inputs, made under another NumPy
    again = [request("before", models / n, folder / f"before-v2-{n}") for n in GENERATED]
    carry_out(tf2_python, folder, after + again)
    return Opened(folder)


MATCHING = [name for name in GENERATED if name != "dropout_rate"]
USERS = ["mapping", "table", "files", "limits", "features", "given_warmup"]
USERS += ["examples.tfrecord", "examples.tfrecord.gz", "many.tfrecords", "columns.tfrecord"]


@pytest.mark.parametrize("name", [*MATCHING, *USERS])
def test_tensorflow_1_and_2_agree(opened: Opened, name: str) -> None:
    """The generated and the given inputs run on both, and every output is compared."""
    assert opened.answer(name)["tensorflow"].startswith("1.15")
    found = opened.judge(name, name)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)


@pytest.mark.parametrize("name", GENERATED)
def test_both_interpreters_make_the_same_inputs(opened: Opened, name: str) -> None:
    """Another Python, NumPy, protobuf and TensorFlow: the same values, bit for bit."""
    assert opened.answer(f"v2-{name}")["tensorflow"].startswith("2.")
    for key in opened.answer(name)["signatures"]:
        one, two = opened.inputs(name, key), opened.inputs(f"v2-{name}", key)
        common = set(one) & set(two)
        assert len(common) >= 4
        assert {regime for regime in set(one) ^ set(two) if "empty" not in regime} == set()
        for regime in common:
            for input_name, value in one[regime].items():
                # as text, in which NaN is equal to NaN
                assert str(value.tolist()) == str(two[regime][input_name].tolist()), (key, regime)
                assert value.dtype == two[regime][input_name].dtype
    assert set(opened.notes(name)) == set(opened.notes(f"v2-{name}"))


# --- scalars ----------------------------------------------------------------------------


def test_a_dropout_model_with_a_keep_probability_matches(opened: Opened) -> None:
    """Its scalars are neutral where they would make it random, and the label says so."""
    found = opened.judge("dropout", "dropout_native")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    regimes = opened.regimes("dropout")
    assert "normal, batch 3, keep_prob=1" in regimes
    assert any("is_training=False" in regime for regime in regimes)
    assert not [delta for delta in found.deltas if delta.status is DeltaStatus.UNSTABLE]


def test_neutral_scalars_hide_no_difference(opened: Opened) -> None:
    """One weight that is 1e-3 off is seen in the regimes with neutral scalars."""
    found = opened.judge("dropout", "dropout_wrong")
    assert found.verdict is Verdict.MISMATCH
    assert any("keep_prob=1" in d.regime for d in found.deltas if d.status is DeltaStatus.DIFFERS)


@pytest.mark.parametrize("name", ["keep", "narrow"])
def test_a_keep_probability_that_the_user_wants_stays(opened: Opened, name: str) -> None:
    """A given value, or one in a given range, drops at random: UNSTABLE, never a match."""
    found = opened.judge(name, name)
    assert found.verdict is Verdict.MISMATCH
    assert DeltaStatus.UNSTABLE in {delta.status for delta in found.deltas}
    for feeds in opened.inputs(name).values():
        assert 0.4 <= feeds["keep_prob"] <= 0.6


def test_an_output_that_is_noise_stays_unstable(opened: Opened) -> None:
    """No scalar helps it; the rate beside it is set to 0 where that makes the other repeatable."""
    found = opened.judge("dropout_rate", "dropout_rate")
    assert found.verdict is Verdict.MISMATCH
    unstable = {d.name for d in found.deltas if d.status is DeltaStatus.UNSTABLE}
    assert unstable == {f"{KEY}/noise"}
    assert "ones, batch 3, rate=0" in opened.regimes("dropout_rate")


# --- generated inputs -------------------------------------------------------------------


def test_examples_hold_what_the_graph_parses(opened: Opened) -> None:
    """Every regime of a classify, a regress and a predict signature runs, the empty batch too."""
    for key in ("serving_default", "regression", "predict"):
        assert len(opened.regimes("classify", key)) == 7
    assert opened.notes("classify") == {}
    lengths = {len(item) for item in opened.inputs("classify")["edge, batch 3"]["inputs"]}
    assert len(lengths) > 1  # every other one lacks what may be absent


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("sequence", KEY),
        ("one_by_one", KEY),
        ("one_by_one", "path"),
        ("raw", KEY),
        ("raw", "number"),
    ],
)
def test_strings_hold_what_the_graph_reads(opened: Opened, name: str, key: str) -> None:
    """SequenceExamples, images, raw bytes and numbers: nothing but an empty batch is refused."""
    assert len([r for r in opened.regimes(name, key) if "empty" not in r]) >= 4
    assert opened.notes(name) == {}


def test_integers_go_to_the_ends_of_their_dtype_unless_they_become_sizes(opened: Opened) -> None:
    """``tf.sequence_mask`` and a loop's bound never see 2**31 - 1."""
    free = opened.inputs("lengths", "free")["edge, batch 3"]["free"]
    ends = np.iinfo(np.int32)
    assert {ends.min, ends.max} <= set(free.tolist())
    for key, name in (("mask", "n"), ("loop", "m")):
        assert opened.inputs("lengths", key)["edge, batch 3"][name].max() <= 127


def test_a_scalar_that_repeats_the_batch_size_is_found(opened: Opened) -> None:
    """The zero state of a recurrent network has as many rows as its input."""
    for feeds in opened.inputs("batch_size").values():
        assert feeds["batch_size"] == len(feeds["x"])


def test_an_empty_batch_is_run_where_the_model_takes_it(opened: Opened) -> None:
    """What refuses it is not spoken of; its mean of nothing is NaN on both sides."""
    assert opened.regimes("no_empty", "mean")[-1] == "empty, batch 0"
    assert "empty, batch 0" not in opened.regimes("no_empty", "first")
    assert opened.notes("no_empty") == {}
    assert opened.inputs("plain")["empty, batch 0"]["x"].shape == (0, 4)


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, keys in HIDDEN.items() for key in keys]
)
def test_inputs_show_what_few_inputs_show(opened: Opened, name: str, key: str) -> None:
    """Each difference that users' data would show is one that the generated inputs show."""
    found = opened.judge(name, f"{name}_wrong")
    shown = [delta for delta in found.deltas if delta.status is DeltaStatus.DIFFERS]
    assert f"{key}/y" in {delta.name for delta in shown}


@pytest.mark.parametrize("name", HIDDEN)
def test_further_inputs_find_nothing_where_nothing_is_wrong(opened: Opened, name: str) -> None:
    """The same model in two versions matches on them."""
    found = opened.judge(name, name)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert all("wide, batch" in " ".join(opened.regimes(name, key)) for key in HIDDEN[name])
    assert opened.notes(name) == {}


def test_ranges_and_choices_hold_in_every_regime(opened: Opened) -> None:
    """Numbers given as text become the input's dtype; an empty batch has nothing to limit."""
    made = opened.inputs("limits")
    assert len(made) == 7
    for feeds in made.values():
        assert ((feeds["x"] >= 0) & (feeds["x"] <= 255)).all()
        assert ((feeds["n"] >= 10) & (feeds["n"] <= 20)).all()
        assert 1 <= feeds["scale"] <= 2
        assert set(feeds["word"].ravel().tolist()) <= {b"cat", b"dog"}
        assert set(feeds["u"].ravel().tolist()) <= {7, 9}
        assert feeds["u"].dtype == np.uint8
    edges = next(feeds for regime, feeds in made.items() if regime.startswith("edge"))
    assert {0.0, 255.0} <= set(edges["x"].ravel().tolist())


def test_ranges_and_choices_reach_the_features_of_examples(opened: Opened) -> None:
    """What the model parsed of them lies in the range, in every regime."""
    folder = opened.folder / "before-features"
    with Archive(folder / "arrays.npz") as arrays:
        for run in opened.answer("features")["runs"]:
            if run["signature"] == "predict":
                # an age and two sizes; every other age of two regimes is the default, 7
                total = arrays.tensor(run["outputs"]["total"]).array
                least = 8.0 if run["regime"].startswith(("edge", "wide")) else 19.0
                assert ((total >= least) & (total <= 100.5)).all()
                tags = arrays.tensor(run["outputs"]["tags"]).array
                assert set(tags.ravel().tolist()) <= {b"7", b""}  # "" pads the shorter rows
                assert "empty" in run["regime"] or b"7" in tags.ravel().tolist()


def test_a_name_that_the_model_does_not_have_is_refused(opened: Opened) -> None:
    """The inputs that there are are listed."""
    answer = opened.answer("unknown")
    assert answer["status"] == "bad_input"
    assert "no input 'colour' to limit" in answer["error"]
    assert "'scale'" in answer["error"]


# --- given inputs -----------------------------------------------------------------------


def test_given_values_reach_the_model_as_they_are(opened: Opened) -> None:
    """A mapping is one regime; other signatures have generated inputs."""
    assert opened.regimes("mapping") == ["given"]
    feeds = opened.inputs("mapping")["given"]
    for name, value in VALUES.items():
        assert feeds[name].tolist() == value.tolist()
    assert "normal, batch 1" in opened.regimes("mapping", "single")


def test_a_table_reaches_the_model(opened: Opened) -> None:
    """Components, integers beyond a float's reach, quoted text and a scalar column."""
    assert opened.regimes("table") == ["table.csv"]
    feeds = opened.inputs("table")["table.csv"]
    assert feeds["x"].tolist() == VALUES["x"].tolist()
    assert feeds["n"].tolist() == [2**62 + 1, -3]
    assert feeds["word"].tolist() == [b"a,b", "café".encode()]
    assert (feeds["scale"].shape, float(feeds["scale"])) == ((), 0.5)


def test_every_file_is_a_regime(opened: Opened) -> None:
    """What a file leaves open is generated, with its batch size; each goes where it fits."""
    regimes = opened.regimes("files")
    assert {r.partition(",")[0] for r in regimes} == {"values.npz", "words.json"}
    assert "values.npz, normal, batch 2" in regimes
    assert opened.regimes("files", "single") == ["request.json"]
    made = opened.inputs("files")
    assert all(f["word"].tolist() == [b"a", b"\0\xff"] for r, f in made.items() if "words" in r)
    assert all(f["x"].shape == (2, 4) for f in made.values())
    single = opened.inputs("files", "single")["request.json"]["inputs"]
    assert single.tolist() == [[1, 2], [3, 4]]


def test_records_are_fed_as_they_are_to_what_parses_them(opened: Opened) -> None:
    """Compressed or not, whatever the head of the file looks like, and at most a thousand."""
    assert opened.regimes("examples.tfrecord") == ["examples.tfrecord"]
    assert opened.inputs("examples.tfrecord")["examples.tfrecord"]["inputs"].shape == (5,)
    name = "examples.tfrecord.gz"
    assert (opened.models / name).stat().st_size > 600_000
    assert opened.inputs(name)[name]["inputs"].shape == (400,)
    assert opened.regimes("many.tfrecords") == ["many.tfrecords, first 1000 records"]
    (many,) = opened.inputs("many.tfrecords").values()
    assert many["inputs"].shape == (1000,)


def test_features_of_records_are_inputs_by_name(opened: Opened) -> None:
    """Rows of several values, integers, strings, and a scalar that repeats."""
    feeds = opened.inputs("columns.tfrecord")["columns.tfrecord"]
    assert feeds["x"].tolist() == [[0.0] * 4, [1.0] * 4, [2.0] * 4]
    assert feeds["n"].tolist() == [0, 1, 2]
    assert feeds["u"].tolist() == [[0, 255], [1, 255], [2, 255]]
    assert feeds["word"].tolist() == [b"w0", b"w1", b"w2"]
    assert float(feeds["scale"]) == 2.0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("uneven.tfrecord", "the feature 'x' has 3 values in one record and 4 in another"),
        ("other.tfrecord", r"its records fit no signature: their features are \['colour'\]"),
        ("none.tfrecord", "holds no record"),
    ],
)
def test_records_that_fit_nothing_are_refused(opened: Opened, name: str, message: str) -> None:
    """The file is named."""
    answer = opened.answer(name)
    assert answer["status"] == "bad_input"
    assert answer["error"].startswith(str(opened.models / name))
    assert re.search(message, answer["error"])


# --- warm-up requests -------------------------------------------------------------------


def test_warm_up_requests_come_before_the_generated_regimes(opened: Opened) -> None:
    """Predict, streamed predict, classify, regress and multi-inference, each in its signature."""
    assert opened.regimes("warmup", "predict")[:4] == [
        "warm-up 1",
        "warm-up 9.1",
        "warm-up 9.2",
        "normal, batch 1",
    ]
    assert opened.regimes("warmup")[:3] == ["warm-up 2", "warm-up 4", "normal, batch 1"]
    assert opened.regimes("warmup", "regression")[:3] == [
        "warm-up 3",
        "warm-up 4",
        "normal, batch 1",
    ]


def test_warm_up_requests_hold_their_examples(opened: Opened) -> None:
    """The totals are those of the examples; a context is merged into every example."""
    totals: dict[tuple[str, str], list[float]] = {}
    with Archive(opened.folder / "before-warmup" / "arrays.npz") as arrays:
        for run in opened.answer("warmup")["runs"]:
            for name in ("total", "outputs"):
                if "error" not in run and name in run["outputs"]:
                    value = arrays.tensor(run["outputs"][name]).array
                    totals[run["signature"], run["regime"]] = value.tolist()
    assert totals["predict", "warm-up 1"] == [1.75, 6.5]
    assert totals["predict", "warm-up 9.1"] == [1.75]
    assert totals["regression", "warm-up 3"] == [43.0]
    assert totals["regression", "warm-up 4"] == [6.5]
    assert opened.inputs("warmup")["warm-up 2"]["inputs"].shape == (3,)


def test_warm_up_requests_that_cannot_be_run_are_noted(opened: Opened) -> None:
    """A session run, an unknown signature or input, a wrong dtype, and what is no message."""
    notes = opened.notes("warmup")
    assert notes.pop(("predict", "warm-up 7")) == "the input 'examples' takes string, not float32"
    assert {key for key, _ in notes} == {"assets.extra"}
    reasons = {regime: reason for (_, regime), reason in notes.items()}
    assert "session_run_log names tensors" in reasons["warm-up 5"]
    assert "'nowhere', which is not there" in reasons["warm-up 6"]
    assert "has no input 'other'" in reasons["warm-up 8"]
    assert "no predict, classify, regress" in reasons["warm-up 10"]
    assert set(reasons) == {f"warm-up {number}" for number in (5, 6, 8, 10, 11)}
    found = opened.judge("warmup", "warmup")
    noted = {d.name for d in found.contract if d.status is CheckStatus.NOTE}
    assert "assets.extra/regimes/warm-up 5" in noted


def test_no_more_than_twenty_warm_up_requests_are_run(opened: Opened) -> None:
    """The others are noted; a file that cannot be read is, too, and stops nothing."""
    regimes = opened.regimes("warmup_many", "single")
    assert len([regime for regime in regimes if regime.startswith("warm-up")]) == 20
    assert ("assets.extra", "warm-up 21 and on") in opened.notes("warmup_many")
    assert "cannot be read" in opened.notes("warmup_broken")["assets.extra", "warm-up 1"]
    assert "normal, batch 1" in opened.regimes("warmup_broken")


def test_a_given_input_goes_into_the_warm_up_requests_of_its_signature(opened: Opened) -> None:
    """A signature without that input is run as it would be."""
    assert len(opened.regimes("given_warmup", "single")) > 20
    assert {float(f["scale"]) for f in opened.inputs("given_warmup").values()} == {3.0}


# --- through the front door -------------------------------------------------------------


def test_a_process_that_an_empty_batch_ends_is_run_again(
    opened: Opened, tf1_python: str, tmp_path: Path
) -> None:
    """A kernel divides by a number that is -1 for an empty batch only: noted, and the rest matches.

    The kept run then gives its inputs again, and files with them.
    """
    model = opened.models / "crash"
    kept = tmp_path / "kept"
    found = check(model, model, before_python=tf1_python, save=kept, cost=False)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    (note,) = [d for d in found.contract if d.name == "regimes"]
    assert "SIGFPE, on an empty batch" in note.before
    assert len(found.inputs) == 5
    again = check(model, model, inputs=kept, cost=False)
    assert (again.verdict, again.inputs) == (Verdict.MATCH, found.inputs)
    table = tmp_path / "rows.csv"
    table.write_text("x.0,x.1,x.2,x.3\n1,2,3,4\n")
    again = check(model, model, inputs=[kept, table], cost=False)
    assert again.inputs == (*found.inputs, f"{KEY}: rows.csv")
    shutil.rmtree(kept)


def test_the_command_line_names_inputs_ranges_and_choices(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name is an ERROR that lists the right ones; a wrong file or text is wrong usage."""
    from migrator.cli import main

    model = str(opened.models / "plain")
    report = tmp_path / "report.json"
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("cat\ndog\n")
    arguments = ["check", model, model, "--report", str(report), "--range", "x=0:1"]
    assert main([*arguments, "--choices", f"word=@{vocabulary}", "--range", "n=3:3"]) == 0
    assert json.loads(report.read_text())["checks"][0]["verdict"] == "match"
    assert main(["check", model, model, "--range", "colour=0:1"]) == 1
    assert "no input 'colour' to limit" in " ".join(capsys.readouterr().out.split())
    for wrong, message in (
        (["--range", "x"], "write NAME=LOW:HIGH"),
        (["--choices", "word"], "write NAME=A,B,C"),
        (["--inputs", str(tmp_path / "none.npz")], "does not exist"),
    ):
        assert main(["check", model, model, *wrong]) == 2
        assert message in " ".join(capsys.readouterr().err.split())
