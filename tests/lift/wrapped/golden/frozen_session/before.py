import numpy as np
import tensorflow as tf

def load():
    config = tf.ConfigProto(allow_soft_placement=True)
    with open("frozen.pb", 'rb') as f:
        graph_def = tf.GraphDef()
        graph_def.ParseFromString(f.read())
        tf.import_graph_def(graph_def, name='')
    sess = tf.Session(config=config)
    return sess

def inference(x, sess):
    y = sess.graph.get_tensor_by_name("scores:0")
    return sess.run(y, feed_dict={"x:0": x})

if __name__ == "__main__":
    sess = load()
    for i in range(2):
        print(inference(np.full([1, 4], i), sess))
