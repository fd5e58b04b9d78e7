"""Writers and readers of a repository move together: places, names of tensors, kinds of reader.

The last tests run such a repository on 1.15.5 and, migrated, on 2.21.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_migration import ONE, SAVES, TF, Make, changed, make, message  # noqa: F401

from migrator import artefacts, cli
from migrator.exported import Signature
from migrator.migration import Migration, Options, migrate, migrate_text
from migrator.results import Finding, Outcome, Tier
from migrator.traffic import Model

ROOT = Path(__file__).resolve().parent.parent
SERVED = ROOT / "fixtures" / "models" / "out" / "digits" / "serving" / "1"


def texts(run: Migration) -> dict[str, str]:
    """Return the new text of each file that changes."""
    return {source.relative: text for source, text in run.changes}


def findings(run: Migration, path: str, code: str) -> list[Finding]:
    """Return the findings of ``path`` with ``code``."""
    return [
        f for file in run.report.files if file.path == path for f in file.findings if f.code == code
    ]


# -- readers by name that move --------------------------------------------------------------


@pytest.mark.parametrize(
    "reads",
    [
        "tf.train.NewCheckpointReader('x')",
        "tf.train.load_variable('x', 'w')",
        "tf.contrib.framework.list_variables('x')",
        "tf.train.init_from_checkpoint('x', {'a': 'b'})",
    ],
)
def test_a_reader_moves_with_the_saver_that_writes_for_it(make: Make, reads: str) -> None:  # noqa: F811
    """The reader becomes one of the bridge's in the same run, so that the Saver is rewritten."""
    run = migrate([make({"train.py": SAVES, "tools/read.py": f"{TF}{reads}\n"})], ONE)
    assert "tf2_bridge.Saver()" in texts(run)["train.py"]
    assert "tf2_bridge." in texts(run)["tools/read.py"]


@pytest.mark.parametrize(
    "holds",
    ["import tensorflow.keras\n", "tf.optimizers.Adam()\n"],
)
def test_a_reader_that_cannot_move_holds_the_saver(make: Make, holds: str) -> None:  # noqa: F811
    """What keeps the reader's file where it is keeps the Saver's format, and is named."""
    reader = f"{TF}{holds}tf.train.NewCheckpointReader('x')\n"
    run = migrate([make({"train.py": SAVES, "read.py": reader})], ONE)
    (saver,) = findings(run, "train.py", "TFM201")
    assert saver.outcome is Outcome.MANUAL
    assert "read.py:3 tf.train.NewCheckpointReader" in saver.message


def test_a_text_alone_moves_its_readers_too() -> None:
    """What stdin gives has no neighbours; its own reader goes with its Saver."""
    text = SAVES + "tf.train.NewCheckpointReader('x')\n"
    _, new = migrate_text(text, ONE)
    assert "tf2_bridge.Saver()" in new
    assert "tf2_bridge.NewCheckpointReader('x')" in new


def test_readers_alone_are_no_reason_to_move(make: Make) -> None:  # noqa: F811
    """What TensorFlow 2 reads as well stays where no Saver of the repository moves."""
    text = f"{TF}tf.train.load_variable('x', 'w')\n"
    assert changed(migrate([make({"read.py": text, "other.py": f"{TF}tf.Session()\n"})], ONE)) == []


def test_leaving_the_readers_rule_out_holds_savers(make: Make) -> None:  # noqa: F811
    """With --ignore for the rule that moves readers, Savers keep their format."""
    root = make({"train.py": SAVES, "read.py": f"{TF}tf.train.NewCheckpointReader('x')\n"})
    run = migrate([root], Options(jobs=1, tier="session", ignore=("TFM206",)))
    (saver,) = findings(run, "train.py", "TFM201")
    assert saver.outcome is Outcome.MANUAL


INSPECT = (
    TF + "from tensorflow.python.tools import inspect_checkpoint\n"
    "inspect_checkpoint.print_tensors_in_checkpoint_file({}, '', True)\n"
)


@pytest.mark.parametrize(
    ("reads", "held"), [("'x'", True), ("PATH", True), ("'bert/bert_model.ckpt'", False)]
)
def test_what_certainly_reads_another_place_holds_nothing(
    make: Make,  # noqa: F811
    reads: str,
    held: bool,
) -> None:
    """A reader that stays counts where it may open what the Saver writes."""
    run = migrate([make({"train.py": SAVES, "read.py": INSPECT.format(reads)})], ONE)
    (saver,) = findings(run, "train.py", "TFM201")
    assert saver.outcome is (Outcome.MANUAL if held else Outcome.REWRITTEN)


def test_what_looks_for_files_is_told_that_they_are_there(make: Make) -> None:  # noqa: F811
    """Names of files and steps in them are as before, which the Saver's finding says."""
    looks = TF + "import os\nos.path.exists('x.index')\nstep = int(ckpt.split('-')[-1])\n"
    run = migrate([make({"train.py": SAVES, "use.py": looks})], ONE)
    assert "use.py:3 `.index`, use.py:4 `step`" in message(run, "train.py")


# -- the graph of a checkpoint --------------------------------------------------------------

LIFTS = (
    TF + "w = tf.Variable([1.0], name='w')\nsaver = tf.train.Saver()\n"
    "with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n"
    "    saver.save(sess, 'm/ckpt')\n"
)


@pytest.mark.parametrize(
    ("reads", "tier"),
    [
        ("x = 1\n", Tier.NATIVE),
        ("import os\nos.path.isfile('m/ckpt.index')\n", Tier.NATIVE),
        ("tf.train.import_meta_graph('pretrained/inception.meta')\n", Tier.NATIVE),
        ("tf.train.import_meta_graph('m/ckpt.meta')\n", Tier.SESSION),
        ("tf.train.import_meta_graph(path)\n", Tier.SESSION),
        ("import glob\nglob.glob('m/*.meta')\n", Tier.SESSION),
    ],
)
def test_who_needs_meta_files_keeps_the_writer_in_sessions(
    make: Make,  # noqa: F811
    reads: str,
    tier: Tier,
) -> None:
    """A module writes no ``.meta``; only what may need that of this very place counts."""
    run = migrate([make({"train.py": LIFTS, "use.py": TF + reads})], Options(jobs=1))
    (program,) = [p for p in run.report.programs if "train.py" in p.files]
    assert program.tier is tier


# -- names of tensors -----------------------------------------------------------------------

CONFIG = "import os\nEXPORT = os.path.join('out', 'export')\n"
EXPORT = """\
import numpy as np
import tensorflow as tf
import config

x = tf.placeholder(tf.float32, [None, 3], name="x")
keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")
w = tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(3, 2) / 7)
hidden = tf.matmul(x, w, name="hidden")
y = tf.nn.softmax(hidden * keep_prob, name="y")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    builder = tf.saved_model.builder.SavedModelBuilder(config.EXPORT)
    signature = tf.saved_model.signature_def_utils.predict_signature_def({"image": x}, {"p": y})
    builder.add_meta_graph_and_variables(
        sess, [tf.saved_model.tag_constants.SERVING], signature_def_map={"predict": signature})
    builder.save()
"""
PREDICT = """\
import argparse
import numpy as np
import tensorflow as tf
from tensorflow.python.saved_model import loader, tag_constants

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="out/export")
args = parser.parse_args()
with tf.Session(graph=tf.Graph()) as sess:
    loader.load(sess, [tag_constants.SERVING], args.model)
    x = sess.graph.get_tensor_by_name("x:0")
    again = sess.graph.get_operation_by_name("y").outputs[0]
    out = sess.run(["y:0", again], {x: np.arange(6.0).reshape(2, 3)})
    print([[float(v) for v in row] for row in out[0] + out[1]])
"""
CLASS = """\
import numpy as np
import tensorflow as tf
import config

class Model(object):
    def __init__(self, path=config.EXPORT):
        self.sess = tf.Session(graph=tf.Graph())
        self.meta = tf.saved_model.loader.load(self.sess, ["serve"], path)
        self.x = self.sess.graph.get_tensor_by_name("x:0")

    def predict(self, batch):
        return self.sess.run("y:0", {self.x: batch})

print(Model().predict(np.ones((1, 3))).tolist())
"""
HIDDEN = """\
import tensorflow as tf

with tf.Session(graph=tf.Graph()) as sess:
    tf.saved_model.loader.load(sess, ["serve"], "out/export")
    print(sess.run("hidden:0", {"x:0": [[1.0, 2.0, 3.0]]}).tolist())
"""
PREDICTOR = """\
import tensorflow as tf
from tensorflow.contrib import predictor

predict = predictor.from_saved_model("out/export", signature_def_key="predict")
print(predict({"image": [[1.0, 2.0, 3.0]]})["p"].tolist())
print(sorted(predict.feed_tensors), predict.fetch_tensors["p"].name)
print(predict.session.run("y:0", {"x:0": [[1.0, 2.0, 3.0]]}).tolist())
"""
REPOSITORY = {
    "config.py": CONFIG,
    "export.py": EXPORT,
    "predict.py": PREDICT,
    "serving/model.py": CLASS,
    "serving/hidden.py": HIDDEN,
    "serving/predictor_client.py": PREDICTOR,
}
READERS = ("predict.py", "serving/model.py", "serving/predictor_client.py")


def test_names_come_from_the_signatures_that_the_repository_writes(make: Make) -> None:  # noqa: F811
    """The writer's directory, followed through another module and a flag, tells the names."""
    run = migrate([make(REPOSITORY)], ONE)
    new = texts(run)
    assert 'signature = meta_graph.signature_def["predict"]' in new["predict.py"]
    assert 'get_tensor_by_name(signature.inputs["image"].name)' in new["predict.py"]
    assert '"y:0"' not in new["predict.py"]
    assert 'signature = self.meta.signature_def["predict"]' in new["serving/model.py"]
    assert 'self.sess.run("y:0", {self.x: batch})' in new["serving/model.py"]
    kept = [f for f in findings(run, "serving/model.py", "TFM406") if f.outcome is Outcome.KEPT]
    assert ["the output `p` of the signature `predict`" in f.message for f in kept] == [True]
    (lost,) = [
        f for f in findings(run, "serving/hidden.py", "TFM406") if f.outcome is Outcome.MANUAL
    ]
    assert "`hidden:0` is in no signature of `export.py:12`" in lost.message
    assert "Add it to the inputs or outputs" in (lost.recipe or "")


def test_a_name_that_is_lost_is_not_lifted(make: Make) -> None:  # noqa: F811
    """In the native tier such a file stays in sessions, with the same finding."""
    run = migrate([make(REPOSITORY)], Options(jobs=1))
    assert "`hidden:0` is in no signature" in message(run, "serving/hidden.py")
    assert "tf.saved_model.loader.load" in texts(run)["serving/hidden.py"]


FETCH = (
    "import tensorflow as tf\nwith tf.Session(graph=tf.Graph()) as sess:\n"
    "    tf.saved_model.loader.load(sess, ['serve'], 'out/export')\n    {}\n"
)


@pytest.mark.parametrize("writes", ["get_variable('w', ", "Variable("])
@pytest.mark.parametrize(
    ("scope", "asks", "manual"),
    [
        ("", "sess.run('w:0')", True),
        ("", "sess.run([sess.graph.get_tensor_by_name('w:0')])", True),
        ("outer", "sess.run('outer/w:0')", True),
        ("outer", "sess.run('other/w:0')", False),
        ("", "sess.run('v:0')", False),
        ("", "sess.run(['probability:0'])", False),
    ],
)
def test_a_variable_of_the_writer_is_not_fetched_by_name(
    make: Make,  # noqa: F811
    writes: str,
    scope: str,
    asks: str,
    manual: bool,
) -> None:
    """Where the names of the signatures do not show, those of the writer's variables do."""
    initial = "initializer=1.0)" if writes.startswith("get") else "1.0, name='w')"
    made = f"w = tf.{writes}{initial}"
    if scope:
        made = f"with tf.variable_scope('{scope}'):\n    {made}"
    export = EXPORT.replace('name="y"', "name=NAME").replace(
        EXPORT[EXPORT.index("w = tf") : EXPORT.index("hidden =")], f"{made}\n"
    )
    files = {"config.py": CONFIG, "export.py": export, "use.py": FETCH.format(asks)}
    found = findings(migrate([make(files)], ONE), "use.py", "TFM406")
    assert [f.outcome for f in found] == [Outcome.MANUAL if manual else Outcome.KEPT]
    assert ("gives its handle" in found[0].message) is manual


def test_a_name_that_an_op_has_as_well_is_not_called_a_variable(make: Make) -> None:  # noqa: F811
    """In a scope, the name may be the op's."""
    export = EXPORT.replace('name="y"', "name=NAME") + "tf.identity(w, name='w')\n"
    files = {"config.py": CONFIG, "export.py": export, "use.py": FETCH.format("sess.run('w:0')")}
    (found,) = findings(migrate([make(files)], ONE), "use.py", "TFM406")
    assert found.outcome is Outcome.KEPT


PREDICTS = (
    "import tensorflow as tf\np = tf.contrib.predictor.from_saved_model('out/export'{})\n{}\n"
)


@pytest.mark.parametrize(
    ("given", "then", "said"),
    [
        (", output_names={'h': 'hidden:0'}", "", "`hidden:0` is in no signature of `export.py:12`"),
        (", None, None, {'h': 'hidden:0'}", "", "`hidden:0` is in no signature"),
        (", output_names={'h': 'w:0'}", "", "`w:0` is a variable"),
        (", output_names={'h': 'y:0'}, input_names={'a': 'x:0'}", "", None),
        ("", "p.graph.get_collection('variables')", "`get_collection` asks"),
        ("", "p.session.graph.get_operations()", "`get_operations` asks"),
        ("", "p.graph.get_tensor_by_name('hidden:0')", "`hidden:0` is in no signature"),
        ("", "p.session.run('hidden:0')", "`hidden:0` is in no signature"),
        ("", "p.graph.get_tensor_by_name('y:0')", None),
        ("", "tf.get_default_graph().get_operations()", None),
    ],
)
def test_what_a_predictor_of_a_migrated_export_does_not_find(
    make: Make,  # noqa: F811
    given: str,
    then: str,
    said: str | None,
) -> None:
    """The call moves all the same; what its graph has lost is MANUAL, and nothing else is."""
    root = make(REPOSITORY | {"use.py": PREDICTS.format(given, then)})
    run = migrate([root], ONE)
    assert "tf2_bridge.predictor('out/export'" in texts(run)["use.py"]
    found = [*findings(run, "use.py", "TFM403"), *findings(run, "use.py", "TFM406")]
    manual = [f for f in found if f.outcome is Outcome.MANUAL]
    assert [said in f.message for f in manual if said] == ([True] if said else [])
    assert bool(manual) is bool(said)


def test_a_predictor_that_an_object_keeps_is_known_by_its_attribute(make: Make) -> None:  # noqa: F811
    """What another object reads of it is the same predictor; one of elsewhere says nothing."""
    text = (
        "import tensorflow as tf\n\nclass Serve:\n    def __init__(self):\n"
        "        self.fn = tf.contrib.predictor.from_saved_model({})\n\n"
        "print(Serve().fn.graph.get_collection('variables'))\n"
    )
    files = {"use.py": text.format("'out/export'"), "far.py": text.format("'elsewhere/export'")}
    run = migrate([make(REPOSITORY | files)], ONE)
    outcomes = {
        path: {f.outcome for f in findings(run, path, "TFM403")} for path in ("use.py", "far.py")
    }
    assert outcomes["use.py"] == {Outcome.REWRITTEN, Outcome.MANUAL}
    assert outcomes["far.py"] == {Outcome.REWRITTEN}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("export.py", EXPORT.replace('name="y"', "name=NAME")),
        ("export.py", EXPORT.replace("config.EXPORT", "make_path()")),
        ("export.py", EXPORT + "# Python 2\nprint 'x'\n"),
        ("export.py", EXPORT + "tf.optimizers.Adam()\n"),
        ("export.py", EXPORT.replace("builder.save()", "builder.save()  # migrator: keep")),
    ],
)
def test_what_is_not_certain_is_not_said(make: Make, path: str, text: str) -> None:  # noqa: F811
    """An unknown name, another place, a writer that stays: nothing is called lost."""
    run = migrate([make(REPOSITORY | {path: text})], ONE)
    assert not [
        f for f in findings(run, "serving/hidden.py", "TFM406") if f.outcome is Outcome.MANUAL
    ]


def test_a_model_tells_the_names_of_what_comes_from_elsewhere(make: Make) -> None:  # noqa: F811
    """With a SavedModel that is there, a loader alone gets its names, and none is called lost."""
    known = Model("out/export", (Signature("k", (("in", "x:0"),), (("out", "y:0"),)),))
    root = make({"predict.py": PREDICT, "hidden.py": HIDDEN})
    assert "signature_def" not in texts(migrate([root], ONE))["predict.py"]
    run = migrate([root], Options(jobs=1, tier="session", models=(known,)))
    assert 'signature.inputs["in"].name' in texts(run)["predict.py"]
    assert {f.outcome for f in findings(run, "hidden.py", "TFM406")} == {Outcome.REWRITTEN}


NAMED = (
    TF + "x = tf.placeholder(tf.float32, [None, 3], name='x')\n"
    "w = tf.Variable([[1.0], [2.0], [3.0]], name='w')\ny = tf.matmul(x, w, name='y')\n"
    "with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n"
    "    tf.saved_model.simple_save(sess, 'out/e', {'x': x}, {'y': y})\n"
)
ASKS = (
    TF + "with tf.Session() as sess:\n"
    "    tf.saved_model.loader.load(sess, ['serve'], {})\n    print(sess.run('y:0'))\n"
)


@pytest.mark.parametrize(
    ("reader", "place", "form"),
    [
        ("near.py", "'out/e'", "tf2_bridge.GraphModule"),
        ("near.py", "path", "tf2_bridge.GraphModule"),
        ("near.py", "'another/e'", "tf.Module"),
        ("far/near.py", "'out/e'", "tf2_bridge.GraphModule"),
        ("far/near.py", "path", "tf.Module"),
    ],
)
def test_who_asks_for_names_of_this_export_gets_them(
    make: Make,  # noqa: F811
    reader: str,
    place: str,
    form: str,
) -> None:
    """A lifted export keeps its tensors' names for what may load it, not for what cannot."""
    root = make({"one/export.py" if "/" in reader else "export.py": NAMED,
                 reader: ASKS.format(place)})  # fmt: skip
    run = migrate([root], Options(jobs=1))
    (text,) = [text for path, text in texts(run).items() if path.endswith("export.py")]
    assert f"({form}):" in text


# -- SavedModels that are there -------------------------------------------------------------


@pytest.mark.tensorflow
def test_signatures_of_an_artefact_are_read(tf2_python: str, tmp_path: Path) -> None:
    """A process with TensorFlow reads them; several models take one, and bad ones are named."""
    copy = tmp_path / "copy"
    shutil.copytree(SERVED, copy)
    one, two = artefacts.read_models([str(SERVED), str(copy)])
    assert one.path == str(SERVED)
    assert one.signatures == two.signatures
    by_key = {signature.key: signature for signature in one.signatures}
    assert by_key["predict_images"].inputs == (("images", "images:0"),)
    assert dict(by_key["predict_images"].outputs)["probabilities"] == "probabilities:0"
    (copy / "saved_model.pb").write_bytes(b"no protocol buffer")
    with pytest.raises(artefacts.CannotRead, match=r"copy: its saved_model\.pb does not parse"):
        artefacts.read_models([str(SERVED), str(copy)])


def test_a_folder_without_a_model_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--model`` of what is no SavedModel exits with 2 and says so, before any work."""
    assert cli.main(["migrate", str(tmp_path), "--model", str(tmp_path / "no")]) == 2
    assert "no holds no saved_model.pb" in capsys.readouterr().err


def test_a_python_without_tensorflow_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """``--model`` without TensorFlow exits with 2 and says what to install."""
    shell = tmp_path / "python"
    shell.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')  # -S: no site-packages
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))
    assert cli.main(["migrate", str(tmp_path), "--model", str(SERVED)]) == 2
    assert "tf-migrator[check]" in capsys.readouterr().err


# -- for real -------------------------------------------------------------------------------

RUN = """\
import io, json, os, runpy, sys, traceback
import contextlib
results = {}
for name in json.loads(sys.argv[1]):
    out = io.StringIO()
    import tensorflow as tf
    tf.compat.v1.reset_default_graph()
    sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
    sys.argv = [name]
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(name, run_name="__main__")
    except Exception:
        out.write(traceback.format_exc())
    results[name] = out.getvalue()
    del sys.path[0]
    for module in [m for m in sys.modules if m in ("tf2_bridge", "config")]:
        del sys.modules[module]
with open(os.environ["RESULTS"], "w") as stream:
    json.dump(results, stream)
"""


def run_all(python: str, root: Path, names: list[str]) -> dict[str, str]:
    """Return what each program prints, one after the other in one process."""
    results = root / "results.json"
    environment = dict(os.environ, RESULTS=str(results), PYTHONPATH=".", TF_CPP_MIN_LOG_LEVEL="3")
    done = subprocess.run(
        [python, "-c", RUN, json.dumps(names)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str] = json.loads(results.read_text())
    return found


def numbers(text: str) -> list[float]:
    """Return the numbers of nested lists that a program printed."""
    row = [word.strip("[],") for word in text.split()]
    return [float(word) for word in row if word.replace(".", "").replace("e-", "").isdigit()]


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_old_and_new_artefacts_give_the_numbers_of_tensorflow_1(
    make: Make,  # noqa: F811
    tf1_python: str,
    tf2_python: str,
) -> None:
    """Migrated readers load what 1.15.5 wrote and what the migrated export writes alike."""
    root = make(REPOSITORY)
    before = run_all(tf1_python, root, ["export.py", *READERS, "serving/hidden.py"])
    assert all(numbers(before[name]) for name in READERS), before
    old = root / "out"
    assert migrate([root], ONE).write() == {}
    after = run_all(tf2_python, root, [*READERS, "serving/hidden.py"])
    for name in [*READERS, "serving/hidden.py"]:
        assert numbers(after[name]) == pytest.approx(numbers(before[name]), rel=1e-6), after[name]
    shutil.rmtree(old)
    after = run_all(tf2_python, root, ["export.py", *READERS, "serving/hidden.py"])
    for name in READERS:
        assert numbers(after[name]) == pytest.approx(numbers(before[name]), rel=1e-6), after[name]
    assert "hidden:0" in after["serving/hidden.py"]  # as its finding says
    assert "KeyError" in after["serving/hidden.py"]


TRAIN = """\
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
w = tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(3, 2) / 7)
y = tf.nn.softmax(tf.matmul(x, w), name="y")
step = tf.train.get_or_create_global_step()
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(saver.save(sess, "out/model.ckpt", global_step=7))
    frozen = tf.graph_util.convert_variables_to_constants(sess, sess.graph_def, ["y"])
    tf.train.write_graph(tf.graph_util.extract_sub_graph(frozen, ["y"]), "out", "direct.pb", False)
"""
FREEZE = """\
import tensorflow as tf
from tensorflow.python.framework import graph_util
from tensorflow.python.tools import freeze_graph, optimize_for_inference_lib, strip_unused_lib

prefix = tf.train.latest_checkpoint("out")
freeze_graph.freeze_graph(
    "", "", True, prefix, "y", "", "", "out/frozen.pb", True, "", input_meta_graph=prefix + ".meta")
for name in ("direct", "frozen"):
    graph_def = tf.GraphDef()
    with tf.gfile.GFile("out/%s.pb" % name, "rb") as f:
        graph_def.ParseFromString(f.read())
    kind = tf.float32.as_datatype_enum
    graph_def = graph_util.remove_training_nodes(graph_def, protected_nodes=["y"])
    graph_def = strip_unused_lib.strip_unused(graph_def, ["x"], ["y"], kind)
    graph_def = optimize_for_inference_lib.optimize_for_inference(graph_def, ["x"], ["y"], kind)
    with tf.Graph().as_default() as graph:
        y, = tf.import_graph_def(graph_def, name="net", return_elements=["y:0"])
        with tf.Session(graph=graph) as sess:
            print(sess.run(y, {"net/x:0": [[1.0, 2.0, 3.0]]}).tolist())
print([int(prefix.split("-")[-1])])
"""


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_freezing_tools_give_the_numbers_of_tensorflow_1(
    make: Make,  # noqa: F811
    tf1_python: str,
    tf2_python: str,
) -> None:
    """freeze_graph takes old and new checkpoints with their meta graphs; the tools run on 2.21.

    The way back is not asked for: 1.15.5 does not know attributes of a 2.21 meta graph.
    """
    root = make({"train.py": TRAIN, "tools/freeze.py": FREEZE})
    before = run_all(tf1_python, root, ["train.py", "tools/freeze.py"])
    expected = numbers(before["tools/freeze.py"])
    assert len(expected) == 5, before
    run = migrate([root], ONE)
    (saver,) = findings(run, "train.py", "TFM201")
    assert saver.outcome is Outcome.REWRITTEN
    assert run.write() == {}
    after = run_all(tf2_python, root, ["tools/freeze.py"])
    assert numbers(after["tools/freeze.py"]) == pytest.approx(expected, rel=1e-6), after
    shutil.rmtree(root / "out")
    after = run_all(tf2_python, root, ["train.py", "tools/freeze.py"])
    assert numbers(after["tools/freeze.py"]) == pytest.approx(expected, rel=1e-6), after


@pytest.mark.parametrize(
    ("saves", "reader"),
    [
        ("saver.save(tf.Session(), 'm/ckpt')\n", "read.py"),
        ("saver.save(tf.Session(), 'm/ckpt')\n", "tools/read.py"),
        ("save = saver.save\nsave(tf.Session(), 'm/ckpt')\n", "src/read.py"),
        ("import conf\nconf.DIR = 'm/ckpt'\nsaver.save(tf.Session(), conf.DIR)\n", "read.py"),
    ],
)
def test_readers_of_the_same_place_hold_from_anywhere(
    make: Make,  # noqa: F811
    saves: str,
    reader: str,
) -> None:
    """A reader beside the Saver's folder counts if it names the place, or may name it near by."""
    files = {
        "src/train.py": f"{TF}saver = tf.train.Saver()\n{saves}",
        "src/conf.py": "DIR = 'other/ckpt'\n",
        reader: INSPECT.format("'m/ckpt'"),
    }
    (saver,) = findings(migrate([make(files)], ONE), "src/train.py", "TFM201")
    assert saver.outcome is Outcome.MANUAL
    assert reader in saver.message


def test_a_saver_that_is_imported_saves(make: Make) -> None:  # noqa: F811
    """``from net import saver`` brings a Saver, whose place counts."""
    files = {
        "net.py": f"{TF}saver = tf.train.Saver()\n",
        "train.py": f"{TF}from net import saver\nsaver.save(tf.Session(), 'm/ckpt')\n",
        "read.py": INSPECT.format("'m/ckpt'"),
    }
    (saver,) = findings(migrate([make(files)], ONE), "net.py", "TFM201")
    assert saver.outcome is Outcome.MANUAL


@pytest.mark.parametrize(
    ("folder", "place", "held"),
    [("tools/", "'m'", True), ("tools/", "'n'", False), ("b/", "'m'", True), ("b/", "f()", False)],
)
def test_a_managed_session_elsewhere_keeps_the_saver(
    make: Make,  # noqa: F811
    folder: str,
    place: str,
    held: bool,
) -> None:
    """What goes on with TensorFlow 1's Saver in a finalized graph must find a name-based file."""
    home = "" if folder == "tools/" else "a/"
    given = f"checkpoint_dir={place}, scaffold=made()"
    goes_on = f"{TF}with tf.train.MonitoredTrainingSession({given}) as s: pass\n"
    files = {
        f"{home}train.py": f"{TF}saver = tf.train.Saver()\nsaver.save(tf.Session(), 'm/ckpt')\n",
        f"{folder}more.py": goes_on,
    }
    (saver,) = findings(migrate([make(files)], ONE), f"{home}train.py", "TFM201")
    assert saver.outcome is (Outcome.KEPT if held else Outcome.REWRITTEN)
