import numpy as np
import tensorflow as tf

export_dir = "exported"

data = np.random.RandomState(5).normal(size=(16, 4)).astype(np.float32)

inputs = tf.placeholder(tf.float32, [None, 4], name="inputs")
rate = tf.placeholder(tf.float32, [], name="rate")
target = tf.placeholder(tf.float32, [None, 2])
kernel = tf.get_variable("kernel", [4, 2], initializer=tf.random_uniform_initializer(-1, 1))
offset = tf.get_variable("offset", shape=[2], initializer=tf.constant_initializer(0.1))
scores = tf.nn.softmax(tf.nn.xw_plus_b(inputs, kernel, offset), name="scores")
best = tf.argmax(scores, dimension=1)
# squared error, per row
error = tf.reduce_sum(tf.square(scores - target), reduction_indices=[1], keep_dims=True)
loss = tf.reduce_mean(error)
step = tf.train.AdagradOptimizer(0.5).minimize(loss)

session = tf.InteractiveSession()
tf.global_variables_initializer().run()
for _ in range(30):
    step.run({inputs: data, target: np.eye(2)[(data[:, 0] > 0).astype(int)]})
print("loss: %r" % loss.eval(feed_dict={inputs: data, target: np.eye(2)[[0] * 16]}).item())

# what the service asks for
tf.saved_model.simple_save(
    session, export_dir, inputs={"x": inputs}, outputs={"scores": scores, "class": best}
)
session.close()
