"""The engine: what it finds, what it changes, and what it never touches."""

from __future__ import annotations

import json
import os
import tokenize
from pathlib import Path

import pytest
from engine_harness import describe, plan_of

from migrator import engine, rulebook
from migrator.results import Outcome
from migrator.rule import FileContext, KnownLoad, Signature

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/before.py"))
LEGACY = sorted((Path(__file__).parent.parent / "fixtures" / "legacy").rglob("*.py"))


def context_of(case: Path) -> FileContext:
    """Return the context a golden case asks for in ``context.json``."""
    path = case / "context.json"
    given = json.loads(path.read_text()) if path.exists() else {}
    if "foreign" in given:
        given["foreign"] = tuple(
            ((module, level), tuple(tuple(pair) for pair in names))
            for (module, level), names in given["foreign"]
        )
    if "loads" in given:
        given["loads"] = tuple(
            KnownLoad(
                **{**load, "signatures": tuple(signature(**one) for one in load["signatures"])}
            )
            for load in given["loads"]
        )
    return FileContext(**given)


def signature(key: str, inputs: dict[str, str], outputs: dict[str, str]) -> Signature:
    """Return a signature whose inputs and outputs a JSON file gives."""
    return Signature(key, tuple(inputs.items()), tuple(outputs.items()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case):
    """A file becomes exactly what was reviewed, with the findings that were reviewed."""
    before = (case / "before.py").read_text()
    plan = plan_of(before, context_of(case))
    after = plan.text if plan.text is not None else before
    findings = "".join(f"{describe(finding)}\n" for finding in plan.findings)
    findings += f"error: {plan.error}\n" if plan.error else ""
    if os.environ.get("MIGRATOR_UPDATE_GOLDEN"):
        (case / "after.py").write_text(after)
        (case / "findings.txt").write_text(findings)
    assert after == (case / "after.py").read_text()
    assert findings == (case / "findings.txt").read_text()


@pytest.mark.parametrize("path", LEGACY, ids=lambda path: str(Path(*path.parts[-2:])))
def test_fixtures_keep_the_guarantees(path):
    """Every legacy program of the fixtures is handled with all guarantees."""
    with tokenize.open(path) as stream:
        text = stream.read()
    plan_of(text)
    plan_of(text, FileContext(legacy_keras="tf.layers", neutral=True))


#: Files that stay as they are, byte for byte, and give no finding.
NOTHING = {
    "empty": "",
    "only a comment": "# tf.train.Saver()\n",
    "only a newline": "\n",
    "no TensorFlow": "class Saver:\n    pass\n\n\nSaver().save('x')\n",
    "local variable called tf": "tf = make()\ntf.train.run()\n",
    "parameter called tf": "def f(tf):\n    return tf.Session()\n",
    "parameter hides the import": (
        "import tensorflow_hub as tf\n\n\ndef f(tf):\n    tf.train.run()\n    return tf\n"
    ),
    "loop variable called tf": "for tf in frames:\n    tf.save('x')\n",
    "comprehension variable": "x = [tf.train for tf in frames]\n",
    "another library's Saver": "from torch.training import Saver\n\nSaver(max_to_keep=3)\n",
    "another library called tf": "import transforms as tf\n\ntf.train.Saver()\n",
    "another library's simple_save": "from lib import simple_save\n\nsimple_save(1, 2, 3, 4)\n",
    "another library's saved_model": "from lib import saved_model\n\nsaved_model.load('x')\n",
    "relative tensorflow": "from .tensorflow import train\n\ntrain.Saver()\n",
    "relative package": "from . import tensorflow as tf\n\ntf.train.Saver()\n",
    "a module that begins alike": "import tensorflow_hub as tf\n\ntf.train.Saver()\n",
    "tensorflowjs": "import tensorflowjs.converters as c\n\nc.save()\n",
    "strings": "text = 'import tensorflow as tf; tf.train.Saver()'\n",
    "docstring": '"""Call tf.train.Saver() and tf.saved_model.simple_save()."""\n',
    "comments": "x = 1  # tf.saved_model.simple_save(sess, d, i, o)\n",
    "raw string": "x = r'\\tf.train.Saver()'\n",
    "f-string text": "x = f'tf.train.Saver() {y}'\n",
    "own builder": "builder = Builder()\nbuilder.add(1)\nbuilder.save()\n",
    "own saver": "class S:\n    def save(self, sess, path):\n        pass\n\n\nS().save(1, 2)\n",
    "attribute chain": "self.tf.train.run()\n",
    "numpy save": "import numpy as np\n\nnp.save('x', y)\n",
    "form feed": "x = 1\n\x0c\ny = 2\n",
    "tabs": "if x:\n\ty = 1\n",
    "windows newlines": "x = 1\r\ny = 2\r\n",
    "old mac newlines": "x = 1\ry = 2\r",
    "mixed newlines": "x = 1\r\ny = 2\nz = 3\r\n",
    "no newline at the end": "x = 1",
    "non-ascii": "naïve = 'é'\n",
    "keep comment alone": "x = 1  # migrator: keep\n",
    "a def called tf": "def tf():\n    pass\n\n\ntf.train = 3\n",
    "a class called tf": "class tf:\n    train = None\n",
    "a with target": "with open('x') as tf:\n    tf.save()\n",
    "an except target": "try:\n    x()\nexcept E as tf:\n    tf.train()\n",
    "a star import of others": "from lib import *\n\nload('x')\n",
    "a global": "def f():\n    global tf\n    tf = 3\n    tf.train()\n",
    "a walrus": "if (tf := x()):\n    tf.save()\n",
    "tf deleted": "tf = 1\ndel tf\n",
    "another keras": "import keras_contrib\n\nkeras_contrib.models.load_model('x').save('y')\n",
    "import in a string": "exec('import tensorflow')\n",
    "importlib": "import importlib\n\nm = importlib.import_module('tensorflowx')\n",
    "type alias": "Saver = Callable[[str], None]\n",
    "match": "match x:\n    case {'tf': tf}:\n        tf.run()\n",
    "async": "async def f():\n    async with x as tf:\n        await tf.save()\n",
    "lambda": "f = lambda tf: tf.run()\n",
    "decorator": "@tf\ndef f():\n    pass\n",
    "continuation": "x = 1 + \\\n    2\n",
    "semicolons": "x = 1; y = 2;\n",
}

#: TensorFlow 2 code and others that a migrated program does not move: nothing is rewritten.
TF2 = {
    "tf.function": "import tensorflow as tf\n\n@tf.function\ndef f(x):\n    return x\n",
    "checkpoint": "import tensorflow as tf\n\nc = tf.train.Checkpoint(m=m)\nc.save('x')\n",
    "manager": ("import tensorflow as tf\n\nm = tf.train.CheckpointManager(c, 'd', 3)\nm.save()\n"),
    "v2 save": "import tensorflow as tf\n\ntf.saved_model.save(m, 'd', signatures=m.f)\n",
    "v2 load": "import tensorflow as tf\n\nm = tf.saved_model.load('d')\n",
    "v2 load by keyword": "import tensorflow as tf\n\nm = tf.saved_model.load(export_dir='d')\n",
    "keras save": "import tensorflow as tf\n\ntf.keras.Model().save('x')\n",
    "latest_checkpoint": "import tensorflow as tf\n\nc.restore(tf.train.latest_checkpoint('d'))\n",
    "constants as TF2 spells them": "import tensorflow as tf\n\nx = tf.saved_model.SERVING\n",
    "load_checkpoint": "import tensorflow as tf\n\nr = tf.train.load_checkpoint('d')\n",
    "annotations": "import tensorflow as tf\n\ndef f(x: tf.Tensor) -> tf.Tensor:\n    return x\n",
    "v1 kept": (
        "import tensorflow.compat.v1 as tf\n\ntf.disable_v2_behavior()\nx = tf.constant(1)\n"
    ),
    "v1 constants": "import tensorflow.compat.v1 as tf\n\nx = tf.saved_model.SERVING\n",
    "the bridge": "import tf2_bridge\n\nsaver = tf2_bridge.Saver()\nsaver.save(sess, 'x')\n",
    "base class": "import tensorflow as tf\n\nclass M(tf.Module):\n    pass\n",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_nothing_to_find(text):
    """What is not TensorFlow's gives no finding, whatever it is called."""
    plan = plan_of(text)
    assert plan == engine.Plan()


@pytest.mark.parametrize("text", TF2.values(), ids=TF2)
def test_tensorflow_2_code_stays(text):
    """TensorFlow 2 code is not changed while nothing makes its program move."""
    plan = plan_of(text, FileContext(move=False))
    assert plan.text is None
    assert not plan.moves
    assert {f.outcome for f in plan.findings} <= {Outcome.KEPT}


SUPPRESSED = {
    "the call": "tf.train.Saver()  # migrator: keep[TFM201] readers elsewhere",
    "every rule": "tf.train.Saver()  # migrator: keep",
    "a family of codes": "tf.train.Saver()  # migrator: keep[TFM2]",
    "several codes": "tf.train.Saver()  # migrator: keep[TFM101, TFM201]",
    "lower case": "tf.train.Saver()  # Migrator: Keep[tfm201]",
    "after another comment": "tf.train.Saver()  # noqa # migrator: keep[TFM201]",
    "the first line": "tf.train.Saver(  # migrator: keep[TFM201]\n    max_to_keep=1)",
    "a line between": "tf.train.Saver(\n    None,  # migrator: keep[TFM201]\n    max_to_keep=1)",
    "the last line": "tf.train.Saver(\n    max_to_keep=1)  # migrator: keep[TFM201]",
    "the end of its statement": "x = f(tf.train.Saver(),\n      1)  # migrator: keep[TFM201]",
    "an export": "tf.saved_model.simple_save(\n    s, 'd', {}, {})  # migrator: keep[TFM101]",
}


@pytest.mark.parametrize("line", SUPPRESSED.values(), ids=SUPPRESSED)
def test_a_keep_comment_suppresses(line):
    """The call is left, the finding says that a comment keeps it."""
    plan = plan_of(f"import tensorflow as tf\n{line}\n", FileContext(move=False))
    assert plan.text is None
    assert [f.outcome for f in plan.findings] == [Outcome.SUPPRESSED]
    assert not plan.moves


@pytest.mark.parametrize(
    "line",
    [
        "tf.train.Saver()  # migrator: keep[TFM101]",
        "tf.train.Saver()  # migrator: keeper",
        "'# migrator: keep'; tf.train.Saver()",
        "# migrator: keep\ntf.train.Saver()",
        "tf.train.Saver()\n# migrator: keep",
    ],
    ids=["another code", "another word", "a string", "the line above", "the line below"],
)
def test_what_looks_like_a_keep_comment_does_not_suppress(line):
    """Only a comment on the call's own lines, naming its code or none, keeps it."""
    plan = plan_of(f"import tensorflow as tf\n{line}\n")
    assert "TFM201" in [f.code for f in plan.findings if f.outcome is Outcome.REWRITTEN]


def test_one_kept_part_keeps_the_whole_rewrite():
    """A builder whose save is kept stays as a whole: never half a rewrite."""
    text = (
        "import tensorflow as tf\nb = tf.saved_model.Builder('d')\n"
        "b.add_meta_graph_and_variables(s, ['serve'], m)\nb.save()  # migrator: keep[TFM104]\n"
    )
    plan = plan_of(text, FileContext(move=False))
    assert plan.text is None
    assert {f.code: f.outcome for f in plan.findings} == {
        "TFM102": Outcome.SUPPRESSED,
        "TFM103": Outcome.SUPPRESSED,
        "TFM104": Outcome.SUPPRESSED,
    }


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("print 'x'\n", "Python 2"),
        ("def f(:\n", "line 1"),
        ("except E, e:\n", ""),
        ("x = '\n", ""),
        ("if x:\n\ty = 1\n        z = 2\n", ""),
    ],
)
def test_a_file_that_does_not_parse_is_reported(text, word):
    """One finding, with the line and a way out; the plan names the reason."""
    plan = engine.run(text, FileContext(), rulebook.all_rules())
    (finding,) = plan.findings
    assert finding.code == "TFM901"
    assert finding.outcome is Outcome.MANUAL
    assert finding.recipe
    assert word in finding.message
    assert plan.error
    assert plan.text is None


@pytest.mark.parametrize(
    "text",
    [
        "def f(tf):\n    return tf.train.Saver()\n",
        "tf = load()\nsaver = tf.train.Saver()\n",
        "saver = tf.train.Saver()\n",
        "tf, x = load()\ntf.saved_model.simple_save(s, 'd', {}, {})\n",
        "from utils import contrib\nreader = contrib.framework().load_checkpoint('d')\n",
    ],
    ids=["a parameter", "a result", "nothing", "unpacked", "a function that imports contrib"],
)
def test_what_may_be_tensorflow_is_reported(text):
    """A saving call on a name of unknown origin is neither rewritten nor passed over."""
    plan = plan_of(text)
    assert [(f.code, f.outcome) for f in plan.findings] == [("TFM903", Outcome.MANUAL)]
    assert plan.text is None


def test_a_file_that_cannot_be_edited_exactly_is_reported():
    """libcst loses a form feed here: every call is MANUAL, and the file holds its program."""
    text = "import tensorflow as tf\n \x0ctf.train.Saver()\nx = tf.train.Saver()\n"
    plan = plan_of(text)
    assert [(f.code, f.outcome) for f in plan.findings] == [("TFM902", Outcome.MANUAL)] * 2
    assert plan.error
    assert plan.text is None


@pytest.mark.parametrize("tail", ["\n \n", "\n\t", " ", "\n  # end\n \n", "\r\n", "\x0c"], ids=repr)
def test_blank_lines_at_the_end_hold_nothing_back(tail):
    """Spaces and odd newlines after the last statement neither block a rewrite nor change."""
    text = "import tensorflow as tf\ntf.train.Saver()\n" + tail
    assert (plan_of(text).text or "").endswith("tf2_bridge.Saver()\n" + tail)


def test_a_held_program_says_why_at_every_place():
    """Nothing is written, and each place that would change is BLOCKED with the reason."""
    text = "import tensorflow as tf\nsaver = tf.train.Saver()\nsaver.save(s, 'x')\n"
    held = "`a.py` holds this program back: it does not parse"
    plan = engine.run(text, FileContext(held=held), rulebook.all_rules())
    blocked = [f for f in plan.findings if f.outcome is Outcome.BLOCKED]
    assert [f.code for f in blocked] == ["TFM201", "TFM202"]
    assert all("`a.py`" in f.message and f.recipe for f in blocked)


def test_what_needs_no_migration_is_kept_in_a_held_program():
    """``latest_checkpoint`` is right in both versions; a loader of version 1 is not."""
    text = (
        "import tensorflow as tf\ntf.train.latest_checkpoint('d')\n"
        "tf.saved_model.loader.load(s, ['serve'], 'd')\n"
    )
    plan = engine.run(text, FileContext(held="`a.py` does not parse"), rulebook.all_rules())
    assert {f.code: f.outcome for f in plan.findings} == {
        "TFM204": Outcome.KEPT,
        "TFM401": Outcome.BLOCKED,
    }


def test_readers_by_name_hold_savers_back():
    """A reader of variable names in the program makes its Savers MANUAL, naming the reader."""
    text = "import tensorflow as tf\nsaver = tf.train.Saver()\n"
    context = FileContext(key_readers=("a.py:3 tf.train.NewCheckpointReader",))
    finding = next(f for f in plan_of(text, context).findings if f.code == "TFM201")
    assert finding.outcome is Outcome.MANUAL
    assert "a.py:3" in finding.message


def test_a_saver_that_another_file_manages_stays():
    """The pre-pass names Savers that a managed session of another file takes."""
    text = "import tensorflow as tf\nsaver = tf.train.Saver()\n"
    plan = plan_of(text, FileContext(managed_savers=frozenset({"saver"})))
    assert {f.outcome for f in plan.findings if f.code == "TFM201"} == {Outcome.KEPT}


def test_a_lost_comment_blocks_the_rewrite():
    """No comment is lost: the rewrite that would lose one is refused by name."""
    text = "import tensorflow as tf\nx = (tf.train  # why\n     .Saver())\n"
    finding = next(f for f in plan_of(text).findings if f.code == "TFM201")
    assert finding.outcome is Outcome.BLOCKED
    assert "# why" in finding.message


def test_the_bridge_parts_are_those_that_the_text_uses():
    """What must be vendored is told, and nothing for a file that did not change."""
    saver = "import tensorflow as tf\ntf.train.Saver()\n"
    export = "import tensorflow as tf\ntf.saved_model.simple_save(s, 'd', {}, {})\n"
    assert plan_of(saver).parts == {"saver"}
    assert plan_of(export).parts == {"session_module"}
    assert plan_of(saver, FileContext(held="x")).parts == frozenset()


def test_findings_show_the_new_code_of_their_statement():
    """``after`` is what stands where the statement stood, with its indentation taken off."""
    text = (
        "import tensorflow as tf\n\ndef f(s):\n    # now\n"
        "    tf.saved_model.simple_save(s, 'd', {}, {})  # out\n    x = tf.train.Saver()\n"
    )
    after = {f.code: f.after for f in plan_of(text).findings}
    assert after["TFM101"] == (
        "with tf2_bridge.session_module(s, 'd', {}, {}) as module:  # out\n"
        "    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)"
    )
    assert after["TFM201"] == "x = tf2_bridge.Saver()"
    assert after["TFM801"].splitlines()[0] == "import tensorflow.compat.v1 as tf"


def test_what_tensorflow_never_had_is_told() -> None:
    """A misspelled name fails in both versions; what the file itself puts there does not."""
    text = (
        "import tensorflow as tf\n\nsaver = tf.train.Saver()\n"
        "def net(x):\n    tf.mine = x\n    x.placeholders = 1\n"
        "    return tf.mine.y, tf.placeholders(x), tf.__version__\n"
    )
    told = [f for f in plan_of(text).findings if f.code == "TFM810"]
    assert [(f.api, f.outcome) for f in told] == [("tf.placeholders", Outcome.MANUAL)]
    assert "1.15 or 2.21" in told[0].message
