import numpy as np
import tensorflow as tf

v = np.random.RandomState(2).uniform(0.1, 1, (3, 4)).astype(np.float32)


class Renames(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.uniform([4, 4]), name="w")

    def mixed(self, a):
        mixed = tf.matmul(a, self.w)
        return mixed

    @tf.function(
        input_signature=[
            tf.TensorSpec([3, 4], tf.float32),
            tf.TensorSpec(None, tf.float32),
        ]
    )
    def dropped(self, a, keep):
        mixed = self.mixed(a)
        dropped = tf.nn.dropout(mixed, rate=1 - keep)
        return dropped

    def distance(self, a, mixed):
        share = tf.nn.softmax(mixed, axis=-1)
        entropy = tf.nn.softmax_cross_entropy_with_logits(
            logits=mixed, labels=tf.stop_gradient(share)
        )
        distance = tf.reduce_mean(tf.math.squared_difference(mixed, a))
        return share, entropy, distance

    @tf.function(input_signature=[tf.TensorSpec([3, 4], tf.float32)])
    def evaluate(self, a):
        logged = tf.math.log(a) + tf.cast(tf.argmax(a, axis=1), tf.float32)[0]
        summed = tf.reduce_sum(logged, axis=1, keepdims=True)
        spread = tf.expand_dims(tf.squeeze(summed, axis=[1]), axis=0)
        mixed = self.mixed(a)
        share, entropy, distance = self.distance(a, mixed)
        product = tf.multiply(a, tf.negative(share))
        angle = tf.acos(tf.clip_by_value(share, 0.0, 1.0)) + tf.linspace(0.0, 1.0, 4)
        inverse = tf.linalg.inv(self.w + tf.linalg.tensor_diag([2.0, 2.0, 2.0, 2.0]))
        turned = tf.transpose(inverse, name="turned")
        return logged, spread, share, product, entropy, distance, angle, turned


model = Renames()
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.build(model.trainable_variables)


@tf.function(input_signature=[tf.TensorSpec([3, 4], tf.float32)])
def train(a):
    with tf.GradientTape() as tape:
        mixed = model.mixed(a)
        _, entropy, distance = model.distance(a, mixed)
        loss = tf.reduce_mean(entropy) + distance
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))


for i in range(3):
    train(v)
for value in [value.numpy() for value in model.evaluate(v)]:
    print(np.asarray(value).ravel().tolist())
print(model.dropped(v, 1.0).numpy().ravel().tolist())
print(model.w.numpy().ravel().tolist())
