import numpy as np
import tensorflow as tf

v = np.random.RandomState(2).uniform(0.1, 1, (3, 4)).astype(np.float32)

a = tf.placeholder(tf.float32, [3, 4])
w = tf.Variable(tf.random_uniform([4, 4]), name="w")
keep = tf.placeholder(tf.float32)

logged = tf.log(a) + tf.to_float(tf.argmax(a, dimension=1))[0]
summed = tf.reduce_sum(logged, reduction_indices=1, keep_dims=True)
spread = tf.expand_dims(tf.squeeze(summed, squeeze_dims=[1]), dim=0)
mixed = tf.matmul(a, w)
dropped = tf.nn.dropout(mixed, keep)
share = tf.nn.softmax(mixed, dim=-1)
product = tf.multiply(a, tf.negative(share))
entropy = tf.nn.softmax_cross_entropy_with_logits(logits=mixed, labels=share)
distance = tf.losses.mean_squared_error(a, mixed)
angle = tf.acos(tf.clip_by_value(share, 0.0, 1.0)) + tf.lin_space(0.0, 1.0, 4)
inverse = tf.matrix_inverse(w + tf.diag([2.0, 2.0, 2.0, 2.0]))
turned = tf.transpose(inverse, name="turned")
train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(entropy) + distance)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(3):
        sess.run(train, {a: v})
    for value in sess.run(
        [logged, spread, share, product, entropy, distance, angle, turned], {a: v}
    ):
        print(np.asarray(value).ravel().tolist())
    print(sess.run(dropped, {a: v, keep: 1.0}).ravel().tolist())
    print(sess.run(w).ravel().tolist())
