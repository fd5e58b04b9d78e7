"""Programs on Estimators move to the bridge's; what it lacks is reported with the code to write."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from engine_harness import plan_of

from migrator import apis
from migrator.results import Outcome
from migrator.rule import FileContext
from migrator.symbols import Status, status

ALL = "import tensorflow as tf\n"


def findings(text: str, code: str, context: FileContext | None = None) -> list[tuple[str, Outcome]]:
    """Return (API, outcome) of the findings with ``code``."""
    plan = plan_of(text, context)
    return [(found.api or "", found.outcome) for found in plan.findings if found.code == code]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tf.estimator.Estimator(f, 'd')", "tf2_bridge.estimator.Estimator(f, 'd')"),
        ("tf.compat.v1.estimator.ModeKeys.EVAL", "tf2_bridge.estimator.ModeKeys.EVAL"),
        ("tf.estimator.inputs.numpy_input_fn", "tf2_bridge.estimator.inputs.numpy_input_fn"),
        ("tf.estimator.export.PredictOutput(y)", "tf2_bridge.estimator.export.PredictOutput(y)"),
        ("tf.contrib.tpu.TPUEstimator(f)", "tf2_bridge.tpu.TPUEstimator(f)"),
        (
            "tf.contrib.tpu.InputPipelineConfig.PER_HOST_V2",
            "tf2_bridge.tpu.InputPipelineConfig.PER_HOST_V2",
        ),
        ("tf.estimator.DNNClassifier([4], c)", "tf2_bridge.estimator.DNNClassifier([4], c)"),
        (
            "tf.estimator.experimental.stop_if_lower_hook",
            "tf2_bridge.estimator.experimental.stop_if_lower_hook",
        ),
        ("tf.contrib.learn.ModeKeys.INFER", '"infer"'),
        ("isinstance(e, tf.estimator.Estimator)", "isinstance(e, tf2_bridge.estimator.Estimator)"),
    ],
)
def test_symbols_become_the_bridges(before: str, after: str) -> None:
    """Whatever the place, the name is replaced and nothing else."""
    plan = plan_of(f"{ALL}saver = tf.train.Saver()\nx = {before}\n")
    assert plan.text is not None
    assert plan.text.splitlines()[-1] == f"x = {after}"


@pytest.mark.parametrize(
    "line",
    [
        "from tensorflow import estimator as E",
        "import tensorflow.estimator as E",
        "from tensorflow.compat.v1 import estimator as E",
    ],
)
def test_imports_of_the_module_go(line: str) -> None:
    """An import that nothing uses any more would fail on 2.21."""
    plan = plan_of(f"{line}\n\ndef f(mode):\n    return mode == E.ModeKeys.TRAIN\n")
    assert plan.text is not None
    assert "tf2_bridge.estimator.ModeKeys.TRAIN" in plan.text
    assert "import estimator" not in plan.text
    assert "tensorflow.estimator" not in plan.text


def test_private_paths() -> None:
    """The modules behind the names are another spelling."""
    plan = plan_of(
        "from tensorflow.python.estimator.model_fn import ModeKeys as Modes, EstimatorSpec\n\n"
        "def f(mode, y):\n    return EstimatorSpec(mode, y) if mode == Modes.PREDICT else None\n"
    )
    assert plan.text is not None
    assert "tensorflow.python" not in plan.text
    assert "tf2_bridge.estimator.EstimatorSpec(mode, y)" in plan.text
    assert "mode == tf2_bridge.estimator.ModeKeys.PREDICT" in plan.text


def test_aliases_are_rewritten_where_they_are_made() -> None:
    """A use through an assigned name stays: the name means the bridge's then."""
    plan = plan_of(f"{ALL}M = tf.estimator.ModeKeys\nx = M.TRAIN\n")
    assert plan.text is not None
    assert plan.text.endswith("M = tf2_bridge.estimator.ModeKeys\nx = M.TRAIN\n")
    assert not any(found.outcome is Outcome.MANUAL for found in plan.findings)


def test_a_base_class() -> None:
    """A subclass is one of the bridge's class."""
    plan = plan_of(f"{ALL}class Mine(tf.estimator.Estimator):\n    pass\n")
    assert plan.text is not None
    assert "class Mine(tf2_bridge.estimator.Estimator):" in plan.text


def test_parts_are_no_larger_than_needed() -> None:
    """Only programs with canned or TPU estimators carry their code."""
    assert plan_of(f"{ALL}tf.estimator.Estimator(f)\n").parts == {"estimator"}
    assert plan_of(f"{ALL}tf.estimator.LinearRegressor(c)\n").parts == {"canned_estimators"}
    assert plan_of(f"{ALL}tf.contrib.tpu.TPUConfig()\n").parts == {"tpu_estimator"}
    modes = plan_of(f"{ALL}saver = tf.train.Saver()\nx = tf.contrib.learn.ModeKeys.TRAIN\n")
    assert modes.parts == {"saver"}


def test_every_bridged_name_is_one_that_is_gone() -> None:
    """What TensorFlow 2 has is not replaced."""
    for name in apis.ESTIMATORS:
        assert status(name) is Status.GONE or name.startswith("tf.estimator"), name


@pytest.mark.parametrize(
    "use",
    [
        "tf.estimator.BoostedTreesRegressor(c, 1)",
        "tf.estimator.BaselineClassifier()",
        "tf.estimator.DNNEstimator(head, [4], c)",
        "tf.estimator.experimental.KMeans(3)",
        "tf.estimator.add_metrics(e, f)",
        "tf.contrib.estimator.DNNEstimator(head, [4], c)",
        "tf.contrib.estimator.InMemoryEvaluatorHook(e, f)",
        "tf.contrib.learn.DNNClassifier([4], c)",
        "tf.contrib.learn.Experiment(e, f, g)",
        "tf.contrib.learn.Estimator(f)",
        "tf.contrib.learn.RunConfig()",
        "tf.contrib.learn.learn_runner.run(f)",
    ],
)
def test_what_is_lost_is_told_with_code(use: str) -> None:
    """The recipe is a piece of Python, not a link."""
    plan = plan_of(f"{ALL}saver = tf.train.Saver()\nx = {use}\n")
    (found,) = [one for one in plan.findings if one.code == "TFM606"]
    assert found.outcome is Outcome.MANUAL
    assert found.recipe is not None
    assert "http" not in found.recipe
    assert "(" in found.recipe
    assert "{{" not in found.recipe
    assert plan.text is not None
    assert f"x = {use}\n" in plan.text


def test_exports() -> None:
    """An export of a bridged estimator stays; of another one it is reported."""
    kept = f"{ALL}e = tf.estimator.Estimator(f)\ne.export_savedmodel('d', r)\n"
    assert findings(kept, "TFM601") == [(".export_savedmodel", Outcome.KEPT)]
    elsewhere = (
        f"{ALL}def f(e):\n    e.export_saved_model('d', tf.estimator.export.PredictOutput)\n"
    )
    assert findings(elsewhere, "TFM601") == [(".export_saved_model", Outcome.KEPT)]
    lost = f"{ALL}e = tf.estimator.BoostedTreesClassifier(c, 1)\ne.export_saved_model('d', r)\n"
    assert findings(lost, "TFM601") == [(".export_saved_model", Outcome.MANUAL)]
    stays = findings(kept, "TFM601", FileContext(move=False))
    assert stays == [(".export_savedmodel", Outcome.MANUAL)]


@pytest.mark.parametrize(
    "text",
    [
        "import models\nx = models.estimator.Estimator(f)\n",
        "from sklearn.base import BaseEstimator as Estimator\ne = Estimator()\n",
        "import estimator\nestimator.Estimator(f)\n",
        "class RunConfig:\n    pass\n\nRunConfig()\n",
        "import tf2_bridge\ne = tf2_bridge.estimator.Estimator(f)\n",
        "def f(mode, ModeKeys):\n    return mode == ModeKeys.TRAIN\n",
        "from mine import tf_estimator\ntf_estimator.Estimator(f)\n",
        "x = 'tf.estimator.Estimator'\n",
        "# tf.estimator.Estimator\n",
        "import numpy as np\nnumpy_input_fn = np.array\nnumpy_input_fn([1])\n",
    ],
)
def test_nothing_to_do(text: str) -> None:
    """Names that are the user's own, or that moved already, are left."""
    plan = plan_of(text)
    assert plan.text is None
    assert not any(found.code.startswith("TFM60") for found in plan.findings)


def test_a_comment_keeps_a_line() -> None:
    """A kept line is not rewritten."""
    text = f"{ALL}e = tf.estimator.Estimator(f)  # migrator: keep\n"
    assert findings(text, "TFM605") == [("tf.estimator.Estimator", Outcome.SUPPRESSED)]


def test_the_table_is_that_of_the_bridge() -> None:
    """Every name of the table is one that the bridge's namespaces have."""
    home = Path(apis.__file__).parent / "bridge"
    said = "\n".join(
        (home / f"{name}.py").read_text(encoding="utf-8").replace("from __future__", "from future")
        for name in ("estimator", "estimator_canned", "estimator_tpu")
    )
    words = {node.arg for node in ast.walk(ast.parse(said)) if isinstance(node, ast.keyword)}
    for there in apis.ESTIMATORS.values():
        last = there.rpartition(".")[2]
        assert last in words or f"class {last}(" in said or last == "estimator", there


def test_names_that_are_imported_and_not_used_go() -> None:
    """An import that fails on 2.21 does not stay behind because nothing uses one of its names."""
    plan = plan_of(
        "import tensorflow as tf\n"
        "import tensorflow.estimator as lib\n"
        "from tensorflow.estimator import Estimator, EvalSpec, TrainSpec\n"
        "from tensorflow.python.estimator.export import export_output\n"
        "\n"
        "def make(model_fn):\n"
        "    return Estimator(model_fn)\n"
    )
    assert plan.text is not None
    assert "import tensorflow.compat.v1 as tf\nimport tf2_bridge\n" in plan.text
    assert "TrainSpec" not in plan.text
    assert "lib" not in plan.text
    assert "export_output" not in plan.text
    assert not [f for f in plan.findings if f.outcome is Outcome.MANUAL]


def test_a_name_that_all_holds_is_no_unused_one() -> None:
    """What ``__all__`` may mean stays, and is reported."""
    plan = plan_of(
        "import tensorflow as tf\n"
        "from tensorflow.estimator import Estimator, TrainSpec\n"
        "__all__ = ['TrainSpec']\n"
        "estimator = Estimator(None)\n"
    )
    assert plan.text is not None
    assert "import TrainSpec\n" in plan.text
    assert [f.api for f in plan.findings if f.outcome is Outcome.MANUAL] == [
        "tf.estimator.TrainSpec"
    ]


def test_batch_normalization_of_canned_networks_is_refused_by_name() -> None:
    """The bridge's networks have none: that is said before the program runs."""
    plan = plan_of(
        "import tensorflow as tf\n"
        "one = tf.estimator.DNNClassifier([1], [], batch_norm=True)\n"
        "two = tf.estimator.DNNRegressor([1], [], batch_norm=False)\n"
    )
    found = {f.span.line: f.outcome for f in plan.findings if f.code == "TFM605"}
    assert found == {2: Outcome.MANUAL, 3: Outcome.REWRITTEN}


def test_calls_through_an_assigned_name_have_an_outcome() -> None:
    """``Estimator = tf.estimator.Estimator`` is rewritten, and its calls say that they follow."""
    plan = plan_of(
        "import tensorflow as tf\n"
        "Estimator = tf.estimator.Estimator\n"
        "def run(path):\n"
        "    return Estimator(lambda features, labels, mode: None, path)\n"
    )
    assert plan.text is not None
    assert "Estimator = tf2_bridge.estimator.Estimator\n" in plan.text
    assert {f.span.line: f.outcome for f in plan.findings if f.code == "TFM605"} == {
        2: Outcome.REWRITTEN,
        4: Outcome.KEPT,
    }
