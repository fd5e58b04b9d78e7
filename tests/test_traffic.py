"""Who writes what, who reads it, and which of it is certainly something else."""

from __future__ import annotations

import textwrap

import pytest

from migrator.exported import Signature
from migrator.graph_names import GraphNames
from migrator.programs import Repository, facts_of
from migrator.traffic import Model, Traffic

TF = "import tensorflow as tf\n"
TRAIN = TF + ("saver = tf.train.Saver()\nwith tf.Session() as sess:\n    saver.save(sess, {})\n")
META = TF + "tf.train.import_meta_graph({})\n"
READ = TF + "tf.train.NewCheckpointReader({})\n"


def traffic(texts: dict[str, str], models: tuple[Model, ...] = ()) -> Traffic:
    """Return the traffic of a repository of path -> text."""
    texts = {path: textwrap.dedent(text) for path, text in texts.items()}
    repository = Repository.build([facts_of(p, t) for p, t in texts.items()], texts.get)
    return Traffic(repository, GraphNames(repository, texts.get).module, models)


def reads_other(writes: str, reads: str, **more: str) -> bool:
    """Whether a reader of the path ``reads`` certainly reads not what ``writes`` is written to."""
    files = {"train.py": TRAIN.format(writes), "read.py": READ.format(reads)}
    files |= {name.replace("__", "/") + ".py": text for name, text in more.items()}
    found = traffic(files)
    ((_, line, symbol),) = [r for r in found.repository.readers() if r[0] == "read.py"]
    return found.reads_other_files("train.py", "read.py", line, symbol)


@pytest.mark.parametrize(
    ("writes", "reads", "other"),
    [
        ("'m/ckpt'", "'m/ckpt'", False),
        ("'m/ckpt'", "'m'", False),
        ("'m/ckpt'", "'m/ckpt-100'", False),
        ("'m/ckpt'", "tf.train.latest_checkpoint('m')", False),
        ("'m/ckpt'", "'bert/bert_model.ckpt'", True),
        ("'m/ckpt'", "tf.train.latest_checkpoint('bert')", True),
        ("'m/ckpt'", "'/data/bert/bert_model.ckpt'", True),
        ("'/out/m/ckpt'", "'m/ckpt'", False),
        ("'m/ckpt', global_step=1", "'m/other'", True),
        ("path()", "'bert/bert_model.ckpt'", False),
        ("tf.flags.FLAGS.out + '/model'", "'bert/bert_model.ckpt'", True),
        ("tf.flags.FLAGS.out", "'bert/bert_model.ckpt'", False),
        ("'m/ckpt'", "path()", False),
        ("save_path='m/ckpt'", "'bert'", True),
        ("*arguments", "'bert'", False),
    ],
)  # fmt: skip
def test_readers_that_certainly_read_another_place(writes: str, reads: str, other: bool) -> None:
    """Only what no run can make the same is another place."""
    assert reads_other(writes, reads) is other


def test_a_saver_that_never_saves_writes_nothing() -> None:
    """Where no file of its programs saves, readers read what others wrote; np.save is no Saver."""
    restores = TF + (
        "import numpy as np\ntf.train.Saver().restore(tf.Session(), 'm/x')\nnp.save('m/x', [1])\n"
    )
    found = traffic({"train.py": restores, "read.py": READ.format("'m/x'")})
    assert found.written("train.py") == ()
    assert found.reads_other_files("train.py", "read.py", 2, "tf.train.NewCheckpointReader")
    helper = "def keep(saver, sess):\n    saver.save(sess, 'm/x')\n"
    found = traffic(
        {"train.py": "import helper\n" + restores, "helper.py": helper, "read.py": READ}
    )
    assert found.written("train.py") == (("m/x",),)


def test_names_come_from_other_files() -> None:
    """A constant of another module of the repository is followed; a cycle of them ends."""
    config = "import os\nOUT = os.path.join('runs', 'a')\n"
    files = {
        "config.py": config,
        "train.py": "import config\n" + TRAIN.format("config.OUT + '/ckpt'"),
        "read.py": "from config import OUT\n" + READ.format("OUT + '/bert'"),
        "loop.py": "from pool import OUT\n",
        "pool.py": "from loop import OUT\n",
        "lost.py": "from loop import OUT\n" + TRAIN.format("OUT"),
    }
    found = traffic(files)
    assert found.written("train.py") == (("runs/a/ckpt",),)
    assert found.reads_other_files("train.py", "read.py", 3, "tf.train.NewCheckpointReader")
    assert not found.reads_other_files("lost.py", "read.py", 3, "tf.train.NewCheckpointReader")


FREEZE = TF + (
    "from tensorflow.python.tools.freeze_graph import freeze_graph\n"
    "freeze_graph({}, '', True, 'm/ckpt', 'y', '', '', 'f.pb', True, ''{})\n"
)


@pytest.mark.parametrize(
    ("graph", "more", "by_key", "meta"),
    [
        ("'g.pb'", "", True, False),
        ("''", ", input_meta_graph='m/ckpt.meta'", False, True),
        ("''", ", '', '', 'm/ckpt.meta'", False, True),
        ("''", ", input_meta_graph=''", True, False),
    ],
)
def test_what_freeze_graph_reads(graph: str, more: str, by_key: bool, meta: bool) -> None:
    """With a GraphDef it looks variables up by name; with the meta graph it restores both kinds."""
    files = {"train.py": TRAIN.format("'m/ckpt'"), "freeze.py": FREEZE.format(graph, more)}
    found = traffic(files)
    symbol = "tf.python.tools.freeze_graph.freeze_graph"
    assert found.reads_other_files("train.py", "freeze.py", 3, symbol) is not by_key
    assert (found.meta_reader("train.py") is not None) is meta


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"use.py": META.format("'m/ckpt.meta'")}, "use.py:2"),
        ({"use.py": META.format("'m/ckpt-10.meta'")}, "use.py:2"),
        ({"use.py": META.format("FLAGS.meta")}, "use.py:2"),
        ({"use.py": META.format("'pretrained/inception.meta'")}, None),
        ({"far/use.py": META.format("'m/ckpt.meta'")}, "far/use.py:2"),
        ({"far/away/use.py": META.format("sys.argv[1]")}, "far/away/use.py:2"),
        ({"use.py": TF + "import os\nos.path.exists('m/ckpt.meta')\n"}, "use.py:3"),
        ({"use.py": TF + "import glob\nglob.glob('*.meta')\n"}, "use.py:3"),
        ({"use.py": TF + "'''Needs model.meta'''\n"}, None),
        ({"use.py": TF + "x = 'm.index'\n"}, None),
        ({"use.py": TF + "saver.export_meta_graph('m.meta')\n"}, None),
    ],
)
def test_what_needs_the_meta_graph(files: dict[str, str], found: str | None) -> None:
    """Whoever may read or look for ``.meta`` files of a Saver keeps its program in sessions."""
    got = traffic({"train.py": TRAIN.format("'m/ckpt'")} | files).meta_reader("train.py")
    assert (None if got is None else f"{got[0]}:{got[1]}") == found


def test_cousins_need_the_same_place() -> None:
    """In a folder that is neither above nor below, an unknown path counts for nothing."""
    train = {"a/train.py": TRAIN.format("'m/ckpt'")}
    assert traffic(train | {"b/use.py": META.format("path")}).meta_reader("a/train.py") is None
    same = traffic(train | {"b/use.py": META.format("'m/ckpt.meta'")})
    assert same.meta_reader("a/train.py") is not None


def test_what_looks_at_checkpoint_files() -> None:
    """Names of files and steps in them are listed with where they are."""
    text = TF + (
        "import os\nok = os.path.isfile(p + '.index')\nold = p + '.data-00000-of-00001'\n"
        "step = int(ckpt.split('-')[-1])\nword = word.split('-')[-1]\nname = 'a.indexes'\n"
    )
    found = traffic({"train.py": TRAIN.format("'m/ckpt'"), "use.py": text})
    assert found.looks_at_files("train.py") == (
        "use.py:3 `.index`",
        "use.py:4 `.data`",
        "use.py:5 `step`",
    )


EXPORT = TF + (
    "x = tf.placeholder(tf.float32, [None], name='x')\ny = tf.identity(x * 2, name='y')\n"
    "with tf.Session() as sess:\n"
    "    tf.saved_model.simple_save(sess, {}, inputs={{'a': x}}, outputs={{'b': y}})\n"
)
LOAD = TF + "tf.saved_model.loader.load(sess, ['serve'], {})\n"
MADE = Signature("serving_default", (("a", "x:0"),), (("b", "y:0"),))
KNOWN = Signature("serving_default", (("a", "in:0"),), (("b", "out:0"),))


@pytest.mark.parametrize(
    ("writes", "reads", "known"),
    [
        ("'e'", "'e'", True),
        ("tf.flags.FLAGS.export", "tf.flags.FLAGS.export", True),
        ("'e'", "'f'", False),
        ("'e'", "path", False),
        ("'e/' + str(version)", "'e/1'", False),
    ],
)
def test_loads_of_what_the_repository_exports(writes: str, reads: str, known: bool) -> None:
    """A load is known where it names the very place that one export of the repository writes."""
    found = traffic({"export.py": EXPORT.format(writes), "far/load.py": LOAD.format(reads)})
    rows = [(s.words, s.writer, s.signatures) for s in found.sources("far/load.py")]
    assert rows == ([("`export.py:5`", ("export.py", 5), (MADE,))] if known else [])


@pytest.mark.parametrize(("place", "known"), [("'e'", False), ("'/data/e'", True), ("''", False)])
def test_relative_paths_of_cousins_are_not_the_same(place: str, known: bool) -> None:
    """Two examples that both write ``export`` are started in their own folders."""
    found = traffic({"a/export.py": EXPORT.format(place), "b/load.py": LOAD.format(place)})
    assert bool(list(found.sources("b/load.py"))) is known
    near = traffic({"export.py": EXPORT.format(place), "load.py": LOAD.format(place)})
    assert bool(list(near.sources("load.py"))) is (place != "''")


def test_two_writers_of_one_place_are_none() -> None:
    """Which of two exports a directory holds cannot be told."""
    text = EXPORT.format("'e'")
    found = traffic({"a.py": text, "b.py": text, "load.py": LOAD.format("'e'")})
    assert list(found.sources("load.py")) == []


@pytest.mark.parametrize(
    ("models", "reads", "source"),
    [
        (("e",), "'e'", "`e`"),
        (("/data/e",), "'e'", "`/data/e`"),
        (("e",), "path", "`e`"),
        (("e",), "'f'", None),
        (("e", "f"), "path", None),
        (("e", "f"), "'f'", "`f`"),
    ],
)
def test_loads_of_models_that_are_named(
    models: tuple[str, ...], reads: str, source: str | None
) -> None:
    """A model that is named is that of a load which may name its place, if there is one such."""
    given = tuple(Model(path, (KNOWN,)) for path in models)
    found = traffic({"load.py": LOAD.format(reads)}, given)
    rows = [(s.words, s.writer, s.signatures) for s in found.sources("load.py")]
    assert rows == ([(source, None, (KNOWN,))] if source else [])


def test_a_model_completes_what_the_code_does_not_show() -> None:
    """The artefact that an export wrote tells the names of its tensors."""
    files = {"export.py": EXPORT.format("'e'"), "load.py": LOAD.format("'e'")}
    files["export.py"] = files["export.py"].replace("name='x'", "name=NAME")
    found = traffic(files, (Model("e", (KNOWN,)),))
    (source,) = found.sources("load.py")
    assert source.signatures == (KNOWN,)
    other = Model("e", (Signature("other", (), ()),))
    (source,) = traffic(files, (other,)).sources("load.py")
    assert source.signatures == (Signature("serving_default", (("a", None),), (("b", "y:0"),)),)
