"""The bridge between ast and libcst: nodes are matched exactly, edits touch nothing else."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import libcst as cst
import pytest

from migrator.names import Module
from migrator.tree import Edited, Tree, expression, identifiers, nodes_of, statement

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*/before.py"))


def tree_of(text: str) -> Tree:
    """Return the tree of ``text``."""
    return Tree(Module(text))


def call_of(tree: Tree, source: str) -> cst.Call:
    """Return the libcst node of the call with ``source``."""
    for node in ast.walk(tree.module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node) == source:
            found = tree.node(node)
            assert isinstance(found, cst.Call)
            return found
    raise AssertionError(source)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_every_name_attribute_and_call_is_found(path):
    """What ast calls a name, an attribute or a call is the same code in libcst."""
    tree = tree_of(path.read_text())
    for node in ast.walk(tree.module.tree):
        if isinstance(node, (ast.Call, ast.Name, ast.Attribute)):
            found = tree.node(node)
            if tree.module.enclosing(node, (ast.JoinedStr,)) and found is None:
                continue
            parsed = ast.parse(f"({tree.code(found)}\n)", mode="eval").body
            assert ast.unparse(parsed) == ast.unparse(node)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_an_edit_that_changes_nothing_changes_nothing(path):
    """Replacing every call by itself gives the text back, byte for byte."""
    for text in (path.read_text(), path.read_text().replace("\n", "\r\n")):
        tree = tree_of(text)
        calls = [tree.node(n) for n in ast.walk(tree.module.tree) if isinstance(n, ast.Call)]
        edits = {node: node for node in calls if node is not None}
        assert tree.apply(edits).text == text


def test_an_edit_inside_a_replacement_is_made():
    """A replacement may hold nodes that have edits of their own, at any depth."""
    tree = tree_of("x = f(g(h(1)))\n")
    outer, inner = call_of(tree, "f(g(h(1)))"), call_of(tree, "h(1)")
    edits = {
        outer: outer.with_changes(func=cst.Name("F")),
        inner: inner.with_changes(func=cst.Name("H")),
    }
    assert tree.apply(edits).text == "x = F(g(H(1)))\n"


def test_an_edit_inside_a_dropped_region_goes_with_it():
    """What is replaced whole takes the edits inside along."""
    tree = tree_of("x = f(g(1), 2)\n")
    outer, inner = call_of(tree, "f(g(1), 2)"), call_of(tree, "g(1)")
    edits = {outer: cst.Name("y"), inner: cst.Name("z")}
    assert tree.apply(edits).text == "x = y\n"


def test_a_replacement_may_hold_the_node_itself():
    """Wrapping a node does not loop."""
    tree = tree_of("x = f(1)\n")
    call = call_of(tree, "f(1)")
    assert tree.apply({call: expression("g(node)", node=call)}).text == "x = g(f(1))\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["    ", "  ", "\t"])
def test_lines_keep_their_indentation_and_newlines(newline, indent):
    """Lines put beside a line are indented as it is, in the file's own way."""
    rows = ["if x:", f"{indent}# why", f"{indent}f(", f"{indent}{indent}1)  # end", "y", ""]
    text = newline.join(rows)
    tree = tree_of(text)
    line = tree.line(call_of(tree, "f(1)"))
    assert line is not None
    flat = cst.FlattenSentinel([line, statement("if a:\n    b\n")])
    after = [*rows[:4], f"{indent}if a:", f"{indent}{indent}b", *rows[4:]]
    assert tree.apply({line: flat}).text == newline.join(after)


def test_a_line_can_be_removed_with_what_stands_above_it():
    """None removes a line, its comments and its newline."""
    tree = tree_of("a\n# about f\nf(1)\nb")
    line = tree.line(call_of(tree, "f(1)"))
    assert line is not None
    assert tree.apply({line: None}).text == "a\nb"


def test_the_last_line_may_lack_its_newline():
    """A file without a newline at its end gets none."""
    tree = tree_of("a\nf(1)")
    call = call_of(tree, "f(1)")
    line = tree.line(call)
    assert line is not None
    edits = {line: cst.FlattenSentinel([line, statement("b\n")]), call: cst.Name("g")}
    assert tree.apply(edits).text == "a\ng\nb"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("f(1)\n", True),
        ("x = f(1)\n", True),
        ("f(1); g\n", False),
        ("if x: f(1)\n", False),
        ("if f(1):\n    pass\n", False),
        ("a = 1\nfor x in f(1): pass\n", False),
        ("x = lambda: f(1)\n", True),
        ("class A:\n    x = f(1)\n", True),
    ],
)
def test_a_line_is_one_that_holds_one_statement(text, found):
    """One-line blocks and lines of several statements are not lines to replace."""
    tree = tree_of(text)
    assert (tree.line(call_of(tree, "f(1)")) is not None) == found


def test_regions_follow_the_edits():
    """A place of the original is found in the new text, whatever changed before it."""
    tree = tree_of("x = f(1)\ny = f(2)\nz = 3\n")
    one, two = call_of(tree, "f(1)"), call_of(tree, "f(2)")
    edited = tree.apply({one: cst.Name("longer_name"), two: cst.Name("b")})
    assert edited.text == "x = longer_name\ny = b\nz = 3\n"
    assert edited.region(0, 8) == "x = longer_name"
    assert edited.region(9, 17) == "y = b"
    assert edited.region(18, 23) == "z = 3"
    assert edited.region(6, 7) == "longer_name"
    assert Edited("abc").region(1, 2) == "b"


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("f(1)  # kept\n", None),
        ("# kept\nf(1)\n", None),
        ("f(  # lost\n  1)\n", "# lost"),
        ("f(1,  # lost\n  2)\n", "# lost"),
        ("x = [f(1)]  # kept\n", None),
        ("f('# no comment')\n", None),
    ],
)
def test_comments_that_an_edit_would_lose_are_named(text, comment):
    """Only what the replaced region holds and the replacement lacks is lost."""
    tree = tree_of(text)
    call = next(node for node in ast.walk(tree.module.tree) if isinstance(node, ast.Call))
    assert tree.lost_comment({tree.node(call): cst.Name("x")}) == comment


def test_aligned_arguments_move_with_the_parenthesis():
    """Lines that were aligned with the first argument still are, at any depth."""
    text = "x = long.name(a,\n              # why\n              b={1:\n                 2})\n"
    tree = tree_of(text)
    call = next(n for n in ast.walk(tree.module.tree) if isinstance(n, ast.Call))
    old = tree.node(call)
    new = tree.aligned(old, old.with_changes(func=cst.Name("f")))
    assert tree.apply({old: new}).text == "x = f(a,\n      # why\n      b={1:\n         2})\n"


TAILS = ["", " ", "\n", "\r\n", "\r", " \n", "\t", "\x0c", "# c\n"]


@pytest.mark.parametrize("tail", ["".join(t) for t in itertools.product(TAILS, repeat=2)], ids=repr)
@pytest.mark.parametrize("newline", ["", "\n", "\r\n"])
def test_the_end_of_a_file_stays_as_it_is(tail, newline):
    """Whatever blank lines end a file, an edit of its last statement leaves them alone."""
    text = "x = 1" + "\nf(1)" + newline + (tail if newline else "")
    try:
        tree = tree_of(text)
    except SyntaxError:
        return
    call = call_of(tree, "f(1)")
    line = tree.line(call)
    assert line is not None
    assert tree.apply({call: cst.Name("y")}).text == text.replace("f(1)", "y")
    edited = tree.apply({line: cst.FlattenSentinel([line, statement("z\n")])}).text
    assert edited.startswith("x = 1\nf(1)" + (newline or "\n") + "z")
    assert edited.endswith(tail if newline else "z")


def test_text_that_libcst_does_not_give_back_is_refused():
    """No edit could be exact where the tree does not reproduce the text."""
    with pytest.raises(ValueError, match="reproduce"):
        tree_of("x = 1\n \x0cf(1)\n")


def test_positions_count_characters_not_bytes():
    """Text that is not ASCII before a call does not move it."""
    tree = tree_of("x = 'é😀' + f(1) + 'é'\n")
    call = call_of(tree, "f(1)")
    assert tree.apply({call: cst.Name("y")}).text == "x = 'é😀' + y + 'é'\n"


def test_expressions_hold_the_nodes_they_are_given():
    """Nodes put into a template are those very nodes."""
    name = cst.Name("node")
    made = expression("f(x, y)", x=name)
    assert isinstance(made, cst.Call)
    assert made.args[0].value is name
    assert expression("a.b.c").deep_equals(cst.parse_expression("a.b.c"))


def test_nodes_are_indexed_by_kind_and_name():
    """The index holds what a walk finds."""
    module = Module("import os\nfrom a import b\n\ndef f(x):\n    return x.y(os.z)\n")
    nodes = nodes_of(module)
    assert nodes_of(module) is nodes
    assert sorted(node.id for node in nodes.names) == ["os", "x"]
    assert sorted(node.attr for node in nodes.attributes) == ["y", "z"]
    assert list(nodes.method_calls) == ["y"]
    assert len(nodes.imports) == 2
    assert identifiers(module) >= {"os", "b", "f", "x"}
