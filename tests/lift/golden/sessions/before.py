import numpy as np
import tensorflow as tf

learning_rate = 0.01
model_path = "./sessions.ckpt"

# tf Graph input
x = tf.placeholder("float", [None, 4])
y = tf.placeholder("float", [None, 2])

# Store layers weight & bias
weights = tf.Variable(tf.random_normal([4, 2]), name="weights")
biases = tf.Variable(tf.random_normal([2]), name="biases")

pred = tf.matmul(x, weights) + biases

# Define loss and optimizer
cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=pred, labels=y))
optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate).minimize(cost)

# Initialize the variables (i.e. assign their default value)
init = tf.global_variables_initializer()

# 'Saver' op to save and restore all the variables
saver = tf.train.Saver()

data = np.random.RandomState(5).normal(size=(40, 4))
target = np.eye(2)[(data.sum(axis=1) > 0).astype(int)]

print("Starting 1st session...")
with tf.Session() as sess:
    # Run the initializer
    sess.run(init)

    for epoch in range(30):
        _, c = sess.run([optimizer, cost], feed_dict={x: data, y: target})
        if epoch % 10 == 0:
            print("Epoch:", epoch, "cost=", c)

    # Save model weights to disk
    save_path = saver.save(sess, model_path)
    print("Model saved in file: %s" % save_path)

    # what comes after the save is lost
    sess.run(optimizer, feed_dict={x: data, y: target})

print("Starting 2nd session...")
with tf.Session() as sess:
    # Initialize variables
    sess.run(init)

    # Restore model weights from previously saved model
    saver.restore(sess, model_path)

    # Resume training
    for epoch in range(30):
        _, c = sess.run([optimizer, cost], feed_dict={x: data, y: target})
        if epoch % 10 == 0:
            print("Epoch:", epoch, "cost=", c)
    print(sess.run(weights).tolist())
