import numpy as np
import tensorflow as tf
import tf2_bridge

tf.compat.v1.flags.DEFINE_integer("batch_size", 2, "Batch Size")
tf.compat.v1.flags.DEFINE_string("checkpoint_dir", "model", "Checkpoint directory")
tf.compat.v1.flags.DEFINE_boolean(
    "allow_soft_placement", True, "Allow device soft device placement"
)
FLAGS = tf.compat.v1.flags.FLAGS

x_test = np.linspace(-1, 1, 16).reshape(4, 4)
checkpoint_file = tf.train.latest_checkpoint(FLAGS.checkpoint_dir)


class RestoredFlags(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        graph = tf.compat.v1.get_default_graph()
        # Load the saved meta graph and restore variables
        saver = tf2_bridge.import_meta_graph("{}.meta".format(checkpoint_file))
        saver.restore(checkpoint_file)

        # Get the placeholders from the graph by name
        input_x = graph.get_operation_by_name("x").outputs[0]
        # Tensors we want to evaluate
        predictions = graph.get_operation_by_name("classes").outputs[0]

        self.predictions = self.function([input_x], predictions)


model = RestoredFlags()
model.build()

# Collect the predictions here
all_predictions = []

for x_test_batch in np.split(x_test, 2):
    batch_predictions = model.predictions(x_test_batch)
    all_predictions = np.concatenate([all_predictions, batch_predictions])
print(all_predictions)
