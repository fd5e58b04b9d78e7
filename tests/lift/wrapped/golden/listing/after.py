"""Variables of the graph are listed where the session runs."""
import numpy as np
import tensorflow as tf
import tf2_bridge


class Listing(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        x = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32, name='x'))
        y = tf2_bridge.feed(tf.TensorSpec([None], tf.float32))
        with tf.compat.v1.variable_scope('hidden'):
            w = tf.compat.v1.get_variable(
                'w', [3, 4], initializer=tf.compat.v1.constant_initializer(0.1)
            )
            b = tf.compat.v1.get_variable('b', [4], initializer=tf.compat.v1.zeros_initializer())
            hidden = tf.nn.tanh(tf.matmul(x, w) + b)
        for v in tf.compat.v1.trainable_variables():
            tf.compat.v1.add_to_collection('weights', v)
        out = tf.reduce_sum(hidden, 1)
        loss = tf.reduce_mean(tf.square(out - y))
        train_op = tf.compat.v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)

        self.train_op = self.function([x, y], [train_op, loss])
        self.listed_variables = tf.compat.v1.trainable_variables()
        self.listed_variables_2 = tf.compat.v1.global_variables()
        self.listed_variables_3 = tf.compat.v1.global_variables('hidden')


model = Listing()
model.build()

data = np.random.RandomState(3).normal(size=(8, 3))
for step in range(3):
    _, value = model.train_op(data, data[:, 0])
    for v in model.listed_variables:
        print(step, v.op.name, v.get_shape().as_list(), float(tf.reduce_mean(v).numpy()))
print(' '.join(v.op.name for v in model.listed_variables_2 if 'hidden' in v.name))
# the slots, too
for v in model.listed_variables_3:
    if 'Momentum' in v.name:
        print('%s %s' % (v.name, v.numpy().tolist()))
print(value)
