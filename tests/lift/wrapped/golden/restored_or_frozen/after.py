import os
import numpy as np
import tensorflow as tf
import tf2_bridge


def load_model(model):
    # Check if the model is a model directory or a model file with a frozen graph
    model_exp = os.path.expanduser(model)
    if os.path.isfile(model_exp):
        print('Model filename: %s' % model_exp)
        with tf.io.gfile.GFile(model_exp, 'rb') as f:
            graph_def = tf.compat.v1.GraphDef()
            graph_def.ParseFromString(f.read())
            tf.import_graph_def(graph_def, name='')
    else:
        print('Model directory: %s' % model_exp)
        saver = tf2_bridge.import_meta_graph(os.path.join(model_exp, "net-20.meta"))
        saver.restore(os.path.join(model_exp, "net-20"))


class RestoredOrFrozen(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        load_model("model")
        # Get input and output tensors
        images_placeholder = tf.compat.v1.get_default_graph().get_tensor_by_name("x:0")
        embeddings = tf.compat.v1.get_default_graph().get_tensor_by_name("scores:0")

        self.embeddings = self.function([images_placeholder], embeddings)


def main():
    model_2 = RestoredOrFrozen()
    model_2.build()
    feed_dict = (np.ones([2, 4]),)
    emb = model_2.embeddings(*feed_dict)
    print(emb)


main()
