import numpy as np
import tensorflow as tf


class Exporter(object):
    """Trains a little, and exports twice: simply, and with a builder."""

    def __init__(self, units):
        self.units = units
        self._add_inputs()
        self._add_network()
        self.session = tf.Session()
        self.session.run(tf.global_variables_initializer())

    def _add_inputs(self):
        self.inputs = tf.placeholder(tf.float32, [None, 2], name="inputs")
        self.labels = tf.placeholder(tf.float32, [None, 1], name="labels")
        self.keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")

    def _add_network(self):
        hidden = tf.layers.dense(self.inputs, self.units, tf.nn.relu,
                                 kernel_initializer=tf.constant_initializer(0.4))
        hidden = tf.nn.dropout(hidden, self.keep_prob)
        self.logits = tf.layers.dense(hidden, 1, kernel_initializer=tf.constant_initializer(-0.3))
        self.probability = tf.nn.sigmoid(self.logits)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=self.labels, logits=self.logits)
        self.loss = tf.reduce_mean(losses)
        self.train_op = tf.train.AdagradOptimizer(0.2).minimize(self.loss)

    def fit(self, x, y):
        # dropout stays off
        feed = {self.inputs: x,
                # one column
                self.labels: y}
        return self.session.run([self.train_op, self.loss], feed_dict=feed)[1]

    def predict(self, x):
        return self.session.run(self.probability, {self.inputs: x})

    def export(self, folder):
        # for TensorFlow Serving
        tf.saved_model.simple_save(
            self.session,
            folder,
            inputs={"x": self.inputs},
            outputs={"p": self.probability, "logits": self.logits},
        )

    def export_builder(self, folder):
        builder = tf.saved_model.builder.SavedModelBuilder(folder)
        tensor_info_x = tf.saved_model.utils.build_tensor_info(self.inputs)
        tensor_info_y = tf.saved_model.utils.build_tensor_info(self.probability)

        prediction_signature = (
            tf.saved_model.signature_def_utils.build_signature_def(
                inputs={"images": tensor_info_x},
                outputs={"scores": tensor_info_y},
                method_name=tf.saved_model.signature_constants.PREDICT_METHOD_NAME))

        builder.add_meta_graph_and_variables(
            self.session, [tf.saved_model.tag_constants.SERVING],
            signature_def_map={
                "predict_images": prediction_signature,
            })
        builder.save()
        print("Exported")


model = Exporter(3)
x = np.array([[0.0, 1.0], [1.0, 0.5], [0.2, 0.3]])
y = np.array([[1.0], [0.0], [1.0]])
for _ in range(3):
    print(model.fit(x, y))
print(model.predict(x))
model.export("simple")
model.export_builder("built")
