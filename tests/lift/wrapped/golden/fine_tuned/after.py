import numpy as np
import tensorflow as tf
import tf2_bridge


class FineTuned(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        saver = tf2_bridge.import_meta_graph("model/net-20.meta")
        graph = tf.compat.v1.get_default_graph()
        x = graph.get_tensor_by_name("x:0")
        logits = graph.get_tensor_by_name("logits:0")
        frozen = tf.stop_gradient(logits)
        with tf.compat.v1.variable_scope("head"):
            w = tf.compat.v1.get_variable("w", initializer=tf.ones([3, 2]))
        out = tf.matmul(frozen, w)
        labels = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32))
        loss = tf.reduce_mean(tf.square(out - labels))
        train = tf.compat.v1.train.MomentumOptimizer(0.01, 0.9).minimize(loss, var_list=[w])
        saver.restore("model/net-20")

        self.train = self.function([x, labels], [train, loss])
        self.w = w


model = FineTuned()
model.build()
for i in range(4):
    _, l = model.train(np.ones([2, 4]), [[1, 0], [0, 1]])
    print(l)
print(model.w.numpy())
model.make_saver().save("model/fine")
