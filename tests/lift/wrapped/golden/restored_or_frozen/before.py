import os
import numpy as np
import tensorflow as tf


def load_model(model):
    # Check if the model is a model directory or a model file with a frozen graph
    model_exp = os.path.expanduser(model)
    if os.path.isfile(model_exp):
        print('Model filename: %s' % model_exp)
        with tf.gfile.FastGFile(model_exp, 'rb') as f:
            graph_def = tf.GraphDef()
            graph_def.ParseFromString(f.read())
            tf.import_graph_def(graph_def, name='')
    else:
        print('Model directory: %s' % model_exp)
        saver = tf.train.import_meta_graph(os.path.join(model_exp, "net-20.meta"))
        saver.restore(tf.get_default_session(), os.path.join(model_exp, "net-20"))


def main():
    with tf.Graph().as_default():
        with tf.Session() as sess:
            load_model("model")
            # Get input and output tensors
            images_placeholder = tf.get_default_graph().get_tensor_by_name("x:0")
            embeddings = tf.get_default_graph().get_tensor_by_name("scores:0")
            feed_dict = {images_placeholder: np.ones([2, 4])}
            emb = sess.run(embeddings, feed_dict=feed_dict)
            print(emb)


main()
