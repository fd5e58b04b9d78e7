import tensorflow as tf
import tf2_bridge


class RestoredVariables(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        new_saver = tf2_bridge.import_meta_graph('model/net-20.meta')
        new_saver.restore(tf.train.latest_checkpoint('model/'))
        all_vars = tf.compat.v1.trainable_variables()

        self.evaluate = self.function([], 'net/b:0')
        self.all_vars = all_vars


model = RestoredVariables()
model.build()
for v in model.all_vars:
    v_ = v.numpy()
    print("{} with value {}".format(v.name, v_))
print(model.evaluate())
