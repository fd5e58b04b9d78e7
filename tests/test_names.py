"""Which TensorFlow symbol a name means, and, more often, that it means none."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import symtable
import sys
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from migrator.names import Foreign, Module, line_starts


def symbols(text: str, foreign: Foreign | None = None) -> list[str]:
    """Return the canonical names of the references of ``text``, in source order."""
    module = Module(textwrap.dedent(text), foreign)
    return [symbol.name for _, symbol in module.references()]


def called(text: str, foreign: Foreign | None = None) -> list[str | None]:
    """Return what each call of something spelled ``Saver`` (the mark) means, in source order."""
    module = Module(textwrap.dedent(text), foreign)
    calls = [
        node
        for node in module.nodes
        if isinstance(node, ast.Call) and "Saver" in ast.unparse(node.func)
    ]
    found = [module.symbol(node.func) for node in calls]
    return [symbol.name if symbol else None for symbol in found]


SAVER = "tf.train.Saver"

# -- names that are TensorFlow --------------------------------------------------------------

IMPORTS = {
    "plain": "import tensorflow as tf\ntf.train.Saver()",
    "unaliased": "import tensorflow\ntensorflow.train.Saver()",
    "another alias": "import tensorflow as T\nT.train.Saver()",
    "compat.v1": "import tensorflow.compat.v1 as tf\ntf.train.Saver()",
    "compat.v1 from": "from tensorflow.compat import v1 as tf\ntf.train.Saver()",
    "compat.v1 spelled out": "import tensorflow as tf\ntf.compat.v1.train.Saver()",
    "compat.v1 twice": "import tensorflow.compat.v1 as tf\ntf.compat.v1.train.Saver()",
    "submodule as": "import tensorflow.train as train\ntrain.Saver()",
    "submodule unaliased": "import tensorflow.train\ntensorflow.train.Saver()",
    "from package": "from tensorflow import train\ntrain.Saver()",
    "from package as": "from tensorflow import train as t\nt.Saver()",
    "from submodule": "from tensorflow.train import Saver\nSaver()",
    "from submodule as": "from tensorflow.train import Saver as TheSaver\nTheSaver()",
    "private module": "from tensorflow.python.training import saver\nsaver.Saver()",
    "private as": "from tensorflow.python.training import saver as tf_saver\ntf_saver.Saver()",
    "private class": "from tensorflow.python.training.saver import Saver\nSaver()",
    "private whole": "import tensorflow.python.training.saver as s\ns.Saver()",
    "private below tf": "import tensorflow as tf\ntf.python.training.saver.Saver()",
    "_api": "import tensorflow as tf\ntf._api.v1.train.Saver()",
    "star": "from tensorflow import *\ntrain.Saver()",
    "star of a submodule": "from tensorflow.train import *\nSaver()",
    "star of a private module": "from tensorflow.python.training.saver import *\nSaver()",
    "alias of a class": "import tensorflow as tf\nMySaver = tf.train.Saver\nMySaver()",
    "alias of a module": "import tensorflow as tf\nt = tf.train\nt.Saver()",
    "alias of an alias": "import tensorflow as tf\nt = tf.train\nMySaver = t.Saver\nMySaver()",
    "annotated alias": "import tensorflow as tf\nt: object = tf.train\nt.Saver()",
    "walrus alias": "import tensorflow as tf\nif (t := tf.train):\n    t.Saver()",
    "pair of aliases": "import tensorflow as tf\nt, s = tf.train, tf.saved_model\nt.Saver()",
    "list of aliases": "import tensorflow as tf\n[s, t] = (tf.saved_model, tf.train)\nt.Saver()",
    "rebound to its v1": "import tensorflow as tf\ntf = tf.compat.v1\ntf.train.Saver()",
    "rebound on a condition": (
        "import tensorflow as tf\nif hasattr(tf, 'x'):\n    tf = tf.compat.v1\ntf.train.Saver()"
    ),
    "either flavour": """
        if NEW:
            import tensorflow.compat.v1 as tf
        else:
            import tensorflow as tf
        tf.train.Saver()
    """,
    "double import": """
        try:
            import tensorflow.compat.v1 as tf
        except ImportError:
            import tensorflow as tf
        tf.train.Saver()
    """,
    "double import of a symbol": """
        try:
            from tensorflow.python.training.saver import Saver
        except (ImportError, AttributeError):
            from tensorflow.train import Saver
        Saver()
    """,
    "None fallback": """
        try:
            import tensorflow as tf
        except ImportError:
            tf = None
        tf.train.Saver()
    """,
    "None first": "tf = None\nimport tensorflow as tf\ntf.train.Saver()",
    "pass fallback": """
        try:
            import tensorflow as tf
        except ImportError:
            pass
        tf.train.Saver()
    """,
    "fallback of another package": """
        try:
            import tensorflow as tf
        except ImportError:
            import mocks as tf
        tf.train.Saver()
    """,
    "in a function": "def f():\n    import tensorflow as tf\n    tf.train.Saver()",
    "in a method": """
        class Model:
            def save(self):
                from tensorflow.train import Saver
                return Saver()
    """,
    "lazily, through global": """
        tf = None
        def load():
            global tf
            import tensorflow as tf
        def save():
            tf.train.Saver()
    """,
    "seen from a nested function": """
        def f():
            import tensorflow as tf
            def g():
                return [tf.train.Saver() for _ in range(3)]
    """,
    "nonlocal": """
        def f():
            tf = None
            def g():
                nonlocal tf
                import tensorflow as tf
            tf.train.Saver()
    """,
    "nonlocal bound below": """
        def f():
            def g():
                nonlocal tf
                import tensorflow as tf
            tf = None
            tf.train.Saver()
    """,
    "class attribute in the class body": """
        class A:
            import tensorflow as tf
            saver = tf.train.Saver()
    """,
    "class attribute of its own name": """
        import tensorflow as tf
        class A:
            tf = tf
            saver = tf.train.Saver()
    """,
    "a method beside a class attribute": """
        import tensorflow as tf
        class A:
            tf = 3
            def f(self):
                return tf.train.Saver()
    """,
    "the default of a parameter of that name": """
        import tensorflow as tf
        def f(tf=tf.train.Saver()):
            pass
    """,
    "a keyword-only default": """
        import tensorflow as tf
        def f(*, tf=tf.train.Saver()):
            pass
    """,
    "the default of a lambda's parameter": "import tensorflow as tf\nlambda tf=tf.train.Saver(): 0",
    "an annotation beside a parameter": """
        import tensorflow as tf
        def f(tf: tf.train.Saver()):
            pass
    """,
    "a decorator above a parameter": """
        import tensorflow as tf
        @wraps(tf.train.Saver())
        def f(tf):
            pass
    """,
    "a base class call": "import tensorflow as tf\nclass A(make(tf.train.Saver())):\n    tf = 1",
    "first iterable of a comprehension": (
        "import tensorflow as tf\n[tf for tf in listed(tf.train.Saver())]"
    ),
    "first iterable in a class": """
        class A:
            import tensorflow as tf
            x = [y for y in listed(tf.train.Saver())]
    """,
    "global in a function that has a local elsewhere": """
        import tensorflow as tf
        def f():
            global tf
            return tf.train.Saver()
        def g():
            tf = 1
    """,
    "match subject": "import tensorflow as tf\nmatch tf.train.Saver():\n    case saver: pass",
    "inside an f-string": "import tensorflow as tf\nf'{tf.train.Saver()}'",
    "after del": "import tensorflow as tf\ntf.train.Saver()\ndel tf",
}


@pytest.mark.parametrize("text", IMPORTS.values(), ids=IMPORTS)
def test_every_form_of_import_leads_to_the_canonical_symbol(text: str) -> None:
    """However TensorFlow came in, the call means ``tf.train.Saver``."""
    assert called(text) == [SAVER]


# -- names that are not ---------------------------------------------------------------------

NOT = {
    "nothing imported": "tf.train.Saver()",
    "another library": "from framework import tf\ntf.train.Saver()",
    "another library's class": "from framework.train import Saver\nSaver()",
    "another library under the alias": "import framework as tf\ntf.train.Saver()",
    "a package that starts like it": "import tensorflow_hub as tf\ntf.train.Saver()",
    "tensorflow of a relative import": "from .tensorflow import train\ntrain.Saver()",
    "tensorflow below another package": "import my.tensorflow as tf\ntf.train.Saver()",
    "our own class": "import tensorflow as tf\nclass Saver: pass\nSaver()",
    "our own function": "from tensorflow.train import Saver\ndef Saver(): pass\nSaver()",
    "a parameter": "import tensorflow as tf\ndef f(tf):\n    tf.train.Saver()",
    "a positional-only parameter": "import tensorflow as tf\ndef f(tf, /):\n    tf.train.Saver()",
    "a keyword-only parameter": "import tensorflow as tf\ndef f(*, tf):\n    tf.train.Saver()",
    "*args": "import tensorflow as tf\ndef f(*tf):\n    tf.train.Saver()",
    "**kwargs": "import tensorflow as tf\ndef f(**tf):\n    tf.train.Saver()",
    "a parameter of a lambda": "import tensorflow as tf\nlambda tf: tf.train.Saver()",
    "a parameter of the function around": """
        import tensorflow as tf
        def f(tf):
            def g():
                return tf.train.Saver()
    """,
    "a loop variable": "import tensorflow as tf\nfor tf in x:\n    tf.train.Saver()",
    "a local loop variable": "import tensorflow as tf\ndef f():\n    for tf in x: tf.train.Saver()",
    "a comprehension variable": "import tensorflow as tf\n[tf.train.Saver() for tf in x]",
    "a generator variable": "import tensorflow as tf\nany(tf.train.Saver() for tf in x)",
    "a dict comprehension variable": "import tensorflow as tf\n{tf: tf.train.Saver() for tf in x}",
    "a second iterable": "import tensorflow as tf\n[y for tf in x for y in tf.train.Saver()]",
    "with as": "import tensorflow as tf\nwith x as tf:\n    tf.train.Saver()",
    "except as": "import tensorflow as tf\ntry: x\nexcept E as tf:\n    tf.train.Saver()",
    "a walrus": "import tensorflow as tf\n(tf := make())\ntf.train.Saver()",
    "a walrus in a comprehension": """
        import tensorflow as tf
        def f():
            [tf := y for y in x]
            tf.train.Saver()
    """,
    "a match capture": "import tensorflow as tf\nmatch x:\n    case tf: tf.train.Saver()",
    "a match star": "import tensorflow as tf\nmatch x:\n    case [*tf]: tf.train.Saver()",
    "a match rest": "import tensorflow as tf\nmatch x:\n    case {**tf}: tf.train.Saver()",
    "a match as": "import tensorflow as tf\nmatch x:\n    case [1] as tf: tf.train.Saver()",
    "an assignment": "import tensorflow as tf\ntf = make()\ntf.train.Saver()",
    "an augmented assignment": "import tensorflow as tf\ntf += 1\ntf.train.Saver()",
    "a tuple assignment": "import tensorflow as tf\ntf, y = make()\ntf.train.Saver()",
    "a pair of another length": "import tensorflow as tf\na, *b = tf.train, 1, 2\nb.Saver()",
    "a local assignment below": "import tensorflow as tf\ndef f():\n tf.train.Saver()\n tf = 1",
    "a global rebound by a function": """
        import tensorflow as tf
        def f():
            global tf
            tf = make()
        tf.train.Saver()
    """,
    "two things on a condition": """
        import tensorflow as tf
        if x:
            t = tf.train
        else:
            t = make()
        t.Saver()
    """,
    "two symbols on a condition": """
        import tensorflow as tf
        if x:
            t = tf.train
        else:
            t = tf.saved_model
        t.Saver()
    """,
    "another package first": """
        try:
            import framework as tf
        except ImportError:
            import tensorflow as tf
        tf.train.Saver()
    """,
    "a fallback of something gone": """
        try:
            from tensorflow.contrib.framework.nowhere import Saver
        except ImportError:
            from mine import Saver
        Saver()
    """,
    "another package beside it": """
        if x:
            import tensorflow as tf
        else:
            import framework as tf
        tf.train.Saver()
    """,
    "a handler of other errors": """
        try:
            import tensorflow as tf
        except KeyError:
            import framework as tf
        tf.train.Saver()
    """,
    "import in another function": """
        def f():
            import tensorflow as tf
        def g():
            tf.train.Saver()
    """,
    "import in a class, seen from a method": """
        class A:
            import tensorflow as tf
            def f(self):
                return tf.train.Saver()
    """,
    "import in a class, seen from a comprehension": """
        class A:
            import tensorflow as tf
            x = [tf.train.Saver() for _ in range(3)]
    """,
    "an attribute of an object": "import tensorflow as tf\nself.tf.train.Saver()",
    "an attribute of a call": "import tensorflow as tf\nload().train.Saver()",
    "an item": "import tensorflow as tf\nmods['tf'].train.Saver()",
    "a call's result": "import importlib\ntf = importlib.import_module('x')\ntf.train.Saver()",
    "only None": "tf = None\ntf.train.Saver()",
    "a star import from elsewhere": "from framework import *\ntf.train.Saver()",
    "a name that tensorflow does not have": "from tensorflow import *\nMySaver()",
    "a private name of a star import": "from tensorflow import *\n_Saver()",
    "a class of that name": "import tensorflow\nclass tf: pass\ntf.train.Saver()",
    "names that chase one another": "a = b\nb = a\na.train.Saver()",
    "a type parameter's neighbour": "import tensorflow as tf\ndef tf(): pass\ntf.train.Saver()",
}


@pytest.mark.parametrize("text", NOT.values(), ids=NOT)
def test_what_cannot_be_traced_to_tensorflow_means_nothing(text: str) -> None:
    """A shadowed, foreign or ambiguous name is not resolved, so nothing is rewritten by it."""
    assert called(text) == [None]


def test_scopes_keep_their_own_meaning() -> None:
    """One file may hold both; each use is judged by its own scope."""
    text = """
        import tensorflow as tf
        tf.train.Saver()
        def f(tf):
            tf.train.Saver()
        def g():
            tf.train.Saver()
    """
    assert called(text) == [SAVER, None, SAVER]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are of Python 3.12")
def test_a_type_parameter_shadows() -> None:
    """``def f[tf]`` makes ``tf`` a type inside the function only."""
    text = "import tensorflow as tf\ndef f[tf]():\n    tf.train.Saver()\ntf.train.Saver()\n"
    assert called(text) == [None, SAVER]


# -- what a reference is --------------------------------------------------------------------


def test_references_are_the_longest_chains_that_are_read_in_source_order() -> None:
    """A chain counts once, at its full length; what is only stored does not count."""
    text = """
        import tensorflow as tf
        y = tf.nn.relu(tf.constant(1)).name
        tf.train.Saver = y
        tf.flags.x.y = 2
        del tf.z
        tf = 3 if y else tf
    """
    # the last line makes ``tf`` ambiguous at module level, so it goes
    assert symbols(text) == []
    text = text.replace("tf = 3 if y else tf", "print(tf)")
    assert symbols(text) == ["tf.nn.relu", "tf.constant", "tf.train", "tf.flags.x", "tf", "tf"]


@pytest.mark.parametrize(
    ("text", "via", "spelled"),
    [
        ("import tensorflow as tf\ntf.train.Saver", "tf", "tf.train.Saver"),
        ("import tensorflow.compat.v1 as tf\ntf.train.Saver", "v1", "tf.train.Saver"),
        ("import tensorflow.compat.v2 as tf\ntf.train.Saver", "v2", "tf.train.Saver"),
        ("import tensorflow as tf\ntf.compat.v1.train.Saver", "v1", "tf.train.Saver"),
        (
            "from tensorflow.python.training.saver import Saver\nSaver",
            "private",
            "tf.python.training.saver.Saver",
        ),
        ("import tensorflow as tf\ntf.contrib.rnn.LSTMCell", "tf", "tf.contrib.rnn.LSTMCell"),
    ],
)
def test_a_symbol_says_how_it_was_spelled(text: str, via: str, spelled: str) -> None:
    """``via`` and ``spelled`` keep what canonical names forget."""
    ((_, symbol),) = Module(text).references()
    assert (symbol.via, symbol.spelled) == (via, spelled)


def test_a_star_import_does_not_claim_builtins() -> None:
    """``print`` and ``range`` are TensorFlow's under ``import *``, ``len`` and ``open`` are not."""
    assert symbols("from tensorflow import *\nlen(range(open(x)))") == ["tf.range"]
    assert symbols("from tensorflow.python.ops.math_ops import *\nlen(add(str(1), 2))")[1:] == []


# -- names through other files --------------------------------------------------------------


def foreign(module: str, level: int) -> dict[str, str] | None:
    """Return what the modules ``common`` and ``.common`` would export."""
    table = {
        ("common", 0): {"tf": "tensorflow", "_hidden": "tensorflow"},
        ("common", 1): {"Saver": "tensorflow.train.Saver"},
        ("pkg.common", 0): {"tf": "tensorflow"},
    }
    return table.get((module, level))


@pytest.mark.parametrize(
    "text",
    [
        "from common import *\ntf.train.Saver()",
        "from common import tf\ntf.train.Saver()",
        "from common import tf as T\nT.train.Saver()",
        "from .common import Saver\nSaver()",
        "from .common import *\nSaver()",
        "def f():\n    from common import tf\n    tf.train.Saver()",
        "import common\ncommon.tf.train.Saver()",
        "import common as c\nc.tf.train.Saver()",
        "import pkg.common\npkg.common.tf.train.Saver()",
        "import pkg.common as c\nc.tf.train.Saver()",
        "from pkg import common\ncommon.tf.train.Saver()",
        "from . import common\ncommon.Saver()",
    ],
)
def test_tensorflow_through_a_module_of_ours(text: str) -> None:
    """What another file of the repository exports is followed."""
    assert called(text, foreign) == [SAVER]


@pytest.mark.parametrize(
    "text",
    [
        "from other import *\ntf.train.Saver()",
        "from common import *\n_hidden.train.Saver()",
        "from .common import *\ntf.train.Saver()",
        "from common import keras as tf\ntf.train.Saver()",
        "from common import *\ntf = 3\ntf.train.Saver()",
        "from common import *\ndef f(tf):\n    tf.train.Saver()",
        "import common\ncommon.train.Saver()",
        "import other\nother.tf.train.Saver()",
        "import common\ncommon = make()\ncommon.tf.train.Saver()",
        "import common\ndef f(common):\n    common.tf.train.Saver()",
        "import pkg.other\npkg.other.tf.train.Saver()",
        "from other import common\ncommon.tf.train.Saver()",
        "import common\nx.common.tf.train.Saver()",
    ],
)
def test_a_module_of_ours_exports_no_more_than_it_has(text: str) -> None:
    """Another module, a private name under a star, and local bindings are not followed."""
    assert called(text, foreign) == [None]


def test_the_last_star_import_wins() -> None:
    """As in Python, a later star import replaces an earlier one's names."""
    text = (
        "from common import *\nfrom tensorflow.saved_model import *\nfrom .common import *\nSaver()"
    )
    assert called(text, foreign) == [SAVER]


def test_exports_are_the_module_level_names() -> None:
    """Only what an importer can get; star imports pass on, locals and shadowed names do not."""
    text = """
        import tensorflow as tf
        from tensorflow.train import Saver as S
        from common import *
        sm = tf.saved_model
        other = 3
        def f():
            t = tf.train
    """
    assert Module(textwrap.dedent(text), foreign).exports() == {
        "tf": "tensorflow",
        "S": "tensorflow.train.Saver",
        "sm": "tensorflow.saved_model",
    }
    shadowed = Module("from common import *\ntf = 3\n", foreign)
    assert shadowed.exports() == {}


# -- positions ------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_positions_are_characters_of_the_original(newline: str) -> None:
    """Non-ASCII, tabs, form feeds and any newline: the span cuts out exactly the call."""
    rows = [
        "import tensorflow as tf",
        "\f",
        "def 函数():",
        "\tназвание = 'é\u2028\x0b', tf.train.Saver()  # 文件",
        "\t\ttext = '''",
        "多行''', tf.train.Saver()",
        "  ",
    ]
    rows[4] = rows[4].replace("\t\t", "\t")
    text = newline.join(rows)
    module = Module(text)
    spans = [(node, module.source(node)) for node, _ in module.references()]
    assert [source for _, source in spans] == ["tf.train.Saver", "tf.train.Saver"]
    first, second = (module.line_column(module.start(node)) for node, _ in spans)
    assert first == (4, rows[3].index("tf.train"))
    assert second == (6, rows[5].index("tf.train"))
    assert module.line_column(module.end(spans[1][0])) == (6, rows[5].index("()"))


def test_a_form_feed_does_not_end_a_line() -> None:
    """Python counts lines at LF, CR and CRLF only, unlike ``str.splitlines``."""
    assert line_starts("a\fb\x0bc\u2028d\x85e\nf") == [0, 10]
    assert line_starts("a\r\nb\rc\n") == [0, 3, 5, 7]


def test_every_statement_of_a_line_has_its_own_start() -> None:
    """Several statements on a line are told apart."""
    module = Module("import tensorflow as tf; é = 1; tf.train.Saver()\n")
    ((node, _),) = module.references()
    assert module.source(module.statement(node)) == "tf.train.Saver()"


# -- hostile text ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["print 1", "def f(:", "-" * 100_000 + "1"],
    ids=["Python 2", "broken", "parser stack"],
)
def test_what_does_not_parse_is_a_syntax_error(text: str) -> None:
    """Nothing but SyntaxError comes out, whatever Python's parser makes of the text."""
    with pytest.raises(SyntaxError):
        Module(text)


@pytest.mark.parametrize("text", ["a" + ".b" * 50_000, "+".join("a" * 50_000)])
def test_what_some_versions_cannot_parse(text: str) -> None:
    """Deep chains end in a tree or in SyntaxError, by the version of Python."""
    with contextlib.suppress(SyntaxError):
        Module(text)


def test_warnings_of_the_users_strings_stay_quiet() -> None:
    """An invalid escape is neither printed nor, under ``-W error``, an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Module("x = '\\d'\n")


def test_long_chains_of_aliases_resolve() -> None:
    """Three hundred assignments in a row are followed."""
    text = "import tensorflow as a0\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(300))
    assert called(text + "a300.train.Saver()\n") == [SAVER]


# -- against Python's own compiler ----------------------------------------------------------

_KINDS = {"ListComp": "listcomp", "SetComp": "setcomp", "DictComp": "dictcomp"}


def bound_by_us(module: Module) -> Counter[tuple[str, int, frozenset[str]]]:
    """Return (name, line, names bound) of every scope below the module's."""
    found: Counter[tuple[str, int, frozenset[str]]] = Counter()
    for node, scope in module.scopes.items():
        if not isinstance(node, ast.Module):
            kind = type(node).__name__
            name = getattr(node, "name", None) or (
                "lambda" if kind == "Lambda" else _KINDS.get(kind, "genexpr")
            )
            found[name, node.lineno, _plain(scope.bindings)] += 1  # type: ignore[attr-defined]
    return found


def bound_by_python(table: symtable.SymbolTable) -> Counter[tuple[str, int, frozenset[str]]]:
    """Return the same as the compiler sees it."""
    found: Counter[tuple[str, int, frozenset[str]]] = Counter()
    for child in table.get_children():
        local = [s.get_name() for s in child.get_symbols() if s.is_local()]
        found[child.get_name(), child.get_lineno(), _plain(local)] += 1
        found += bound_by_python(child)
    return found


def _plain(names: Iterable[str]) -> frozenset[str]:
    # mangled names and the compiler's own (``__class__``, ``.0``) are spelled differently
    return frozenset(name for name in names if "__" not in name and name[0] != ".")


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="symtable shows a comprehension as part of its function"
)
@pytest.mark.parametrize(
    "name",
    [
        "ast",
        "dataclasses",
        "typing",
        "inspect",
        "tarfile",
        "argparse",
        "doctest",
        "difflib",
        "unittest.mock",
        "asyncio.base_events",
        "email._header_value_parser",
        "pickle",
        "enum",
    ],
)
def test_scopes_are_those_of_the_compiler(name: str) -> None:
    """Every function, class, lambda and comprehension binds what ``symtable`` says it binds."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    text = Path(str(spec.origin)).read_text(encoding="utf-8")
    ours = bound_by_us(Module(text))
    assert len(ours) > 10
    assert ours == bound_by_python(symtable.symtable(text, name, "exec"))


# -- tf from a function, or as a parameter --------------------------------------------------


def returns_tf(module: str, level: int) -> dict[str, str] | None:
    """Tell that the module ``h`` has a function that returns TensorFlow."""
    return {"load()": "tensorflow"} if module == "h" else None


@pytest.mark.parametrize(
    "text",
    [
        "def load():\n    import tensorflow as tf\n    return tf\ntf = load()\ntf.train.Saver()",
        "from h import load\ntf = load(gpu=1)\ntf.train.Saver()",
        "from h import *\ntf = load()\ntf.train.Saver()",
        "import h\ntf = h.load()\ntf.train.Saver()",
        "from h import load\ndef f():\n    tf = load()\n    return tf.train.Saver()",
        "import tensorflow\ndef f(tf):\n    tf.train.Saver()\nf(tensorflow)",
        "import tensorflow\ndef f(x, tf=None):\n    tf.train.Saver()\nf(1, tf=tensorflow)",
        "from h import load\nclass A:\n    def f(self, tf):\n        tf.train.Saver()\n"
        "    def g(self):\n        self.f(load())",
    ],
)
def test_tensorflow_from_hand_to_hand(text: str) -> None:
    """What a function returns each time, or every call gives to a parameter called ``tf``."""
    assert called(text, returns_tf) == [SAVER]


@pytest.mark.parametrize(
    "text",
    [
        "def load(x):\n    import tensorflow as tf\n    return tf if x else 1\n"
        "tf = load()\ntf.train.Saver()",
        "def load():\n    import tensorflow as tf\n    if x: return None\n    return tf\n"
        "tf = load()\ntf.train.Saver()",
        "@wrap\ndef load():\n    import tensorflow as tf\n    return tf\ntf = load()\n"
        "tf.train.Saver()",
        "from g import load\ntf = load()\ntf.train.Saver()",
        "def f(tf):\n    tf.train.Saver()\nf(1)",
        "import tensorflow\ndef f(tf):\n    tf.train.Saver()\nf(tensorflow)\nf(other)",
        "import tensorflow\ndef f(tf):\n    tf.train.Saver()\nf(tensorflow)\nrun(f)",
        "def f(tf):\n    tf.train.Saver()\n    f(tf)",
        "import tensorflow\ndef f(tf):\n    tf.train.Saver()\nf(*[tensorflow])",
    ],
)
def test_what_only_may_be_tensorflow_is_not(text: str) -> None:
    """Another value, a decorator, a caller that is not known: nothing is rewritten by it."""
    assert called(text, returns_tf) == [None]
