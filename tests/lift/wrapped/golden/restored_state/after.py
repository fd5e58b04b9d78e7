import tensorflow as tf
import tf2_bridge

ckpt = tf.train.get_checkpoint_state("model")


class RestoredState(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        if ckpt and ckpt.model_checkpoint_path:
            saver = tf2_bridge.import_meta_graph(ckpt.model_checkpoint_path + ".meta")
            saver.restore(ckpt.model_checkpoint_path)
        else:
            raise ValueError("no checkpoint")
        x = tf.compat.v1.get_default_graph().get_tensor_by_name("x:0")
        y = tf.compat.v1.get_default_graph().get_tensor_by_name("scores:0")

        self.y = self.function([x], y)


model = RestoredState()
model.build()
print(model.y([[1, 2, 3, 4]]))
