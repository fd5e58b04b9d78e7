"""Two graphs under a main guard."""

import numpy as np
import tensorflow as tf

STEPS = 5


def double(t):
    return t * 2.0


class Guarded(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.zeros([2, 1]), name="w")


if __name__ == "__main__":
    # the first
    data = np.ones((2, 2))
    model = Guarded()
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def train(x):
        with tf.GradientTape() as tape:
            y = double(tf.matmul(x, model.w))
            loss = tf.reduce_mean(tf.square(y - 1.0))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        return loss

    for i in range(STEPS):
        value = train(data).numpy()
        print(i, value)

    # the second
    k = 3

    class Guarded2(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(tf.ones([k, 1]), name="w")

        @tf.function(input_signature=[tf.TensorSpec([None, k], tf.float32)])
        def y(self, x):
            y = double(tf.matmul(x, self.w))
            return y

    model_2 = Guarded2()
    print(model_2.y(np.ones((1, 3))).numpy())
