# ruff: noqa: E501 -- values that stand in one row are read as the table that they are
"""A run as a real migration would give it: three programs, every outcome, every verdict."""

from __future__ import annotations

import difflib
import math
import random
from dataclasses import replace

from migrator.results import (
    CheckStatus,
    ContractDelta,
    Cost,
    DeltaStatus,
    FileResult,
    Finding,
    Latency,
    ModelCheck,
    Outcome,
    OutputDelta,
    Parting,
    Place,
    Program,
    RuleInfo,
    RunReport,
    Safety,
    Span,
    Tier,
    Verdict,
)

TRAIN_BEFORE = '''\
"""Train the digit classifier."""
import os

import tensorflow as tf
from tensorflow.python.saved_model import tag_constants

MODEL_PATH = "checkpoints/"

images = tf.placeholder(tf.float32, [None, 784], name="images")
weights = tf.get_variable("weights", [784, 10])
logits = tf.matmul(images, weights, name="logits")


def main(steps=1000):
    saver = tf.train.Saver(max_to_keep=7)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps):
            sess.run("train", feed_dict={images: next_batch(128)})
            if step % 100 == 0:
                saver.save(sess, os.path.join(MODEL_PATH, "digits"), global_step=step)
        tf.saved_model.simple_save(sess, "export/1", inputs={"images": images}, outputs={"logits": logits})
        print("tags:", tag_constants.SERVING)


if __name__ == "__main__":
    main()
'''

TRAIN_AFTER = '''\
"""Train the digit classifier."""
import os

import tensorflow.compat.v1 as tf

import tf2_bridge

tf.disable_v2_behavior()

MODEL_PATH = "checkpoints/"

images = tf.placeholder(tf.float32, [None, 784], name="images")
weights = tf.get_variable("weights", [784, 10])
logits = tf.matmul(images, weights, name="logits")


def main(steps=1000):
    saver = tf2_bridge.Saver(max_to_keep=7)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps):
            sess.run("train", feed_dict={images: next_batch(128)})
            if step % 100 == 0:
                saver.save(sess, os.path.join(MODEL_PATH, "digits"), global_step=step)
        module = tf2_bridge.session_module(
            sess, {"serving_default": ({"images": images}, {"logits": logits})}
        )
        tf.saved_model.save(module, "export/1", signatures=module.signatures)
        print("tags:", tf.saved_model.SERVING)


if __name__ == "__main__":
    main()
'''

SERVE_BEFORE = """\
import tensorflow as tf
from tensorflow.python.saved_model import signature_constants, tag_constants

KEY = signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY


def latest(folder):
    return tf.train.get_checkpoint_state(folder).model_checkpoint_path


def load(sess, folder):
    return tf.saved_model.loader.load(sess, [tag_constants.SERVING], folder)
"""

SERVE_AFTER = """\
import tensorflow.compat.v1 as tf

KEY = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY


def latest(folder):
    return tf.train.latest_checkpoint(folder)


def load(sess, folder):
    return tf.saved_model.loader.load(sess, [tf.saved_model.SERVING], folder)
"""

BRIDGE = '''\
"""Keep a graph-and-session program saving in TensorFlow 2 formats."""

import tensorflow as tf


class Saver:
    """Write object-based checkpoints with the calls of tf.compat.v1.train.Saver."""

    def __init__(self, var_list=None, max_to_keep=5):
        self._variables = var_list
        self._max_to_keep = max_to_keep
'''

RULES = (
    RuleInfo(
        "TFM101",
        "simple-save",
        Safety.REVIEW,
        "Export with `tf.saved_model.save` instead of `simple_save`.",
        """
        ## What it does

        Replaces `tf.saved_model.simple_save(...)`.

        ## Why

        `simple_save` left TensorFlow with the 2.0 release. `tf.saved_model.save` writes the same
        signature, as variables that a TensorFlow 2 program can load *and* train.

        ## Example

        ```python
        tf.saved_model.simple_save(sess, export_dir, inputs={"x": x}, outputs={"y": y})
        ```

        ## References

        - [tf.saved_model.save](https://www.tensorflow.org/api_docs/python/tf/saved_model/save)
        """,
    ),
    RuleInfo(
        "TFM201",
        "saver",
        Safety.REVIEW,
        "Write object-based checkpoints.",
        "## What it does\n\nReplaces the constructor of a Saver.\n\n## Why\n\n"
        "A name-based checkpoint restores by variable name only; TensorFlow 2 objects cannot be "
        "restored from it without naming every variable alike.\n",
    ),
    RuleInfo(
        "TFM210",
        "checkpoint-state",
        Safety.SAFE,
        "Find the newest checkpoint with `tf.train.latest_checkpoint`.",
        "## Why\n\nBoth read the same `checkpoint` state file.\n",
    ),
    RuleInfo("TFM301", "tag-constants", Safety.SAFE, "Spell tags as `tf.saved_model.SERVING`."),
    RuleInfo("TFM403", "import-meta-graph", Safety.MANUAL, "Report imported meta graphs."),
    RuleInfo(
        "TFM410", "loader", Safety.SAFE, "Keep the loader that reads both kinds of SavedModel."
    ),
    RuleInfo("TFM601", "estimator-export", Safety.MANUAL, "Report Estimator exports."),
    RuleInfo("TFM801", "compat-import", Safety.REVIEW, "Import `tensorflow.compat.v1`."),
)


def diff_of(path: str, before: str, after: str, created: bool = False) -> str:
    """Return a unified diff with the headers that ``git apply`` reads."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        "/dev/null" if created else f"a/{path}",
        f"b/{path}",
    )
    return "".join(lines)


def _at(
    line: int, column: int, end: int, cell: int | None = None, end_line: int | None = None
) -> Span:
    return Span(line, column, end_line or line, end, cell)


def _train() -> FileResult:
    path = "train/digits.py"
    findings = (
        Finding(
            _at(4, 0, 23), "TFM801", "The program stays on graphs and sessions.", Outcome.REWRITTEN,
            Tier.SESSION, "import tensorflow as tf", "import tensorflow.compat.v1 as tf",
            family="imports",
        ),
        Finding(
            _at(15, 12, 40), "TFM201", "`saver` writes object-based checkpoints and restores both kinds.",
            Outcome.REWRITTEN, Tier.SESSION, "tf.train.Saver(max_to_keep=7)",
            "tf2_bridge.Saver(max_to_keep=7)", api="tf.train.Saver", family="saver",
        ),
        Finding(
            _at(22, 8, 107), "TFM101", "Exported as a module over the session's variables.",
            Outcome.REWRITTEN, Tier.SESSION,
            'tf.saved_model.simple_save(sess, "export/1", inputs={"images": images}, '
            'outputs={"logits": logits})',
            'tf.saved_model.save(module, "export/1", signatures=module.signatures)',
            api="tf.saved_model.simple_save", family="export", safety=Safety.REVIEW,
        ),
        Finding(
            _at(23, 23, 44), "TFM301", "The tag `serve` has one spelling in TensorFlow 2.",
            Outcome.REWRITTEN, Tier.SESSION, "tag_constants.SERVING", "tf.saved_model.SERVING",
            api="tf.saved_model.tag_constants.SERVING", family="signature", safety=Safety.SAFE,
        ),
    )  # fmt: skip
    return FileResult(path, findings, diff_of(path, TRAIN_BEFORE, TRAIN_AFTER), program=0)


def _serve() -> FileResult:
    path = "serving/load_model.py"
    findings = (
        Finding(
            _at(2, 0, 76), "TFM301", "Private import dropped: the constants are public.",
            Outcome.REWRITTEN, Tier.SESSION,
            "from tensorflow.python.saved_model import signature_constants, tag_constants", "",
            family="signature", safety=Safety.SAFE,
        ),
        Finding(
            _at(8, 11, 70), "TFM210", "Reads the same `checkpoint` file.", Outcome.REWRITTEN,
            Tier.SESSION, "tf.train.get_checkpoint_state(folder).model_checkpoint_path",
            "tf.train.latest_checkpoint(folder)", api="tf.train.get_checkpoint_state",
            family="discovery", safety=Safety.SAFE,
        ),
        Finding(
            _at(12, 11, 76), "TFM410",
            "`tf.compat.v1.saved_model.loader.load` reads SavedModels of both versions.",
            Outcome.KEPT, Tier.SESSION,
            "tf.saved_model.loader.load(sess, [tag_constants.SERVING], folder)",
            api="tf.saved_model.loader.load", family="load",
        ),
    )  # fmt: skip
    return FileResult(path, findings, diff_of(path, SERVE_BEFORE, SERVE_AFTER), program=1)


def _estimator() -> FileResult:
    recipe = (
        "Build a `tf.Module` over the PREDICT branch of `model_fn`:\n\n"
        "1. Restore the variables with `tf.train.load_checkpoint`.\n"
        "2. Export it:\n\n"
        "```python\n"
        'module = RankerModule(tf.train.load_checkpoint("model/ranker"))\n'
        'tf.saved_model.save(module, "export", signatures={"serving_default": module.predict})\n'
        "```"
    )
    findings = (
        Finding(
            _at(41, 4, 18, end_line=44), "TFM601",
            "Estimators left TensorFlow in 2.16; `export_savedmodel` has no successor.",
            Outcome.MANUAL, None,
            "estimator.export_savedmodel(\n    args.export_dir,\n"
            "    serving_input_receiver_fn=receiver,\n    strip_default_attrs=True)",
            recipe=recipe, api="tf.estimator.Estimator.export_savedmodel", family="estimator",
        ),
        Finding(
            _at(20, 12, 28), "TFM201",
            "The Saver is rewritten with its program, which `ranker/export.py` holds.",
            Outcome.BLOCKED, None, "tf.train.Saver()", "tf2_bridge.Saver()",
            recipe="Resolve the finding on line 41 first, then run the migration again.",
            api="tf.train.Saver", family="saver",
        ),
        Finding(
            _at(52, 0, 30), "TFM201", "Kept by a comment: the old format is read by the mobile app.",
            Outcome.SUPPRESSED, None,
            "legacy = tf.train.Saver()  # migrator: keep[TFM201] read by the app",
            api="tf.train.Saver", family="saver",
        ),
    )  # fmt: skip
    return FileResult("ranker/export.py", findings, program=2)


def _notebook() -> FileResult:
    findings = (
        Finding(
            _at(3, 8, 57, cell=4), "TFM403",
            "The graph comes from a `.meta` file, so its variables have no Python objects.",
            Outcome.MANUAL, None, 'saver = tf.train.import_meta_graph("ranker/model.ckpt.meta")',
            recipe="Load the exported SavedModel: `tf.saved_model.load(folder)`.",
            api="tf.train.import_meta_graph", family="load",
        ),
        Finding(
            _at(9, 0, 34, cell=6), "TFM201", "Restores both kinds of checkpoint already.",
            Outcome.KEPT, None, "saver.restore(sess, checkpoint_path)",
            api="tf.train.Saver.restore", family="saver",
        ),
    )  # fmt: skip
    return FileResult("ranker/explore.ipynb", findings, program=2)


def _hooks() -> FileResult:
    finding = Finding(
        _at(17, 8, 70), "TFM201", "MonitoredTrainingSession finalizes its graph, so its Saver stays.",
        Outcome.KEPT, Tier.SESSION, "tf.train.MonitoredTrainingSession(checkpoint_dir=folder)",
        api="tf.train.MonitoredTrainingSession", family="managed",
    )  # fmt: skip
    return FileResult("serving/hooks.py", (finding,), program=1)


def _histogram(**bins: int) -> tuple[int, ...]:
    """Return a histogram from ``equal=3, e7=1``: elements equal, up to 1e-7, …; ``rest`` beyond 1."""
    names = ["equal", *(f"e{power}" for power in range(9, -1, -1)), "rest"]
    return tuple(bins.get(name, 0) for name in names)


def _signature(
    key: str, inputs: dict[str, tuple[str, str]], outputs: dict[str, tuple[str, str]]
) -> tuple[ContractDelta, ...]:
    """Return the facts of a signature that both sides have alike."""
    same = CheckStatus.SAME
    facts = [
        ContractDelta(f"signatures/{key}", same, "present", "present"),
        ContractDelta(f"{key}/method_name", same, *["tensorflow/serving/predict"] * 2),
    ]
    for group, tensors in (("inputs", inputs), ("outputs", outputs)):
        for name, spelling in tensors.items():
            facts += [
                ContractDelta(f"{key}/{group}/{name}/{part}", same, words, words)
                for part, words in zip(("dtype", "shape"), spelling, strict=True)
            ]
    return tuple(facts)


F32 = (1e-5, 1e-5)
ENVIRONMENTS = (
    "before: Python 3.7.16, TensorFlow 1.15.5",
    "after: Python 3.11.9, TensorFlow 2.21.0",
)

CHECKS = (
    ModelCheck(
        "runs/before/export/1",
        "runs/after/export/1",
        contract=(
            ContractDelta("tags", CheckStatus.SAME, "serve", "serve"),
            *_signature(
                "serving_default",
                {"images": ("float32", "[None, 784]")},
                {"logits": ("float32", "[None, 10]")},
            ),
            ContractDelta("__saved_model_init_op", CheckStatus.NOTE, "", "signature"),
        ),
        variables=(
            OutputDelta("weights", DeltaStatus.EQUAL, 0.0, 0.0, 0.0, 0.0, None, 7840, tolerance=F32, histogram=_histogram(equal=7840)),
        ),
        deltas=(
            OutputDelta("serving_default/logits", DeltaStatus.CLOSE, 5.96e-8, 1.19e-7, 4.1e-9, 5.4e-8, (2, 7), 30, "", "normal", 1.0, F32, _histogram(equal=19, e8=7, e7=4), "0.10426748", "0.10426742", ("images[2] = [0.4967, -0.1383, 0.6477, ...]",)),
            OutputDelta("serving_default/logits", DeltaStatus.EQUAL, 0.0, 0.0, 0.0, 0.0, None, 30, "", "zeros", 1.0, F32, _histogram(equal=30)),
        ),
        inputs=("serving_default: normal", "serving_default: zeros"),
        environments=ENVIRONMENTS,
        verdict=Verdict.MATCH,
        name="train/digits.py",
        covers=("train/digits.py", "train/tf2_bridge.py"),
        rewrites=(Place("train/digits.py", 22, "TFM101"),),
        kinds=("SavedModel", "SavedModel"),
        cost=Cost(
            38_412,
            44_018,
            (
                Latency("before", "v1", "serving_default", "normal", 0.000213, 0.000240, 50),
                Latency("after", "v1", "serving_default", "normal", 0.000198, 0.000221, 50),
                Latency("after", "v2", "serving_default", "normal", 0.000342, 0.000371, 50),
            ),
        ),
    ),
    ModelCheck(
        "runs/before/checkpoints/digits-900",
        "runs/after/checkpoints/digits-900",
        variables=(
            OutputDelta("global_step", DeltaStatus.EQUAL, 0.0, 0.0, 0.0, None, None, 1),
            OutputDelta("weights", DeltaStatus.EQUAL, 0.0, 0.0, 0.0, 0.0, None, 7840, tolerance=F32, histogram=_histogram(equal=7840)),
        ),
        environments=ENVIRONMENTS,
        verdict=Verdict.MATCH,
        name="train/digits.py: checkpoint",
        covers=("train/digits.py", "train/tf2_bridge.py"),
        rewrites=(Place("train/digits.py", 15, "TFM201"),),
        kinds=("checkpoint", "checkpoint"),
        cost=Cost(31_642, 31_977),
    ),
    ModelCheck(
        "runs/before/ranker",
        "runs/after/ranker",
        contract=(
            ContractDelta("serving_default/inputs/in:0/argument", CheckStatus.NOTE, "in:0", "tf.saved_model.load calls it in_0"),
            *_signature(
                "serving_default",
                {"in:0": ("string", "[None]")},
                {"scores": ("float32", "[None, 64]"), "sample": ("float32", "[None]")},
            ),
            *_signature("embed", {"words": ("int64", "[None]")}, {"vectors": ("float32", "[None, 80]")}),
            ContractDelta("serving_default/outputs/rank", CheckStatus.MISSING, "int64 [None]", "absent"),
            ContractDelta("tags", CheckStatus.SAME, "serve", "serve"),
        ),
        variables=(
            OutputDelta("embedding", DeltaStatus.DIFFERS, 0.137, 2.41, 0.0083, 0.128, (812, 3), 64000, "61904 of 64000 beyond tolerance", "", None, F32, _histogram(equal=96, e6=1200, e5=800, e4=3904, e3=21000, e2=36000, e1=995, e0=5), "0.0703125", "0.20731", ()),
            OutputDelta("dense/bias", DeltaStatus.EQUAL, 0.0, 0.0, 0.0, 0.0, None, 64, tolerance=F32, histogram=_histogram(equal=64)),
            OutputDelta("dense/kernel", DeltaStatus.EQUAL, 0.0, 0.0, 0.0, 0.0, None, 4096, tolerance=F32, histogram=_histogram(equal=4096)),
        ),
        deltas=(
            OutputDelta("serving_default/rank", DeltaStatus.MISSING, note="absent after, through tf.saved_model.load"),
            OutputDelta("serving_default/scores", DeltaStatus.DIFFERS, 0.0213, 0.44, 0.0017, 0.0189, (0, 41), 192, "150 of 192 beyond tolerance", "normal", 0.9996, F32, _histogram(equal=4, e7=8, e6=12, e5=18, e4=40, e3=76, e2=30, e1=4), "0.12668", "0.10538", ("in:0[0] = b'wireless noise cancelling headphones'",)),
            OutputDelta("serving_default/scores", DeltaStatus.DIFFERS, math.nan, math.inf, None, math.inf, (1, 0), 192, "64 of 192 beyond tolerance, 64 of them NaN or infinite on one side only", "edge", 0.5, F32, _histogram(equal=128, rest=64), "0.0", "nan", ("in:0[1] = b''",)),
            OutputDelta("serving_default/sample", DeltaStatus.UNSTABLE, 0.91, 1.2, 0.3, 0.6, (0,), 64, "another value on each run, before and after", "normal", None, F32, _histogram(e1=48, e0=16)),
            OutputDelta("embed/vectors", DeltaStatus.CLOSE, 3.0e-8, 1.1e-7, 2e-9, 2.9e-8, (1, 4), 240, "", "normal", 1.0, F32, _histogram(equal=200, e8=30, e7=10)),
            OutputDelta("embed/vectors", DeltaStatus.EQUAL, 0.0, 0.0, 0.0, 0.0, None, 240, "", "zeros", 1.0, F32, _histogram(equal=240)),
        ),
        inputs=("serving_default: edge", "serving_default: normal", "embed: normal", "embed: zeros"),
        environments=ENVIRONMENTS,
        verdict=Verdict.MISMATCH,
        name="ranker",
        covers=("ranker/explore.ipynb", "ranker/export.py", "serving/load_model.py"),
        rewrites=(
            Place("serving/load_model.py", 8, "TFM210"),
            Place("ranker/lost.py", 30, "TFM101"),
        ),
        kinds=("SavedModel", "SavedModel"),
        parting=Parting(
            "embedding_lookup/GatherV2", "GatherV2", "serving_default/scores", "normal",
            "StatefulPartitionedCall/embedding_lookup", 0.137,
            "its inputs are equal but for the variable embedding",
        ),
        cost=Cost(
            1_284_220,
            1_301_553,
            (
                Latency("before", "v1", "serving_default", "normal", 0.00181, 0.00206, 50),
                Latency("before", "v1", "embed", "normal", 0.000402, 0.000466, 50),
                Latency("after", "v1", "serving_default", "normal", 0.00176, 0.00193, 50),
                Latency("after", "v2", "serving_default", "normal", 0.00242, 0.00318, 50),
                Latency("after", "v1", "embed", "normal", 0.000395, 0.00043, 50),
                Latency("after", "v2", "embed", "normal", 0.00059, 0.000644, 50),
            ),
        ),
        seed=7,
    ),
    ModelCheck(
        "runs/before/frozen.pb",
        "runs/after/frozen",
        verdict=Verdict.ERROR,
        error="`runs/before/frozen.pb` holds no GraphDef: Error parsing message.",
        kinds=("frozen graph", "SavedModel"),
    ),
)  # fmt: skip


def sample() -> RunReport:
    """Return the run, in no particular order."""
    return RunReport(
        version="0.1.0",
        command="migrate",
        rules=RULES,
        programs=(
            Program(("train/digits.py", "train/tf2_bridge.py"), ("train/digits.py",), Tier.SESSION),
            Program(
                ("serving/load_model.py", "serving/hooks.py"), ("serving/load_model.py",),
                Tier.SESSION, requirements=("tf-keras", "tf-slim"),
            ),
            Program(
                ("ranker/export.py", "ranker/explore.ipynb"),
                ("ranker/export.py",),
                held="`ranker/export.py` exports an Estimator, which TensorFlow 2.21 does not have.",
            ),
        ),
        files=(
            _train(),
            FileResult(
                "train/tf2_bridge.py", diff=diff_of("train/tf2_bridge.py", "", BRIDGE, created=True),
                program=0, created=True,
            ),
            _serve(),
            _hooks(),
            _estimator(),
            _notebook(),
            FileResult("tools/old_freeze.py", error="line 12: Python 2 print statement"),
            FileResult("tools/plot.py"),
        ),
        checks=CHECKS,
    )  # fmt: skip


#: Markup of every format, a workflow command, an escape sequence, bidirectional and zero-width
#: controls, a lone surrogate, a NUL.
HOSTILE = (
    "<script>alert(1)</script>\x1b[31m\u202eevil\u2066\u200b\x00</details> [bold]x[/bold] "
    "`tick` ```fence @everyone #1 {{ 7*7 }} ::error::x%0A \udcff | *b* ![i](http://e.example/i.png)"
)


def hostile() -> RunReport:
    """Return the sample with :data:`HOSTILE` in every text that comes from a user."""
    word = HOSTILE
    path = f"a,b:c/{word.replace('/', '_')}\n.py"
    code = f'x = "{word}"\n'
    finding = Finding(
        _at(1, 0, 9), "TFM201", word, Outcome.MANUAL, None, code, code, word + "\n\n```python\n" + word + "\n```",
        word, word,
    )  # fmt: skip
    findings = tuple(
        replace(finding, outcome=outcome, safety=safety)
        for outcome in Outcome
        for safety in (Safety.SAFE, Safety.REVIEW)
    )
    delta = OutputDelta(
        f"{word}/y", DeltaStatus.DIFFERS, 1.0, required=0.5, note=word, regime=word, compared=3,
        worst_index=(0,), tolerance=F32, histogram=_histogram(equal=2, e0=1),
        worst_before=word, worst_after=word, worst_inputs=(word, word * 9),
    )  # fmt: skip
    good = replace(delta, status=DeltaStatus.CLOSE, regime="b" + word)
    facts = [
        ContractDelta(name, status, word, word)
        for name in (word, f"{word}/inputs/{word}/dtype", f"{word}/outputs/y")
        for status in (CheckStatus.CHANGED, CheckStatus.NOTE)
    ]
    check = ModelCheck(
        word, word, tuple(facts), (delta,), (delta, good), (word,), environments=(word,),
        verdict=Verdict.MISMATCH, error=word, name=path, covers=(path + "3",),
        rewrites=(Place(path, 1, "TFM201"), Place(word, 3, word)), kinds=(word, word),
        parting=Parting(word, word, word, word, word, 0.5, word),
        cost=Cost(1, 2, (
            Latency("before", word, word, word, 0.001, 0.002, 3),
            Latency("after", word, word, word, 0.001, 0.002, 3),
        )),
    )  # fmt: skip
    coarse = replace(check, rewrites=(), covers=(path,), verdict=Verdict.MATCH, name=word)
    diff = f"--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@ {word}\n-{code}+y = 1  # {word}\n"
    return RunReport(
        version=word,
        command=word,
        rules=(
            RuleInfo(
                "TFM201",
                word,
                Safety.REVIEW,
                word,
                f"## Why\n\n{word}\n\n<img src=x onerror=alert(1)>\n",
            ),
        ),
        programs=(Program((path,), (path,), None, word, (word,)),),
        files=(
            FileResult(path, findings, diff, program=0),
            FileResult(path + "2", diff="not a diff\n" + word, error=word),
            FileResult(path + "3", diff=diff, created=True),
        ),
        checks=(check, coarse),
    )


def shuffled(run: RunReport, seed: int) -> RunReport:
    """Return ``run`` with everything that has no order of its own in another order."""
    rng = random.Random(seed)

    def mixed(values: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(rng.sample(values, len(values)))

    order = rng.sample(range(len(run.programs)), len(run.programs))
    programs = tuple(
        replace(
            p,
            files=mixed(p.files),
            entry_points=mixed(p.entry_points),
            requirements=mixed(p.requirements),
        )
        for p in (run.programs[old] for old in order)
    )
    return replace(
        run,
        rules=mixed(run.rules),
        programs=programs,
        files=mixed(
            tuple(
                replace(
                    file,
                    findings=mixed(file.findings),
                    program=None if file.program is None else order.index(file.program),
                )
                for file in run.files
            )
        ),
        checks=mixed(
            tuple(
                replace(
                    c,
                    contract=mixed(c.contract),
                    variables=mixed(c.variables),
                    deltas=mixed(c.deltas),
                    rewrites=mixed(c.rewrites),
                    cost=c.cost and replace(c.cost, latencies=mixed(c.cost.latencies)),
                )
                for c in run.checks
            )
        ),
    )
