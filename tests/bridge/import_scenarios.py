"""What imported graphs do, each claim a function; run by ``test_graph_import.py``.

    python import_scenarios.py OUT [MODELS]

writes ``OUT/results.json``: by the name of each function "", or how it failed. MODELS is what
``import_models.py`` wrote; without it, only what needs no TensorFlow 1 is run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

if os.environ.get("VENDORED"):
    sys.path.insert(0, os.environ["VENDORED"])
    import tf2_bridge as bridge
else:
    from migrator import bridge

v1 = tf.compat.v1
OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
MODELS = Path(sys.argv[2]) if len(sys.argv) > 2 else None
FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures" / "models"
X = np.random.RandomState(0).normal(size=[8, 4]).astype("f")
Y = X.sum(1, keepdims=True)


class Module(bridge.GraphModule):
    """A module whose graph a function makes."""

    def __init__(self, make):
        super().__init__()
        self.build(make)

    @bridge.graph
    def build(self, make):
        """Let ``make`` make the graph."""
        make(self)


def tensor(name):
    """Return a tensor of the graph that is built."""
    return v1.get_default_graph().get_tensor_by_name(name)


def raised(kind, call, *texts):
    """Assert that ``call`` raises an error that says ``texts``."""
    said = None
    try:
        call()
    except kind as error:
        said = str(error)
    assert said is not None, f"{kind} was not raised"
    missing = [text for text in texts if text not in said]
    assert not missing, f"{missing} not in {said}"


def close(one, other, tolerance=1e-6):
    """Assert that two arrays agree."""
    one, other = np.asarray(one), np.asarray(other)
    assert one.shape == other.shape, (one.shape, other.shape)
    if one.dtype.kind in "fc":
        assert np.allclose(one, other, tolerance, tolerance), np.abs(one - other).max()
    else:
        texts = [[str(tf.compat.as_str_any(v)) for v in side.ravel()] for side in (one, other)]
        assert texts[0] == texts[1], texts


def served(module, export_dir, tags=("serve",), scope=None):
    """Import a SavedModel, and return a function per signature of it."""
    meta = bridge.import_saved_model(list(tags), export_dir, scope)
    before = f"{scope}/" if scope else ""
    return {
        key: module.function(
            {k: before + one.inputs[k].name for k in one.inputs},
            {k: before + one.outputs[k].name for k in one.outputs},
        )
        for key, one in meta.signature_def.items()
        if not key.startswith("__")
    }


# -- without TensorFlow 1 --------------------------------------------------------------------


def saved_models_give_the_numbers_of_tensorflow_1():
    """Every SavedModel of the fixtures, imported twice into one graph, has its references."""
    count = 0
    for path in sorted(FIXTURES.glob("out/**/saved_model.pb")):
        folder = path.parent
        stored = "_".join(folder.relative_to(FIXTURES / "out").parts)
        reference = np.load(FIXTURES / "reference" / f"{stored}.npz")
        sides = []

        def make(self, folder=folder, sides=sides):
            sides.extend(served(self, str(folder), scope=one) for one in (None, "again"))

        Module(make)
        for functions in sides:
            for key, function in functions.items():
                before = f"{key}/inputs/"
                fed = {n[len(before) :]: reference[n] for n in reference if n.startswith(before)}
                for name, value in function(**fed).items():
                    close(value, reference[f"{key}/outputs/{name}"])
                    count += 1
    assert count > 30, count


def a_meta_graph_is_restored_and_trained_on():
    """The program of the fixtures that resumes from a .meta file ends where TF1's ended."""
    folder, ended = FIXTURES / "out" / "metagraph", FIXTURES / "out" / "metagraph_resumed"

    def make(self):
        self.saver = bridge.import_meta_graph(str(folder / "linear.ckpt.meta"))
        self.saver.restore(str(folder / "linear.ckpt"))
        self.names = [one.name for one in v1.global_variables()]

    module = Module(make)
    reader = tf.train.load_checkpoint(str(folder / "linear.ckpt"))
    kept = {f"{name}:0" for name in reader.get_variable_to_shape_map()}
    assert kept == set(module.names), (kept, module.names)
    for one in module.variables:
        close(one.numpy(), reader.get_tensor(one.name[:-2]))
    module.saver.restore(str(ended / "linear.ckpt-40"))
    reader = tf.train.load_checkpoint(str(ended / "linear.ckpt-40"))
    for one in module.variables:
        close(one.numpy(), reader.get_tensor(one.name[:-2]))


class Native(tf.Module):
    """A module as TensorFlow 2 has it, with a table and an asset."""

    def __init__(self, path):
        super().__init__()
        path.write_text("a\nb\nc\n")
        self.asset = tf.saved_model.Asset(str(path))
        lines = tf.lookup.TextFileInitializer(
            self.asset,
            *(tf.string, tf.lookup.TextFileIndex.WHOLE_LINE),
            *(tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER),
        )
        self.table = tf.lookup.StaticHashTable(lines, -1)
        self.w = tf.Variable(tf.random.normal([4, 2]), name="w")
        self.rows = tf.Variable([[1.0], [2.0], [3.0]], name="rows")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def predict(self, x):
        """Return two outputs, of a loop."""
        for _ in tf.range(2):
            x = tf.sin(x)
        return {"y": tf.matmul(x, self.w), "s": tf.reduce_sum(x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def words(self, words):
        """Return what the table has."""
        ids = self.table.lookup(words)
        return {"ids": ids, "rows": tf.gather(self.rows, tf.maximum(ids, 0))}


def native(name):
    """Return a module, and the folder where it is saved and its assets are no longer."""
    first, folder, asset = OUT / f"{name}_first", OUT / name, OUT / f"{name}.txt"
    module = Native(asset)
    signatures = {"serving_default": module.predict, "words": module.words}
    tf.saved_model.save(module, str(first), signatures=signatures)
    shutil.move(first, folder)
    asset.unlink()
    return module, str(folder)


def models_of_tensorflow_2_are_imported():
    """Loops, tables, assets and several signatures work under the names of the signatures."""
    one, folder = native("native")
    other, second = native("native_other")

    def make(self):
        self.functions = served(self, folder), served(self, second, scope="other")
        self.names = [v.name for v in self._graph_build().variables]

    module = Module(make)
    for saved, functions in zip((one, other), module.functions, strict=True):
        close(functions["serving_default"](x=X)["y"], saved.predict(X)["y"])
        close(functions["words"](words=["c", "q", "a"])["ids"], [2, -1, 0])
    assert {"w:0", "rows:0", "other/w:0", "other/rows:0"} <= set(module.names)


def what_the_bridge_wrote_is_imported():
    """A model that is exported, imported and exported again gives the same under TF1's names."""

    def make(self):
        x = bridge.feed(tf.TensorSpec([None, 4], tf.float32, name="in/x"))
        w = v1.get_variable("w", initializer=tf.constant(np.eye(4, 2, dtype="f")))
        words = v1.placeholder(tf.string, [None], name="words")
        init = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64))
        table = tf.lookup.StaticHashTable(init, -1)
        y = tf.matmul(x, w, name="y")
        ids = tf.identity(table.lookup(words), name="ids")
        parts = {"one": ({"in/x": x}, {"out": y}), "two": ({"words": words}, {"ids": ids})}
        self.export = bridge.serving(parts)

    def again(self):
        self.functions = served(self, first)
        assert [v.name for v in self._graph_build().variables] == ["w:0"]
        parts = {"one": ({"in/x": tensor("in/x:0")}, {"out": tensor("y:0")})}
        parts["two"] = ({"words": tensor("words:0")}, {"ids": tensor("ids:0")})
        self.export = bridge.serving(parts)

    def last(self):
        self.functions = served(self, second)

    first, second = str(OUT / "exported"), str(OUT / "exported_again")
    for build, folder in ((make, first), (again, second), (last, None)):
        module = Module(build)
        if folder:
            with module.export(folder) as export:
                tf.saved_model.save(export, folder, signatures=export.signatures)
        if build is not make:
            close(module.functions["one"](**{"in/x": X})["out"], X[:, :2])
            close(module.functions["two"](words=["b", "q"])["ids"], [2, -1])


def frozen_graphs_need_no_bridge():
    """import_graph_def with a prefix, with input_map and return_elements, works in a build."""
    definition = v1.GraphDef()
    definition.ParseFromString((FIXTURES / "out" / "mobile" / "gesture.pb").read_bytes())

    def make(self):
        tf.import_graph_def(definition, name="one")
        x = tensor("one/motion:0")
        (y,) = tf.import_graph_def(
            definition, {"motion:0": x}, return_elements=["gesture:0"], name="two"
        )
        self.both = self.function(["one/motion:0"], ["one/gesture:0", y])
        self.shape = [size or 2 for size in x.shape.as_list()]

    module = Module(make)
    one, two = module.both(np.ones(module.shape))
    close(one, two, 0)


def frozen_tables_are_initialized():
    """A frozen graph's tables are filled where its initializers are collected."""
    with tf.Graph().as_default() as graph:
        words = v1.placeholder(tf.string, [None], name="words")
        init = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64))
        tf.identity(tf.lookup.StaticHashTable(init, -1).lookup(words), name="ids")
        (made,) = v1.get_collection(v1.GraphKeys.TABLE_INITIALIZERS)
        definition = graph.as_graph_def()

    def make(self):
        (init,) = tf.import_graph_def(definition, return_elements=[made.name], name="f")
        v1.add_to_collection(v1.GraphKeys.TABLE_INITIALIZERS, init)
        self.ids = self.function(["f/words:0"], "f/ids:0")

    close(Module(make).ids(["b", "q"]), [2, -1])


def what_is_not_there_is_said():
    """The errors are those of TF1, or name what is missing."""
    model = str(FIXTURES / "out" / "regression" / "polynomial")
    meta = str(FIXTURES / "out" / "metagraph" / "linear.ckpt.meta")
    load, start = bridge.import_saved_model, bridge.import_meta_graph
    twice = lambda: [load(["serve"], model) for _ in "12"]  # noqa: E731
    unknown = lambda: (load(["serve"], model), tensor("nothing:0"))  # noqa: E731
    for kind, make, *texts in (
        (OSError, lambda: load(["serve"], "/none"), "/none"),
        (RuntimeError, lambda: load(["x"], model), "x", "serve"),
        (OSError, lambda: start("/none.meta"), "/none.meta does not exist"),
        (ValueError, lambda: start(meta).restore(None), "None"),
        (ValueError, lambda: start(meta).restore(f"{OUT}/no"), "valid"),
        (ValueError, twice, "variable coef", "import_scope"),
        (KeyError, unknown, "nothing:0"),
    ):
        raised(kind, lambda make=make: Module(lambda _: make()), *texts)
    raised(RuntimeError, lambda: start(meta), "@graph")
    raised(RuntimeError, lambda: load(["serve"], model), "@graph")


def what_cannot_run_is_refused_by_name():
    """An operation on a reference that resources do not have is refused when it is needed."""
    with tf.Graph().as_default() as graph:
        v1.disable_resource_variables()
        try:
            w = v1.get_variable("w", initializer=1.0, use_resource=False)
        finally:
            v1.enable_resource_variables()
        tf.identity(w + 1.0, name="y")
        tf.raw_ops.RefSelect(index=0, inputs=[w._variable, w._variable], name="chosen")
        meta = v1.train.export_meta_graph(graph=graph)

    def make(self):
        bridge.import_meta_graph(meta)
        self.y, self.chosen = (self.function([], one) for one in ("y:0", "chosen:0"))

    module = Module(make)
    close(module.y(), 2.0)
    raised(ValueError, module.chosen, "'chosen' (RefSelect)")


def predictors_take_both_kinds():
    """With and without a session they give the same for models of TensorFlow 1 and 2."""
    old = str(FIXTURES / "out" / "digits" / "serving" / "1")
    reference = np.load(FIXTURES / "reference" / "digits_serving_1.npz")
    saved, new = native("native_predicted")
    for make in (bridge.predictor, bridge.graph_predictor):
        predict = make(old, signature_def_key="predict_images")
        before = "predict_images/inputs/"
        fed = {n[len(before) :]: reference[n] for n in reference if n.startswith(before)}
        for name, value in predict(fed).items():
            close(value, reference[f"predict_images/outputs/{name}"])
        assert set(predict.feed_tensors) == set(fed)
        (x,) = predict.feed_tensors.values()
        (y, *_) = predict.fetch_tensors.values()
        named = make(old, input_names={"a": x.name}, output_names={"b": y.name})
        close(named({"a": next(iter(fed.values()))})["b"], next(iter(predict(fed).values())))
        close(make(new)({"x": X})["y"], saved.predict(X)["y"])
        close(make(new, "words", tags="serve")({"words": ["b", "q"]})["ids"], [1, -1])
        x = make(new).feed_tensors["x"]
        y = make(new).fetch_tensors["y"]
        named = make(new, input_names={"a": x.name}, output_names={"b": y.name})
        close(named({"a": X.tolist()})["b"], saved.predict(X)["y"])
        for error, call in (
            (ValueError, lambda make=make: make(old, "none")),
            (ValueError, lambda make=make: make(old, input_names={})),
            (ValueError, lambda make=make: make(old, "a", input_names={}, output_names={})),
            (ValueError, lambda predict=predict: predict({"other": 1})),
            (RuntimeError, lambda make=make: make(old, tags="serve,gpu")),
            (OSError, lambda make=make: make("/none")),
        ):
            raised(error, call)


# -- of what TensorFlow 1.15 wrote -----------------------------------------------------------


def expected(name):
    """Return what TensorFlow 1.15 saw of a model, and what it fed at each step."""
    found = json.loads((MODELS / "expected.json").read_text())[name]
    stored = np.load(MODELS / name / "feeds.npz")
    feeds = [{} for _ in range(len(found["values"]) + 1)]
    for key in stored:
        step, _, tensor_name = key.partition("|")
        feeds[int(step)][tensor_name] = stored[key]
    return found, feeds


def trains(name):
    """A meta graph, restored, trains on and saves as in TF1; so does the SavedModel."""
    found, feeds = expected(name)
    with tf.Graph().as_default() as graph:
        v1.train.import_meta_graph(str(MODELS / name / "m.meta"))
        operations = [op.name for op in graph.get_operations()]

    def restored(self):
        self.saver = bridge.import_meta_graph(str(MODELS / name / "m.meta"))
        assert [op.name for op in bridge.graph_operations()] == operations
        self.saver.restore(str(MODELS / name / "m"))
        look(self)

    def loaded(self):
        bridge.import_saved_model(["serve"], str(MODELS / name / "sm"))
        look(self)

    def look(self):
        assert [v.name for v in v1.trainable_variables()] == found["trainable"]
        assert [v.name for v in v1.global_variables()] == found["global"]
        (train,) = v1.get_collection("train_op")
        self.step = self.function(list(feeds[0]), [train, *found["fetches"]])
        self.out = self.function([one for one in feeds[0] if one != "y:0"], "out:0")

    unseen = [value for key, value in feeds[-1].items() if key != "y:0"]
    for make in (restored, loaded):
        module = Module(make)
        for fed, values in zip(feeds, found["values"], strict=False):
            for one, other in zip(module.step(*fed.values())[1:], values, strict=True):
                close(one, other, 1e-5)
        close(module.out(*unseen), found["out"], 1e-5)
        if make is restored:
            if not any("/part_" in one for one in found["global"]):
                path = module.saver.save(str(OUT / name))
                module.step(*feeds[0].values())
                module.saver.restore(path)
                close(module.out(*unseen), found["out"], 1e-5)
            fresh = Module(make)
            fresh.saver.restore(str(MODELS / name / "end"))
            close(fresh.out(*unseen), found["out"], 1e-5)


def unrestored_variables_have_their_initial_values():
    """They are drawn when first used, in the order in which they need each other, or again."""

    def make(self):
        self.saver = bridge.import_meta_graph(str(MODELS / "references" / "m.meta"))
        self.both = self.function([], ["w:0", "b:0"])

    module, values = Module(make), []
    for _ in range(2):
        w, b = module.both()
        close(b, 2 * w)
        assert np.std(w) > 0
        values.append(w)
        module.initialize()
    assert np.abs(values[0] - values[1]).max() > 0
    module.saver.restore(str(MODELS / "references" / "m"))
    close(module.both()[0], tf.train.load_variable(str(MODELS / "references" / "m"), "w"), 0)
    restored = Module(make)
    restored.saver.restore(str(MODELS / "references" / "m"))
    restored.initialize()
    w, b = restored.both()
    close(b, 2 * w)
    kernel = Module(lambda _: bridge.import_meta_graph(str(MODELS / "adam" / "m.meta")))
    assert all(np.std(v.numpy()) > 0 for v in kernel.variables if v.name.endswith("kernel:0"))


def references_do_what_they_did():
    """Loops change them, assignments change their shape, and their names give their values."""

    def make(self):
        bridge.import_meta_graph(str(MODELS / "references" / "m.meta"))
        self.looped, self.n, self.grow, self.grown, self.read, self.up = (
            self.function([], one)
            for one in ("looped:0", "n:0", "grow:0", "grown:0", "n/read:0", ["n/read:0", "count"])
        )
        assert tensor("w:0").shape.as_list() == [4, 1]

    module = Module(make)
    before = int(module.n())
    assert int(module.looped()) == 3
    assert int(module.n()) == before + 6
    assert int(module.up()[0]) == before + 7  # of a reference, what it is in the end
    close(module.grow(), [1.0, 1, 1])
    close(module.grown(), [1.0, 1, 1])


def imports_into_one_graph_keep_apart():
    """Several meta graphs and SavedModels share a graph under scopes of their own."""
    names = ("sgd", "embeddings", "tables")

    def make(self):
        for name in names[:2]:
            saver = bridge.import_meta_graph(str(MODELS / name / "m.meta"), import_scope=name)
            saver.restore(str(MODELS / name / "m"))
        bridge.import_saved_model(["serve"], str(MODELS / "tables" / "sm"), "tables")
        self.losses = {}
        for name in names:
            fed = [f"{name}/{key}" for key in expected(name)[1][0]]
            self.losses[name] = self.function(fed, f"{name}/loss:0")
        x, w = v1.get_collection("things")
        assert isinstance(w, tf.Variable)
        assert (x.name, w.name) == ("sgd/x:0", "sgd/h/kernel:0")

    module = Module(make)
    for name in names:
        found, feeds = expected(name)
        close(module.losses[name](*feeds[0].values()), found["values"][0][0], 1e-5)


def tensors_take_the_place_of_imported_ones():
    """What ``input_map`` names is what the imported graph reads."""
    found, feeds = expected("sgd")
    fed = {key: value for key, value in feeds[0].items() if key != "x:0"}

    def make(self):
        half = v1.placeholder(tf.float32, [None, *feeds[0]["x:0"].shape[1:]], name="half")
        path = str(MODELS / "sgd" / "m.meta")
        saver = bridge.import_meta_graph(path, import_scope="in", input_map={"x:0": half * 2.0})
        saver.restore(str(MODELS / "sgd" / "m"))
        self.loss = self.function(["half:0", *(f"in/{key}" for key in fed)], "in/loss:0")

    loss = Module(make).loss(feeds[0]["x:0"] / 2, *fed.values())
    close(loss, found["values"][0][0], 1e-5)


def new_losses_train_imported_layers():
    """Gradients reach imported variables, by embeddings, conds and functions, too."""
    for name in ("sgd", "embeddings", "averages_in_cond", "functions", "batch_norm", "resources"):
        _, feeds = expected(name)
        given = feeds[0]

        def make(self, name=name, given=given):
            bridge.import_saved_model(["serve"], str(MODELS / name / "sm"))
            scale = v1.get_variable("scale", initializer=1.0)
            loss = tf.reduce_mean((tensor("out:0") * scale - tensor("y:0")) ** 2)
            train = v1.train.AdamOptimizer(0.01, name="New").minimize(loss)
            self.step = self.function(list(given), [train, loss])

        module = Module(make)
        losses = [module.step(*given.values())[1] for _ in range(10)]
        assert losses[-1] < losses[0], (name, losses)


def gradients_go_through_loops():
    """tf.gradients of imported loops gives what TF1's gradients in the same graph give."""

    def make(self):
        bridge.import_meta_graph(str(MODELS / "rnn" / "m.meta")).restore(str(MODELS / "rnn" / "m"))
        variables = v1.trainable_variables()
        loss = tf.reduce_mean((tensor("out:0") - tensor("y:0")) ** 2)
        changes = {op.name: op for op in v1.get_default_graph().get_operations()}
        old = [
            changes[f"train/update_{v.op.name}/ApplyRMSProp/tf2_bridge"].inputs[-1]
            for v in variables
        ]
        fed = ["x:0", "y:0"]
        self.old, self.new = (
            self.function(fed, old),
            self.function(fed, tf.gradients(loss, variables)),
        )
        new = v1.train.AdamOptimizer(0.01, name="New").minimize(loss, var_list=variables)
        self.step = self.function(fed, [new, loss])

    module = Module(make)
    fed = expected("rnn")[1][0].values()
    for one, other in zip(module.new(*fed), module.old(*fed), strict=True):
        close(one, other)
    losses = [module.step(*fed)[1] for _ in range(10)]
    assert losses[-1] < losses[0], losses


def partitioned_variables_are_not_saved():
    """TF1 stored them as slices of one, so saving them is refused by name."""

    def make(self):
        self.saver = bridge.import_meta_graph(str(MODELS / "embeddings" / "m.meta"))

    raised(ValueError, lambda: Module(make).saver.save(str(OUT / "parts")), "emb/part_0")


ALONE = (
    saved_models_give_the_numbers_of_tensorflow_1,
    a_meta_graph_is_restored_and_trained_on,
    models_of_tensorflow_2_are_imported,
    what_the_bridge_wrote_is_imported,
    frozen_graphs_need_no_bridge,
    frozen_tables_are_initialized,
    what_is_not_there_is_said,
    what_cannot_run_is_refused_by_name,
    predictors_take_both_kinds,
)
WRITTEN = (
    unrestored_variables_have_their_initial_values,
    references_do_what_they_did,
    imports_into_one_graph_keep_apart,
    tensors_take_the_place_of_imported_ones,
    new_losses_train_imported_layers,
    gradients_go_through_loops,
    partitioned_variables_are_not_saved,
)


def main():
    """Run all, and write how they went."""
    OUT.mkdir(parents=True, exist_ok=True)
    calls = {one.__name__: (one,) for one in (WRITTEN if MODELS else ALONE)}
    if MODELS:
        names = json.loads((MODELS / "expected.json").read_text())
        calls.update((name, (trains, name)) for name in names)
    results = {}
    for name, (call, *arguments) in calls.items():
        try:
            call(*arguments)
            results[name] = ""
        except BaseException:
            results[name] = traceback.format_exc()
    (OUT / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
