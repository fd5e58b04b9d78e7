"""Train a small convolutional network with tf.layers."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge

# Training parameters
learning_rate = 0.01
num_steps = 40
batch_size = 8


def conv_net(x, n_classes, keep_prob):
    # Reshape to match picture format [Height x Width x Channel]
    x = tf.reshape(x, shape=[-1, 8, 8, 1])
    # Convolution Layer with 4 filters and a kernel size of 3
    conv1 = tf.compat.v1.layers.conv2d(x, 4, 3, activation=tf.nn.relu)
    conv1 = tf.compat.v1.layers.max_pooling2d(conv1, 2, 2)
    fc1 = tf.compat.v1.layers.flatten(conv1)
    fc1 = tf.compat.v1.layers.dense(fc1, 16)
    # Apply Dropout
    fc1 = tf.nn.dropout(fc1, rate=1 - keep_prob)
    return tf.compat.v1.layers.dense(fc1, n_classes)


class Convnet(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        # tf Graph input
        x = tf2_bridge.feed(tf.TensorSpec([None, 64], tf.float32, name="x"))
        y = tf2_bridge.feed(tf.TensorSpec([None], tf.int32))
        keep_prob = tf2_bridge.feed(tf.TensorSpec(None, tf.float32))  # dropout (keep probability)

        # Construct model
        logits = conv_net(x, 3, keep_prob)
        prediction = tf.nn.softmax(logits)

        # Define loss and optimizer
        loss_op = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y)
        )
        optimizer = tf.compat.v1.train.AdamOptimizer(learning_rate=learning_rate)
        train_op = optimizer.minimize(loss_op)

        # Evaluate model
        correct_pred = tf.equal(tf.argmax(prediction, 1), tf.cast(y, tf.int64))
        accuracy = tf.reduce_mean(tf.cast(correct_pred, tf.float32))

        self.train_op = self.function([x, y, keep_prob], train_op)
        self.evaluate = self.function([x, y, keep_prob], [loss_op, accuracy])
        self.prediction = self.function([x, keep_prob], prediction)


# Initialize the variables (i.e. assign their default value)
# Run the initializer
model = Convnet()
model.build()

data = np.random.RandomState(1)

# Start training
for step in range(1, num_steps + 1):
    batch_x = data.uniform(size=(batch_size, 64))
    batch_y = batch_x[:, :3].argmax(axis=1)
    # Run optimization op (backprop)
    model.train_op(batch_x, batch_y, 1.0)
    if step % 10 == 0 or step == 1:
        # Calculate batch loss and accuracy
        loss, acc = model.evaluate(batch_x, batch_y, 1.0)
        print("Step " + str(step) + ", Minibatch Loss= " + "{:.4f}".format(loss))
        print("Training Accuracy= " + "{:.3f}".format(acc))

print("Optimization Finished!")
test_x = data.uniform(size=(5, 64))
print("Prediction:", model.prediction(test_x, 1.0).tolist())
