"""Python 2 files: what fissix makes of them, line by line, and what stays."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from migrator import cli
from migrator.modernise import python2
from migrator.results import Outcome, Span

needs_fissix = pytest.mark.skipif(
    importlib.util.find_spec("fissix") is None, reason="fissix is not installed"
)

PAIRS = [
    ('print "a", b', 'print("a", b)'),
    ("print (a)\nprint b", "print (a)\nprint(b)"),
    ("print >>f, a,\nprint b", "print(a, end=' ', file=f)\nprint(b)"),
    ("try:\n    f()\nexcept A, b:\n    pass", "try:\n    f()\nexcept A as b:\n    pass"),
    ("if a <> b: print `a`", "if a != b: print(repr(a))"),
    ("exec code in scope", "exec(code, scope)"),
    ("os.chmod(a, 0755)", "os.chmod(a, 0o755)"),
    ('raise ValueError, "no"', 'raise ValueError("no")'),
    ("print d.keys()", "print(list(d.keys()))"),
    ("for k in d.iterkeys(): print k", "for k in d.keys(): print(k)"),
    ("x = 10L; print x", "x = 10; print(x)"),
    ("import cPickle\nprint cPickle.load(a)", "import pickle\nprint(pickle.load(a))"),
    ("x = raw_input(); print x", "x = input(); print(x)"),
]


@needs_fissix
@pytest.mark.parametrize(("before", "after"), PAIRS, ids=[row[0][:30] for row in PAIRS])
def test_what_becomes_of_it(before: str, after: str) -> None:
    """Python 3, and nothing of it is Python 2 again."""
    found = python2.modern(before + "\n")
    assert found is not None and found.text == after + "\n"
    assert python2.modern(found.text) is None
    assert {f.code for f in found.findings if f.outcome is Outcome.REWRITTEN} == {"TFM829"}


def test_python_3_is_not_looked_at() -> None:
    """A file that parses is not modernised, whatever names it uses."""
    assert python2.modern("for i in xrange(3):\n    print(i)\n") is None


@needs_fissix
def test_tabs_are_eight_columns_and_strings_stay() -> None:
    """Mixed indentation becomes what Python 2 read; a tab in a string is kept."""
    text = 'def f():\n\tx = """\n\ty"""\n        return x\n'
    found = python2.modern(text)
    assert found is not None
    assert found.text == 'def f():\n        x = """\n\ty"""\n        return x\n'


@needs_fissix
def test_line_ends_and_a_missing_last_one_stay() -> None:
    """CRLF stays CRLF."""
    found = python2.modern("print a\r\nprint b")
    assert found is not None and found.text == "print(a)\r\nprint(b)"


@needs_fissix
def test_division_is_reported_not_guessed() -> None:
    """Where one side is visibly an integer, none a float, and the future import is not there."""
    text = "print 1\nn = len(x) / 2\ny = len(x) / 2.0\nz = np.mean(x) / 3\nw = a / b\n"
    found = python2.modern(text)
    assert found is not None
    assert [f.span.line for f in found.findings if f.code == "TFM831"] == [2]
    found = python2.modern("from __future__ import division\n" + text)
    assert found is not None
    assert not [f for f in found.findings if f.code == "TFM831"]


@needs_fissix
def test_what_is_no_python_stays() -> None:
    """The reason is fissix's, and there is no text."""
    found = python2.modern("print 'a\n")
    assert found is not None and found.text is None and found.reason


@needs_fissix
def test_places_are_those_of_the_original() -> None:
    """A line that fissix added does not move what is reported below it."""
    found = python2.modern("def f((a, b)):\n    return a\n\nprint c\n")
    assert found is not None and found.text is not None
    at = found.text.splitlines().index("print(c)") + 1
    assert found.original(Span(at, 0, at, 8)) == Span(4, 0, 4, 7)


LEGACY = """import tensorflow as tf
import helper

w = tf.get_variable("w", [2])
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print saver.save(sess, "model")
"""


def run(tree: Path, *options: str) -> tuple[int, dict]:
    """Migrate ``tree``; return the status and code -> outcomes by file."""
    report = tree.parent / "report.json"
    status = cli.main(["migrate", "-q", "-q", "--report", str(report), *options, str(tree)])
    told = json.loads(report.read_text(encoding="utf-8"))
    return status, {
        file["path"].rpartition("/")[2]: {(f["code"], f["outcome"]) for f in file["findings"]}
        for file in told["files"]
    }


def test_without_the_option_the_way_is_said(tmp_path: Path) -> None:
    """A file of Python 2 is left, with the option that modernises it."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "train.py").write_text(LEGACY, encoding="utf-8")
    (tree / "helper.py").write_text("print 'a'\n", encoding="utf-8")
    status, told = run(tree, "--write")
    assert status == 1
    assert ("TFM901", "manual") in told["train.py"]
    assert (tree / "train.py").read_text(encoding="utf-8") == LEGACY


def test_a_helper_in_python_2_is_named(tmp_path: Path) -> None:
    """A file without TensorFlow that a moving program imports is looked at, too."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "train.py").write_text(LEGACY.replace("print saver", "saver"), encoding="utf-8")
    (tree / "helper.py").write_text("print 'a'\n", encoding="utf-8")
    (tree / "alone.py").write_text("print 'nobody imports this'\n", encoding="utf-8")
    _, told = run(tree, "--write")
    assert told["helper.py"] == {("TFM829", "manual")}
    assert "alone.py" not in told


@needs_fissix
def test_files_beside_python_2_are_looked_at(tmp_path: Path) -> None:
    """What is valid Python 3 in the same program may still have counted on Python 2."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "train.py").write_text(LEGACY + "import net\n", encoding="utf-8")
    net = (
        "import tensorflow as tf\nclass Net:\n    def __nonzero__(self):\n        return True\n"
        "    def next(self):\n        return 1\ndef half(xs):\n    return len(xs) / 2\n"
    )
    (tree / "net.py").write_text(net, encoding="utf-8")
    future = net.replace("import", "from __future__ import division\nimport", 1)
    future = future.replace("__nonzero__", "__bool__")
    (tree / "other.py").write_text(future, encoding="utf-8")
    (tree / "train.py").write_text(LEGACY + "import net, other\n", encoding="utf-8")
    _, told = run(tree, "--tier", "session", "--python2")
    assert {("TFM829", "manual"), ("TFM831", "manual")} <= told["net.py"]
    assert not {("TFM829", "manual"), ("TFM831", "manual")} & told["other.py"]


@needs_fissix
def test_with_the_option_it_is_modernised_and_migrated(tmp_path: Path) -> None:
    """Both files, in one run, and a second changes nothing."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "train.py").write_text(LEGACY, encoding="utf-8")
    (tree / "helper.py").write_text("print 'a'\n", encoding="utf-8")
    _, told = run(tree, "--write", "--tier", "session", "--python2")
    assert {("TFM829", "rewritten"), ("TFM201", "rewritten")} <= told["train.py"]
    assert told["helper.py"] == {("TFM829", "rewritten")}
    text = (tree / "train.py").read_text(encoding="utf-8")
    assert 'print(saver.save(sess, "model"))' in text and "tf2_bridge.Saver()" in text
    status, _ = run(tree, "--tier", "session", "--python2")
    assert status == 0
    assert (tree / "train.py").read_text(encoding="utf-8") == text
