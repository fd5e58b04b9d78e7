"""Where Savers and builders that methods are called on come from, and where signatures end."""

from __future__ import annotations

import textwrap

import pytest

from migrator.carried import Carried
from migrator.handed import Handed
from migrator.programs import Repository, facts_of

TF = "import tensorflow as tf\n"
SIGNATURES = TF + "from tensorflow import saved_model as sm\n"


def repository(files: dict[str, str]) -> tuple[Repository, dict[str, str]]:
    """Return the repository of name (without ``.py``) -> text."""
    texts = {f"{name}.py": textwrap.dedent(text) for name, text in files.items()}
    return Repository.build([facts_of(p, t) for p, t in texts.items()], texts.get), texts


def made(files: dict[str, str], path: str) -> list[tuple[str, list[str], bool]]:
    """Return (method, where its object is made, whether it is open) of the calls of a file."""
    found, texts = repository(files)
    return [
        (call.method, [f"{one.path}:{one.line}" for one in call.made], call.open)
        for call in Carried(found, texts.get).calls(f"{path}.py")
    ]


MAKES = TF + "saver = tf.train.Saver()\n"


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"a": MAKES + "saver.save(s, p)"}, ["a.py:2"]),
        ({"m": MAKES, "a": "from m import saver\nsaver.save(s, p)"}, ["m.py:2"]),
        ({"m": MAKES, "a": "import m\nm.saver.save(s, p)"}, ["m.py:2"]),
        ({"m": MAKES, "a": "from m import *\nsaver.save(s, p)"}, ["m.py:2"]),
        (
            {"m": "from a import f\n" + MAKES + "f(1, saver)", "a": "def f(x, y): y.save(x, p)"},
            ["m.py:3"],
        ),
        (
            {"m": "import a\n" + MAKES + "a.f(y=saver)", "a": "def f(x=1, y=None): y.save(x, p)"},
            ["m.py:3"],
        ),
        (
            {
                "m": "import a\n" + MAKES + "a.f(s=saver)",
                "a": "def f(**k): g(1, **k)\ndef g(x, s): s.save(x, p)",
            },
            ["m.py:3"],
        ),
        (
            {"m": "import a\n" + MAKES + "k = dict(s=saver)\na.g(1, **k)",
             "a": "def g(x, s): s.save(x, p)"},
            ["m.py:3"],
        ),
        (
            {"m": TF + "def make():\n    return tf.train.Saver(), 1\n",
             "a": "import m\nsaver, n = m.make()\nsaver.save(s, p)"},
            ["m.py:3"],
        ),
        (
            {"b": "class B:\n    def save(self): self.saver.save(s, p)",
             "m": TF + "from b import B\nclass M(B):\n    def f(self):\n"
                  "        self.saver = tf.train.Saver()\n", "a": "pass"},
            ["m.py:5"],
        ),
        (
            {"b": TF + "class B:\n    def f(self): self.saver = tf.train.Saver()",
             "m": "from b import B\nclass M(B):\n    def save(self): self.saver.save(s, p)"},
            ["b.py:3"],
        ),
        (
            {"m": TF + "class M:\n    def __init__(self): self.saver = tf.train.Saver()",
             "a": "from m import M\nmodel = M()\nmodel.saver.save(s, p)"},
            ["m.py:3"],
        ),
        (
            {"m": TF + "class M:\n    @property\n    def saver(self):\n"
                  "        return tf.train.Saver()",
             "a": "from m import M\nM().saver.save(s, p)"},
            ["m.py:5"],
        ),
        (
            {"m": "from a import W\n" + MAKES + "W(saver)",
             "a": "class W:\n    def __init__(self, s): self.s = s\n"
                  "    def f(self): self.s.save(x, p)"},
            ["m.py:3"],
        ),
        (
            {"m": "from a import V\n" + MAKES + "V(saver)",
             "a": "class W:\n    def __init__(self, s): self.s = s\n"
                  "    def f(self): self.s.save(x, p)\nclass V(W): pass"},
            ["m.py:3"],
        ),
        (
            {"a": TF + "savers = [tf.train.Saver(), tf.train.Saver()]\n"
                  "for i, one in enumerate(savers): one.save(s, p)"},
            ["a.py:2", "a.py:2"],
        ),
        ({"a": TF + "s = tf.train.Saver() if x else None\ns.save(1, p)"}, ["a.py:2"]),
        ({"a": TF + "s = tf.train.import_meta_graph(p)\ns.restore(1, p)"}, ["a.py:2"]),
    ],
)  # fmt: skip
def test_followed(files: dict[str, str], where: list[str]) -> None:
    """Through variables, modules, parameters, attributes, bases, properties and containers."""
    found = [call for name in sorted(files) for call in made(files, name)]
    assert [(places, is_open) for _, places, is_open in found] == [(where, False)]


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nnp.save(p, x)",
        "def f(saver): saver.save(s, p)",
        "saver = make()\nsaver.save(s, p)",
        "model.save(p)",
        "class Saver:\n    def save(self, a, b): pass\nSaver().save(1, 2)",
        "from elsewhere import saver\nsaver.save(s, p)",
        "x = [s for s in y]\nx[0].save(1, 2)",
        "saver.save(s, p)",
    ],
)
def test_nothing_is_said_of_what_cannot_be_followed(text: str) -> None:
    """Somebody else's objects, and those that nobody here makes."""
    assert made({"a": text, "other": MAKES}, "a") == []


@pytest.mark.parametrize(
    "text",
    [
        "def f(s): s.save(1, p)\nf(tf.train.Saver())\nf(make())",
        "def f(s): s.save(1, p)\nf(tf.train.Saver())\nrun(f)",
        "s = tf.train.Saver() if x else other\ns.save(1, p)",
        "def f(s=tf.train.Saver()): s.save(1, p)\nf(*everything)",
    ],
)
def test_what_may_come_from_elsewhere_too_is_open(text: str) -> None:
    """One known maker does not make the others known."""
    ((_, places, is_open),) = made({"a": TF + text}, "a")
    assert len(places) == 1 and is_open


def managed(files: dict[str, str], path: str) -> tuple[list[str], list[str]]:
    """Return where the Savers of the managed sessions of a file are made, and the lost names."""
    found, texts = repository(files)
    known, lost = Carried(found, texts.get).managed(f"{path}.py")
    return sorted(f"{one.path}:{one.line}" for one in known), sorted(lost)


def test_savers_of_managed_sessions() -> None:
    """They are found where they are made; what cannot be followed is told by its name."""
    takes = "def f(s):\n    tf.train.Supervisor(saver=s)\n"
    assert managed({"a": TF + takes + "f(tf.train.Saver())"}, "a") == (["a.py:4"], [])
    assert managed({"a": TF + takes}, "a") == ([], ["s"])
    assert managed({"a": TF + "tf.train.Scaffold(saver=x.saver)"}, "a") == ([], ["saver"])
    assert managed({"a": MAKES + "tf.train.Supervisor()"}, "a") == ([], [])


# -- where signatures end -------------------------------------------------------------------


def ends(files: dict[str, str], path: str) -> list[tuple[int, list[str], bool]]:
    """Return (line, exports, shown) of the signatures and tensor infos of a file."""
    found, texts = repository(files)
    return [
        (one.line, [f"{place.path}:{place.line}" for place in one.exports], one.shown)
        for one in Handed(found, texts.get).ends(f"{path}.py")
    ]


ADD = "b.add_meta_graph_and_variables(s, ['serve'], {})\n".format
INFO = "sm.utils.build_tensor_info(x)"
SIG = "sm.signature_def_utils.build_signature_def({0}, {0}, 'm')".format("{'x': i}")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": f"i = {INFO}\n" + ADD(f"{{'k': {SIG}}}")}, [(3, ["a.py:4"]), (4, ["a.py:4"])]),
        (
            {"a": f"m = {{}}\ni = {INFO}\nm['k'] = {SIG}\n" + ADD("m")},
            [(4, ["a.py:6"]), (5, ["a.py:6"])],
        ),
        (
            {"a": f"import w\ni = {INFO}\nw.save(m={{'k': {SIG}}})",
             "w": TF + "def save(m):\n    " + ADD("m")},
            [(4, ["w.py:3"]), (5, ["w.py:3"])],
        ),
        (
            {"a": f"def make(i):\n    return {SIG}\n", "w": TF + "import a\n" + ADD(
                "{'k': a.make(1)}")},
            [(4, ["w.py:3"])],
        ),
        (
            {"a": f"def f(t): return {{k: {INFO} for k, x in t.items()}}\n"
                  "g = sm.signature_def_utils.build_signature_def(f(1), f(2))\n"
                  + ADD("dict(k=g)")},
            [(3, ["a.py:5"]), (4, ["a.py:5"])],
        ),
    ],
)  # fmt: skip
def test_signatures_that_only_go_into_exports(
    files: dict[str, str], expected: list[tuple[int, list[str]]]
) -> None:
    """Through dicts, comprehensions, functions, parameters and other files."""
    files["a"] = SIGNATURES + files["a"]
    assert ends(files, "a") == [(line, places, False) for line, places in expected]


@pytest.mark.parametrize(
    "more",
    [
        "print(i.name)",
        "other.x = i",
        "unknown(i)",
        "def f(): return i",
        "i2 = i.dtype",
        "json.dumps([i])",
        "i['x']",
        "assert i.name == 'x'",
        "for k in i: pass",
    ],
)
def test_a_tensor_info_that_somebody_else_reads_stays(more: str) -> None:
    """One reader that is not known is enough."""
    text = f"{SIGNATURES}i = {INFO}\n{ADD(f'{{1: {SIG}}}')}{more}\n"
    assert [line for line, _, _ in ends({"a": text}, "a")] == [4]


@pytest.mark.parametrize("shows", ["print('x:', i)", "logging.info('%s', i)", "tf.logging.info(i)"])
def test_what_only_prints_a_tensor_info_is_said(shows: str) -> None:
    """A print is no reason to keep the proto, but a reason to say so."""
    text = f"{SIGNATURES}i = {INFO}\n{ADD(f'{{1: {SIG}}}')}{shows}\n"
    assert [(line, shown) for line, _, shown in ends({"a": text}, "a")] == [(3, True), (4, False)]


@pytest.mark.parametrize(
    "text",
    [
        "def make(i):\n    return {sig}\n",
        "def make(i):\n    return {sig}\nrun(make)\n{add}",
        "g = {sig}\nwrite(g.SerializeToString())\n{add}",
        "class A:\n    signature = {sig}\n",
        "g = {sig}\n",
    ],
)
def test_signatures_that_reach_no_export_or_something_else_stay(text: str) -> None:
    """Nobody calls the helper, somebody takes it elsewhere, or nothing exports it."""
    text = text.format(sig=SIG, add=ADD("{'k': make(1)}" if "make" in text else "{'k': g}"))
    assert ends({"a": SIGNATURES + text}, "a") == []
