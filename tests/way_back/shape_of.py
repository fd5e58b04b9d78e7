"""Print what readers of TensorFlow 1 depend on in files of a folder: keys, ops, attributes."""

import json
import os
import sys

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2


def ops(graph_def):
    """Return each op with the attributes that its nodes have."""
    found = {}
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    for node in nodes:
        attributes = (name for name in node.attr if not name.startswith("_"))
        found.setdefault(node.op, set()).update(attributes)
    return {op: sorted(names) for op, names in sorted(found.items())}


told = {}
for folder, _, files in os.walk(sys.argv[1]):
    for name in sorted(files):
        path = os.path.join(folder, name)
        key = os.path.relpath(path, sys.argv[1]).replace(os.sep, "/")
        if name.endswith(".index"):
            told[key] = sorted(map(str, tf.train.list_variables(path[: -len(".index")])))
        elif name.endswith(".meta"):
            with open(path, "rb") as stream:
                told[key] = ops(meta_graph_pb2.MetaGraphDef.FromString(stream.read()).graph_def)
        elif name == "saved_model.pb":
            with open(path, "rb") as stream:
                model = saved_model_pb2.SavedModel.FromString(stream.read())
            told[key] = ops(model.meta_graphs[0].graph_def)
print(json.dumps(told))
