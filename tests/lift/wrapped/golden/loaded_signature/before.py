import numpy as np
import tensorflow as tf

export_dir = "export"
key = tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY

sess = tf.Session()
meta_graph_def = tf.saved_model.loader.load(sess, ["serve"], export_dir)
signature = meta_graph_def.signature_def

# the names of the tensors
x_name = signature[key].inputs["inputs"].name
y_name = signature[key].outputs["outputs"].name
print("reads", x_name, "gives", y_name)

x = sess.graph.get_tensor_by_name(x_name)
y = sess.graph.get_tensor_by_name(y_name)

for i in range(3):
    print(i, sess.run(y, {x: np.full([2, 4], i)}))
print(sess.run(y_name, {x_name: [[1, 2, 3, 4]]}))
sess.close()
