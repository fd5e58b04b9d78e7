"""Which files make up one program, what holds it, and where its bridge goes."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from migrator import programs
from migrator.programs import FileFacts, Places, Repository, facts_of, import_lines

TF = "import tensorflow as tf\n"
SAVES = TF + "def save():\n    with tf.Session() as s:\n        tf.train.Saver().save(s, 'x')\n"
DEFINES = TF + "def net(x):\n    return tf.nn.relu(x)\n"
MAIN = "if __name__ == '__main__':\n    save()\n"


def repository(**texts: str) -> Repository:
    """Return the repository of files whose names have ``__`` for a slash (and no ``.py``)."""
    return tree({name.replace("__", "/") + ".py": text for name, text in texts.items()})


def tree(texts: dict[str, str]) -> Repository:
    """Return the repository of path -> text."""
    texts = {path: textwrap.dedent(text) for path, text in texts.items()}
    return Repository.build([facts_of(p, t) for p, t in texts.items()], texts.get)


def shape(repository: Repository) -> list[list[str]]:
    """Return the files of each program."""
    return [list(group.files) for group in repository.groups]


def facts(text: str) -> FileFacts:
    """Return the facts of one file."""
    return facts_of("a.py", textwrap.dedent(text))


# -- import lines without a parser ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a", [("a", 0, ())]),
        ("import a.b as c, d", [("a.b", 0, ()), ("d", 0, ())]),
        ("from a import b", [("a", 0, ("b",))]),
        ("from a import b as c, d", [("a", 0, ("b", "d"))]),
        ("from . import a", [("", 1, ("a",))]),
        ("from .import a", [("", 1, ("a",))]),
        ("from ..a.b import c", [("a.b", 2, ("c",))]),
        ("from a import *", [("a", 0, ("*",))]),
        ("from a import (b,  # one\n    c as d,\n)", [("a", 0, ("b", "c"))]),
        ("from a import b, \\\n    c", [("a", 0, ("b", "c"))]),
        ("from a import b  # c, d", [("a", 0, ("b",))]),
        ("    import a", [("a", 0, ())]),
        ("try: import a\nexcept ImportError: pass", [("a", 0, ())]),
        ("\fimport a\r\nimport b\rimport c", [("a", 0, ()), ("b", 0, ()), ("c", 0, ())]),
        ("print 'x'\nimport a; print 1", [("a", 0, ())]),
    ],
)
def test_import_lines(text: str, expected: list[object]) -> None:
    """Files that do not parse, or need no parse, tell what they import all the same."""
    assert list(import_lines(text)) == expected


@pytest.mark.parametrize("text", ["x = 1", "important = 3", "# import a", "x.import_module(a)"])
def test_lines_that_import_nothing(text: str) -> None:
    """Words that only look like an import are none."""
    assert import_lines(text) == ()


# -- what one file is -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        DEFINES,
        TF + "class Net:\n    def build(self):\n        tf.placeholder(tf.float32)",
        TF + "flags = tf.app.flags\nflags.DEFINE_string('a', 'b', 'c')\nFLAGS = flags.FLAGS",
        TF + "tf.logging.set_verbosity(tf.logging.INFO)",
        TF + "def f(init=tf.constant_initializer(0.1)): pass",
        TF + "relu = tf.nn.relu\nf = lambda x: tf.constant(x)",
        TF + "class Cell(tf.nn.rnn_cell.RNNCell):\n    dtype = tf.float32",
        TF + "@tf.contrib.framework.add_arg_scope\ndef f(): return tf.zeros([])",
        TF + "def latest(d):\n    return tf.train.latest_checkpoint(d)",
        "from tensorflow.python.framework import ops\ndef f(): return ops.get_default_graph()",
    ],
)
def test_a_file_that_only_defines_is_neutral(text: str) -> None:
    """No op at import, no session, no saving call, no main: it can serve any program."""
    assert facts(text).neutral


@pytest.mark.parametrize(
    "text",
    [
        TF + "x = tf.constant(1)",
        TF + "def f():\n    return tf.Session()",
        TF + "def f(x=tf.zeros([])): pass",
        TF + "@decorate(tf.constant(1))\ndef f(): pass",
        TF + "class A:\n    x = tf.Variable(1)",
        TF + "[tf.constant(i) for i in range(3)]",
        TF + "with tf.Graph().as_default():\n    pass",
        TF + "def f():\n    return tf.train.Saver()",
        TF + "def f():\n    return tf.contrib.predictor.from_saved_model('x')",
        DEFINES + MAIN,
        TF + "tf.enable_eager_execution()",
        "import tensorflow.keras\n",
        "from tensorflow.keras import backend as K\nK.get_session()",
        "import tensorflow as tf\nprint 1\n",
    ],
)
def test_a_file_that_acts_is_not_neutral(text: str) -> None:
    """Ops at import, sessions, targets, a main guard and holds all make it active."""
    assert not facts(text).neutral


def test_a_shadowed_name_makes_no_facts() -> None:
    """Another ``tf`` and another ``Saver`` are not TensorFlow's."""
    found = facts("from tensorflow_like import tf\nimport net\ntf.train.Saver()\nnet.Saver()\n")
    assert not found.tensorflow
    assert found.targets == ()


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        ("import tensorflow as tf\nprint 'x'", "line 2: this is Python 2"),
        ("import tensorflow as tf\nx = (", "it does not parse"),
        ("import tensorflow.keras\n", "`import tensorflow.keras` (line 1)"),
        (TF + "tf.optimizers.Adam()", "TensorFlow 2 code already (`tf.optimizers.Adam`, line 2)"),
    ],
)
def test_what_holds_a_program(text: str, hold: str) -> None:
    """The reason names the line."""
    assert hold in (facts(text).hold or "")


@pytest.mark.parametrize(
    "text",
    [
        SAVES,
        "print 'x'",
        "import tensorflow.keras as k\nk.layers.Dense(1)",
        "import tensorflow.compat.v1\ntensorflow.compat.v1.Session()",
        TF + "def f(): optimizers.Adam(tf)",
        TF + "tf.executing_eagerly()",
        TF + "tf.enable_eager_execution()",
        "import tensorflow.contrib.eager as tfe\ntfe.enable_eager_execution()",
        TF + "f = tf.function",
        "import tensorflow.compat.v2 as tf2\ntf2.optimizers.Adam()",
    ],
)
def test_what_holds_nothing(text: str) -> None:
    """TensorFlow 1.15's own names and aliased imports are no obstacle."""
    assert facts(text).hold is None


@pytest.mark.parametrize(
    ("call", "v1"),
    [
        ("tf.saved_model.load(s, ['serve'], d)", True),
        ("tf.saved_model.load(s, ['serve'], export_dir=d)", True),
        ("tf.saved_model.load(sess=s, tags=t, export_dir=d)", True),
        ("tf.saved_model.loader.load(s, ['serve'], d)", True),
        ("tf.compat.v1.saved_model.load(d)", True),
        ("tf.saved_model.load(d)", False),
        ("tf.saved_model.load(d, tags=['serve'])", False),
        ("tf.saved_model.load(export_dir=d)", False),
        ("tf.compat.v2.saved_model.load(d)", False),
        ("map(tf.saved_model.load, dirs)", False),
    ],
)
def test_the_two_functions_called_load_are_told_apart(call: str, v1: bool) -> None:
    """TensorFlow 1's takes a session first, TensorFlow 2's a directory."""
    assert bool(facts(TF + call).targets) is v1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("tf.train.NewCheckpointReader(p)", 1),
        ("tf.contrib.framework.load_variable(p, 'x')", 1),
        ("tf.train.NewCheckpointReader(p)  # migrator: keep", 0),
        ("tf.train.NewCheckpointReader(p)  # migrator: keep[TFM206]", 0),
        ("tf.train.NewCheckpointReader(p)  # migrator: keep[TFM2]", 0),
        ("tf.train.NewCheckpointReader(p)  # migrator: keep[TFM101] why", 1),
        ("tf.train.NewCheckpointReader(\n    p)  # migrator: keep", 0),
        ("tf.train.NewCheckpointReader(p)\nx = 1  # migrator: keep", 1),
        ("\f\nx = 'migrator: keep'\ntf.train.NewCheckpointReader(p)", 1),
        ("\x0c\u2028\n\ntf.train.NewCheckpointReader(p)  # migrator: keep", 0),
        ("tf.train.latest_checkpoint(p)", 0),
        ("tf.train.get_checkpoint_state(p)", 0),
    ],
)
def test_readers_by_name_and_the_comment_that_frees_them(text: str, count: int) -> None:
    """A keep comment on the statement says the reader opens checkpoints from elsewhere."""
    text = text.replace("\u2028", "# \u2028")
    assert len(facts(TF + text).readers) == count


def test_a_file_nested_too_deeply_is_reported_not_raised() -> None:
    """The parser's stack overflow holds the program like any syntax error."""
    found = facts(TF + "x = " + "-" * 100_000 + "1")
    assert "nested too deeply" in (found.hold or "")
    found = facts(TF + "a0 = tf\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(5000)) + "a5000.x")
    assert found.tensorflow


def test_undecodable_bytes_still_hold_their_program() -> None:
    """A file that is no text, but imports TensorFlow, is not passed over."""
    found = programs.unreadable("a.py", b"import tensorflow as tf\n# \xff", "is not utf-8")
    assert found.hold == "it does not parse (is not utf-8)"
    assert programs.unreadable("a.py", b"\x00\x01", "is binary").hold is None


def test_facts_are_picklable() -> None:
    """They come back from another process as they went."""
    found = facts(SAVES + MAIN + "import tensorflow.contrib.slim as slim\n")
    assert pickle.loads(pickle.dumps(found)) == found


# -- which file an import means -------------------------------------------------------------

PATHS = [
    "main.py",
    "src/pkg/__init__.py",
    "src/pkg/a.py",
    "src/pkg/sub/__init__.py",
    "src/pkg/sub/b.py",
    "src/names/space.py",
    "tools/helper.py",
    "tools/main.py",
    "tools/queue.py",
    "one/twin.py",
    "two/twin.py",
    "two/__main__.py",
]


@pytest.mark.parametrize(
    ("path", "module", "level", "names", "expected"),
    [
        ("tools/x.py", "helper", 0, (), ["tools/helper.py"]),
        ("src/pkg/a.py", "", 1, ("sub",), ["src/pkg/__init__.py", "src/pkg/sub/__init__.py"]),
        ("src/pkg/a.py", "sub.b", 1, (), ["src/pkg/sub/__init__.py", "src/pkg/sub/b.py"]),
        ("src/pkg/sub/b.py", "a", 2, (), ["src/pkg/a.py"]),
        ("src/pkg/sub/b.py", "pkg.a", 0, (), ["src/pkg/__init__.py", "src/pkg/a.py"]),
        ("main.py", "pkg.a", 0, (), ["src/pkg/__init__.py", "src/pkg/a.py"]),
        ("main.py", "names.space", 0, (), ["src/names/space.py"]),
        ("main.py", "names", 0, ("space",), ["src/names/space.py"]),
        ("main.py", "pkg", 0, ("a", "x"), ["src/pkg/__init__.py"] * 2 + ["src/pkg/a.py"]),
        ("main.py", "helper", 0, ("queue",), ["tools/helper.py"]),
        ("tools/x.py", "queue", 0, (), ["tools/queue.py"]),
        ("tools/main.py", "main", 0, (), ["main.py"]),
    ],
)
def test_places(
    path: str, module: str, level: int, names: tuple[str, ...], expected: list[str]
) -> None:
    """Own folder, folders above, packages, namespace folders, and a unique path's end."""
    assert sorted(set(Places(PATHS).imported(path, module, level, names))) == sorted(set(expected))


@pytest.mark.parametrize(
    ("path", "module", "level", "names"),
    [
        ("main.py", "numpy", 0, ()),
        ("main.py", "queue", 0, ()),  # the standard library's
        ("main.py", "twin", 0, ()),  # two fit
        ("main.py", "pkg.nowhere", 0, ()),
        ("main.py", "tensorflow.tools", 0, ("helper",)),
        ("main.py", "", 0, ()),
        ("main.py", "", 3, ("x",)),
        ("main.py", "elsewhere.helper", 0, ()),
        ("tools/helper.py", "os", 0, ("twin",)),
        ("src/pkg/a.py", "b", 1, ()),
        ("main.py", "elper", 0, ()),
        ("main.py", "__main__", 0, ()),
        ("tools/queue.py", "queue", 0, ()),  # not itself
    ],
)
def test_places_that_are_not_ours(
    path: str, module: str, level: int, names: tuple[str, ...]
) -> None:
    """Other people's modules, ambiguous names and names of a module lead nowhere."""
    assert Places(PATHS).imported(path, module, level, names) == []


# -- programs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a": SAVES}, [["a.py"]]),
        ({"a": SAVES, "b": SAVES}, [["a.py"], ["b.py"]]),
        ({"a": "import b\n" + SAVES, "b": SAVES}, [["a.py", "b.py"]]),
        ({"a": "import b\n" + SAVES, "b": DEFINES}, [["a.py", "b.py"]]),
        ({"a": "import b\n", "b": SAVES}, [["b.py"]]),
        ({"a": "import b\n" + DEFINES, "b": SAVES}, [["a.py", "b.py"]]),
        ({"a": "import b, c\n", "b": SAVES, "c": SAVES}, [["b.py", "c.py"]]),
        ({"a": "import b\n" + SAVES, "b": "import a\n" + SAVES}, [["a.py", "b.py"]]),
        ({"a": "import b\n" + SAVES, "b": "import a\n" + DEFINES}, [["a.py", "b.py"]]),
        ({"a": "import m\n" + SAVES, "m": "import b\n", "b": DEFINES}, [["a.py", "b.py"]]),
        ({"a": "import m\n" + SAVES, "m": "import b\n", "b": SAVES}, [["a.py", "b.py"]]),
        ({"a": DEFINES}, []),
        ({"a": "import b\n" + DEFINES, "b": DEFINES}, []),
        ({"a": TF + "tf.Session()"}, []),
        ({"a": "x = 1"}, []),
        (
            {"a": "import n\n" + SAVES, "b": "import n\n" + SAVES, "n": DEFINES},
            [["a.py", "n.py"], ["b.py", "n.py"]],
        ),
        (
            {"a": "import n\n" + SAVES, "b": "import n\n" + SAVES, "n": "import o\n", "o": DEFINES},
            [["a.py", "o.py"], ["b.py", "o.py"]],
        ),
        (
            {"a": "import n\n" + SAVES, "b": "import n\n" + SAVES, "n": TF + "tf.Session()"},
            [["a.py", "b.py", "n.py"]],
        ),
        (
            {"a": "import n\n" + SAVES, "b": "import n\n" + SAVES, "n": "import o\n" + DEFINES}
            | {"o": SAVES},
            [["a.py", "b.py", "n.py", "o.py"]],
        ),
        (
            {"a": SAVES, "b": TF + "import a\ntf.Session()", "c": TF + "tf.Session()"},
            [["a.py", "b.py"]],
        ),
    ],
)
def test_programs(texts: dict[str, str], expected: list[list[str]]) -> None:
    """Active files join through whatever lies between; neutral ones are shared, not joined."""
    assert shape(repository(**texts)) == expected


def test_programs_of_packages() -> None:
    """Relative imports, package inits and scripts beside a package."""
    found = tree(
        {
            "train.py": "from pkg import model\n" + SAVES + MAIN,
            "pkg/__init__.py": "from .layers import net\n",
            "pkg/layers.py": DEFINES,
            "pkg/model.py": "from . import layers\n" + SAVES,
            "pkg/unused.py": SAVES,
        }
    )
    assert shape(found) == [["pkg/layers.py", "pkg/model.py", "train.py"], ["pkg/unused.py"]]
    assert found.groups[0].entry_points == ("train.py",)
    assert found.groups_of["pkg/model.py"] == (0,)


def test_the_order_of_the_facts_does_not_matter() -> None:
    """Another walk of the folder gives the same programs."""
    texts = {
        "a.py": "import n\n" + SAVES,
        "b.py": "import n, c\n" + SAVES,
        "c.py": SAVES,
        "n.py": "from d import *\n" + DEFINES,
        "d.py": TF,
    }
    every = [facts_of(path, text) for path, text in texts.items()]
    first = Repository.build(every, texts.get)
    second = Repository.build(every[::-1], texts.get)
    assert first.groups == second.groups
    assert first.facts == second.facts


def test_entry_points_are_mains_and_what_nobody_imports() -> None:
    """A module that others import is none, unless it has a main guard."""
    found = repository(a="import b, c\n" + SAVES, b=SAVES + MAIN, c=SAVES)
    assert found.groups[0].entry_points == ("a.py", "b.py")


# -- holds ----------------------------------------------------------------------------------


def test_a_hold_names_its_file() -> None:
    """One file that cannot move keeps its whole program."""
    found = repository(a="import b\n" + SAVES, b=TF + "print 'x'\n", c=SAVES)
    held = {group.files: group.held for group in found.groups}
    assert "`b.py` holds this program back" in (held["a.py", "b.py"] or "")
    assert held["c.py",] is None


def test_holds_travel_through_shared_neutral_files() -> None:
    """A file whose import would be swapped for one program is not, if another cannot move."""
    found = repository(
        a="import n\n" + SAVES,
        b="import n, m\n" + SAVES,
        c="import m\n" + SAVES + "tf.optimizers.Adam()\n",
        d=SAVES,
        n=DEFINES,
        m=DEFINES,
    )
    held = {group.files[0]: group.held for group in found.groups}
    assert "TensorFlow 2 code already" in (held["c.py"] or "")
    cannot = "with a program that cannot move: `c.py` holds"
    assert (held["b.py"] or "").startswith(f"it shares `m.py` {cannot}")
    assert (held["a.py"] or "").startswith(f"it shares `n.py` {cannot}")
    assert held["d.py"] is None


@pytest.mark.parametrize(
    "shared",
    [
        "x = 1\n",
        "import tensorflow.compat.v1 as tf\ndef f(): return tf.zeros([])\n",
        "from tensorflow.python.framework import ops\ndef f(): return ops.Graph\n",
    ],
)
def test_holds_do_not_travel_where_no_import_changes(shared: str) -> None:
    """A shared file that stays as it is binds nobody."""
    found = repository(
        a="import n\n" + SAVES, c="import n\n" + SAVES + "tf.optimizers.Adam()\n", n=shared
    )
    assert [bool(group.held) for group in found.groups] == [False, True]


def test_a_program_that_saves_nothing_keeps_what_it_shares() -> None:
    """TensorFlow 2 code beside the program goes on importing TensorFlow 2's names."""
    newer = "import n\n" + TF + "tf.optimizers.Adam()\n"
    found = repository(a="import n\n" + SAVES, b=newer, n=DEFINES)
    (group,) = found.groups
    assert "shares `n.py` with a program that cannot move: `b.py`" in (group.held or "")


@pytest.mark.parametrize(
    "other",
    [
        "import n\n" + TF + "tf.Session()\n",
        "import n\nprint 1\nimport tensorflow as tf\n",
        "import n\n",
        "import n\n" + TF + "tf.enable_eager_execution()\n",
    ],
)
def test_programs_that_save_nothing_bind_nobody_else(other: str) -> None:
    """TensorFlow 1 code and Python 2 run on a shared file's compat.v1 as they did before."""
    (group,) = repository(a="import n\n" + SAVES, b=other, n=DEFINES).groups
    assert group.held is None


EAGER = TF + "tf.enable_eager_execution()\n"


@pytest.mark.parametrize(
    "files",
    [
        {"a": "import m\n" + EAGER + "tf.train.Saver([v])\n", "m": SAVES},
        {"a": SAVES + "def main():\n    tf.enable_eager_execution()\n" + MAIN},
        {"a": SAVES + "import tensorflow.contrib.eager as tfe\ntfe.metrics.Mean()\n"},
        {"a": "import m\n" + SAVES, "m": SAVES + "def f():\n    tf.enable_eager_execution()\n"},
        {"a": "import m\n" + SAVES, "t_test": "import m\n" + EAGER, "m": SAVES},
        {"a": EAGER + "import m\ntf.train.Saver([v])\n", "m": DEFINES},
        {"a": EAGER + "import m\ntf.train.Saver([v])\n", "m": "x = 1\n"},
        {"a": EAGER + "tf.train.Saver([v])\ndef f():\n    import m\n", "m": DEFINES},
    ],
)
def test_eager_execution_that_comes_last_holds_nothing(files: dict[str, str]) -> None:
    """On compat.v1 it is switched on after the switch to graph mode, as TensorFlow 1 has it."""
    assert [group.held for group in repository(**files).groups] == [None]


@pytest.mark.parametrize(
    "files",
    [
        {"a": EAGER + "import m\n", "m": SAVES},
        {"a": "import m\n" + EAGER + "def f():\n    import n\n", "m": SAVES, "n": SAVES},
        {"a": "import m, n\n", "m": EAGER, "n": SAVES},
        {"a": "import m\n" + EAGER, "m": SAVES + "def f():\n    from n import x\n", "n": SAVES},
        {"a": EAGER + "import b\n", "b": "import m\n", "m": SAVES},
    ],
)
def test_eager_execution_that_a_later_switch_would_undo_holds(files: dict[str, str]) -> None:
    """``disable_v2_behavior`` in a file that is imported afterwards turns it off silently."""
    (group,) = repository(**files).groups
    assert "turns on eager execution (`tf.enable_eager_execution`, line" in (group.held or "")


def test_a_file_that_does_not_parse_holds_what_is_its_own() -> None:
    """A script that cannot run on Python 3 does not keep the files of those that can."""
    broken = "import model, own\nimport tensorflow as tf\nprint 1\n"
    found = repository(
        train="import model\n" + SAVES,
        demo="import broken\n" + SAVES,
        broken=broken,
        model=SAVES,
        own=SAVES,
        own_too=SAVES + MAIN,
        broken_too="import own_too\nimport tensorflow as tf\nprint 1\n",
    )
    held = {group.files: group.held or "" for group in found.groups}
    assert sorted(held) == [
        ("broken.py", "demo.py", "own.py"),
        ("model.py", "train.py"),
        ("own_too.py",),
    ]
    assert "`broken.py` holds this program back" in held["broken.py", "demo.py", "own.py"]
    assert held["model.py", "train.py"] == held["own_too.py",] == ""
    assert "broken_too.py" not in found.groups_of  # nobody can tell what it saves


@pytest.mark.parametrize(
    ("test", "follows"),
    [
        ("class T(tf.test.TestCase):\n    def test_it(self):\n        self.test_session()\n", True),
        ("class T(tf.test.TestCase):\n    def test_it(self):\n        self.evaluate(1)\n", True),
        ("class T(tf.test.TestCase):\n    def test_it(self):\n        self.run(1)\n", False),
        ("class T:\n    def test_it(self):\n        self.session()\n", False),
    ],
)
def test_a_test_of_a_shared_file_is_a_program(test: str, follows: bool) -> None:
    """A test case with a session needs the TensorFlow of the file that it tests."""
    found = repository(a="import n\n" + SAVES, b="import n\n" + TF + test, n=DEFINES)
    assert [group.files for group in found.groups] == [("a.py", "n.py"), ("b.py", "n.py")][
        : 1 + follows
    ]
    assert found.followers({0}) == ({1} if follows else set()) and found.followers(set()) == set()
    alone = repository(a=SAVES, b="import n\n" + TF + test, n=DEFINES)
    assert [group.files for group in alone.groups] == [("a.py",)]


# -- names through files --------------------------------------------------------------------


def test_star_imports_carry_tensorflow_over_any_number_of_hops() -> None:
    """``tf`` handed on six times still makes the last file a saving one."""
    texts = {"m0": "import tensorflow as tf\n"}
    texts |= {f"m{i}": f"from m{i - 1} import *\n" for i in range(1, 7)}
    found = repository(**texts, a="from m6 import *\ntf.train.Saver()\n")
    assert found.facts["a.py"].targets == (("tf.train.Saver", 2),)
    assert [group.files[0] for group in found.groups] == ["a.py"]


def test_star_imports_in_a_circle_settle() -> None:
    """A circle that hands a name on, and one that hides it, both come to an end."""
    found = repository(
        a="from b import *\nfrom m import *\ntf.train.Saver()\n",
        b="from a import *\nx = 1\n",
        m="import tensorflow as tf\n",
    )
    assert found.facts["a.py"].targets
    assert dict(found.facts["b.py"].exports) == {"tf": "tensorflow"}


@pytest.mark.parametrize(
    "text",
    [
        "import m\nm.tf.train.Saver()\n",
        "import m as n\nn.tf.train.Saver()\n",
        "from p import m\nm.tf.train.Saver()\n",
        "import p.m\np.m.tf.train.Saver()\n",
        "from .p import m\nm.tf.train.Saver()\n",
    ],
)
def test_tensorflow_through_a_module_of_the_repository(text: str) -> None:
    """``common.tf.train.Saver`` is no less a saving call."""
    texts = {"a.py": text, "m.py": "import tensorflow as tf\n", "p/m.py": "from m import tf\n"}
    found = tree(texts | {"p/__init__.py": ""})
    assert found.facts["a.py"].targets == (("tf.train.Saver", 2),)
    assert found.hands_on("m.py")
    assert not found.hands_on("p/__init__.py")


@pytest.mark.parametrize(
    "text",
    [
        "from m import x\ntf.train.Saver()\n",
        "import m\ntf.train.Saver()\n",
        "from m import *\ntf = 3\ntf.train.Saver()\n",
        "from other import *\ntf.train.Saver()\n",
        "from m.sub import *\ntf.train.Saver()\n",
    ],
)
def test_names_that_no_file_hands_on(text: str) -> None:
    """Without the name, the star or the module there is no TensorFlow here."""
    assert not repository(a=text, m="import tensorflow as tf\nx = 1\n").facts["a.py"].targets


# -- where the bridge goes ------------------------------------------------------------------

#: name -> (files, {the file that saves: commands that must run}).  A command is a folder and
#: the arguments of Python; ``S`` in a text is where a file that saves imports the bridge.
LAYOUTS: dict[str, tuple[dict[str, str], list[str], list[tuple[str, list[str]]]]] = {
    "script": ({"train.py": "S"}, ["train.py"], [(".", ["train.py"])]),
    "scripts in a folder": (
        {"src/train.py": "import model", "src/model.py": "S"},
        ["src/model.py"],
        [("src", ["train.py"]), (".", ["src/train.py"])],
    ),
    "script folder with a stray __init__": (
        {"src/__init__.py": "", "src/train.py": "import model", "src/model.py": "S"},
        ["src/model.py"],
        [("src", ["train.py"]), (".", ["src/train.py"])],
    ),
    "script with a main in a package folder": (
        {"src/__init__.py": "", "src/train.py": "S\nif __name__ == '__main__': pass"},
        ["src/train.py"],
        [("src", ["train.py"]), (".", ["src/train.py"])],
    ),
    "package with relative imports": (
        {
            "train.py": "from pkg import model",
            "pkg/__init__.py": "",
            "pkg/model.py": "from . import layers\nS",
            "pkg/layers.py": "",
        },
        ["pkg/model.py"],
        [(".", ["train.py"]), (".", ["-m", "pkg.model"])],
    ),
    "relative imports over two levels": (
        {
            "train.py": "from pkg.nets import deep",
            "pkg/__init__.py": "",
            "pkg/util.py": "",
            "pkg/nets/__init__.py": "",
            "pkg/nets/deep.py": "from .. import util\nS",
        },
        ["pkg/nets/deep.py"],
        [(".", ["train.py"]), (".", ["-m", "pkg.nets.deep"])],
    ),
    "imported relatively, importing nothing": (
        {
            "train.py": "import pkg.model",
            "pkg/__init__.py": "",
            "pkg/model.py": "from .layers import *",
            "pkg/layers.py": "S",
        },
        ["pkg/layers.py"],
        [(".", ["train.py"])],
    ),
    "package with absolute imports": (
        {
            "train.py": "from pkg import model",
            "pkg/__init__.py": "",
            "pkg/model.py": "from pkg import layers\nS",
            "pkg/layers.py": "",
        },
        ["pkg/model.py"],
        [(".", ["train.py"]), (".", ["-m", "pkg.model"])],
    ),
    "package whose file imports nothing": (
        {"train.py": "import pkg.model", "pkg/__init__.py": "", "pkg/model.py": "S"},
        ["pkg/model.py"],
        [(".", ["train.py"])],
    ),
    "script inside a package, run as a module": (
        {
            "pkg/__init__.py": "",
            "pkg/model.py": "",
            "pkg/bin/__init__.py": "",
            "pkg/bin/train.py": "from pkg import model\nS\nif __name__ == '__main__': pass",
        },
        ["pkg/bin/train.py"],
        [(".", ["-m", "pkg.bin.train"])],
    ),
    "src layout": (
        {
            "train.py": "import sys; sys.path.insert(0, 'src')\nimport pkg.model",
            "src/pkg/__init__.py": "",
            "src/pkg/model.py": "import pkg.layers\nS",
            "src/pkg/layers.py": "",
        },
        ["src/pkg/model.py"],
        [(".", ["train.py"]), ("src", ["-m", "pkg.model"])],
    ),
    "namespace package, absolute": (
        {"train.py": "import ns.model", "ns/model.py": "S"},
        ["ns/model.py"],
        [(".", ["train.py"])],
    ),
    "namespace package, relative": (
        {"train.py": "import ns.model", "ns/model.py": "from . import layers\nS"}
        | {"ns/layers.py": ""},
        ["ns/model.py"],
        [(".", ["train.py"]), (".", ["-m", "ns.model"])],
    ),
    "package below a folder that only looks like one": (
        {
            "proj/__init__.py": "",
            "proj/train.py": "from pkg import model",
            "proj/pkg/__init__.py": "",
            "proj/pkg/model.py": "from . import layers\nS",
            "proj/pkg/layers.py": "",
        },
        ["proj/pkg/model.py"],
        [("proj", ["train.py"]), (".", ["proj/train.py"])],
    ),
    "absolute imports below a folder that only looks like a package": (
        {
            "proj/__init__.py": "",
            "proj/train.py": "from pkg import model",
            "proj/pkg/__init__.py": "",
            "proj/pkg/model.py": "import pkg.layers\nS",
            "proj/pkg/layers.py": "",
        },
        ["proj/pkg/model.py"],
        [("proj", ["train.py"]), (".", ["proj/train.py"])],
    ),
    "scripts that share a folder above": (
        {
            "common.py": "S",
            "a/train.py": "import sys; sys.path.append('.')\nimport common\nS",
        },
        ["common.py", "a/train.py"],
        [(".", ["a/train.py"])],
    ),
    "package and script both save": (
        {
            "train.py": "from pkg import model\nS",
            "pkg/__init__.py": "",
            "pkg/model.py": "from .layers import x\nS",
            "pkg/layers.py": "x = 1",
        },
        ["train.py", "pkg/model.py"],
        [(".", ["train.py"])],
    ),
    "package init saves": (
        {"train.py": "import pkg", "pkg/__init__.py": "S"},
        ["pkg/__init__.py"],
        [(".", ["train.py"])],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_bridge_can_be_imported_where_it_is_put(name: str, tmp_path: Path) -> None:
    """The tree is really built with a stub bridge, and every way to start it really run."""
    texts, saving, commands = LAYOUTS[name]
    found = Repository.build([facts_of(path, text) for path, text in texts.items()], texts.get)
    homes = {path: found.bridge_home(path) for path in saving}
    for path, text in texts.items():
        line = homes[path][1] if path in homes else ""
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        used = f"{line}; print(tf2_bridge.HERE)" if line else "pass"
        place.write_text("\n".join(used if row == "S" else row for row in text.splitlines()))
    for folder, _ in homes.values():
        (tmp_path / folder / "tf2_bridge.py").write_text("HERE = 'found'\n")
    for cwd, arguments in commands:
        run = subprocess.run(
            [sys.executable, "-B", *arguments],
            cwd=tmp_path / cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, (cwd, arguments, homes, run.stderr)
        assert "found" in run.stdout, (cwd, arguments, homes)


def test_one_package_has_one_bridge() -> None:
    """Files at any depth of a package share the one at its top."""
    found = tree(
        {
            "pkg/__init__.py": "",
            "pkg/a.py": "from . import b\n",
            "pkg/b.py": "",
            "pkg/x/__init__.py": "",
            "pkg/x/c.py": "from ..b import y\n",
            "pkg/x/y/__init__.py": "",
            "pkg/x/y/d.py": "from ...b import y\n",
        }
    )
    assert found.bridge_home("pkg/a.py") == ("pkg", "from . import tf2_bridge")
    assert found.bridge_home("pkg/x/c.py") == ("pkg", "from .. import tf2_bridge")
    assert found.bridge_home("pkg/x/y/d.py") == ("pkg", "from ... import tf2_bridge")


# -- size -----------------------------------------------------------------------------------


def test_grouping_is_linear_in_the_imports() -> None:
    """Each edge of a chain of 4,000 files is looked at a bounded number of times (counted)."""
    count = 4000
    every = [FileFacts("common.py", tensorflow=True)]
    for i in range(count):
        imports = (("common", 0, ()), (f"m{i + 1}", 0, ()), ("numpy", 0, ()))
        every.append(
            FileFacts(f"m{i}.py", imports=imports, tensorflow=True, targets=(("tf.Saver", 1),))
        )
    looked = 0

    class Counting(dict[str, tuple[str, ...]]):
        def get(self, key: str, default: object = None) -> tuple[str, ...]:  # type: ignore[override]
            nonlocal looked
            looked += 1
            return dict.get(self, key, ())

    repository = Repository({fact.path: fact for fact in every}, edges=Counting())
    repository._link()
    repository._group()
    assert len(repository.groups) == 1
    assert looked < 8 * count
