import tensorflow.compat.v1 as tf
from tensorflow.python.framework import graph_util
from tensorflow.python.framework.graph_util import remove_training_nodes
from tensorflow.python.tools import freeze_graph, optimize_for_inference_lib
from tensorflow.python.tools.freeze_graph import freeze_graph as freeze
from tensorflow.python.tools import strip_unused_lib as strip
from tensorflow.tools.graph_transforms import TransformGraph

tf.disable_v2_behavior()


def tools(graph_def, sess):
    freeze_graph.freeze_graph(
        input_graph="", input_saver="", input_binary=True, input_checkpoint="m/ckpt",
        output_node_names="y", restore_op_name="", filename_tensor_name="", output_graph="f.pb",
        clear_devices=True, initializer_nodes="", input_meta_graph="m/ckpt.meta")
    freeze("g.pb", "", True, "m/ckpt", "y", "", "", "f.pb", True, "", "", "", None, "export")
    freeze("g.pb", "", True, "m/ckpt", "y", "", "", "f.pb", True, "")
    graph_def = optimize_for_inference_lib.optimize_for_inference(graph_def, ["x"], ["y"], 1)
    graph_def = strip.strip_unused(graph_def, ["x"], ["y"], 1)
    graph_def = remove_training_nodes(graph_def, protected_nodes=["y"])
    graph_def = graph_util.extract_sub_graph(graph_def, ["y"])
    graph_def = TransformGraph(graph_def, ["x"], ["y"], ["fold_constants"])
    tf.train.write_graph(graph_def, "d", "g.pbtxt")
    return tf.compat.v1.graph_util.convert_variables_to_constants(sess, graph_def, ["y"])
