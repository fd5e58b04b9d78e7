"""Names that Python 3 and NumPy removed: what is rewritten, what is reported, what is left."""

from __future__ import annotations

import ast

import pytest
from engine_harness import plan_of

from migrator import engine, rulebook
from migrator.engine.places import suppressions
from migrator.modernise import looked_at, passes
from migrator.results import Outcome
from migrator.rule import FileContext

RULES = rulebook.all_rules()
SAVES = "import tensorflow as tf\nsaver = tf.train.Saver()\n"


def edited(text: str) -> str:
    """Return ``text`` with what the rules of removed names change."""
    new = passes.edited(text, RULES, suppressions)
    ast.parse(new)
    assert passes.edited(new, RULES, suppressions) == new, "a second time changes something"
    return new


def said(text: str) -> list[tuple[str, str]]:
    """Return (code, name) of each place that has an answer."""
    return [(answer.rule.code, answer.place.name) for answer in looked_at(text, RULES)]


NP = "import numpy as np\n"

REWRITTEN = [
    # NumPy's aliases
    (NP + "a = np.zeros(3, np.bool)", NP + "a = np.zeros(3, bool)"),
    (NP + "a = x.astype(np.float)", NP + "a = x.astype(float)"),
    (NP + "a = np.object", NP + "a = object"),
    (NP + "a = np.unicode", NP + "a = str"),
    (NP + "float = 3\na = np.float", NP + "float = 3\na = np.float64"),
    (NP + "def f(str):\n    return np.str", NP + "def f(str):\n    return np.str_"),
    ("import numpy\na = numpy.float_(2)", "import numpy\na = numpy.float64(2)"),
    (NP + "a = [np.Inf, np.NaN, np.infty]", NP + "a = [np.inf, np.nan, np.inf]"),
    (NP + "a = 2 ** np.NINF", NP + "a = 2 ** (-np.inf)"),
    (NP + "a = np.NINF", NP + "a = -np.inf"),
    (NP + "a = np.alltrue(np.product(x))", NP + "a = np.all(np.prod(x))"),
    (NP + "a = np.asscalar(x + y)", NP + "a = (x + y).item()"),
    (NP + "a = np.asscalar(np.asscalar(x))", NP + "a = x.item().item()"),
    (NP + "a = np.cast[np.int](x)", NP + "a = np.asarray(x, dtype=int)"),
    (NP + "a = np.cast['float32'](x)", NP + "a = np.asarray(x, dtype='float32')"),
    (NP + "a = np.msort(x)", NP + "a = np.sort(x, axis=0)"),
    (NP + "a = np.math.sqrt(2)", "import math\n" + NP + "a = math.sqrt(2)"),
    (NP + "a = np.fromstring(b, np.uint8)", NP + "a = np.frombuffer(b, np.uint8).copy()"),
    (NP + "a = np.random.random_integers(1, 6)", NP + "a = np.random.randint(1, 6 + 1)"),
    (NP + "a = x.tostring()", NP + "a = x.tobytes()"),
    (NP + "d = np.load(p).item()", NP + "d = np.load(p, allow_pickle=True).item()"),
    (NP + "d = np.load(p)\nd = d[()]", NP + "d = np.load(p, allow_pickle=True)\nd = d[()]"),
    (NP + "a = np.array(x, copy=False)", NP + "a = np.asarray(x)"),
    (NP + "a = np.array(x, copy=False, dtype=t)", NP + "a = np.asarray(x, dtype=t)"),
    (NP + "a = np.lib.pad(x, 1)", NP + "a = np.pad(x, 1)"),
    # Python 2's builtins and methods
    ("import os\nx = os.errno.EEXIST", "import errno\nimport os\nx = errno.EEXIST"),
    ("for i in xrange(3): pass", "for i in range(3): pass"),
    ("x = isinstance(y, basestring)", "x = isinstance(y, str)"),
    ("x = reduce(f, y)", "from functools import reduce\nx = reduce(f, y)"),
    ('"""Doc."""\nx = reduce(f, y)', '"""Doc."""\nfrom functools import reduce\nx = reduce(f, y)'),
    ("for k, v in d.iteritems(): pass", "for k, v in d.items(): pass"),
    ("if d.has_key(k): pass", "if k in d: pass"),
    ("if not d.has_key(k): pass", "if k not in d: pass"),
    ("x = d.has_key(k) + 1", "x = (k in d) + 1"),
    ("x = d.has_key(a or b)", "x = (a or b) in d"),
    ("import string\nx = string.letters", "import string\nx = string.ascii_letters"),
    ("import time\nx = time.clock()", "import time\nx = time.perf_counter()"),
    (
        "import collections\nx = collections.Mapping",
        "import collections.abc\nimport collections\nx = collections.abc.Mapping",
    ),
    (
        "import urllib\nurllib.urlretrieve(a, b)",
        "import urllib.request\nimport urllib\nurllib.request.urlretrieve(a, b)",
    ),
    (
        "import inspect\nx = inspect.getargspec(f).args",
        "import inspect\nx = inspect.getfullargspec(f).args",
    ),
    ("import itertools\nx = itertools.izip(a, b)", "import itertools\nx = zip(a, b)"),
    ("import sys\nreload(sys)\nsys.setdefaultencoding('utf8')\nx = 1", "import sys\nx = 1"),
    ("reload(mine)", "import importlib\nimportlib.reload(mine)"),
    # other packages
    (
        "import scipy.misc as sm\na = sm.imread(p, mode='RGB')",
        "import imageio.v2\nimport scipy.misc as sm\na = imageio.v2.imread(p, pilmode='RGB')",
    ),
    (
        "from scipy.misc import imread\na = imread(p, mode='L')",
        "from imageio.v2 import imread\na = imread(p, pilmode='L')",
    ),
    (
        "from scipy import misc\nmisc.imsave(p, x.astype('uint8'))",
        "import imageio.v2\nfrom scipy import misc\nimageio.v2.imwrite(p, x.astype('uint8'))",
    ),
    ("from scipy.misc import logsumexp", "from scipy.special import logsumexp"),
    ("from sklearn.externals import joblib", "import joblib"),
    (
        "from sklearn.cross_validation import train_test_split",
        "from sklearn.model_selection import train_test_split",
    ),
    ("import yaml\na = yaml.load(f)", "import yaml\na = yaml.load(f, Loader=yaml.Loader)"),
    (
        "from PIL import Image\na = im.resize(s, Image.ANTIALIAS)",
        "from PIL import Image\na = im.resize(s, Image.LANCZOS)",
    ),
    ("import pandas as pd\na = df.as_matrix()", "import pandas as pd\na = df.values"),
    ("import cv2\na = cv2.CV_AA", "import cv2\na = cv2.LINE_AA"),
    # modules
    ("import cPickle", "import pickle as cPickle"),
    ("import cPickle as pickle", "import pickle"),
    ("from Queue import Queue", "from queue import Queue"),
    # lists
    ("x = d.keys()[0]", "x = list(d.keys())[0]"),
    ("x = d.items()[-1]", "x = list(d.items())[-1]"),
    ("x = map(f, y)[1:]", "x = list(map(f, y))[1:]"),
    ("x = len(filter(f, y))", "x = len(list(filter(f, y)))"),
    ("x = range(3) + [4]", "x = list(range(3)) + [4]"),
    (NP + "x = np.array(zip(a, b))", NP + "x = np.array(list(zip(a, b)))"),
    ("import random\nrandom.shuffle(d.keys())", "import random\nrandom.shuffle(list(d.keys()))"),
    ("x = d.keys()\nx.sort()", "x = list(d.keys())\nx.sort()"),
    ("x = zip(a, b)\nx.sort()\nprint(x)", "x = list(zip(a, b))\nx.sort()\nprint(x)"),
    ("x = filter(f, y)\nn = len(x)", "x = list(filter(f, y))\nn = len(x)"),
    (
        NP + "def f(n):\n    x = range(n)\n    np.random.shuffle(x)\n    return x",
        NP + "def f(n):\n    x = list(range(n))\n    np.random.shuffle(x)\n    return x",
    ),
    ("x = map(f, y)  # all\nz = x[0]", "x = list(map(f, y))  # all\nz = x[0]"),
    # imports by name
    ("from collections import Mapping, Set", "from collections.abc import Mapping, Set"),
    (
        "if x:\n    from collections import OrderedDict, Mapping as M",
        "if x:\n    from collections.abc import Mapping as M\n"
        "    from collections import OrderedDict",
    ),
]


@pytest.mark.parametrize(("before", "after"), REWRITTEN, ids=[row[0][-40:] for row in REWRITTEN])
def test_what_is_one_to_one_is_rewritten(before: str, after: str) -> None:
    """The old spelling becomes the new one, once."""
    assert edited(before + "\n") == after + "\n"


LEFT = [
    # other people's names
    "from mine import np\na = np.bool",
    "np = 3\na = np.float",
    "import numpy as np\nnp = wrapped(np)\na = np.float",
    "import jax.numpy as np\na = np.bool",
    "xrange = range\nfor i in xrange(3): pass",
    "def f(unicode):\n    return unicode",
    "try:\n    xrange\nexcept NameError:\n    xrange = range\nx = xrange(3)",
    "try:\n    x = unicode(y)\nexcept NameError:\n    x = str(y)",
    "import sys\nif sys.version_info[0] < 3:\n    x = unicode(y)",
    "import six\nif six.PY2:\n    x = raw_input()",
    "import six\nfor k, v in six.iteritems(d): pass",
    "from six.moves import xrange\nx = xrange(3)",
    "from six.moves import reduce\nx = reduce(f, y)",
    "from functools import reduce\nx = reduce(f, y)",
    "from past.builtins import *\nx = unicode(y)",
    "class Table(dict):\n    def iteritems(self):\n        return 3\nx = Table().iteritems()",
    "try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle",
    # what is still there
    NP + "a = np.bool_, np.float32, np.int64, np.object_, np.str_",
    NP + "a = np.inf, np.nan, np.prod(x), np.all(x)",
    NP + "a = np.fromstring('1 2', sep=' ')",
    NP + "a = np.load(p)",
    NP + "a = np.load(p, allow_pickle=True).item()",
    NP + "a = np.array(x, copy=True)",
    NP + "a = x.astype(t, copy=False)",
    NP + "a = np.array([[1, 2], [3, 4]])",
    NP + "a = np.dtype('u4').newbyteorder('>')",
    NP + "a = np.random.randint(3)",
    "import numpy as np\nfrom lxml import etree\na = etree.tostring(x, pretty_print=True)",
    "a = x.tostring()",
    "import collections\nx = collections.OrderedDict()",
    "import string\nx = string.ascii_letters",
    "x = list(d.keys())[0]",
    "x = sorted(d.keys())",
    "x = d.keys()\nfor k in x: pass",
    "x = d.keys()\nn = len(x)",
    "x = d.items()\nx = sorted(x)\nx.sort()",
    "x = zip(a, b)\ny = next(x)\nx.sort()",
    "x = range(9)\ny = x[1:]",
    "x = frame.values()\ny = x[mask]",
    "def f():\n    x = map(g, h)\ndef k(x):\n    x.sort()",
    "try:\n    from collections.abc import Mapping\nexcept ImportError:\n"
    "    from collections import Mapping\nx = isinstance(y, Mapping)",
    "from collections import OrderedDict",
    "for k in d.keys(): pass",
    "x = d.values[0]",
    "x = d.keys()[mask]",
    "x = len(d.keys())",
    "x = dict(zip(a, b))",
    "x = range(3)[1]",
    "x = list(map(f, y))",
    "import distutils.version",
    "x = 'np.bool xrange'  # np.float",
]


@pytest.mark.parametrize("text", LEFT, ids=[text[-40:] for text in LEFT])
def test_what_is_right_or_not_ours_is_left(text: str) -> None:
    """A name that the file gives a meaning, and what exists, stays without a word."""
    assert said(text + "\n") == []


REPORTED = [
    (NP + "a = np.sctypes", "TFM821"),
    (NP + "a = np.find_common_type([x], [])", "TFM821"),
    ("from numpy import bool\na = bool", "TFM821"),
    ("from numpy import float as npfloat", "TFM821"),
    ("from itertools import izip", "TFM826"),
    ("from time import clock\nx = clock()", "TFM826"),
    (NP + "np.zeros(3).itemset(0, 1)", "TFM822"),
    (NP + "a = np.array([[1], [2, 3]])", "TFM823"),
    (NP + "a = np.array(x, copy=False, ndmin=2)", "TFM823"),
    (NP + "a = f'{np.float(3)}'", "TFM821"),
    ("x = cmp(a, b)", "TFM826"),
    ("execfile('a.py')", "TFM826"),
    ("import inspect\nx = inspect.getargspec(f)", "TFM826"),
    ("import imp\nimp.load_source(a, b)", "TFM827"),
    ("import StringIO", "TFM827"),
    ("import os, cPickle", "TFM827"),
    ("import scipy.misc\na = scipy.misc.imresize(x, 0.5)", "TFM832"),
    ("import scipy.misc\na = scipy.misc.imread(p, flatten=True)", "TFM832"),
    ("from scipy.misc import imread, imresize", "TFM832"),
    ("import pandas as pd\na = df.ix[0]", "TFM833"),
    ("from sklearn.cross_validation import KFold", "TFM833"),
]


@pytest.mark.parametrize(("text", "code"), REPORTED, ids=[row[0][-40:] for row in REPORTED])
def test_what_depends_on_its_use_is_reported(text: str, code: str) -> None:
    """With what to do, and nothing is changed."""
    plan = engine.run(SAVES + text + "\n", FileContext(), RULES)
    (finding,) = [f for f in plan.findings if f.code == code]
    assert finding.outcome is Outcome.MANUAL and finding.recipe
    assert edited(text + "\n") == text + "\n"


def test_in_a_program_that_moves_both_kinds_are_one_change() -> None:
    """Findings stand where the user wrote the code, whatever the migration put above it."""
    text = "import tensorflow as tf\nimport numpy as np\nsaver = tf.train.Saver()\nx = np.bool\n"
    plan = plan_of(text)
    (finding,) = [f for f in plan.findings if f.code == "TFM821"]
    assert (finding.span.line, finding.span.column, finding.span.end_column) == (4, 4, 11)
    assert (finding.before, finding.after) == ("x = np.bool", "x = bool")
    assert plan.text is not None
    assert "x = bool" in plan.text and "tf2_bridge.Saver()" in plan.text


def test_crlf_and_encodings_stay() -> None:
    """Line ends and characters around an edit are the user's."""
    text = "import numpy as np\r\nx = '\u00fc\u4e2d', np.bool  # \u00e4\r\ny = reduce(f, x)\r\n"
    new = edited(text)
    assert new == (
        "from functools import reduce\r\nimport numpy as np\r\n"
        "x = '\u00fc\u4e2d', bool  # \u00e4\r\ny = reduce(f, x)\r\n"
    )


def test_a_comment_keeps_a_line() -> None:
    """``# migrator: keep`` holds for these rules, too."""
    text = SAVES + "import numpy as np\nx = np.bool  # migrator: keep[TFM821] for NumPy 1\n"
    plan = plan_of(text)
    assert plan.text is not None and "np.bool" in plan.text
    (finding,) = [f for f in plan.findings if f.code == "TFM821"]
    assert finding.outcome is Outcome.SUPPRESSED


def test_nothing_is_said_of_a_program_that_stays() -> None:
    """These rules are about programs that move."""
    text = "import tensorflow as tf\nimport numpy as np\nx = np.bool\n"
    assert engine.run(text, FileContext(move=False), RULES) == engine.Plan()
    held = engine.run(SAVES + text, FileContext(held="`a.py` does not parse"), RULES)
    assert not [finding for finding in held.findings if finding.code.startswith("TFM82")]


def test_every_successor_exists() -> None:
    """What is written in the place of a NumPy name is in the NumPy of this environment."""
    np = pytest.importorskip("numpy")
    import importlib

    rules = importlib.import_module("migrator.rules.numpy_removed")
    for name in rules._RENAMED.values():
        found = np
        for part in name.split("."):
            if name == "trapezoid" and not hasattr(np, "trapezoid"):
                break  # NumPy 1
            found = getattr(found, part)
