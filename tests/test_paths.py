"""Which place an expression names, and whether two expressions can name the same."""

from __future__ import annotations

import ast

import pytest

from migrator.names import Module
from migrator.path_relations import Hole, Path, Relation, relation
from migrator.paths import Paths

HEAD = """\
import argparse
import os
import os.path as osp
from pathlib import Path
import tensorflow as tf
import numpy as np

ROOT = "out"
CKPT = ROOT + "/ckpt"
TWICE = "a"
TWICE = "b"
tf.app.flags.DEFINE_string("train_dir", "logs/train", "where")
tf.flags.DEFINE_integer("version", 3, "which")
tf.app.flags.DEFINE_string("unset", None, "")
tf.app.flags.DEFINE_string("empty", "", "")
FLAGS = tf.app.flags.FLAGS
parser = argparse.ArgumentParser()
parser.add_argument("--save-dir", default="save")
parser.add_argument("-o", "--output", dest="target", default=ROOT)
args = parser.parse_args()
known, rest = parser.parse_known_args()
"""


def paths_of(expression: str, before: str = "") -> list[str]:
    """Return what an expression names: ``{key=text}`` for a hole, ``*`` for an unknown one."""
    module = Module(f"{HEAD}{before}\nEND = {expression}\n")
    last = module.tree.body[-1]
    assert isinstance(last, ast.Assign)
    return [shown(path) for path in Paths(module).of(last.value)]


def shown(path: Path) -> str:
    """Return a path as these tests spell it."""
    return "".join(
        part
        if isinstance(part, str)
        else "*"
        if part.key is None
        else f"{{{part.key}={part.text}}}"
        for part in path
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a/b'", ["a/b"]),
        ("b'a/b'", ["a/b"]),
        ("CKPT", ["out/ckpt"]),
        ("TWICE", ["a", "b"]),
        ("os.path.join(ROOT, 'x', 'model.ckpt')", ["out/x/model.ckpt"]),
        ("osp.join(ROOT, 'x')", ["out/x"]),
        ("os.path.join('a', '/b', 'c')", ["/b/c"]),
        ("os.path.abspath(os.path.join(ROOT, os.pardir, 'x'))", ["out/*/x"]),
        ("Path('a') / 'b'", ["a/b"]),
        ("f'{ROOT}/v{3}'", ["out/v3"]),
        ("f'{ROOT:>9}'", ["out"]),
        ("'%s/v%d' % (ROOT, 3)", ["out/v3"]),
        ("'%s-%03d' % (ROOT, 3)", ["out-*"]),
        ("'%(x)s/a' % {'x': ROOT}", ["*/a"]),
        ("'{}/{}'.format(ROOT, 'y')", ["out/y"]),
        ("'{1}/{name}'.format(0, ROOT, name='n')", ["out/n"]),
        ("'{:02d}/a'.format(3)", ["*/a"]),
        ("str(7)", ["7"]),
        ("tf.compat.as_bytes(os.path.join(ROOT, str(1)))", ["out/1"]),
        ("os.path.dirname('a/b/c')", ["a/b"]),
        ("os.path.dirname(here())", ["*"]),
        ("FLAGS.train_dir", ["{flag:train_dir=logs/train}"]),
        ("FLAGS.unset", ["{flag:unset=None}"]),
        ("FLAGS.empty", ["{flag:empty=None}"]),
        ("FLAGS.elsewhere", ["{flag:elsewhere=None}"]),
        ("os.path.join(FLAGS.train_dir, str(FLAGS.version))",
         ["{flag:train_dir=logs/train}/{flag:version=3}"]),
        ("args.save_dir", ["{flag:save_dir=save}"]),
        ("known.target", ["{flag:target=out}"]),
        ("'a' if args.x else CKPT", ["a", "out/ckpt"]),
        ("args.path or 'a'", ["{flag:path=None}", "a"]),
        ("tf.train.latest_checkpoint(ROOT)", ["out/*"]),
        ("tf.train.get_checkpoint_state(ROOT).model_checkpoint_path", ["out/*"]),
        ("here()", ["*"]),
        ("unbound", ["*"]),
        ("[ROOT]", ["*"]),
        ("np.zeros(3).name", ["*"]),
        ("'a'.join(['b'])", ["*"]),
        ("END2", ["*"]),
    ],
)  # fmt: skip
def test_what_an_expression_names(expression: str, expected: list[str]) -> None:
    """Constants, flags and what joins them are followed; all else is a hole."""
    assert paths_of(expression) == expected


@pytest.mark.parametrize(
    ("before", "expression", "expected"),
    [
        ("for p in ['a']:\n    pass", "p", ["*"]),
        ("p = 'a'\np += 'b'", "p", ["a", "*"]),
        ("p = p + 'a'", "p", ["*a"]),
        ("class C:\n    d = 'a'\n    def f(self):\n        self.d = 'b'\nc = C()", "c.d",
         ["{attribute:d=None}"]),
        ("a, b = 'x', 'y'", "b", ["y"]),
    ],
)  # fmt: skip
def test_what_a_variable_holds(before: str, expression: str, expected: list[str]) -> None:
    """Every assignment counts, and one that cannot be followed is a hole beside the others."""
    assert paths_of(expression, before) == expected


def inside(text: str) -> list[str]:
    """Return what the first argument of the call of ``use`` names."""
    module = Module(HEAD + text)
    (node,) = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "use"
    ]
    return [shown(path) for path in Paths(module).of(node.args[0])]


def test_parameters_are_what_callers_give_and_may_be_something_else() -> None:
    """A caller in another file may give another path, so the text is what it usually is."""
    text = "def f(x, path='a', *, key='k'):\n    use(path)\nf(1, 'b')\nf(2)\nf(3, path=ROOT)\n"
    assert inside(text) == [
        "{parameter:f.path=a}",
        "{parameter:f.path=b}",
        "{parameter:f.path=out}",
    ]
    assert inside("def f(path):\n    use(path)\n") == ["{parameter:f.path=None}"]
    assert inside("def f(*, path):\n    use(path)\nf(path=FLAGS.unset)\n") == [
        "{parameter:f.path=None}",
        "{flag:unset=None}",
    ]


def test_attributes_are_what_the_class_assigns() -> None:
    """An attribute of self is what its class stores, a parameter of its maker included."""
    text = (
        "class M:\n    def __init__(self, d='m'):\n        self.d = os.path.join(d, 'x')\n"
        "    def f(self):\n        use(self.d)\n"
    )
    assert inside(text) == ["{parameter:__init__.d=m}/x"]
    assert inside("class M:\n    def f(self):\n        use(self.d)\n") == ["{attribute:d=None}"]


def test_other_modules_tell_what_their_names_are() -> None:
    """Names that are imported are asked for, by module and as attributes of one."""
    asked: list[tuple[str, int, str]] = []

    def foreign(module: str, level: int, name: str) -> tuple[Path, ...]:
        asked.append((module, level, name))
        return (("there",),)

    text = "from .config import DIR\nimport settings\nEND = os.path.join(DIR, settings.NAME)\n"
    module = Module(HEAD + text)
    last = module.tree.body[-1]
    assert isinstance(last, ast.Assign)
    assert [shown(p) for p in Paths(module, foreign).of(last.value)] == ["there/there"]
    assert asked == [("config", 1, "DIR"), ("settings", 0, "NAME")]
    assert [shown(p) for p in Paths(module, foreign).named("CKPT")] == ["out/ckpt"]
    assert [shown(p) for p in Paths(module, foreign).named("nothing")] == ["*"]


def test_what_refers_to_itself_ends() -> None:
    """Cycles, endless chains and too many alternatives are holes."""
    assert paths_of("a", "def f():\n    global a\n    a = b\nb = f\nb = a") == ["*"]
    many = "".join(f"m = 'p{i}'\n" for i in range(9))
    assert paths_of("m", many) == ["*"]
    chain = "v0 = 'x'\n" + "".join(f"v{i + 1} = v{i}\n" for i in range(30))
    assert paths_of("v30", chain) == ["*"]


F = Hole("flag:dir", "out")
SAME, OTHER, UNKNOWN = Relation.SAME, Relation.OTHER, Relation.UNKNOWN


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("a/b",), ("a/b",), SAME),
        (("./a//b/",), ("a/b",), SAME),
        (("a/../b",), ("b",), SAME),
        (("../out",), ("out",), SAME),
        (("a/b",), ("a/c",), OTHER),
        (("a/b",), ("b",), UNKNOWN),
        (("/tmp/a/b",), ("a/b",), UNKNOWN),
        (("/tmp/a",), ("/tmp/b",), OTHER),
        (("/tmp/a",), ("tmp/a",), UNKNOWN),
        (("xb",), ("b",), OTHER),
        ((".",), ("a",), UNKNOWN),
        ((".",), (".",), UNKNOWN),
        (("",), ("",), UNKNOWN),
        ((F,), ("out",), SAME),
        ((F, "/x"), ("out/x",), SAME),
        ((F, "/x"), ("other/x",), UNKNOWN),
        ((F, "/x"), ("other/y",), OTHER),
        ((Hole("flag:dir"), "/x"), (Hole("flag:dir"), "/x"), SAME),
        ((Hole("flag:dir"), "/x"), (Hole("flag:out"), "/x"), UNKNOWN),
        ((Hole(),), (Hole(),), UNKNOWN),
        ((Hole(), "/model.ckpt"), ("a/bert.ckpt",), OTHER),
        ((Hole(), "-", Hole()), ("a/model-10",), UNKNOWN),
        (("a", Hole(), "c"), ("ac",), UNKNOWN),
        (("a", Hole(), "c"), ("ab",), OTHER),
    ],
)
def test_how_two_paths_stand_to_each_other(one: Path, other: Path, expected: Relation) -> None:
    """Other is what no run can make the same, wherever it starts and whatever flags it gets."""
    assert relation([one], [other]) is expected
    assert relation([other], [one]) is expected


def test_one_alternative_is_enough() -> None:
    """Expressions that may name several places are other only if all of them are."""
    assert relation([("a",), ("b",)], [("c",), ("b",)]) is SAME
    assert relation([("a",), ("b",)], [("c",), ("x/b",)]) is UNKNOWN
    assert relation([("a",), ("b",)], [("c",)]) is OTHER
    assert relation([], [("c",)]) is OTHER
