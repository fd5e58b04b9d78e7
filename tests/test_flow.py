"""Where a value is stored and every place that uses it, and nothing else."""

from __future__ import annotations

import ast
import textwrap

import pytest

from migrator.flow import stores, target, targets_of, uses
from migrator.names import Module


def made(text: str) -> tuple[Module, ast.Call]:
    """Return the module and its one call of ``make``."""
    module = Module(textwrap.dedent(text))
    (call,) = (
        node
        for node in module.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "make"
    )
    return module, call


def lines(text: str) -> list[int]:
    """Return the lines that read what ``make()`` is stored in."""
    module, call = made(text)
    return [use.lineno for item in targets_of(module, call) or () for use in uses(module, item)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s = make()\ns.save()\nprint(s)", [2, 3]),
        ("s: object = make()\ns.save()", [2]),
        ("if (s := make()):\n    s.save()", [2]),
        ("with make() as s:\n    s.save()", [2]),
        ("a = b = make()\na.x\nb.y", [2, 3]),
        ("s = make()\ndef f():\n    s.save()", [3]),
        ("def f():\n    global s\n    s = make()\ndef g():\n    s.save()", [5]),
        (
            "def f():\n    s = make()\n    def g():\n        s.save()\n    return [s for _ in x]",
            [4, 5],
        ),
        ("def f():\n    s = make()\n    return lambda: s.save()", [3]),
        (
            "class A:\n def f(self):\n  self.s = make()\n def g(self):\n  self.s.save()",
            [5],
        ),
        (
            "class A:\n def f(self):\n  self.s = make()\n def g(me):\n  me.s.save()",
            [5],
        ),
        (
            "class A:\n def f(self):\n  self.m.s = make()\n def g(self):\n  self.m.s.x\n  self.s",
            [5],
        ),
        (
            "class A:\n def f(self):\n  self.s = make()\nclass B(A):\n def g(self):\n  self.s.x",
            [6],
        ),
        (
            "class A:\n def g(self):\n  self.s.x\nclass C(A): pass\nclass B(C):\n def f(self):\n"
            "  self.s = make()",
            [3],
        ),
        (
            "class A:\n def f(self):\n  self.s = make()\n  def inner():\n   return self.s.save()",
            [5],
        ),
        ("m.s = make()\nm.s.save()", [2]),
    ],
)
def test_uses_of_a_stored_value(text: str, expected: list[int]) -> None:
    """Locals, globals, attributes of self, subclasses, closures and with blocks are followed."""
    assert lines(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "make()\ns.save()",
        "with make():\n    s.save()",
        "s = make()\ndef f(s):\n    s.save()",
        "s = make()\nlambda s: s.save()",
        "s = make()\n[s.x for s in y]",
        "s = make()\ndef f():\n    s = 1\n    s.save()",
        "def f():\n    s = make()\ndef g():\n    s.save()",
        "class A:\n    s = make()\n    def f(self):\n        s.save()",
        "s = make()\nx.s.save()\nf(s=1)",
        "m.s = make()\ns.save()",
        "m.s = make()\nn.s.save()\nm.t.s",
        "class A:\n def f(self):\n  self.s = make()\nclass B:\n def f(self):\n  self.s.x",
        "class A: pass\nclass B(A):\n def f(self):\n  self.s = make()\nclass C(A):\n"
        " def f(self):\n  self.s.x",
        "class A:\n def f(self):\n  self.s = make()\ndef g(self):\n self.s.save()",
        "class A:\n def f(self):\n  self.s = make()\n @staticmethod\n def g(self):\n  self.s.x",
        "class A:\n def f(self):\n  self.s = make()\n def g(self):\n  self = 1\n  self.s.x",
        "s = make()\ns = 2\ndel s",
    ],
)
def test_other_places_of_that_name_are_not_uses(text: str) -> None:
    """Shadowed names, other scopes, other objects and unrelated classes stay apart."""
    assert lines(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "f(make())",
        "x[0] = make()",
        "f().s = make()",
        "def f():\n    return make()",
        "s = [make()]",
        "s = make() if x else None",
        "s = s or make()",
        "make().save()",
        "a, b = make()",
        "for s in make(): pass",
        "f(s=make())",
        "with make() as (a, b): pass",
        "s += make()",
    ],
)
def test_values_that_go_elsewhere_have_no_target(text: str) -> None:
    """None says that the value may be anywhere, which is not the same as nowhere."""
    module, call = made(text)
    assert targets_of(module, call) is None


def test_a_value_that_is_dropped_has_no_targets() -> None:
    """An expression statement stores nothing."""
    for text in ("make()", "with make(): pass"):
        module, call = made(text)
        assert targets_of(module, call) == []


def test_stores_are_every_assignment_and_deletion() -> None:
    """In source order, whatever form the assignment has."""
    text = "s = make()\nfor s in x: pass\nwith y as s: pass\ns += 1\ndel s\nprint(s)\n"
    module, call = made(text)
    (item,) = targets_of(module, call) or ()
    assert [store.lineno for store in stores(module, item)] == [1, 2, 3, 4, 5]


def test_targets_compare_by_place() -> None:
    """Two reads of one variable give equal targets that hash alike; an unbound name gives none."""
    module = Module("s = 1\ns\ns\nq\nf().x\n")
    names = [node for node in module.nodes if isinstance(node, ast.Name) and node.id == "s"]
    first, second = target(module, names[1]), target(module, names[2])
    assert first == second
    assert hash(first) == hash(second)
    assert first != "s"
    unbound = next(n for n in module.nodes if isinstance(n, ast.Name) and n.id == "q")
    assert target(module, unbound) is None
    attribute = next(n for n in module.nodes if isinstance(n, ast.Attribute))
    assert target(module, attribute) is None
