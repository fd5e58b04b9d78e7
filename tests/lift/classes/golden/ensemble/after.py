# Two models of one class in one session
import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge

tf.random.set_seed(777)  # reproducibility

learning_rate = 0.01


class Model(tf2_bridge.GraphModule):

    def __init__(self, name):
        super().__init__()
        self.name = name
        self._build_net()

    @tf2_bridge.graph
    def _build_net(self):
        with tf.compat.v1.variable_scope(self.name):
            self.training = tf2_bridge.feed(tf.TensorSpec(None, tf.bool))

            # input place holders
            self.X = tf2_bridge.feed(tf.TensorSpec([None, 16], tf.float32))

            # img 4x4x1, Input Layer
            X_img = tf.reshape(self.X, [-1, 4, 4, 1])
            self.Y = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32))

            # Convolutional Layer #1
            conv1 = tf.compat.v1.layers.conv2d(inputs=X_img, filters=3, kernel_size=[3, 3], use_bias=False,
                                               kernel_initializer=tf.compat.v1.constant_initializer(0.1),
                                               padding="SAME", activation=tf.nn.relu)
            norm1 = tf.compat.v1.layers.batch_normalization(conv1, training=self.training)
            pool1 = tf.compat.v1.layers.max_pooling2d(inputs=norm1, pool_size=[2, 2],
                                                      padding="SAME", strides=2)
            dropout1 = tf.compat.v1.layers.dropout(inputs=pool1,
                                                   rate=0.0, training=self.training)

            # Logits (no activation) Layer
            flat = tf.reshape(dropout1, [-1, 3 * 2 * 2])
            self.logits = tf.compat.v1.layers.dense(
                inputs=flat, units=2,
                kernel_initializer=tf.compat.v1.constant_initializer(np.linspace(-1, 1, 24)))

        # define cost/loss & optimizer
        self.cost = tf.reduce_mean(tf.compat.v1.nn.softmax_cross_entropy_with_logits(
            logits=self.logits, labels=self.Y))
        update_ops = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS, scope=self.name)
        with tf.control_dependencies(update_ops):
            self.optimizer = tf.compat.v1.train.AdamOptimizer(
                learning_rate=learning_rate).minimize(self.cost)

        correct_prediction = tf.equal(
            tf.argmax(self.logits, 1), tf.argmax(self.Y, 1))
        self.accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

        self._predict = self.function([self.X, self.training], self.logits)
        self._get_accuracy = self.function(
            [self.X, self.Y, self.training], self.accuracy
        )
        self._train = self.function(
            [self.X, self.Y, self.training], [self.cost, self.optimizer]
        )

    def predict(self, x_test, training=False):
        return self._predict(x_test, training)

    def get_accuracy(self, x_test, y_test, training=False):
        return self._get_accuracy(x_test, y_test, training)

    def train(self, x_data, y_data, training=True):
        return self._train(x_data, y_data, training)


models = []
num_models = 2
for m in range(num_models):
    models.append(Model("model" + str(m)))

print('Learning Started!')

rng = np.random.RandomState(3)
images = rng.uniform(0, 1, (20, 16))
labels = np.eye(2)[(images[:, 0] > 0.5).astype(int)]

# train my model
for epoch in range(5):
    avg_cost_list = np.zeros(len(models))
    for i in range(2):
        batch_xs, batch_ys = images[i::2], labels[i::2]

        # train each model
        for m_idx, m in enumerate(models):
            c, _ = m.train(batch_xs, batch_ys)
            avg_cost_list[m_idx] += c / 2

    print('Epoch:', '%04d' % (epoch + 1), 'cost =', avg_cost_list)

print('Learning Finished!')

# Test model and check accuracy
predictions = np.zeros([len(labels), 2])
for m_idx, m in enumerate(models):
    print(m_idx, 'Accuracy:', m.get_accuracy(images, labels))
    predictions += m.predict(images)
print(predictions[:3])
