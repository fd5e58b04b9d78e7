"""Models of every kind that act outside of themselves, or name what is not TensorFlow's own.

Each would leave a file ``traces/<name>`` beside the models if what it holds were run.
"""

import contextlib
import json
import os
import zipfile

import numpy as np

W = np.arange(12, dtype=np.float32).reshape(4, 3) / 10


def write_all(tf, folder):
    """Write every model into ``folder``."""
    os.makedirs(os.path.join(folder, "traces"))
    write_sessions(tf, folder)
    write_graphs(tf, folder)
    write_functions(tf, folder)
    write_keras(tf, folder)
    for name in os.listdir(os.path.join(folder, "traces")):  # left by building a Lambda layer
        os.remove(os.path.join(folder, "traces", name))


def trace(folder, name):
    """Return the path of the file that the model ``name`` leaves when it runs."""
    return os.path.join(folder, "traces", name)


@contextlib.contextmanager
def changed(tf, folder):
    """Give the first meta graph of a SavedModel to be changed, and write it back."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = os.path.join(folder, "saved_model.pb")
    model = saved_model_pb2.SavedModel()
    with open(path, "rb") as file:
        model.ParseFromString(file.read())
    yield model.meta_graphs[0]
    with open(path, "wb") as file:
        file.write(model.SerializeToString())


def write_sessions(tf, folder):
    """Write models as TensorFlow 1 does."""
    v1 = tf.compat.v1

    def write(name, build, main_op=None):
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, [None, 4], name="x")
            w = v1.get_variable("w", initializer=W, use_resource=False)
            inputs, outputs, main = build(x, tf.matmul(x, w, name="y"), trace(folder, name))
            session.run(w.initializer)
            info = v1.saved_model.build_tensor_info
            signature = v1.saved_model.build_signature_def(
                {key: info(tensor) for key, tensor in inputs.items()},
                {key: info(tensor) for key, tensor in outputs.items()},
                "tensorflow/serving/predict",
            )
            builder = v1.saved_model.Builder(os.path.join(folder, name))
            builder.add_meta_graph_and_variables(
                session,
                ["serve"],
                {"serving_default": signature},
                main_op=main,
                assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            )
            builder.save()

    def after(op, y):
        with tf.control_dependencies([op]):
            return {"y": tf.identity(y)}

    write("v1_write", lambda x, y, path: ({"x": x}, after(tf.io.write_file(path, "w"), y), None))
    write("v1_main", lambda x, y, path: ({"x": x}, {"y": y}, tf.io.write_file(path, "w")))
    write(
        "v1_print",
        lambda x, y, path: (
            {"x": x},
            after(tf.print("w", output_stream="file://" + path), y),
            None,
        ),
    )

    def python(x, y, path):
        def leave(value):
            with open(path, "w") as file:
                file.write("w")
            return value

        return {"x": x}, {"y": v1.py_func(leave, [y], tf.float32)}, None

    write("v1_python", python)
    secret = os.path.join(folder, "secret.txt")
    with open(secret, "w") as file:
        file.write("secret")
    write("v1_read", lambda x, y, path: ({"x": x}, {"y": y, "s": tf.io.read_file(secret)}, None))
    write(
        "v1_matching",
        lambda x, y, path: ({"x": x}, {"y": y, "s": tf.io.matching_files(folder + "/*")}, None),
    )

    def joined(x, y, path):
        name = tf.strings.join([tf.constant(folder), tf.strings.reduce_join(["secret", ".txt"])])
        return {"x": x}, {"y": y, "s": tf.io.read_file(name)}, None

    write("v1_joined", joined)

    def debug(x, y, path):
        copy = tf.raw_ops.DebugIdentity(input=y, debug_urls=["file://" + path])
        return {"x": x}, {"y": copy}, None

    write("v1_debug", debug)

    # a constant that is called an asset is fed to initialisers only
    def asset(x, y, path):
        name = tf.constant(secret, name="words")
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, name)
        return {"x": x}, {"y": y, "s": tf.io.read_file(name)}, None

    write("v1_asset", asset)

    # what is harmless, or never run
    def unreached(x, y, path):
        tf.io.write_file(path, "w")
        return {"x": x}, {"y": y}, None

    write("v1_unreached", unreached)

    def stderr(x, y, path):
        return {"x": x}, after(tf.print("a word"), y), None

    write("v1_stderr", stderr)
    # a restore op, and a first value of a variable, that do something else as well
    for name in ("v1_restore", "v1_initial"):
        write(name, unreached)
        with changed(tf, os.path.join(folder, name)) as graph:
            if name == "v1_restore":
                graph.saver_def.restore_op_name = "WriteFile"
                continue
            for node in graph.graph_def.node:
                if node.name == "w/initial_value":
                    node.input.append("^WriteFile")


def write_graphs(tf, folder):
    """Write graphs without signatures: a frozen one, and one whose local variable acts."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        with tf.control_dependencies([tf.io.write_file(trace(folder, "act.pb"), "w")]):
            tf.identity(2 * x, name="y")
        v1.train.write_graph(graph, folder, "act.pb", as_text=False)
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        w = v1.get_variable("w", initializer=W, use_resource=False)
        tf.matmul(x, w, name="y")
        saver = v1.train.Saver([w])
        with tf.control_dependencies([tf.io.write_file(trace(folder, "act.ckpt"), "w")]):
            first = tf.identity(0.0)
        v1.get_variable(
            "seen", initializer=first, collections=["local_variables"], use_resource=False
        )
        session.run(w.initializer)
        saver.save(session, os.path.join(folder, "act.ckpt"))


def write_functions(tf, folder):
    """Write models as TensorFlow 2 does."""
    spec = tf.TensorSpec([None, 4], tf.float32, name="x")

    def write(name, act, attributes=None, more=()):
        module = tf.Module()
        module.w = tf.Variable(W, name="w")
        for key, value in (attributes or {}).items():
            setattr(module, key, value)

        @tf.function(input_signature=[spec])
        def predict(x):
            found = act(trace(folder, name))
            outputs = {"y": tf.matmul(x, module.w)}
            if found is not None:
                outputs["found"] = found
            return outputs

        module.predict = predict
        signatures = {"serving_default": predict}
        signatures.update({key: tf.function(make, input_signature=[spec]) for key, make in more})
        tf.saved_model.save(module, os.path.join(folder, name), signatures=signatures)

    def leave(path):
        tf.io.write_file(path, "w")

    write("v2_write", leave)

    @tf.function
    def outer(path):
        if tf.random.uniform([]) < 2.0:
            tf.function(leave)(path)

    write("v2_nested", outer)

    def mapped(path):
        def one(i):
            tf.io.write_file(path, "w")
            return i

        return (
            tf.data.Dataset.range(2).map(one).reduce(tf.constant(0, tf.int64), lambda a, b: a + b)
        )

    write("v2_mapped", mapped)

    def cached(path):
        data = tf.data.Dataset.range(2).cache(path)
        return data.reduce(tf.constant(0, tf.int64), lambda a, b: a + b)

    write("v2_cached", cached)
    write(
        "v2_saved",
        lambda path: (
            tf.raw_ops.SaveV2(
                prefix=path, tensor_names=["w"], shape_and_slices=[""], tensors=[tf.zeros([2])]
            )
            and None
        ),
    )

    class Resource(tf.saved_model.experimental.TrackableResource):
        def _create_resource(self):
            return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

        def _initialize(self):
            tf.io.write_file(trace(folder, "v2_loaded"), "w")

    write("v2_loaded", lambda path: None, {"resource": Resource()})
    # the SignatureDef shows one function, and tf.saved_model.load finds another
    harmless = ("harmless", lambda x: {"y": 2 * x})
    write("v2_hidden", leave, more=[harmless])
    with changed(tf, os.path.join(folder, "v2_hidden")) as graph:
        signatures = graph.signature_def
        signatures["serving_default"].CopyFrom(signatures["harmless"])

    # what is harmless
    in_memory = lambda path: cached("")  # noqa: E731
    write("v2_memory", in_memory)
    words = os.path.join(folder, "words.txt")
    with open(words, "w") as file:
        file.write("one\ntwo\n")
    asset = tf.saved_model.Asset(words)
    write("v2_asset", lambda path: tf.io.read_file(asset.asset_path), {"asset": asset})

    def lines(path):
        data = tf.data.TextLineDataset(asset.asset_path)
        return data.reduce(tf.constant(0, tf.int64), lambda count, line: count + 1)

    write("v2_lines", lines, {"asset": asset})
    write("v2_escaping", lines, {"asset": asset})
    with changed(tf, os.path.join(folder, "v2_escaping")) as graph:
        graph.asset_file_def[0].filename = "../../secret.txt"


def write_keras(tf, folder):
    """Write Keras models: Keras 3's, Keras 2's, and some that were tampered with."""
    import h5py
    import keras
    import tf_keras

    def target(name):
        return os.path.join(folder, name)

    def dense(layers, **more):
        inputs = layers.Input((4,), name="features")
        return inputs, layers.Dense(3, name="scores", activation="relu", **more)(inputs)

    plain = keras.Model(*dense(keras.layers))
    plain.save(target("plain.keras"))
    plain.export(target("plain_export"), verbose=False)
    inputs, outputs = dense(keras.layers)
    heads = keras.Model(inputs, [outputs, keras.layers.Dense(3, name="again")(outputs)])
    heads.save(target("heads.keras"))
    heads.export(target("heads_export"), verbose=False)
    old = tf_keras.Model(*dense(tf_keras.layers))
    old.set_weights(plain.get_weights())
    old.save(target("plain2.keras"))
    old.save(target("plain2.h5"))
    inputs, outputs = dense(tf_keras.layers)
    tf_keras.Model(inputs, outputs * 2.0 + 1.0).save(target("arithmetic.h5"))

    def own_loss(truth, found):
        return keras.ops.mean(truth - found)

    compiled = keras.Model(*dense(keras.layers))
    compiled.compile("adam", own_loss)
    compiled.save(target("compiled.keras"))
    path = trace(folder, "lambda")
    act = f"lambda x: (open({path!r}, 'w').close(), x)[1]"
    for package, name in ((keras, "lambda.keras"), (tf_keras, "lambda.h5")):
        inputs, outputs = dense(package.layers)
        layer = package.layers.Lambda(eval(act), name="sly", output_shape=(3,))
        package.Model(inputs, layer(outputs)).save(target(name))
    inputs = keras.layers.Input((2, 4), name="features")
    layer = keras.layers.Lambda(eval(act), output_shape=(4,), name="inner")
    nested = keras.Sequential([keras.layers.Input((4,)), layer], name="nested")
    wrapped = keras.layers.TimeDistributed(nested, name="wrapped")(inputs)
    keras.Model(inputs, wrapped).save(target("nested.keras"))

    @keras.saving.register_keras_serializable("Mine")
    class Mine(keras.layers.Dense):
        pass

    inputs = keras.layers.Input((4,), name="features")
    keras.Model(inputs, Mine(2, name="own")(inputs)).save(target("custom.keras"))

    def tampered(name, change):
        with zipfile.ZipFile(target("plain.keras")) as source:
            members = {member: source.read(member) for member in source.namelist()}
        config = json.loads(members["config.json"])
        change(config["config"]["layers"][1], members)
        members["config.json"] = json.dumps(config).encode()
        with zipfile.ZipFile(target(name), "w") as result:
            for member, data in members.items():
                result.writestr(member, data)

    def other_module(layer, members):
        layer["module"], layer["class_name"], layer["registered_name"] = "os", "system", None
        layer["config"] = {"command": "touch " + trace(folder, "module")}

    def gadget(layer, members):
        layer["module"], layer["class_name"] = "keras.src.utils.file_utils", "get_file"

    def function(layer, members):
        layer["config"]["activation"] = {
            "module": "builtins",
            "class_name": "function",
            "config": "eval",
            "registered_name": "function",
        }

    def unsafe(layer, members):
        layer["module"], layer["class_name"] = "keras.config", "enable_unsafe_deserialization"

    def registered(layer, members):
        layer["registered_name"] = "Evil>Dense"

    def vocabulary(layer, members):
        layer["class_name"] = "StringLookup"
        layer["config"] = {"name": "words", "vocabulary": os.path.join(folder, "secret.txt")}

    tampered("module.keras", other_module)
    tampered("gadget.keras", gadget)
    tampered("function.keras", function)
    tampered("unsafe.keras", unsafe)
    tampered("registered.keras", registered)
    tampered("vocabulary.keras", vocabulary)
    tampered("escape.keras", lambda layer, members: members.update({"../escaped": b"x"}))
    tampered("incomplete.keras", lambda layer, members: members.pop("metadata.json"))

    with open(target("plain.keras"), "rb") as source:
        data = bytearray(source.read())
    with open(target("short.keras"), "wb") as result:
        result.write(data[: len(data) // 2])
    # the weights are stored as they are, so that a flipped bit leaves the archive readable
    with zipfile.ZipFile(target("plain.keras")) as archive:
        place = archive.getinfo("model.weights.h5").header_offset
    data[place + 2000] ^= 1
    with open(target("flipped.keras"), "wb") as result:
        result.write(data)

    def hdf5(name, change):
        with open(target("plain2.h5"), "rb") as source, open(target(name), "wb") as result:
            result.write(source.read())
        with h5py.File(target(name), "r+") as file:
            change(file)

    def external(file):
        file["model_weights"]["away"] = h5py.ExternalLink("secret.txt", "/")

    def outside(file):
        file.create_dataset("away", (6,), "u1", external=[(target("secret.txt"), 0, 6)])

    def bomb(file):
        file.create_dataset("large", (1 << 20, 1 << 12), "f4", chunks=(1 << 10, 1 << 10))

    def operation(file):
        config = json.loads(file.attrs["model_config"])
        layer = config["config"]["layers"][1]
        layer["class_name"], layer["config"] = (
            "TFOpLambda",
            {"name": "op", "function": "io.write_file"},
        )
        file.attrs["model_config"] = json.dumps(config)

    def node(file, spelled='{"name": "n", "op": "WriteFile"}'):
        config = json.loads(file.attrs["model_config"])
        layer = config["config"]["layers"][1]
        layer["class_name"] = "TensorFlowOpLayer"
        layer["config"] = {"name": "op", "node_def": spelled}
        file.attrs["model_config"] = json.dumps(config)

    hdf5("external.h5", external)
    hdf5("outside.h5", outside)
    hdf5("bomb.h5", bomb)
    hdf5("operation.h5", operation)
    hdf5("node.h5", node)
    hdf5("node_object.h5", lambda file: node(file, {"name": "n", "op": "WriteFile"}))  # 1.15's
    with open(target("plain2.h5"), "rb") as source, open(target("cut.h5"), "wb") as result:
        result.write(source.read()[:3000])
