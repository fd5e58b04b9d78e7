"""Models that the checker's tests compare with those of ``data_checker``, and a way to open many.

``python checker_models.py PLAN`` runs under the interpreter of one side, as importing
TensorFlow costs far more than all the models together.  PLAN is a JSON file::

    worker    path of migrator/worker
    write     folder to write the TensorFlow 2 models into, or null
    writers   modules of the folder ``checker`` that write them; this one when there is none
    stored    folder of the TensorFlow 1 models
    requests  the worker's requests, answered one after the other
"""

import contextlib
import importlib.util
import json
import os
import shutil
import sys
import types
import warnings

import numpy as np

W = np.random.RandomState(7).randn(4, 3).astype(np.float32)
B = np.array([0.1, -0.2, 0.3], np.float32)
WORDS = ["cat", "dog", "horse"]


def write_all(folder, stored):
    """Write every TensorFlow 2 model into ``folder``."""
    import tensorflow as tf

    os.makedirs(folder, exist_ok=True)
    write_classifiers(tf, folder)
    write_others(tf, folder)
    write_checkpoints(tf, folder, stored)


def write_classifiers(tf, folder):
    """Write the classifier of ``data_checker``, once right and once with every fault."""

    class Classifier(tf.Module):
        def __init__(self, words=WORDS, w=W, names=("net/w", "net/b"), frozen=False):
            super().__init__()
            # the asset keeps the file name that the TensorFlow 1 model gave it
            path = os.path.join(folder, "classifier_words.txt")
            with open(path, "w") as file:
                file.write("\n".join(words) + "\n")
            self.asset = tf.saved_model.Asset(path)
            self.table = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(
                    self.asset,
                    tf.int64,
                    tf.lookup.TextFileIndex.LINE_NUMBER,
                    tf.string,
                    tf.lookup.TextFileIndex.WHOLE_LINE,
                ),
                default_value="unknown",
            )
            make = (lambda value, name: tf.constant(value)) if frozen else tf.Variable
            self.w = make(w, name=names[0])
            self.b = make(B, name=names[1])

        def outputs(self, x):
            logits = tf.matmul(x, self.w) + self.b
            label = tf.argmax(logits, 1)
            return {
                "logits": logits,
                "scores": tf.nn.softmax(logits),
                "label": label,
                "word": self.table.lookup(label),
                "sure": tf.reduce_max(logits, 1) > 0.5,
            }

    def write(name, change=lambda out: out, spec=None, keys=("serving_default",), **options):
        module = Classifier(**options)
        spec = tf.TensorSpec([None, 4], tf.float32, name="x") if spec is None else spec

        @tf.function(input_signature=[spec])
        def predict(x):
            return change(module.outputs(tf.cast(x, tf.float32)))

        module.predict = predict
        tf.saved_model.save(
            module, os.path.join(folder, name), signatures=dict.fromkeys(keys, predict)
        )

    def changed(**values):
        return lambda out: {**out, **{key: make(out) for key, make in values.items()}}

    def without(key):
        return lambda out: {name: out[name] for name in out if name != key}

    def renamed(out):
        out["probabilities"] = out.pop("scores")
        return out

    weight = W.copy()
    weight[1, 2] += 1e-3
    spec = tf.TensorSpec
    write("right")
    write("lost_output", without("scores"))
    write("extra_output", changed(more=lambda out: out["scores"]))
    write("renamed_output", renamed)
    write("float64_output", changed(scores=lambda out: tf.cast(out["scores"], tf.float64)))
    write("int_to_float", changed(label=lambda out: tf.cast(out["label"], tf.float32)))
    write("int32_label", changed(label=lambda out: tf.cast(out["label"], tf.int32)))
    write("other_rank", changed(label=lambda out: out["label"][:, None]))
    write("fixed_batch", spec=spec([3, 4], tf.float32, name="x"))
    write("wider_input", spec=spec([None, None], tf.float32, name="x"))
    write("input_dtype", spec=spec([None, 4], tf.float64, name="x"))
    write("input_name", spec=spec([None, 4], tf.float32, name="z"))
    write("other_bytes", changed(word=lambda out: out["word"] + "\0"))
    write("one_weight", w=weight)
    write(
        "swapped",
        changed(logits=lambda out: out["scores"], scores=lambda out: out["logits"]),
    )
    write("emptied", changed(scores=lambda out: out["scores"][:0]))
    write(
        "some_nan", changed(scores=lambda out: tf.where(out["scores"] > 0.9, np.nan, out["scores"]))
    )
    write("random", changed(scores=lambda out: out["scores"] + tf.random.uniform([]) * 1e-9 + 1e-7))
    write("other_words", words=["cat", "dog", "zebra"])
    write("other_key", keys=("predict",))
    write("extra_key", keys=("serving_default", "again"))
    write("other_variable_name", names=("net/weights", "net/b"))
    write("constants", frozen=True)
    write("method_name")
    from tensorflow.python.saved_model import method_name_updater

    updater = method_name_updater.MethodNameUpdater(os.path.join(folder, "method_name"))
    updater.replace_method_name(
        signature_key="serving_default", method_name="tensorflow/serving/classify", tags="serve"
    )
    updater.save()


def write_others(tf, folder):
    """Write the counterparts of the other models of ``data_checker``."""

    def write(name, predict, specs, variables=()):
        module = tf.Module()
        module.values = list(variables)
        module.predict = tf.function(predict, input_signature=specs)
        tf.saved_model.save(
            module, os.path.join(folder, name), signatures={"serving_default": module.predict}
        )

    def spec(shape, dtype, name):
        return tf.TensorSpec(shape, getattr(tf, dtype), name=name)

    def kinds(name, **change):
        def predict(x, n, s):
            out = {
                "root": tf.sqrt(x),
                "inverse": 1.0 / x,
                "half": tf.cast(x, tf.float16) * 2,
                "double": tf.cast(x, tf.float64) / 3,
                "huge": n + (2**62 + 1),
                "bytes": s + tf.constant(b"\x00\xff\x00"),
                "complex": tf.complex(x, -x),
            }
            out.update({key: make(x, n, s) for key, make in change.items()})
            return out

        specs = [
            spec([None, 3], "float32", "x"),
            spec([None], "int64", "n"),
            spec([None], "string", "s"),
        ]
        write(name, predict, specs)

    kinds("kinds")
    kinds("kinds_nonan", root=lambda x, n, s: tf.sqrt(tf.abs(x)))
    kinds("kinds_otherinf", inverse=lambda x, n, s: -1.0 / -tf.abs(x) * tf.sign(x))
    kinds("kinds_rounded", huge=lambda x, n, s: n + 2**62)
    kinds("kinds_trailingzero", bytes=lambda x, n, s: s + tf.constant(b"\x00\xff"))
    kinds("kinds_conjugate", complex=lambda x, n, s: tf.complex(x, x))
    kinds("kinds_coarse", double=lambda x, n, s: tf.cast(x / 3, tf.float64))

    x4 = spec([None, 4], "float32", "x")
    w = tf.Variable(W, name="w")
    write("keep_prob", lambda x: {"y": tf.matmul(x, w)}, [x4], [w])
    table = tf.Variable(np.arange(10, dtype=np.float32).reshape(5, 2), name="table")
    ids = spec([None, None], "int32", "ids")
    write("lookup", lambda ids: {"vectors": tf.nn.embedding_lookup(table, ids)}, [ids], [table])
    slash = [spec([None, 4], "float32", "input/x"), spec([None, 4], "float32", "1y")]
    names = [spec([None, 4], "float32", "input_x"), spec([None, 4], "float32", "arg_1y")]
    write("slash_pythonnames", lambda x, y: {"out/sum:0": x + 2 * y}, names)
    write("slash", lambda x, y: {"out/sum:0": x + 2 * y}, slash)
    write("slash_swapped", lambda x, y: {"out/sum:0": y + 2 * x}, slash)
    noisy = lambda x: {"noisy": x + tf.random.uniform([4]), "double": 2 * x}  # noqa: E731
    write("noise", noisy, [x4])
    count = tf.Variable(0.0, name="count")
    write(
        "counter",
        lambda x: {"count": x + count.assign_add(1)},
        [spec([None], "float32", "x")],
        [count],
    )
    write("empty", lambda x: {"none": x[:0], "double": 2 * x}, [x4])
    kernel = tf.Variable(np.ones((7, 7, 1, 1), np.float32), name="kernel")
    write(
        "convolution",
        lambda x: {"y": tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="VALID")},
        [spec([None, None, None, 1], "float32", "x")],
        [kernel],
    )

    def examples(examples):
        features = {
            "age": tf.io.FixedLenFeature([], tf.int64),
            "size": tf.io.FixedLenFeature([2], tf.float32),
            "tag": tf.io.VarLenFeature(tf.string),
        }
        found = tf.io.parse_example(examples, features)
        total = tf.cast(found["age"], tf.float32) + tf.reduce_sum(found["size"], 1)
        return {"total": total, "tags": found["tag"].values}

    write("examples", examples, [spec([None], "string", "examples")])

    def images(data):
        def mean(item):
            return tf.reduce_mean(tf.cast(tf.image.decode_jpeg(item, 3), tf.float32))

        return {"mean": tf.map_fn(mean, data, fn_output_signature=tf.float32)}

    write("images", images, [spec([None], "string", "data")])
    write(
        "sparse",
        lambda x: {"sum": tf.sparse.reduce_sum(x, 1)},
        [tf.SparseTensorSpec([None, 6], tf.float32)],
    )
    halves = [
        tf.Variable(np.ones((2, 3), np.float32), name="w/part_0"),
        tf.Variable(np.ones((2, 3), np.float32), name="w/part_1"),
    ]
    write("partitioned", lambda x: {"y": tf.matmul(x, tf.concat(halves, 0))}, [x4], halves)
    gamma = tf.Variable(np.ones(2, np.float32), name="batch_normalization/gamma")
    beta = tf.Variable(np.zeros(2, np.float32), name="batch_normalization/beta")
    mean = tf.Variable(np.zeros(2, np.float32), name="batch_normalization/moving_mean")
    variance = tf.Variable(np.ones(2, np.float32), name="batch_normalization/moving_variance")

    def normalized(x):
        y, _, _ = tf.compat.v1.nn.fused_batch_norm(
            x, gamma, beta, mean, variance, epsilon=1e-3, is_training=False
        )
        return {"y": y}

    write(
        "normalized",
        normalized,
        [spec([None, 4, 4, 2], "float32", "x")],
        [gamma, beta, mean, variance],
    )
    write("two_graphs", lambda x: {"y": tf.matmul(x, w)}, [x4], [w])

    # functions with Python's names, under the SignatureDefs that TensorFlow 1 would write
    def parts(name):
        return [
            spec([None, 2], "int64", name),
            spec([None], "float32", f"{name}_1"),
            spec([2], "int64", f"{name}_2"),
        ]

    def total(x, x_1, x_2):
        return {"sum": tf.sparse.reduce_sum(tf.SparseTensor(x, x_1, x_2), 1)}

    write("sparse_parts", total, parts("x"))
    sparse_input(os.path.join(folder, "sparse_parts"), "x", "x", [-1, 6])

    def product(indices, values, shape):
        return {"y": tf.sparse.sparse_dense_matmul(tf.SparseTensor(indices, values, shape), tall)}

    tall = tf.Variable(np.arange(14, dtype=np.float32).reshape(7, 2), name="tall")
    write("sparse_unsized", product, parts("arg_in"), [tall])
    sparse_input(os.path.join(folder, "sparse_unsized"), "in", "arg_in", [-1, -1])
    write("keyword", lambda x: {"y": tf.matmul(x, w)}, [spec([None, 4], "float32", "arg_in")], [w])
    with signature_of(os.path.join(folder, "keyword")) as signature:
        signature.inputs["in"].CopyFrom(signature.inputs["arg_in"])
        del signature.inputs["arg_in"]
    keep = spec([], "float32", "keep_prob")
    write("divided", lambda x, keep_prob: {"y": x / keep_prob}, [x4, keep])
    write("divided_safely", lambda x, keep: {"y": tf.math.divide_no_nan(x, keep)}, [x4, keep])
    write("divided_wrongly", lambda x, keep: {"y": (x + 1e-3) / keep}, [x4, keep])


@contextlib.contextmanager
def signature_of(folder):
    """Give the default SignatureDef of a SavedModel to be changed, and write it back."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = os.path.join(folder, "saved_model.pb")
    model = saved_model_pb2.SavedModel()
    with open(path, "rb") as file:
        model.ParseFromString(file.read())
    yield model.meta_graphs[0].signature_def["serving_default"]
    with open(path, "wb") as file:
        file.write(model.SerializeToString())


def sparse_input(folder, name, argument, shape):
    """Declare three dense inputs as the one sparse input ``name`` that they are."""
    with signature_of(folder) as signature:
        parts = [argument + ending for ending in ("", "_1", "_2")]
        indices, values, sizes = (signature.inputs[part].name for part in parts)
        for part in parts:
            del signature.inputs[part]
        info = signature.inputs[name]
        info.dtype = 1  # DT_FLOAT
        for size in shape:
            info.tensor_shape.dim.add(size=size)
        info.coo_sparse.indices_tensor_name = indices
        info.coo_sparse.values_tensor_name = values
        info.coo_sparse.dense_shape_tensor_name = sizes


def write_checkpoints(tf, folder, stored):
    """Write object-based checkpoints with the contents of the name-based ones."""
    source = os.path.join(stored, "classifier_checkpoint", "model.ckpt-5")
    reader = tf.train.load_checkpoint(source)
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}

    def write(name, change=lambda values: None, root=None):
        mine = dict(values)
        change(mine)
        prefix = os.path.join(folder, name, "model.ckpt-5")
        # not under their own names: the key in the dict is what has to count
        variables = {key: tf.Variable(value, name="v") for key, value in mine.items()}
        tf.train.Checkpoint(variables=variables).write(prefix)

    def swap_slots(mine):
        mine["net/w/Adam"], mine["net/w/Adam_1"] = mine["net/w/Adam_1"], mine["net/w/Adam"]

    def nudge(mine):
        mine["net/w"] = mine["net/w"] + np.float32(1e-3) * (np.arange(12).reshape(4, 3) == 5)

    write("objects")
    write("objects_missing", lambda mine: mine.pop("net/b/Adam"))
    write("objects_extra", lambda mine: mine.update(more=np.ones(2, np.float32)))
    write("objects_swapped_slots", swap_slots)
    write("objects_one_weight", nudge)
    write("objects_renamed", lambda mine: mine.update(bias=mine.pop("net/b")))
    write("objects_dtype", lambda mine: mine.update(global_step=np.int32(mine["global_step"])))
    write("objects_shape", lambda mine: mine.update({"net/w": mine["net/w"].reshape(3, 4)}))
    # by attributes, under their full names, with the counter that Checkpoint.save adds
    model = tf.Module()
    model.all = [tf.Variable(value, name=key) for key, value in sorted(values.items())]
    tf.train.Checkpoint(model=model).save(os.path.join(folder, "attributes", "model.ckpt"))
    averaged = tf.train.load_checkpoint(os.path.join(stored, "averaged_checkpoint", "model.ckpt"))
    mine = {name: averaged.get_tensor(name) for name in averaged.get_variable_to_shape_map()}
    for name, step in (("averaged", 2**62 + 1), ("averaged_rounded", 2**62)):
        mine["global_step"] = np.int64(step)
        variables = {key: tf.Variable(value, name="v") for key, value in mine.items()}
        tf.train.Checkpoint(variables=variables).write(os.path.join(folder, name, "model.ckpt"))
    empty = {"none": tf.Variable(np.zeros([0], np.float32))}
    tf.train.Checkpoint(variables=empty).write(os.path.join(folder, "no_elements", "model.ckpt"))
    tf.train.Checkpoint().write(os.path.join(folder, "no_variables", "model.ckpt"))


def load_worker(path):
    """Return what the modules of the worker define, in one namespace."""
    if "migrator_worker" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "migrator_worker", os.path.join(path, "__init__.py"), submodule_search_locations=[path]
        )
        package = importlib.util.module_from_spec(spec)
        sys.modules["migrator_worker"] = package
        spec.loader.exec_module(package)
    names = {}
    for file in sorted(os.listdir(path)):
        if file.endswith(".py") and not file.startswith("__"):
            names.update(vars(importlib.import_module("migrator_worker." + file[:-3])))
    return types.SimpleNamespace(**names)


def answer_all(tf, worker, requests):
    """Have the worker answer every request; one that dies is answered so."""
    for request in requests:
        shutil.rmtree(request["out"], ignore_errors=True)
        os.makedirs(request["out"])
        result = {"python": "{}.{}.{}".format(*sys.version_info), "tensorflow": tf.__version__}
        try:
            worker.answer(tf, request, result)
        except Exception as error:
            result = {"status": "died", "error": f"{type(error).__name__}: {error}"}
            worker.write_json(os.path.join(request["out"], "result.json"), result)


def main(path):
    """Carry out the plan in the JSON file ``path``."""
    warnings.simplefilter("ignore")
    with open(path) as file:
        plan = json.load(file)
    import tensorflow as tf

    worker = load_worker(plan["worker"])
    if plan.get("write"):
        if "writers" not in plan:
            write_all(plan["write"], plan["stored"])
        for name in plan.get("writers", ()):
            importlib.import_module("checker." + name).write_all(tf, plan["write"])
    answer_all(tf, worker, plan["requests"])


if __name__ == "__main__":
    main(sys.argv[1])
