"""An Estimator that is made to be exported becomes a module; one that does more stays as it is."""

from __future__ import annotations

import pytest

from migrator.lift import Refusal, lift
from migrator.names import Module
from migrator.programs import Repository, facts_of

HEAD = """\
import os
import tensorflow as tf
from model import model_fn

def receiver_fn():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    return tf.estimator.export.ServingInputReceiver({"x": x}, {"x": x})

"""
MADE = 'estimator = tf.estimator.Estimator(model_fn, "model", params={"units": 3})\n'
GRAPH = frozenset({"model.model_fn", "model.build"})


def lifted(text: str) -> str:
    """Return what becomes of the lines behind the head."""
    new = lift(Module(HEAD + text), "export.py", graph_names=GRAPH).text
    return new.partition('{"x": x})\n\n')[2]


MODULE = """\
module = tf2_bridge.estimator_module(
    model_fn, receiver_fn, "model", params={"units": 3}
)
"""
SAVE = """\
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f'{MADE}estimator.export_saved_model("out", receiver_fn)\n',
            f'{MODULE}with module.export("out"):\n{SAVE}',
        ),
        (
            f'{MADE}path = estimator.export_savedmodel("out", receiver_fn, as_text=True)\n',
            f'{MODULE}with module.export("out", as_text=True):\n{SAVE}'
            "path = tf.compat.as_bytes(module.export_dir)\n",
        ),
        (
            f'{MADE}path = estimator.export_savedmodel("out", receiver_fn).decode("utf-8")\n',
            f'{MODULE}with module.export("out"):\n{SAVE}path = module.export_dir\n',
        ),
        (
            "# made\n"
            'estimator = tf.estimator.Estimator(model_fn, "model", params={"units": 3})  # here\n'
            'print("goes on")\n'
            'estimator.export_savedmodel("out", receiver_fn, strip_default_attrs=True)',
            f'# made\nprint("goes on")\n# here\n{MODULE}with module.export("out"):\n'
            f"{SAVE.rstrip()}",
        ),
        (
            'tf.estimator.Estimator(model_fn).export_saved_model("out", receiver_fn)\n',
            "module = tf2_bridge.estimator_module(model_fn, receiver_fn, None)\n"
            f'with module.export("out"):\n{SAVE}',
        ),
        (
            'e = tf.estimator.Estimator(model_fn, None, tf.estimator.RunConfig("model"))\n'
            'print("goes on")\n'
            'e.export_savedmodel(serving_input_receiver_fn=receiver_fn, export_dir_base="out")'
            "  # now\n",
            'print("goes on")\n# now\n'
            "module = tf2_bridge.estimator_module(\n"
            '    model_fn, receiver_fn, None, config=tf2_bridge.estimator.RunConfig("model")\n)\n'
            f'with module.export("out"):\n{SAVE}',
        ),
    ],
)
def test_export_becomes_a_module(before: str, after: str) -> None:
    """Constructor and export become the module and its save, with the values that they got."""
    assert lifted(before) == after


def test_functions_that_make_graph_are_respelled() -> None:
    """The receiver's placeholder is fed, and what is there without a session is TensorFlow 2's."""
    new = lift(
        Module(f'{HEAD}{MADE}estimator.export_saved_model("out", receiver_fn)\n'),
        "export.py",
        graph_names=GRAPH,
    )
    assert 'x = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32, name="x"))' in new.text
    assert "tf2_bridge.estimator.export.ServingInputReceiver" in new.text
    assert new.parts == {"estimator", "estimator_module", "graph_module"}


EXPORT = 'estimator.export_saved_model("out", receiver_fn)\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{MADE}estimator.train(f)\n{EXPORT}", r"`\.train` of its Estimator runs a session"),
        (f"{MADE}estimator.evaluate(f)\n", r"`\.evaluate` of its Estimator runs a session"),
        (f"{MADE}run(estimator)\n{EXPORT}", "handed on"),
        (f"{MADE}{EXPORT}{EXPORT}", "exported more than once"),
        (f"{MADE}estimator = other(estimator)\n{EXPORT}", "no name of its own"),
        (f"{MADE}model_fn = other\n{EXPORT}", "stands between"),
        (f"{MADE}change()\n{EXPORT}", "stands between"),
        (f"{MADE}strange()\n{EXPORT}", "stands between"),
        (f"{MADE}if os.environ:\n    {EXPORT}", "another block"),
        (f"{MADE}for i in range(2):\n    {EXPORT}", "another block"),
        (f"{MADE}os.rename({EXPORT.strip()}, 'x')\n", "part of a larger expression"),
        (f"{MADE}estimator.export_saved_model('o', receiver_fn, checkpoint_path=p)\n", "is given"),
        (
            f"{MADE}estimator.export_saved_model('o', receiver_fn, experimental_mode='eval')\n",
            "`experimental_mode` is given",
        ),
        (f"{MADE}estimator.export_saved_model(*a)\n", "come through"),
        (f"{MADE}estimator.export_saved_model('o', f, strip_default_attrs=True)\n", "have a"),
        (
            f"estimator = tf.estimator.Estimator(model_fn, 'm', warm_start_from='w')\n{EXPORT}",
            "`warm_start_from` is given",
        ),
        (f"estimator = tf.estimator.DNNClassifier([3], c)\n{EXPORT}", "does more"),
        (f"{MADE}{EXPORT}saver = tf.train.Saver()\n", "stands beside its Estimator"),
        (f"y = tf.zeros([2])\n{MADE}{EXPORT}", "`tf.zeros` makes graph outside"),
        (f"receiver_fn()\n{MADE}{EXPORT}", "`receiver_fn`, which makes graph"),
        (
            f"from model import build\nestimator = tf.estimator.Estimator(build(3), 'm')\n{EXPORT}",
            "`build`, which makes graph",
        ),
        (
            f"x = {{'x': tf.placeholder(tf.float32, [None])}}\n{MADE}"
            "estimator.export_saved_model('o',"
            " tf.estimator.export.build_raw_serving_input_receiver_fn(x))\n",
            "`tf.placeholder` makes graph outside",
        ),
        (f"self.e = tf.estimator.Estimator(model_fn)\n{EXPORT}", "uses are not all seen"),
        (f"E = tf.estimator.Estimator\n{EXPORT}", "is not called here"),
    ],
)
def test_what_does_more_is_refused(text: str, why: str) -> None:
    """It says what keeps the session; nothing of the file is changed then."""
    with pytest.raises(Refusal, match=why) as told:
        lift(Module(HEAD + text), "export.py", graph_names=GRAPH)
    assert told.value.precondition in ("estimator", "arguments")


MODEL = """\
import tensorflow as tf
def model_fn(features, labels, mode):
    return tf.estimator.EstimatorSpec(mode, predictions=tf.layers.dense(features, 1))
"""


def repository(**texts: str) -> Repository:
    """Return the facts of files, without the endings of their names."""
    return Repository.build(facts_of(f"{name}.py", text) for name, text in texts.items())


def test_programs_share_a_model_fn() -> None:
    """A file with a ``model_fn`` serves programs of both tiers, if one has the Estimator."""
    train = (
        "import tensorflow as tf\nfrom model import model_fn\ntf.estimator.Estimator(model_fn)\n"
    )
    both = repository(model=MODEL, train=train, export=train)
    assert [group.files for group in both.groups] == [
        ("export.py", "model.py"),
        ("model.py", "train.py"),
    ]
    assert both.is_neutral("model.py")
    alone = repository(model=MODEL, other="from model import model_fn\n")
    assert [group.files for group in alone.groups] == [("model.py",)]
    assert not alone.is_neutral("model.py")
