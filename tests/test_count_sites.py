"""The independent counter sees every form of call, and only calls, and joins them to a report."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parent / "tools"
SCRIPT = TOOLS / "count_sites.py"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the counter."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below ``root`` and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def counted(root: Path) -> dict[str, Any]:
    """Return the JSON of a count."""
    done = run(root, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def sites(root: Path) -> list[tuple[str, int, str]]:
    """Return (path, line, API) of every site."""
    return [(s["path"], s["line"], s["api"]) for s in counted(root)["sites"]]


IMPORT_FORMS = [
    ("import tensorflow as tf\ntf.train.Saver()", "Saver"),
    ("import tensorflow\ntensorflow.train.Saver()", "Saver"),
    ("import tensorflow.compat.v1 as tf\ntf.train.Saver()", "Saver"),
    ("import tensorflow as tf\ntf.compat.v1.train.Saver()", "Saver"),
    ("from tensorflow.compat import v1 as tf\ntf.train.Saver()", "Saver"),
    ("from tensorflow import train\ntrain.Saver()", "Saver"),
    ("from tensorflow.train import Saver as S\nS()", "Saver"),
    ("from tensorflow import *\ntrain.Saver()", "Saver"),
    ("from tensorflow.python.training import saver as tf_saver\ntf_saver.Saver()", "Saver"),
    ("from tensorflow.python.training.saver import Saver\nSaver()", "Saver"),
    ("import tensorflow.python.training.saver\n"
     "tensorflow.python.training.saver.Saver()", "Saver"),
    ("import importlib\ntf = importlib.import_module('tensorflow')\ntf.train.Saver()", "Saver"),
    ("tf = __import__('tensorflow')\ntf.train.Saver()", "Saver"),
    ("try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n"
     "    import tensorflow as tf\ntf.train.Saver()", "Saver"),
    ("def f():\n    import tensorflow as tf\n    return tf.train.Saver()", "Saver"),
    ("def load():\n    import tensorflow as tf\n    return tf\nload().train.Saver()", "Saver"),
    ("import tensorflow as tf\nf = tf.train.Saver\nf()", "Saver"),
    ("import functools, tensorflow as tf\nf = functools.partial(tf.train.Saver, None)\nf()",
     "Saver"),
    ("import tensorflow as tf\ntf.saved_model.simple_save(s, d, i, o)", "simple_save"),
    ("from tensorflow import saved_model as sm\nsm.simple_save(s, d, i, o)", "simple_save"),
    ("import tensorflow.saved_model as sm\nsm.simple_save(s, d, i, o)", "simple_save"),
    ("from tensorflow.python.saved_model.simple_save import simple_save\nsimple_save(s)",
     "simple_save"),
    ("import tensorflow as tf\ntf.saved_model.builder.SavedModelBuilder(d)", "SavedModelBuilder"),
    ("import tensorflow as tf\ntf.saved_model.Builder(d)", "SavedModelBuilder"),
    ("from tensorflow.python.saved_model import builder as b\nb.SavedModelBuilder(d)",
     "SavedModelBuilder"),
    ("from tensorflow.python.saved_model import builder_impl as b\nb.SavedModelBuilder(d)",
     "SavedModelBuilder"),
    ("from tensorflow.saved_model import utils\nutils.build_tensor_info(x)", "build_tensor_info"),
    ("from tensorflow.saved_model import signature_def_utils as u\nu.build_signature_def(x)",
     "build_signature_def"),
    ("from tensorflow.python.saved_model.signature_def_utils_impl import predict_signature_def\n"
     "predict_signature_def({}, {})", "predict_signature_def"),
    ("import tensorflow as tf\ntf.saved_model.classification_signature_def(a, b, c)",
     "classification_signature_def"),
    ("import tensorflow as tf\ntf.saved_model.signature_def_utils.regression_signature_def(a, b)",
     "regression_signature_def"),
    ("import tensorflow as tf\ntf.train.latest_checkpoint(d)", "latest_checkpoint"),
    ("import tensorflow as tf\ntf.train.get_checkpoint_state(d)", "get_checkpoint_state"),
    ("import tensorflow as tf\ntf.saved_model.loader.load(s, t, d)", "loader.load"),
    ("import tensorflow as tf\ntf.saved_model.load(s, t, d)", "loader.load"),
    ("from tensorflow.python.saved_model import loader\nloader.load(s, t, d)", "loader.load"),
    ("import tensorflow as tf\ntf.train.import_meta_graph(p)", "import_meta_graph"),
    ("import tensorflow as tf\ntf.train.export_meta_graph(p)", "export_meta_graph"),
    ("import tensorflow as tf\ntf.graph_util.convert_variables_to_constants(s, g, n)",
     "convert_variables_to_constants"),
    ("from tensorflow.python.framework import graph_util as g\n"
     "g.convert_variables_to_constants(s, d, n)", "convert_variables_to_constants"),
    ("from tensorflow.contrib import predictor\npredictor.from_saved_model(d)",
     "contrib.predictor"),
    ("from tensorflow.python.tools import freeze_graph\nfreeze_graph.freeze_graph(g)",
     "freeze_graph"),
    ("from tensorflow.python.tools.freeze_graph import freeze_graph as f\nf(g)", "freeze_graph"),
    ("import tensorflow as tf\ntf.graph_util.extract_sub_graph(g, n)", "extract_sub_graph"),
    ("from tensorflow.python.framework.graph_util import remove_training_nodes as r\nr(g)",
     "remove_training_nodes"),
    ("from tensorflow.python.tools import optimize_for_inference_lib as o\n"
     "o.optimize_for_inference(g, i, o, t)", "optimize_for_inference"),
    ("from tensorflow.tools.graph_transforms import TransformGraph\nTransformGraph(g, i, o, t)",
     "TransformGraph"),
    ("import tensorflow as tf\ntf.io.write_graph(g, d, n)", "write_graph"),
    ("import tensorflow as tf\ntf.train.write_graph(g, d, n)", "write_graph"),
    ("import tensorflow as tf\ntf.import_graph_def(g, name='')", "import_graph_def"),
    ("from tensorflow.python import pywrap_tensorflow as p\np.NewCheckpointReader(c)",
     "NewCheckpointReader"),
    ("import tensorflow as tf\ntf.train.NewCheckpointReader(c)", "NewCheckpointReader"),
    ("import tensorflow as tf\ntf.contrib.framework.load_variable(c, n)", "load_variable"),
    ("import tensorflow as tf\ntf.train.list_variables(c)", "list_variables"),
    ("import tensorflow as tf\ntf.train.load_checkpoint(c)", "load_checkpoint"),
    ("from tensorflow.contrib.framework.python.framework import checkpoint_utils as u\n"
     "u.init_from_checkpoint(c, m)", "init_from_checkpoint"),
    ("import tensorflow.contrib.slim as slim\nslim.assign_from_checkpoint_fn(c, v)",
     "assign_from_checkpoint"),
    ("from tensorflow.contrib.session_bundle import exporter\nexporter.Exporter(s)",
     "session_bundle"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "api"), IMPORT_FORMS)
def test_import_forms(source: str, api: str, tmp_path: Path) -> None:
    """A call is recognised through every way to import it, exactly once."""
    write(tmp_path, {"a.py": source})
    assert [site[2] for site in sites(tmp_path)] == [api]


OBJECTS = [
    "s = tf.train.Saver()\ns.save(q, p)",
    "s: object = tf.train.Saver()\ns.save(q, p)",
    "s = t = tf.train.Saver()\nt.save(q, p)",
    "s, t = 1, tf.train.Saver()\nt.save(q, p)",
    "tf.train.Saver().save(q, p)",
    "s = tf.train.Saver() if x else None\ns.save(q, p)",
    "s = None\ns = s or tf.train.Saver()\ns.save(q, p)",
    "if (s := tf.train.Saver()):\n    s.save(q, p)",
    "def f():\n    s.save(q, p)\ns = tf.train.Saver()",
    "def f():\n    global s\n    s = tf.train.Saver()\ndef g():\n    s.save(q, p)",
    "class M:\n    def __init__(self):\n        self.s = tf.train.Saver()\n"
    "    def f(self):\n        self.s.save(q, p)",
    "class M:\n    s = tf.train.Saver()\n    def f(self):\n        self.s.save(q, p)",
    "class B:\n    def f(self):\n        self.s.save(q, p)\n"
    "class M(B):\n    def __init__(self):\n        self.s = tf.train.Saver()",
    "class B:\n    def __init__(self):\n        self.s = tf.train.Saver()\n"
    "class M(B):\n    def f(self):\n        self.s.save(q, p)",
    "class M:\n    @property\n    def s(self):\n        return tf.train.Saver()\n"
    "    def f(self):\n        self.s.save(q, p)",
    "class M:\n    def __init__(self):\n        self.s = tf.train.Saver()\nm = M()\nm.s.save(q, p)",
    "class M:\n    def __init__(self, s):\n        self.s = s\n    def f(self):\n"
    "        self.s.save(q, p)\nM(tf.train.Saver())",
    "def make():\n    return tf.train.Saver()\nmake().save(q, p)",
    "def f(a, s=None):\n    s.save(q, p)\nf(1, s=tf.train.Saver())",
    "d = {'a': tf.train.Saver()}\nd['a'].save(q, p)",
    "d = {}\nd['a'] = tf.train.Saver()\nd.get('a').save(q, p)",
    "for s in [tf.train.Saver()]:\n    s.save(q, p)",
    "s = tf.train.Saver()\nf = s.save\nf(q, p)",
    "x.s = tf.train.Saver()\nx.s.save(q, p)",
    "s = tf.train.Saver()\ndef f():\n    def g():\n        return lambda: s.save(q, p)",
]


@pytest.mark.parametrize("source", OBJECTS)
def test_savers_are_followed(source: str, tmp_path: Path) -> None:
    """The save of a Saver is found wherever the Saver was put."""
    write(tmp_path, {"a.py": f"import tensorflow as tf\n{source}"})
    assert sorted(site[2] for site in sites(tmp_path)) == [".save", "Saver"]


def test_methods(tmp_path: Path) -> None:
    """Methods of Savers and builders count under their own names, at their own lines."""
    write(
        tmp_path,
        {
            "a.py": (
                "import tensorflow as tf\n"
                "b = tf.saved_model.Builder(d)\n"
                "b.add_meta_graph_and_variables(s, [t])\n"
                "b.add_meta_graph([t])\n"
                "b.save()\n"
                "s = tf.train.import_meta_graph(p)\n"
                "s.restore(q, p)\n"
                "s.export_meta_graph(p)\n"
                "v = tf.train.Supervisor(logdir=d)\n"
                "v.saver.restore(q, p)\n"
            )
        },
    )
    assert sites(tmp_path) == [
        ("a.py", 2, "SavedModelBuilder"),
        ("a.py", 3, "add_meta_graph_and_variables"),
        ("a.py", 4, "add_meta_graph"),
        ("a.py", 5, "builder.save"),
        ("a.py", 6, "import_meta_graph"),
        ("a.py", 7, ".restore"),
        ("a.py", 8, "export_meta_graph"),
        ("a.py", 10, ".restore"),
    ]


NOT_SITES = [
    "from mylib import Saver\nSaver().save(1)",
    "import mylib as tf\ntf.train.Saver()",
    "class Saver:\n    def save(self): pass\nSaver().save()",
    "import tensorflow as tf\nfrom mylib import train\ntrain.Saver()",
    "import tensorflow as tf\ndef f(tf):\n    tf.train.Saver()",
    "import tensorflow as tf\ndef f():\n    tf = other()\n    tf.train.Saver()",
    "import tensorflow as tf\nf = tf.train.Saver",
    "import tensorflow as tf\n# tf.train.Saver()\nx = 'tf.train.Saver()'",
    "import tensorflow as tf\nmodel.save(p)\nmodel.restore(p)",
    "import tensorflow as tf\nloader.load(p)",
    "import tensorflow as tf\ntf.saved_model.load(d)",
    "import tensorflow as tf\ntf.saved_model.load(d, tags=['serve'])",
    "import tensorflow.compat.v2 as tf\ntf.train.latest_checkpoint(d)",
    "import tensorflow as tf\ntf.contrib.eager.Saver([])",
    "import tensorflow as tf\ntf.train.Checkpoint().save(p)",
    "import tensorflow as tf\nclass M:\n    def __init__(self):\n        self.s = other()\n"
    "class N:\n    def __init__(self):\n        self.s = tf.zeros([])\n    def f(self):\n"
    "        self.s.save(p)",
]


@pytest.mark.parametrize("source", NOT_SITES)
def test_what_only_looks_like_a_site_is_none(source: str, tmp_path: Path) -> None:
    """Users' own names, references, comments and TensorFlow 2 calls do not count."""
    write(tmp_path, {"a.py": source})
    assert sites(tmp_path) == []


def test_local_modules_are_followed(tmp_path: Path) -> None:
    """Names travel through star imports, packages, relative imports and import cycles."""
    write(
        tmp_path,
        {
            "common.py": "import tensorflow as tf\nfrom other import *\n",
            "other.py": "from common import *\nsaver = tf.train.Saver()\n",
            "star.py": "from common import *\ntf.train.Saver()\n",
            "pkg/__init__.py": "",
            "pkg/model.py": (
                "import tensorflow as tf\n"
                "class Model:\n"
                "    def __init__(self):\n"
                "        self.saver = tf.train.Saver()\n"
            ),
            "pkg/train.py": (
                "from .model import Model\nfrom . import model as m\n"
                "Model().saver.save(1, 2)\nm.Model().saver.restore(1, 2)\n"
            ),
            "scripts/run.py": "import pkg.model\nx = pkg.model.Model()\nx.saver.save(1, 2)\n",
            "plain/net.py": "from tensorflow import train\n",
            "use.py": "import plain.net as net, other\nnet.train.Saver()\nother.saver.save(1, 2)\n",
        },
    )
    assert sites(tmp_path) == [
        ("other.py", 2, "Saver"),
        ("pkg/model.py", 4, "Saver"),
        ("pkg/train.py", 3, ".save"),
        ("pkg/train.py", 4, ".restore"),
        ("scripts/run.py", 3, ".save"),
        ("star.py", 2, "Saver"),
        ("use.py", 2, "Saver"),
        ("use.py", 3, ".save"),
    ]


def notebook(*cells: tuple[str, str]) -> str:
    """Return a notebook of (kind, source) cells."""
    made = [{"cell_type": kind, "source": text.splitlines(True)} for kind, text in cells]
    return json.dumps({"cells": made, "nbformat": 4, "metadata": {}})


BOOK = notebook(
    ("markdown", "tf.train.Saver()"),
    ("code", "%matplotlib inline\n!pip install x\nimport tensorflow as tf"),
    ("code", "%%bash\ntf.train.Saver()"),
    ("code", "print 'python 2'"),
    ("code", "x = 1\ns = tf.train.Saver()\ny = ('%s'\n   % s)"),
    ("code", "s.save(q, p)"),
)


def test_notebooks_are_counted_apart(tmp_path: Path) -> None:
    """Sites in notebooks have the 0-based code cell and the line in it; names cross cells."""
    write(tmp_path, {"a.ipynb": BOOK, "b.ipynb": "not json", "c.py": "import tensorflow\n"})
    result = counted(tmp_path)
    found = [(s["cell"], s["line"], s["api"]) for s in result["sites"]]
    assert found == [(3, 2, "Saver"), (4, 1, ".save")]
    assert result["counts"] == {}
    assert result["notebook_counts"] == {"Saver": 1, ".save": 1}
    assert result["notebooks"] == 2


def test_files_that_do_not_parse_are_listed(tmp_path: Path) -> None:
    """Python 2, mixed tabs, null bytes and wrong encodings are listed, the rest is counted."""
    write(
        tmp_path,
        {
            "good.py": "import tensorflow as tf\ntf.train.Saver()\n",
            "two.py": "import tensorflow as tf\nprint tf.train.Saver()\n",
            "tabs.py": "if x:\n        a = 1\n\tb = 2\n",
            "null.py": "x = 1\0\n",
        },
    )
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    (tmp_path / "declared.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\n")
    result = counted(tmp_path)
    assert [u["path"] for u in result["unparsed"]] == ["latin.py", "null.py", "tabs.py", "two.py"]
    assert [u["path"] for u in result["unparsed"] if u["mentions_tensorflow"]] == ["two.py"]
    assert result["files"] == 2
    assert result["counts"] == {"Saver": 1}
    assert "two.py: SyntaxError" in run(tmp_path).stdout


def test_only_own_code_is_counted(tmp_path: Path) -> None:
    """Hidden folders, virtual environments and links do not count."""
    source = "import tensorflow as tf\ntf.train.Saver()\n"
    write(tmp_path, {"a.py": source, ".git/b.py": source, "env/pyvenv.cfg": "", "env/c.py": source})
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    assert sites(tmp_path) == [("a.py", 2, "Saver")]


# -- the join with a report ----------------------------------------------------------------

SOURCE = (
    "import tensorflow as tf\n"  # 1
    "saver = tf.train.Saver()\n"  # 2
    "saver.save(s, p)\n"  # 3
    "def export(s, d):\n"  # 4
    "    tf.saved_model.simple_save(\n"  # 5
    "        s, d, i, o)\n"  # 6
)


def finding(first: int, last: int, outcome: str = "rewritten", **more: Any) -> dict[str, Any]:
    """Return a finding as a report spells it."""
    span = {"line": first, "column": 0, "end_line": last, "end_column": 1, "cell": None}
    span.update(more.pop("span", {}))
    return {"span": span, "code": "TFM200", "message": "m", "outcome": outcome, **more}


def outcome_of(tmp_path: Path, files: list[dict[str, Any]], *flags: str) -> tuple[int, str]:
    """Return the exit code and the output of a join."""
    report = tmp_path / "run.json"
    report.write_text(json.dumps({"format": 1, "files": files}))
    done = run(tmp_path / "code", "--outcomes", report, *flags)
    assert done.returncode < 2, done.stderr
    return done.returncode, done.stdout


def test_what_happens_to_a_site_comes_before_why_it_is_not_lifted(tmp_path: Path) -> None:
    """Of findings at one span TFM510 counts only where it is alone, whichever comes first."""
    write(tmp_path, {"code/a.py": SOURCE})
    why = {"code": "TFM510"}
    findings = [
        {**finding(2, 2, "kept"), **why},
        finding(2, 2, "manual"),
        finding(3, 3, "rewritten"),
        {**finding(3, 3, "kept"), **why},
        {**finding(4, 6, "kept"), **why},
    ]
    code, text = outcome_of(tmp_path, [{"path": "a.py", "findings": findings}])
    assert code == 0
    assert text.splitlines() == [
        "| API | sites | kept | manual | rewritten |",
        "|---|---:|---:|---:|---:|",
        "| `Saver` | 1 | 0 | 1 | 0 |",
        "| `simple_save` | 1 | 1 | 0 | 0 |",
        "| `.save` | 1 | 0 | 0 | 1 |",
    ]


def test_every_site_has_an_outcome(tmp_path: Path) -> None:
    """Findings that start on or enclose each site account for it, and are counted by outcome."""
    write(tmp_path, {"code/a.py": SOURCE})
    findings = [
        finding(2, 2, tier="session"),
        finding(3, 3, "kept"),
        finding(4, 6, "manual"),
    ]
    code, text = outcome_of(tmp_path, [{"path": "a.py", "findings": findings}])
    assert code == 0
    assert text.splitlines() == [
        "| API | sites | manual | moves with its Saver | rewritten (session) |",
        "|---|---:|---:|---:|---:|",
        "| `Saver` | 1 | 0 | 0 | 1 |",
        "| `simple_save` | 1 | 1 | 0 | 0 |",
        "| `.save` | 1 | 0 | 1 | 0 |",
    ]


def test_a_call_moves_with_its_savers_where_all_are_rewritten(tmp_path: Path) -> None:
    """One constructor that stays, or that is not known, and the call is only kept."""
    source = "import tensorflow as tf\nsaver = tf.train.Saver()\n"
    other = "from a import saver\nif x:\n    saver = tf.train.%s\nsaver.restore(s, p)\n"
    write(
        tmp_path,
        {"code/a.py": source, "code/b.py": "import tensorflow as tf\n" + other % "Saver()"},
    )
    write(tmp_path, {"code/c.py": "import tensorflow as tf\n" + other % "Supervisor().saver"})
    made, kept = finding(2, 2, tier="session"), finding(5, 5, "kept")

    def words(second: str) -> list[str]:
        files = [
            {"path": "a.py", "findings": [made]},
            {"path": "b.py", "findings": [finding(4, 4, second), kept]},
            {"path": "c.py", "findings": [kept]},
        ]
        text = outcome_of(tmp_path, files)[1].splitlines()
        return [line for line in text if line.startswith("| API") or "restore" in line]

    assert words("rewritten") == [
        "| API | sites | kept | moves with its Saver | rewritten | rewritten (session) |",
        "| `.restore` | 2 | 1 | 1 | 0 | 0 |",
    ]
    assert words("manual")[1] == "| `.restore` | 2 | 2 | 0 | 1 |".replace("| 0 | 1 |", "| 0 | 0 |")


def test_the_narrowest_finding_decides(tmp_path: Path) -> None:
    """Of findings inside each other, the innermost is what became of the site."""
    write(tmp_path, {"code/a.py": SOURCE})
    findings = [finding(1, 6, "blocked"), finding(5, 6, "rewritten"), finding(2, 2, "suppressed")]
    _, text = outcome_of(tmp_path, [{"path": "a.py", "findings": findings}])
    assert "| API | sites | blocked | rewritten | suppressed |" in text
    assert "| `simple_save` | 1 | 0 | 1 | 0 |" in text
    assert "| `Saver` | 1 | 0 | 0 | 1 |" in text


@pytest.mark.parametrize(
    "files",
    [
        [],
        [{"path": "a.py", "findings": []}],
        [{"path": "b.py", "findings": [finding(1, 6)]}],
        [{"path": "a.py", "findings": [finding(2, 2), finding(6, 6)]}],
        [{"path": "a.py", "findings": [finding(2, 4), finding(6, 6)]}],
        [{"path": "a.py", "findings": [finding(2, 6, span={"cell": 0})]}],
    ],
)
def test_a_site_without_an_outcome_is_an_error(tmp_path: Path, files: list[Any]) -> None:
    """A finding on another line, file or cell does not account for a site."""
    write(tmp_path, {"code/a.py": SOURCE})
    code, text = outcome_of(tmp_path, files)
    assert code == 1
    assert "- a.py:5:5: `tf.saved_model.simple_save`" in text


def test_save_calls_may_be_without_an_outcome(tmp_path: Path) -> None:
    """A save is shown without an outcome; only constructors and exports must have one."""
    write(tmp_path, {"code/a.py": SOURCE})
    findings = [finding(2, 2), finding(5, 6)]
    code, text = outcome_of(tmp_path, [{"path": "a.py", "findings": findings}])
    assert code == 0
    assert "| `.save` | 1 | 0 | 1 |" in text


def test_notebook_sites_need_an_outcome_too(tmp_path: Path) -> None:
    """The cell and the line in it must match; --python-only leaves notebooks out."""
    write(tmp_path, {"code/a.ipynb": BOOK})
    right = {"path": "a.ipynb", "findings": [finding(2, 2, span={"cell": 3})]}
    wrong = {"path": "a.ipynb", "findings": [finding(2, 2, span={"cell": 2})]}
    assert outcome_of(tmp_path, [right])[0] == 0
    code, text = outcome_of(tmp_path, [wrong])
    assert code == 1
    assert "- a.ipynb:cell 3:2:5: `tf.train.Saver`" in text
    assert outcome_of(tmp_path, [wrong], "--python-only")[0] == 0


def test_commands_hide_no_sites(tmp_path: Path) -> None:
    """A cell with an assigned shell line, help or ``%time`` is counted like any other."""
    book = notebook(
        ("code", "import tensorflow as tf\n!a \\\n  b\nx = !ls\ntf?"),
        ("code", "%time s = tf.train.Saver()\n%%timeit"),
        ("code", "%%prun\ns.save(q, p)"),
    )
    write(tmp_path, {"a.ipynb": book})
    found = [(s["cell"], s["line"], s["api"]) for s in counted(tmp_path)["sites"]]
    assert found == [(1, 1, "Saver"), (2, 2, ".save")]


def test_a_cell_that_does_not_parse_must_be_spoken_of(tmp_path: Path) -> None:
    """One that may save needs a finding at the cell, or an error of its notebook."""
    cells = (("code", "import tensorflow"), ("code", "print saver.restore()"), ("code", "print x"))
    write(tmp_path, {"code/a.ipynb": notebook(*cells)})
    code, text = outcome_of(tmp_path, [{"path": "a.ipynb", "findings": []}])
    assert code == 1
    assert "- a.ipynb:cell 1: does not parse" in text and "cell 2" not in text
    right = finding(1, 1, span={"cell": 1})
    assert outcome_of(tmp_path, [{"path": "a.ipynb", "findings": [right]}])[0] == 0
    assert outcome_of(tmp_path, [{"path": "a.ipynb", "findings": [], "error": "no"}])[0] == 0


def test_a_file_that_does_not_parse_must_be_spoken_of(tmp_path: Path) -> None:
    """A Python 2 file with TensorFlow needs an error or a finding; one without does not."""
    write(tmp_path, {"code/a.py": "import tensorflow\nprint x\n", "code/b.py": "print x\n"})
    code, text = outcome_of(tmp_path, [{"path": "a.py", "findings": [], "error": None}])
    assert code == 1
    assert "1 files that do not parse and of which nothing is said" in text
    assert "- a.py: SyntaxError" in text
    assert outcome_of(tmp_path, [{"path": "a.py", "findings": [], "error": "no"}])[0] == 0
    assert outcome_of(tmp_path, [{"path": "a.py", "findings": [finding(1, 1)]}])[0] == 0


def test_joins_a_real_report(tmp_path: Path) -> None:
    """A report made of the project's own values has the shape that is read here."""
    from migrator.results import FileResult, Finding, Outcome, RunReport, Span, Tier, to_json

    write(tmp_path, {"code/a.py": SOURCE})
    found = Finding(Span(1, 0, 6, 20), "TFM200", "m", Outcome.REWRITTEN, Tier.NATIVE)
    report = to_json(RunReport(files=(FileResult("a.py", (found,)),)))
    code, text = outcome_of(tmp_path, report["files"])
    assert code == 0
    assert "rewritten (native)" in text


# -- parsing before and after --------------------------------------------------------------


def test_parse_finds_what_a_migration_broke(tmp_path: Path) -> None:
    """A file that parsed must be there and parse; one that did not parse may be as it is."""
    before = write(tmp_path / "before", {"a.py": "x = 1\n", "b.py": "x = 1\n", "c.py": "print x\n"})
    same = write(tmp_path / "same", {"a.py": "x = 2\n", "b.py": "", "c.py": "print x\n"})
    worse = write(tmp_path / "worse", {"a.py": "x = (\n"})
    assert run(same, "--parse", "--original", before).returncode == 0
    done = run(worse, "--parse", "--original", before)
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith("a.py: SyntaxError")
    assert second == "b.py: is not there any more"


@pytest.mark.parametrize(
    "arguments",
    [
        ["no/such/folder"],
        [".", "--parse"],
        [".", "--original", "."],
        [".", "--outcomes", "no-such.json"],
        [".", "--outcomes", "list.json"],
        [".", "--outcomes", "text.json"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], tmp_path: Path) -> None:
    """What cannot be read is said, and is never taken for a clean result."""
    write(tmp_path, {"a.py": SOURCE, "list.json": "[]", "text.json": "text"})
    done = run(*(str(tmp_path / a) if not a.startswith("-") else a for a in arguments))
    assert done.returncode == 2
    assert done.stderr


def test_shares_no_code_with_the_tool() -> None:
    """The counter and its resolver import the standard library and each other only."""
    own = {"bindings", "resolve_names", "count_sites"}
    for name in own:
        tree = ast.parse((TOOLS / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for imported in names:
                top = imported.partition(".")[0]
                assert top in own or top in sys.stdlib_module_names, f"{name}: {imported}"
