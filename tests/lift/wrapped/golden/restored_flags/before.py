import numpy as np
import tensorflow as tf

tf.flags.DEFINE_integer("batch_size", 2, "Batch Size")
tf.flags.DEFINE_string("checkpoint_dir", "model", "Checkpoint directory")
tf.flags.DEFINE_boolean("allow_soft_placement", True, "Allow device soft device placement")
FLAGS = tf.flags.FLAGS

x_test = np.linspace(-1, 1, 16).reshape(4, 4)
checkpoint_file = tf.train.latest_checkpoint(FLAGS.checkpoint_dir)
graph = tf.Graph()
with graph.as_default():
    session_conf = tf.ConfigProto(
      allow_soft_placement=FLAGS.allow_soft_placement)
    sess = tf.Session(config=session_conf)
    with sess.as_default():
        # Load the saved meta graph and restore variables
        saver = tf.train.import_meta_graph("{}.meta".format(checkpoint_file))
        saver.restore(sess, checkpoint_file)

        # Get the placeholders from the graph by name
        input_x = graph.get_operation_by_name("x").outputs[0]
        # Tensors we want to evaluate
        predictions = graph.get_operation_by_name("classes").outputs[0]

        # Collect the predictions here
        all_predictions = []

        for x_test_batch in np.split(x_test, 2):
            batch_predictions = sess.run(predictions, {input_x: x_test_batch})
            all_predictions = np.concatenate([all_predictions, batch_predictions])
print(all_predictions)
