"""The rules of TF1 Hub and of managed sessions: what they take, and what they leave."""

from __future__ import annotations

import re

import pytest
from engine_harness import plan_of

from migrator import engine, migration, rulebook
from migrator.results import Outcome
from migrator.rule import FileContext

SAVER = "\nsaver = tf.train.Saver()\n"
HEAD = "import tensorflow as tf\n"


def body(text: str) -> str:
    """Return what stands for ``text`` in a migrated file, without the lines every file gets."""
    plan = plan_of(HEAD + text + SAVER)
    assert plan.text is not None
    own = {"import tensorflow.compat.v1 as tf", "import tf2_bridge", "tf.disable_v2_behavior()", ""}
    return "\n".join(
        row for row in plan.text.splitlines() if row not in own and "tf2_bridge.Saver" not in row
    )


def outcomes(text: str, code: str) -> list[Outcome]:
    """Return what became of the places with ``code``."""
    return [one.outcome for one in plan_of(HEAD + text + SAVER).findings if one.code == code]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import tensorflow_hub as hub\nm = hub.Module(p)", "m = tf2_bridge.HubModule(p)"),
        ("import tensorflow_hub\nm = tensorflow_hub.Module(p)", "m = tf2_bridge.HubModule(p)"),
        ("from tensorflow_hub import Module\nm = Module(p)", "m = tf2_bridge.HubModule(p)"),
        ("from tensorflow_hub import Module as M\nm = M(p)", "m = tf2_bridge.HubModule(p)"),
        (
            "import tensorflow_hub as hub\nclass Mine(hub.Module):\n    pass",
            "class Mine(tf2_bridge.HubModule):\n    pass",
        ),
        (
            "import tensorflow_hub as hub\nprint(isinstance(x, hub.Module))",
            "print(isinstance(x, tf2_bridge.HubModule))",
        ),
        (
            "import tensorflow_hub as hub\nM = hub.Module\nm = M(p)",
            "M = tf2_bridge.HubModule\nm = M(p)",
        ),
        (
            "import tensorflow_hub as hub\ns = hub.create_module_spec(f, [(set(), {})])",
            "s = tf2_bridge.create_module_spec(f, [(set(), {})])",
        ),
        (
            "import tensorflow_hub as hub\nhub.add_signature(inputs=x, outputs=y)",
            "tf2_bridge.add_signature(inputs=x, outputs=y)",
        ),
        (
            "import tensorflow_hub as hub\ns = hub.create_module_spec_from_saved_model(p)",
            "s = tf2_bridge.load_module_spec(p)",
        ),
        (
            "import tensorflow_hub as hub\nm = hub.Module(p)\nn = hub.load(p)",
            "import tensorflow_hub as hub\nm = tf2_bridge.HubModule(p)\nn = hub.load(p)",
        ),
        (
            "import tensorflow_hub as hub  # noqa\nm = hub.Module(p)  # the encoder",
            "m = tf2_bridge.HubModule(p)  # the encoder",
        ),
    ],
)
def test_what_hub_had_is_in_the_bridge(text: str, expected: str) -> None:
    """However it is imported; an import that nothing needs any more goes."""
    assert body(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow_hub as hub\nlayer = hub.KerasLayer(p, trainable=True)",
        "import tensorflow_hub as hub\nmodule = hub.load(p)",
        "import tensorflow_hub as hub\npath = hub.resolve(p)",
        "from tensorflow_hub import KerasLayer\nlayer = KerasLayer(p)",
        "import hub\nm = hub.Module(p)",
        "from mine import hub\nm = hub.Module(p)",
        "def f(hub):\n    return hub.Module(p)",
        "m = tf.Module()",
        "import sonnet as hub\nm = hub.Module(p)",
        "import tensorflow_hub as hub\nhub = other\nm = hub.Module(p)",
        "class Module:\n    pass\nm = Module()",
        "add_signature(inputs=x)",
        "spec.create_module_spec(f)",
    ],
)
def test_what_is_not_of_hub_1_stays(text: str) -> None:
    """TensorFlow 2's part of the package, and other things of these names."""
    assert body(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow_hub as hub\nlayer = hub.KerasLayer('m')\n",
        "import tensorflow as tf\nimport tensorflow_hub as hub\n"
        "m = hub.load('m')\nprint(m(tf.ones(1)))\n",
    ],
)
def test_programs_of_tensorflow_2_are_left_alone(text: str) -> None:
    """A file that only loads modules has nothing to migrate."""
    plan = engine.run(text, FileContext(), rulebook.all_rules())
    assert plan.text is None or "hub" in plan.text
    assert [one for one in plan.findings if one.code.startswith("TFM61")] == []


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("hub.LatestModuleExporter('n', f)", "TFM613", ["module.export", "latest_checkpoint"]),
        ("hub.register_module_for_export(m, 'encoder')", "TFM613", ["'encoder'"]),
        ("hub.text_embedding_column('text', spec)", "TFM614", ["HubModule(spec)", "'text'"]),
        ("hub.image_embedding_column(key='i', module_spec=s)", "TFM614", ["HubModule(s)"]),
        ("hub.eval_function_for_module(spec)", "TFM612", ["HubModule", "sess.run"]),
        ("hub.attach_message('k', m)", "TFM612", ["attached"]),
        ("hub.attach_image_module_info(i)", "TFM612", ["get_expected_image_size"]),
    ],
)
def test_what_has_no_successor_says_what_to_do(call: str, code: str, words: list[str]) -> None:
    """The code to write, with the arguments of the call."""
    plan = plan_of(f"{HEAD}import tensorflow_hub as hub\nc = {call}{SAVER}")
    (finding,) = [one for one in plan.findings if one.code == code]
    assert finding.outcome is Outcome.MANUAL
    assert finding.recipe is not None
    assert all(word in finding.recipe for word in words)


def test_a_comment_keeps_a_module() -> None:
    """As for every rule."""
    text = "import tensorflow_hub as hub\nm = hub.Module(p)  # migrator: keep[TFM611] on 1.15"
    assert outcomes(text, "TFM611") == [Outcome.SUPPRESSED]


SLIM = "import tensorflow.contrib.slim as slim\n"


@pytest.mark.parametrize(
    "text",
    [
        SLIM + "slim.learning.train(op, d)",
        SLIM + "slim.evaluation.evaluate_once('', c, d)" + SAVER,
        "from tensorflow.contrib import slim\nslim.evaluation.evaluation_loop('', c, d)" + SAVER,
        "s = tf.train.SessionManager()",
        "with tf.train.MonitoredTrainingSession(scaffold=made()) as s:\n    s.run(op)",
        "s = tf.train.MonitoredTrainingSession(**options)",
        "s = tf.train.SingularMonitoredSession(*options)",
        "s = tf.train.SingularMonitoredSession(scaffold=None)",
        "sv = tf.train.Supervisor(logdir=d, saver=made())",
        "sv = tf.train.Supervisor(saver=tf.train.Saver(write_version=1))",
        "sv = tf.train.Supervisor()  # migrator: keep[TFM201]",
        "c = tf.train.ChiefSessionCreator(scaffold=made)",
        "s = tf.train.MonitoredSession(session_creator=made())",
        "sv = tf.train.Supervisor()\ntf.train.import_meta_graph('m.meta')",
        "sv = tf.train.Supervisor()\nsavers = tf.get_collection(tf.GraphKeys.SAVERS)",
        "sv = tf.train.Supervisor()\ne = tf.estimator.Estimator(f)",
    ],
)
def test_a_managed_session_stays(text: str) -> None:
    """With TensorFlow 1's Saver; it is said, once."""
    assert migrated(text)[1] == {Outcome.KEPT}


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (
            "s = tf.train.MonitoredTrainingSession()",
            "s = tf.train.MonitoredTrainingSession(scaffold=tf2_bridge.Scaffold())",
        ),
        (
            "s = tf.train.MonitoredTrainingSession(hooks=h, checkpoint_dir=d)",
            "s = tf.train.MonitoredTrainingSession(hooks=h, checkpoint_dir=d, "
            "scaffold=tf2_bridge.Scaffold())",
        ),
        (
            "s = tf.train.MonitoredTrainingSession(\n    hooks=h,\n    checkpoint_dir=d,\n)",
            "s = tf.train.MonitoredTrainingSession(\n    hooks=h,\n    checkpoint_dir=d,\n"
            "    scaffold=tf2_bridge.Scaffold(),\n)",
        ),
        (
            "s = tf.train.SingularMonitoredSession(h,)",
            "s = tf.train.SingularMonitoredSession(h, scaffold=tf2_bridge.Scaffold(),)",
        ),
        ("sv = tf.train.Supervisor(logdir=d)", "sv = tf2_bridge.Supervisor(logdir=d)"),
        (
            "s = tf.train.MonitoredTrainingSession(scaffold=tf.train.Scaffold(init_fn=f))",
            "s = tf.train.MonitoredTrainingSession(scaffold=tf2_bridge.Scaffold(init_fn=f))",
        ),
        (
            "a = tf.train.Saver()\nsv = tf.train.Supervisor(saver=a)",
            "a = tf2_bridge.PreparedSaver()\nsv = tf.train.Supervisor(saver=a)",
        ),
        (
            "sv = tf.train.Supervisor(saver=None)\na = tf.train.Saver()",
            "sv = tf.train.Supervisor(saver=None)\na = tf2_bridge.PreparedSaver()",
        ),
        (
            "a = tf.train.Saver()\ntf.get_default_graph().finalize()",
            "a = tf2_bridge.PreparedSaver()\ntf.get_default_graph().finalize()",
        ),
    ],
)
def test_a_managed_session_is_given_its_saver(text: str, new: str) -> None:
    """One that reads and writes object-based checkpoints; again, nothing changes."""
    found, _ = migrated(text)
    assert found.endswith(new + "\n")
    assert migration.migrate_text(found, migration.Options(tier="session"))[1] == found


def test_a_saver_that_a_session_out_of_sight_takes_stays() -> None:
    """So does the session that may read its files."""
    text = "a = tf.train.Saver()\nsv = tf.train.Supervisor(saver=a)\nm = tf.train.SessionManager()"
    found, outcomes = migrated(text + "\na.save(sv, 'm/ckpt')")
    assert "tf2_bridge" not in found
    assert outcomes == {Outcome.KEPT}


def migrated(text: str) -> tuple[str, set[Outcome]]:
    """Return the text of a file, migrated alone, and the outcomes of its managed sessions."""
    plan, new = migration.migrate_text(f"{HEAD}{text}\n", migration.Options(tier="session"))
    return new, {one.outcome for one in plan.findings if one.code == "TFM205"}


@pytest.mark.parametrize(
    "text",
    [
        SLIM + "slim.learning.create_train_op(loss, o)",
        SLIM + "train = slim.learning",
        "sess = tf.Session()",
        "sv = Supervisor(logdir=d)",
        "h = tf.train.StopAtStepHook(1)",
        "class H(tf.train.SessionRunHook):\n    pass",
    ],
)
def test_what_finalizes_nothing_is_not_mentioned(text: str) -> None:
    """Hooks and other functions of slim stay without a word."""
    assert outcomes(text, "TFM205") == []


def held(text: str) -> str:
    """Return the way out of the managed session in a program that is held."""
    context = FileContext(held="it is not lifted: for a reason")
    plan = engine.run(HEAD + text, context, rulebook.all_rules())
    (finding,) = [one for one in plan.findings if one.code == "TFM205"]
    assert finding.outcome is Outcome.BLOCKED
    assert finding.recipe is not None
    return finding.recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "s = tf.train.MonitoredTrainingSession(checkpoint_dir=F.d, save_checkpoint_steps=7,\n"
            "    hooks=[tf.train.StopAtStepHook(last_step=90)])",
            ["checkpoint, F.d,", "checkpoint_interval=7)", "while step < 90:"],
        ),
        ("s = tf.train.MonitoredTrainingSession()", ["FOLDER", "LAST_STEP"]),
        ("s = tf.train.CheckpointSaverHook('d', None, 5)", ["'d'", "=5)", "listeners"]),
        ("s = tf.train.Supervisor(logdir='logs')", ["'logs'"]),
        ("s = tf.train.Supervisor(*args)", ["FOLDER"]),
        ("s = tf.train.Scaffold(init_op=op)", ["`init_op`"]),
    ],
)
def test_the_way_out_is_the_loop(text: str, words: list[str]) -> None:
    """The code to write, with the arguments of the call; it parses."""
    recipe = held(text)
    assert all(word in recipe for word in words)
    code = "\n".join(re.findall(r"^    (.*)", recipe, re.MULTILINE))
    compile(code, "recipe", "exec")


@pytest.mark.tensorflow
def test_the_loop_runs(tf2_python: str, tmp_path: object) -> None:
    """The recipe is a program: it goes on where it stopped, and keeps the interval."""
    import subprocess
    from pathlib import Path

    recipe = held(
        "s = tf.train.MonitoredTrainingSession(checkpoint_dir='saved', save_checkpoint_steps=4,\n"
        "    hooks=[tf.train.StopAtStepHook(last_step=LAST)])"
    )
    code = "\n".join(re.findall(r"^    (.*)", recipe, re.MULTILINE))
    script = f"""
import itertools, os
import tensorflow as tf

class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([1.0], name="w")

def run(LAST):
    model, optimizer = Model(), tf.keras.optimizers.SGD(0.1)
    optimizer.build([model.w])
    batches = itertools.repeat(tf.constant([2.0]))

    @tf.function
    def train_step(batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((model.w - batch) ** 2)
        optimizer.apply_gradients([(tape.gradient(loss, model.w), model.w)])
        return loss
{chr(10).join("    " + row for row in code.splitlines())}
    return int(step), float(model.w[0])

first, second = run(6), run(9)
assert first[0] == 6 and second[0] == 9, (first, second)
assert abs(second[1] - (2 - 0.8 ** 9)) < 1e-5, second
print(sorted(name for name in os.listdir("saved") if name.endswith(".index")))
"""
    done = subprocess.run(
        [tf2_python, "-c", script],
        cwd=Path(str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == str([f"ckpt-{n}.index" for n in (1, 5, 6, 7, 9)])


def test_a_program_with_a_hub_module_stays_in_its_session(tmp_path: object) -> None:
    """A module of TF1 Hub is a part of a graph, so nothing of the program is lifted."""
    from pathlib import Path

    path = Path(str(tmp_path)) / "main.py"
    path.write_text(
        "import tensorflow as tf\nimport tensorflow_hub as hub\n"
        "m = hub.Module('d')\ny = m(['a'])\nsaver = tf.train.Saver()\n"
        "with tf.Session() as sess:\n    saver.save(sess, 'c')\n"
    )
    found = migration.migrate([path])
    new = {source.path.name: text for source, text in found.changes}["main.py"]
    assert "tf2_bridge.HubModule" in new
    assert any("TF1 Hub" in one.message for one in found.report.files[0].findings)
