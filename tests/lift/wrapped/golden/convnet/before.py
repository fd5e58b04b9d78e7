"""Train a small convolutional network with tf.layers."""

import numpy as np
import tensorflow as tf

# Training parameters
learning_rate = 0.01
num_steps = 40
batch_size = 8

# tf Graph input
x = tf.placeholder(tf.float32, [None, 64], name="x")
y = tf.placeholder(tf.int32, [None])
keep_prob = tf.placeholder(tf.float32)  # dropout (keep probability)


def conv_net(x, n_classes, keep_prob):
    # Reshape to match picture format [Height x Width x Channel]
    x = tf.reshape(x, shape=[-1, 8, 8, 1])
    # Convolution Layer with 4 filters and a kernel size of 3
    conv1 = tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu)
    conv1 = tf.layers.max_pooling2d(conv1, 2, 2)
    fc1 = tf.layers.flatten(conv1)
    fc1 = tf.layers.dense(fc1, 16)
    # Apply Dropout
    fc1 = tf.nn.dropout(fc1, keep_prob)
    return tf.layers.dense(fc1, n_classes)


# Construct model
logits = conv_net(x, 3, keep_prob)
prediction = tf.nn.softmax(logits)

# Define loss and optimizer
loss_op = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=y))
optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate)
train_op = optimizer.minimize(loss_op)

# Evaluate model
correct_pred = tf.equal(tf.argmax(prediction, 1), tf.cast(y, tf.int64))
accuracy = tf.reduce_mean(tf.cast(correct_pred, tf.float32))

# Initialize the variables (i.e. assign their default value)
init = tf.global_variables_initializer()

data = np.random.RandomState(1)

# Start training
with tf.Session() as sess:
    # Run the initializer
    sess.run(init)

    for step in range(1, num_steps + 1):
        batch_x = data.uniform(size=(batch_size, 64))
        batch_y = batch_x[:, :3].argmax(axis=1)
        # Run optimization op (backprop)
        sess.run(train_op, feed_dict={x: batch_x, y: batch_y, keep_prob: 1.0})
        if step % 10 == 0 or step == 1:
            # Calculate batch loss and accuracy
            loss, acc = sess.run(
                [loss_op, accuracy], feed_dict={x: batch_x, y: batch_y, keep_prob: 1.0}
            )
            print("Step " + str(step) + ", Minibatch Loss= " + "{:.4f}".format(loss))
            print("Training Accuracy= " + "{:.3f}".format(acc))

    print("Optimization Finished!")
    test_x = data.uniform(size=(5, 64))
    print("Prediction:", sess.run(prediction, feed_dict={x: test_x, keep_prob: 1.0}).tolist())
