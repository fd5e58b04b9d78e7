import numpy as np
import tensorflow as tf

sess = tf.Session()
tf.saved_model.loader.load(sess, ["serve"], "export")
x = sess.graph.get_tensor_by_name("x:0")


def outputs(names, values):
    """Return what tensors of the model are for some values."""
    return sess.run(names, feed_dict={x: values})


batch = np.linspace(-1, 1, 8).reshape(2, 4)
print(outputs(["scores:0"], batch))
for name in ("scores", "x"):
    # one after the other
    print(name, sess.run(name + ":0", {"x:0": batch}))
