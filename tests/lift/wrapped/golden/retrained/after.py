import numpy as np
import tensorflow as tf
import tf2_bridge

rng = np.random.RandomState(3)
features = rng.uniform(-1, 1, [32, 4])
targets = np.eye(3)[rng.randint(0, 3, 32)]


class Retrained(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        saver = tf2_bridge.import_meta_graph("model/net-20.meta")
        saver.restore("model/net-20")

        x, labels = tf.compat.v1.get_collection("inputs")
        train_op = tf.compat.v1.get_collection("train_op")[0]
        loss = tf.compat.v1.get_default_graph().get_tensor_by_name("loss:0")
        step = tf.compat.v1.get_default_graph().get_tensor_by_name("global_step:0")

        self.train_op = self.function([x, labels], [train_op, loss])
        self.step = self.function([], step)
        self.saver = saver


model = Retrained()
model.build()

for epoch in range(5):
    _, value = model.train_op(features, targets)
    print("epoch", epoch, "loss", value)
print("steps", model.step())
model.saver.save("model/again", global_step=model.step())
