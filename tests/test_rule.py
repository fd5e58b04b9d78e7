"""The authoring interface: what a rule is told about a place, and how calls are bound."""

from __future__ import annotations

import ast

import pytest

from migrator import engine
from migrator.names import Module
from migrator.results import Outcome, Safety
from migrator.rule import FileContext, Keep, Manual, Rewrite, Use, expression, rule
from migrator.tree import Tree

SAVER = "tf.train.Saver"


def ask(function, text, context=None, **options):
    """Return the findings of one rule on ``text``."""
    options = {"apis": (SAVER,), "safety": Safety.SAFE, **options}
    made = rule("TFM299", "a-rule", **options)(function)
    return engine.run(text, context or FileContext(move=False), [made])


def use_of(text: str, name: str) -> Use:
    """Return the Use of the first reference spelled ``name``."""
    module = Module(text)
    for node, symbol in module.references():
        if ast.unparse(node) == name:
            return Use(Tree(module), node, symbol, FileContext(), {"tensorflow": "tf"})
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("()", [None, 5]),
        ("(v)", ["v", 5]),
        ("(v, 3)", ["v", "3"]),
        ("(max_to_keep=3)", [None, "3"]),
        ("(max_to_keep=3, var_list=v)", ["v", "3"]),
    ],
)
def test_calls_are_bound_to_the_rules_parameters(call, told):
    """Positional, keyword and missing arguments arrive alike, as expressions or defaults."""
    seen = []

    def function(use, var_list=None, max_to_keep=5):
        """Docs."""
        seen.extend(
            ast.unparse(v) if isinstance(v, ast.AST) else v for v in (var_list, max_to_keep)
        )

    ask(function, f"import tensorflow as tf\ntf.train.Saver{call}\n")
    assert seen == told


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("(*a)", "`*`"),
        ("(**k)", "`**`"),
        ("(1, 2, 3)", "too many"),
        ("(no=1)", "unexpected keyword"),
        ("(1, var_list=2)", "multiple values"),
    ],
)
def test_calls_that_cannot_be_bound_are_manual(call, word):
    """Such a call keeps its place with a reason, and the rule is not asked."""

    def function(use, var_list=None, max_to_keep=5):
        """Docs."""
        raise AssertionError("asked")

    plan = ask(function, f"import tensorflow as tf\ntf.train.Saver{call}\n")
    (finding,) = plan.findings
    assert finding.outcome is Outcome.MANUAL
    assert word in finding.message


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (None, None),
        (Keep("Stays."), Outcome.KEPT),
        (Manual("Left.", "Do it."), Outcome.MANUAL),
    ],
)
def test_an_answer_becomes_one_finding(result, outcome):
    """None says that the rule has nothing to say here."""

    def function(use):
        """Docs."""
        return result

    plan = ask(function, "import tensorflow as tf\ntf.train.Saver()\n", bind=False)
    assert [f.outcome for f in plan.findings] == ([outcome] if outcome else [])


def test_two_rewrites_of_one_place_do_not_mix():
    """The second one is BLOCKED and changes nothing."""

    def first(use):
        """Docs."""
        return Rewrite("One.", {use.cst(use.call): expression("one()")})

    def second(use):
        """Docs."""
        outer = next(n for n in ast.walk(use.module.tree) if isinstance(n, ast.Call))
        return Rewrite("Two.", {use.cst(outer): expression("two()")})

    rules = [
        rule("TFM297", "one", safety=Safety.SAFE, apis=(SAVER,), bind=False)(first),
        rule("TFM298", "two", safety=Safety.SAFE, apis=("tf.Session",), bind=False)(second),
    ]
    text = "import tensorflow as tf\ntf.train.Saver(tf.Session())\n"
    plan = engine.run(text, FileContext(move=False), rules)
    assert plan.text == "import tensorflow as tf\none()\n"
    assert {f.code: f.outcome for f in plan.findings} == {
        "TFM297": Outcome.REWRITTEN,
        "TFM298": Outcome.BLOCKED,
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import tensorflow as tf\nprint(tf.x)\n", "tf"),
        ("import tensorflow\nprint(tensorflow.x)\n", "tensorflow"),
        ("import tensorflow.compat.v1 as tf1\nprint(tf1.x)\n", "tf1"),
        ("from tensorflow import train\nprint(train.x)\n", None),
        ("def f():\n    import tensorflow as tf\n    print(tf.x)\n", "tf"),
        (
            "if TYPE_CHECKING:\n    import tensorflow as tf\nfrom tensorflow import nn\n"
            "print(nn.x)\n",
            None,
        ),
        (
            "import tensorflow as tf\nfrom tensorflow import nn\n\ndef f(tf):\n    print(nn.x)\n",
            None,
        ),
    ],
)
def test_the_name_of_tensorflow_at_a_place(text, name):
    """It is the name an import gives it there, unless something hides it."""
    module = Module(text)
    spelled = ast.unparse(next(node for node, _ in module.references() if node.lineno > 1))
    assert use_of(text, spelled).root_name() == name


def test_fresh_names_are_free_in_the_whole_file():
    """A name that any scope binds or uses is not taken."""
    use = use_of("import tensorflow as tf\n\ndef f(module):\n    module_2 = tf.x\n", "tf.x")
    assert use.fresh("module") == "module_3"
    assert use.fresh("other") == "other"


def test_a_rule_describes_itself():
    """Its summary is the first line of its documentation; further codes have names, too."""

    def function(use):
        """Do a thing.

        ## What it does

        It.
        """

    made = rule(
        "TFM299", "a-rule", safety=Safety.SAFE, apis=(SAVER,), also={"TFM298": "other: Another."}
    )(function)
    assert made.summary == "Do a thing."
    assert [(i.code, i.name, i.summary) for i in made.infos()] == [
        ("TFM299", "a-rule", "Do a thing."),
        ("TFM298", "other", "Another."),
    ]
