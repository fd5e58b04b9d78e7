"""A program of several files lifts whole, or stays a session program whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.interface import broken, user_of
from migrator.interface import facts_of as facts_of_module
from migrator.migration import Migration, Options, migrate
from migrator.names import Module
from migrator.native import Natives
from migrator.programs import Repository, facts_of
from migrator.results import Outcome, Tier

SCRIPT = """\
import tensorflow as tf

import files

x = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.zeros([2, 1]), name="w")
y = tf.matmul(x, w)
saver = tf.train.Saver()


def size(path):
    return len(path)


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    files.make("out")
    print(sess.run(y, {x: [[1.0, 2.0]]}))
    saver.save(sess, "out/model", global_step=3)
"""
FILES = """\
import tensorflow as tf


def make(folder):
    if not tf.gfile.Exists(folder):
        tf.gfile.MakeDirs(folder)
"""
OTHER = """\
import tensorflow as tf

import files

w = tf.get_variable("w", [2])
exec("")
saver = tf.train.Saver()
with tf.Session() as sess:
    files.make("other")
    sess.run(tf.global_variables_initializer())
    saver.save(sess, "other/model")
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one script that lifts and a file for its folders."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "linear.py").write_text(SCRIPT)
    (tmp_path / "files.py").write_text(FILES)
    return tmp_path


def texts(found: Migration) -> dict[str, str]:
    """Return path -> new text."""
    return {source.relative: text for source, text in found.changes}


def reason(found: Migration, path: str) -> str:
    """Return the message of why ``path`` is not lifted."""
    (result,) = [r for r in found.report.files if r.path == path]
    (finding,) = [f for f in result.findings if f.code == "TFM510"]
    assert finding.outcome is Outcome.KEPT
    return finding.message


def test_a_file_of_host_calls_gets_the_import(repository: Path) -> None:
    """What needs no session keeps its calls on compat.v1, and does not turn version 2 off."""
    found = migrate([repository], Options(jobs=1))
    (program,) = found.report.programs
    assert program.tier is Tier.NATIVE and program.files == ("files.py", "linear.py")
    new = texts(found)
    assert "class Linear(tf.Module)" in new["linear.py"]
    swapped = FILES.replace("import tensorflow as tf", "import tensorflow.compat.v1 as tf")
    assert new["files.py"] == swapped
    (result,) = [r for r in found.report.files if r.path == "files.py"]
    assert {finding.tier for finding in result.findings} == {Tier.NATIVE}
    assert "graph-and-session" not in result.findings[0].message


def test_a_file_may_serve_programs_of_both_tiers(repository: Path) -> None:
    """The swap of a shared file suits the session program that another script is."""
    (repository / "other.py").write_text(OTHER)
    found = migrate([repository], Options(jobs=1))
    tiers = {program.entry_points: program.tier for program in found.report.programs}
    assert tiers == {("linear.py",): Tier.NATIVE, ("other.py",): Tier.SESSION}
    new = texts(found)
    assert "disable_v2_behavior" in new["other.py"]
    assert "disable_v2_behavior" not in new["files.py"]


def test_one_file_that_refuses_holds_the_others(repository: Path) -> None:
    """A second script of the same program that cannot be lifted keeps the first from it."""
    (repository / "run.py").write_text(
        "import tensorflow as tf\nimport linear\n\nx = tf.placeholder(tf.float32)\nexec('')\n"
        "with tf.Session() as sess:\n    print(sess.run(x + 1, {x: 2}))\n"
    )
    found = migrate([repository], Options(jobs=1))
    (program,) = found.report.programs
    assert program.tier is Tier.SESSION
    new = texts(found)
    assert all("tf.Module" not in text for text in new.values())
    assert "disable_v2_behavior" in new["run.py"] and "disable_v2_behavior" in new["linear.py"]
    message = reason(found, "linear.py")
    assert "`run.py` is not lifted" in message and "(line 5)" in message


def test_a_test_with_sessions_of_its_own_holds_the_program(repository: Path) -> None:
    """A test file that runs the model in a session is a part of the program, and is named."""
    (repository / "test_linear.py").write_text(
        "import tensorflow as tf\nimport linear\n\n\n"
        "class LinearTest(tf.test.TestCase):\n    def test_it(self):\n"
        "        with self.test_session() as sess:\n"
        "            sess.run(tf.global_variables_initializer())\n"
        "            self.assertEqual(sess.run(linear.y, {linear.x: [[1., 2.]]}), 0.)\n"
    )
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    assert "`test_linear.py` uses `x`" in reason(found, "linear.py")


def test_a_test_of_a_neutral_model_moves_with_it(tmp_path: Path) -> None:
    """Beside a script that lifts, the test of its model runs on the same TensorFlow."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "net.py").write_text(
        "import tensorflow as tf\n\n\ndef build(x):\n    return tf.layers.dense(x, 1)\n"
    )
    (tmp_path / "run.py").write_text(
        SCRIPT.replace("import files", "import net")
        .replace('    files.make("out")\n', "")
        .replace("tf.matmul(x, w)", "net.build(tf.matmul(x, w))")
    )
    (tmp_path / "net_test.py").write_text(
        "import tensorflow as tf\nimport net\n\n\nclass NetTest(tf.test.TestCase):\n"
        "    def test_it(self):\n        with self.cached_session() as sess:\n"
        "            y = net.build(tf.ones([1, 2]))\n"
        "            sess.run(tf.global_variables_initializer())\n            sess.run(y)\n"
    )
    found = migrate([tmp_path], Options(jobs=1))
    tiers = {program.files: program.tier for program in found.report.programs}
    assert tiers == {("net.py", "run.py"): Tier.NATIVE, ("net.py", "net_test.py"): Tier.SESSION}
    new = texts(found)
    assert "tensorflow.compat.v1" in new["net.py"] and "disable_v2" not in new["net.py"]
    assert "tensorflow.compat.v1" in new["net_test.py"] and "disable_v2" in new["net_test.py"]
    assert "`tf.test.TestCase` opens its sessions" in reason(found, "net_test.py")
    (tmp_path / "run.py").unlink()
    assert not migrate([tmp_path], Options(jobs=1)).changes  # nothing saves, nothing moves


BASE = """\
import tensorflow as tf


class Base(object):
    def __init__(self, folder):
        self.folder = folder
        self.sess = None

    def start(self):
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())
        self.saver = tf.train.Saver()

    def save(self):
        return self.saver.save(self.sess, self.folder + "/model")
"""
HEIR = """\
import tensorflow as tf

from base import Base


class Model(Base):
    def __init__(self, folder):
        super(Model, self).__init__(folder)
        self.x = tf.placeholder(tf.float32, [None, 2])
        self.y = tf.matmul(self.x, tf.get_variable("w", [2, 1]))
        self.start()

    def ask(self, x):
        return self.sess.run(self.y, {self.x: x})
"""


@pytest.mark.parametrize("more", ["", "        self.n = tf.Variable(0)\n"])
def test_a_class_and_its_heir_lift_as_one(tmp_path: Path, more: str) -> None:
    """Both files lift, or neither: where they do not together, none is left lifted alone."""
    (tmp_path / ".git").mkdir()
    base = BASE.replace("        self.sess = None\n", more + "        self.sess = None\n")
    (tmp_path / "base.py").write_text(base)
    (tmp_path / "model.py").write_text(HEIR)
    (tmp_path / "main.py").write_text(
        "from model import Model\n\nprint(Model('o').ask([[1, 2]]))\n"
    )
    found = migrate([tmp_path], Options(jobs=1))
    new = texts(found)
    lifted = ["GraphModule" in new["base.py"], "self.sess" not in new["model.py"]]
    assert lifted == ([True, True] if found.report.programs[0].tier is Tier.NATIVE else [False] * 2)
    if more:
        assert lifted == [False, False] and "`model.py:" in reason(found, "base.py")


def test_what_an_heir_hands_out_is_missed_far_away(tmp_path: Path) -> None:
    """A script that reads the session of an object keeps it, though it never names its base."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "base.py").write_text(BASE)
    (tmp_path / "model.py").write_text(HEIR)
    (tmp_path / "main.py").write_text(
        "from model import Model\n\nm = Model('o')\nprint(m.sess.run(m.y, {m.x: [[1, 2]]}))\n"
    )
    found = migrate([tmp_path], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    assert "`main.py` reads `.sess`" in reason(found, "base.py")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from linear import w\nprint(w)\n", "`user.py` uses `w`"),
        ("import linear\nprint(linear.saver)\n", "`user.py` uses `saver`"),
        ("import linear\n\n\ndef ask(name):\n    return getattr(linear, name)\n", "`user.py` uses"),
        ("from linear import *\n", "`user.py` uses"),
    ],
)
def test_what_importers_use_must_stay(repository: Path, text: str, said: str) -> None:
    """A name that goes with the graph and that another file reads keeps the file from lifting."""
    (repository / "user.py").write_text(text)
    assert said in reason(migrate([repository], Options(jobs=1)), "linear.py")


@pytest.mark.parametrize("text", ["import linear\n", "from linear import size\nprint(size('a'))\n"])
def test_an_importer_of_what_stays_is_no_reason(repository: Path, text: str) -> None:
    """Running the file, or using what does not change in it, is as good afterwards."""
    (repository / "user.py").write_text(text)
    assert "tf.Module" in texts(migrate([repository], Options(jobs=1)))["linear.py"]


def test_native_alone_holds_the_whole_program(repository: Path) -> None:
    """With ``--tier native`` a program with one file that refuses keeps every byte."""
    (repository / "linear.py").write_text(SCRIPT.replace("saver =", "exec('')\nsaver ="))
    found = migrate([repository], Options(tier="native", jobs=1))
    assert not found.changes and not found.created
    (program,) = found.report.programs
    assert program.tier is None and "`linear.py` is not lifted" in (program.held or "")


def test_what_is_left_to_a_person_in_a_quiet_file_holds_the_lift(repository: Path) -> None:
    """A file whose TensorFlow is gone keeps its program from the native tier, by name."""
    (repository / "files.py").write_text(
        FILES + "\n\ndef forest():\n    return tf.contrib.tensor_forest.python.tensor_forest\n"
    )
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    assert "`files.py:10` uses `tf.contrib.tensor_forest" in reason(found, "linear.py")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILES.replace("def make", "tf.disable_v2_behavior()\n\n\ndef make"), "`files.py:4` calls"),
        (FILES + "    tf.summary.FileWriter(folder)\n", "`files.py:7` calls `tf.summary.FileW"),
        (FILES + "    print(tf.get_default_graph())\n", "`files.py:7` calls `tf.get_default_g"),
    ],
)
def test_a_quiet_file_must_work_eagerly(repository: Path, text: str, said: str) -> None:
    """What turns TensorFlow 2 off, or is for graphs, in host code of another file holds a lift."""
    (repository / "files.py").write_text(text)
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    assert said in reason(found, "linear.py")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("with tf.Session() as s:\n        return s", "`net.build`, which is not seen into"),
        ("return tf.train.string_input_producer([x])", "`net.py:5`: "),
        ("return tf.data.Dataset.range(3)", "`net.py:5`: "),
        ("return x.eval()", "`net.py:5`: `.eval()` needs a session"),
    ],
)
def test_what_has_no_place_in_a_build_holds_the_lift(tmp_path: Path, line: str, said: str) -> None:
    """Queues, iterators and sessions in the graph code of another file are named."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "net.py").write_text(
        f"import tensorflow as tf\n\n\ndef net(x):\n    {line}\n\n\n"
        "def build(x):\n    return net(tf.square(x))\n"
    )
    (tmp_path / "run.py").write_text(
        SCRIPT.replace("import files", "import net")
        .replace("    files.make('out')\n", "")
        .replace('    files.make("out")\n', "")
        .replace("y = tf.matmul(x, w)", "y = net.build(tf.matmul(x, w))")
    )
    found = migrate([tmp_path], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    messages = [f.message for r in found.report.files for f in r.findings if f.code == "TFM510"]
    assert any(said in message for message in messages), messages


@pytest.mark.parametrize("first", [True, False])
def test_a_star_import_may_rebind_tensorflow(repository: Path, first: bool) -> None:
    """The swapped file gives ``tf`` another meaning: the file's own import is the last of them."""
    imports = "import tensorflow as tf\n\nimport files\n"
    star = "from files import *\n"
    new = star + imports if first else imports + star
    (repository / "linear.py").write_text(SCRIPT.replace(imports, new))
    found = migrate([repository], Options(jobs=1))
    (program,) = found.report.programs
    assert program.tier is Tier.NATIVE
    last = "import files\nfrom files import *\nimport tensorflow as tf\n\n"
    assert texts(found)["linear.py"].startswith(star + imports if first else last)


def test_a_star_import_that_rebinds_what_is_used_already(repository: Path) -> None:
    """Where TensorFlow is used between the imports, its import cannot be moved."""
    imports = "import tensorflow as tf\n\nimport files\n"
    late = imports + "KIND = tf.float32\nfrom files import *\n"
    (repository / "linear.py").write_text(SCRIPT.replace(imports, late))
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    assert "ahead of an import that renames it" in reason(found, "linear.py")


def test_a_branch_for_older_versions_holds_nothing(repository: Path) -> None:
    """What 1.15 did not have either is reported, and the program lifts."""
    older = "\n\nif 'seq2seq' in dir(tf.nn):\n    seq2seq = tf.nn.seq2seq\n"
    (repository / "files.py").write_text(FILES + older)
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.NATIVE
    (left,) = [f for r in found.report.files for f in r.findings if f.outcome is Outcome.MANUAL]
    assert left.api == "tf.nn.seq2seq"
    gone = FILES + "\n\nif 'bitcast' in dir(tf):\n    queue = tf.contrib.learn.DNNClassifier\n"
    (repository / "files.py").write_text(gone)
    assert migrate([repository], Options(jobs=1)).report.programs[0].tier is Tier.SESSION


HOLDER = """\
import tensorflow as tf


class Model(object):
    def __init__(self):
        self.x = tf.placeholder(tf.float32, [None, 2])
        self.y = tf.layers.dense(self.x, 1)
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())
        self.saver = tf.train.Saver()

    def predict(self, x):
        return self.sess.run(self.y, {self.x: x})

    def save(self, path):
        self.saver.save(self.sess, path)
"""
USER = "from model import Model\n\n"

#: what another file does with the class -> whether it may make several
MAKERS = {
    "model = Model()\n": False,
    "if x:\n    model = Model()\nelse:\n    model = Model()\n": False,
    "def main():\n    return Model()\n\n\nif __name__ == '__main__':\n    main()\n": False,
    "a, b = Model(), Model()\n": True,
    "models = [Model() for _ in range(2)]\n": True,
    "for i in range(3):\n    Model().save(str(i))\n": True,
    "kinds = {'a': Model}\nmodels = [kinds['a']()]\n": True,
    "def make():\n    return Model()\n\n\na, b = make(), make()\n": True,
    "class Pair:\n    def __init__(self):\n        self.one = Model()\n\n\nPair(), Pair()\n": True,
}


@pytest.mark.parametrize("user", MAKERS)
def test_several_models_of_another_file(tmp_path: Path, user: str) -> None:
    """Models that shared a graph and its Saver are not given graphs of their own."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "model.py").write_text(HOLDER)
    (tmp_path / "run.py").write_text(USER + user)
    found = migrate([tmp_path], Options(jobs=1))
    several = MAKERS[user]
    assert {p.tier for p in found.report.programs} == {Tier.SESSION if several else Tier.NATIVE}
    if several:
        assert "`run.py` may make several of `Model`" in reason(found, "model.py")
        # models with graphs of their own cannot tell
        own = HOLDER.replace(
            "        self.x = tf", "        tf.reset_default_graph()\n        self.x = tf"
        )
        (tmp_path / "model.py").write_text(own)
        assert migrate([tmp_path], Options(jobs=1)).report.programs[0].tier is Tier.NATIVE


@pytest.mark.parametrize(
    ("hands", "script", "said"),
    [
        ("from .model import Model\n", "from pkg import Model\na = Model()\n", None),
        ("from .model import Model\n", "from pkg import Model\na = Model(), Model()\n", "several"),
        ("from .model import Model as M\n", "import pkg\na = pkg.M(), pkg.M()\n", "several"),
        ("from .model import *\n", "from pkg import *\na = Model(), Model()\n", "several"),
        (
            "from .model import Model\n",
            "from pkg import Model\n\n\nclass Mine(Model):\n    pass\n",
            "`run.py` makes a class of `Model`",
        ),
    ],
)
def test_a_class_that_its_package_hands_on(
    tmp_path: Path, hands: str, script: str, said: str | None
) -> None:
    """What comes through the ``__init__`` of a package is used like what is imported itself."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text(hands)
    (tmp_path / "pkg" / "model.py").write_text(HOLDER)
    (tmp_path / "run.py").write_text(script)
    found = migrate([tmp_path], Options(jobs=1))
    assert found.report.programs[0].tier is (Tier.SESSION if said else Tier.NATIVE)
    if said:
        assert said in reason(found, "pkg/model.py")


def test_a_model_that_is_made_where_it_is_imported_is_one_of_them(tmp_path: Path) -> None:
    """One that the file makes when it is imported, and one that its user makes."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "model.py").write_text(HOLDER + "\n\nmodel = Model()\n")
    (tmp_path / "run.py").write_text("import model\n\nother = model.Model()\n")
    found = migrate([tmp_path], Options(jobs=1))
    assert "`run.py` may make several of `Model`" in reason(found, "model.py")
    guarded = HOLDER + "\n\nif __name__ == '__main__':\n    model = Model()\n"
    (tmp_path / "model.py").write_text(guarded)
    assert migrate([tmp_path], Options(jobs=1)).report.programs[0].tier is Tier.NATIVE


#: a function of another file, called with the finished model at hand -> whether it only looks
SHOWN = {
    "print(len(tf.trainable_variables()))": True,
    "print([v.get_shape() for v in tf.get_collection('trainable_variables')])": True,
    "tf.summary.merge_all()": False,
    "tf.square(tf.trainable_variables()[0])": False,
}


@pytest.mark.parametrize("line", SHOWN)
def test_what_shows_the_variables_is_called_in_the_graph(tmp_path: Path, line: str) -> None:
    """A call that only looks at the variables of the graph stays; one that adds to it does not."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "utils.py").write_text(f"import tensorflow as tf\n\n\ndef show():\n    {line}\n")
    script = "\n\ndef main():\n    model = Model()\n    show()\n    model.save('x')\n\n\nmain()\n"
    text = HOLDER.replace("as tf\n", "as tf\n\nfrom utils import show\n", 1) + script
    (tmp_path / "model.py").write_text(text)
    found = migrate([tmp_path], Options(jobs=1))
    if SHOWN[line]:
        assert "    with model.as_default():\n        show()\n" in texts(found)["model.py"]
    else:
        assert found.report.programs[0].tier is Tier.SESSION
        assert "makes graph beside the classes" in reason(found, "model.py")


UTIL = """\
import tensorflow as tf


def count():
    return len(tf.trainable_variables())
"""

#: what the script, and the file that it hands its model to, do with it -> the reason
HANDED = {
    "import util\nutil.use(model)\n": ("model.sess.run(model.y)", "`util.py` reads `.sess`"),
    "import util\nutil.use( model)\n": ("getattr(model, 'sess').run(1)", "`util.py` reads `.sess`"),
    "print(model.y.eval({model.x: [[1, 2]]}))\n": ("pass", "`run.py` reads `.y.eval`"),
    "print(model.y.shape[1].value)\n": ("pass", "`run.py` reads `.y.shape[].value`"),
    "print([d.value for d in model.y.get_shape()])\n": ("pass", "reads `.y.shape[].value`"),
    "print(model.y.shape[1], model.y.get_shape().as_list())\n": ("pass", None),
    "model.y = 3\n": ("pass", "`run.py` sets `.y`, which is fetched or fed"),
    "from shown import count\nprint(count())\n": ("pass", "`run.py:5` calls `count`"),
    "import shown\n\n\ndef main():\n    print(shown.count())\n\n\nmain()\n": (
        "pass",
        "`run.py:11` calls `main`",
    ),
    "model.size = 3\n": ("print(model.size)", None),
    "import util\n": ("print(hasattr(model, 'sess'))", "`util.py` reads `.sess`"),
    "import util\nutil.use(model, 'sess')\n": ("getattr(model, x)", "`run.py` reads `.sess`"),
    "setattr(model, 'y', 3)\n": ("pass", "`run.py` sets `.y`"),
    "import util\nutil.use(model.y)\n": ("print(model.eval())", "`util.py:2` calls `eval`"),
    "import util\nutil.use(model)\n\n": ("print(eval('1') + x.eval('y'))", None),
}


@pytest.mark.parametrize("script", HANDED)
def test_what_others_do_with_a_model(tmp_path: Path, script: str) -> None:
    """Files that get an object of a lifted class, and what needs the graph beside it."""
    use, said = HANDED[script]
    (tmp_path / ".git").mkdir()
    (tmp_path / "model.py").write_text(HOLDER)
    (tmp_path / "shown.py").write_text(UTIL)
    (tmp_path / "util.py").write_text(f"def use(model):\n    {use}\n")
    (tmp_path / "run.py").write_text(f"{USER}model = Model()\n{script}")
    found = migrate([tmp_path], Options(jobs=1))
    (program,) = [p for p in found.report.programs if "model.py" in p.files]
    assert program.tier is (Tier.SESSION if said else Tier.NATIVE)
    if said:
        assert said in reason(found, "model.py")


BUILDER = HOLDER.replace("__init__(self):", "compile(self, rate=0.1):")


@pytest.mark.parametrize(
    ("text", "script", "holds"),
    [
        (BUILDER, "model = Model()\nmodel.compile()\n", False),
        (BUILDER, "model = Model()\nmodel.compile()\nmodel.compile(0.5)\n", True),
        (BUILDER, "model = Model()\nfor rate in (1, 2):\n    model.compile(rate)\n", True),
        (HOLDER, "model = Model()\nmodel.predict(1)\nmodel.predict(2)\n", False),
    ],
)
def test_a_graph_that_others_build_again(
    tmp_path: Path, text: str, script: str, holds: bool
) -> None:
    """A method that builds the graph, and that another file calls several times."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "model.py").write_text(text)
    (tmp_path / "run.py").write_text(USER + script)
    found = migrate([tmp_path], Options(jobs=1))
    (program,) = found.report.programs
    assert program.tier is (Tier.SESSION if holds else Tier.NATIVE)
    if holds:
        assert "`run.py` may call `.compile` several times" in reason(found, "model.py")


@pytest.mark.parametrize(
    ("script", "holds"),
    [
        ("model = Model()\nmodel.start()\nprint(model.predict(1))\n", False),
        ("model = Model()\nmodel.again('x')\nprint(model.predict(1))\n", False),
        ("model = Model()\nprint(model.predict(1))\n", True),
        ("print(Model)\n", False),
    ],
)
def test_a_model_that_never_gets_values(tmp_path: Path, script: str, holds: bool) -> None:
    """Running what was neither initialized nor restored failed, and would not any more."""
    (tmp_path / ".git").mkdir()
    started = HOLDER.replace(
        "        self.sess.run(tf.global_variables_initializer())\n        self.saver",
        "        self.saver",
    )
    started += (
        "\n    def start(self):\n        self.sess.run(tf.global_variables_initializer())\n"
        "\n    def again(self, path):\n        self.saver.restore(self.sess, path)\n"
    )
    (tmp_path / "model.py").write_text(started)
    (tmp_path / "run.py").write_text(USER + script)
    found = migrate([tmp_path], Options(jobs=1))
    assert found.report.programs[0].tier is (Tier.SESSION if holds else Tier.NATIVE)
    if holds:
        assert "`run.py` neither initializes nor restores" in reason(found, "model.py")


@pytest.mark.parametrize("where", ["linear.py", "files.py", "run.py"])
def test_who_asks_for_values_of_variables(repository: Path, where: str) -> None:
    """Variables are initialized from the start: what tells that they are not never fires."""
    asks = (
        "\n\ndef wait():\n    try:\n        pass\n    except tf.errors.FailedPreconditionError:\n"
    )
    asks += "        print('starting')\n"
    (repository / "run.py").write_text("import linear\nimport tensorflow as tf\n")
    path = repository / where
    path.write_text(path.read_text() + asks)
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    messages = [f.message for r in found.report.files for f in r.findings if f.code == "TFM510"]
    said = (
        "FailedPreconditionError`, and variables are initialized",
        "initialized, which they are",
    )
    assert any(one in message for message in messages for one in said), messages


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("importlib.import_module('nets.' + __name__)", True),
        ("importlib.import_module('files')", True),
        ("importlib.import_module('json')", False),
    ],
)
def test_a_module_that_is_found_by_its_name(repository: Path, line: str, holds: bool) -> None:
    """A file that an import by a computed name runs may make graph, and is not known."""
    (repository / "linear.py").write_text(
        SCRIPT.replace("import files", "import importlib\n\nimport files").replace(
            "    return len(path)", f"    return {line}"
        )
    )
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is (Tier.SESSION if holds else Tier.NATIVE)
    if holds:
        assert "imports a module by its name" in reason(found, "linear.py")


@pytest.mark.parametrize(
    ("draw", "holds"),
    [
        ("np.random.normal(size=[2, 1])", True),
        ("np.random.RandomState(3).normal(size=[2, 1])", False),
        ("np.ones([2, 1])", False),
    ],
)
def test_graph_code_of_other_files_that_draws(tmp_path: Path, draw: str, holds: bool) -> None:
    """The build may stand where the script had drawn other numbers of the same generator."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "net.py").write_text(
        "import numpy as np\nimport tensorflow as tf\n\n\n"
        f"def init():\n    return {draw}.astype('float32')\n\n\n"
        "def build(x):\n    return tf.matmul(x, tf.Variable(init(), name='w'))\n"
    )
    (tmp_path / "run.py").write_text(
        SCRIPT.replace("import files", "import net")
        .replace('    files.make("out")\n', "")
        .replace('w = tf.Variable(tf.zeros([2, 1]), name="w")\n', "")
        .replace("tf.matmul(x, w)", "net.build(x)")
    )
    found = migrate([tmp_path], Options(jobs=1))
    assert found.report.programs[0].tier is (Tier.SESSION if holds else Tier.NATIVE)
    if holds:
        assert "`net.py:6` calls `np.random.normal`" in reason(found, "run.py")


def test_a_second_run_has_nothing_to_do(repository: Path) -> None:
    """What was written is not changed again."""
    assert migrate([repository], Options(jobs=1)).write() == {}
    again = migrate([repository], Options(jobs=1))
    assert not again.changes_something
    assert not [f for r in again.report.files for f in r.findings if f.outcome is not Outcome.KEPT]


NETWORK = """\
import tensorflow as tf
from layers import dense


def build(x):
    return dense(x)


def data(n):
    return [0.0] * n


class Net(object):
    def __init__(self):
        self.y = tf.constant(1.0)


def both(x):
    return Net(), data(x)
"""
LAYERS = """\
import tensorflow as tf


def dense(x):
    return tf.layers.dense(x, 3)


def check(path):
    return tf.gfile.Exists(path), tf.train.latest_checkpoint(path)


def run(x):
    with tf.Session() as sess:
        return sess.run(tf.square(x))
"""


def natives(files: dict[str, str]) -> Natives:
    """Return what is known of ``files``, path -> text."""
    facts = [facts_of(path, text) for path, text in files.items()]
    return Natives(Repository.build(facts, files.get), files.get, asked=True)


@pytest.mark.parametrize(
    ("line", "spelled"),
    [
        ("import network", {"network.build", "network.dense", "network.Net", "network.both"}),
        ("import network as n", {"network.build", "network.dense", "network.Net", "network.both"}),
        ("from network import data", {"network.build", "network.dense", "network.Net"}),
        ("from layers import *", {"layers.dense"}),
        ("from . import layers", {".layers.dense"}),
        ("from .layers import check", {".layers.dense"}),
    ],
)
def test_what_makes_graph_is_known_by_name(line: str, spelled: set[str]) -> None:
    """Functions and classes that make ops, through others too; not those that use the host.

    What opens a session of its own runs its graph itself.
    """
    found = natives({"network.py": NETWORK, "layers.py": LAYERS, "a.py": line + "\n"})
    names = found.names.seen_from("a.py")
    assert spelled <= names
    assert not {name for name in names if name.rpartition(".")[2] in ("data", "check", "run")}


CLASS = """\
class Model:
    def __init__(self, size):
        self.sess = open(size)
        self.size = size

    def train(self, x):
        return self.sess.run(x)
"""


@pytest.mark.parametrize(
    ("after", "user", "said"),
    [
        (CLASS.replace("self.sess", "self._graph"), "m.train(1)", None),
        (CLASS.replace("self.sess", "self._graph"), "m.sess.run(1)", "reads `.sess`"),
        (CLASS.replace("size):", "size, rate):"), "m.train(1)", "uses `Model`, which changes"),
        (CLASS.replace("train(self, x)", "train(self)"), "m.train(1)", "which changes"),
        (CLASS.replace("self.sess", "self._graph"), "class B(Model): pass", "makes a class of"),
        (CLASS, "class B(Model): pass", None),
        ("", "m.train(1)", "uses `Model`, which goes"),
    ],
)
def test_a_class_keeps_what_others_use(after: str, user: str, said: str | None) -> None:
    """Methods with their parameters, and the attributes that others read."""
    module = Module(f"from model import Model\nm = Model(3)\n{user}\n")
    seen = user_of(
        "user.py", facts_of_module(module), lambda: module, lambda name, level: name == "model"
    )
    found = broken(Module(CLASS), Module(after), [seen])
    assert (found is None) if said is None else (found is not None and said in found[1])
