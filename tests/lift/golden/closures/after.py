"""A function of the script reads tensors from outside."""

import numpy as np
import tensorflow as tf

one = tf.constant(1.0)


# how far the output is, and the code
def vae_loss(reconstructed, true, z_std, z_mean, strength):
    distance = tf.reduce_sum(tf.square(reconstructed - true), 1)
    # KL divergence
    divergence = one + z_std - tf.square(z_mean) - tf.exp(z_std)
    return tf.reduce_mean(distance - 0.5 * strength * tf.reduce_sum(divergence, 1))


class Closures(tf.Module):
    def __init__(self):
        super().__init__()
        self.encoder = tf.Variable(tf.random.normal([4, 2]), name="encoder")
        self.spread = tf.Variable(tf.zeros([4, 2]), name="spread")
        self.decoder = tf.Variable(tf.random.normal([2, 4]), name="decoder")

    def output_of(self, x):
        z_mean = tf.matmul(x, self.encoder)
        z_std = tf.matmul(x, self.spread)
        output = tf.nn.sigmoid(tf.matmul(z_mean * tf.exp(z_std / 2), self.decoder))
        return z_mean, z_std, output

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def output(self, x):
        _, _, output = self.output_of(x)
        return output


model = Closures()
optimizer = tf.compat.v1.train.RMSPropOptimizer(0.01)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 4], tf.float32),
        tf.TensorSpec([], tf.float32),
    ]
)
def train(x, strength):
    with tf.GradientTape() as tape:
        z_mean, z_std, output = model.output_of(x)
        loss = vae_loss(output, x, z_std, z_mean, strength)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


data = np.random.RandomState(1).uniform(size=(30, 4))
for step in range(100):
    value = train(data, 0.1).numpy()
    if step % 20 == 0:
        print(step, value)
print(model.output(data[:2]).numpy())
